/* SPDX-License-Identifier: Apache-2.0 */
/* The differences between the kinds of VIF. A new kind is a file (kind-*.c), a row of the table in
 * kind.c and, if requests can ask for it, its form in src/wire. */

#ifndef VP_KIND_H
#define VP_KIND_H 1

#include <stdbool.h>

#include "plan/spec.h"

struct vif_kind_class {
    /* The datapath type if neither VIF nor bridge nor NIC profile says one. */
    const char *default_datapath;

    /* Fills in what only this kind has; plan_spec() has filled in what all kinds have. NULL:
     * vifplugd does not plug VIFs of this kind. */
    bool (*spec)(const struct vif *vif, const struct spec_facts *facts, struct port_spec *spec,
                 struct error *error);

    /* Fills in the same from the options and external_ids of a row. spec->vif_id is "" if the row
     * is not ours. NULL: the kind has nothing to fill in. */
    void (*interpret)(struct port_spec *spec);

    /* Names the links that an unplugged VIF without a record may have left (`links` is zero). NULL:
     * none. */
    void (*leftovers)(const struct vif *vif, const char *vif_id, struct link_spec *links);

    /* Returns the type to give back to the interface of a detached port. NULL: ports of this kind
     * are never detached. */
    const char *(*type)(const struct port_spec *spec);

    int mtu_max; /* Bytes; 0: no limit but VIF_MTU_MAX. */

    bool mtu_comes_with_guest;  /* vswitchd shows no MTU before the guest connects. */
    bool netdev_may_come_later; /* A port without its netdev waits for it, and has not failed. */
};

/* The class of any kind, also of NONE. */
const struct vif_kind_class *vif_kind_class(enum vif_kind kind);

/* The rows of the table (kind-*.c). */
extern const struct vif_kind_class kind_representor;
extern const struct vif_kind_class kind_vhost_user;
extern const struct vif_kind_class kind_kernel_representor;
extern const struct vif_kind_class kind_ovs;
extern const struct vif_kind_class kind_hybrid;

#endif
