/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "daemon/backlog.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static char *copy(const char *text)
{
    char *line = strdup(text);

    assert_non_null(line);
    return line;
}

/* Lines come out in their order, as fast as the peer reads. */
static void test_order(void **state)
{
    enum { LINES = 20000 };
    struct backlog backlog = {.data = NULL};
    char line[32];
    size_t n = 0;
    FILE *peer;
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "line %d\n", i);
        backlog_add(&backlog, copy(line));
        n += strlen(line);
    }
    assert_int_equal(backlog_length(&backlog), n);
    assert_true(backlog.size < 3 * n);
    peer = fdopen(fds[1], "r");
    assert_non_null(peer);
    for (int i = 0; i < LINES; i++) {
        char expected[32];

        assert_true(backlog_send(&backlog, fds[0]));
        assert_non_null(fgets(line, sizeof line, peer));
        snprintf(expected, sizeof expected, "line %d\n", i);
        assert_string_equal(line, expected);
    }
    assert_int_equal(backlog_length(&backlog), 0);
    assert_int_equal(backlog.size, 0); /* It keeps no memory. */
    fclose(peer);
    assert_true(backlog_send(&backlog, fds[0])); /* There is nothing to send. */
    backlog_add(&backlog, copy("x"));
    assert_false(backlog_send(&backlog, fds[0]));
    backlog_clear(&backlog);
    close(fds[0]);
}

static void test_take(void **state)
{
    struct backlog out = {.data = NULL};
    struct backlog later = {.data = NULL};

    (void)state;
    backlog_take(&out, &later);
    assert_int_equal(out.size, 0);
    backlog_add(&later, copy("b"));
    backlog_add(&later, copy(""));
    backlog_add(&out, copy("a"));
    backlog_take(&out, &later);
    assert_int_equal(backlog_length(&out), 2);
    assert_memory_equal(out.data + out.start, "ab", 2);
    assert_int_equal(later.size, 0);
    backlog_clear(&out);
    assert_int_equal(backlog_length(&out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_take)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
