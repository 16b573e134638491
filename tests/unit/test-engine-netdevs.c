/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: netdevs of the hardware, which pass from one VIF to the next. A VIF that has one
 * keeps it up, whatever the VIF that had it before still does to its links. */

#include "engine-harness.h"

#include <stdio.h>

#define TAP .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true, .create_tap = true
/* The VFs 5 and 7, with the netdevs rep1 and rep3. */
#define REP(vf_) .kind = VIF_KIND_KERNEL_REPRESENTOR, .vf = (vf_), .bridge = "sys0"

static void add_netdevs(bool up)
{
    fake_add_link(rig.links, "rep1", "", "")->facts.up = up;
    fake_add_link(rig.links, "rep3", "", "")->facts.up = up;
}

static bool is_up(const char *name)
{
    return fake_link(rig.links, name)->facts.up;
}

/* A plug right behind the unplug of the VIF that has the VF. */
static void test_behind_an_unplug(void **state)
{
    static const struct {
        const char *what;
        enum wait wait;         /* Of the unplug. */
        struct fake_ending end; /* Of its transaction. */
        bool hung;              /* vswitchd does not confirm that the port is gone. */
    } rows[] = {
        {"realized", WAIT_REALIZED, {.result = OVS_TXN_COMMITTED}, false},
        {"committed", WAIT_COMMITTED, {.result = OVS_TXN_COMMITTED}, false},
        {"the connection breaks", WAIT_REALIZED, {OVS_TXN_UNCERTAIN, true, NULL}, false},
        {"nothing happened", WAIT_REALIZED, {OVS_TXN_UNCERTAIN, false, NULL}, false},
        {"others were quicker", WAIT_REALIZED, {.result = OVS_TXN_TRY_AGAIN}, false},
        {"no verdict", WAIT_REALIZED, {.result = OVS_TXN_COMMITTED}, true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;
        int b;

        rig_renew();
        add_netdevs(true);
        PLUGGED(.vif = "a", REP(5));
        fake_ovs_script(rig.ovs, rows[i].end);
        rig.vswitchd->silent = rows[i].hung;
        a = UNPLUG(.vif = "a", .wait = rows[i].wait, .timeout_ms = 1000);
        b = PLUG(.vif = "b", REP(5));
        rig_run(2000);
        rig.vswitchd->silent = false;
        rig_run(2000);
        CHECK_STR(rows[i].what, reply_to(a), "changed");
        CHECK_STR(rows[i].what, reply_to(b), "changed rep1");
        CHECK_STR(rows[i].what, id_of("rep1", KEY_VIF_ID), "b");
        CHECK(rows[i].what, is_up("rep1"));
        CHECK_STR(rows[i].what, rig.links->log, "set_down rep1, set_up rep1");
    }
}

/* The same, if the kernel takes its time to set the netdev down. */
static void test_behind_a_slow_kernel(void **state)
{
    int a;
    int b;

    (void)state;
    add_netdevs(true);
    PLUGGED(.vif = "a", REP(5));
    rig.link_remover->silent = true;
    a = UNPLUG(.vif = "a", .timeout_ms = 300);
    rig_run(500);
    CHECK_HAS("given up", warnings(a), "the kernel has not removed the VIF's links yet");
    b = PLUG(.vif = "b", REP(5), .dry_run = true);
    rig_settle();
    CHECK_HAS("a dry run says it", reply_to(b), "set link rep1 up");
    b = PLUG(.vif = "b", REP(5));
    rig_settle();
    CHECK_STR("waits", reply_to(b), "");
    CHECK_HAS("and says so", ops_show(), "the removal of what is in its way");
    rig.link_remover->silent = false;
    rig_settle();
    CHECK_STR("plugged", reply_to(b), "changed rep1");
    CHECK("up", is_up("rep1"));
}

/* The VIF that had the VF moves to another one. */
static void test_behind_a_move(void **state)
{
    static const struct {
        const char *what;
        enum wait wait; /* Of the move. */
        bool hung;      /* vswitchd has not said anything of the move yet. */
        bool slow;      /* The kernel sets netdevs down late. */
        const char *next;
    } rows[] = {
        {"realized", WAIT_REALIZED, false, false, "b"},
        {"committed", WAIT_COMMITTED, false, false, "b"},
        {"before the verdict", WAIT_COMMITTED, true, false, "b"},
        {"a slow kernel", WAIT_REALIZED, false, true, "b"},
        {"a slow kernel, before the verdict", WAIT_COMMITTED, true, true, "b"},
        {"back again", WAIT_REALIZED, false, false, "a"},
        {"back again before the verdict", WAIT_COMMITTED, true, false, "a"},
        {"back again, a slow kernel", WAIT_REALIZED, false, true, "a"},
        {"back again before the verdict, a slow kernel", WAIT_COMMITTED, true, true, "a"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;
        int b;

        rig_renew();
        add_netdevs(true);
        PLUGGED(.vif = "a", REP(5));
        rig.vswitchd->silent = rows[i].hung;
        rig.link_remover->silent = rows[i].slow;
        a = PLUG(.vif = "a", REP(7), .wait = rows[i].wait);
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(a), "changed rep3");
        b = PLUG(.vif = rows[i].next, REP(5), .wait = rows[i].wait);
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(b), rows[i].slow ? "" : "changed rep1");
        rig.link_remover->silent = false;
        rig_settle();
        rig.vswitchd->silent = false;
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(b), "changed rep1");
        CHECK_STR(rows[i].what, id_of("rep1", KEY_VIF_ID), rows[i].next);
        CHECK(rows[i].what, is_up("rep1"));
        CHECK_INT(rows[i].what, is_up("rep3"), !strcmp(rows[i].next, "b"));
    }
}

/* Right behind a move, in the pass that hears of its end. */
static void test_pipelined_behind_a_move(void **state)
{
    static const enum wait waits[] = {WAIT_REALIZED, WAIT_COMMITTED};

    (void)state;
    for (size_t i = 0; i < N(waits); i++) {
        int b;

        rig_renew();
        add_netdevs(true);
        PLUGGED(.vif = "a", REP(5));
        PLUG(.vif = "a", REP(7), .wait = waits[i]);
        b = PLUG(.vif = "b", REP(5));
        rig_settle();
        CHECK_STR("plugged", reply_to(b), "changed rep1");
        CHECK("up", is_up("rep1") && is_up("rep3"));
    }
}

/* A plug that fails takes back that it has set the netdev up: before the next one sets it up. The
 * same holds for a tap that another program has made. */
static void test_behind_a_failed_plug(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        const char *link;
        const char *error; /* vswitchd's; NULL: OVSDB refuses. */
        const char *told;
    } rows[] = {
        {"vswitchd refuses a netdev", {REP(5)}, "rep1", "no such thing", "not_realized: "},
        {"OVSDB refuses a netdev", {REP(5)}, "rep1", NULL, "internal: "},
        {"vswitchd refuses a tap", {TAP}, "tap0", "no such thing", "not_realized: "},
        {"OVSDB refuses a tap", {TAP}, "tap0", NULL, "internal: "},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const struct fake_ending refusal = {.result = OVS_TXN_ERROR, .error_text = "no"};
        struct ask ask = rows[i].ask;
        int a;
        int b;

        rig_renew();
        add_netdevs(false);
        fake_add_link(rig.links, "tap0", "tun", "")->facts.up = false;
        if (rows[i].error) {
            fake_rule_add(
                rig.vswitchd,
                (struct fake_rule){.port = rows[i].link, .error = rows[i].error, .times = 1});
        } else {
            fake_ovs_script(rig.ovs, refusal);
            fake_ovs_script(rig.ovs, refusal);
        }
        ask.vif = "a";
        a = rig_ask(METHOD_PLUG, &ask);
        ask.vif = "b";
        b = rig_ask(METHOD_PLUG, &ask);
        rig_run(5000);
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_HAS(rows[i].what, reply_to(b), "changed ");
        CHECK_STR(rows[i].what, id_of(rows[i].link, KEY_VIF_ID), "b");
        CHECK(rows[i].what, is_up(rows[i].link));
    }
}

/* A move that fails leaves the netdev of the VF that it wanted to whoever plugs it next. */
static void test_behind_a_failed_move(void **state)
{
    int a;
    int b;

    (void)state;
    fake_add_link(rig.links, "rep1", "", "");
    fake_add_link(rig.links, "rep3", "", "")->facts.up = false;
    PLUGGED(.vif = "a", REP(5));
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "rep3", .error = "no", .times = 1});
    a = PLUG(.vif = "a", REP(7));
    b = PLUG(.vif = "b", REP(7));
    rig_run(5000);
    CHECK_HAS("fails", reply_to(a), "not_realized: ");
    CHECK_STR("restored", id_of("rep1", KEY_VIF_ID), "a");
    CHECK_STR("plugged", reply_to(b), "changed rep3");
    CHECK("up", is_up("rep1") && is_up("rep3"));
}

/* The VIF was evicted by one that does not need the netdev. */
static void test_behind_an_eviction(void **state)
{
    static const enum wait waits[] = {WAIT_REALIZED, WAIT_COMMITTED};

    (void)state;
    for (size_t i = 0; i < N(waits); i++) {
        char why[256];
        int b;
        int c;

        rig_renew();
        CHECK("set", nic_profile_set(&rig.profile, "vf-number", "virtfn", why, sizeof why));
        CHECK("set", nic_profile_set(&rig.profile, "vf-range", "0-7", why, sizeof why));
        rig.settings.on_vf_conflict = EVICT_ALWAYS;
        add_netdevs(true);
        PLUGGED(.vif = "a", REP(5));
        rig.link_remover->silent = true;
        b = PLUG(.vif = "b", .vf = 5, .wait = waits[i]);
        rig_settle();
        CHECK_STR("evicts", reply_to(b), "changed vfrb");
        c = PLUG(.vif = "c", REP(5));
        rig_settle();
        CHECK_STR("waits", reply_to(c), "");
        rig.link_remover->silent = false;
        rig_settle();
        CHECK_STR("plugged", reply_to(c), "changed rep1");
        CHECK_STR("in this order", rig.links->log, "set_down rep1, set_up rep1");
    }
}

/* Another program has taken the netdev as its port: it stays up. */
static void test_port_of_another_program(void **state)
{
    static const struct {
        const char *what;
        bool moves;
        bool fails;
        bool up; /* Before the plug. */
    } rows[] = {
        {"an unplug", false, false, true},
        {"a move", true, false, true},
        {"a failed plug", false, true, false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        rig_renew();
        add_netdevs(rows[i].up);
        if (rows[i].fails) {
            rig.vswitchd->silent = true;
            PLUG(.vif = "a", REP(5), .timeout_ms = 500);
            rig_settle();
            CHECK(rows[i].what, is_up("rep1"));
            fake_remove_port(rig.ovs, "rep1");
        } else {
            PLUGGED(.vif = "a", REP(5));
            rig.vswitchd->silent = true;
            if (rows[i].moves) {
                PLUG(.vif = "a", REP(7));
            } else {
                UNPLUG(.vif = "a");
            }
            rig_settle();
        }
        fake_add_port(rig.ovs, "rep1", "sys0", "");
        rig_run(1000);
        rig.vswitchd->silent = false;
        rig_settle();
        CHECK_STR(rows[i].what, ops_show(), "0 operations\n");
        CHECK(rows[i].what, is_up("rep1"));
    }
}

/* vswitchd, or whoever else, sets the netdev down while it becomes a port. */
static void test_set_down_meanwhile(void **state)
{
    int a;

    (void)state;
    add_netdevs(true);
    a = PLUG(.vif = "a", REP(5));
    rig_pass();
    fake_link(rig.links, "rep1")->facts.up = false;
    rig_settle();
    CHECK_STR("plugged", reply_to(a), "changed rep1");
    CHECK("up", is_up("rep1"));
}

/* The daemon is killed after it has committed the unplug: nothing comes back to the netdev. */
static void test_restart_in_between(void **state)
{
    int b;

    (void)state;
    add_netdevs(true);
    PLUGGED(.vif = "a", REP(5));
    UNPLUG(.vif = "a");
    rig_pass();
    rig_restart();
    b = PLUG(.vif = "b", REP(5));
    rig_settle();
    UNPLUG(.vif = "a"); /* Its client tries again. */
    rig_settle();
    CHECK_STR("plugged", reply_to(b), "changed rep1");
    CHECK("up", is_up("rep1"));
}

/* After a boot a netdev of another card has the name that the row has. */
static void swap_names(void)
{
    snprintf(fake_link(rig.links, "rep1")->name, VIF_IFNAME_MAX + 1, "rep0");
    fake_add_link(rig.links, "rep1", "", "")->facts.up = true;
    rig_call_representor("rep0");
}

/* No sysfs says which netdev the VF's representor is: the card has left switchdev mode. */
static void lose_sysfs(void)
{
    rig_call_representor("");
}

/* The row does not say which VF it is. */
static void lose_record(void)
{
    smap_remove(&fake_port(rig.ovs, "rep1")->external_ids, KEY_VF_NUM);
}

/* A netdev that is not known to be the VF's is left as it is, whatever removes the VIF. */
static void test_name_of_another_netdev(void **state)
{
    static const struct {
        const char *what;
        void (*change)(void);
    } changes[] = {{"another's", swap_names}, {"not told", lose_sysfs}, {"no VF", lose_record}};
    enum { UNPLUGGED, REAPED, MOVED, EVICTED, N_WAYS };

    (void)state;
    for (size_t i = 0; i < N_WAYS * N(changes); i++) {
        const char *what = changes[i / N_WAYS].what;
        int way = (int)(i % N_WAYS);
        struct fake_port *port;
        int a = 0;

        if (way == EVICTED && changes[i / N_WAYS].change != swap_names) {
            continue; /* No VIF can be plugged then. */
        }
        rig_renew();
        add_netdevs(true);
        PLUGGED(.vif = "a", REP(5));
        port = fake_port(rig.ovs, "rep1");
        smap_replace(&port->external_ids, KEY_BOOT_ID, "boot-0");
        changes[i / N_WAYS].change();
        switch (way) {
        case UNPLUGGED:
            a = UNPLUG(.vif = "a");
            break;
        case REAPED:
            a = rig_reap("a", 1000);
            break;
        case MOVED:
            a = PLUG(.vif = "a", REP(7));
            break;
        default: /* EVICTED */
            a = PLUG(.vif = "b", REP(5));
            break;
        }
        rig_run(2000);
        CHECK(what, reply_to(a)[0] && !strstr(reply_to(a), ":"));
        CHECK_STR(what, type_of_port("rep1"), "-");
        CHECK(what, is_up("rep1"));
        CHECK(what, !strstr(rig.links->log, "set_down rep1"));
    }
}

/* An update acts on no netdev that is not known to be the VF's. */
static void test_update_of_another_netdev(void **state)
{
    int a;

    (void)state;
    add_netdevs(true);
    PLUGGED(.vif = "a", REP(5), .mtu = 1500);
    swap_names();
    rig.links->log[0] = '\0';
    a = UPDATE(.vif = "a", .mtu = 9000);
    rig_settle();
    CHECK_HAS("refused", reply_to(a), "device_not_found: Netdev rep1 is not known to be");
    CHECK_STR("left", rig.links->log, "");
}

/* A repair puts the row right, and leaves such a netdev as it is. */
static void test_repair_beside_another_netdev(void **state)
{
    struct fake_port *port;

    (void)state;
    rig.settings.repair = true;
    add_netdevs(true);
    rig_watch();
    PLUGGED(.vif = "a", REP(5), .mtu = 1500);
    swap_names();
    fake_link(rig.links, "rep1")->facts.up = false;
    rig.links->log[0] = '\0';
    port = fake_port(rig.ovs, "rep1");
    smap_replace(&port->external_ids, KEY_IFACE_ID, "x");
    fake_ovs_touch(rig.ovs, port);
    rig_run(2000);
    CHECK_STR("put right", id_of("rep1", KEY_IFACE_ID), "iface-a");
    CHECK_STR("left", rig.links->log, "");
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_repair_beside_another_netdev), RIG_TEST(test_name_of_another_netdev),
    RIG_TEST(test_update_of_another_netdev),     RIG_TEST(test_behind_an_unplug),
    RIG_TEST(test_behind_a_slow_kernel),         RIG_TEST(test_behind_a_move),
    RIG_TEST(test_pipelined_behind_a_move),      RIG_TEST(test_behind_a_failed_plug),
    RIG_TEST(test_behind_a_failed_move),         RIG_TEST(test_behind_an_eviction),
    RIG_TEST(test_port_of_another_program),      RIG_TEST(test_set_down_meanwhile),
    RIG_TEST(test_restart_in_between),
};

int main(void)
{
    return RIG_MAIN(tests);
}
