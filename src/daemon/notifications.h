/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: events as lines for subscribers. Each is also kept in short (events.h). */

#ifndef VP_NOTIFICATIONS_H
#define VP_NOTIFICATIONS_H 1

#include "daemon/events.h"
#include "daemon/server.h"
#include "engine/engine.h"
#include "watch/watch.h"

/* Notes `event` in `events` and sends it to all subscribers of `server`. `env` has what the record
 * of the event lacks: the cards' sockets and vswitchd's state. */
void notifications_send(const struct engine_env *env, struct server *server, struct events *events,
                        const struct watch_event *event);

/* The same for an operation that has ended, if it failed and a client had asked for it. */
void notifications_send_failure(struct server *server, struct events *events,
                                const struct op_summary *summary);

#endif
