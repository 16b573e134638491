/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: what it does after each result of a transaction, and while OVSDB is away. */

#include "engine-harness.h"

#include <stdio.h>

/* clang-format's releases disagree on macros of initializers. */
/* clang-format off */
#define COMMITTED {.result = OVS_TXN_COMMITTED}
#define TRY_AGAIN {.result = OVS_TXN_TRY_AGAIN}
#define LOST {.result = OVS_TXN_UNCERTAIN}
#define HAPPENED {.result = OVS_TXN_UNCERTAIN, .happens = true}
#define REFUSED {.result = OVS_TXN_ERROR, .error_text = "no such thing"}
/* clang-format on */
#define TEN_TIMES(x) x, x, x, x, x, x, x, x, x, x

static void script(const struct fake_ending *endings)
{
    for (size_t i = 0; endings[i].result != OVS_TXN_NONE; i++) {
        fake_ovs_script(rig.ovs, endings[i]);
    }
}

/* The results of the transactions of one operation, and whether the port exists in the end. */
static const struct {
    const char *what;
    struct fake_ending endings[13];
    size_t refuse_stage;
    const char *told; /* NULL: the operation succeeds. */
    int n_transactions;
} endings[] = {
    {"commits", {COMMITTED}, 0, NULL, 1},
    {"others were quicker", {TRY_AGAIN}, 0, NULL, 2},
    {"others were quicker ten times", {TEN_TIMES(TRY_AGAIN)}, 0, NULL, 11},
    {"others were quicker eleven times",
     {TEN_TIMES(TRY_AGAIN), TRY_AGAIN},
     0,
     "busy: The transaction for VIF a came to nothing 10 times",
     11},
    {"the connection broke and it happened", {HAPPENED}, 0, NULL, 2},
    {"the connection broke and it did not happen", {LOST}, 0, NULL, 2},
    {"the connection broke twice", {LOST, HAPPENED}, 0, NULL, 3},
    {"refused once", {REFUSED}, 0, NULL, 2},
    {"refused twice", {REFUSED, REFUSED}, 0, "internal: OVSDB refused the transaction", 2},
    {"the rows have gone", {COMMITTED}, 1, NULL, 1},
    {"the rows have gone ten times", {COMMITTED}, 10, NULL, 1},
    {"the rows have gone eleven times", {COMMITTED}, 11, "port_conflict: A row is missing.", 0},
};

static void test_endings_of_a_plug(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(endings); i++) {
        int a;

        rig_renew();
        script(endings[i].endings);
        rig.ovs->refuse_stage = endings[i].refuse_stage;
        a = PLUG(.vif = "a", .vf = 4);
        rig_settle();
        CHECK_HAS(endings[i].what, reply_to(a), endings[i].told ? endings[i].told : "changed vfra");
        CHECK_STR(endings[i].what, type_of_port("vfra"), endings[i].told ? "-" : "dpdk");
        CHECK_STR(endings[i].what, told(rig.ended), endings[i].told ? "a nothing" : "a plugged");
        CHECK_INT(endings[i].what, engine_counters(rig.engine)->transactions,
                  endings[i].n_transactions);
        CHECK_INT(endings[i].what, engine_n_ops(rig.engine), 0);
    }
}

static void test_endings_of_an_unplug(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(endings); i++) {
        bool lost_and_happened = endings[i].endings[0].happens;
        int a;

        rig_renew();
        PLUGGED(.vif = "a", .vf = 4);
        script(endings[i].endings);
        rig.ovs->refuse_stage = endings[i].refuse_stage;
        a = UNPLUG(.vif = "a");
        rig_settle();
        CHECK_HAS(endings[i].what, reply_to(a), endings[i].told ? endings[i].told : "changed");
        CHECK_STR(endings[i].what, type_of_port("vfra"), endings[i].told ? "dpdk" : "-");
        CHECK_STR(endings[i].what, told(rig.ended), endings[i].told ? "a nothing" : "a unplugged");
        CHECK("found gone", !lost_and_happened || engine_counters(rig.engine)->transactions == 2);
    }
}

/* It happened, but vswitchd need not have seen it yet: what it says of the port is of before. */
static void test_uncertain_change_in_place(void **state)
{
    int a;

    (void)state;
    PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
    fake_ovs_script(rig.ovs, (struct fake_ending)HAPPENED);
    rig.vswitchd->silent = true;
    a = UPDATE(.vif = "a", .mtu = 9000);
    rig_run(3000);
    CHECK_STR("waits", reply_to(a), "");
    CHECK_INT("is not looked at", engine_counters(rig.engine)->transactions, 2);
    rig.vswitchd->silent = false;
    rig_settle();
    CHECK_STR("done", reply_to(a), "changed vfra");
}

static void test_refusal_has_the_words(void **state)
{
    int a;

    (void)state;
    script((const struct fake_ending[]){REFUSED, REFUSED, {0}});
    a = PLUG(.vif = "a");
    rig_settle();
    CHECK_HAS("message", reply_to(a), "(no such thing)");
    CHECK_STR("detail", detail(a), "no such thing");
}

static const struct {
    const char *error_text;
    const char *reply;
} refusals[] = {
    {"{\"details\":\"insert operation not allowed when database server is in read only mode\","
     "\"error\":\"not allowed\"}",
     "switch_unavailable: OVSDB cannot carry out the transaction for VIF a"},
    {"{\"details\":\"Transaction causes multiple rows in \\\"Port\\\" table to have identical "
     "values "
     "(vhua) for index on column \\\"name\\\".\",\"error\":\"constraint violation\"}",
     "port_conflict: OVSDB has a row with a name that VIF a needs"},
    {"{\"details\":\"gone\",\"error\":\"referential integrity violation\"}",
     "busy: A row that the transaction for VIF a refers to was removed"},
    {"{\"details\":\"0 is not in the valid range\",\"error\":\"constraint violation\"}",
     "invalid_request: OVSDB's schema does not permit a value that VIF a needs"},
    {"{\"details\":\"no\",\"error\":\"syntax error\"}", "internal: OVSDB refused"},
};

static void test_reasons_of_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(refusals); i++) {
        const struct fake_ending ending = {.result = OVS_TXN_ERROR,
                                           .error_text = refusals[i].error_text};
        int a;

        rig_renew();
        script((const struct fake_ending[]){ending, ending, {0}});
        a = PLUG(.vif = "a");
        rig_settle();
        CHECK_HAS(refusals[i].error_text, reply_to(a), refusals[i].reply);
        CHECK_STR(refusals[i].error_text, detail(a), refusals[i].error_text);
        CHECK_STR(refusals[i].error_text, type_of_port("vhua"), "-");
    }
}

/* A server that cannot write is no defect of vifplugd, and the same request may succeed later. */
static void test_server_that_cannot_write(void **state)
{
    const struct fake_ending full = {.result = OVS_TXN_ERROR,
                                     .error_text =
                                         "{\"details\":\"write failed\",\"error\":\"I/O error\"}"};
    int a;

    (void)state;
    script((const struct fake_ending[]){full, full, {0}});
    a = PLUG(.vif = "a");
    rig_settle();
    CHECK_HAS("reason", reply_to(a), "switch_unavailable: ");
    CHECK_HAS("what to do", reply_to(a), "look at the disk");
    CHECK_HAS("detail", detail(a), "I/O error");
    CHECK_STR("nothing is there", type_of_port("vhua"), "-");
}

/* OVSDB does not say which operation of the batch it refused, so each goes alone, and only the bad
 * one fails. */
static void test_refused_batch(void **state)
{
    int asked[3];

    (void)state;
    script((const struct fake_ending[]){REFUSED, COMMITTED, REFUSED, COMMITTED, {0}});
    asked[0] = PLUG(.vif = "a");
    asked[1] = PLUG(.vif = "b");
    asked[2] = PLUG(.vif = "c");
    rig_pass();
    CHECK_HAS("one transaction", rig.ovs->comment, "and 2 more");
    rig_settle();
    CHECK_STR("a", reply_to(asked[0]), "changed vhua");
    CHECK_HAS("b", reply_to(asked[1]), "internal: ");
    CHECK_STR("c", reply_to(asked[2]), "changed vhuc");
    CHECK_INT("alone", engine_counters(rig.engine)->transactions, 4);
    CHECK_INT("alone", engine_counters(rig.engine)->batched, 6);
    CHECK_STR("b is not there", type_of_port("vhub"), "-");
}

static void remove_br0(void)
{
    fake_remove_bridge(rig.ovs, "br0");
}

static void remove_br1(void)
{
    fake_remove_bridge(rig.ovs, "br1");
}

/* OVSDB reports success for a transaction that adds a port to a bridge that was just removed. */
static void test_committed_and_nothing_there(void **state)
{
    static const struct {
        bool create_bridges;
        const char *told;
        int n_transactions;
    } rows[] = {
        {true, "changed vhua", 2},
        {false, "invalid_request: There is no bridge br0", 1},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig.settings.create_bridges = rows[i].create_bridges;
        rig.ovs->on_commit = remove_br0;
        a = PLUG(.vif = "a");
        rig_settle();
        CHECK_HAS("told", reply_to(a), rows[i].told);
        CHECK_INT(rows[i].told, engine_counters(rig.engine)->transactions, rows[i].n_transactions);
    }
}

/* The same for a VIF for which the daemon makes only the bridge. */
static void test_bridge_goes_at_once(void **state)
{
    int a = PLUG(.vif = "a", .kind = VIF_KIND_OVS, .name = "tapa", .bridge = "br1");

    (void)state;
    rig_pass();
    rig_pass(); /* Made. */
    CHECK_STR("made", reply_to(a), "changed tapa (not on record)");
    a = PLUG(.vif = "a", .kind = VIF_KIND_OVS, .name = "tapa", .bridge = "br1");
    remove_br1();
    rig_pass();
    rig_pass();
    CHECK_STR("made again", reply_to(a), "changed tapa (not on record)");
}

/* --- OVSDB is away, or does not reply. --- */

static void test_ovsdb_is_away(void **state)
{
    int a, b;

    (void)state;
    fake_ovs_disconnect(rig.ovs, false);
    a = PLUG(.vif = "a", .timeout_ms = 3000);
    b = UNPLUG(.vif = "b");
    CHECK_HAS("waits", ops_show(), "plug a, QUEUED for OVSDB");
    rig_run(2999);
    CHECK_STR("waits", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("its timeout", reply_to(a), "switch_unavailable: OVSDB at unix:fake.sock cannot be");
    rig_run(6999);
    CHECK_STR("the default timeout", reply_to(b), "");
    rig_run(1);
    CHECK_HAS("the default timeout", reply_to(b), "switch_unavailable: ");
    CHECK_INT("nothing was sent", engine_counters(rig.engine)->transactions, 0);
}

static void test_ovsdb_comes_back(void **state)
{
    int a = PLUG(.vif = "a");

    (void)state;
    fake_ovs_disconnect(rig.ovs, false);
    rig_run(9000);
    fake_ovs_reconnect(rig.ovs);
    rig_settle();
    CHECK_STR("done", reply_to(a), "changed vhua");
}

/* The connection breaks during a transaction. `a` succeeds; or it is refused at its deadline, and
 * undone when OVSDB is back. */
static void test_lost_within_a_commit(void **state)
{
    static const struct {
        const char *what;
        bool happened;
        int away_ms;
        enum method method;
        const char *told;
        const char *port; /* The type of its port then. */
    } rows[] = {
        {"plug, happened", true, 1000, METHOD_PLUG, "changed vfra", "dpdk"},
        {"plug, did not happen", false, 1000, METHOD_PLUG, "changed vfra", "dpdk"},
        {"plug, happened, too late", true, 20000, METHOD_PLUG, "switch_unavailable: ", "-"},
        {"plug, did not happen, too late", false, 20000, METHOD_PLUG, "switch_unavailable: ", "-"},
        {"unplug, happened", true, 1000, METHOD_UNPLUG, "changed", "-"},
        {"unplug, did not happen", false, 1000, METHOD_UNPLUG, "changed", "-"},
        {"unplug, too late", false, 20000, METHOD_UNPLUG, "switch_unavailable: ", "dpdk"},
        {"update, happened, too late", true, 20000, METHOD_UPDATE, "switch_unavailable: ", "dpdk"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct ask ask = {.vif = "a", .vf = 4, .mtu = 9000};
        int a;

        rig_renew();
        if (rows[i].method != METHOD_PLUG) {
            PLUGGED(.vif = "a", .vf = 4, .mtu = 1500);
        }
        a = rig_ask(rows[i].method, &ask);
        rig_pass();
        fake_ovs_disconnect(rig.ovs, rows[i].happened);
        rig_run(rows[i].away_ms);
        fake_ovs_reconnect(rig.ovs);
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_STR(rows[i].what, type_of_port("vfra"), rows[i].port);
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
        if (rows[i].method == METHOD_UPDATE) {
            CHECK_INT(rows[i].what, fake_port(rig.ovs, "vfra")->mtu_request, 1500);
        }
    }
}

/* OVSDB takes longer than the client waits. If OVSDB commits after all, the engine undoes a plug,
 * but not an unplug. */
static void test_answered_too_late(void **state)
{
    static const struct {
        const char *what;
        struct fake_ending ending;
        enum method method;
        const char *port;
        bool undone;
        int n_transactions;
    } rows[] = {
        {"plug, commits", COMMITTED, METHOD_PLUG, "-", true, 2},
        {"plug, lost", LOST, METHOD_PLUG, "-", true, 1},
        {"plug, lost and happened", HAPPENED, METHOD_PLUG, "-", true, 2},
        {"plug, others were quicker", TRY_AGAIN, METHOD_PLUG, "-", false, 1},
        {"plug, refused", REFUSED, METHOD_PLUG, "-", false, 1},
        {"unplug, commits", COMMITTED, METHOD_UNPLUG, "-", false, 2},
        {"unplug, lost and happened", HAPPENED, METHOD_UNPLUG, "-", false, 2},
        {"unplug, others were quicker", TRY_AGAIN, METHOD_UNPLUG, "dpdk", false, 2},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        if (rows[i].method == METHOD_UNPLUG) {
            PLUGGED(.vif = "a", .vf = 4);
        }
        fake_ovs_script(rig.ovs, rows[i].ending);
        a = rig_ask(rows[i].method, &(struct ask){.vif = "a", .vf = 4});
        rig.ovs->silent = true;
        rig_run(9999);
        CHECK_STR(rows[i].what, reply_to(a), "");
        rig_run(1);
        CHECK_HAS(rows[i].what, reply_to(a),
                  "switch_unavailable: OVSDB at unix:fake.sock does not");
        rig.ovs->silent = false;
        rig_settle();
        CHECK_STR(rows[i].what, type_of_port("vfra"), rows[i].port);
        CHECK_INT(rows[i].what, engine_counters(rig.engine)->undone, rows[i].undone);
        CHECK_INT(rows[i].what, engine_counters(rig.engine)->transactions, rows[i].n_transactions);
        CHECK_INT(rows[i].what, engine_n_ops(rig.engine), 0);
        if (rows[i].method == METHOD_UNPLUG && rows[i].port[0] == '-') {
            CHECK_HAS(rows[i].what, told(rig.summed_up), "unplug a done br0 vfra");
        }
    }
}

/* If a commit takes more than 2 s, OVSDB counts as stalled: an operation that waits for the next
 * transaction is refused at its own deadline. */
static void test_stalled(void **state)
{
    int a = PLUG(.vif = "a");
    int b, c;

    (void)state;
    rig.ovs->silent = true;
    rig_pass();
    b = PLUG(.vif = "b", .timeout_ms = 1500);
    c = PLUG(.vif = "c", .timeout_ms = 3000);
    rig_run(2000);
    CHECK_STR("it may be its turn soon", reply_to(b), "");
    rig_run(1);
    CHECK_HAS("stuck", reply_to(b), "switch_unavailable: OVSDB at unix:fake.sock does not reply");
    rig_run(998);
    CHECK_STR("its own deadline", reply_to(c), "");
    rig_run(1);
    CHECK_HAS("its own deadline", reply_to(c), "switch_unavailable: ");
    rig.ovs->silent = false;
    rig_settle();
    CHECK_STR("goes on", reply_to(a), "changed vhua");
}

/* Once it is sent, OVSDB has the whole timeout to answer, however long it waited before. */
static void test_deadline_begins_anew_when_it_is_sent(void **state)
{
    int a = PLUG(.vif = "a");

    (void)state;
    fake_ovs_disconnect(rig.ovs, false);
    rig_run(9000);
    fake_ovs_reconnect(rig.ovs);
    rig.ovs->silent = true;
    rig_run(9999);
    CHECK_STR("waits", reply_to(a), "");
    rig_run(1);
    CHECK_HAS("its time is up", reply_to(a),
              "switch_unavailable: OVSDB at unix:fake.sock does not");
}

/* The loop wakes for that in time. */
static void test_wakes_for_what_is_stalled(void **state)
{
    int b;

    (void)state;
    rig.ovs->silent = true;
    PLUG(.vif = "a");
    rig_pass();
    b = PLUG(.vif = "b", .timeout_ms = 1500);
    rig_run(20000);
    CHECK_HAS("stuck", reply_to(b), "switch_unavailable: ");
    CHECK_IN_RANGE("stuck", rig.replies[b].times.total, 2000 * 1000, 2010 * 1000);
}

/* Puts an emptied database in the place of OVSDB's, which has not realized its last transaction. */
static void empty_database(void)
{
    fake_ovs_disconnect(rig.ovs, false);
    rig_pass();
    while (rig.ovs->n_ports) {
        fake_remove_port(rig.ovs, rig.ovs->ports[0]->name);
    }
    rig.ovs->globals.next_cfg = rig.ovs->globals.cur_cfg = 0;
    rig.vswitchd->silent = false;
    fake_ovs_reconnect(rig.ovs);
    rig_settle();
}

/* Nobody will set cur_cfg to what the transaction had. */
static void test_another_database(void **state)
{
    int asked;

    (void)state;
    PLUGGED(.vif = "b");
    rig.vswitchd->silent = true;
    asked = PLUG(.vif = "a");
    rig_settle();
    CHECK_HAS("under way", ops_show(), "plug a, REALIZING");
    empty_database();
    CHECK_STR("plugged anew", reply_to(asked), "changed vhua");
    CHECK_STR("it is there", type_of_port("vhua"), "dpdkvhostuserclient");
    CHECK_STR("no operation asked for this", type_of_port("vhub"), "-");
    rig.vswitchd->silent = true;
    asked = UNPLUG(.vif = "a");
    rig_settle();
    CHECK_HAS("under way", ops_show(), "unplug a, REALIZING");
    empty_database();
    CHECK_STR("gone", reply_to(asked), "changed");
    CHECK_STR("gone", type_of_port("vhua"), "-");
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_another_database),
    RIG_TEST(test_endings_of_a_plug),
    RIG_TEST(test_endings_of_an_unplug),
    RIG_TEST(test_uncertain_change_in_place),
    RIG_TEST(test_refusal_has_the_words),
    RIG_TEST(test_reasons_of_refusals),
    RIG_TEST(test_server_that_cannot_write),
    RIG_TEST(test_refused_batch),
    RIG_TEST(test_committed_and_nothing_there),
    RIG_TEST(test_bridge_goes_at_once),
    RIG_TEST(test_ovsdb_is_away),
    RIG_TEST(test_ovsdb_comes_back),
    RIG_TEST(test_lost_within_a_commit),
    RIG_TEST(test_answered_too_late),
    RIG_TEST(test_stalled),
    RIG_TEST(test_deadline_begins_anew_when_it_is_sent),
    RIG_TEST(test_wakes_for_what_is_stalled),
};

int main(void)
{
    return RIG_MAIN(tests);
}
