/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/). */

#ifndef VP_METRICS_TEXT_H
#define VP_METRICS_TEXT_H 1

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/dynamic-string.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM, METRIC_INFO };

struct metric_label {
    const char *name;
    const char *value; /* Any text; metric_int() and the others escape it. */
};

/* Begins a family; its samples follow. */
void metric_family(struct ds *out, const char *name, enum metric_type type, const char *help);

/* Appends "{a="x",b="y"}", or nothing if there are no labels. */
void metric_labels(struct ds *out, const struct metric_label *labels, size_t n);

/* One sample. `name` has the suffix that its type asks for (_total of counters, _info). */
void metric_int(struct ds *out, const char *name, const struct metric_label *labels, size_t n,
                uint64_t value);
void metric_real(struct ds *out, const char *name, const struct metric_label *labels, size_t n,
                 double value);

/* The samples of one histogram. `counts[i]` is how many values are at most `bounds[i]` and more
 * than the bound before; `counts[n_bounds]` is how many are more. Bounds and sum are divided by
 * `unit`. There are at most METRIC_LABELS_MAX - 1 labels. */
enum { METRIC_LABELS_MAX = 8 };
struct metric_histogram {
    const uint32_t *bounds;
    size_t n_bounds;
    const uint64_t *counts;
    uint64_t n;
    uint64_t sum;
    double unit;
};
void metric_histogram(struct ds *out, const char *name, const struct metric_label *labels, size_t n,
                      const struct metric_histogram *histogram);

/* Ends the text. */
void metric_end(struct ds *out);

#endif
