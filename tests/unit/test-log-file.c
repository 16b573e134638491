/* SPDX-License-Identifier: Apache-2.0 */
/* Where ovs-vswitchd's log is, and what was added to it, also when it was rotated meanwhile. */

#include "ovs/log-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

/* A directory that stands in for / and, as DIR/proc, for /proc. */
static char dir[] = "/tmp/test-log-file-XXXXXX";
static struct log_file file;
static struct log_mark mark;

enum { PATH_SIZE = 128 };

static const char *path_of(const char *name)
{
    static char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void write_at(const char *name, const char *text, size_t length, int flags)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), length);
    close(fd);
}

static void append(const char *name, const char *text)
{
    write_at(name, text, strlen(text), O_APPEND);
}

static void rename_to(const char *from, const char *to)
{
    char old[PATH_SIZE];

    strcpy(old, path_of(from));
    assert_int_equal(rename(old, path_of(to)), 0);
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = {
        "log",         "log.1",           "log.2",     "proc/7/cmdline",
        "proc/7/fd/3", "proc/7/fdinfo/3", "proc/7/fd", "proc/7/fdinfo",
        "proc/7/root", "proc/7",          "proc"};

    (void)state;
    for (size_t i = 0; i < N(names); i++) {
        (void)remove(path_of(names[i]));
    }
    return rmdir(dir);
}

static void begin(void)
{
    append("log", "before\n");
    log_file_find("/proc", 0, path_of("log"), &file);
    mark = log_file_mark(&file);
}

/* The text that was added; "-" if the file cannot be read. */
static const char *added(void)
{
    static char text[256];
    size_t length = 0;
    char *data = log_file_read(&file, &mark, &length);

    snprintf(text, sizeof text, "%.*s", (int)length, data ? data : "-");
    if (!data) {
        strcpy(text, "-");
    }
    free(data);
    return text;
}

static void test_added(void **state)
{
    (void)state;
    begin();
    CHECK_STR("nothing", added(), "");
    append("log", "one\n");
    append("log", "two\n");
    CHECK_STR("two lines", added(), "one\ntwo\n");
}

static void test_truncated(void **state)
{
    (void)state;
    begin();
    assert_int_equal(truncate(path_of("log"), 0), 0);
    append("log", "new\n");
    CHECK_STR("truncated", added(), "new\n");
}

static void test_rotated(void **state)
{
    (void)state;
    begin();
    append("log", "old\n");
    rename_to("log", "log.1");
    append("log", "new\n");
    CHECK_STR("rotated", added(), "old\nnew\n");
    rename_to("log.1", "log.2");
    append("log.1", "of another day\n");
    CHECK_STR("rotated twice", added(), "new\n");
}

static void test_gone(void **state)
{
    (void)state;
    begin();
    assert_int_equal(unlink(path_of("log")), 0);
    CHECK_STR("gone", added(), "-");
    CHECK_HAS("why", file.problem, "log cannot be read (No such file or directory); look there");
    assert_int_equal(mkfifo(path_of("log"), 0600), 0);
    CHECK_STR("a FIFO", added(), "-");
    CHECK_HAS("why", file.problem, "(it is not a regular file)");
}

static void test_made_later(void **state)
{
    (void)state;
    log_file_find("/proc", 0, path_of("log"), &file);
    mark = log_file_mark(&file);
    CHECK("its path is known", mark.known && mark.inode == 0);
    append("log", "one\n");
    CHECK_STR("all of it", added(), "one\n");
}

/* Without vswitchd's pid the path is a guess, and nobody is sent to a file that is not there. */
static void test_assumed(void **state)
{
    (void)state;
    log_file_find("/proc", 0, "", &file);
    CHECK("assumed", file.assumed);
    strcpy(file.path, path_of("none"));
    strcpy(file.here, file.path);
    mark = log_file_mark(&file);
    CHECK_STR("nothing", added(), "-");
    CHECK_HAS("what to do", file.problem, "set vswitchd_log in section [ovs]");
    log_file_find("/proc", 0, path_of("none"), &file);
    mark = log_file_mark(&file);
    CHECK_STR("nothing", added(), "-");
    CHECK_HAS("where to look", file.problem, "/none cannot be read (No such file or directory)");
}

/* Of much the end, from the beginning of a line. */
static void test_much(void **state)
{
    size_t length = 0;
    char *data;

    (void)state;
    begin();
    for (int i = 0; i < LOG_FILE_READ_MAX / 16 + 100; i++) {
        append("log", "fifteen bytes..\n");
    }
    append("log", "the last\n");
    data = log_file_read(&file, &mark, &length);
    assert_non_null(data);
    CHECK("bounded", length <= LOG_FILE_READ_MAX);
    CHECK("nearly all", length > LOG_FILE_READ_MAX - 32);
    CHECK("a whole line", !strncmp(data, "fifteen", 7));
    CHECK("the end", !strncmp(data + length - 9, "the last\n", 9));
    free(data);
}

/* --- Where it is. --- */

static void make_process(const char *command, size_t length)
{
    assert_int_equal(mkdir(path_of("proc"), 0700), 0);
    assert_int_equal(mkdir(path_of("proc/7"), 0700), 0);
    assert_int_equal(mkdir(path_of("proc/7/fd"), 0700), 0);
    assert_int_equal(mkdir(path_of("proc/7/fdinfo"), 0700), 0);
    write_at("proc/7/cmdline", command, length, 0);
}

static void find(void)
{
    char proc[PATH_SIZE];

    strcpy(proc, path_of("proc"));
    log_file_find(proc, 7, "", &file);
}

#define COMMAND(text) text, sizeof text

static void test_command_line(void **state)
{
    static const struct {
        const char *what;
        const char *text;
        size_t length;
        const char *path; /* Its end; "": none. */
    } commands[] = {
        {"a path", COMMAND("ovs-vswitchd\0unix:x\0--log-file=/var/log/x/v.log\0-vinfo"),
         "/var/log/x/v.log"},
        {"no path", COMMAND("ovs-vswitchd\0--log-file"), "/ovs-vswitchd.log"},
        {"not absolute", COMMAND("ovs-vswitchd\0--log-file=v.log"), ""},
        {"another option", COMMAND("ovs-vswitchd\0--log-file-x=/v.log"), ""},
        {"the last counts", COMMAND("v\0--log-file=/a\0--log-file=/b"), "/b"},
        {"none", COMMAND("ovs-vswitchd"), ""},
        {"a kernel thread", "", 0, ""},
    };

    for (size_t i = 0; i < N(commands); i++) {
        make_process(commands[i].text, commands[i].length);
        find();
        CHECK_HAS(commands[i].what, file.path, commands[i].path);
        CHECK_INT(commands[i].what, file.path[0] == '\0', commands[i].path[0] == '\0');
        CHECK_INT(commands[i].what, file.problem[0] != '\0', commands[i].path[0] == '\0');
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

static void test_open_files(void **state)
{
    static const struct {
        const char *target;
        const char *flags;
        bool found;
    } files[] = {
        {"/var/log/x/v.log", "0102001", true},  {"/var/log/x/v.log", "0100000", false},
        {"/var/log/x/v.log", "0102002", false}, {"/var/log/x/v.db", "0102001", false},
        {"socket:[12]", "0102001", false},
    };

    for (size_t i = 0; i < N(files); i++) {
        char text[64];

        make_process("v", 2);
        assert_int_equal(symlink(files[i].target, path_of("proc/7/fd/3")), 0);
        snprintf(text, sizeof text, "pos:\t0\nflags:\t%s\n", files[i].flags);
        append("proc/7/fdinfo/3", text);
        find();
        CHECK_STR(files[i].flags, file.path, files[i].found ? files[i].target : "");
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

/* The root of a vswitchd in a container is another. */
static void test_another_root(void **state)
{
    (void)state;
    make_process(COMMAND("v\0--log-file=/log"));
    append("log", "before\n");
    assert_int_equal(symlink(dir, path_of("proc/7/root")), 0);
    find();
    CHECK_STR("for people", file.path, "/log");
    CHECK_STR("to be opened", file.here, path_of("proc/7/root/log"));
    mark = log_file_mark(&file);
    append("log", "one\n");
    CHECK_STR("is read there", added(), "one\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static const struct CMUnitTest tests[] = {
    TEST(test_added),        TEST(test_truncated), TEST(test_rotated),      TEST(test_gone),
    TEST(test_made_later),   TEST(test_much),      TEST(test_command_line), TEST(test_open_files),
    TEST(test_another_root), TEST(test_assumed),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
