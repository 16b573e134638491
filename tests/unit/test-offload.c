/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/offload.h"

#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void test_effect(void **state)
{
    static const struct {
        const char *row;
        struct offload_facts facts;
        const char *effect;
    } rows[] = {
        {"off", {.enabled = false}, "no"},
        {"off, whatever was before", {false, 1000, 2000, false}, "no"},
        {"off, nobody there", {false, 0, 0, true}, "no"},
        /* The next vswitchd finds it on. */
        {"on, nobody there", {true, 1000, 0, true}, "yes"},
        {"on, nobody there any more", {true, 2000, 1000, true}, "yes"},
        /* On before the first look. */
        {"on, as found", {true, 0, 1000, false}, "yes"},
        {"on, as found, vswitchd not known", {true, 0, 0, false}, "yes"},
        {"on before vswitchd", {true, 1000, 1001, false}, "yes"},
        {"on with vswitchd", {true, 1000, 1000, false}, "yes"},
        {"on after vswitchd", {true, 1001, 1000, false}, "restart_required"},
        {"on after vswitchd, now", {true, 1700000000000, 1600000000000, false}, "restart_required"},
        {"on, vswitchd not known", {true, 1000, 0, false}, "unknown"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_STR(rows[i].row, offload_effect_name(offload_effect(&rows[i].facts)), rows[i].effect);
    }
}

static void test_policies(void **state)
{
    (void)state;
    assert_string_equal(offload_policy_names[OFFLOAD_REPORT], "report");
    assert_string_equal(offload_policy_names[OFFLOAD_SET], "set");
    assert_string_equal(offload_policy_names[OFFLOAD_REQUIRE], "require");
    assert_null(offload_policy_names[3]);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A vswitchd that is restarted right after hw-offload was set applies it: the start time is exact
 * to the kernel's clock tick (10 ms), not to the second. */
static void test_process_start(void **state)
{
    static const char *const names[] = {"vswitchd", "a b", ") 1 2 (3)", "((", "0 0 0 0 0 0 0 0"};

    (void)state;
    for (size_t i = 0; i < N(names); i++) {
        int64_t before = now_ms();
        int64_t started;
        int64_t after;
        int pipes[2];
        char byte;
        pid_t pid;

        assert_int_equal(pipe(pipes), 0);
        pid = fork();
        if (pid == 0) {
            (void)prctl(PR_SET_NAME, names[i]);
            (void)!write(pipes[1], "x", 1);
            for (;;) {
                pause();
            }
        }
        assert_true(pid > 0);
        assert_int_equal(read(pipes[0], &byte, 1), 1);
        after = now_ms();
        started = offload_process_start(pid);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(pipes[0]);
        close(pipes[1]);
        if (started < before - 20 || started > after + 20) {
            print_error("row '%s': %lld is not from %lld to %lld\n", names[i], (long long)started,
                        (long long)before, (long long)after);
            fail();
        }
        assert_int_equal(offload_process_start(pid), 0); /* It has gone. */
    }
}

/* A daemon knows when an earlier one of this boot has set the option. Of another boot it was before
 * this vswitchd's start in any case. */
static void test_set_text(void **state)
{
    static const struct {
        const char *row;
        const char *text;
        int64_t set_at;
    } rows[] = {
        {"never", NULL, 0},
        {"this boot", "1234 boot-1", 1234},
        {"another boot", "1234 boot-2", 0},
        {"a longer name", "1234 boot-11", 0},
        {"no boot", "1234", 0},
        {"no boot, but a space", "1234 ", 0},
        {"no time", " boot-1", 0},
        {"a negative one", "-5 boot-1", 0},
        {"too large", "99999999999999999999 boot-1", 0},
        {"words", "yesterday boot-1", 0},
        {"empty", "", 0},
    };
    char *text = offload_set_text(INT64_C(5000000000), "boot-1");

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_INT(rows[i].row, offload_set_at(rows[i].text, "boot-1"), rows[i].set_at);
    }
    CHECK_INT("our own", offload_set_at(text, "boot-1"), INT64_C(5000000000));
    free(text);
}

static void test_no_process(void **state)
{
    static const int64_t pids[] = {0, -1, INT64_MAX, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < N(pids); i++) {
        assert_int_equal(offload_process_start(pids[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_effect),        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_process_start), cmocka_unit_test(test_set_text),
        cmocka_unit_test(test_no_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
