/* SPDX-License-Identifier: Apache-2.0 */
/* hybrid: the guest's tap is on a separate Linux bridge, where iptables can filter, and a veth pair
 * leads from there to Open vSwitch (os-vif's OvsPlugin._plug_bridge()). */

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/kind.h"
#include "util.h"

static void name_links(struct link_spec *links, const char *vif_id)
{
    links->kind = LINKS_HYBRID;
    links->create = true;
    name_veth_pair(vif_id, links->peer, links->netdev);
}

static bool spec_hybrid(const struct vif *vif, const struct spec_facts *facts OVS_UNUSED,
                        struct port_spec *spec, struct error *error)
{
    struct link_spec *links = &spec->links;

    name_links(links, vif->id);
    snprintf(links->linux_bridge, sizeof links->linux_bridge, "%s", vif->linux_bridge);
    if (!strcmp(links->linux_bridge, vif->bridge) || !strcmp(links->linux_bridge, links->netdev) ||
        !strcmp(links->linux_bridge, links->peer)) {
        return error_set(error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_LINUX_BRIDGE),
                         "The Linux bridge %s has the name of the OVS bridge or of the veth pair; "
                         "give it another name.",
                         links->linux_bridge);
    }
    links->mtu = spec->mtu_request;
    spec->mtu_request = 0; /* os-vif's update_device_mtu(): sets the MTU of the netdevs instead. */
    snprintf(spec->port, sizeof spec->port, "%s", links->netdev);
    smap_replace(&spec->external_ids, KEY_LINUX_BRIDGE, links->linux_bridge);
    return true;
}

static void interpret(struct port_spec *spec)
{
    if (spec->vif_id[0]) {
        name_links(&spec->links, spec->vif_id);
        snprintf(spec->links.linux_bridge, sizeof spec->links.linux_bridge, "%s",
                 smap_get_def(&spec->external_ids, KEY_LINUX_BRIDGE, ""));
    }
}

static void leftovers(const struct vif *vif, const char *vif_id, struct link_spec *links)
{
    name_links(links, vif_id);
    memcpy(links->linux_bridge, vif->linux_bridge, sizeof links->linux_bridge);
}

const struct vif_kind_class kind_hybrid = {
    .spec = spec_hybrid,
    .interpret = interpret,
    .leftovers = leftovers,
};
