/* SPDX-License-Identifier: Apache-2.0 */
/* The ids that stand for users and groups that this process cannot tell apart. In a user namespace,
 * the kernel shows all users that it does not map as one (overflowuid, usually 65534: "nobody"). */

#ifndef VP_UNKNOWN_IDS_H
#define VP_UNKNOWN_IDS_H 1

#include <stdbool.h>
#include <sys/types.h>

struct unknown_ids {
    bool some_users; /* Users exist that this process sees as `uid`. */
    uid_t uid;
    bool some_groups; /* Groups exist that this process sees as `gid`. */
    gid_t gid;
};

/* Fills *ids for the user namespace of this process. `proc` is "/proc". Maps that cannot be read
 * count as those that leave some out. */
void unknown_ids_read(const char *proc, struct unknown_ids *ids);

#endif
