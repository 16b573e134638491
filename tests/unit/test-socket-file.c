/* SPDX-License-Identifier: Apache-2.0 */
/* Which file a socket is: links, hard links, and directories that become others. */

#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ovs/socket-file.h"

static char dir[32];

static const char *in(const char *name)
{
    static char paths[4][128];
    static size_t next;
    char *path = paths[next++ % N(paths)];

    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static int set_up(void **state)
{
    int fd;

    (void)state;
    strcpy(dir, "/tmp/test-socket-file-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(mkdir(in("real"), 0700), 0);
    assert_int_equal(mkdir(in("real/deep"), 0700), 0);
    assert_int_equal(symlink("real", in("link")), 0);
    assert_int_equal(symlink(in("real/deep"), in("deep")), 0);
    assert_int_equal(symlink("real/vm1", in("to-vm1")), 0);
    assert_int_equal(symlink("to-vm1", in("to-to-vm1")), 0);
    assert_int_equal(symlink("../vm1", in("real/deep/up")), 0);
    assert_int_equal(symlink("loop", in("loop")), 0);
    fd = open(in("hard1"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(link(in("hard1"), in("hard2")), 0);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"hard1",  "hard2", "loop", "real/deep/up", "to-to-vm1",
                                        "to-vm1", "deep",  "link", "other"};

    (void)state;
    for (size_t i = 0; i < N(names); i++) {
        unlink(in(names[i]));
    }
    rmdir(in("real/deep"));
    rmdir(in("real"));
    return rmdir(dir);
}

static void test_one_file(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } rows[] = {
        {"real/vm1", "real/vm1", true},       {"real/vm1", "real//vm1", true},
        {"real/vm1", "real/./vm1", true},     {"real/vm1", "real/deep/../vm1", true},
        {"real/vm1", "link/vm1", true},       {"real/vm1", "to-vm1", true},
        {"link/vm1", "to-to-vm1", true},      {"real/vm1", "deep/up", true},
        {"real/deep/vm1", "deep/vm1", true},  {"real/vm1", "real/vm2", false},
        {"real/vm1", "real/deep/vm1", false}, {"real/vm1", "vm1", false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char a[SOCKET_FILE_MAX + 1];
        char b[SOCKET_FILE_MAX + 1];

        CHECK(rows[i].b, socket_file_identify(in(rows[i].a), a));
        CHECK(rows[i].b, socket_file_identify(in(rows[i].b), b));
        CHECK_INT(rows[i].b, !strcmp(a, b), rows[i].same);
        CHECK_HAS(rows[i].b, a, "file ");
        CHECK_STR(rows[i].b, socket_file_name(a), strrchr(in(rows[i].a), '/') + 1);
    }
}

static void test_no_file(void **state)
{
    static const char *const names[] = {"none/vm1", "hard1/vm1", "loop", "real/"};
    char file[SOCKET_FILE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < N(names); i++) {
        CHECK(names[i], !socket_file_identify(in(names[i]), file));
        CHECK_STR(names[i], file, "");
    }
    CHECK("relative", !socket_file_identify("vm1", file));
    CHECK("empty", !socket_file_identify("", file));
}

static void test_hard_links(void **state)
{
    (void)state;
    assert_true(socket_file_is_linked(in("hard1")));
    assert_true(socket_file_same(in("hard1"), in("hard2")));
    assert_false(socket_file_same(in("hard1"), in("real")));
    assert_false(socket_file_same(in("hard1"), in("none")));
    assert_false(socket_file_same(in("none"), in("none")));
    assert_false(socket_file_is_linked(in("none")));
    assert_false(socket_file_is_linked(in("real"))); /* A directory has several names by itself. */
    assert_int_equal(unlink(in("hard2")), 0);
    assert_false(socket_file_is_linked(in("hard1")));
}

static void test_directories(void **state)
{
    struct socket_dirs dirs = {.n = 0};

    (void)state;
    assert_false(socket_dirs_changed(&dirs));
    socket_dirs_note(&dirs, in("link/vm1"));
    socket_dirs_note(&dirs, in("link/vm2"));
    socket_dirs_note(&dirs, in("other/vm1"));
    assert_int_equal(dirs.n, 2);
    assert_false(socket_dirs_changed(&dirs));
    assert_int_equal(symlink("real", in("other")), 0); /* Is made. */
    assert_true(socket_dirs_changed(&dirs));
    assert_false(socket_dirs_changed(&dirs));
    assert_int_equal(unlink(in("link")), 0);
    assert_int_equal(symlink("real/deep", in("link")), 0); /* Becomes another. */
    assert_true(socket_dirs_changed(&dirs));
    assert_int_equal(unlink(in("other")), 0); /* Goes. */
    assert_true(socket_dirs_changed(&dirs));
    assert_false(socket_dirs_changed(&dirs));
}

static void test_many_directories(void **state)
{
    struct socket_dirs dirs = {.n = 0};

    (void)state;
    for (int i = 0; i < 3 * SOCKET_DIRS_MAX; i++) {
        char path[64];

        snprintf(path, sizeof path, "/none/%d/vm1", i);
        socket_dirs_note(&dirs, path);
    }
    assert_int_equal(dirs.n, SOCKET_DIRS_MAX);
    assert_false(socket_dirs_changed(&dirs));
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_one_file),    FILE_TEST(test_no_file),          FILE_TEST(test_hard_links),
        FILE_TEST(test_directories), FILE_TEST(test_many_directories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
