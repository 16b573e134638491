/* SPDX-License-Identifier: Apache-2.0 */
#include "links/link-plan.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/names.h"

/* The master of all ports of Open vSwitch's datapath in the kernel. */
#define KERNEL_DATAPATH "ovs-system"

void link_alias(const char *vif_id, char alias[LINK_ALIAS_MAX + 1])
{
    snprintf(alias, LINK_ALIAS_MAX + 1, LINK_ALIAS_PREFIX "%s", vif_id);
}

const char *link_vif_of(const char *alias)
{
    const size_t prefix = strlen(LINK_ALIAS_PREFIX);

    return strncmp(alias, LINK_ALIAS_PREFIX, prefix) ? NULL : alias + prefix;
}

bool link_is_alias_of(const char *alias, const char *vif_id)
{
    const char *owner = link_vif_of(alias);

    return owner && !strcmp(owner, vif_id);
}

/* Whether the VIF may change and remove the link: vifplugd made it for this VIF, or did not
 * complete it. */
static bool is_own(const struct link_facts *facts, const char *vif_id)
{
    return link_is_alias_of(facts->alias, vif_id) || link_is_incomplete(facts);
}

bool link_spec_names(const struct link_spec *spec, const char *name)
{
    return spec->kind != LINKS_NONE && (!strcmp(spec->netdev, name) || !strcmp(spec->peer, name) ||
                                        !strcmp(spec->linux_bridge, name));
}

bool link_spec_any(const struct link_spec *spec, bool (*cb)(const char *name, void *aux), void *aux)
{
    const char *names[] = {spec->netdev, spec->peer, spec->linux_bridge};

    for (size_t i = 0; spec->kind != LINKS_NONE && i < 3; i++) {
        if (names[i][0] && cb(names[i], aux)) {
            return true;
        }
    }
    return false;
}

void link_plan_look(struct links *links, const struct link_spec *spec, struct link_state *state)
{
    memset(state, 0, sizeof *state);
    if (!links || spec->kind == LINKS_NONE) {
        return;
    }
    state->has_netdev = spec->netdev[0] && links_find(links, spec->netdev, &state->netdev);
    state->has_peer = spec->peer[0] && links_find(links, spec->peer, &state->peer);
    state->has_linux_bridge =
        spec->linux_bridge[0] && links_find(links, spec->linux_bridge, &state->linux_bridge);
}

const char *link_state_owner(const struct link_state *state, const char *vif_id)
{
    const struct link_facts *all[] = {state->has_netdev ? &state->netdev : NULL,
                                      state->has_peer ? &state->peer : NULL,
                                      state->has_linux_bridge ? &state->linux_bridge : NULL};

    for (size_t i = 0; i < 3; i++) {
        const char *owner = all[i] ? link_vif_of(all[i]->alias) : NULL;

        if (owner && strcmp(owner, vif_id)) {
            return owner;
        }
    }
    return NULL;
}

/* os-vif makes a bridge of this name for the VIF, without our alias. */
static bool is_osvifs(const char *bridge, const char *vif_id)
{
    char name[VIF_IFNAME_MAX + 1];

    name_linux_bridge(vif_id, name);
    return !strcmp(bridge, name);
}

static bool lacks(struct link_lack *lack, const char *name, bool exists)
{
    snprintf(lack->what, sizeof lack->what, "link");
    lack->expected = name;
    lack->found = exists ? "a link that is not this VIF's" : "";
    return true;
}

bool link_state_lacks(const char *vif_id, const struct link_spec *spec,
                      const struct link_state *state, struct link_lack *lack)
{
    const struct link_facts *bridge = &state->linux_bridge;
    bool bridge_is_osvifs = !bridge->alias[0] && is_osvifs(spec->linux_bridge, vif_id);

    if (!spec->create || (spec->kind != LINKS_TAP && spec->kind != LINKS_HYBRID)) {
        return false;
    }
    if (!state->has_netdev || !is_own(&state->netdev, vif_id)) {
        return lacks(lack, spec->netdev, state->has_netdev);
    }
    if (spec->kind == LINKS_TAP) {
        return false;
    }
    if (!state->has_peer || !is_own(&state->peer, vif_id)) {
        return lacks(lack, spec->peer, state->has_peer);
    }
    if (!state->has_linux_bridge || strcmp(bridge->kind, "bridge") != 0 ||
        !(is_own(bridge, vif_id) || bridge_is_osvifs)) {
        return lacks(lack, spec->linux_bridge, state->has_linux_bridge);
    }
    if (strcmp(state->peer.master, spec->linux_bridge) != 0) {
        snprintf(lack->what, sizeof lack->what, "link:%s:master", spec->peer);
        lack->expected = spec->linux_bridge;
        lack->found = state->peer.master;
        return true;
    }
    return false;
}

/* --- Plans. --- */

static struct link_step *add(struct link_plan *plan, enum link_step_type type, const char *name)
{
    struct link_step *step = &plan->steps[plan->n++];

    memset(step, 0, sizeof *step);
    step->type = type;
    snprintf(step->name, sizeof step->name, "%s", name);
    return step;
}

static void add_up(struct link_plan *plan, const char *name, const struct link_facts *facts)
{
    if (!facts->up) {
        add(plan, LINK_SET_UP, name);
    }
}

static void add_mtu(struct link_plan *plan, const char *name, int old_mtu, int mtu)
{
    if (mtu && mtu != old_mtu) {
        struct link_step *step = add(plan, LINK_SET_MTU, name);

        step->mtu = mtu;
        step->old_mtu = old_mtu;
    }
}

void link_plan_delete(struct link_plan *plan, int index, const char *name)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->steps[i].type == LINK_DELETE && plan->steps[i].index == index) {
            return;
        }
    }
    if (plan->n < LINK_STEPS_MAX) {
        add(plan, LINK_DELETE, name)->index = index;
    }
}

static bool bridge_is_taken(const char *vif_id, const struct link_spec *spec,
                            const struct link_facts *bridge)
{
    bool own = link_is_alias_of(bridge->alias, vif_id);

    return !link_is_incomplete(bridge) &&
           (strcmp(bridge->kind, "bridge") ||
            (!own && (bridge->alias[0] || !is_osvifs(spec->linux_bridge, vif_id))));
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
    if (state->has_netdev && !is_own(&state->netdev, vif_id)) {
        *conflict = netdev;
        return true;
    }
    if (state->has_peer && !is_own(&state->peer, vif_id)) {
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
    if (state->has_netdev && is_own(&state->netdev, vif_id)) {
        link_plan_delete(plan, state->netdev.index, spec->netdev);
    } else if (state->has_peer && is_own(&state->peer, vif_id)) {
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
        step = add(plan, LINK_ADD_VETH, spec->peer);
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
        step = add(plan, LINK_SET_MASTER, spec->peer);
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
        add(plan, LINK_ADD_BRIDGE, spec->linux_bridge);
        return;
    }
    if (link_is_incomplete(bridge)) {
        link_plan_delete(plan, bridge->index, spec->linux_bridge);
        add(plan, LINK_ADD_BRIDGE, spec->linux_bridge);
        return;
    }
    if (!bridge->up || (!own && !state->has_peer)) {
        add(plan, LINK_PREPARE_BRIDGE, spec->linux_bridge);
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
            step = add(plan, LINK_ADD_TAP, spec->netdev);
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
        step = add(plan, LINK_SET_ADDRESS, spec->netdev);
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
    if (state->has_linux_bridge && is_own(&state->linux_bridge, vif_id) &&
        !(keep && !strcmp(keep->linux_bridge, spec->linux_bridge))) {
        link_plan_delete(plan, state->linux_bridge.index, spec->linux_bridge);
    }
    if (!state->has_netdev || (keep && !strcmp(keep->netdev, spec->netdev))) {
        return;
    }
    if (spec->kind == LINKS_NETDEV) {
        if (state->netdev.up) {
            add(plan, LINK_SET_DOWN, spec->netdev);
        }
    } else if (is_own(&state->netdev, vif_id)) {
        /* This deletes the veth's other end too. */
        link_plan_delete(plan, state->netdev.index, spec->netdev);
    }
}

static enum link_when when_of(const struct link_step *step)
{
    switch (step->type) {
    case LINK_DELETE:
        return LINK_FIRST;
    case LINK_SET_MTU:
    case LINK_SET_ADDRESS:
        return LINK_LATE;
    default:
        return LINK_EARLY;
    }
}

bool link_plan_has(const struct link_plan *plan, enum link_when when)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (when_of(&plan->steps[i]) == when) {
            return true;
        }
    }
    return false;
}

/* --- Doing it. --- */

static bool execute(struct links *links, const char *vif_id, const struct link_step *step,
                    struct error *error)
{
    char alias[LINK_ALIAS_MAX + 1];

    link_alias(vif_id, alias);
    switch (step->type) {
    case LINK_ADD_BRIDGE:
        return links_add_bridge(links, step->name, alias, error);
    case LINK_PREPARE_BRIDGE:
        return links_prepare_bridge(links, step->name, error);
    case LINK_ADD_VETH:
        return links_add_veth(links, step->name, step->other, step->mtu, alias, error);
    case LINK_ADD_TAP:
        return links_add_tap(links, step->name, step->multiqueue, step->address, step->mtu, alias,
                             error);
    case LINK_SET_MASTER:
        return links_set_master(links, step->name, step->other, error);
    case LINK_SET_UP:
        return links_set_up(links, step->name, true, error);
    case LINK_SET_DOWN:
        return links_set_up(links, step->name, false, error);
    case LINK_SET_MTU:
        return links_set_mtu(links, step->name, step->mtu, error);
    case LINK_SET_ADDRESS:
        return links_set_address(links, step->name, step->address, error);
    case LINK_DELETE:
        return links_delete(links, step->index, alias, step->name, error);
    }
    return false;
}

static bool is_addition(const struct link_step *step)
{
    return step->type == LINK_ADD_BRIDGE || step->type == LINK_ADD_VETH ||
           step->type == LINK_ADD_TAP;
}

static void revert(struct links *links, const struct link_step *step)
{
    struct error ignored; /* What cannot be reverted is gone already. */

    switch (step->type) {
    case LINK_SET_UP:
        links_set_up(links, step->name, false, &ignored);
        break;
    case LINK_SET_DOWN:
        links_set_up(links, step->name, true, &ignored);
        break;
    case LINK_SET_MTU:
        links_set_mtu(links, step->name, step->old_mtu, &ignored);
        break;
    case LINK_SET_ADDRESS:
        links_set_address(links, step->name, step->old_address, &ignored);
        break;
    case LINK_SET_MASTER:
        if (step->old_other[0]) {
            links_set_master(links, step->name, step->old_other, &ignored);
        }
        break;
    default:
        break;
    }
}

bool link_plan_execute(struct links *links, const char *vif_id, struct link_plan *plan,
                       enum link_when when, bool all, struct error *error)
{
    struct link_facts facts;
    bool ok = true;

    for (size_t i = 0; i < plan->n && (ok || all); i++) {
        struct link_step *step = &plan->steps[i];

        if (step->done || (!all && when_of(step) != when)) {
            continue;
        }
        if (!links) {
            return error_set(error, REASON_NOT_REALIZED, "",
                             "vifplugd has no netlink socket, so it cannot make links; its log has "
                             "the reason, at its start.");
        }
        step->done = execute(links, vif_id, step, error);
        ok &= step->done;
        /* A failed step may have been done, and only the kernel's reply lost. */
        if (is_addition(step) && links_find(links, step->name, &facts) &&
            (step->done || is_own(&facts, vif_id))) {
            step->index = facts.index;
            step->done = true; /* For link_plan_revert(). */
        } else if (!step->done && !all) {
            revert(links, step);
        }
    }
    return ok;
}

void link_plan_revert(struct links *links, struct link_plan *plan, struct link_plan *removals)
{
    memset(removals, 0, sizeof *removals);
    for (size_t i = plan->n; i > 0; i--) {
        struct link_step *step = &plan->steps[i - 1];

        if (!step->done) {
            continue;
        }
        step->done = false;
        if (is_addition(step)) {
            link_plan_delete(removals, step->index, step->name);
        } else {
            revert(links, step);
        }
    }
}

void link_step_describe(const struct link_step *step, char *text, size_t size)
{
    char mtu[32] = "";

    if (step->mtu) {
        snprintf(mtu, sizeof mtu, " with MTU %d", step->mtu);
    }
    switch (step->type) {
    case LINK_ADD_BRIDGE:
        snprintf(text, size, "add Linux bridge %s", step->name);
        break;
    case LINK_PREPARE_BRIDGE:
        snprintf(text, size, "set Linux bridge %s without IPv6, with ARP filtering", step->name);
        break;
    case LINK_ADD_VETH:
        snprintf(text, size, "add veth pair %s and %s%s", step->name, step->other, mtu);
        break;
    case LINK_ADD_TAP:
        snprintf(text, size, "add tap %s%s", step->name, mtu);
        break;
    case LINK_SET_MASTER:
        snprintf(text, size, "set link %s master %s", step->name, step->other);
        break;
    case LINK_SET_UP:
    case LINK_SET_DOWN:
        snprintf(text, size, "set link %s %s", step->name,
                 step->type == LINK_SET_UP ? "up" : "down");
        break;
    case LINK_SET_MTU:
        snprintf(text, size, "set link %s mtu %d", step->name, step->mtu);
        break;
    case LINK_SET_ADDRESS:
        snprintf(text, size, "set link %s address %s", step->name, step->address);
        break;
    case LINK_DELETE:
        snprintf(text, size, "delete link %s", step->name);
        break;
    }
}
