/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the service manager (sd_notify(3)). The protocol is one datagram, so the daemon does
 * not link libsystemd and its dependencies. No message ever waits: if the service manager is busy,
 * service_run() tries again. */

#ifndef VP_SERVICE_H
#define VP_SERVICE_H 1

#include <stdbool.h>
#include <stdint.h>

/* What the daemon does: STATUS= has a few words for each, for `systemctl status`. */
enum service_condition {
    SERVICE_NEW,
    SERVICE_WAITS_FOR_OVSDB,
    SERVICE_WAITS_FOR_VSWITCHD,
    SERVICE_RUNS,
    SERVICE_STOPS
};

struct service {
    enum service_condition condition; /* What was told last. */
    /* What the service manager has not taken yet: static texts, or NULL; and when the reload began,
     * us of the monotonic clock, or 0. */
    const char *state;
    const char *status;
    uint64_t reload_us;
    /* How often it wants to hear that the loop runs, ms, or 0; and when it hears so next. */
    long long int watchdog_ms;
    long long int watchdog_next;
};

/* Reads what the service manager wants: $WATCHDOG_USEC. */
void service_init(struct service *service);

/* Says what the daemon does: READY=1 the first time, STOPPING=1 when it stops. Says nothing if it
 * has said so before. */
void service_set(struct service *service, enum service_condition condition);

/* Says that the daemon reads its configuration again, and that it has done so. */
void service_reloading(struct service *service);
void service_reloaded(struct service *service);

/* Sends what is left, and in time that the loop runs. Call each once per pass. */
void service_run(struct service *service);
void service_wait(const struct service *service);

#endif
