/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: evictions, and hand-overs of devices from one port to another. */

#include "engine-harness.h"

#include <stdio.h>

#define IN_USE_BY(port) "device '4' which is already in use by '" port "'"

static int n_transactions(void)
{
    return (int)engine_counters(rig.engine)->transactions;
}

static void make_stale(const char *port)
{
    smap_replace(&fake_port(rig.ovs, port)->external_ids, KEY_BOOT_ID, "boot-0");
}

/* Which VIF loses the VF, and the result. */
static void test_eviction(void **state)
{
    static const struct {
        const char *what;
        bool stale;
        bool evict;
        const char *error; /* Of the port that gets the VF. */
        int times;
        const char *told;
        const char *ended;
        const char *winner; /* The port that exists in the end. */
    } rows[] = {
        {"this boot's", false, false, NULL, 0, "vf_in_use: ", "a nothing", "vfrb"},
        {"this boot's, on_vf_conflict = evict", false, true, NULL, 0, "changed vfra",
         "b unplugged, a plugged", "vfra"},
        {"an earlier boot's", true, false, NULL, 0, "changed vfra", "b unplugged, a plugged",
         "vfra"},
        {"comes back", true, false, "no such VF", 1, "not_realized: ", "b undone, a undone",
         "vfrb"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig.settings.on_vf_conflict = rows[i].evict ? EVICT_ALWAYS : EVICT_NEVER;
        PLUGGED(.vif = "b", .vf = 4);
        fake_port(rig.ovs, "vfrb")->tag = 100;
        if (rows[i].stale) {
            make_stale("vfrb");
        }
        if (rows[i].error) {
            fake_rule_add(
                rig.vswitchd,
                (struct fake_rule){.port = "vfra", .error = rows[i].error, .times = rows[i].times});
        }
        a = PLUG(.vif = "a", .vf = 4);
        CHECK_INT("concerns b", engine_concerns(rig.engine, "b"), false);
        rig_pass();
        CHECK_INT("concerns b", engine_concerns(rig.engine, "b"), rows[i].stale || rows[i].evict);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_STR(rows[i].what, told(rig.ended), rows[i].ended);
        CHECK_INT(rows[i].what, fake_n_ports_on(rig.ovs, "br0"), 1);
        CHECK_STR(rows[i].what, type_of_port(rows[i].winner), "dpdk");
        CHECK_INT(rows[i].what, fake_port(rig.ovs, rows[i].winner)->tag,
                  strcmp(rows[i].winner, "vfra") ? 100 : 0);
    }
}

static void check_plug_of_a(const char *what, bool dry_run, const char *told)
{
    int a = PLUG(.vif = "a", .vf = 4, .instance = "vm-a", .dry_run = dry_run);

    rig_settle();
    CHECK_HAS(what, reply_to(a), told);
}

static void plug_b_again(void)
{
    int b = PLUG(.vif = "b", .vf = 4, .instance = "vm-b");

    rig_settle();
    CHECK_STR("plugged again", reply_to(b), "unchanged vfrb");
}

/* on_vf_conflict = evict-unused: an operation on the VIF begins the time anew, and what is not
 * known counts as used. A dry run says what the plug does. */
static void test_eviction_of_what_is_unused(void **state)
{
    struct fake_port *port;
    int a;

    (void)state;
    rig.settings.on_vf_conflict = EVICT_UNUSED;
    rig.settings.evict_unused_after_ms = 20000;
    rig.settings.check_paths = true;
    PLUGGED(.vif = "b", .vf = 4, .instance = "vm-b");
    port = fake_port(rig.ovs, "vfrb");
    strcpy(port->link_state, "down");
    for (int dry_run = 0; dry_run <= 1; dry_run++) {
        check_plug_of_a("just plugged", dry_run, "has seen it so for");
        rig_run(15000);
        plug_b_again();
        rig_run(15000);
        check_plug_of_a("plugged again", dry_run, "has seen it so for");
        rig_run(5000);
        rig.vswitchd->stopped = true;
        check_plug_of_a("stopped vswitchd", dry_run, "does not tell");
        rig.vswitchd->stopped = false;
        rig.vswitchd->unanswered_ms = 5000;
        check_plug_of_a("hung vswitchd", dry_run, "does not tell");
        rig.vswitchd->unanswered_ms = 0;
        strcpy(port->link_state, "up");
        check_plug_of_a("guest", dry_run, "a guest is connected");
        strcpy(port->link_state, "down");
        snprintf(fake_socket_file.path, sizeof fake_socket_file.path, "%s",
                 option_of("vfrb", OPTION_VHOST_PATH));
        fake_socket_file.file = SOCKET_FILE_BOUND;
        check_plug_of_a("guest that comes", dry_run, "a process listens");
        fake_socket_file.file = SOCKET_FILE_ABSENT;
        plug_b_again();
    }
    rig_run(20000);
    a = PLUG(.vif = "a", .vf = 4, .instance = "vm-a", .dry_run = true);
    rig_settle();
    CHECK_HAS("dry run", reply_to(a), "would create");
    CHECK_HAS("dry run", warnings(a), "no guest has used it for 2");
    CHECK_STR("dry run", type_of_port("vfrb"), "dpdk");
    a = PLUG(.vif = "a", .vf = 4, .instance = "vm-a");
    rig_settle();
    CHECK_STR("unused", reply_to(a), "changed vfra");
    CHECK_HAS("unused", warnings(a), "VIF b had the VF and is unplugged");
    CHECK_STR("unused", type_of_port("vfrb"), "-");
}

/* Plugs b, and lets the time pass after which it counts as unused. */
static void plug_unused_b(void)
{
    rig_renew();
    rig.settings.on_vf_conflict = EVICT_UNUSED;
    rig.settings.evict_unused_after_ms = 20000;
    rig.settings.check_paths = true;
    PLUGGED(.vif = "b", .vf = 4, .instance = "vm-b");
    strcpy(fake_port(rig.ovs, "vfrb")->link_state, "down");
    plug_b_again();
    rig_run(20000);
}

/* Another plug finds the VIF as asked for, and the same batch evicts it. */
static void test_eviction_of_what_is_plugged_again(void **state)
{
    int a;
    int b;

    (void)state;
    plug_unused_b();
    a = PLUG(.vif = "a", .vf = 4, .instance = "vm-a");
    b = PLUG(.vif = "b", .vf = 4, .instance = "vm-b");
    rig_settle();
    CHECK_STR("evicts", reply_to(a), "changed vfra");
    CHECK_STR("evicted", type_of_port("vfrb"), "-");
    CHECK_HAS("not acknowledged", reply_to(b), "vf_in_use: ");
}

static void test_warning_of_an_eviction(void **state)
{
    int a;

    (void)state;
    plug_unused_b();
    PLUGGED(.vif = "a", .vf = 5, .instance = "vm-a");
    a = PLUG(.vif = "a", .vf = 4, .instance = "vm-a");
    rig_settle();
    CHECK_STR("replaced", type_of_port("vfrb"), "-");
    CHECK_HAS("replaced", warnings(a), "VIF b had the VF and is unplugged");

    plug_unused_b();
    make_stale("vfrb");
    a = PLUG(.vif = "a", .vf = 4, .instance = "vm-a");
    rig_settle();
    CHECK_STR("stale", type_of_port("vfrb"), "-");
    CHECK("stale", !strstr(warnings(a), "evict-unused"));
}

/* What the VIF that goes had of the kernel goes with it. */
static void test_links_of_what_is_evicted(void **state)
{
    char why[256];
    int a;

    (void)state;
    CHECK("set", nic_profile_set(&rig.profile, "vf-number", "virtfn", why, sizeof why));
    CHECK("set", nic_profile_set(&rig.profile, "vf-range", "0-7", why, sizeof why));
    fake_add_link(rig.links, "rep1", "", "");
    PLUGGED(.vif = "b", .kind = VIF_KIND_KERNEL_REPRESENTOR, .vf = 5, .bridge = "sys0");
    make_stale("rep1");
    a = PLUG(.vif = "a", .vf = 5);
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed vfra");
    CHECK_STR("gone", type_of_port("rep1"), "-");
    CHECK_STR("down", rig.links->log, "set_down rep1");
}

/* The undo cannot restore the evicted VIF either: the reply says so. */
static void test_evicted_vif_cannot_be_brought_back(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "b", .vf = 4);
    make_stale("vfrb");
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no such VF"});
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfrb", .error = "nor this one"});
    a = PLUG(.vif = "a", .vf = 4);
    rig_run(999); /* Half a second, another look, and half a second. */
    CHECK_STR("it may take a moment", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("why", reply_to(a),
              "not_realized: ovs-vswitchd could not make port vfra (no such VF)");
    CHECK_HAS("not back", reply_to(a),
              "Port vfrb could not be brought back to what it was either (nor this one).");
}

/* A dry run of an eviction changes nothing. */
static void test_dry_run_of_an_eviction(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "b", .vf = 4);
    make_stale("vfrb");
    a = PLUG(.vif = "a", .vf = 4, .dry_run = true);
    rig_settle();
    CHECK_HAS("says so", reply_to(a), "VIF b loses its VF");
    CHECK_STR("stays", type_of_port("vfrb"), "dpdk");
}

/* The transaction has no effect, or may have been committed: the engine stores the evicted VIF
 * once, and restores it once. */
static void test_eviction_that_is_uncertain(void **state)
{
    static const struct {
        const char *what;
        struct fake_ending endings[3];
        bool fails;
    } rows[] = {
        {"tried again", {{.result = OVS_TXN_TRY_AGAIN}}, false},
        {"lost", {{.result = OVS_TXN_UNCERTAIN}}, false},
        {"happened", {{.result = OVS_TXN_UNCERTAIN, .happens = true}}, false},
        {"tried again, and fails", {{.result = OVS_TXN_TRY_AGAIN}}, true},
        {"lost, and fails", {{.result = OVS_TXN_UNCERTAIN}}, true},
        {"happened, and fails", {{.result = OVS_TXN_UNCERTAIN, .happens = true}}, true},
        {"fails, and the undo is uncertain",
         {{.result = OVS_TXN_COMMITTED}, {.result = OVS_TXN_UNCERTAIN, .happens = true}},
         true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "b", .vf = 4);
        make_stale("vfrb");
        for (size_t j = 0; rows[i].endings[j].result; j++) {
            fake_ovs_script(rig.ovs, rows[i].endings[j]);
        }
        if (rows[i].fails) {
            fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no such VF"});
        }
        a = PLUG(.vif = "a", .vf = 4);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].fails ? "not_realized: " : "changed vfra");
        CHECK_STR(rows[i].what, type_of_port("vfra"), rows[i].fails ? "-" : "dpdk");
        CHECK_STR(rows[i].what, type_of_port("vfrb"), rows[i].fails ? "dpdk" : "-");
        CHECK_STR(rows[i].what, told(rig.ended),
                  rows[i].fails ? "b undone, a undone" : "b unplugged, a plugged");
    }
}

/* A VIF that an undo brings back is plugged anew meanwhile: that is no matter of one
 * transaction. */
static void test_plug_of_what_is_brought_back(void **state)
{
    int a, b;

    (void)state;
    PLUGGED(.vif = "b", .vf = 4);
    make_stale("vfrb");
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no such VF"});
    a = PLUG(.vif = "a", .vf = 4);
    rig_run_until("undo plug a, QUEUED");
    b = PLUG(.vif = "b", .vf = 5);
    rig_settle();
    CHECK_HAS("a", reply_to(a), "not_realized: ");
    CHECK_STR("b", reply_to(b), "changed vfrb");
    CHECK_STR("b", option_of("vfrb", "dpdk-devargs"), "0000:65:00.0,representor=[5]");
    CHECK_INT("OVSDB need not refuse", rig.ovs->n_violations, 0);
}

/* Who was to be evicted goes by itself: nobody is told that it was. */
static void test_eviction_that_is_not_needed_any_more(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "b", .vf = 4);
    make_stale("vfrb");
    fake_ovs_script(rig.ovs, (struct fake_ending){.result = OVS_TXN_TRY_AGAIN});
    a = PLUG(.vif = "a", .vf = 4);
    rig_pass();
    fake_remove_port(rig.ovs, "vfrb");
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed vfra");
    CHECK_STR("ended", told(rig.ended), "a plugged");
}

/* Another operation changes the VIF to evict: that operation goes first. */
static void test_eviction_waits(void **state)
{
    static const struct {
        const char *what;
        enum method method; /* Of b. */
        const char *told;   /* a. */
        const char *ended;
    } rows[] = {
        {"b is updated", METHOD_UPDATE, "changed vfra", "b changed, b unplugged, a plugged"},
        {"b is plugged again", METHOD_PLUG, "vf_in_use: ", "b changed, a nothing"},
        {"b is unplugged", METHOD_UNPLUG, "changed vfra", "b unplugged, a plugged"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a, b;

        rig_renew();
        PLUGGED(.vif = "b", .vf = 4);
        make_stale("vfrb");
        b = rig_ask(rows[i].method, &(struct ask){.vif = "b", .vf = 4, .mtu = 9000});
        a = PLUG(.vif = "a", .vf = 4);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(b), "changed");
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_STR(rows[i].what, told(rig.ended), rows[i].ended);
    }
}

/* A plug waits for the unplug of the VIF that has its VF, and is not refused. A dry run does not
 * wait. */
static void test_unplug_makes_way(void **state)
{
    int a, b;

    (void)state;
    PLUGGED(.vif = "b", .vf = 4);
    b = UNPLUG(.vif = "b");
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_STR("b", reply_to(b), "changed");
    CHECK_STR("a", reply_to(a), "changed vfra");
    b = UNPLUG(.vif = "a");
    a = PLUG(.vif = "b", .vf = 4, .dry_run = true);
    rig_settle();
    CHECK_STR("a", reply_to(b), "changed");
    CHECK_HAS("a dry run does not wait", reply_to(a), "vf_in_use: ");
}

/* Two plugs, each of which wants the other's VF, do not wait forever. */
static void test_crossed_evictions(void **state)
{
    int a, b;

    (void)state;
    rig.settings.on_vf_conflict = EVICT_ALWAYS;
    PLUGGED(.vif = "a", .vf = 4);
    PLUGGED(.vif = "b", .vf = 5);
    a = PLUG(.vif = "a", .vf = 5);
    b = PLUG(.vif = "b", .vf = 4);
    rig_run(1000);
    CHECK_STR("a", reply_to(a), "changed vfra");
    CHECK_STR("b", reply_to(b), "changed vfrb");
    CHECK_STR("a", option_of("vfra", "dpdk-devargs"), "0000:65:00.0,representor=[5]");
    CHECK_STR("b", option_of("vfrb", "dpdk-devargs"), "0000:65:00.0,representor=[4]");
}

/* --- Devices that are handed over. --- */

/* vswitchd says that another port, which was removed or releases the device, has it: the engine
 * makes vswitchd look again, later each time. */
static void test_looks_for_a_device(void **state)
{
    static const int pauses_ms[] = {5, 10, 20, 40, 80, 160, 320, 500, 500, 500, 500, 500};
    int a = PLUG(.vif = "a", .vf = 4, .timeout_ms = 60000);

    (void)state;
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = IN_USE_BY("vfrb")});
    rig_settle();
    CHECK_INT("first", n_transactions(), 1);
    for (size_t i = 0; i < N(pauses_ms); i++) {
        rig_run(pauses_ms[i] - 1);
        CHECK_INT("waits", n_transactions(), i + 1);
        CHECK_STR("waits", reply_to(a), "");
        rig_run(1);
        CHECK_INT("looks", n_transactions(),
                  i + 2 + (i + 1 == N(pauses_ms))); /* At last the undo. */
    }
    CHECK_HAS("gives up", reply_to(a), "not_realized: ");
    CHECK_HAS("gives up", reply_to(a), IN_USE_BY("vfrb"));
    CHECK_STR("undone", type_of_port("vfra"), "-");
}

static void test_device_comes(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4);

    (void)state;
    fake_rule_add(rig.vswitchd,
                  (struct fake_rule){.port = "vfra", .error = IN_USE_BY("vfrb"), .times = 3});
    rig_run(34);
    CHECK_STR("waits", reply_to(a), "");
    rig_run(1);
    CHECK_STR("done", reply_to(a), "changed vfra");
    CHECK_INT("looks", n_transactions(), 4);
}

/* vswitchd is not made to look after the deadline of the commit. */
static void test_device_does_not_come_in_time(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4, .timeout_ms = 50);

    (void)state;
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = IN_USE_BY("vfrb")});
    rig_run(49);
    CHECK_STR("looks", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("believed", reply_to(a), "not_realized: ");
    CHECK_INT("looks", n_transactions(), 1 + 3 + 1); /* At 5, 15 and 35 ms; and the undo. */
}

/* The port that vswitchd names, as OVSDB has it. */
static void test_holder(void **state)
{
    static const struct {
        const char *what;
        const char *type;
        const char *devargs;
        bool waits;
    } rows[] = {
        {"has the device", "dpdk", "0000:65:00.0,representor=[4]", false},
        {"another's", "dpdk", "0000:65:00.0,representor=[5]", true},
        {"no DPDK port", "internal", NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct fake_port *holder;
        int a;

        rig_renew();
        PLUGGED(.vif = "b", .vf = 6);
        holder = fake_port(rig.ovs, "vfrb");
        a = PLUG(.vif = "a", .vf = 4);
        fake_rule_add(rig.vswitchd,
                      (struct fake_rule){.port = "vfra", .error = IN_USE_BY("vfrb"), .times = 1});
        rig_pass();
        snprintf(holder->type, sizeof holder->type, "%s", rows[i].type);
        if (rows[i].devargs) {
            smap_replace(&holder->options, "dpdk-devargs", rows[i].devargs);
        }
        rig_run(5);
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].waits ? "changed vfra" : "not_realized: ");
    }
}

/* The undo of an eviction gives the device back. */
static void test_device_is_handed_back(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "b", .vf = 4);
    make_stale("vfrb");
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no such VF"});
    fake_rule_add(rig.vswitchd,
                  (struct fake_rule){.port = "vfrb", .error = IN_USE_BY("vfra"), .times = 2});
    a = PLUG(.vif = "a", .vf = 4);
    rig_run(14);
    CHECK_STR("looks", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("told", reply_to(a), "not_realized: ");
    CHECK("b is back", !strstr(reply_to(a), "brought back"));
    CHECK("b is back", fake_port(rig.ovs, "vfrb")->ofport > 0);
}

/* It is looked for anew on the way back, however long it was looked for before. */
static void test_device_is_handed_back_late(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "b", .vf = 4);
    make_stale("vfrb");
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = IN_USE_BY("gone")});
    fake_rule_add(rig.vswitchd,
                  (struct fake_rule){.port = "vfrb", .error = IN_USE_BY("vfra"), .times = 2});
    a = PLUG(.vif = "a", .vf = 4);
    rig_run(60000);
    CHECK_HAS("told", reply_to(a), "not_realized: ");
    CHECK("b is back", !strstr(reply_to(a), "brought back"));
    CHECK_INT("looks", rig.replies[a].times.total, 1000 * (3135 + 15));
}

/* A port failed because of a hand-over, and no operation follows it up any more: a plug does. */
static void test_found_without_its_device(void **state)
{
    static const struct {
        enum vswitchd_state vswitchd;
        const char *waits_for;
        const char *told;
    } rows[] = {
        {VSWITCHD_ALIVE, "0 operations", "changed vfra"},
        {VSWITCHD_DEAD, "QUEUED for ovs-vswitchd", ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4);
        fake_port_say(fake_port(rig.ovs, "vfra"), -1, 0, IN_USE_BY("vfrb"));
        rig.vswitchd->state = rows[i].vswitchd;
        a = PLUG(.vif = "a", .vf = 4);
        rig_settle();
        CHECK_HAS("waits", ops_show(), rows[i].waits_for);
        CHECK_STR("told", reply_to(a), rows[i].told[0] ? "unchanged vfra" : "");
    }
}

/* The watcher's call of engine_follow_hand_over(). */
static void test_follow_hand_over(void **state)
{
    static const struct {
        const char *what;
        const char *error;
        int max_queued;
        bool follows;
    } rows[] = {
        {"handed over", IN_USE_BY("vfrb"), 64, true},
        {"another error", "no such VF", 64, false},
        {"none", NULL, 64, false},
        {"no room", IN_USE_BY("vfrb"), 0, false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct record record;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4);
        rig.settings.max_queued = rows[i].max_queued;
        fake_port_say(fake_port(rig.ovs, "vfra"), rows[i].error ? -1 : 5, 1500, rows[i].error);
        ovs_find_vif(rig.ovs, "a", &record);
        CHECK_INT(rows[i].what, engine_follow_hand_over(rig.engine, &record), rows[i].follows);
        rig_settle();
        CHECK_INT(rows[i].what, fake_port(rig.ovs, "vfra")->ofport > 0,
                  rows[i].follows || !rows[i].error);
        CHECK_INT(rows[i].what, n_transactions(), rows[i].follows ? 3 : 1); /* And a second look. */
    }
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_eviction),
    RIG_TEST(test_eviction_of_what_is_unused),
    RIG_TEST(test_eviction_of_what_is_plugged_again),
    RIG_TEST(test_warning_of_an_eviction),
    RIG_TEST(test_links_of_what_is_evicted),
    RIG_TEST(test_evicted_vif_cannot_be_brought_back),
    RIG_TEST(test_dry_run_of_an_eviction),
    RIG_TEST(test_eviction_that_is_uncertain),
    RIG_TEST(test_plug_of_what_is_brought_back),
    RIG_TEST(test_eviction_that_is_not_needed_any_more),
    RIG_TEST(test_eviction_waits),
    RIG_TEST(test_unplug_makes_way),
    RIG_TEST(test_crossed_evictions),
    RIG_TEST(test_looks_for_a_device),
    RIG_TEST(test_device_comes),
    RIG_TEST(test_device_does_not_come_in_time),
    RIG_TEST(test_holder),
    RIG_TEST(test_device_is_handed_back),
    RIG_TEST(test_device_is_handed_back_late),
    RIG_TEST(test_found_without_its_device),
    RIG_TEST(test_follow_hand_over),
};

int main(void)
{
    return RIG_MAIN(tests);
}
