/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the service manager (sd_notify(3)): the protocol is one datagram, so libsystemd, and what
 * it would pull into the process, is not linked. */

#ifndef VP_NOTIFY_H
#define VP_NOTIFY_H 1

/* Sends `state` ("READY=1") to $NOTIFY_SOCKET, if there is one. */
void notify(const char *state);

#endif
