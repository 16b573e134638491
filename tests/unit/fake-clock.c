/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-clock.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dummy.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

enum { COMMANDS_MAX = 64 };

static struct {
    const char *name;
    unixctl_cb_func *cb;
    void *aux;
} commands[COMMANDS_MAX];
static size_t n_commands;

struct unixctl_conn {
    char *reply;
};
static struct unixctl_conn conn;

/* The parameters of the last poll(). */
static int slept;
static int waited_for[16];
static size_t n_waited_for;

/* --- The linker (--wrap) redirects all calls of NAME to __wrap_NAME here. --- */

/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
void __wrap_unixctl_command_register(const char *name, const char *usage, int min_args,
                                     int max_args, unixctl_cb_func *cb, void *aux);
void __wrap_unixctl_command_reply(struct unixctl_conn *to, const char *body);
void __wrap_unixctl_command_reply_error(struct unixctl_conn *to, const char *error);

/* No descriptor is ready, and no time passes. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    slept = timeout;
    n_waited_for = MIN(n, ARRAY_SIZE(waited_for));
    for (size_t i = 0; i < n_waited_for; i++) {
        waited_for[i] = fds[i].fd;
    }
    return 0;
}

/* The last registration counts: each test has its own engine. */
void __wrap_unixctl_command_register(const char *name, const char *usage OVS_UNUSED,
                                     int min_args OVS_UNUSED, int max_args OVS_UNUSED,
                                     unixctl_cb_func *cb, void *aux)
{
    size_t i = 0;

    while (i < n_commands && strcmp(commands[i].name, name)) {
        i++;
    }
    ovs_assert(i < COMMANDS_MAX);
    commands[i].name = name;
    commands[i].cb = cb;
    commands[i].aux = aux;
    n_commands = MAX(n_commands, i + 1);
}

void __wrap_unixctl_command_reply(struct unixctl_conn *to, const char *body)
{
    free(to->reply);
    to->reply = xstrdup(body ? body : "");
}

void __wrap_unixctl_command_reply_error(struct unixctl_conn *to, const char *error)
{
    __wrap_unixctl_command_reply(to, error);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static const char *call(const char *command, const char *argument)
{
    const char *argv[] = {command, argument};

    for (size_t i = 0; i < n_commands; i++) {
        if (!strcmp(commands[i].name, command)) {
            commands[i].cb(&conn, argument ? 2 : 1, argv, commands[i].aux);
            return conn.reply;
        }
    }
    return NULL;
}

const char *unixctl_call(const char *command)
{
    return call(command, NULL);
}

void clock_stop(void)
{
    time_msec(); /* Initializes the clock. */
    timeval_dummy_register();
    call("time/stop", NULL);
}

void clock_warp(int ms)
{
    char text[16];

    snprintf(text, sizeof text, "%d", ms);
    call("time/warp", text);
}

int clock_block(void)
{
    poll_block();
    return slept == INT_MAX ? -1 : slept;
}

bool clock_waited_for(int fd)
{
    for (size_t i = 0; i < n_waited_for; i++) {
        if (waited_for[i] == fd) {
            return true;
        }
    }
    return false;
}
