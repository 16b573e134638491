/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher: a database that was lost, and VIFs that are missing. */

#include "engine-harness.h"

#include <stdio.h>
#include <string.h>

#define A_MISSING "a drifted (port: 'vfra' is '')"

/* A VIF on the card, and one with a socket on a bridge of its own. */
static void start(void)
{
    rig.settings.restore = true;
    rig.settings.create_bridges = true;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    PLUGGED(.vif = "b", .bridge = "br1");
    told(rig.events);
    told(rig.ended);
}

/* OVSDB goes and comes back, with what `change` makes of it. */
static void lose(void (*change)(void))
{
    fake_ovs_disconnect(rig.ovs, false);
    rig_settle();
    if (change) {
        change();
    }
    fake_ovs_reconnect(rig.ovs);
}

static void empty(void)
{
    fake_remove_bridge(rig.ovs, "br0");
    fake_remove_bridge(rig.ovs, "br1");
    fake_remove_bridge(rig.ovs, "sys0");
}

static void older(void)
{
    fake_port(rig.ovs, "vfra")->mtu_request = 1300;
}

static void without_a(void)
{
    fake_remove_port(rig.ovs, "vfra");
}

static void with_a_stranger(void)
{
    without_a();
    fake_add_port(rig.ovs, "vfra", "br0", "internal");
}

static void without_trunk(void)
{
    fake_remove_bridge(rig.ovs, "tbr-1");
}

static void test_emptied(void **state)
{
    (void)state;
    start();
    lose(empty);
    rig_run(1000);
    CHECK_STR("a", type_of_port("vfra"), "dpdk");
    CHECK("the bridges", fake_bridge(rig.ovs, "br0") && fake_bridge(rig.ovs, "br1"));
    CHECK_STR("of its type", fake_bridge(rig.ovs, "br1")->datapath_type, "netdev");
    CHECK_INT("nothing is missing", (int)watch_n_missing(rig.watch), 0);
    CHECK_HAS("told", rig.events, A_MISSING);
    CHECK_HAS("and its end", told(rig.events), "a changed");
    rig_run(60000);
    CHECK_HAS("once", rig.ended, "a repaired");
    CHECK_INT("each", (int)strlen(rig.ended), (int)strlen("a repaired, b repaired"));
}

static void test_only_if_asked(void **state)
{
    (void)state;
    start();
    rig.settings.restore = false;
    lose(empty);
    rig_run(60000);
    CHECK_STR("stays", type_of_port("vfra"), "-");
    CHECK_INT("known", (int)watch_n_missing(rig.watch), 2);
    CHECK_STR("not tried", rig.ended, "");
}

/* What another program removes from a database that is there is not lost. */
static void test_removed_by_hand(void **state)
{
    (void)state;
    start();
    without_a();
    rig_run(60000);
    CHECK_STR("stays", type_of_port("vfra"), "-");
    CHECK_INT("known", (int)watch_n_missing(rig.watch), 1);
    lose(NULL);
    rig_run(60000);
    CHECK_STR("nor when OVSDB was away after that", type_of_port("vfra"), "-");
}

/* What another program has changed stays if OVSDB comes back with it, and if OVSDB comes back
 * without the VIF, the VIF is lost. */
static void test_changed_by_hand(void **state)
{
    (void)state;
    start();
    older();
    fake_ovs_touch(rig.ovs, fake_port(rig.ovs, "vfra"));
    rig_run(1000);
    lose(NULL);
    rig_run(60000);
    CHECK_INT("stays", fake_port(rig.ovs, "vfra")->mtu_request, 1300);
    lose(without_a);
    rig_run(1000);
    CHECK_INT("as it was plugged", fake_port(rig.ovs, "vfra")->mtu_request, 1500);
}

/* A loss that was not made good before the next one. */
static void test_lost_twice(void **state)
{
    (void)state;
    start();
    rig.settings.create_bridges = false;
    lose(empty);
    rig_run(1000);
    lose(NULL);
    rig_run(1000);
    fake_add_bridge(rig.ovs, "br0", "netdev");
    rig.ovs->bridges_changed = true;
    rig_run(2000);
    CHECK_STR("there", type_of_port("vfra"), "dpdk");
}

static void test_older(void **state)
{
    (void)state;
    start();
    lose(older);
    rig_run(1000);
    CHECK_INT("the value", fake_port(rig.ovs, "vfra")->mtu_request, 1500);
    CHECK_STR("told", told(rig.events),
              "ovsdb down, ovsdb up, a drifted (mtu_request: '1500' is '1300'), a changed");
}

/* A database that comes back as it was changes nothing, and what is changed later is not lost. */
static void test_unchanged(void **state)
{
    (void)state;
    start();
    lose(NULL);
    rig_run(1000);
    CHECK_STR("nothing to do", rig.ended, "");
    older();
    fake_ovs_touch(rig.ovs, fake_port(rig.ovs, "vfra"));
    rig_run(20000);
    CHECK_INT("changed by hand", fake_port(rig.ovs, "vfra")->mtu_request, 1300);
}

static void test_stranger_in_the_place(void **state)
{
    (void)state;
    start();
    lose(with_a_stranger);
    rig_run(60000);
    CHECK_STR("stays", type_of_port("vfra"), "internal");
    CHECK_INT("missing", (int)watch_n_missing(rig.watch), 1);
}

/* vswitchd may connect seconds after the daemon, and keeps what it has of a missing port until
 * then. */
static void test_place_that_is_free_later(void **state)
{
    (void)state;
    start();
    lose(with_a_stranger);
    rig_run(9000);
    fake_remove_port(rig.ovs, "vfra");
    rig_run(3000);
    CHECK_STR("there", type_of_port("vfra"), "dpdk");
}

/* Each VIF of the first half lost its port to another program, and its VF to one of the second. */
static void test_first_who_had_it(void **state)
{
    static const char *const lost[] = {"c", "e", "g", "i", "k", "m"};
    static const char *const had[] = {"d", "f", "h", "j", "l", "n"};
    char port[16];

    (void)state;
    start();
    for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
        PLUGGED(.vif = lost[i], .vf = 5 + (int)i);
        snprintf(port, sizeof port, "vfr%s", lost[i]);
        fake_remove_port(rig.ovs, port);
        rig_run(1000);
        PLUGGED(.vif = had[i], .vf = 5 + (int)i);
    }
    lose(empty);
    rig_run(60000);
    for (size_t i = 0; i < ARRAY_SIZE(had); i++) {
        snprintf(port, sizeof port, "vfr%s", had[i]);
        CHECK_STR(had[i], type_of_port(port), "dpdk");
    }
    CHECK_INT("the others stay away", (int)watch_n_missing(rig.watch), (int)ARRAY_SIZE(lost));
}

/* Neutron's clean-up of trunks reads the bridge's name from the port. */
static void test_trunk(void **state)
{
    (void)state;
    rig.settings.restore = rig.settings.create_bridges = true;
    rig_watch();
    PLUGGED(.vif = "t", .bridge = "tbr-1");
    lose(without_trunk);
    rig_run(1000);
    CHECK_STR("its bridge's name",
              smap_get_def(&fake_port(rig.ovs, "vhut")->external_ids, KEY_BRIDGE_NAME, "-"),
              "tbr-1");
}

/* Without create_bridges, the ports wait for their bridge. */
static void test_waits_for_the_bridge(void **state)
{
    (void)state;
    start();
    rig.settings.create_bridges = false;
    lose(empty);
    rig_run(60000);
    CHECK_STR("not tried", rig.ended, "");
    fake_add_bridge(rig.ovs, "br0", "netdev");
    rig.ovs->bridges_changed = true;
    rig_run(2000);
    CHECK_STR("there", type_of_port("vfra"), "dpdk");
    CHECK_INT("the other waits", (int)watch_n_missing(rig.watch), 1);
}

/* repair = yes makes a removed port again, but not a bridge that somebody removed. */
static void test_repair_waits_for_the_bridge(void **state)
{
    (void)state;
    start();
    rig.settings.restore = false;
    rig.settings.repair = true;
    fake_remove_bridge(rig.ovs, "br0");
    rig_run(60000);
    CHECK("no bridge", !fake_bridge(rig.ovs, "br0"));
    fake_add_bridge(rig.ovs, "br0", "netdev");
    rig.ovs->bridges_changed = true;
    rig_run(2000);
    CHECK_STR("there", type_of_port("vfra"), "dpdk");
}

static void test_unplugged_while_away(void **state)
{
    int asked;

    (void)state;
    start();
    fake_ovs_disconnect(rig.ovs, false);
    asked = UNPLUG(.vif = "a");
    rig_settle();
    empty();
    fake_ovs_reconnect(rig.ovs);
    rig_run(60000);
    CHECK_STR("done", reply_to(asked), "unchanged");
    CHECK_STR("stays away", type_of_port("vfra"), "-");
    CHECK_HAS("told", told(rig.events), "a unplugged");
}

static void test_unplugged_while_missing(void **state)
{
    (void)state;
    start();
    rig.settings.restore = false;
    lose(empty);
    rig_run(1000);
    told(rig.events);
    UNPLUG(.vif = "a");
    UNPLUG(.vif = "c");
    rig_run(1000);
    CHECK_STR("told, and only of what was known", told(rig.events), "a unplugged");
    CHECK_INT("forgotten", (int)watch_n_missing(rig.watch), 1);
}

/* A late unplug of an instance that had the VIF before leaves it, and the links that its guest
 * uses, as it would if the VIF had its row. */
static void test_unplugged_by_another_instance(void **state)
{
    int asked;

    (void)state;
    start();
    PLUGGED(.vif = "c", .vf = 6, .instance = "vm-1");
    rig.settings.restore = false;
    lose(empty);
    rig_run(1000);
    told(rig.events);
    asked = UNPLUG(.vif = "c", .instance = "vm-9");
    rig_run(1000);
    CHECK_HAS("nothing done", reply_to(asked), "unchanged");
    CHECK_STR("nothing told", told(rig.events), "");
    CHECK_INT("known", (int)watch_n_missing(rig.watch), 3);
    UNPLUG(.vif = "c", .instance = "vm-1");
    rig_run(1000);
    CHECK_STR("told", told(rig.events), "c unplugged");
}

static void test_plugged_while_missing(void **state)
{
    (void)state;
    start();
    rig.settings.restore = false;
    lose(without_a);
    rig_run(1000);
    told(rig.events);
    PLUG(.vif = "a", .vf = 4, .mtu = 1400);
    rig_run(1000);
    CHECK_STR("told", told(rig.events), "a plugged");
    CHECK_INT("there", (int)watch_n_missing(rig.watch), 0);
}

/* A plug that was acknowledged at commit counts, although vswitchd has not applied it yet. */
static void test_acknowledged_and_lost(void **state)
{
    int asked;

    (void)state;
    start();
    rig.vswitchd->silent = true;
    asked = PLUG(.vif = "c", .vf = 6, .wait = WAIT_COMMITTED);
    rig_run(100);
    CHECK_HAS("acknowledged", reply_to(asked), "changed vfrc");
    lose(empty);
    rig_run(30000);
    CHECK("again", fake_port(rig.ovs, "vfrc"));
}

/* The transaction under way is lost with the database: the plug is made in the one that came. */
static void test_lost_under_way(void **state)
{
    int asked;

    (void)state;
    start();
    asked = PLUG(.vif = "c", .vf = 6);
    rig_pass();
    lose(empty);
    rig_run(2000);
    CHECK_STR("done", reply_to(asked), "changed vfrc");
    CHECK_STR("beside a", type_of_port("vfra"), "dpdk");
}

/* A failed change of a VIF whose row went with the database does not make it forgotten. */
static void test_lost_during_a_change(void **state)
{
    (void)state;
    start();
    rig.vswitchd->silent = true;
    UPDATE(.vif = "a", .mtu = 1400);
    rig_run(100);
    lose(empty);
    rig_run(60000);
    CHECK("there", fake_port(rig.ovs, "vfra"));
}

static void test_stale(void **state)
{
    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    smap_replace(&fake_port(rig.ovs, "vfra")->external_ids, KEY_BOOT_ID, "boot-0");
    rig.settings.restore = true;
    rig_watch();
    rig_settle();
    lose(without_a);
    rig_run(20000);
    CHECK_STR("stays", type_of_port("vfra"), "-");
    CHECK_INT("forgotten", (int)watch_n_missing(rig.watch), 0);
}

/* Repairs take half of the queue at most, and go on when there is room. */
static void test_room_for_requests(void **state)
{
    static const char *const vifs[] = {"c", "d", "e", "f", "g"};

    (void)state;
    start();
    for (size_t i = 0; i < ARRAY_SIZE(vifs); i++) {
        PLUGGED(.vif = vifs[i]);
    }
    rig.settings.max_queued = 4;
    lose(empty);
    rig_run(250);
    CHECK("room", engine_room(rig.engine, NULL) >= 2);
    rig_run(1000);
    CHECK_INT("all", (int)watch_n_missing(rig.watch), 0);
}

static void add_vif(const struct smap *ids, int i)
{
    struct fake_port *port;
    char name[16];

    snprintf(name, sizeof name, "p%d", i);
    port = fake_add_port(rig.ovs, name, "br0", "dpdkvhostuserclient");
    smap_destroy(&port->external_ids);
    smap_clone(&port->external_ids, ids);
    smap_replace(&port->external_ids, KEY_VIF_ID, name);
    smap_replace(&port->external_ids, KEY_IFACE_ID, name);
    fake_ovs_touch(rig.ovs, port);
}

/* Rows that others make with our marks, and remove, do not fill the memory. */
static void test_bounded(void **state)
{
    enum { ROUND = 16 };
    struct smap ids;
    char name[16];

    (void)state;
    start();
    smap_clone(&ids, &fake_port(rig.ovs, "vfra")->external_ids);
    for (int i = 0; i < WATCH_MISSING_MAX + ROUND; i += ROUND) {
        for (int k = 0; k < ROUND; k++) {
            add_vif(&ids, i + k);
        }
        rig_run(250);
        for (int k = 0; k < ROUND; k++) {
            snprintf(name, sizeof name, "p%d", i + k);
            fake_remove_port(rig.ovs, name);
        }
        rig_run(250);
        told(rig.events);
    }
    smap_destroy(&ids);
    CHECK_INT("at most", (int)watch_n_missing(rig.watch), WATCH_MISSING_MAX);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_emptied),
    RIG_TEST(test_only_if_asked),
    RIG_TEST(test_removed_by_hand),
    RIG_TEST(test_changed_by_hand),
    RIG_TEST(test_lost_twice),
    RIG_TEST(test_older),
    RIG_TEST(test_unchanged),
    RIG_TEST(test_stranger_in_the_place),
    RIG_TEST(test_place_that_is_free_later),
    RIG_TEST(test_first_who_had_it),
    RIG_TEST(test_trunk),
    RIG_TEST(test_waits_for_the_bridge),
    RIG_TEST(test_repair_waits_for_the_bridge),
    RIG_TEST(test_unplugged_while_away),
    RIG_TEST(test_unplugged_while_missing),
    RIG_TEST(test_unplugged_by_another_instance),
    RIG_TEST(test_plugged_while_missing),
    RIG_TEST(test_acknowledged_and_lost),
    RIG_TEST(test_lost_under_way),
    RIG_TEST(test_lost_during_a_change),
    RIG_TEST(test_stale),
    RIG_TEST(test_room_for_requests),
    RIG_TEST(test_bounded),
};

int main(void)
{
    return RIG_MAIN(tests);
}
