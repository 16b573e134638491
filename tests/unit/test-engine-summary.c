/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: each operation is summed up once, whatever its end. */

#include "engine-harness.h"

#include "timeval.h"

static void test_ends(void **state)
{
    (void)state;
    PLUG(.vif = "a", .vf = 4, .instance = "vm-1", .address = MAC);
    rig_settle();
    CHECK_STR("done", told(rig.summed_up), "plug a done br0 vfra of vm-1");
    PLUG(.vif = "a", .vf = 4, .instance = "vm-1", .address = MAC);
    rig_settle();
    CHECK_STR("nothing to do", told(rig.summed_up), "plug a unchanged br0 vfra of vm-1");
    UPDATE(.vif = "a", .mtu = 1400);
    rig_run(1000);
    CHECK_STR("update", told(rig.summed_up), "update a done br0 vfra of vm-1");
    PLUG(.vif = "b", .vf = 4, .instance = "vm-1");
    rig_settle();
    CHECK_STR("refused", told(rig.summed_up), "plug b failed br0 vfrb of vm-1 vf_in_use");
    PLUG(.vif = "b", .vf = 5, .instance = "vm-1", .dry_run = true);
    rig_settle();
    CHECK_STR("dry run", told(rig.summed_up), "dry plug b dry_run br0 vfrb of vm-1");
    UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("unplug", told(rig.summed_up), "unplug a done br0 vfra of vm-1");
    UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("of nothing", told(rig.summed_up), "unplug a unchanged br0 ");
}

/* An undo is part of its operation. */
static void test_undone(void **state)
{
    (void)state;
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no"});
    PLUG(.vif = "a", .vf = 4, .instance = "vm-1");
    rig_settle();
    CHECK_STR("once", told(rig.summed_up), "plug a failed br0 vfra of vm-1 not_realized");
}

/* A plug that is only followed up ends when the next operation on the VIF begins. */
static void test_superseded(void **state)
{
    (void)state;
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .vf = 4, .instance = "vm-1", .wait = WAIT_COMMITTED);
    rig_settle();
    CHECK_STR("not yet", told(rig.summed_up), "");
    UNPLUG(.vif = "a", .wait = WAIT_COMMITTED);
    rig_settle();
    CHECK_STR("both", told(rig.summed_up),
              "plug a superseded br0 vfra of vm-1, unplug a done br0 vfra of vm-1");
}

/* The daemon stops: what has not ended is told too. */
static void test_stop(void **state)
{
    (void)state;
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .vf = 4, .instance = "vm-1");
    PLUG(.vif = "c", .vf = 6, .instance = "vm-3", .wait = WAIT_COMMITTED);
    rig_settle();
    engine_drain(rig.engine, time_msec() + 1000);
    CHECK_STR("committed", told(rig.summed_up), "plug c unfinished br0 vfrc of vm-3");
    engine_abandon(rig.engine);
    CHECK_STR("cut off", told(rig.summed_up), "plug a unfinished br0 vfra of vm-1 timeout");
}

/* Refused at its deadline while OVSDB does not reply; its end comes later, and is told once. */
static void test_refused_before_its_end(void **state)
{
    int a;

    (void)state;
    rig.ovs->silent = true;
    a = PLUG(.vif = "a", .vf = 4, .instance = "vm-1", .timeout_ms = 1000);
    rig_run(4000);
    CHECK_HAS("refused", reply_to(a), "switch_unavailable");
    CHECK_STR("not its end", told(rig.summed_up), "");
    rig.ovs->silent = false;
    rig_run(1000);
    CHECK_STR("its end", told(rig.summed_up), "plug a failed br0 vfra of vm-1 switch_unavailable");
}

static size_t n_listed;

static void list(const struct op_summary *summary, void *aux)
{
    n_listed++;
    CHECK_STR("under way", op_end_name(summary->end), "under_way");
    CHECK_STR("aux", aux, "aux");
    CHECK_HAS("what it waits for", summary->waits_for,
              !strcmp(summary->vif_id, "a") ? "ovs-vswitchd (cur_cfg" : "operation ");
}

static void test_under_way(void **state)
{
    char aux[] = "aux";

    (void)state;
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .vf = 4, .instance = "vm-1");
    rig_settle();
    CHECK_INT("one", (int64_t)engine_for_each_op(rig.engine, 10, list, aux), 1);
    CHECK_INT("one", (int64_t)n_listed, 1);
    PLUG(.vif = "b", .vf = 5, .instance = "vm-1");
    PLUG(.vif = "c", .vf = 6, .instance = "vm-1");
    rig_settle();
    n_listed = 0;
    CHECK_INT("all", (int64_t)engine_for_each_op(rig.engine, 0, list, aux), 3);
    CHECK_INT("none shown", (int64_t)n_listed, 0);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_ends),
    RIG_TEST(test_undone),
    RIG_TEST(test_superseded),
    RIG_TEST(test_stop),
    RIG_TEST(test_refused_before_its_end),
    RIG_TEST(test_under_way),
};

int main(void)
{
    return RIG_MAIN(tests);
}
