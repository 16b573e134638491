/* SPDX-License-Identifier: Apache-2.0 */
/* The last operations that have ended, and the reply to `ops`. */

#ifndef VP_OP_HISTORY_H
#define VP_OP_HISTORY_H 1

#include "daemon/server.h"
#include "engine/engine.h"

/* How many operations are kept. */
enum { OP_HISTORY_MAX = 256 };

struct op_history;

struct op_history *op_history_create(void);
void op_history_destroy(struct op_history *history);

/* Keeps an operation that has ended, in place of the oldest one. Dry runs are not kept: whoever may
 * read can ask for any number of them. */
void op_history_add(struct op_history *history, const struct op_summary *summary);

/* The reply to a request with JSON id `id`: the last `limit` operations that have ended, the oldest
 * first, and up to OP_HISTORY_MAX that are under way. As it is now, whenever it is read. Details of
 * errors, which have lines of vswitchd's log, are only for those who may plug. */
struct server_stream *op_history_show(const struct op_history *history, const struct engine *engine,
                                      size_t limit, bool with_details, const char *id);

#endif
