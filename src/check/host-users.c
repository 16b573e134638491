/* SPDX-License-Identifier: Apache-2.0 */
/* Users of the host, and what they may do in directories. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/number.h"
#include "base/plain-file.h"
#include "check/host.h"
#include "util.h"

enum { NAME_BUFFER = 16384 };

/* The user of that name; or of that number, as qemu.conf may have it: "+1000" or "1000". */
static struct passwd *find_user(const char *name, struct passwd *passwd, char *buffer)
{
    struct passwd *found = NULL;
    int64_t uid;

    if (getpwnam_r(name, passwd, buffer, NAME_BUFFER, &found) == 0 && found) {
        return found;
    }
    if (number_parse(name + (*name == '+'), 0, UINT32_MAX, &uid) &&
        getpwuid_r((uid_t)uid, passwd, buffer, NAME_BUFFER, &found) == 0) {
        return found;
    }
    return NULL;
}

static void look_up(const char *name, struct host_user *user)
{
    char *buffer = xmalloc(NAME_BUFFER);
    struct passwd passwd;
    struct passwd *found = find_user(name, &passwd, buffer);
    int n = HOST_USER_GROUPS_MAX;

    snprintf(user->name, sizeof user->name, "%s", name);
    if (found) {
        snprintf(user->name, sizeof user->name, "%s", found->pw_name);
        user->exists = true;
        user->uid = found->pw_uid;
        user->gid = found->pw_gid;
        if (getgrouplist(found->pw_name, found->pw_gid, user->groups, &n) < 0) {
            n = HOST_USER_GROUPS_MAX; /* It has more: those that fit. */
        }
        user->n_groups = (size_t)n;
    }
    free(buffer);
}

/* The value of `user` in qemu.conf: `user = "libvirt-qemu"`. Returns false if there is none, with
 * *error set if that is because the file cannot be read, else 0. */
static bool read_qemu_conf(const char *path, char *name, size_t size, int *error)
{
    FILE *file = plain_file_stream(path);
    char line[256];
    bool found = false;

    *error = file ? 0 : errno;
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

static void read_qemu(const char *conf, struct host_facts *facts)
{
    /* The names of Debian, and of others. */
    static const char *const names[] = {"libvirt-qemu", "qemu"};
    char name[HOST_NAME_LEN];

    facts->qemu_conf = conf;
    facts->qemu_configured = read_qemu_conf(conf, name, sizeof name, &facts->qemu_conf_error);
    if (facts->qemu_configured) {
        look_up(name, &facts->qemu);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(names) && !facts->qemu.exists; i++) {
        look_up(names[i], &facts->qemu);
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

void host_user_name(uid_t uid, char name[HOST_NAME_LEN])
{
    char *buffer = xmalloc(NAME_BUFFER);
    struct passwd passwd;
    struct passwd *found = NULL;

    if (getpwuid_r(uid, &passwd, buffer, NAME_BUFFER, &found) == 0 && found) {
        snprintf(name, HOST_NAME_LEN, "%s", found->pw_name);
    } else {
        snprintf(name, HOST_NAME_LEN, "%u", (unsigned int)uid);
    }
    free(buffer);
}

void host_group_name(gid_t gid, char name[HOST_NAME_LEN])
{
    char *buffer = xmalloc(NAME_BUFFER);
    struct group group;
    struct group *found = NULL;

    if (getgrgid_r(gid, &group, buffer, NAME_BUFFER, &found) == 0 && found) {
        snprintf(name, HOST_NAME_LEN, "%s", found->gr_name);
    } else {
        snprintf(name, HOST_NAME_LEN, "%u", (unsigned int)gid);
    }
    free(buffer);
}

void host_read_users(const struct host_query *query, struct host_facts *facts)
{
    look_up(query->nova_user, &facts->nova);
    read_qemu(query->qemu_conf, facts);
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
            host_user_name(st.st_uid, dir->owner);
            host_group_name(st.st_gid, dir->group);
            dir->mode = st.st_mode & 07777;
            dir->may_search = may_reach(&facts->qemu, dir->path);
            dir->may_write = may(&facts->qemu, &st, 03);
        }
    }
}
