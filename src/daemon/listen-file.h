/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a UNIX socket on which this process listens. */

#ifndef VP_LISTEN_FILE_H
#define VP_LISTEN_FILE_H 1

#include <stdbool.h>
#include <sys/types.h>

#include "base/vif.h"

/* All 0: there is no file. */
struct listen_file {
    char path[VIF_PATH_MAX + 1];
    dev_t dev;
    ino_t ino;
};

/* Binds the socket `fd` to `path` and gives the file this mode. Takes the place of a socket at
 * which no process listens. Returns false with errno: EADDRINUSE if a process listens there, EEXIST
 * if the file is no socket, else why the file cannot be made. */
bool listen_file_bind(struct listen_file *file, int fd, const char *path, mode_t mode);

/* Whether the path still names the file that listen_file_bind() made, and not one of a process that
 * took its place. */
bool listen_file_is_ours(const struct listen_file *file);

/* Removes the file if it is ours. */
void listen_file_remove(struct listen_file *file);

#endif
