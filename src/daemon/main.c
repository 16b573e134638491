/* SPDX-License-Identifier: Apache-2.0 */
/* vifplugd: options, start, the loop, and the end. */

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/plain-file.h"
#include "base/version.h"
#include "check/host-reader.h"
#include "daemon.h"
#include "daemon/access.h"
#include "daemon/checks.h"
#include "daemon/config-file.h"
#include "daemon/appctl.h"
#include "daemon/config.h"
#include "daemon/descriptors.h"
#include "daemon/counts.h"
#include "daemon/dispatch.h"
#include "daemon/events.h"
#include "daemon/journal.h"
#include "daemon/metrics-listener.h"
#include "daemon/notifications.h"
#include "daemon/op-history.h"
#include "daemon/op-log.h"
#include "daemon/op-reply.h"
#include "daemon/options.h"
#include "daemon/reap.h"
#include "daemon/server.h"
#include "daemon/service.h"
#include "daemon/signals.h"
#include "dirs.h"
#include "engine/engine.h"
#include "engine/timings.h"
#include "memory.h"
#include "nic/dpdk-extra.h"
#include "nic/nic-refresh.h"
#include "nic/nic-scanner.h"
#include "nic/nic.h"
#include "openvswitch/daemon-start.h"
#include "openvswitch/poll-loop.h"
#include "ovs/ovs-counters.h"
#include "ovs/ovs.h"
#include "ovs/switch-log.h"
#include "ovs/vswitchd.h"
#include "simap.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "watch/watch.h"
#include "wire/reply.h"

VLOG_DEFINE_THIS_MODULE(vifplugd);

/* How long operations that have begun may still take after SIGTERM; then, how long to undo those
 * that have not ended; ms. TimeoutStopSec of the unit is longer than both. */
#define DRAIN_MS 3000
#define UNDO_MS 2000

/* How long a busy loop does not look at the control socket, ms. */
#define UNIXCTL_PAUSE_MS 10

/* All modules, in the order of their start. */
struct daemon {
    struct options options;
    struct config config;
    bool has_config_file; /* There was a configuration at start, so it must be there for SIGHUP. */
    struct access *access;
    char *boot_id;
    char *run_dir;
    char *db; /* The remote of OVSDB. */
    struct ovs *ovs;
    struct ovs_counters *counters;
    struct nic *nic;
    struct links *links;
    struct link_remover *link_remover;
    struct offload offload;
    struct dpdk_extra dpdk_extra;
    struct vswitchd *vswitchd;
    struct switch_log *switch_log;
    struct engine_env env;
    struct engine *engine;
    struct server *server;
    struct watch *watch;
    struct nic_scanner *nic_scanner;
    struct nic_refresh *nic_refresh;
    struct host_reader *host_reader;
    struct config_file config_file;
    struct config_changes changes; /* What the last reading of the configuration has changed. */
    struct checks checks;
    struct reaps *reaps;
    struct op_log *op_log;
    struct op_history *op_history;
    struct events *events;
    struct dispatch dispatch;
    struct metrics_listener *metrics_listener;
    struct appctl *appctl;
    struct unixctl_server *unixctl;
    long long int unixctl_next; /* When to look at `unixctl` again at the earliest, ms. */
    bool unixctl_seen;          /* This pass has looked at `unixctl`. */
    struct service service;
    bool exiting;
    long long int exit_by;
};

static char *read_boot_id(const char *given)
{
    char text[64] = "";
    FILE *file;

    if (given) {
        return xstrdup(given);
    }
    file = plain_file_stream("/proc/sys/kernel/random/boot_id");
    if (!file || !fgets(text, sizeof text, file)) {
        ovs_fatal(errno, "/proc/sys/kernel/random/boot_id cannot be read");
    }
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    return xstrdup(text);
}

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

static size_t max_memory(const struct config *config)
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
        .max_memory = max_memory(config),
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

/* Open vSwitch makes its run directory when it starts first. Without it there is no place for the
 * pidfile and the control socket. */
static void make_run_dir(void)
{
    if (mkdir(ovs_rundir(), 0755) != 0 && errno != EEXIST) {
        SLOG_WARN("%s cannot be made (%s)", ovs_rundir(), ovs_strerror(errno));
    }
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
static void serve_metrics(struct daemon *daemon)
{
    struct error error;

    if (!metrics_listener_set(daemon->metrics_listener, daemon->config.metrics_listen, &error)) {
        SLOG_ERR("%s", error.message);
    }
}

static void start(struct daemon *daemon)
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
    daemon->nic = nic_create(daemon->options.sysfs_root, config->profiles, config->n_profiles);
    nic_set_dpdk_extra(daemon->nic, &daemon->dpdk_extra);
    daemon->nic_scanner = nic_scanner_create(daemon->options.sysfs_root, &daemon->dpdk_extra);
    nic_scanner_set_profiles(daemon->nic_scanner, config->profiles, config->n_profiles);
    daemon->nic_refresh =
        nic_refresh_create(daemon->options.sysfs_root, daemon->nic, daemon->nic_scanner);
    daemon->links = open_links();
    daemon->link_remover = link_remover_create();
    daemon->vswitchd = vswitchd_create(daemon->run_dir);
    daemon->switch_log = switch_log_create(config->vswitchd_log);
    daemon->offload.policy = config->engine.ensure_hw_offload;
    daemon->env = (struct engine_env){
        .settings = &config->engine,
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
    daemon->engine = engine_create(&daemon->env);
    start_watch(daemon);
    daemon->reaps = reaps_create(&daemon->env, daemon->engine, daemon->server);
    start_checks(daemon);
    daemon->dispatch = (struct dispatch){
        .engine = daemon->engine,
        .watch = daemon->watch,
        .nic_scanner = daemon->nic_scanner,
        .checks = &daemon->checks,
        .counters = daemon->counters,
        .reaps = daemon->reaps,
        .op_log = daemon->op_log,
        .op_history = daemon->op_history,
        .events = daemon->events,
        .reply = on_reply,
        .aux = daemon,
        .server = daemon->server,
        .env = &daemon->env,
        .started_ms = time_msec(),
    };
    daemon->metrics_listener = metrics_listener_create(&daemon->dispatch);
    serve_metrics(daemon);
    daemon->appctl =
        appctl_create(&daemon->dispatch, &daemon->config, options_config_path(&daemon->options));
}

static void stop(struct daemon *daemon)
{
    server_run_last(daemon->server);
    engine_abandon(daemon->engine);
    server_flush(daemon->server);
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
    ovs_counters_destroy(daemon->counters);
    ovs_destroy(daemon->ovs);
    access_destroy(daemon->access);
    op_log_destroy(daemon->op_log);
    op_history_destroy(daemon->op_history);
    events_destroy(daemon->events);
    unixctl_server_destroy(daemon->unixctl);
    appctl_destroy(daemon->appctl);
    free(daemon->boot_id);
    free(daemon->run_dir);
    free(daemon->db);
}

static void log_changes(const struct daemon *daemon, const struct config_changes *changes)
{
    const char *path = options_config_path(&daemon->options);

    if (changes->applied[0]) {
        SLOG_INFO("%s read again; changed: %s", path, changes->applied);
    } else {
        SLOG_INFO("%s read again; nothing has changed%s", path,
                  changes->restart[0] ? " that can change now" : "");
    }
    if (changes->restart[0]) {
        SLOG_WARN("restart vifplugd to change: %s", changes->restart);
    }
}

/* Puts a new configuration in force, except for the settings that the daemon reads only at start.
 */
static void apply(struct daemon *daemon, struct config *config, struct access *access)
{
    bool other_group = strcmp(config->socket_group, daemon->config.socket_group) != 0;
    struct error error;

    config_keep_start(config, &daemon->config);
    daemon->config = *config;
    server_set_access(daemon->server, access);
    access_destroy(daemon->access);
    daemon->access = access;
    server_set_limits(daemon->server, descriptors_reserve(config->max_connections),
                      max_memory(config));
    if (other_group && !server_set_group(daemon->server, config->socket_group, &error)) {
        SLOG_ERR("%s", error.message);
    }
    daemon->offload.policy = daemon->config.engine.ensure_hw_offload;
    serve_metrics(daemon);
    nic_set_profiles(daemon->nic, daemon->config.profiles, daemon->config.n_profiles);
    nic_scanner_set_profiles(daemon->nic_scanner, daemon->config.profiles,
                             daemon->config.n_profiles);
}

static void reload(struct daemon *daemon)
{
    struct config_file file = daemon->config_file;
    struct config *config = xmalloc(sizeof *config);
    struct access *access = NULL;
    struct error error;

    config_file_note(&file);
    service_reloading(&daemon->service);
    if (options_read_config(&daemon->options, daemon->has_config_file, config, &error)) {
        access = access_create(config->allow, config->allow_read, &error);
    }
    if (access) {
        daemon->config_file = file;
        config_compare(&daemon->config, config, &daemon->changes);
        apply(daemon, config, access);
        log_changes(daemon, &daemon->changes);
    } else {
        SLOG_ERR("the configuration stays as it was: %s", error.message);
    }
    free(config);
    service_reloaded(&daemon->service);
}

/* logrotate has renamed the log file, or not. */
static void reopen_log(void)
{
    int error = vlog_reopen_log_file();

    if (error) {
        SLOG_ERR("the log file cannot be opened again (%s)", ovs_strerror(error));
    }
}

static void report_memory(const struct daemon *daemon)
{
    struct simap usage;

    memory_run();
    if (memory_should_report()) {
        simap_init(&usage);
        simap_increase(&usage, "vifs", (unsigned int)ovs_n_vifs(daemon->ovs));
        simap_increase(&usage, "connections", (unsigned int)server_n_connections(daemon->server));
        simap_increase(&usage, "operations", (unsigned int)engine_n_ops(daemon->engine));
        memory_report(&usage);
        simap_destroy(&usage);
    }
}

static void handle_signals(struct daemon *daemon)
{
    if (signals_take_reload()) {
        reopen_log();
        reload(daemon);
    }
    if (signals_stop() && !daemon->exiting) {
        SLOG_INFO("stopping");
        daemon->exiting = true;
        daemon->exit_by = time_msec() + DRAIN_MS + UNDO_MS;
        engine_drain(daemon->engine, time_msec() + DRAIN_MS);
    }
}

/* unixctl_server_run() calls accept(), which nearly always finds no connection. So a busy loop
 * calls it once per UNIXCTL_PAUSE_MS. */
static void run_unixctl(struct daemon *daemon)
{
    daemon->unixctl_seen = time_msec() >= daemon->unixctl_next;
    if (daemon->unixctl_seen) {
        unixctl_server_run(daemon->unixctl);
        daemon->unixctl_next = time_msec() + UNIXCTL_PAUSE_MS;
    }
}

/* If this pass has not looked at the control socket, wakes up the loop in time for that. */
static void wait_for_unixctl(struct daemon *daemon)
{
    if (daemon->unixctl_seen) {
        unixctl_server_wait(daemon->unixctl);
    } else {
        poll_timer_wait_until(daemon->unixctl_next);
    }
}

/* Notes the values of OVSDB that vswitchd reads once, and which vswitchd has read them. */
static void follow_vswitchd(struct daemon *daemon, const struct ovs_globals *globals)
{
    if (ovs_synced(daemon->ovs)) {
        /* dpdk_initialized stays after the end of the vswitchd that set it, until the next one sets
         * cur_cfg. */
        bool has_read = globals->dpdk_initialized &&
                        vswitchd_state(daemon->vswitchd) == VSWITCHD_ALIVE &&
                        !vswitchd_is_starting(daemon->vswitchd);
        unsigned int start = has_read ? vswitchd_start(daemon->vswitchd) : 0;

        dpdk_extra_follow(&daemon->dpdk_extra, globals->dpdk_extra, start);
        ovs_follow_vswitchd(daemon->ovs, start);
    }
}

/* The daemon is ready as soon as it listens: requests wait for OVSDB and ovs-vswitchd until their
 * deadlines. If it waited here, so would all services that start after it. */
static enum service_condition condition(const struct daemon *daemon)
{
    if (daemon->exiting) {
        return SERVICE_STOPS;
    }
    if (!ovs_synced(daemon->ovs)) {
        return SERVICE_WAITS_FOR_OVSDB;
    }
    return vswitchd_state(daemon->vswitchd) == VSWITCHD_DEAD ? SERVICE_WAITS_FOR_VSWITCHD
                                                             : SERVICE_RUNS;
}

/* Reads facts first, then sends the transaction: an idle daemon reads a request and sends its
 * transaction in one pass. Replies, lists and the watch for drift follow, because OVSDB need not
 * wait for them. */
static void run(struct daemon *daemon)
{
    struct ovs_globals globals;
    int64_t cur_cfg;

    report_memory(daemon);
    ovs_run(daemon->ovs);
    ovs_counters_run(daemon->counters);
    ovs_globals(daemon->ovs, &globals);
    cur_cfg = globals.exist ? globals.cur_cfg : -1;
    vswitchd_run(daemon->vswitchd, cur_cfg);
    vswitchd_note_next_cfg(daemon->vswitchd, ovs_synced(daemon->ovs) ? globals.next_cfg : cur_cfg);
    switch_log_run(daemon->switch_log, daemon->vswitchd);
    offload_run(&daemon->offload, daemon->ovs, daemon->vswitchd);
    follow_vswitchd(daemon, &globals);
    nic_scanner_run(daemon->nic_scanner);
    nic_refresh_run(daemon->nic_refresh);
    host_reader_run(daemon->host_reader);
    server_run(daemon->server);
    engine_collect(daemon->engine);
    engine_commit(daemon->engine);
    engine_run(daemon->engine);
    server_flush(daemon->server); /* Send replies before the slower work below. */
    watch_run(daemon->watch);
    server_flush(daemon->server);
    metrics_listener_run(daemon->metrics_listener);
    run_unixctl(daemon);
    appctl_run(daemon->appctl);
    handle_signals(daemon);
    service_set(&daemon->service, condition(daemon));
    service_run(&daemon->service);
}

static void wait_for_events(struct daemon *daemon)
{
    memory_wait();
    ovs_wait(daemon->ovs);
    ovs_counters_wait(daemon->counters);
    vswitchd_wait(daemon->vswitchd);
    server_wait(daemon->server);
    metrics_listener_wait(daemon->metrics_listener);
    engine_wait(daemon->engine);
    watch_wait(daemon->watch);
    nic_scanner_wait(daemon->nic_scanner);
    nic_refresh_wait(daemon->nic_refresh);
    switch_log_wait(daemon->switch_log);
    host_reader_wait(daemon->host_reader);
    wait_for_unixctl(daemon);
    service_wait(&daemon->service);
    signals_wait();
    if (daemon->exiting) {
        poll_timer_wait_until(daemon->exit_by);
    }
    poll_block();
}

static bool may_exit(const struct daemon *daemon)
{
    return daemon->exiting &&
           (time_msec() >= daemon->exit_by ||
            (engine_n_ops(daemon->engine) == 0 && server_is_idle(daemon->server)));
}

/* Open vSwitch's libraries and our own must not get the descriptors of standard input and output
 * for their sockets: what the libraries print would go there. */
static void open_standard_files(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

static void read_config(struct daemon *daemon)
{
    struct error error;

    daemon->config_file.path = options_config_path(&daemon->options);
    config_file_note(&daemon->config_file);
    daemon->has_config_file = daemon->config_file.exists;
    if (!options_read_config(&daemon->options, false, &daemon->config, &error)) {
        ovs_fatal(0, "%s", error.message);
    }
}

__attribute__((noreturn)) static void check_config(const struct daemon *daemon)
{
    printf("%s: %s\n", options_config_path(&daemon->options),
           daemon->has_config_file ? "right" : "does not exist; the built-in defaults apply");
    exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
    static struct daemon daemon = {.options = {.sysfs_root = "/sys"}};

    /* The IDL allocates and frees its replica in many small pieces. glibc keeps freed pieces apart
     * for reuse, and merges them whenever something larger is allocated: this took a fifth of the
     * time of a start. */
    mallopt(M_MXFAST, 0);
    open_standard_files();
    set_program_name(argv[0]);
    ovs_set_program_name(program_name, VIFPLUG_VERSION);
    signals_catch();
    options_parse(argc, argv, &daemon.options);
    read_config(&daemon);
    if (daemon.options.check_config) {
        check_config(&daemon);
    }
    daemon.db = daemon.config.db[0] ? xstrdup(daemon.config.db)
                                    : xasprintf("unix:%s/db.sock", ovs_rundir());
    daemon.boot_id = read_boot_id(daemon.options.boot_id);
    daemon.run_dir = xstrdup(daemon.config.run_dir[0] ? daemon.config.run_dir : ovs_rundir());
    make_run_dir();
    ovs_daemonize_start();
    start(&daemon);
    service_init(&daemon.service);
    daemonize_complete();
    SLOG_INFO("vifplugd %s", VIFPLUG_VERSION);
    for (run(&daemon); !may_exit(&daemon); run(&daemon)) {
        wait_for_events(&daemon);
    }
    stop(&daemon);
    return EXIT_SUCCESS;
}
