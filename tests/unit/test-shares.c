/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "daemon/shares.h"

enum { ROOT = 0, READER = 1000, GOOD = 2000, MEMBERS_MAX = 64 };

static struct shares *shares;
static struct member members[MEMBERS_MAX];
static size_t n;

static int setup(void **state)
{
    (void)state;
    shares = shares_create(&(struct shares_limits){.connections = 16, .memory = (size_t)1 << 20});
    n = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < n; i++) {
        if (members[i].share) {
            shares_leave(shares, &members[i]);
        }
    }
    shares_destroy(shares);
    return 0;
}

/* A new connection of `uid`; NULL: it has no place. */
static struct member *join(uid_t uid)
{
    struct member *member = &members[n];

    if (!shares_join(shares, member, uid, uid == ROOT)) {
        return NULL;
    }
    n++;
    return member;
}

static size_t join_all(uid_t uid)
{
    size_t before = n;

    while (join(uid)) {
        /* As many as there is room for. */
    }
    return n - before;
}

/* No user takes all connections, and some are kept for root. */
static void test_connections(void **state)
{
    (void)state;
    CHECK_INT("a half of what is not kept", (int)join_all(READER), 7);
    CHECK_INT("another: nearly a half of the rest", (int)join_all(GOOD), 3);
    CHECK_INT("root: all that is free", (int)join_all(ROOT), 6);
    shares_leave(shares, &members[0]);
    CHECK("what is free again is root's", !join(READER));
    CHECK("what is free again is root's", join(ROOT));
}

/* Takes the next turn, of `us`, and names it. */
static uid_t turn(int64_t us)
{
    struct member *member = shares_next(shares);

    assert_non_null(member);
    shares_spend(member, us);
    for (size_t i = 0; i < n; i++) {
        if (member == &members[i]) {
            return (uid_t)i;
        }
    }
    fail();
    return 0;
}

/* Users get the same time, whatever a turn takes and however many connections they have. */
static void test_time(void **state)
{
    int64_t spent[3] = {0};

    (void)state;
    join(READER);
    join(READER);
    join(GOOD);
    for (size_t i = 0; i < n; i++) {
        shares_set_ready(shares, &members[i], true);
    }
    for (int i = 0; i < 1000; i++) {
        bool good = shares_next(shares) == &members[2];
        int64_t us = good ? 10 : 90;

        spent[turn(us)] += us;
    }
    CHECK("connections of a user take turns", llabs(spent[0] - spent[1]) <= 90);
    CHECK("users have the same", llabs(spent[0] + spent[1] - spent[2]) <= 400);
}

/* Who begins to ask comes first, also while another pays for a long request. */
static void test_newcomer_is_first(void **state)
{
    (void)state;
    join(READER);
    join(GOOD);
    CHECK("nobody", !shares_next(shares));
    shares_set_ready(shares, &members[0], true);
    CHECK_INT("the only one", (int)turn(100000), 0);
    CHECK_INT("may go on alone", (int)turn(100000), 0);
    shares_set_ready(shares, &members[1], true);
    CHECK_INT("the newcomer", (int)turn(20), 1);
    CHECK_INT("until its credit ends", (int)turn(40), 1);
    for (int i = 0; i < 100; i++) {
        CHECK_INT("who owes waits", (int)turn(20), 1);
    }
    shares_set_ready(shares, &members[1], false);
    CHECK_INT("but not for ever", (int)turn(1), 0);
}

/* To leave and connect again gives no new credit; an idle loop forgets debts. */
static void test_debts(void **state)
{
    (void)state;
    join(READER);
    join(GOOD);
    shares_set_ready(shares, &members[1], true);
    CHECK_INT("uses its credit", (int)turn(50), 1);
    shares_set_ready(shares, &members[0], true);
    CHECK_INT("owes", (int)turn(100000), 0);
    CHECK("busy", !shares_end_busy_period(shares));
    shares_leave(shares, &members[0]);
    join(READER);
    shares_set_ready(shares, &members[2], true);
    CHECK_INT("still owes", (int)turn(20), 1);
    shares_set_ready(shares, &members[1], false);
    shares_set_ready(shares, &members[2], false);
    CHECK("idle", shares_end_busy_period(shares));
    shares_set_ready(shares, &members[1], true);
    shares_set_ready(shares, &members[2], true);
    CHECK_INT("forgotten", (int)turn(20), 2);
}

/* No user may hold all memory, and its heaviest connection is the one to close. */
static void test_memory(void **state)
{
    const size_t kb = 1024;

    (void)state;
    join(READER);
    join(READER);
    join(GOOD);
    join(ROOT);
    shares_hold(shares, &members[0], 200 * kb);
    shares_hold(shares, &members[1], 240 * kb);
    CHECK_INT("all", (int)(shares_held(shares) / kb), 440);
    CHECK("a little more", shares_have_room(shares, &members[0], 8 * kb));
    CHECK("no more", !shares_have_room(shares, &members[0], 9 * kb));
    CHECK("none to close", !shares_clog(shares, &members[0], 8 * kb));
    CHECK("its heaviest", shares_clog(shares, &members[0], 9 * kb) == &members[1]);
    CHECK("another has room", shares_have_room(shares, &members[2], 200 * kb));
    CHECK("root has more", shares_have_room(shares, &members[3], 500 * kb));
    CHECK("not too much", !shares_excess(shares));
    shares_hold(shares, &members[1], 300 * kb);
    CHECK("too much", shares_excess(shares) == &members[1]);
    shares_hold(shares, &members[1], 0);
    CHECK("well again", !shares_excess(shares));
}

/* Root may fill what is kept for it. Those who hold little stay then, until there is no memory at
 * all; then who holds most is first. */
static void test_memory_of_root(void **state)
{
    const size_t kb = 1024;

    (void)state;
    join(READER);
    join(ROOT);
    join(GOOD);
    shares_hold(shares, &members[0], 1 * kb);
    shares_hold(shares, &members[1], 1000 * kb);
    shares_hold(shares, &members[2], 2 * kb);
    CHECK("light ones stay", !shares_excess(shares));
    shares_hold(shares, &members[2], 128 * kb);
    CHECK("root holds most", shares_excess(shares) == &members[1]);
    shares_hold(shares, &members[1], 850 * kb);
    CHECK("then one that is heavy", shares_excess(shares) == &members[2]);
    shares_hold(shares, &members[1], 1030 * kb);
    shares_hold(shares, &members[2], 2 * kb);
    CHECK("more than there is", shares_excess(shares) == &members[1]);
    shares_hold(shares, &members[1], 0);
    CHECK("well again", !shares_excess(shares));
}

/* Many light connections can fill all. Who closes them comes to an end. */
static void test_memory_of_light_ones(void **state)
{
    size_t closed = 0;
    struct member *member;

    (void)state;
    shares_set_limits(shares, &(struct shares_limits){.connections = 64, .memory = 1000});
    for (size_t i = 0; i < 30; i++) {
        shares_hold(shares, join(i % 2 ? READER : GOOD), 100);
    }
    while ((member = shares_excess(shares))) {
        shares_hold(shares, member, 0);
        closed++;
    }
    CHECK_INT("closed", (int)closed, 20);
    CHECK_INT("left", (int)shares_held(shares), 1000);
}

/* Closes what clogs a member; returns how many. */
static int unclog(const struct member *member, size_t more)
{
    struct member *clog;
    int closed = 0;

    while ((clog = shares_clog(shares, member, more))) {
        CHECK("told", shares_is_clogged(shares, member, more));
        shares_hold(shares, clog, 0);
        closed++;
    }
    CHECK("not told", !shares_is_clogged(shares, member, more));
    return closed;
}

/* Light connections of root hold all. Some of them are closed for who asks next, root or another;
 * who holds next to nothing keeps its own. */
static void test_clog_of_light_ones(void **state)
{
    static const struct {
        const char *what;
        size_t member;
        int closed;
    } cases[] = {
        /* KiB: 1024 - 1003 + 34 + 33 = 88, and with one less 55. */
        {"root", 1, 2},
        /* An eighth is not for it; of the rest it may have a half: (896 - 738 - 12) / 2 = 73. */
        {"another", 30, 8},
    };
    const size_t kb = 1024;

    (void)state;
    shares_set_limits(shares, &(struct shares_limits){.connections = 64, .memory = 1024 * kb});
    for (size_t i = 0; i < 30; i++) {
        join(ROOT);
    }
    join(READER);
    shares_hold(shares, &members[30], 12 * kb);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t j = 0; j < 30; j++) {
            shares_hold(shares, &members[j], (j == 1 ? 34 : 33) * kb);
        }
        CHECK(cases[i].what, !shares_have_room(shares, &members[cases[i].member], 64 * kb));
        CHECK(cases[i].what,
              shares_clog(shares, &members[cases[i].member], 64 * kb) == &members[1]);
        CHECK_INT(cases[i].what, unclog(&members[cases[i].member], 64 * kb), cases[i].closed);
        CHECK(cases[i].what, shares_have_room(shares, &members[cases[i].member], 64 * kb));
        CHECK_INT(cases[i].what, (int)(members[30].held / kb), 12);
    }
}

/* No other user's connection is closed than root's. */
static void test_clog_of_others(void **state)
{
    const size_t kb = 1024;

    (void)state;
    join(READER);
    join(GOOD);
    shares_hold(shares, &members[0], 880 * kb);
    CHECK("no room", !shares_have_room(shares, &members[1], 16 * kb));
    CHECK_INT("none", unclog(&members[1], 16 * kb), 0);
    CHECK_INT("one's own", unclog(&members[0], 16 * kb), 1);
}

/* What operations hold counts for the user, but no connection is closed for it. */
static void test_memory_besides(void **state)
{
    const size_t kb = 1024;

    (void)state;
    join(READER);
    join(GOOD);
    shares_hold(shares, &members[0], 4 * kb);
    shares_hold_besides_of(&members[0], 440 * kb);
    shares_hold_besides(shares, 440 * kb);
    CHECK_INT("all", (int)(shares_held(shares) / kb), 444);
    CHECK("no room", !shares_have_room(shares, &members[0], 16 * kb));
    CHECK("nothing to close", !shares_clog(shares, &members[0], 16 * kb));
    CHECK("nor here", !shares_excess(shares));
    CHECK("others have room", shares_have_room(shares, &members[1], 200 * kb));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connections, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newcomer_is_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_debts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_of_root, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_of_light_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clog_of_light_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clog_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_besides, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
