/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: which operations share a transaction, which go first, and how many may wait. */

#include "engine-harness.h"

#include <stdio.h>

static int n_transactions(void)
{
    return (int)engine_counters(rig.engine)->transactions;
}

static void test_a_crowd_shares_a_transaction(void **state)
{
    static const char *const vifs[] = {"a", "b", "c", "d", "e"};
    int asked[N(vifs)];

    (void)state;
    rig.settings.max_batch = 3;
    for (size_t i = 0; i < N(vifs); i++) {
        asked[i] = PLUG(.vif = vifs[i]);
    }
    rig_pass();
    CHECK_INT("the first", engine_counters(rig.engine)->batched, 3);
    rig_settle();
    for (size_t i = 0; i < N(vifs); i++) {
        CHECK_HAS(vifs[i], reply_to(asked[i]), "changed vhu");
    }
    CHECK_INT("transactions", n_transactions(), 2);
    CHECK_INT("increments of next_cfg", rig.ovs->globals.next_cfg, 2);
    CHECK_INT("operations in them", engine_counters(rig.engine)->batched, 5);
}

/* The engine sends the next transaction before it replies to the operations of the last one. */
static void test_next_is_sent_first(void **state)
{
    int a = PLUG(.vif = "a", .wait = WAIT_COMMITTED);
    int b;

    (void)state;
    rig_pass();
    b = PLUG(.vif = "b", .wait = WAIT_COMMITTED);
    rig_pass();
    CHECK_STR("a is committed", reply_to(a), "changed vhua");
    CHECK_HAS("b is sent", rig.ovs->comment, " plug b");
    CHECK("b is sent", rig.ovs->sent);
    rig_settle();
    CHECK_STR("b is committed", reply_to(b), "changed vhub");
}

/* Operations that write nothing delay the loop for a limited time. */
static void test_planning_budget(void **state)
{
    int asked[6];

    (void)state;
    rig.ovs->slow_ms = 1;
    for (size_t i = 0; i < N(asked); i++) {
        asked[i] = PLUG(.vif = "a", .path = "/tmp/a");
    }
    CHECK_INT("goes on at once", rig_pass(), 0);
    CHECK_HAS("one at a time", reply_to(asked[0]), "invalid_request: ");
    rig_settle();
    CHECK_HAS("all", reply_to(asked[5]), "invalid_request: ");
    for (size_t i = 0; i < N(asked); i++) {
        char vif[8];

        snprintf(vif, sizeof vif, "vif%zu", i);
        asked[i] = PLUG(.vif = vif, .dry_run = true);
    }
    CHECK_INT("goes on at once", rig_pass(), 0);
    CHECK_HAS("one", reply_to(asked[0]), "would create");
    CHECK_STR("one", reply_to(asked[1]), "");
    rig_settle();
    CHECK_HAS("all", reply_to(asked[5]), "would create");
}

/* Plans that take long go into several transactions, with others served in between. */
static void test_batch_budget(void **state)
{
    int asked[4];

    (void)state;
    rig.ovs->slow_ms = 30;
    for (size_t i = 0; i < N(asked); i++) {
        char vif[8];

        snprintf(vif, sizeof vif, "vif%zu", i);
        asked[i] = PLUG(.vif = vif);
    }
    CHECK_INT("goes on at once", rig_pass(), 0);
    CHECK_INT("two at a time", engine_counters(rig.engine)->batched, 2);
    rig.ovs->slow_ms = 0;
    rig_settle();
    CHECK_INT("then the rest", n_transactions(), 2);
    CHECK_HAS("all", reply_to(asked[3]), "changed vhuvif3");
}

/* Operations on one VIF run in their order. */
static void test_one_vif(void **state)
{
    int first = PLUG(.vif = "a", .vf = 4);
    int second = UNPLUG(.vif = "a");
    int third = PLUG(.vif = "a", .vf = 5);
    int other = PLUG(.vif = "b");

    (void)state;
    rig_pass();
    CHECK_HAS("one", ops_show(), "unplug a, QUEUED for operation ");
    CHECK_HAS("the other need not wait", rig.ovs->comment, "and 1 more");
    rig_settle();
    CHECK_STR("first", reply_to(first), "changed vfra");
    CHECK_STR("second", reply_to(second), "changed");
    CHECK_STR("third", reply_to(third), "changed vfra");
    CHECK_STR("other", reply_to(other), "changed vhub");
    CHECK_STR("order", told(rig.ended), "a plugged, b plugged, a unplugged, a plugged");
    CHECK_STR("the last counts", option_of("vfra", "dpdk-devargs"), "0000:65:00.0,representor=[5]");
}

/* Two operations that affect each other's plan do not share a transaction: the engine plans the
 * second after the first. */
static void test_pairs(void **state)
{
    static const struct {
        const char *what;
        struct ask first;
        struct ask second;
        const char *told; /* The second. */
        int n_transactions;
    } rows[] = {
        {"nothing in common", {.vif = "a", .vf = 4}, {.vif = "b", .vf = 5}, "changed vfrb", 1},
        {"same VF", {.vif = "a", .vf = 4}, {.vif = "b", .vf = 4}, "vf_in_use: ", 1},
        {"same port name",
         {.vif = "0123456789a-1"},
         {.vif = "0123456789a-2"},
         "port_conflict: ",
         1},
        {"bridge made alike",
         {.vif = "a", .bridge = "br1"},
         {.vif = "b", .bridge = "br1"},
         "changed vhub",
         1},
        {"bridge made differently",
         {.vif = "a", .bridge = "br1"},
         {.vif = "b", .kind = VIF_KIND_OVS, .name = "tapb", .bridge = "br1", .create_port = true},
         "changed tapb",
         2},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int first, second;

        rig_renew();
        first = rig_ask(METHOD_PLUG, &rows[i].first);
        second = rig_ask(METHOD_PLUG, &rows[i].second);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(first), "changed");
        CHECK_HAS(rows[i].what, reply_to(second), rows[i].told);
        CHECK_INT(rows[i].what, n_transactions(), rows[i].n_transactions);
    }
}

/* --- Slow devices. --- */

/* A port of a slow device lets quick operations that wait for vswitchd go first, for a second. */
static void test_slow_device_holds_back(void **state)
{
    (void)state;
    rig.profile.slow_probe = true;
    rig.vswitchd->silent = true;
    PLUG(.vif = "quick");
    rig_settle();
    PLUG(.vif = "slow", .vf = 4);
    rig_run(999);
    CHECK_HAS("holds back", ops_show(), "plug slow, QUEUED for ports of quicker NICs");
    CHECK_INT("holds back", n_transactions(), 1);
    rig_run(1);
    CHECK_HAS("not for ever", ops_show(), "plug slow, REALIZING");
    CHECK_INT("not for ever", n_transactions(), 2);
}

static void test_slow_device_goes_once_quick_ones_are_done(void **state)
{
    int slow;

    (void)state;
    rig.profile.slow_probe = true;
    rig.vswitchd->silent = true;
    PLUG(.vif = "quick");
    rig_settle();
    slow = PLUG(.vif = "slow", .vf = 4);
    rig_run(500);
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("done", reply_to(slow), "changed vfrslow");
}

/* Each port of a slow device has its own batch, and quick operations that came later go first. */
static void test_slow_devices_go_alone(void **state)
{
    int asked[4];

    (void)state;
    rig.profile.slow_probe = true;
    asked[0] = PLUG(.vif = "slow1", .vf = 4);
    asked[1] = PLUG(.vif = "slow2", .vf = 5);
    asked[2] = PLUG(.vif = "quick1");
    asked[3] = PLUG(.vif = "quick2");
    rig_settle();
    for (size_t i = 0; i < N(asked); i++) {
        CHECK_HAS("done", reply_to(asked[i]), "changed");
    }
    CHECK_INT("transactions", n_transactions(), 3);
    CHECK_STR("order", told(rig.ended),
              "quick1 plugged, quick2 plugged, slow1 plugged, slow2 plugged");
}

/* Its second is over, and a quick operation comes before it: the slow one goes into the next
 * transaction. */
static void test_slow_device_is_no_company(void **state)
{
    int slow;

    (void)state;
    rig.profile.slow_probe = true;
    rig.vswitchd->silent = true;
    PLUG(.vif = "quick");
    rig_settle();
    PLUG(.vif = "quick", .mtu = 2000);
    slow = PLUG(.vif = "slow", .vf = 4);
    rig_run(999);
    rig.vswitchd->silent = false;
    rig_pass();
    clock_warp(1);
    rig_pass();
    CHECK_HAS("one", rig.ovs->comment, " plug quick");
    CHECK_HAS("the other", ops_show(), "plug slow, QUEUED");
    rig_pass();
    CHECK_HAS("the other", rig.ovs->comment, " plug slow");
    rig_settle();
    CHECK_STR("done", reply_to(slow), "changed vfrslow");
}

/* An operation that only makes vswitchd look again conflicts with no other. */
static void test_second_look_shares_a_transaction(void **state)
{
    int b;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    PLUG(.vif = "a", .vf = 4, .mtu = 9000);
    rig_pass();
    rig_pass();
    rig_pass();
    CHECK_HAS("looks again", ops_show(), "plug a, QUEUED");
    b = PLUG(.vif = "b", .vf = 5);
    rig_pass();
    CHECK_HAS("both", rig.ovs->comment, " and 1 more");
    rig_settle();
    CHECK_STR("done", reply_to(b), "changed vfrb");
}

/* --- How much may wait, and for how long. --- */

static void test_max_queued(void **state)
{
    int c;

    (void)state;
    rig.settings.max_queued = 2;
    PLUG(.vif = "a");
    PLUG(.vif = "b");
    c = PLUG(.vif = "c");
    CHECK_HAS("refused", reply_to(c), "busy: 2 operations are waiting already (max_queued)");
    CHECK("no repair either",
          !engine_repair(rig.engine, "d", &(struct port_spec){.port = "d"}, REPAIR_PORT));
    rig_settle();
    c = PLUG(.vif = "c");
    rig_settle();
    CHECK_STR("once there is room", reply_to(c), "changed vhuc");
}

/* An operation that has not begun within queue_timeout is refused. */
static void test_queue_timeout(void **state)
{
    int second;

    (void)state;
    rig.settings.queue_timeout_ms = 5000;
    rig.vswitchd->silent = true;
    PLUG(.vif = "a");
    second = PLUG(.vif = "a");
    rig_run(4999);
    CHECK_STR("waits", reply_to(second), "");
    rig_run(1);
    CHECK_HAS("refused", reply_to(second), "busy: The operation waited for 5 s");
}

/* ops/show lists at most 256 operations. */
static void test_many_operations_are_shown(void **state)
{
    (void)state;
    rig.settings.max_queued = 300;
    for (int i = 0; i < 260; i++) {
        char vif[8];

        snprintf(vif, sizeof vif, "v%d", i);
        PLUG(.vif = vif);
    }
    CHECK_HAS("all", ops_show(), "260 operations\n");
    CHECK_HAS("the last", ops_show(), "plug v255,");
    CHECK("no more", !strstr(ops_show(), "plug v256,"));
    CHECK_HAS("no more", ops_show(), "and 4 more\n");
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_a_crowd_shares_a_transaction),
    RIG_TEST(test_next_is_sent_first),
    RIG_TEST(test_planning_budget),
    RIG_TEST(test_batch_budget),
    RIG_TEST(test_one_vif),
    RIG_TEST(test_pairs),
    RIG_TEST(test_slow_device_holds_back),
    RIG_TEST(test_slow_device_goes_once_quick_ones_are_done),
    RIG_TEST(test_slow_devices_go_alone),
    RIG_TEST(test_slow_device_is_no_company),
    RIG_TEST(test_second_look_shares_a_transaction),
    RIG_TEST(test_max_queued),
    RIG_TEST(test_queue_timeout),
    RIG_TEST(test_many_operations_are_shown),
};

int main(void)
{
    return RIG_MAIN(tests);
}
