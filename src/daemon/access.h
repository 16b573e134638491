/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions: checks a peer's credentials (SO_PEERCRED) against the configured lists. */

#ifndef VP_ACCESS_H
#define VP_ACCESS_H 1

#include <stdbool.h>
#include <sys/types.h>

#include "base/client.h"
#include "base/error.h"

enum access_level { ACCESS_NONE = 0, ACCESS_READ, ACCESS_ALL };

/* The lists as numbers. Names are resolved once, because the loop must not wait for a name service.
 */
struct access;

/* Room for why a list is refused. */
#define ACCESS_WHY_LEN 512

/* Whether all that `list` names exists: comma-separated users, @groups and numbers (@number for a
 * group), and stands for one user or group. If not, stores why, and what to do. */
bool access_check(const char *list, char *why, size_t size);

/* The two lists, as for access_check(). A list that it refuses is an error. */
struct access *access_create(const char *allow, const char *allow_read, struct error *error);
void access_destroy(struct access *access);

/* Whether it is root or the daemon's own user, for whom some of everything is kept. */
bool access_is_privileged(const struct access *access, uid_t uid);

/* Returns the level of a peer with these credentials. Root and the daemon's own user always have
 * ACCESS_ALL; users that the kernel cannot tell apart for us have none. */
enum access_level access_of(const struct access *access, uid_t uid, gid_t gid, const gid_t *groups,
                            size_t n_groups);

/* Returns the level of the process at the other end of a connected UNIX socket, or ACCESS_NONE if
 * the kernel does not give its credentials. `*uid` and `*pid` are for the log. */
enum access_level access_of_peer(const struct access *access, int fd, uid_t *uid, pid_t *pid);

/* Says why a user without a level has none. Always returns false. */
bool access_refuse(const struct access *access, uid_t uid, struct error *error);

/* The process `pid` of that user, with the name that it has now. Reads /proc. */
struct client access_client(uid_t uid, pid_t pid);

#endif
