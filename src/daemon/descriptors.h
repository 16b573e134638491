/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors: clients get only those that the daemon itself does not need. */

#ifndef VP_DESCRIPTORS_H
#define VP_DESCRIPTORS_H 1

/* Raises the soft limit of open files as far as `max_connections` needs it and the hard limit
 * allows. Returns how many connections the daemon can accept, at least 1: `max_connections`, or
 * fewer, with a warning in the log, if there are not enough descriptors. */
int descriptors_reserve(int max_connections);

#endif
