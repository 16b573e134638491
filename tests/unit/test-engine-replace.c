/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: replacements in two steps, renamed ports, evictions, hand-overs of devices, and the
 * undo of each. */

#include "engine-harness.h"

#include <stdio.h>

#define DEVARGS4 "0000:65:00.0,representor=[4]"
#define DEVARGS5 "0000:65:00.0,representor=[5]"
#define IN_USE_BY(port) "trying to use device which is already in use by '" port "'"

static int n_transactions(void)
{
    return (int)engine_counters(rig.engine)->transactions;
}

/* --- Replacements. --- */

static void test_replacement(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    a = PLUG(.vif = "a", .vf = 5);
    rig_pass();
    rig_pass();
    CHECK_STR("let go of", type_of_port("vfra"), TYPE_DETACHED);
    CHECK_STR("the rest is written", option_of("vfra", "dpdk-devargs"), DEVARGS5);
    CHECK_HAS("waits for vswitchd", ops_show(), "plug a, REALIZING");
    rig_settle();
    CHECK_STR("done", reply_to(a), "changed vfra");
    CHECK_STR("done", type_of_port("vfra"), "dpdk");
    CHECK_STR("done", told(rig.ended), "a changed");
}

/* The port fails in the second step: the undo restores the previous port, also in two steps. */
static void test_undo_of_a_replacement(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    a = PLUG(.vif = "a", .vf = 5);
    rig_pass_until_type("vfra", TYPE_DETACHED);
    rig_pass_until_type("vfra", "dpdk");
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no", .times = 1});
    rig_settle();
    CHECK_HAS("told", reply_to(a), "not_realized: ");
    CHECK_STR("back", option_of("vfra", "dpdk-devargs"), DEVARGS4);
    CHECK_STR("back", type_of_port("vfra"), "dpdk");
    CHECK("back", fake_port(rig.ovs, "vfra")->ofport > 0);
    CHECK("nothing of it", !strstr(reply_to(a), "brought back"));
}

/* The port works, but not as required: the undo is a replacement as well, and vswitchd may be dead
 * meanwhile. */
static void test_undo_by_a_replacement(void **state)
{
    static const bool dies[] = {false, true};

    (void)state;
    for (size_t i = 0; i < N(dies); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
        fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .mtu = 1500});
        a = PLUG(.vif = "a", .vf = 5, .mtu = 9000);
        rig_run_until("undo plug a, COMMITTING");
        rig.vswitchd->state = dies[i] ? VSWITCHD_DEAD : VSWITCHD_ALIVE;
        rig_settle();
        CHECK_HAS("told", reply_to(a), "not_realized: ovs-vswitchd runs port vfra at MTU 1500");
        CHECK_STR("back", option_of("vfra", "dpdk-devargs"), DEVARGS4);
        CHECK_STR("back", type_of_port("vfra"), "dpdk");
    }
}

/* vswitchd dies between the steps. A new vswitchd has no old device open, so the second step need
 * not wait for it; the verdict on the port does. */
static void test_vswitchd_dies_between_the_steps(void **state)
{
    static const struct {
        const char *what;
        enum wait wait;
        bool comes_back;
        const char *told;
        const char *devargs;
    } rows[] = {
        {"comes back", WAIT_REALIZED, true, "changed vfra", DEVARGS5},
        {"stays away", WAIT_REALIZED, false, "switch_unavailable: ovs-vswitchd is not running",
         DEVARGS4},
        {"acknowledged, stays away", WAIT_COMMITTED, false, "changed vfra", DEVARGS5},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4);
        a = PLUG(.vif = "a", .vf = 5, .wait = rows[i].wait);
        rig_pass_until_type("vfra", TYPE_DETACHED);
        rig.vswitchd->state = VSWITCHD_DEAD;
        rig_run(3000);
        if (rows[i].comes_back) {
            rig.vswitchd->state = VSWITCHD_ALIVE;
        }
        rig_run(20000);
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_STR(rows[i].what, option_of("vfra", "dpdk-devargs"), rows[i].devargs);
        CHECK_STR(rows[i].what, type_of_port("vfra"), "dpdk");
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* vswitchd is dead when OVSDB commits the first step: the engine plans the second at once. */
static void test_committed_without_vswitchd(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    rig.vswitchd->state = VSWITCHD_DEAD;
    a = PLUG(.vif = "a", .vf = 5, .wait = WAIT_COMMITTED);
    rig_settle();
    CHECK_STR("both steps", reply_to(a), "changed vfra");
    CHECK_STR("both steps", type_of_port("vfra"), "dpdk");
    CHECK_STR("both steps", told(rig.ended), "a changed");
}

/* After the first step, vswitchd says nothing until the deadline. The engine undoes the
 * replacement, however long that takes, because the port must not stay detached. */
static void test_vswitchd_is_silent_between_the_steps(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    rig.vswitchd->silent = true;
    a = PLUG(.vif = "a", .vf = 5, .wait = WAIT_COMMITTED);
    rig_run(9999);
    CHECK_STR("the first step is no end", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("undoes", ops_show(), "undo plug a, REALIZING");
    CHECK_STR("undoes", reply_to(a), "");
    rig_run(50000);
    CHECK_HAS("the reply need not wait", reply_to(a), "timeout: ovs-vswitchd has said nothing");
    CHECK_HAS("the undo does", ops_show(), "no deadline");
    CHECK_STR("the undo does", type_of_port("vfra"), TYPE_DETACHED);
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("back", type_of_port("vfra"), "dpdk");
    CHECK_STR("back", option_of("vfra", "dpdk-devargs"), DEVARGS4);
    CHECK_INT("back", engine_n_ops(rig.engine), 0);
}

/* An acknowledged plug goes on without dpdk-vf-mac: by a replacement, which vswitchd is slow to
 * apply. */
static int start_acknowledged_replacement(void)
{
    char why[256];
    int a;

    CHECK("set", nic_profile_set(&rig.profile, "set-vf-mac", "try", why, sizeof why));
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .vf_mac = "00:00:00:00:00:00"});
    a = PLUG(.vif = "a", .vf = 4, .wait = WAIT_COMMITTED);
    rig_settle();
    CHECK_STR("acknowledged", reply_to(a), "changed vfra");
    rig.vswitchd->silent = true;
    rig_run(500);
    CHECK_STR("let go of", type_of_port("vfra"), TYPE_DETACHED);
    return a;
}

static void test_acknowledged_replacement_goes_on(void **state)
{
    (void)state;
    start_acknowledged_replacement();
    rig_run(60000);
    CHECK_HAS("goes on", ops_show(), " plug a, REALIZING");
    CHECK_HAS("goes on", ops_show(), "no deadline");
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("done", type_of_port("vfra"), "dpdk");
    CHECK_STR("done", option_of("vfra", "dpdk-vf-mac"), "");
    CHECK_STR("done", told(rig.ended), "a plugged");
}

/* The server cannot write the second step for a while: it comes all the same. */
static void test_acknowledged_replacement_that_the_server_cannot_write(void **state)
{
    (void)state;
    start_acknowledged_replacement();
    for (int i = 0; i < 3; i++) {
        fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_ERROR,
                                                      .error_text = "{\"error\":\"I/O error\"}"});
    }
    rig.vswitchd->silent = false;
    rig_run(1999);
    CHECK_STR("waits", type_of_port("vfra"), TYPE_DETACHED);
    rig_run(1);
    CHECK_STR("done", type_of_port("vfra"), "dpdk");
    CHECK_STR("done", told(rig.ended), "a plugged");
}

/* The engine finishes it before the VIF's next operation. */
static void test_replacement_is_not_superseded(void **state)
{
    int second;

    (void)state;
    start_acknowledged_replacement();
    second = UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("second waits", reply_to(second), "");
    CHECK_STR("second waits", type_of_port("vfra"), TYPE_DETACHED);
    rig.vswitchd->silent = false;
    rig_run(1000);
    CHECK_STR("second", reply_to(second), "changed");
    CHECK_STR("order", told(rig.ended), "a changed, a unplugged");
}

/* An acknowledged plug that only waits for its verdict ends when the VIF's next operation
 * begins. */
static void test_superseded(void **state)
{
    int first = PLUG(.vif = "a", .vf = 4, .wait = WAIT_COMMITTED);
    int second;

    (void)state;
    rig.vswitchd->silent = true;
    rig_settle();
    CHECK_STR("acknowledged", reply_to(first), "changed vfra");
    second = UNPLUG(.vif = "a", .wait = WAIT_COMMITTED);
    rig_settle();
    CHECK_STR("second", reply_to(second), "changed");
    CHECK_STR("first is told of as well", told(rig.ended), "a changed, a unplugged");
    CHECK_STR("gone", type_of_port("vfra"), "-");
}

/* An update finds a port between the two steps of another operation's replacement. */
static void test_update_within_a_replacement(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    snprintf(fake_port(rig.ovs, "vfra")->type, 33, "%s", TYPE_DETACHED);
    a = UPDATE(.vif = "a", .mtu = 9000);
    rig_settle();
    CHECK_HAS("refused", reply_to(a), "busy: Port vfra is in the middle of a replacement");
}

/* A plug finds its port detached, and vswitchd has not confirmed that it has released the device:
 * the plug waits for that first. */
static void test_plug_of_a_detached_port(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    snprintf(fake_port(rig.ovs, "vfra")->type, 33, "%s", TYPE_DETACHED);
    rig.ovs->globals.next_cfg++;
    rig.vswitchd->silent = true;
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_HAS("waits", ops_show(), "plug a, REALIZING");
    CHECK_INT("waits", n_transactions(), 1);
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("done", reply_to(a), "changed vfra");
    CHECK_STR("done", type_of_port("vfra"), "dpdk");
}

/* --- Renamed ports. --- */

static void test_renamed_port(void **state)
{
    static const struct {
        const char *error;
        const char *told;
        const char *port;
        int64_t tag;
    } rows[] = {
        {NULL, "changed vif0", "vif0", 0},
        {"no such VF", "not_realized: ", "vfra",
         100}, /* Restored, with the settings of other programs. */
    };
    char why[256];

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4, .name = "vif0");
        fake_port(rig.ovs, "vfra")->tag = 100;
        CHECK("set", nic_profile_set(&rig.profile, "port-name", "vif_name", why, sizeof why));
        if (rows[i].error) {
            fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vif0", .error = rows[i].error});
        }
        a = PLUG(.vif = "a", .vf = 4, .name = "vif0");
        rig_settle();
        CHECK_HAS("renamed", reply_to(a), rows[i].told);
        CHECK_INT("one port", fake_n_ports_on(rig.ovs, "br0"), 1);
        CHECK_STR(rows[i].port, type_of_port(rows[i].port), "dpdk");
        CHECK_INT(rows[i].port, fake_port(rig.ovs, rows[i].port)->tag, rows[i].tag);
    }
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_replacement),
    RIG_TEST(test_undo_of_a_replacement),
    RIG_TEST(test_undo_by_a_replacement),
    RIG_TEST(test_vswitchd_dies_between_the_steps),
    RIG_TEST(test_committed_without_vswitchd),
    RIG_TEST(test_vswitchd_is_silent_between_the_steps),
    RIG_TEST(test_acknowledged_replacement_goes_on),
    RIG_TEST(test_acknowledged_replacement_that_the_server_cannot_write),
    RIG_TEST(test_replacement_is_not_superseded),
    RIG_TEST(test_superseded),
    RIG_TEST(test_update_within_a_replacement),
    RIG_TEST(test_plug_of_a_detached_port),
    RIG_TEST(test_renamed_port),
};

int main(void)
{
    return RIG_MAIN(tests);
}
