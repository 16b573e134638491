/* SPDX-License-Identifier: Apache-2.0 */
/* The engine and the watcher on fakes of their neighbours: requests go in, passes of the loop are
 * run on a clock that only the test moves, and what came of it is text to compare.
 *
 * All that depends on how the engine is called and how it replies stands in engine-harness.c. */

#ifndef ENGINE_HARNESS_H
#define ENGINE_HARNESS_H 1

#include "check.h"

#include "engine/engine.h"
#include "fake-clock.h"
#include "fake-links.h"
#include "fake-ovs.h"
#include "fake-vswitchd.h"
#include "nic/nic.h"
#include "watch/watch.h"

enum { RIG_REPLIES_MAX = 400 };

#define BOOT_ID "boot-1"
#define MAC "fa:16:3e:00:00:01"

/* What a request was told. */
struct reply_seen {
    int n; /* How often. */
    char text[1024];
    char detail[ERROR_TEXT_LEN];
    char warnings[512];
    char socket[VIF_PATH_MAX + 16]; /* "server /run/vhost/a". */
    struct op_times times;
};

/* Everything there is. Bridges br0 (netdev) and sys0 (system) are there from the start, and a card
 * with the VFs 4 to 11, whose profile is Napatech's; VF 5 has a netdev rep1 in the kernel. */
struct rig {
    struct engine_settings settings;
    struct nic_profile profile;
    struct dpdk_extra dpdk_extra; /* For nic_set_dpdk_extra(). */
    struct ovs *ovs;
    struct vswitchd *vswitchd;
    struct links *links;
    bool no_links; /* The engine has none. */
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
};
extern struct rig rig;

/* A request, as short as it can be said. */
struct ask {
    const char *vif;
    enum vif_kind kind; /* NONE: REPRESENTOR with a VF, else VHOST_USER (of a plug). */
    int vf;             /* Its number; 0: none. */
    const char *bridge; /* NULL: br0. */
    const char *path;   /* VHOST_USER; NULL: /run/vhost/VIF, or (client) /run/vhost/vhuVIF. */
    bool client;        /* VHOST_USER: the guest is the socket's client. */
    const char *name;   /* vif_name. */
    const char *address;
    int mtu;
    const char *datapath;
    const char *linux_bridge;
    bool create_port;
    bool create_tap;
    int64_t kbps; /* Towards the guest; 0: nothing is said of limits. */
    const char *instance;
    enum wait wait;
    int timeout_ms;
    bool dry_run;
};

/* Each submits a request and gives its number, by which reply_to() knows it. */
int rig_ask(enum method method, const struct ask *ask);
#define PLUG(...) rig_ask(METHOD_PLUG, &(struct ask){__VA_ARGS__})
#define UNPLUG(...) rig_ask(METHOD_UNPLUG, &(struct ask){__VA_ARGS__})
#define UPDATE(...) rig_ask(METHOD_UPDATE, &(struct ask){__VA_ARGS__})

/* Reaps the VIF `vif`, or (NULL) all that are stale. */
int rig_reap(const char *vif, int timeout_ms);

/* What a request was told: "" nothing yet; "changed vfra", "unchanged vfra" of a plug or update;
 * "changed", "unchanged" of an unplug; "REASON: MESSAGE"; "removed a b" of a reap; and
 * "would ACTION PORT (WHY), changed; OPERATION; ..." of a dry run. */
const char *reply_to(int asked);
const char *warnings(int asked);
const char *detail(int asked);

/* A pass of the loop. Returns for how long it would sleep then (clock_block()). */
int rig_pass(void);

/* Lets `ms` pass: runs the loop whenever it would be woken, until it would sleep beyond that. */
void rig_run(int ms);

/* The same until the loop waits for something; no time passes. */
static inline void rig_settle(void)
{
    rig_run(0);
}

/* Runs the loop, and lets time pass where it sleeps, until ops/show has `shown` behind a pass. */
void rig_run_until(const char *shown);

/* Runs the loop until that port has that type; no time passes. */
void rig_pass_until_type(const char *port, const char *type);

/* Submits a plug and has it realized, which is not what is tested. */
void rig_plugged(const struct ask *ask);
#define PLUGGED(...) rig_plugged(&(struct ask){__VA_ARGS__})

/* What rig.ended or rig.events has; empties it. */
const char *told(char *log);

/* ops/show. */
const char *ops_show(void);

/* The port of that name has these. */
const char *option_of(const char *port, const char *key);
const char *id_of(const char *port, const char *key);
const char *type_of_port(const char *port); /* "-": there is no such port. */

/* The watcher takes part from now on. */
void rig_watch(void);

/* The engine ends where it stands, as a daemon that is killed; another starts. */
void rig_restart(void);

/* The same, and there is no netlink from then on. */
void rig_restart_without_links(void);

/* Begins anew within a test, for the next row of its table. */
void rig_renew(void);

/* For cmocka: the group's, and each test's. */
int rig_group_setup(void **state);
int rig_group_teardown(void **state);
int rig_setup(void **state);
int rig_teardown(void **state);
#define RIG_TEST(function) cmocka_unit_test_setup_teardown(function, rig_setup, rig_teardown)
#define RIG_MAIN(tests) cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown)

#endif
