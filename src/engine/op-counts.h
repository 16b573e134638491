/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of operations since the start, for monitoring: how they ended, how long their stages took,
 * and how many share a transaction. Unlike those of timings.h they are never reset. */

#ifndef VP_OP_COUNTS_H
#define VP_OP_COUNTS_H 1

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/op.h"
#include "engine/timings.h"

/* Values, counted by size. */
enum { SPREAD_BOUNDS_MAX = 16 };
struct spread {
    uint64_t n;
    uint64_t sum;
    uint64_t counts[SPREAD_BOUNDS_MAX + 1]; /* [i]: at most bound i, and more than bound i - 1; the
                                             * last one: the others. */
};

/* The bounds of stages, us, and of batches, operations; each grows. */
enum { STAGE_BOUNDS = 16, BATCH_BOUNDS = 11 };
extern const uint32_t stage_bounds_us[STAGE_BOUNDS];
extern const uint32_t batch_bounds[BATCH_BOUNDS];

struct op_counts {
    uint64_t ends[OP_N_TYPES][REASON_N];       /* REASON_NONE: succeeded. Without dry runs. */
    struct spread stages[OP_N_TYPES][STAGE_N]; /* Of those that succeeded, us. */
    struct spread batches;                     /* The operations of each transaction. */
};

/* An operation has ended: REASON_NONE, it succeeded; else why it failed. */
void op_counts_end(enum op_type type, enum reason reason);

/* Adds the stages of one operation that succeeded, us; negative: the stage did not happen. */
void op_counts_stages(enum op_type type, const int64_t stages[STAGE_N]);

/* A transaction of `n` operations was sent. */
void op_counts_batch(size_t n);

const struct op_counts *op_counts(void);

#endif
