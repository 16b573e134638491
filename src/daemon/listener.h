/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that vifplugd listens at. */

#ifndef VP_LISTENER_H
#define VP_LISTENER_H 1

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct listener;

/* Takes the socket at `path` from the service manager, if it has passed one: its file, group and
 * mode are the service manager's. Else binds and listens at `path`: mode 0660, in `group` if it
 * exists ("" for none). Creates the directory of the socket if it is missing. Replaces a socket
 * file at which no process listens. Locks `path`.lock, so that of several daemons that start there
 * at once only one runs. The socket file is removed when the process ends. Returns NULL with *error
 * filled on failure. A process can have only one listener at a time. */
struct listener *listener_open(const char *path, const char *group, struct error *error);

/* Its nonblocking descriptor. */
int listener_fd(const struct listener *listener);

/* Asks the host for a group, which may take long. Returns false if it does not exist, or is "". */
bool listener_find_group(const char *name, gid_t *gid);

/* Gives the socket file to another group. Without `gid` the group does not exist, and the socket is
 * left to root. Returns false with *error filled on failure, and if the file is the service
 * manager's. */
bool listener_set_group(const struct listener *listener, const char *name, const gid_t *gid,
                        struct error *error);

/* Refuses connections from now on, and removes the socket file. accept() still returns those that
 * wait, and fails with EINVAL after them. Returns false, and does nothing, if the socket is the
 * service manager's: those that wait are for the next daemon. */
bool listener_refuse(struct listener *listener);

/* Closes it. Removes the socket file if it is still the one that listener_open() made. */
void listener_close(struct listener *listener);

#endif
