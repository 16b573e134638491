/* SPDX-License-Identifier: Apache-2.0 */
/* The files of UNIX sockets: what is at a path, and which file it is. Nothing here connects to a
 * server, or waits. */

#ifndef VP_SOCKET_FILE_H
#define VP_SOCKET_FILE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/vif.h"
#include "plan/port-spec.h"
#include "plan/vhost-socket.h"

/* Whether the directory of `path` exists. */
bool socket_file_has_directory(const char *path);

/* Looks at what is at `path`. */
enum socket_file socket_file_look(const char *path);

/* Removes the socket at `path` if no process has bound it; nothing else. Returns whether nothing is
 * there afterwards. */
bool socket_file_remove_stale(const char *path);

/* Which file a vhost-user socket is. Two paths can be one file: through symbolic links, bind mounts
 * and hard links. DPDK looks sockets up by path, but the guest behind them is the file's. A socket
 * often does not exist yet, so its identity is that of its directory, and its name there. */

/* Fills `file` with "file DEVICE:INODE NAME" of the socket `path`, after following symbolic links.
 * Returns false, and fills it with "", if the directory does not exist. */
bool socket_file_identify(const char *path, char file[SOCKET_FILE_MAX + 1]);

/* The NAME of socket_file_identify(), or of a path. */
const char *socket_file_name(const char *key);

/* Whether `path` exists and has other hard links. */
bool socket_file_is_linked(const char *path);

/* Whether both exist and are one file. */
bool socket_file_same(const char *a, const char *b);

#define SOCKET_DIRS_MAX 16

/* The directories that sockets were last recorded in, to notice when one of them becomes another
 * (made anew, or a symbolic link changes). All zeros at first. */
struct socket_dirs {
    struct {
        char path[VIF_PATH_MAX + 1];
        dev_t device;
        ino_t inode; /* 0: it did not exist. */
    } dirs[SOCKET_DIRS_MAX];
    size_t n;
    size_t next; /* The entry that is replaced next. */
};

/* Records the directory of `path`. */
void socket_dirs_note(struct socket_dirs *dirs, const char *path);

/* Whether one of the directories has changed since it was recorded, or since the last call. */
bool socket_dirs_changed(struct socket_dirs *dirs);

#endif
