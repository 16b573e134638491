/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: the watcher's events as lines for subscribers. */

#ifndef VP_NOTIFICATIONS_H
#define VP_NOTIFICATIONS_H 1

#include "daemon/server.h"
#include "engine/engine.h"
#include "watch/watch.h"

/* Sends `event` to all subscribers of `server`, if there are any. `env` has what the record of the
 * event lacks: the cards' sockets and vswitchd's state. */
void notifications_send(const struct engine_env *env, struct server *server,
                        const struct watch_event *event);

#endif
