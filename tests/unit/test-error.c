/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/error.h"
#include "base/utf8.h"

static const struct {
    enum reason reason;
    const char *name;
    bool retryable;
} reasons[] = {
    {REASON_INVALID_REQUEST, "invalid_request", false},
    {REASON_UNSUPPORTED_VIF, "unsupported_vif", false},
    {REASON_DEVICE_NOT_FOUND, "device_not_found", false},
    {REASON_NOT_FOUND, "not_found", false},
    {REASON_VF_IN_USE, "vf_in_use", false},
    {REASON_SOCKET_MISMATCH, "socket_mismatch", false},
    {REASON_SOCKET_IN_USE, "socket_in_use", false},
    {REASON_PORT_CONFLICT, "port_conflict", false},
    {REASON_NOT_REALIZED, "not_realized", false},
    {REASON_SWITCH_UNAVAILABLE, "switch_unavailable", true},
    {REASON_TIMEOUT, "timeout", true},
    {REASON_BUSY, "busy", true},
    {REASON_PERMISSION_DENIED, "permission_denied", false},
    {REASON_INTERNAL, "internal", false},
};

static void test_reasons(void **state)
{
    (void)state;
    assert_int_equal(N(reasons), REASON_N - 1);
    for (size_t i = 0; i < N(reasons); i++) {
        CHECK_STR(reasons[i].name, reason_name(reasons[i].reason), reasons[i].name);
        CHECK_INT(reasons[i].name, reason_retryable(reasons[i].reason), reasons[i].retryable);
    }
    assert_string_equal(reason_name(REASON_N), "internal");
}

static void test_fill(void **state)
{
    struct error error;

    (void)state;
    memset(&error, 'x', sizeof error);
    assert_false(error_set(&error, REASON_BUSY, "vif.id", "%d wait.", 3));
    assert_int_equal(error.reason, REASON_BUSY);
    assert_int_equal(error.rpc_code, RPC_OPERATION);
    assert_string_equal(error.field, "vif.id");
    assert_string_equal(error.message, "3 wait.");
    assert_string_equal(error.detail, "");
    assert_false(error_detail(&error, "%s", "error text"));
    assert_string_equal(error.detail, "error text");
    assert_false(error_set(&error, REASON_TIMEOUT, NULL, "%s", ""));
    assert_string_equal(error.field, "");
    assert_string_equal(error.detail, "");
}

static void test_null(void **state)
{
    (void)state;
    assert_false(error_set(NULL, REASON_BUSY, "", "%s", "nobody asks"));
    assert_false(error_detail(NULL, "%s", "nobody asks"));
}

static void test_long_text_is_cut(void **state)
{
    struct error error;
    char text[2 * ERROR_DETAIL_LEN];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&error, REASON_BUSY, text, "%s", text);
    error_detail(&error, "%s", text);
    assert_int_equal(strlen(error.field), ERROR_FIELD_LEN - 1);
    assert_int_equal(strlen(error.message), ERROR_TEXT_LEN - 1);
    assert_int_equal(strlen(error.detail), ERROR_DETAIL_LEN - 1);
}

/* What to do next stays, whatever the text from outside becomes. */
static void test_end_of_message_stays(void **state)
{
    static const char *const texts[] = {"a",        "\xff",         "\x01",
                                        "\xc3\xa9", "\xe2\x80\xa8", "\xf0\x9f\x98\x80"};
    struct error error;
    char text[800];

    (void)state;
    for (size_t i = 0; i < N(texts); i++) {
        for (size_t n = 600; n < 606; n++) {
            size_t length = strlen(texts[i]);

            for (size_t at = 0; at < n; at++) {
                text[at] = texts[i][at % length];
            }
            text[n - n % length] = '\0';
            error_set(&error, REASON_BUSY, "", "Name '%s' is %s; use another.", text, "not a name");
            CHECK_HAS(texts[i], error.message, "Name '");
            CHECK_HAS(texts[i], error.message, "' is not a name; use another.");
            CHECK_INT(texts[i], utf8_prefix(error.message, strlen(error.message)),
                      strlen(error.message));
            CHECK_IN_RANGE(texts[i], strlen(error.message), 600, ERROR_TEXT_LEN - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_end_of_message_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
