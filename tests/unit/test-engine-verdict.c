/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: its verdicts on what ovs-vswitchd shows of a port. */

#include "engine-harness.h"

#include <stdio.h>

/* Error texts of ovs-vswitchd, and the next step that the message names for each. */
static void test_errors(void **state)
{
    static const struct {
        const char *error_text;
        size_t n_dpdk_ports;
        const char *advice;
    } rows[] = {
        {"Error attaching device '0000:65:00.0' to DPDK", 3,
         "check that ovs-vswitchd's DPDK knows"},
        {"Error attaching device '0000:65:00.0' to DPDK", 30, "DPDK may have run out of ports"},
        {"Address family not supported by protocol", 3, "built with DPDK"},
        {"'vfra' is trying to use device 'x' which is already in use", 3, "find the port"},
        {"could not set configuration", 3, "see ovs-vswitchd.log for more"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig.ovs->n_dpdk_ports = rows[i].n_dpdk_ports;
        fake_rule_add(rig.vswitchd,
                      (struct fake_rule){.port = "vfra", .error = rows[i].error_text});
        a = PLUG(.vif = "a", .vf = 4);
        rig_settle();
        CHECK_HAS(rows[i].error_text, reply_to(a),
                  "not_realized: ovs-vswitchd could not make port vfra");
        CHECK_HAS(rows[i].error_text, reply_to(a), rows[i].error_text);
        CHECK_HAS(rows[i].error_text, reply_to(a), rows[i].advice);
        CHECK_STR(rows[i].error_text, detail(a), rows[i].error_text);
        CHECK_STR("undone", type_of_port("vfra"), "-");
        CHECK_STR("undone", told(rig.ended), "a undone");
        CHECK_INT("undone", engine_counters(rig.engine)->undone, 1);
    }
}

static void set_ofport(int64_t ofport)
{
    fake_port_say(fake_port(rig.ovs, "vfra"), ofport, 1500, NULL);
}

/* A verdict that comes later than cur_cfg. */
static void test_later(void **state)
{
    static const struct {
        int64_t ofport;
        const char *told;
    } rows[] = {{7, "changed vfra"}, {-1, "not_realized: "}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .says_nothing = true});
        a = PLUG(.vif = "a", .vf = 4);
        rig_run(3000);
        CHECK_STR("nothing yet", reply_to(a), "");
        set_ofport(rows[i].ofport);
        rig_settle();
        CHECK_HAS("later", reply_to(a), rows[i].told);
    }
}

/* Another program removes or takes over the row meanwhile. */
static void test_taken_away(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4);

    (void)state;
    rig.vswitchd->silent = true;
    rig_settle();
    fake_remove_port(rig.ovs, "vfra");
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_HAS("removed", reply_to(a), "not_realized: Port vfra was removed or taken over");
}

/* --- MTU. --- */

static void test_mtu(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        int times; /* For how many reconfigurations the MTU stays 1500. */
        const char *told;
        int after_ms;
        int n_transactions;
    } rows[] = {
        {"as asked", {.vif = "a", .vf = 4, .mtu = 9000}, -1, "changed vfra", 0, 1},
        {"once more", {.vif = "a", .vf = 4, .mtu = 9000}, 1, "changed vfra", 500, 2},
        {"never",
         {.vif = "a", .vf = 4, .mtu = 9000},
         0,
         "not_realized: ovs-vswitchd runs port vfra at MTU 1500, not at 9000",
         1000,
         3},
        {"never, no guest yet", {.vif = "a", .mtu = 9000}, 0, "not_realized: ", 1000, 3},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *port = rows[i].ask.vf ? "vfra" : "vhua";
        int a;

        rig_renew();
        if (rows[i].times >= 0) {
            fake_rule_add(rig.vswitchd,
                          (struct fake_rule){.port = port, .mtu = 1500, .times = rows[i].times});
        }
        a = rig_ask(METHOD_PLUG, &rows[i].ask);
        if (rows[i].after_ms) {
            rig_run(rows[i].after_ms - 1);
            CHECK_STR(rows[i].what, reply_to(a), "");
            rig_run(1);
        } else {
            rig_settle();
        }
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_INT(rows[i].what, engine_counters(rig.engine)->transactions, rows[i].n_transactions);
    }
}

/* vswitchd refreshes the MTU a little later, without a reconfiguration. */
static void test_mtu_within_the_settle_time(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4, .mtu = 9000);

    (void)state;
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .mtu = 1500});
    rig_run(100);
    fake_port(rig.ovs, "vfra")->mtu = 9000;
    rig_settle();
    CHECK_STR("as asked", reply_to(a), "changed vfra");
    CHECK_INT("not looked again", engine_counters(rig.engine)->transactions, 1);
}

/* A vhost-user port has no MTU until its guest connects. */
static void test_mtu_without_a_guest(void **state)
{
    int a = PLUG(.vif = "a", .mtu = 9000);

    (void)state;
    rig_pass();
    rig_pass();
    rig.vswitchd->silent = true;
    fake_port_say(fake_port(rig.ovs, "vhua"), 3, 0, NULL);
    rig.ovs->globals.cur_cfg = rig.ovs->globals.next_cfg;
    rig_settle();
    CHECK_STR("realized", reply_to(a), "changed vhua");
}

/* If the device refuses a change in place, only the second look shows it. */
static void test_second_look(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    a = PLUG(.vif = "a", .vf = 4, .mtu = 9000);
    rig_pass();
    rig_pass();
    rig_pass();
    CHECK_STR("looks well", reply_to(a), "");
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no", .times = 1});
    rig_settle();
    CHECK_HAS("is not", reply_to(a), "not_realized: ");
    CHECK_INT("back", fake_port(rig.ovs, "vfra")->mtu_request, 1500);
    CHECK_STR("back", told(rig.ended), "a undone");
}

/* --- The VF's MAC. --- */

#define OTHER_MAC "00:00:00:00:00:00"

static const struct {
    const char *what;
    const char *set_vf_mac;
    struct fake_rule rule;
    const char *told;
    int after_ms;
    const char *mac; /* The value that the row shows. */
    bool warned;
} vf_macs[] = {
    {"set", "yes", {.port = ""}, "changed vfra", 0, MAC, false},
    {"tried and set", "try", {.port = ""}, "changed vfra", 0, MAC, false},
    {"fails",
     "yes",
     {.port = "vfra", .error = "could not set MAC"},
     "not_realized: ovs-vswitchd could not make port",
     0,
     "-",
     false},
    {"tried and fails",
     "try",
     {.port = "vfra", .option = "dpdk-vf-mac", .error = "could not set MAC"},
     "changed vfra",
     0,
     "",
     true},
    {"has another",
     "yes",
     {.port = "vfra", .vf_mac = OTHER_MAC},
     "not_realized: ovs-vswitchd could not give the VF of port vfra the MAC " MAC,
     500,
     "-",
     false},
    {"tried and has another",
     "try",
     {.port = "vfra", .vf_mac = OTHER_MAC},
     "changed vfra",
     500,
     "",
     true},
    {"fails without it too",
     "try",
     {.port = "vfra", .error = "no such VF"},
     "not_realized: ovs-vswitchd could not make port",
     0,
     "-",
     true},
};

static void test_vf_mac(void **state)
{
    char why[256];

    (void)state;
    for (size_t i = 0; i < N(vf_macs); i++) {
        int a;

        rig_renew();
        CHECK("a setting",
              nic_profile_set(&rig.profile, "set-vf-mac", vf_macs[i].set_vf_mac, why, sizeof why));
        fake_rule_add(rig.vswitchd, vf_macs[i].rule);
        a = PLUG(.vif = "a", .vf = 4);
        if (vf_macs[i].after_ms) {
            rig_run(vf_macs[i].after_ms - 1);
            CHECK_STR(vf_macs[i].what, reply_to(a), "");
            rig_run(1);
        } else {
            rig_settle();
        }
        CHECK_HAS(vf_macs[i].what, reply_to(a), vf_macs[i].told);
        CHECK_STR(vf_macs[i].what, option_of("vfra", "dpdk-vf-mac"), vf_macs[i].mac);
        CHECK_INT(vf_macs[i].what, strstr(warnings(a), "without it") != NULL, vf_macs[i].warned);
    }
}

/* A port that was plugged without its MAC after a try stays so at the next plug. */
static void test_vf_mac_is_not_tried_again(void **state)
{
    char why[256];
    int a;

    (void)state;
    nic_profile_set(&rig.profile, "set-vf-mac", "try", why, sizeof why);
    fake_rule_add(rig.vswitchd,
                  (struct fake_rule){.port = "vfra", .option = "dpdk-vf-mac", .error = "no"});
    PLUGGED(.vif = "a", .vf = 4);
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_STR("as it is", reply_to(a), "unchanged vfra");
}

/* --- What is there already. --- */

/* A plug whose port is as required already replies by the state of that port. */
static void test_found_as_asked(void **state)
{
    static const struct {
        const char *what;
        int64_t ofport;
        const char *error;
        enum vswitchd_state vswitchd;
        enum wait wait;
        const char *told;
    } rows[] = {
        {"works", 5, NULL, VSWITCHD_ALIVE, WAIT_REALIZED, "unchanged vfra"},
        {"does not", -1, "no such VF", VSWITCHD_ALIVE, WAIT_REALIZED,
         "not_realized: Port vfra is as asked, but"},
        {"has no ofport", -1, NULL, VSWITCHD_ALIVE, WAIT_COMMITTED, "not_realized: "},
        {"nothing is said of it yet", 0, NULL, VSWITCHD_ALIVE, WAIT_REALIZED, ""},
        {"nothing, and committed will do", 0, NULL, VSWITCHD_ALIVE, WAIT_COMMITTED,
         "unchanged vfra"},
        {"nothing, and nobody who could", 0, NULL, VSWITCHD_DEAD, WAIT_REALIZED, "unchanged vfra"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4);
        fake_port_say(fake_port(rig.ovs, "vfra"), rows[i].ofport, 1500, rows[i].error);
        rig.vswitchd->state = rows[i].vswitchd;
        a = PLUG(.vif = "a", .vf = 4, .wait = rows[i].wait);
        rig_settle();
        if (rows[i].told[0]) {
            CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        } else {
            CHECK_STR(rows[i].what, reply_to(a), "");
            set_ofport(4);
            rig_settle();
            CHECK_STR(rows[i].what, reply_to(a), "unchanged vfra");
        }
    }
}

/* Only boot id and PCI slot differ: what OVSDB shows of the port may be of an earlier boot, so a
 * plug still waits for vswitchd. */
static void test_marks_only(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    smap_replace(&fake_port(rig.ovs, "vfra")->external_ids, KEY_BOOT_ID, "boot-0");
    rig.vswitchd->silent = true;
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_STR("waits", reply_to(a), "");
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("not a change", reply_to(a), "unchanged vfra");
    CHECK_STR("marked", id_of("vfra", KEY_BOOT_ID), BOOT_ID);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_errors),
    RIG_TEST(test_later),
    RIG_TEST(test_taken_away),
    RIG_TEST(test_mtu),
    RIG_TEST(test_mtu_within_the_settle_time),
    RIG_TEST(test_mtu_without_a_guest),
    RIG_TEST(test_second_look),
    RIG_TEST(test_vf_mac),
    RIG_TEST(test_vf_mac_is_not_tried_again),
    RIG_TEST(test_found_as_asked),
    RIG_TEST(test_marks_only),
};

int main(void)
{
    return RIG_MAIN(tests);
}
