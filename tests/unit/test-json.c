/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "wire/json-get.h"
#include "wire/json-scan.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *text;
    bool ok;
} rows[] = {
    /* Values. */
    {"{}", true},
    {"[]", true},
    {" \t\r\n{ } \t\r\n", true},
    {"{\"a\":1,\"b\":[true,false,null,\"x\",{}]}", true},
    {"\"text\"", true},
    {"true", true},
    {"12", true},
    {"12 ", true},
    {"", false},
    {" ", false},
    {"nul", false},
    {"True", false},
    {"TRUE", false},
    {"undefined", false},
    {"[true false]", false},
    /* Numbers. */
    {"[0,-0,1,-1,10,0.5,-0.5,1e5,1E5,1e+5,1e-5,1.5e10]", true},
    {"[9223372036854775807,-9223372036854775808,18446744073709551615]", true},
    {"[01]", false},
    {"[-]", false},
    {"[-01]", false},
    {"[+1]", false},
    {"[.5]", false},
    {"[1.]", false},
    {"[1.e5]", false},
    {"[1e]", false},
    {"[1e+]", false},
    {"[0x10]", false},
    {"[1_000]", false},
    {"[NaN]", false},
    {"[-NaN]", false},
    {"[nan]", false},
    {"[Infinity]", false},
    {"[-Infinity]", false},
    {"[inf]", false},
    /* Strings. */
    {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\"]", true},
    {"[\"\x7f\"]", true},
    {"[\"\xc3\xa4\xf0\x9f\x98\x80\"]", true},
    {"{\"\xc3\xa4\":1}", true},
    {"['a']", false},
    {"{'a':1}", false},
    {"{a:1}", false},
    {"[\"a\nb\"]", false},
    {"[\"a\tb\"]", false},
    {"[\"a\x01 b\"]", false},
    {"[\"a\x1f b\"]", false},
    {"[\"\\x41\"]", false},
    {"[\"\\'\"]", false},
    {"[\"\\u12\"]", false},
    {"[\"\\u12g4\"]", false},
    {"[\"\\u", false},
    {"[\"\\", false},
    {"[\"abc", false},
    {"[\"abc]", false},
    {"[\"a\\u0000b\"]", false},
    {"{\"a\\u0000b\":1}", false},
    {"[\"a\\u0001b\"]", true},
    /* Structure. */
    {"{\"a\":1}{\"b\":2}", false},
    {"{} x", false},
    {"{}}", false},
    {"{},", false},
    {"{\"a\":1,}", false},
    {"{,}", false},
    {"{\"a\"}", false},
    {"{\"a\":}", false},
    {"{\"a\" 1}", false},
    {"{1:2}", false},
    {"{\"a\":1", false},
    {"[1,]", false},
    {"[,1]", false},
    {"[1", false},
    {"[1}", false},
    {"/* c */ {}", false},
    {"{} // c", false},
    {"\xef\xbb\xbf{}", false},
    /* Two members with one name. */
    {"{\"a\":1,\"b\":{\"a\":1}}", true},
    {"[{\"a\":1},{\"a\":1}]", true},
    {"{\"a\":1,\"a\":1}", false},
    {"{\"a\":null,\"a\":1}", false},
    {"{\"a\":1,\"\\u0061\":2}", false},
    {"{\"x\":{\"y\":[0,{\"a\":1,\"b\":2,\"a\":3}]}}", false},
    {"{\"\":1,\"\":2}", false},
    {"{\"a\":{\"c\":1},\"a\":{\"d\":1,\"e\":2}}", false},
};

static void test_strictness(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct error error = {0};
        struct json_object *value = json_parse(rows[i].text, strlen(rows[i].text), &error);

        CHECK_INT(rows[i].text, value != NULL, rows[i].ok);
        if (!rows[i].ok) {
            CHECK_INT(rows[i].text, error.rpc_code, RPC_PARSE_ERROR);
            CHECK_INT(rows[i].text, error.reason, REASON_INVALID_REQUEST);
            CHECK(rows[i].text, error.message[0] != '\0');
        }
        json_object_put(value);
    }
    assert_null(json_parse("{", 1, NULL));
}

static void test_utf8(void **state)
{
    static const struct {
        const char *bytes;
        bool ok;
    } sequences[] = {
        {"\xc2\x80", true},
        {"\xdf\xbf", true},
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\x80", false},
        {"\xbf", false},
        {"\xc0\x80", false},
        {"\xc1\xbf", false},
        {"\xc2", false},
        {"\xc2 ", false},
        {"\xe0\x9f\xbf", false},
        {"\xe1\x80", false},
        {"\xed\xa0\x80", false},
        {"\xed\xbf\xbf", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xf8\x88\x80\x80", false},
        {"\xff", false},
        {"\xfe", false},
        {"a\xe4o", false},
    };

    (void)state;
    for (size_t i = 0; i < N(sequences); i++) {
        struct json_scan scan;
        char text[32];
        char row[32];

        snprintf(text, sizeof text, "[\"%s\"]", sequences[i].bytes);
        snprintf(row, sizeof row, "sequence %zu", i);
        CHECK_INT(row, json_scan(text, strlen(text), 4, &scan), sequences[i].ok);
        CHECK_INT(row, scan.error == NULL, sequences[i].ok);
        /* A sequence cut by the end of the text. */
        CHECK(row, !json_scan(text, 3, 4, &scan));
    }
}

static void test_depth(void **state)
{
    static const struct {
        const char *open;
        const char *close;
    } kinds[] = {{"[", "]"}, {"{\"a\":", "}"}};

    (void)state;
    for (size_t i = 0; i < N(kinds); i++) {
        for (int depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
            char text[512] = "";
            char row[32];
            struct error error;
            struct json_object *value;

            for (int j = 0; j < depth; j++) {
                strcat(text, kinds[i].open);
            }
            strcat(text, i ? "1" : "");
            for (int j = 0; j < depth; j++) {
                strcat(text, kinds[i].close);
            }
            snprintf(row, sizeof row, "depth %d of %s", depth, kinds[i].open);
            value = json_parse(text, strlen(text), &error);
            CHECK_INT(row, value != NULL, depth <= JSON_DEPTH_MAX);
            json_object_put(value);
        }
    }
}

/* Closed containers do not count as depth, and many brackets do not recurse. */
static void test_depth_counts_open_ones(void **state)
{
    enum { FLOOD = 200000 };
    char *flood = malloc(FLOOD);
    char text[8 * 64] = "[";
    struct json_scan scan;

    (void)state;
    for (int i = 0; i < 60; i++) {
        strcat(text, "[{}],");
    }
    strcat(text, "0]");
    assert_true(json_scan(text, strlen(text), 3, &scan));
    assert_false(json_scan(text, strlen(text), 2, &scan));
    memset(flood, '[', FLOOD);
    assert_false(json_scan(flood, FLOOD, JSON_DEPTH_MAX, &scan));
    assert_int_equal(scan.error_at, JSON_DEPTH_MAX);
    free(flood);
}

static void test_scan_counts(void **state)
{
    static const struct {
        const char *text;
        size_t n_members;
    } counts[] = {
        {"1", 0},
        {"{}", 0},
        {"{\"a\":1}", 1},
        {"{\"a\":{\"b\":1,\"b\":2},\"c\":[{\"d\":1}]}", 5},
    };

    (void)state;
    for (size_t i = 0; i < N(counts); i++) {
        struct json_scan scan;

        CHECK(counts[i].text, json_scan(counts[i].text, strlen(counts[i].text), 8, &scan));
        CHECK_INT(counts[i].text, scan.n_members, counts[i].n_members);
    }
}

/* The text needs no NUL at its end, and a NUL inside does not end it. */
static void test_length(void **state)
{
    struct json_object *value;
    struct error error;

    (void)state;
    value = json_parse("{}garbage", 2, &error);
    assert_non_null(value);
    json_object_put(value);
    value = json_parse("123456", 3, &error);
    assert_int_equal(json_object_get_int(value), 123);
    json_object_put(value);
    assert_null(json_parse("{}\0", 3, &error));
    assert_null(json_parse("\"a\0b\"", 5, &error));
    assert_null(json_parse("1\0", 2, &error));
}

static const char members[] =
    "{\"s\":\"text\",\"empty\":\"\",\"null\":null,\"i\":42,\"neg\":-1,\"d\":1.5,\"whole\":2.0,"
    "\"exp\":1e2,\"big\":99999999999999999999,\"small\":-99999999999999999999,"
    "\"u64\":18446744073709551615,\"t\":true,\"f\":false,\"o\":{\"x\":1},\"a\":[1],\"num\":\"42\"}";

enum getter { STRING, INT, BOOL, OBJECT };

static const struct {
    enum getter getter;
    const char *key;
    enum jget_need need;
    int64_t max; /* Of a string's length or of an integer, whose minimum is 0. */
    bool ok;
    const char *string;
    int64_t number; /* Of a number, boolean or "object given". */
} gets[] = {
    {STRING, "s", JGET_REQUIRED, 4, true, "text", 0},
    {STRING, "s", JGET_OPTIONAL, 4, true, "text", 0},
    {STRING, "s", JGET_OPTIONAL, 3, false, NULL, 0},
    {STRING, "empty", JGET_OPTIONAL, 4, true, NULL, 0},
    {STRING, "empty", JGET_REQUIRED, 4, false, NULL, 0},
    {STRING, "null", JGET_OPTIONAL, 4, true, NULL, 0},
    {STRING, "null", JGET_REQUIRED, 4, false, NULL, 0},
    {STRING, "none", JGET_OPTIONAL, 4, true, NULL, 0},
    {STRING, "none", JGET_REQUIRED, 4, false, NULL, 0},
    {STRING, "i", JGET_OPTIONAL, 4, false, NULL, 0},
    {STRING, "o", JGET_OPTIONAL, 4, false, NULL, 0},
    {STRING, "t", JGET_OPTIONAL, 4, false, NULL, 0},
    {INT, "i", JGET_REQUIRED, 42, true, NULL, 42},
    {INT, "i", JGET_REQUIRED, 41, false, NULL, 0},
    {INT, "neg", JGET_REQUIRED, 41, false, NULL, 0},
    {INT, "null", JGET_OPTIONAL, 9, true, NULL, 0},
    {INT, "null", JGET_REQUIRED, 9, false, NULL, 0},
    {INT, "none", JGET_OPTIONAL, 9, true, NULL, 0},
    {INT, "none", JGET_REQUIRED, 9, false, NULL, 0},
    {INT, "num", JGET_OPTIONAL, 99, false, NULL, 0},
    {INT, "d", JGET_OPTIONAL, 9, false, NULL, 0},
    {INT, "whole", JGET_OPTIONAL, 9, false, NULL, 0},
    {INT, "exp", JGET_OPTIONAL, 999, false, NULL, 0},
    {INT, "t", JGET_OPTIONAL, 9, false, NULL, 0},
    {INT, "a", JGET_OPTIONAL, 9, false, NULL, 0},
    {INT, "big", JGET_OPTIONAL, 1000, false, NULL, 0},
    {INT, "small", JGET_OPTIONAL, 1000, false, NULL, 0},
    {INT, "u64", JGET_OPTIONAL, 1000, false, NULL, 0},
    {BOOL, "t", JGET_REQUIRED, 0, true, NULL, 1},
    {BOOL, "f", JGET_REQUIRED, 0, true, NULL, 0},
    {BOOL, "null", JGET_OPTIONAL, 0, true, NULL, 0},
    {BOOL, "none", JGET_OPTIONAL, 0, true, NULL, 0},
    {BOOL, "none", JGET_REQUIRED, 0, false, NULL, 0},
    {BOOL, "i", JGET_OPTIONAL, 0, false, NULL, 0},
    {BOOL, "s", JGET_OPTIONAL, 0, false, NULL, 0},
    {OBJECT, "o", JGET_REQUIRED, 0, true, NULL, 1},
    {OBJECT, "null", JGET_OPTIONAL, 0, true, NULL, 0},
    {OBJECT, "none", JGET_OPTIONAL, 0, true, NULL, 0},
    {OBJECT, "none", JGET_REQUIRED, 0, false, NULL, 0},
    {OBJECT, "a", JGET_OPTIONAL, 0, false, NULL, 0},
    {OBJECT, "s", JGET_OPTIONAL, 0, false, NULL, 0},
};

static void check_get(struct json_object *object, size_t i, const char *row)
{
    const char *string = NULL;
    struct json_object *member = NULL;
    struct error error = {0};
    int64_t number = 0;
    bool flag = false;
    bool ok = false;

    switch (gets[i].getter) {
    case STRING:
        ok = jget_string(object, "p.q", gets[i].key, gets[i].need, (size_t)gets[i].max, &string,
                         &error);
        break;
    case INT:
        ok = jget_int(object, "p.q", gets[i].key, gets[i].need, 0, gets[i].max, &number, &error);
        break;
    case BOOL:
        ok = jget_bool(object, "p.q", gets[i].key, gets[i].need, &flag, &error);
        break;
    case OBJECT:
        ok = jget_object(object, "p.q", gets[i].key, gets[i].need, &member, &error);
        break;
    }
    CHECK_INT(row, ok, gets[i].ok);
    if (ok) {
        CHECK_STR(row, string, gets[i].string);
        CHECK_INT(row, number + flag + (member != NULL), gets[i].number);
    } else {
        char field[64];

        snprintf(field, sizeof field, "p.q.%s", gets[i].key);
        CHECK_STR(row, error.field, field);
        CHECK_INT(row, error.reason, REASON_INVALID_REQUEST);
        CHECK_HAS(row, error.message, field);
    }
}

static void test_getters(void **state)
{
    struct error error;
    struct json_object *object = json_parse(members, strlen(members), &error);

    (void)state;
    assert_non_null(object);
    for (size_t i = 0; i < N(gets); i++) {
        char row[64];

        snprintf(row, sizeof row, "%zu: %s", i, gets[i].key);
        check_get(object, i, row);
    }
    json_object_put(object);
}

static void test_only(void **state)
{
    static const char *const known[] = {"a", "b", NULL};
    static const struct {
        const char *text;
        const char *path;
        const char *field; /* NULL: accepted. */
    } cases[] = {
        {"{}", "p", NULL},
        {"{\"a\":1}", "p", NULL},
        {"{\"b\":1,\"a\":2}", "p", NULL},
        {"{\"c\":1}", "p", "p.c"},
        {"{\"a\":1,\"aa\":1}", "p.q", "p.q.aa"},
        {"{\"c\":null}", "", "c"},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct error error = {0};
        struct json_object *object = json_parse(cases[i].text, strlen(cases[i].text), &error);

        CHECK_INT(cases[i].text, jget_only(object, cases[i].path, known, &error), !cases[i].field);
        if (cases[i].field) {
            CHECK_STR(cases[i].text, error.field, cases[i].field);
        }
        json_object_put(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strictness),  cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_depth),       cmocka_unit_test(test_depth_counts_open_ones),
        cmocka_unit_test(test_scan_counts), cmocka_unit_test(test_length),
        cmocka_unit_test(test_getters),     cmocka_unit_test(test_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
