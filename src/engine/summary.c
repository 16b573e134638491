/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/summary.h"

#include <string.h>

#include "base/keys.h"
#include "engine/engine-private.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

const char *op_end_name(enum op_end end)
{
    static const char *const names[] = {
        [OP_END_NONE] = "under_way",        [OP_END_DONE] = "done",
        [OP_END_UNCHANGED] = "unchanged",   [OP_END_DRY_RUN] = "dry_run",
        [OP_END_FAILED] = "failed",         [OP_END_SUPERSEDED] = "superseded",
        [OP_END_UNFINISHED] = "unfinished",
    };

    _Static_assert(ARRAY_SIZE(names) == OP_END_N, "each end has a name");
    return names[end];
}

/* The port that the operation makes, or else that it found; or NULL. */
static const struct port_spec *spec_of(const struct op *op)
{
    return op->has_goal ? &op->goal : op->has_before ? &op->before.spec : NULL;
}

static void describe_port(const struct port_spec *spec, struct op_summary *summary)
{
    const char *mac = smap_get(&spec->external_ids, KEY_ATTACHED_MAC);

    ovs_strlcpy(summary->port, spec->no_port ? "" : spec->port, sizeof summary->port);
    ovs_strlcpy(summary->bridge, spec->bridge, sizeof summary->bridge);
    ovs_strlcpy(summary->address, mac ? mac : "", sizeof summary->address);
    if (spec->has_vf && spec->has_vf_address) {
        pci_addr_format(&spec->vf, summary->vf);
    }
}

/* What is known before the operation is planned, and of one that was refused then. */
static void describe_request(const struct vif *vif, struct op_summary *summary)
{
    ovs_strlcpy(summary->bridge, vif->bridge, sizeof summary->bridge);
    ovs_strlcpy(summary->address, vif->address, sizeof summary->address);
    if (vif->has_pci_slot) {
        pci_addr_format(&vif->pci_slot, summary->vf);
    }
}

void op_summarize(const struct op *op, enum op_end end, const struct error *error,
                  struct op_summary *summary)
{
    const struct port_spec *spec = spec_of(op);

    *summary = (struct op_summary){
        .id = op->id,
        .type = op_type_name(op->type),
        .end = end,
        .dry_run = op->request.dry_run,
        .internal = op_is_internal(op),
        .client = op->asker.client,
        .duration_us = time_usec() - op->arrived_us,
        .error = error,
    };
    summary->began_ms = time_wall_msec() - summary->duration_us / 1000;
    ovs_strlcpy(summary->vif_id, op->request.vif_id, sizeof summary->vif_id);
    ovs_strlcpy(summary->instance,
                op->request.instance[0] || !op->has_before ? op->request.instance
                                                           : op->before.instance,
                sizeof summary->instance);
    if (spec) {
        describe_port(spec, summary);
    } else {
        describe_request(&op->request.vif, summary);
    }
}
