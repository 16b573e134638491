/* SPDX-License-Identifier: Apache-2.0 */
/* Whether vswitchd runs, and which: by locks on a pidfile, held like a vswitchd in another PID
 * namespace (an open file description's lock, which shows no pid) or like one in ours. */

#include "ovs/vswitchd.h"

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

/* The pid of a vswitchd in its own PID namespace. */
enum { CONTAINED_PID = 7 };

static char dir[64];
static char pidfile[96];

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/test-vswitchd-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(pidfile, sizeof pidfile, "%s/ovs-vswitchd.pid", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(pidfile);
    return rmdir(dir);
}

/* Makes the pidfile anew, as make_pidfile() of Open vSwitch does, and locks it. */
static int lock_pidfile(int command, pid_t own_pid)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char temporary[128];
    char text[16];
    int n = snprintf(text, sizeof text, "%ld\n", (long)own_pid);
    int fd;

    snprintf(temporary, sizeof temporary, "%s.tmp", pidfile);
    fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, (size_t)n), n);
    assert_int_equal(fcntl(fd, command, &lock), 0);
    assert_int_equal(rename(temporary, pidfile), 0);
    return fd;
}

/* A vswitchd whose pid is not to be seen. */
static int start_hidden(void)
{
    return lock_pidfile(F_OFD_SETLK, CONTAINED_PID);
}

/* A vswitchd in our PID namespace (`own_pid` is 0), or in one below it, where it has `own_pid`. */
static pid_t start_visible_as(pid_t own_pid)
{
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        lock_pidfile(F_SETLK, own_pid ? own_pid : getpid());
        if (write(ready[1], "", 1) == 1) {
            pause();
        }
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static pid_t start_visible(void)
{
    return start_visible_as(0);
}

static void end_visible(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Runs until start number `start` is seen in that state. */
static void run_until(struct vswitchd *vswitchd, unsigned int start, enum vswitchd_state state)
{
    long long int deadline = time_msec() + 10000;

    do {
        assert_true(time_msec() < deadline);
        usleep(2000);
        vswitchd_run(vswitchd, 1);
    } while (vswitchd_start(vswitchd) != start || vswitchd_state(vswitchd) != state);
}

static void test_hidden(void **state)
{
    struct vswitchd *vswitchd;
    int first = start_hidden();
    long long int since;
    int second;

    (void)state;
    vswitchd = vswitchd_create(dir);
    assert_int_equal(vswitchd_starting_ms(vswitchd), 0);
    assert_int_equal(vswitchd_start(vswitchd), 0);
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    assert_int_equal(vswitchd_pid(vswitchd), 0);
    assert_false(vswitchd_is_starting(vswitchd)); /* It ran before we looked. */
    assert_false(vswitchd_start_seen(vswitchd));
    assert_true(llabs(vswitchd_start_ms(vswitchd) - time_wall_msec()) < 60000);

    second = start_hidden(); /* So quickly that nobody sees that the first is dead. */
    close(first);
    run_until(vswitchd, 2, VSWITCHD_ALIVE);
    assert_true(vswitchd_is_starting(vswitchd));
    since = time_msec();
    while (vswitchd_starting_ms(vswitchd) < 20 && time_msec() < since + 10000) {
        usleep(2000);
        vswitchd_run(vswitchd, 1);
    }
    assert_true(vswitchd_starting_ms(vswitchd) >= 20 && vswitchd_starting_ms(vswitchd) <= 60000);
    vswitchd_run(vswitchd, 2);
    assert_false(vswitchd_is_starting(vswitchd)); /* It has answered. */
    assert_int_equal(vswitchd_starting_ms(vswitchd), 0);
    assert_true(vswitchd_start_seen(vswitchd));

    close(second);
    run_until(vswitchd, 0, VSWITCHD_DEAD);
    first = start_hidden();
    run_until(vswitchd, 3, VSWITCHD_ALIVE);
    assert_true(vswitchd_is_starting(vswitchd));
    close(first);
    vswitchd_destroy(vswitchd);
}

/* ovsdb-server has no pidfile here, so a missing one of vswitchd says nothing; but one that comes
 * is that of a vswitchd that starts. */
static void test_first_start(void **state)
{
    struct vswitchd *vswitchd = vswitchd_create(dir);
    int first;

    (void)state;
    vswitchd_run(vswitchd, 1);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_UNKNOWN);
    first = start_hidden();
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    assert_true(vswitchd_start_seen(vswitchd));
    assert_true(vswitchd_is_starting(vswitchd));
    assert_false(vswitchd_works(vswitchd));
    vswitchd_run(vswitchd, -1); /* OVSDB is away... */
    vswitchd_run(vswitchd, 7);  /* ...and may be another one. */
    assert_false(vswitchd_works(vswitchd));
    vswitchd_run(vswitchd, 8);
    assert_true(vswitchd_works(vswitchd));
    close(first);
    vswitchd_destroy(vswitchd);
}

static void test_visible(void **state)
{
    pid_t first = start_visible();
    struct vswitchd *vswitchd = vswitchd_create(dir);
    pid_t second;

    (void)state;
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    assert_int_equal(vswitchd_pid(vswitchd), first);
    assert_false(vswitchd_is_starting(vswitchd));
    end_visible(first);
    second = start_visible();
    run_until(vswitchd, 2, VSWITCHD_ALIVE);
    assert_int_equal(vswitchd_pid(vswitchd), second);
    assert_true(vswitchd_is_starting(vswitchd));
    end_visible(second);
    run_until(vswitchd, 0, VSWITCHD_DEAD);
    vswitchd_destroy(vswitchd);
}

/* Without a pidfile, only cur_cfg tells. */
static void test_no_pidfile(void **state)
{
    struct vswitchd *vswitchd = vswitchd_create(dir);

    (void)state;
    vswitchd_run(vswitchd, 1);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_UNKNOWN);
    vswitchd_run(vswitchd, -1); /* The database is emptied... */
    vswitchd_run(vswitchd, 0);  /* ...and filled, but not by a vswitchd. */
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_UNKNOWN);
    vswitchd_run(vswitchd, 2);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    assert_int_equal(vswitchd_start(vswitchd), 0);
    assert_int_equal(vswitchd_start_ms(vswitchd), 0);
    vswitchd_did_not_answer(vswitchd);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_UNKNOWN);
    vswitchd_destroy(vswitchd);
}

/* A pass in which OVSDB has these values. Returns for how long nothing has been answered. */
static int64_t pass(struct vswitchd *vswitchd, int64_t cur_cfg, int64_t next_cfg)
{
    vswitchd_run(vswitchd, cur_cfg);
    vswitchd_note_next_cfg(vswitchd, next_cfg);
    return vswitchd_unanswered_ms(vswitchd);
}

/* Has passes until nothing has been answered for 30 ms. */
static void leave_unanswered(struct vswitchd *vswitchd, int64_t cur_cfg, int64_t next_cfg)
{
    long long int deadline = time_msec() + 10000;

    while (pass(vswitchd, cur_cfg, next_cfg) < 30) {
        assert_true(time_msec() < deadline);
        usleep(2000);
    }
}

/* How long a next_cfg has been unanswered, and what ends that: an answer, even to an earlier one, a
 * lost connection, or another vswitchd. */
static void test_unanswered(void **state)
{
    struct vswitchd *vswitchd = vswitchd_create(dir);
    int first = start_hidden();
    int second;

    (void)state;
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    assert_int_equal(pass(vswitchd, 4, 4), 0); /* Idle. */
    usleep(2000);
    assert_int_equal(pass(vswitchd, 4, 4), 0);
    leave_unanswered(vswitchd, 4, 6);
    assert_true(pass(vswitchd, 4, 7) >= 30); /* Another does not begin anew. */
    assert_true(pass(vswitchd, 5, 7) < 30);  /* It is at work. */
    leave_unanswered(vswitchd, 5, 7);
    assert_int_equal(pass(vswitchd, 5, 5), 0); /* OVSDB is not connected. */
    leave_unanswered(vswitchd, 5, 7);
    second = start_hidden();
    close(first);
    run_until(vswitchd, 2, VSWITCHD_ALIVE); /* With cur_cfg 1. */
    leave_unanswered(vswitchd, 1, 7);
    first = start_hidden();
    close(second);
    while (vswitchd_start(vswitchd) != 3) {
        usleep(2000);
        vswitchd_run(vswitchd, 1);
    }
    assert_int_equal(vswitchd_unanswered_ms(vswitchd), 0);
    leave_unanswered(vswitchd, 1, 7);
    assert_int_equal(pass(vswitchd, 7, 7), 0);
    close(first);
    vswitchd_destroy(vswitchd);
}

static void test_stopped(void **state)
{
    pid_t pid = start_visible();
    struct vswitchd *vswitchd = vswitchd_create(dir);
    int status;

    (void)state;
    assert_false(vswitchd_is_stopped(vswitchd)); /* Nothing is known yet. */
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    assert_false(vswitchd_is_stopped(vswitchd));
    kill(pid, SIGSTOP);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(vswitchd_is_stopped(vswitchd));
    kill(pid, SIGCONT);
    assert_int_equal(waitpid(pid, &status, WCONTINUED), pid);
    assert_false(vswitchd_is_stopped(vswitchd));
    end_visible(pid);
    run_until(vswitchd, 0, VSWITCHD_DEAD);
    assert_false(vswitchd_is_stopped(vswitchd));
    vswitchd_destroy(vswitchd);
}

/* A pidfile that is a FIFO says nothing, and stops nobody. */
static void test_fifo(void **state)
{
    struct vswitchd *vswitchd = vswitchd_create(dir);

    (void)state;
    assert_int_equal(mkfifo(pidfile, 0600), 0);
    vswitchd_run(vswitchd, 1);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_UNKNOWN);
    vswitchd_run(vswitchd, 2);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    vswitchd_destroy(vswitchd);
}

/* Passes of the loop in a quarter of a second. */
static int count_passes(struct vswitchd *vswitchd, int64_t cur_cfg)
{
    long long int end = time_msec() + 250;
    int n = 0;

    for (; time_msec() < end; n++) {
        vswitchd_run(vswitchd, cur_cfg);
        vswitchd_wait(vswitchd);
        poll_block();
    }
    return n;
}

/* Puts something in the pidfile's place that cannot be read as one, like a pidfile in a directory
 * that is closed to us. */
static void make_unreadable(void)
{
    unlink(pidfile);
    assert_int_equal(mkfifo(pidfile, 0600), 0);
}

/* What is known of vswitchd once its pidfile cannot be read: only its end, by the pidfd, and then
 * what cur_cfg says. The loop does not turn meanwhile. */
static void test_end_beside_unreadable_pidfile(void **state)
{
    pid_t first = start_visible();
    struct vswitchd *vswitchd = vswitchd_create(dir);

    (void)state;
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    assert_null(vswitchd_pidfile_error(vswitchd));
    make_unreadable();
    vswitchd_run(vswitchd, 1);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    end_visible(first);
    run_until(vswitchd, 0, VSWITCHD_UNKNOWN);
    CHECK_STR("why", vswitchd_pidfile_error(vswitchd), "it is not a regular file");
    CHECK_IN_RANGE("passes", count_passes(vswitchd, 1), 1, 20);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_UNKNOWN);
    assert_int_equal(vswitchd_pid(vswitchd), 0);

    vswitchd_run(vswitchd, 2); /* Its successor answers. */
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    CHECK_IN_RANGE("passes", count_passes(vswitchd, 2), 1, 20);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    vswitchd_did_not_answer(vswitchd);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_UNKNOWN);

    unlink(pidfile);
    first = start_visible(); /* It started after the first, which we saw end. */
    run_until(vswitchd, 2, VSWITCHD_ALIVE);
    assert_true(vswitchd_start_seen(vswitchd));
    assert_null(vswitchd_pidfile_error(vswitchd));
    vswitchd_did_not_answer(vswitchd); /* Its pidfile says more. */
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    end_visible(first);
    run_until(vswitchd, 0, VSWITCHD_DEAD);
    vswitchd_destroy(vswitchd);
}

/* One that is dead when its pidfile becomes unreadable may have been started since: operations do
 * not wait for a start that nobody can see. */
static void test_start_beside_unreadable_pidfile(void **state)
{
    int fd = start_hidden();
    struct vswitchd *vswitchd = vswitchd_create(dir);

    (void)state;
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    close(fd);
    run_until(vswitchd, 0, VSWITCHD_DEAD);
    make_unreadable();
    run_until(vswitchd, 0, VSWITCHD_UNKNOWN);
    vswitchd_run(vswitchd, 2);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    unlink(pidfile);
    vswitchd_run(vswitchd, -1);
    run_until(vswitchd, 0, VSWITCHD_DEAD);
    vswitchd_destroy(vswitchd);
}

/* A vswitchd whose pid is not known runs until cur_cfg does not reach a next_cfg. */
static void test_hidden_beside_unreadable_pidfile(void **state)
{
    int fd = start_hidden();
    struct vswitchd *vswitchd = vswitchd_create(dir);
    long long int deadline = time_msec() + 10000;

    (void)state;
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    vswitchd_did_not_answer(vswitchd);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    make_unreadable();
    while (!vswitchd_pidfile_error(vswitchd)) {
        assert_true(time_msec() < deadline);
        usleep(2000);
        vswitchd_run(vswitchd, 1);
    }
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_ALIVE);
    vswitchd_did_not_answer(vswitchd);
    assert_int_equal(vswitchd_state(vswitchd), VSWITCHD_UNKNOWN);
    close(fd);
    vswitchd_destroy(vswitchd);
}

/* Runs until nothing is unanswered, or something is for some time. */
static void run_until_answered(struct vswitchd *vswitchd, bool answered)
{
    long long int deadline = time_msec() + 10000;

    do {
        assert_true(time_msec() < deadline);
        usleep(2000);
        vswitchd_run(vswitchd, 1);
    } while (answered ? vswitchd_unanswered_ms(vswitchd) > 0
                      : vswitchd_unanswered_ms(vswitchd) < 100);
}

/* A vswitchd that hangs lets connections wait, and answers nothing on its control socket. Its own
 * pid names that. */
static void check_control_socket(pid_t own_pid)
{
    static const char answer[] = "{\"id\":0,\"result\":\"3.1.0\",\"error\":null}";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct vswitchd *vswitchd = vswitchd_create(dir);
    char question[512] = "";
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd;

    snprintf(address.sun_path, sizeof address.sun_path, "%s/ovs-vswitchd.%ld.ctl", dir,
             (long)own_pid);
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    assert_int_equal(vswitchd_unanswered_ms(vswitchd), 0); /* There is nobody to ask. */
    vswitchd_destroy(vswitchd);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    vswitchd = vswitchd_create(dir);
    run_until(vswitchd, 1, VSWITCHD_ALIVE);
    run_until_answered(vswitchd, false);
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    assert_true(read(fd, question, sizeof question - 1) > 0);
    CHECK_HAS("question", question, "\"version\"");
    assert_int_equal(write(fd, answer, sizeof answer - 1), sizeof answer - 1);
    run_until_answered(vswitchd, true);
    close(fd);
    close(listener);
    unlink(address.sun_path);
    vswitchd_destroy(vswitchd);
}

static void test_control_socket(void **state)
{
    pid_t pid = start_visible();

    (void)state;
    check_control_socket(pid);
    end_visible(pid);
}

/* Seen from the host. */
static void test_control_socket_below(void **state)
{
    pid_t pid = start_visible_as(CONTAINED_PID);

    (void)state;
    check_control_socket(CONTAINED_PID);
    end_visible(pid);
}

/* Seen from another container. */
static void test_control_socket_hidden(void **state)
{
    int fd = start_hidden();

    (void)state;
    check_control_socket(CONTAINED_PID);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hidden, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_control_socket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_control_socket_below, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_control_socket_hidden, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_visible, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_pidfile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unanswered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fifo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_beside_unreadable_pidfile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_start_beside_unreadable_pidfile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hidden_beside_unreadable_pidfile, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
