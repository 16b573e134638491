/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/socket-file.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Finds out whether a process has bound the socket at `path`. A datagram socket cannot connect to a
 * stream server, so the server notices nothing: the kernel says EPROTOTYPE if there is one, and
 * ECONNREFUSED only if no socket is bound to the file at all (unix_find_bsd() in
 * net/unix/af_unix.c). */
static enum socket_file find_server(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    enum socket_file found = SOCKET_FILE_UNKNOWN;
    int fd;

    if (strlen(path) >= sizeof addr.sun_path) {
        return SOCKET_FILE_UNKNOWN;
    }
    strcpy(addr.sun_path, path);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return SOCKET_FILE_UNKNOWN;
    }
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0 || errno == EPROTOTYPE) {
        found = SOCKET_FILE_BOUND;
    } else if (errno == ECONNREFUSED) {
        found = SOCKET_FILE_STALE;
    } else if (errno == ENOENT) {
        found = SOCKET_FILE_ABSENT;
    }
    close(fd);
    return found;
}

bool socket_file_has_directory(const char *path)
{
    char copy[VIF_PATH_MAX + 1];
    struct stat st;

    snprintf(copy, sizeof copy, "%s", path);
    return stat(dirname(copy), &st) == 0 && S_ISDIR(st.st_mode);
}

enum socket_file socket_file_look(const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            return SOCKET_FILE_UNKNOWN;
        }
        return socket_file_has_directory(path) ? SOCKET_FILE_ABSENT : SOCKET_FILE_NO_DIRECTORY;
    }
    if (!S_ISSOCK(st.st_mode)) {
        return SOCKET_FILE_OTHER;
    }
    return find_server(path);
}

bool socket_file_remove_stale(const char *path)
{
    switch (socket_file_look(path)) {
    case SOCKET_FILE_ABSENT:
        return true;
    case SOCKET_FILE_STALE:
        return unlink(path) == 0 || errno == ENOENT;
    default:
        return false;
    }
}

/* --- Which file it is. --- */

/* How many symbolic links a socket's path may follow, one after another. */
enum { LINKS_MAX = 8 };

/* Fills `dir` with the directory of `path`; returns the name there, or NULL if there is none. */
static const char *split(const char *path, char dir[PATH_MAX])
{
    const char *slash = strrchr(path, '/');

    if (!slash || !slash[1] || slash - path >= PATH_MAX) {
        return NULL;
    }
    memcpy(dir, path, (size_t)(slash - path));
    dir[slash - path] = '\0';
    if (slash == path) {
        strcpy(dir, "/");
    }
    return slash + 1;
}

/* If `path` is a symbolic link, replaces it with the link's target. */
static bool follow(char path[PATH_MAX], const char *dir)
{
    char joined[2 * PATH_MAX];
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);

    if (n <= 0) {
        return false;
    }
    target[n] = '\0';
    snprintf(joined, sizeof joined, "%s%s%s", target[0] == '/' ? "" : dir,
             target[0] == '/' ? "" : "/", target);
    if (strlen(joined) >= PATH_MAX) {
        return false;
    }
    strcpy(path, joined);
    return true;
}

bool socket_file_identify(const char *path, char file[SOCKET_FILE_MAX + 1])
{
    char current[PATH_MAX];
    char dir[PATH_MAX];

    file[0] = '\0';
    if (path[0] != '/' || strlen(path) >= sizeof current) {
        return false;
    }
    strcpy(current, path);
    for (int i = 0; i < LINKS_MAX; i++) {
        const char *name = split(current, dir);
        struct stat st;

        if (!name || strlen(name) > VIF_PATH_MAX || stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
            return false;
        }
        snprintf(file, SOCKET_FILE_MAX + 1, "file %ju:%ju %s", (uintmax_t)st.st_dev,
                 (uintmax_t)st.st_ino, name);
        if (!follow(current, dir)) {
            return true;
        }
    }
    file[0] = '\0';
    return false;
}

const char *socket_file_name(const char *key)
{
    const char *space = key[0] == '/' ? NULL : strchr(key, ' ');
    const char *slash = strrchr(key, '/');

    if (space) {
        space = strchr(space + 1, ' ');
        return space ? space + 1 : key;
    }
    return slash ? slash + 1 : key;
}

bool socket_file_is_linked(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) && st.st_nlink > 1;
}

bool socket_file_same(const char *a, const char *b)
{
    struct stat x;
    struct stat y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void look(const char *path, dev_t *device, ino_t *inode)
{
    struct stat st;
    bool exists = stat(path, &st) == 0;

    *device = exists ? st.st_dev : 0;
    *inode = exists ? st.st_ino : 0;
}

void socket_dirs_note(struct socket_dirs *dirs, const char *path)
{
    char dir[PATH_MAX];
    size_t i;

    if (!split(path, dir) || strlen(dir) > VIF_PATH_MAX) {
        return;
    }
    for (i = 0; i < dirs->n; i++) {
        if (!strcmp(dirs->dirs[i].path, dir)) {
            return;
        }
    }
    i = dirs->next;
    dirs->next = (dirs->next + 1) % SOCKET_DIRS_MAX;
    dirs->n = dirs->n < SOCKET_DIRS_MAX ? dirs->n + 1 : dirs->n;
    strcpy(dirs->dirs[i].path, dir);
    look(dir, &dirs->dirs[i].device, &dirs->dirs[i].inode);
}

bool socket_dirs_changed(struct socket_dirs *dirs)
{
    bool changed = false;

    for (size_t i = 0; i < dirs->n; i++) {
        dev_t device;
        ino_t inode;

        look(dirs->dirs[i].path, &device, &inode);
        changed |= device != dirs->dirs[i].device || inode != dirs->dirs[i].inode;
        dirs->dirs[i].device = device;
        dirs->dirs[i].inode = inode;
    }
    return changed;
}
