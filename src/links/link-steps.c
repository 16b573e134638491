/* SPDX-License-Identifier: Apache-2.0 */
#include "links/link-steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "links/link-state.h"

struct link_step *link_plan_add(struct link_plan *plan, enum link_step_type type, const char *name)
{
    struct link_step *step = &plan->steps[plan->n++];

    memset(step, 0, sizeof *step);
    step->type = type;
    snprintf(step->name, sizeof step->name, "%s", name);
    return step;
}

void link_plan_delete(struct link_plan *plan, int index, const char *name)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct link_step *step = &plan->steps[i];

        if (step->type == LINK_DELETE && step->index == index &&
            (index || !strcmp(step->name, name))) {
            return;
        }
    }
    if (plan->n < LINK_STEPS_MAX) {
        link_plan_add(plan, LINK_DELETE, name)->index = index;
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
        return links_set_down(links, step->index, step->name, error);
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

/* Finds out what an addition came to: a step that failed may have been done, and only the kernel's
 * reply lost. If the kernel does not say that either, the link is removed by its name. */
static void look_at_addition(struct links *links, const char *vif_id, struct link_step *step)
{
    struct link_facts facts;
    int errnum = links_ask(links, step->name, &facts);

    step->index = 0;
    if (errnum == 0) {
        step->done |= link_is_own(&facts, vif_id);
        step->index = step->done ? facts.index : 0;
    } else if (errnum != ENODEV) {
        step->done = true;
    }
}

bool link_plan_execute(struct links *links, const char *vif_id, struct link_plan *plan,
                       enum link_when when, bool all, struct error *error)
{
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
        if (is_addition(step)) {
            look_at_addition(links, vif_id, step);
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
