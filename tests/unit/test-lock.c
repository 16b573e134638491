/* SPDX-License-Identifier: Apache-2.0 */
/* Lock files: who gets the lock, and what is no lock file. */

#include "daemon/lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char dir[64];
static char path[80];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/test-lock-XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/lock", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void assert_refused(int error)
{
    errno = 0;
    assert_int_equal(lock_take(path), -1);
    assert_int_equal(errno, error);
}

/* flock() belongs to the open file, so one process can stand for two. */
static void test_one_has_it(void **state)
{
    int fd = lock_take(path);

    (void)state;
    assert_true(fd >= 0);
    assert_refused(EWOULDBLOCK);
    close(fd);
    assert_int_equal(access(path, F_OK), 0);
    fd = lock_take(path);
    assert_true(fd >= 0);
    close(fd);
}

/* A lock on a file that has been removed, or replaced, keeps nobody away. */
static void test_removed_file(void **state)
{
    int first = lock_take(path);
    int second;

    (void)state;
    assert_true(first >= 0);
    assert_int_equal(unlink(path), 0);
    second = lock_take(path);
    assert_true(second >= 0);
    assert_refused(EWOULDBLOCK);
    close(first);
    assert_refused(EWOULDBLOCK);
    close(second);
}

/* Nobody's file is locked through a link, and a FIFO does not make the daemon wait. */
static void test_no_lock_file(void **state)
{
    (void)state;
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_refused(ELOOP);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(EINVAL);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(EISDIR);
    rmdir(path);
    snprintf(path, sizeof path, "%s/missing/lock", dir);
    assert_refused(ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_has_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removed_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_lock_file, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
