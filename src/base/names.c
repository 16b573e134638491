/* SPDX-License-Identifier: Apache-2.0 */
#include "base/names.h"

#include <stdio.h>
#include <string.h>

#include "base/keys.h"

/* os-vif cuts names to one byte less than the kernel allows. */
enum { OSVIF_NAME_SIZE = VIF_IFNAME_MAX };

void name_representor_port(const char *vif_id, char port[VIF_IFNAME_MAX + 1])
{
    snprintf(port, OSVIF_NAME_SIZE, "vfr%.11s", vif_id);
}

void name_vhost_port(const char *vif_id, char port[VIF_IFNAME_MAX + 1])
{
    snprintf(port, OSVIF_NAME_SIZE, "vhu%.11s", vif_id);
}

void name_veth_pair(const char *vif_id, char peer[VIF_IFNAME_MAX + 1],
                    char port[VIF_IFNAME_MAX + 1])
{
    snprintf(peer, OSVIF_NAME_SIZE, "qvb%.11s", vif_id);
    snprintf(port, OSVIF_NAME_SIZE, "qvo%.11s", vif_id);
}

void name_guest_interface(const char *vif_id, char name[VIF_IFNAME_MAX + 1])
{
    snprintf(name, OSVIF_NAME_SIZE, "nic%.11s", vif_id);
}

void name_linux_bridge(const char *vif_id, char bridge[VIF_IFNAME_MAX + 1])
{
    snprintf(bridge, OSVIF_NAME_SIZE, "qbr%.11s", vif_id);
}

void name_port_bridge(const char *vif_id, char bridge[VIF_IFNAME_MAX + 1],
                      char patch[PORT_NAME_MAX + 1], char port[PORT_NAME_MAX + 1])
{
    snprintf(bridge, OSVIF_NAME_SIZE, "pb%.12s", vif_id);
    snprintf(patch, PORT_NAME_MAX + 1, "pbp%.61s", vif_id);
    snprintf(port, PORT_NAME_MAX + 1, "ibp%.61s", vif_id);
}

bool is_trunk_bridge(const char *bridge)
{
    return !strncmp(bridge, TRUNK_BRIDGE_PREFIX, strlen(TRUNK_BRIDGE_PREFIX));
}

bool name_is_of_vif(const char *port, const char *vif_id)
{
    char names[4][PORT_NAME_MAX + 1];
    char other[PORT_NAME_MAX + 1];

    name_representor_port(vif_id, names[0]);
    name_vhost_port(vif_id, names[1]);
    name_veth_pair(vif_id, other, names[2]);
    name_port_bridge(vif_id, other, other, names[3]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(port, names[i])) {
            return true;
        }
    }
    return false;
}
