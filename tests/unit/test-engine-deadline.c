/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: operations whose time is up while they wait for ovs-vswitchd, or for the kernel. */

#include "engine-harness.h"

#include <stdio.h>

#include "timeval.h"

/* vswitchd gives no verdict on a commit. */
static const struct {
    const char *what;
    enum method method;
    struct ask ask;
    enum vswitchd_state vswitchd;
    int after_ms;
    const char *told;
    const char *port; /* The type of its port then. */
} realizing[] = {
    {"plug, alive",
     METHOD_PLUG,
     {.vif = "a", .vf = 5},
     VSWITCHD_ALIVE,
     10000,
     "timeout: ovs-vswitchd has said nothing about port vfra in 10000 ms",
     "-"},
    {"plug, its own timeout",
     METHOD_PLUG,
     {.vif = "a", .vf = 5, .timeout_ms = 300},
     VSWITCHD_ALIVE,
     300,
     "timeout: ovs-vswitchd has said nothing about port vfra in 300 ms",
     "-"},
    {"plug, not known",
     METHOD_PLUG,
     {.vif = "a", .vf = 5},
     VSWITCHD_UNKNOWN,
     10000,
     "switch_unavailable: ovs-vswitchd did not confirm the change",
     "-"},
    {"plug, dies",
     METHOD_PLUG,
     {.vif = "a", .vf = 5},
     VSWITCHD_DEAD,
     10000,
     "switch_unavailable: ovs-vswitchd is not running",
     "-"},
    {"update", METHOD_UPDATE, {.vif = "b", .mtu = 9000}, VSWITCHD_ALIVE, 10000, "timeout: ", "-"},
    {"unplug", METHOD_UNPLUG, {.vif = "b"}, VSWITCHD_ALIVE, 10000, "changed", "-"},
};

static void test_realizing(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(realizing); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "b", .vf = 4);
        rig.vswitchd->silent = true;
        a = rig_ask(realizing[i].method, &realizing[i].ask);
        rig_pass();
        rig_pass();
        CHECK_HAS(realizing[i].what, ops_show(), "REALIZING");
        rig.vswitchd->state = realizing[i].vswitchd;
        rig_run(realizing[i].after_ms - 1);
        CHECK_STR(realizing[i].what, reply_to(a), "");
        rig_run(1);
        rig.vswitchd->silent = false;
        rig_settle();
        CHECK_HAS(realizing[i].what, reply_to(a), realizing[i].told);
        CHECK_STR(realizing[i].what, type_of_port("vfra"), realizing[i].port);
        CHECK_INT(realizing[i].what, rig.vswitchd->n_not_answered > 0, true);
        CHECK_INT(realizing[i].what,
                  strstr(warnings(a), "has not confirmed that the port is gone") != NULL,
                  realizing[i].method == METHOD_UNPLUG);
        CHECK_INT(realizing[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* OVSDB goes away while an operation waits for vswitchd's verdict: the engine does not judge the
 * last known rows. */
static void test_realizing_without_ovsdb(void **state)
{
    static const struct {
        int away_ms;
        const char *told;
    } rows[] = {{5000, "changed vfra"}, {20000, "timeout: "}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        a = PLUG(.vif = "a", .vf = 4);
        rig_pass();
        rig_pass();
        fake_ovs_disconnect(rig.ovs, false);
        rig_run(rows[i].away_ms);
        fake_ovs_reconnect(rig.ovs);
        rig_settle();
        CHECK_HAS("told", reply_to(a), rows[i].told);
        CHECK_STR("then", type_of_port("vfra"), rows[i].told[0] == 'c' ? "dpdk" : "-");
    }
}

/* The deadline for the verdict starts at the commit. */
static void test_deadline_begins_anew_at_commit(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4, .timeout_ms = 1000);

    (void)state;
    rig.ovs->silent = true;
    rig.vswitchd->silent = true;
    rig_run(900);
    rig.ovs->silent = false;
    rig_run(999);
    CHECK_STR("waits", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("its time is up", reply_to(a), "timeout: ");
}

/* While vswitchd starts, DPDK takes long: the operation gets vswitchd_grace in addition, once; if
 * the start was seen, until so long after it. */
static void test_grace(void **state)
{
    static const struct {
        const char *what;
        bool dpdk_wanted;
        bool dpdk_initialized;
        bool starting;
        enum vswitchd_state vswitchd;
        int started_ms; /* How long before the commit. */
        int after_ms;   /* When the operation ends. */
    } rows[] = {
        {"initializes DPDK", true, false, false, VSWITCHD_ALIVE, 0, 70000},
        {"comes up, its predecessor had done so", true, true, true, VSWITCHD_ALIVE, 0, 60000},
        {"comes up, its predecessor had none", true, false, true, VSWITCHD_ALIVE, 0, 60000},
        {"came up a while ago", true, true, true, VSWITCHD_ALIVE, 30000, 30000},
        {"has little time left", true, true, true, VSWITCHD_ALIVE, 49999, 10001},
        {"has had its time", true, true, true, VSWITCHD_ALIVE, 50000, 10000},
        {"has answered nothing for long", true, true, true, VSWITCHD_ALIVE, 3600000, 10000},
        {"has done so", true, true, false, VSWITCHD_ALIVE, 0, 10000},
        {"does not want it", false, false, true, VSWITCHD_ALIVE, 0, 10000},
        {"is dead", true, false, false, VSWITCHD_DEAD, 0, 10000},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig.ovs->globals.dpdk_wanted = rows[i].dpdk_wanted;
        rig.ovs->globals.dpdk_initialized = rows[i].dpdk_initialized;
        rig.vswitchd->silent = true;
        a = PLUG(.vif = "a", .vf = 4);
        rig_pass();
        rig_pass();
        rig.vswitchd->starting = rows[i].starting;
        rig.vswitchd->starting_since = time_msec() - rows[i].started_ms;
        rig.vswitchd->state = rows[i].vswitchd;
        rig_run(rows[i].after_ms - 1);
        CHECK_STR(rows[i].what, reply_to(a), "");
        rig_run(1);
        CHECK(rows[i].what, reply_to(a)[0]);
    }
}

/* Without a pidfile, only a new cur_cfg shows that vswitchd runs. */
static void test_did_not_answer(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4);

    (void)state;
    rig.vswitchd->has_pidfile = false;
    rig.vswitchd->silent = true;
    rig_run(10000);
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_HAS("told", reply_to(a), "switch_unavailable: ovs-vswitchd did not confirm the change");
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_STR("it answers", reply_to(a), "changed vfra");
}

/* --- The loop. --- */

static void ovsdb_is_away(void)
{
    fake_ovs_disconnect(rig.ovs, false);
}

static void ovsdb_is_silent(void)
{
    rig.ovs->silent = true;
}

static void vswitchd_is_dead(void)
{
    rig.vswitchd->state = VSWITCHD_DEAD;
}

static void vswitchd_is_silent(void)
{
    rig.vswitchd->silent = true;
}

static void vswitchd_starts(void)
{
    rig.vswitchd->silent = true;
    rig.ovs->globals.dpdk_wanted = true;
}

static void vif_is_busy(void)
{
    rig.vswitchd->silent = true;
    rig.settings.queue_timeout_ms = 5000;
    PLUG(.vif = "b", .timeout_ms = 60000);
}

static void mtu_differs(void)
{
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfrb", .mtu = 1500});
}

static void quick_one_is_silent(void)
{
    rig.profile.slow_probe = true;
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .timeout_ms = 60000);
    rig_settle();
}

static void remover_is_silent(void)
{
    PLUGGED(.vif = "b", .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true,
            .create_tap = true);
    rig.link_remover->silent = true;
}

/* Nothing but the clock wakes the loop, and it is in time. */
static void test_wakes_in_time(void **state)
{
    static const struct {
        void (*prepare)(void);
        enum method method;
        int after_ms;
        const char *told;
    } rows[] = {
        {ovsdb_is_away, METHOD_PLUG, 10000, "switch_unavailable: "},
        {ovsdb_is_silent, METHOD_PLUG, 10000, "switch_unavailable: "},
        {vswitchd_is_dead, METHOD_PLUG, 10000, "switch_unavailable: "},
        {vswitchd_is_silent, METHOD_PLUG, 10000, "timeout: "},
        {vswitchd_is_silent, METHOD_UNPLUG, 0, "unchanged"},
        {vswitchd_starts, METHOD_PLUG, 70000, "timeout: "},
        {vif_is_busy, METHOD_PLUG, 5000, "busy: "},
        {mtu_differs, METHOD_PLUG, 1000, "not_realized: "},
        {quick_one_is_silent, METHOD_PLUG, 11000, "timeout: "}, /* Committed after a second. */
        {remover_is_silent, METHOD_UNPLUG, 10000, "changed"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char row[32];
        int b;

        rig_renew();
        snprintf(row, sizeof row, "row %zu", i);
        rows[i].prepare();
        b = rig_ask(rows[i].method, &(struct ask){.vif = "b", .vf = 4, .mtu = 9000});
        rig_run(200000);
        CHECK_HAS(row, reply_to(b), rows[i].told);
        CHECK_INT(row, rig.replies[b].times.total, 1000LL * rows[i].after_ms);
    }
}

/* OVSDB does not reply to a transaction that is no operation's. Operations end in time all the
 * same. */
static void test_another_transaction_hangs(void **state)
{
    static const struct {
        int timeout_ms;
        int after_ms;
    } rows[] = {{10000, 10000}, {5000, 5000}, {1000, 2001}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char row[32];
        int a;

        rig_renew();
        snprintf(row, sizeof row, "row %zu", i);
        rig.ovs->silent = true;
        ovs_txn_start(rig.ovs);
        ovs_txn_commit(rig.ovs, "another's");
        a = PLUG(.vif = "a", .vf = 4, .timeout_ms = rows[i].timeout_ms);
        rig_run(200000);
        CHECK_HAS(row, reply_to(a), "switch_unavailable: OVSDB at unix:fake.sock does not reply");
        CHECK_INT(row, rig.replies[a].times.total, 1000LL * rows[i].after_ms);
    }
}

/* --- vswitchd is known to be dead. --- */

/* Plugs that need vswitchd wait, and write nothing; other operations continue. */
static void test_dead(void **state)
{
    static const struct {
        const char *what;
        enum method method;
        struct ask ask;
        const char *told; /* At once; or "". */
        int n_transactions;
    } rows[] = {
        {"plug", METHOD_PLUG, {.vif = "a", .vf = 5}, "", 0},
        {"committed will do",
         METHOD_PLUG,
         {.vif = "a", .vf = 5, .wait = WAIT_COMMITTED},
         "changed vfra",
         1},
        {"update", METHOD_UPDATE, {.vif = "b", .mtu = 9000}, "", 0},
        {"only limits, as they are", METHOD_UPDATE, {.vif = "b"}, "unchanged vfrb", 0},
        {"unplug", METHOD_UNPLUG, {.vif = "b"}, "changed", 1},
        {"no port",
         METHOD_PLUG,
         {.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0", .bridge = "br1"},
         "changed tap0 (not on record)",
         1},
        {"a netdev that comes later",
         METHOD_PLUG,
         {.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true},
         "changed tap0",
         1},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "b", .vf = 4);
        rig.vswitchd->state = VSWITCHD_DEAD;
        a = rig_ask(rows[i].method, &rows[i].ask);
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(a), rows[i].told);
        CHECK_INT(rows[i].what, engine_counters(rig.engine)->transactions,
                  1 + rows[i].n_transactions);
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), rows[i].told[0] == '\0');
    }
}

static void test_dead_until_the_deadline(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4);

    (void)state;
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_run(9999);
    CHECK_HAS("waits", ops_show(), "plug a, QUEUED for ovs-vswitchd");
    CHECK_STR("waits", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("told", reply_to(a), "switch_unavailable: ovs-vswitchd is not running");
    CHECK_INT("nothing was written", engine_counters(rig.engine)->transactions, 0);
}

static void test_dead_and_back(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4);

    (void)state;
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_run(5000);
    rig.vswitchd->state = VSWITCHD_ALIVE;
    rig_settle();
    CHECK_STR("done", reply_to(a), "changed vfra");
}

/* vswitchd comes back too late for an operation that has begun: the first step of its replacement
 * was committed. */
static void test_dead_after_the_first_step(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    a = PLUG(.vif = "a", .vf = 5);
    rig_pass_until_type("vfra", TYPE_DETACHED);
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_run(9999);
    CHECK_STR("waits", reply_to(a), "");
    CHECK_HAS("waits", ops_show(), "plug a, QUEUED for ovs-vswitchd");
    rig_run(1);
    CHECK_HAS("told", reply_to(a), "switch_unavailable: ovs-vswitchd is not running");
    rig_settle();
    CHECK_STR("back", type_of_port("vfra"), "dpdk");
    CHECK_STR("back", option_of("vfra", "dpdk-devargs"), "0000:65:00.0,representor=[4]");
}

/* --- The kernel. --- */

static void test_clearing(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true,
            .create_tap = true);
    rig.link_remover->silent = true;
    a = UNPLUG(.vif = "a");
    rig_run(9999);
    CHECK_HAS("waits", ops_show(), "unplug a, CLEARING for the kernel to remove the VIF's links");
    CHECK_STR("waits", reply_to(a), "");
    rig_run(1);
    CHECK_STR("told", reply_to(a), "changed");
    CHECK_HAS("told", warnings(a), "the kernel has not removed the VIF's links yet");
    rig.link_remover->silent = false;
    rig_settle();
    CHECK("later", !fake_link(rig.links, "tap0"));
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_realizing),
    RIG_TEST(test_realizing_without_ovsdb),
    RIG_TEST(test_deadline_begins_anew_at_commit),
    RIG_TEST(test_grace),
    RIG_TEST(test_did_not_answer),
    RIG_TEST(test_wakes_in_time),
    RIG_TEST(test_another_transaction_hangs),
    RIG_TEST(test_dead),
    RIG_TEST(test_dead_until_the_deadline),
    RIG_TEST(test_dead_and_back),
    RIG_TEST(test_dead_after_the_first_step),
    RIG_TEST(test_clearing),
};

int main(void)
{
    return RIG_MAIN(tests);
}
