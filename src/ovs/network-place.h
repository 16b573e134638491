/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a server is in our network namespace. Sockets with a path work across these namespaces,
 * links and the kernel's table of sockets do not: a vifplugd in a container with a network of its
 * own reaches OVSDB, and sees neither the switch's links nor who is connected to a guest's socket.
 */

#ifndef VP_NETWORK_PLACE_H
#define VP_NETWORK_PLACE_H 1

#define NETWORK_UNIX_TABLE "/proc/net/unix"

enum network_place {
    NETWORK_UNKNOWN, /* Nothing is bound to the path, or the table cannot be read. */
    NETWORK_SAME,
    NETWORK_OTHER
};

/* Where the server is that has bound the socket at `path`: the table of our namespace,
 * `unix_table`, has its name or not. The directories are not compared, because both may see them
 * elsewhere. */
enum network_place network_place_of(const char *path, const char *unix_table);

#endif
