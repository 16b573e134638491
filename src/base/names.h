/* SPDX-License-Identifier: Apache-2.0 */
/* Names that contain a VIF's id, each made only in this file. They are those of os-vif, because
 * Neutron, OVN and operators know them. */

#ifndef VP_NAMES_H
#define VP_NAMES_H 1

#include <stdbool.h>

#include "base/vif.h"

/* The longest port name: names of patch ports and of other programs' ports can be longer than the
 * kernel's. */
#define PORT_NAME_MAX 64

/* The port of a representor (os-vif's linux_net.get_dpdk_representor_port_name(): 14 bytes). */
void name_representor_port(const char *vif_id, char port[VIF_IFNAME_MAX + 1]);

/* The port of a vhost-user VIF without a vif_name (os-vif's OvsPlugin.gen_port_name(): 14 bytes).
 */
void name_vhost_port(const char *vif_id, char port[VIF_IFNAME_MAX + 1]);

/* The veth pair of a hybrid VIF: the end on the Linux bridge, and the port on the OVS bridge
 * (os-vif's OvsPlugin.get_veth_pair_names(): 14 bytes). */
void name_veth_pair(const char *vif_id, char peer[VIF_IFNAME_MAX + 1],
                    char port[VIF_IFNAME_MAX + 1]);

/* The guest's interface, of a Nova VIF dict without a name (Nova's get_vif_devname(): 14 bytes). */
void name_guest_interface(const char *vif_id, char name[VIF_IFNAME_MAX + 1]);

/* The Linux bridge of a hybrid VIF (Nova's and os-vif's name for it: 14 bytes). */
void name_linux_bridge(const char *vif_id, char bridge[VIF_IFNAME_MAX + 1]);

/* A VIF's separate bridge (14 bytes), the patch port on it and the one on the VIF's bridge (64
 * bytes; os-vif's OvsPlugin._plug_port_bridge()). */
void name_port_bridge(const char *vif_id, char bridge[VIF_IFNAME_MAX + 1],
                      char patch[PORT_NAME_MAX + 1], char port[PORT_NAME_MAX + 1]);

/* Whether `port` is one of the names of a VIF's port above. */
bool name_is_of_vif(const char *port, const char *vif_id);

/* Whether a bridge is one of Neutron's trunk bridges. */
bool is_trunk_bridge(const char *bridge);

#endif
