/* SPDX-License-Identifier: Apache-2.0 */
/* The links that a VIF needs in addition to its port: a Linux bridge and a veth pair (hybrid), a
 * tap device (ovs), or only a netdev that is up (kernel-representor).
 *
 * Links are planned like ports: link_plan_up() and link_plan_down() compare the required links with
 * facts and return steps, as values; link_plan_execute() does the steps, and link_plan_revert()
 * reverts those that were done. A plan deletes only links with the VIF's alias; it never deletes a
 * representor, which belongs to the device. The steps and their order are those of os-vif's
 * OvsPlugin._plug_bridge(), _plug_vf() and _create_vif_port(). */

#ifndef VP_LINK_PLAN_H
#define VP_LINK_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"
#include "links/links.h"

enum link_kind {
    LINKS_NONE,
    LINKS_HYBRID, /* Linux bridge -- veth `peer` == veth `netdev`, which is the OVS port. */
    LINKS_TAP,    /* A tap device that vifplugd (`create`) or QEMU makes. */
    LINKS_NETDEV  /* A netdev of the hardware. */
};

/* What a VIF needs. Names that do not apply are "". */
struct link_spec {
    enum link_kind kind;
    char netdev[VIF_IFNAME_MAX + 1]; /* The link that becomes an OVS port. */
    char peer[VIF_IFNAME_MAX + 1];
    char linux_bridge[VIF_IFNAME_MAX + 1];
    bool create;
    bool multiqueue;
    char address[VIF_MAC_LEN]; /* Of a tap that vifplugd makes; or "". */
    int mtu;                   /* Bytes; 0: no change. */
};

/* Which of them exist. */
struct link_state {
    bool has_netdev, has_peer, has_linux_bridge;
    struct link_facts netdev, peer, linux_bridge;
};

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
    LINK_SET_DOWN,
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
    int index;       /* DELETE: which link. ADD_*: which link was added, once that is done. */
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

/* Looks up the links that `spec` names. If `links` is NULL, no link exists. */
void link_plan_look(struct links *links, const struct link_spec *spec, struct link_state *state);

/* Plans the steps that bring the links of VIF `vif_id` to `spec`. The plan uses an existing tap,
 * if no other VIF or program has put its alias on it (like os-vif's _create_vif_port()), and an
 * existing Linux bridge if os-vif has made it for this VIF. Errors: port_conflict, if a link of
 * another type, or of another VIF or program, has the name, or if it is a tap that the VIF cannot
 * use; not_realized, if a netdev of the hardware is missing. */
bool link_plan_up(const char *vif_id, const struct link_spec *spec, const struct link_state *state,
                  struct link_plan *plan, struct error *error);

/* A link in the way of those of a VIF. */
struct link_conflict {
    const char *what;               /* What the VIF needs it for: "tap". Static. */
    const char *name;               /* Borrowed from the spec... */
    const struct link_facts *facts; /* ...and from the state. */
};

/* Whether a link of another type, or of another VIF or program, has a name that `spec` needs: then
 * link_plan_up() fails with port_conflict. */
bool link_plan_conflicts(const char *vif_id, const struct link_spec *spec,
                         const struct link_state *state, struct link_conflict *conflict);

/* Plans the removal of the links that `spec` has and `keep` (may be NULL) does not need. */
void link_plan_down(const char *vif_id, const struct link_spec *spec, const struct link_spec *keep,
                    const struct link_state *state, struct link_plan *plan);

/* Adds the removal of the link `index`, called `name`, unless the plan has it or is full. */
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

/* Whether `spec` needs link `name`. */
bool link_spec_names(const struct link_spec *spec, const char *name);

/* Calls `cb` for each name that `spec` needs, until one returns true; returns whether one did. */
bool link_spec_any(const struct link_spec *spec, bool (*cb)(const char *name, void *aux),
                   void *aux);

/* The VIF that a link with this alias was made for; NULL if vifplugd did not make it. */
const char *link_vif_of(const char *alias);

/* What another program has done to links that vifplugd made. */
struct link_lack {
    char what[VIF_IFNAME_MAX + 16]; /* "link", or "link:NAME:master". */
    const char *expected;           /* Borrowed. */
    const char *found;              /* Borrowed; "": missing. */
};

/* Whether one of the links that vifplugd made for VIF `vif_id` (spec->create) is missing, was
 * replaced by another program's, or is not on its Linux bridge. If so, fills *lack; it borrows from
 * `spec` and `state`. */
bool link_state_lacks(const char *vif_id, const struct link_spec *spec,
                      const struct link_state *state, struct link_lack *lack);

/* The VIF, other than `vif_id`, that has one of the links; or NULL. */
const char *link_state_owner(const struct link_state *state, const char *vif_id);

/* Whether a link with this alias was made for VIF `vif_id`. */
bool link_is_alias_of(const char *alias, const char *vif_id);

/* Writes the alias of the links of VIF `vif_id`. */
void link_alias(const char *vif_id, char alias[LINK_ALIAS_MAX + 1]);

#endif
