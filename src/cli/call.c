/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "cli/cli.h"

/* How long to wait, ms. Undoing an operation takes its timeout once more, and the daemon may wait
 * for its turn in the queue and for DPDK's start. */
enum { EXTRA_WAIT_MS = 75000, OPERATION_WAIT_MS = 120000 };

/* For how long the daemon may be silent while an operation without --timeout is under way, ms. */
enum { SILENCE_MS = 10000 };

/* How long a call may take, ms. */
struct limits {
    long long start; /* The monotonic clock's time from which the others count. */
    int connect;
    int silence; /* Without any reply, also to `status`, which is asked on the way; 0: `whole`. */
    int whole;   /* In all. */
};

struct reply_slot {
    bool replied;
    int result;
    struct vifplug_reply *reply; /* Owned. */
};

static void on_reply(void *slot_, int result, struct vifplug_reply *reply)
{
    struct reply_slot *slot = slot_;

    slot->replied = true;
    slot->result = result;
    slot->reply = reply ? vifplug_reply_ref(reply) : NULL;
}

/* Waits for a reply in `slot`. */
static int wait_for(struct vifplug_async *async, const struct reply_slot *slot, struct pulse *pulse,
                    const struct limits *limits)
{
    for (;;) {
        struct pollfd pfd = {.fd = vifplug_async_fd(async)};
        int error = vifplug_async_process(async);
        long long until = limits->start + limits->whole;
        long long now = now_ms();

        if (slot->replied || error) {
            return slot->replied ? 0 : error;
        }
        if (now >= until) {
            return -ETIMEDOUT;
        }
        if (limits->silence) {
            error = pulse_feel(async, pulse, limits->silence, &until);
            if (error) {
                return error;
            }
        }
        pfd.events = vifplug_async_events(async);
        if (poll(&pfd, 1, until > now ? (int)(until - now) : 0) < 0 && errno != EINTR) {
            return -errno;
        }
    }
}

/* Calls the command's method and shows the reply. */
static int call(const struct cli *cli, struct vifplug_async *async, const char *params,
                const struct limits *limits)
{
    struct reply_slot slot = {.replied = false};
    struct pulse pulse = {.heard = limits->start};
    int result = vifplug_async_call(async, cli->command->name, params, on_reply, &slot);
    int status;

    if (result == 0) {
        result = wait_for(async, &slot, &pulse, limits);
    }
    if (result == 0) {
        result = slot.result;
    }
    status = result == 0 ? output_reply(cli, slot.reply) : output_failure(cli, result, slot.reply);
    vifplug_async_close(async); /* Calls back for what has no reply yet. */
    vifplug_reply_free(slot.reply);
    return status;
}

static int run(const struct cli *cli, struct limits *limits)
{
    struct vifplug_async *async;
    char *params = NULL;
    int status;
    int error;

    if (cli->command->params) {
        params = cli->command->params(cli);
        if (!params) {
            return EXIT_USAGE; /* input.c has said why. */
        }
        if (!utf8_is_valid(params)) { /* arguments.c has looked at the options. */
            free(params);
            return usage_error(cli->command, "'%s' is not valid UTF-8", cli->argument);
        }
    }
    limits->start = now_ms(); /* Standard input may have taken its time. */
    error = vifplug_async_open_within(cli->values[OPTION_SOCKET], limits->connect, &async);
    status = error ? output_unreachable(cli, error) : call(cli, async, params, limits);
    free(params);
    return status;
}

int run_operation(const struct cli *cli)
{
    int timeout_ms = cli->timeout_ms;
    struct limits limits = {
        .connect = timeout_ms ? timeout_ms : SILENCE_MS,
        .silence = !timeout_ms                   ? SILENCE_MS
                   : timeout_ms > SILENCE_MIN_MS ? timeout_ms
                                                 : SILENCE_MIN_MS,
        .whole = timeout_ms ? 2 * timeout_ms + EXTRA_WAIT_MS : OPERATION_WAIT_MS,
    };

    return run(cli, &limits);
}

int run_question(const struct cli *cli)
{
    int wait_ms = cli->timeout_ms ? cli->timeout_ms : QUESTION_WAIT_MS;

    return run(cli, &(struct limits){.connect = wait_ms, .whole = wait_ms});
}
