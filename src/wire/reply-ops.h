/* SPDX-License-Identifier: Apache-2.0 */
/* The reply to `ops`: operations, as one line of JSON. */

#ifndef VP_REPLY_OPS_H
#define VP_REPLY_OPS_H 1

#include <stddef.h>

#include "base/op-view.h"

/* `id` is JSON text. `n_under_way` counts all operations under way, also those that are not added.
 */
struct reply_ops;
struct reply_ops *reply_ops_new(const char *id, size_t n_under_way);
void reply_ops_add(struct reply_ops *ops, const struct op_view *op);

/* Returns the part of the line that was added since the last call, which the caller frees. */
char *reply_ops_take(struct reply_ops *ops);

/* Returns the rest of the line, with LF, which the caller frees. Frees `ops`. */
char *reply_ops_finish(struct reply_ops *ops);

#endif
