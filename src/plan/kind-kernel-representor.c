/* SPDX-License-Identifier: Apache-2.0 */
/* kernel-representor: the netdev that represents a VF in the kernel's switchdev model, as a port of
 * a system datapath (os-vif's OvsPlugin._plug_vf()). The netdev belongs to the device: the daemon
 * sets it up and down, and never makes or deletes it. */

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/kind.h"
#include "util.h"

static bool spec_kernel_representor(const struct vif *vif, const struct spec_facts *facts,
                                    struct port_spec *spec, struct error *error)
{
    char text[PCI_ADDR_LEN];

    if (strcmp(spec->datapath_type, "system")) {
        return error_set(
            error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_DATAPATH_TYPE),
            "A kernel representor needs a bridge with datapath_type system, but %s has '%s'; "
            "name a system bridge, or use kind representor.",
            vif->bridge, spec->datapath_type);
    }
    if (!facts->kernel_representor) {
        *error = *facts->kernel_error;
        return false;
    }
    snprintf(spec->port, sizeof spec->port, "%s", facts->kernel_representor);
    smap_replace(&spec->external_ids, KEY_PCI_SLOT, pci_addr_format(&vif->pci_slot, text));
    smap_replace(&spec->external_ids, KEY_PF, pci_addr_format(&facts->kernel_pf, text));
    smap_add_format(&spec->external_ids, KEY_VF_NUM, "%d", facts->kernel_vf_num);
    spec->has_vf = spec->has_vf_address = true;
    spec->pf = facts->kernel_pf;
    spec->vf = vif->pci_slot;
    spec->vf_num = facts->kernel_vf_num;
    spec->links.kind = LINKS_NETDEV;
    snprintf(spec->links.netdev, sizeof spec->links.netdev, "%s", facts->kernel_representor);
    spec->links.mtu = spec->mtu_request;
    spec->mtu_request = 0; /* os-vif's update_device_mtu(): sets the MTU of the netdev instead. */
    return true;
}

static void interpret(struct port_spec *spec)
{
    const char *pf = smap_get(&spec->external_ids, KEY_PF);
    int vf_num = smap_get_int(&spec->external_ids, KEY_VF_NUM, -1);

    spec->has_vf = pf && pci_addr_parse(pf, &spec->pf) && vf_num >= 0;
    spec->vf_num = vf_num;
    spec->links.kind = LINKS_NETDEV;
    snprintf(spec->links.netdev, sizeof spec->links.netdev, "%.15s", spec->port);
}

const struct vif_kind_class kind_kernel_representor = {
    .spec = spec_kernel_representor,
    .interpret = interpret,
};
