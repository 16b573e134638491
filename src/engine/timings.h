/* SPDX-License-Identifier: Apache-2.0 */
/* How long the stages of operations take, as histograms: `ovs-appctl -t vifplugd timings/show`.
 *
 * The bounds of the buckets grow by an eighth, so percentiles are exact to 12.5 %, in memory of
 * fixed size. */

#ifndef VP_TIMINGS_H
#define VP_TIMINGS_H 1

#include <stdint.h>

enum timings_stage {
    STAGE_QUEUED,  /* From the request's arrival until the engine sent the transaction. */
    STAGE_COMMIT,  /* From then until OVSDB had committed. */
    STAGE_REALIZE, /* From then until vswitchd's verdict. */
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

/* The value that `percent` of all values do not exceed (0 if there are none): the upper bound of a
 * bucket, but at most the maximum. */
uint64_t histogram_percentile(const struct histogram *histogram, int percent);

/* Registers the unixctl commands timings/show and timings/reset. */
void timings_init(void);

/* Adds the stages of one operation that succeeded, us; negative: the stage did not happen.
 * `operation` is "plug", "unplug" or "update". */
void timings_add(const char *operation, const int64_t stages[STAGE_N]);

#endif
