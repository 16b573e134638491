/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/timings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "unixctl.h"
#include "util.h"

static const char *const operations[] = {"plug", "unplug", "update"};
static const char *const stages_names[STAGE_N] = {"queued", "commit", "realize", "total"};
static struct histogram histograms[ARRAY_SIZE(operations)][STAGE_N];

/* Below 8 us one bucket for each value; from there on eight buckets for each doubling. */
static unsigned int bucket_of(uint64_t us)
{
    unsigned int power;

    if (us < 8) {
        return (unsigned int)us;
    }
    power = (unsigned int)log_2_floor(us);
    return MIN(8 * (power - 2) + (unsigned int)((us >> (power - 3)) & 7), HISTOGRAM_BUCKETS - 1);
}

/* The largest value of a bucket. */
static uint64_t bound_of(unsigned int bucket)
{
    unsigned int power = bucket / 8 + 2;

    if (bucket < 8) {
        return bucket;
    }
    return ((UINT64_C(8) + bucket % 8 + 1) << (power - 3)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t us)
{
    histogram->n++;
    histogram->sum_us += us;
    histogram->max_us = MAX(histogram->max_us, us);
    histogram->buckets[bucket_of(us)]++;
}

uint64_t histogram_percentile(const struct histogram *histogram, int percent)
{
    uint64_t wanted = (histogram->n * (uint64_t)percent + 99) / 100;
    uint64_t seen = 0;

    for (unsigned int i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        seen += histogram->buckets[i];
        if (wanted > 0 && seen >= wanted) {
            return MIN(bound_of(i), histogram->max_us);
        }
    }
    return histogram->max_us;
}

void timings_add(const char *operation, const int64_t stages[STAGE_N])
{
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        for (int stage = 0; !strcmp(operations[i], operation) && stage < STAGE_N; stage++) {
            if (stages[stage] >= 0) {
                histogram_add(&histograms[i][stage], (uint64_t)stages[stage]);
            }
        }
    }
}

static void show(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                 void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_format(&ds, "%-8s %-8s %10s %10s %10s %10s %10s %10s\n", "", "ms", "count", "mean",
                  "p50", "p90", "p99", "max");
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        for (int stage = 0; stage < STAGE_N; stage++) {
            const struct histogram *h = &histograms[i][stage];

            if (h->n) {
                ds_put_format(&ds, "%-8s %-8s %10" PRIu64 " %10.3f %10.3f %10.3f %10.3f %10.3f\n",
                              operations[i], stages_names[stage], h->n,
                              (double)h->sum_us / (double)h->n / 1000,
                              (double)histogram_percentile(h, 50) / 1000,
                              (double)histogram_percentile(h, 90) / 1000,
                              (double)histogram_percentile(h, 99) / 1000, (double)h->max_us / 1000);
            }
        }
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void reset(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                  void *aux OVS_UNUSED)
{
    memset(histograms, 0, sizeof histograms);
    unixctl_command_reply(conn, NULL);
}

void timings_init(void)
{
    unixctl_command_register("timings/show", "", 0, 0, show, NULL);
    unixctl_command_register("timings/reset", "", 0, 0, reset, NULL);
}
