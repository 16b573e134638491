/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/counts.h"

#include <string.h>

#include "coverage.h"

COVERAGE_DEFINE(vifplug_request_refused);
COVERAGE_DEFINE(vifplug_vif_drifted);
COVERAGE_DEFINE(vifplug_vif_failed);
COVERAGE_DEFINE(vifplug_switch_up);
COVERAGE_DEFINE(vifplug_switch_down);

void counts_refusal(struct counts *counts, enum reason reason)
{
    counts->refused[reason]++;
    COVERAGE_INC(vifplug_request_refused);
}

static void count_switch(struct counts *counts, const struct watch_event *event)
{
    bool ovsdb = !strcmp(event->what, "ovsdb");

    if (event->type == WATCH_SWITCH_UP) {
        COVERAGE_INC(vifplug_switch_up);
        counts->ovsdb_up += ovsdb;
        counts->vswitchd_up += !ovsdb;
    } else {
        COVERAGE_INC(vifplug_switch_down);
        counts->ovsdb_down += ovsdb;
        counts->vswitchd_down += !ovsdb;
    }
}

void counts_event(struct counts *counts, const struct watch_event *event)
{
    counts->events[event->type]++;
    switch (event->type) {
    case WATCH_DRIFTED:
        COVERAGE_INC(vifplug_vif_drifted);
        break;
    case WATCH_FAILED:
        COVERAGE_INC(vifplug_vif_failed);
        break;
    case WATCH_SWITCH_UP:
    case WATCH_SWITCH_DOWN:
        count_switch(counts, event);
        break;
    default:
        break;
    }
}
