/* SPDX-License-Identifier: Apache-2.0 */
/* vhost-user: OVS itself serves the guest (os-vif's OvsPlugin._plug_vhostuser). A guest as server
 * gets a dpdkvhostuserclient port with its path; a guest as client gets a dpdkvhostuser port, for
 * which vswitchd chooses the socket's path. */

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/kind.h"
#include "util.h"

/* OVS's lib/netdev-dpdk.c: NETDEV_DPDK_MAX_PKT_LEN (9728) less headers. OVS refuses a larger MTU
 * only with a line in its log, and a port without a guest shows no MTU to compare. */
enum { VHOST_USER_MTU_MAX = 9702 };

static bool spec_vhost_user(const struct vif *vif, const struct spec_facts *facts,
                            struct port_spec *spec, struct error *error)
{
    if (strcmp(spec->datapath_type, "netdev")) {
        return error_set(
            error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_DATAPATH_TYPE),
            "A vhost-user port needs a bridge with datapath_type netdev, but %s has '%s'; "
            "name a netdev bridge.",
            vif->bridge, spec->datapath_type);
    }
    if (!spec_check_mtu(vif, spec, error)) {
        return false;
    }
    name_vhost_port(vif->id, spec->port);
    memcpy(spec->vhost_path, vif->vhost_path, sizeof spec->vhost_path);
    spec->vhost_mode = vif->vhost_mode;
    if (vif->vhost_mode == VHOST_MODE_SERVER) {
        strcpy(spec->type, TYPE_VHOST_USER_CLIENT);
        smap_replace(&spec->options, OPTION_VHOST_PATH, vif->vhost_path);
        return spec_check_path(vif, facts, error);
    }
    strcpy(spec->type, TYPE_VHOST_USER);

    char expected[VIF_PATH_MAX + 64];

    snprintf(expected, sizeof expected, "%s/%s", facts->vhost_sock_dir, spec->port);
    if (facts->path_is_switchs && strlen(expected) < sizeof spec->vhost_path) {
        strcpy(spec->vhost_path, expected);
    } else if (strcmp(expected, vif->vhost_path)) {
        return error_set(
            error, REASON_SOCKET_MISMATCH, vif_field_path(vif, VIF_FIELD_VHOST_PATH),
            "In mode client vswitchd makes the socket at %s, not at %s; correct the VIF's "
            "path or use mode server.",
            expected, vif->vhost_path);
    }
    return true;
}

static const char *type_of(const struct port_spec *spec)
{
    return smap_get(&spec->options, OPTION_VHOST_PATH) ? TYPE_VHOST_USER_CLIENT : TYPE_VHOST_USER;
}

const struct vif_kind_class kind_vhost_user = {
    .default_datapath = "netdev",
    .spec = spec_vhost_user,
    .type = type_of,
    .mtu_max = VHOST_USER_MTU_MAX,
    .mtu_comes_with_guest = true,
};
