/* SPDX-License-Identifier: Apache-2.0 */
#include "client/private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct vifplug {
    struct vifplug_async *async;
    bool keeps_events;
    bool has_events;  /* n_events > 0. */
    bool lost_events; /* Some were dropped since the last that was fetched. */
    /* A ring of those that nobody has fetched. */
    struct vifplug_reply *events[VIFPLUG_EVENTS_MAX];
    size_t first_event;
    size_t n_events;
};

/* One call and its reply. It outlives a vifplug_call() that gave up waiting, until the reply comes
 * or the connection ends. */
struct waiting {
    bool done;
    bool abandoned;
    int result;
    struct vifplug_reply *reply;
};

int vifplug_open_within(const char *socket_path, int wait_ms, struct vifplug **vifplugp)
{
    struct vifplug *vifplug = calloc(1, sizeof *vifplug);
    int error;

    *vifplugp = NULL;
    if (!vifplug) {
        return -ENOMEM;
    }
    error = vifplug_async_open_within(socket_path, wait_ms, &vifplug->async);
    if (error) {
        free(vifplug);
        return error;
    }
    *vifplugp = vifplug;
    return 0;
}

int vifplug_open(const char *socket_path, struct vifplug **vifplugp)
{
    return vifplug_open_within(socket_path, VIFPLUG_CONNECT_MS, vifplugp);
}

static struct vifplug_reply *take_event(struct vifplug *vifplug)
{
    struct vifplug_reply *event = vifplug->events[vifplug->first_event];

    vifplug->first_event = (vifplug->first_event + 1) % VIFPLUG_EVENTS_MAX;
    vifplug->n_events--;
    vifplug->has_events = vifplug->n_events > 0;
    return event;
}

static void drop_events(struct vifplug *vifplug)
{
    while (vifplug->n_events) {
        vifplug_reply_free(take_event(vifplug));
    }
    vifplug->lost_events = false;
}

void vifplug_close(struct vifplug *vifplug)
{
    if (vifplug) {
        vifplug_async_close(vifplug->async);
        drop_events(vifplug);
        free(vifplug);
    }
}

static void on_reply(void *waiting_, int result, struct vifplug_reply *reply)
{
    struct waiting *waiting = waiting_;

    if (waiting->abandoned) {
        free(waiting);
        return;
    }
    waiting->done = true;
    waiting->result = result;
    waiting->reply = reply ? vifplug_reply_ref(reply) : NULL;
}

/* Processes what has come, and if `*done` is not set by that, waits for more, until `deadline` at
 * most if `wait_ms` is not 0. Returns 0 if the caller has to look, and go on. */
static int wait_for_more(struct vifplug_async *async, const bool *done, int wait_ms,
                         long long deadline)
{
    struct pollfd pfd = {.fd = vifplug_async_fd(async)};
    long long left = deadline - clock_ms();
    int error = vifplug_async_process(async);

    if (*done || error) {
        return *done ? 0 : error;
    }
    if (wait_ms && left <= 0) {
        return -ETIMEDOUT;
    }
    pfd.events = vifplug_async_events(async);
    if (poll(&pfd, 1, wait_ms ? (int)left : -1) < 0 && errno != EINTR) {
        return -errno;
    }
    return 0;
}

/* Waits until `waiting` is done; `wait_ms` 0 for no limit. */
static int wait_for(struct vifplug_async *async, const struct waiting *waiting, int wait_ms)
{
    long long deadline = clock_ms() + wait_ms;
    int error = 0;

    while (!waiting->done && !error) {
        error = wait_for_more(async, &waiting->done, wait_ms, deadline);
    }
    return error;
}

int vifplug_call(struct vifplug *vifplug, const char *method, const char *params, int wait_ms,
                 struct vifplug_reply **reply)
{
    struct waiting *waiting;
    int error;

    *reply = NULL;
    if (wait_ms < 0) {
        return -EINVAL;
    }
    waiting = calloc(1, sizeof *waiting);
    if (!waiting) {
        return -ENOMEM;
    }
    error = vifplug_async_call(vifplug->async, method, params, on_reply, waiting);
    if (error) {
        free(waiting);
        return error;
    }
    error = wait_for(vifplug->async, waiting, wait_ms);
    if (!waiting->done) {
        waiting->abandoned = true;
        return error;
    }
    *reply = waiting->reply;
    error = waiting->result;
    free(waiting);
    return error;
}

/* A program that fetches too slowly has more use for the newest events than for the oldest. */
static void on_event(void *vifplug_, const char *name, struct vifplug_reply *event)
{
    struct vifplug *vifplug = vifplug_;

    (void)name;
    if (vifplug->n_events == VIFPLUG_EVENTS_MAX) {
        vifplug_reply_free(take_event(vifplug));
        vifplug->lost_events = true;
    }
    vifplug->events[(vifplug->first_event + vifplug->n_events) % VIFPLUG_EVENTS_MAX] =
        vifplug_reply_ref(event);
    vifplug->n_events++;
    vifplug->has_events = true;
}

bool keep_events(struct vifplug *vifplug, bool keep)
{
    bool before = vifplug->keeps_events;

    vifplug->keeps_events = keep;
    if (keep) {
        vifplug_async_on_notification(vifplug->async, on_event, vifplug);
        return before;
    }
    vifplug_async_on_notification(vifplug->async, NULL, NULL);
    drop_events(vifplug);
    return before;
}

int vifplug_next_event(struct vifplug *vifplug, int wait_ms, struct vifplug_reply **event)
{
    long long deadline = clock_ms() + wait_ms;
    int error = 0;

    *event = NULL;
    if (!vifplug->keeps_events || wait_ms < 0) {
        return -EINVAL;
    }
    while (!vifplug->has_events && !error) {
        error = wait_for_more(vifplug->async, &vifplug->has_events, wait_ms, deadline);
    }
    if (vifplug->lost_events) {
        vifplug->lost_events = false;
        return -ENOBUFS;
    }
    if (!vifplug->has_events) {
        return error;
    }
    *event = take_event(vifplug);
    return 0;
}
