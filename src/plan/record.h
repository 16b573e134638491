/* SPDX-License-Identifier: Apache-2.0 */
/* Ports as values: what we want in OVSDB (port_spec) and what is in it (record).
 *
 * A port_spec holds no pointer into the IDL and survives a pass of the loop. So does a record,
 * unless it is `borrowed`. Maps are OVS smaps. */

#ifndef VP_RECORD_H
#define VP_RECORD_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/pci-addr.h"
#include "base/vif.h"
#include "links/link-plan.h"
#include "plan/qos.h"
#include "smap.h"

/* Port names that are not ours may be longer than the kernel's (patch ports: 64). */
#define PORT_NAME_MAX 64
#define INTERFACE_TYPE_MAX 32
#define FAIL_MODE_MAX 10 /* "standalone" */

/* Our keys in Interface external_ids. */
#define KEY_OWNER "vifplug-owner"
#define KEY_VIF_ID "vifplug-vif-id"
#define KEY_KIND "vifplug-kind"
#define KEY_BOOT_ID "vifplug-boot-id"
#define KEY_PCI_SLOT "vifplug-pci-slot"
#define OWNER "vifplugd"

/* And those that only some kinds have: of a kernel representor, which has no devargs to tell them,
 * the PF and VF number; of a hybrid VIF its Linux bridge; of an ovs VIF with a bridge of its own
 * that bridge and its guest's port. */
#define KEY_PF "vifplug-pf"
#define KEY_VF_NUM "vifplug-vf-num"
#define KEY_LINUX_BRIDGE "vifplug-linux-bridge"
#define KEY_PORT_BRIDGE "vifplug-port-bridge"
#define KEY_GUEST_PORT "vifplug-guest-port"

/* The keys that os-vif writes and that Neutron and OVN read. */
#define KEY_IFACE_ID "iface-id"
#define KEY_IFACE_STATUS "iface-status"
#define KEY_ATTACHED_MAC "attached-mac"
#define KEY_VM_UUID "vm-uuid"
#define KEY_BRIDGE_NAME "bridge_name" /* On trunk bridges; Neutron's trunk clean-up reads it. */

/* Neutron's trunk bridges begin so (vif_plug_ovs.constants.TRUNK_BR_PREFIX). */
#define TRUNK_BRIDGE_PREFIX "tbr-"
bool is_trunk_bridge(const char *bridge);

/* The type of an interface between the two steps of a replacement: vswitchd knows no such type, so
 * it lets go of the old device, while the row keeps the VIF's record (see plan.h). */
#define TYPE_DETACHED "vifplug-detached"

/* One port with its one interface, as we write it. */
struct port_spec {
    char vif_id[VIF_ID_MAX + 1];
    enum vif_kind kind;
    char port[PORT_NAME_MAX + 1];
    char bridge[PORT_NAME_MAX + 1];
    char datapath_type[INTERFACE_TYPE_MAX + 1]; /* The bridge's, should it be created... */
    char fail_mode[FAIL_MODE_MAX + 1];          /* ...and this too; "": none is written. */
    char type[INTERFACE_TYPE_MAX + 1];
    struct smap options;
    struct smap external_ids;
    int mtu_request; /* Bytes; 0: none. */

    bool has_vf; /* A representor's VF. */
    struct pci_addr pf;
    struct pci_addr vf;
    bool has_vf_address; /* Whether `vf` is known (in a record it may not be). */
    int vf_num;
    char vhost_path[VIF_PATH_MAX + 1]; /* The guest's socket, whoever serves it; or "". */
    enum vhost_mode vhost_mode;

    bool vf_mac_optional; /* dpdk-vf-mac may be left out if the port fails with it. */
    bool slow_probe;      /* Wants a batch of its own. */

    struct host_spec host; /* What there has to be in the kernel. */
    bool no_port;          /* The caller makes the port; only the bridge is ours to ensure. */
    bool awaits_netdev;    /* The port's netdev comes later: done once it is in OVSDB. */
    /* per_port_bridge: `port` is then the patch port on `bridge`, which leads to this bridge with
     * the guest's port; or "". */
    char port_bridge[VIF_IFNAME_MAX + 1];
    char guest_port[VIF_IFNAME_MAX + 1];

    bool has_qos; /* `qos` is to be as it says; else it is left alone. */
    struct vif_qos qos;

    /* For a port that is created. */
    bool isolate;                       /* Off the network until Neutron has wired it. */
    char default_qos[QOS_TYPE_MAX + 1]; /* The type of a QoS row without limits; or "". */
};

void port_spec_init(struct port_spec *spec);
void port_spec_destroy(struct port_spec *spec);
void port_spec_clone(struct port_spec *dst, const struct port_spec *src); /* dst: uninitialised. */

/* Fills in the names of a hybrid VIF's veth pair (os-vif's get_veth_pair_names(): 14 bytes). */
void spec_name_hybrid(struct host_spec *host, const char *vif_id);

/* Names a VIF's bridge of its own, and the patch port on it (os-vif's _plug_port_bridge(): 14 and
 * 64 bytes). */
void spec_name_port_bridge(const char *vif_id, char bridge[VIF_IFNAME_MAX + 1],
                           char patch[PORT_NAME_MAX + 1]);

/* One port as it stands in OVSDB. */
struct record {
    bool borrowed; /* Its maps and `error` are a row's: good until the next ovs_run(), not to be
                    * changed. */
    struct port_spec spec;    /* All options and external_ids of the row, ours and others'. */
    bool ours;                /* Carries our owner mark. */
    int64_t ofport;           /* > 0; -1: vswitchd could not make it; 0: no verdict yet. */
    int mtu;                  /* As vswitchd applied it; 0: not known. */
    char vf_mac[VIF_MAC_LEN]; /* The VF's MAC as vswitchd applied it (status:dpdk-vf-mac); or "". */
    char *error;              /* vswitchd's words, or NULL. */
    bool foreign_qos;         /* Its QoS rows say more than spec.qos can. */
    char boot_id[VIF_ID_MAX + 1];
    char instance[VIF_ID_MAX + 1];
};

/* What others, Neutron's agent above all, have set on a Port row: for an undo that has to make the
 * port anew, so that it is not on the network without its VLAN. */
struct port_settings {
    bool has_tag;
    int64_t tag;
    char *vlan_mode; /* Or NULL. */
    int64_t *trunks;
    size_t n_trunks;
    struct smap other_config;
};

void port_settings_free(struct port_settings *settings); /* NULL is taken. */

void record_init(struct record *record);
void record_destroy(struct record *record);
void record_clone(struct record *dst, const struct record *src); /* dst: uninitialised; owned. */

/* Fills the parts of record->spec that are told by its type, options and external_ids: kind, VIF
 * id, VF, vhost-user path, owner mark, boot id, instance. */
void record_interpret(struct record *record);

/* Whether vswitchd has said that it could not make the port. A port whose netdev somebody else
 * makes later has not failed. */
bool record_failed(const struct record *record);

/* Whether it has limits, and such as can be written again. */
bool record_has_limits(const struct record *record);

/* Whether the port waits for a netdev that somebody else makes. */
bool record_awaits_netdev(const struct record *record);

#endif
