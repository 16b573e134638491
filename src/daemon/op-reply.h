/* SPDX-License-Identifier: Apache-2.0 */
/* What operations have come to, as lines for who asked. */

#ifndef VP_OP_REPLY_H
#define VP_OP_REPLY_H 1

#include "engine/engine.h"

/* The reply, malloc'ed; NULL means that memory ran out. `env` tells what a record leaves open:
 * cards' sockets, vswitchd's state. */
char *op_reply(const struct engine_env *env, const struct op_result *result);

#endif
