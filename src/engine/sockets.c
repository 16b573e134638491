/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that vswitchd makes for ports of type dpdkvhostuser: what is at their paths, and
 * which of them may be removed (plan/vhost-socket.h). */

#include "engine/engine-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "base/log.h"
#include "ovs/socket-file.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sockets);

static void path_of(const struct engine *engine, const char *port, char path[SOCKET_PATH_LEN])
{
    char dir[2 * VIF_PATH_MAX];

    ovs_vhost_sock_dir(engine->env.ovs, engine->env.run_dir, dir, sizeof dir);
    snprintf(path, SOCKET_PATH_LEN, "%s/%s", dir, port);
}

static bool is_dead(const struct engine *engine)
{
    return vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;
}

static void remove_left(const struct record *record, void *engine_)
{
    const struct engine *engine = engine_;
    char path[SOCKET_PATH_LEN];

    if (!is_dead(engine) && vhost_socket_has_failed(record->spec.type, record->error)) {
        return; /* The new vswitchd may have tried already, and must not succeed at a second try. */
    }
    path_of(engine, record->spec.port, path);
    if (socket_file_look(path) != SOCKET_FILE_STALE) {
        return;
    }
    if (socket_file_remove_stale(path)) {
        SLOG_INFO("VIF %s: removed socket %s, which ovs-vswitchd has left", record->spec.vif_id,
                  path);
    } else {
        SLOG_WARN("VIF %s: socket %s, which ovs-vswitchd has left, cannot be removed (%s); remove "
                  "it before ovs-vswitchd starts, or the port will fail",
                  record->spec.vif_id, path, ovs_strerror(errno));
    }
}

/* vswitchd has died, or another has started since (which makes no socket before it has initialised
 * DPDK). Without OVSDB the last known VIFs count: a stale socket is of no use to anybody. */
static void remove_all_left(struct engine *engine)
{
    bool synced = ovs_synced(engine->env.ovs);

    if (engine->sockets.stale == STALE_THERE ||
        (engine->sockets.stale == STALE_GUESSED && synced && is_dead(engine))) {
        engine->sockets.stale = synced ? STALE_REMOVED : STALE_GUESSED;
        ovs_for_each_vif(engine->env.ovs, TYPE_VHOST_USER, remove_left, engine);
    }
}

void engine_follow_sockets(struct engine *engine)
{
    const struct vswitchd *vswitchd = engine->env.vswitchd;

    if (vswitchd_start(vswitchd) != engine->sockets.start) {
        engine->sockets.start = vswitchd_start(vswitchd);
        engine->sockets.stale = STALE_THERE;
        ovs_forget_failed_sockets(engine->env.ovs);
    }
    if (engine->env.settings->check_paths && (is_dead(engine) || vswitchd_start_seen(vswitchd))) {
        remove_all_left(engine);
    }
}

static enum socket_history history(const struct engine *engine, const struct port_spec *spec,
                                   const struct record *current, enum socket_file file)
{
    const struct vswitchd *vswitchd = engine->env.vswitchd;

    if (is_dead(engine)) {
        return SOCKET_NOT_TRIED;
    }
    if (ovs_socket_failed(engine->env.ovs, spec->port)) {
        return SOCKET_TRIED;
    }
    /* A vswitchd that starts may not have got so far: then the error is its predecessor's. */
    if (current && vhost_socket_has_failed(current->spec.type, current->error) &&
        (!vswitchd_is_starting(vswitchd) || file != SOCKET_FILE_ABSENT)) {
        return SOCKET_TRIED;
    }
    return vswitchd_start_seen(vswitchd) ? SOCKET_NOT_TRIED : SOCKET_HISTORY_UNKNOWN;
}

bool engine_look_at_socket(const struct engine *engine, const struct op *op,
                           const struct record *current, char path[SOCKET_PATH_LEN],
                           struct socket_facts *facts)
{
    const struct port_spec *spec = &op->goal;

    if (!vhost_socket_is_made(spec, current)) {
        return false;
    }
    path_of(engine, spec->port, path);
    facts->path = path;
    facts->file = engine->env.settings->check_paths ? socket_file_look(path) : SOCKET_FILE_ABSENT;
    facts->history = history(engine, spec, current, facts->file);
    facts->released = is_dead(engine) || op->release == RELEASE_SEEN;
    return true;
}

bool engine_may_release_socket(const struct socket_facts *facts, const struct error *error)
{
    return facts && error->reason == REASON_SOCKET_IN_USE && vhost_socket_may_go(facts);
}

bool engine_remove_stale_socket(const struct op *op, struct error *error)
{
    const char *path = op->plan.stale_socket;

    if (!path[0] || socket_file_remove_stale(path)) {
        return true;
    }
    return error_set(error, REASON_SOCKET_IN_USE,
                     vif_field_path(&op->request.vif, VIF_FIELD_VHOST_PATH),
                     "Stale socket %s cannot be removed (%s); remove it and plug again.", path,
                     ovs_strerror(errno));
}
