/* SPDX-License-Identifier: Apache-2.0 */
/* The reply to `stats`, VIF by VIF: {"stats":[...],"interval_ms":N,"warnings":[...]}. */

#ifndef VP_REPLY_STATS_H
#define VP_REPLY_STATS_H 1

#include <stddef.h>
#include <stdint.h>

#include "wire/reply.h"

/* One VIF. All borrowed. */
struct reply_stats_vif {
    const struct vif_view *view;
    int64_t link_resets; /* Negative: left out. */
    const struct reply_counter *counters;
    size_t n_counters;
};

struct reply_stats;
struct reply_stats *reply_stats_new(const char *id);
void reply_stats_add(struct reply_stats *stats, const struct reply_stats_vif *vif);

/* Returns the part of the line that was added since the last call, which the caller frees. */
char *reply_stats_take(struct reply_stats *stats);

/* Returns the rest of the line, with LF, which the caller frees. Frees `stats`. `interval_ms` is
 * how often ovs-vswitchd writes counters. `warning` is a sentence, or NULL. */
char *reply_stats_finish(struct reply_stats *stats, int interval_ms, const char *warning);

#endif
