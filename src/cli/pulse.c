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
    long long due = pulse->heard + silence / 2;

    if (!pulse->asked && now >= due) {
        int error = vifplug_async_call(async, "status", NULL, on_status, pulse);

        if (error) {
            return error;
        }
        pulse->asked = true;
        pulse->asked_at = now;
    }
    if (pulse->asked) {
        /* vifctl asks late if it was stopped itself: the daemon has half of the silence in any
         * case. */
        due = pulse->asked_at + silence / 2;
        if (now >= due) {
            return -ETIMEDOUT;
        }
    }
    *until = due < *until ? due : *until;
    return 0;
}
