/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher: reports changes by other programs once, and their end. */

#include "engine-harness.h"

#include <stdio.h>

#define TAP .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true, .create_tap = true
#define HYBRID .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbr0"
#define IN_USE_BY(port) "device '4' which is already in use by '" port "'"

static struct fake_port *port(void)
{
    return fake_port(rig.ovs, "vfra");
}

static void touch(void)
{
    fake_ovs_touch(rig.ovs, port());
}

static void say(int64_t ofport, const char *error)
{
    fake_port_say(port(), ofport, 1500, error);
    touch();
}

/* --- What others do. --- */

static void change_type(void)
{
    snprintf(port()->type, sizeof port()->type, "internal");
}

static void change_mtu(void)
{
    port()->mtu_request = 2000;
}

static void change_option(void)
{
    smap_replace(&port()->options, "dpdk-devargs", "x");
}

static void remove_id(void)
{
    smap_remove(&port()->external_ids, KEY_IFACE_ID);
}

static void change_two(void)
{
    change_mtu();
    change_type();
}

static void add_id(void)
{
    smap_add(&port()->external_ids, "ovn-installed", "true");
}

static void limit(void)
{
    port()->qos.ingress_kbps = 1000;
}

static void tag(void)
{
    port()->tag = 7;
}

static void test_drift(void **state)
{
    static const struct {
        void (*change)(void);
        const char *told;
    } rows[] = {
        {change_type, "a drifted (type: 'dpdk' is 'internal')"},
        {change_mtu, "a drifted (mtu_request: '1500' is '2000')"},
        {change_option, "a drifted (options:dpdk-devargs: '0000:65:00.0,representor=[4]' is 'x')"},
        {remove_id, "a drifted (external_ids:iface-id: 'iface-a' is '')"},
        {change_two, "a drifted (type: 'dpdk' is 'internal') (mtu_request: '1500' is '2000')"},
        /* Keys of other programs. */
        {add_id, ""},
        {limit, ""},
        {tag, ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        rig_renew();
        rig_watch();
        PLUGGED(.vif = "a", .vf = 4, .mtu = 1500, .kbps = 500);
        rows[i].change();
        touch();
        rig_run(WATCH_DELAY_MS - 1);
        CHECK_STR("not at once", rig.events, "");
        rig_run(1);
        CHECK_STR("in a moment", told(rig.events), rows[i].told);
        touch();
        rig_run(20000);
        CHECK_STR("once", rig.events, "");
        CHECK_INT("nothing is repaired", engine_counters(rig.engine)->transactions, 1);
    }
}

static void test_drift_ends(void **state)
{
    struct drift drift[DRIFT_MAX];
    struct record record;

    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    change_mtu();
    touch();
    rig_run(250);
    CHECK_STR("drifted", told(rig.events), "a drifted (mtu_request: '1500' is '2000')");
    ovs_find_vif(rig.ovs, "a", &record);
    CHECK_INT("for lists", watch_drift(rig.watch, &record, drift), 1);
    CHECK_STR("for lists", drift[0].field, "mtu_request");
    port()->mtu_request = 1500;
    touch();
    rig_run(250);
    CHECK_STR("as it was", told(rig.events), "a changed");
    ovs_find_vif(rig.ovs, "a", &record);
    CHECK_INT("for lists", watch_drift(rig.watch, &record, drift), 0);
}

/* A plug puts it right; from then on there is something to tell again. */
static void test_drift_again(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    for (int i = 0; i < 2; i++) {
        change_mtu();
        touch();
        rig_run(250);
        CHECK_STR("drifted", told(rig.events), "a drifted (mtu_request: '1500' is '2000')");
        PLUG(.vif = "a", .vf = 4, .mtu = 1500);
        rig_run(1000);
        CHECK_STR("put right", told(rig.events), "a changed");
    }
}

/* The watcher ignores a difference that lasts only a moment. */
static void test_short_drift(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    change_mtu();
    touch();
    rig_run(200);
    port()->mtu_request = 1500;
    touch();
    rig_run(20000);
    CHECK_STR("nothing", rig.events, "");
}

/* Changes outside the rows of the port. */
static void remove_tap(void)
{
    fake_remove_link(rig.links, "tap0");
}

static void remove_linux_bridge(void)
{
    fake_remove_link(rig.links, "qbr0");
}

static void remove_veth(void)
{
    fake_remove_link(rig.links, "qvba");
}

static void replace_tap(void)
{
    remove_tap();
    fake_add_link(rig.links, "tap0", "tun", "");
}

static void rename_tap(void)
{
    snprintf(fake_link(rig.links, "tap0")->name, VIF_IFNAME_MAX + 1, "tap9");
    fake_touch_link(rig.links, "tap9");
}

static void release_veth(void)
{
    fake_link(rig.links, "qvba")->facts.master[0] = '\0';
    fake_touch_link(rig.links, "qvba");
}

static void set_tap_down(void)
{
    fake_link(rig.links, "tap0")->facts.up = false;
    fake_touch_link(rig.links, "tap0");
}

static void overflow(void)
{
    remove_tap();
    rig.links->n_events = 0;
    rig.links->overflow = true;
}

static void remove_patch_port(void)
{
    fake_remove_port(rig.ovs, "pbpa");
    fake_ovs_touch(rig.ovs, fake_port(rig.ovs, "ibpa"));
}

static void remove_others_link(void)
{
    fake_add_link(rig.links, "tap7", "tun", "vifplugd:other");
    fake_add_link(rig.links, "tap8", "tun", "");
    fake_remove_link(rig.links, "tap7");
    fake_remove_link(rig.links, "tap8");
}

static void test_drift_beside_the_port(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        bool per_port_bridge;
        void (*change)(void);
        const char *told;
    } rows[] = {
        {"tap", {.vif = "a", TAP}, false, remove_tap, "a drifted (link: 'tap0' is '')"},
        {"tap replaced",
         {.vif = "a", TAP},
         false,
         replace_tap,
         "a drifted (link: 'tap0' is 'a link that is not this VIF's')"},
        {"tap renamed", {.vif = "a", TAP}, false, rename_tap, "a drifted (link: 'tap0' is '')"},
        {"tap down", {.vif = "a", TAP}, false, set_tap_down, ""},
        {"veth off its Linux bridge",
         {.vif = "a", HYBRID},
         false,
         release_veth,
         "a drifted (link:qvba:master: 'qbr0' is '')"},
        {"overflow", {.vif = "a", TAP}, false, overflow, "a drifted (link: 'tap0' is '')"},
        {"veth", {.vif = "a", HYBRID}, false, remove_veth, "a drifted (link: 'qvoa' is '')"},
        {"Linux bridge",
         {.vif = "a", HYBRID},
         false,
         remove_linux_bridge,
         "a drifted (link: 'qbr0' is '')"},
        {"separate bridge",
         {.vif = "a", TAP, .bridge = "sys0"},
         true,
         remove_patch_port,
         "a drifted (port-bridge: 'pba' is '')"},
        {"nobody's", {.vif = "a", TAP}, false, remove_others_link, ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        rig_renew();
        rig_watch();
        rig.settings.per_port_bridge = rows[i].per_port_bridge;
        rig_plugged(&rows[i].ask);
        rows[i].change();
        rig_pass();
        rig_run(249);
        CHECK_STR(rows[i].what, rig.events, "");
        rig_run(1);
        CHECK_STR(rows[i].what, told(rig.events), rows[i].told);
        rig_run(20000);
        CHECK_STR("once", rig.events, "");
    }
}

/* The links of a hybrid VIF that were removed while the daemon was stopped. */
static void test_links_at_the_start(void **state)
{
    (void)state;
    PLUGGED(.vif = "a", HYBRID);
    PLUGGED(.vif = "b", .vf = 4);
    remove_linux_bridge();
    rig.links->n_events = 0;
    rig_watch();
    rig_run(1000);
    CHECK_STR("lost", told(rig.events), "a drifted (link: 'qbr0' is '')");
}

/* A tap that was removed while the daemon was stopped. Nothing differs if the row does not say that
 * vifplugd made it, or if it went with a boot. */
static void test_tap_at_the_start(void **state)
{
    static const struct {
        const char *what;
        const char *key; /* What the row has instead of what was plugged. */
        const char *value;
        bool per_port_bridge;
        const char *told;
    } rows[] = {
        {"lost", NULL, NULL, false, "a drifted (link: 'tap0' is '')"},
        {"on a separate bridge", NULL, NULL, true, "a drifted (link: 'tap0' is '')"},
        {"of an earlier version", KEY_CREATE_TAP, NULL, false, ""},
        {"of an earlier boot", KEY_BOOT_ID, "boot-0", false, ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *name = rows[i].per_port_bridge ? "ibpa" : "tap0";
        struct fake_port *row;

        rig_renew();
        rig.settings.per_port_bridge = rows[i].per_port_bridge;
        PLUGGED(.vif = "a", TAP);
        row = fake_port(rig.ovs, name);
        if (rows[i].value) {
            smap_replace(&row->external_ids, rows[i].key, rows[i].value);
        } else if (rows[i].key) {
            smap_remove(&row->external_ids, rows[i].key);
        }
        remove_tap();
        rig.links->n_events = 0;
        rig_watch();
        rig_run(1000);
        CHECK_STR(rows[i].what, told(rig.events), rows[i].told);
        rig_run(20000);
        CHECK_STR("once", rig.events, "");
    }
}

/* A tap that was removed before the watcher has heard of its plug. */
static void test_tap_behind_a_plug(void **state)
{
    (void)state;
    rig_watch();
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", TAP);
    rig_settle();
    remove_tap();
    rig_settle();
    rig.vswitchd->silent = false;
    rig_run(1000);
    CHECK_STR("lost", told(rig.events), "a plugged, a drifted (link: 'tap0' is '')");
}

/* In another network namespace than vswitchd's, links that are not to be seen are not lost. */
static void test_links_elsewhere(void **state)
{
    (void)state;
    PLUGGED(.vif = "a", HYBRID);
    remove_linux_bridge();
    rig.links->n_events = 0;
    rig.vswitchd->elsewhere = true;
    rig_watch();
    rig_run(1000);
    CHECK_STR("not lost", told(rig.events), "");
}

/* If a port moves to another bridge, none of its own rows changes. */
static void test_moved_port(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    snprintf(port()->bridge, sizeof port()->bridge, "sys0");
    rig.ovs->bridges_changed = true;
    rig_pass();
    rig_run(999);
    CHECK_STR("once it is quiet", rig.events, "");
    rig_run(1);
    CHECK_STR("moved", told(rig.events), "a drifted (bridge: 'br0' is 'sys0')");
}

/* While Bridge.ports keeps changing, the watcher checks the ports every 10 s. */
static void test_moved_port_on_a_busy_bridge(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    snprintf(port()->bridge, sizeof port()->bridge, "sys0");
    for (int ms = 0; ms < 10000; ms += 500) {
        CHECK_STR("not yet", rig.events, "");
        rig.ovs->bridges_changed = true;
        rig_run(500);
    }
    CHECK_STR("moved", told(rig.events), "a drifted (bridge: 'br0' is 'sys0')");
}

static void test_removed_bridge(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    PLUGGED(.vif = "b", .kind = VIF_KIND_OVS, .name = "tap1", .create_port = true,
            .bridge = "sys0");
    fake_remove_bridge(rig.ovs, "br0");
    rig_run(250);
    CHECK_STR("its VIF", told(rig.events), "a drifted (port: 'vfra' is '')");
    rig_run(20000);
    CHECK_STR("once", rig.events, "");
}

/* A row that was removed is missing until it is there again as it was, or in another way. */
static void test_vanished_port(void **state)
{
    struct smap options;
    struct smap ids;

    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    smap_clone(&options, &port()->options);
    smap_clone(&ids, &port()->external_ids);
    fake_remove_port(rig.ovs, "vfra");
    rig_run(250);
    CHECK_STR("vanished", told(rig.events), "a drifted (port: 'vfra' is '')");
    CHECK_INT("missing", (int)watch_n_missing(rig.watch), 1);
    smap_destroy(&fake_add_port(rig.ovs, "vfra", "br0", "dpdk")->external_ids);
    smap_destroy(&port()->options);
    port()->options = options;
    port()->external_ids = ids;
    port()->mtu_request = 2000;
    touch();
    rig_run(250);
    CHECK_STR("there again", told(rig.events), "a drifted (mtu_request: '1500' is '2000')");
    CHECK_INT("not missing", (int)watch_n_missing(rig.watch), 0);
    port()->mtu_request = 1500;
    touch();
    rig_run(250);
    CHECK_STR("as it was", told(rig.events), "a changed");
}

/* The kernel's notifications wake the loop, once there is something to compare them with. */
static void test_wakes_for_links(void **state)
{
    (void)state;
    rig_watch();
    rig_settle();
    CHECK("waits", clock_waited_for(FAKE_LINKS_FD));
    fake_ovs_disconnect(rig.ovs, false);
    rig_settle();
    CHECK("does not", !clock_waited_for(FAKE_LINKS_FD));
    fake_ovs_reconnect(rig.ovs);
    rig_restart_without_links();
    rig_run(1000);
    CHECK("there are none", !clock_waited_for(FAKE_LINKS_FD));
}

/* --- Errors. --- */

static void test_error_later(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    say(-1, "no such VF");
    rig_run(249);
    CHECK_STR("not at once", rig.events, "");
    rig_run(1);
    CHECK_STR("told", told(rig.events), "a failed (error: '' is 'no such VF')");
    say(-1, "still none");
    rig_run(20000);
    CHECK_STR("once", rig.events, "");
    say(5, NULL);
    rig_run(250);
    CHECK_STR("over", told(rig.events), "a changed");
    say(-1, NULL);
    rig_run(250);
    CHECK_STR("without an error text", told(rig.events), "a failed (error: '' is 'ofport is -1')");
}

/* A dead vswitchd reports nothing; a new one may have written its verdict before the watcher knows
 * of it. */
static void test_error_without_vswitchd(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    rig.vswitchd->state = VSWITCHD_DEAD;
    say(-1, "no such VF");
    rig_run(1000);
    CHECK_STR("dead", told(rig.events), "vswitchd down");
    rig.vswitchd->state = VSWITCHD_ALIVE;
    rig_run(249);
    CHECK_STR("comes", told(rig.events), "vswitchd up");
    rig_run(1);
    CHECK_STR("is looked at", told(rig.events), "a failed (error: '' is 'no such VF')");
}

/* The watcher follows up a port that failed only because of a hand-over of its device. */
static void test_hand_over_is_followed(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    fake_rule_add(rig.vswitchd,
                  (struct fake_rule){.port = "vfra", .error = IN_USE_BY("vfrb"), .times = 2});
    say(-1, IN_USE_BY("vfrb"));
    rig_run(2000);
    CHECK("works", port()->ofport > 0);
    CHECK("no failure", !strstr(rig.events, "failed"));
}

static void test_hand_over_that_does_not_end(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = IN_USE_BY("vfrb")});
    rig.settings.max_queued = 0; /* It cannot be followed up now. */
    say(-1, IN_USE_BY("vfrb"));
    rig_run(250);
    CHECK_STR("told", told(rig.events), "a failed (error: '' is '" IN_USE_BY("vfrb") "')");
}

/* Its error is told once; only a port that has worked meanwhile is followed up again. */
static void test_hand_over_that_is_followed_in_vain(void **state)
{
    uint64_t n;

    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = IN_USE_BY("vfrb")});
    for (int i = 0; i < 2; i++) {
        say(-1, IN_USE_BY("vfrb"));
        rig_run(1000);
        CHECK_STR("not yet", told(rig.events), "");
        rig_run(60000);
        CHECK_STR("ended", told(rig.ended), "a unrecovered");
        CHECK_STR("told", told(rig.events), "a failed (error: '' is '" IN_USE_BY("vfrb") "')");
        n = engine_counters(rig.engine)->transactions;
        say(-1, IN_USE_BY("vfrc"));
        rig_run(60000);
        CHECK_STR("once", told(rig.events), "");
        CHECK_INT("no more looks", engine_counters(rig.engine)->transactions, n);
        say(5, NULL);
        rig_run(250);
        CHECK_STR("over", told(rig.events), "a changed");
    }
}

/* A replacement that a killed daemon left half way, and that fails. */
static void test_recovery_that_fails(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    snprintf(port()->type, sizeof port()->type, TYPE_DETACHED);
    say(-1, "unknown type");
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no such VF"});
    rig_restart();
    rig_run(60000);
    CHECK_STR("ended", told(rig.ended), "a unrecovered");
    CHECK_STR("told once", told(rig.events), "a failed (error: '' is 'no such VF')");
    say(5, NULL);
    rig_run(250);
    CHECK_STR("over", told(rig.events), "a changed");
}

/* --- Operations. --- */

static void test_operations_are_told(void **state)
{
    static const struct {
        enum method method;
        struct ask ask;
        const char *told;
    } rows[] = {
        {METHOD_PLUG, {.vif = "a", .vf = 4}, "a plugged"},
        {METHOD_PLUG, {.vif = "a", .vf = 4}, ""},
        {METHOD_PLUG, {.vif = "a", .vf = 4, .mtu = 9000}, "a changed"},
        {METHOD_PLUG, {.vif = "b", .vf = 4}, ""}, /* Refused. */
        {METHOD_UNPLUG, {.vif = "a"}, "a unplugged"},
        {METHOD_UNPLUG, {.vif = "a"}, ""},
    };

    (void)state;
    rig_watch();
    for (size_t i = 0; i < N(rows); i++) {
        rig_ask(rows[i].method, &rows[i].ask);
        rig_run(20000);
        CHECK_STR(rows[i].told, told(rig.events), rows[i].told);
    }
}

/* What came to nothing, and marks, are nothing to tell. */
static void test_nothing_to_tell(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no", .times = 1});
    PLUG(.vif = "a", .vf = 4, .mtu = 9000);
    rig_run(20000);
    CHECK_STR("undone", rig.events, "");
    CHECK_STR("undone", told(rig.ended), "a undone");
    smap_replace(&port()->external_ids, KEY_BOOT_ID, "boot-0");
    PLUG(.vif = "a", .vf = 4, .mtu = 1500);
    rig_run(20000);
    CHECK_STR("marks", rig.events, "");
    CHECK_STR("marks", told(rig.ended), "a none");
}

static size_t n_drift(void)
{
    struct drift drift[DRIFT_MAX];
    struct record record;
    size_t n;

    assert_true(ovs_find_vif(rig.ovs, "a", &record));
    n = watch_drift(rig.watch, &record, drift);
    record_destroy(&record);
    return n;
}

/* What an undo restores is what it found, so drift from before is still drift. */
static void test_undone_while_drifted(void **state)
{
    static const struct {
        const char *what;
        struct ask ask;
        const char *port;
        void (*change)(void);
        const char *told;
    } rows[] = {
        {"row",
         {.vif = "a", .vf = 4, .mtu = 1500},
         "vfra",
         change_mtu,
         "a drifted (mtu_request: '1500' is '2000')"},
        {"link", {.vif = "a", HYBRID}, "qvoa", remove_veth, "a drifted (link: 'qvoa' is '')"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct ask again = rows[i].ask;
        int a;

        rig_renew();
        rig_watch();
        rig_plugged(&rows[i].ask);
        rows[i].change();
        fake_ovs_touch(rig.ovs, fake_port(rig.ovs, rows[i].port));
        rig_run(250);
        CHECK_STR(rows[i].what, told(rig.events), rows[i].told);
        again.mtu = 9000;
        rig.vswitchd->silent = true;
        a = rig_ask(METHOD_PLUG, &again);
        rig_run(60000);
        CHECK_HAS(rows[i].what, reply_to(a), "timeout: ");
        CHECK_STR(rows[i].what, told(rig.ended), "a undone");
        CHECK_STR("is told once", rig.events, "");
        CHECK_INT("for lists", (int)n_drift(), 1);
        rig.vswitchd->silent = false;
        rig_ask(METHOD_PLUG, &rows[i].ask);
        rig_run(20000);
        CHECK_STR("put right", told(rig.events), "a changed");
        CHECK_INT("for lists", (int)n_drift(), 0);
    }
}

/* An undo that cannot bring the port back leaves it in error. */
static void test_undone_and_failed(void **state)
{
    int a;

    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no"});
    a = PLUG(.vif = "a", .vf = 4, .mtu = 9000);
    rig_run(20000);
    CHECK_HAS("undone", reply_to(a), "could not be brought back");
    CHECK_STR("told", told(rig.events), "a failed (error: '' is 'no')");
}

/* During an operation on a VIF the watcher reports nothing about it; the state at the end is the
 * expected one. */
static void test_operation_under_way(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .vf = 4, .mtu = 9000);
    rig_settle();
    smap_replace(&port()->external_ids, KEY_IFACE_ID, "another");
    touch();
    rig_run(1000);
    CHECK_STR("under way", rig.events, "");
    rig.vswitchd->silent = false;
    rig_run(20000);
    CHECK_STR("told", told(rig.events), "a changed");
}

/* An operation that writes nothing does not notice changes by other programs: the watcher checks
 * the VIF after it. */
static void test_operation_that_writes_nothing(void **state)
{
    int a;

    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_run(1000);
    told(rig.events);
    a = PLUG(.vif = "a", .vf = 4, .mtu = 9000, .timeout_ms = 3000);
    rig_settle();
    change_type();
    touch();
    rig_run(2999);
    CHECK_STR("under way", rig.events, "");
    rig_run(1);
    CHECK_HAS("refused", reply_to(a), "switch_unavailable: ");
    rig_run(250);
    CHECK_STR("then", told(rig.events), "a drifted (type: 'dpdk' is 'internal')");
}

static void test_evicted(void **state)
{
    static const struct {
        const char *error;
        const char *told;
    } rows[] = {
        {NULL, "b unplugged, a plugged"}, {"no such VF", ""}, /* It is back. */
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        rig_renew();
        rig_watch();
        rig.settings.on_vf_conflict = EVICT_ALWAYS;
        PLUGGED(.vif = "b", .vf = 4);
        if (rows[i].error) {
            fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = rows[i].error});
        }
        PLUG(.vif = "a", .vf = 4);
        rig_run(20000);
        CHECK_STR(rows[i].told, told(rig.events), rows[i].told);
    }
}

/* --- The start, and the switch. --- */

static void test_learns_at_first(void **state)
{
    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    say(-1, "no such VF");
    fake_ovs_disconnect(rig.ovs, false);
    rig_watch();
    rig_run(1000);
    CHECK_STR("nothing to tell yet", rig.events, "");
    fake_ovs_reconnect(rig.ovs);
    rig_run(20000);
    CHECK_STR("what there is, is expected", rig.events, "");
    change_type();
    touch();
    rig_run(250);
    CHECK_STR("from then on", told(rig.events), "a drifted (type: 'dpdk' is 'internal')");
}

static void test_switch(void **state)
{
    (void)state;
    rig_watch();
    rig_settle();
    CHECK_STR("as it was found", rig.events, "");
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_settle();
    CHECK_STR("vswitchd goes", told(rig.events), "vswitchd down");
    fake_ovs_disconnect(rig.ovs, false);
    rig_settle();
    CHECK_STR("OVSDB goes", told(rig.events), "ovsdb down");
    rig.vswitchd->state = VSWITCHD_ALIVE;
    fake_ovs_reconnect(rig.ovs);
    rig_settle();
    CHECK_STR("both come", told(rig.events), "ovsdb up, vswitchd up");
    rig_run(20000);
    CHECK_STR("once", rig.events, "");
}

/* What OVSDB shows of ports is its predecessor's until a vswitchd has begun. */
static void test_switch_starts(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    rig.vswitchd->start = 1;
    rig_settle();
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_settle();
    CHECK_STR("goes", told(rig.events), "vswitchd down");
    rig.vswitchd->state = VSWITCHD_ALIVE;
    rig.vswitchd->start = 2;
    rig.vswitchd->starting = true;
    say(-1, "no such VF");
    rig_run(20000);
    CHECK_STR("has not begun", rig.events, "");
    rig.vswitchd->starting = false;
    rig_run(249);
    CHECK_STR("has begun", told(rig.events), "vswitchd up");
    rig_run(1);
    CHECK_STR("its own error", told(rig.events), "a failed (error: '' is 'no such VF')");
    rig.vswitchd->start = 3;
    rig_run(1);
    CHECK_STR("another, within a pass", told(rig.events), "vswitchd down, vswitchd up");
    rig_run(20000);
    CHECK_STR("once", rig.events, "");
}

/* The watcher checks, when OVSDB is back, what changed while it was away. */
static void test_changed_while_ovsdb_was_away(void **state)
{
    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    fake_ovs_disconnect(rig.ovs, false);
    rig_run(1000);
    change_type();
    fake_ovs_reconnect(rig.ovs);
    rig_run(250);
    CHECK_STR("told", told(rig.events),
              "ovsdb down, ovsdb up, a drifted (type: 'dpdk' is 'internal')");
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_drift),
    RIG_TEST(test_drift_ends),
    RIG_TEST(test_drift_again),
    RIG_TEST(test_short_drift),
    RIG_TEST(test_drift_beside_the_port),
    RIG_TEST(test_links_at_the_start),
    RIG_TEST(test_tap_at_the_start),
    RIG_TEST(test_tap_behind_a_plug),
    RIG_TEST(test_links_elsewhere),
    RIG_TEST(test_moved_port),
    RIG_TEST(test_moved_port_on_a_busy_bridge),
    RIG_TEST(test_removed_bridge),
    RIG_TEST(test_vanished_port),
    RIG_TEST(test_wakes_for_links),
    RIG_TEST(test_error_later),
    RIG_TEST(test_error_without_vswitchd),
    RIG_TEST(test_switch_starts),
    RIG_TEST(test_hand_over_is_followed),
    RIG_TEST(test_hand_over_that_does_not_end),
    RIG_TEST(test_hand_over_that_is_followed_in_vain),
    RIG_TEST(test_recovery_that_fails),
    RIG_TEST(test_operations_are_told),
    RIG_TEST(test_nothing_to_tell),
    RIG_TEST(test_undone_while_drifted),
    RIG_TEST(test_undone_and_failed),
    RIG_TEST(test_operation_under_way),
    RIG_TEST(test_operation_that_writes_nothing),
    RIG_TEST(test_evicted),
    RIG_TEST(test_learns_at_first),
    RIG_TEST(test_switch),
    RIG_TEST(test_changed_while_ovsdb_was_away),
};

int main(void)
{
    return RIG_MAIN(tests);
}
