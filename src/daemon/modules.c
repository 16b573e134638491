/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/modules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/descriptors.h"
#include "daemon/counts.h"
#include "daemon/journal.h"
#include "daemon/notifications.h"
#include "daemon/op-reply.h"
#include "daemon/signals.h"
#include "dirs.h"
#include "engine/timings.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "wire/reply.h"

VLOG_DEFINE_THIS_MODULE(modules);

static bool on_line(void *daemon_, const struct peer *peer, const char *line, size_t length)
{
    struct daemon *daemon = daemon_;

    return dispatch_line(&daemon->dispatch, peer, line, length);
}

static size_t on_held_for(void *daemon_, uid_t uid)
{
    const struct daemon *daemon = daemon_;

    return engine_memory_of(daemon->engine, uid);
}

static size_t on_held_for_all(void *daemon_)
{
    const struct daemon *daemon = daemon_;

    return engine_memory(daemon->engine);
}

/* If this is the only operation, no other reply will come to be sent with this one, so the server
 * sends it at once. */
static void on_reply(void *daemon_, const struct op_result *result)
{
    struct daemon *daemon = daemon_;

    server_reply(daemon->server, result->connection, op_reply(&daemon->env, result),
                 engine_n_ops(daemon->engine) == 1);
}

static void on_ended(void *daemon_, const char *vif_id, enum engine_event event)
{
    struct daemon *daemon = daemon_;

    watch_ended(daemon->watch, vif_id, event);
}

static void on_summed_up(void *daemon_, const struct op_summary *summary)
{
    const struct daemon *daemon = daemon_;

    op_log_end(daemon->op_log, summary);
    op_history_add(daemon->op_history, summary);
    notifications_send_failure(daemon->server, daemon->events, summary);
}

static bool is_missing(void *daemon_, const char *vif_id, char instance[VIF_ID_MAX + 1])
{
    const struct daemon *daemon = daemon_;

    return watch_missing_instance(daemon->watch, vif_id, instance);
}

static void on_event(void *daemon_, const struct watch_event *event)
{
    struct daemon *daemon = daemon_;

    counts_event(&daemon->dispatch.counts, event);
    notifications_send(&daemon->env, daemon->server, daemon->events, event);
}

static char *on_refusal(const struct error *error)
{
    return reply_error("null", NULL, error);
}

static void on_exit_command(struct unixctl_conn *conn, int argc OVS_UNUSED,
                            const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    signals_set_stop();
    unixctl_command_reply(conn, NULL);
}

size_t modules_max_memory(const struct config *config)
{
    return (size_t)config->client_memory << 20;
}

static void start_server(struct daemon *daemon)
{
    const struct config *config = &daemon->config;
    struct server_options options = {
        .path = config->socket,
        .group = config->socket_group,
        .max_connections = descriptors_reserve(config->max_connections),
        .max_memory = modules_max_memory(config),
        .line = on_line,
        .held_for = on_held_for,
        .held_for_all = on_held_for_all,
        .refusal = on_refusal,
        .aux = daemon,
    };
    struct error error;

    daemon->access = access_create(config->allow, config->allow_read, &error);
    if (!daemon->access) {
        ovs_fatal(0, "%s", error.message);
    }
    options.access = daemon->access;
    daemon->server = server_create(&options, &error);
    if (!daemon->server) {
        ovs_fatal(0, "%s", error.message);
    }
}

static void start_watch(struct daemon *daemon)
{
    struct watch_env env = {
        .env = &daemon->env,
        .engine = daemon->engine,
        .tell = on_event,
        .aux = daemon,
    };

    daemon->watch = watch_create(&env);
}

/* Without netlink, all VIFs without links still work. */
static struct links *open_links(void)
{
    struct error error;
    struct links *links = links_create("/proc", true, &error);

    if (!links) {
        SLOG_WARN("%s", error.message);
    }
    return links;
}

static void start_checks(struct daemon *daemon)
{
    daemon->host_reader = host_reader_create(checks_fill_query, &daemon->checks);
    daemon->checks = (struct checks){
        .env = &daemon->env,
        .engine = daemon->engine,
        .watch = daemon->watch,
        .config = &daemon->config,
        .changes = &daemon->changes,
        .config_file = &daemon->config_file,
        .access = (const struct access *const *)&daemon->access,
        .dpdk_extra = &daemon->dpdk_extra,
        .reader = daemon->host_reader,
    };
}

/* A taken address must not keep VIFs from being plugged. */
void modules_serve_metrics(struct daemon *daemon)
{
    struct error error;

    if (!metrics_listener_set(daemon->metrics_listener, daemon->config.metrics_listen, &error)) {
        SLOG_ERR("%s", error.message);
    }
}

static void start_nics(struct daemon *daemon)
{
    const struct config *config = &daemon->config;

    daemon->nic = nic_create(daemon->options.sysfs_root, config->profiles, config->n_profiles);
    nic_set_dpdk_extra(daemon->nic, &daemon->dpdk_extra);
    daemon->nic_scanner = nic_scanner_create(daemon->options.sysfs_root, &daemon->dpdk_extra);
    nic_scanner_set_profiles(daemon->nic_scanner, config->profiles, config->n_profiles);
    daemon->nic_refresh =
        nic_refresh_create(daemon->options.sysfs_root, daemon->nic, daemon->nic_scanner);
}

/* The modules that operations use, and what the engine tells of them. */
static void fill_env(struct daemon *daemon)
{
    daemon->env = (struct engine_env){
        .settings = &daemon->config.engine,
        .ovs = daemon->ovs,
        .nic = daemon->nic,
        .links = daemon->links,
        .link_remover = daemon->link_remover,
        .offload = &daemon->offload,
        .sysfs_root = daemon->options.sysfs_root,
        .vswitchd = daemon->vswitchd,
        .switch_log = daemon->switch_log,
        .boot_id = daemon->boot_id,
        .run_dir = daemon->run_dir,
        .ended = on_ended,
        .summed_up = on_summed_up,
        .is_missing = is_missing,
        .aux = daemon,
    };
}

/* What requests are served with. */
static void fill_dispatch(struct daemon *daemon)
{
    daemon->dispatch = (struct dispatch){
        .engine = daemon->engine,
        .watch = daemon->watch,
        .nic_scanner = daemon->nic_scanner,
        .checks = &daemon->checks,
        .counters = daemon->counters,
        .traffic = daemon->traffic,
        .reaps = daemon->reaps,
        .op_log = daemon->op_log,
        .op_history = daemon->op_history,
        .events = daemon->events,
        .reply = on_reply,
        .aux = daemon,
        .server = daemon->server,
        .env = &daemon->env,
        .started_ms = time_msec(),
        .started_wall_ms = time_wall_msec(),
    };
}

void modules_start(struct daemon *daemon)
{
    const struct config *config = &daemon->config;
    int error = unixctl_server_create(daemon->options.unixctl, &daemon->unixctl);

    if (error) {
        ovs_fatal(error, "the control socket cannot be made; check OVS's run directory %s",
                  ovs_rundir());
    }
    timings_init();
    unixctl_command_register("exit", "", 0, 0, on_exit_command, NULL);
    start_server(daemon);
    daemon->op_log = op_log_create(journal_of(STDERR_FILENO));
    daemon->op_history = op_history_create();
    daemon->events = events_create();
    daemon->ovs = ovs_create(daemon->db);
    daemon->counters = ovs_counters_create(daemon->ovs);
    start_nics(daemon);
    daemon->links = open_links();
    daemon->link_remover = link_remover_create();
    daemon->vswitchd = vswitchd_create(daemon->run_dir);
    daemon->switch_log = switch_log_create(config->vswitchd_log);
    daemon->offload.policy = config->engine.ensure_hw_offload;
    daemon->offload.boot_id = daemon->boot_id;
    fill_env(daemon);
    daemon->engine = engine_create(&daemon->env);
    start_watch(daemon);
    daemon->reaps = reaps_create(&daemon->env, daemon->engine, daemon->server);
    start_checks(daemon);
    daemon->traffic = traffic_create(&daemon->env, daemon->counters);
    fill_dispatch(daemon);
    daemon->metrics_listener = metrics_listener_create(&daemon->dispatch);
    modules_serve_metrics(daemon);
    daemon->config_reader = config_reader_create(&daemon->options, daemon->has_config_file);
    daemon->appctl = appctl_create(&daemon->dispatch, &daemon->config, daemon->config_reader,
                                   options_config_path(&daemon->options));
}

void modules_stop(struct daemon *daemon)
{
    metrics_listener_destroy(daemon->metrics_listener);
    engine_destroy(daemon->engine);
    reaps_destroy(daemon->reaps);
    watch_destroy(daemon->watch);
    link_remover_destroy(daemon->link_remover);
    links_destroy(daemon->links);
    server_destroy(daemon->server);
    nic_refresh_destroy(daemon->nic_refresh);
    nic_scanner_destroy(daemon->nic_scanner);
    switch_log_destroy(daemon->switch_log);
    host_reader_destroy(daemon->host_reader);
    vswitchd_destroy(daemon->vswitchd);
    nic_destroy(daemon->nic);
    dpdk_extra_destroy(&daemon->dpdk_extra);
    traffic_destroy(daemon->traffic);
    ovs_counters_destroy(daemon->counters);
    ovs_destroy(daemon->ovs);
    access_destroy(daemon->access);
    op_log_destroy(daemon->op_log);
    op_history_destroy(daemon->op_history);
    events_destroy(daemon->events);
    unixctl_server_destroy(daemon->unixctl);
    appctl_destroy(daemon->appctl);
    config_reader_destroy(daemon->config_reader);
    free(daemon->boot_id);
    free(daemon->run_dir);
    free(daemon->db);
}
