/* SPDX-License-Identifier: Apache-2.0 */
#include "client/private.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json-parse.h"

struct vifplug {
    struct vifplug_async *async;
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

void vifplug_close(struct vifplug *vifplug)
{
    if (vifplug) {
        vifplug_async_close(vifplug->async);
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

/* Waits until `waiting` is done; `wait_ms` 0 for no limit. */
static int wait_for(struct vifplug_async *async, const struct waiting *waiting, int wait_ms)
{
    long long deadline = clock_ms() + wait_ms;

    for (;;) {
        struct pollfd pfd = {.fd = vifplug_async_fd(async)};
        long long left = deadline - clock_ms();
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

/* Params under construction. The first error stays. */
struct params {
    struct json_object *object;
    int error;
};

static void params_init(struct params *params)
{
    params->object = json_object_new_object();
    params->error = params->object ? 0 : -ENOMEM;
}

/* Takes `value`. */
static void put(struct params *params, const char *key, struct json_object *value)
{
    if (!add_member(params->object, key, value) && !params->error) {
        params->error = -ENOMEM;
    }
}

/* Puts a JSON object, given as text. */
static void put_object(struct params *params, const char *key, const char *text)
{
    bool no_memory = false;
    struct json_object *value = text ? json_try_parse(text, strlen(text), &no_memory, NULL) : NULL;

    if (json_object_is_type(value, json_type_object)) {
        put(params, key, value);
        return;
    }
    json_object_put(value);
    if (!params->error) {
        params->error = no_memory ? -ENOMEM : -EINVAL;
    }
}

static void put_options(struct params *params, const struct vifplug_options *options)
{
    if (options && options->committed) {
        put(params, "wait", json_object_new_string("committed"));
    }
    if (options && options->dry_run) {
        put(params, "dry_run", json_object_new_boolean(true));
    }
    if (options && options->timeout_ms) {
        put(params, "timeout_ms", json_object_new_int(options->timeout_ms));
    }
}

/* Frees `params` and returns their text (malloc'ed), or NULL with params->error set. */
static char *take_text(struct params *params)
{
    const char *text = NULL;
    char *copy = NULL;

    if (!params->error) {
        text = json_object_to_json_string_ext(params->object, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
        copy = text ? strdup(text) : NULL;
        params->error = copy ? 0 : -ENOMEM;
    }
    json_object_put(params->object);
    return copy;
}

static void make_plug(struct params *params, const char *vif, const char *instance,
                      const struct vifplug_options *options)
{
    params_init(params);
    put_object(params, "vif", vif);
    put_object(params, "instance", instance);
    put_options(params, options);
}

static void make_unplug(struct params *params, const char *vif_id, const char *instance_uuid,
                        const struct vifplug_options *options)
{
    params_init(params);
    put(params, "vif_id", json_object_new_string(vif_id));
    if (instance_uuid) {
        struct json_object *instance = json_object_new_object();

        if (!add_member(instance, "uuid", json_object_new_string(instance_uuid))) {
            json_object_put(instance);
            instance = NULL;
        }
        put(params, "instance", instance);
    }
    put_options(params, options);
}

char *vifplug_plug_params(const char *vif, const char *instance,
                          const struct vifplug_options *options)
{
    struct params params;

    make_plug(&params, vif, instance, options);
    return take_text(&params);
}

char *vifplug_unplug_params(const char *vif_id, const char *instance_uuid,
                            const struct vifplug_options *options)
{
    struct params params;

    make_unplug(&params, vif_id, instance_uuid, options);
    return take_text(&params);
}

/* Takes what `params` holds. */
static int call_with(struct vifplug *vifplug, const char *method, struct params *params,
                     const struct vifplug_options *options, struct vifplug_reply **reply)
{
    char *text = take_text(params);
    int error = params->error;

    *reply = NULL;
    if (!error) {
        error = vifplug_call(vifplug, method, text, options ? options->wait_ms : 0, reply);
    }
    free(text);
    return error;
}

int vifplug_plug(struct vifplug *vifplug, const char *vif, const char *instance,
                 const struct vifplug_options *options, struct vifplug_reply **reply)
{
    struct params params;

    make_plug(&params, vif, instance, options);
    return call_with(vifplug, "plug", &params, options, reply);
}

int vifplug_unplug(struct vifplug *vifplug, const char *vif_id, const char *instance_uuid,
                   const struct vifplug_options *options, struct vifplug_reply **reply)
{
    struct params params;

    make_unplug(&params, vif_id, instance_uuid, options);
    return call_with(vifplug, "unplug", &params, options, reply);
}

int vifplug_update(struct vifplug *vifplug, const char *vif_id, int mtu, const char *qos,
                   const struct vifplug_options *options, struct vifplug_reply **reply)
{
    struct params params;

    params_init(&params);
    put(&params, "vif_id", json_object_new_string(vif_id));
    if (mtu) {
        put(&params, "mtu", json_object_new_int(mtu));
    }
    if (qos) {
        put_object(&params, "qos", qos);
    }
    put_options(&params, options);
    return call_with(vifplug, "update", &params, options, reply);
}

int vifplug_reap(struct vifplug *vifplug, const char *vif_id, const struct vifplug_options *options,
                 struct vifplug_reply **reply)
{
    struct params params;

    params_init(&params);
    if (vif_id) {
        struct json_object *id = json_object_new_string(vif_id);
        struct json_object *ids = json_object_new_array();

        if (!id || !ids || json_object_array_add(ids, id) != 0) {
            json_object_put(id);
            json_object_put(ids);
            ids = NULL;
        }
        put(&params, "vif_ids", ids);
    }
    if (options && options->timeout_ms) {
        put(&params, "timeout_ms", json_object_new_int(options->timeout_ms));
    }
    return call_with(vifplug, "reap", &params, options, reply);
}

int vifplug_get(struct vifplug *vifplug, const char *vif_id, const struct vifplug_options *options,
                struct vifplug_reply **reply)
{
    struct params params;

    params_init(&params);
    put(&params, "vif_id", json_object_new_string(vif_id));
    return call_with(vifplug, "get", &params, options, reply);
}

int vifplug_list(struct vifplug *vifplug, const struct vifplug_options *options,
                 struct vifplug_reply **reply)
{
    return vifplug_call(vifplug, "list", NULL, options ? options->wait_ms : 0, reply);
}

int vifplug_stats(struct vifplug *vifplug, const char *vif_id,
                  const struct vifplug_options *options, struct vifplug_reply **reply)
{
    struct params params;

    params_init(&params);
    if (vif_id) {
        put(&params, "vif_id", json_object_new_string(vif_id));
    }
    return call_with(vifplug, "stats", &params, options, reply);
}

int vifplug_status(struct vifplug *vifplug, const struct vifplug_options *options,
                   struct vifplug_reply **reply)
{
    return vifplug_call(vifplug, "status", NULL, options ? options->wait_ms : 0, reply);
}
