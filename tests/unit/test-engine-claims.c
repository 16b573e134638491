/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: what two VIFs cannot share, among operations under way, in undos and in repairs. */

#include "engine-harness.h"

#include <stdio.h>

#define SOCKET "/run/vhost/x"
#define TAP .kind = VIF_KIND_OVS, .create_port = true, .create_tap = true
#define HYBRID(x) .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = (x)

static int n_transactions(void)
{
    return (int)engine_counters(rig.engine)->transactions;
}

/* Two operations of which the second wants what the first gets. */
static void test_pairs(void **state)
{
    static const struct {
        const char *what;
        struct ask first;
        struct ask second;
        const char *told; /* The second. */
        bool is_free;     /* After an unplug of the first. */
    } rows[] = {
        {"one socket",
         {.vif = "a", .path = SOCKET},
         {.vif = "b", .path = SOCKET},
         "socket_in_use: The VIF needs socket " SOCKET ", but VIF a (port vhua",
         true},
        {"one iface-id",
         {.vif = "a", .iface_id = "i"},
         {.vif = "b", .iface_id = "i"},
         "port_conflict: The VIF needs iface-id i, but VIF a (port vhua",
         true},
        {"another's iface-id by chance",
         {.vif = "a"},
         {.vif = "b", .iface_id = "iface-a"},
         "port_conflict: The VIF needs iface-id iface-a, but VIF a",
         true},
        {"one Linux bridge",
         {.vif = "a", HYBRID("lb")},
         {.vif = "b", HYBRID("lb")},
         "port_conflict: The VIF needs the name lb for its Linux bridge, but VIF a (port qvoa",
         true},
        {"a bridge with the name of a port",
         {.vif = "a"},
         {.vif = "b", .bridge = "vhua"},
         "port_conflict: The VIF needs the name vhua for its bridge, but VIF a (port vhua",
         true},
        {"a port with the name of a bridge",
         {.vif = "a", .bridge = "tapb"},
         {.vif = "b", TAP, .name = "tapb"},
         "port_conflict: The VIF needs the name tapb for its port, but bridge tapb has it",
         false},
        {"a bridge with the name of a link",
         {.vif = "a", HYBRID("qbra")},
         {.vif = "b", .bridge = "qbra"},
         "port_conflict: The VIF needs the name qbra for its bridge, but VIF a (port qvoa",
         true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct ask dry = rows[i].second;
        int first, second;

        rig_renew();
        first = rig_ask(METHOD_PLUG, &rows[i].first);
        second = rig_ask(METHOD_PLUG, &rows[i].second);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(first), "changed");
        CHECK_HAS(rows[i].what, reply_to(second), rows[i].told);
        dry.dry_run = true;
        second = rig_ask(METHOD_PLUG, &dry);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(second), rows[i].told);
        UNPLUG(.vif = "a");
        second = rig_ask(METHOD_PLUG, &rows[i].second);
        rig_settle();
        if (rows[i].is_free) {
            CHECK_HAS(rows[i].what, reply_to(second), "changed");
        }
    }
}

/* A VIF that moves to another socket gets the old one back if vswitchd fails; nobody gets it
 * meanwhile. */
static void test_claims_of_an_undo(void **state)
{
    (void)state;
    for (int n = 1; n <= 8; n++) {
        char row[16];
        int a, b;

        snprintf(row, sizeof row, "after %d", n);
        rig_renew();
        PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
        fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .mtu = 1500});
        a = PLUG(.vif = "a", .vf = 5, .mtu = 9000);
        for (int i = 0; i < n; i++) {
            rig_pass();
        }
        b = PLUG(.vif = "b", .vf = 4);
        rig_run(5000);
        CHECK_HAS(row, reply_to(a), "not_realized: ");
        CHECK_STR(row, option_of("vfra", "dpdk-devargs"), "0000:65:00.0,representor=[4]");
        CHECK_HAS(row, reply_to(b), "vf_in_use: ");
        CHECK_INT(row, rig.ovs->n_violations, 0);
    }
}

/* If the change succeeds, the other gets what it has left. */
static void test_claims_that_become_free(void **state)
{
    int a, b;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    a = PLUG(.vif = "a", .vf = 5);
    rig_pass();
    rig_pass();
    b = PLUG(.vif = "b", .vf = 4);
    rig_run(2000);
    CHECK_STR("a", reply_to(a), "changed vfra");
    CHECK_STR("b", reply_to(b), "changed vfrb");
}

/* A plug that is acknowledged at commit is never undone, so nobody waits for its verdict. */
static void test_no_wait_for_what_is_acknowledged(void **state)
{
    int b;

    (void)state;
    PLUGGED(.vif = "a", .path = SOCKET);
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .path = "/run/vhost/y", .bridge = "br1", .wait = WAIT_COMMITTED);
    rig_settle();
    b = PLUG(.vif = "b", .path = SOCKET, .wait = WAIT_COMMITTED);
    rig_settle();
    CHECK_STR("b", reply_to(b), "changed vhub");
}

/* Another program takes the VF while a change of it fails: the undo leaves it alone, and the reply
 * says so. */
static void take_vf(void)
{
    struct fake_port *port = fake_add_port(rig.ovs, "else", "br0", "dpdk");

    smap_add(&port->options, "dpdk-devargs", "0000:65:00.0,representor=[4]");
    fake_ovs_touch(rig.ovs, port);
}

static void test_undo_whose_claim_is_taken(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no"});
    a = PLUG(.vif = "a", .vf = 5);
    rig_pass();
    rig.ovs->on_commit = take_vf;
    rig_run(20000);
    CHECK_HAS("a", reply_to(a), "not_realized: ");
    CHECK_HAS("a", reply_to(a),
              "VIF a was not restored: it needs VF number 4 of 0000:65:00.0, but port else");
    CHECK_STR("not the other's", option_of("vfra", "dpdk-devargs"), "0000:65:00.0,representor=[5]");
}

/* A second port with the VIF's marks: one VIF, and a warning. */
static void test_twin(void **state)
{
    struct fake_port *twin;
    int asked;

    (void)state;
    PLUGGED(.vif = "a");
    twin = fake_add_port(rig.ovs, "twin", "br0", "internal");
    smap_clone(&twin->external_ids, &fake_port(rig.ovs, "vhua")->external_ids);
    fake_ovs_touch(rig.ovs, twin);
    asked = PLUG(.vif = "a", .mtu = 1400);
    rig_settle();
    CHECK_STR("plug", reply_to(asked), "changed vhua");
    CHECK_HAS("plug", warnings(asked), "port twin on bridge br0 has the external_ids of VIF a too");
    asked = UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("unplug", reply_to(asked), "changed");
    CHECK_HAS("unplug", warnings(asked), "ovs-vsctl del-port twin");
    CHECK_STR("stays", type_of_port("twin"), "internal");
}

/* A running guest's port that shares its socket already: changed as asked, with a warning. */
static void test_shared_before(void **state)
{
    struct fake_port *other;
    int asked;

    (void)state;
    PLUGGED(.vif = "a", .path = SOCKET);
    other = fake_add_port(rig.ovs, "else", "br0", "dpdkvhostuserclient");
    smap_add(&other->options, "vhost-server-path", SOCKET);
    fake_ovs_touch(rig.ovs, other);
    asked = PLUG(.vif = "a", .path = SOCKET, .mtu = 1400);
    rig_settle();
    CHECK_STR("plug", reply_to(asked), "changed vhua");
    CHECK_HAS("plug", warnings(asked), "the VIF has socket " SOCKET ", but port else");
    asked = PLUG(.vif = "b", .path = SOCKET);
    rig_settle();
    CHECK_HAS("another", reply_to(asked), "socket_in_use: ");
}

static void test_repair_whose_claim_is_taken(void **state)
{
    struct fake_port *other;
    struct record before, copy;
    int n;

    (void)state;
    PLUGGED(.vif = "a", .path = SOCKET);
    ovs_find_vif(rig.ovs, "a", &before);
    record_clone(&copy, &before);
    fake_remove_port(rig.ovs, "vhua");
    other = fake_add_port(rig.ovs, "else", "br0", "dpdkvhostuserclient");
    smap_add(&other->options, "vhost-server-path", SOCKET);
    n = n_transactions();
    engine_repair(rig.engine, "a", &copy.spec, REPAIR_PORT);
    rig_settle();
    CHECK_STR("left", told(rig.ended), "a nothing");
    CHECK_INT("no transaction", n_transactions(), n);
    fake_remove_port(rig.ovs, "else");
    engine_repair(rig.engine, "a", &copy.spec, REPAIR_PORT);
    rig_settle();
    CHECK_STR("free", told(rig.ended), "a repaired");
    record_destroy(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_pairs),
        RIG_TEST(test_claims_of_an_undo),
        RIG_TEST(test_claims_that_become_free),
        RIG_TEST(test_no_wait_for_what_is_acknowledged),
        RIG_TEST(test_undo_whose_claim_is_taken),
        RIG_TEST(test_twin),
        RIG_TEST(test_shared_before),
        RIG_TEST(test_repair_whose_claim_is_taken),
    };

    return RIG_MAIN(tests);
}
