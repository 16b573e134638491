/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/network-place.h"

#include "check.h"

#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/test-network-place-XXXXXX";

static struct sockaddr_un address_of(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", dir, name);
    return address;
}

static int listen_at(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void test_places(void **state)
{
    struct sockaddr_un address = address_of("here.ctl");
    char link[128];
    int fd = listen_at(&address);

    (void)state;
    assert_int_equal(network_place_of(address.sun_path, NETWORK_UNIX_TABLE), NETWORK_SAME);
    assert_int_equal(network_place_of("/nonexistent/here.ctl", NETWORK_UNIX_TABLE),
                     NETWORK_UNKNOWN);
    assert_int_equal(network_place_of(address.sun_path, "/nonexistent"), NETWORK_UNKNOWN);
    assert_int_equal(network_place_of(address.sun_path, "/dev/null"), NETWORK_OTHER);
    /* A part of a name is another name; another directory can be the same, mounted elsewhere. */
    snprintf(link, sizeof link, "%s/re.ctl", dir);
    assert_int_equal(symlink(address.sun_path, link), 0);
    assert_int_equal(network_place_of(link, NETWORK_UNIX_TABLE), NETWORK_UNKNOWN);
    unlink(link);
    close(fd);
    assert_int_equal(network_place_of(address.sun_path, NETWORK_UNIX_TABLE), NETWORK_UNKNOWN);
    unlink(address.sun_path);
}

/* A real server in a network namespace that is not ours. */
static void test_elsewhere(void **state)
{
    struct sockaddr_un address = address_of("there.ctl");
    int status = 0;
    pid_t child;
    int fd;

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can make network namespaces\n");
        skip();
    }
    fd = listen_at(&address);
    child = fork();
    if (child == 0) {
        _exit(unshare(CLONE_NEWNET) != 0
                  ? 99
                  : (int)network_place_of(address.sun_path, NETWORK_UNIX_TABLE));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), NETWORK_OTHER);
    close(fd);
    unlink(address.sun_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_elsewhere),
    };
    int failed;

    if (!mkdtemp(dir)) {
        return 1;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
