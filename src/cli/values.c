/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/values.h"

#include <json-c/json.h>
#include <string.h>

const char *state_colour(const char *state)
{
    if (!strcmp(state, "up")) {
        return "green";
    }
    return !strcmp(state, "failed") ? "red" : "brown";
}

struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

const char *text_at(struct json_object *object, const char *key)
{
    struct json_object *value = member(object, key);

    return json_object_is_type(value, json_type_object) ||
                   json_object_is_type(value, json_type_array)
               ? NULL
               : json_object_get_string(value);
}

const char *text_or(struct json_object *object, const char *key, const char *none)
{
    const char *text = text_at(object, key);

    return text ? text : none;
}

size_t length_of(struct json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

bool is_list(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_array)) {
        return false;
    }
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        if (!json_object_is_type(json_object_array_get_idx(value, i), json_type_object)) {
            return false;
        }
    }
    return true;
}
