/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher: reverts changes by other programs (repair = yes), and when it does not. */

#include "engine-harness.h"

#include <stdio.h>

#define TAP .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true, .create_tap = true

static struct fake_port *port(void)
{
    return fake_port(rig.ovs, "vfra");
}

static void change_mtu(int mtu)
{
    port()->mtu_request = mtu;
    fake_ovs_touch(rig.ovs, port());
}

static void start(void)
{
    rig.settings.repair = true;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
}

static void test_changed(void **state)
{
    (void)state;
    start();
    change_mtu(2000);
    rig_run(250);
    CHECK_INT("put right", port()->mtu_request, 1500);
    rig_run(250);
    CHECK_STR("told", told(rig.events), "a drifted (mtu_request: '1500' is '2000'), a changed");
    CHECK_STR("ended", told(rig.ended), "a repaired");
    rig_run(20000);
    CHECK_STR("once", rig.events, "");
}

/* A plug that failed does not change what is expected, so what it found is still to be repaired. */
static void test_changed_before_an_undo(void **state)
{
    (void)state;
    start();
    rig.settings.repair = false;
    change_mtu(2000);
    rig_run(250);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no", .times = 1});
    PLUG(.vif = "a", .vf = 4, .mtu = 9000);
    rig.settings.repair = true;
    rig_run(20000);
    CHECK_STR("ended", told(rig.ended), "a undone, a repaired");
    CHECK_INT("put right", port()->mtu_request, 1500);
    CHECK_STR("told", told(rig.events), "a drifted (mtu_request: '1500' is '2000'), a changed");
}

static void test_removed(void **state)
{
    (void)state;
    start();
    fake_remove_port(rig.ovs, "vfra");
    rig_run(500);
    CHECK_STR("brought back", type_of_port("vfra"), "dpdk");
    CHECK_STR("told", told(rig.events), "a drifted (port: 'vfra' is ''), a changed");
}

static void test_link(void **state)
{
    (void)state;
    rig.settings.repair = true;
    PLUGGED(.vif = "a", TAP);
    fake_link(rig.links, "tap0")->facts.multiqueue = true;
    snprintf(fake_link(rig.links, "tap0")->facts.address, VIF_MAC_LEN, "fa:16:3e:00:00:0a");
    rig_watch();
    rig_run(1000);
    fake_remove_link(rig.links, "tap0");
    rig_run(1000);
    CHECK("made again", fake_link(rig.links, "tap0"));
    CHECK("with its queues", fake_link(rig.links, "tap0")->facts.multiqueue);
    CHECK_STR("with its MAC", fake_link(rig.links, "tap0")->facts.address, "fa:16:3e:00:00:0a");
    CHECK_STR("told", told(rig.events), "a drifted (link: 'tap0' is ''), a changed");
}

/* A tap that was removed while the daemon was stopped is made again as it was plugged. */
static void test_link_at_the_start(void **state)
{
    struct fake_port *tap;

    (void)state;
    rig.settings.repair = true;
    PLUGGED(.vif = "a", TAP, .address = MAC, .mtu = 9000);
    tap = fake_port(rig.ovs, "tap0");
    smap_replace(&tap->external_ids, KEY_MULTIQUEUE, "true");
    fake_remove_link(rig.links, "tap0");
    rig.links->n_events = 0;
    fake_port_say(tap, -1, 0, "could not open network device tap0 (No such device)");
    rig_watch();
    rig_run(1000);
    CHECK("made again", fake_link(rig.links, "tap0"));
    CHECK("with its queues", fake_link(rig.links, "tap0")->facts.multiqueue);
    CHECK_STR("with its MAC", fake_link(rig.links, "tap0")->facts.address, MAC);
    CHECK_INT("with its MTU", fake_link(rig.links, "tap0")->facts.mtu, 9000);
    CHECK("works", fake_port(rig.ovs, "tap0")->ofport > 0);
    CHECK_STR("told", told(rig.events), "a drifted (link: 'tap0' is ''), a changed");
}

/* The links are where vswitchd is: the row is put right, and no link is made here. */
static void test_row_in_another_network_namespace(void **state)
{
    struct fake_port *tap;

    (void)state;
    rig.settings.repair = true;
    PLUGGED(.vif = "a", TAP);
    rig_watch();
    rig_run(1000);
    rig.vswitchd->elsewhere = true;
    fake_remove_link(rig.links, "tap0");
    rig_run(1000);
    rig.links->log[0] = '\0';
    tap = fake_port(rig.ovs, "tap0");
    smap_replace(&tap->external_ids, "attached-mac", "fa:16:3e:00:00:0b");
    fake_ovs_touch(rig.ovs, tap);
    rig_run(1000);
    CHECK("put right", strcmp(id_of("tap0", "attached-mac"), "fa:16:3e:00:00:0b") != 0);
    CHECK_STR("nothing is made", rig.links->log, "");
}

/* The watcher forgets a VIF that it cannot restore. */
static void test_removed_and_taken(void **state)
{
    (void)state;
    start();
    fake_remove_port(rig.ovs, "vfra");
    fake_add_port(rig.ovs, "vfra", "br0", "internal");
    rig_run(60000);
    CHECK_STR("told", told(rig.events), "a drifted (port: 'vfra' is '')");
    CHECK_STR("three times", told(rig.ended), "a nothing, a nothing, a nothing");
    CHECK_STR("stays", type_of_port("vfra"), "internal");
}

/* A program that repeats its change wins: the watcher makes three repairs, with pauses of 2 s. */
static void test_gives_up(void **state)
{
    (void)state;
    start();
    change_mtu(2000);
    rig_run(250);
    for (int i = 1; i < WATCH_REPAIRS_MAX; i++) {
        change_mtu(2000);
        rig_run(1999);
        CHECK_INT("pause", port()->mtu_request, 2000);
        rig_run(1);
        CHECK_INT("put right", port()->mtu_request, 1500);
    }
    change_mtu(2000);
    rig_run(30000);
    CHECK_INT("left as it is", port()->mtu_request, 2000);
    told(rig.events);
    PLUG(.vif = "a", .vf = 4, .mtu = 1500);
    rig_run(3000);
    told(rig.events);
    change_mtu(2000);
    rig_run(250);
    CHECK_INT("until the next plug", port()->mtu_request, 1500);
}

/* What somebody plugs is put right at once, whatever was repaired before. */
static void test_plug_ends_the_pause(void **state)
{
    (void)state;
    start();
    change_mtu(2000);
    rig_run(250);
    PLUG(.vif = "a", .vf = 4, .mtu = 1600);
    rig_run(250);
    change_mtu(2000);
    rig_run(250);
    CHECK_INT("put right", port()->mtu_request, 1600);
}

/* The count starts again after a minute without a repair. */
static void test_forgets(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 2 * WATCH_REPAIRS_MAX; i++) {
        change_mtu(2000);
        rig_run(250);
        CHECK_INT("put right", port()->mtu_request, 1500);
        rig_run(63000);
    }
}

/* If a port fails, a repair makes vswitchd try it again. */
static void test_error(void **state)
{
    (void)state;
    start();
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no", .times = 2});
    fake_port_say(port(), -1, 0, "no");
    fake_ovs_touch(rig.ovs, port());
    rig_run(60000);
    CHECK("works", port()->ofport > 0);
    CHECK_STR("told", told(rig.events), "a failed (error: '' is 'no'), a changed");
}

static void test_hopeless_error(void **state)
{
    (void)state;
    start();
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no"});
    fake_port_say(port(), -1, 0, "no");
    fake_ovs_touch(rig.ovs, port());
    rig_run(60000);
    CHECK_STR("told", told(rig.events), "a failed (error: '' is 'no')");
    CHECK_STR("three times", told(rig.ended), "a nothing, a nothing, a nothing");
}

/* A hand-over that does not end is an error like any other. */
static void test_hopeless_hand_over(void **state)
{
    static const char text[] = "device '4' which is already in use by 'vfrb'";

    (void)state;
    start();
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = text});
    fake_port_say(port(), -1, 0, text);
    fake_ovs_touch(rig.ovs, port());
    rig_run(120000);
    CHECK_STR("told", told(rig.events),
              "a failed (error: '' is 'device '4' which is already in use by 'vfrb'')");
    CHECK_STR("three times", told(rig.ended), "a unrecovered, a nothing, a nothing, a nothing");
}

/* The watcher does not restore a VIF of an earlier boot: the program that served its socket has
 * ended. */
static void test_stale(void **state)
{
    (void)state;
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    smap_replace(&port()->external_ids, KEY_BOOT_ID, "boot-0");
    rig.settings.repair = true;
    rig_watch();
    rig_settle();
    change_mtu(2000);
    rig_run(20000);
    CHECK_STR("told", told(rig.events), "a drifted (mtu_request: '1500' is '2000')");
    CHECK_INT("stays", port()->mtu_request, 2000);
    fake_remove_port(rig.ovs, "vfra");
    rig_run(20000);
    CHECK_STR("stays", type_of_port("vfra"), "-");
}

/* A port that a killed daemon left between the steps of a replacement, and that somebody removes
 * before that is finished: it is not brought back half way. */
static void test_removed_while_it_is_recovered(void **state)
{
    (void)state;
    start();
    snprintf(port()->type, sizeof port()->type, "%s", TYPE_DETACHED);
    rig_restart();
    rig_pass();
    fake_remove_port(rig.ovs, "vfra");
    rig_run(60000);
    CHECK("not half way", strcmp(type_of_port("vfra"), TYPE_DETACHED) != 0);
}

/* Another program moves the port and removes its bridge: the repair makes the bridge if
 * the settings allow that, else it waits for the bridge, however long. */
static void test_bridge_is_gone(void **state)
{
    (void)state;
    for (int create_bridges = 0; create_bridges < 2; create_bridges++) {
        const char *what = create_bridges ? "makes it" : "waits for it";

        rig_renew();
        fake_add_bridge(rig.ovs, "br1", "netdev");
        start();
        rig.settings.create_bridges = create_bridges;
        snprintf(port()->bridge, sizeof port()->bridge, "br1");
        fake_remove_bridge(rig.ovs, "br0");
        fake_ovs_touch(rig.ovs, port());
        rig_run(20000);
        CHECK_INT(what, fake_bridge(rig.ovs, "br0") != NULL, create_bridges);
        CHECK_STR(what, port()->bridge, create_bridges ? "br0" : "br1");
        CHECK_STR(what, told(rig.ended), create_bridges ? "a repaired" : "");
        if (!create_bridges) {
            fake_add_bridge(rig.ovs, "br0", "netdev");
            rig_run(3000);
            CHECK_STR("the bridge is back", port()->bridge, "br0");
        }
    }
}

/* The bridge goes between the watcher's check and the repair's plan. */
static void test_bridge_goes_before_the_repair(void **state)
{
    (void)state;
    fake_add_bridge(rig.ovs, "br1", "netdev");
    start();
    rig.settings.create_bridges = false;
    snprintf(port()->bridge, sizeof port()->bridge, "br1");
    rig.ovs->bridges_changed = true;
    rig_run_until("repair a");
    fake_remove_bridge(rig.ovs, "br0");
    rig_run(20000);
    CHECK("is not made", !fake_bridge(rig.ovs, "br0"));
    CHECK_STR("stays", port()->bridge, "br1");
    CHECK_INT("nothing is left", engine_n_ops(rig.engine), 0);
}

/* Too many operations wait: the watcher tries again. */
static void test_no_room(void **state)
{
    (void)state;
    start();
    rig.settings.max_queued = 0;
    change_mtu(2000);
    rig_run(2249);
    CHECK_INT("waits", port()->mtu_request, 2000);
    rig.settings.max_queued = 64;
    rig_run(1);
    CHECK_INT("put right", port()->mtu_request, 1500);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_changed),
    RIG_TEST(test_changed_before_an_undo),
    RIG_TEST(test_removed),
    RIG_TEST(test_link),
    RIG_TEST(test_link_at_the_start),
    RIG_TEST(test_row_in_another_network_namespace),
    RIG_TEST(test_removed_and_taken),
    RIG_TEST(test_gives_up),
    RIG_TEST(test_plug_ends_the_pause),
    RIG_TEST(test_forgets),
    RIG_TEST(test_error),
    RIG_TEST(test_hopeless_error),
    RIG_TEST(test_hopeless_hand_over),
    RIG_TEST(test_stale),
    RIG_TEST(test_removed_while_it_is_recovered),
    RIG_TEST(test_bridge_is_gone),
    RIG_TEST(test_bridge_goes_before_the_repair),
    RIG_TEST(test_no_room),
};

int main(void)
{
    return RIG_MAIN(tests);
}
