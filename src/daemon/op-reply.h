/* SPDX-License-Identifier: Apache-2.0 */
/* The results of operations as lines for their clients. */

#ifndef VP_OP_REPLY_H
#define VP_OP_REPLY_H 1

#include "engine/engine.h"

/* Returns the reply to the operation, malloc'ed. `env` has what the record lacks: the sockets of
 * cards, and whether vswitchd runs. */
char *op_reply(const struct engine_env *env, const struct op_result *result);

#endif
