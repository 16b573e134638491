/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number.h"
#include "base/plain-file.h"
#include "base/unknown-ids.h"
#include "util.h"

/* Of one list. */
enum { ENTRIES_MAX = 64 };

struct entry {
    bool group;
    id_t id;
    enum access_level level;
};

struct access {
    struct entry entries[2 * ENTRIES_MAX];
    size_t n_entries;
    struct unknown_ids unknown; /* They have no access, whatever the lists say. */
};

static bool resolve(const char *name, struct entry *entry)
{
    const char *text = name + (*name == '@');
    int64_t number;

    entry->group = *name == '@';
    if (text[strspn(text, "0123456789")] == '\0') {
        bool is_id = number_parse(text, 0, (id_t)-2, &number);

        entry->id = is_id ? (id_t)number : 0;
        return is_id;
    }
    if (entry->group) {
        const struct group *group = getgrnam(text);

        entry->id = group ? group->gr_gid : 0;
        return group != NULL;
    }

    const struct passwd *user = getpwnam(text);

    entry->id = user ? user->pw_uid : 0;
    return user != NULL;
}

/* Whether an entry names an id that stands for many. */
static bool is_unknown(const struct unknown_ids *unknown, const struct entry *entry)
{
    return entry->group ? unknown->some_groups && entry->id == unknown->gid
                        : unknown->some_users && entry->id == unknown->uid;
}

static bool add_list(struct access *access, const char *list, enum access_level level, char *why,
                     size_t size)
{
    size_t end = access->n_entries + ENTRIES_MAX;
    char name[300]; /* Longer than any name on a host. */

    while (list_next(&list, name, sizeof name)) {
        struct entry *entry = &access->entries[access->n_entries];

        if (access->n_entries == end) {
            snprintf(why, size, "has more than %d entries; use groups", ENTRIES_MAX);
            return false;
        }
        if (!resolve(name, entry)) {
            snprintf(why, size,
                     "names the %s '%s', which does not exist here; remove it or create it",
                     *name == '@' ? "group" : "user", name + (*name == '@'));
            return false;
        }
        if (is_unknown(&access->unknown, entry)) {
            snprintf(why, size,
                     "names the %s '%s' (%u), which in this user namespace stands for all %ss "
                     "outside it; name another, or run vifplugd in the host's user namespace",
                     entry->group ? "group" : "user", name + (*name == '@'),
                     (unsigned int)entry->id, entry->group ? "group" : "user");
            return false;
        }
        entry->level = level;
        access->n_entries++;
    }
    return true;
}

bool access_check(const char *list, char *why, size_t size)
{
    struct access access = {.n_entries = 0};

    unknown_ids_read("/proc", &access.unknown);
    return add_list(&access, list, ACCESS_ALL, why, size);
}

struct access *access_create(const char *allow, const char *allow_read, struct error *error)
{
    struct access *access = xzalloc(sizeof *access);
    const char *key = "allow";
    char why[ACCESS_WHY_LEN];
    bool ok;

    unknown_ids_read("/proc", &access->unknown);
    ok = add_list(access, allow, ACCESS_ALL, why, sizeof why);
    if (ok) {
        key = "allow_read";
        ok = add_list(access, allow_read, ACCESS_READ, why, sizeof why);
    }
    if (!ok) {
        error_set(error, REASON_INVALID_REQUEST, key, "%s %s.", key, why);
        access_destroy(access);
        return NULL;
    }
    return access;
}

void access_destroy(struct access *access)
{
    free(access);
}

/* Whether the kernel shows only one user as `uid`. */
static bool is_known_user(const struct access *access, uid_t uid)
{
    return !access->unknown.some_users || uid != access->unknown.uid;
}

bool access_is_privileged(const struct access *access, uid_t uid)
{
    return (uid == 0 || uid == geteuid()) && is_known_user(access, uid);
}

enum access_level access_of(const struct access *access, uid_t uid, gid_t gid, const gid_t *groups,
                            size_t n_groups)
{
    enum access_level level = ACCESS_NONE;

    if (access_is_privileged(access, uid)) {
        return ACCESS_ALL;
    }
    if (!is_known_user(access, uid)) {
        return ACCESS_NONE;
    }
    for (size_t i = 0; i < access->n_entries; i++) {
        const struct entry *entry = &access->entries[i];
        bool match = entry->group ? entry->id == gid : entry->id == uid;

        for (size_t j = 0; entry->group && j < n_groups; j++) {
            match |= entry->id == groups[j];
        }
        if (match && entry->level > level) {
            level = entry->level;
        }
    }
    return level;
}

/* The supplementary groups of the peer, malloc'ed. A process can have 65536. */
static gid_t *groups_of_peer(int fd, size_t *n)
{
    socklen_t length = 64 * sizeof(gid_t);
    gid_t *groups = xmalloc(length);

    while (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0) {
        if (errno != ERANGE) {
            length = 0; /* Linux before 4.13 has only the primary group. */
            break;
        }
        groups = xrealloc(groups, length); /* The kernel has set `length` to what it needs. */
    }
    *n = length / sizeof groups[0];
    return groups;
}

enum access_level access_of_peer(const struct access *access, int fd, uid_t *uid, pid_t *pid)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    enum access_level level;
    gid_t *groups;
    size_t n_groups;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        return ACCESS_NONE;
    }
    *uid = peer.uid;
    *pid = peer.pid;
    groups = groups_of_peer(fd, &n_groups);
    level = access_of(access, peer.uid, peer.gid, groups, n_groups);
    free(groups);
    return level;
}

bool access_refuse(const struct access *access, uid_t uid, struct error *error)
{
    return error_set(
        error, REASON_PERMISSION_DENIED, "",
        is_known_user(access, uid)
            ? "Your user may not use vifplugd; have it added to 'allow' or 'allow_read' in "
              "vifplugd.conf."
            : "Your user does not exist in vifplugd's user namespace, so vifplugd cannot tell it "
              "from others; run vifplugd's container in the host's user namespace.");
}

struct client access_client(uid_t uid, pid_t pid)
{
    struct client client = {.uid = uid, .pid = pid};
    char path[32];
    ssize_t n = -1;
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
    fd = pid > 0 ? plain_file_open(path) : -1;
    if (fd >= 0) {
        n = read(fd, client.name, sizeof client.name - 1);
        close(fd);
    }
    client.name[n > 0 ? n : 0] = '\0';
    if (n > 0 && client.name[n - 1] == '\n') {
        client.name[n - 1] = '\0';
    }
    return client;
}
