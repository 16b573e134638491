/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: what the watcher tells, as lines for subscribers. */

#ifndef VP_NOTIFICATIONS_H
#define VP_NOTIFICATIONS_H 1

#include "daemon/server.h"
#include "engine/engine.h"
#include "watch/watch.h"

/* Sends `event` to all subscribers of `server`; does nothing where there are none. `env` tells what
 * the event's record leaves open: cards' sockets, vswitchd's state. */
void notifications_send(const struct engine_env *env, struct server *server,
                        const struct watch_event *event);

#endif
