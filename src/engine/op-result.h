/* SPDX-License-Identifier: Apache-2.0 */
/* Results: what an operation has done, as a value for the client. Only conclude.c replies. */

#ifndef VP_OP_RESULT_H
#define VP_OP_RESULT_H 1

#include "engine/op.h"

/* Each replies once; later calls for the same operation do nothing. A success has the port as it is
 * in OVSDB, or, if the caller makes the port, as the request asks for it. */
void op_reply_success(const struct engine_env *env, struct op *op);
void op_reply_error(struct op *op, const struct error *error);

/* Replies with what the operation's plan would write. */
void op_reply_dry_run(const struct engine_env *env, struct op *op);

/* Adds the times of the operation's stages to the histograms. */
void op_note_timings(const struct op *op);

/* The time since the operation's arrival. */
double op_age_ms(const struct op *op);

#endif
