/* SPDX-License-Identifier: Apache-2.0 */
/* Nova's VIFs: nova.network.model.VIF, as its json() writes it.
 *
 * Such a dict becomes what two steps make of it: Nova's nova_to_osvif_vif() (Nova 26.2,
 * nova/network/os_vif_util.py), and vif-codec-osvif.c with the object that this returns. Missing
 * members have the defaults of VIF.hydrate(), null means missing, and unknown members are ignored.
 *
 * One case differs from Nova. It loses the VF of a port of vnic_type virtio-forwarder that Neutron
 * has bound as `ovs` or `vhostuser`. Here such a port becomes the representor that Nova makes of
 * the same port when it is bound as `agilio_ovs`. */

#include <json-c/json.h>
#include <string.h>

#include "base/names.h"
#include "wire/json-get.h"
#include "wire/vif-fields.h"
#include "wire/vif-forms.h"

enum { WORD_MAX = 64 };

/* The parts of a dict that decide its kind. */
struct nova_vif {
    struct json_object *dict;
    struct json_object *details; /* NULL (to json-c an object without members) if there are none. */
    struct json_object *profile; /* The same. */
    const char *type;
    const char *vnic_type; /* "normal" if not given. */
};

static bool open_dict(struct json_object *dict, struct nova_vif *nova, struct error *error)
{
    nova->dict = dict;
    if (!jget_string(dict, "vif", "type", JGET_REQUIRED, WORD_MAX, &nova->type, error) ||
        !jget_string(dict, "vif", "vnic_type", JGET_OPTIONAL, WORD_MAX, &nova->vnic_type, error) ||
        !jget_object(dict, "vif", "details", JGET_OPTIONAL, &nova->details, error) ||
        !jget_object(dict, "vif", "profile", JGET_OPTIONAL, &nova->profile, error)) {
        return false;
    }
    if (!nova->vnic_type) {
        nova->vnic_type = "normal";
    }
    return true;
}

static bool is_vnic(const struct nova_vif *nova, const char *vnic_type)
{
    return !strcmp(nova->vnic_type, vnic_type);
}

static bool get_detail(const struct nova_vif *nova, const char *key, bool *value,
                       struct error *error)
{
    return jget_bool(nova->details, "vif.details", key, JGET_OPTIONAL, value, error);
}

/* Whether Nova would lose the VF of this dict. Called only for types for which it may. */
static bool is_lost_vf(const struct nova_vif *nova)
{
    return is_vnic(nova, "virtio-forwarder") && jget_given(nova->profile, "pci_slot");
}

static bool kind_of_ovs(const struct nova_vif *nova, enum vif_kind *kind, struct error *error)
{
    bool hybrid;

    if (is_vnic(nova, "direct") || is_vnic(nova, "vdpa")) {
        *kind = VIF_KIND_HOST_DEVICE;
        return true;
    }
    if (is_vnic(nova, "remote-managed")) {
        return field_unsupported(error, "vif", "vnic_type",
                                 "The representor of a remote-managed port is plugged on its DPU, "
                                 "not here; leave this VIF to the DPU.");
    }
    if (is_lost_vf(nova)) {
        *kind = VIF_KIND_REPRESENTOR;
        return true;
    }
    if (!get_detail(nova, "ovs_hybrid_plug", &hybrid, error)) {
        return false;
    }
    *kind = hybrid ? VIF_KIND_HYBRID : VIF_KIND_OVS;
    return true;
}

static bool kind_of_agilio_ovs(const struct nova_vif *nova, enum vif_kind *kind,
                               struct error *error)
{
    if (is_vnic(nova, "virtio-forwarder")) {
        *kind = VIF_KIND_REPRESENTOR;
        return true;
    }
    return kind_of_ovs(nova, kind, error);
}

static bool kind_of_vhostuser(const struct nova_vif *nova, enum vif_kind *kind, struct error *error)
{
    bool fp;
    bool ovs;
    bool vrouter;

    if (!get_detail(nova, "vhostuser_fp_plug", &fp, error) ||
        !get_detail(nova, "vhostuser_ovs_plug", &ovs, error) ||
        !get_detail(nova, "vhostuser_vrouter_plug", &vrouter, error)) {
        return false;
    }
    if (fp || (vrouter && !ovs)) {
        return field_unsupported(
            error, "vif.details", fp ? "vhostuser_fp_plug" : "vhostuser_vrouter_plug",
            "The vhost-user port belongs to %s, not to Open vSwitch; plug it with "
            "the os-vif plugin '%s'.",
            fp ? "6WIND's fast path" : "Contrail's vRouter",
            fp ? "vhostuser_fp" : "contrail_vrouter");
    }
    if (is_lost_vf(nova)) {
        *kind = VIF_KIND_REPRESENTOR;
        return true;
    }
    if (!ovs) {
        return field_unsupported(error, "vif.details", "vhostuser_ovs_plug",
                                 "vif.details.vhostuser_ovs_plug is not true, so there is nothing "
                                 "to plug for this vhost-user port; bind it with that set, or do "
                                 "not plug it.");
    }
    *kind = VIF_KIND_VHOST_USER;
    return true;
}

/* Chooses the kind as nova_to_osvif_vif() does. */
static bool choose_kind(const struct nova_vif *nova, enum vif_kind *kind, struct error *error)
{
    static const struct {
        const char *type;
        bool (*kind)(const struct nova_vif *nova, enum vif_kind *kind, struct error *error);
    } types[] = {
        {"ovs", kind_of_ovs},
        {"agilio_ovs", kind_of_agilio_ovs},
        {"vhostuser", kind_of_vhostuser},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!strcmp(nova->type, types[i].type)) {
            return types[i].kind(nova, kind, error);
        }
    }
    if (!strcmp(nova->type, "binding_failed")) {
        return field_unsupported(error, "vif", "type",
                                 "Neutron could not bind the port to this host, so its VIF type "
                                 "is not known; see neutron-server's log and bind it again.");
    }
    if (!strcmp(nova->type, "unbound")) {
        return field_unsupported(error, "vif", "type",
                                 "The port is not bound to a host; bind it in Neutron first.");
    }
    return field_unsupported(error, "vif", "type",
                             "Nova's VIF type '%s' is not plugged here; use 'ovs', 'agilio_ovs' or "
                             "'vhostuser'.",
                             nova->type);
}

/* Nova fills in network.bridge for VIFs that os-vif plugs. It does not for a vhostuser port without
 * vhostuser_ovs_plug, which may be a VF that Nova loses: then the binding has the bridge. */
static bool decode_network(const struct nova_vif *nova, struct vif *vif, struct error *error)
{
    struct json_object *network;
    struct json_object *meta;

    if (!jget_object(nova->dict, "vif", "network", JGET_REQUIRED, &network, error) ||
        !jget_object(network, "vif.network", "meta", JGET_OPTIONAL, &meta, error) ||
        !field_mtu(meta, "vif.network.meta", "mtu", &vif->mtu, error)) {
        return false;
    }
    if (!strcmp(nova->type, "vhostuser") && vif->kind == VIF_KIND_REPRESENTOR &&
        !jget_given(network, "bridge") && jget_given(nova->details, "bridge_name")) {
        return field_ifname(nova->details, "vif.details", "bridge_name", true, vif->bridge, error);
    }
    return field_ifname(network, "vif.network", "bridge", true, vif->bridge, error);
}

/* Nova's _get_vif_name(). */
static bool decode_vif_name(const struct nova_vif *nova, struct vif *vif, struct error *error)
{
    if (!field_ifname(nova->dict, "vif", "devname", false, vif->vif_name, error)) {
        return false;
    }
    if (!vif->vif_name[0]) {
        name_guest_interface(vif->id, vif->vif_name);
    }
    return true;
}

/* Nova's _set_vhostuser_settings(). */
static bool decode_socket(const struct nova_vif *nova, struct vif *vif, struct error *error)
{
    if (!field_vhost_path(nova->details, "vif.details", "vhostuser_socket", vif->vhost_path,
                          error)) {
        return false;
    }
    if (!jget_given(nova->details, "vhostuser_mode")) {
        vif->vhost_mode = VHOST_MODE_SERVER;
        return true;
    }
    return field_vhost_mode(nova->details, "vif.details", "vhostuser_mode", &vif->vhost_mode,
                            error);
}

/* The two kinds that have a VF. Nova gives their port profile no datapath_type. */
static bool decode_vf(const struct nova_vif *nova, struct vif *vif, struct error *error)
{
    if (!decode_vif_name(nova, vif, error) ||
        !field_pci_slot(nova->profile, "vif.profile", "pci_slot", true, &vif->has_pci_slot,
                        &vif->pci_slot, error)) {
        return false;
    }
    memcpy(vif->representor_name, vif->vif_name, sizeof vif->representor_name);
    return vif->kind != VIF_KIND_REPRESENTOR || decode_socket(nova, vif, error);
}

static bool decode_kind_members(const struct nova_vif *nova, struct vif *vif, struct error *error)
{
    if (vif->kind == VIF_KIND_REPRESENTOR || vif->kind == VIF_KIND_HOST_DEVICE) {
        return decode_vf(nova, vif, error);
    }
    if (!field_datapath_type(nova->details, "vif.details", "datapath_type", vif->datapath_type,
                             error)) {
        return false;
    }
    if (vif->kind == VIF_KIND_VHOST_USER) {
        name_vhost_port(vif->id, vif->vif_name);
        return decode_socket(nova, vif, error);
    }
    if (!decode_vif_name(nova, vif, error)) {
        return false;
    }
    if (vif->kind == VIF_KIND_HYBRID) {
        name_linux_bridge(vif->id, vif->linux_bridge);
        return true;
    }
    return jget_bool(nova->dict, "vif", "delegate_create", JGET_OPTIONAL, &vif->create_port, error);
}

bool vif_decode_nova(struct json_object *object, struct vif *vif, struct error *error)
{
    struct nova_vif nova;

    vif->form = VIF_FORM_NOVA;
    if (!field_id(object, "vif", "id", true, vif->id, error) || !open_dict(object, &nova, error) ||
        !choose_kind(&nova, &vif->kind, error) ||
        !field_address(object, "vif", "address", vif->address, error) ||
        !field_id(object, "vif", "ovs_interfaceid", false, vif->interface_id, error) ||
        !decode_network(&nova, vif, error) || !decode_kind_members(&nova, vif, error)) {
        return false;
    }
    if (!vif->interface_id[0]) {
        memcpy(vif->interface_id, vif->id, sizeof vif->interface_id);
    }
    return true;
}
