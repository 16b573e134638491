/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the codecs share: JSON to decode, and a decoded VIF as text to compare. */

#ifndef TEST_VIF_JSON_H
#define TEST_VIF_JSON_H 1

#include "check.h"

#include <json-c/json.h>
#include <stdio.h>

#include "wire/json-get.h"

/* The sample `name` of TEST_SAMPLES_DIR, without ".json"; the caller puts it. */
static inline struct json_object *load_sample(const char *name)
{
    char path[512];
    char text[32768];
    struct json_object *object;
    struct error error = {0};
    size_t n;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.json", TEST_SAMPLES_DIR, name);
    file = fopen(path, "re");
    CHECK(path, file != NULL);
    n = fread(text, 1, sizeof text, file);
    fclose(file);
    CHECK(path, n < sizeof text);
    object = json_parse(text, n, &error);
    CHECK_STR(path, error.message, "");
    return object;
}

/* Parses `text`, in which single quotes stand for double ones; the caller puts it. */
static inline struct json_object *parse_quoted(const char *text)
{
    char copy[2048];
    struct error error = {0};
    struct json_object *object;

    CHECK(text, strlen(text) < sizeof copy);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    object = json_parse(copy, strlen(copy), &error);
    CHECK_STR(text, error.message, "");
    return object;
}

/* Sets the member at `path` to `value` (JSON text; NULL removes it). Components are separated by
 * '/', and '@' stands for "versioned_object.data", '@x' for "versioned_object.x". */
static inline void edit_json(struct json_object *object, const char *path, const char *value)
{
    char text[160];
    char *save = NULL;
    char *item;

    snprintf(text, sizeof text, "%s", path);
    item = strtok_r(text, "/", &save);
    for (;;) {
        char key[64];
        char *next = strtok_r(NULL, "/", &save);

        snprintf(key, sizeof key, "%s%s", *item == '@' ? "versioned_object." : "",
                 *item != '@' ? item
                 : item[1]    ? item + 1
                              : "data");
        if (!next) {
            CHECK(path, value || json_object_object_get_ex(object, key, NULL));
            json_object_object_del(object, key);
            if (value) {
                struct json_object *new = json_tokener_parse(value);

                CHECK(value, new || !strcmp(value, "null"));
                json_object_object_add(object, key, new);
            }
            return;
        }
        CHECK(path, json_object_object_get_ex(object, key, &object));
        item = next;
    }
}

#endif
