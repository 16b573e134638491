/* SPDX-License-Identifier: Apache-2.0 */
/* vhost-user: OVS itself serves the guest (os-vif's OvsPlugin._plug_vhostuser). The guest as server
 * gets a dpdkvhostuserclient port with its path, the guest as client a dpdkvhostuser port, whose
 * socket vswitchd makes in a place of its own choosing. */

#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "plan/spec.h"
#include "util.h"

/* OVS's lib/netdev-dpdk.c: NETDEV_DPDK_MAX_PKT_LEN (9728) less headers. It refuses a larger one
 * with no more than a line in its log, and a port without a guest shows no MTU to compare. */
enum { VHOST_USER_MTU_MAX = 9702 };

bool spec_check_path(const struct vif *vif, const struct host_facts *facts, struct error *error)
{
    const char *field = vif_field_path(vif, VIF_FIELD_VHOST_PATH);
    bool allowed = false;

    for (size_t i = 0; i < facts->n_socket_dirs; i++) {
        size_t length = strlen(facts->socket_dirs[i]);

        allowed |= !strncmp(vif->vhost_path, facts->socket_dirs[i], length) &&
                   vif->vhost_path[length] == '/';
    }
    if (!allowed) {
        return error_set(
            error, REASON_INVALID_REQUEST, field,
            "Socket path %s is in none of the allowed directories; use one of socket_dirs "
            "in the configuration, or add its directory there.",
            vif->vhost_path);
    }
    if (facts->check_paths && !facts->path_dir_exists) {
        return error_set(
            error, REASON_INVALID_REQUEST, field,
            "The directory of socket %s does not exist; create it (vswitchd would take the "
            "port without a word and never connect).",
            vif->vhost_path);
    }
    return true;
}

bool spec_check_mtu(const struct vif *vif, const struct port_spec *spec, struct error *error)
{
    if (spec->kind == VIF_KIND_VHOST_USER && spec->mtu_request > VHOST_USER_MTU_MAX) {
        return error_set(error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_MTU),
                         "MTU %d is more than OVS gives a vhost-user port; ask for at most %d.",
                         spec->mtu_request, VHOST_USER_MTU_MAX);
    }
    return true;
}

bool spec_vhost_user(const struct vif *vif, const struct host_facts *facts, struct port_spec *spec,
                     struct error *error)
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
    snprintf(spec->port, 15, "vhu%.11s", vif->id); /* os-vif's NIC_NAME_LEN: 14 bytes. */
    memcpy(spec->vhost_path, vif->vhost_path, sizeof spec->vhost_path);
    spec->vhost_mode = vif->vhost_mode;
    if (vif->vhost_mode == VHOST_MODE_SERVER) {
        strcpy(spec->type, "dpdkvhostuserclient");
        smap_replace(&spec->options, "vhost-server-path", vif->vhost_path);
        return spec_check_path(vif, facts, error);
    }
    strcpy(spec->type, "dpdkvhostuser");

    char expected[VIF_PATH_MAX + 64];

    snprintf(expected, sizeof expected, "%s/%s", facts->vhost_sock_dir, spec->port);
    if (strcmp(expected, vif->vhost_path)) {
        return error_set(
            error, REASON_SOCKET_MISMATCH, vif_field_path(vif, VIF_FIELD_VHOST_PATH),
            "In mode client vswitchd makes the socket at %s, not at %s; correct the VIF's "
            "path or use mode server.",
            expected, vif->vhost_path);
    }
    return true;
}
