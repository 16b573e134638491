/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of ovs-vswitchd's log are about a port. */

#include "ovs/log-lines.h"

#include <stdio.h>

#include "check.h"

#define T "2026-11-26T23:30:54.123Z|00012|"

static const struct {
    const char *what;
    const char *name;
    const char *text;
    const char *picked;
} rows[] = {
    {"nothing", "p1", "", ""},
    {"no feed at the end", "p1", T "netdev|WARN|p1: no", "netdev|WARN|p1: no"},
    {"levels", "p1", T "a|DBG|p1\n" T "a|INFO|p1\n" T "a|WARN|p1\n" T "a|ERR|p1\n" T "a|EMER|p1\n",
     "a|WARN|p1; a|ERR|p1; a|EMER|p1"},
    {"another port", "p1", T "netdev|WARN|p10: no\n" T "netdev|WARN|xp1: no\n", ""},
    {"another port, by a dash", "p1", T "a|ERR|p1-x\n" T "a|ERR|x-p1\n" T "a|ERR|p1.5\n", ""},
    {"the end of a sentence", "p1", T "a|ERR|no p1.\n" T "a|ERR|'p1'\n" T "a|ERR|p1- no\n",
     "a|ERR|no p1.; a|ERR|'p1'; a|ERR|p1- no"},
    {"found behind another", "p1", T "a|ERR|p10 and p1\n", "a|ERR|p10 and p1"},
    {"device arguments", "0000:65:00.0,representor=[1]",
     T "a|ERR|'0000:65:00.0,representor=[1]'\n" T "a|ERR|'0000:65:00.0,representor=[10]'\n",
     "a|ERR|'0000:65:00.0,representor=[1]'"},
    {"a driver's lines right before", "p1",
     T "dpdk|ERR|EAL: other\n" T "a|INFO|x\n" T "dpdk|ERR|EAL: one\n" T
       "dpdk(pmd-c01/id:8)|WARN|EAL: two\n" T "a|ERR|p1\n" T "dpdk|ERR|EAL: after\n",
     "dpdk|ERR|EAL: one; dpdk(pmd-c01/id:8)|WARN|EAL: two; a|ERR|p1"},
    {"of another port's driver", "p1", T "dpdk|ERR|EAL: one\n" T "a|ERR|p2\n" T "a|ERR|p1\n",
     "a|ERR|p1"},
    {"of many the driver's last", "p1",
     T "dpdk|ERR|1\n" T "dpdk|ERR|2\n" T "dpdk|ERR|3\n" T "dpdk|ERR|4\n" T "a|ERR|p1\n",
     "dpdk|ERR|2; dpdk|ERR|3; dpdk|ERR|4; a|ERR|p1"},
    {"of many the last", "p1",
     T "a|ERR|p1 1\n" T "a|ERR|p1 2\n" T "a|ERR|p1 3\n" T "a|ERR|p1 4\n" T "a|ERR|p1 5\n" T
       "a|ERR|p1 6\n" T "a|ERR|p1 7\n",
     "a|ERR|p1 2; a|ERR|p1 3; a|ERR|p1 4; a|ERR|p1 5; a|ERR|p1 6; a|ERR|p1 7"},
    {"drivers that are dropped displace nothing", "p1",
     T "a|ERR|p1\n" T "dpdk|ERR|1\n" T "dpdk|ERR|2\n" T "dpdk|ERR|3\n" T "dpdk|ERR|4\n" T
       "dpdk|ERR|5\n" T "dpdk|ERR|6\n" T "dpdk|ERR|7\n",
     "a|ERR|p1"},
    {"another form of lines", "p1",
     "p1: bad\n"
     "p2: bad\n"
     "x|p1\n",
     "p1: bad; x|p1"},
    {"a message with bars", "p1", T "a|ERR|x|y|p1\n", "a|ERR|x|y|p1"},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct log_names names = {.n = 0};
        char out[LOG_LINES_LEN];

        log_names_add(&names, "elsewhere");
        log_names_add(&names, rows[i].name);
        log_lines_pick(rows[i].text, strlen(rows[i].text), &names, out);
        CHECK_STR(rows[i].what, out, rows[i].picked);
    }
}

/* Long lines are cut, and so is the whole. */
static void test_bounds(void **state)
{
    struct log_names names = {.n = 0};
    char text[LOG_LINES_MAX * 600];
    char out[LOG_LINES_LEN];
    size_t used = 0;

    (void)state;
    log_names_add(&names, "p1");
    for (int i = 0; i < LOG_LINES_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, T "a|ERR|p1 %d %0500d\n", i, 0);
    }
    log_lines_pick(text, used, &names, out);
    CHECK_INT("cut", (int64_t)strlen(out), LOG_LINES_LEN - 1);
    CHECK_HAS("each line", out, "; a|ERR|p1 1");
}

static void test_names(void **state)
{
    struct log_names names = {.n = 0};
    char name[LOG_NAME_LEN + 1];

    (void)state;
    memset(name, 'x', LOG_NAME_LEN);
    name[LOG_NAME_LEN] = '\0';
    log_names_add(&names, NULL);
    log_names_add(&names, "");
    log_names_add(&names, name);
    CHECK_INT("none of these", (int64_t)names.n, 0);
    for (int i = 0; i < LOG_NAMES_MAX + 2; i++) {
        log_names_add(&names, name + 1);
    }
    CHECK_INT("full", (int64_t)names.n, LOG_NAMES_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_lines),
    cmocka_unit_test(test_bounds),
    cmocka_unit_test(test_names),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
