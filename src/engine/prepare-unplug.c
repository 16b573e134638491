/* SPDX-License-Identifier: Apache-2.0 */
/* What an unplug removes: the VIF's port, or what others have left of it. */

#include "engine/prepare-private.h"

#include <string.h>

#include "base/keys.h"
#include "base/names.h"

/* libvirt makes a row without a record for a tap. An unplug of a VIFOpenVSwitch also removes the
 * port with the VIF's name if it has the VIF's iface-id as well (os-vif's
 * _unplug_vif_generic()). */
static bool find_leftover_port(const struct engine *engine, const struct vif *vif,
                               struct record *record)
{
    if (vif->kind != VIF_KIND_OVS || !ovs_find_port(engine->env.ovs, vif->vif_name, record)) {
        return false;
    }
    if (!record->ours && record->spec.bridge[0] &&
        !strcmp(smap_get_def(&record->spec.external_ids, KEY_IFACE_ID, ""), vif->interface_id)) {
        return true;
    }
    record_destroy(record);
    return false;
}

/* Whether the VIF's separate bridge (per_port_bridge) exists without a record of the VIF. */
static bool find_leftover_port_bridge(const struct engine *engine, const char *vif_id,
                                      char bridge[VIF_IFNAME_MAX + 1])
{
    char patch[PORT_NAME_MAX + 1];
    char port[PORT_NAME_MAX + 1];
    struct record record;
    bool left;

    name_port_bridge(vif_id, bridge, patch, port);
    if (!ovs_find_port(engine->env.ovs, patch, &record)) {
        return false;
    }
    left = !strcmp(record.spec.bridge, bridge) && !strcmp(record.spec.type, TYPE_PATCH);
    record_destroy(&record);
    return left;
}

static bool is_of_another_instance(struct op *op, const char *owner)
{
    const char *instance = op->request.instance;

    if (!*instance || !*owner || !strcmp(instance, owner)) {
        return false;
    }
    op_warn(op, "the VIF belongs to instance %s now, not to %s; it stays plugged", owner, instance);
    return true;
}

/* Whether the VIF on record, or the missing one, is not the one to unplug. */
static bool is_another_vif(const struct engine *engine, struct op *op, const struct record *current)
{
    const struct engine_env *env = &engine->env;
    char instance[VIF_ID_MAX + 1];

    if (!current) {
        return env->is_missing && env->is_missing(env->aux, op->request.vif_id, instance) &&
               is_of_another_instance(op, instance);
    }
    /* The VIF was plugged again after it was found stale. */
    return is_of_another_instance(op, current->instance) ||
           (op->only_stale && !strcmp(current->boot_id, env->boot_id));
}

const char *engine_bridge_without_row(const struct engine *engine, const struct op *op)
{
    const char *bridge = awaited_bridge_of(&engine->awaited, op->request.vif_id);

    return bridge ? bridge : op->request.vif.bridge;
}

static void find_leftovers(const struct engine *engine, const struct op *op,
                           struct record *leftover, char port_bridge[VIF_IFNAME_MAX + 1],
                           struct unplug_facts *facts)
{
    const char *bridge = engine_bridge_without_row(engine, op);
    const struct vif *vif = &op->request.vif;

    if (find_leftover_port(engine, vif, leftover)) {
        facts->port = leftover;
    } else if (find_leftover_port_bridge(engine, op->request.vif_id, port_bridge)) {
        facts->port_bridge = port_bridge;
    } else if (is_trunk_bridge(bridge) && ovs_bridge_is_empty(engine->env.ovs, bridge) &&
               !awaited_has(&engine->awaited, bridge, op->request.vif_id)) {
        facts->trunk_bridge = bridge; /* libvirt has removed the VIF's port. */
    }
}

bool prepare_plan_unplug(const struct engine *engine, struct op *op, const struct record *current)
{
    bool spare = is_another_vif(engine, op, current);
    struct unplug_facts facts = {
        .port = spare ? NULL : current, .port_bridge = "", .trunk_bridge = ""};
    char port_bridge[VIF_IFNAME_MAX + 1];
    struct claim_owner twin;
    struct record leftover;

    prepare_note_before(engine, op, facts.port);
    if (facts.port && engine_find_twin(engine, op->request.vif_id, &twin)) {
        facts.twin = &twin;
    }
    record_init(&leftover);
    if (!spare) {
        engine_plan_leftovers(engine, op, &facts.links);
        if (!facts.port) {
            find_leftovers(engine, op, &leftover, port_bridge, &facts);
        }
        facts.bridge_awaited = prepare_bridge_is_awaited(engine, op, facts.port);
    }
    plan_unplug(&facts, &op->plan);
    record_destroy(&leftover);
    return !spare;
}
