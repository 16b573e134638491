/* SPDX-License-Identifier: Apache-2.0 */
/* The keys and values of Open vSwitch's database that vifplugd uses, each only in this file. */

#ifndef VP_KEYS_H
#define VP_KEYS_H 1

/* --- Interface external_ids. --- */

#define OUR_KEYS "vifplug-" /* The prefix of our keys. */

/* Ours, on every VIF's interface. */
#define KEY_OWNER "vifplug-owner" /* OWNER. */
#define KEY_VIF_ID "vifplug-vif-id"
#define KEY_KIND "vifplug-kind"       /* vif_kind_name(). */
#define KEY_BOOT_ID "vifplug-boot-id" /* The boot in which it was plugged. */
#define OWNER "vifplugd"

/* Ours, of some kinds only. */
#define KEY_PCI_SLOT "vifplug-pci-slot" /* Representors: the VF's PCI address. */
#define KEY_SOCKET                                                                                 \
    "vifplug-socket" /* Representors whose card serves the guest's socket: no                      \
                      * option has its path then. */
/* Kernel representors, because they have no device arguments. */
#define KEY_PF "vifplug-pf"                     /* PCI address. */
#define KEY_VF_NUM "vifplug-vf-num"             /* As the kernel counts. */
#define KEY_LINUX_BRIDGE "vifplug-linux-bridge" /* Hybrid. */
/* VIFs with a separate bridge (per_port_bridge). */
#define KEY_PORT_BRIDGE "vifplug-port-bridge"
#define KEY_GUEST_PORT "vifplug-guest-port"
/* VIFs whose tap vifplugd makes: so that it knows that the tap is missing, and how to make it
 * again.
 */
#define KEY_CREATE_TAP "vifplug-create-tap" /* "true"; else another program makes the tap. */
#define KEY_MULTIQUEUE "vifplug-multiqueue" /* "true": with several queues. */
#define KEY_TAP_MTU "vifplug-tap-mtu"       /* Bytes. */

/* Keys that os-vif writes and that Neutron and OVN read. */
#define KEY_IFACE_ID "iface-id"
#define KEY_IFACE_STATUS "iface-status"
#define KEY_ATTACHED_MAC "attached-mac"
#define KEY_VM_UUID "vm-uuid"
#define KEY_BRIDGE_NAME "bridge_name" /* On trunk bridges; Neutron's trunk clean-up reads it. */

/* --- Interface options (vswitch.ovsschema, ovs-vswitchd.conf.db(5)). --- */

#define OPTION_DEVARGS "dpdk-devargs"
#define OPTION_VF_MAC "dpdk-vf-mac" /* Also a key of Interface status. */
#define OPTION_VHOST_PATH "vhost-server-path"
#define OPTION_PEER "peer"

/* --- Interface types. --- */

#define TYPE_DPDK "dpdk"
#define TYPE_VHOST_USER "dpdkvhostuser"              /* OVS is the server. */
#define TYPE_VHOST_USER_CLIENT "dpdkvhostuserclient" /* QEMU is the server. */
#define TYPE_PATCH "patch"
#define TYPE_INTERNAL "internal"
/* Between the two steps of a replacement: vswitchd does not know this type, so it closes the old
 * device, while the row keeps the VIF's record (see plan.h). */
#define TYPE_DETACHED "vifplug-detached"

/* --- QoS types. --- */

#define QOS_TYPE_HTB "linux-htb"
#define QOS_TYPE_POLICER "egress-policer"

/* --- Open_vSwitch other_config and external_ids. --- */

#define CONFIG_DPDK_INIT "dpdk-init"
#define CONFIG_DPDK_EXTRA "dpdk-extra"
#define CONFIG_HW_OFFLOAD "hw-offload"
#define CONFIG_VHOST_SOCK_DIR "vhost-sock-dir"
#define CONFIG_STATS_INTERVAL "stats-update-interval" /* ms. */
#define KEY_OFFLOAD_SET "vifplug-hw-offload-set" /* When the daemon set hw-offload (offload.h). */

/* --- Values of other programs. --- */

/* VLAN 4095: disconnects a port from the network until Neutron's agent sets its VLAN
 * (vif_plug_ovs.constants.DEAD_VLAN). */
#define DEAD_VLAN 4095

/* The prefix of the names of Neutron's trunk bridges (vif_plug_ovs.constants.TRUNK_BR_PREFIX). */
#define TRUNK_BRIDGE_PREFIX "tbr-"

#endif
