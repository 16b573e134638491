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

static enum vif_state state_of(const struct engine_env *env, const struct watch_event *event)
{
    switch (event->type) {
    case WATCH_DRIFTED:
        return event->missing ? STATE_MISSING : STATE_DRIFTED;
    case WATCH_FAILED:
        return STATE_FAILED;
    default:
        return view_state(event->record, env->boot_id, vswitchd_state(env->vswitchd));
    }
}

static char *line_of_vif(const struct engine_env *env, const struct watch_event *event)
{
    char sock_dir[2 * VIF_PATH_MAX];
    struct view view;
    char *line;

    ovs_vhost_sock_dir(env->ovs, env->run_dir, sock_dir, sizeof sock_dir);
    view_init(&view, event->record, env->nic, sock_dir, STATE_UP);
    view_add_drift(&view, event->drift, event->n_drift);
    view.vif.state = state_of(env, event);
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
