/* SPDX-License-Identifier: Apache-2.0 */
#include "client/params.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/utf8.h"
#include "client/private.h"
#include "wire/json-parse.h"

void params_init(struct params *params)
{
    params->object = json_object_new_object();
    params->error = params->object ? 0 : -ENOMEM;
}

static void fail(struct params *params, int error)
{
    if (!params->error) {
        params->error = error;
    }
}

void params_put(struct params *params, const char *key, struct json_object *value)
{
    if (!add_member(params->object, key, value)) {
        fail(params, -ENOMEM);
    }
}

int text_to_json(const char *text, struct json_object **value)
{
    *value = NULL;
    if (!utf8_is_valid(text)) {
        return -EILSEQ;
    }
    *value = json_object_new_string(text);
    return *value ? 0 : -ENOMEM;
}

int text_to_object(const char *text, struct json_object **value)
{
    bool no_memory;

    *value = NULL;
    if (!utf8_is_valid(text)) {
        return -EILSEQ;
    }
    *value = json_try_parse(text, strlen(text), &no_memory, NULL);
    if (json_object_is_type(*value, json_type_object)) {
        return 0;
    }
    json_object_put(*value);
    *value = NULL;
    return no_memory ? -ENOMEM : -EINVAL;
}

void params_put_text(struct params *params, const char *key, const char *text)
{
    struct json_object *value;
    int error;

    if (!text) {
        return;
    }
    error = text_to_json(text, &value);
    if (error) {
        fail(params, error);
    } else {
        params_put(params, key, value);
    }
}

void params_put_int(struct params *params, const char *key, int value)
{
    if (value) {
        params_put(params, key, json_object_new_int(value));
    }
}

void params_put_object(struct params *params, const char *key, const char *text)
{
    struct json_object *value = NULL;
    int error = text ? text_to_object(text, &value) : -EINVAL;

    if (error) {
        fail(params, error);
    } else {
        params_put(params, key, value);
    }
}

void params_put_instance(struct params *params, const char *uuid)
{
    struct params instance;

    if (!uuid) {
        return;
    }
    params_init(&instance);
    params_put_text(&instance, "uuid", uuid);
    if (instance.error) {
        json_object_put(instance.object);
        fail(params, instance.error);
    } else {
        params_put(params, "instance", instance.object);
    }
}

void params_put_options(struct params *params, const struct vifplug_options *options)
{
    if (options->committed) {
        params_put_text(params, "wait", "committed");
    }
    if (options->dry_run) {
        params_put(params, "dry_run", json_object_new_boolean(true));
    }
    params_put_int(params, "timeout_ms", options->timeout_ms);
}

/* Puts what is not 0 of one direction's limits: no member, no limit. */
static void put_direction(struct params *qos, const char *key, const int64_t limits[4])
{
    static const char *const names[] = {"max_kbps", "max_burst_kbps", "max_kpps", "max_burst_kpps"};
    struct params direction;

    params_init(&direction);
    for (size_t i = 0; i < 4; i++) {
        if (limits[i]) {
            params_put(&direction, names[i], json_object_new_int64(limits[i]));
        }
    }
    if (direction.error) {
        json_object_put(direction.object);
        fail(qos, direction.error);
    } else {
        params_put(qos, key, direction.object);
    }
}

int qos_to_json(const struct vifplug_qos *given, struct json_object **value)
{
    struct vifplug_qos qos;
    struct params params;
    int error = take_qos(&qos, given);

    *value = NULL;
    if (error) {
        return error;
    }
    params_init(&params);
    put_direction(&params, "egress",
                  (const int64_t[]){qos.egress_max_kbps, qos.egress_max_burst_kbps,
                                    qos.egress_max_kpps, qos.egress_max_burst_kpps});
    put_direction(&params, "ingress",
                  (const int64_t[]){qos.ingress_max_kbps, qos.ingress_max_burst_kbps, 0, 0});
    if (params.error) {
        json_object_put(params.object);
    } else {
        *value = params.object;
    }
    return params.error;
}

void params_put_qos(struct params *params, const struct vifplug_qos *qos)
{
    struct json_object *value;
    int error;

    if (!qos) {
        return;
    }
    error = qos_to_json(qos, &value);
    if (error) {
        fail(params, error);
    } else {
        params_put(params, "qos", value);
    }
}

void params_put_filter(struct params *params, const struct vifplug_filter *given)
{
    struct vifplug_filter filter;
    int error = take_filter(&filter, given);

    if (error) {
        fail(params, error);
        return;
    }
    params_put_text(params, "vif_id", filter.vif_id);
    params_put_text(params, "instance", filter.instance);
    params_put_text(params, "port", filter.port);
    params_put_text(params, "bridge", filter.bridge);
    params_put_text(params, "state", filter.state);
    params_put_text(params, "kind", filter.kind);
    params_put_text(params, "pf", filter.pf);
    params_put_text(params, "vf", filter.vf);
    params_put_text(params, "mac", filter.mac);
}

char *params_take(struct params *params)
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
    params->object = NULL;
    return copy;
}
