/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: the state of the daemon, of the switch and of each VIF as OpenMetrics text, made piece
 * by piece. docs/monitoring.md lists them. */

#ifndef VP_METRICS_H
#define VP_METRICS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "daemon/dispatch.h"
#include "openvswitch/dynamic-string.h"

/* A text in the making. */
struct metrics;

/* `dispatch` is borrowed. */
struct metrics *metrics_create(const struct dispatch *dispatch);
void metrics_destroy(struct metrics *metrics);

/* Whether the next piece needs counters that OVSDB has not told yet. The loop wakes up when it can
 * be made. */
bool metrics_waits(const struct metrics *metrics);

/* Appends the next piece, some 50 us of work, to `out`; nothing while metrics_waits(). Returns
 * false if it was the last one. */
bool metrics_next(struct metrics *metrics, struct ds *out);

/* The memory that it holds, bytes. */
size_t metrics_size(const struct metrics *metrics);

/* The reply to the method `metrics`. */
struct server_stream *metrics_stream_create(const struct dispatch *dispatch, const char *id);

#endif
