/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: which operations still end when the daemon stops, and what the others are told. */

#include "engine-harness.h"

#include "base/keys.h"
#include "timeval.h"

#include <stdio.h>

enum { DRAIN_MS = 3000 };

static void drain(void)
{
    engine_drain(rig.engine, time_msec() + DRAIN_MS);
}

static void test_drain(void **state)
{
    int a = PLUG(.vif = "a");
    int b, c;

    (void)state;
    rig_pass();
    b = PLUG(.vif = "b");
    drain();
    CHECK_HAS("what has not begun", reply_to(b), "switch_unavailable: vifplugd is stopping");
    c = PLUG(.vif = "c");
    CHECK_HAS("what comes", reply_to(c), "switch_unavailable: vifplugd is stopping");
    CHECK_INT("what has begun", engine_n_ops(rig.engine), 1);
    rig_settle();
    CHECK_STR("what has begun", reply_to(a), "changed vhua");
}

/* What waits for another operation, and a dry run. */
static void test_drain_a_dry_run_and_a_repeat(void **state)
{
    int first, second, dry;

    (void)state;
    rig.vswitchd->silent = true;
    first = PLUG(.vif = "a");
    rig_settle();
    second = UNPLUG(.vif = "a");
    dry = PLUG(.vif = "b", .dry_run = true);
    drain();
    CHECK_HAS("waits for its turn", reply_to(second), "switch_unavailable: vifplugd is stopping");
    CHECK_HAS("dry run", reply_to(dry), "vifplugd is stopping");
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("has begun", reply_to(first), "changed vhua");
}

/* An operation that has begun and is queued again, here for the second step of a replacement, is
 * not refused. */
static void test_drain_within_a_replacement(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    a = PLUG(.vif = "a", .vf = 5);
    rig_pass_until_type("vfra", TYPE_DETACHED);
    rig_run_until("QUEUED");
    drain();
    rig_settle();
    CHECK_STR("done", reply_to(a), "changed vfra");
    CHECK_STR("done", type_of_port("vfra"), "dpdk");
}

/* vswitchd says nothing until the time is up. */
static const struct {
    const char *what;
    enum method method;
    struct ask ask;
    int told_after_ms;
    const char *told;
    const char *ports[2]; /* The types of vfra and vfrb then. */
} silent[] = {
    {"plug",
     METHOD_PLUG,
     {.vif = "a", .vf = 5},
     DRAIN_MS,
     "switch_unavailable: vifplugd is stopping, and ovs-vswitchd has not confirmed port vfra",
     {"-", "dpdk"}},
    {"plug with a shorter time",
     METHOD_PLUG,
     {.vif = "a", .vf = 5, .timeout_ms = 1000},
     1000,
     "switch_unavailable: vifplugd is stopping",
     {"-", "dpdk"}},
    {"plug that evicts nothing and changes in place",
     METHOD_UPDATE,
     {.vif = "b", .mtu = 9000},
     DRAIN_MS,
     "switch_unavailable: vifplugd is stopping, and ovs-vswitchd has not confirmed port vfrb",
     {"-", "dpdk"}},
    {"unplug", METHOD_UNPLUG, {.vif = "b"}, DRAIN_MS, "changed", {"-", "-"}},
    {"committed plug",
     METHOD_PLUG,
     {.vif = "a", .vf = 5, .wait = WAIT_COMMITTED},
     0,
     "changed vfra",
     {"dpdk", "dpdk"}},
};

static void test_silent_vswitchd(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(silent); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "b", .vf = 4);
        rig.vswitchd->silent = true;
        a = rig_ask(silent[i].method, &silent[i].ask);
        rig_pass();
        rig_pass();
        CHECK_HAS(silent[i].what, ops_show(), "REALIZING");
        drain();
        if (silent[i].told_after_ms) {
            rig_run(silent[i].told_after_ms - 1);
            CHECK_STR(silent[i].what, reply_to(a), "");
            rig_run(1);
        }
        rig_run(1000); /* The undo. */
        CHECK_HAS(silent[i].what, reply_to(a), silent[i].told);
        CHECK_STR(silent[i].what, type_of_port("vfra"), silent[i].ports[0]);
        CHECK_STR(silent[i].what, type_of_port("vfrb"), silent[i].ports[1]);
        CHECK_INT(silent[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* A replacement that does not get on is undone, as far as there is time. */
static void test_silent_vswitchd_within_a_replacement(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    rig.vswitchd->silent = true;
    a = PLUG(.vif = "a", .vf = 5);
    rig_pass_until_type("vfra", TYPE_DETACHED);
    drain();
    rig_run(DRAIN_MS + 100);
    rig.vswitchd->silent = false;
    rig_run(1000);
    CHECK_HAS("told", reply_to(a), "switch_unavailable: vifplugd is stopping");
    CHECK_STR("as before", type_of_port("vfra"), "dpdk");
    CHECK_HAS("as before", option_of("vfra", "dpdk-devargs"), "representor=[4]");
    CHECK_INT("ended", engine_n_ops(rig.engine), 0);
}

/* OVSDB has not replied when the process ends: the reply does not say that nothing happened. */
static void test_silent_ovsdb(void **state)
{
    int a, b;

    (void)state;
    PLUGGED(.vif = "b", .vf = 4);
    rig.ovs->silent = true;
    a = PLUG(.vif = "a", .vf = 5);
    b = UNPLUG(.vif = "b");
    rig_pass();
    CHECK_HAS("both", ops_show(), "COMMITTING");
    drain();
    rig_run(DRAIN_MS + 2000);
    CHECK_STR("not known", reply_to(a), "");
    engine_abandon(rig.engine);
    CHECK_HAS("plug", reply_to(a),
              "timeout: vifplugd stops before OVSDB or ovs-vswitchd has confirmed");
    CHECK_HAS("plug", reply_to(a), "may have happened; try again");
    CHECK_HAS("unplug", reply_to(b), "may have happened; try again");
}

/* The connection breaks during a commit: whether to undo it is not known before the end. */
static void test_uncertain(void **state)
{
    int a = PLUG(.vif = "a", .vf = 5);

    (void)state;
    rig_pass();
    fake_ovs_disconnect(rig.ovs, true);
    rig_settle();
    drain();
    rig_run(DRAIN_MS + 2000);
    CHECK_STR("not known", reply_to(a), "");
    engine_abandon(rig.engine);
    CHECK_HAS("plug", reply_to(a), "timeout: vifplugd stops before");
}

/* OVSDB goes away before the undo of what has failed. */
static void test_no_time_to_undo(void **state)
{
    int a;

    (void)state;
    rig.vswitchd->silent = true;
    a = PLUG(.vif = "a", .vf = 5);
    rig_pass();
    rig_pass();
    CHECK_HAS("has begun", ops_show(), "REALIZING");
    drain();
    rig.ovs->silent = true;
    rig_run(DRAIN_MS + 1999);
    CHECK_STR("undo under way", reply_to(a), "");
    engine_abandon(rig.engine);
    CHECK_HAS("told", reply_to(a),
              "timeout: vifplugd stops before the operation on VIF a is undone "
              "(vifplugd is stopping, and ovs-vswitchd has not confirmed");
}

/* The loop sleeps while it waits for the end. */
static void test_no_spinning(void **state)
{
    int n = 0;

    (void)state;
    PLUG(.vif = "a", .vf = 5);
    rig_pass();
    fake_ovs_disconnect(rig.ovs, true);
    rig_settle();
    drain();
    rig_run(DRAIN_MS + 100);
    while (rig_pass() == 0) {
        assert_true(n++ < 10);
    }
}

/* engine_destroy() ends operations in any state. */
static void test_end_with_operations_under_way(void **state)
{
    (void)state;
    PLUGGED(.vif = "tap", .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true,
            .create_tap = true);
    rig.link_remover->silent = true;
    UNPLUG(.vif = "tap");
    rig_settle();
    rig.vswitchd->silent = true;
    PLUG(.vif = "realizing");
    rig_settle();
    PLUG(.vif = "committing");
    rig_pass();
    PLUG(.vif = "queued");
    CHECK_HAS("CLEARING", ops_show(), "unplug tap, CLEARING for the kernel to remove");
    CHECK_HAS("REALIZING", ops_show(), "plug realizing, REALIZING");
    CHECK_HAS("COMMITTING", ops_show(), "plug committing, COMMITTING");
    CHECK_HAS("QUEUED", ops_show(), "plug queued, QUEUED");
    told(rig.ended);
    rig_restart();
    CHECK_STR("nobody is told", told(rig.ended), "");
    CHECK_STR("a new engine", ops_show(), "0 operations\n");
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_drain),
    RIG_TEST(test_drain_a_dry_run_and_a_repeat),
    RIG_TEST(test_drain_within_a_replacement),
    RIG_TEST(test_silent_vswitchd),
    RIG_TEST(test_silent_vswitchd_within_a_replacement),
    RIG_TEST(test_silent_ovsdb),
    RIG_TEST(test_uncertain),
    RIG_TEST(test_no_time_to_undo),
    RIG_TEST(test_no_spinning),
    RIG_TEST(test_end_with_operations_under_way),
};

int main(void)
{
    return RIG_MAIN(tests);
}
