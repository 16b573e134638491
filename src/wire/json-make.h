/* SPDX-License-Identifier: Apache-2.0 */
/* Making JSON. Each function ends the process if memory runs out (docs/architecture.md), so none
 * returns NULL: libvifplug, which must not do that, uses json-c itself. */

#ifndef VP_JSON_MAKE_H
#define VP_JSON_MAKE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

struct json_object *jnew_object(void);
struct json_object *jnew_array(size_t n); /* With room for `n` elements. */
struct json_object *jnew_string(const char *value);

/* Adds a member to `object`. `key` is a string literal, which is not copied, and is not in `object`
 * yet. Takes `value`. */
void jadd(struct json_object *object, const char *key, struct json_object *value);
void jadd_int(struct json_object *object, const char *key, int64_t value);
void jadd_bool(struct json_object *object, const char *key, bool value);

/* Adds a member whose key may be any text; replaces the one of that name. Takes `value`. */
void jset(struct json_object *object, const char *key, struct json_object *value);

/* Adds an element at the end of `array`. Takes `value`. */
void jappend(struct json_object *array, struct json_object *value);

/* `value` as JSON text in one line, which belongs to `value`. */
const char *jtext(struct json_object *value);

#endif
