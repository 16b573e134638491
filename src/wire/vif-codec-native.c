/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "wire/json-get.h"
#include "wire/vif-fields.h"
#include "wire/vif-forms.h"

/* Checks that the VF and the socket are given where the kind needs them, and only where it may have
 * them. */
static bool check_device(const struct vif *vif, struct error *error)
{
    bool has_vhost = vif->vhost_path[0] != '\0';
    bool wants_slot = vif->kind == VIF_KIND_REPRESENTOR || vif->kind == VIF_KIND_KERNEL_REPRESENTOR;

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

/* Kind ovs: the port and the tap to create. A tap needs a port, and only a tap has queues. */
static bool decode_ovs(struct json_object *object, struct vif *vif, struct error *error)
{
    if (!jget_bool(object, "vif", "create_port", JGET_OPTIONAL, &vif->create_port, error) ||
        !jget_bool(object, "vif", "create_tap", JGET_OPTIONAL, &vif->create_tap, error) ||
        !jget_bool(object, "vif", "multiqueue", JGET_OPTIONAL, &vif->multiqueue, error)) {
        return false;
    }
    if (!jget_given(object, "create_port")) {
        vif->create_port = true;
    }
    if (!vif->vif_name[0]) {
        return jget_error(error, "vif", "vif_name",
                          "vif.vif_name is missing; it names the port of an ovs VIF.");
    }
    if (vif->create_tap && !vif->create_port) {
        return jget_error(
            error, "vif", "create_tap",
            "vif.create_tap does not go with create_port false; remove one of the two.");
    }
    if (vif->multiqueue && !vif->create_tap) {
        return jget_error(error, "vif", "multiqueue",
                          "vif.multiqueue does not go without create_tap; add that or remove it.");
    }
    return true;
}

/* Kind hybrid: its Linux bridge. */
static bool decode_hybrid(struct json_object *object, struct vif *vif, struct error *error)
{
    if (!field_ifname(object, "vif", "linux_bridge", false, vif->linux_bridge, error)) {
        return false;
    }
    if (!vif->linux_bridge[0]) {
        name_linux_bridge(vif->id, vif->linux_bridge);
    }
    return true;
}

/* Decodes the members that only some kinds have. */
static bool decode_kind_members(struct json_object *object, struct vif *vif, struct error *error)
{
    static const struct {
        const char *key;
        enum vif_kind kind; /* The only kind that has it. */
    } members[] = {
        {"create_port", VIF_KIND_OVS},
        {"create_tap", VIF_KIND_OVS},
        {"multiqueue", VIF_KIND_OVS},
        {"linux_bridge", VIF_KIND_HYBRID},
    };

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (vif->kind != members[i].kind && jget_given(object, members[i].key)) {
            return jget_error(error, "vif", members[i].key,
                              "vif.%s does not go with kind '%s', only with '%s'; remove it.",
                              members[i].key, vif_kind_name(vif->kind),
                              vif_kind_name(members[i].kind));
        }
    }
    if (vif->kind == VIF_KIND_OVS && !decode_ovs(object, vif, error)) {
        return false;
    }
    if (vif->kind == VIF_KIND_HYBRID && !decode_hybrid(object, vif, error)) {
        return false;
    }
    return check_device(vif, error);
}

bool vif_decode_native(struct json_object *object, struct vif *vif, struct error *error)
{
    static const char *const known[] = {
        "vif_id",       "kind",       "address",      "bridge",     "mtu", "datapath_type",
        "interface_id", "vif_name",   "pci_slot",     "vhost_user", "qos", "create_port",
        "create_tap",   "multiqueue", "linux_bridge", NULL};
    static const char *const vhost_known[] = {"path", "mode", NULL};
    struct json_object *vhost_user;
    const char *kind;

    vif->form = VIF_FORM_NATIVE;
    if (!jget_only(object, "vif", known, error) ||
        !field_id(object, "vif", "vif_id", true, vif->id, error) ||
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
    if (!field_address(object, "vif", "address", vif->address, error) ||
        !field_ifname(object, "vif", "bridge", true, vif->bridge, error) ||
        !field_mtu(object, "vif", "mtu", &vif->mtu, error) ||
        !field_datapath_type(object, "vif", "datapath_type", vif->datapath_type, error) ||
        !field_id(object, "vif", "interface_id", false, vif->interface_id, error) ||
        !field_ifname(object, "vif", "vif_name", false, vif->vif_name, error) ||
        !field_pci_slot(object, "vif", "pci_slot", false, &vif->has_pci_slot, &vif->pci_slot,
                        error) ||
        !field_qos(object, "vif", &vif->has_qos, &vif->qos, error) ||
        !jget_object(object, "vif", "vhost_user", JGET_OPTIONAL, &vhost_user, error)) {
        return false;
    }
    if (vhost_user &&
        (!jget_only(vhost_user, "vif.vhost_user", vhost_known, error) ||
         !field_vhost_path(vhost_user, "vif.vhost_user", "path", vif->vhost_path, error) ||
         !field_vhost_mode(vhost_user, "vif.vhost_user", "mode", &vif->vhost_mode, error))) {
        return false;
    }
    if (!vif->interface_id[0]) {
        memcpy(vif->interface_id, vif->id, sizeof vif->interface_id);
    }
    return decode_kind_members(object, vif, error);
}
