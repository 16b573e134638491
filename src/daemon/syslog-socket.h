/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for syslog. glibc's syslog() waits until whoever reads /dev/log has room. A journald that
 * hangs would then hang the loop, so this sends without waiting, and drops what is not taken. */

#ifndef VP_SYSLOG_SOCKET_H
#define VP_SYSLOG_SOCKET_H 1

#include <stdint.h>

struct syslog_socket;

/* `path` is the datagram socket of the syslog server. It need not exist. */
struct syslog_socket *syslog_socket_create(const char *path);
void syslog_socket_destroy(struct syslog_socket *syslog);

/* Sends a line: `priority` is that of syslog with a facility. Finds a server that was restarted.
 * Without a server the line is lost, as with syslog(). All threads may call this. */
void syslog_socket_send(struct syslog_socket *syslog, int priority, const char *ident,
                        const char *text);

/* How many lines the server had no room for. */
uint64_t syslog_socket_n_dropped(struct syslog_socket *syslog);

/* The same of the socket that Open vSwitch's log uses in this process. The program must be linked
 * with --wrap=syslog_libc_create; then that socket takes the place of Open vSwitch's method "libc",
 * its default. */
uint64_t syslog_socket_n_dropped_by_vlog(void);

#endif
