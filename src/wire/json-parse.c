/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json-parse.h"

#include <json-c/json.h>

#include "wire/json-scan.h"

static size_t count_members(struct json_object *value)
{
    size_t n = 0;

    if (json_object_is_type(value, json_type_object)) {
        struct json_object_iterator it = json_object_iter_begin(value);
        struct json_object_iterator end = json_object_iter_end(value);

        for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
            n += 1 + count_members(json_object_iter_peek_value(&it));
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            n += count_members(json_object_array_get_idx(value, i));
        }
    }
    return n;
}

static void parse_error(struct error *error, const char *what, size_t at)
{
    error_set(error, REASON_INVALID_REQUEST, "",
              "The text is not valid JSON (%s at byte %zu); send one JSON object per line.", what,
              at);
    if (error) {
        error->rpc_code = RPC_PARSE_ERROR;
    }
}

/* Whether json-c failed because memory has run out. Before 0.17 it gives no such error. */
static bool lacks_memory(struct json_tokener *tokener)
{
#if JSON_C_VERSION_NUM >= ((0 << 16) | (17 << 8))
    return json_tokener_get_error(tokener) == json_tokener_error_memory;
#else
    (void)tokener;
    return false;
#endif
}

struct json_object *json_try_parse(const char *text, size_t length, bool *no_memory,
                                   struct error *error)
{
    struct json_object *value = NULL;
    struct json_tokener *tokener;
    struct json_scan scan;

    *no_memory = false;
    if (!json_scan(text, length, JSON_DEPTH_MAX, &scan)) {
        parse_error(error, scan.error, scan.error_at);
        return NULL;
    }
    /* json-c counts the outermost value as one level more. */
    tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
    if (!tokener) {
        *no_memory = true;
        return NULL;
    }
    /* Do not use JSON_TOKENER_STRICT: json_scan() has checked all that it would check, and with it
     * json-c 0.17 and 0.18 refuse every byte from 0x80 on. */
    value = json_tokener_parse_ex(tokener, text, (int)length);
    if (!value && json_tokener_get_error(tokener) == json_tokener_continue) {
        value = json_tokener_parse_ex(tokener, "", 1); /* A bare number ends only with a NUL. */
    }
    if (json_tokener_get_error(tokener) != json_tokener_success) {
        parse_error(error, json_tokener_error_desc(json_tokener_get_error(tokener)),
                    json_tokener_get_parse_end(tokener));
        *no_memory = lacks_memory(tokener);
        json_object_put(value);
        value = NULL;
    } else if (!value) {
        parse_error(error, "null", 0);
    } else if (count_members(value) != scan.n_members) {
        parse_error(error, "an object has two members of one name", length);
        json_object_put(value);
        value = NULL;
    }
    json_tokener_free(tokener);
    return value;
}
