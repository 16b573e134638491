/* SPDX-License-Identifier: Apache-2.0 */
/* A VIF that a caller asks to plug, validated, and independent of the form of the request. */

#ifndef VP_VIF_H
#define VP_VIF_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pci-addr.h"

#define VIF_ID_MAX 64       /* Longest VIF id, interface_id and instance uuid, in bytes. */
#define VIF_IFNAME_MAX 15   /* The kernel's IFNAMSIZ less its terminator. */
#define VIF_MAC_LEN 18      /* "xx:xx:xx:xx:xx:xx" and its terminator. */
#define VIF_PATH_MAX 107    /* sun_path of unix(7) less its terminator. */
#define VIF_DATAPATH_MAX 15 /* Longest accepted datapath_type ("netdev", "system"). */
#define VIF_MTU_MIN 68      /* RFC 791: every IPv4 link carries 68 bytes. */
#define VIF_MTU_MAX 65535

enum vif_kind {
    VIF_KIND_NONE = 0,
    VIF_KIND_REPRESENTOR,        /* type=dpdk port of a SmartNIC's VF. */
    VIF_KIND_VHOST_USER,         /* dpdkvhostuser or dpdkvhostuserclient port. */
    VIF_KIND_KERNEL_REPRESENTOR, /* A VF's representor netdev of the kernel. */
    VIF_KIND_OVS,                /* os-vif's VIFOpenVSwitch. */
    VIF_KIND_HYBRID,             /* os-vif's VIFBridge: Linux bridge and veth pair. */
    VIF_KIND_HOST_DEVICE,        /* os-vif's VIFHostDevice: one of the two representor kinds; the
                                  * bridge's datapath decides which when the plug is planned. */
};

/* The role of the guest (QEMU) on the vhost-user socket, as in Nova and os-vif. */
enum vhost_mode { VHOST_MODE_NONE = 0, VHOST_MODE_SERVER, VHOST_MODE_CLIENT };

/* The form of a VIF in the request (UPDATE: params of that method). It only decides how errors name
 * fields. */
enum vif_form { VIF_FORM_NATIVE = 0, VIF_FORM_OSVIF, VIF_FORM_NOVA, VIF_FORM_UPDATE };

/* Limits on a VIF's traffic as its guest sees it, in the units of Neutron's QoS rules; 0: none.
 * Egress is what the guest sends. With a burst of 0 the switch decides (or Neutron's rule of 80 %
 * of the rate, where the switch needs a burst). */
struct vif_qos {
    int64_t egress_kbps;       /* 1000 bit/s, up to VIF_QOS_MAX like the others. */
    int64_t egress_burst_kb;   /* 1000 bit. */
    int64_t egress_kpps;       /* 1000 packets/s. */
    int64_t egress_burst_kpkt; /* 1000 packets. */
    int64_t ingress_kbps;
    int64_t ingress_burst_kb;
};

#define VIF_QOS_MAX 4000000000LL /* 4 Tbit/s; cir and cbs in bytes still fit 64 bits. */

struct vif {
    enum vif_form form;
    char object_name[48];    /* os-vif object name ("VIFVHostUser"); else "". */
    char id[VIF_ID_MAX + 1]; /* [A-Za-z0-9._-]{1,64}, no leading dot. */
    enum vif_kind kind;
    char address[VIF_MAC_LEN];                 /* MAC, lower case, or "". */
    char bridge[VIF_IFNAME_MAX + 1];           /* OVS bridge. */
    int mtu;                                   /* Bytes, VIF_MTU_MIN..VIF_MTU_MAX; 0: not given. */
    char datapath_type[VIF_DATAPATH_MAX + 1];  /* "netdev", "system", or "": not given. */
    char interface_id[VIF_ID_MAX + 1];         /* external_ids:iface-id. */
    char vif_name[VIF_IFNAME_MAX + 1];         /* The guest's interface name, or "". */
    char representor_name[VIF_IFNAME_MAX + 1]; /* os-vif's name for the representor, or "". */
    bool has_pci_slot;
    struct pci_addr pci_slot;              /* The VF, if has_pci_slot. */
    char vhost_path[VIF_PATH_MAX + 1];     /* vhost-user socket, or "". */
    enum vhost_mode vhost_mode;            /* NONE exactly if vhost_path is "". */
    char linux_bridge[VIF_IFNAME_MAX + 1]; /* hybrid: its Linux bridge. */
    bool create_port;                      /* ovs: whether vifplugd makes the port. */
    bool create_tap;                       /* ovs, with create_port: also make the tap device... */
    bool multiqueue;                       /* ...with several queues. */
    bool has_qos;                          /* The request has limits, perhaps none at all. */
    struct vif_qos qos;
};

/* Wire names ("representor", "server"); NULL for NONE and for HOST_DEVICE. */
const char *vif_kind_name(enum vif_kind kind);
enum vif_kind vif_kind_from_name(const char *name);
const char *vhost_mode_name(enum vhost_mode mode);
enum vhost_mode vhost_mode_from_name(const char *name);

/* The members of a VIF that planning may refuse. */
enum vif_field {
    VIF_FIELD_ID,
    VIF_FIELD_INTERFACE_ID,
    VIF_FIELD_KIND,
    VIF_FIELD_BRIDGE,
    VIF_FIELD_MTU,
    VIF_FIELD_DATAPATH_TYPE,
    VIF_FIELD_PCI_SLOT,
    VIF_FIELD_VHOST_PATH,
    VIF_FIELD_VHOST_MODE,
    VIF_FIELD_VIF_NAME,
    VIF_FIELD_LINUX_BRIDGE,
    VIF_FIELD_QOS,
    VIF_FIELD_N
};

/* The path of `field` in the form that the caller used ("vif.network.mtu" or "vif.mtu"). */
const char *vif_field_path(const struct vif *vif, enum vif_field field);

/* Each takes any string (or NULL) and returns whether it is a valid value of that type. */
bool vif_id_valid(const char *s); /* VIF ids, interface ids. */
/* 1-15 bytes, no '/', ':', '%' or white space, none of ".", "..", "all", "default". */
bool vif_ifname_valid(const char *s);
bool vif_path_valid(const char *s); /* Absolute, no "." or ".." or empty component, printable. */

/* Writes the canonical form of MAC `s` to `mac`. Returns false for anything but six
 * colon-separated pairs of hexadecimal digits, and for multicast or all-zero addresses. */
bool vif_mac_parse(const char *s, char mac[VIF_MAC_LEN]);

#endif
