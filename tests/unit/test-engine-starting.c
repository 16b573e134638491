/* SPDX-License-Identifier: Apache-2.0 */
/* The engine beside an ovs-vswitchd that starts: until that has confirmed something, what OVSDB
 * shows of a port is its predecessor's. */

#include "engine-harness.h"

#include <stdio.h>

#include "timeval.h"

#define TAP .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true, .create_tap = true

/* vswitchd has started, and initialises DPDK. */
static void start_vswitchd(void)
{
    rig.vswitchd->starting = rig.vswitchd->silent = true;
    rig.vswitchd->starting_since = time_msec();
}

static int n_increments(void)
{
    return (int)rig.ovs->globals.next_cfg;
}

/* It has initialised DPDK, and refuses the port (`error`) or takes it (NULL). */
static void come_up(const char *port, const char *error)
{
    if (error) {
        fake_rule_add(rig.vswitchd, (struct fake_rule){.port = port, .error = error});
    }
    rig.vswitchd->silent = false;
    rig_run(2000);
}

static const struct {
    const char *what;
    struct ask ask;
    const char *port;
} kinds[] = {
    {"representor", {.vif = "a", .vf = 4}, "vfra"},
    {"vhost-user, server", {.vif = "a"}, "vhua"},
    {"vhost-user, client", {.vif = "a", .client = true}, "vhua"},
    {"kernel representor",
     {.vif = "a", .kind = VIF_KIND_KERNEL_REPRESENTOR, .vf = 5, .bridge = "sys0"},
     "rep1"},
    {"tap", {.vif = "a", TAP}, "tap0"},
    {"hybrid",
     {.vif = "a", .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbr0"},
     "qvoa"},
};

/* A replug waits for the verdict of the vswitchd that starts: one increment is enough for it, and
 * none is needed once it is known. */
static void test_replug(void **state)
{
    static const struct {
        const char *before; /* The error that OVSDB shows, or NULL. */
        const char *error;  /* The new vswitchd's, or NULL. */
        const char *told;
    } ends[] = {
        {NULL, NULL, "unchanged "},
        {NULL, "no such device", "not_realized: "},
        {"no such device", NULL, "unchanged "},
        {"no such device", "no such device", "not_realized: "},
    };

    (void)state;
    for (size_t i = 0; i < N(kinds) * N(ends); i++) {
        const char *what = kinds[i / N(ends)].what;
        const struct ask *ask = &kinds[i / N(ends)].ask;
        const char *port = kinds[i / N(ends)].port;
        const char *before = ends[i % N(ends)].before;
        const char *error = ends[i % N(ends)].error;
        int a, n;

        rig_renew();
        fake_add_link(rig.links, "rep1", "", "");
        rig_plugged(ask);
        if (before) {
            fake_port_say(fake_port(rig.ovs, port), -1, 0, before);
        }
        start_vswitchd();
        n = n_increments();
        a = rig_ask(METHOD_PLUG, ask);
        rig_run(5000);
        CHECK_STR(what, reply_to(a), "");
        come_up(port, error);
        CHECK_HAS(what, reply_to(a), ends[i % N(ends)].told);
        CHECK(what, fake_port(rig.ovs, port));
        CHECK(what, n_increments() - n == 1 || before);
        n = n_increments();
        a = rig_ask(METHOD_PLUG, ask);
        rig_settle();
        CHECK_HAS(what, reply_to(a), ends[i % N(ends)].told);
        CHECK_INT(what, n_increments(), n);
    }
}

/* What a request and its port come to while vswitchd starts, and how many increments that takes. */
static void test_requests(void **state)
{
    static const struct {
        const char *what;
        enum method method;
        struct ask ask;
        const char *before; /* The error that OVSDB shows, or NULL. */
        const char *early;  /* The reply before vswitchd has come up. */
        const char *told;   /* The reply then. */
        int n;
    } rows[] = {
        {"update in place",
         METHOD_UPDATE,
         {.vif = "a", .mtu = 9000},
         NULL,
         "",
         "changed vfra",
         2}, /* The second look, as for each change of a DPDK port in place. */
        {"update, nothing to do",
         METHOD_UPDATE,
         {.vif = "a", .mtu = 1500},
         NULL,
         "",
         "unchanged vfra",
         1},
        {"committed",
         METHOD_PLUG,
         {.vif = "a", .vf = 4, .mtu = 1500, .wait = WAIT_COMMITTED},
         NULL,
         "unchanged vfra",
         "unchanged vfra",
         0},
        {"committed, of a failed port",
         METHOD_PLUG,
         {.vif = "a", .vf = 4, .mtu = 1500, .wait = WAIT_COMMITTED},
         "no such device",
         "unchanged vfra",
         "unchanged vfra",
         2}, /* It may have failed in place. */
        {"dry run",
         METHOD_PLUG,
         {.vif = "a", .vf = 4, .mtu = 1500, .dry_run = true},
         NULL,
         "would update vfra (port vfra on br0 is as asked, ovs-vswitchd has started and has to "
         "confirm it), unchanged",
         "would update vfra (port vfra on br0 is as asked, ovs-vswitchd has started and has to "
         "confirm it), unchanged",
         0},
        {"too early",
         METHOD_PLUG,
         {.vif = "a", .vf = 4, .mtu = 1500, .timeout_ms = 500},
         NULL,
         "timeout: ovs-vswitchd has said nothing about port vfra",
         "timeout: ",
         1},
        {"unplug", METHOD_UNPLUG, {.vif = "a"}, NULL, "", "changed", 1},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a, n;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
        if (rows[i].before) {
            fake_port_say(fake_port(rig.ovs, "vfra"), -1, 0, rows[i].before);
        }
        start_vswitchd();
        n = n_increments();
        a = rig_ask(rows[i].method, &rows[i].ask);
        rig_run(1000);
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].early);
        CHECK(rows[i].what, rows[i].early[0] || !reply_to(a)[0]);
        come_up("vfra", NULL);
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_INT(rows[i].what, n_increments() - n, rows[i].n);
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* nova-compute plugs all of its VIFs again: one increment is for all of them, whenever they come.
 */
static void test_many(void **state)
{
    char names[8][2];
    int asked[8];
    int n;

    (void)state;
    for (int i = 0; i < 8; i++) {
        snprintf(names[i], sizeof names[i], "%c", 'a' + i);
        PLUGGED(.vif = names[i], .vf = 4 + i);
    }
    start_vswitchd();
    n = n_increments();
    for (int i = 0; i < 8; i++) {
        asked[i] = PLUG(.vif = names[i], .vf = 4 + i);
        if (i >= 4) {
            rig_settle();
        }
    }
    come_up("vfrc", "no such device");
    for (int i = 0; i < 8; i++) {
        CHECK_HAS(names[i], reply_to(asked[i]), i == 2 ? "not_realized: " : "unchanged vfr");
    }
    CHECK_INT("increments", n_increments() - n, 1);
}

/* OVSDB did not commit the increment, or it did, and the connection broke before it said so. */
static void test_uncertain(void **state)
{
    (void)state;
    for (int happens = 0; happens < 2; happens++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4);
        start_vswitchd();
        a = PLUG(.vif = "a", .vf = 4);
        rig_pass();
        fake_ovs_disconnect(rig.ovs, happens);
        rig_pass();
        fake_ovs_reconnect(rig.ovs);
        rig_run(1000);
        CHECK_STR("not yet", reply_to(a), "");
        come_up("vfra", "no such device");
        CHECK_HAS("its own verdict", reply_to(a), "not_realized: ");
    }
}

/* It ends again before it has said anything. */
static void test_ends_again(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    start_vswitchd();
    a = PLUG(.vif = "a", .vf = 4);
    rig_run(1000);
    CHECK_STR("waits", reply_to(a), "");
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_run(10000);
    CHECK_HAS("in vain", reply_to(a), "switch_unavailable: ovs-vswitchd is not running");
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_STR("while it is away", reply_to(a), "unchanged vfra");
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_replug),    RIG_TEST(test_requests),   RIG_TEST(test_many),
    RIG_TEST(test_uncertain), RIG_TEST(test_ends_again),
};

int main(void)
{
    return RIG_MAIN(tests);
}
