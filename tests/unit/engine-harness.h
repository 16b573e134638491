/* SPDX-License-Identifier: Apache-2.0 */
/* The engine and the watcher on fakes of their neighbours: a test submits requests, runs passes of
 * the loop with a clock that only the test moves, and compares the result as text.
 *
 * Only engine-harness.c knows how to call the engine and how the engine replies. */

#ifndef ENGINE_HARNESS_H
#define ENGINE_HARNESS_H 1

#include "check.h"

#include "engine/engine.h"
#include "fake-clock.h"
#include "fake-links.h"
#include "fake-ovs.h"
#include "fake-socket-file.h"
#include "fake-switch-log.h"
#include "fake-vswitchd.h"
#include "nic/nic.h"
#include "watch/watch.h"

enum { RIG_REPLIES_MAX = 400 };

#define BOOT_ID "boot-1"
#define MAC "fa:16:3e:00:00:01"

/* The reply to a request. */
struct reply_seen {
    int n; /* The number of replies. */
    char text[1024];
    char detail[ERROR_DETAIL_LEN];
    char warnings[512];
    char socket[VIF_PATH_MAX + 16]; /* "server /run/vhost/a". */
    struct op_times times;
};

/* The test environment. It begins with bridges br0 (netdev) and sys0 (system), and a card with the
 * VFs 4 to 11, whose profile is Napatech's; the VFs 5 and 7 have the netdevs rep1 and rep3 in the
 * kernel. */
struct rig {
    struct engine_settings settings;
    struct nic_profile profile;
    struct dpdk_extra dpdk_extra; /* For nic_set_dpdk_extra(). */
    struct ovs *ovs;
    struct vswitchd *vswitchd;
    struct switch_log *switch_log;
    struct links *links;
    bool no_links; /* The engine runs without netlink. */
    struct link_remover *link_remover;
    struct offload offload;
    struct nic *nic;
    struct engine_env env;
    struct engine *engine;
    struct reaps *reaps;
    struct watch *watch; /* NULL until rig_watch(). */
    struct reply_seen replies[RIG_REPLIES_MAX];
    int n_asked;
    char ended[1024]; /* "a plugged, b nothing" */
    char events[2048];
    char summed_up[2048]; /* "plug a done vfra br0 0000:65:00.4, unplug b failed not_found" */
    int n_summed_up;
};
extern struct rig rig;

/* A request in short. */
struct ask {
    const char *vif;
    enum vif_kind kind;   /* NONE: REPRESENTOR with a VF, else VHOST_USER (of a plug). */
    int vf;               /* Its number; 0: none. */
    const char *bridge;   /* NULL: br0. */
    const char *path;     /* VHOST_USER; NULL: /run/vhost/VIF, or (client) /run/vhost/vhuVIF. */
    bool client;          /* VHOST_USER: the guest is the socket's client. */
    const char *name;     /* vif_name. */
    const char *iface_id; /* NULL: iface-VIF. */
    const char *address;
    int mtu;
    const char *datapath;
    const char *linux_bridge;
    bool create_port;
    bool create_tap;
    int64_t kbps; /* Limit towards the guest; 0: the request has no limits. */
    const char *instance;
    enum wait wait;
    int timeout_ms;
    bool dry_run;
    unsigned int owner; /* The uid; 0 is privileged. */
};

/* Each submits a request and returns its number, for reply_to(). */
int rig_ask(enum method method, const struct ask *ask);
#define PLUG(...) rig_ask(METHOD_PLUG, &(struct ask){__VA_ARGS__})
#define UNPLUG(...) rig_ask(METHOD_UNPLUG, &(struct ask){__VA_ARGS__})
#define UPDATE(...) rig_ask(METHOD_UPDATE, &(struct ask){__VA_ARGS__})

/* Reaps the VIF `vif`, or (NULL) all that are stale. */
int rig_reap(const char *vif, int timeout_ms);
int rig_reap_dry(const char *vif, bool dry_run, int timeout_ms);

/* The reply to request number `asked`: "" no reply yet; "changed vfra", "unchanged vfra" of a plug
 * or update; "changed", "unchanged" of an unplug; "REASON: MESSAGE"; "would ACTION (WHY), changed;
 * OPERATION; ..." of a dry run; "removed a b; kept c: WHY; a would ACTION,
 * OPERATION, ...; ..." of a reap. */
const char *reply_to(int asked);
const char *warnings(int asked);
const char *detail(int asked);

/* Runs one pass of the loop. Returns for how long the loop would sleep then (clock_block()). */
int rig_pass(void);

/* Lets `ms` pass: runs the loop whenever it would wake up, until the next sleep would end later. */
void rig_run(int ms);

/* Runs the loop until it sleeps; no time passes. */
static inline void rig_settle(void)
{
    rig_run(0);
}

/* Runs the loop, and lets time pass when it sleeps, until ops/show has the text `shown` after a
 * pass. */
void rig_run_until(const char *shown);

/* Runs the loop until that port has that type; no time passes. */
void rig_pass_until_type(const char *port, const char *type);

/* Prepares a test: submits a plug and runs the loop until the port is realized. */
void rig_plugged(const struct ask *ask);
#define PLUGGED(...) rig_plugged(&(struct ask){__VA_ARGS__})

/* Returns the text of rig.ended or rig.events, and empties it. */
const char *told(char *log);

/* The reply of ops/show. */
const char *ops_show(void);

/* A value of the port with that name: of its options, of its external_ids, its type. */
const char *option_of(const char *port, const char *key);
const char *id_of(const char *port, const char *key);
const char *type_of_port(const char *port); /* "-": there is no such port. */

/* Gives the netdev of VF 5, at first rep1, another name in sysfs; "": removes it from there. */
void rig_call_representor(const char *name);

/* Starts the watcher. */
void rig_watch(void);

/* Ends the engine like a killed daemon, and starts another. */
void rig_restart(void);

/* Does the same, and starts the engine without netlink. */
void rig_restart_without_links(void);

/* Begins anew within a test, for the next row of its table. */
void rig_renew(void);

/* Fixtures of cmocka: for the group, and for each test. */
int rig_group_setup(void **state);
int rig_group_teardown(void **state);
int rig_setup(void **state);
int rig_teardown(void **state);
#define RIG_TEST(function) cmocka_unit_test_setup_teardown(function, rig_setup, rig_teardown)
#define RIG_MAIN(tests) cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown)

#endif
