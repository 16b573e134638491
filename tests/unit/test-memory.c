/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a process that has no memory left. */

#include "base/memory.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void test_memory_that_is_there(void **state)
{
    int value;

    (void)state;
    assert_ptr_equal(need_memory(&value), &value);
}

static void test_memory_that_is_not_there(void **state)
{
    static const struct rlimit no_core = {0, 0};
    char said[128] = "";
    int ends[2];
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        need_memory(NULL);
        _exit(0);
    }
    close(ends[1]);
    assert_true(read(ends[0], said, sizeof said - 1) > 0);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(said, "test-memory: out of memory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_that_is_there),
        cmocka_unit_test(test_memory_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
