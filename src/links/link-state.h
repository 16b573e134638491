/* SPDX-License-Identifier: Apache-2.0 */
/* The links that a VIF needs in addition to its port, and how they are: a Linux bridge and a veth
 * pair (hybrid), a tap device (ovs), or only a netdev that is up (kernel-representor). Their alias
 * says which VIF vifplugd made them for. */

#ifndef VP_LINK_STATE_H
#define VP_LINK_STATE_H 1

#include <stdbool.h>

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
    bool netdev_is_taken; /* A netdev of the hardware: it is a port of another VIF or program, or of
                           * those that a VIF leaves, not known to be the representor of its VF. The
                           * caller of link_state_look() knows that. */
    struct link_facts netdev, peer, linux_bridge;
};

/* Looks up the links that `spec` names. If `links` is NULL, no link exists. */
void link_state_look(struct links *links, const struct link_spec *spec, struct link_state *state);

/* Whether `spec` needs link `name`. */
bool link_spec_names(const struct link_spec *spec, const char *name);

/* Calls `cb` for each name that `spec` needs, until one returns true; returns whether one did. */
bool link_spec_any(const struct link_spec *spec, bool (*cb)(const char *name, void *aux),
                   void *aux);

/* Writes the alias of the links of VIF `vif_id`. */
void link_alias(const char *vif_id, char alias[LINK_ALIAS_MAX + 1]);

/* The VIF that a link with this alias was made for; NULL if vifplugd did not make it. */
const char *link_vif_of(const char *alias);

/* Whether a link with this alias was made for VIF `vif_id`. */
bool link_is_alias_of(const char *alias, const char *vif_id);

/* Whether the VIF may change and remove the link: vifplugd made it for this VIF, or did not
 * complete it. */
bool link_is_own(const struct link_facts *facts, const char *vif_id);

/* Whether os-vif makes a Linux bridge of this name for the VIF: without our alias. */
bool link_is_osvifs(const char *bridge, const char *vif_id);

/* The VIF, other than `vif_id`, that has one of the links; or NULL. */
const char *link_state_owner(const struct link_state *state, const char *vif_id);

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

#endif
