/* SPDX-License-Identifier: Apache-2.0 */
#include "client/private.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

struct vifplug_reply {
    unsigned int refs;
    struct json_object *message; /* The whole; owned. */
    struct json_object *result;  /* Its member `result`, or NULL. */
    struct json_object *fault;   /* Its member `error`, or NULL. */
    struct vifplug_error error;
};

static const char *string_of(struct json_object *object, const char *key)
{
    struct json_object *member;

    if (json_object_object_get_ex(object, key, &member) &&
        json_object_is_type(member, json_type_string)) {
        return json_object_get_string(member);
    }
    return "";
}

static void read_error(struct vifplug_reply *reply)
{
    struct vifplug_error *error = &reply->error;
    struct json_object *data = NULL;
    struct json_object *member;

    json_object_object_get_ex(reply->fault, "data", &data);
    error->message = string_of(reply->fault, "message");
    error->reason = string_of(data, "reason");
    error->vif_id = string_of(data, "vif_id");
    error->field = string_of(data, "field");
    error->detail = string_of(data, "detail");
    if (json_object_object_get_ex(reply->fault, "code", &member)) {
        error->code = json_object_get_int(member);
    }
    if (json_object_object_get_ex(data, "retryable", &member)) {
        error->retryable = json_object_get_boolean(member);
    }
}

const char *vifplug_reply_event(const struct vifplug_reply *reply)
{
    const char *event = string_of(reply->message, "method");

    return *event ? event : NULL;
}

bool add_member(struct json_object *object, const char *key, struct json_object *value)
{
    if (object && value && json_object_object_add(object, key, value) == 0) {
        return true;
    }
    json_object_put(value);
    return false;
}

int reply_create(struct json_object *message, struct vifplug_reply **replyp)
{
    struct vifplug_reply *reply = calloc(1, sizeof *reply);

    *replyp = NULL;
    if (!reply) {
        json_object_put(message);
        return -ENOMEM;
    }
    reply->refs = 1;
    reply->message = message;
    json_object_object_get_ex(message, "result", &reply->result);
    json_object_object_get_ex(message, "error", &reply->fault);
    if (!reply->result && !reply->fault && vifplug_reply_event(reply)) {
        json_object_object_get_ex(message, "params", &reply->result);
    }
    if (!json_object_is_type(reply->fault ? reply->fault : reply->result, json_type_object)) {
        vifplug_reply_free(reply);
        return -EPROTO;
    }
    if (reply->fault) {
        read_error(reply);
    }
    *replyp = reply;
    return 0;
}

int reply_result(const struct vifplug_reply *reply)
{
    return reply->fault ? -EREMOTEIO : 0;
}

struct vifplug_reply *vifplug_reply_ref(struct vifplug_reply *reply)
{
    reply->refs++;
    return reply;
}

void vifplug_reply_free(struct vifplug_reply *reply)
{
    if (reply && --reply->refs == 0) {
        json_object_put(reply->message);
        free(reply);
    }
}

const struct vifplug_error *vifplug_reply_error(const struct vifplug_reply *reply)
{
    return reply->fault ? &reply->error : NULL;
}

const char *vifplug_reply_json(const struct vifplug_reply *reply, bool pretty)
{
    int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

    flags |= pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : JSON_C_TO_STRING_PLAIN;
    return json_object_to_json_string_ext(reply->fault ? reply->fault : reply->result, flags);
}

bool vifplug_reply_changed(const struct vifplug_reply *reply)
{
    struct json_object *member;

    return json_object_object_get_ex(reply->result, "changed", &member) &&
           json_object_get_boolean(member);
}

static struct json_object *warnings(const struct vifplug_reply *reply)
{
    struct json_object *member;

    if (json_object_object_get_ex(reply->result, "warnings", &member) &&
        json_object_is_type(member, json_type_array)) {
        return member;
    }
    return NULL;
}

size_t vifplug_reply_n_warnings(const struct vifplug_reply *reply)
{
    struct json_object *array = warnings(reply);

    return array ? json_object_array_length(array) : 0;
}

const char *vifplug_reply_warning(const struct vifplug_reply *reply, size_t i)
{
    struct json_object *array = warnings(reply);

    return array && i < json_object_array_length(array)
               ? json_object_get_string(json_object_array_get_idx(array, i))
               : NULL;
}

/* A struct vifplug_vif is the JSON object of the VIF. */
static struct json_object *vifs(const struct vifplug_reply *reply)
{
    struct json_object *member;

    if (json_object_object_get_ex(reply->result, "vifs", &member) &&
        json_object_is_type(member, json_type_array)) {
        return member;
    }
    return NULL;
}

size_t vifplug_reply_n_vifs(const struct vifplug_reply *reply)
{
    struct json_object *array = vifs(reply);

    if (array) {
        return json_object_array_length(array);
    }
    return json_object_object_get_ex(reply->result, "kind", NULL) ? 1 : 0;
}

const struct vifplug_vif *vifplug_reply_vif(const struct vifplug_reply *reply, size_t i)
{
    struct json_object *array = vifs(reply);

    if (i >= vifplug_reply_n_vifs(reply)) {
        return NULL;
    }
    return (const struct vifplug_vif *)(array ? json_object_array_get_idx(array, i)
                                              : reply->result);
}

/* The member `key` of an object or the element of that number of an array. */
static struct json_object *step(struct json_object *from, const char *key)
{
    struct json_object *value = NULL;

    if (json_object_is_type(from, json_type_array)) {
        size_t i;
        char *end;

        errno = 0;
        i = strtoul(key, &end, 10);
        return *key >= '0' && *key <= '9' && !*end && !errno ? json_object_array_get_idx(from, i)
                                                             : NULL;
    }
    json_object_object_get_ex(from, key, &value);
    return value;
}

static struct json_object *find_member(struct json_object *object, const char *path)
{
    char key[64];

    for (;;) {
        size_t length = strcspn(path, ".");

        if (length >= sizeof key) {
            return NULL;
        }
        memcpy(key, path, length);
        key[length] = '\0';
        object = step(object, key);
        if (!object || !path[length]) {
            return object;
        }
        path += length + 1;
    }
}

static int64_t int_of(struct json_object *value, int64_t missing)
{
    return json_object_is_type(value, json_type_int) ||
                   json_object_is_type(value, json_type_boolean)
               ? json_object_get_int64(value)
               : missing;
}

const char *vifplug_vif_string(const struct vifplug_vif *vif, const char *member)
{
    return json_object_get_string(find_member((struct json_object *)vif, member));
}

int64_t vifplug_vif_int(const struct vifplug_vif *vif, const char *member, int64_t missing)
{
    return int_of(find_member((struct json_object *)vif, member), missing);
}

const char *vifplug_reply_string(const struct vifplug_reply *reply, const char *member)
{
    return json_object_get_string(find_member(reply->result, member));
}

int64_t vifplug_reply_int(const struct vifplug_reply *reply, const char *member, int64_t missing)
{
    return int_of(find_member(reply->result, member), missing);
}

size_t vifplug_reply_length(const struct vifplug_reply *reply, const char *member)
{
    struct json_object *value = find_member(reply->result, member);

    return json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
}
