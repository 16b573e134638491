/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of specs of more than one kind. */

#include <string.h>

#include "plan/kind.h"

static bool is_in_socket_dirs(const struct vif *vif, const struct spec_facts *facts)
{
    for (size_t i = 0; i < facts->n_socket_dirs; i++) {
        size_t length = strlen(facts->socket_dirs[i]);

        if (!strncmp(vif->vhost_path, facts->socket_dirs[i], length) &&
            vif->vhost_path[length] == '/') {
            return true;
        }
    }
    return false;
}

bool spec_may_look_at_path(const struct vif *vif, const struct spec_facts *facts)
{
    const struct nic_vf *nic = facts->nic_vf;

    if (!facts->check_paths || !vif->vhost_path[0]) {
        return false;
    }
    return is_in_socket_dirs(vif, facts) || (nic && !strcmp(vif->vhost_path, nic->vhost_socket));
}

bool spec_check_path(const struct vif *vif, const struct spec_facts *facts, struct error *error)
{
    const char *field = vif_field_path(vif, VIF_FIELD_VHOST_PATH);

    if (!is_in_socket_dirs(vif, facts)) {
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
    int max = vif_kind_class(spec->kind)->mtu_max;

    if (max && spec->mtu_request > max) {
        return error_set(error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_MTU),
                         "MTU %d is more than OVS gives a %s port; ask for at most %d.",
                         spec->mtu_request, vif_kind_name(spec->kind), max);
    }
    return true;
}
