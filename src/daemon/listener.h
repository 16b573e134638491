/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that vifplugd listens at. */

#ifndef VP_LISTENER_H
#define VP_LISTENER_H 1

#include "base/error.h"

/* Binds and listens at `path`: mode 0660, in `group` if it exists ("" for none). Creates the
 * directory of the socket if it is missing. Replaces a socket file at which no process listens. The
 * file is removed when the process ends. Returns a nonblocking descriptor, or -1 with *error
 * filled. */
int listener_open(const char *path, const char *group, struct error *error);

/* Closes `fd` and removes the socket file. */
void listener_close(int fd, const char *path);

#endif
