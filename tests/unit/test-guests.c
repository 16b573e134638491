/* SPDX-License-Identifier: Apache-2.0 */
/* Which VIFs a guest uses: connected sockets of the kernel's table. Taps: test-engine-start.c. */

#include "daemon/guests.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char table[] =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 27043 /run/listens\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 27044 /run/a guest\n"
    "00000000a1b2c3d4: 00000003 00000000 00000000 0001 03 27045\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 27046 @abstract\n"
    "0000000000000000: 00000003 00000000 00000000 0001 02 27047 /run/connects\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 27048 /run/other\n"
    "garbage\n"
    "\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 27049 /run/last";

static void test_sockets(void **state)
{
    static const struct {
        const char *path;
        const char *why;
    } rows[] = {
        {"/run/a guest", "a guest is connected to /run/a guest"},
        {"/run/other", "a guest is connected to /run/other"},
        {"/run/last", "a guest is connected to /run/last"},
        {"/run/listens", NULL},
        {"/run/connects", NULL},
        {"/run/a", NULL},
        {"abstract", NULL},
        {"", NULL},
        {NULL, NULL},
    };
    char path[] = "/tmp/test-guests-XXXXXX";
    int fd = mkstemp(path);
    struct guests guests;
    struct error error;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, table, sizeof table - 1), sizeof table - 1);
    close(fd);
    assert_true(guests_read(&guests, path, NULL, &error));
    for (size_t i = 0; i < N(rows); i++) {
        char *why = guests_use(&guests, "x", NULL, rows[i].path);

        CHECK_STR("why", why ? why : "", rows[i].why ? rows[i].why : "");
        free(why);
    }
    guests_destroy(&guests);
    unlink(path);
    assert_false(guests_read(&guests, path, NULL, &error));
    CHECK_HAS("no table", error.message, "cannot be read (No such file or directory)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
