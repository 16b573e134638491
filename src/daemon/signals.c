/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "util.h"

static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t reload_signal;
static int signal_pipe[2];

static void on_signal(int number)
{
    int saved = errno;

    if (number == SIGHUP) {
        reload_signal = 1;
    } else {
        stop_signal = 1;
    }
    if (write(signal_pipe[1], "", 1) < 0) {
        /* The pipe is full, so the loop wakes up anyway. */
    }
    errno = saved;
}

void signals_catch(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) != 0) {
        ovs_fatal(errno, "no pipe for signals");
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}

void signals_wait(void)
{
    poll_fd_wait(signal_pipe[0], POLLIN);
}

/* The bytes in the pipe only wake up the loop. They are read before the flags: a signal that comes
 * in between wakes it up again. */
static void empty_pipe(void)
{
    char buffer[64];

    while (read(signal_pipe[0], buffer, sizeof buffer) > 0) {
    }
}

bool signals_take_reload(void)
{
    if (!reload_signal) {
        return false;
    }
    empty_pipe();
    reload_signal = 0;
    return true;
}

bool signals_stop(void)
{
    if (stop_signal) {
        empty_pipe();
    }
    return stop_signal;
}

void signals_set_stop(void)
{
    stop_signal = 1;
}
