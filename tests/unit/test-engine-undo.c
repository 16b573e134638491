/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: undos, also those that fail or are interrupted; and bridges that a plug created. */

#include "engine-harness.h"

#include <stdio.h>

/* clang-format's releases disagree on macros of initializers. */
/* clang-format off */
#define COMMITTED {.result = OVS_TXN_COMMITTED}
#define TRY_AGAIN {.result = OVS_TXN_TRY_AGAIN}
#define LOST {.result = OVS_TXN_UNCERTAIN}
#define HAPPENED {.result = OVS_TXN_UNCERTAIN, .happens = true}
#define REFUSED {.result = OVS_TXN_ERROR, .error_text = "no such thing"}
/* clang-format on */
#define TEN_TIMES(x) x, x, x, x, x, x, x, x, x, x

static void fail_port(const char *port, const char *error, int times)
{
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = port, .error = error, .times = times});
}

/* The results of the undo's transaction. The reply always has the reason for the undo. */
static void test_endings_of_an_undo(void **state)
{
    static const struct {
        const char *what;
        struct fake_ending endings[12];
        bool undone;
    } rows[] = {
        {"commits", {COMMITTED}, true},
        {"others were quicker", {TRY_AGAIN}, true},
        {"others were quicker ten times", {TEN_TIMES(TRY_AGAIN)}, true},
        {"others were quicker eleven times", {TEN_TIMES(TRY_AGAIN), TRY_AGAIN}, false},
        {"the connection broke and it happened", {HAPPENED}, true},
        {"the connection broke and it did not happen", {LOST}, true},
        {"refused once", {REFUSED}, true},
        {"refused twice", {REFUSED, REFUSED}, false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        fake_ovs_script(rig.ovs, (struct fake_ending)COMMITTED);
        for (size_t j = 0; rows[i].endings[j].result != OVS_TXN_NONE; j++) {
            fake_ovs_script(rig.ovs, rows[i].endings[j]);
        }
        fail_port("vfra", "no such VF", 0);
        a = PLUG(.vif = "a", .vf = 4);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), "not_realized: ovs-vswitchd could not make port vfra");
        CHECK_STR(rows[i].what, type_of_port("vfra"), rows[i].undone ? "-" : "dpdk");
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* The connection breaks before the engine sends the undo, or during its transaction. */
static void test_undo_without_a_connection(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4);

    (void)state;
    fail_port("vfra", "no such VF", 0);
    rig_pass();
    rig_pass();
    rig_pass();
    CHECK_HAS("undoes", ops_show(), "undo plug a, QUEUED");
    fake_ovs_disconnect(rig.ovs, false);
    rig_run(9999);
    CHECK_STR("waits", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("the reply need not wait", reply_to(a), "not_realized: ");
    CHECK_HAS("the undo does", ops_show(), "no deadline");
    CHECK_STR("the undo does", told(rig.ended), "");
    rig_run(100000);
    fake_ovs_reconnect(rig.ovs);
    rig_settle();
    CHECK_STR("undone", type_of_port("vfra"), "-");
    CHECK_STR("undone", told(rig.ended), "a undone");
    CHECK_INT("once", engine_counters(rig.engine)->undone, 1);
}

static void test_undo_that_ovsdb_does_not_answer(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4);

    (void)state;
    fail_port("vfra", "no such VF", 0);
    rig_run_until("undo plug a, COMMITTING");
    rig.ovs->silent = true;
    rig_run(10000);
    CHECK_HAS("the reply need not wait", reply_to(a), "not_realized: ");
    rig.ovs->silent = false;
    rig_settle();
    CHECK_STR("undone", type_of_port("vfra"), "-");
}

/* The server cannot write the undo for a while: its disk is full. */
static void test_undo_that_the_server_cannot_write(void **state)
{
    static const struct fake_ending full = {.result = OVS_TXN_ERROR,
                                            .error_text = "{\"error\":\"I/O error\"}"};
    static const struct {
        const char *what;
        int n;  /* How often it cannot. The second try comes at once, each other a second later. */
        int ms; /* Until it can. */
    } rows[] = {
        {"once", 1, 0},
        {"three times", 3, 2000},
        {"longer than any timeout", 14, 13000},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        fake_ovs_script(rig.ovs, (struct fake_ending)COMMITTED);
        for (int j = 0; j < rows[i].n; j++) {
            fake_ovs_script(rig.ovs, full);
        }
        fail_port("vfra", "no such VF", 0);
        a = PLUG(.vif = "a", .vf = 4);
        rig_settle();
        CHECK_HAS("the reply need not wait", reply_to(a), "not_realized: ");
        if (rows[i].ms) {
            CHECK_HAS(rows[i].what, ops_show(), "undo plug a, QUEUED for an ovsdb-server that can");
            rig_run(rows[i].ms - 1);
            CHECK_STR(rows[i].what, type_of_port("vfra"), "dpdk");
            rig_run(1);
        }
        CHECK_STR(rows[i].what, type_of_port("vfra"), "-");
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* Nor can OVSDB be asked when it is time to try again: the loop sleeps until it is back. */
static void test_undo_while_the_server_is_away(void **state)
{
    static const struct fake_ending full = {.result = OVS_TXN_ERROR,
                                            .error_text = "{\"error\":\"I/O error\"}"};
    static const struct {
        const char *what;
        bool hangs; /* It has another transaction, and does not reply; else it has gone. */
    } rows[] = {{"gone", false}, {"hangs", true}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        rig_renew();
        fake_ovs_script(rig.ovs, (struct fake_ending)COMMITTED);
        for (int j = 0; j < 2; j++) {
            fake_ovs_script(rig.ovs, full);
        }
        fail_port("vfra", "no such VF", 0);
        PLUG(.vif = "a", .vf = 4);
        rig_settle();
        CHECK_HAS(rows[i].what, ops_show(), "undo plug a, QUEUED for an ovsdb-server that can");
        if (rows[i].hangs) {
            rig.ovs->silent = true;
            PLUG(.vif = "b", .vf = 5);
        } else {
            fake_ovs_disconnect(rig.ovs, false);
        }
        rig_run(60000); /* Fails if the loop does not sleep. */
        CHECK_STR(rows[i].what, type_of_port("vfra"), "dpdk");
        if (rows[i].hangs) {
            rig.ovs->silent = false;
        } else {
            fake_ovs_reconnect(rig.ovs);
        }
        rig_settle();
        CHECK_STR(rows[i].what, type_of_port("vfra"), "-");
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* The previous port, and the result of the undo. */
static void test_way_back(void **state)
{
    static const struct {
        const char *what;
        const char *before; /* The error of the previous port; or NULL. */
        const char *error; /* The error of the new port and, so many times, of the restored port. */
        int times;
        bool not_back;
        int after_ms;
    } rows[] = {
        {"works again", NULL, "first", 1, false, 0},
        {"works again at the second look", NULL, "first", 2, false, 500},
        {"works again, and the second look shows otherwise", NULL, "first", 4, true, 1000},
        {"does not work any more", NULL, "first", 0, true, 1000},
        {"did not work before", "broken", "first", 0, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
        if (rows[i].before) {
            fake_port_say(fake_port(rig.ovs, "vfra"), -1, 0, rows[i].before);
        }
        fail_port("vfra", rows[i].error, rows[i].times);
        a = PLUG(.vif = "a", .vf = 4, .mtu = 9000);
        if (rows[i].after_ms) {
            rig_run(rows[i].after_ms - 1);
            CHECK_STR(rows[i].what, reply_to(a), "");
            rig_run(1);
        } else {
            rig_settle();
        }
        CHECK_HAS(rows[i].what, reply_to(a), "not_realized: ovs-vswitchd could not make port vfra");
        CHECK_INT(rows[i].what, strstr(reply_to(a), "could not be brought back") != NULL,
                  rows[i].not_back);
        CHECK_INT(rows[i].what, fake_port(rig.ovs, "vfra")->mtu_request, 1500);
        CHECK_STR(rows[i].what, told(rig.ended), "a undone");
    }
}

/* vswitchd dies, or says nothing, while an undo waits for it. */
static void test_undo_without_vswitchd(void **state)
{
    static const struct {
        const char *what;
        enum vswitchd_state vswitchd;
        int after_ms;
    } rows[] = {
        {"dead: nothing to wait for", VSWITCHD_DEAD, 0},
        {"silent: until the deadline", VSWITCHD_ALIVE, 10000},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
        fail_port("vfra", "no", 1);
        a = PLUG(.vif = "a", .vf = 4, .mtu = 9000);
        rig_run_until("undo plug a, COMMITTING");
        rig.vswitchd->state = rows[i].vswitchd;
        rig.vswitchd->silent = true;
        if (rows[i].after_ms) {
            rig_run(rows[i].after_ms - 1);
            CHECK_STR(rows[i].what, reply_to(a), "");
            rig_run(1);
        } else {
            rig_settle();
        }
        CHECK_HAS(rows[i].what, reply_to(a), "not_realized: ");
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* The second plan of an operation fails: the engine undoes what may have been written. */
static void test_no_plan_any_more(void **state)
{
    static const struct {
        const char *what;
        enum method method;
        const char *told;
    } rows[] = {
        {"plug", METHOD_PLUG, "vf_in_use: "},
        {"update", METHOD_UPDATE, "not_found: VIF a is not plugged"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        if (rows[i].method == METHOD_UPDATE) {
            PLUGGED(.vif = "a", .vf = 4);
        }
        fake_ovs_script(rig.ovs, (struct fake_ending)LOST);
        a = rig_ask(rows[i].method, &(struct ask){.vif = "a", .vf = 4, .mtu = 9000});
        rig_pass();
        fake_remove_port(rig.ovs, "vfra");
        smap_add(&fake_add_port(rig.ovs, "other", "br0", "dpdk")->options, "dpdk-devargs",
                 "0000:65:00.0,representor=[4]");
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
    }
}

/* An acknowledged plug is never undone, whatever vswitchd's verdict is. */
static void test_acknowledged_is_not_undone(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4, .wait = WAIT_COMMITTED);

    (void)state;
    fail_port("vfra", "no such VF", 0);
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed vfra");
    CHECK_STR("stays", type_of_port("vfra"), "dpdk");
    CHECK_STR("ended", told(rig.ended), "a changed");
    CHECK_INT("counted", engine_counters(rig.engine)->failed, 1);
    CHECK_INT("counted", engine_counters(rig.engine)->undone, 0);
}

/* The bridge of a VIF that was evicted goes meanwhile. The undo makes it again if the settings
 * allow that. */
static void test_bridge_of_what_was_evicted_goes(void **state)
{
    (void)state;
    for (int may_make = 0; may_make < 2; may_make++) {
        const char *what = may_make ? "makes bridges" : "makes no bridges";
        int a;

        rig_renew();
        fake_add_bridge(rig.ovs, "br1", "netdev");
        PLUGGED(.vif = "b", .vf = 4, .bridge = "br1");
        rig.settings.on_vf_conflict = EVICT_ALWAYS;
        rig.settings.create_bridges = may_make;
        fail_port("vfra", "no such VF", 0);
        a = PLUG(.vif = "a", .vf = 4);
        rig_pass();
        rig_pass();
        fake_remove_bridge(rig.ovs, "br1");
        rig_settle();
        CHECK_HAS(what, reply_to(a), "not_realized: ");
        CHECK_INT(what, strstr(reply_to(a), "there is no bridge br1") != NULL, !may_make);
        CHECK_INT(what, rig.ovs->n_ports, may_make);
        CHECK_INT(what, fake_bridge(rig.ovs, "br1") != NULL, may_make);
        CHECK_INT(what, engine_n_ops(rig.engine), 0);
    }
}

/* The bridge of the previous port goes during the operation, which moves the port or changes it in
 * place. The undo makes it again if the settings allow that. */
static void test_bridge_of_the_previous_port_goes(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool moves = i & 1;
        bool creates = i & 2;
        const char *what = moves ? "moves" : "changes in place";
        int a;

        rig_renew();
        fake_add_bridge(rig.ovs, "br1", "netdev");
        PLUGGED(.vif = "a", .vf = 4, .bridge = "br1", .mtu = 1500);
        rig.settings.create_bridges = creates;
        fail_port("vfra", "no", 1);
        a = PLUG(.vif = "a", .vf = 4, .bridge = moves ? "br0" : "br1", .mtu = 9000);
        rig_run_until("undo plug a");
        fake_remove_bridge(rig.ovs, "br1");
        rig_run(2000);
        CHECK_HAS(what, reply_to(a), "not_realized: ");
        CHECK_INT(what, fake_bridge(rig.ovs, "br1") != NULL, creates);
        CHECK_INT(what,
                  strstr(reply_to(a), "VIF a was not restored: there is no bridge br1, and "
                                      "create_bridges is off.") != NULL,
                  !creates);
        CHECK_STR(what, type_of_port("vfra"), creates || moves ? "dpdk" : "-");
        CHECK_INT(what, engine_n_ops(rig.engine), 0);
    }
}

/* --- Bridges that were made. --- */

/* `a` and `b` are plugged into br1, which does not exist. Which of them fail, and whether the
 * bridge stays. */
static void test_made_bridge(void **state)
{
    static const struct {
        const char *what;
        bool a_fails;
        bool b_fails;
        bool stays;
        bool a_warned;
        bool b_warned;
    } rows[] = {
        {"both succeed", false, false, true, true, true},
        {"one fails", true, false, true, false, true},
        {"the other fails", false, true, true, true, false},
        {"both fail", true, true, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a, b;

        rig_renew();
        a = PLUG(.vif = "a", .vf = 4, .bridge = "br1");
        b = PLUG(.vif = "b", .vf = 5, .bridge = "br1");
        if (rows[i].a_fails) {
            fail_port("vfra", "no such VF", 0);
        }
        if (rows[i].b_fails) {
            fail_port("vfrb", "no such VF", 0);
        }
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].a_fails ? "not_realized: " : "changed vfra");
        CHECK_HAS(rows[i].what, reply_to(b), rows[i].b_fails ? "not_realized: " : "changed vfrb");
        CHECK_INT(rows[i].what, fake_bridge(rig.ovs, "br1") != NULL, rows[i].stays);
        CHECK(rows[i].what, rows[i].a_fails || (warnings(a)[0] != '\0') == rows[i].a_warned);
        CHECK(rows[i].what, rows[i].b_fails || (warnings(b)[0] != '\0') == rows[i].b_warned);
    }
}

/* The plug that created the bridge fails while another plug waits for the same bridge: the other's
 * reply has the warning. */
static void test_made_bridge_is_handed_over(void **state)
{
    int b;

    (void)state;
    PLUG(.vif = "a", .vf = 4, .bridge = "br1");
    fail_port("vfra", "no such VF", 0);
    rig_pass();
    rig_pass();
    b = PLUG(.vif = "b", .vf = 5, .bridge = "br1");
    rig_settle();
    CHECK_STR("b", reply_to(b), "changed vfrb");
    CHECK_HAS("b", warnings(b), "br1");
    CHECK("stays", fake_bridge(rig.ovs, "br1"));
}

/* The same, and the other is in the transaction that OVSDB has just answered. */
static void test_made_bridge_is_handed_over_at_commit(void **state)
{
    char why[256];
    int b;

    (void)state;
    CHECK("set", nic_profile_set(&rig.profile, "set-vf-mac", "try", why, sizeof why));
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .vf_mac = "00:00:00:00:00:00"});
    fail_port("vhub", "no", 0);
    PLUG(.vif = "a", .vf = 4, .bridge = "br1");
    rig_run(499);
    clock_warp(1);
    b = PLUG(.vif = "b", .bridge = "br1");
    rig_pass();
    CHECK_HAS("is to be planned without its MAC", ops_show(), " plug a, QUEUED");
    rig.settings.ensure_hw_offload = OFFLOAD_REQUIRE; /* So that it cannot be. */
    rig_pass();
    CHECK_HAS("one is undone", ops_show(), "undo plug a");
    CHECK_HAS("the other is committed", ops_show(), " plug b, REALIZING");
    rig_settle();
    CHECK_HAS("fails as well", reply_to(b), "not_realized: ");
    CHECK("nobody is left there", !fake_bridge(rig.ovs, "br1"));
}

/* The connection breaks during its creation: the bridge is ours if the port exists. */
static void test_uncertain_bridge(void **state)
{
    static const struct {
        struct fake_ending ending;
        bool fails;
    } rows[] = {{HAPPENED, false}, {LOST, false}, {HAPPENED, true}, {LOST, true}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        fake_ovs_script(rig.ovs, rows[i].ending);
        if (rows[i].fails) {
            fail_port("vfra", "no such VF", 0);
        }
        a = PLUG(.vif = "a", .vf = 4, .bridge = "br1");
        rig_settle();
        CHECK_HAS("told", reply_to(a), rows[i].fails ? "not_realized: " : "changed vfra");
        CHECK_INT("with its port", fake_bridge(rig.ovs, "br1") != NULL, !rows[i].fails);
        CHECK("warned", rows[i].fails || strstr(warnings(a), "br1"));
    }
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_endings_of_an_undo),
    RIG_TEST(test_undo_without_a_connection),
    RIG_TEST(test_undo_that_ovsdb_does_not_answer),
    RIG_TEST(test_undo_that_the_server_cannot_write),
    RIG_TEST(test_undo_while_the_server_is_away),
    RIG_TEST(test_way_back),
    RIG_TEST(test_undo_without_vswitchd),
    RIG_TEST(test_no_plan_any_more),
    RIG_TEST(test_acknowledged_is_not_undone),
    RIG_TEST(test_bridge_of_what_was_evicted_goes),
    RIG_TEST(test_bridge_of_the_previous_port_goes),
    RIG_TEST(test_made_bridge),
    RIG_TEST(test_made_bridge_is_handed_over),
    RIG_TEST(test_made_bridge_is_handed_over_at_commit),
    RIG_TEST(test_uncertain_bridge),
};

int main(void)
{
    return RIG_MAIN(tests);
}
