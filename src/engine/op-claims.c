/* SPDX-License-Identifier: Apache-2.0 */
/* Who has what an operation's port claims: other ports, by the register of claims, and links of the
 * kernel. */

#include "engine/engine-private.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

/* Adds an owner. Beyond OWNERS_MAX it is not needed: one is enough to refuse. */
static void add(struct owners *owners, const struct claim_owner *owner)
{
    if (owners->n < OWNERS_MAX) {
        owners->list[owners->n++] = *owner;
    }
}

/* The link `facts` has the name that is claimed. If it was made for a VIF, that is the owner. */
static void add_link(const struct engine *engine, const struct claim *claim,
                     const struct link_facts *facts, struct owners *owners)
{
    const char *vif_id = link_vif_of(facts->alias);
    struct claim_owner owner = {.type = OWNER_LINK, .claim = *claim};
    struct record record;

    snprintf(owner.detail, sizeof owner.detail, "%s",
             facts->ip_only ? "a tun device, which takes no frames" : facts->kind);
    if (vif_id && vif_id_valid(vif_id)) {
        snprintf(owner.vif_id, sizeof owner.vif_id, "%s", vif_id);
    }
    if (owner.vif_id[0] && ovs_find_vif(engine->env.ovs, owner.vif_id, &record)) {
        snprintf(owner.port, sizeof owner.port, "%s", record.spec.port);
        snprintf(owner.instance, sizeof owner.instance, "%s", record.instance);
        snprintf(owner.boot_id, sizeof owner.boot_id, "%s", record.boot_id);
        record_destroy(&record);
    }
    add(owners, &owner);
}

/* Whether vswitchd may have made the link, for a bridge that was removed a moment ago or while
 * vswitchd was dead, and can use it again: an internal port of the kernel's datapath, or a tap.
 * Other programs' taps look the same. */
static bool is_of_switch(const struct link_facts *facts)
{
    return !strcmp(facts->kind, "openvswitch") || (!strcmp(facts->kind, "tun") && !facts->alias[0]);
}

/* A bridge that is to be made gets a netdev of its name. */
static void find_bridge_link(const struct engine *engine, const struct claim *claim,
                             struct owners *owners)
{
    struct link_facts facts;

    if (!engine->env.links || !links_find(engine->env.links, claim->key, &facts)) {
        return;
    }
    if (link_remover_has(engine->env.link_remover, claim->key)) {
        owners->link_pending = true;
    } else if (!is_of_switch(&facts)) {
        add_link(engine, claim, &facts, owners);
    }
}

static void find_owner(const struct engine *engine, const struct claim *claim,
                       const struct claimant *claimant, bool bridge_is_new, struct owners *owners)
{
    struct claim_owner owner;
    size_t n = owners->n;

    if (ovs_find_claim_owner(engine->env.ovs, claim, claimant, &owner)) {
        add(owners, &owner);
    }
    if (claim->kind == CLAIM_BRIDGE && owners->n == n && bridge_is_new) {
        find_bridge_link(engine, claim, owners);
    }
}

/* The claimant's separate bridge, required or present. */
static struct claimant claimant_of(const struct port_spec *spec, const struct record *current)
{
    bool stays = current && !strcmp(current->spec.port, spec->port);

    if (spec->port_bridge[0]) {
        return (struct claimant){spec->vif_id, spec->port_bridge,
                                 stays ? current->spec.guest_port : spec->guest_port, ""};
    }
    if (current && !current->lacks_port_bridge) {
        return (struct claimant){spec->vif_id, current->spec.port_bridge, current->spec.guest_port,
                                 ""};
    }
    return (struct claimant){spec->vif_id, "", "", ""};
}

void engine_identify_socket(const struct engine *engine, struct port_spec *spec)
{
    spec->vhost_file[0] = '\0';
    if (spec->vhost_path[0] && engine->env.settings->check_paths) {
        ovs_socket_file(engine->env.ovs, spec->vhost_path, spec->vhost_file);
    }
}

void engine_find_owners(const struct engine *engine, const struct port_spec *spec,
                        const struct record *current, const struct link_state *links,
                        bool creates_bridge, struct owners *owners)
{
    struct claimant claimant = claimant_of(spec, current);
    struct claims claims = {.n = 0};
    struct link_conflict conflict;
    struct bridge_facts bridge;
    char sock_dir[2 * VIF_PATH_MAX];

    owners->n = 0;
    owners->link_pending = false;
    ovs_vhost_sock_dir(engine->env.ovs, engine->env.run_dir, sock_dir, sizeof sock_dir);
    claimant.sock_dir = sock_dir;
    claims_of_spec(spec, creates_bridge, &claims);
    for (size_t i = 0; i < claims.n; i++) {
        ovs_bridge(engine->env.ovs, claims.list[i].key, &bridge);
        find_owner(engine, &claims.list[i], &claimant, !bridge.exists, owners);
    }
    if (links && link_plan_conflicts(spec->vif_id, &spec->links, links, &conflict)) {
        struct claim claim = {.kind = conflict.name == spec->links.linux_bridge ? CLAIM_LINUX_BRIDGE
                                                                                : CLAIM_NETDEV,
                              .what = conflict.what};

        snprintf(claim.key, sizeof claim.key, "%s", conflict.name);
        add_link(engine, &claim, conflict.facts, owners);
    }
}

bool engine_find_twin(const struct engine *engine, const char *vif_id, struct claim_owner *twin)
{
    const struct claimant claimant = {vif_id, "", "", ""};
    struct claim claim = {.kind = CLAIM_VIF};

    snprintf(claim.key, sizeof claim.key, "%s", vif_id);
    return ovs_find_claim_owner(engine->env.ovs, &claim, &claimant, twin);
}

bool engine_is_taken(const struct engine *engine, const struct port_spec *spec,
                     const struct record *current, bool creates_bridge, char *text, size_t size)
{
    struct claims held = {.n = 0};
    struct owners owners;

    engine_find_owners(engine, spec, current, NULL, creates_bridge, &owners);
    if (current) {
        claims_of_spec(&current->spec, false, &held);
    }
    for (size_t i = 0; i < owners.n; i++) {
        const struct claim_owner *owner = &owners.list[i];
        bool leaves = current && owner->type == OWNER_VIF &&
                      !strcmp(owner->vif_id, current->spec.vif_id); /* An undo deletes it. */
        char claimed[CLAIM_KEY_MAX + 64];
        char who[256];

        if (!leaves && !claims_held_too(&held, owner)) {
            claim_describe(&owner->claim, claimed, sizeof claimed);
            claim_owner_describe(owner, who, sizeof who);
            snprintf(text, size, "it needs %s, but %s has it", claimed, who);
            return true;
        }
    }
    return false;
}

/* Whether an operation may still restore the VIF's former port, or the VIF that it evicted. What
 * was acknowledged stays, and an unplug is never undone. */
static bool may_restore(const struct op *op)
{
    bool written = op->written || op->state == OP_SETTLING;

    return written && op->told != TOLD_DONE && op->type != OP_UNPLUG &&
           (op->has_before || op->evicted);
}

/* Adds the claims of links alone. */
static void add_links(const struct port_spec *spec, struct claims *claims)
{
    struct claims all = {.n = 0};

    claims_of_spec(spec, false, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (all.list[i].kind == CLAIM_NETDEV || all.list[i].kind == CLAIM_LINUX_BRIDGE) {
            claims_add(claims, all.list[i].kind, all.list[i].what, all.list[i].key);
        }
    }
}

/* Adds the links that an operation will still change as its last step: those of an unplugged VIF,
 * or those that it made, if it fails. Whoever got one before that would lose it then. */
static void add_last_links(const struct op *op, struct claims *claims)
{
    if (op->type == OP_UNPLUG && op->has_before && (op->written || op->state == OP_SETTLING)) {
        add_links(&op->before.spec, claims);
    }
    if (op->has_goal && engine_may_revert_links(op)) {
        add_links(&op->goal, claims);
    }
}

void engine_reserve_claims(const struct engine *engine, struct claim_set *set)
{
    const struct op *op;

    for (size_t i = 0; i < OP_N_STATES; i++) {
        LIST_FOR_EACH (op, node, &engine->ops.in[i]) {
            struct claims claims = {.n = 0};

            if (may_restore(op) && op->has_before) {
                claims_of_spec(&op->before.spec, false, &claims);
            }
            if (may_restore(op) && op->evicted) {
                claims_of_spec(&op->evicted->spec, false, &claims);
            }
            add_last_links(op, &claims);
            claim_set_add(set, &claims, op->id);
        }
    }
}

bool engine_may_clear(const struct engine *engine, const struct op *op, const struct owners *owners)
{
    for (size_t i = 0; i < owners->n; i++) {
        const char *vif_id = owners->list[i].vif_id;

        if (vif_id[0] && strcmp(vif_id, op->request.vif_id) &&
            engine_comes_before(engine, vif_id, op)) {
            return true;
        }
    }
    return false;
}
