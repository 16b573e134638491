/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel links of operations: made right before the transaction that refers to them is sent,
 * changed once it is committed, and removed once the one that let go of them is through. Removals
 * are the link remover's. Links carry their VIF's id, so a daemon that is killed in between leaves
 * nothing that an unplug or another plug of the VIF could not put right. */

#include "engine/engine-private.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "links/link-plan.h"
#include "nic/kernel-nic.h"
#include "ovs/vswitchd.h"
#include "plan/kind.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine_links);

static bool is_pending(const char *name, void *remover)
{
    return link_remover_has(remover, name) || link_remover_sets_down(remover, name);
}

/* Whether the link is a port of another VIF or program. */
static bool is_taken(const struct engine *engine, const char *vif_id, const char *name)
{
    struct record record;
    bool taken;

    if (!ovs_find_port(engine->env.ovs, name, &record)) {
        return false;
    }
    taken = !record.ours || strcmp(record.spec.vif_id, vif_id) != 0;
    record_destroy(&record);
    return taken;
}

bool engine_look_at_links(const struct engine *engine, const char *vif_id,
                          const struct link_spec *spec, struct link_state *state)
{
    struct link_remover *remover = engine->env.link_remover;

    link_state_look(engine->env.links, spec, state);
    state->has_netdev &= !link_remover_has(remover, spec->netdev);
    state->has_peer &= !link_remover_has(remover, spec->peer);
    state->has_linux_bridge &= !link_remover_has(remover, spec->linux_bridge);
    state->netdev.up &= !link_remover_sets_down(remover, spec->netdev);
    state->netdev_is_taken = spec->kind == LINKS_NETDEV && is_taken(engine, vif_id, spec->netdev);
    return link_spec_any(spec, is_pending, remover);
}

bool engine_is_representor(const struct engine *engine, const struct port_spec *spec)
{
    char name[VIF_IFNAME_MAX + 1];
    struct error ignored;

    return spec->has_vf &&
           kernel_nic_representor(engine->env.sysfs_root, &spec->pf, spec->vf_num, "", name,
                                  &ignored) &&
           !strcmp(name, spec->links.netdev);
}

void engine_look_at_left_links(const struct engine *engine, const struct port_spec *spec,
                               const struct link_spec *keep, struct link_state *state)
{
    const struct link_spec *links = &spec->links;
    struct link_facts now;

    engine_look_at_links(engine, spec->vif_id, links, state);
    if (links->kind != LINKS_NETDEV || !state->has_netdev || !state->netdev.up ||
        state->netdev_is_taken || (keep && !strcmp(keep->netdev, links->netdev))) {
        return;
    }
    /* The second look: the name may have passed to another link while sysfs was read. */
    state->netdev_is_taken = !engine_is_representor(engine, spec) ||
                             !links_find(engine->env.links, links->netdev, &now) ||
                             now.index != state->netdev.index;
}

/* Does the steps that are due, and notes them for an undo. */
static bool execute(const struct engine *engine, struct op *op, enum link_when when,
                    struct error *error)
{
    struct link_plan links = op->plan.links;
    struct link_plan *made = &op->links_made;
    bool ok;

    if (op->type == OP_UNPLUG || op_is_undo(op) || !link_plan_has(&links, when)) {
        return true;
    }
    ok = link_plan_execute(engine->env.links, op->request.vif_id, &links, when, false, error);
    for (size_t i = 0; i < links.n; i++) {
        if (links.steps[i].done && made->n < LINK_STEPS_MAX) {
            made->steps[made->n++] = links.steps[i];
            op->changed = true;
        }
    }
    return ok;
}

bool engine_make_links(const struct engine *engine, struct op *op, struct error *error)
{
    return execute(engine, op, LINK_EARLY, error);
}

bool engine_change_links(const struct engine *engine, struct op *op, struct error *error)
{
    return execute(engine, op, LINK_LATE, error);
}

bool engine_may_revert_links(const struct op *op)
{
    return op->links_made.n > 0 && op->told != TOLD_DONE;
}

/* A netdev of the hardware that another VIF or program has taken stays as that one has it. */
static void spare_taken(const struct engine *engine, struct op *op)
{
    const struct link_spec *spec = &op->goal.links;

    if (spec->kind != LINKS_NETDEV || !is_taken(engine, op->request.vif_id, spec->netdev)) {
        return;
    }
    op->links_made.n = 0;
}

void engine_revert_links(const struct engine *engine, struct op *op, struct link_plan *removals)
{
    removals->n = 0;
    if (engine_may_revert_links(op)) {
        spare_taken(engine, op);
        link_plan_revert(engine->env.links, &op->links_made, removals);
        op->links_made.n = 0;
    }
}

/* What an unplugged VIF without a record may have left, by its names. */
static void leftovers(const struct engine *engine, const struct op *op, struct link_spec *spec)
{
    const struct vif *vif = &op->request.vif;
    struct link_facts peer;

    memset(spec, 0, sizeof *spec);
    if (vif_kind_class(vif->kind)->leftovers) {
        vif_kind_class(vif->kind)->leftovers(vif, op->request.vif_id, spec);
    }
    if (spec->kind == LINKS_HYBRID && !spec->linux_bridge[0] && engine->env.links &&
        links_find(engine->env.links, spec->peer, &peer)) {
        memcpy(spec->linux_bridge, peer.master, sizeof spec->linux_bridge);
    }
}

static bool deletes(const struct link_plan *plan, int index)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->steps[i].type == LINK_DELETE && plan->steps[i].index == index) {
            return true;
        }
    }
    return false;
}

/* Adds all links with the VIF's alias, whatever they are called; of a veth pair one end is enough.
 */
static void add_by_alias(const struct engine *engine, const char *vif_id, struct link_plan *plan)
{
    char names[LINK_STEPS_MAX][VIF_IFNAME_MAX + 1];
    struct link_facts facts[LINK_STEPS_MAX];
    char alias[LINK_ALIAS_MAX + 1];
    size_t n;

    link_alias(vif_id, alias);
    n = links_of_alias(engine->env.links, alias, facts, names, LINK_STEPS_MAX);
    for (size_t i = 0; i < n; i++) {
        bool with_peer = facts[i].peer && deletes(plan, facts[i].peer);

        if (!with_peer && !link_remover_has(engine->env.link_remover, names[i])) {
            link_plan_delete(plan, facts[i].index, names[i]);
        }
    }
}

bool engine_plan_leftovers(const struct engine *engine, const struct op *op, struct link_plan *plan)
{
    struct link_state state;
    struct link_spec spec;

    if (op->has_before) {
        spec = op->before.spec.links;
        engine_look_at_left_links(engine, &op->before.spec, NULL, &state);
    } else {
        leftovers(engine, op, &spec);
        engine_look_at_links(engine, op->request.vif_id, &spec, &state);
    }
    link_plan_down(op->request.vif_id, &spec, NULL, &state, plan);
    if (engine->env.links) {
        add_by_alias(engine, op->request.vif_id, plan);
    }
    return plan->n > 0;
}

void engine_remove_links(const struct engine *engine, const char *vif_id,
                         const struct link_plan *plan)
{
    if (plan->n > 0) {
        link_remover_add(engine->env.link_remover, 0, vif_id, plan);
    }
}

static void drop(const struct engine *engine, const struct port_spec *spec,
                 const struct link_spec *keep)
{
    struct link_state state;
    struct link_plan plan;

    engine_look_at_left_links(engine, spec, keep, &state);
    link_plan_down(spec->vif_id, &spec->links, keep, &state, &plan);
    engine_remove_links(engine, spec->vif_id, &plan);
}

void engine_drop_links(const struct engine *engine, const struct op *op)
{
    if (op->told == TOLD_DONE) {
        return; /* Dropped when it was acknowledged: another VIF may have them by now. */
    }
    if (op->evicted) {
        drop(engine, &op->evicted->spec, &op->goal.links);
    }
    if (op->type == OP_PLUG && op->has_before && !op->goal.no_port) {
        drop(engine, &op->before.spec, &op->goal.links);
    }
}

static bool is_own(const struct op *op, const struct link_facts *facts)
{
    return link_is_alias_of(facts->alias, op->request.vif_id);
}

/* Whether the VIF's netdev is still that: after a boot another one may have the name. */
static bool may_set_up(const struct engine *engine, const struct op *op,
                       const struct link_state *state)
{
    return op->goal.links.kind == LINKS_NETDEV
               ? !state->netdev_is_taken && engine_is_representor(engine, &op->goal)
               : is_own(op, &state->netdev);
}

static void keep_up(const struct engine *engine, const char *vif_id, const char *name,
                    const struct link_facts *facts)
{
    struct error error;

    if (facts->up) {
        return;
    }
    SLOG_INFO("link %s of VIF %s is down since it became a port; setting it up", name, vif_id);
    if (!links_set_up(engine->env.links, name, true, &error)) {
        SLOG_WARN("%s", error.message);
    }
}

void engine_keep_links_up(const struct engine *engine, const struct op *op)
{
    const struct link_spec *spec = &op->goal.links;
    struct link_state state;

    if (!op->has_goal || !engine->env.links) {
        return;
    }
    engine_look_at_links(engine, op->request.vif_id, spec, &state);
    if (state.has_netdev && !state.netdev.up && may_set_up(engine, op, &state)) {
        keep_up(engine, op->request.vif_id, spec->netdev, &state.netdev);
    }
    if (state.has_peer && is_own(op, &state.peer)) {
        keep_up(engine, op->request.vif_id, spec->peer, &state.peer);
    }
    if (state.has_linux_bridge && is_own(op, &state.linux_bridge)) {
        keep_up(engine, op->request.vif_id, spec->linux_bridge, &state.linux_bridge);
    }
}

/* --- What daemons before this one left. --- */

struct incomplete {
    const struct engine *engine;
    struct link_plan plan;
};

static void find_incomplete(const char *name, const struct link_facts *facts, void *incomplete_)
{
    struct incomplete *incomplete = incomplete_;

    if (link_is_incomplete(facts)) {
        SLOG_WARN("link %s was left incomplete by a daemon that was killed; removing it", name);
        link_plan_delete(&incomplete->plan, facts->index, name);
        if (incomplete->plan.n == LINK_STEPS_MAX) {
            engine_remove_links(incomplete->engine, "", &incomplete->plan);
            incomplete->plan.n = 0;
        }
    }
}

void engine_clean_links(struct engine *engine)
{
    struct incomplete incomplete = {.engine = engine};
    struct error error;

    if (!engine->env.links) {
        return;
    }
    if (!links_for_each_alias(engine->env.links, LINK_ALIAS_PREFIX, find_incomplete, &incomplete,
                              &error)) {
        SLOG_WARN("left-over links were not looked for: %s", error.message);
    }
    engine_remove_links(engine, "", &incomplete.plan);
}

struct orphans {
    const struct engine *engine;
    void (*cb)(const char *vif_id, void *aux);
    void *aux;
};

static void find_orphan(const char *name, const struct link_facts *facts, void *orphans_)
{
    const char *vif_id = link_vif_of(facts->alias);
    const struct orphans *orphans = orphans_;
    struct record record;

    if (!vif_id || !vif_id_valid(vif_id) || ops_of_vif(&orphans->engine->ops, vif_id) ||
        link_remover_has(orphans->engine->env.link_remover, name)) {
        return;
    }
    if (ovs_find_vif(orphans->engine->env.ovs, vif_id, &record)) {
        record_destroy(&record);
    } else {
        orphans->cb(vif_id, orphans->aux);
    }
}

void engine_for_each_orphan(const struct engine *engine, void (*cb)(const char *vif_id, void *aux),
                            void *aux)
{
    struct orphans orphans = {.engine = engine, .cb = cb, .aux = aux};

    if (engine->env.links && ovs_synced(engine->env.ovs) &&
        !vswitchd_is_elsewhere(engine->env.vswitchd)) {
        links_for_each_ours(engine->env.links, find_orphan, &orphans);
    }
}
