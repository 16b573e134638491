/* SPDX-License-Identifier: Apache-2.0 */
#include "client/private.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/json-get.h"

struct vifplug {
    struct vifplug_async *async;
};

/* One call and its answer. It outlives a vifplug_call() that gave up waiting, until the answer has
 * come or the connection has ended. */
struct waiting {
    bool done;
    bool abandoned;
    int result;
    struct vifplug_reply *reply;
};

int vifplug_open(const char *socket_path, struct vifplug **vifplugp)
{
    struct vifplug *vifplug = calloc(1, sizeof *vifplug);
    int error;

    *vifplugp = NULL;
    if (!vifplug) {
        return -ENOMEM;
    }
    error = vifplug_async_open(socket_path, &vifplug->async);
    if (error) {
        free(vifplug);
        return error;
    }
    *vifplugp = vifplug;
    return 0;
}

void vifplug_close(struct vifplug *vifplug)
{
    if (vifplug) {
        vifplug_async_close(vifplug->async);
        free(vifplug);
    }
}

static void on_answer(void *waiting_, int result, struct vifplug_reply *reply)
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

static long long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Waits until `waiting` is done; `wait_ms` 0 for no limit. */
static int wait_for(struct vifplug_async *async, const struct waiting *waiting, int wait_ms)
{
    long long deadline = now_ms() + wait_ms;

    for (;;) {
        struct pollfd pfd = {.fd = vifplug_async_fd(async)};
        long long left = deadline - now_ms();
        int error = vifplug_async_process(async);

        if (waiting->done) {
            return 0;
        }
        if (error) {
            return error;
        }
        if (wait_ms && left <= 0) {
            return -ETIMEDOUT;
        }
        pfd.events = vifplug_async_events(async);
        if (poll(&pfd, 1, wait_ms ? (int)left : -1) < 0 && errno != EINTR) {
            return -errno;
        }
    }
}

int vifplug_call(struct vifplug *vifplug, const char *method, const char *params, int wait_ms,
                 struct vifplug_reply **reply)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    int error;

    *reply = NULL;
    if (!waiting) {
        return -ENOMEM;
    }
    error = vifplug_async_call(vifplug->async, method, params, on_answer, waiting);
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

static void put_options(struct json_object *params, const struct vifplug_options *options)
{
    if (options && options->committed) {
        json_object_object_add(params, "wait", json_object_new_string("committed"));
    }
    if (options && options->dry_run) {
        json_object_object_add(params, "dry_run", json_object_new_boolean(true));
    }
    if (options && options->timeout_ms) {
        json_object_object_add(params, "timeout_ms", json_object_new_int(options->timeout_ms));
    }
}

static bool put_json(struct json_object *params, const char *key, const char *text)
{
    struct json_object *value = text ? json_parse(text, strlen(text), NULL) : NULL;

    if (!json_object_is_type(value, json_type_object)) {
        json_object_put(value);
        return false;
    }
    json_object_object_add(params, key, value);
    return true;
}

static char *take_text(struct json_object *params)
{
    char *text = strdup(json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE));

    json_object_put(params);
    return text;
}

char *vifplug_plug_params(const char *vif, const char *instance,
                          const struct vifplug_options *options)
{
    struct json_object *params = json_object_new_object();

    if (!put_json(params, "vif", vif) || !put_json(params, "instance", instance)) {
        json_object_put(params);
        return NULL;
    }
    put_options(params, options);
    return take_text(params);
}

char *vifplug_unplug_params(const char *vif_id, const char *instance_uuid,
                            const struct vifplug_options *options)
{
    struct json_object *params = json_object_new_object();

    json_object_object_add(params, "vif_id", json_object_new_string(vif_id));
    if (instance_uuid) {
        struct json_object *instance = json_object_new_object();

        json_object_object_add(instance, "uuid", json_object_new_string(instance_uuid));
        json_object_object_add(params, "instance", instance);
    }
    put_options(params, options);
    return take_text(params);
}

/* Takes `params`. */
static int call_taking(struct vifplug *vifplug, const char *method, char *params,
                       const struct vifplug_options *options, struct vifplug_reply **reply)
{
    int error;

    *reply = NULL;
    if (!params) {
        return -EINVAL;
    }
    error = vifplug_call(vifplug, method, params, options ? options->wait_ms : 0, reply);
    free(params);
    return error;
}

int vifplug_plug(struct vifplug *vifplug, const char *vif, const char *instance,
                 const struct vifplug_options *options, struct vifplug_reply **reply)
{
    return call_taking(vifplug, "plug", vifplug_plug_params(vif, instance, options), options,
                       reply);
}

int vifplug_unplug(struct vifplug *vifplug, const char *vif_id, const char *instance_uuid,
                   const struct vifplug_options *options, struct vifplug_reply **reply)
{
    return call_taking(vifplug, "unplug", vifplug_unplug_params(vif_id, instance_uuid, options),
                       options, reply);
}

int vifplug_update(struct vifplug *vifplug, const char *vif_id, int mtu, const char *qos,
                   const struct vifplug_options *options, struct vifplug_reply **reply)
{
    struct json_object *params = json_object_new_object();

    json_object_object_add(params, "vif_id", json_object_new_string(vif_id));
    if (mtu) {
        json_object_object_add(params, "mtu", json_object_new_int(mtu));
    }
    if (qos && !put_json(params, "qos", qos)) {
        json_object_put(params);
        *reply = NULL;
        return -EINVAL;
    }
    put_options(params, options);
    return call_taking(vifplug, "update", take_text(params), options, reply);
}

int vifplug_reap(struct vifplug *vifplug, const char *vif_id, const struct vifplug_options *options,
                 struct vifplug_reply **reply)
{
    struct json_object *params = json_object_new_object();

    if (vif_id) {
        struct json_object *ids = json_object_new_array();

        json_object_array_add(ids, json_object_new_string(vif_id));
        json_object_object_add(params, "vif_ids", ids);
    }
    if (options && options->timeout_ms) {
        json_object_object_add(params, "timeout_ms", json_object_new_int(options->timeout_ms));
    }
    return call_taking(vifplug, "reap", take_text(params), options, reply);
}

int vifplug_get(struct vifplug *vifplug, const char *vif_id, const struct vifplug_options *options,
                struct vifplug_reply **reply)
{
    struct json_object *params = json_object_new_object();

    json_object_object_add(params, "vif_id", json_object_new_string(vif_id));
    return call_taking(vifplug, "get", take_text(params), options, reply);
}

int vifplug_list(struct vifplug *vifplug, const struct vifplug_options *options,
                 struct vifplug_reply **reply)
{
    return vifplug_call(vifplug, "list", NULL, options ? options->wait_ms : 0, reply);
}

int vifplug_status(struct vifplug *vifplug, const struct vifplug_options *options,
                   struct vifplug_reply **reply)
{
    return vifplug_call(vifplug, "status", NULL, options ? options->wait_ms : 0, reply);
}
