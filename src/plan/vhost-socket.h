/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that ovs-vswitchd makes: those of ports of type dpdkvhostuser (guests in mode
 * client).
 *
 * vswitchd cannot make a socket if a file has its path, and a vswitchd that was killed leaves its
 * socket. Such a port fails. The process must then not try the same path again: DPDK keeps the
 * number of a file descriptor that it has closed, and each further try closes, or listens at,
 * whatever file of vswitchd has that number by then (rte_vhost_driver_start() after a failed bind()
 * in lib/vhost/socket.c). ovs-vswitchd can hang in accept() for good. So vifplugd looks at the file
 * before vswitchd does. */

#ifndef VP_VHOST_SOCKET_H
#define VP_VHOST_SOCKET_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/vif.h"
#include "plan/record.h"

/* What is at the path of a socket. */
enum socket_file {
    SOCKET_FILE_ABSENT,      /* Or nobody has looked (check_paths = no). */
    SOCKET_FILE_STALE,       /* A socket that no process has bound: nobody can use it. */
    SOCKET_FILE_BOUND,       /* A socket that a process has bound. */
    SOCKET_FILE_OTHER,       /* No socket: a file, a directory, a link. */
    SOCKET_FILE_UNKNOWN,     /* vifplugd may not look at it. */
    SOCKET_FILE_NO_DIRECTORY /* The directory of the path does not exist. */
};

/* Whether the present vswitchd process has failed to make the socket. */
enum socket_history {
    SOCKET_NOT_TRIED,
    SOCKET_TRIED,
    SOCKET_HISTORY_UNKNOWN /* vswitchd started before vifplugd. */
};

struct socket_facts {
    const char *path;
    enum socket_file file;
    enum socket_history history;
    bool released; /* vswitchd holds no socket of a port that was removed: the file is another's. */
};

/* Whether a port of type `type` with that error (may be NULL) has failed to make its socket. */
bool vhost_socket_has_failed(const char *type, const char *error_text);

/* Whether vswitchd would have to make the socket if `spec` replaced the port `current` (may be
 * NULL). */
bool vhost_socket_is_made(const struct port_spec *spec, const struct record *current);

/* Whether the file that vhost_socket_check() refuses may be of a port that vswitchd is removing: it
 * listens there, or has closed the socket and not removed the file yet. */
bool vhost_socket_may_go(const struct socket_facts *facts);

/* Decides whether vswitchd may make the socket. *stale is then whether the file there has to be
 * removed first. Errors: not_realized, if the process has failed to make it before; socket_in_use,
 * if something is at the path that may not be removed; invalid_request, if the directory is
 * missing. */
bool vhost_socket_check(const struct vif *vif, const struct record *current,
                        const struct socket_facts *facts, bool *stale, struct error *error);

#endif
