/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "daemon/access.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers that are nobody's here; geteuid() always has everything and must not be among them. */
enum { A = 61234, B = 61235, C = 61236, G = 62234, H = 62235 };

static void test_create(void **state)
{
    static const struct {
        const char *list;
        const char *bad; /* The name that is refused, or NULL. */
    } rows[] = {
        {"", NULL},
        {" , ,\t", NULL},
        {"root", NULL},
        {"@root", NULL},
        {"0", NULL},
        {"@0", NULL},
        {"root,@root, 61234\t@61234", NULL},
        {"4294967294", NULL},
        {"no-such-user", "no-such-user"},
        {"@no-such-group", "@no-such-group"},
        {"root,no-such-user", "no-such-user"},
        {"@", "@"},
        {"@@root", "@@root"},
        {"-1", "-1"},
        {"+1", "+1"},
        {"12x", "12x"},
        {"0x10", "0x10"},
        {"1.5", "1.5"},
        {"4294967295", "4294967295"}, /* (uid_t)-1 means "nobody in particular" to the kernel. */
        {"4294967296", "4294967296"},
        {"99999999999999999999", "99999999999999999999"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows) * 2; i++) {
        const char *list = rows[i / 2].list;
        const char *bad = rows[i / 2].bad;
        struct error error = {0};
        struct access *access = access_create(i % 2 ? "" : list, i % 2 ? list : "", &error);
        char why[ACCESS_WHY_LEN];

        CHECK_INT(list, access != NULL, bad == NULL);
        if (bad) {
            CHECK_HAS(list, error.message, bad + (*bad == '@'));
            CHECK_HAS(list, error.message, i % 2 ? "allow_read " : "allow ");
        }
        access_destroy(access);
        CHECK_INT(list, access_check(list, why, sizeof why), bad == NULL);
    }
}

static void test_too_many(void **state)
{
    char list[1024] = "";
    struct error error;
    struct access *access;

    (void)state;
    for (int i = 0; i < 64; i++) {
        size_t used = strlen(list);

        snprintf(list + used, sizeof list - used, "%d,", 1000 + i);
    }
    access = access_create(list, "", &error);
    assert_non_null(access);
    assert_int_equal(access_of(access, 1063, A, NULL, 0), ACCESS_ALL);
    access_destroy(access);
    access = access_create(list, list, &error); /* Each list has its own limit. */
    assert_non_null(access);
    access_destroy(access);
    strcat(list, "1");
    assert_null(access_create(list, "", &error));
    assert_int_equal(error.reason, REASON_INVALID_REQUEST);
}

static void test_levels(void **state)
{
    static const struct {
        const char *allow;
        const char *allow_read;
        uid_t uid;
        gid_t gid;
        gid_t groups[2];
        size_t n_groups;
        enum access_level level;
    } rows[] = {
        {"", "", 0, G, {0}, 0, ACCESS_ALL},
        {"", "", A, 0, {0}, 0, ACCESS_NONE},
        {"", "", A, 0, {0, G}, 2, ACCESS_NONE},
        {"61234", "", A, G, {0}, 0, ACCESS_ALL},
        {"61234", "", B, G, {0}, 0, ACCESS_NONE},
        {"", "61234", A, G, {0}, 0, ACCESS_READ},
        {"61234", "61234", A, G, {0}, 0, ACCESS_ALL},
        {"61234", "61235", B, G, {0}, 0, ACCESS_READ},
        {"61234", "61235", C, G, {0}, 0, ACCESS_NONE},
        /* Groups: primary and supplementary. */
        {"@62234", "", A, G, {0}, 0, ACCESS_ALL},
        {"@62234", "", A, H, {G, H}, 2, ACCESS_ALL},
        {"@62234", "", A, H, {H, G}, 2, ACCESS_ALL},
        {"@62234", "", A, H, {H, G}, 1, ACCESS_NONE},
        {"@62234", "", A, H, {0}, 0, ACCESS_NONE},
        {"@62235", "@62234", A, G, {0}, 0, ACCESS_READ},
        {"@62235", "@62234", A, G, {G, H}, 2, ACCESS_ALL},
        {"61234", "@62234", A, G, {G}, 1, ACCESS_ALL},
        {"@62234", "61234", A, G, {G}, 1, ACCESS_ALL},
        /* A user's number is not a group's, and the other way round. */
        {"62234", "", A, G, {G}, 1, ACCESS_NONE},
        {"@61234", "", A, G, {G}, 1, ACCESS_NONE},
        {"@root", "", A, 0, {0}, 0, ACCESS_ALL},
        {"nobody", "root", A, G, {0}, 0, ACCESS_NONE},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct error error;
        struct access *access = access_create(rows[i].allow, rows[i].allow_read, &error);
        char row[96];

        snprintf(row, sizeof row, "%zu: allow '%s' read '%s'", i, rows[i].allow,
                 rows[i].allow_read);
        CHECK(row, access != NULL);
        CHECK_INT(row,
                  access_of(access, rows[i].uid, rows[i].gid, rows[i].groups, rows[i].n_groups),
                  rows[i].level);
        access_destroy(access);
    }
}

static void test_peer(void **state)
{
    struct error error;
    struct access *access = access_create("", "", &error);
    int pipe_fds[2];
    int fds[2];
    uid_t uid = (uid_t)-1;
    pid_t pid = 0;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(access_of_peer(access, fds[0], &uid, &pid), ACCESS_ALL);
    assert_int_equal(uid, geteuid());
    assert_int_equal(pid, getpid());
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(access_of_peer(access, pipe_fds[0], &uid, &pid), ACCESS_NONE);
    for (int i = 0; i < 2; i++) {
        close(fds[i]);
        close(pipe_fds[i]);
    }
    access_destroy(access);
}

/* A child of user A with so many supplementary groups connects; the last of them is in the list. */
static void check_many_groups(const struct access *access, int listener,
                              const struct sockaddr_un *addr, size_t n_groups)
{
    pid_t child = fork();
    uid_t uid = 0;
    pid_t pid = 0;
    int fd;

    if (child == 0) {
        gid_t *groups = calloc(n_groups, sizeof *groups);
        char byte;

        for (size_t i = 0; i < n_groups; i++) {
            groups[i] = i + 1 < n_groups ? (gid_t)(100000 + i) : G;
        }
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (setgroups(n_groups, groups) == 0 && setgid(H) == 0 && setuid(A) == 0 &&
            connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0) {
            _exit(read(fd, &byte, 1) == 0 ? 0 : 1); /* Until the parent has looked. */
        }
        _exit(2);
    }
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(access_of_peer(access, fd, &uid, &pid), ACCESS_ALL);
    assert_int_equal(uid, A);
    assert_int_equal(pid, child);
    close(fd);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_peer_with_many_groups(void **state)
{
    static const struct timeval patience = {.tv_sec = 20};
    static const size_t numbers[] = {1, 63, 64, 65, 256, 257, 4096, 65536};
    char dir[] = "/tmp/test-access-XXXXXX";
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct error error;
    struct access *access = access_create("@62234", "", &error);

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can set the groups of a process\n");
        skip();
    }
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chmod(dir, 0755), 0);
    snprintf(addr.sun_path, sizeof addr.sun_path, "%s/s", dir);
    assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(chmod(addr.sun_path, 0666), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    for (size_t i = 0; i < N(numbers); i++) {
        check_many_groups(access, listener, &addr, numbers[i]);
    }
    access_destroy(access);
    close(listener);
    unlink(addr.sun_path);
    rmdir(dir);
}

/* Writes one of a process's maps. */
static bool write_map(pid_t pid, const char *name, const char *map)
{
    char path[64];
    bool ok;
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    ok = fd >= 0 && write(fd, map, strlen(map)) == (ssize_t)strlen(map);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* What access the peer at `fd` has, and whether lists may name the ids that stand for many. Returns
 * the number of the first check that fails, or 0. */
static int look_from_namespace(int fd, enum access_level level, bool acceptable)
{
    char why[ACCESS_WHY_LEN] = "";
    struct access *access;
    struct error error;
    uid_t uid = 0;
    pid_t pid;

    if (access_check("65534", why, sizeof why) != acceptable ||
        access_check("@65534", why, sizeof why) != acceptable ||
        (!acceptable && !strstr(why, "the group '65534' (65534), which in this user namespace "
                                     "stands for all groups outside it"))) {
        return 2;
    }
    access = access_create("61234", acceptable ? "65534" : "", &error);
    if (!access || access_of_peer(access, fd, &uid, &pid) != level) {
        return 3;
    }
    access_refuse(access, uid, &error);
    if (!strstr(error.message, "namespace") != (uid != 65534 || acceptable)) {
        return 4;
    }
    access_destroy(access);
    return 0;
}

/* The kernel shows each user that the daemon's user namespace lacks as 65534. Such a peer has no
 * access, even if the daemon itself is shown as 65534. */
static void test_user_namespace(void **state)
{
    static const struct {
        uid_t uid;       /* Of the peer. */
        const char *map; /* Of the user namespace; NULL: the host's. */
        bool acceptable; /* 65534 means one user. */
        enum access_level level;
    } rows[] = {
        {A, NULL, true, ACCESS_ALL},
        {65534, NULL, true, ACCESS_READ},
        {B, NULL, true, ACCESS_NONE},
        {A, "0 0 1\n", false, ACCESS_NONE},
        {A, "61234 61234 1\n", false, ACCESS_ALL},
        {65534, "0 0 65536\n", false, ACCESS_NONE}, /* Mapped, and still one of many. */
        {A, "0 100000 65536\n", false, ACCESS_NONE},
        {0, "0 0 1\n", false, ACCESS_ALL},
        {0, "0 100000 65536\n", false, ACCESS_NONE}, /* Root, outside. */
    };

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can be other users\n");
        skip();
    }
    for (size_t i = 0; i < N(rows); i++) {
        int maps[2]; /* Ends when they are written. */
        int status = 0;
        pid_t child;
        char byte;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, maps), 0);
        child = fork();
        if (child == 0) {
            close(maps[0]);
            if (seteuid(rows[i].uid) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
                seteuid(0) != 0 || (rows[i].map && unshare(CLONE_NEWUSER) != 0) ||
                write(maps[1], "u", 1) != 1 || read(maps[1], &byte, 1) != 1) {
                _exit(99);
            }
            _exit(look_from_namespace(fds[0], rows[i].level, rows[i].acceptable));
        }
        close(maps[1]);
        assert_int_equal(read(maps[0], &byte, 1), 1);
        if (rows[i].map) {
            assert_true(write_map(child, "uid_map", rows[i].map));
            assert_true(write_map(child, "gid_map", rows[i].map));
        }
        assert_int_equal(write(maps[0], "w", 1), 1);
        close(maps[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        CHECK_INT(rows[i].map ? rows[i].map : "host", WIFEXITED(status) ? WEXITSTATUS(status) : 100,
                  0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_peer),
        cmocka_unit_test(test_peer_with_many_groups),
        cmocka_unit_test(test_user_namespace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
