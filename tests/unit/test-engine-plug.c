/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: plugs, updates and unplugs that succeed, and dry runs. */

#include "engine-harness.h"
#include "fake-socket-file.h"

#include <stdio.h>

#include "engine/timings.h"

static void test_states(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4, .mtu = 9000, .instance = "i1");

    (void)state;
    CHECK_HAS("queued", ops_show(),
              "plug a of instance i1, QUEUED for the next transaction, age 0.0 s, 10.0 s left");
    CHECK("queued", engine_has(rig.engine, "a") && !engine_has(rig.engine, "b"));
    rig_pass();
    CHECK_HAS("sent", ops_show(),
              "plug a of instance i1, COMMITTING for the commit of its transaction");
    CHECK_HAS("sent", rig.ovs->comment, " plug a");
    rig_pass();
    CHECK_HAS("committed", ops_show(), "REALIZING for ovs-vswitchd (cur_cfg 0 of 1)");
    CHECK_STR("committed", reply_to(a), "");
    rig_pass();
    CHECK_STR("realized", reply_to(a), "changed vfra");
    CHECK_STR("realized", ops_show(), "0 operations\n");
    CHECK_STR("realized", told(rig.ended), "a plugged");
    CHECK_STR("row", type_of_port("vfra"), "dpdk");
    CHECK_STR("row", option_of("vfra", "dpdk-devargs"), "0000:65:00.0,representor=[4]");
    CHECK_STR("row", id_of("vfra", KEY_OWNER), OWNER);
    CHECK_INT("row", fake_port(rig.ovs, "vfra")->mtu_request, 9000);
}

/* Requests that succeed, each with the state that the row above leaves. */
static const struct {
    enum method method;
    struct ask ask;
    const char *told;
    const char *ended;
    int n_transactions; /* The request's own. */
} good_ends[] = {
    {METHOD_PLUG, {.vif = "a", .vf = 4, .mtu = 1500}, "changed vfra", "a plugged", 1},
    {METHOD_PLUG, {.vif = "a", .vf = 4, .mtu = 1500}, "unchanged vfra", "a nothing", 0},
    /* After a change in place of a DPDK port, vswitchd must look a second time. */
    {METHOD_PLUG, {.vif = "a", .vf = 4, .mtu = 9000}, "changed vfra", "a changed", 2},
    {METHOD_UPDATE, {.vif = "a", .mtu = 2000}, "changed vfra", "a changed", 2},
    {METHOD_UPDATE, {.vif = "a", .mtu = 2000}, "unchanged vfra", "a nothing", 0},
    {METHOD_UPDATE, {.vif = "a", .kbps = 1000}, "changed vfra", "a changed", 2},
    {METHOD_PLUG,
     {.vif = "a", .vf = 4, .mtu = 2000, .instance = "i1"},
     "changed vfra",
     "a changed",
     1},
    {METHOD_PLUG, {.vif = "b"}, "changed vhub", "b plugged", 1},
    {METHOD_PLUG, {.vif = "b", .wait = WAIT_COMMITTED}, "unchanged vhub", "b nothing", 0},
    /* Another bridge. */
    {METHOD_PLUG, {.vif = "b", .bridge = "br1"}, "changed vhub", "b changed", 1},
    {METHOD_UNPLUG, {.vif = "b"}, "changed", "b unplugged", 1},
    {METHOD_UNPLUG, {.vif = "b"}, "unchanged", "b absent", 0},
    {METHOD_UNPLUG, {.vif = "a", .instance = "i2"}, "unchanged", "a nothing", 0},
    {METHOD_UNPLUG,
     {.vif = "a", .instance = "i1", .wait = WAIT_COMMITTED},
     "changed",
     "a unplugged",
     1},
    /* libvirt makes the port: the daemon only ensures the bridge. */
    {METHOD_PLUG,
     {.vif = "c", .kind = VIF_KIND_OVS, .name = "tapc", .bridge = "br2"},
     "changed tapc (not on record)",
     "c plugged",
     1},
    {METHOD_PLUG,
     {.vif = "c", .kind = VIF_KIND_OVS, .name = "tapc", .bridge = "br2"},
     "unchanged tapc (not on record)",
     "c nothing",
     0},
    /* QEMU makes the tap: the plug succeeds at commit. */
    {METHOD_PLUG,
     {.vif = "d", .kind = VIF_KIND_OVS, .name = "tapd", .create_port = true},
     "changed tapd",
     "d plugged",
     1},
    {METHOD_UPDATE, {.vif = "d", .mtu = 1400}, "unchanged tapd", "d nothing", 0},
    {METHOD_UNPLUG, {.vif = "d"}, "changed", "d unplugged", 1},
};

static void test_ends_well(void **state)
{
    (void)state;
    fake_rule_add(rig.vswitchd,
                  (struct fake_rule){.port = "tapd", .error = "tapd (No such device)"});
    for (size_t i = 0; i < N(good_ends); i++) {
        uint64_t before = engine_counters(rig.engine)->transactions;
        int asked = rig_ask(good_ends[i].method, &good_ends[i].ask);
        char row[64];

        snprintf(row, sizeof row, "%zu: %s %s", i, method_name(good_ends[i].method),
                 good_ends[i].ask.vif);
        rig_settle();
        CHECK_STR(row, reply_to(asked), good_ends[i].told);
        CHECK_STR(row, told(rig.ended), good_ends[i].ended);
        CHECK_INT(row, engine_counters(rig.engine)->transactions - before,
                  good_ends[i].n_transactions);
        CHECK_INT(row, engine_n_ops(rig.engine), 0);
    }
    CHECK_INT("plugs", engine_counters(rig.engine)->plugs, 10);
    CHECK_INT("unplugs", engine_counters(rig.engine)->unplugs, 5);
    CHECK_INT("updates", engine_counters(rig.engine)->updates, 4);
    CHECK_INT("failed", engine_counters(rig.engine)->failed, 0);
}

static void test_wait_committed(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4, .wait = WAIT_COMMITTED);

    (void)state;
    rig.vswitchd->silent = true;
    rig_settle();
    CHECK_STR("committed", reply_to(a), "changed vfra");
    CHECK_STR("committed", told(rig.ended), "");
    CHECK_HAS("committed", ops_show(), "REALIZING");
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("realized", told(rig.ended), "a plugged");
    CHECK_STR("realized", ops_show(), "0 operations\n");
    CHECK_INT("counted", engine_counters(rig.engine)->plugs, 1);
}

static void test_times(void **state)
{
    int a = PLUG(.vif = "a", .vf = 4);

    (void)state;
    clock_warp(1);
    rig_pass();
    clock_warp(2);
    rig_pass();
    clock_warp(4);
    rig_pass();
    CHECK_INT("queued", rig.replies[a].times.queued, 1000);
    CHECK_INT("commit", rig.replies[a].times.commit, 2000);
    CHECK_INT("realize", rig.replies[a].times.realize, 4000);
    CHECK_INT("total", rig.replies[a].times.total, 7000);
}

static void test_refused(void **state)
{
    static const struct {
        enum method method;
        struct ask ask;
        const char *told;
    } rows[] = {
        {METHOD_UPDATE, {.vif = "x", .mtu = 1500}, "not_found: VIF x is not plugged"},
        {METHOD_UPDATE, {.vif = "old", .mtu = 9999}, "invalid_request: MTU 9999 is more"},
        {METHOD_UPDATE, {.vif = "old", .kbps = 1000}, "port_conflict: Port vhuold has QoS rows"},
        {METHOD_PLUG, {.vif = "x", .vf = 20}, "device_not_found: "},
        {METHOD_PLUG,
         {.vif = "x", .vf = 4, .bridge = "sys0"},
         "invalid_request: A DPDK representor"},
        {METHOD_PLUG, {.vif = "x", .vf = 4}, "vf_in_use: "},
        {METHOD_PLUG,
         {.vif = "x", .kind = VIF_KIND_KERNEL_REPRESENTOR, .vf = 20, .bridge = "sys0"},
         "device_not_found: PCI device 0000:65:02.4 is no VF"},
        {METHOD_PLUG,
         {.vif = "x", .kind = VIF_KIND_KERNEL_REPRESENTOR, .vf = 6, .bridge = "sys0"},
         "device_not_found: "},
        {METHOD_PLUG,
         {.vif = "x", .path = "/tmp/x"},
         "invalid_request: Socket path /tmp/x is in none"},
        {METHOD_PLUG, {.vif = "taken"}, "port_conflict: "},
    };

    (void)state;
    PLUGGED(.vif = "old");
    PLUGGED(.vif = "vf4", .vf = 4);
    fake_port(rig.ovs, "vhuold")->foreign_qos = true;
    fake_add_port(rig.ovs, "vhutaken", "br0", "internal");
    for (size_t i = 0; i < N(rows); i++) {
        int asked = rig_ask(rows[i].method, &rows[i].ask);

        rig_settle();
        CHECK_HAS(rows[i].told, reply_to(asked), rows[i].told);
        CHECK_INT(rows[i].told, engine_n_ops(rig.engine), 0);
    }
    CHECK_INT("counted", engine_counters(rig.engine)->failed, N(rows));
    CHECK_INT("nothing was written", engine_counters(rig.engine)->undone, 0);
    CHECK_INT("nothing was written", engine_counters(rig.engine)->transactions, 2);
}

static void test_dry_runs(void **state)
{
    static const struct {
        enum method method;
        struct ask ask;
        const char *told[3];
    } rows[] = {
        {METHOD_PLUG,
         {.vif = "x", .vf = 5},
         {"would create vfrx (there is no port of this VIF), changed", "vfrx"}},
        {METHOD_PLUG,
         {.vif = "a", .vf = 4},
         {"would none vfra (port vfra on br0 is as asked), unchanged"}},
        {METHOD_PLUG,
         {.vif = "a", .vf = 4, .mtu = 9000},
         {"would update vfra (mtu_request 0 becomes 9000", "), changed"}},
        {METHOD_PLUG, {.vif = "a", .vf = 5}, {"would replace vfra (", "dpdk-devargs"}},
        {METHOD_UPDATE,
         {.vif = "a", .mtu = 9000},
         {"would update vfra (mtu_request 0 becomes 9000"}},
        {METHOD_UNPLUG, {.vif = "a"}, {"would delete (port vfra on br0 goes), changed"}},
        {METHOD_UNPLUG, {.vif = "x"}, {"would none (there is no port of this VIF), unchanged"}},
        {METHOD_PLUG,
         {.vif = "x", .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbrx"},
         {"would create", "add veth pair qvbx and qvox", "qbrx"}},
    };

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    for (size_t i = 0; i < N(rows); i++) {
        struct ask ask = rows[i].ask;
        int asked;

        ask.dry_run = true;
        asked = rig_ask(rows[i].method, &ask);
        rig_settle();
        for (size_t j = 0; j < N(rows[i].told) && rows[i].told[j]; j++) {
            CHECK_HAS(rows[i].told[0], reply_to(asked), rows[i].told[j]);
        }
        CHECK_STR(rows[i].told[0], rig.links->log, "");
    }
    CHECK_INT("nothing was written", engine_counters(rig.engine)->transactions, 1);
}

static void test_made_bridge_is_explained(void **state)
{
    int dry = PLUG(.vif = "a", .bridge = "br1", .dry_run = true);
    int a;

    (void)state;
    rig_settle();
    a = PLUG(.vif = "a", .bridge = "br1");
    rig_settle();
    CHECK_STR("made", reply_to(a), "changed vhua");
    CHECK_HAS("made", warnings(a), "br1");
    CHECK_STR("dry run", warnings(dry), warnings(a));
    CHECK_STR("made", fake_bridge(rig.ovs, "br1")->fail_mode, "");
    rig.ovs->controllers.ovn = true;
    PLUG(.vif = "b", .bridge = "br2");
    rig_settle();
    CHECK_STR("OVN programs it", fake_bridge(rig.ovs, "br2")->fail_mode, "secure");
}

/* Limits stay as they are unless a request says something of them. */
static void test_limits(void **state)
{
    static const struct {
        enum method method;
        struct ask ask;
        const char *told;
        int64_t kbps; /* Then. */
    } rows[] = {
        {METHOD_PLUG, {.vif = "a", .vf = 4, .kbps = 500}, "changed vfra", 500},
        {METHOD_UPDATE, {.vif = "a", .mtu = 9000}, "changed vfra", 500},
        {METHOD_UPDATE, {.vif = "a", .mtu = 9000}, "unchanged vfra", 500},
        {METHOD_UPDATE, {.vif = "a", .kbps = 1000}, "changed vfra", 1000},
        {METHOD_UPDATE, {.vif = "a", .kbps = 1000}, "unchanged vfra", 1000},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a = rig_ask(rows[i].method, &rows[i].ask);

        rig_settle();
        CHECK_STR("told", reply_to(a), rows[i].told);
        CHECK_INT(rows[i].told, fake_port(rig.ovs, "vfra")->qos.ingress_kbps, rows[i].kbps);
    }
}

/* An undo sets them back. */
static void test_limits_are_set_back(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4, .kbps = 500);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vfra", .error = "no", .times = 1});
    a = UPDATE(.vif = "a", .kbps = 1000);
    rig_settle();
    CHECK_HAS("told", reply_to(a), "not_realized: ");
    CHECK_INT("set back", fake_port(rig.ovs, "vfra")->qos.ingress_kbps, 500);
}

/* The reply names the guest's socket, also where OVSDB does not have it. */
static void test_sockets(void **state)
{
    static const struct {
        struct ask ask;
        const char *type;
        const char *socket;
    } rows[] = {
        {{.vif = "a"}, "dpdkvhostuserclient", "server /run/vhost/a"},
        {{.vif = "a", .client = true}, "dpdkvhostuser", "client /run/vhost/vhua"},
        {{.vif = "a", .vf = 4}, "dpdk", "server /usr/local/var/run/stdvio4"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        a = rig_ask(METHOD_PLUG, &rows[i].ask);
        rig_settle();
        CHECK_HAS(rows[i].type, reply_to(a), "changed");
        CHECK_STR(rows[i].type, rig.replies[a].socket, rows[i].socket);
        CHECK_STR(rows[i].type, rig.ovs->ports[0]->type, rows[i].type);
    }
}

/* The dpdk-extra that vswitchd was started with decides which VFs can be plugged, except for ports
 * that work already. */
static void test_representors_of_the_start(void **state)
{
    char why[256];
    int a, b;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4);
    CHECK("set", nic_profile_set(&rig.profile, "representors", "with-pf", why, sizeof why));
    nic_set_dpdk_extra(rig.nic, &rig.dpdk_extra);
    dpdk_extra_follow(&rig.dpdk_extra, "-a 0000:65:00.0,representor=[7]", 1);
    a = PLUG(.vif = "a", .vf = 4, .mtu = 9000);
    b = PLUG(.vif = "b", .vf = 5);
    rig_settle();
    CHECK_STR("works already", reply_to(a), "changed vfra");
    CHECK_HAS("cannot", reply_to(b), "device_not_found: ");
    b = PLUG(.vif = "b", .vf = 7);
    rig_settle();
    CHECK_STR("can", reply_to(b), "changed vfrb");
}

static void test_directory_of_a_socket(void **state)
{
    int a, b;

    (void)state;
    rig.settings.check_paths = true;
    strcpy(rig.settings.socket_dirs[0], "/tmp");
    a = PLUG(.vif = "a", .path = "/tmp/a");
    rig_settle();
    fake_socket_file.no_directory = true;
    b = PLUG(.vif = "b", .path = "/tmp/b");
    rig_settle();
    CHECK_STR("is there", reply_to(a), "changed vhua");
    CHECK_HAS("is not", reply_to(b), "invalid_request: The directory of socket");
}

/* Who may only make dry runs must not have the loop wait for any file system of the host. */
static void test_only_allowed_paths_are_looked_at(void **state)
{
    static const struct {
        const char *row;
        const char *path;
        bool client;
        bool unchecked;
        const char *reply;
        bool looks;
    } rows[] = {
        {"outside", "/mnt/nfs/a", false, false, "invalid_request: ", false},
        {"beside", "/run/vhostile/a", false, false, "invalid_request: ", false},
        {"a directory itself", "/run/vhost", false, false, "invalid_request: ", false},
        {"outside, the guest as client", "/mnt/nfs/a", true, false, "socket_mismatch: ", false},
        {"outside, and no look wanted", "/mnt/nfs/a", false, true, "invalid_request: ", false},
        {"allowed", "/run/vhost/a", false, false, "create vhua", true},
        {"allowed, below", "/run/vhost/b/a", false, false, "create vhua", true},
        {"allowed, and no look wanted", "/run/vhost/a", false, true, "create vhua", false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int asked;

        rig.settings.check_paths = !rows[i].unchecked;
        fake_socket_file.n_looks = 0;
        asked = PLUG(.vif = "a", .path = rows[i].path, .client = rows[i].client, .dry_run = true);
        rig_settle();
        CHECK_HAS(rows[i].row, reply_to(asked), rows[i].reply);
        CHECK(rows[i].row, (fake_socket_file.n_looks > 0) == rows[i].looks);
    }
}

static void test_offload_is_required(void **state)
{
    int a;

    (void)state;
    rig.settings.ensure_hw_offload = OFFLOAD_REQUIRE;
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_HAS("off", reply_to(a),
              "unsupported_vif: Representors are plugged with hardware offload");
    rig.ovs->globals.hw_offload = true;
    rig.vswitchd->state = VSWITCHD_DEAD; /* The next one finds it on. */
    a = PLUG(.vif = "a", .vf = 4, .wait = WAIT_COMMITTED);
    rig_settle();
    CHECK_STR("on", reply_to(a), "changed vfra");
}

static void test_timings_are_noted(void **state)
{
    (void)state;
    timings_init();
    unixctl_call("timings/reset");
    CHECK("none", !strstr(unixctl_call("timings/show"), "plug"));
    PLUG(.vif = "a", .vf = 4);
    clock_warp(8);
    rig_settle();
    PLUG(.vif = "b", .vf = 4); /* Refused: not noted. */
    rig_settle();
    CHECK_HAS("one", unixctl_call("timings/show"), "plug     total             1      8.000");
    unixctl_call("timings/reset");
    CHECK("none", !strstr(unixctl_call("timings/show"), "plug"));
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_states),
    RIG_TEST(test_ends_well),
    RIG_TEST(test_wait_committed),
    RIG_TEST(test_times),
    RIG_TEST(test_refused),
    RIG_TEST(test_dry_runs),
    RIG_TEST(test_made_bridge_is_explained),
    RIG_TEST(test_limits),
    RIG_TEST(test_limits_are_set_back),
    RIG_TEST(test_sockets),
    RIG_TEST(test_representors_of_the_start),
    RIG_TEST(test_directory_of_a_socket),
    RIG_TEST(test_only_allowed_paths_are_looked_at),
    RIG_TEST(test_offload_is_required),
    RIG_TEST(test_timings_are_noted),
};

int main(void)
{
    return RIG_MAIN(tests);
}
