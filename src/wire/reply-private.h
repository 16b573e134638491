/* SPDX-License-Identifier: Apache-2.0 */
/* What the builders of answers share. */

#ifndef VP_REPLY_PRIVATE_H
#define VP_REPLY_PRIVATE_H 1

struct json_object;

/* A JSON string of `value`. What is no UTF-8 (a text that was cut within a character, or what
 * others wrote into OVSDB) becomes '?', so that every line is valid JSON. */
struct json_object *reply_string(const char *value);

/* Adds a member (jadd()), unless `value` is NULL or "". */
void reply_add_string(struct json_object *object, const char *key, const char *value);

/* {"jsonrpc":"2.0","id":ID,"MEMBER":VALUE} and LF, malloc'ed. The id is JSON text already. Takes
 * `value`. */
char *reply_finish(const char *id, const char *member, struct json_object *value);

#endif
