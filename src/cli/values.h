/* SPDX-License-Identifier: Apache-2.0 */
/* Values of replies, whatever their types: what has another type than expected counts as missing.
 */

#ifndef VP_VALUES_H
#define VP_VALUES_H 1

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* The member of that name; NULL if `object` has none, or is no object. */
struct json_object *member(struct json_object *object, const char *key);

/* A member as text; NULL if there is none, or it has members or elements itself. */
const char *text_at(struct json_object *object, const char *key);

/* The same, with `none` in place of NULL. */
const char *text_or(struct json_object *object, const char *key, const char *none);

/* The number of elements of an array; 0 for all else. */
size_t length_of(struct json_object *array);

/* Whether `value` is an array of objects. */
bool is_list(struct json_object *value);

/* The colour of a VIF's state, for table_add(). */
const char *state_colour(const char *state);

#endif
