/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the log for each operation and each refused request: to the journal with fields if
 * standard error is the journal's, else to Open vSwitch's log. */

#ifndef VP_OP_LOG_H
#define VP_OP_LOG_H 1

#include <stdint.h>

#include "base/client.h"
#include "base/error.h"
#include "engine/summary.h"

struct op_log;

/* `path` is the journal's socket; NULL: there is no journal. */
struct op_log *op_log_create(const char *path);
void op_log_destroy(struct op_log *log);

/* The end of an operation. */
void op_log_end(struct op_log *log, const struct op_summary *summary);

/* A request that became no operation. `method` is NULL if it is not known, `vif_id` may be "". So
 * many lines a minute at most, since anybody can try. */
void op_log_refusal(struct op_log *log, const char *method, const char *vif_id,
                    const struct client *client, const struct error *error);

/* How many lines the journal had no room for. */
uint64_t op_log_n_dropped(const struct op_log *log);

#endif
