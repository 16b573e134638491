/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside, as a log and a terminal may have it. */

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/utf8.h"

static const struct {
    const char *name;
    const char *text;
    const char *shown;
} rows[] = {
    {"plain", "VIF a-1 is 'up'.", "VIF a-1 is 'up'."},
    {"empty", "", ""},
    {"a line of its own", "a\n2026|INFO|b", "a\\n2026|INFO|b"},
    {"carriage return, tab", "a\r\tb", "a\\r\\tb"},
    {"an escape sequence", "\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
    {"bell, delete", "\a\x7f", "\\x07\\x7f"},
    {"letters beyond ASCII", "gr\xc3\xb6\xc3\x9f\xe2\x82\xac\xf0\x9f\x90\x98",
     "gr\xc3\xb6\xc3\x9f\xe2\x82\xac\xf0\x9f\x90\x98"},
    {"C1: CSI in one character",
     "\xc2\x9b"
     "31m",
     "\\u009b31m"},
    {"right-to-left override",
     "a\xe2\x80\xae"
     "b\xe2\x80\xac",
     "a\\u202eb\\u202c"},
    {"isolates", "\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069"},
    {"zero width space, joiner", "\xe2\x80\x8b\xe2\x80\x8d", "\\u200b\\u200d"},
    {"byte order mark", "\xef\xbb\xbf", "\\ufeff"},
    {"soft hyphen", "\xc2\xad", "\\u00ad"},
    {"line separator", "\xe2\x80\xa8", "\\u2028"},
    {"tag", "\xf3\xa0\x80\x81", "\\U000e0001"},
    {"not UTF-8",
     "a\xff\xfe"
     "b",
     "a\\xff\\xfe"
     "b"},
    {"a cut character", "a\xe2\x80", "a\\xe2\\x80"},
    {"overlong", "\xc0\xaf", "\\xc0\\xaf"},
    {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
    {"beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
    {"a backslash stays", "a\\n\\x1b", "a\\n\\x1b"},
};

static void test_text(void **state)
{
    char out[128];
    char again[128];

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char *copy = display_copy(rows[i].text);

        display_text(out, sizeof out, rows[i].text, strlen(rows[i].text));
        CHECK_STR(rows[i].name, out, rows[i].shown);
        CHECK_STR(rows[i].name, copy, rows[i].shown);
        CHECK_STR(rows[i].name, display_text(again, sizeof again, out, strlen(out)), out);
        CHECK_STR(rows[i].name, display_format(again, sizeof again, "<%s>", rows[i].text) + 1,
                  strcat(out, ">"));
        free(copy);
    }
}

static void test_nul_inside(void **state)
{
    char out[16];

    (void)state;
    CHECK_STR("NUL", display_text(out, sizeof out, "a\0b", 3), "a\\x00b");
}

/* Whole characters and escapes only, and never more than the buffer. */
static void test_cut(void **state)
{
    static const char text[] = "ab\x1b"
                               "c\xe2\x82\xac"
                               "d\n";
    static const char shown[] = "ab\\x1bc\xe2\x82\xac"
                                "d\\n";
    char out[sizeof shown];

    (void)state;
    for (size_t size = 1; size <= sizeof shown; size++) {
        size_t length;

        memset(out, 'x', sizeof out);
        length = strlen(display_text(out, size, text, strlen(text)));
        CHECK("within", length < size);
        CHECK_INT("beginning", memcmp(out, shown, length), 0);
        CHECK("whole", length == 0 || strchr("abcd", out[length - 1]) || length == 6 ||
                           length == 10 || length == sizeof shown - 1);
    }
    CHECK_STR("all", out, shown);
}

/* printf() cuts within a character: what is left of it must not be shown as bytes. */
static void test_cut_format(void **state)
{
    char out[8];

    (void)state;
    CHECK_STR("3 of 3 bytes",
              display_format(out, sizeof out, "%s",
                             "abcd\xe2\x82\xac"
                             "e"),
              "abcd\xe2\x82\xac");
    CHECK_STR("2 of 3 bytes",
              display_format(out, sizeof out, "%s",
                             "abcde\xe2\x82\xac"
                             "e"),
              "abcde");
    CHECK_STR("1 of 3 bytes",
              display_format(out, sizeof out, "%s",
                             "abcdef\xe2\x82\xac"
                             "e"),
              "abcdef");
    CHECK_STR("no character", display_format(out, sizeof out, "%s", "abcdefghi"), "abcdefg");
}

static void test_utf8_prefix(void **state)
{
    static const struct {
        const char *text;
        size_t valid;
    } texts[] = {{"", 0},
                 {"abc", 3},
                 {"a\xc3\xb6", 3},
                 {"a\xc3", 1},
                 {"\xff", 0},
                 {"ab\x80"
                  "c",
                  2}};

    (void)state;
    for (size_t i = 0; i < N(texts); i++) {
        CHECK_INT(texts[i].text, utf8_prefix(texts[i].text, strlen(texts[i].text)), texts[i].valid);
        CHECK_INT(texts[i].text, utf8_is_valid(texts[i].text),
                  texts[i].valid == strlen(texts[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_nul_inside),
        cmocka_unit_test(test_cut),         cmocka_unit_test(test_cut_format),
        cmocka_unit_test(test_utf8_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
