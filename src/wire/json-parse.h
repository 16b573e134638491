/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing JSON without json-c's leniency. */

#ifndef VP_JSON_PARSE_H
#define VP_JSON_PARSE_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct json_object;

/* Deepest nesting that is accepted: os-vif objects reach 14. */
#define JSON_DEPTH_MAX 32

/* Parses `text` as one JSON value by RFC 8259 with unique object members. Returns a new reference,
 * or NULL with *error filled (which may be NULL); or NULL with *no_memory set. */
struct json_object *json_try_parse(const char *text, size_t length, bool *no_memory,
                                   struct error *error);

#endif
