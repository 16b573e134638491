/* SPDX-License-Identifier: Apache-2.0 */
/* vifplugd: options, start, the loop, and the end. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "command-line.h"
#include "daemon.h"
#include "daemon/access.h"
#include "daemon/config.h"
#include "daemon/dispatch.h"
#include "daemon/notifications.h"
#include "daemon/op-reply.h"
#include "daemon/reap.h"
#include "daemon/remote.h"
#include "daemon/server.h"
#include "daemon/service.h"
#include "dirs.h"
#include "engine/engine.h"
#include "engine/timings.h"
#include "fatal-signal.h"
#include "memory.h"
#include "nic/dpdk-extra.h"
#include "nic/nic.h"
#include "openvswitch/daemon-start.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/ovs.h"
#include "ovs/vswitchd.h"
#include "simap.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "watch/watch.h"
#include "wire/reply.h"

VLOG_DEFINE_THIS_MODULE(vifplugd);

#define DEFAULT_CONFIG "/etc/vifplugd/vifplugd.conf"

/* How long operations that have begun may still take after SIGTERM; then, how long to undo those
 * that have not ended; ms. */
#define DRAIN_MS 3000
#define UNDO_MS 2000

/* How long a busy loop does not look at the control socket, ms. */
#define UNIXCTL_PAUSE_MS 10

struct options {
    const char *config; /* NULL: the default path, if that file exists. */
    const char *socket;
    const char *db;
    const char *sysfs_root;
    const char *boot_id;
    const char *unixctl;
};

/* All modules, in the order of their start. */
struct daemon {
    struct options options;
    struct config config;
    struct access *access;
    char *boot_id;
    char *run_dir;
    struct ovs *ovs;
    struct nic *nic;
    struct links *links;
    struct link_remover *link_remover;
    struct offload offload;
    struct dpdk_extra dpdk_extra;
    struct vswitchd *vswitchd;
    struct engine_env env;
    struct engine *engine;
    struct server *server;
    struct watch *watch;
    struct listings *listings;
    struct reaps *reaps;
    struct dispatch dispatch;
    struct unixctl_server *unixctl;
    long long int unixctl_next; /* When to look at `unixctl` again at the earliest, ms. */
    bool unixctl_seen;          /* This pass has looked at `unixctl`. */
    bool ready;
    bool exiting;
    long long int exit_by;
};

static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t reload_signal;
static int signal_pipe[2];

static void on_signal(int number)
{
    int saved = errno;

    if (number == SIGHUP) {
        reload_signal = 1;
    } else {
        stop_signal = 1;
    }
    if (write(signal_pipe[1], "", 1) < 0) {
        /* The pipe is full, so the loop wakes up anyway. */
    }
    errno = saved;
}

/* OVS's own handlers would exit with 143; OVS installs none for signals that have a handler
 * already. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) != 0) {
        ovs_fatal(errno, "no pipe for signals");
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}

__attribute__((noreturn)) static void usage(void)
{
    printf("%s: plugs VIFs into Open vSwitch\n"
           "usage: %s [OPTIONS]\n"
           "\n"
           "Options:\n"
           "  --config=FILE       configuration (default: " DEFAULT_CONFIG ",\n"
           "                      where a missing file means the built-in defaults)\n"
           "  --socket=PATH       API socket (default: /run/vifplugd/vifplugd.sock)\n"
           "  --db=REMOTE         OVSDB (default: unix:%s/db.sock)\n"
           "  --sysfs-root=DIR    where sysfs is mounted (default: /sys)\n"
           "  --boot-id=ID        stands in for the kernel's boot id (for tests)\n"
           "  --unixctl=SOCKET    control socket for ovs-appctl\n"
           "  -h, --help          show this and exit\n"
           "  -V, --version       show the version and exit\n",
           program_name, program_name, ovs_rundir());
    daemon_usage();
    vlog_usage();
    exit(EXIT_SUCCESS);
}

static void parse_options(int argc, char *argv[], struct options *options)
{
    enum {
        OPT_CONFIG = UCHAR_MAX + 1,
        OPT_SOCKET,
        OPT_DB,
        OPT_SYSFS_ROOT,
        OPT_BOOT_ID,
        OPT_UNIXCTL,
        VLOG_OPTION_ENUMS,
        DAEMON_OPTION_ENUMS
    };
    static const struct option long_options[] = {
        {"config", required_argument, NULL, OPT_CONFIG},
        {"socket", required_argument, NULL, OPT_SOCKET},
        {"db", required_argument, NULL, OPT_DB},
        {"sysfs-root", required_argument, NULL, OPT_SYSFS_ROOT},
        {"boot-id", required_argument, NULL, OPT_BOOT_ID},
        {"unixctl", required_argument, NULL, OPT_UNIXCTL},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        VLOG_LONG_OPTIONS,
        DAEMON_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);
    int c;

    while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        switch (c) {
        case OPT_CONFIG:
            options->config = optarg;
            break;
        case OPT_SOCKET:
            options->socket = optarg;
            break;
        case OPT_DB:
            options->db = optarg;
            break;
        case OPT_SYSFS_ROOT:
            options->sysfs_root = optarg;
            break;
        case OPT_BOOT_ID:
            options->boot_id = optarg;
            break;
        case OPT_UNIXCTL:
            options->unixctl = optarg;
            break;
        case 'h':
            usage();
        case 'V':
            printf("vifplugd %s\n", VIFPLUG_VERSION);
            exit(EXIT_SUCCESS);
            VLOG_OPTION_HANDLERS
            DAEMON_OPTION_HANDLERS
        default:
            exit(EXIT_FAILURE);
        }
    }
    free(short_options);
    if (optind < argc) {
        ovs_fatal(0, "%s takes no arguments; use --help for its options", program_name);
    }
}

static void read_config(struct config *config, const struct options *options)
{
    struct error error;
    char why[256];

    config_init(config);
    if (!config_read(config, options->config ? options->config : DEFAULT_CONFIG,
                     options->config != NULL, &error)) {
        ovs_fatal(0, "%s", error.message);
    }
    if (options->db && !remote_check(options->db, why, sizeof why)) {
        ovs_fatal(0, "--db %s", why);
    }
    if (options->socket) {
        if (!vif_path_valid(options->socket)) {
            ovs_fatal(0, "--socket=%s: give an absolute path of at most %d bytes", options->socket,
                      VIF_PATH_MAX);
        }
        snprintf(config->socket, sizeof config->socket, "%s", options->socket);
    }
}

static char *read_boot_id(const char *given)
{
    char text[64] = "";
    FILE *file;

    if (given) {
        return xstrdup(given);
    }
    file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file || !fgets(text, sizeof text, file)) {
        ovs_fatal(errno, "/proc/sys/kernel/random/boot_id cannot be read");
    }
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    return xstrdup(text);
}

static void on_line(void *daemon_, uint64_t connection, enum access_level level, const char *line,
                    size_t length)
{
    struct daemon *daemon = daemon_;

    dispatch_line(&daemon->dispatch, connection, level, line, length);
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

static void on_event(void *daemon_, const struct watch_event *event)
{
    struct daemon *daemon = daemon_;

    notifications_send(&daemon->env, daemon->server, event);
}

static char *on_refusal(const struct error *error)
{
    return reply_error("null", NULL, error);
}

static void on_exit_command(struct unixctl_conn *conn, int argc OVS_UNUSED,
                            const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    stop_signal = 1;
    unixctl_command_reply(conn, NULL);
}

static void start_server(struct daemon *daemon)
{
    const struct config *config = &daemon->config;
    struct server_options options = {
        .path = config->socket,
        .group = config->socket_group,
        .max_connections = config->max_connections,
        .line = on_line,
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
        VLOG_WARN("%s", error.message);
    }
    return links;
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
    daemon->ovs = ovs_create(daemon->options.db);
    daemon->nic = nic_create(daemon->options.sysfs_root, config->profiles, config->n_profiles);
    nic_set_dpdk_extra(daemon->nic, &daemon->dpdk_extra);
    daemon->links = open_links();
    daemon->link_remover = link_remover_create();
    daemon->vswitchd = vswitchd_create(daemon->run_dir);
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
        .boot_id = daemon->boot_id,
        .run_dir = daemon->run_dir,
        .ended = on_ended,
        .aux = daemon,
    };
    daemon->engine = engine_create(&daemon->env);
    start_watch(daemon);
    daemon->listings = listings_create(&daemon->env, daemon->watch, daemon->server);
    daemon->reaps = reaps_create(&daemon->env, daemon->engine, daemon->server);
    daemon->dispatch = (struct dispatch){
        .engine = daemon->engine,
        .watch = daemon->watch,
        .listings = daemon->listings,
        .reaps = daemon->reaps,
        .reply = on_reply,
        .aux = daemon,
        .server = daemon->server,
        .env = &daemon->env,
        .started_ms = time_msec(),
    };
}

static void stop(struct daemon *daemon)
{
    notify("STOPPING=1");
    engine_abandon(daemon->engine);
    server_flush(daemon->server);
    engine_destroy(daemon->engine);
    reaps_destroy(daemon->reaps);
    listings_destroy(daemon->listings);
    watch_destroy(daemon->watch);
    link_remover_destroy(daemon->link_remover);
    links_destroy(daemon->links);
    server_destroy(daemon->server);
    vswitchd_destroy(daemon->vswitchd);
    nic_destroy(daemon->nic);
    dpdk_extra_destroy(&daemon->dpdk_extra);
    ovs_destroy(daemon->ovs);
    access_destroy(daemon->access);
    unixctl_server_destroy(daemon->unixctl);
    free(daemon->boot_id);
    free(daemon->run_dir);
}

/* Reads again the settings that can change while the daemon runs: who may connect, timeouts, NIC
 * profiles. The others (the socket and its group, the number of connections, the database) keep
 * their values until the next start. */
static void reload(struct daemon *daemon)
{
    struct config *config = xmalloc(sizeof *config);
    struct access *access = NULL;
    struct error error;

    config_init(config);
    if (config_read(config, daemon->options.config ? daemon->options.config : DEFAULT_CONFIG,
                    daemon->options.config != NULL, &error)) {
        access = access_create(config->allow, config->allow_read, &error);
    }
    if (access) {
        memcpy(config->socket, daemon->config.socket, sizeof config->socket);
        daemon->config = *config;
        server_set_access(daemon->server, access);
        access_destroy(daemon->access);
        daemon->access = access;
        daemon->offload.policy = daemon->config.engine.ensure_hw_offload;
        nic_set_profiles(daemon->nic, daemon->config.profiles, daemon->config.n_profiles);
        VLOG_INFO("configuration read again");
    } else {
        VLOG_ERR("the configuration stays as it was: %s", error.message);
    }
    free(config);
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
    char buffer[64];

    if (!reload_signal && !stop_signal) {
        return;
    }
    while (read(signal_pipe[0], buffer, sizeof buffer) > 0) {
        /* The bytes only wake up the loop. */
    }
    if (reload_signal) {
        reload_signal = 0;
        reload(daemon);
    }
    if (stop_signal && !daemon->exiting) {
        VLOG_INFO("stopping");
        daemon->exiting = true;
        daemon->exit_by = time_msec() + DRAIN_MS + UNDO_MS;
        server_drain(daemon->server);
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

/* Reads facts first, then sends the transaction: an idle daemon reads a request and sends its
 * transaction in one pass. Replies, lists and the watch for drift follow, because OVSDB need not
 * wait for them. */
static void run(struct daemon *daemon)
{
    struct ovs_globals globals;

    report_memory(daemon);
    ovs_run(daemon->ovs);
    ovs_globals(daemon->ovs, &globals);
    vswitchd_run(daemon->vswitchd, globals.cur_cfg);
    vswitchd_note_next_cfg(daemon->vswitchd,
                           ovs_synced(daemon->ovs) ? globals.next_cfg : globals.cur_cfg);
    offload_run(&daemon->offload, daemon->ovs, daemon->vswitchd);
    follow_vswitchd(daemon, &globals);
    server_run(daemon->server);
    engine_collect(daemon->engine);
    engine_commit(daemon->engine);
    engine_run(daemon->engine);
    server_flush(daemon->server); /* Send replies before the slower work below. */
    watch_run(daemon->watch);
    listings_run(daemon->listings);
    server_flush(daemon->server);
    run_unixctl(daemon);
    if (!daemon->ready && ovs_synced(daemon->ovs)) {
        daemon->ready = true;
        notify("READY=1");
    }
    handle_signals(daemon);
}

static void wait_for_events(struct daemon *daemon)
{
    memory_wait();
    ovs_wait(daemon->ovs);
    vswitchd_wait(daemon->vswitchd);
    server_wait(daemon->server);
    engine_wait(daemon->engine);
    watch_wait(daemon->watch);
    listings_wait(daemon->listings);
    wait_for_unixctl(daemon);
    poll_fd_wait(signal_pipe[0], POLLIN);
    if (daemon->exiting) {
        poll_timer_wait_until(daemon->exit_by);
    }
    poll_block();
}

static bool may_exit(const struct daemon *daemon)
{
    return daemon->exiting &&
           (time_msec() >= daemon->exit_by ||
            (engine_n_ops(daemon->engine) == 0 && server_is_flushed(daemon->server)));
}

int main(int argc, char *argv[])
{
    static struct daemon daemon = {.options = {.sysfs_root = "/sys"}};

    /* The IDL allocates and frees its replica in many small pieces. glibc keeps freed pieces apart
     * for reuse, and merges them whenever something larger is allocated: this took a fifth of the
     * time of a start. */
    mallopt(M_MXFAST, 0);
    set_program_name(argv[0]);
    ovs_set_program_name(program_name, VIFPLUG_VERSION);
    catch_signals();
    parse_options(argc, argv, &daemon.options);
    read_config(&daemon.config, &daemon.options);
    if (!daemon.options.db) {
        daemon.options.db =
            daemon.config.db[0] ? daemon.config.db : xasprintf("unix:%s/db.sock", ovs_rundir());
    }
    daemon.boot_id = read_boot_id(daemon.options.boot_id);
    daemon.run_dir = xstrdup(daemon.config.run_dir[0] ? daemon.config.run_dir : ovs_rundir());
    ovs_daemonize_start();
    start(&daemon);
    daemonize_complete();
    VLOG_INFO("vifplugd %s", VIFPLUG_VERSION);
    for (run(&daemon); !may_exit(&daemon); run(&daemon)) {
        wait_for_events(&daemon);
    }
    stop(&daemon);
    return EXIT_SUCCESS;
}
