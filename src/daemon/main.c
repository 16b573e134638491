/* SPDX-License-Identifier: Apache-2.0 */
/* vifplugd: options, the loop, and the end. */

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
#include "daemon.h"
#include "daemon/modules.h"
#include "daemon/reload.h"
#include "daemon/signals.h"
#include "dirs.h"
#include "memory.h"
#include "openvswitch/daemon-start.h"
#include "openvswitch/poll-loop.h"
#include "simap.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(vifplugd);

/* How long operations that have begun may still take after SIGTERM; then, how long to undo those
 * that have not ended; then, at least, how long to refuse the requests that have arrived; ms.
 * TimeoutStopSec of the unit is longer than all. */
#define DRAIN_MS 3000
#define UNDO_MS 2000
#define REFUSE_MS 1000

/* For how long after its start the daemon reads OVSDB before it serves anyone, at most, ms. Clients
 * with short timeouts take a daemon for one that hangs if it is silent for a second. */
#define START_MS 800

/* How long a busy loop does not look at the control socket, ms. */
#define UNIXCTL_PAUSE_MS 10

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

/* Open vSwitch makes its run directory when it starts first. Without it there is no place for the
 * pidfile and the control socket. */
static void make_run_dir(void)
{
    if (mkdir(ovs_rundir(), 0755) != 0 && errno != EEXIST) {
        SLOG_WARN("%s cannot be made (%s)", ovs_rundir(), ovs_strerror(errno));
    }
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
        reload_begin(daemon);
    }
    if (signals_stop() && daemon->stop == STOP_NOT) {
        SLOG_INFO("stopping");
        daemon->stop = STOP_DRAIN;
        daemon->stop_by = time_msec() + DRAIN_MS + UNDO_MS;
        engine_drain(daemon->engine, time_msec() + DRAIN_MS);
    }
}

/* Once no operation is left, or time is up, nothing more may come in. Of what has come, each
 * request gets its reply. */
static void end_drain(struct daemon *daemon)
{
    bool late = time_msec() >= daemon->stop_by;

    if (daemon->stop == STOP_DRAIN && (late || engine_n_ops(daemon->engine) == 0)) {
        daemon->stop = STOP_REFUSE;
        daemon->stop_by = MAX(daemon->stop_by, time_msec() + REFUSE_MS);
        engine_abandon(daemon->engine);
        server_refuse(daemon->server);
    }
}

static bool serves(const struct daemon *daemon)
{
    return !daemon->serve_by;
}

/* Whoever asks right after the start gets an answer from OVSDB and from what the watch knows, not
 * that OVSDB cannot be reached: the question waits in the socket. */
static void begin_to_serve(struct daemon *daemon)
{
    if (!serves(daemon) &&
        (ovs_synced(daemon->ovs) || daemon->stop != STOP_NOT || time_msec() >= daemon->serve_by)) {
        daemon->serve_by = 0;
        poll_immediate_wake();
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
        bool has_read = globals->dpdk_initialized && vswitchd_works(daemon->vswitchd);
        unsigned int start = has_read ? vswitchd_start(daemon->vswitchd) : 0;

        dpdk_extra_follow(&daemon->dpdk_extra, globals->dpdk_extra, start);
        ovs_follow_vswitchd(daemon->ovs, start);
    }
}

/* The daemon is ready as soon as it listens: requests wait for OVSDB and ovs-vswitchd until their
 * deadlines. If it waited here, so would all services that start after it. */
static enum service_condition condition(const struct daemon *daemon)
{
    if (daemon->stop != STOP_NOT) {
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
    traffic_run(daemon->traffic);
    ovs_globals(daemon->ovs, &globals);
    /* OVSDB may come back with another database, whose cur_cfg answers nothing. */
    cur_cfg = globals.exist && ovs_synced(daemon->ovs) ? globals.cur_cfg : -1;
    vswitchd_run(daemon->vswitchd, cur_cfg);
    vswitchd_note_next_cfg(daemon->vswitchd, cur_cfg < 0 ? cur_cfg : globals.next_cfg);
    start_question_run(&daemon->start_question, daemon->ovs, daemon->vswitchd, &globals);
    switch_log_run(daemon->switch_log, daemon->vswitchd);
    offload_run(&daemon->offload, daemon->ovs, daemon->vswitchd);
    follow_vswitchd(daemon, &globals);
    nic_scanner_run(daemon->nic_scanner);
    nic_refresh_run(daemon->nic_refresh);
    host_reader_run(daemon->host_reader);
    if (serves(daemon)) {
        server_run(daemon->server);
    }
    engine_collect(daemon->engine);
    engine_commit(daemon->engine);
    engine_run(daemon->engine);
    server_flush(daemon->server); /* Send replies before the slower work below. */
    watch_run(daemon->watch);
    server_flush(daemon->server);
    if (serves(daemon)) {
        metrics_listener_run(daemon->metrics_listener);
        run_unixctl(daemon);
    }
    appctl_run(daemon->appctl);
    handle_signals(daemon);
    end_drain(daemon);
    reload_run(daemon);
    begin_to_serve(daemon);
    service_set(&daemon->service, condition(daemon));
    service_run(&daemon->service);
}

static void wait_for_events(struct daemon *daemon)
{
    memory_wait();
    ovs_wait(daemon->ovs);
    ovs_counters_wait(daemon->counters);
    traffic_wait(daemon->traffic);
    vswitchd_wait(daemon->vswitchd);
    if (serves(daemon)) {
        server_wait(daemon->server);
        metrics_listener_wait(daemon->metrics_listener);
        wait_for_unixctl(daemon);
    } else {
        poll_timer_wait_until(daemon->serve_by);
    }
    engine_wait(daemon->engine);
    watch_wait(daemon->watch);
    nic_scanner_wait(daemon->nic_scanner);
    nic_refresh_wait(daemon->nic_refresh);
    switch_log_wait(daemon->switch_log);
    host_reader_wait(daemon->host_reader);
    reload_wait(daemon);
    service_wait(&daemon->service);
    signals_wait();
    if (daemon->stop != STOP_NOT) {
        poll_timer_wait_until(daemon->stop_by);
    }
    poll_block();
}

static bool may_exit(const struct daemon *daemon)
{
    return daemon->stop == STOP_REFUSE &&
           (time_msec() >= daemon->stop_by || server_is_over(daemon->server));
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

static void print_error(const char *text)
{
    fprintf(stderr, "%s\n", text);
}

/* Whoever starts the daemon sees the error, wherever the log is. */
static void log_error(const char *text)
{
    SLOG_ERR("%s", text);
    if (vlog_get_level(&this_module, VLF_CONSOLE) < VLL_ERR) {
        print_error(text);
    }
}

/* All errors go to standard error; without --check-config also to the log. */
static void read_config(struct daemon *daemon)
{
    static struct config_errors errors;
    const char *path = options_config_path(&daemon->options);

    daemon->config_file.path = path;
    config_file_note(&daemon->config_file);
    daemon->has_config_file = daemon->config_file.exists;
    if (options_read_config(&daemon->options, false, &daemon->config, &errors)) {
        return;
    }
    if (daemon->options.check_config) {
        config_errors_tell(&errors, print_error);
        exit(EXIT_FAILURE);
    }
    config_errors_tell(&errors, log_error);
    ovs_fatal(0, "%s has errors (%zu); 'vifplugd --check-config' shows them", path, errors.n);
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
    modules_start(&daemon);
    service_init(&daemon.service);
    daemonize_complete();
    SLOG_INFO("vifplugd %s", VIFPLUG_VERSION);
    daemon.serve_by = time_msec() + START_MS;
    for (run(&daemon); !may_exit(&daemon); run(&daemon)) {
        wait_for_events(&daemon);
    }
    modules_stop(&daemon);
    return EXIT_SUCCESS;
}
