/* SPDX-License-Identifier: Apache-2.0 */
/* What is opened, and what is refused; nothing blocks (the test would not end). */

#include "base/plain-file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"

static char dir[] = "/tmp/test-plain-file-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

enum { PATH_SIZE = sizeof(struct sockaddr_un) - offsetof(struct sockaddr_un, sun_path) };

static void path_of(const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", dir, name);
}

static void test_existing(void **state)
{
    static const struct {
        const char *path;
        int error; /* 0: is opened. */
    } rows[] = {
        {"/proc/self/stat", 0}, {"/dev/null", 0},      {"/", EISDIR},
        {"/dev/zero", ENODEV},  {"/dev/ptmx", ENODEV}, {"/nonexistent/file", ENOENT},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int fd = plain_file_open(rows[i].path);

        CHECK_INT(rows[i].path, fd < 0 ? errno : 0, rows[i].error);
        if (fd >= 0) {
            close(fd);
        }
    }
}

static void test_made(void **state)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char fifo[PATH_SIZE];
    char link[PATH_SIZE];
    char text[PATH_SIZE];
    char line[8] = "";
    FILE *file;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    path_of("socket", addr.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(plain_file_open(addr.sun_path), -1);
    assert_int_equal(errno, ENODEV);
    close(fd);
    unlink(addr.sun_path);

    path_of("fifo", fifo);
    path_of("link", link);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink(fifo, link), 0);
    assert_int_equal(plain_file_open(fifo), -1);
    assert_int_equal(errno, ENODEV);
    assert_null(plain_file_stream(link));
    assert_string_equal(plain_file_error(errno), "it is not a regular file");
    unlink(link);
    unlink(fifo);

    path_of("text", text);
    file = fopen(text, "w");
    assert_non_null(file);
    assert_true(fputs("x\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(symlink(text, link), 0);
    file = plain_file_stream(link);
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "x\n");
    assert_int_equal(fclose(file), 0);
    unlink(link);
    unlink(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_existing),
        cmocka_unit_test(test_made),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
