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
static int slept;

struct unixctl_conn {
    char *reply;
};
static struct unixctl_conn conn;

/* The last one registered counts: each test has an engine of its own. */
void unixctl_command_register(const char *name, const char *usage OVS_UNUSED,
                              int min_args OVS_UNUSED, int max_args OVS_UNUSED, unixctl_cb_func *cb,
                              void *aux)
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

void unixctl_command_reply(struct unixctl_conn *to, const char *body)
{
    free(to->reply);
    to->reply = xstrdup(body ? body : "");
}

void unixctl_command_reply_error(struct unixctl_conn *to, const char *error)
{
    unixctl_command_reply(to, error);
}

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

/* The linker has every call of poll() come here (--wrap): nothing is ready, and no time passes. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
int __wrap_poll(struct pollfd *fds OVS_UNUSED, nfds_t n OVS_UNUSED, int timeout)
{
    slept = timeout;
    return 0;
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
