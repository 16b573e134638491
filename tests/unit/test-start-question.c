/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/start-question.h"

#include "engine-harness.h"

static struct start_question question;

/* How many questions a pass asks. */
static int ask(void)
{
    int before = rig.ovs->n_bumps;
    struct ovs_globals globals;

    ovs_globals(rig.ovs, &globals);
    globals.exist = true;
    start_question_run(&question, rig.ovs, rig.vswitchd, &globals);
    return rig.ovs->n_bumps - before;
}

static void begin(enum vswitchd_state state, bool starting)
{
    rig_renew();
    question = (struct start_question){.start = 0};
    rig.vswitchd->state = state;
    rig.vswitchd->starting = starting;
    rig.vswitchd->start = 1;
}

static void test_when(void **state)
{
    static const struct {
        const char *row;
        enum vswitchd_state state;
        bool starting;
        bool away;  /* OVSDB is. */
        bool asked; /* Another program has something for vswitchd to do. */
        int questions;
    } rows[] = {
        {"has begun", VSWITCHD_ALIVE, false, false, false, 0},
        {"starts", VSWITCHD_ALIVE, true, false, false, 1},
        {"ends while it starts", VSWITCHD_DEAD, true, false, false, 0},
        {"not known", VSWITCHD_UNKNOWN, false, false, false, 1},
        {"without OVSDB", VSWITCHD_ALIVE, true, true, false, 0},
        {"has something to do already", VSWITCHD_ALIVE, true, false, true, 0},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        begin(rows[i].state, rows[i].starting);
        rig.ovs->globals.next_cfg += rows[i].asked;
        if (rows[i].away) {
            fake_ovs_disconnect(rig.ovs, false);
        }
        CHECK_INT(rows[i].row, ask(), rows[i].questions);
        clock_warp(100000);
        CHECK_INT(rows[i].row, ask(), 0);
    }
}

/* OVSDB that is read-only, or whose disk is full, is asked ever less often, but anew at a start. */
static void test_refused(void **state)
{
    static const int pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

    (void)state;
    begin(VSWITCHD_ALIVE, true);
    rig.ovs->ending.result = OVS_TXN_ERROR;
    CHECK_INT("at once", ask(), 1);
    for (size_t i = 0; i < N(pauses); i++) {
        clock_block();
        clock_warp(pauses[i] - 1);
        CHECK_INT("not yet", ask(), 0);
        CHECK_INT("wakes in time", clock_block(), 1);
        clock_warp(1);
        CHECK_INT("again", ask(), 1);
    }
    rig.vswitchd->start = 2;
    CHECK_INT("another start", ask(), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {RIG_TEST(test_when), RIG_TEST(test_refused)};

    return RIG_MAIN(tests);
}
