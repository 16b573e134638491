/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: the kernel links that VIFs need. */

#include "engine-harness.h"

#include <stdio.h>

#define TAP_CALLED(x) .kind = VIF_KIND_OVS, .name = (x), .create_port = true, .create_tap = true
#define TAP TAP_CALLED("tap0")
#define HYBRID .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbr0"

/* The links of each kind, which the engine makes right before it sends the transaction. */
static void test_made(void **state)
{
    static const struct {
        struct ask ask;
        const char *calls;
        const char *told;
    } rows[] = {
        {{.vif = "a", TAP}, "add_tap tap0", "changed tap0"},
        {{.vif = "a", TAP, .mtu = 9000}, "add_tap tap0", "changed tap0"},
        {{.vif = "a", HYBRID},
         "add_bridge qbr0, add_veth qvba qvoa, set_master qvba qbr0",
         "changed qvoa"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        a = rig_ask(METHOD_PLUG, &rows[i].ask);
        rig_pass();
        CHECK_STR(rows[i].calls, rig.links->log, rows[i].calls);
        CHECK_STR(rows[i].calls, reply_to(a), "");
        rig_settle();
        CHECK_STR(rows[i].calls, reply_to(a), rows[i].told);
        CHECK_STR("no more", told(rig.links->log), rows[i].calls);
        a = rig_ask(METHOD_PLUG, &rows[i].ask);
        rig_settle();
        CHECK_HAS("as asked", reply_to(a), "unchanged");
        CHECK_STR("as asked", rig.links->log, "");
    }
}

/* vswitchd sets a link down when it takes it as a port. */
static void test_set_down_by_vswitchd(void **state)
{
    static const struct {
        struct ask ask;
        const char *link;
        const char *alias; /* That the link has by then; or NULL: that of its VIF. */
        bool up;
    } rows[] = {
        {{.vif = "a", TAP}, "tap0", NULL, true},
        {{.vif = "a", TAP, .wait = WAIT_COMMITTED}, "tap0", NULL, true},
        {{.vif = "a", HYBRID}, "qvoa", NULL, true},
        {{.vif = "a", HYBRID}, "qvba", NULL, true},
        {{.vif = "a", HYBRID}, "qbr0", NULL, true},
        {{.vif = "a", TAP}, "tap0", "vifplugd:b", false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct fake_link *link;
        int a;

        rig_renew();
        a = rig_ask(METHOD_PLUG, &rows[i].ask);
        rig_pass();
        link = fake_link(rig.links, rows[i].link);
        link->facts.up = false;
        if (rows[i].alias) {
            snprintf(link->facts.alias, sizeof link->facts.alias, "%s", rows[i].alias);
        }
        rig_settle();
        CHECK_HAS(rows[i].link, reply_to(a), "changed ");
        CHECK_INT(rows[i].link, fake_link(rig.links, rows[i].link)->facts.up, rows[i].up);
    }
}

/* One of the steps fails: the engine reverts those before it, and writes nothing. */
static void test_cannot_be_made(void **state)
{
    static const struct {
        struct ask ask;
        const char *fails;
        const char *calls;
    } rows[] = {
        {{.vif = "a", TAP}, "add_tap", "add_tap tap0"},
        {{.vif = "a", HYBRID}, "add_bridge", "add_bridge qbr0"},
        {{.vif = "a", HYBRID}, "add_veth", "add_bridge qbr0, add_veth qvba qvoa, delete qbr0"},
        {{.vif = "a", HYBRID},
         "set_master",
         "add_bridge qbr0, add_veth qvba qvoa, set_master qvba qbr0, delete qvba, delete qbr0"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig.links->fails = rows[i].fails;
        a = rig_ask(METHOD_PLUG, &rows[i].ask);
        rig_settle();
        CHECK_HAS(rows[i].fails, reply_to(a), "not_realized: The fake kernel refused");
        CHECK_STR(rows[i].fails, rig.links->log, rows[i].calls);
        CHECK_INT(rows[i].fails, rig.links->n, 0);
        CHECK_INT(rows[i].fails, engine_counters(rig.engine)->transactions, 0);
    }
}

/* The engine reverts the links before it replies with the error. */
static void test_reverted(void **state)
{
    static const struct {
        const char *what;
        struct fake_ending endings[3];
        const char *error; /* vswitchd's. */
        enum wait wait;
        const char *told;
        bool stay;
    } rows[] = {
        {"OVSDB refuses",
         {{.result = OVS_TXN_ERROR, .error_text = "no"},
          {.result = OVS_TXN_ERROR, .error_text = "no"}},
         NULL,
         WAIT_REALIZED,
         "internal: ",
         false},
        {"vswitchd refuses", {{0}}, "no such thing", WAIT_REALIZED, "not_realized: ", false},
        {"acknowledged: stays", {{0}}, "no such thing", WAIT_COMMITTED, "changed qvoa", true},
        {"tried again", {{.result = OVS_TXN_TRY_AGAIN}}, NULL, WAIT_REALIZED, "changed qvoa", true},
        {"lost", {{.result = OVS_TXN_UNCERTAIN}}, NULL, WAIT_REALIZED, "changed qvoa", true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        for (size_t j = 0; rows[i].endings[j].result; j++) {
            fake_ovs_script(rig.ovs, rows[i].endings[j]);
        }
        if (rows[i].error) {
            fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "qvoa", .error = rows[i].error});
        }
        a = PLUG(.vif = "a", HYBRID, .wait = rows[i].wait);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_INT(rows[i].what, rig.links->n, rows[i].stay ? 3 : 0);
        CHECK_STR(rows[i].what, type_of_port("qvoa"), rows[i].stay ? "" : "-");
    }
}

/* Links that conflict, or exist already. */
static void test_links_that_are_there(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        const char *name;
        const char *kind;
        const char *alias;
        const char *told;
        const char *calls;
    } rows[] = {
        {"a tap is used, whoever made it",
         {.vif = "a", TAP},
         "tap0",
         "tun",
         "",
         "changed tap0",
         ""},
        {"its MTU is set",
         {.vif = "a", TAP, .mtu = 9000},
         "tap0",
         "tun",
         "",
         "changed tap0",
         "set_mtu tap0 9000"},
        {"no Linux bridge",
         {.vif = "a", HYBRID},
         "qbr0",
         "veth",
         "",
         "port_conflict: The VIF needs the name qbr0 for its Linux bridge, but a link (veth)",
         ""},
        {"another's veth",
         {.vif = "a", HYBRID},
         "qvoa",
         "veth",
         "vifplugd:b",
         "port_conflict: The VIF needs the name qvoa for its veth pair, but VIF b (not in OVSDB)",
         ""},
        {"half of its own",
         {.vif = "a", HYBRID},
         "qvoa",
         "veth",
         "vifplugd:a",
         "changed qvoa",
         "delete qvoa, add_bridge qbr0, add_veth qvba qvoa, "
         "set_master qvba qbr0"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        fake_add_link(rig.links, rows[i].name, rows[i].kind, rows[i].alias);
        a = rig_ask(METHOD_PLUG, &rows[i].ask);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_STR(rows[i].what, rig.links->log, rows[i].calls);
    }
}

/* Somebody removed the link of a plugged VIF: the engine makes it again, and makes vswitchd
 * look. */
static void test_made_again(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", HYBRID);
    fake_remove_link(rig.links, "qvoa");
    a = PLUG(.vif = "a", HYBRID);
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed qvoa");
    CHECK_STR("made", rig.links->log, "add_veth qvba qvoa, set_master qvba qbr0");
    CHECK_INT("vswitchd has to look", engine_counters(rig.engine)->transactions, 2);
}

/* An update of the MTU of a VIF with links sets the MTU of the links. */
static void test_update(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP, .mtu = 1500);
    a = UPDATE(.vif = "a", .mtu = 9000);
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed tap0");
    CHECK_STR("set", rig.links->log, "set_mtu tap0 9000");
    CHECK_STR("set", warnings(a), "");
    CHECK_STR("for a tap that is made again", id_of("tap0", KEY_TAP_MTU), "9000");
    fake_rule_add(rig.vswitchd,
                  (struct fake_rule){.port = "tap0", .error = "tap0: No such device"});
    PLUGGED(.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true);
    fake_remove_link(rig.links, "tap0");
    rig.ovs->globals.next_cfg++;
    rig_settle();
    a = UPDATE(.vif = "a", .mtu = 2000);
    rig_settle();
    CHECK_HAS("no netdev", warnings(a), "there is no netdev tap0 yet");
}

/* An update leaves the MAC and the MTU of a tap as they are, and makes one that is missing again as
 * it was plugged. */
static void test_update_of_limits(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP, .address = MAC, .mtu = 1450);
    fake_link(rig.links, "tap0")->facts.mtu = 1300;
    snprintf(fake_link(rig.links, "tap0")->facts.address, VIF_MAC_LEN, "fe:16:3e:00:00:01");
    rig.links->log[0] = '\0';
    a = UPDATE(.vif = "a", .kbps = 2000);
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed tap0");
    CHECK_STR("left", rig.links->log, "");
    fake_remove_link(rig.links, "tap0");
    a = UPDATE(.vif = "a", .kbps = 3000);
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed tap0");
    CHECK_INT("made again", fake_link(rig.links, "tap0")->facts.mtu, 1450);
    CHECK_STR("made again", fake_link(rig.links, "tap0")->facts.address, MAC);
}

/* The row says whose tap it is. A row that lacks the keys, of an earlier version, gets them with
 * the next plug, which changes nothing else. */
static void test_keys_of_a_tap(void **state)
{
    struct fake_port *port;
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP, .mtu = 1450);
    CHECK_STR("ours", id_of("tap0", KEY_CREATE_TAP), "true");
    CHECK_STR("ours", id_of("tap0", KEY_TAP_MTU), "1450");
    port = fake_port(rig.ovs, "tap0");
    smap_remove(&port->external_ids, KEY_CREATE_TAP);
    smap_remove(&port->external_ids, KEY_TAP_MTU);
    a = PLUG(.vif = "a", TAP, .mtu = 1450);
    rig_settle();
    CHECK_STR("an earlier version's", reply_to(a), "unchanged tap0");
    CHECK_STR("an earlier version's", id_of("tap0", KEY_CREATE_TAP), "true");
    a = PLUG(.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true, .mtu = 1450);
    rig_settle();
    CHECK_STR("another makes it", reply_to(a), "changed tap0");
    CHECK_STR("another makes it", id_of("tap0", KEY_CREATE_TAP), "");
    CHECK_STR("another makes it", id_of("tap0", KEY_TAP_MTU), "");
    snprintf(fake_link(rig.links, "tap0")->facts.alias, LINK_ALIAS_MAX + 1, "%s", "");
    a = PLUG(.vif = "a", TAP, .mtu = 1450);
    rig_settle();
    CHECK_STR("another's tap", reply_to(a), "unchanged tap0");
    CHECK_STR("another's tap", id_of("tap0", KEY_CREATE_TAP), "");
}

/* A tap that is removed before vswitchd has opened it is made once more. */
static void test_tap_that_goes_meanwhile(void **state)
{
    int a;

    (void)state;
    fake_rule_add(rig.vswitchd,
                  (struct fake_rule){.port = "tap0", .error = "tap0 (No such device)", .times = 1});
    rig.vswitchd->silent = true;
    a = PLUG(.vif = "a", TAP);
    rig_settle();
    fake_remove_link(rig.links, "tap0");
    rig.vswitchd->silent = false;
    rig_run(1000);
    CHECK_STR("plugged", reply_to(a), "changed tap0");
    CHECK("made again", fake_link(rig.links, "tap0"));
    CHECK("works", fake_port(rig.ovs, "tap0")->ofport > 0);
}

/* vswitchd cannot open the tap: the plug has failed, because nobody else makes that tap. */
static void test_tap_that_vswitchd_misses(void **state)
{
    static const struct {
        const char *what;
        bool per_port_bridge;
        const char *alias; /* Of a tap that is there before the plug; or NULL. */
    } rows[] = {
        {"made", false, NULL},
        {"on a separate bridge", true, NULL},
        {"of another program", false, ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig.settings.per_port_bridge = rows[i].per_port_bridge;
        if (rows[i].alias) {
            fake_add_link(rig.links, "tap0", "tun", rows[i].alias);
        }
        fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "tap0",
                                                       .error = "could not open network device "
                                                                "tap0 (No such device)"});
        a = PLUG(.vif = "a", TAP);
        rig_run(1000);
        CHECK_HAS(rows[i].what, reply_to(a), "not_realized");
        CHECK_HAS(rows[i].what, reply_to(a), "No such device");
        CHECK_STR(rows[i].what, type_of_port(rows[i].per_port_bridge ? "ibpa" : "tap0"), "-");
    }
}

/* After a boot, what OVSDB says of a port whose links are made again is of before. */
static void test_made_again_after_a_boot(void **state)
{
    static const struct ask rows[] = {{.vif = "a", TAP}, {.vif = "a", HYBRID}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *name = rows[i].kind == VIF_KIND_OVS ? "tap0" : "qvoa";
        struct fake_port *port;
        int a;

        rig_renew();
        rig_plugged(&rows[i]);
        fake_remove_link(rig.links, name);
        port = fake_port(rig.ovs, name);
        smap_replace(&port->external_ids, KEY_BOOT_ID, "boot-0");
        fake_port_say(port, -1, 0, "could not open network device (No such device)");
        fake_ovs_touch(rig.ovs, port);
        a = rig_ask(METHOD_PLUG, &rows[i]);
        rig_run(1000);
        CHECK_HAS(name, reply_to(a), "changed");
        CHECK(name, fake_port(rig.ovs, name)->ofport > 0);
    }
}

/* Limits fit the MTU that a link has, also while OVSDB still has the one before. */
static void test_limits_fit_the_links_mtu(void **state)
{
    int a;
    int b;

    (void)state;
    PLUGGED(.vif = "a", TAP, .mtu = 1500);
    assert_true(links_set_mtu(rig.links, "tap0", 9000, NULL));
    a = UPDATE(.vif = "a", .kbps = 71);
    b = UPDATE(.vif = "a", .kbps = 72);
    rig_settle();
    CHECK_HAS("too low", reply_to(a), "invalid_request: ");
    CHECK_STR("enough", reply_to(b), "changed tap0");
}

/* An update that fails sets the links' MTU back. */
static void test_undo_of_an_update(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP, .mtu = 1500);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "tap0", .error = "no", .times = 1});
    a = UPDATE(.vif = "a", .mtu = 9000);
    rig_settle();
    CHECK_HAS("told", reply_to(a), "not_realized: ");
    CHECK_STR("set back", rig.links->log, "set_mtu tap0 9000, set_mtu tap0 1500");
}

/* While vswitchd is known to be dead nothing is made. */
static void test_nothing_is_made_for_a_dead_vswitchd(void **state)
{
    int a = PLUG(.vif = "a", TAP);

    (void)state;
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_settle();
    CHECK_HAS("waits", ops_show(), "plug a, QUEUED for ovs-vswitchd");
    CHECK_STR("nothing", rig.links->log, "");
    rig_run(10000);
    CHECK_HAS("told", reply_to(a), "switch_unavailable: ");
    CHECK_STR("nothing", rig.links->log, "");
}

/* A dry run tells what the real run does, also where only a link is missing. */
static void test_dry_run_of_a_missing_link(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    fake_remove_link(rig.links, "tap0");
    a = PLUG(.vif = "a", TAP, .dry_run = true);
    rig_settle();
    CHECK_HAS("action", reply_to(a), "would update");
    CHECK_HAS("changes", reply_to(a), ", changed; add tap tap0");
}

/* OVSDB answers an unplug later than the client waits: its links go with its port all the same. */
static void test_unplug_that_is_answered_too_late(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    rig.ovs->silent = true;
    a = UNPLUG(.vif = "a");
    rig_run(10000);
    CHECK_HAS("told", reply_to(a), "switch_unavailable: ");
    rig.ovs->silent = false;
    rig_settle();
    CHECK_STR("the port goes", type_of_port("tap0"), "-");
    CHECK("its tap as well", !fake_link(rig.links, "tap0"));
}

static void test_no_netlink(void **state)
{
    int a, b;

    (void)state;
    rig_restart_without_links();
    a = PLUG(.vif = "a", TAP);
    b = PLUG(.vif = "b", .vf = 4);
    rig_settle();
    CHECK_HAS("needs links", reply_to(a), "not_realized: vifplugd has no netlink socket");
    CHECK_STR("needs none", reply_to(b), "changed vfrb");
    a = UNPLUG(.vif = "a", TAP);
    rig_settle();
    CHECK_STR("nothing to remove", reply_to(a), "unchanged");
}

/* vswitchd would not see links that are made here. */
static void test_another_network_namespace(void **state)
{
    static const struct ask dry = {.vif = "a", TAP, .dry_run = true};
    int a, b, c;

    (void)state;
    rig.vswitchd->elsewhere = true;
    a = PLUG(.vif = "a", TAP);
    b = PLUG(.vif = "b", .vf = 4);
    c = rig_ask(METHOD_PLUG, &dry);
    rig_settle();
    CHECK_HAS("needs links", reply_to(a), "not_realized: VIF a needs links of the kernel, and");
    CHECK_STR("needs none", reply_to(b), "changed vfrb");
    CHECK_HAS("a dry run", reply_to(c), "not_realized: VIF a needs links of the kernel, and");
    CHECK_STR("nothing is made", rig.links->log, "");
    rig.vswitchd->elsewhere = false;
    a = PLUG(.vif = "a", TAP);
    rig_settle();
    CHECK_STR("together", reply_to(a), "changed tap0");
}

/* The netdev that represents a VF belongs to the card: the engine sets it up and down. */
static void test_kernel_representor(void **state)
{
    struct fake_link *link;
    int a;

    (void)state;
    a = PLUG(.vif = "a", .kind = VIF_KIND_KERNEL_REPRESENTOR, .vf = 5, .bridge = "sys0");
    rig_settle();
    CHECK_HAS("not there", reply_to(a), "not_realized: There is no netdev rep1");
    link = fake_add_link(rig.links, "rep1", "", "");
    link->facts.up = false;
    a = PLUG(.vif = "a", .kind = VIF_KIND_KERNEL_REPRESENTOR, .vf = 5, .bridge = "sys0",
             .mtu = 9000);
    rig_settle();
    CHECK_STR("plugged", reply_to(a), "changed rep1");
    CHECK_STR("plugged", told(rig.links->log), "set_up rep1, set_mtu rep1 9000");
    a = PLUG(.vif = "b", .kind = VIF_KIND_KERNEL_REPRESENTOR, .vf = 5, .bridge = "sys0");
    rig_settle();
    CHECK_HAS("one at a time", reply_to(a), "vf_in_use: ");
    a = UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("unplugged", reply_to(a), "changed");
    CHECK_STR("unplugged", rig.links->log, "set_down rep1");
}

/* --- Unplugs. --- */

static void test_unplug(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        const char *calls;
    } rows[] = {
        {"tap", {.vif = "a", TAP}, "delete tap0"},
        {"hybrid", {.vif = "a", HYBRID}, "delete qbr0, delete qvoa"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig_plugged(&rows[i].ask);
        a = UNPLUG(.vif = "a", .dry_run = true);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), "would delete");
        CHECK_HAS(rows[i].what, reply_to(a), "delete link");
        CHECK_STR(rows[i].what, rig.links->log, "");
        CHECK_STR(rows[i].what, told(rig.ended), "a nothing");
        a = UNPLUG(.vif = "a");
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(a), "changed");
        CHECK_STR(rows[i].what, rig.links->log, rows[i].calls);
        CHECK_STR(rows[i].what, told(rig.ended), "a unplugged");
    }
}

/* With wait = committed they need not wait for vswitchd. */
static void test_unplug_at_commit(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    rig.vswitchd->silent = true;
    a = UNPLUG(.vif = "a", .wait = WAIT_COMMITTED);
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed");
    CHECK("goes", !fake_link(rig.links, "tap0"));
}

/* The engine removes the links only after the port. */
static void test_unplug_in_order(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    rig.vswitchd->silent = true;
    a = UNPLUG(.vif = "a");
    rig_settle();
    CHECK("stays", fake_link(rig.links, "tap0"));
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK("goes", !fake_link(rig.links, "tap0"));
    CHECK_STR("told", reply_to(a), "changed");
}

/* Each ends when its own links have gone, also behind one that was given up. */
static void test_unplugs_at_the_same_time(void **state)
{
    int a, b;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    PLUGGED(.vif = "b", TAP_CALLED("tap1"));
    rig.link_remover->silent = true;
    a = UNPLUG(.vif = "a", .timeout_ms = 1000);
    b = UNPLUG(.vif = "b");
    rig_run(2000);
    CHECK_HAS("given up", warnings(a), "the kernel has not removed the VIF's links yet");
    rig.link_remover->n_allowed = 1;
    rig_settle();
    CHECK("a's goes", !fake_link(rig.links, "tap0"));
    CHECK_STR("b waits", reply_to(b), "");
    rig.link_remover->n_allowed = 1;
    rig_settle();
    CHECK_STR("b", reply_to(b), "changed");
}

/* A removal that was given up is not done to the next plug of the VIF, which uses the link. */
static void test_plug_behind_a_removal_that_was_given_up(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    rig.link_remover->silent = true;
    UNPLUG(.vif = "a", .timeout_ms = 300);
    rig_run(300);
    a = PLUG(.vif = "a", TAP);
    rig_settle();
    rig.link_remover->silent = false;
    rig_settle();
    CHECK_STR("plugged", reply_to(a), "changed tap0");
    CHECK("with its tap", fake_link(rig.links, "tap0"));
}

static void test_link_cannot_be_removed(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    rig.links->fails = "delete";
    a = UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed");
    CHECK_STR("told", warnings(a), "The fake kernel refused 'delete tap0'.");
}

/* Without a record, the engine finds the links by the VIF's names. */
static void test_unplug_without_a_record(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        const char *link;
        const char *alias;
        const char *calls;
    } rows[] = {
        {"its tap",
         {.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0"},
         "tap0",
         "vifplugd:a",
         "delete tap0"},
        {"another's tap", {.vif = "a", .kind = VIF_KIND_OVS, .name = "tap0"}, "tap0", "", ""},
        {"its veth", {.vif = "a"}, "qvoa", "vifplugd:a", "delete qvoa"},
        {"a Linux bridge that it names",
         {.vif = "a", .linux_bridge = "qbr0"},
         "qbr0",
         "vifplugd:a",
         "delete qbr0"},
        {"another instance's", {.vif = "z"}, "qvoz", "vifplugd:a", ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        fake_add_link(rig.links, rows[i].link, "tun", rows[i].alias);
        a = rig_ask(METHOD_UNPLUG, &rows[i].ask);
        rig_settle();
        CHECK_STR(rows[i].what, reply_to(a), rows[i].calls[0] ? "changed" : "unchanged");
        CHECK_STR(rows[i].what, rig.links->log, rows[i].calls);
    }
}

/* It also removes the Linux bridge that has the veth as a port. */
static void test_unplug_finds_the_linux_bridge(void **state)
{
    struct fake_link *peer;

    (void)state;
    fake_add_link(rig.links, "qbr7", "bridge", "vifplugd:a");
    peer = fake_add_link(rig.links, "qvba", "veth", "vifplugd:a");
    snprintf(peer->facts.master, sizeof peer->facts.master, "qbr7");
    UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("found", rig.links->log, "delete qbr7, delete qvba");
}

/* A plug that needs the name of a link that an unplug is about to remove waits for that. */
static void test_plug_waits_for_the_removal(void **state)
{
    int b;

    (void)state;
    PLUGGED(.vif = "a", HYBRID);
    rig.link_remover->silent = true;
    UNPLUG(.vif = "a");
    rig_settle();
    fake_link(rig.links, "qbr0")->facts.kind[0] = '\0'; /* A link that the plug cannot use. */
    b = PLUG(.vif = "b", HYBRID);
    rig_settle();
    CHECK_STR("waits", reply_to(b), "");
    rig.link_remover->silent = false;
    rig_settle();
    CHECK_STR("done", reply_to(b), "changed qvob");
}

/* Another Linux bridge: the engine removes the previous one when the port is realized. */
static void test_what_preceded_goes(void **state)
{
    static const char calls[] = "add_bridge qbr1, set_master qvba qbr1, delete qbr0";
    int a;

    (void)state;
    PLUGGED(.vif = "a", HYBRID);
    a = PLUG(.vif = "a", .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbr1");
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed qvoa");
    CHECK_STR("old one goes", rig.links->log, calls);
    rig.links->fails = "delete"; /* That is only logged. */
    a = PLUG(.vif = "a", HYBRID);
    rig_settle();
    CHECK_STR("stays", reply_to(a), "changed qvoa");
    CHECK("stays", fake_link(rig.links, "qbr1"));
    rig.links->fails = NULL;
    UNPLUG(.vif = "a");
    rig_settle();
    CHECK_INT("an unplug finds it by its alias", rig.links->n, 0);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_made),
    RIG_TEST(test_set_down_by_vswitchd),
    RIG_TEST(test_cannot_be_made),
    RIG_TEST(test_reverted),
    RIG_TEST(test_links_that_are_there),
    RIG_TEST(test_made_again),
    RIG_TEST(test_update),
    RIG_TEST(test_update_of_limits),
    RIG_TEST(test_keys_of_a_tap),
    RIG_TEST(test_tap_that_vswitchd_misses),
    RIG_TEST(test_tap_that_goes_meanwhile),
    RIG_TEST(test_made_again_after_a_boot),
    RIG_TEST(test_limits_fit_the_links_mtu),
    RIG_TEST(test_undo_of_an_update),
    RIG_TEST(test_nothing_is_made_for_a_dead_vswitchd),
    RIG_TEST(test_dry_run_of_a_missing_link),
    RIG_TEST(test_unplug_that_is_answered_too_late),
    RIG_TEST(test_no_netlink),
    RIG_TEST(test_another_network_namespace),
    RIG_TEST(test_kernel_representor),
    RIG_TEST(test_unplug),
    RIG_TEST(test_unplug_at_commit),
    RIG_TEST(test_unplug_in_order),
    RIG_TEST(test_unplugs_at_the_same_time),
    RIG_TEST(test_plug_behind_a_removal_that_was_given_up),
    RIG_TEST(test_link_cannot_be_removed),
    RIG_TEST(test_unplug_without_a_record),
    RIG_TEST(test_unplug_finds_the_linux_bridge),
    RIG_TEST(test_plug_waits_for_the_removal),
    RIG_TEST(test_what_preceded_goes),
};

int main(void)
{
    return RIG_MAIN(tests);
}
