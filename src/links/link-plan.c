/* SPDX-License-Identifier: Apache-2.0 */
#include "links/link-plan.h"

#include <stdio.h>
#include <string.h>

static void alias_of(const char *vif_id, char alias[LINK_ALIAS_MAX + 1])
{
    snprintf(alias, LINK_ALIAS_MAX + 1, LINK_ALIAS_PREFIX "%s", vif_id);
}

bool link_is_alias_of(const char *alias, const char *vif_id)
{
    char expected[LINK_ALIAS_MAX + 1];

    alias_of(vif_id, expected);
    return !strcmp(alias, expected);
}

bool link_spec_names(const struct link_spec *spec, const char *name)
{
    return spec->kind != LINKS_NONE && (!strcmp(spec->netdev, name) || !strcmp(spec->peer, name) ||
                                        !strcmp(spec->linux_bridge, name));
}

void link_plan_look(struct links *links, const struct link_spec *spec, struct link_state *facts)
{
    memset(facts, 0, sizeof *facts);
    if (!links || spec->kind == LINKS_NONE) {
        return;
    }
    facts->has_netdev = spec->netdev[0] && links_find(links, spec->netdev, &facts->netdev);
    facts->has_peer = spec->peer[0] && links_find(links, spec->peer, &facts->peer);
    facts->has_linux_bridge =
        spec->linux_bridge[0] && links_find(links, spec->linux_bridge, &facts->linux_bridge);
}

static struct link_step *add(struct link_plan *plan, enum link_step_type type, const char *name)
{
    struct link_step *step = &plan->steps[plan->n++];

    memset(step, 0, sizeof *step);
    step->type = type;
    snprintf(step->name, sizeof step->name, "%s", name);
    return step;
}

static void add_mtu(struct link_plan *plan, const char *name, int old_mtu, int mtu)
{
    if (mtu && mtu != old_mtu) {
        struct link_step *step = add(plan, LINK_SET_MTU, name);

        step->mtu = mtu;
        step->old_mtu = old_mtu;
    }
}

static bool taken(struct error *error, const char *name, const char *what)
{
    return error_set(error, REASON_PORT_CONFLICT, "",
                     "There is a link %s that was not made for this VIF, but the VIF's %s needs "
                     "that name; remove it with ip link delete if it is not needed.",
                     name, what);
}

static bool plan_veth(const char *vif_id, const struct link_spec *spec,
                      const struct link_state *facts, struct link_plan *plan, struct error *error)
{
    struct link_step *step;
    struct link_state rest;

    const struct link_facts *left = facts->has_netdev ? &facts->netdev : &facts->peer;

    if (facts->has_netdev != facts->has_peer && link_is_alias_of(left->alias, vif_id)) {
        /* The other end is missing: make a new pair (like os-vif's create_veth_pair()). */
        add(plan, LINK_DELETE, facts->has_netdev ? spec->netdev : spec->peer);
        rest = *facts;
        rest.has_netdev = rest.has_peer = false;
        facts = &rest;
    }
    if (!facts->has_netdev && !facts->has_peer) {
        step = add(plan, LINK_ADD_VETH, spec->peer);
        snprintf(step->other, sizeof step->other, "%s", spec->netdev);
        step->mtu = spec->mtu;
    } else if (!facts->has_netdev || !link_is_alias_of(facts->netdev.alias, vif_id)) {
        return taken(error, facts->has_netdev ? spec->netdev : spec->peer, "veth pair");
    } else if (!facts->has_peer || !link_is_alias_of(facts->peer.alias, vif_id)) {
        return taken(error, facts->has_peer ? spec->peer : spec->netdev, "veth pair");
    } else {
        add_mtu(plan, spec->peer, facts->peer.mtu, spec->mtu);
        add_mtu(plan, spec->netdev, facts->netdev.mtu, spec->mtu);
    }
    if (!facts->has_peer || strcmp(facts->peer.master, spec->linux_bridge)) {
        step = add(plan, LINK_SET_MASTER, spec->peer);
        snprintf(step->other, sizeof step->other, "%s", spec->linux_bridge);
        snprintf(step->old_other, sizeof step->old_other, "%s",
                 facts->has_peer ? facts->peer.master : "");
    }
    return true;
}

static bool plan_hybrid(const char *vif_id, const struct link_spec *spec,
                        const struct link_state *facts, struct link_plan *plan, struct error *error)
{
    const struct link_facts *bridge = &facts->linux_bridge;

    if (!facts->has_linux_bridge) {
        add(plan, LINK_ADD_BRIDGE, spec->linux_bridge);
    } else if (strcmp(bridge->kind, "bridge")) {
        return taken(error, spec->linux_bridge, "Linux bridge");
    } else if (!bridge->up || (!facts->has_peer && !link_is_alias_of(bridge->alias, vif_id))) {
        add(plan, LINK_PREPARE_BRIDGE, spec->linux_bridge);
        if (!bridge->up) {
            add(plan, LINK_SET_UP, spec->linux_bridge);
        }
    }
    return plan_veth(vif_id, spec, facts, plan, error);
}

bool link_plan_up(const char *vif_id, const struct link_spec *spec, const struct link_state *facts,
                  struct link_plan *plan, struct error *error)
{
    memset(plan, 0, sizeof *plan);
    plan->multiqueue = spec->multiqueue;
    memcpy(plan->address, spec->address, sizeof plan->address);
    switch (spec->kind) {
    case LINKS_NONE:
        break;
    case LINKS_HYBRID:
        return plan_hybrid(vif_id, spec, facts, plan, error);
    case LINKS_TAP:
        if (facts->has_netdev) {
            add_mtu(plan, spec->netdev, facts->netdev.mtu, spec->mtu);
        } else if (spec->create) {
            add(plan, LINK_ADD_TAP, spec->netdev)->mtu = spec->mtu;
        }
        break;
    case LINKS_NETDEV:
        if (!facts->has_netdev) {
            return error_set(error, REASON_NOT_REALIZED, "",
                             "There is no netdev %s; check that the VF's representor exists in "
                             "this network namespace (ip link).",
                             spec->netdev);
        }
        if (!facts->netdev.up) {
            add(plan, LINK_SET_UP, spec->netdev);
        }
        add_mtu(plan, spec->netdev, facts->netdev.mtu, spec->mtu);
        break;
    }
    return true;
}

void link_plan_down(const char *vif_id, const struct link_spec *spec, const struct link_spec *keep,
                    const struct link_state *facts, struct link_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    if (facts->has_linux_bridge && link_is_alias_of(facts->linux_bridge.alias, vif_id) &&
        !(keep && !strcmp(keep->linux_bridge, spec->linux_bridge))) {
        add(plan, LINK_DELETE, spec->linux_bridge);
    }
    if (!facts->has_netdev || (keep && !strcmp(keep->netdev, spec->netdev))) {
        return;
    }
    if (spec->kind == LINKS_NETDEV) {
        if (facts->netdev.up) {
            add(plan, LINK_SET_DOWN, spec->netdev);
        }
    } else if (link_is_alias_of(facts->netdev.alias, vif_id)) {
        add(plan, LINK_DELETE, spec->netdev); /* This deletes the veth's other end too. */
    }
}

static bool execute(struct links *links, const char *alias, const struct link_plan *plan,
                    const struct link_step *step, struct error *error)
{
    switch (step->type) {
    case LINK_ADD_BRIDGE:
        return links_add_bridge(links, step->name, alias, error);
    case LINK_PREPARE_BRIDGE:
        return links_prepare_bridge(links, step->name, error);
    case LINK_ADD_VETH:
        return links_add_veth(links, step->name, step->other, step->mtu, alias, error);
    case LINK_ADD_TAP:
        return links_add_tap(links, step->name, plan->multiqueue, plan->address, step->mtu, alias,
                             error);
    case LINK_SET_MASTER:
        return links_set_master(links, step->name, step->other, error);
    case LINK_SET_UP:
        return links_set_up(links, step->name, true, error);
    case LINK_SET_DOWN:
        return links_set_up(links, step->name, false, error);
    case LINK_SET_MTU:
        return links_set_mtu(links, step->name, step->mtu, error);
    case LINK_DELETE:
        return links_delete(links, step->name, error);
    }
    return false;
}

bool link_plan_execute(struct links *links, const char *vif_id, struct link_plan *plan,
                       struct error *error)
{
    char alias[LINK_ALIAS_MAX + 1];

    if (plan->n_done < plan->n && !links) {
        return error_set(error, REASON_NOT_REALIZED, "",
                         "vifplugd has no netlink socket, so it cannot make links; its log has the "
                         "reason, at its start.");
    }
    alias_of(vif_id, alias);
    while (plan->n_done < plan->n) {
        if (!execute(links, alias, plan, &plan->steps[plan->n_done], error)) {
            link_plan_revert(links, plan);
            return false;
        }
        plan->n_done++;
    }
    return true;
}

void link_plan_revert(struct links *links, struct link_plan *plan)
{
    struct error ignored; /* What cannot be reverted is gone already. */

    while (plan->n_done > 0) {
        const struct link_step *step = &plan->steps[--plan->n_done];

        switch (step->type) {
        case LINK_ADD_BRIDGE:
        case LINK_ADD_VETH:
        case LINK_ADD_TAP:
            links_delete(links, step->name, &ignored);
            break;
        case LINK_SET_UP:
            links_set_up(links, step->name, false, &ignored);
            break;
        case LINK_SET_DOWN:
            links_set_up(links, step->name, true, &ignored);
            break;
        case LINK_SET_MTU:
            links_set_mtu(links, step->name, step->old_mtu, &ignored);
            break;
        case LINK_SET_MASTER:
            if (step->old_other[0]) {
                links_set_master(links, step->name, step->old_other, &ignored);
            }
            break;
        case LINK_PREPARE_BRIDGE:
        case LINK_DELETE:
            break;
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
    case LINK_DELETE:
        snprintf(text, size, "delete link %s", step->name);
        break;
    }
}
