/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: operations of several users, and operations that wait for what is in their way. */

#include "engine-harness.h"

#include <stdio.h>

#define TAP .kind = VIF_KIND_OVS, .name = "tap0", .create_port = true, .create_tap = true

enum { READER = 1000, GOOD = 2000 };

/* Submits `n` plugs of one user. Returns the number of the first. */
static int crowd(int n, struct ask ask)
{
    int first = rig.n_asked + 1;
    char vif[sizeof "v-2147483648"];

    ask.vif = vif;
    for (int i = 0; i < n; i++) {
        snprintf(vif, sizeof vif, "v%d", i);
        rig_ask(METHOD_PLUG, &ask);
    }
    return first;
}

static int n_replies(int first, int n)
{
    int replies = 0;

    for (int i = 0; i < n; i++) {
        replies += *reply_to(first + i) != '\0';
    }
    return replies;
}

/* While one plan takes a whole pass, a user with many operations and one with a single operation
 * take turns. */
static void test_users_take_turns(void **state)
{
    int first;
    int good;

    (void)state;
    rig.ovs->slow_ms = 1;
    first = crowd(20, (struct ask){.dry_run = true, .owner = READER});
    rig_pass();
    CHECK_INT("one in a pass", n_replies(first, 20), 1);
    good = PLUG(.vif = "good", .owner = GOOD, .wait = WAIT_COMMITTED);
    rig_pass();
    CHECK_HAS("the newcomer is next", rig.ovs->comment, "plug good");
    rig_settle();
    CHECK_STR("and is done", reply_to(good), "changed vhugood");
    CHECK_INT("like the others", n_replies(first, 20), 20);
}

/* Operations that wait for a removal are not planned again until something is removed: the loop
 * sleeps, and others go on. */
static void test_those_that_wait_cost_nothing(void **state)
{
    int first;
    int good;

    (void)state;
    rig.settings.max_queued = 1000;
    PLUGGED(.vif = "a", TAP);
    rig.link_remover->silent = true;
    UNPLUG(.vif = "a");
    first = crowd(300, (struct ask){TAP, .owner = READER});
    rig_settle();
    CHECK_INT("all wait", n_replies(first, 300), 0);
    CHECK("the loop sleeps", rig_pass() != 0);
    rig.ovs->slow_ms = 1;
    good = PLUG(.vif = "good", .owner = READER, .wait = WAIT_COMMITTED);
    rig_pass();
    CHECK_HAS("one of the same user is planned at once", rig.ovs->comment, "plug good");
    rig.ovs->slow_ms = 0;
    rig_settle();
    CHECK_STR("done", reply_to(good), "changed vhugood");
    rig.link_remover->silent = false;
    rig_settle();
    CHECK_STR("the first has the link", reply_to(first), "changed tap0");
    CHECK_INT("the others are refused", n_replies(first, 300), 300);
}

/* While OVSDB is away, nothing leaves the queue. */
static void test_nobody_fills_the_queue(void **state)
{
    int good;
    int root;
    int last;

    (void)state;
    rig.settings.max_queued = 16;
    rig.ovs->synced = false;
    last = crowd(8, (struct ask){.dry_run = true, .owner = READER}) + 7;
    CHECK_HAS("a user has half of what there is", reply_to(last),
              "busy: 7 operations are waiting already (max_queued), 7 of them of your user;");
    CHECK("and its memory counts", engine_memory_of(rig.engine, READER) > (size_t)7 * 4096);
    CHECK_INT("others'", (int)engine_memory_of(rig.engine, GOOD), 0);
    for (int i = 0; i < 4; i++) {
        char vif[8];

        snprintf(vif, sizeof vif, "g%d", i);
        good = PLUG(.vif = vif, .owner = GOOD);
        if (i == 2) {
            CHECK_STR("another has a half of the rest", reply_to(good), "");
        }
    }
    CHECK_HAS("and no more", reply_to(good), "busy: 10 operations are waiting already");
    for (int i = 0; i < 7; i++) {
        char vif[8];

        snprintf(vif, sizeof vif, "r%d", i);
        root = PLUG(.vif = vif);
        if (i == 5) {
            CHECK_STR("root has all the rest", reply_to(root), "");
        }
    }
    CHECK_HAS("to the last", reply_to(root), "busy: 16 operations are waiting already");
    rig.ovs->synced = true;
    rig_settle();
    CHECK_INT("nothing is held", (int)engine_memory_of(rig.engine, READER), 0);
}

static const char *reap(const char *vif, bool dry_run)
{
    int asked = rig_reap_dry(vif, dry_run, 0);

    rig_settle();
    return reply_to(asked);
}

/* A reap looks at all VIFs: after a dry run, which any reader may ask for, there is a pause. */
static void test_dry_runs_of_reap_are_limited(void **state)
{
    (void)state;
    PLUGGED(.vif = "a");
    smap_replace(&fake_port(rig.ovs, "vhua")->external_ids, "vifplug-boot-id", "boot-0");
    rig.ovs->slow_ms = 10;
    CHECK_HAS("the first", reap(NULL, true), "removed a");
    CHECK_HAS("the next", reap(NULL, true), "busy: A dry run of reap looks at all VIFs");
    CHECK_HAS("not for those who may reap", reap("b", false), "VIF b is not stale");
    clock_warp(1000);
    CHECK_HAS("later", reap(NULL, true), "removed a");
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_users_take_turns),
    RIG_TEST(test_those_that_wait_cost_nothing),
    RIG_TEST(test_nobody_fills_the_queue),
    RIG_TEST(test_dry_runs_of_reap_are_limited),
};

int main(void)
{
    return RIG_MAIN(tests);
}
