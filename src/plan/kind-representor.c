/* SPDX-License-Identifier: Apache-2.0 */
/* representor: a port of type dpdk for a SmartNIC's VF. If the guest has a vhost-user socket, the
 * card serves it, so the NIC profile decides its path and mode; a request can only agree. */

#include <stdio.h>
#include <string.h>

#include "base/devargs.h"
#include "base/keys.h"
#include "plan/kind.h"
#include "util.h"

static bool check_vhost_user(const struct vif *vif, const struct spec_facts *facts,
                             const struct nic_vf *nic, struct error *error)
{
    if (!vif->vhost_path[0]) {
        return true;
    }
    if (!nic->vhost_socket[0]) {
        return spec_check_path(vif, facts, error);
    }
    if (strcmp(vif->vhost_path, nic->vhost_socket)) {
        return error_set(error, REASON_SOCKET_MISMATCH, vif_field_path(vif, VIF_FIELD_VHOST_PATH),
                         "The card serves VF number %d at %s, not at %s; correct the VIF's path or "
                         "vhost-socket of NIC profile '%s'.",
                         nic->vf_num, nic->vhost_socket, vif->vhost_path, nic->profile->name);
    }
    if (vif->vhost_mode != nic->vhost_mode) {
        return error_set(
            error, REASON_SOCKET_MISMATCH, vif_field_path(vif, VIF_FIELD_VHOST_MODE),
            "NIC profile '%s' wants the guest as vhost-user %s, not %s; correct the VIF's "
            "mode or vhost-mode of the profile.",
            nic->profile->name, vhost_mode_name(nic->vhost_mode), vhost_mode_name(vif->vhost_mode));
    }
    if (facts->check_paths && !facts->path_dir_exists) {
        return error_set(error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_VHOST_PATH),
                         "The directory of socket %s does not exist, so the guest could not use "
                         "it; create it, or correct vhost-socket of NIC profile '%s'.",
                         vif->vhost_path, nic->profile->name);
    }
    return true;
}

static void name_port(const struct vif *vif, const struct nic_vf *nic, struct port_spec *spec)
{
    const char *name = vif->vif_name[0] ? vif->vif_name : vif->representor_name;

    if (nic->profile->port_name == NIC_PORT_VIF_NAME && name[0]) {
        snprintf(spec->port, sizeof spec->port, "%s", name);
    } else {
        name_representor_port(vif->id, spec->port);
    }
}

static bool spec_representor(const struct vif *vif, const struct spec_facts *facts,
                             struct port_spec *spec, struct error *error)
{
    const struct nic_vf *nic = facts->nic_vf;
    char text[PCI_ADDR_LEN];

    if (!nic) {
        *error = *facts->nic_error;
        return false;
    }
    if (strcmp(spec->datapath_type, "netdev")) {
        return error_set(
            error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_DATAPATH_TYPE),
            "A DPDK representor needs a bridge with datapath_type netdev, but %s has '%s'; "
            "name a netdev bridge.",
            vif->bridge, spec->datapath_type);
    }
    if (facts->offload_missing) {
        return error_set(error, REASON_UNSUPPORTED_VIF, vif_field_path(vif, VIF_FIELD_KIND),
                         "Representors are plugged with hardware offload only (ensure_hw_offload = "
                         "require), and it is not in effect; set other_config:hw-offload=true in "
                         "Open_vSwitch and restart ovs-vswitchd.");
    }
    if (!check_vhost_user(vif, facts, nic, error)) {
        return false;
    }
    name_port(vif, nic, spec);
    strcpy(spec->type, TYPE_DPDK);
    for (size_t i = 0; i < nic->profile->n_options; i++) {
        smap_replace(&spec->options, nic->profile->options[i].key, nic->profile->options[i].value);
    }
    smap_replace(&spec->options, OPTION_DEVARGS, nic->devargs);
    if (nic->profile->vf_mac != NIC_VF_MAC_NO && vif->address[0]) {
        smap_replace(&spec->options, OPTION_VF_MAC, vif->address);
        spec->vf_mac_optional = nic->profile->vf_mac == NIC_VF_MAC_TRY;
    }
    smap_replace(&spec->external_ids, KEY_PCI_SLOT, pci_addr_format(&nic->vf, text));
    spec->has_vf = true;
    spec->has_vf_address = true;
    spec->pf = nic->pf;
    spec->vf = nic->vf;
    spec->vf_num = nic->vf_num;
    spec->slow_probe = nic->profile->slow_probe;
    snprintf(spec->vhost_path, sizeof spec->vhost_path, "%s",
             nic->vhost_socket[0] ? nic->vhost_socket : vif->vhost_path);
    spec->vhost_mode = nic->vhost_socket[0] ? nic->vhost_mode : vif->vhost_mode;
    if (spec->vhost_mode == VHOST_MODE_SERVER) {
        /* vswitchd ignores this option on a port of type dpdk. It is for libvirt: only by this
         * option libvirt finds the interface of a server socket, for its statistics
         * (virNetDevOpenvswitchGetVhostuserIfname()). */
        smap_replace(&spec->options, OPTION_VHOST_PATH, spec->vhost_path);
    } else if (spec->vhost_path[0]) {
        smap_replace(&spec->external_ids, KEY_SOCKET, spec->vhost_path);
    }
    return true;
}

static void interpret(struct port_spec *spec)
{
    struct devargs devargs;

    if (devargs_parse(smap_get(&spec->options, OPTION_DEVARGS), &devargs) && devargs.representor &&
        devargs.n_vfs == 1) {
        spec->has_vf = true;
        spec->pf = devargs_pf(&devargs);
        spec->vf_num = devargs.vfs[0];
    }
}

static const char *type_of(const struct port_spec *spec OVS_UNUSED)
{
    return TYPE_DPDK;
}

const struct vif_kind_class kind_representor = {
    .default_datapath = "netdev",
    .spec = spec_representor,
    .interpret = interpret,
    .type = type_of,
};
