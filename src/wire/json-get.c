/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json-get.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "wire/json-parse.h"

struct json_object *json_parse(const char *text, size_t length, struct error *error)
{
    bool no_memory;
    struct json_object *value = json_try_parse(text, length, &no_memory, error);

    if (no_memory) {
        out_of_memory_abort();
    }
    return value;
}

bool jget_error(struct error *error, const char *path, const char *key, const char *format, ...)
{
    if (error) {
        va_list args;
        char field[ERROR_FIELD_LEN];

        snprintf(field, sizeof field, "%s%s%s", path, *path && *key ? "." : "", key);
        va_start(args, format);
        error_vset(error, REASON_INVALID_REQUEST, field, format, args);
        va_end(args);
    }
    return false;
}

/* Finds a member. *value is NULL if an optional one is missing or null. */
static bool find(struct json_object *object, const char *path, const char *key, enum jget_need need,
                 struct json_object **value, struct error *error)
{
    *value = NULL;
    if (!json_object_object_get_ex(object, key, value) || !*value) {
        if (need == JGET_REQUIRED) {
            return jget_error(error, path, key, "%s%s%s is missing; add it.", path,
                              *path ? "." : "", key);
        }
    }
    return true;
}

static bool wrong_type(struct error *error, const char *path, const char *key, const char *type)
{
    return jget_error(error, path, key, "%s%s%s must be %s; correct it.", path, *path ? "." : "",
                      key, type);
}

bool jget_string(struct json_object *object, const char *path, const char *key, enum jget_need need,
                 size_t max_length, const char **value, struct error *error)
{
    struct json_object *member;
    size_t length;

    *value = NULL;
    if (!find(object, path, key, need, &member, error)) {
        return false;
    }
    if (!member) {
        return true;
    }
    if (!json_object_is_type(member, json_type_string)) {
        return wrong_type(error, path, key, "a string");
    }
    length = (size_t)json_object_get_string_len(member);
    if (length > max_length || (length == 0 && need == JGET_REQUIRED)) {
        return jget_error(error, path, key, "%s%s%s must have 1 to %zu bytes, not %zu; correct it.",
                          path, *path ? "." : "", key, max_length, length);
    }
    *value = length ? json_object_get_string(member) : NULL;
    return true;
}

bool jget_int(struct json_object *object, const char *path, const char *key, enum jget_need need,
              int64_t min, int64_t max, int64_t *value, struct error *error)
{
    struct json_object *member;

    *value = 0;
    if (!find(object, path, key, need, &member, error)) {
        return false;
    }
    if (!member) {
        return true;
    }
    if (!json_object_is_type(member, json_type_int)) {
        return wrong_type(error, path, key, "an integer");
    }
    *value = json_object_get_int64(member); /* Saturates, so the range check still holds. */
    if (*value < min || *value > max) {
        return jget_error(error, path, key,
                          "%s%s%s must be an integer from %lld to %lld; correct it.", path,
                          *path ? "." : "", key, (long long)min, (long long)max);
    }
    return true;
}

bool jget_bool(struct json_object *object, const char *path, const char *key, enum jget_need need,
               bool *value, struct error *error)
{
    struct json_object *member;

    *value = false;
    if (!find(object, path, key, need, &member, error)) {
        return false;
    }
    if (member && !json_object_is_type(member, json_type_boolean)) {
        return wrong_type(error, path, key, "true or false");
    }
    *value = member && json_object_get_boolean(member);
    return true;
}

bool jget_object(struct json_object *object, const char *path, const char *key, enum jget_need need,
                 struct json_object **value, struct error *error)
{
    if (!find(object, path, key, need, value, error)) {
        return false;
    }
    if (*value && !json_object_is_type(*value, json_type_object)) {
        return wrong_type(error, path, key, "an object");
    }
    return true;
}

bool jget_given(struct json_object *object, const char *key)
{
    struct json_object *member;

    return json_object_object_get_ex(object, key, &member) && member;
}

bool jget_only(struct json_object *object, const char *path, const char *const known[],
               struct error *error)
{
    struct json_object_iterator it = json_object_iter_begin(object);
    struct json_object_iterator end = json_object_iter_end(object);

    for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
        const char *name = json_object_iter_peek_name(&it);
        size_t i = 0;

        while (known[i] && strcmp(known[i], name)) {
            i++;
        }
        if (!known[i]) {
            return jget_error(error, path, name, "%s has no member '%.64s'; remove it.",
                              *path ? path : "A request", name);
        }
    }
    return true;
}
