/* SPDX-License-Identifier: Apache-2.0 */
#include "client/private.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/params.h"
#include "wire/frame.h"
#include "wire/json-parse.h"

/* Longest reply that is accepted: a list of some 100,000 VIFs. */
#define REPLY_MAX ((size_t)64 * 1024 * 1024)

struct call {
    int64_t id;
    vifplug_callback *callback; /* NULL after the call. */
    void *aux;
};

struct vifplug_async {
    int fd;
    int error; /* Not 0 once the connection cannot be used any more. */
    struct frame in;
    char *out;
    size_t out_start;
    size_t out_end;
    size_t out_size;
    int64_t last_id;
    /* In the order of their ids. Those that have their reply are dropped from the front. */
    struct call *calls;
    size_t first_call;
    size_t n_calls;
    size_t calls_size;
    size_t n_pending;
    vifplug_notification_callback *on_notification;
    void *notification_aux;
};

int vifplug_async_open_within(const char *socket_path, int wait_ms, struct vifplug_async **asyncp)
{
    struct vifplug_async *async = calloc(1, sizeof *async);

    *asyncp = NULL;
    if (!async) {
        return -ENOMEM;
    }
    frame_init(&async->in, REPLY_MAX);
    async->fd = connect_socket(socket_path, wait_ms);
    if (async->fd < 0) {
        int error = async->fd;

        free(async);
        return error;
    }
    *asyncp = async;
    return 0;
}

int vifplug_async_open(const char *socket_path, struct vifplug_async **asyncp)
{
    return vifplug_async_open_within(socket_path, VIFPLUG_CONNECT_MS, asyncp);
}

static void call_back(struct vifplug_async *async, struct call *call, int result,
                      struct vifplug_reply *reply)
{
    vifplug_callback *callback = call->callback;
    void *aux = call->aux;

    /* The callback may make calls, which can move the array. */
    call->callback = NULL;
    async->n_pending--;
    if (callback) {
        callback(aux, result, reply);
    }
}

static void cancel_all(struct vifplug_async *async, int result)
{
    async->error = result;
    for (size_t i = async->first_call; i < async->n_calls; i++) {
        if (async->calls[i].callback) {
            call_back(async, &async->calls[i], result, NULL);
        }
    }
}

void vifplug_async_close(struct vifplug_async *async)
{
    if (!async) {
        return;
    }
    cancel_all(async, -ECANCELED);
    close(async->fd);
    frame_destroy(&async->in);
    free(async->out);
    free(async->calls);
    free(async);
}

int vifplug_async_fd(const struct vifplug_async *async)
{
    return async->fd;
}

short vifplug_async_events(const struct vifplug_async *async)
{
    return (short)(POLLIN | (async->out_end > async->out_start ? POLLOUT : 0));
}

size_t vifplug_async_pending(const struct vifplug_async *async)
{
    return async->n_pending;
}

/* Makes room for `n` bytes after what is unsent. What was sent makes room for it before the buffer
 * grows, unless it is the smaller part: moving much for little would take long with each line. So
 * the buffer has at most a few times what was ever unsent. */
static bool make_room(struct vifplug_async *async, size_t n)
{
    size_t unsent = async->out_end - async->out_start;
    size_t size;
    char *out;

    if (async->out_size - async->out_end >= n) {
        return true;
    }
    if (async->out_start > 0 && async->out_start >= unsent) {
        memmove(async->out, async->out + async->out_start, unsent);
        async->out_start = 0;
        async->out_end = unsent;
    }
    if (async->out_size - async->out_end >= n) {
        return true;
    }
    size = 2 * (async->out_end + n);
    out = realloc(async->out, size);
    if (!out) {
        return false;
    }
    async->out = out;
    async->out_size = size;
    return true;
}

/* Queues `text` and a LF. Returns false, and queues nothing, if memory runs out. */
static bool queue_line(struct vifplug_async *async, const char *text, size_t length)
{
    if (!make_room(async, length + 1)) {
        return false;
    }
    memcpy(async->out + async->out_end, text, length);
    async->out_end += length;
    async->out[async->out_end++] = '\n';
    return true;
}

/* Returns a free element for a call at the end of the array. */
static struct call *new_call(struct vifplug_async *async)
{
    while (async->first_call < async->n_calls && !async->calls[async->first_call].callback) {
        async->first_call++;
    }
    if (async->first_call > 64 && async->first_call > async->n_calls / 2) {
        memmove(async->calls, async->calls + async->first_call,
                (async->n_calls - async->first_call) * sizeof *async->calls);
        async->n_calls -= async->first_call;
        async->first_call = 0;
    }
    if (async->n_calls == async->calls_size) {
        size_t size = async->calls_size ? 2 * async->calls_size : 64;
        struct call *calls = realloc(async->calls, size * sizeof *calls);

        if (!calls) {
            return NULL;
        }
        async->calls = calls;
        async->calls_size = size;
    }
    return &async->calls[async->n_calls];
}

/* Makes {"jsonrpc":"2.0","id":N,"method":...,"params":...}. Returns 0, -EILSEQ, -EINVAL or -ENOMEM.
 */
static int make_request(int64_t id, const char *method, const char *params,
                        struct json_object **requestp)
{
    struct json_object *name = NULL;
    struct json_object *value = NULL;
    int error = params ? text_to_object(params, &value) : 0;
    struct json_object *request;
    bool ok;

    *requestp = NULL;
    if (!error) {
        error = text_to_json(method, &name);
    }
    if (error) {
        json_object_put(value);
        return error;
    }
    request = json_object_new_object();
    ok = add_member(request, "jsonrpc", json_object_new_string("2.0"));
    ok = add_member(request, "id", json_object_new_int64(id)) && ok;
    ok = add_member(request, "method", name) && ok;
    ok = (!value || add_member(request, "params", value)) && ok;
    if (!ok) {
        json_object_put(request);
        return -ENOMEM;
    }
    *requestp = request;
    return 0;
}

int vifplug_async_call(struct vifplug_async *async, const char *method, const char *params,
                       vifplug_callback *callback, void *aux)
{
    struct json_object *request;
    struct call *call;
    const char *text;
    size_t length;
    int error;
    bool ok;

    if (async->error) {
        return async->error;
    }
    if (!callback) {
        return -EINVAL;
    }
    error = make_request(async->last_id + 1, method, params, &request);
    if (error) {
        return error;
    }
    text = json_object_to_json_string_length(
        request, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    call = new_call(async);
    ok = call && text && queue_line(async, text, length);
    json_object_put(request);
    if (!ok) {
        return -ENOMEM;
    }
    *call = (struct call){++async->last_id, callback, aux};
    async->n_calls++;
    async->n_pending++;
    return 0;
}

static int compare_call(const void *id, const void *call)
{
    int64_t a = *(const int64_t *)id;
    int64_t b = ((const struct call *)call)->id;

    return a < b ? -1 : a > b;
}

void vifplug_async_on_notification(struct vifplug_async *async,
                                   vifplug_notification_callback *callback, void *aux)
{
    async->on_notification = callback;
    async->notification_aux = aux;
}

/* A request of the daemon, without an id. Takes `notification`. */
static int handle_notification(struct vifplug_async *async, struct json_object *notification)
{
    struct vifplug_reply *reply;
    const char *event;
    int error = reply_create(notification, &reply);

    if (error) {
        return error;
    }
    event = vifplug_reply_event(reply);
    if (event && async->on_notification) {
        async->on_notification(async->notification_aux, event, reply);
    }
    vifplug_reply_free(reply);
    return event ? 0 : -EPROTO;
}

static int handle_line(struct vifplug_async *async, const char *line, size_t length)
{
    bool no_memory;
    struct json_object *message = json_try_parse(line, length, &no_memory, NULL);
    struct vifplug_reply *reply;
    struct json_object *member;
    struct call *call;
    int64_t id;
    int error;

    if (no_memory) {
        return -ENOMEM;
    }
    if (!json_object_object_get_ex(message, "id", &member)) {
        return handle_notification(async, message);
    }
    id = json_object_get_int64(member);
    /* Only an error may come without an id. */
    if (member ? !json_object_is_type(member, json_type_int)
               : !json_object_object_get_ex(message, "error", NULL)) {
        json_object_put(message);
        return -EPROTO;
    }
    error = reply_create(message, &reply);
    if (error) {
        return error;
    }
    call = bsearch(&id, async->calls + async->first_call, async->n_calls - async->first_call,
                   sizeof *call, compare_call);
    if (member && call && call->callback) {
        call_back(async, call, reply_result(reply), reply);
    } else if (!member && async->n_pending > 0) {
        /* The daemon refuses the connection as a whole: the oldest call gets that reply. */
        for (size_t i = async->first_call; i < async->n_calls; i++) {
            if (async->calls[i].callback) {
                call_back(async, &async->calls[i], reply_result(reply), reply);
                break;
            }
        }
    }
    vifplug_reply_free(reply);
    return 0;
}

static int send_output(struct vifplug_async *async)
{
    while (async->out_end > async->out_start) {
        ssize_t n = send(async->fd, async->out + async->out_start,
                         async->out_end - async->out_start, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN) {
            break;
        }
        /* The daemon may have sent the reason before it closed: read that first. */
        if (n < 0 && errno != EINTR) {
            async->out_start = async->out_end;
            return 0;
        }
        async->out_start += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int handle_lines(struct vifplug_async *async)
{
    for (;;) {
        const char *line;
        size_t length;
        int error;

        switch (frame_next(&async->in, &line, &length)) {
        case FRAME_LINE:
            error = handle_line(async, line, length);
            if (error) {
                return error;
            }
            break;
        case FRAME_MORE:
            return 0;
        case FRAME_TOO_LONG:
            return -EPROTO;
        }
    }
}

static int receive_input(struct vifplug_async *async)
{
    for (;;) {
        char *space;
        size_t size = frame_space(&async->in, &space);
        ssize_t n;
        int error;

        if (!size) {
            return -ENOMEM;
        }
        n = recv(async->fd, space, size, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN ? 0 : -errno;
        }
        if (n == 0) {
            return -ECONNRESET;
        }
        frame_received(&async->in, (size_t)n);
        error = handle_lines(async);
        if (error) {
            return error;
        }
    }
}

int vifplug_async_process(struct vifplug_async *async)
{
    int error = async->error;

    if (!error) {
        error = send_output(async);
    }
    if (!error) {
        error = receive_input(async);
    }
    if (!error) {
        error = send_output(async); /* Callbacks may have made calls. */
    }
    if (error && !async->error) {
        cancel_all(async, error);
    }
    return error;
}
