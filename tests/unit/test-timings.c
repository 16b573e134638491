/* SPDX-License-Identifier: Apache-2.0 */
/* Histograms of durations. */

#include "engine/timings.h"

#include "check.h"

static void test_exact_below_eight(void **state)
{
    struct histogram h = {0};

    (void)state;
    assert_int_equal(histogram_percentile(&h, 50), 0);
    for (uint64_t us = 0; us < 8; us++) {
        histogram_add(&h, us);
    }
    assert_int_equal(histogram_percentile(&h, 50), 3);
    assert_int_equal(histogram_percentile(&h, 100), 7);
    assert_int_equal(h.n, 8);
    assert_int_equal(h.sum_us, 28);
}

/* A reported value is never less than the real one, and at most an eighth more. */
static void test_within_an_eighth(void **state)
{
    (void)state;
    for (uint64_t us = 1; us < 20000000; us += us / 3 + 1) {
        struct histogram h = {0};
        uint64_t told;

        histogram_add(&h, us);
        histogram_add(&h, 60000000);
        told = histogram_percentile(&h, 50);
        if (told < us || told > us + us / 8 + 1) {
            fail_msg("%lu us are told as %lu", (unsigned long)us, (unsigned long)told);
        }
    }
}

static void test_percentiles(void **state)
{
    struct histogram h = {0};

    (void)state;
    for (uint64_t i = 1; i <= 100; i++) {
        histogram_add(&h, i * 1000);
    }
    CHECK_IN_RANGE("median", histogram_percentile(&h, 50), 50000, 56250);
    CHECK_IN_RANGE("p90", histogram_percentile(&h, 90), 90000, 100000);
    assert_int_equal(histogram_percentile(&h, 100), 100000);
}

/* Hours: above the last bound, but counted. */
static void test_very_long(void **state)
{
    struct histogram h = {0};

    (void)state;
    histogram_add(&h, UINT64_C(1) << 40);
    assert_int_equal(histogram_percentile(&h, 99), UINT64_C(1) << 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_below_eight),
        cmocka_unit_test(test_within_an_eighth),
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_very_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
