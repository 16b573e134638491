/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-socket-file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

struct fake_socket_file fake_socket_file;

bool socket_file_has_directory(const char *path OVS_UNUSED)
{
    fake_socket_file.n_looks++;
    return !fake_socket_file.no_directory;
}

enum socket_file socket_file_look(const char *path)
{
    fake_socket_file.n_looks++;
    return strcmp(path, fake_socket_file.path) ? SOCKET_FILE_ABSENT : fake_socket_file.file;
}

bool socket_file_remove_stale(const char *path)
{
    size_t used = strlen(fake_socket_file.removed);

    if (socket_file_look(path) == SOCKET_FILE_ABSENT) {
        return true;
    }
    if (socket_file_look(path) != SOCKET_FILE_STALE || fake_socket_file.stays) {
        errno = EACCES;
        return false;
    }
    fake_socket_file.file = SOCKET_FILE_ABSENT;
    snprintf(fake_socket_file.removed + used, sizeof fake_socket_file.removed - used, "%s%s",
             used ? ", " : "", path);
    return true;
}

/* Each path is a file of its own. */
bool socket_file_identify(const char *path, char file[SOCKET_FILE_MAX + 1])
{
    snprintf(file, SOCKET_FILE_MAX + 1, "file 1:1 %s", path);
    return true;
}
