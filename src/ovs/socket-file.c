/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/socket-file.h"

#include <errno.h>
#include <libgen.h>
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
