/* SPDX-License-Identifier: Apache-2.0 */
/* hybrid: the guest's tap is on a Linux bridge of its own, where iptables can filter, and a veth
 * pair leads from there to Open vSwitch (os-vif's OvsPlugin._plug_bridge()). */

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/kind.h"
#include "util.h"

static void name_links(struct host_spec *links, const char *vif_id)
{
    links->kind = HOST_HYBRID;
    links->create = true;
    name_veth_pair(vif_id, links->peer, links->netdev);
}

static bool spec_hybrid(const struct vif *vif, const struct host_facts *facts OVS_UNUSED,
                        struct port_spec *spec, struct error *error)
{
    struct host_spec *host = &spec->host;

    name_links(host, vif->id);
    snprintf(host->linux_bridge, sizeof host->linux_bridge, "%s", vif->linux_bridge);
    if (!strcmp(host->linux_bridge, vif->bridge) || !strcmp(host->linux_bridge, host->netdev) ||
        !strcmp(host->linux_bridge, host->peer)) {
        return error_set(error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_LINUX_BRIDGE),
                         "The Linux bridge %s has the name of the OVS bridge or of the veth pair; "
                         "give it a name of its own.",
                         host->linux_bridge);
    }
    host->mtu = spec->mtu_request;
    spec->mtu_request = 0; /* os-vif's update_device_mtu(): the netdevs' own MTU is set. */
    snprintf(spec->port, sizeof spec->port, "%s", host->netdev);
    smap_replace(&spec->external_ids, KEY_LINUX_BRIDGE, host->linux_bridge);
    return true;
}

static void interpret(struct port_spec *spec)
{
    if (spec->vif_id[0]) {
        name_links(&spec->host, spec->vif_id);
        snprintf(spec->host.linux_bridge, sizeof spec->host.linux_bridge, "%s",
                 smap_get_def(&spec->external_ids, KEY_LINUX_BRIDGE, ""));
    }
}

static void leftovers(const struct vif *vif, const char *vif_id, struct host_spec *links)
{
    name_links(links, vif_id);
    memcpy(links->linux_bridge, vif->linux_bridge, sizeof links->linux_bridge);
}

const struct vif_kind_class kind_hybrid = {
    .spec = spec_hybrid,
    .interpret = interpret,
    .leftovers = leftovers,
};
