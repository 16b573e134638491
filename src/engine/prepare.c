/* SPDX-License-Identifier: Apache-2.0 */
/* Planning: plans an operation of each type by the present facts, and decides what comes next. */

#include "engine/prepare-private.h"

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "base/log.h"
#include "ovs/vswitchd.h"
#include "plan/kind.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(prepare);

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
        prepare_switch_is_dead(engine)) {
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

/* Whether the links are those that a row names, and it is not known that they are still the VIF's.
 */
static bool are_doubtful(const struct engine *engine, const struct op *op)
{
    return op->type != OP_PLUG && op->goal.links.kind == LINKS_NETDEV &&
           !engine_is_representor(engine, &op->goal);
}

static bool refuse_netdev(const struct engine *engine, const struct op *op, struct error *error)
{
    char pf[PCI_ADDR_LEN];

    if (op->plan.links.n == 0 || !are_doubtful(engine, op)) {
        return false;
    }
    error_set(error, REASON_DEVICE_NOT_FOUND, "",
              "Netdev %s is not known to be the representor of VF %d of PF %s any more; plug the "
              "VIF again.",
              op->goal.links.netdev, op->goal.vf_num, pci_addr_format(&op->goal.pf, pf));
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
    ovs_assert(facts->evict);
    prepare_note_evicted(engine, op, facts->evict->owner);
    return OUTCOME_STAY;
}

static enum outcome plan_forward(const struct engine *engine, struct op *op,
                                 const struct record *current, struct found *found,
                                 struct error *error)
{
    struct switch_facts facts;
    enum outcome outcome;

    prepare_find_facts(engine, op, current, found, &facts);
    if (op->type == OP_PLUG) {
        prepare_find_owners(engine, op, found, &facts);
    }
    if ((found->links_pending || found->owners.link_pending) && !op->request.dry_run) {
        return OUTCOME_WAIT_FOR_REMOVAL;
    }
    if (!plan_plug(&op->request.vif, &op->goal, &facts, &op->plan, error)) {
        return refuse_plan(engine, op, found, &facts, error);
    }
    if (refuse_links(engine, op, error) || refuse_netdev(engine, op, error)) {
        return OUTCOME_FAIL;
    }
    outcome = claim_evicted(engine, op, &facts, error);
    if (outcome != OUTCOME_STAY) {
        return outcome;
    }
    prepare_note_before(engine, op, current);
    return carry_out(engine, op);
}

/* A plug without limits leaves them as they are; but of another kind of port some may not act, or
 * not as they are written. */
static void keep_limits(struct op *op, const struct record *current)
{
    struct port_spec *goal = &op->goal;

    if (!goal->has_qos && !goal->no_port && goal->kind != current->spec.kind &&
        record_has_limits(current)) {
        spec_keep_limits(&op->request.vif, current, goal);
    }
}

static enum outcome prepare_plug(const struct engine *engine, struct op *op,
                                 const struct record *current, struct error *error)
{
    struct found found;
    enum outcome outcome;

    prepare_forget_evicted(op);
    if (!engine_make_goal(engine, op, error)) {
        return OUTCOME_FAIL;
    }
    if (current) {
        engine_keep_without_mac(op, current);
        keep_limits(op, current);
    }
    found_init(&found);
    outcome = plan_forward(engine, op, current, &found, error);
    found_destroy(&found);
    return outcome;
}

/* An update makes a tap of ours that is missing again, as it was plugged. */
static void describe_lost_tap(const struct engine *engine, const struct record *current,
                              struct link_spec *links)
{
    int mtu = links->mtu;

    if (links->kind == LINKS_TAP && links->create && engine->env.links &&
        !links_find(engine->env.links, links->netdev, NULL)) {
        record_describe_tap(current, links);
        links->mtu = mtu ? mtu : links->mtu;
    }
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
    if (!spec_update(vif, current, engine_mtu_now(engine, current),
                     engine->env.settings->default_qos_type, &op->goal, error)) {
        return OUTCOME_FAIL;
    }
    describe_lost_tap(engine, current, &op->goal.links);
    if (vif->mtu && record_awaits_netdev(current)) {
        op_warn(op, "there is no netdev %s yet, whose MTU could be set", op->goal.links.netdev);
    }
    found_init(&found);
    outcome = plan_forward(engine, op, current, &found, error);
    found_destroy(&found);
    return outcome;
}

static enum outcome prepare_unplug(const struct engine *engine, struct op *op,
                                   const struct record *current)
{
    if (current && op->told == TOLD_REFUSED) {
        return OUTCOME_DROP; /* Its transaction did not happen, as the client was told. */
    }
    if (!prepare_plan_unplug(engine, op, current) && !op->request.dry_run) {
        return OUTCOME_SPARE;
    }
    return carry_out(engine, op);
}

static enum outcome prepare_undo(const struct engine *engine, struct op *op,
                                 const struct record *current)
{
    bool writes = prepare_plan_undo(engine, op, current);

    if (op->plan.awaits_only) {
        return await_vswitchd(engine, op);
    }
    return writes ? OUTCOME_COMMIT : OUTCOME_UNDONE;
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
    facts.may_hold_device = prepare_may_hold_device(engine, op, current);
    plan_recover(&op->goal, &facts, &op->plan);
    return op->plan.awaits_only ? await_vswitchd(engine, op) : OUTCOME_COMMIT;
}

/* Reverts changes by other programs; op->goal is the state before them. */
static enum outcome prepare_repair(const struct engine *engine, struct op *op,
                                   const struct record *current, struct error *error)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(30, 30);
    bool has_bridge = prepare_bridge_exists(engine, op->goal.bridge);
    /* A port that is missing waits for its bridge, unless OVSDB has lost both. */
    bool may_make_bridge =
        engine->env.settings->create_bridges && (current || op->type == OP_RESTORE);
    struct controller_facts controllers;
    struct switch_facts facts;
    struct found found;
    char taken[512];
    bool planned;

    if (!has_bridge && !may_make_bridge) {
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
    prepare_find_facts(engine, op, current, &found, &facts);
    if (found.links_pending) {
        found_destroy(&found);
        return OUTCOME_WAIT_FOR_REMOVAL;
    }
    if (vswitchd_is_elsewhere(engine->env.vswitchd) || are_doubtful(engine, op)) {
        facts.links = NULL; /* They are where vswitchd is, not to be seen from here; or others'. */
    }
    planned = plan_repair(&op->request.vif, &op->goal, &facts, &op->plan, error);
    if (!planned && engine_may_release_socket(facts.socket, error)) {
        found_destroy(&found);
        return OUTCOME_AWAIT_RELEASE;
    }
    found_destroy(&found);
    prepare_note_before(engine, op, current);
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
