/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: what it does about leftovers of a killed daemon or of other programs; stale VIFs;
 * repairs. */

#include "engine-harness.h"

#include <stdio.h>

#define TAP .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true, .create_tap = true
#define HYBRID .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbr0"

static int n_transactions(void)
{
    return (int)engine_counters(rig.engine)->transactions;
}

/* --- A start. --- */

/* The engine finishes replacements that a killed daemon left between their steps. */
static void test_recovers_a_detached_port(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        const char *port;
        const char *type;
    } rows[] = {
        {"representor", {.vif = "a", .vf = 4}, "vfra", "dpdk"},
        {"vhost-user", {.vif = "a"}, "vhua", "dpdkvhostuserclient"},
        {"guest as client", {.vif = "a", .client = true}, "vhua", "dpdkvhostuser"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct fake_port *port;

        rig_renew();
        rig_plugged(&rows[i].ask);
        port = fake_port(rig.ovs, rows[i].port);
        snprintf(port->type, sizeof port->type, "%s", TYPE_DETACHED);
        rig_restart();
        rig_pass();
        CHECK_HAS(rows[i].what, ops_show(), "recover a, COMMITTING");
        rig_settle();
        CHECK_STR(rows[i].what, type_of_port(rows[i].port), rows[i].type);
        CHECK_STR(rows[i].what, told(rig.ended), "a changed");
    }
}

/* vswitchd confirms only `ms` later that it has released the device: the engine waits for that
 * first. */
static void recover_after(int ms)
{
    PLUGGED(.vif = "a", .vf = 4);
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .vf = 5);
    rig_settle();
    CHECK_STR("half way", type_of_port("vfra"), TYPE_DETACHED);
    rig_restart();
    rig_run(ms);
    CHECK_HAS("waits", ops_show(), "recover a, REALIZING");
    CHECK_HAS("however long it takes", ops_show(), "no deadline");
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("done", type_of_port("vfra"), "dpdk");
    CHECK_STR("done", option_of("vfra", "dpdk-devargs"), "0000:65:00.0,representor=[5]");
}

static void test_recovers_what_vswitchd_has_not_seen(void **state)
{
    (void)state;
    recover_after(20000);
}

/* The recovery has begun, so queue_timeout does not end it. */
static void test_recovers_what_vswitchd_sees_late(void **state)
{
    (void)state;
    recover_after(40000);
}

/* OVSDB goes away right then, for longer than a client would wait. The recovery continues, because
 * no other operation would finish it. */
static void test_recovers_once_ovsdb_is_back(void **state)
{
    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    snprintf(fake_port(rig.ovs, "vfra")->type, 33, "%s", TYPE_DETACHED);
    rig_restart();
    rig_pass();
    fake_ovs_disconnect(rig.ovs, false);
    rig_run(15000);
    fake_ovs_reconnect(rig.ovs);
    rig_settle();
    CHECK_STR("done", type_of_port("vfra"), "dpdk");
}

/* A plug comes first: the recovery has nothing to do then. */
static void test_nothing_to_recover_any_more(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    snprintf(fake_port(rig.ovs, "vfra")->type, 33, "%s", TYPE_DETACHED);
    rig_restart();
    a = UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("unplugged", reply_to(a), "changed");
    CHECK_STR("both end", told(rig.ended), "a unplugged, a nothing");
    CHECK_INT("both end", engine_n_ops(rig.engine), 0);
}

/* OVSDB is away for longer than a recovery's timeout: the recovery continues. */
static void test_recovery_waits_for_ovsdb(void **state)
{
    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    snprintf(fake_port(rig.ovs, "vfra")->type, 33, "%s", TYPE_DETACHED);
    rig_restart();
    fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_UNCERTAIN});
    rig_pass();
    rig_pass();
    fake_ovs_disconnect(rig.ovs, false);
    rig_run(60000);
    CHECK_HAS("waits", ops_show(), "recover a, QUEUED for OVSDB");
    fake_ovs_reconnect(rig.ovs);
    rig_settle();
    CHECK_STR("done", type_of_port("vfra"), "dpdk");
}

/* A start removes nothing that a guest may use: OVSDB may be another one than it was. A reap does.
 */
static void test_orphaned_links(void **state)
{
    static const struct {
        const char *name;
        const char *alias;
        bool incomplete;
        bool outlives_start;
        bool outlives_reap;
    } rows[] = {
        {"tap0", "vifplugd:a", false, true, true},  /* a's own. */
        {"tap1", "vifplugd:a", false, true, true},  /* a's as well, by its alias. */
        {"tap2", "vifplugd:b", false, true, false}, /* b is not there. */
        {"tap3", "", false, true, true},
        {"tap4", "somebody:b", false, true, true},
        {"tap5", "", true, false, false},
    };
    int asked;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    for (size_t i = 1; i < N(rows); i++) {
        fake_add_link(rig.links, rows[i].name, "tun", rows[i].alias)->facts.group =
            rows[i].incomplete ? LINK_GROUP : 0;
    }
    rig_settle();
    CHECK("at the start only", fake_link(rig.links, "tap5"));
    rig_restart();
    rig_settle();
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_INT(rows[i].name, fake_link(rig.links, rows[i].name) != NULL, rows[i].outlives_start);
    }
    asked = rig_reap(NULL, 0);
    rig_settle();
    CHECK_STR("reaped", reply_to(asked), "removed b");
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_INT(rows[i].name, fake_link(rig.links, rows[i].name) != NULL, rows[i].outlives_reap);
    }
}

static void test_orphans_cannot_be_looked_for(void **state)
{
    int a;

    (void)state;
    fake_add_link(rig.links, "tap2", "tun", "vifplugd:b");
    rig.links->fails = "for_each";
    rig_restart();
    rig_settle();
    CHECK("stays", fake_link(rig.links, "tap2"));
    a = PLUG(.vif = "a");
    rig_settle();
    CHECK_STR("goes on", reply_to(a), "changed vhua");
    rig_restart_without_links();
    rig_settle();
    CHECK("without netlink", fake_link(rig.links, "tap2"));
}

/* A plug waits for OVSDB when the daemon starts: it keeps its links, although its port is not in
 * OVSDB yet. */
static void test_links_made_at_the_start_stay(void **state)
{
    int a;

    (void)state;
    fake_ovs_disconnect(rig.ovs, false);
    rig_restart();
    a = PLUG(.vif = "a", TAP);
    rig_settle();
    fake_ovs_reconnect(rig.ovs);
    rig_settle();
    CHECK_STR("plugged", reply_to(a), "changed tap0");
    CHECK("with its tap", fake_link(rig.links, "tap0"));
}

/* --- What others left. --- */

/* Ports without a record that an unplug also removes. */
static void test_unplug_of_what_is_not_on_record(void **state)
{
    static const struct {
        const char *what;
        struct ask ask; /* The unplug. */
        const char *iface_id;
        bool goes;
    } rows[] = {
        {"libvirt's tap", {.vif = "a", .kind = VIF_KIND_OVS, .name = "tap9"}, "iface-a", true},
        {"another's", {.vif = "a", .kind = VIF_KIND_OVS, .name = "tap9"}, "iface-b", false},
        {"another kind", {.vif = "a", .name = "tap9"}, "iface-a", false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        smap_add(&fake_add_port(rig.ovs, "tap9", "br0", "")->external_ids, KEY_IFACE_ID,
                 rows[i].iface_id);
        a = rig_ask(METHOD_UNPLUG, &rows[i].ask);
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(a), rows[i].goes ? "changed" : "unchanged");
        CHECK_STR(rows[i].what, type_of_port("tap9"), rows[i].goes ? "-" : "");
    }
}

static void test_left_port_bridge(void **state)
{
    static const struct {
        const char *what;
        const char *bridge; /* Where the patch port is. */
        const char *type;
        bool goes;
    } rows[] = {
        {"its own", "pba", "patch", true},
        {"elsewhere", "br0", "patch", false},
        {"no patch port", "pba", "internal", false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        fake_add_bridge(rig.ovs, "pba", "system");
        fake_add_port(rig.ovs, "pbpa", rows[i].bridge, rows[i].type);
        a = UNPLUG(.vif = "a");
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(a), rows[i].goes ? "changed" : "unchanged");
        CHECK_INT(rows[i].what, fake_bridge(rig.ovs, "pba") != NULL, !rows[i].goes);
    }
}

/* An unplug of the last VIF removes its trunk bridge. libvirt may have removed the port before. */
static void test_trunk_bridge(void **state)
{
    static const struct {
        const char *what;
        const char *port; /* The ports on it besides Neutron's patch port. */
        bool goes;
    } rows[] = {{"empty", NULL, true}, {"not empty", "tap9", false}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        fake_add_bridge(rig.ovs, "tbr-1", "system");
        fake_add_port(rig.ovs, "tpt-1", "tbr-1", "patch");
        if (rows[i].port) {
            fake_add_port(rig.ovs, rows[i].port, "tbr-1", "");
        }
        a = UNPLUG(.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0", .bridge = "tbr-1");
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(a), rows[i].goes ? "changed" : "unchanged");
        CHECK_INT(rows[i].what, fake_bridge(rig.ovs, "tbr-1") != NULL, !rows[i].goes);
    }
}

/* --- Stale VIFs. --- */

static void make_stale(const char *port)
{
    smap_replace(&fake_port(rig.ovs, port)->external_ids, KEY_BOOT_ID, "boot-0");
}

static void test_reap(void **state)
{
    static const struct {
        const char *what;
        const char *named; /* NULL: all. */
        int max_queued;
        const char *told;
        const char *warned;
        int n_left;
    } rows[] = {
        {"all", NULL, 64, "removed a b", "", 1},
        {"one", "b", 64, "removed b", "", 2},
        {"not stale", "c", 64, "invalid_request: VIF c is not stale", "", 3},
        {"not there", "x", 64, "invalid_request: VIF x is not stale", "", 3},
        {"as many as may wait", NULL, 1, "removed a", "1 more are stale than may wait at a", 2},
        {"none may wait", NULL, 0, "busy: ", "", 3},
        {"it may not wait", "b", 0, "busy: ", "", 3},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int asked;

        rig_renew();
        PLUGGED(.vif = "a");
        PLUGGED(.vif = "b");
        PLUGGED(.vif = "c");
        make_stale("vhua");
        make_stale("vhub");
        rig.settings.max_queued = rows[i].max_queued;
        asked = rig_reap(rows[i].named, 0);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(asked), rows[i].told);
        CHECK_HAS(rows[i].what, warnings(asked), rows[i].warned);
        CHECK_INT(rows[i].what, fake_n_ports_on(rig.ovs, "br0"), rows[i].n_left);
        CHECK_STR(rows[i].what, type_of_port("vhuc"), "dpdkvhostuserclient");
    }
}

/* What a guest uses stays, unless it is named: after a boot all VIFs are stale, and guests may run.
 */
static void test_reap_beside_guests(void **state)
{
    static const struct {
        const char *what;
        const char *named;
        const char *told;
        bool kept;
        bool dry_run;
    } rows[] = {
        {"all", NULL, "removed a; kept t: a process has its tap tap0 open", true, false},
        {"named", "t", "removed t", false, false},
        {"orphan", NULL, "o: a process has a tap open that is its link", true, false},
        {"dry run", NULL,
         "removed a; kept t: a process has its tap tap0 open, o: a process has a tap open that is "
         "its "
         "link, or a port of its Linux bridge; a would delete, delete Port vhua",
         true, true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int asked;

        rig_renew();
        PLUGGED(.vif = "a");
        PLUGGED(.vif = "t", TAP);
        make_stale("vhua");
        make_stale("tap0");
        fake_link(rig.links, "tap0")->facts.carrier = true;
        fake_add_link(rig.links, "qbro", "bridge", "vifplugd:o");
        fake_add_link(rig.links, "tapo", "tun", "")->facts.carrier = true;
        snprintf(fake_link(rig.links, "tapo")->facts.master, VIF_IFNAME_MAX + 1, "qbro");
        asked = rig_reap_dry(rows[i].named, rows[i].dry_run, 0);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(asked), rows[i].told);
        CHECK_INT(rows[i].what, fake_link(rig.links, "tap0") != NULL, rows[i].kept);
        CHECK(rows[i].what, fake_link(rig.links, "qbro"));
        CHECK_INT(rows[i].what, fake_n_ports_on(rig.ovs, "br0"), rows[i].dry_run ? 2 : 1);
    }
}

/* A dry run says what the reap does, links of VIFs and of orphans included. */
static void test_dry_run_of_a_reap(void **state)
{
    char text[1024];
    int asked;

    (void)state;
    PLUGGED(.vif = "t", TAP);
    make_stale("tap0");
    fake_add_link(rig.links, "tap2", "tun", "vifplugd:o");
    asked = rig_reap_dry(NULL, true, 0);
    rig_settle();
    snprintf(text, sizeof text, "%s", reply_to(asked));
    CHECK_STR("VIF and orphan", text,
              "removed t o; "
              "t would delete, delete link tap0, delete Port tap0 from Bridge br0; "
              "o would none, delete link tap2");
    CHECK("nothing is removed", fake_link(rig.links, "tap0") && fake_link(rig.links, "tap2"));
    CHECK_INT("nothing is removed", fake_n_ports_on(rig.ovs, "br0"), 1);
    asked = rig_reap(NULL, 0);
    rig_settle();
    CHECK_STR("reaped", reply_to(asked), "removed o t"); /* As they end. */
    CHECK("it is", !fake_link(rig.links, "tap0") && !fake_link(rig.links, "tap2"));
}

/* Whether guests use VIFs is then not known: only those are removed that are named. */
static void test_reap_without_links(void **state)
{
    int asked;

    (void)state;
    PLUGGED(.vif = "a");
    make_stale("vhua");
    rig.links->fails = "for_each";
    asked = rig_reap(NULL, 0);
    rig_settle();
    CHECK_HAS("refused", reply_to(asked), "not_realized: The fake kernel lists no links");
    asked = rig_reap("a", 0);
    rig_settle();
    CHECK_STR("named", reply_to(asked), "removed a");
}

static void test_reap_of_none(void **state)
{
    int asked = rig_reap(NULL, 0);

    (void)state;
    CHECK_STR("none", reply_to(asked), "removed");
}

/* Its timeout is that of each unplug. */
static void test_reap_in_time(void **state)
{
    int asked;

    (void)state;
    PLUGGED(.vif = "a");
    make_stale("vhua");
    rig.vswitchd->silent = true;
    asked = rig_reap(NULL, 300);
    rig_run(299);
    CHECK_STR("waits for vswitchd", reply_to(asked), "");
    rig_run(1);
    CHECK_STR("done", reply_to(asked), "removed a");
}

/* A VIF that was plugged again after the reap found it stays. If one cannot be removed, the reply
 * says so. */
static void test_reap_of_what_changes(void **state)
{
    int asked;

    (void)state;
    PLUGGED(.vif = "a");
    PLUGGED(.vif = "b");
    make_stale("vhua");
    make_stale("vhub");
    rig_settle();
    PLUG(.vif = "a");
    asked = rig_reap(NULL, 0);
    fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_ERROR, .error_text = "no"});
    fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_ERROR, .error_text = "no"});
    rig_settle();
    CHECK_STR("none", reply_to(asked), "removed");
    CHECK_HAS("b", warnings(asked), "VIF b could not be removed: OVSDB refused");
    CHECK_STR("a is plugged", id_of("vhua", KEY_BOOT_ID), BOOT_ID);
}

/* --- Repairs (engine_repair(), as the watcher calls it). --- */

static void change_mtu(struct fake_port *port)
{
    port->mtu_request = 2000;
}

static void change_nothing(struct fake_port *port)
{
    (void)port;
}

static void change_bridge(struct fake_port *port)
{
    snprintf(port->bridge, sizeof port->bridge, "sys0");
}

static void remove_it(struct fake_port *port)
{
    fake_remove_port(rig.ovs, port->name);
}

static void remove_bridge(struct fake_port *port)
{
    fake_remove_bridge(rig.ovs, port->bridge);
}

static void move_and_remove_bridge(struct fake_port *port)
{
    change_bridge(port);
    fake_remove_bridge(rig.ovs, "br0");
}

static void replace_it(struct fake_port *port)
{
    char name[PORT_NAME_MAX + 1];

    snprintf(name, sizeof name, "%s", port->name);
    fake_remove_port(rig.ovs, name);
    fake_add_port(rig.ovs, name, "br0", "internal");
}

static void give_the_vf_away(struct fake_port *port)
{
    remove_it(port);
    smap_add(&fake_add_port(rig.ovs, "other", "br0", "dpdk")->options, "dpdk-devargs",
             "0000:65:00.0,representor=[4]");
}

static void give_the_id_away(struct fake_port *port)
{
    remove_it(port);
    smap_add(&fake_add_port(rig.ovs, "other", "br0", "")->external_ids, KEY_IFACE_ID, "iface-a");
}

static void test_repair(void **state)
{
    static const struct {
        const char *what;
        void (*change)(struct fake_port *port);
        const char *ended;
        int n_transactions;
    } rows[] = {
        {"changed", change_mtu, "a repaired", 2},
        {"failed: looked at again", change_nothing, "a repaired", 2},
        {"moved", change_bridge, "a repaired", 2},
        {"removed", remove_it, "a repaired", 1},
        {"removed with its bridge", remove_bridge, "a nothing", 0},
        {"moved, and its bridge removed", move_and_remove_bridge, "a repaired", 2},
        {"its name is taken", replace_it, "a nothing", 0},
        {"its VF is taken", give_the_vf_away, "a nothing", 0},
        {"its iface-id is taken", give_the_id_away, "a nothing", 0},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct record before, copy;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
        ovs_find_vif(rig.ovs, "a", &before);
        record_clone(&copy, &before);
        rows[i].change(fake_port(rig.ovs, "vfra"));
        CHECK(rows[i].what, engine_repair(rig.engine, "a", &copy.spec, REPAIR_PORT));
        rig_settle();
        CHECK_STR(rows[i].what, told(rig.ended), rows[i].ended);
        CHECK_INT(rows[i].what, n_transactions(), 1 + rows[i].n_transactions);
        if (rows[i].n_transactions) {
            CHECK_STR(rows[i].what, fake_port(rig.ovs, "vfra")->bridge, "br0");
            CHECK_INT(rows[i].what, fake_port(rig.ovs, "vfra")->mtu_request, 1500);
        }
        record_destroy(&copy);
    }
}

/* The bridge that a repair makes anew gets the fail_mode that it had, or one that suits. */
static void test_bridge_of_a_repair(void **state)
{
    static const struct {
        const char *had;
        bool ovn;
        const char *gets;
    } rows[] = {{"", false, ""}, {"", true, "secure"}, {"secure", false, "secure"}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct record before, copy;

        rig_renew();
        snprintf(fake_bridge(rig.ovs, "br0")->fail_mode, 11, "%s", rows[i].had);
        PLUGGED(.vif = "a", .vf = 4);
        ovs_find_vif(rig.ovs, "a", &before);
        record_clone(&copy, &before);
        move_and_remove_bridge(fake_port(rig.ovs, "vfra"));
        rig.ovs->controllers.ovn = rows[i].ovn;
        engine_repair(rig.engine, "a", &copy.spec, REPAIR_PORT);
        rig_settle();
        CHECK_STR(rows[i].gets, fake_bridge(rig.ovs, "br0")->fail_mode, rows[i].gets);
        record_destroy(&copy);
    }
}

/* A repair that fails is not undone: the state that other programs made is no better. */
static void test_failed_repair(void **state)
{
    struct record before, copy;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    ovs_find_vif(rig.ovs, "a", &before);
    record_clone(&copy, &before);
    change_mtu(fake_port(rig.ovs, "vfra"));
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no"});
    engine_repair(rig.engine, "a", &copy.spec, REPAIR_PORT);
    rig_settle();
    CHECK_STR("ended", told(rig.ended), "a nothing");
    CHECK_INT("stays", fake_port(rig.ovs, "vfra")->mtu_request, 1500);
    CHECK_INT("not undone", engine_counters(rig.engine)->undone, 0);
    record_destroy(&copy);
}

/* Links, or names of a separate bridge, that other programs have. */
static void test_repair_without_links(void **state)
{
    static const struct {
        const char *what;
        bool per_port_bridge;
    } rows[] = {{"a link is in the way", false}, {"a port is in the way", true}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct record before, copy;

        rig_renew();
        rig.settings.per_port_bridge = rows[i].per_port_bridge;
        if (rows[i].per_port_bridge) {
            PLUGGED(.vif = "a", TAP, .bridge = "sys0");
        } else {
            PLUGGED(.vif = "a", HYBRID);
        }
        ovs_find_vif(rig.ovs, "a", &before);
        record_clone(&copy, &before);
        if (rows[i].per_port_bridge) {
            fake_remove_bridge(rig.ovs, "pba");
            fake_add_port(rig.ovs, "pbpa", "br0", "patch");
        } else {
            fake_remove_link(rig.links, "qvoa");
            fake_add_link(rig.links, "qvoa", "tun", "");
        }
        engine_repair(rig.engine, "a", &copy.spec, REPAIR_PORT);
        rig_settle();
        CHECK_STR(rows[i].what, told(rig.ended), "a nothing");
        CHECK_INT(rows[i].what, n_transactions(), 1);
        record_destroy(&copy);
    }
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_recovers_a_detached_port),
    RIG_TEST(test_recovers_what_vswitchd_has_not_seen),
    RIG_TEST(test_recovers_what_vswitchd_sees_late),
    RIG_TEST(test_recovers_once_ovsdb_is_back),
    RIG_TEST(test_nothing_to_recover_any_more),
    RIG_TEST(test_recovery_waits_for_ovsdb),
    RIG_TEST(test_orphaned_links),
    RIG_TEST(test_orphans_cannot_be_looked_for),
    RIG_TEST(test_links_made_at_the_start_stay),
    RIG_TEST(test_unplug_of_what_is_not_on_record),
    RIG_TEST(test_left_port_bridge),
    RIG_TEST(test_trunk_bridge),
    RIG_TEST(test_reap),
    RIG_TEST(test_reap_beside_guests),
    RIG_TEST(test_dry_run_of_a_reap),
    RIG_TEST(test_reap_without_links),
    RIG_TEST(test_reap_of_none),
    RIG_TEST(test_reap_in_time),
    RIG_TEST(test_reap_of_what_changes),
    RIG_TEST(test_repair),
    RIG_TEST(test_bridge_of_a_repair),
    RIG_TEST(test_failed_repair),
    RIG_TEST(test_repair_without_links),
};

int main(void)
{
    return RIG_MAIN(tests);
}
