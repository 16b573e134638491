/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/refusals.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "timeval.h"

#define KEEP_MS 1000

static void drop_first(struct refusals *refusals)
{
    close(refusals->kept[refusals->first].fd);
    refusals->first = (refusals->first + 1) % REFUSALS_MAX;
    refusals->n--;
}

void refusals_add(struct refusals *refusals, int fd, const char *line)
{
    size_t last;

    if (refusals->n == REFUSALS_MAX) {
        drop_first(refusals);
    }
    last = (refusals->first + refusals->n++) % REFUSALS_MAX;
    refusals->kept[last].fd = fd;
    refusals->kept[last].until = time_msec() + KEEP_MS;
    /* A peer that has gone meanwhile does not need the line. */
    if (send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
        shutdown(fd, SHUT_WR);
    }
}

void refusals_run(struct refusals *refusals)
{
    while (refusals->n > 0 && time_msec() >= refusals->kept[refusals->first].until) {
        drop_first(refusals);
    }
}

void refusals_wait(const struct refusals *refusals)
{
    if (refusals->n > 0) {
        poll_timer_wait_until(refusals->kept[refusals->first].until);
    }
}

void refusals_clear(struct refusals *refusals)
{
    while (refusals->n > 0) {
        drop_first(refusals);
    }
}
