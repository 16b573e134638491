/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/spec.h"

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/kind.h"
#include "plan/limits.h"

static bool is_host_device(const struct vif *vif)
{
    return vif->kind == VIF_KIND_HOST_DEVICE;
}

/* os-vif's default if neither VIF nor bridge nor profile has a datapath type:
 * OvsPlugin._plug_vhostuser() uses netdev, everything else system. A native representor works only
 * on netdev. */
static const char *default_datapath(const struct vif *vif)
{
    const char *type = vif_kind_class(vif->kind)->default_datapath;

    return type ? type : "system";
}

/* Chooses the bridge's datapath type: the request's, else the existing bridge's, else the NIC
 * profile's, else os-vif's default. Refuses a request that differs from an existing bridge, because
 * vifplugd never changes a bridge's type. */
static bool choose_datapath(const struct vif *vif, const struct spec_facts *facts,
                            struct port_spec *spec, struct error *error)
{
    const struct bridge_facts *bridge = &facts->bridge;
    const char *type = vif->datapath_type;

    if (bridge->exists && *type && strcmp(type, bridge->datapath_type)) {
        return error_set(error, REASON_INVALID_REQUEST,
                         vif_field_path(vif, VIF_FIELD_DATAPATH_TYPE),
                         "The VIF asks for datapath_type '%s', but bridge %s has '%s', and a live "
                         "bridge's is never changed; correct the VIF or use another bridge.",
                         type, vif->bridge, bridge->datapath_type);
    }
    if (!bridge->exists && !facts->create_bridges) {
        return error_set(
            error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_BRIDGE),
            "There is no bridge %s, and create_bridges is off; create the bridge first.",
            vif->bridge);
    }
    if (!*type && bridge->exists) {
        type = bridge->datapath_type;
    }
    if (!*type && facts->nic_vf) {
        type = facts->nic_vf->profile->datapath_type;
    }
    if (!*type) {
        type = default_datapath(vif);
    }
    snprintf(spec->datapath_type, sizeof spec->datapath_type, "%s", type);
    return true;
}

static void fill_external_ids(const struct vif *vif, const struct spec_facts *facts,
                              struct port_spec *spec)
{
    struct smap *ids = &spec->external_ids;

    smap_replace(ids, KEY_IFACE_ID, vif->interface_id);
    smap_replace(ids, KEY_IFACE_STATUS, "active");
    if (vif->address[0]) {
        smap_replace(ids, KEY_ATTACHED_MAC, vif->address);
    }
    smap_replace(ids, KEY_VM_UUID, facts->instance);
    smap_replace(ids, KEY_OWNER, OWNER);
    smap_replace(ids, KEY_VIF_ID, vif->id);
    smap_replace(ids, KEY_KIND, vif_kind_name(spec->kind));
    smap_replace(ids, KEY_BOOT_ID, facts->boot_id);
    if (is_trunk_bridge(vif->bridge)) {
        smap_replace(ids, KEY_BRIDGE_NAME, vif->bridge);
    }
}

/* os-vif's default QoS type is for datapaths of the kernel (supports_tc_qdisc()). */
static void fill_default_qos(const char *qos_type, struct port_spec *spec)
{
    if (!strcmp(spec->datapath_type, "system")) {
        snprintf(spec->default_qos, sizeof spec->default_qos, "%s", qos_type);
    }
}

/* Trunk bridges have their own VLANs. ovn-controller would leave the port isolated. */
void spec_fill_new_port(bool isolate_vif, bool ovn, const char *default_qos_type,
                        struct port_spec *spec)
{
    bool wanted = isolate_vif && !is_trunk_bridge(spec->bridge);

    spec->isolate = wanted && !ovn;
    spec->not_isolated = wanted && ovn;
    fill_default_qos(default_qos_type, spec);
}

/* 0: not known. */
static int port_mtu(const struct port_spec *spec)
{
    return spec->links.kind != LINKS_NONE ? spec->links.mtu : spec->mtu_request;
}

bool plan_spec(const struct vif *vif, const struct spec_facts *facts, struct port_spec *spec,
               struct error *error)
{
    if (!choose_datapath(vif, facts, spec, error)) {
        return false;
    }
    spec->kind = vif->kind;
    if (is_host_device(vif)) {
        spec->kind = strcmp(spec->datapath_type, "netdev") ? VIF_KIND_KERNEL_REPRESENTOR
                                                           : VIF_KIND_REPRESENTOR;
    }
    memcpy(spec->vif_id, vif->id, sizeof spec->vif_id);
    snprintf(spec->bridge, sizeof spec->bridge, "%s", vif->bridge);
    if (!facts->bridge.exists) {
        snprintf(spec->fail_mode, sizeof spec->fail_mode, "%s",
                 fail_mode_choose(facts->fail_mode, vif->bridge, &facts->controllers));
    }
    spec->mtu_request = vif->mtu ? vif->mtu : facts->default_mtu;
    fill_external_ids(vif, facts, spec);
    spec->has_qos = vif->has_qos;
    spec->qos = vif->qos;
    spec_fill_new_port(facts->isolate_vif, facts->controllers.ovn, facts->default_qos_type, spec);
    if (!vif_kind_class(spec->kind)->spec) {
        return error_set(error, REASON_UNSUPPORTED_VIF, vif_field_path(vif, VIF_FIELD_KIND),
                         "VIFs of this kind are not plugged here; the daemon's 'describe' method "
                         "lists those that are.");
    }
    return vif_kind_class(spec->kind)->spec(vif, facts, spec, error) &&
           limits_settle(vif, port_mtu(spec), spec, error);
}

void spec_keep_limits(const struct vif *vif, const struct record *current, struct port_spec *spec)
{
    const struct vif_qos *now = &current->spec.qos;
    struct vif_qos kept[] = {*now, *now, *now, {0}};
    struct error ignored;
    size_t i = 0;

    kept[1].egress_kbps = kept[1].egress_burst_kb = 0;
    kept[1].egress_kpps = kept[1].egress_burst_kpkt = 0;
    kept[2].ingress_kbps = kept[2].ingress_burst_kb = 0;
    spec->has_qos = true;
    do {
        spec->qos = kept[i];
    } while (!limits_settle(vif, port_mtu(spec), spec, &ignored) && ++i < ARRAY_SIZE(kept));
}

bool spec_update(const struct vif *vif, const struct record *current, int mtu_now,
                 const char *default_qos_type, struct port_spec *spec, struct error *error)
{
    char text[16];
    int mtu;

    port_spec_clone(spec, &current->spec);
    if (vif->has_qos) {
        spec->has_qos = true;
        spec->qos = vif->qos;
        fill_default_qos(default_qos_type, spec);
    }
    if (vif->mtu && spec->links.kind != LINKS_NONE) {
        spec->links.mtu = vif->mtu;
    } else if (vif->mtu) {
        spec->mtu_request = vif->mtu;
    }
    if (vif->mtu && smap_get(&spec->external_ids, KEY_CREATE_TAP)) {
        snprintf(text, sizeof text, "%d", vif->mtu);
        smap_replace(&spec->external_ids, KEY_TAP_MTU, text);
    }
    mtu = port_mtu(spec);
    return spec_check_mtu(vif, spec, error) &&
           (!vif->has_qos || limits_settle(vif, mtu ? mtu : mtu_now, spec, error));
}
