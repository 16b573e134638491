/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/nic-refresh.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "nic/nic-events.h"
#include "nic/nic-list.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(nic_refresh);

struct nic_refresh {
    struct nic *nic;
    struct nic_scanner *scanner;
    struct nic_events *events;
    long long int next; /* Without events: when to ask for the next listing. */
    uint64_t asked;     /* The scan that was asked for; 0: none. */
};

static void warn(const char *why)
{
    SLOG_WARN("%s Until vifplugd starts again, it looks for other PFs every %d s.", why,
              NIC_REFRESH_MS / 1000);
}

struct nic_refresh *nic_refresh_create(const char *sysfs_root, struct nic *nic,
                                       struct nic_scanner *scanner)
{
    struct nic_refresh *refresh = xzalloc(sizeof *refresh);
    struct error error = {.message = ""};

    refresh->nic = nic;
    refresh->scanner = scanner;
    refresh->events = nic_events_create(sysfs_root, &error);
    if (error.message[0]) {
        warn(error.message);
    }
    refresh->next = time_msec() + NIC_REFRESH_MS;
    nic_set_events(nic, refresh->events);
    return refresh;
}

void nic_refresh_destroy(struct nic_refresh *refresh)
{
    nic_set_events(refresh->nic, NULL);
    nic_events_destroy(refresh->events);
    free(refresh);
}

/* Takes the listing that was asked for, and asks for the next. */
static void refresh_by_time(struct nic_refresh *refresh)
{
    if (refresh->asked) {
        struct nic_scan *scan = nic_scanner_take(refresh->scanner, refresh->asked);

        if (scan) {
            nic_list_adopt(nic_scan_list(scan), refresh->nic);
            nic_scan_release(scan);
            refresh->asked = 0;
            refresh->next = time_msec() + NIC_REFRESH_MS;
        }
    } else if (time_msec() >= refresh->next) {
        refresh->asked = nic_scanner_ask(refresh->scanner);
    }
}

void nic_refresh_run(struct nic_refresh *refresh)
{
    switch (nic_events_source(refresh->events)) {
    case NIC_EVENTS_KERNEL:
        nic_follow_events(refresh->nic);
        if (nic_events_source(refresh->events) == NIC_EVENTS_NONE) {
            warn("The kernel's events of PCI devices cannot be received any more.");
        }
        break;
    case NIC_EVENTS_TREE: /* Looked at when the PFs are needed. */
        break;
    case NIC_EVENTS_NONE:
        refresh_by_time(refresh);
        break;
    }
}

void nic_refresh_wait(const struct nic_refresh *refresh)
{
    switch (nic_events_source(refresh->events)) {
    case NIC_EVENTS_KERNEL:
        poll_fd_wait(nic_events_fd(refresh->events), POLLIN);
        break;
    case NIC_EVENTS_TREE:
        break;
    case NIC_EVENTS_NONE:
        if (!refresh->asked) { /* Else nic_scanner_wait() waits. */
            poll_timer_wait_until(refresh->next);
        }
        break;
    }
}
