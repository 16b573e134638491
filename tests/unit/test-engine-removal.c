/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: links that are being removed, that belong to another VIF, and that change under a
 * port. */

#include "engine-harness.h"

#include <stdio.h>

#define TAP_CALLED(x) .kind = VIF_KIND_OVS, .name = (x), .create_port = true, .create_tap = true
#define TAP TAP_CALLED("tap0")
#define HYBRID .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbr0"

/* The tap of an unplugged VIF is removed late: another VIF with that name waits, and has its own.
 */
static void test_name_of_an_unplugged_vif(void **state)
{
    int a;
    int b;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    rig.link_remover->silent = true;
    a = UNPLUG(.vif = "a");
    b = PLUG(.vif = "b", TAP);
    rig_settle();
    CHECK_STR("the unplug waits for the kernel", reply_to(a), "");
    CHECK_STR("the plug waits for the unplug", reply_to(b), "");
    CHECK_HAS("and says so", ops_show(), "the removal of what is in its way");
    rig.link_remover->silent = false;
    rig_settle();
    CHECK_STR("unplugged", reply_to(a), "changed");
    CHECK_STR("plugged", reply_to(b), "changed tap0");
    CHECK_STR("its own", fake_link(rig.links, "tap0")->facts.alias, "vifplugd:b");
}

/* A tap, then another kind (acknowledged at commit), then the tap again. */
static void test_there_and_back(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .wait = WAIT_COMMITTED);
    a = PLUG(.vif = "a", TAP);
    rig_settle();
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("plugged", reply_to(a), "changed tap0");
    CHECK("with its tap", fake_link(rig.links, "tap0"));
}

/* A link that another VIF has is refused, with the VIF; one that is being unplugged is waited for.
 */
static void test_link_of_another_vif(void **state)
{
    int b;

    (void)state;
    fake_add_link(rig.links, "tap0", "tun", "vifplugd:a");
    b = PLUG(.vif = "b", TAP);
    rig_settle();
    CHECK_HAS(
        "left over", reply_to(b),
        "port_conflict: The VIF needs the name tap0 for its tap, but VIF a (not in OVSDB) has it");
    PLUGGED(.vif = "a", HYBRID);
    b = PLUG(.vif = "b", HYBRID);
    rig_settle();
    CHECK_HAS(
        "in use", reply_to(b),
        "port_conflict: The VIF needs the name qbr0 for its Linux bridge, but VIF a (port qvoa");
    UNPLUG(.vif = "a");
    b = PLUG(.vif = "b", HYBRID);
    rig_settle();
    CHECK_STR("unplugged before", reply_to(b), "changed qvob");
}

/* What a failing plug has made is removed by the remover, and the reply comes after that. */
static void test_failure_waits_for_the_removal(void **state)
{
    int a;

    (void)state;
    fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_ERROR, .error_text = "no"});
    fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_ERROR, .error_text = "no"});
    rig.link_remover->silent = true;
    a = PLUG(.vif = "a", HYBRID);
    rig_settle();
    CHECK_STR("not yet", reply_to(a), "");
    CHECK_HAS("being removed", ops_show(), "CLEARING");
    rig.link_remover->silent = false;
    rig_settle();
    CHECK_HAS("refused", reply_to(a), "internal: OVSDB refused");
    CHECK_INT("nothing is left", rig.links->n, 0);
}

/* The same after something was written: first the rows go, then the links. */
static void test_undo_waits_for_the_removal(void **state)
{
    int a;

    (void)state;
    rig.vswitchd->silent = true;
    a = PLUG(.vif = "a", HYBRID, .timeout_ms = 100);
    rig_run(150);
    CHECK_HAS("timed out", reply_to(a), "timeout: ");
    CHECK_STR("no port", type_of_port("qvoa"), "-");
    CHECK_INT("no links", rig.links->n, 0);
}

/* A kernel that does not remove them holds up the reply to its deadline only. */
static void test_removal_that_takes_too_long(void **state)
{
    int a;

    (void)state;
    fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_ERROR, .error_text = "no"});
    fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_ERROR, .error_text = "no"});
    rig.link_remover->silent = true;
    a = PLUG(.vif = "a", HYBRID, .timeout_ms = 1000);
    rig_run(900);
    CHECK_STR("waits", reply_to(a), "");
    rig_run(200);
    CHECK_HAS("refused", reply_to(a), "internal: OVSDB refused");
    CHECK_INT("it has ended", engine_n_ops(rig.engine), 0);
}

/* Half of a pair, and a link that a killed daemon began, are removed first. */
static void test_way_is_cleared(void **state)
{
    int a;

    (void)state;
    fake_add_link(rig.links, "qvoa", "veth", "")->facts.group = LINK_GROUP;
    rig.link_remover->silent = true;
    a = PLUG(.vif = "a", HYBRID, .dry_run = true);
    rig_settle();
    CHECK_HAS("a dry run shows it", reply_to(a), "delete link qvoa; ");
    CHECK_STR("and does not do it", rig.links->log, "");
    a = PLUG(.vif = "a", HYBRID);
    rig_settle();
    CHECK_STR("waits", reply_to(a), "");
    rig.link_remover->silent = false;
    rig_settle();
    CHECK_STR("plugged", reply_to(a), "changed qvoa");
    CHECK_STR("made anew", fake_link(rig.links, "qvoa")->facts.alias, "vifplugd:a");
}

/* The MTU and MAC of a link that exists change once that is committed: a daemon that is killed
 * before leaves them as they were. */
static void test_changes_come_after_the_commit(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP, .address = "fa:16:3e:00:00:01", .mtu = 1500);
    told(rig.links->log);
    rig.ovs->silent = true;
    PLUG(.vif = "a", TAP, .address = "fa:16:3e:00:00:02", .mtu = 9000);
    rig_settle();
    CHECK_STR("not before", rig.links->log, "");
    fake_ovs_disconnect(rig.ovs, false);
    rig_restart();
    rig.ovs->silent = false;
    fake_ovs_reconnect(rig.ovs);
    CHECK_INT("as it was", fake_link(rig.links, "tap0")->facts.mtu, 1500);
    a = PLUG(.vif = "a", TAP, .address = "fa:16:3e:00:00:02", .mtu = 9000);
    rig_settle();
    CHECK_STR("done", reply_to(a), "changed tap0");
    CHECK_STR("done", rig.links->log, "set_address tap0 fa:16:3e:00:00:02, set_mtu tap0 9000");
}

/* A change that the kernel refuses is undone. */
static void test_refused_change(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP, .address = "fa:16:3e:00:00:01", .mtu = 1500);
    rig.links->fails = "set_mtu";
    a = PLUG(.vif = "a", TAP, .address = "fa:16:3e:00:00:02", .mtu = 9000);
    rig_settle();
    CHECK_HAS("refused", reply_to(a), "not_realized: The fake kernel refused 'set_mtu tap0 9000'");
    CHECK_STR("as it was", fake_link(rig.links, "tap0")->facts.address, "fa:16:3e:00:00:01");
    CHECK_STR("as it was", id_of("tap0", KEY_ATTACHED_MAC), "fa:16:3e:00:00:01");
}

/* The kernel does what it is asked, and its reply is lost. */
static void test_reply_of_the_kernel_is_lost(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP, .address = "fa:16:3e:00:00:01", .mtu = 1500);
    rig.links->unheard = true;
    rig.links->fails = "set_address tap0 fa:16:3e:00:00:02";
    a = PLUG(.vif = "a", TAP, .address = "fa:16:3e:00:00:02");
    rig_settle();
    CHECK_HAS("MAC", reply_to(a), "not_realized: ");
    CHECK_STR("MAC", fake_link(rig.links, "tap0")->facts.address, "fa:16:3e:00:00:01");
    rig.links->fails = "set_mtu tap0 9000";
    a = PLUG(.vif = "a", TAP, .address = "fa:16:3e:00:00:01", .mtu = 9000);
    rig_settle();
    CHECK_HAS("MTU", reply_to(a), "not_realized: ");
    CHECK_INT("MTU", fake_link(rig.links, "tap0")->facts.mtu, 1500);
    rig.links->fails = "add_veth";
    a = PLUG(.vif = "b", HYBRID);
    rig_settle();
    CHECK_HAS("a pair", reply_to(a), "not_realized: ");
    CHECK_INT("only tap0 is left", rig.links->n, 1);
    rig.links->mute = true;
    a = PLUG(.vif = "c", HYBRID);
    rig_settle();
    CHECK_HAS("a pair, and whether it is there", reply_to(a), "not_realized: ");
    CHECK_INT("only tap0 is left", rig.links->n, 1);
}

static const struct {
    const char *what;
    struct ask before;
    struct ask ask;
    const char *listed;
    const char *deleted; /* "": nothing is. */
} left_behind[] = {
    {"another name",
     {.vif = "a", TAP},
     {.vif = "a", TAP_CALLED("tap1")},
     "; delete link tap0",
     "delete tap0"},
    {"another Linux bridge",
     {.vif = "a", HYBRID},
     {.vif = "a", .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbr1"},
     "; delete link qbr0",
     "delete qbr0"},
    {"another kind",
     {.vif = "a", HYBRID},
     {.vif = "a", TAP},
     "; delete link qbr0; delete link qvoa",
     "delete qbr0, delete qvoa"},
    {"another MTU", {.vif = "a", TAP}, {.vif = "a", TAP, .mtu = 9000}, "", ""},
};

/* A dry run lists the links that a plug removes after its transaction as well. */
static void test_left_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(left_behind); i++) {
        const char *what = left_behind[i].what;
        struct ask ask = left_behind[i].ask;
        bool deletes = left_behind[i].listed[0] != '\0';
        int a;

        rig_renew();
        rig_plugged(&left_behind[i].before);
        ask.dry_run = true;
        a = rig_ask(METHOD_PLUG, &ask);
        rig_settle();
        CHECK_HAS(what, reply_to(a), left_behind[i].listed);
        CHECK_INT(what, strstr(reply_to(a), "delete link") != NULL, deletes);
        CHECK_STR(what, rig.links->log, "");
        rig_ask(METHOD_PLUG, &left_behind[i].ask);
        rig_settle();
        CHECK_HAS(what, rig.links->log, left_behind[i].deleted);
        CHECK_INT(what, strstr(rig.links->log, "delete") != NULL, deletes);
    }
}

/* Links that are not where the record says are found by their alias. */
static void test_unplug_by_alias(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    snprintf(fake_link(rig.links, "tap0")->name, sizeof rig.links->links[0].name, "renamed");
    a = UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("unplugged", reply_to(a), "changed");
    CHECK_INT("it goes", rig.links->n, 0);
    fake_add_link(rig.links, "tap7", "tun", "vifplugd:b");
    a = UNPLUG(.vif = "b");
    rig_settle();
    CHECK_STR("without a record", reply_to(a), "changed");
    CHECK_INT("it goes", rig.links->n, 0);
}

/* OVSDB does not answer in time, and has done it all the same: what was begun is finished. */
static void test_unplug_that_was_refused(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", TAP);
    rig.ovs->silent = true;
    a = UNPLUG(.vif = "a", .timeout_ms = 1000);
    rig_run(3000);
    CHECK_HAS("refused", reply_to(a), "switch_unavailable: ");
    rig.ovs->silent = false;
    rig_settle();
    CHECK_STR("the port has gone", type_of_port("tap0"), "-");
    CHECK_INT("and its tap", rig.links->n, 0);
    CHECK_INT("it has ended", engine_n_ops(rig.engine), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_name_of_an_unplugged_vif),
        RIG_TEST(test_there_and_back),
        RIG_TEST(test_link_of_another_vif),
        RIG_TEST(test_failure_waits_for_the_removal),
        RIG_TEST(test_undo_waits_for_the_removal),
        RIG_TEST(test_removal_that_takes_too_long),
        RIG_TEST(test_way_is_cleared),
        RIG_TEST(test_changes_come_after_the_commit),
        RIG_TEST(test_refused_change),
        RIG_TEST(test_reply_of_the_kernel_is_lost),
        RIG_TEST(test_left_behind),
        RIG_TEST(test_unplug_by_alias),
        RIG_TEST(test_unplug_that_was_refused),
    };

    return RIG_MAIN(tests);
}
