/* SPDX-License-Identifier: Apache-2.0 */
/* libvifplug: declarations for all its files. */

#ifndef VP_CLIENT_PRIVATE_H
#define VP_CLIENT_PRIVATE_H 1

#include <vifplug/vifplug.h>

struct json_object;

/* The monotonic clock. */
long long clock_ms(void);

/* Connects to `path` as vifplug_open_within() does. Returns the socket, or a negative errno value.
 */
int connect_socket(const char *path, int wait_ms);

/* Adds a member to `object`. Takes `value`. Returns false if memory runs out, also if `object` or
 * `value` is NULL because it ran out before. */
bool add_member(struct json_object *object, const char *key, struct json_object *value);

/* Makes a reply of a parsed message of the daemon, whose reference it takes. A notification becomes
 * a reply whose result is its params. Returns 0; -EPROTO if the message is neither; or -ENOMEM. */
int reply_create(struct json_object *message, struct vifplug_reply **reply);

/* The method of a notification; NULL for a reply. */
const char *reply_event(const struct vifplug_reply *reply);

/* 0 or -EREMOTEIO. */
int reply_result(const struct vifplug_reply *reply);

#endif
