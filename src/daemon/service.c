/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "openvswitch/poll-loop.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(service);

/* How long to wait before a message is sent again, ms. */
#define RETRY_MS 100

/* Returns false if the message has to be sent again. */
static bool send_message(const char *message)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;
    bool again = false;
    int fd;

    if (length < 2 || length >= sizeof addr.sun_path) {
        return true;
    }
    memcpy(addr.sun_path, path, length);
    if (path[0] == '@') {
        addr.sun_path[0] = '\0'; /* Abstract namespace, unix(7). */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&addr,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
        again = errno == EAGAIN;
        if (!again) {
            SLOG_WARN("%s: %s cannot be sent to the service manager (%s)", path, message,
                      ovs_strerror(errno));
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return !again;
}

void service_tell(struct service *service, const char *state, const char *status)
{
    service->state = state ? state : service->state;
    service->status = status;
    service_run(service);
}

void service_run(struct service *service)
{
    char message[256];

    if (service->status) {
        snprintf(message, sizeof message, "%s%sSTATUS=%s", service->state ? service->state : "",
                 service->state ? "\n" : "", service->status);
        if (send_message(message)) {
            service->state = service->status = NULL;
        }
    }
}

void service_wait(const struct service *service)
{
    if (service->status) {
        poll_timer_wait(RETRY_MS);
    }
}
