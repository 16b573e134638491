/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and lists in text. */

#include "base/number.h"

#include <stdio.h>

#include "check.h"

static void test_take(void **state)
{
    static const struct {
        const char *text;
        int64_t max;
        bool ok;
        int64_t value;
        const char *rest;
    } rows[] = {
        {"0", 0, true, 0, ""},
        {"00", 0, true, 0, ""},
        {"7rest", 9, true, 7, "rest"},
        {"65535", 65535, true, 65535, ""},
        {"65536", 65535, false, 0, "65536"},
        {"9", 8, false, 0, "9"},
        {"9223372036854775807", INT64_MAX, true, INT64_MAX, ""},
        {"9223372036854775808", INT64_MAX, false, 0, "9223372036854775808"},
        {"99999999999999999999999", INT64_MAX, false, 0, "99999999999999999999999"},
        {"", 9, false, 0, ""},
        {"-1", 9, false, 0, "-1"},
        {"+1", 9, false, 0, "+1"},
        {" 1", 9, false, 0, " 1"},
        {"x", 9, false, 0, "x"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *text = rows[i].text;
        int64_t value = 0;

        CHECK_INT(rows[i].text, number_take(&text, rows[i].max, &value), rows[i].ok);
        CHECK_INT(rows[i].text, value, rows[i].value);
        CHECK_STR(rows[i].text, text, rows[i].rest);
    }
}

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t min;
        int64_t max;
        bool ok;
        int64_t value;
    } rows[] = {
        {"5", 0, 9, true, 5},
        {"5", 6, 9, false, 0},
        {"10", 0, 9, false, 0},
        {"5 ", 0, 9, false, 0},
        {"5x", 0, 9, false, 0},
        {"", 0, 9, false, 0},
        {"-5", -9, 9, true, -5},
        {"-5", 0, 9, false, 0},
        {"-10", -9, 9, false, 0},
        {"--5", -9, 9, false, 0},
        {"-", -9, 9, false, 0},
        {"-3", -9, -5, false, 0},
        {"3", -9, -5, false, 0},
        {"-2147483648", INT32_MIN, INT32_MAX, true, INT32_MIN},
        {"-2147483649", INT32_MIN, INT32_MAX, false, 0},
        {"2147483648", INT32_MIN, INT32_MAX, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int64_t value = 0;

        CHECK_INT(rows[i].text, number_parse(rows[i].text, rows[i].min, rows[i].max, &value),
                  rows[i].ok);
        CHECK_INT(rows[i].text, value, rows[i].value);
    }
}

static void test_thousandths(void **state)
{
    static const struct {
        const char *text;
        int64_t min;
        int64_t max;
        bool ok;
        int64_t value;
    } rows[] = {
        {"2.5", 1, 600000, true, 2500},
        {"0.001", 1, 600000, true, 1},
        {".25", 1, 600000, true, 250},
        {"600", 1, 600000, true, 600000},
        {"600.0", 1, 600000, true, 600000},
        {"600.001", 1, 600000, false, 0},
        {"601", 1, 600000, false, 0},
        {"0", 1, 600000, false, 0},
        {"0.0001", 0, 600000, false, 0},
        {"1.", 1, 600000, false, 0},
        {".", 0, 600000, false, 0},
        {"", 0, 600000, false, 0},
        {"-1", 0, 600000, false, 0},
        {"1e2", 1, 600000, false, 0},
        {"1.5s", 1, 600000, false, 0},
        {" 1", 1, 600000, false, 0},
        {"1.2.3", 1, 600000, false, 0},
        {"99999999999999999999", 1, INT64_MAX, false, 0},
        {"9223372036854775.807", 1, INT64_MAX, true, INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int64_t value = 0;

        CHECK_INT(rows[i].text,
                  number_parse_thousandths(rows[i].text, rows[i].min, rows[i].max, &value),
                  rows[i].ok);
        CHECK_INT(rows[i].text, value, rows[i].value);
    }
}

static void test_list(void **state)
{
    static const struct {
        const char *list;
        const char *items; /* Each with a semicolon behind it. */
    } rows[] = {
        {"", ""},      {" ,\t,", ""}, {"a", "a;"}, {"a,b", "a;b;"}, {" a , b\tc ", "a;b;c;"},
        {",,a", "a;"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *list = rows[i].list;
        char found[64] = "";
        char item[16];

        while (list_next(&list, item, sizeof item)) {
            snprintf(found + strlen(found), sizeof found - strlen(found), "%s;", item);
        }
        CHECK_STR(rows[i].list, found, rows[i].items);
        CHECK_STR(rows[i].list, list, "");
    }
}

static void test_age(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } rows[] = {
        {"1", true, 1000},
        {"90s", true, 90000},
        {"10m", true, 600000},
        {"24h", true, 86400000},
        {"86400", true, 86400000},
        {"86401", false, 0},
        {"25h", false, 0},
        {"1441m", false, 0},
        {"0", false, 0},
        {"0m", false, 0},
        {"", false, 0},
        {"m", false, 0},
        {"-1", false, 0},
        {"1.5m", false, 0},
        {"10 m", false, 0},
        {"10mm", false, 0},
        {"1d", false, 0},
        {"99999999999999999999h", false, 0},
        {"9223372036854775807h", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int64_t ms = 0;

        CHECK_INT(rows[i].text, number_parse_age(rows[i].text, 86400000, &ms), rows[i].ok);
        CHECK_INT(rows[i].text, rows[i].ok ? ms : 0, rows[i].ms);
    }
}

static void test_list_item_is_cut(void **state)
{
    const char *list = "abcdef,g";
    char item[4];

    (void)state;
    assert_true(list_next(&list, item, sizeof item));
    assert_string_equal(item, "abc");
    assert_true(list_next(&list, item, sizeof item));
    assert_string_equal(item, "g");
    assert_false(list_next(&list, item, sizeof item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_thousandths), cmocka_unit_test(test_list),
        cmocka_unit_test(test_age),         cmocka_unit_test(test_list_item_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
