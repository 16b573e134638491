/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that vswitchd makes: what may be at their paths, and files that really are there. */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ovs/socket-file.h"
#include "plan/vhost-socket.h"

#define FAILED "could not open network device vhua (Unknown error -1)"

static const struct {
    enum socket_file file;
    enum socket_history history;
    bool stale;
    const char *error; /* The reason, or NULL. */
} decisions[] = {
    {SOCKET_FILE_ABSENT, SOCKET_NOT_TRIED, false, NULL},
    {SOCKET_FILE_ABSENT, SOCKET_HISTORY_UNKNOWN, false, NULL},
    {SOCKET_FILE_ABSENT, SOCKET_TRIED, false, "not_realized"},
    {SOCKET_FILE_STALE, SOCKET_NOT_TRIED, true, NULL},
    {SOCKET_FILE_STALE, SOCKET_HISTORY_UNKNOWN, false, "socket_in_use"},
    {SOCKET_FILE_STALE, SOCKET_TRIED, false, "not_realized"},
    {SOCKET_FILE_BOUND, SOCKET_NOT_TRIED, false, "socket_in_use"},
    {SOCKET_FILE_BOUND, SOCKET_HISTORY_UNKNOWN, false, "socket_in_use"},
    {SOCKET_FILE_OTHER, SOCKET_NOT_TRIED, false, "socket_in_use"},
    {SOCKET_FILE_OTHER, SOCKET_TRIED, false, "not_realized"},
    {SOCKET_FILE_UNKNOWN, SOCKET_NOT_TRIED, false, "socket_in_use"},
    {SOCKET_FILE_NO_DIRECTORY, SOCKET_NOT_TRIED, false, "invalid_request"},
    {SOCKET_FILE_NO_DIRECTORY, SOCKET_HISTORY_UNKNOWN, false, "invalid_request"},
};

static void test_decisions(void **state)
{
    const struct vif vif = {.form = VIF_FORM_NATIVE};

    (void)state;
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
        const struct socket_facts facts = {
            .path = "/d/vhua", .file = decisions[i].file, .history = decisions[i].history};
        struct error error = {0};
        char row[32];
        bool stale;
        bool ok = vhost_socket_check(&vif, NULL, &facts, &stale, &error);

        snprintf(row, sizeof row, "row %zu", i);
        CHECK(row, ok == !decisions[i].error && stale == decisions[i].stale);
        if (decisions[i].error) {
            CHECK_STR(row, reason_name(error.reason), decisions[i].error);
            CHECK_HAS(row, error.message, "/d/vhua");
        }
    }
}

static const struct {
    enum socket_file file;
    bool released;
    bool may_go;
    const char *message; /* Of the refusal, with a vswitchd of unknown past. */
} releases[] = {
    {SOCKET_FILE_BOUND, false, true, "a plug first lets ovs-vswitchd remove its own"},
    {SOCKET_FILE_BOUND, true, false, "another program has a socket there"},
    {SOCKET_FILE_STALE, false, true, "a stale socket is there"},
    {SOCKET_FILE_STALE, true, false, "a stale socket is there"},
    {SOCKET_FILE_OTHER, false, false, "a file that is no socket is there"},
    {SOCKET_FILE_UNKNOWN, false, false, "vifplugd may not look at"},
};

static void test_what_may_go(void **state)
{
    const struct vif vif = {.form = VIF_FORM_NATIVE};

    (void)state;
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        const struct socket_facts facts = {.path = "/d/vhua",
                                           .file = releases[i].file,
                                           .history = SOCKET_HISTORY_UNKNOWN,
                                           .released = releases[i].released};
        struct error error = {0};
        bool stale;

        CHECK(releases[i].message, vhost_socket_may_go(&facts) == releases[i].may_go);
        CHECK(releases[i].message, !vhost_socket_check(&vif, NULL, &facts, &stale, &error));
        CHECK_HAS("refusal", error.message, releases[i].message);
    }
}

static const struct {
    const char *type;
    const char *error;
    bool failed;
} errors[] = {
    {"dpdkvhostuser", FAILED, true},
    {"dpdkvhostuser", NULL, false},
    {"dpdkvhostuser",
     "could not open network device vhua (Address family not supported by protocol)", false},
    {"dpdkvhostuser", "could not add network device vhua to ofproto (Invalid argument)", false},
    {"dpdkvhostuserclient", FAILED, false},
    {"dpdk", FAILED, false},
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        CHECK(errors[i].error,
              vhost_socket_has_failed(errors[i].type, errors[i].error) == errors[i].failed);
    }
}

static const struct {
    const char *row;
    const char *type;
    const char *current_type; /* NULL: there is no port. */
    const char *current_port;
    const char *error;
    bool made;
} makes[] = {
    {"new", "dpdkvhostuser", NULL, "", NULL, true},
    {"in mode server", "dpdkvhostuserclient", NULL, "", NULL, false},
    {"as it is", "dpdkvhostuser", "dpdkvhostuser", "vhua", NULL, false},
    {"failed", "dpdkvhostuser", "dpdkvhostuser", "vhua", FAILED, true},
    {"from mode server", "dpdkvhostuser", "dpdkvhostuserclient", "vhua", NULL, true},
    {"with another name", "dpdkvhostuser", "dpdkvhostuser", "vhub", NULL, true},
    {"to mode server", "dpdkvhostuserclient", "dpdkvhostuser", "vhua", FAILED, false},
};

static void test_when_it_is_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof makes / sizeof makes[0]; i++) {
        struct port_spec spec = {.port = "vhua"};
        struct record current = {.ofport = 1};
        char error[128];

        snprintf(spec.type, sizeof spec.type, "%s", makes[i].type);
        if (makes[i].current_type) {
            snprintf(current.spec.type, sizeof current.spec.type, "%s", makes[i].current_type);
            snprintf(current.spec.port, sizeof current.spec.port, "%s", makes[i].current_port);
        }
        if (makes[i].error) {
            snprintf(error, sizeof error, "%s", makes[i].error);
            current.error = error;
        }
        CHECK(makes[i].row, vhost_socket_is_made(&spec, makes[i].current_type ? &current : NULL) ==
                                makes[i].made);
    }
}

/* --- Files. --- */

static char dir[64];
static char path[96];
static int server; /* -1: none. */

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/test-vhost-socket-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/vhua", dir);
    server = -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (server >= 0) {
        close(server);
    }
    if (unlink(path) != 0 && (errno == EISDIR || errno == EPERM)) {
        rmdir(path);
    }
    return rmdir(dir);
}

static void bind_server(int type)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    strcpy(addr.sun_path, path);
    server = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(server >= 0);
    assert_int_equal(bind(server, (struct sockaddr *)&addr, sizeof addr), 0);
}

static void check_stays(enum socket_file file)
{
    struct stat st;

    assert_int_equal(socket_file_look(path), file);
    assert_false(socket_file_remove_stale(path));
    assert_int_equal(lstat(path, &st), 0);
}

static void test_absent(void **state)
{
    char below[128];

    (void)state;
    assert_int_equal(socket_file_look(path), SOCKET_FILE_ABSENT);
    assert_true(socket_file_remove_stale(path));
    snprintf(below, sizeof below, "%s/vhub", path);
    assert_int_equal(socket_file_look(below), SOCKET_FILE_NO_DIRECTORY);
    assert_false(socket_file_remove_stale(below));
}

static void test_stale(void **state)
{
    (void)state;
    bind_server(SOCK_STREAM);
    assert_int_equal(listen(server, 1), 0);
    close(server);
    server = -1;
    assert_int_equal(socket_file_look(path), SOCKET_FILE_STALE);
    assert_true(socket_file_remove_stale(path));
    assert_int_equal(socket_file_look(path), SOCKET_FILE_ABSENT);
}

/* The server notices nothing. */
static void test_listening(void **state)
{
    (void)state;
    bind_server(SOCK_STREAM);
    assert_int_equal(listen(server, 1), 0);
    check_stays(SOCKET_FILE_BOUND);
    assert_int_equal(accept(server, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
}

static void test_bound_and_not_listening(void **state)
{
    (void)state;
    bind_server(SOCK_STREAM);
    check_stays(SOCKET_FILE_BOUND);
}

static void test_datagrams(void **state)
{
    (void)state;
    bind_server(SOCK_DGRAM);
    check_stays(SOCKET_FILE_BOUND);
}

static void test_no_sockets(void **state)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    check_stays(SOCKET_FILE_OTHER);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    check_stays(SOCKET_FILE_OTHER);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/nowhere", path), 0);
    check_stays(SOCKET_FILE_OTHER);
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions), cmocka_unit_test(test_what_may_go),
        cmocka_unit_test(test_failures),  cmocka_unit_test(test_when_it_is_made),
        FILE_TEST(test_absent),           FILE_TEST(test_stale),
        FILE_TEST(test_listening),        FILE_TEST(test_bound_and_not_listening),
        FILE_TEST(test_datagrams),        FILE_TEST(test_no_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
