/* SPDX-License-Identifier: Apache-2.0 */
/* The socket file that vifplugd listens at. */

#ifndef VP_LISTENER_H
#define VP_LISTENER_H 1

#include "base/error.h"

/* Binds and listens at `path`: mode 0660, in `group` if it exists ("" for none). The directory is
 * made if only it is missing. A socket file that nobody listens at is taken over; the file goes
 * with the process. Returns a nonblocking descriptor, or -1 with *error filled. */
int listener_open(const char *path, const char *group, struct error *error);

/* Closes `fd` and removes the socket file. */
void listener_close(int fd, const char *path);

#endif
