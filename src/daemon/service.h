/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the service manager (sd_notify(3)). The protocol is one datagram, so the daemon does
 * not link libsystemd and its dependencies. */

#ifndef VP_SERVICE_H
#define VP_SERVICE_H 1

/* What the service manager has not taken yet: static texts, or NULL. */
struct service {
    const char *state;
    const char *status;
};

/* Sends `state` ("READY=1"; or NULL) and `status`, a few words for `systemctl status`, to
 * $NOTIFY_SOCKET, if there is one. Never waits: if the service manager is busy, service_run() tries
 * again. Borrows both texts for ever. */
void service_tell(struct service *service, const char *state, const char *status);

void service_run(struct service *service);
void service_wait(const struct service *service);

#endif
