/* SPDX-License-Identifier: Apache-2.0 */
/* Planning: has an operation turned into a plan, by what is there now. */

#include "engine/engine-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static bool bridge_exists(const struct engine *engine, const char *bridge)
{
    struct bridge_facts facts;

    ovs_bridge(engine->env.ovs, bridge, &facts);
    return facts.exists;
}

/* Whether whoever is in the way has an unplug under way that was asked for before this. */
static bool is_leaving(const struct engine *engine, const struct op *op, const struct record *owner)
{
    return owner && owner->ours && engine_unplugs_before(engine, owner->spec.vif_id, op);
}

/* Keeps what is evicted as what an undo brings back, as long as nothing has been written. */
static void note_evicted(const struct engine *engine, struct op *op, const struct record *owner)
{
    if (op->touched) {
        return;
    }
    op->evicted = xmalloc(sizeof *op->evicted);
    record_clone(op->evicted, owner);
    op->evicted->spec.has_qos = record_has_limits(owner);
    op->evicted_settings = ovs_port_settings(engine->env.ovs, owner->spec.port);
}

/* What was noted for a plan that was not carried out. */
static void forget_evicted(struct op *op)
{
    if (op->evicted && !op->touched) {
        record_destroy(op->evicted);
        free(op->evicted);
        port_settings_free(op->evicted_settings);
        op->evicted = NULL;
        op->evicted_settings = NULL;
    }
}

static bool refuse_port_bridge(const struct op *op, const char *what, const char *name,
                               struct error *error)
{
    return error_set(error, REASON_PORT_CONFLICT,
                     vif_field_path(&op->request.vif, VIF_FIELD_VIF_NAME),
                     "The VIF's %s %s would be in the way of another of that name; remove that or "
                     "use other names.",
                     what, name);
}

/* Whether port `name` is on another bridge than `bridge`, and not this VIF's present port. */
static bool is_elsewhere(const struct engine *engine, const char *name, const char *bridge,
                         const struct record *current)
{
    struct record record;
    bool elsewhere;

    if (!ovs_find_port(engine->env.ovs, name, &record)) {
        return false;
    }
    elsewhere =
        strcmp(record.spec.bridge, bridge) && !(current && !strcmp(current->spec.port, name));
    record_destroy(&record);
    return elsewhere;
}

/* A bridge of the VIF's own: its names may be taken, and what there is of it may not be whole. */
static bool plan_port_bridge(const struct engine *engine, struct op *op,
                             const struct record *current, struct error *error)
{
    const struct port_spec *goal = &op->goal;
    const char *patch = smap_get_def(&goal->options, "peer", "");
    bool stays = current && !strcmp(current->spec.port, goal->port);
    enum port_bridge_state state;

    if (!goal->port_bridge[0]) {
        return true;
    }
    state = ovs_port_bridge(engine->env.ovs, goal->port_bridge, patch,
                            stays ? current->spec.guest_port : goal->guest_port);
    if (state == PORT_BRIDGE_FOREIGN) {
        return refuse_port_bridge(op, "bridge", goal->port_bridge, error);
    }
    if (is_elsewhere(engine, patch, goal->port_bridge, NULL)) {
        return refuse_port_bridge(op, "patch port", patch, error);
    }
    if (is_elsewhere(engine, goal->guest_port, goal->port_bridge, current)) {
        return refuse_port_bridge(op, "port", goal->guest_port, error);
    }
    if (stays && state != PORT_BRIDGE_WHOLE) {
        op->plan.make_port_bridge = op->plan.needs_switch = op->plan.changes = true;
        op->plan.action = op->plan.action == ACTION_NONE ? ACTION_UPDATE : op->plan.action;
    }
    return true;
}

/* On failure, *later tells that it is worth planning again soon. */
static bool plan_forward(struct engine *engine, struct op *op, const struct record *current,
                         bool *later, struct error *error)
{
    struct ovs *ovs = engine->env.ovs;
    struct switch_facts facts = {.current = current};
    struct record name_owner;
    struct record vf_owner;
    bool ok;

    *later = false;
    forget_evicted(op);
    if (!engine_specify(engine, op, error)) {
        return false;
    }
    if (current) {
        engine_keep_without_mac(op, current);
    }
    facts.boot_id = engine->env.boot_id;
    facts.evict = engine->env.settings->evict_on_vf_conflict;
    facts.bridge_exists = bridge_exists(engine, op->goal.bridge);
    record_init(&name_owner);
    record_init(&vf_owner);
    if (ovs_find_port(ovs, op->goal.port, &name_owner) &&
        !(name_owner.ours && !strcmp(name_owner.spec.vif_id, op->goal.vif_id)) &&
        !(current && !strcmp(current->spec.guest_port, op->goal.port))) {
        facts.name_owner = &name_owner;
    }
    if (op->goal.has_vf &&
        ovs_find_vf_owner(ovs, &op->goal.pf, op->goal.vf_num, op->goal.vif_id, &vf_owner)) {
        facts.vf_owner = &vf_owner;
    }
    ok = plan_plug(&op->request.vif, &op->goal, &facts, &op->plan, error) &&
         plan_port_bridge(engine, op, current, error);
    if (!ok) {
        *later = is_leaving(engine, op, facts.name_owner) || is_leaving(engine, op, facts.vf_owner);
    } else if (op->plan.evicted_vif[0] && engine_must_wait_for(engine, op->plan.evicted_vif, op)) {
        *later = true;
        ok = error_set(error, REASON_BUSY, "",
                       "VIF %s, which would lose its VF, is being changed; try again in a moment.",
                       op->plan.evicted_vif);
    } else if (op->plan.evicted_vif[0]) {
        note_evicted(engine, op, facts.vf_owner ? facts.vf_owner : facts.name_owner);
    }
    record_destroy(&name_owner);
    record_destroy(&vf_owner);
    return ok;
}

/* Keeps what is there now as what an undo goes back to, as long as nothing has been written. */
static void note_before(const struct engine *engine, struct op *op, const struct record *current)
{
    if (op->touched) {
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

/* Whether a port was detached, and vswitchd may not have let go of its device yet: to give it its
 * type now would pass vswitchd by. Then it is waited for as after the first step of a replacement.
 */
static bool is_letting_go(const struct engine *engine, struct op *op, const struct record *current)
{
    struct ovs_globals globals;

    ovs_globals(engine->env.ovs, &globals);
    if (!current || strcmp(current->spec.type, TYPE_DETACHED) || record_failed(current) ||
        vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD ||
        globals.cur_cfg >= globals.next_cfg) {
        return false;
    }
    op->plan.action = ACTION_REPLACE;
    op->target_cfg = globals.next_cfg;
    return true;
}

static bool must_wait(const struct engine *engine, const struct op *op)
{
    return op->request.wait == WAIT_REALIZED && op->plan.needs_switch && !op->undoing &&
           vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;
}

/* A plug that finds its port as asked. */
static enum prepared already_there(struct engine *engine, struct op *op,
                                   const struct record *current)
{
    struct error error;

    ovs_assert(current);
    if (engine_awaits_device(engine, current) && !op->touched) {
        /* Whoever plugged it does not follow it up any more. */
        op->plan.action = ACTION_UPDATE; /* Of nothing, but vswitchd has to look again. */
        op->plan.needs_switch = true;
        return must_wait(engine, op) ? PREPARED_WAIT : PREPARED_STAGE;
    }
    if (record_failed(current) && !op->touched) {
        error_set(
            &error, REASON_NOT_REALIZED, "",
            "Port %s is as asked, but ovs-vswitchd could not make it work; see the detail, mend "
            "what it names and plug again.",
            current->spec.port);
        error_detail(&error, "%s", current->error ? current->error : "ofport is -1");
        engine_fail(engine, op, &error);
        return PREPARED_ENDED;
    }
    if (op->request.wait == WAIT_REALIZED &&
        (op->touched ||
         (current->ofport == 0 && vswitchd_state(engine->env.vswitchd) != VSWITCHD_DEAD))) {
        op->target_cfg = 0;
        if (op->touched) {
            /* Our transaction happened after all; vswitchd may not have seen it yet. */
            struct ovs_globals globals;

            ovs_globals(engine->env.ovs, &globals);
            op->target_cfg = globals.next_cfg;
            op->plan.action = ACTION_UPDATE;
            op->plan.needs_switch = true;
        }
        return PREPARED_READY;
    }
    engine_succeed(engine, op);
    return PREPARED_ENDED;
}

/* What is left to decide once the port is planned: links, and whether to go on now. */
static enum prepared settle_plug(struct engine *engine, struct op *op, const struct record *current)
{
    struct error error;

    note_before(engine, op, current);
    if (!engine_plan_links(engine, op, &error)) {
        if (error.reason == REASON_PORT_CONFLICT &&
            !ovs_list_is_empty(&engine->ops.in[OP_CLEARING]) && !op->request.dry_run) {
            return PREPARED_LATER; /* The link in the way may be one that is being removed. */
        }
        engine_give_up(engine, op, &error);
        return PREPARED_ENDED;
    }
    if (op->request.dry_run) {
        engine_dry_run(engine, op);
        return PREPARED_ENDED;
    }
    if (op->plan.action == ACTION_NONE && (op->host.n > 0 || op->plan.evicted_vif[0])) {
        op->plan.action = ACTION_UPDATE; /* Of nothing, but vswitchd has to look at the rest. */
        op->plan.needs_switch = !op->goal.awaits_netdev;
    }
    if (op->plan.action == ACTION_NONE && op->goal.no_port) {
        engine_succeed(engine, op);
        return PREPARED_ENDED;
    }
    if (op->plan.action == ACTION_NONE) {
        return already_there(engine, op, current);
    }
    if (is_letting_go(engine, op, current)) {
        return PREPARED_READY;
    }
    return must_wait(engine, op) ? PREPARED_WAIT : PREPARED_STAGE;
}

/* The port as it is, but for what the request changes. */
static bool plan_update(struct op *op, const struct record *current, struct error *error)
{
    const struct request *request = &op->request;
    struct switch_facts facts = {.current = current, .bridge_exists = true};

    if (!current) {
        return error_set(error, REASON_INVALID_REQUEST, "params.vif_id",
                         "VIF %s is not plugged; 'list' shows those that are.", request->vif_id);
    }
    if (!strcmp(current->spec.type, TYPE_DETACHED)) {
        return error_set(error, REASON_BUSY, "",
                         "Port %s is in the middle of a replacement; try again in a moment.",
                         current->spec.port);
    }
    port_spec_destroy(&op->goal);
    port_spec_clone(&op->goal, &current->spec);
    op->has_goal = true;
    if (request->vif.has_qos) {
        op->goal.has_qos = true;
        op->goal.qos = request->vif.qos;
    }
    if (request->vif.mtu && op->goal.host.kind != HOST_NONE) {
        op->goal.host.mtu = request->vif.mtu;
        if (record_awaits_netdev(current)) {
            op_warn(op, "there is no netdev %s yet, whose MTU could be set", op->goal.host.netdev);
        }
    } else if (request->vif.mtu) {
        op->goal.mtu_request = request->vif.mtu;
    }
    return spec_check_mtu(&request->vif, &op->goal, error) &&
           plan_plug(&request->vif, &op->goal, &facts, &op->plan, error);
}

static enum prepared prepare_plug(struct engine *engine, struct op *op,
                                  const struct record *current)
{
    struct error error;
    bool later;

    if (!plan_forward(engine, op, current, &later, &error)) {
        if (later && !op->request.dry_run) {
            return PREPARED_LATER;
        }
        if (op->touched) {
            engine_undo(engine, op, &error);
        } else {
            engine_fail(engine, op, &error);
        }
        return PREPARED_ENDED;
    }
    return settle_plug(engine, op, current);
}

static enum prepared prepare_update(struct engine *engine, struct op *op,
                                    const struct record *current)
{
    struct error error;

    if (plan_update(op, current, &error)) {
        return settle_plug(engine, op, current);
    }
    if (op->touched) {
        engine_undo(engine, op, &error);
    } else {
        engine_fail(engine, op, &error);
    }
    return PREPARED_ENDED;
}

/* Without a record (libvirt makes its own row for a tap), an unplug of a VIFOpenVSwitch still
 * removes the port with the VIF's name, if it has the VIF's iface-id as well (os-vif's
 * _unplug_vif_generic()). */
static bool find_leftover(const struct engine *engine, const struct vif *vif, struct record *record)
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

/* Plans to remove a VIF's bridge of its own that has no record any more, if there is one. */
static bool plan_left_port_bridge(const struct engine *engine, struct op *op)
{
    char bridge[VIF_IFNAME_MAX + 1];
    char patch[PORT_NAME_MAX + 1];
    struct record record;

    spec_name_port_bridge(op->request.vif_id, bridge, patch);
    if (!ovs_find_port(engine->env.ovs, patch, &record)) {
        return false;
    }
    if (strcmp(record.spec.bridge, bridge) || strcmp(record.spec.type, "patch")) {
        record_destroy(&record);
        return false;
    }
    record_destroy(&record);
    plan_port_bridge_removal(bridge, &op->plan);
    return true;
}

static enum prepared prepare_unplug(struct engine *engine, struct op *op,
                                    const struct record *current)
{
    const char *instance = op->request.instance;
    struct record leftover;

    if (current && *instance && current->instance[0] && strcmp(instance, current->instance)) {
        op_warn(op, "VIF is plugged for instance %s by now, not for %s; left alone",
                current->instance, instance);
        op->left_alone = true;
        current = NULL;
    }
    if (op->only_stale && current && !strcmp(current->boot_id, engine->env.boot_id)) {
        op->left_alone = true; /* Plugged again since it was found to be stale. */
        current = NULL;
    }
    if (!current && !op->left_alone && find_leftover(engine, &op->request.vif, &leftover)) {
        plan_transition(&leftover, NULL, NULL, true, &op->plan);
        record_destroy(&leftover);
    } else if (!current && !op->left_alone && plan_left_port_bridge(engine, op)) {
        /* Its other side was taken away by somebody else. */
    } else if (!current && !op->left_alone && is_trunk_bridge(op->request.vif.bridge) &&
               ovs_bridge_is_empty(engine->env.ovs, op->request.vif.bridge)) {
        /* The VIF's port was libvirt's, which has taken it away. */
        plan_trunk_removal(op->request.vif.bridge, &op->plan);
    } else {
        plan_transition(current, NULL, NULL, true, &op->plan);
    }
    note_before(engine, op, current);
    if (op->request.dry_run) {
        if (!op->left_alone) {
            engine_plan_drop_links(engine, op);
        }
        engine_dry_run(engine, op);
        return PREPARED_ENDED;
    }
    if (op->plan.action == ACTION_NONE) {
        engine_succeed(engine, op);
        return PREPARED_ENDED;
    }
    return PREPARED_STAGE;
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

/* The way back: from whatever is there now to what preceded. */
static enum prepared prepare_undo(struct engine *engine, struct op *op,
                                  const struct record *current)
{
    const struct port_spec *goal = op->has_before ? &op->before.spec : NULL;

    plan_transition(current, goal, op->has_goal ? &op->goal : NULL,
                    !goal || bridge_exists(engine, goal->bridge), &op->plan);
    op->plan.drop_bridge |= op->made_bridge;
    op->plan.settings = goal ? op->before_settings : NULL;
    if (op->evicted && !is_plugged(engine, op->evicted->spec.vif_id)) {
        op->plan.restored = &op->evicted->spec;
        op->plan.restored_settings = op->evicted_settings;
        op->plan.needs_switch = true;
        return PREPARED_STAGE;
    }
    if (goal && is_letting_go(engine, op, current)) {
        return PREPARED_READY;
    }
    if (op->plan.action == ACTION_NONE) {
        struct error error = op->error;

        engine_fail(engine, op, &error);
        return PREPARED_ENDED;
    }
    return PREPARED_STAGE;
}

/* What the type of an interface that was left detached has to be. */
static const char *type_of(const struct record *record)
{
    if (record->spec.kind == VIF_KIND_REPRESENTOR) {
        return "dpdk";
    }
    return smap_get(&record->spec.options, "vhost-server-path") ? "dpdkvhostuserclient"
                                                                : "dpdkvhostuser";
}

static enum prepared prepare_recover(struct engine *engine, struct op *op,
                                     const struct record *current)
{
    bool detached = current && !strcmp(current->spec.type, TYPE_DETACHED);

    if (!detached && !(current && engine_awaits_device(engine, current))) {
        engine_remove(engine, op);
        return PREPARED_ENDED;
    }
    port_spec_destroy(&op->goal);
    port_spec_clone(&op->goal, &current->spec);
    op->has_goal = true;
    if (detached) {
        snprintf(op->goal.type, sizeof op->goal.type, "%s", type_of(current));
    }
    plan_transition(current, &op->goal, NULL, true, &op->plan);
    if (!detached) {
        op->plan.action = ACTION_UPDATE; /* Of nothing, but vswitchd has to look again. */
        op->plan.needs_switch = op->plan.changes = true;
    }
    return is_letting_go(engine, op, current) ? PREPARED_READY : PREPARED_STAGE;
}

/* Whether somebody else has what a port that was deleted would need: its name, its VF, or its
 * iface-id, which no two ports may have. */
static bool is_taken(const struct engine *engine, const struct port_spec *goal)
{
    const char *iface_id = smap_get_def(&goal->external_ids, KEY_IFACE_ID, "");
    struct record record;

    if (ovs_find_port(engine->env.ovs, goal->port, &record) ||
        (goal->has_vf &&
         ovs_find_vf_owner(engine->env.ovs, &goal->pf, goal->vf_num, NULL, &record))) {
        record_destroy(&record);
        return true;
    }
    return ovs_has_iface_id(engine->env.ovs, iface_id);
}

/* Brings back what others have changed; op->goal is what was there before. */
static enum prepared prepare_repair(struct engine *engine, struct op *op,
                                    const struct record *current)
{
    bool has_bridge = bridge_exists(engine, op->goal.bridge);
    struct error error;

    if (!current && (is_taken(engine, &op->goal) || !has_bridge)) {
        engine_remove(engine, op);
        return PREPARED_ENDED;
    }
    if (!has_bridge) {
        engine_choose_fail_mode(engine, &op->goal);
    }
    if (current) {
        op->goal.has_qos = false; /* Limits are others' to change. */
    } else {
        spec_fill_new_port(engine->env.settings->isolate_vif,
                           engine->env.settings->default_qos_type, &op->goal);
    }
    plan_transition(current, &op->goal, &op->goal, has_bridge, &op->plan);
    if (!plan_port_bridge(engine, op, current, &error)) {
        engine_fail(engine, op, &error);
        return PREPARED_ENDED;
    }
    note_before(engine, op, current);
    if (!engine_plan_links(engine, op, &error)) {
        engine_fail(engine, op, &error);
        return PREPARED_ENDED;
    }
    if (op->plan.action == ACTION_NONE) {
        op->plan.action = ACTION_UPDATE; /* Of nothing: vswitchd tries failed ports again. */
        op->plan.needs_switch = true;
    }
    return is_letting_go(engine, op, current) ? PREPARED_READY : PREPARED_STAGE;
}

enum prepared engine_prepare(struct engine *engine, struct op *op)
{
    enum prepared prepared = PREPARED_STAGE;
    struct record record;
    struct record *current;

    record_init(&record);
    current = ovs_find_vif(engine->env.ovs, op->request.vif_id, &record) ? &record : NULL;
    if (op->uncertain_bridge) {
        op->made_bridge |= current != NULL; /* The transaction happened, so the bridge is ours. */
        op->uncertain_bridge = false;
    }
    if (op->undoing) {
        prepared = prepare_undo(engine, op, current);
    } else if (op->type == OP_PLUG) {
        prepared = prepare_plug(engine, op, current);
    } else if (op->type == OP_UPDATE) {
        prepared = prepare_update(engine, op, current);
    } else if (op->type == OP_UNPLUG) {
        prepared = prepare_unplug(engine, op, current);
    } else if (op->type == OP_REPAIR) {
        prepared = prepare_repair(engine, op, current);
    } else {
        prepared = prepare_recover(engine, op, current);
    }
    record_destroy(&record);
    return prepared;
}
