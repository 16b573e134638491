/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that change links, as values, and doing them: link_plan_execute() does the steps of a plan,
 * and link_plan_revert() reverts those that were done. */

#ifndef VP_LINK_STEPS_H
#define VP_LINK_STEPS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"
#include "links/links.h"

/* When a step is due. */
enum link_when {
    LINK_FIRST, /* Before all others, by the link remover: what is in the way of the VIF's links. */
    LINK_EARLY, /* Before the transaction that refers to the links. */
    LINK_LATE   /* Once that is committed: changes of links that exist. */
};

enum link_step_type {
    LINK_ADD_BRIDGE, /* `name` */
    LINK_PREPARE_BRIDGE,
    LINK_ADD_VETH,   /* `name` and its peer `other`, with `mtu` */
    LINK_ADD_TAP,    /* `name`, with `mtu` */
    LINK_SET_MASTER, /* `name` becomes a port of `other` */
    LINK_SET_UP,
    LINK_SET_DOWN,    /* the link `index`, which is called `name` */
    LINK_SET_MTU,     /* from `old_mtu` to `mtu` */
    LINK_SET_ADDRESS, /* from `old_address` to `address` */
    LINK_DELETE       /* the link `index`, which is called `name` */
};

struct link_step {
    enum link_step_type type;
    char name[VIF_IFNAME_MAX + 1];
    char other[VIF_IFNAME_MAX + 1];
    int mtu;
    int old_mtu;
    char old_other[VIF_IFNAME_MAX + 1]; /* SET_MASTER: the previous master, or "". */
    int index; /* DELETE: which link; 0: what has `name`. SET_DOWN: which link. ADD_*: what was
                * added; 0: unknown. */
    bool multiqueue; /* ADD_TAP. */
    char address[VIF_MAC_LEN];
    char old_address[VIF_MAC_LEN];
    bool done; /* It has been done, and not reverted. */
};

#define LINK_STEPS_MAX 8

struct link_plan {
    struct link_step steps[LINK_STEPS_MAX];
    size_t n;
};

/* Adds a step on the link `name`; there must be room. */
struct link_step *link_plan_add(struct link_plan *plan, enum link_step_type type, const char *name);

/* Adds the removal of the link `index` (0: it is not known), called `name`, unless the plan has it
 * or is full. */
void link_plan_delete(struct link_plan *plan, int index, const char *name);

/* Whether the plan has steps that are due then. */
bool link_plan_has(const struct link_plan *plan, enum link_when when);

/* Does the steps that are due then and have not been done, up to the first that fails; with `all`
 * each step, whenever it is due and whatever fails. Steps that were done stay done. */
bool link_plan_execute(struct links *links, const char *vif_id, struct link_plan *plan,
                       enum link_when when, bool all, struct error *error);

/* Reverts the steps that were done, except deletions. Links that were added are not deleted, since
 * that takes long: fills *removals with the steps to do that. */
void link_plan_revert(struct links *links, struct link_plan *plan, struct link_plan *removals);

/* Writes the step as a dry run shows it: "add veth pair qvb... and qvo... with MTU 1500". */
void link_step_describe(const struct link_step *step, char *text, size_t size);

#endif
