/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: the peer's credentials (SO_PEERCRED) against the configured lists. */

#ifndef VP_ACCESS_H
#define VP_ACCESS_H 1

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum access_level { ACCESS_NONE = 0, ACCESS_READ, ACCESS_ALL };

/* The lists, resolved to numbers once: name services must not be asked from within the loop. */
struct access;

/* `allow` and `allow_read` are comma-separated users, @groups and numbers (@number for a group).
 * Names that do not exist are an error. */
struct access *access_create(const char *allow, const char *allow_read, struct error *error);
void access_destroy(struct access *access);

/* The level of a peer with these credentials: root and the daemon's own user always have
 * ACCESS_ALL. */
enum access_level access_of(const struct access *access, uid_t uid, gid_t gid, const gid_t *groups,
                            size_t n_groups);

/* The level of the process at the other end of a connected UNIX socket; ACCESS_NONE if the kernel
 * does not tell who it is. `*uid` and `*pid` are for the log. */
enum access_level access_of_peer(const struct access *access, int fd, uid_t *uid, pid_t *pid);

#endif
