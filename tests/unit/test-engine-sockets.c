/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that vswitchd makes: what a killed vswitchd leaves, and that no vswitchd tries twice. */

#include "engine-harness.h"

#include "util.h"

#define PATH "/run/vhost/vhua"
#define FAILED "could not open network device vhua (Unknown error -1)"

static void put_file(enum socket_file file)
{
    strcpy(fake_socket_file.path, PATH);
    fake_socket_file.file = file;
}

static void kill_vswitchd(void)
{
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig.vswitchd->start = 0;
}

/* Starts vswitchd; `n` is the number of its start. */
static void start_vswitchd(unsigned int n)
{
    rig.vswitchd->state = VSWITCHD_ALIVE;
    rig.vswitchd->start = n;
    rig.vswitchd->start_seen = n > 1;
    rig.ovs->unseen = true;
}

static void begin(void)
{
    rig.settings.check_paths = true;
    start_vswitchd(2);
    rig_settle();
}

static const struct {
    const char *row;
    enum socket_file file;
    bool check_paths;
    bool disconnected; /* OVSDB is away, too. */
    const char *removed;
} deaths[] = {
    {"stale", SOCKET_FILE_STALE, true, false, PATH},
    {"stale, without OVSDB", SOCKET_FILE_STALE, true, true, PATH},
    {"another program has it", SOCKET_FILE_BOUND, true, false, ""},
    {"no socket", SOCKET_FILE_OTHER, true, false, ""},
    {"not our file system", SOCKET_FILE_STALE, false, false, ""},
};

static void test_vswitchd_dies(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(deaths); i++) {
        begin();
        PLUGGED(.vif = "a", .client = true);
        rig.settings.check_paths = false;
        PLUGGED(.vif = "b");
        rig.settings.check_paths = deaths[i].check_paths;
        put_file(deaths[i].file);
        rig_settle();
        CHECK_STR(deaths[i].row, fake_socket_file.removed, "");
        if (deaths[i].disconnected) {
            fake_ovs_disconnect(rig.ovs, false);
        }
        kill_vswitchd();
        rig_settle();
        CHECK_STR(deaths[i].row, fake_socket_file.removed, deaths[i].removed);
        rig_renew();
    }
}

/* Nobody has seen that vswitchd was dead: the next one runs already. */
static void test_vswitchd_is_restarted(void **state)
{
    (void)state;
    for (int failed = 0; failed < 2; failed++) {
        begin();
        PLUGGED(.vif = "a", .client = true);
        put_file(SOCKET_FILE_STALE);
        if (failed) {
            fake_port_say(fake_port(rig.ovs, "vhua"), -1, 0, FAILED);
        }
        rig.vswitchd->silent = true;
        start_vswitchd(3);
        rig_settle();
        CHECK_STR(failed ? "it may have tried" : "it has not tried", fake_socket_file.removed,
                  failed ? "" : PATH);
        rig_renew();
    }
}

/* It is looked for once, and again if OVSDB was not known. */
static void test_daemon_starts_after_the_death(void **state)
{
    (void)state;
    begin();
    PLUGGED(.vif = "a", .client = true);
    kill_vswitchd();
    rig_settle();
    fake_ovs_disconnect(rig.ovs, false);
    rig_restart();
    rig_settle();
    put_file(SOCKET_FILE_STALE);
    rig_settle();
    CHECK_STR("without OVSDB", fake_socket_file.removed, "");
    fake_ovs_reconnect(rig.ovs);
    rig_settle();
    CHECK_STR("with OVSDB", fake_socket_file.removed, PATH);
    put_file(SOCKET_FILE_STALE);
    rig_settle();
    CHECK_STR("once", fake_socket_file.removed, PATH);
}

static void test_plug_removes_it(void **state)
{
    int asked;

    (void)state;
    begin();
    put_file(SOCKET_FILE_STALE);
    asked = PLUG(.vif = "a", .client = true, .dry_run = true);
    rig_settle();
    CHECK_HAS("dry run", reply_to(asked), "; remove stale socket " PATH "; insert Port vhua");
    CHECK_STR("dry run", fake_socket_file.removed, "");
    PLUGGED(.vif = "a", .client = true);
    CHECK_STR("plug", fake_socket_file.removed, PATH);
}

static void test_it_cannot_be_removed(void **state)
{
    int asked;

    (void)state;
    begin();
    put_file(SOCKET_FILE_STALE);
    fake_socket_file.stays = true;
    asked = PLUG(.vif = "a", .client = true);
    rig_settle();
    CHECK_HAS("plug", reply_to(asked),
              "socket_in_use: Stale socket " PATH " cannot be removed (Permission denied)");
    CHECK_STR("plug", type_of_port("vhua"), "-");
}

static const struct {
    const char *row;
    enum socket_file file;
    bool dead;
    bool unknown; /* vswitchd started before the daemon. */
    bool dont_check;
    const char *reply;
} plugs[] = {
    {"nothing there", SOCKET_FILE_ABSENT, false, false, false, "changed vhua"},
    {"nothing there, unknown past", SOCKET_FILE_ABSENT, false, true, false, "changed vhua"},
    {"stale, unknown past", SOCKET_FILE_STALE, false, true, false,
     "socket_in_use: ovs-vswitchd has to make socket " PATH},
    {"stale, not our file system", SOCKET_FILE_STALE, false, true, true, "changed vhua"},
    {"stale, vswitchd dead", SOCKET_FILE_STALE, true, true, false, "changed vhua"},
    {"another program has it", SOCKET_FILE_BOUND, false, false, false,
     "socket_in_use: ovs-vswitchd has to make socket " PATH},
    {"another program has it, vswitchd dead", SOCKET_FILE_BOUND, true, false, false,
     "socket_in_use: ovs-vswitchd has to make socket " PATH},
    {"a file", SOCKET_FILE_OTHER, false, false, false,
     "socket_in_use: ovs-vswitchd has to make socket " PATH},
    {"no directory", SOCKET_FILE_NO_DIRECTORY, false, false, false,
     "invalid_request: ovs-vswitchd has to make socket " PATH},
};

static void test_plugs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(plugs); i++) {
        int asked;

        begin();
        start_vswitchd(plugs[i].unknown ? 1 : 2);
        if (plugs[i].dead) {
            kill_vswitchd();
        }
        rig.settings.check_paths = !plugs[i].dont_check;
        put_file(plugs[i].file);
        asked = PLUG(.vif = "a", .client = true, .wait = WAIT_COMMITTED);
        rig_settle();
        CHECK_HAS(plugs[i].row, reply_to(asked), plugs[i].reply);
        rig_renew();
    }
}

/* The file of a port that works is its own. */
static void test_ports_that_work(void **state)
{
    int asked;

    (void)state;
    begin();
    PLUGGED(.vif = "a", .client = true);
    put_file(SOCKET_FILE_BOUND);
    asked = PLUG(.vif = "a", .client = true);
    rig_settle();
    CHECK_STR("as asked", reply_to(asked), "unchanged vhua");
    asked = PLUG(.vif = "a", .client = true, .mtu = 1400);
    rig_run(2000);
    CHECK_STR("in place", reply_to(asked), "changed vhua");
    fake_add_bridge(rig.ovs, "br1", "netdev");
    asked = PLUG(.vif = "a", .client = true, .mtu = 1400, .bridge = "br1");
    rig_run(2000);
    CHECK_STR("moved", reply_to(asked), "changed vhua");
    rig.settings.check_paths = false; /* The guest's directory does not exist. */
    asked = PLUG(.vif = "a", .mtu = 1400, .bridge = "br1");
    rig_run(2000);
    rig.settings.check_paths = true;
    CHECK_STR("to mode server", reply_to(asked), "changed vhua");
    asked = PLUG(.vif = "a", .client = true, .mtu = 1400, .bridge = "br1");
    rig_run(2000);
    CHECK_HAS("and back, while the guest is there", reply_to(asked), "socket_in_use: ");
}

static const struct {
    const char *row;
    enum socket_file file;
    bool unknown; /* vswitchd started before the daemon. */
    bool leaves;
    enum wait wait;
    const char *reply;
} releases[] = {
    {"it listens", SOCKET_FILE_BOUND, false, true, WAIT_REALIZED, "changed vhua"},
    {"it listens, reply at commit", SOCKET_FILE_BOUND, true, true, WAIT_COMMITTED, "changed vhua"},
    {"it has closed it", SOCKET_FILE_STALE, true, true, WAIT_REALIZED, "changed vhua"},
    {"another program's", SOCKET_FILE_BOUND, true, false, WAIT_REALIZED,
     "socket_in_use: ovs-vswitchd has to make socket " PATH ", but another program has"},
    {"stale", SOCKET_FILE_STALE, true, false, WAIT_REALIZED, "socket_in_use: "},
    {"a file", SOCKET_FILE_OTHER, true, true, WAIT_REALIZED, "socket_in_use: "},
};

/* OVSDB has lost the port, and vswitchd has not seen that yet. A refusal leaves nothing to undo. */
static void test_vswitchd_releases_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(releases); i++) {
        int64_t undone;
        int asked;

        begin();
        start_vswitchd(releases[i].unknown ? 1 : 2);
        PLUGGED(.vif = "a", .client = true);
        fake_remove_port(rig.ovs, "vhua");
        put_file(releases[i].file);
        fake_socket_file.leaves = releases[i].leaves;
        rig.vswitchd->silent = true;
        undone = (int64_t)engine_counters(rig.engine)->undone;
        asked = PLUG(.vif = "a", .client = true, .wait = releases[i].wait);
        rig_settle();
        if (releases[i].file != SOCKET_FILE_OTHER) {
            CHECK_STR(releases[i].row, reply_to(asked), "");
        }
        CHECK_STR(releases[i].row, type_of_port("vhua"), "-");
        rig.vswitchd->silent = false;
        rig_run(2000);
        CHECK_HAS(releases[i].row, reply_to(asked), releases[i].reply);
        CHECK_STR(releases[i].row, fake_socket_file.removed, "");
        CHECK(releases[i].row, undone == (int64_t)engine_counters(rig.engine)->undone);
        rig_renew();
    }
}

/* The wait ends with vswitchd's death, or with the time of the plug, and writes nothing. */
static void test_vswitchd_does_not_release_it(void **state)
{
    int asked;

    (void)state;
    begin();
    put_file(SOCKET_FILE_BOUND);
    rig.vswitchd->silent = true;
    asked = PLUG(.vif = "a", .client = true, .timeout_ms = 1000);
    rig_run(2000);
    CHECK_HAS("silent", reply_to(asked), "timeout: ovs-vswitchd has said nothing");
    CHECK_STR("silent", type_of_port("vhua"), "-");
    asked = PLUG(.vif = "a", .client = true);
    rig_settle();
    kill_vswitchd();
    put_file(SOCKET_FILE_STALE);
    rig_settle();
    CHECK_STR("dead", reply_to(asked), "");
    start_vswitchd(3);
    rig.vswitchd->silent = false;
    rig_run(2000);
    CHECK_STR("the next", reply_to(asked), "changed vhua");
    CHECK_STR("the next", fake_socket_file.removed, PATH);
}

/* The connection breaks while vswitchd is asked. */
static void test_release_without_ovsdb(void **state)
{
    int asked;

    (void)state;
    begin();
    put_file(SOCKET_FILE_BOUND);
    rig.vswitchd->silent = true;
    asked = PLUG(.vif = "a", .client = true);
    rig_settle();
    fake_ovs_disconnect(rig.ovs, false);
    rig_settle();
    rig.vswitchd->silent = false;
    fake_socket_file.leaves = true;
    fake_ovs_reconnect(rig.ovs);
    rig_run(2000);
    CHECK_STR("back", reply_to(asked), "changed vhua");
}

/* A repair waits as well. */
static void test_repair_waits(void **state)
{
    (void)state;
    begin();
    rig.settings.repair = true;
    rig_watch();
    PLUGGED(.vif = "a", .client = true);
    rig_run(1000);
    put_file(SOCKET_FILE_BOUND);
    fake_socket_file.leaves = true;
    rig.vswitchd->silent = true;
    fake_remove_port(rig.ovs, "vhua");
    rig_settle();
    CHECK_STR("not yet", type_of_port("vhua"), "-");
    rig.vswitchd->silent = false;
    rig_run(5000);
    CHECK_STR("repaired", type_of_port("vhua"), "dpdkvhostuser");
}

static void check_refused(const char *row, int asked)
{
    rig_run(2000);
    CHECK_HAS(row, reply_to(asked), "not_realized: ovs-vswitchd has failed to make socket " PATH);
}

/* Neither the plug that failed, nor what comes after its undo; a new vswitchd may. */
static void test_no_second_try(void **state)
{
    int asked;

    (void)state;
    begin();
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vhua", .error = FAILED, .times = 1});
    asked = PLUG(.vif = "a", .client = true);
    rig_run(2000);
    CHECK_HAS("first", reply_to(asked), "not_realized: ovs-vswitchd could not make port vhua");
    CHECK_HAS("first", reply_to(asked), "restart ovs-vswitchd");
    CHECK_STR("first", type_of_port("vhua"), "-");
    check_refused("second", PLUG(.vif = "a", .client = true));
    check_refused("dry run", PLUG(.vif = "a", .client = true, .dry_run = true));
    asked = PLUG(.vif = "b", .client = true);
    rig_run(2000);
    CHECK_STR("another socket", reply_to(asked), "changed vhub");
    kill_vswitchd();
    rig_settle();
    start_vswitchd(3);
    asked = PLUG(.vif = "a", .client = true);
    rig_run(2000);
    CHECK_STR("a new vswitchd", reply_to(asked), "changed vhua");
}

static void fail_port(const char *name)
{
    struct fake_port *port = fake_port(rig.ovs, name);

    fake_port_say(port, -1, 0, FAILED);
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = "vhua", .error = FAILED});
    fake_ovs_touch(rig.ovs, port);
}

/* A port that has failed: not changed in place, nor plugged again once another program has removed
 * it; mode server is another matter. */
static void test_port_has_failed(void **state)
{
    int asked;

    (void)state;
    begin();
    PLUGGED(.vif = "a", .client = true);
    rig_settle();
    fail_port("vhua");
    check_refused("as asked", PLUG(.vif = "a", .client = true));
    check_refused("in place", PLUG(.vif = "a", .client = true, .mtu = 1400));
    check_refused("update", UPDATE(.vif = "a", .mtu = 1400));
    fake_remove_port(rig.ovs, "vhua");
    check_refused("removed", PLUG(.vif = "a", .client = true));
    rig.vswitchd->n_rules = 0;
    rig.settings.check_paths = false; /* The guest's directory does not exist. */
    asked = PLUG(.vif = "a");
    rig_run(2000);
    CHECK_STR("mode server", reply_to(asked), "changed vhua");
}

/* A vswitchd that starts has not tried yet: the error is its predecessor's, unless a file is there.
 */
static void test_error_of_the_predecessor(void **state)
{
    int asked;

    (void)state;
    begin();
    PLUGGED(.vif = "a", .client = true);
    fail_port("vhua");
    kill_vswitchd();
    rig_settle();
    start_vswitchd(3);
    rig.vswitchd->starting = rig.vswitchd->silent = true;
    put_file(SOCKET_FILE_STALE);
    check_refused("stale", PLUG(.vif = "a", .client = true, .mtu = 1400, .dry_run = true));
    put_file(SOCKET_FILE_ABSENT);
    asked = PLUG(.vif = "a", .client = true, .mtu = 1400, .dry_run = true);
    rig_settle();
    CHECK_HAS("absent", reply_to(asked), "would update vhua");
}

static void test_repair(void **state)
{
    int n;

    (void)state;
    begin();
    rig.settings.repair = true;
    rig_watch();
    PLUGGED(.vif = "a", .client = true);
    rig_run(1000);
    fail_port("vhua");
    n = rig.vswitchd->n_reconfigurations;
    rig_run(20000);
    assert_int_equal(rig.vswitchd->n_reconfigurations, n);
}

/* A card serves the socket, and its directory is missing. */
static void test_card_without_directory(void **state)
{
    int asked;
    int dry;

    (void)state;
    begin();
    strcpy(rig.profile.vhost_socket, "/run/cards/{vf}");
    rig.profile.vhost_mode = VHOST_MODE_SERVER;
    fake_socket_file.no_directory = true;
    dry = PLUG(.vif = "a", .vf = 4, .dry_run = true);
    asked = PLUG(.vif = "a", .vf = 4);
    rig_run(2000);
    CHECK_STR("done", reply_to(asked), "changed vfra");
    CHECK_HAS("with a warning", warnings(asked), "socket /run/cards/4 does not exist");
    CHECK_STR("the same of the dry run", warnings(dry), warnings(asked));
    rig.settings.check_paths = false;
    asked = PLUG(.vif = "a", .vf = 4);
    rig_run(2000);
    CHECK_STR("nobody looks", warnings(asked), "");
    rig.settings.check_paths = true;
    fake_socket_file.no_directory = false;
    asked = PLUG(.vif = "a", .vf = 4);
    rig_run(2000);
    CHECK_STR("directory there", warnings(asked), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_vswitchd_dies),
        RIG_TEST(test_vswitchd_is_restarted),
        RIG_TEST(test_daemon_starts_after_the_death),
        RIG_TEST(test_plug_removes_it),
        RIG_TEST(test_it_cannot_be_removed),
        RIG_TEST(test_plugs),
        RIG_TEST(test_ports_that_work),
        RIG_TEST(test_vswitchd_releases_it),
        RIG_TEST(test_vswitchd_does_not_release_it),
        RIG_TEST(test_release_without_ovsdb),
        RIG_TEST(test_repair_waits),
        RIG_TEST(test_no_second_try),
        RIG_TEST(test_port_has_failed),
        RIG_TEST(test_error_of_the_predecessor),
        RIG_TEST(test_repair),
        RIG_TEST(test_card_without_directory),
    };

    return RIG_MAIN(tests);
}
