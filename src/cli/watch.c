/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static long long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void on_notification(void *cli, const char *event, struct vifplug_reply *params)
{
    output_notification(cli, event, params);
}

struct subscription {
    bool replied;
    int result;
    int status;      /* The exit status if it was refused. */
    long long until; /* When the reply must have come, ms of the monotonic clock. */
    const struct cli *cli;
};

static void on_subscribed(void *subscription_, int result, struct vifplug_reply *reply)
{
    struct subscription *subscription = subscription_;

    subscription->replied = true;
    subscription->result = result;
    if (result != 0 && result != -ECANCELED) { /* That is our own vifplug_async_close(). */
        subscription->status = output_failure(subscription->cli, result, reply);
    }
}

/* Goes on until the connection ends, the subscription is refused, a signal comes, or the output
 * cannot be written. */
static int follow(struct vifplug_async *async, const struct subscription *subscription,
                  const sigset_t *unblocked)
{
    while (!stopped) {
        struct pollfd pfd = {.fd = vifplug_async_fd(async)};
        int error = vifplug_async_process(async);
        struct timespec limit;
        long long left;

        if (subscription->replied && subscription->result != 0) {
            return subscription->result;
        }
        if (error) {
            return error;
        }
        if (!output_flush()) {
            return 0;
        }
        left = subscription->until - now_ms();
        if (!subscription->replied && left <= 0) {
            return -ETIMEDOUT;
        }
        pfd.events = vifplug_async_events(async);
        limit = (struct timespec){.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        if (ppoll(&pfd, 1, subscription->replied ? NULL : &limit, unblocked) < 0 &&
            errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int run_watch(const struct cli *cli)
{
    struct subscription subscription = {.cli = cli, .until = now_ms() + QUESTION_WAIT_MS};
    struct sigaction action = {.sa_handler = on_signal};
    struct vifplug_async *async;
    sigset_t blocked;
    sigset_t before;
    int result = vifplug_async_open_within(cli->values[OPTION_SOCKET], QUESTION_WAIT_MS, &async);

    if (result != 0) {
        return output_unreachable(cli, result);
    }
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    vifplug_async_on_notification(async, on_notification, (void *)cli);
    result = vifplug_async_call(async, "subscribe", NULL, on_subscribed, &subscription);
    if (result == 0) {
        result = follow(async, &subscription, &before);
    }
    vifplug_async_close(async);
    if (result == 0) {
        return EXIT_DONE;
    }
    if (subscription.replied && subscription.result == 0 && result == -ECONNRESET) {
        return output_ended(cli, result);
    }
    /* on_subscribed() has said why the subscription failed. */
    return subscription.status ? subscription.status : output_failure(cli, result, NULL);
}
