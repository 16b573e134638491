/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/op-counts.h"

#include "coverage.h"
#include "util.h"

COVERAGE_DEFINE(vifplug_op_succeeded);
COVERAGE_DEFINE(vifplug_op_failed);
COVERAGE_DEFINE(vifplug_transaction);
COVERAGE_DEFINE(vifplug_batched_op);

const uint32_t stage_bounds_us[STAGE_BOUNDS] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};
const uint32_t batch_bounds[BATCH_BOUNDS] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

static struct op_counts counts;

static void spread_add(struct spread *spread, const uint32_t *bounds, size_t n, uint64_t value)
{
    size_t i = 0;

    while (i < n && value > bounds[i]) {
        i++;
    }
    spread->counts[i]++;
    spread->n++;
    spread->sum += value;
}

void op_counts_end(enum op_type type, enum reason reason)
{
    counts.ends[type][reason]++;
    if (reason == REASON_NONE) {
        COVERAGE_INC(vifplug_op_succeeded);
    } else {
        COVERAGE_INC(vifplug_op_failed);
    }
}

void op_counts_stages(enum op_type type, const int64_t stages[STAGE_N])
{
    for (int i = 0; i < STAGE_N; i++) {
        if (stages[i] >= 0) {
            spread_add(&counts.stages[type][i], stage_bounds_us, STAGE_BOUNDS, (uint64_t)stages[i]);
        }
    }
}

void op_counts_batch(size_t n)
{
    spread_add(&counts.batches, batch_bounds, BATCH_BOUNDS, n);
    COVERAGE_INC(vifplug_transaction);
    COVERAGE_ADD(vifplug_batched_op, (unsigned int)n);
}

const struct op_counts *op_counts(void)
{
    return &counts;
}
