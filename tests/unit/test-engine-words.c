/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: what the error of a port that failed has of ovs-vswitchd's log. */

#include "engine-harness.h"

#define WORDS "netdev|WARN|vfra: no"
#define POOL "netdev_dpdk|ERR|Failed to create memory pool for netdev vfra, with MTU 9000"

static void refuse(const char *port)
{
    fake_rule_add(rig.vswitchd, (struct fake_rule){.port = port, .error = "Invalid argument"});
}

static void say(const char *lines, const char *path, const char *problem)
{
    strcpy(rig.switch_log->answer.lines, lines);
    strcpy(rig.switch_log->answer.path, path);
    strcpy(rig.switch_log->answer.problem, problem);
}

static void test_detail(void **state)
{
    static const struct {
        const char *what;
        const char *lines, *path, *problem;
        bool full;
        const char *detail;
        const char *advice;
    } rows[] = {
        {"its words", WORDS, "/log", "", false, "Invalid argument; ovs-vswitchd.log: " WORDS,
         "it has logged about the port is in detail"},
        {"memory", POOL, "/log", "", false, "Invalid argument; ovs-vswitchd.log: " POOL,
         "not enough free hugepages"},
        {"escaped", "a\n\x1b[1m", "/log", "", false,
         "Invalid argument; ovs-vswitchd.log: a\\n\\x1b[1m", "is in detail; mend that"},
        {"unreadable", "", "/log", "/log cannot be read; look there", false,
         "Invalid argument; /log cannot be read; look there", NULL},
        {"none", "", "/log", "", false,
         "Invalid argument; /log has no line about the port since the commit", NULL},
        {"no file yet", "", "", "", false, "Invalid argument", NULL},
        {"too many ask", WORDS, "/log", "", true, "Invalid argument", NULL},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        refuse("vfra");
        say(rows[i].lines, rows[i].path, rows[i].problem);
        rig.switch_log->full = rows[i].full;
        a = PLUG(.vif = "a", .vf = 4);
        rig_run(200);
        CHECK_HAS(rows[i].what, reply_to(a), "not_realized: ovs-vswitchd could not make port vfra");
        CHECK_STR(rows[i].what, detail(a), rows[i].detail);
        CHECK_HAS(rows[i].what, reply_to(a),
                  rows[i].advice ? rows[i].advice : "see ovs-vswitchd.log for more");
        CHECK_STR("undone", type_of_port("vfra"), "-");
    }
}

/* A vswitchd that runs and says nothing of the port, as if it cannot make its bridge. */
static void test_timeout(void **state)
{
    static const struct {
        const char *what;
        const char *lines, *path, *problem;
        bool full;
        const char *detail;
        const char *advice;
    } rows[] = {
        {"its words", WORDS, "/log", "", false, "ovs-vswitchd.log: " WORDS,
         "mend what it has logged about the port or its bridge"},
        {"unreadable", "", "", "no file; look there", false, "no file; look there",
         "look at ovs-vswitchd.log"},
        {"none", "", "/log", "", false, "/log has no line about the port since the commit",
         "look at ovs-vswitchd.log"},
        {"too many ask", WORDS, "/log", "", true, "", "look at ovs-vswitchd.log"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig.vswitchd->silent = true;
        say(rows[i].lines, rows[i].path, rows[i].problem);
        rig.switch_log->full = rows[i].full;
        a = PLUG(.vif = "a", .vf = 4);
        rig_run(9600);
        CHECK_INT("not yet", rig.switch_log->n_asked, 0);
        CHECK_STR("not yet", reply_to(a), "");
        rig_run(300);
        CHECK_INT("before its deadline", rig.switch_log->n_asked, !rows[i].full);
        CHECK_STR("still not", reply_to(a), "");
        rig_run(1000);
        CHECK_HAS(rows[i].what, reply_to(a), "timeout: ovs-vswitchd has said nothing about port");
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].advice);
        CHECK_STR(rows[i].what, detail(a), rows[i].detail);
        CHECK_HAS("for port and bridge", rig.switch_log->names, "vfra ");
        CHECK_HAS("for port and bridge", rig.switch_log->names, " br0");
    }
}

/* It asks since before the commit, for the port and its device. */
static void test_question(void **state)
{
    (void)state;
    refuse("vfra");
    say(WORDS, "/log", "");
    PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_INT("asked once", (int64_t)rig.switch_log->n_asked, 1);
    CHECK_INT("since the first transaction", rig.switch_log->asked_from, 1);
    CHECK_STR("its names", rig.switch_log->names,
              "vfra 0000:65:00.0,representor=[4] 0000:65:00.4 "
              "/usr/local/var/run/stdvio4");
}

/* vswitchd writes its log a moment after its rows. */
static void test_later(void **state)
{
    int a;

    (void)state;
    refuse("vfra");
    say(WORDS, "/log", "");
    rig.switch_log->n_empty = 2;
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_STR("waits", reply_to(a), "");
    rig_run(60);
    CHECK_HAS("the third answer", detail(a), WORDS);
    CHECK_INT("asked again", (int64_t)rig.switch_log->n_asked, 3);
}

/* A reader that hangs keeps nobody waiting for long, and not beyond the deadline. */
static void test_silent(void **state)
{
    static const struct {
        int timeout_ms, waits, over;
    } rows[] = {{5000, 900, 1100}, {300, 200, 320}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        refuse("vfra");
        rig.switch_log->silent = true;
        a = PLUG(.vif = "a", .vf = 4, .timeout_ms = rows[i].timeout_ms);
        rig_run(rows[i].waits);
        CHECK_STR("waits", reply_to(a), "");
        rig_run(rows[i].over - rows[i].waits);
        CHECK_HAS("fails all the same", reply_to(a), "not_realized: ");
        CHECK_STR("what is known", detail(a), "Invalid argument");
    }
}

/* The port comes up while the words are awaited. */
static void test_recovers(void **state)
{
    int a;

    (void)state;
    refuse("vfra");
    rig.switch_log->silent = true;
    a = PLUG(.vif = "a", .vf = 4);
    rig_settle();
    fake_port_say(fake_port(rig.ovs, "vfra"), 7, 1500, NULL);
    rig_settle();
    CHECK_STR("up", reply_to(a), "changed vfra");
}

/* Another plug ends well meanwhile on the bridge that the failed one has made: the bridge stays for
 * it, and its reply has the warning. */
static void test_bridge_goes_to_another(void **state)
{
    int a;
    int b;

    (void)state;
    refuse("vfra");
    rig.switch_log->silent = true;
    a = PLUG(.vif = "a", .vf = 4, .bridge = "br1");
    rig_settle();
    b = PLUG(.vif = "b", .vf = 5, .bridge = "br1");
    rig_settle();
    CHECK_STR("a waits", reply_to(a), "");
    CHECK_STR("b is up", reply_to(b), "changed vfrb");
    CHECK_HAS("b is warned", warnings(b), "br1");
    rig_run(1100);
    CHECK_HAS("a fails", reply_to(a), "not_realized: ");
    CHECK("stays", fake_bridge(rig.ovs, "br1"));
}

/* Not for an undo, and not for a port that another program removed. */
static void test_not_asked(void **state)
{
    (void)state;
    PLUG(.vif = "a", .vf = 4);
    rig.vswitchd->silent = true;
    rig_settle();
    fake_remove_port(rig.ovs, "vfra");
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_INT("removed", (int64_t)rig.switch_log->n_asked, 0);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_detail),
    RIG_TEST(test_timeout),
    RIG_TEST(test_question),
    RIG_TEST(test_later),
    RIG_TEST(test_silent),
    RIG_TEST(test_recovers),
    RIG_TEST(test_bridge_goes_to_another),
    RIG_TEST(test_not_asked),
};

int main(void)
{
    return RIG_MAIN(tests);
}
