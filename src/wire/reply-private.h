/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that all makers of replies use. */

#ifndef VP_REPLY_PRIVATE_H
#define VP_REPLY_PRIVATE_H 1

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* Returns `value` as a JSON string. Bytes that are not UTF-8 become '?', so that every line is
 * valid JSON: others may have written them into OVSDB, or a text was cut within a character. */
struct json_object *reply_string(const char *value);

/* Adds a member (see jadd()), unless `value` is NULL or "". */
void reply_add_string(struct json_object *object, const char *key, const char *value);

/* Adds the Port's VLAN tag, if it has one, and says so if that is Neutron's dead VLAN. */
void put_tag(struct json_object *object, bool has_tag, int tag);

/* Adds a time, ms since the epoch, as "2026-11-26T23:30:54.123Z" (RFC 3339). */
void reply_add_time(struct json_object *object, const char *key, int64_t ms);

/* Returns {"jsonrpc":"2.0","id":ID,"MEMBER":VALUE} and LF, malloc'ed. `id` is JSON text. Takes
 * `value`. */
char *reply_finish(const char *id, const char *member, struct json_object *value);

#endif
