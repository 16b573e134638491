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

/* Copies *given, whose first member is its size, to `copy`, of `known` bytes: what *given does not
 * have becomes 0. Returns 0; -EINVAL if its size is less than `least`, that of the first version,
 * or no size; -E2BIG if it has what is unknown here. */
int take_sized(void *copy, size_t known, size_t least, const void *given);

/* The options that a call takes. */
enum { TAKES_TIMEOUT = 1, TAKES_WAIT = 2, TAKES_COMMITTED = 4, TAKES_DRY_RUN = 8 };
enum { TAKES_ALL = TAKES_TIMEOUT | TAKES_WAIT | TAKES_COMMITTED | TAKES_DRY_RUN };

/* The same for the structs of the header. Options and a filter that are NULL become the defaults.
 * `taken`: the options that the call takes; others are -EINVAL. */
int take_options(struct vifplug_options *copy, const struct vifplug_options *given,
                 unsigned int taken);
int take_qos(struct vifplug_qos *copy, const struct vifplug_qos *given);
int take_filter(struct vifplug_filter *copy, const struct vifplug_filter *given);

/* Makes a reply of a parsed message of the daemon, whose reference it takes. A notification becomes
 * a reply whose result is its params. Returns 0; -EPROTO if the message is neither; or -ENOMEM. */
int reply_create(struct json_object *message, struct vifplug_reply **reply);

/* Whether vifplug_next_event() has events to fetch, as it did before the call. */
bool keep_events(struct vifplug *vifplug, bool keep);

/* 0 or -EREMOTEIO. */
int reply_result(const struct vifplug_reply *reply);

#endif
