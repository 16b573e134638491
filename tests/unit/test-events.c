/* SPDX-License-Identifier: Apache-2.0 */
/* The last events: which are kept, and what a subscriber is told of them. */

#include "daemon/events.h"

#include <stdio.h>

#include "check.h"
#include "timeval.h"
#include "util.h"

/* By how much someone has set the clock, ms. */
static long long int step;

/* NOLINTBEGIN(bugprone-reserved-identifier) */
long long int __real_time_wall_msec(void);
long long int __wrap_time_wall_msec(void);

long long int __wrap_time_wall_msec(void)
{
    return __real_time_wall_msec() + step;
}
/* NOLINTEND(bugprone-reserved-identifier) */

static struct events *events;
static struct reply_subscription told;

static int setup(void **state)
{
    (void)state;
    step = 0;
    events = events_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    events_destroy(events);
    return 0;
}

static struct event_stamp add(const char *name, const char *vif_id, const char *text)
{
    const struct reply_pair parts[] = {{"what", NULL}, {"vif_id", vif_id}, {"error", text}};

    return events_add(events, name, parts, N(parts));
}

/* How many lines a text has. */
static size_t n_lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++) {
        n += *text == '\n';
    }
    return n;
}

static void test_replay(void **state)
{
    struct event_stamp first = add("vif.plugged", "a", "");
    struct event_stamp second = add("vif.failed", "b", "no");
    char *text = events_replay(events, 60000, &told);
    char expected[256];
    char *end;

    (void)state;
    CHECK("numbered", first.number == 1 && second.number == 2);
    CHECK("timed", time_wall_msec() - first.time_ms < 60000 && second.time_ms >= first.time_ms);
    snprintf(expected, sizeof expected,
             "{\"jsonrpc\":\"2.0\",\"method\":\"vif.plugged\",\"params\":{\"vif_id\":\"a\","
             "\"event\":1,\"time\":\"");
    CHECK("the first", !strncmp(text, expected, strlen(expected)));
    end = strchr(text, '\n');
    CHECK_HAS(
        "the second", end,
        "\"method\":\"vif.failed\",\"params\":{\"vif_id\":\"b\",\"error\":\"no\",\"event\":2");
    CHECK_INT("lines", (int64_t)n_lines(text), 2);
    CHECK("told", told.since && told.n_replayed == 2 && told.last_event == 2);
    CHECK("it began later", !told.complete);
    free(text);
}

static void test_nothing_asked(void **state)
{
    char *text;

    (void)state;
    add("vif.plugged", "a", "");
    text = events_replay(events, 0, &told);
    CHECK_STR("none", text, "");
    CHECK("told", !told.since && told.n_replayed == 0 && told.last_event == 1 && told.run[0]);
    free(text);
}

/* The run of another daemon is another. */
static void test_runs(void **state)
{
    struct events *other;
    char run[64];

    (void)state;
    free(events_replay(events, 0, &told));
    snprintf(run, sizeof run, "%s", told.run);
    do {
        other = events_create();
        free(events_replay(other, 0, &told));
        CHECK_INT("no events", (int64_t)told.last_event, 0);
        if (strcmp(told.run, run) != 0) {
            run[0] = '\0';
        }
        events_destroy(other);
    } while (run[0]); /* Within a millisecond it is the same in one process. */
}

static void test_number_is_bounded(void **state)
{
    char *text;

    (void)state;
    for (int i = 0; i < EVENTS_MAX + 10; i++) {
        add("vif.plugged", "a", "");
    }
    text = events_replay(events, 60000, &told);
    CHECK_INT("so many", (int64_t)told.n_replayed, EVENTS_MAX);
    CHECK_INT("lines", (int64_t)n_lines(text), EVENTS_MAX);
    CHECK_HAS("the first", text, "\"event\":11,");
    CHECK("not complete", !told.complete && told.last_event == EVENTS_MAX + 10);
    free(text);
}

static void test_memory_is_bounded(void **state)
{
    static char text[2000];
    char *replayed;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < EVENTS_MAX; i++) {
        add("vif.failed", "a", text);
    }
    replayed = events_replay(events, 60000, &told);
    CHECK_IN_RANGE("of long ones fewer", (int64_t)told.n_replayed, 500,
                   EVENTS_BYTES_MAX / EVENT_TEXT_MAX);
    CHECK("texts are cut", strlen(replayed) < 2 * (size_t)EVENTS_BYTES_MAX);
    free(replayed);
}

/* Once the daemon runs for longer than what is asked for, it knows all of that. */
static void test_complete(void **state)
{
    int64_t start = time_wall_msec();

    (void)state;
    free(events_replay(events, 3600000, &told));
    CHECK("it began later", !told.complete);
    while (time_wall_msec() < start + 5) {
    }
    free(events_replay(events, 1, &told));
    CHECK("of the last millisecond", told.complete && told.n_replayed == 0);
}

/* What was in the last minute does not depend on what the clock says meanwhile. */
static void test_the_clock_is_set(void **state)
{
    static const long long int steps[] = {-3600000, 3600000};

    (void)state;
    for (size_t i = 0; i < N(steps); i++) {
        int64_t began = time_msec();
        struct events *kept = events_create();

        step = 0;
        events_add(kept, "vif.plugged", NULL, 0);
        step = steps[i];
        while (time_msec() < began + 5) {
        }
        events_add(kept, "vif.unplugged", NULL, 0);
        free(events_replay(kept, 60000, &told));
        CHECK("both, and no more is known", told.n_replayed == 2 && !told.complete);
        CHECK_IN_RANGE("it began just now", time_wall_msec() - told.complete_ms, 0, 60000);
        free(events_replay(kept, 1, &told));
        CHECK("complete", told.complete);
        events_destroy(kept);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static const struct CMUnitTest tests[] = {
    TEST(test_replay),
    TEST(test_nothing_asked),
    TEST(test_runs),
    TEST(test_number_is_bounded),
    TEST(test_memory_is_bounded),
    TEST(test_complete),
    TEST(test_the_clock_is_set),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
