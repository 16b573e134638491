/* SPDX-License-Identifier: Apache-2.0 */
/* What a VIF needs of the kernel beside its port: a Linux bridge and a veth pair (hybrid), a tap
 * device (ovs), or just a netdev that is up (kernel-representor).
 *
 * It goes like ports do: host_plan_up() and host_plan_down() compare what is wanted with facts and
 * give steps, as values; host_execute() does them, and host_revert() takes back those that were
 * done. Only links that carry the VIF's alias are ever deleted; a representor is the device's and
 * never is. The steps and their order are those of os-vif's OvsPlugin._plug_bridge(),
 * _plug_vf() and _create_vif_port(). */

#ifndef VP_LINK_PLAN_H
#define VP_LINK_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"
#include "links/links.h"

/* "vifplugd:" and the VIF's id. */
#define HOST_ALIAS_PREFIX "vifplugd:"

enum host_kind {
    HOST_NONE,
    HOST_HYBRID, /* Linux bridge -- veth `peer` == veth `netdev`, which is the OVS port. */
    HOST_TAP,    /* A tap device, ours to make (`create`) or QEMU's. */
    HOST_NETDEV  /* A netdev of the hardware. */
};

/* What a VIF needs. Names that do not apply are "". */
struct host_spec {
    enum host_kind kind;
    char netdev[VIF_IFNAME_MAX + 1]; /* The one that becomes an OVS port. */
    char peer[VIF_IFNAME_MAX + 1];
    char linux_bridge[VIF_IFNAME_MAX + 1];
    bool create;
    bool multiqueue;
    char address[VIF_MAC_LEN]; /* Of a tap that is made; or "". */
    int mtu;                   /* Bytes; 0: as it is. */
};

/* What there is of it. */
struct host_links {
    bool has_netdev, has_peer, has_linux_bridge;
    struct link_facts netdev, peer, linux_bridge;
};

enum host_step_type {
    HOST_ADD_BRIDGE, /* `name` */
    HOST_TEND_BRIDGE,
    HOST_ADD_VETH,   /* `name` and its peer `other`, with `mtu` */
    HOST_ADD_TAP,    /* `name`, with `mtu` */
    HOST_SET_MASTER, /* `name` becomes a port of `other` */
    HOST_SET_UP,
    HOST_SET_DOWN,
    HOST_SET_MTU, /* from `old_mtu` to `mtu` */
    HOST_DELETE
};

struct host_step {
    enum host_step_type type;
    char name[VIF_IFNAME_MAX + 1];
    char other[VIF_IFNAME_MAX + 1];
    int mtu;
    int old_mtu;
    char old_other[VIF_IFNAME_MAX + 1]; /* SET_MASTER: what it was a port of, or "". */
};

#define HOST_STEPS_MAX 6

struct host_plan {
    struct host_step steps[HOST_STEPS_MAX];
    size_t n;
    size_t n_done; /* How many have been done, and not been taken back. */
    bool multiqueue;
    char address[VIF_MAC_LEN];
};

/* Looks at the links that `spec` names. `links` may be NULL: then there is none. */
void host_look(struct links *links, const struct host_spec *spec, struct host_links *facts);

/* Plans to bring the links of VIF `vif_id` to `spec`. A tap that is there is used, whoever made it
 * (os-vif's _create_vif_port()). Errors: port_conflict, if the name of a bridge or a veth is taken
 * by a link that is none, or not the VIF's; not_realized, if a netdev of the hardware is missing.
 */
bool host_plan_up(const char *vif_id, const struct host_spec *spec, const struct host_links *facts,
                  struct host_plan *plan, struct error *error);

/* Plans to remove what `spec` has and `keep` (may be NULL) does not need. */
void host_plan_down(const char *vif_id, const struct host_spec *spec, const struct host_spec *keep,
                    const struct host_links *facts, struct host_plan *plan);

/* Does the steps. On failure those that were done have been taken back. */
bool host_execute(struct links *links, const char *vif_id, struct host_plan *plan,
                  struct error *error);

/* Takes back what host_execute() did, as far as it can be: a deletion cannot. */
void host_revert(struct links *links, struct host_plan *plan);

/* Writes the step as a dry run shows it: "add veth qvb... with peer qvo... and MTU 1500". */
void host_step_describe(const struct host_step *step, char *text, size_t size);

/* Whether link `name` is one of those that `spec` needs. */
bool host_names(const struct host_spec *spec, const char *name);

/* Whether the link `facts` was made for VIF `vif_id`. */
bool host_is_alias_of(const char *alias, const char *vif_id);

#endif
