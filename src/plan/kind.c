/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/kind.h"

#include "util.h"

/* An unplug may have only the VIF's id. Only a hybrid VIF names its links by the id. */
static void leftovers_by_id(const struct vif *vif, const char *vif_id, struct link_spec *links)
{
    kind_hybrid.leftovers(vif, vif_id, links);
}

static const struct vif_kind_class kind_none = {.leftovers = leftovers_by_id};

const struct vif_kind_class *vif_kind_class(enum vif_kind kind)
{
    static const struct vif_kind_class *const classes[] = {
        [VIF_KIND_NONE] = &kind_none,
        [VIF_KIND_REPRESENTOR] = &kind_representor,
        [VIF_KIND_VHOST_USER] = &kind_vhost_user,
        [VIF_KIND_KERNEL_REPRESENTOR] = &kind_kernel_representor,
        [VIF_KIND_OVS] = &kind_ovs,
        [VIF_KIND_HYBRID] = &kind_hybrid,
        [VIF_KIND_HOST_DEVICE] = &kind_none,
    };
    _Static_assert(ARRAY_SIZE(classes) == VIF_KIND_HOST_DEVICE + 1, "each kind has a class");

    return classes[kind];
}
