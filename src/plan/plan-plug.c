/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of plugs, updates and repairs: whether the VIF may have what it claims, and what to do
 * besides the port's own columns. */

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/plan.h"
#include "util.h"

static bool refuse_qos(const struct vif *vif, const struct record *current, struct error *error)
{
    return error_set(error, REASON_PORT_CONFLICT, vif_field_path(vif, VIF_FIELD_QOS),
                     "Port %s has QoS rows that vifplugd did not write and would destroy (several "
                     "queues, or another type); leave its QoS to whoever made them.",
                     current->spec.port);
}

static bool refuse_packets(const struct vif *vif, const struct port_spec *spec, struct error *error)
{
    char field[ERROR_FIELD_LEN];

    snprintf(field, sizeof field, "%s.egress.max_kpps", vif_field_path(vif, VIF_FIELD_QOS));
    return error_set(error, REASON_INVALID_REQUEST, field,
                     "The schema of OVSDB has no column ingress_policing_kpkts_rate for port %s; "
                     "limit egress.max_kbps instead, or upgrade the database (ovsdb-tool convert) "
                     "to the schema of Open vSwitch 2.16 or later.",
                     spec->port);
}

/* --- Claims. --- */

/* Whether the plug may take the VF from its owner. `why` is then why, or else why not
 * (evict_allowed()). */
static bool is_evictable(const struct claim_owner *owner, const struct switch_facts *facts,
                         char why[EVICT_WHY_LEN])
{
    why[0] = '\0';
    return owner->claim.kind == CLAIM_VF && owner->type == OWNER_VIF && facts->evict &&
           !strcmp(owner->vif_id, facts->evict->owner->spec.vif_id) &&
           evict_allowed(facts->evict, why, EVICT_WHY_LEN);
}

/* Refuses the plug; of a VF also says what on_vf_conflict has to do with it. */
static bool refuse(const struct vif *vif, const struct port_spec *spec,
                   const struct claim_owner *owner, const struct switch_facts *facts,
                   struct error *error)
{
    char why[EVICT_WHY_LEN];
    size_t used;

    claim_refuse(vif, spec, owner, error);
    if (owner->claim.kind == CLAIM_VF && !is_evictable(owner, facts, why) && why[0]) {
        used = strlen(error->message) - 1; /* Without its full stop. */
        snprintf(error->message + used, sizeof error->message - used, "%s", why);
    }
    return false;
}

/* Whether the plug may claim what `owner` has. libvirt makes the port of a VIF without port, as the
 * request says: with its name, or with its iface-id. */
static bool is_allowed(const struct port_spec *spec, const struct claim_owner *owner,
                       const char *evicted)
{
    return (owner->type == OWNER_VIF && evicted[0] && !strcmp(owner->vif_id, evicted)) ||
           (spec->no_port && owner->type == OWNER_PORT && owner->claim.kind != CLAIM_BRIDGE);
}

/* A warning, for struct plan. */
struct shared {
    char text[PLAN_SHARED_LEN]; /* Or "". */
};

static void warn_of_shared(const struct port_spec *spec, const struct claim_owner *owner,
                           struct shared *shared)
{
    char claimed[CLAIM_KEY_MAX + 64];
    char who[256];

    if (shared->text[0]) {
        return; /* One warning is enough: what to do is the same. */
    }
    if (owner->type == OWNER_VIF && !strcmp(owner->vif_id, spec->vif_id)) {
        claim_describe_twin(owner, shared->text, sizeof shared->text);
        return;
    }
    claim_describe(&owner->claim, claimed, sizeof claimed);
    claim_owner_describe(owner, who, sizeof who);
    snprintf(shared->text, sizeof shared->text,
             "the VIF has %s, but %s has it too: only one of them can use it; unplug the one that "
             "no guest uses",
             claimed, who);
}

/* The names that a VIF needs are all different. */
static bool check_own_names(const struct vif *vif, const struct claims *claims, struct error *error)
{
    const struct claim *pair[2];
    bool by_name;

    if (!claims_clash_within(claims, pair)) {
        return true;
    }
    by_name = !strcmp(pair[0]->key, vif->vif_name) || !strcmp(pair[0]->key, vif->representor_name);
    return error_set(error, REASON_INVALID_REQUEST,
                     vif_field_path(vif, by_name ? VIF_FIELD_VIF_NAME : VIF_FIELD_BRIDGE),
                     "The VIF's %s and its %s would both have the name %s; give one of them "
                     "another name.",
                     pair[0]->what, pair[1]->what, pair[0]->key);
}

/* The owner to evict for its VF, or NULL; and why. */
struct eviction {
    const struct claim_owner *owner;
    char why[EVICT_WHY_LEN];
};

/* Whether the VIF may have what its port claims. The owner of the VF comes first: what else it has
 * leaves with it. */
static bool check_claims(const struct vif *vif, const struct port_spec *spec,
                         const struct switch_facts *facts, struct eviction *eviction,
                         struct shared *shared, struct error *error)
{
    struct claims claims = {.n = 0};
    struct claims held = {.n = 0};

    eviction->owner = NULL;
    claims_of_spec(spec, !facts->bridge_exists, &claims);
    if (!check_own_names(vif, &claims, error)) {
        return false;
    }
    if (facts->current) {
        claims_of_spec(&facts->current->spec, false, &held);
    }
    for (size_t i = 0; i < facts->n_owners && !eviction->owner; i++) {
        if (is_evictable(&facts->owners[i], facts, eviction->why)) {
            eviction->owner = &facts->owners[i];
        }
    }
    for (size_t i = 0; i < facts->n_owners; i++) {
        const struct claim_owner *owner = &facts->owners[i];

        if (is_allowed(spec, owner, eviction->owner ? eviction->owner->vif_id : "")) {
            continue;
        }
        /* A plug of what the present port has is not refused: its owner and a running guest are in
         * each other's way since before, and a refusal would not help either. */
        if (!claims_held_too(&held, owner)) {
            return refuse(vif, spec, owner, facts, error);
        }
        warn_of_shared(spec, owner, shared);
    }
    return true;
}

/* The VIF's row says that the bridge is its, and the bridge's ports say that it is not. */
static bool refuse_port_bridge(const struct vif *vif, const struct port_spec *spec,
                               struct error *error)
{
    struct claim_owner owner = {.type = OWNER_BRIDGE,
                                .claim = {.kind = CLAIM_BRIDGE, .what = "separate bridge"}};

    snprintf(owner.claim.key, sizeof owner.claim.key, "%s", spec->port_bridge);
    snprintf(owner.bridge, sizeof owner.bridge, "%s", spec->port_bridge);
    return claim_refuse(vif, spec, &owner, error);
}

/* Plans the VIF's separate bridge: another program may have its names, and parts of it may be
 * missing. */
static bool plan_port_bridge(const struct vif *vif, const struct port_spec *spec,
                             const struct switch_facts *facts, struct plan *plan,
                             struct error *error)
{
    bool stays = facts->current && !strcmp(facts->current->spec.port, spec->port);

    if (!spec->port_bridge[0]) {
        return true;
    }
    plan->drop_port_bridge = facts->port_bridge != PORT_BRIDGE_NONE;
    if (facts->port_bridge == PORT_BRIDGE_FOREIGN) {
        return refuse_port_bridge(vif, spec, error);
    }
    if (stays && facts->port_bridge != PORT_BRIDGE_WHOLE) {
        plan->make_port_bridge = plan->needs_switch = plan->changes = true;
        plan->action = plan->action == ACTION_NONE ? ACTION_UPDATE : plan->action;
        plan_why(plan, "bridge %s is not complete", spec->port_bridge);
    }
    return true;
}

/* The new guest's port on a separate bridge (per_port_bridge) keeps the limits of the old one. */
static void keep_limits(const struct record *current, struct plan *plan)
{
    bool made = plan->make_port_bridge || plan->old_guest_port[0];

    if (current && made && !plan->spec.has_qos && record_has_limits(current)) {
        plan->spec.has_qos = true;
        plan->spec.qos = current->spec.qos;
    }
}

static bool plan_links(const struct port_spec *spec, const struct switch_facts *facts,
                       struct plan *plan, struct error *error)
{
    if (!facts->links) {
        return true;
    }
    if (!link_plan_up(spec->vif_id, &spec->links, facts->links, &plan->links, error)) {
        return false;
    }
    if (plan->links.n > 0) {
        plan->changes = true;
        plan->needs_switch |= !spec->awaits_netdev; /* What it says of the port is of before. */
    }
    if (facts->current && facts->current_links && !spec->no_port) {
        link_plan_down(spec->vif_id, &facts->current->spec.links, &spec->links,
                       facts->current_links, &plan->left_links);
    }
    return true;
}

static bool plan_socket(const struct vif *vif, const struct switch_facts *facts, struct plan *plan,
                        struct error *error)
{
    bool stale;

    if (!facts->socket) {
        return true;
    }
    if (!vhost_socket_check(vif, facts->current, facts->socket, &stale, error)) {
        return false;
    }
    if (stale) {
        snprintf(plan->stale_socket, sizeof plan->stale_socket, "%s", facts->socket->path);
    }
    return true;
}

/* No column differs, but increments next_cfg so that vswitchd looks at the port again. */
static void look_again(struct plan *plan, const char *reason)
{
    plan->action = ACTION_UPDATE;
    plan->needs_switch = true;
    plan_why(plan, "%s", reason);
}

/* Whether the reply depends on what a vswitchd that starts will say. A request that waits only for
 * the commit does if OVSDB shows a failure, for which it would be refused. */
static bool must_confirm_start(const struct switch_facts *facts)
{
    return facts->switch_starts &&
           (facts->wants_verdict || facts->written || record_failed(facts->current));
}

/* Has a vswitchd that starts confirm the port. It opens the device anew, so the first verdict is
 * final, unless the operation has changed the port in place, or nobody else asks for one
 * (needs_switch). */
static void confirm_start(const struct switch_facts *facts, struct plan *plan)
{
    look_again(plan, "ovs-vswitchd has started and has to confirm it");
    plan->needs_switch = facts->written || record_failed(facts->current);
    plan->awaits_only = facts->switch_asked;
}

/* Plans for a port whose columns are as required. */
static bool plan_none(const struct port_spec *spec, const struct switch_facts *facts,
                      struct plan *plan, struct error *error)
{
    const struct record *current = facts->current;

    ovs_assert(current || spec->no_port); /* Without a port the action is CREATE. */
    if (plan->links.n > 0 || plan->evicted_vif[0]) {
        look_again(plan, plan->links.n > 0 ? "links change" : "the VF becomes free");
        plan->needs_switch = !spec->awaits_netdev;
    } else if (spec->no_port || (spec->awaits_netdev && !record_failed(current))) {
        return true; /* vswitchd has no part in it. */
    } else if (must_confirm_start(facts)) {
        confirm_start(facts, plan);
    } else if (facts->written) {
        /* OVSDB has committed our transaction after all; vswitchd may not have seen it yet. */
        look_again(plan, "ovs-vswitchd has to confirm it");
        plan->awaits_only = true;
    } else if (facts->awaits_device) {
        look_again(plan, "ovs-vswitchd has to look for its device again");
    } else if (record_failed(current)) {
        error_set(error, REASON_NOT_REALIZED, "",
                  "Port %s is as asked, but ovs-vswitchd could not make it work; see the detail, "
                  "mend what it names and plug again.",
                  current->spec.port);
        return error_detail(error, "%s", current->error ? current->error : "ofport is -1");
    } else if (current->ofport == 0 && !facts->switch_dead) {
        plan->awaits_only = true;
    }
    return true;
}

static void plan_eviction(const struct eviction *eviction, const struct port_spec *spec,
                          const struct switch_facts *facts, struct plan *plan)
{
    const struct claim_owner *owner = eviction->owner;

    snprintf(plan->evicted_vif, sizeof plan->evicted_vif, "%s", owner->vif_id);
    snprintf(plan->evicted_port, sizeof plan->evicted_port, "%s", owner->port);
    if (facts->owner_links) {
        link_plan_down(owner->vif_id, &facts->evict->owner->spec.links, &spec->links,
                       facts->owner_links, &plan->evicted_links);
    }
    if (facts->evict->policy == EVICT_UNUSED && !strcmp(owner->boot_id, facts->evict->boot_id)) {
        memcpy(plan->evicted_why, eviction->why, sizeof plan->evicted_why);
    }
    plan_why(plan, "VIF %s loses its VF", owner->vif_id);
}

bool plan_plug(const struct vif *vif, const struct port_spec *spec,
               const struct switch_facts *facts, struct plan *plan, struct error *error)
{
    struct shared shared = {""};
    struct eviction eviction;

    if (!check_claims(vif, spec, facts, &eviction, &shared, error)) {
        return false;
    }
    if (facts->current && spec->has_qos && facts->current->foreign_qos) {
        return refuse_qos(vif, facts->current, error);
    }
    if (facts->no_packet_limits && spec->has_qos && spec->qos.egress_kpps) {
        return refuse_packets(vif, spec, error);
    }
    plan_transition(facts->current, spec, NULL, facts->bridge_exists, plan);
    plan->drop_bridge &= !facts->bridge_stays;
    memcpy(plan->shared, shared.text, sizeof plan->shared);
    if (!plan_port_bridge(vif, spec, facts, plan, error) || !plan_links(spec, facts, plan, error) ||
        !plan_socket(vif, facts, plan, error)) {
        return false;
    }
    keep_limits(facts->current, plan);
    if (eviction.owner) {
        plan_eviction(&eviction, spec, facts, plan);
    }
    if (plan->action == ACTION_NONE && !plan_none(spec, facts, plan, error)) {
        return false;
    }
    if (facts->may_hold_device) {
        plan->action = ACTION_REPLACE;
        plan->awaits_only = true;
    }
    return true;
}

bool plan_repair(const struct vif *vif, const struct port_spec *spec,
                 const struct switch_facts *facts, struct plan *plan, struct error *error)
{
    plan_transition(facts->current, spec, spec, facts->bridge_exists, plan);
    plan->drop_bridge &= !facts->bridge_stays;
    if (!plan_port_bridge(vif, spec, facts, plan, error) || !plan_links(spec, facts, plan, error) ||
        !plan_socket(vif, facts, plan, error)) {
        return false;
    }
    keep_limits(facts->current, plan);
    if (plan->action == ACTION_NONE) {
        look_again(plan, "ovs-vswitchd has to try it again");
    }
    if (facts->may_hold_device) {
        plan->action = ACTION_REPLACE;
        plan->awaits_only = true;
    }
    return true;
}
