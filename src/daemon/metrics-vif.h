/* SPDX-License-Identifier: Apache-2.0 */
/* The labels that the metrics of a VIF have. */

#ifndef VP_METRICS_VIF_H
#define VP_METRICS_VIF_H 1

#include "daemon/metrics-text.h"
#include "plan/record.h"

enum { METRIC_VIF_LABELS = 4 };

/* vif_id, instance, port and bridge; they point into the record. */
void metric_vif_labels(const struct record *record, struct metric_label labels[METRIC_VIF_LABELS]);

#endif
