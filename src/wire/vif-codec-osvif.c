/* SPDX-License-Identifier: Apache-2.0 */
/* os-vif object primitives, as obj_to_primitive() of os_vif.objects writes them. Field names and
 * types are those of os_vif/objects/vif.py and network.py (os-vif 3.0 to master). Unknown members
 * are ignored, because newer versions add members. */

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "wire/json-get.h"
#include "wire/vif-fields.h"
#include "wire/vif-forms.h"

enum profile { PROFILE_OVS, PROFILE_REPRESENTOR };

/* Opens a primitive: gives the name and the data of its object. */
static bool open_primitive(struct json_object *object, const char *path, const char **name,
                           struct json_object **data, struct error *error)
{
    const char *namespace;
    const char *version;

    if (!jget_string(object, path, "versioned_object.name", JGET_REQUIRED, 64, name, error) ||
        !jget_string(object, path, "versioned_object.namespace", JGET_OPTIONAL, 64, &namespace,
                     error) ||
        !jget_string(object, path, "versioned_object.version", JGET_OPTIONAL, 16, &version,
                     error) ||
        !jget_object(object, path, "versioned_object.data", JGET_REQUIRED, data, error)) {
        return false;
    }
    if (namespace && strcmp(namespace, "os_vif")) {
        return field_unsupported(error, path, "versioned_object.namespace",
                                 "%s is an object of '%s', not of 'os_vif'; send an os-vif object.",
                                 path, namespace);
    }
    if (version && strncmp(version, "1.", 2)) {
        return field_unsupported(
            error, path, "versioned_object.version",
            "%s has version %s of %s, but only versions 1.x are known; use one of those.", path,
            version, *name);
    }
    return true;
}

static bool decode_network(struct json_object *data, struct vif *vif, struct error *error)
{
    struct json_object *network;
    struct json_object *fields;
    const char *name;

    return jget_object(data, "vif", "network", JGET_REQUIRED, &network, error) &&
           open_primitive(network, "vif.network", &name, &fields, error) &&
           field_ifname(fields, "vif.network", "bridge", true, vif->bridge, error) &&
           field_mtu(fields, "vif.network", "mtu", &vif->mtu, error);
}

/* Reads datapath_offload, which any port profile has since version 1.1. Sets *there if it is given.
 */
static bool decode_offload(struct json_object *fields, struct vif *vif, bool *there,
                           struct error *error)
{
    static const char path[] = "vif.port_profile.datapath_offload";
    char representor_name[sizeof vif->representor_name];
    struct json_object *offload;
    struct json_object *offload_fields;
    struct pci_addr slot;
    bool given;
    const char *name;

    if (!jget_object(fields, "vif.port_profile", "datapath_offload", JGET_OPTIONAL, &offload,
                     error)) {
        return false;
    }
    *there = offload != NULL;
    if (!offload) {
        return true;
    }
    if (!open_primitive(offload, path, &name, &offload_fields, error) ||
        !field_ifname(offload_fields, path, "representor_name", false, representor_name, error) ||
        !field_pci_slot(offload_fields, path, "representor_address", false, &given, &slot, error)) {
        return false;
    }
    if (!vif->representor_name[0]) {
        memcpy(vif->representor_name, representor_name, sizeof vif->representor_name);
    }
    if (!given) {
        return true;
    }
    if (vif->has_pci_slot && !pci_addr_equal(&slot, &vif->pci_slot)) {
        return jget_error(error, "vif.port_profile", "representor_address",
                          "vif.port_profile.representor_address and "
                          "datapath_offload.representor_address name different VFs; make them the "
                          "same.");
    }
    vif->has_pci_slot = true;
    vif->pci_slot = slot;
    return true;
}

/* Reads which VF the VIF is on. The members of VIFPortProfileOVSRepresentor are deprecated for
 * datapath_offload; Nova writes both. A VIFVHostUser with datapath_offload is a representor,
 * whatever its profile. Objects without a VF may have the members, too: os-vif ignores them. */
static bool decode_representor(struct json_object *fields, struct vif *vif, enum profile *profile,
                               struct error *error)
{
    bool on_vhost_user = !strcmp(vif->object_name, "VIFVHostUser");
    bool has_offload;

    if (*profile == PROFILE_OVS && !on_vhost_user && strcmp(vif->object_name, "VIFHostDevice")) {
        return true;
    }
    if (*profile == PROFILE_REPRESENTOR &&
        (!field_ifname(fields, "vif.port_profile", "representor_name", false, vif->representor_name,
                       error) ||
         !field_pci_slot(fields, "vif.port_profile", "representor_address", false,
                         &vif->has_pci_slot, &vif->pci_slot, error))) {
        return false;
    }
    if (!decode_offload(fields, vif, &has_offload, error)) {
        return false;
    }
    if (on_vhost_user && has_offload) {
        *profile = PROFILE_REPRESENTOR;
    }
    return true;
}

/* Reads what to create for a VIFOpenVSwitch. On other objects os-vif ignores create_port and
 * multiqueue, and refuses create_tap (TapCreationNotSupported in vif_plug_ovs of os-vif master). */
static bool decode_creation(struct json_object *fields, struct vif *vif, struct error *error)
{
    if (!jget_bool(fields, "vif.port_profile", "create_port", JGET_OPTIONAL, &vif->create_port,
                   error) ||
        !jget_bool(fields, "vif.port_profile", "create_tap", JGET_OPTIONAL, &vif->create_tap,
                   error) ||
        !jget_bool(fields, "vif.port_profile", "multiqueue", JGET_OPTIONAL, &vif->multiqueue,
                   error)) {
        return false;
    }
    if (!strcmp(vif->object_name, "VIFOpenVSwitch")) {
        return true;
    }
    if (vif->create_tap) {
        return jget_error(error, "vif.port_profile", "create_tap",
                          "vif.port_profile.create_tap does not go with a %s; remove it, or send a "
                          "VIFOpenVSwitch.",
                          vif->object_name);
    }
    vif->create_port = false;
    vif->multiqueue = false;
    return true;
}

static bool decode_profile(struct json_object *data, struct vif *vif, enum profile *profile,
                           struct error *error)
{
    struct json_object *object;
    struct json_object *fields;
    const char *name;

    if (!jget_object(data, "vif", "port_profile", JGET_REQUIRED, &object, error) ||
        !open_primitive(object, "vif.port_profile", &name, &fields, error)) {
        return false;
    }
    if (!strcmp(name, "VIFPortProfileOVSRepresentor")) {
        *profile = PROFILE_REPRESENTOR;
    } else if (!strcmp(name, "VIFPortProfileOpenVSwitch")) {
        *profile = PROFILE_OVS;
    } else {
        return field_unsupported(
            error, "vif.port_profile", "versioned_object.name",
            "Port profile %s is not plugged here; use VIFPortProfileOpenVSwitch or "
            "VIFPortProfileOVSRepresentor.",
            name);
    }
    return field_id(fields, "vif.port_profile", "interface_id", false, vif->interface_id, error) &&
           field_datapath_type(fields, "vif.port_profile", "datapath_type", vif->datapath_type,
                               error) &&
           decode_creation(fields, vif, error) && decode_representor(fields, vif, profile, error);
}

static bool decode_vhost_user(struct json_object *data, struct vif *vif, enum profile profile,
                              struct error *error)
{
    if (profile == PROFILE_REPRESENTOR && !vif->has_pci_slot) {
        return jget_error(error, "vif.port_profile", "representor_address",
                          "Neither vif.port_profile nor its datapath_offload has a "
                          "representor_address; it must name the VF.");
    }
    vif->kind = profile == PROFILE_REPRESENTOR ? VIF_KIND_REPRESENTOR : VIF_KIND_VHOST_USER;
    return field_ifname(data, "vif", "vif_name", false, vif->vif_name, error) &&
           field_vhost_path(data, "vif", "path", vif->vhost_path, error) &&
           field_vhost_mode(data, "vif", "mode", &vif->vhost_mode, error);
}

static bool decode_host_device(struct json_object *data, struct vif *vif, struct error *error)
{
    struct pci_addr slot;
    bool given;

    if (!field_pci_slot(data, "vif", "dev_address", true, &given, &slot, error)) {
        return false;
    }
    if (vif->has_pci_slot && !pci_addr_equal(&slot, &vif->pci_slot)) {
        return jget_error(
            error, "vif", "dev_address",
            "vif.dev_address and the port profile's representor_address name different "
            "VFs; make them the same.");
    }
    vif->kind = VIF_KIND_HOST_DEVICE;
    vif->has_pci_slot = true;
    vif->pci_slot = slot;
    /* Nova gives no vif_name for these; the profile has the name of the tap. */
    memcpy(vif->vif_name, vif->representor_name, sizeof vif->vif_name);
    return true;
}

/* Decodes the kind, and the members that not all objects have. */
static bool decode_object(struct json_object *data, const char *name, enum profile profile,
                          struct vif *vif, struct error *error)
{
    if (!strcmp(name, "VIFVHostUser")) {
        return decode_vhost_user(data, vif, profile, error);
    }
    if (!strcmp(name, "VIFHostDevice")) {
        return decode_host_device(data, vif, error);
    }
    if (!field_ifname(data, "vif", "vif_name", true, vif->vif_name, error)) {
        return false;
    }
    if (!strcmp(name, "VIFBridge")) {
        vif->kind = VIF_KIND_HYBRID;
        return field_ifname(data, "vif", "bridge_name", true, vif->linux_bridge, error);
    }
    /* A VIFOpenVSwitch has a bridge_name too, but os-vif uses network.bridge. */
    vif->kind = VIF_KIND_OVS;
    return true;
}

static bool check_plugin(struct json_object *data, struct error *error)
{
    const char *plugin;

    if (!jget_string(data, "vif", "plugin", JGET_OPTIONAL, 64, &plugin, error)) {
        return false;
    }
    if (plugin && strcmp(plugin, "ovs") && strcmp(plugin, "agilio_ovs") &&
        strcmp(plugin, "vifplug")) {
        return field_unsupported(error, "vif", "plugin",
                                 "VIFs of os-vif plugin '%s' are not plugged here; use 'ovs', "
                                 "'agilio_ovs' or 'vifplug'.",
                                 plugin);
    }
    return true;
}

bool vif_decode_osvif(struct json_object *object, struct vif *vif, struct error *error)
{
    static const char *const known[] = {"VIFVHostUser", "VIFHostDevice", "VIFOpenVSwitch",
                                        "VIFBridge"};
    struct json_object *data;
    enum profile profile = PROFILE_OVS;
    const char *name;
    bool is_known = false;

    vif->form = VIF_FORM_OSVIF;
    if (!open_primitive(object, "vif", &name, &data, error)) {
        return false;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        is_known |= !strcmp(name, known[i]);
    }
    if (!is_known) {
        return field_unsupported(
            error, "vif", "versioned_object.name",
            "os-vif object %s is not plugged here; the daemon's 'describe' method "
            "lists those that are.",
            name);
    }
    snprintf(vif->object_name, sizeof vif->object_name, "%s", name);
    if (!field_id(data, "vif", "id", true, vif->id, error) || !check_plugin(data, error) ||
        !field_address(data, "vif", "address", vif->address, error) ||
        !decode_network(data, vif, error) || !decode_profile(data, vif, &profile, error) ||
        !decode_object(data, name, profile, vif, error)) {
        return false;
    }
    if (!vif->interface_id[0]) {
        memcpy(vif->interface_id, vif->id, sizeof vif->interface_id);
    }
    return true;
}
