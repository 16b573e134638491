/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the service manager (sd_notify(3)). The protocol is one datagram, so the daemon does
 * not link libsystemd and its dependencies. */

#ifndef VP_SERVICE_H
#define VP_SERVICE_H 1

/* Sends `state` ("READY=1") to $NOTIFY_SOCKET, if there is one. */
void notify(const char *state);

#endif
