/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher: when it reports that a VIF is plugged, if its plug ended before vswitchd's verdict.
 */

#include "engine-harness.h"

#include <stdio.h>

#define COMMITTED .vif = "a", .vf = 4, .mtu = 1500, .wait = WAIT_COMMITTED

static struct fake_port *port(void)
{
    return fake_port(rig.ovs, "vfra");
}

static void set_switch(enum vswitchd_state state)
{
    rig.vswitchd->state = state;
    rig_run(1000);
}

/* Begins with a VIF that was plugged while vswitchd is dead. */
static void plug_beside_dead_switch(void)
{
    int a;

    rig_watch();
    rig_settle();
    set_switch(VSWITCHD_DEAD);
    a = PLUG(COMMITTED);
    rig_run(1000);
    CHECK_STR("plugged", reply_to(a), "changed vfra");
    CHECK_STR("ended", told(rig.ended), "a committed");
    CHECK_STR("not told yet", told(rig.events), "vswitchd down");
}

static void test_dead_switch(void **state)
{
    (void)state;
    plug_beside_dead_switch();
    rig_run(60000);
    CHECK_STR("not told yet", rig.events, "");
    set_switch(VSWITCHD_ALIVE);
    CHECK_STR("once vswitchd has it", told(rig.events), "vswitchd up, a plugged");
    fake_ovs_touch(rig.ovs, port());
    rig_run(1000);
    CHECK_STR("once", rig.events, "");
}

/* What vswitchd wrote before it died again is told when it is back. */
static void test_switch_dies_again(void **state)
{
    (void)state;
    plug_beside_dead_switch();
    fake_port_say(port(), 7, 1500, NULL);
    fake_ovs_touch(rig.ovs, port());
    rig_run(1000);
    CHECK_STR("not told yet", rig.events, "");
    set_switch(VSWITCHD_ALIVE);
    CHECK_STR("told", told(rig.events), "vswitchd up, a plugged");
}

static void test_late_switch(void **state)
{
    (void)state;
    rig_watch();
    rig_settle();
    rig.vswitchd->silent = true;
    PLUG(COMMITTED, .timeout_ms = 3000);
    rig_run(10000);
    CHECK_STR("too late", told(rig.events), "a changed");
    rig.vswitchd->silent = false;
    rig_run(1000);
    CHECK_STR("comes up", told(rig.events), "a plugged");
}

/* The plug failed; nobody is told that it has succeeded before the error has ended. */
static void test_error_first(void **state)
{
    (void)state;
    plug_beside_dead_switch();
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no", .times = 1});
    set_switch(VSWITCHD_ALIVE);
    CHECK_STR("failed", told(rig.events), "vswitchd up, a failed (error: '' is 'no')");
    fake_port_say(port(), 7, 1500, NULL);
    fake_ovs_touch(rig.ovs, port());
    rig_run(1000);
    CHECK_STR("comes up", told(rig.events), "a plugged, a changed");
}

static void test_drift_first(void **state)
{
    (void)state;
    plug_beside_dead_switch();
    port()->mtu_request = 2000;
    fake_ovs_touch(rig.ovs, port());
    rig_run(1000);
    CHECK_STR("drifted", told(rig.events), "a drifted (mtu_request: '1500' is '2000')");
    set_switch(VSWITCHD_ALIVE);
    CHECK_STR("comes up", told(rig.events),
              "vswitchd up, a plugged (mtu_request: '1500' is '2000')");
}

static void test_unplugged_first(void **state)
{
    (void)state;
    plug_beside_dead_switch();
    UNPLUG(.vif = "a");
    rig_run(1000);
    CHECK_STR("unplugged", told(rig.events), "a unplugged");
    set_switch(VSWITCHD_ALIVE);
    CHECK_STR("nothing", told(rig.events), "vswitchd up");
}

/* Another plug of the VIF, before vswitchd has its port. */
static void test_replugged_first(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        const char *told; /* While vswitchd is dead. */
    } rows[] = {
        {"the same", {COMMITTED}, ""},
        {"a change", {.vif = "a", .vf = 4, .mtu = 2000, .wait = WAIT_COMMITTED}, "a changed"},
        {"a change that is undone", {.vif = "a", .vf = 4, .mtu = 2000, .timeout_ms = 3000}, ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        rig_renew();
        plug_beside_dead_switch();
        rig_ask(METHOD_PLUG, &rows[i].ask);
        rig_run(10000);
        CHECK_STR(rows[i].what, told(rig.events), rows[i].told);
        set_switch(VSWITCHD_ALIVE);
        CHECK_STR(rows[i].what, told(rig.events), "vswitchd up, a plugged");
    }
}

/* A plug that gets the verdict reports that the VIF is plugged, as the first plug would have. */
static void test_verdict_of_another_plug(void **state)
{
    (void)state;
    plug_beside_dead_switch();
    rig.vswitchd->state = VSWITCHD_ALIVE;
    PLUG(.vif = "a", .vf = 4, .mtu = 2000);
    rig_run(1000);
    CHECK_STR("told once", told(rig.events), "vswitchd up, a plugged");
}

/* A VIF that was told as plugged before is not told again. */
static void test_change_of_what_is_plugged(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 2000);
    set_switch(VSWITCHD_DEAD);
    PLUG(COMMITTED);
    rig_run(1000);
    set_switch(VSWITCHD_ALIVE);
    CHECK_STR("told", told(rig.events), "vswitchd down, a changed, vswitchd up");
}

/* vswitchd has no part in a port whose netdev another program makes. */
static void test_netdev_to_come(void **state)
{
    (void)state;
    rig_watch();
    rig_settle();
    set_switch(VSWITCHD_DEAD);
    PLUG(.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0", .bridge = "sys0", .create_port = true);
    rig_run(1000);
    CHECK_STR("told", told(rig.events), "vswitchd down, a plugged");
}

/* OVSDB shows the next daemon that vswitchd never had the port. */
static void test_daemon_restarts(void **state)
{
    static const struct {
        const char *what;
        const char *boot_id;
        const char *told;
    } rows[] = {
        {"this boot", BOOT_ID, "vswitchd up, a plugged"},
        {"an earlier boot", "boot-0", "vswitchd up"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        rig_renew();
        plug_beside_dead_switch();
        smap_replace(&port()->external_ids, KEY_BOOT_ID, rows[i].boot_id);
        rig_restart();
        rig_run(1000);
        CHECK_STR("not told yet", told(rig.events), "");
        set_switch(VSWITCHD_ALIVE);
        CHECK_STR(rows[i].what, told(rig.events), rows[i].told);
    }
}

static void test_daemon_restarts_later(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    rig_restart();
    rig_run(1000);
    fake_ovs_touch(rig.ovs, port());
    rig_run(1000);
    CHECK_STR("was told before", rig.events, "");
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_dead_switch),
    RIG_TEST(test_switch_dies_again),
    RIG_TEST(test_late_switch),
    RIG_TEST(test_error_first),
    RIG_TEST(test_drift_first),
    RIG_TEST(test_unplugged_first),
    RIG_TEST(test_replugged_first),
    RIG_TEST(test_verdict_of_another_plug),
    RIG_TEST(test_change_of_what_is_plugged),
    RIG_TEST(test_netdev_to_come),
    RIG_TEST(test_daemon_restarts),
    RIG_TEST(test_daemon_restarts_later),
};

int main(void)
{
    return RIG_MAIN(tests);
}
