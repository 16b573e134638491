/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: VIFs without create_port, whose ports another program makes after the plug. They have
 * no rows, but the bridges that they were told of stay for them. */

#include "engine-harness.h"

#include <stdio.h>

/* A VIF without create_port, and one with it. */
#define BARE .kind = VIF_KIND_OVS, .name = "tap0"
#define TAP_CALLED(x) .kind = VIF_KIND_OVS, .name = (x), .create_port = true, .create_tap = true
#define TAP TAP_CALLED("tap1")

static void fail_port(const char *port)
{
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = port, .error = "no such VF"});
}

static void check_bridge(const char *what, const char *bridge, bool there)
{
    CHECK_INT(what, fake_bridge(rig.ovs, bridge) != NULL, there);
    CHECK_INT(what, engine_n_ops(rig.engine), 0);
}

/* --- The undo of a plug that has made the bridge. --- */

/* `b` comes so many passes after `a`, which makes the bridge and fails. */
static void test_undo(void **state)
{
    (void)state;
    for (int passes = 0; passes < 8; passes++) {
        char what[32];
        int a;
        int b;

        rig_renew();
        snprintf(what, sizeof what, "after %d passes", passes);
        fail_port("vfra");
        a = PLUG(.vif = "a", .vf = 4, .bridge = "br1");
        for (int i = 0; i < passes; i++) {
            rig_pass();
        }
        b = PLUG(.vif = "b", BARE, .bridge = "br1", .datapath = "netdev");
        rig_settle();
        CHECK_HAS(what, reply_to(a), "not_realized: ");
        CHECK_HAS(what, reply_to(b), "changed ");
        check_bridge(what, "br1", true);
    }
}

/* What happens to `b` before `a` fails, and whether the bridge stays for it. */
static void test_undo_later(void **state)
{
    enum { STAYS, IS_ASKED_ABOUT, IS_UNPLUGGED, IS_UNPLUGGED_BY_ID, GOES_ELSEWHERE, HAS_A_PORT };
    static const struct {
        const char *what;
        int happens;
        bool stays;
    } rows[] = {
        {"b is plugged", STAYS, true},
        {"b was only a dry run", IS_ASKED_ABOUT, false},
        {"b is unplugged", IS_UNPLUGGED, false},
        {"b is unplugged by its id", IS_UNPLUGGED_BY_ID, false},
        {"b is plugged elsewhere", GOES_ELSEWHERE, false},
        {"libvirt has made the port of b", HAS_A_PORT, true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct ask b = {.vif = "b", BARE, .bridge = "br1"};
        int a;

        rig_renew();
        fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .says_nothing = true});
        a = PLUG(.vif = "a", .vf = 4, .bridge = "br1");
        rig_settle();
        b.dry_run = rows[i].happens == IS_ASKED_ABOUT;
        rig_ask(METHOD_PLUG, &b);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(rig.n_asked), b.dry_run ? "would none" : "unchanged");
        if (rows[i].happens == IS_UNPLUGGED) {
            rig_ask(METHOD_UNPLUG, &b);
        } else if (rows[i].happens == IS_UNPLUGGED_BY_ID) {
            UNPLUG(.vif = "b");
        } else if (rows[i].happens == GOES_ELSEWHERE) {
            PLUG(.vif = "b", BARE, .bridge = "sys0");
        } else if (rows[i].happens == HAS_A_PORT) {
            fake_add_port(rig.ovs, "tap0", "br1", "");
        }
        rig_run(20000);
        CHECK_HAS(rows[i].what, reply_to(a), "timeout: ");
        CHECK_STR(rows[i].what, type_of_port("vfra"), "-");
        check_bridge(rows[i].what, "br1", rows[i].stays);
    }
}

/* The undo waits until OVSDB can write, or be reached; `b` comes meanwhile. */
static void test_undo_that_waits(void **state)
{
    static const struct fake_ending full = {.result = OVS_TXN_ERROR,
                                            .error_text = "{\"error\":\"I/O error\"}"};

    (void)state;
    for (int away = 0; away < 2; away++) {
        const char *what = away ? "no connection" : "disk full";
        int b;

        rig_renew();
        fail_port("vfra");
        PLUG(.vif = "a", .vf = 4, .bridge = "br1");
        if (!away) {
            fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_COMMITTED});
            fake_ovs_script(rig.ovs, full);
            fake_ovs_script(rig.ovs, full);
            rig_settle();
        } else {
            rig_run_until("undo plug a, COMMITTING");
            fake_ovs_disconnect(rig.ovs, false);
            rig_settle();
        }
        CHECK_HAS(what, ops_show(), "undo plug a, QUEUED");
        b = PLUG(.vif = "b", BARE, .bridge = "br1");
        rig_settle();
        fake_ovs_reconnect(rig.ovs);
        rig_run(2000);
        CHECK_HAS(what, reply_to(b), "changed ");
        check_bridge(what, "br1", true);
    }
}

/* A killed daemon undoes nothing. */
static void test_restart(void **state)
{
    (void)state;
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .says_nothing = true});
    PLUG(.vif = "a", .vf = 4, .bridge = "br1");
    rig_settle();
    PLUG(.vif = "b", BARE, .bridge = "br1");
    rig_settle();
    rig_restart();
    rig_run(60000);
    CHECK("stays", fake_bridge(rig.ovs, "br1"));
}

/* The plug of `b` has begun with the bridge: with a port, it fails. */
static void test_own_undo(void **state)
{
    int b;

    (void)state;
    PLUG(.vif = "b", BARE, .bridge = "tbr-1");
    rig_settle();
    check_bridge("made", "tbr-1", true);
    fail_port("tap0");
    b = PLUG(.vif = "b", BARE, .bridge = "tbr-1", .create_port = true, .create_tap = true);
    rig_settle();
    CHECK_HAS("fails", reply_to(b), "not_realized: ");
    check_bridge("as before", "tbr-1", true);
}

/* --- Trunk bridges, which go with their last VIF. --- */

/* `a` has a port on the bridge and leaves it. */
static void test_trunk(void **state)
{
    enum { UNPLUGGED, MOVED, RENAMED_AND_MOVED, REAPED };
    static const char *const whats[] = {"unplugged", "moved", "moved with another name", "reaped"};

    (void)state;
    for (int how = UNPLUGGED; how <= REAPED; how++) {
        rig_renew();
        PLUGGED(.vif = "a", TAP, .bridge = "tbr-1");
        PLUG(.vif = "b", BARE, .bridge = "tbr-1");
        rig_settle();
        CHECK_HAS(whats[how], reply_to(rig.n_asked), "unchanged");
        if (how == UNPLUGGED) {
            UNPLUG(.vif = "a");
        } else if (how == MOVED) {
            PLUG(.vif = "a", TAP, .bridge = "sys0");
        } else if (how == RENAMED_AND_MOVED) {
            PLUG(.vif = "a", TAP_CALLED("tap2"), .bridge = "sys0");
        } else {
            smap_replace(&fake_port(rig.ovs, "tap1")->external_ids, KEY_BOOT_ID, "boot-0");
            rig_reap("a", 0);
        }
        rig_settle();
        CHECK_HAS(whats[how], reply_to(rig.n_asked), how == REAPED ? "removed a" : "changed");
        check_bridge(whats[how], "tbr-1", true);
        UNPLUG(.vif = "b", BARE, .bridge = how == REAPED ? "" : "tbr-1");
        rig_settle();
        CHECK_STR(whats[how], reply_to(rig.n_asked), "changed");
        check_bridge(whats[how], "tbr-1", false);
    }
}

/* Both without a port: the bridge goes with the last of them. */
static void test_trunk_of_two(void **state)
{
    (void)state;
    PLUG(.vif = "b", BARE, .bridge = "tbr-1");
    PLUG(.vif = "c", .kind = VIF_KIND_OVS, .name = "tap3", .bridge = "tbr-1");
    rig_settle();
    UNPLUG(.vif = "b", BARE, .bridge = "tbr-1");
    rig_settle();
    CHECK_STR("the first", reply_to(3), "unchanged");
    check_bridge("the first", "tbr-1", true);
    UNPLUG(.vif = "c", .kind = VIF_KIND_OVS, .name = "tap3", .bridge = "tbr-1");
    rig_settle();
    CHECK_STR("the last", reply_to(4), "changed");
    check_bridge("the last", "tbr-1", false);
}

/* Operations that arrive together, in each order. `a` has a port on the bridge, `c` and `b` have
 * none. */
static void test_trunk_in_one_batch(void **state)
{
    static const struct {
        const char *what;
        bool b_was; /* b is plugged before. */
        const char *first;
        const char *second;
        bool stays;
    } rows[] = {
        {"unplug, plug", false, "-a", "+b", true},
        {"plug, unplug", false, "+b", "-a", true},
        {"unplug, plug again", true, "-a", "+b", true},
        {"unplug both", true, "-a", "-b", false},
        {"unplug both, the other first", true, "-b", "-a", false},
        {"unplug, plug the same", true, "-b", "+b", true},
        {"plug, unplug the same", false, "+b", "-b", true}, /* For a. */
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *asks[] = {rows[i].first, rows[i].second};

        rig_renew();
        PLUGGED(.vif = "a", TAP, .bridge = "tbr-1");
        if (rows[i].b_was) {
            PLUG(.vif = "b", BARE, .bridge = "tbr-1");
            rig_settle();
        }
        for (size_t j = 0; j < N(asks); j++) {
            struct ask ask = {.vif = "a", TAP, .bridge = "tbr-1"};

            if (asks[j][1] == 'b') {
                ask = (struct ask){.vif = "b", BARE, .bridge = "tbr-1"};
            }
            rig_ask(asks[j][0] == '-' ? METHOD_UNPLUG : METHOD_PLUG, &ask);
        }
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(rig.n_asked - 1), "changed");
        CHECK_HAS(rows[i].what, reply_to(rig.n_asked), "changed");
        check_bridge(rows[i].what, "tbr-1", rows[i].stays);
    }
}

static void test_trunk_dry_run(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP, .bridge = "tbr-1");
    a = UNPLUG(.vif = "a", .dry_run = true);
    rig_settle();
    CHECK_HAS("without b", reply_to(a), "delete Bridge tbr-1");
    PLUG(.vif = "b", BARE, .bridge = "tbr-1");
    rig_settle();
    a = UNPLUG(.vif = "a", .dry_run = true);
    rig_settle();
    CHECK("with b", !strstr(reply_to(a), "delete Bridge"));
    UNPLUG(.vif = "b", .dry_run = true);
    rig_settle();
    a = UNPLUG(.vif = "a", .dry_run = true);
    rig_settle();
    CHECK("b is still there", !strstr(reply_to(a), "delete Bridge"));
}

/* A separate bridge's patch port is a port of the trunk bridge. */
static void test_trunk_and_port_bridge(void **state)
{
    (void)state;
    rig.settings.per_port_bridge = true;
    PLUGGED(.vif = "a", TAP, .bridge = "tbr-1");
    rig.settings.per_port_bridge = false;
    PLUG(.vif = "b", BARE, .bridge = "tbr-1");
    rig_settle();
    UNPLUG(.vif = "a");
    rig_settle();
    check_bridge("stays", "tbr-1", true);
    check_bridge("goes", "pba", false);
    rig.settings.per_port_bridge = true;
    PLUGGED(.vif = "b", BARE, .bridge = "tbr-1");
    UNPLUG(.vif = "b");
    rig_settle();
    check_bridge("goes with b", "tbr-1", false);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_undo),
    RIG_TEST(test_undo_later),
    RIG_TEST(test_undo_that_waits),
    RIG_TEST(test_restart),
    RIG_TEST(test_own_undo),
    RIG_TEST(test_trunk),
    RIG_TEST(test_trunk_of_two),
    RIG_TEST(test_trunk_in_one_batch),
    RIG_TEST(test_trunk_dry_run),
    RIG_TEST(test_trunk_and_port_bridge),
};

int main(void)
{
    return RIG_MAIN(tests);
}
