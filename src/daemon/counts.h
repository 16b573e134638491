/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon counts since its start, besides what the engine counts (engine/op-counts.h). */

#ifndef VP_COUNTS_H
#define VP_COUNTS_H 1

#include <stdint.h>

#include "base/error.h"
#include "watch/watch.h"

struct counts {
    uint64_t refused[REASON_N];      /* Requests that were refused before they became operations. */
    uint64_t events[WATCH_N_EVENTS]; /* Events of VIFs. */
    uint64_t ovsdb_up, ovsdb_down;   /* How often it came and went. */
    uint64_t vswitchd_up, vswitchd_down;
};

void counts_refusal(struct counts *counts, enum reason reason);
void counts_event(struct counts *counts, const struct watch_event *event);

#endif
