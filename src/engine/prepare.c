/* SPDX-License-Identifier: Apache-2.0 */
/* Planning: reads the present facts, and plans the operation by them. */

#include "engine/engine-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "base/log.h"
#include "ovs/vswitchd.h"
#include "plan/kind.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(prepare);

static bool is_dead(const struct engine *engine)
{
    return vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;
}

static bool bridge_exists(const struct engine *engine, const char *bridge)
{
    struct bridge_facts facts;

    ovs_bridge(engine->env.ovs, bridge, &facts);
    return facts.exists;
}

/* --- What an undo needs. --- */

/* Stores the port to evict, for an undo. */
static void note_evicted(const struct engine *engine, struct op *op, const struct record *owner)
{
    if (op->written) {
        return;
    }
    op->evicted = xmalloc(sizeof *op->evicted);
    record_clone(op->evicted, owner);
    op->evicted->spec.has_qos = record_has_limits(owner);
    op->evicted_settings = ovs_port_settings(engine->env.ovs, owner->spec.port);
}

/* Frees what note_evicted() stored for a plan that was not carried out. */
static void forget_evicted(struct op *op)
{
    if (op->evicted && !op->written) {
        record_destroy(op->evicted);
        free(op->evicted);
        port_settings_free(op->evicted_settings);
        op->evicted = NULL;
        op->evicted_settings = NULL;
    }
}

/* Stores the present port, for an undo. */
static void note_before(const struct engine *engine, struct op *op, const struct record *current)
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

/* --- Facts. --- */

/* The values that struct switch_facts points to. */
struct found {
    struct owners owners;
    struct record evictee;
    struct link_state links;
    struct link_state current_links;
    struct link_state owner_links;
    char socket_path[SOCKET_PATH_LEN];
    struct socket_facts socket;
    bool links_pending; /* A link that op->goal needs is being removed. */
};

static void found_init(struct found *found)
{
    record_init(&found->evictee);
    found->owners.n = 0;
    found->owners.link_pending = false;
}

static void found_destroy(struct found *found)
{
    record_destroy(&found->evictee);
}

/* Whether the port is detached, but vswitchd may still have its device. Then nobody may write the
 * port's type yet: vswitchd would not notice that the device was detached. */
static bool may_hold_device(const struct engine *engine, const struct op *op,
                            const struct record *current)
{
    struct ovs_globals globals;

    ovs_globals(engine->env.ovs, &globals);
    return current && !strcmp(current->spec.type, TYPE_DETACHED) && !record_failed(current) &&
           !is_dead(engine) && globals.cur_cfg < globals.next_cfg && !op->request.dry_run;
}

static void find_port_bridge(const struct engine *engine, const struct port_spec *goal,
                             struct switch_facts *facts)
{
    const char *patch = smap_get_def(&goal->options, OPTION_PEER, "");
    const struct record *current = facts->current;
    bool stays = current && !strcmp(current->spec.port, goal->port);

    if (goal->port_bridge[0]) {
        facts->port_bridge = ovs_port_bridge(engine->env.ovs, goal->port_bridge, patch,
                                             stays ? current->spec.guest_port : goal->guest_port);
    }
}

/* Collects the facts that all plans for op->goal use. */
static void find_facts(const struct engine *engine, const struct op *op,
                       const struct record *current, struct found *found,
                       struct switch_facts *facts)
{
    struct ovs_globals globals;

    ovs_globals(engine->env.ovs, &globals);
    *facts = (struct switch_facts){
        .current = current,
        .boot_id = engine->env.boot_id,
        .evict = engine->env.settings->evict_on_vf_conflict,
        .bridge_exists = bridge_exists(engine, op->goal.bridge),
        .links = &found->links,
        .may_hold_device = may_hold_device(engine, op, current),
        .awaits_device = current && engine_awaits_device(engine, current),
        .written = op->written,
        .switch_dead = is_dead(engine),
        .no_packet_limits = globals.no_packet_limits,
    };
    found->links_pending = engine_look_at_links(engine, &op->goal.links, &found->links);
    if (current && op->type == OP_PLUG) {
        engine_look_at_links(engine, &current->spec.links, &found->current_links);
        facts->current_links = &found->current_links;
    }
    find_port_bridge(engine, &op->goal, facts);
    if (engine_look_at_socket(engine, op, current, found->socket_path, &found->socket)) {
        facts->socket = &found->socket;
    }
}

/* Finds who else has what op->goal claims, and the record of the VIF that may be evicted. */
static void find_owners(const struct engine *engine, const struct op *op, struct found *found,
                        struct switch_facts *facts)
{
    struct owners *owners = &found->owners;

    engine_find_owners(engine, &op->goal, facts->current, &found->links, !facts->bridge_exists,
                       owners);
    facts->owners = owners->list;
    facts->n_owners = owners->n;
    for (size_t i = 0; i < owners->n && !facts->evictee; i++) {
        const struct claim_owner *owner = &owners->list[i];

        if (owner->claim.kind == CLAIM_VF && owner->type == OWNER_VIF &&
            ovs_find_port(engine->env.ovs, owner->port, &found->evictee)) {
            facts->evictee = &found->evictee;
            engine_look_at_links(engine, &found->evictee.spec.links, &found->owner_links);
            facts->owner_links = &found->owner_links;
        }
    }
}

static void set_goal(struct op *op, const struct port_spec *goal)
{
    port_spec_destroy(&op->goal);
    port_spec_clone(&op->goal, goal);
    op->has_goal = true;
}

/* --- From a plan to an outcome. --- */

/* The plan writes nothing, and only waits until vswitchd has realized what is in OVSDB. */
static enum outcome await_vswitchd(const struct engine *engine, struct op *op)
{
    struct ovs_globals globals;

    if (op->plan.action != ACTION_REPLACE && op->request.wait != WAIT_REALIZED) {
        return OUTCOME_SUCCEED;
    }
    ovs_globals(engine->env.ovs, &globals);
    op->realizing.target_cfg = op->plan.action == ACTION_NONE ? 0 : globals.next_cfg;
    return OUTCOME_REALIZE;
}

static enum outcome carry_out(const struct engine *engine, struct op *op)
{
    if (op->request.dry_run) {
        return OUTCOME_DRY_RUN;
    }
    if (op->type != OP_UNPLUG && link_plan_has(&op->plan.links, LINK_FIRST)) {
        return OUTCOME_CLEAR_WAY;
    }
    if (op->plan.awaits_only) {
        return await_vswitchd(engine, op);
    }
    if (op->plan.action == ACTION_NONE) {
        return OUTCOME_SUCCEED;
    }
    if (op->request.wait == WAIT_REALIZED && op->plan.needs_switch && op_is_plug(op) &&
        is_dead(engine)) {
        return OUTCOME_WAIT_FOR_SWITCH;
    }
    return OUTCOME_COMMIT;
}

/* --- One function for each type of operation. --- */

/* The plan is refused: fails, unless the reason goes by itself. */
static enum outcome refuse_plan(const struct engine *engine, const struct op *op,
                                const struct found *found, const struct switch_facts *facts,
                                const struct error *error)
{
    if (op->request.dry_run) {
        return OUTCOME_FAIL;
    }
    if (engine_may_clear(engine, op, &found->owners)) {
        return OUTCOME_WAIT_FOR_REMOVAL;
    }
    return found->owners.n == 0 && engine_may_release_socket(facts->socket, error)
               ? OUTCOME_AWAIT_RELEASE
               : OUTCOME_FAIL;
}

/* Links must be where vswitchd looks for them. */
static bool refuse_links(const struct engine *engine, const struct op *op, struct error *error)
{
    if (op->plan.links.n == 0 || !vswitchd_is_elsewhere(engine->env.vswitchd)) {
        return false;
    }
    error_set(error, REASON_NOT_REALIZED, "",
              "VIF %s needs links of the kernel, and vifplugd is in another network namespace than "
              "ovs-vswitchd, which would not see them; run vifplugd's container with the host's "
              "network.",
              op->request.vif_id);
    return true;
}

/* Makes sure that no other operation changes the VIF that the plan evicts, and stores that VIF for
 * an undo. */
static enum outcome claim_evicted(const struct engine *engine, struct op *op,
                                  const struct switch_facts *facts, struct error *error)
{
    const char *vif_id = op->plan.evicted_vif;

    if (!vif_id[0]) {
        return OUTCOME_STAY;
    }
    if (engine_must_wait_for(engine, vif_id, op)) {
        error_set(error, REASON_BUSY, "",
                  "VIF %s, which would lose its VF, is being changed; try again in a moment.",
                  vif_id);
        return op->request.dry_run ? OUTCOME_FAIL : OUTCOME_WAIT_FOR_REMOVAL;
    }
    note_evicted(engine, op, facts->evictee);
    return OUTCOME_STAY;
}

static enum outcome plan_forward(const struct engine *engine, struct op *op,
                                 const struct record *current, struct found *found,
                                 struct error *error)
{
    struct switch_facts facts;
    enum outcome outcome;

    find_facts(engine, op, current, found, &facts);
    if (op->type == OP_PLUG) {
        find_owners(engine, op, found, &facts);
    }
    if ((found->links_pending || found->owners.link_pending) && !op->request.dry_run) {
        return OUTCOME_WAIT_FOR_REMOVAL;
    }
    if (!plan_plug(&op->request.vif, &op->goal, &facts, &op->plan, error)) {
        return refuse_plan(engine, op, found, &facts, error);
    }
    if (refuse_links(engine, op, error)) {
        return OUTCOME_FAIL;
    }
    outcome = claim_evicted(engine, op, &facts, error);
    if (outcome != OUTCOME_STAY) {
        return outcome;
    }
    note_before(engine, op, current);
    return carry_out(engine, op);
}

static enum outcome prepare_plug(const struct engine *engine, struct op *op,
                                 const struct record *current, struct error *error)
{
    struct found found;
    enum outcome outcome;

    forget_evicted(op);
    if (!engine_make_goal(engine, op, error)) {
        return OUTCOME_FAIL;
    }
    if (current) {
        engine_keep_without_mac(op, current);
    }
    found_init(&found);
    outcome = plan_forward(engine, op, current, &found, error);
    found_destroy(&found);
    return outcome;
}

/* The goal is the present port with the changes of the request. */
static enum outcome prepare_update(const struct engine *engine, struct op *op,
                                   const struct record *current, struct error *error)
{
    const struct vif *vif = &op->request.vif;
    struct found found;
    enum outcome outcome;

    if (!current) {
        error_set(error, REASON_NOT_FOUND, "params.vif_id",
                  "VIF %s is not plugged, or has lost its port; plug it.", op->request.vif_id);
        return OUTCOME_FAIL;
    }
    if (!strcmp(current->spec.type, TYPE_DETACHED)) {
        error_set(error, REASON_BUSY, "",
                  "Port %s is in the middle of a replacement; try again in a moment.",
                  current->spec.port);
        return OUTCOME_FAIL;
    }
    port_spec_destroy(&op->goal);
    op->has_goal = true;
    if (!spec_update(vif, current, engine_mtu_now(engine, current), &op->goal, error)) {
        return OUTCOME_FAIL;
    }
    if (vif->mtu && record_awaits_netdev(current)) {
        op_warn(op, "there is no netdev %s yet, whose MTU could be set", op->goal.links.netdev);
    }
    found_init(&found);
    outcome = plan_forward(engine, op, current, &found, error);
    found_destroy(&found);
    return outcome;
}

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

static void find_leftovers(const struct engine *engine, const struct op *op,
                           struct record *leftover, char port_bridge[VIF_IFNAME_MAX + 1],
                           struct unplug_facts *facts)
{
    const struct vif *vif = &op->request.vif;

    if (find_leftover_port(engine, vif, leftover)) {
        facts->port = leftover;
    } else if (find_leftover_port_bridge(engine, op->request.vif_id, port_bridge)) {
        facts->port_bridge = port_bridge;
    } else if (is_trunk_bridge(vif->bridge) && ovs_bridge_is_empty(engine->env.ovs, vif->bridge)) {
        facts->trunk_bridge = vif->bridge; /* libvirt has removed the VIF's port. */
    }
}

static enum outcome prepare_unplug(const struct engine *engine, struct op *op,
                                   const struct record *current)
{
    bool spare = is_another_vif(engine, op, current);
    bool refused = current && op->told == TOLD_REFUSED;
    struct unplug_facts facts = {
        .port = spare ? NULL : current, .port_bridge = "", .trunk_bridge = ""};
    char port_bridge[VIF_IFNAME_MAX + 1];
    struct claim_owner twin;
    struct record leftover;

    if (refused) {
        return OUTCOME_DROP; /* Its transaction did not happen, as the client was told. */
    }
    note_before(engine, op, facts.port);
    if (facts.port && engine_find_twin(engine, op->request.vif_id, &twin)) {
        facts.twin = &twin;
    }
    record_init(&leftover);
    if (!spare) {
        engine_plan_leftovers(engine, op, &facts.links);
        if (!facts.port) {
            find_leftovers(engine, op, &leftover, port_bridge, &facts);
        }
    }
    plan_unplug(&facts, &op->plan);
    record_destroy(&leftover);
    if (spare && !op->request.dry_run) {
        return OUTCOME_SPARE;
    }
    return carry_out(engine, op);
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

/* Whether the undo can restore `spec`; if another has taken what it claims meanwhile, says so in
 * the error that the client gets. */
static bool can_restore(const struct engine *engine, struct op *op, const struct port_spec *spec,
                        const struct record *current)
{
    size_t used = strlen(op->error.message);
    char taken[400];

    if (!engine_is_taken(engine, spec, current, false, taken, sizeof taken)) {
        return true;
    }
    if (!strstr(op->error.message, taken)) {
        snprintf(op->error.message + used, sizeof op->error.message - used,
                 " VIF %s was not restored: %s.", spec->vif_id, taken);
    }
    return false;
}

/* Plans the undo: from the present state to the previous one. What another has taken meanwhile
 * stays with that: then the VIF keeps the port that failed, or stays evicted. */
static enum outcome prepare_undo(const struct engine *engine, struct op *op,
                                 const struct record *current)
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
            .bridge_exists = before && bridge_exists(engine, before->bridge),
            .made_bridge = op->bridge == BRIDGE_MADE,
            .may_hold_device = may_hold_device(engine, op, current),
        },
        &op->plan);
    if (op->plan.awaits_only) {
        return await_vswitchd(engine, op);
    }
    return op->plan.action == ACTION_NONE && !restores ? OUTCOME_UNDONE : OUTCOME_COMMIT;
}

static enum outcome prepare_recover(const struct engine *engine, struct op *op,
                                    const struct record *current)
{
    bool detached = current && !strcmp(current->spec.type, TYPE_DETACHED) &&
                    vif_kind_class(current->spec.kind)->type;
    struct switch_facts facts = {.current = current};

    if (!detached && !(current && engine_awaits_device(engine, current))) {
        return OUTCOME_DROP;
    }
    set_goal(op, &current->spec);
    if (detached) {
        snprintf(op->goal.type, sizeof op->goal.type, "%s",
                 vif_kind_class(current->spec.kind)->type(&current->spec));
    }
    facts.may_hold_device = may_hold_device(engine, op, current);
    plan_recover(&op->goal, &facts, &op->plan);
    return op->plan.awaits_only ? await_vswitchd(engine, op) : OUTCOME_COMMIT;
}

/* Reverts changes by other programs; op->goal is the state before them. */
static enum outcome prepare_repair(const struct engine *engine, struct op *op,
                                   const struct record *current, struct error *error)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(30, 30);
    bool has_bridge = bridge_exists(engine, op->goal.bridge);
    bool may_make_bridge = op->type == OP_RESTORE && engine->env.settings->create_bridges;
    struct controller_facts controllers;
    struct switch_facts facts;
    struct found found;
    char taken[512];
    bool planned;

    if (!current && !has_bridge && !may_make_bridge) {
        return OUTCOME_DROP;
    }
    engine_identify_socket(engine, &op->goal);
    if (engine_is_taken(engine, &op->goal, current, !has_bridge, taken, sizeof taken)) {
        SLOG_WARN_RL(&rl, "VIF %s is not repaired: %s", op->request.vif_id, taken);
        return OUTCOME_DROP;
    }
    if (!has_bridge) {
        engine_choose_fail_mode(engine, &op->goal);
    }
    if (current) {
        op->goal.has_qos = false; /* Other programs may change limits. */
    } else {
        ovs_controllers(engine->env.ovs, op->goal.bridge, &controllers);
        spec_fill_new_port(engine->env.settings->isolate_vif, controllers.ovn,
                           engine->env.settings->default_qos_type, &op->goal);
    }
    found_init(&found);
    find_facts(engine, op, current, &found, &facts);
    if (found.links_pending) {
        found_destroy(&found);
        return OUTCOME_WAIT_FOR_REMOVAL;
    }
    planned = plan_repair(&op->request.vif, &op->goal, &facts, &op->plan, error);
    if (!planned && engine_may_release_socket(facts.socket, error)) {
        found_destroy(&found);
        return OUTCOME_AWAIT_RELEASE;
    }
    found_destroy(&found);
    note_before(engine, op, current);
    if (!planned) {
        return OUTCOME_FAIL;
    }
    if (link_plan_has(&op->plan.links, LINK_FIRST)) {
        return OUTCOME_CLEAR_WAY;
    }
    return op->plan.awaits_only ? await_vswitchd(engine, op) : OUTCOME_COMMIT;
}

enum outcome engine_prepare(const struct engine *engine, struct op *op, struct error *error)
{
    enum outcome outcome = OUTCOME_STAY;
    struct record record;
    struct record *current;

    record_init(&record);
    current = ovs_find_vif(engine->env.ovs, op->request.vif_id, &record) ? &record : NULL;
    if (current) {
        engine_identify_socket(engine, &record.spec);
    }
    if (op->bridge == BRIDGE_PERHAPS_MADE) {
        /* If OVSDB has committed the transaction, the bridge is ours. */
        op->bridge = current ? BRIDGE_MADE : BRIDGE_NOT_MADE;
    }
    if (op_is_undo(op)) {
        outcome = prepare_undo(engine, op, current);
    } else {
        switch (op->type) {
        case OP_PLUG:
            outcome = prepare_plug(engine, op, current, error);
            break;
        case OP_UPDATE:
            outcome = prepare_update(engine, op, current, error);
            break;
        case OP_UNPLUG:
            outcome = prepare_unplug(engine, op, current);
            break;
        case OP_REPAIR:
        case OP_RESTORE:
            outcome = prepare_repair(engine, op, current, error);
            break;
        case OP_RECOVER:
            outcome = prepare_recover(engine, op, current);
            break;
        }
    }
    record_destroy(&record);
    return outcome;
}
