/* SPDX-License-Identifier: Apache-2.0 */
/* What an undo needs, stored before the operation writes, and the plan of the undo. */

#include "engine/prepare-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void prepare_note_evicted(const struct engine *engine, struct op *op, const struct record *owner)
{
    if (op->written) {
        return;
    }
    op->evicted = xmalloc(sizeof *op->evicted);
    record_clone(op->evicted, owner);
    op->evicted->spec.has_qos = record_has_limits(owner);
    op->evicted_settings = ovs_port_settings(engine->env.ovs, owner->spec.port);
    memcpy(op->evicted_why, op->plan.evicted_why, sizeof op->evicted_why);
}

void prepare_forget_evicted(struct op *op)
{
    if (op->evicted && !op->written) {
        record_destroy(op->evicted);
        free(op->evicted);
        port_settings_free(op->evicted_settings);
        op->evicted = NULL;
        op->evicted_settings = NULL;
        op->evicted_why[0] = '\0';
    }
}

void prepare_note_before(const struct engine *engine, struct op *op, const struct record *current)
{
    if (op->written) {
        return;
    }
    record_destroy(&op->before);
    port_settings_free(op->before_settings);
    op->before_settings = NULL;
    op->has_before = current != NULL;
    if (current) {
        record_clone(&op->before, current);
        op->before.spec.has_qos = op->goal.has_qos || record_has_limits(current);
        op->before_settings = ovs_port_settings(engine->env.ovs, current->spec.port);
    } else {
        record_init(&op->before);
    }
}

static bool is_plugged(const struct engine *engine, const char *vif_id)
{
    struct record record;

    if (!ovs_find_vif(engine->env.ovs, vif_id, &record)) {
        return false;
    }
    record_destroy(&record);
    return true;
}

/* Whether the undo cannot restore `spec`: another has taken what it claims meanwhile, or has
 * removed its bridge, and the settings say not to make bridges. Then `why` says so. */
static bool is_obstructed(const struct engine *engine, const struct port_spec *spec,
                          const struct record *current, char *why, size_t size)
{
    if (!engine->env.settings->create_bridges && !prepare_bridge_exists(engine, spec->bridge)) {
        snprintf(why, size, "there is no bridge %s, and create_bridges is off", spec->bridge);
        return true;
    }
    return engine_is_taken(engine, spec, current, false, why, size);
}

/* If the undo cannot restore `spec`, says why in the error that the client gets. */
static bool can_restore(const struct engine *engine, struct op *op, const struct port_spec *spec,
                        const struct record *current)
{
    size_t used = strlen(op->error.message);
    char why[400];

    if (!is_obstructed(engine, spec, current, why, sizeof why)) {
        return true;
    }
    if (!strstr(op->error.message, why)) {
        snprintf(op->error.message + used, sizeof op->error.message - used,
                 " VIF %s was not restored: %s.", spec->vif_id, why);
    }
    return false;
}

bool prepare_plan_undo(const struct engine *engine, struct op *op, const struct record *current)
{
    const struct port_spec *before = op->has_before ? &op->before.spec : NULL;
    bool restores = op->evicted && !is_plugged(engine, op->evicted->spec.vif_id) &&
                    can_restore(engine, op, &op->evicted->spec, current);

    if (before && !can_restore(engine, op, before, current)) {
        before = op->has_goal && current ? &op->goal : NULL;
    }
    plan_undo(
        &(struct undo_facts){
            .current = current,
            .before = before,
            .written = op->has_goal ? &op->goal : NULL,
            .settings = op->before_settings,
            .evicted = restores ? &op->evicted->spec : NULL,
            .evicted_settings = op->evicted_settings,
            .bridge_exists = before && prepare_bridge_exists(engine, before->bridge),
            .evicted_bridge_exists =
                restores && prepare_bridge_exists(engine, op->evicted->spec.bridge),
            .made_bridge = op->bridge == BRIDGE_MADE,
            .bridge_awaited = prepare_bridge_is_awaited(engine, op, current),
            .may_hold_device = prepare_may_hold_device(engine, op, current),
        },
        &op->plan);
    return op->plan.action != ACTION_NONE || restores;
}
