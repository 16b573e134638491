/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics-vif.h"

#include "base/keys.h"
#include "smap.h"

void metric_vif_labels(const struct record *record, struct metric_label labels[METRIC_VIF_LABELS])
{
    labels[0] = (struct metric_label){"vif_id", record->spec.vif_id};
    labels[1] = (struct metric_label){"instance",
                                      smap_get_def(&record->spec.external_ids, KEY_VM_UUID, "")};
    labels[2] = (struct metric_label){"port", record->spec.port};
    labels[3] = (struct metric_label){"bridge", record->spec.bridge};
}
