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

/* Whether the event has a whole VIF. */
static bool is_of_vif(const struct watch_event *event)
{
    return event->record != NULL && event->type != WATCH_UNPLUGGED;
}

static enum vif_state state_of(const struct engine_env *env, const struct watch_event *event)
{
    if (event->missing) {
        return STATE_MISSING;
    }
    return event->type == WATCH_FAILED ? STATE_FAILED
           : event->n_drift > 0        ? STATE_DRIFTED
                                       : view_state_now(env, event->record);
}

static char *line_of_vif(const struct engine_env *env, const struct watch_event *event,
                         const struct event_stamp *stamp)
{
    struct view view;
    char *line;

    view_init_now(&view, env, event->record, event->missing);
    view_add_drift(&view, event->drift, event->n_drift);
    if (event->type == WATCH_FAILED || event->type == WATCH_DRIFTED) {
        view.vif.state = state_of(env, event);
    }
    line = notification_vif(names[event->type], stamp, &view.vif);
    view_destroy(&view);
    return line;
}

static void send_line(struct server *server, char *line)
{
    server_broadcast(server, line);
    free(line);
}

void notifications_send(const struct engine_env *env, struct server *server, struct events *events,
                        const struct watch_event *event)
{
    const struct record *record = event->record;
    const char *name = names[event->type];
    bool of_vif = is_of_vif(event);
    const struct reply_pair parts[] = {
        {"what", event->what},
        {"vif_id", event->vif_id},
        {"instance", of_vif ? record->instance : NULL},
        {"port", of_vif ? record->spec.port : NULL},
        {"bridge", of_vif ? record->spec.bridge : NULL},
        {"state", of_vif ? vif_state_name(state_of(env, event)) : NULL},
        {"error", of_vif ? record->error : NULL},
    };
    struct event_stamp stamp = events_add(events, name, parts, ARRAY_SIZE(parts));

    if (server_n_subscribers(server) > 0) {
        send_line(server, of_vif ? line_of_vif(env, event, &stamp)
                                 : notification_pairs(name, &stamp, parts, ARRAY_SIZE(parts)));
    }
}

static void send_failure(struct server *server, struct events *events,
                         const struct op_summary *summary)
{
    static const char name[] = "vif.failed";
    const struct reply_pair parts[] = {
        {"vif_id", summary->vif_id},
        {"instance", summary->instance},
        {"port", summary->port},
        {"bridge", summary->bridge},
        {"operation", summary->type},
        {"reason", reason_name(summary->error->reason)},
        {"message", summary->error->message},
    };
    struct event_stamp stamp = events_add(events, name, parts, ARRAY_SIZE(parts));

    if (server_n_subscribers(server) > 0) {
        send_line(server, notification_pairs(name, &stamp, parts, ARRAY_SIZE(parts)));
    }
}

void notifications_send_failure(struct server *server, struct events *events,
                                const struct op_summary *summary)
{
    if (summary->end == OP_END_FAILED && !summary->dry_run && !summary->internal) {
        send_failure(server, events, summary);
    }
}
