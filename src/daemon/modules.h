/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's modules: their start, what they tell each other, their end. */

#ifndef VP_MODULES_H
#define VP_MODULES_H 1

#include <stdbool.h>
#include <stddef.h>

#include "check/host-reader.h"
#include "daemon/access.h"
#include "daemon/appctl.h"
#include "daemon/checks.h"
#include "daemon/config-file.h"
#include "daemon/config-reader.h"
#include "daemon/config.h"
#include "daemon/dispatch.h"
#include "daemon/events.h"
#include "daemon/metrics-listener.h"
#include "daemon/traffic.h"
#include "daemon/op-history.h"
#include "daemon/op-log.h"
#include "daemon/options.h"
#include "daemon/reap.h"
#include "daemon/server.h"
#include "daemon/service.h"
#include "engine/engine.h"
#include "nic/dpdk-extra.h"
#include "nic/nic-refresh.h"
#include "nic/nic-scanner.h"
#include "nic/nic.h"
#include "ovs/ovs-counters.h"
#include "ovs/ovs.h"
#include "ovs/start-question.h"
#include "ovs/switch-log.h"
#include "ovs/vswitchd.h"
#include "watch/watch.h"

/* How far the end is that SIGTERM began. Only the next state follows. */
enum stop_state {
    STOP_NOT,
    STOP_DRAIN,  /* Operations that have begun may still end. */
    STOP_REFUSE, /* None is left. The requests that came before are refused. */
};

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
    struct traffic *traffic;
    struct nic *nic;
    struct links *links;
    struct link_remover *link_remover;
    struct offload offload;
    struct start_question start_question;
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
    struct config_reader *config_reader;
    bool reload_again;            /* SIGHUP has come while the configuration was read. */
    long long int reload_slow_at; /* When to say that the reading takes long, ms. */
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
    long long int serve_by; /* When to serve clients at the latest, ms; 0: they are served. */
    enum stop_state stop;
    long long int stop_by; /* When `stop` ends at the latest, ms. */
};

/* Starts all modules. `daemon` has the options, the configuration, `db`, `boot_id` and `run_dir`.
 * Ends the process if one cannot start without which there is no daemon. */
void modules_start(struct daemon *daemon);

/* Ends all modules. */
void modules_stop(struct daemon *daemon);

/* Serves metrics where the configuration says. A failure is logged. */
void modules_serve_metrics(struct daemon *daemon);

/* Bytes that may be held for clients. */
size_t modules_max_memory(const struct config *config);

#endif
