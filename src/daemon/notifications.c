/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notifications.h"

#include <stdlib.h>

#include "daemon/view.h"
#include "util.h"
#include "wire/reply.h"

static const char *const names[] = {
    [WATCH_PLUGGED] = "vif.plugged",     [WATCH_CHANGED] = "vif.changed",
    [WATCH_DRIFTED] = "vif.drifted",     [WATCH_FAILED] = "vif.drifted",
    [WATCH_UNPLUGGED] = "vif.unplugged", [WATCH_SWITCH_UP] = "switch.up",
    [WATCH_SWITCH_DOWN] = "switch.down",
};
_Static_assert(ARRAY_SIZE(names) == WATCH_N_EVENTS, "each event has a name");

static char *line_of_vif(const struct engine_env *env, const struct watch_event *event)
{
    struct view view;
    char *line;

    view_init_now(&view, env, event->record, event->missing);
    view_add_drift(&view, event->drift, event->n_drift);
    if (event->type == WATCH_FAILED) {
        view.vif.state = STATE_FAILED;
    } else if (event->type == WATCH_DRIFTED && !event->missing) {
        view.vif.state = STATE_DRIFTED;
    }
    line = notification_vif(names[event->type], &view.vif);
    view_destroy(&view);
    return line;
}

void notifications_send(const struct engine_env *env, struct server *server,
                        const struct watch_event *event)
{
    char *line;

    if (server_n_subscribers(server) == 0) {
        return;
    }
    switch (event->type) {
    case WATCH_UNPLUGGED:
        line = notification_unplugged(event->vif_id);
        break;
    case WATCH_SWITCH_UP:
    case WATCH_SWITCH_DOWN:
        line = notification_switch(names[event->type], event->what);
        break;
    default:
        line = line_of_vif(env, event);
        break;
    }
    server_broadcast(server, line);
    free(line);
}
