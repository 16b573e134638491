/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests share: cmocka with the headers that it needs before it, and checks whose
 * failure names the row of the table. */

#ifndef TEST_CHECK_H
#define TEST_CHECK_H 1

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* CMOCKA_TEST_FILTER in the environment selects the tests to run, by a shell pattern. */
__attribute__((constructor)) static void filter_tests(void)
{
    const char *pattern = getenv("CMOCKA_TEST_FILTER");

    if (pattern) {
        cmocka_set_test_filter(pattern);
    }
}

static inline void check_(bool ok, const char *row, const char *what, const char *file, int line)
{
    if (!ok) {
        print_error("row '%s': not so: %s\n", row, what);
        _fail(file, line);
    }
}

static inline void check_str_(const char *got, const char *expected, const char *row,
                              const char *what, const char *file, int line)
{
    if (!got || !expected ? got != expected : strcmp(got, expected) != 0) {
        print_error("row '%s': %s is '%s', not '%s'\n", row, what, got ? got : "(null)",
                    expected ? expected : "(null)");
        _fail(file, line);
    }
}

static inline void check_has_(const char *text, const char *part, const char *row, const char *what,
                              const char *file, int line)
{
    if (!strstr(text, part)) {
        print_error("row '%s': %s is '%s', which lacks '%s'\n", row, what, text, part);
        _fail(file, line);
    }
}

static inline void check_int_(int64_t got, int64_t expected, const char *row, const char *what,
                              const char *file, int line)
{
    if (got != expected) {
        print_error("row '%s': %s is %lld, not %lld\n", row, what, (long long)got,
                    (long long)expected);
        _fail(file, line);
    }
}

static inline void check_in_range_(int64_t got, int64_t least, int64_t most, const char *row,
                                   const char *what, const char *file, int line)
{
    if (got < least || got > most) {
        print_error("row '%s': %s is %lld, not from %lld to %lld\n", row, what, (long long)got,
                    (long long)least, (long long)most);
        _fail(file, line);
    }
}

/* Each fails the test with `row` and the expression in the message. */
#define CHECK(row, condition) check_(condition, row, #condition, __FILE__, __LINE__)
#define CHECK_STR(row, got, expected) check_str_(got, expected, row, #got, __FILE__, __LINE__)
#define CHECK_HAS(row, text, part) check_has_(text, part, row, #text, __FILE__, __LINE__)
#define CHECK_INT(row, got, expected)                                                              \
    check_int_((int64_t)(got), (int64_t)(expected), row, #got, __FILE__, __LINE__)
#define CHECK_IN_RANGE(row, got, least, most)                                                      \
    check_in_range_((int64_t)(got), (int64_t)(least), (int64_t)(most), row, #got, __FILE__,        \
                    __LINE__)

#endif
