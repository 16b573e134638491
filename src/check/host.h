/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what the host shows to checks: sysfs, directories, users. That can take long (a name
 * service, a file system), so the loop must not do it: host-reader.h. */

#ifndef VP_HOST_H
#define VP_HOST_H 1

#include "check/facts.h"
#include "nic/dpdk-extra.h"
#include "nic/nic-profile.h"

/* What to read, and where. All values: another thread has it. */
struct host_query {
    const char *sysfs_root;  /* Borrowed; outlives all readings. */
    const char *qemu_conf;   /* libvirt's qemu.conf, which may name QEMU's user. The same. */
    const char *config_path; /* The same. */
    const char *nova_user;   /* The same. */
    char socket[VIF_PATH_MAX + 1];
    char *socket_group;           /* Owned. */
    struct nic_profile *profiles; /* Owned. */
    size_t n_profiles;
    struct dpdk_extra extra;               /* Owned. */
    char (*socket_dirs)[VIF_PATH_MAX + 1]; /* Owned. */
    size_t n_socket_dirs;
};

void host_query_destroy(struct host_query *query);

/* Fills *facts. What cannot be read is as if it did not exist. */
void host_read(const struct host_query *query, struct host_facts *facts);

/* The parts of it. */
void host_read_cards(const struct host_query *query, struct host_facts *facts);
void host_read_memory(const struct host_query *query, struct host_facts *facts);
void host_read_users(const struct host_query *query, struct host_facts *facts);

/* Looks at the directories of facts->dirs, of which the paths are given, as facts->qemu may use
 * them. */
void host_read_dirs(struct host_facts *facts);

/* The name of a user or a group, or its number if it has none, as a C string in `name`. */
void host_user_name(uid_t uid, char name[HOST_NAME_LEN]);
void host_group_name(gid_t gid, char name[HOST_NAME_LEN]);

/* Adds a directory to facts->dirs, unless it is there or there are too many. Returns its entry, or
 * NULL. */
struct host_dir *host_add_dir(struct host_facts *facts, const char *path);

#endif
