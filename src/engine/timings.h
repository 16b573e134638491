/* SPDX-License-Identifier: Apache-2.0 */
/* How long operations take, stage by stage, as histograms: `ovs-appctl -t vifplugd timings/show`.
 *
 * Values go into buckets whose bounds grow by an eighth, so percentiles are told to within 12.5 %,
 * in a fixed piece of memory. */

#ifndef VP_TIMINGS_H
#define VP_TIMINGS_H 1

#include <stdint.h>

enum timings_stage {
    STAGE_QUEUED,  /* From the request's arrival until its transaction was sent. */
    STAGE_COMMIT,  /* From there until OVSDB had committed. */
    STAGE_REALIZE, /* From there until vswitchd's verdict. */
    STAGE_TOTAL,
    STAGE_N
};

enum { HISTOGRAM_BUCKETS = 240 };

struct histogram {
    uint64_t n;
    uint64_t max_us;
    uint64_t sum_us;
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t us);

/* The value that `percent` of all do not exceed (0 if there are none): a bucket's upper bound, but
 * no more than the maximum. */
uint64_t histogram_percentile(const struct histogram *histogram, int percent);

/* Registers the unixctl commands timings/show and timings/reset. */
void timings_init(void);

/* Notes the stages of one operation that ended well, us; negative: it did not happen. `operation`
 * is "plug", "unplug" or "update". */
void timings_add(const char *operation, const int64_t stages[STAGE_N]);

#endif
