/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json-make.h"

#include <json-c/json.h>

#include "base/memory.h"

struct json_object *jnew_object(void)
{
    return need_memory(json_object_new_object());
}

struct json_object *jnew_array(size_t n)
{
    return need_memory(json_object_new_array_ext((int)n));
}

struct json_object *jnew_string(const char *value)
{
    return need_memory(json_object_new_string(value));
}

static void add(struct json_object *object, const char *key, struct json_object *value,
                unsigned int flags)
{
    if (json_object_object_add_ex(object, key, need_memory(value), flags) != 0) {
        out_of_memory_abort();
    }
}

void jadd(struct json_object *object, const char *key, struct json_object *value)
{
    add(object, key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

void jadd_int(struct json_object *object, const char *key, int64_t value)
{
    jadd(object, key, json_object_new_int64(value));
}

void jadd_bool(struct json_object *object, const char *key, bool value)
{
    jadd(object, key, json_object_new_boolean(value));
}

void jset(struct json_object *object, const char *key, struct json_object *value)
{
    add(object, key, value, 0);
}

void jappend(struct json_object *array, struct json_object *value)
{
    if (json_object_array_add(array, need_memory(value)) != 0) {
        out_of_memory_abort();
    }
}

const char *jtext(struct json_object *value)
{
    return need_memory((void *)json_object_to_json_string_ext(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}
