/* SPDX-License-Identifier: Apache-2.0 */
/* Results: what an operation has come to, as a value for whoever asked for it. Only conclude.c
 * replies. */

#ifndef VP_OP_RESULT_H
#define VP_OP_RESULT_H 1

#include "engine/op.h"

/* Each replies once; later calls for the same operation do nothing. A success is the port as it is
 * now, or as asked for if it is the caller's to make. */
void op_reply_success(const struct engine_env *env, struct op *op);
void op_reply_error(struct op *op, const struct error *error);

/* Replies with what the operation's plan would write. */
void op_reply_dry_run(struct op *op);

/* Adds how long its stages took to the histograms. */
void op_note_timings(const struct op *op);

/* Since its arrival. */
double op_age_ms(const struct op *op);

#endif
