/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel links of operations. The daemon makes them right before the transaction that refers to
 * them, and removes them after the transaction that removes the reference. Links carry their VIF's
 * id, so if the daemon is killed in between, the next one can find and remove them. */

#include "engine/engine-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "links/link-plan.h"
#include "openvswitch/vlog.h"
#include "plan/kind.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine_links);

bool engine_make_links(const struct engine *engine, struct op *op, struct error *error)
{
    struct link_plan links = op->plan.links;
    struct link_plan *made = &op->links_made;

    if (links.n == 0 || op->type == OP_UNPLUG) {
        return true;
    }
    if (!link_plan_execute(engine->env.links, op->request.vif_id, &links, error)) {
        return false;
    }
    for (size_t i = 0; i < links.n && made->n < LINK_STEPS_MAX; i++) {
        made->steps[made->n++] = links.steps[i];
    }
    made->n_done = made->n;
    op->changed = true;
    return true;
}

void engine_revert_links(const struct engine *engine, struct op *op)
{
    if (op->links_made.n_done > 0 && op->told != TOLD_DONE) {
        link_plan_revert(engine->env.links, &op->links_made);
    }
}

/* Fills *spec with the links that an unplugged VIF may have left: those of its record, or, without
 * a record, those of its names. */
static void leftovers(const struct engine *engine, const struct op *op, struct link_spec *spec)
{
    const struct vif *vif = &op->request.vif;
    struct link_facts peer;

    if (op->has_before) {
        *spec = op->before.spec.links;
        return;
    }
    memset(spec, 0, sizeof *spec);
    if (vif_kind_class(vif->kind)->leftovers) {
        vif_kind_class(vif->kind)->leftovers(vif, op->request.vif_id, spec);
    }
    if (spec->kind == LINKS_HYBRID && !spec->linux_bridge[0] && engine->env.links &&
        links_find(engine->env.links, spec->peer, &peer)) {
        memcpy(spec->linux_bridge, peer.master, sizeof spec->linux_bridge);
    }
}

bool engine_plan_leftovers(const struct engine *engine, const struct op *op, struct link_plan *plan)
{
    struct link_state facts;
    struct link_spec spec;

    leftovers(engine, op, &spec);
    link_plan_look(engine->env.links, &spec, &facts);
    link_plan_down(op->request.vif_id, &spec, NULL, &facts, plan);
    return plan->n > 0;
}

static void drop(const struct engine *engine, struct op *op, const char *vif_id,
                 const struct link_spec *spec, const struct link_spec *keep)
{
    struct link_state facts;
    struct link_plan plan;
    struct error error;

    link_plan_look(engine->env.links, spec, &facts);
    link_plan_down(vif_id, spec, keep, &facts, &plan);
    if (!link_plan_execute(engine->env.links, vif_id, &plan, &error)) {
        op_warn(op, "%s", error.message);
    }
}

void engine_drop_links(const struct engine *engine, struct op *op)
{
    if (op->evicted) {
        drop(engine, op, op->evicted->spec.vif_id, &op->evicted->spec.links, &op->goal.links);
    }
    if (op->type == OP_PLUG && op->has_before && !op->goal.no_port) {
        drop(engine, op, op->request.vif_id, &op->before.spec.links, &op->goal.links);
    }
}

/* The most links to delete at a start; the next start deletes the rest. */
#define ORPHANS_MAX 256

struct orphans {
    struct engine *engine;
    char names[ORPHANS_MAX][VIF_IFNAME_MAX + 1];
    size_t n;
};

static void find_orphan(const char *name, const struct link_facts *facts, void *orphans_)
{
    const char *vif_id = facts->alias + strlen(LINK_ALIAS_PREFIX);
    struct orphans *orphans = orphans_;
    struct record record;
    bool wanted = false;

    if (ops_of_vif(&orphans->engine->ops, vif_id)) {
        return; /* An operation on the VIF waits; it removes the link if necessary. */
    }
    if (ovs_find_vif(orphans->engine->env.ovs, vif_id, &record)) {
        wanted = link_spec_names(&record.spec.links, name);
        record_destroy(&record);
    }
    if (!wanted && orphans->n < ORPHANS_MAX) {
        snprintf(orphans->names[orphans->n++], VIF_IFNAME_MAX + 1, "%s", name);
    }
}

/* Passes the link to the link remover. No operation waits for the result. */
static void remove_orphan(struct engine *engine, const char *name)
{
    struct link_plan plan = {.n = 1, .steps = {{.type = LINK_DELETE}}};

    VLOG_WARN("link %s was made for a VIF that is not on record with it; deleting it", name);
    snprintf(plan.steps[0].name, sizeof plan.steps[0].name, "%s", name);
    link_remover_add(engine->env.link_remover, 0, "", &plan);
}

void engine_clean_links(struct engine *engine)
{
    struct orphans *orphans;
    struct error error;

    if (!engine->env.links) {
        return;
    }
    orphans = xzalloc(sizeof *orphans);
    orphans->engine = engine;
    if (!links_for_each_alias(engine->env.links, LINK_ALIAS_PREFIX, find_orphan, orphans, &error)) {
        VLOG_WARN("left-over links were not looked for: %s", error.message);
    }
    for (size_t i = 0; i < orphans->n; i++) {
        remove_orphan(engine, orphans->names[i]);
    }
    free(orphans);
}
