/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics-text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/memory.h"
#include "util.h"

void metric_family(struct ds *out, const char *name, enum metric_type type, const char *help)
{
    static const char *const types[] = {
        [METRIC_GAUGE] = "gauge",
        [METRIC_COUNTER] = "counter",
        [METRIC_HISTOGRAM] = "histogram",
        [METRIC_INFO] = "info",
    };

    ds_put_format(out, "# TYPE %s %s\n# HELP %s %s\n", name, types[type], name, help);
}

/* Values come from OVSDB. What a terminal must not get is escaped first, because people read the
 * text too; then what OpenMetrics escapes. */
static void put_label(struct ds *out, const struct metric_label *label)
{
    char *text = need_memory(display_copy(label->value));

    ds_put_format(out, "%s=\"", label->name);
    for (const char *at = text; *at; at++) {
        if (*at == '\\' || *at == '"') {
            ds_put_char(out, '\\');
        }
        ds_put_char(out, *at);
    }
    ds_put_char(out, '"');
    free(text);
}

void metric_labels(struct ds *out, const struct metric_label *labels, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ds_put_char(out, i ? ',' : '{');
        put_label(out, &labels[i]);
    }
    if (n > 0) {
        ds_put_char(out, '}');
    }
}

static void put_name(struct ds *out, const char *name, const struct metric_label *labels, size_t n)
{
    ds_put_cstr(out, name);
    metric_labels(out, labels, n);
    ds_put_char(out, ' ');
}

void metric_int(struct ds *out, const char *name, const struct metric_label *labels, size_t n,
                uint64_t value)
{
    put_name(out, name, labels, n);
    ds_put_format(out, "%" PRIu64 "\n", value);
}

void metric_real(struct ds *out, const char *name, const struct metric_label *labels, size_t n,
                 double value)
{
    put_name(out, name, labels, n);
    ds_put_format(out, "%.15g\n", value);
}

/* A bound as the label `le` has it: always with a decimal point. */
static const char *format_bound(char *text, size_t size, double bound)
{
    snprintf(text, size, nearbyint(bound) == bound ? "%.1f" : "%g", bound);
    return text;
}

void metric_histogram(struct ds *out, const char *name, const struct metric_label *labels, size_t n,
                      const struct metric_histogram *histogram)
{
    struct metric_label with_bound[METRIC_LABELS_MAX];
    uint64_t seen = 0;
    char bound[32];
    char full[96];

    ovs_assert(n < METRIC_LABELS_MAX);
    for (size_t i = 0; i < n; i++) {
        with_bound[i] = labels[i];
    }
    with_bound[n].name = "le";
    snprintf(full, sizeof full, "%s_bucket", name);
    for (size_t i = 0; i < histogram->n_bounds; i++) {
        seen += histogram->counts[i];
        with_bound[n].value =
            format_bound(bound, sizeof bound, (double)histogram->bounds[i] / histogram->unit);
        metric_int(out, full, with_bound, n + 1, seen);
    }
    with_bound[n].value = "+Inf";
    metric_int(out, full, with_bound, n + 1, histogram->n);
    snprintf(full, sizeof full, "%s_count", name);
    metric_int(out, full, labels, n, histogram->n);
    snprintf(full, sizeof full, "%s_sum", name);
    metric_real(out, full, labels, n, (double)histogram->sum / histogram->unit);
}

void metric_end(struct ds *out)
{
    ds_put_cstr(out, "# EOF\n");
}
