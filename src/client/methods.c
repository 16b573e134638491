/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of the methods of docs/api.md. */

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "client/native.h"
#include "client/params.h"
#include "client/private.h"

/* Calls with `params`, which it takes. `options` are those of take_options(), which has returned
 * `error`. */
static int call_with(struct vifplug *vifplug, const char *method, struct params *params, int error,
                     const struct vifplug_options *options, struct vifplug_reply **reply)
{
    char *text = params_take(params);

    *reply = NULL;
    if (!error) {
        error = params->error;
    }
    if (!error) {
        error = vifplug_call(vifplug, method, text, options->wait_ms, reply);
    }
    free(text);
    return error;
}

/* Begins the params of an operation with its options. Returns what take_options() does. */
static int begin(struct params *params, struct vifplug_options *options,
                 const struct vifplug_options *given, unsigned int taken)
{
    int error = take_options(options, given, taken);

    params_init(params);
    if (!error) {
        params_put_options(params, options);
    }
    return error;
}

/* --- Plugs. --- */

/* `vif` and `instance` are JSON texts. */
static int begin_plug(struct params *params, struct vifplug_options *options, const char *vif,
                      const char *instance, const struct vifplug_options *given, unsigned int taken)
{
    int error = begin(params, options, given, taken);

    params_put_object(params, "vif", vif);
    params_put_object(params, "instance", instance);
    return error;
}

static int begin_native(struct params *params, struct vifplug_options *options,
                        const struct vifplug_native *vif, const char *instance_uuid,
                        const struct vifplug_options *given, unsigned int taken)
{
    int error = begin(params, options, given, taken);

    native_put(vif, params);
    params_put_instance(params, instance_uuid);
    return error;
}

static int begin_unplug(struct params *params, struct vifplug_options *options, const char *vif_id,
                        const char *instance_uuid, const struct vifplug_options *given,
                        unsigned int taken)
{
    int error = begin(params, options, given, taken);

    params_put_text(params, "vif_id", vif_id);
    params_put_instance(params, instance_uuid);
    return error;
}

int vifplug_plug(struct vifplug *vifplug, const char *vif, const char *instance,
                 const struct vifplug_options *given, struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin_plug(&params, &options, vif, instance, given, TAKES_ALL);

    return call_with(vifplug, "plug", &params, error, &options, reply);
}

int vifplug_plug_native(struct vifplug *vifplug, const struct vifplug_native *vif,
                        const char *instance_uuid, const struct vifplug_options *given,
                        struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin_native(&params, &options, vif, instance_uuid, given, TAKES_ALL);

    return call_with(vifplug, "plug", &params, error, &options, reply);
}

int vifplug_unplug(struct vifplug *vifplug, const char *vif_id, const char *instance_uuid,
                   const struct vifplug_options *given, struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin_unplug(&params, &options, vif_id, instance_uuid, given, TAKES_ALL);

    return call_with(vifplug, "unplug", &params, error, &options, reply);
}

int vifplug_unplug_native(struct vifplug *vifplug, const struct vifplug_native *vif,
                          const char *instance_uuid, const struct vifplug_options *given,
                          struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin_native(&params, &options, vif, instance_uuid, given, TAKES_ALL);

    return call_with(vifplug, "unplug", &params, error, &options, reply);
}

/* Returns the text of `params`, which it takes, for a caller outside: NULL with errno set. */
static char *take_text(struct params *params, int error)
{
    char *text = params_take(params);

    error = error ? error : params->error;
    if (error) {
        free(text);
        errno = -error;
        return NULL;
    }
    return text;
}

char *vifplug_plug_params(const char *vif, const char *instance,
                          const struct vifplug_options *given)
{
    struct vifplug_options options;
    struct params params;
    int error = begin_plug(&params, &options, vif, instance, given, TAKES_ALL & ~TAKES_WAIT);

    return take_text(&params, error);
}

char *vifplug_plug_native_params(const struct vifplug_native *vif, const char *instance_uuid,
                                 const struct vifplug_options *given)
{
    struct vifplug_options options;
    struct params params;
    int error = begin_native(&params, &options, vif, instance_uuid, given, TAKES_ALL & ~TAKES_WAIT);

    return take_text(&params, error);
}

char *vifplug_unplug_params(const char *vif_id, const char *instance_uuid,
                            const struct vifplug_options *given)
{
    struct vifplug_options options;
    struct params params;
    int error =
        begin_unplug(&params, &options, vif_id, instance_uuid, given, TAKES_ALL & ~TAKES_WAIT);

    return take_text(&params, error);
}

/* --- Other operations. --- */

int vifplug_update(struct vifplug *vifplug, const char *vif_id, int mtu,
                   const struct vifplug_qos *qos, const struct vifplug_options *given,
                   struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin(&params, &options, given, TAKES_ALL);

    params_put_text(&params, "vif_id", vif_id);
    params_put_int(&params, "mtu", mtu);
    params_put_qos(&params, qos);
    return call_with(vifplug, "update", &params, error, &options, reply);
}

int vifplug_reap(struct vifplug *vifplug, const char *vif_id, const struct vifplug_options *given,
                 struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin(&params, &options, given, TAKES_ALL & ~TAKES_COMMITTED);

    if (vif_id) {
        struct json_object *id = NULL;
        struct json_object *ids = json_object_new_array();
        int bad = text_to_json(vif_id, &id);

        if (!ids || bad || json_object_array_add(ids, id) != 0) {
            json_object_put(id);
            json_object_put(ids);
            ids = NULL;
        }
        error = error || bad != -EILSEQ ? error : bad;
        params_put(&params, "vif_ids", ids);
    }
    return call_with(vifplug, "reap", &params, error, &options, reply);
}

/* --- Methods that only read. --- */

int vifplug_get(struct vifplug *vifplug, const char *vif_id, const struct vifplug_options *given,
                struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin(&params, &options, given, TAKES_WAIT);

    params_put_text(&params, "vif_id", vif_id);
    return call_with(vifplug, "get", &params, error, &options, reply);
}

static int call_filtered(struct vifplug *vifplug, const char *method,
                         const struct vifplug_filter *filter, const struct vifplug_options *given,
                         struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin(&params, &options, given, TAKES_WAIT);

    params_put_filter(&params, filter);
    return call_with(vifplug, method, &params, error, &options, reply);
}

int vifplug_list(struct vifplug *vifplug, const struct vifplug_filter *filter,
                 const struct vifplug_options *given, struct vifplug_reply **reply)
{
    return call_filtered(vifplug, "list", filter, given, reply);
}

int vifplug_stats(struct vifplug *vifplug, const struct vifplug_filter *filter,
                  const struct vifplug_options *given, struct vifplug_reply **reply)
{
    return call_filtered(vifplug, "stats", filter, given, reply);
}

/* Calls with one number, left out if it is 0; `key` NULL: with nothing. */
static int call_number(struct vifplug *vifplug, const char *method, const char *key, int number,
                       const struct vifplug_options *given, struct vifplug_reply **reply)
{
    struct vifplug_options options;
    struct params params;
    int error = begin(&params, &options, given, TAKES_WAIT);

    if (key) {
        params_put_int(&params, key, number);
    }
    return call_with(vifplug, method, &params, error, &options, reply);
}

int vifplug_ops(struct vifplug *vifplug, int limit, const struct vifplug_options *given,
                struct vifplug_reply **reply)
{
    return call_number(vifplug, "ops", "limit", limit, given, reply);
}

int vifplug_subscribe(struct vifplug *vifplug, int since_ms, const struct vifplug_options *given,
                      struct vifplug_reply **reply)
{
    /* Events may come together with the reply. */
    bool before = keep_events(vifplug, true);
    int error = call_number(vifplug, "subscribe", "since_ms", since_ms, given, reply);

    if (error) {
        keep_events(vifplug, before);
    }
    return error;
}

int vifplug_nics(struct vifplug *vifplug, const struct vifplug_options *given,
                 struct vifplug_reply **reply)
{
    return call_number(vifplug, "nics", NULL, 0, given, reply);
}

int vifplug_status(struct vifplug *vifplug, const struct vifplug_options *given,
                   struct vifplug_reply **reply)
{
    return call_number(vifplug, "status", NULL, 0, given, reply);
}

int vifplug_check(struct vifplug *vifplug, const struct vifplug_options *given,
                  struct vifplug_reply **reply)
{
    return call_number(vifplug, "check", NULL, 0, given, reply);
}

int vifplug_metrics(struct vifplug *vifplug, const struct vifplug_options *given,
                    struct vifplug_reply **reply)
{
    return call_number(vifplug, "metrics", NULL, 0, given, reply);
}

int vifplug_describe(struct vifplug *vifplug, const struct vifplug_options *given,
                     struct vifplug_reply **reply)
{
    return call_number(vifplug, "describe", NULL, 0, given, reply);
}

int vifplug_async_subscribe(struct vifplug_async *async, int since_ms, vifplug_callback *callback,
                            void *aux)
{
    struct params params;
    char *text;
    int error;

    params_init(&params);
    params_put_int(&params, "since_ms", since_ms);
    text = params_take(&params);
    error =
        params.error ? params.error : vifplug_async_call(async, "subscribe", text, callback, aux);
    free(text);
    return error;
}
