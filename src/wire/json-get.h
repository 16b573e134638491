/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON strictly: getters for each type, whose errors name the member.
 *
 * Every getter takes the path of its object ("vif.network"), so that an error has the whole name of
 * the member ("vif.network.mtu"). A getter that returns false has filled *error, with
 * `invalid_request`. The tree owns the strings that getters give. */

#ifndef VP_JSON_GET_H
#define VP_JSON_GET_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/json-parse.h"

struct json_object;

enum jget_need {
    JGET_OPTIONAL, /* Missing and null both mean "not given". */
    JGET_REQUIRED
};

/* json_try_parse(), but ends the process if memory runs out. */
struct json_object *json_parse(const char *text, size_t length, struct error *error);

/* Writes "path.key" (or `key` if path is "") to error's field and fills the rest. Returns false. */
bool jget_error(struct error *error, const char *path, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Each reads member `key` of `object`. An optional member that is missing or null gives NULL, 0 or
 * false. Strings must have 1..max_length bytes (an empty optional one counts as missing); integers
 * must be JSON integers in min..max. */
bool jget_string(struct json_object *object, const char *path, const char *key, enum jget_need need,
                 size_t max_length, const char **value, struct error *error);
bool jget_int(struct json_object *object, const char *path, const char *key, enum jget_need need,
              int64_t min, int64_t max, int64_t *value, struct error *error);
bool jget_bool(struct json_object *object, const char *path, const char *key, enum jget_need need,
               bool *value, struct error *error);
bool jget_object(struct json_object *object, const char *path, const char *key, enum jget_need need,
                 struct json_object **value, struct error *error);

/* Whether `object` has a member `key` that is not null. An `object` that is NULL has none. */
bool jget_given(struct json_object *object, const char *key);

/* Checks that every member of `object` is in the NULL-terminated `known`. */
bool jget_only(struct json_object *object, const char *path, const char *const known[],
               struct error *error);

#endif
