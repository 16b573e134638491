/* SPDX-License-Identifier: Apache-2.0 */
/* The files of UNIX sockets. Nothing here connects to a server, or waits. */

#ifndef VP_SOCKET_FILE_H
#define VP_SOCKET_FILE_H 1

#include <stdbool.h>

#include "plan/vhost-socket.h"

/* Whether the directory of `path` exists. */
bool socket_file_has_directory(const char *path);

/* Looks at what is at `path`. */
enum socket_file socket_file_look(const char *path);

/* Removes the socket at `path` if no process has bound it; nothing else. Returns whether nothing is
 * there afterwards. */
bool socket_file_remove_stale(const char *path);

#endif
