#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "wire/json-get.h"
#include "wire/vif-codec.h"

/* What each kind must and may have beside the members common to all. */
static bool check_kind_members(struct json_object *object, const struct vif *vif,
                               struct error *error)
{
    bool has_vhost = vif->vhost_path[0] != '\0';
    struct json_object *qos;
    bool wants_slot = vif->kind == VIF_KIND_REPRESENTOR || vif->kind == VIF_KIND_KERNEL_REPRESENTOR;

    if (json_object_object_get_ex(object, "qos", &qos) && qos) {
        return error_set(error, REASON_UNSUPPORTED_VIF, "vif.qos",
                         "QoS is not set by this version; plug without vif.qos.");
    }
    if (wants_slot && !vif->has_pci_slot) {
        return jget_error(error, "vif", "pci_slot",
                          "vif.pci_slot is missing; a %s needs the VF's PCI address.",
                          vif_kind_name(vif->kind));
    }
    if (!wants_slot && vif->has_pci_slot) {
        return jget_error(error, "vif", "pci_slot",
                          "vif.pci_slot does not go with kind '%s'; remove it or use kind "
                          "'representor'.",
                          vif_kind_name(vif->kind));
    }
    if (vif->kind == VIF_KIND_VHOST_USER && !has_vhost) {
        return jget_error(error, "vif", "vhost_user",
                          "vif.vhost_user is missing; a vhost-user VIF needs its path and mode.");
    }
    if (has_vhost && vif->kind != VIF_KIND_VHOST_USER && vif->kind != VIF_KIND_REPRESENTOR) {
        return jget_error(error, "vif", "vhost_user",
                          "vif.vhost_user does not go with kind '%s'; remove it.",
                          vif_kind_name(vif->kind));
    }
    return true;
}

bool vif_decode_native(struct json_object *object, struct vif *vif, struct error *error)
{
    static const char *const known[] = {"vif_id",   "kind",          "address",      "bridge",
                                        "mtu",      "datapath_type", "interface_id", "vif_name",
                                        "pci_slot", "vhost_user",    "qos",          NULL};
    static const char *const vhost_known[] = {"path", "mode", NULL};
    struct json_object *vhost_user;
    const char *kind;

    vif->form = VIF_FORM_NATIVE;
    if (!jget_only(object, "vif", known, error) ||
        !codec_id(object, "vif", "vif_id", true, vif->id, error) ||
        !jget_string(object, "vif", "kind", JGET_REQUIRED, 64, &kind, error)) {
        return false;
    }
    vif->kind = vif_kind_from_name(kind);
    if (vif->kind == VIF_KIND_NONE) {
        return jget_error(error, "vif", "kind",
                          "vif.kind '%s' is unknown; use one of representor, vhost-user, "
                          "kernel-representor, ovs, hybrid.",
                          kind);
    }
    if (!codec_address(object, "vif", "address", vif->address, error) ||
        !codec_ifname(object, "vif", "bridge", true, vif->bridge, error) ||
        !codec_mtu(object, "vif", "mtu", &vif->mtu, error) ||
        !codec_datapath_type(object, "vif", "datapath_type", vif->datapath_type, error) ||
        !codec_id(object, "vif", "interface_id", false, vif->interface_id, error) ||
        !codec_ifname(object, "vif", "vif_name", false, vif->vif_name, error) ||
        !codec_pci_slot(object, "vif", "pci_slot", false, &vif->has_pci_slot, &vif->pci_slot,
                        error) ||
        !jget_object(object, "vif", "vhost_user", JGET_OPTIONAL, &vhost_user, error)) {
        return false;
    }
    if (vhost_user && (!jget_only(vhost_user, "vif.vhost_user", vhost_known, error) ||
                       !codec_vhost_user(vhost_user, "vif.vhost_user", vif, error))) {
        return false;
    }
    if (!vif->interface_id[0]) {
        memcpy(vif->interface_id, vif->id, sizeof vif->interface_id);
    }
    return check_kind_members(object, vif, error);
}
