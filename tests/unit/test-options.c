/* SPDX-License-Identifier: Apache-2.0 */
/* Values of OVSDB as Open vSwitch reads them. */

#include "ovs/options.h"

#include "check.h"

#define L50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define L250 L50 L50 L50 L50 L50

static void test_dpdk_init(void **state)
{
    static const struct {
        const char *text;
        bool wanted;
    } cases[] = {
        {"true", true},   {"True", true}, {"TRUE", true}, {"try", true}, {"Try", true},
        {"false", false}, {"", false},    {"yes", false}, {"1", false},  {"true ", false},
    };

    (void)state;
    assert_false(option_dpdk_init(NULL));
    for (size_t i = 0; i < N(cases); i++) {
        CHECK_INT(cases[i].text, option_dpdk_init(cases[i].text), cases[i].wanted);
    }
}

static void test_datapath_type(void **state)
{
    (void)state;
    assert_string_equal(option_datapath_type(""), "system");
    assert_string_equal(option_datapath_type("system"), "system");
    assert_string_equal(option_datapath_type("netdev"), "netdev");
}

static void test_stats_interval(void **state)
{
    static const struct {
        const char *text;
        int ms;
    } cases[] = {{"", 5000},       {"1000", 5000},        {"5000", 5000},     {"5001", 5001},
                 {"60000", 60000}, {"99999999999", 5000}, {"10000 ms", 5000}, {"-1", 5000}};

    (void)state;
    assert_int_equal(option_stats_interval(NULL), 5000);
    for (size_t i = 0; i < N(cases); i++) {
        CHECK_INT(cases[i].text, option_stats_interval(cases[i].text), cases[i].ms);
    }
}

static void test_sock_dir(void **state)
{
    static const struct {
        const char *text;
        const char *dir;
    } cases[] = {
        {"", "/run/ovs"},
        {"/", "/run/ovs"},
        {"vhost", "/run/ovs/vhost"},
        {"/vhost", "/run/ovs/vhost"},
        {"a/b//c/", "/run/ovs/a/b/c"},
        {"..", "/run/ovs"},
        {"../vhost", "/run/ovs"},
        {"a..b", "/run/ovs"},
        {"a.b", "/run/ovs/a.b"},
        {L250 "12345", "/run/ovs/" L250 "12345"},
        {L250 "123456", "/run/ovs"},
    };
    char dir[512];

    (void)state;
    option_sock_dir(NULL, "/run/ovs", dir, sizeof dir);
    assert_string_equal(dir, "/run/ovs");
    for (size_t i = 0; i < N(cases); i++) {
        option_sock_dir(cases[i].text, "/run/ovs", dir, sizeof dir);
        CHECK_STR(cases[i].text, dir, cases[i].dir);
    }
    option_sock_dir("vhost", "/run/ovs", dir, sizeof "/run/ovs/vhos");
    assert_string_equal(dir, "/run/ovs");
}

/* What follows what, in one run. */
static void test_started_value(void **state)
{
    static const struct {
        const char *row;
        const char *text;
        unsigned int start;
        const char *now;
    } steps[] = {
        {"no vswitchd", NULL, 0, NULL},
        {"no vswitchd, set", "a", 0, "a"},
        {"it has started", "a", 1, "a"},
        {"changed meanwhile", "b", 1, "a"},
        {"removed meanwhile", NULL, 1, "a"},
        {"another vswitchd", "b", 2, "b"},
        {"changed again", "c", 2, "b"},
        {"it is dead", "c", 0, "c"},
        {"changed before the start", "d", 0, "d"},
        {"the next", "d", 3, "d"},
    };
    struct started_value value = {0};

    (void)state;
    for (size_t i = 0; i < N(steps); i++) {
        started_value_follow(&value, steps[i].text, steps[i].start);
        CHECK_STR(steps[i].row, value.now, steps[i].now);
    }
    started_value_destroy(&value);
}

/* A daemon that starts after vswitchd. */
static void test_started_before(void **state)
{
    struct started_value value = {0};

    (void)state;
    started_value_follow(&value, "a", 1);
    assert_string_equal(value.now, "a");
    started_value_follow(&value, "b", 1);
    assert_string_equal(value.now, "a");
    started_value_destroy(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dpdk_init),      cmocka_unit_test(test_datapath_type),
        cmocka_unit_test(test_stats_interval), cmocka_unit_test(test_sock_dir),
        cmocka_unit_test(test_started_value),  cmocka_unit_test(test_started_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
