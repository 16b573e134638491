/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the daemon still replies, while what it was asked for takes its time. */

#include <errno.h>
#include <time.h>

#include "cli/cli.h"

long long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Whatever the reply is: the daemon works. */
static void on_status(void *pulse_, int result, struct vifplug_reply *reply)
{
    struct pulse *pulse = pulse_;

    (void)reply;
    pulse->asked = false;
    if (result != -ECANCELED) { /* That is the end of the connection. */
        pulse->heard = now_ms();
    }
}

int pulse_feel(struct vifplug_async *async, struct pulse *pulse, int silence, long long *until)
{
    long long now = now_ms();
    long long next;

    if (pulse->asked && now >= pulse->heard + silence) {
        return -ETIMEDOUT;
    }
    if (!pulse->asked && now >= pulse->heard + silence / 2) {
        int error = vifplug_async_call(async, "status", NULL, on_status, pulse);

        if (error) {
            return error;
        }
        pulse->asked = true;
    }
    next = pulse->heard + (pulse->asked ? silence : silence / 2);
    *until = next < *until ? next : *until;
    return 0;
}
