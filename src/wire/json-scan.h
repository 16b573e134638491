/* SPDX-License-Identifier: Apache-2.0 */
/* The strictness that json-c lacks: one pass over a JSON text before json-c reads it.
 *
 * json-c accepts NaN, single-quoted keys, raw control characters and duplicate members, even with
 * JSON_TOKENER_STRICT. The daemon accepts RFC 8259 only, and each member once (I-JSON). */

#ifndef VP_JSON_SCAN_H
#define VP_JSON_SCAN_H 1

#include <stdbool.h>
#include <stddef.h>

struct json_scan {
    size_t n_members;  /* Object members in the whole text, duplicates counted. */
    size_t error_at;   /* Where the scan has stopped, in bytes from the start. */
    const char *error; /* The error there, or NULL. */
};

/* Checks that `text` is one JSON value by RFC 8259, nested at most `max_depth` deep, in valid UTF-8
 * and without an escaped NUL. Returns false and fills scan->error if not. */
bool json_scan(const char *text, size_t length, int max_depth, struct json_scan *scan);

#endif
