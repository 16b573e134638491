/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration with more than one error. */

#include "check.h"

#include "daemon/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct config_errors errors; /* Of the last reading. */

/* Writes `text` to a file of its own and reads it. `path` gets the file's name. */
static bool read_text(const char *text, char path[64])
{
    static struct config config; /* Too large for the stack. */
    bool ok;
    int fd;

    strcpy(path, "/tmp/test-config-errors-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    memset(&errors, 0, sizeof errors);
    config_init(&config);
    ok = config_read(&config, path, true, &errors);
    ok = config_check(&config, path, &errors) && ok;
    unlink(path);
    return ok;
}

/* Reading goes on after an error. Each row: a text, and the lines that are wrong, in order. */
static const struct {
    const char *text;
    int lines[6];
} all_bad[] = {
    {"[daemon]\nallow = no-such-user\n[ovs]\ntimeout = ten\nrepair = on\n", {2, 4, 5}},
    {"colour = blue\n[deamon]\n[ovs]\ndb = x\ndb = y\nbad line\n", {1, 2, 4, 5, 6}},
    {"[nic x]\ncolour = 1\n[nic y]\nmatch = 1\n[nic generic]\n slow-probe = no\n", {1, 2, 4, 6}},
    {"[daemon]\r\nbad\r\n\r\n; good\r\nbad\r\n", {2, 5}},
    {"[daemon] x\nmax_queued = 0\n[daemon]\nmax_queued = 1\n", {1, 2, 3, 4}},
    {"[ovs]\n[deamon]\n[ofs]\n", {2, 3}},
    {"[ovs]\ntimeout = 1\n[vif]\n[ovs]\ntimeout = 1\n", {4, 5}},
    {"[metrics]\nlisten = unix:/a\n[daemon]\nsocket = /a\nmax_queued = x\n", {4, 5}},
    /* What is wrong only because of an error before it is not told. */
    {"[deamon]\nallow = root\nallow = root\ncolour = blue\n[ovs]\ntimeout = 1\n", {1}},
    {"[daemon]\n[ovs\ntimeout = 5\n", {2}},
    {"[daemon]\n[\x01]\ntimeout = 5\n", {2}},
    {"[nic x]\nmatch = 18f4\n", {2}},
    {"[nic ]\nmatch = 18f4\n[nic y]\nmatch = 18f4\n", {1, 4}},
    {"[daemon]\nsocket = x\n[metrics]\nlisten = unix:x\n", {2, 4}},
};

static void test_all_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(all_bad); i++) {
        char path[64];
        size_t n = 0;

        CHECK(all_bad[i].text, !read_text(all_bad[i].text, path));
        for (; n < N(all_bad[i].lines) && all_bad[i].lines[n]; n++) {
            char place[128];

            snprintf(place, sizeof place, "%s:%d: ", path, all_bad[i].lines[n]);
            CHECK_INT(all_bad[i].text, errors.first[n].line, all_bad[i].lines[n]);
            CHECK_HAS(all_bad[i].text, errors.first[n].text, place);
        }
        CHECK_INT(all_bad[i].text, errors.n, n);
    }
}

static char told[CONFIG_ERRORS_MAX + 2][ERROR_TEXT_LEN];
static size_t n_told;

static void on_told(const char *text)
{
    assert_true(n_told < N(told));
    snprintf(told[n_told++], sizeof told[0], "%s", text);
}

/* Of many errors those with the lowest lines are told, and how many there are besides. The errors
 * of profiles come last and have the lowest lines. */
static void test_many_errors(void **state)
{
    static const size_t numbers[] = {1, CONFIG_ERRORS_MAX, CONFIG_ERRORS_MAX + 1, 100};

    (void)state;
    for (size_t i = 0; i < N(numbers); i++) {
        char text[1024] = "[nic x]\n[daemon]\n";
        char place[128];
        char path[64];

        for (size_t n = 1; n < numbers[i]; n++) {
            strcat(text, "bad\n");
        }
        assert_false(read_text(text, path));
        CHECK_INT("errors", errors.n, numbers[i]);
        n_told = 0;
        config_errors_tell(&errors, on_told);
        snprintf(place, sizeof place, "%s:1: NIC profile 'x' has no match", path);
        CHECK_HAS("first", told[0], place);
        if (numbers[i] <= CONFIG_ERRORS_MAX) {
            CHECK_INT("told", n_told, numbers[i]);
            continue;
        }
        CHECK_INT("told", n_told, CONFIG_ERRORS_MAX + 1);
        snprintf(place, sizeof place, "%s:%d: ", path, CONFIG_ERRORS_MAX + 1);
        CHECK_HAS("last", told[CONFIG_ERRORS_MAX - 1], place);
        snprintf(place, sizeof place, "... and %zu more;", numbers[i] - CONFIG_ERRORS_MAX);
        CHECK_HAS("more", told[CONFIG_ERRORS_MAX], place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_errors),
        cmocka_unit_test(test_many_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
