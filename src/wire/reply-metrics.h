/* SPDX-License-Identifier: Apache-2.0 */
/* The reply to `metrics`: {"content_type", "text"}, made as the text is. */

#ifndef VP_REPLY_METRICS_H
#define VP_REPLY_METRICS_H 1

/* What a text of metrics is: OpenMetrics 1.0. */
#define METRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct reply_metrics;

struct reply_metrics *reply_metrics_new(const char *id);

/* Adds the next part of the text. */
void reply_metrics_add(struct reply_metrics *metrics, const char *text);

/* Returns the part of the line that was added since the last call, which the caller frees. */
char *reply_metrics_take(struct reply_metrics *metrics);

/* Returns the rest of the line, with LF, which the caller frees. Frees `metrics`. */
char *reply_metrics_finish(struct reply_metrics *metrics);

#endif
