/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
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

void service_init(struct service *service)
{
    const char *usec_text = getenv("WATCHDOG_USEC");
    const char *pid_text = getenv("WATCHDOG_PID");
    int64_t usec;
    int64_t pid;

    if (usec_text && number_parse(usec_text, 1, INT64_MAX, &usec) &&
        (!pid_text || (number_parse(pid_text, 1, INT32_MAX, &pid) && pid == getpid()))) {
        service->watchdog_ms = usec / 2000 > 0 ? usec / 2000 : 1; /* Twice as often as it wants. */
    }
}

static const char *status_of(enum service_condition condition)
{
    static const char *const status[] = {
        [SERVICE_NEW] = "Starting",
        [SERVICE_WAITS_FOR_OVSDB] =
            "Waiting for OVSDB; requests wait with it until their deadlines",
        [SERVICE_WAITS_FOR_VSWITCHD] =
            "Waiting for ovs-vswitchd; plugs wait with it until their deadlines",
        [SERVICE_RUNS] = "Running",
        [SERVICE_STOPS] = "Stopping: operations under way end, new ones are refused",
    };

    return status[condition];
}

void service_set(struct service *service, enum service_condition condition)
{
    if (condition == service->condition) {
        return;
    }
    if (condition == SERVICE_STOPS) {
        service->state = "STOPPING=1";
    } else if (service->condition == SERVICE_NEW) {
        service->state = "READY=1";
    }
    service->condition = condition;
    service->status = status_of(condition);
    service_run(service);
}

void service_reloading(struct service *service)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    service->reload_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    service_run(service);
}

void service_reloaded(struct service *service)
{
    if (service->condition != SERVICE_STOPS && service->condition != SERVICE_NEW) {
        service->state = "READY=1";
        service->status = status_of(service->condition);
        service_run(service);
    }
}

/* Returns false if the service manager is busy. */
static bool send_reload(struct service *service)
{
    char message[64];

    if (service->reload_us) {
        snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                 service->reload_us);
        if (!send_message(message)) {
            return false;
        }
        service->reload_us = 0;
    }
    return true;
}

static bool send_status(struct service *service)
{
    char message[256];

    if (service->status) {
        snprintf(message, sizeof message, "%s%sSTATUS=%s", service->state ? service->state : "",
                 service->state ? "\n" : "", service->status);
        if (!send_message(message)) {
            return false;
        }
        service->state = service->status = NULL;
    }
    return true;
}

static void feed_watchdog(struct service *service)
{
    long long int now = time_msec();

    if (service->watchdog_ms && now >= service->watchdog_next) {
        service->watchdog_next =
            now + (send_message("WATCHDOG=1") ? service->watchdog_ms
                                              : MIN(RETRY_MS, service->watchdog_ms));
    }
}

/* READY=1 ends a reload, so it must not come before RELOADING=1. */
void service_run(struct service *service)
{
    if (send_reload(service) && send_status(service)) {
        feed_watchdog(service);
    }
}

void service_wait(const struct service *service)
{
    if (service->status || service->reload_us) {
        poll_timer_wait(RETRY_MS);
    } else if (service->watchdog_ms) {
        poll_timer_wait_until(service->watchdog_next);
    }
}
