/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of libvifplug share. */

#ifndef VP_CLIENT_PRIVATE_H
#define VP_CLIENT_PRIVATE_H 1

#include <vifplug/vifplug.h>

struct json_object;

/* Makes a reply of a parsed answer, whose reference it takes, or of a notification, whose params
 * are then its result. NULL if it is neither. */
struct vifplug_reply *reply_create(struct json_object *answer);

/* A notification's method; NULL of an answer. */
const char *reply_event(const struct vifplug_reply *reply);

/* 0 or -EREMOTEIO. */
int reply_result(const struct vifplug_reply *reply);

#endif
