/* SPDX-License-Identifier: Apache-2.0 */
/* Users of the host, and what they may do in directories. */

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/plain-file.h"
#include "check/host.h"
#include "util.h"

enum { NAME_BUFFER = 16384 };

static void look_up(const char *name, struct host_user *user)
{
    char *buffer = xmalloc(NAME_BUFFER);
    struct passwd passwd;
    struct passwd *found = NULL;
    int n = HOST_USER_GROUPS_MAX;

    snprintf(user->name, sizeof user->name, "%s", name);
    if (getpwnam_r(name, &passwd, buffer, NAME_BUFFER, &found) == 0 && found) {
        user->exists = true;
        user->uid = found->pw_uid;
        user->gid = found->pw_gid;
        if (getgrouplist(name, found->pw_gid, user->groups, &n) < 0) {
            n = HOST_USER_GROUPS_MAX; /* It has more: those that fit. */
        }
        user->n_groups = (size_t)n;
    }
    free(buffer);
}

/* The value of `user` in qemu.conf: `user = "libvirt-qemu"`. Returns false if there is none. */
static bool read_qemu_conf(const char *path, char *name, size_t size)
{
    FILE *file = plain_file_stream(path);
    char line[256];
    bool found = false;

    while (file && fgets(line, sizeof line, file)) {
        char value[64];

        if (sscanf(line, " user = \"%63[^\"]\"", value) == 1 || /* NOLINT(cert-err34-c) */
            sscanf(line, " user=\"%63[^\"]\"", value) == 1) {   /* NOLINT(cert-err34-c) */
            snprintf(name, size, "%s", value);
            found = true;
        }
    }
    if (file) {
        fclose(file);
    }
    return found;
}

static void read_qemu(const char *conf, struct host_user *qemu)
{
    /* The names of Debian, and of others. */
    static const char *const names[] = {"libvirt-qemu", "qemu"};
    char name[64];

    if (read_qemu_conf(conf, name, sizeof name)) {
        look_up(name, qemu);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(names) && !qemu->exists; i++) {
        look_up(names[i], qemu);
    }
}

static bool group_exists(const char *name)
{
    char *buffer = xmalloc(NAME_BUFFER);
    struct group group;
    struct group *found = NULL;
    bool ok = getgrnam_r(name, &group, buffer, NAME_BUFFER, &found) == 0 && found;

    free(buffer);
    return ok;
}

void host_read_users(const struct host_query *query, struct host_facts *facts)
{
    look_up(query->nova_user, &facts->nova);
    read_qemu(query->qemu_conf, &facts->qemu);
    facts->group_exists = query->socket_group[0] && group_exists(query->socket_group);
}

/* --- Directories. --- */

struct host_dir *host_add_dir(struct host_facts *facts, const char *path)
{
    struct host_dir *dir;

    for (size_t i = 0; i < facts->n_dirs; i++) {
        if (!strcmp(facts->dirs[i].path, path)) {
            return &facts->dirs[i];
        }
    }
    if (facts->n_dirs == HOST_DIRS_MAX) {
        return NULL;
    }
    dir = &facts->dirs[facts->n_dirs++];
    snprintf(dir->path, sizeof dir->path, "%s", path);
    return dir;
}

/* Whether the user has all `wanted` (as of others: 04 reads, 02 writes, 01 searches). */
static bool may(const struct host_user *user, const struct stat *st, mode_t wanted)
{
    bool in_group = st->st_gid == user->gid;

    if (user->uid == 0) {
        return true;
    }
    for (size_t i = 0; i < user->n_groups; i++) {
        in_group |= user->groups[i] == st->st_gid;
    }
    return (st->st_mode >> (st->st_uid == user->uid ? 6 : in_group ? 3 : 0) & wanted) == wanted;
}

/* Whether the user may search the directory and all above it. */
static bool may_reach(const struct host_user *user, const char *path)
{
    char part[VIF_PATH_MAX + 1];
    struct stat st;

    if (stat("/", &st) != 0 || !may(user, &st, 01)) {
        return false;
    }
    for (size_t i = 1; i <= strlen(path); i++) {
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (stat(part, &st) != 0 || !may(user, &st, 01)) {
                return false;
            }
        }
    }
    return true;
}

void host_read_dirs(struct host_facts *facts)
{
    for (size_t i = 0; i < facts->n_dirs; i++) {
        struct host_dir *dir = &facts->dirs[i];
        struct stat st;

        if (stat(dir->path, &st) == 0 && S_ISDIR(st.st_mode)) {
            dir->exists = true;
            dir->uid = st.st_uid;
            dir->gid = st.st_gid;
            dir->mode = st.st_mode & 07777;
            dir->may_search = may_reach(&facts->qemu, dir->path);
            dir->may_write = may(&facts->qemu, &st, 03);
        }
    }
}
