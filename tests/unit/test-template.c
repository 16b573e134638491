/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "nic/template.h"

static const struct template_values values = {
    .pf = {0, 0x65, 0x02, 1},
    .vf = {0, 0x65, 0x10, 3},
    .vf_num = 131,
};

static const struct {
    const char *text;
    const char *result; /* NULL: refused. */
    const char *why;    /* Part of what is wrong. */
} rows[] = {
    {"{pf}", "0000:65:02.1", NULL},
    {"{pf_bus}", "65", NULL},
    {"{pf_primary}", "0000:65:02.0", NULL},
    {"{pf_index}", "1", NULL},
    {"{vf}", "131", NULL},
    {"{vf_pci}", "0000:65:10.3", NULL},
    {"{pf},representor=[{vf}]", "0000:65:02.1,representor=[131]", NULL},
    {"{pf_primary},representor=pf{pf_index}vf{vf}", "0000:65:02.0,representor=pf1vf131", NULL},
    {"/run/{pf_bus}/stdvio{vf}", "/run/65/stdvio131", NULL},
    {"{vf}{vf}", "131131", NULL},
    {"plain", "plain", NULL},
    {"{", NULL, "unmatched '{'"},
    {"}", NULL, "unmatched '}'"},
    {"{pf", NULL, "unmatched '{'"},
    {"pf}", NULL, "unmatched '}'"},
    {"{pf}}", NULL, "unmatched '}'"},
    {"{{pf}}", NULL, "{{pf}"},
    {"{}", NULL, "{}"},
    {"{PF}", NULL, "{PF}"},
    {"{ pf}", NULL, "{ pf}"},
    {"{pf }", NULL, "{pf }"},
    {"{vfs}", NULL, "{vfs}"},
    {"{p}", NULL, "{p}"},
    {"{vf:02x}", NULL, "{vf:02x}"},
    {"{pf}-{nonsense}", NULL, "{nonsense}"},
    {"{a_name_that_is_longer_than_any_variable}", NULL,
     "{a_name_that_is_longer_than_any_variable}"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char why[256] = "";
        char out[128];

        CHECK_INT(rows[i].text, template_check(rows[i].text, why, sizeof why),
                  rows[i].result != NULL);
        if (rows[i].result) {
            CHECK_STR(rows[i].text, why, "");
            CHECK(rows[i].text, template_render(rows[i].text, &values, out, sizeof out));
            CHECK_STR(rows[i].text, out, rows[i].result);
        } else {
            CHECK_HAS(rows[i].text, why, rows[i].why);
        }
    }
}

/* A result that does not fit is refused, never cut. */
static void test_size(void **state)
{
    static const char text[] = "a{pf}b";
    static const char result[] = "a0000:65:02.1b";

    (void)state;
    for (size_t size = 1; size <= sizeof result + 1; size++) {
        char out[sizeof result + 2];
        bool ok;

        memset(out, '#', sizeof out);
        ok = template_render(text, &values, out, size);
        assert_int_equal(ok, size >= sizeof result);
        assert_int_equal(out[size], '#');
        if (ok) {
            assert_string_equal(out, result);
        }
    }
}

static void test_values(void **state)
{
    static const struct {
        struct template_values values;
        const char *result;
    } cases[] = {
        {{{0, 0, 0, 0}, {0, 0, 0, 1}, 0}, "0000:00:00.0 00 0000:00:00.0 0 0 0000:00:00.1"},
        {{{0xffff, 0xff, 0x1f, 7}, {0xffff, 0xff, 0x1f, 6}, 65535},
         "ffff:ff:1f.7 ff ffff:ff:1f.0 7 65535 ffff:ff:1f.6"},
        {{{0, 5, 0, 0}, {0, 5, 1, 2}, 10}, "0000:05:00.0 05 0000:05:00.0 0 10 0000:05:01.2"},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        char out[128];

        CHECK(cases[i].result,
              template_render("{pf} {pf_bus} {pf_primary} {pf_index} {vf} {vf_pci}",
                              &cases[i].values, out, sizeof out));
        CHECK_STR(cases[i].result, out, cases[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
