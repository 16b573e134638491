/* SPDX-License-Identifier: Apache-2.0 */
/* ovs: a tap device on Open vSwitch. Usually libvirt makes the port when the guest starts, and
 * vifplugd only ensures the bridge. With create_port it makes the port, with create_tap also the
 * tap; with per_port_bridge the port is on a separate bridge, and a pair of patch ports leads to
 * the VIF's bridge (os-vif's OvsPlugin._plug_vif_generic(), _plug_port_bridge(),
 * _create_vif_port()). */

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "base/names.h"
#include "plan/kind.h"
#include "util.h"

static void spec_port_bridge(const struct vif *vif, struct port_spec *spec)
{
    char patch[PORT_NAME_MAX + 1];

    name_port_bridge(vif->id, spec->port_bridge, patch, spec->port);
    snprintf(spec->guest_port, sizeof spec->guest_port, "%s", vif->vif_name);
    strcpy(spec->type, TYPE_PATCH);
    smap_replace(&spec->options, OPTION_PEER, patch);
    smap_replace(&spec->external_ids, KEY_PORT_BRIDGE, spec->port_bridge);
    smap_replace(&spec->external_ids, KEY_GUEST_PORT, spec->guest_port);
}

/* A tap that another program made, and that the port uses, is not ours to make again. */
static void record_tap(const struct link_spec *links, struct smap *ids)
{
    smap_replace(ids, KEY_CREATE_TAP, "true");
    if (links->multiqueue) {
        smap_replace(ids, KEY_MULTIQUEUE, "true");
    }
    if (links->mtu) {
        smap_add_format(ids, KEY_TAP_MTU, "%d", links->mtu);
    }
}

static bool spec_ovs(const struct vif *vif, const struct spec_facts *facts, struct port_spec *spec,
                     struct error *error)
{
    struct link_spec *links = &spec->links;

    if (!strcmp(vif->vif_name, vif->bridge)) {
        return error_set(error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_VIF_NAME),
                         "The VIF's name %s is that of its bridge; give it another name.",
                         vif->vif_name);
    }
    links->kind = LINKS_TAP;
    snprintf(links->netdev, sizeof links->netdev, "%s", vif->vif_name);
    links->create = vif->create_tap && (vif->create_port || facts->per_port_bridge);
    links->multiqueue = vif->multiqueue;
    memcpy(links->address, vif->address, sizeof links->address);
    links->mtu = spec->mtu_request;
    spec->mtu_request = 0; /* os-vif's update_device_mtu(): sets the MTU of the netdev instead. */
    spec->awaits_netdev = !links->create && !facts->guest_netdev_exists;
    if (facts->per_port_bridge) {
        spec_port_bridge(vif, spec);
        spec->awaits_netdev = false; /* The patch ports need no netdev. */
    } else {
        snprintf(spec->port, sizeof spec->port, "%s", vif->vif_name);
        spec->no_port = !vif->create_port;
    }
    if (spec->no_port) {
        memset(links, 0, sizeof *links);
    } else if (links->create && !facts->guest_netdev_is_others) {
        record_tap(links, &spec->external_ids);
    }
    return true;
}

/* A separate bridge has its VIF's own name. What a row says is not believed beyond that: somebody
 * may have copied or edited it. The patch port that leads to the bridge tells of it, too. */
static void interpret_port_bridge(struct port_spec *spec)
{
    const char *bridge = smap_get_def(&spec->external_ids, KEY_PORT_BRIDGE, "");
    char own[VIF_IFNAME_MAX + 1];
    char patch[PORT_NAME_MAX + 1];
    char port[PORT_NAME_MAX + 1];
    bool has_own;

    name_port_bridge(spec->vif_id, own, patch, port);
    has_own =
        !strcmp(bridge, own) || (!strcmp(spec->port, port) && !strcmp(spec->type, TYPE_PATCH));
    snprintf(spec->port_bridge, sizeof spec->port_bridge, "%s", has_own ? own : "");
    snprintf(spec->guest_port, sizeof spec->guest_port, "%s",
             has_own ? smap_get_def(&spec->external_ids, KEY_GUEST_PORT, "") : "");
}

/* Names the tap, no matter whether the daemon or QEMU made it: its alias decides whether it is
 * removed with the port. Rows of earlier versions do not say who made it. */
static void interpret(struct port_spec *spec)
{
    const struct smap *ids = &spec->external_ids;

    if (!spec->vif_id[0]) {
        return;
    }
    interpret_port_bridge(spec);
    spec->links.kind = LINKS_TAP;
    snprintf(spec->links.netdev, sizeof spec->links.netdev, "%.15s",
             spec->guest_port[0] ? spec->guest_port : spec->port);
    spec->links.create = smap_get_bool(ids, KEY_CREATE_TAP, false);
    spec->links.multiqueue = spec->links.create && smap_get_bool(ids, KEY_MULTIQUEUE, false);
}

static void leftovers(const struct vif *vif, const char *vif_id OVS_UNUSED, struct link_spec *links)
{
    links->kind = LINKS_TAP;
    memcpy(links->netdev, vif->vif_name, sizeof links->netdev);
}

const struct vif_kind_class kind_ovs = {
    .spec = spec_ovs,
    .interpret = interpret,
    .leftovers = leftovers,
    .netdev_may_come_later = true,
};
