/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vif.h"

#include <ctype.h>
#include <string.h>

#include <rte_ether.h>

static const char *const kind_names[] = {
    [VIF_KIND_REPRESENTOR] = "representor",
    [VIF_KIND_VHOST_USER] = "vhost-user",
    [VIF_KIND_KERNEL_REPRESENTOR] = "kernel-representor",
    [VIF_KIND_OVS] = "ovs",
    [VIF_KIND_HYBRID] = "hybrid",
    [VIF_KIND_HOST_DEVICE] = NULL,
};

#define N_KINDS ((int)(sizeof kind_names / sizeof kind_names[0]))

const char *vif_kind_name(enum vif_kind kind)
{
    return (int)kind >= 0 && (int)kind < N_KINDS ? kind_names[kind] : NULL;
}

enum vif_kind vif_kind_from_name(const char *name)
{
    for (int i = 0; i < N_KINDS; i++) {
        if (name && kind_names[i] && !strcmp(kind_names[i], name)) {
            return (enum vif_kind)i;
        }
    }
    return VIF_KIND_NONE;
}

const char *vhost_mode_name(enum vhost_mode mode)
{
    return mode == VHOST_MODE_SERVER ? "server" : mode == VHOST_MODE_CLIENT ? "client" : NULL;
}

enum vhost_mode vhost_mode_from_name(const char *name)
{
    if (!name) {
        return VHOST_MODE_NONE;
    }
    return !strcmp(name, "server")   ? VHOST_MODE_SERVER
           : !strcmp(name, "client") ? VHOST_MODE_CLIENT
                                     : VHOST_MODE_NONE;
}

const char *vif_field_path(const struct vif *vif, enum vif_field field)
{
    static const char *const native[VIF_FIELD_N] = {
        [VIF_FIELD_ID] = "vif.vif_id",
        [VIF_FIELD_INTERFACE_ID] = "vif.interface_id",
        [VIF_FIELD_KIND] = "vif.kind",
        [VIF_FIELD_BRIDGE] = "vif.bridge",
        [VIF_FIELD_MTU] = "vif.mtu",
        [VIF_FIELD_DATAPATH_TYPE] = "vif.datapath_type",
        [VIF_FIELD_PCI_SLOT] = "vif.pci_slot",
        [VIF_FIELD_VHOST_PATH] = "vif.vhost_user.path",
        [VIF_FIELD_VHOST_MODE] = "vif.vhost_user.mode",
        [VIF_FIELD_VIF_NAME] = "vif.vif_name",
        [VIF_FIELD_LINUX_BRIDGE] = "vif.linux_bridge",
        [VIF_FIELD_QOS] = "vif.qos",
    };
    static const char *const osvif[VIF_FIELD_N] = {
        [VIF_FIELD_ID] = "vif.id",
        [VIF_FIELD_INTERFACE_ID] = "vif.port_profile.interface_id",
        [VIF_FIELD_KIND] = "vif.versioned_object.name",
        [VIF_FIELD_BRIDGE] = "vif.network.bridge",
        [VIF_FIELD_MTU] = "vif.network.mtu",
        [VIF_FIELD_DATAPATH_TYPE] = "vif.port_profile.datapath_type",
        [VIF_FIELD_PCI_SLOT] = "vif.port_profile.representor_address",
        [VIF_FIELD_VHOST_PATH] = "vif.path",
        [VIF_FIELD_VHOST_MODE] = "vif.mode",
        [VIF_FIELD_VIF_NAME] = "vif.vif_name",
        [VIF_FIELD_LINUX_BRIDGE] = "vif.bridge_name",
        [VIF_FIELD_QOS] = "vif",
    };
    /* The members that Nova's nova_to_osvif_vif() reads. */
    static const char *const nova[VIF_FIELD_N] = {
        [VIF_FIELD_ID] = "vif.id",
        [VIF_FIELD_INTERFACE_ID] = "vif.ovs_interfaceid",
        [VIF_FIELD_KIND] = "vif.type",
        [VIF_FIELD_BRIDGE] = "vif.network.bridge",
        [VIF_FIELD_MTU] = "vif.network.meta.mtu",
        [VIF_FIELD_DATAPATH_TYPE] = "vif.details.datapath_type",
        [VIF_FIELD_PCI_SLOT] = "vif.profile.pci_slot",
        [VIF_FIELD_VHOST_PATH] = "vif.details.vhostuser_socket",
        [VIF_FIELD_VHOST_MODE] = "vif.details.vhostuser_mode",
        [VIF_FIELD_VIF_NAME] = "vif.devname",
        [VIF_FIELD_LINUX_BRIDGE] = "vif.id",
        [VIF_FIELD_QOS] = "vif",
    };

    if (vif->form == VIF_FORM_UPDATE) {
        return field == VIF_FIELD_MTU ? "params.mtu" : field == VIF_FIELD_QOS ? "params.qos" : "";
    }
    if (vif->form == VIF_FORM_NATIVE) {
        return native[field];
    }
    if (vif->form == VIF_FORM_NOVA) {
        /* Nova names vhost-user ports itself. */
        return field == VIF_FIELD_VIF_NAME && vif->kind == VIF_KIND_VHOST_USER ? "vif.id"
                                                                               : nova[field];
    }
    if (field == VIF_FIELD_PCI_SLOT && !strcmp(vif->object_name, "VIFHostDevice")) {
        return "vif.dev_address";
    }
    return osvif[field];
}

bool vif_id_valid(const char *s)
{
    size_t length = s ? strlen(s) : 0;

    if (length == 0 || length > VIF_ID_MAX || s[0] == '.') {
        return false;
    }
    for (; *s; s++) {
        if (!isalnum((unsigned char)*s) && !strchr("._-", *s)) {
            return false;
        }
    }
    return true;
}

/* Names that no netdev can have: dev_valid_name() and, for directories of net/ipv6/conf,
 * sysctl_dev_name_is_allowed() of the kernel. */
static bool is_reserved_ifname(const char *s)
{
    static const char *const reserved[] = {".", "..", "all", "default"};

    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (!strcmp(s, reserved[i])) {
            return true;
        }
    }
    return false;
}

bool vif_ifname_valid(const char *s)
{
    size_t length = s ? strlen(s) : 0;

    if (length == 0 || length > VIF_IFNAME_MAX || is_reserved_ifname(s)) {
        return false;
    }
    /* The kernel takes a name with '%' as a pattern, and gives the link another name. */
    for (; *s; s++) {
        if (!isgraph((unsigned char)*s) || strchr("/:%", *s)) {
            return false;
        }
    }
    return true;
}

bool vif_path_valid(const char *s)
{
    size_t length = s ? strlen(s) : 0;

    if (length < 2 || length > VIF_PATH_MAX || s[0] != '/' || s[length - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isgraph((unsigned char)s[i])) {
            return false;
        }
        if (s[i] == '/') {
            const char *component = s + i + 1;
            size_t n = strcspn(component, "/");

            if (n == 0 || (n == 1 && component[0] == '.') ||
                (n == 2 && component[0] == '.' && component[1] == '.')) {
                return false;
            }
        }
    }
    return true;
}

bool vif_mac_parse(const char *s, char mac[VIF_MAC_LEN])
{
    struct rte_ether_addr address;

    /* rte_ether_unformat_addr() also accepts "0011.2233.4455" and single digits; this accepts only
     * the form that Neutron and libvirt write. */
    if (!s || strlen(s) != VIF_MAC_LEN - 1 || s[2] != ':' ||
        rte_ether_unformat_addr(s, &address) != 0 || !rte_is_valid_assigned_ether_addr(&address)) {
        return false;
    }
    rte_ether_format_addr(mac, VIF_MAC_LEN, &address);
    for (char *p = mac; *p; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    return true;
}
