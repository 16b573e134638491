/* SPDX-License-Identifier: Apache-2.0 */
#include "links/link-plan.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The master of all ports of Open vSwitch's datapath in the kernel. */
#define KERNEL_DATAPATH "ovs-system"

static void add_up(struct link_plan *plan, const char *name, const struct link_facts *facts)
{
    if (!facts->up) {
        link_plan_add(plan, LINK_SET_UP, name);
    }
}

static void add_mtu(struct link_plan *plan, const char *name, int old_mtu, int mtu)
{
    if (mtu && mtu != old_mtu) {
        struct link_step *step = link_plan_add(plan, LINK_SET_MTU, name);

        step->mtu = mtu;
        step->old_mtu = old_mtu;
    }
}

static bool bridge_is_taken(const char *vif_id, const struct link_spec *spec,
                            const struct link_facts *bridge)
{
    bool own = link_is_alias_of(bridge->alias, vif_id);

    return !link_is_incomplete(bridge) &&
           (strcmp(bridge->kind, "bridge") ||
            (!own && (bridge->alias[0] || !link_is_osvifs(spec->linux_bridge, vif_id))));
}

/* Whoever makes the guest's netdev may make another kind than a tap (a veth for a container), but a
 * device without a kind is the host's, and one for IP packets carries no frames. */
static bool is_usable_tap(const char *vif_id, const struct link_spec *spec,
                          const struct link_facts *tap)
{
    if (tap->ip_only || (link_vif_of(tap->alias) && !link_is_alias_of(tap->alias, vif_id))) {
        return false;
    }
    if (!spec->create) {
        return tap->kind[0];
    }
    return !strcmp(tap->kind, "tun") && (!tap->alias[0] || link_vif_of(tap->alias));
}

bool link_plan_conflicts(const char *vif_id, const struct link_spec *spec,
                         const struct link_state *state, struct link_conflict *conflict)
{
    const struct link_conflict netdev = {spec->kind == LINKS_TAP ? "tap" : "veth pair",
                                         spec->netdev, &state->netdev};
    const struct link_conflict peer = {"veth pair", spec->peer, &state->peer};
    const struct link_conflict bridge = {"Linux bridge", spec->linux_bridge, &state->linux_bridge};

    if (spec->kind == LINKS_TAP && state->has_netdev &&
        !(spec->create && link_is_incomplete(&state->netdev)) &&
        !is_usable_tap(vif_id, spec, &state->netdev)) {
        *conflict = netdev;
        return true;
    }
    if (spec->kind != LINKS_HYBRID) {
        return false;
    }
    if (state->has_linux_bridge && bridge_is_taken(vif_id, spec, &state->linux_bridge)) {
        *conflict = bridge;
        return true;
    }
    if (state->has_netdev && !link_is_own(&state->netdev, vif_id)) {
        *conflict = netdev;
        return true;
    }
    if (state->has_peer && !link_is_own(&state->peer, vif_id)) {
        *conflict = peer;
        return true;
    }
    return false;
}

/* Plugs are refused before they get here (plan/plan-plug.c), with the owner's instance. */
static bool refuse(const char *vif_id, const struct link_conflict *conflict, struct error *error)
{
    const char *owner = link_vif_of(conflict->facts->alias);

    if (owner && strcmp(owner, vif_id)) {
        return error_set(error, REASON_PORT_CONFLICT, "",
                         "Link %s belongs to VIF %s, but this VIF's %s needs that name; use "
                         "another name.",
                         conflict->name, owner, conflict->what);
    }
    return error_set(error, REASON_PORT_CONFLICT, "",
                     "There is a link %s (%s) that was not made for this VIF, but the VIF's %s "
                     "needs that name; use another name, or remove the link with ip link delete "
                     "if nothing uses it.",
                     conflict->name,
                     conflict->facts->ip_only   ? "a tun device, which takes no frames"
                     : conflict->facts->kind[0] ? conflict->facts->kind
                                                : "a device",
                     conflict->what);
}

/* A pair of which an end is missing or was never completed is made anew (like os-vif's
 * create_veth_pair()). Returns whether a pair is to be made. */
static bool clear_veth(const char *vif_id, const struct link_spec *spec,
                       const struct link_state *state, struct link_plan *plan)
{
    bool whole = state->has_netdev && state->has_peer && !link_is_incomplete(&state->netdev) &&
                 !link_is_incomplete(&state->peer);

    if (whole) {
        return false;
    }
    if (state->has_netdev && link_is_own(&state->netdev, vif_id)) {
        link_plan_delete(plan, state->netdev.index, spec->netdev);
    } else if (state->has_peer && link_is_own(&state->peer, vif_id)) {
        link_plan_delete(plan, state->peer.index, spec->peer);
    }
    return true;
}

static void plan_veth(const char *vif_id, const struct link_spec *spec,
                      const struct link_state *state, struct link_plan *plan)
{
    const char *master = state->has_peer ? state->peer.master : "";
    struct link_step *step;

    if (clear_veth(vif_id, spec, state, plan)) {
        step = link_plan_add(plan, LINK_ADD_VETH, spec->peer);
        snprintf(step->other, sizeof step->other, "%s", spec->netdev);
        step->mtu = spec->mtu;
        master = "";
    } else {
        add_up(plan, spec->peer, &state->peer);
        add_up(plan, spec->netdev, &state->netdev);
        add_mtu(plan, spec->peer, state->peer.mtu, spec->mtu);
        add_mtu(plan, spec->netdev, state->netdev.mtu, spec->mtu);
    }
    if (strcmp(master, spec->linux_bridge)) {
        step = link_plan_add(plan, LINK_SET_MASTER, spec->peer);
        snprintf(step->other, sizeof step->other, "%s", spec->linux_bridge);
        snprintf(step->old_other, sizeof step->old_other, "%s", master);
    }
}

static void plan_linux_bridge(const char *vif_id, const struct link_spec *spec,
                              const struct link_state *state, struct link_plan *plan)
{
    const struct link_facts *bridge = &state->linux_bridge;
    bool own = state->has_linux_bridge && link_is_alias_of(bridge->alias, vif_id);

    if (!state->has_linux_bridge) {
        link_plan_add(plan, LINK_ADD_BRIDGE, spec->linux_bridge);
        return;
    }
    if (link_is_incomplete(bridge)) {
        link_plan_delete(plan, bridge->index, spec->linux_bridge);
        link_plan_add(plan, LINK_ADD_BRIDGE, spec->linux_bridge);
        return;
    }
    if (!bridge->up || (!own && !state->has_peer)) {
        link_plan_add(plan, LINK_PREPARE_BRIDGE, spec->linux_bridge);
    }
    add_up(plan, spec->linux_bridge, bridge);
}

/* What the VIF's program could not use, or Open vSwitch, though it is a tap. */
static bool check_made_tap(const char *vif_id, const struct link_spec *spec,
                           const struct link_facts *tap, struct error *error)
{
    if (tap->multiqueue != spec->multiqueue) {
        return error_set(error, REASON_PORT_CONFLICT, "",
                         "Tap %s exists %s several queues, and that cannot be changed; %s.",
                         spec->netdev, tap->multiqueue ? "with" : "without",
                         link_is_alias_of(tap->alias, vif_id)
                             ? "unplug the VIF and plug it again"
                             : "remove it with ip link delete if nothing uses it");
    }
    if (tap->master[0] && strcmp(tap->master, KERNEL_DATAPATH) != 0) {
        return error_set(error, REASON_PORT_CONFLICT, "",
                         "Tap %s is a port of %s, and cannot be one of Open vSwitch as well; "
                         "release it with ip link set %s nomaster.",
                         spec->netdev, tap->master, spec->netdev);
    }
    return true;
}

static bool plan_tap(const char *vif_id, const struct link_spec *spec,
                     const struct link_state *state, struct link_plan *plan, struct error *error)
{
    const struct link_facts *tap = &state->netdev;
    bool incomplete = state->has_netdev && spec->create && link_is_incomplete(tap);
    struct link_step *step;

    if (incomplete) {
        link_plan_delete(plan, tap->index, spec->netdev);
    }
    if (!state->has_netdev || incomplete) {
        if (spec->create) {
            step = link_plan_add(plan, LINK_ADD_TAP, spec->netdev);
            step->mtu = spec->mtu;
            step->multiqueue = spec->multiqueue;
            memcpy(step->address, spec->address, sizeof step->address);
        }
        return true;
    }
    if (spec->create && !check_made_tap(vif_id, spec, tap, error)) {
        return false;
    }
    if (spec->create) {
        add_up(plan, spec->netdev, tap);
    }
    if (spec->create && spec->address[0] && link_is_alias_of(tap->alias, vif_id) &&
        strcasecmp(tap->address, spec->address)) {
        step = link_plan_add(plan, LINK_SET_ADDRESS, spec->netdev);
        memcpy(step->address, spec->address, sizeof step->address);
        memcpy(step->old_address, tap->address, sizeof step->old_address);
    }
    add_mtu(plan, spec->netdev, tap->mtu, spec->mtu);
    return true;
}

static bool plan_netdev(const struct link_spec *spec, const struct link_state *state,
                        struct link_plan *plan, struct error *error)
{
    if (!state->has_netdev) {
        return error_set(error, REASON_NOT_REALIZED, "",
                         "There is no netdev %s; check that the VF's representor exists in this "
                         "network namespace (ip link).",
                         spec->netdev);
    }
    add_up(plan, spec->netdev, &state->netdev);
    add_mtu(plan, spec->netdev, state->netdev.mtu, spec->mtu);
    return true;
}

bool link_plan_up(const char *vif_id, const struct link_spec *spec, const struct link_state *state,
                  struct link_plan *plan, struct error *error)
{
    struct link_conflict conflict;

    memset(plan, 0, sizeof *plan);
    if (link_plan_conflicts(vif_id, spec, state, &conflict)) {
        return refuse(vif_id, &conflict, error);
    }
    switch (spec->kind) {
    case LINKS_NONE:
        break;
    case LINKS_HYBRID:
        plan_linux_bridge(vif_id, spec, state, plan);
        plan_veth(vif_id, spec, state, plan);
        break;
    case LINKS_TAP:
        return plan_tap(vif_id, spec, state, plan, error);
    case LINKS_NETDEV:
        return plan_netdev(spec, state, plan, error);
    }
    return true;
}

void link_plan_down(const char *vif_id, const struct link_spec *spec, const struct link_spec *keep,
                    const struct link_state *state, struct link_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    if (state->has_linux_bridge && link_is_own(&state->linux_bridge, vif_id) &&
        !(keep && !strcmp(keep->linux_bridge, spec->linux_bridge))) {
        link_plan_delete(plan, state->linux_bridge.index, spec->linux_bridge);
    }
    if (!state->has_netdev || (keep && !strcmp(keep->netdev, spec->netdev))) {
        return;
    }
    if (spec->kind == LINKS_NETDEV) {
        if (state->netdev.up && !state->netdev_is_taken) {
            link_plan_add(plan, LINK_SET_DOWN, spec->netdev)->index = state->netdev.index;
        }
    } else if (link_is_own(&state->netdev, vif_id)) {
        /* This deletes the veth's other end too. */
        link_plan_delete(plan, state->netdev.index, spec->netdev);
    }
}
