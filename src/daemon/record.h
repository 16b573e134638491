/* Ports as values: what we want in OVSDB (port_spec) and what is in it (record).
 *
 * Neither holds a pointer into the IDL, so both survive a pass of the loop. Maps are OVS smaps. */

#ifndef VP_RECORD_H
#define VP_RECORD_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/pci-addr.h"
#include "base/vif.h"
#include "smap.h"

/* Port names that are not ours may be longer than the kernel's (patch ports: 64). */
#define PORT_NAME_MAX 64
#define INTERFACE_TYPE_MAX 32

/* Our keys in Interface external_ids. */
#define KEY_OWNER "vifplug-owner"
#define KEY_VIF_ID "vifplug-vif-id"
#define KEY_KIND "vifplug-kind"
#define KEY_BOOT_ID "vifplug-boot-id"
#define KEY_PCI_SLOT "vifplug-pci-slot"
#define OWNER "vifplugd"

/* The keys that os-vif writes and that Neutron and OVN read. */
#define KEY_IFACE_ID "iface-id"
#define KEY_IFACE_STATUS "iface-status"
#define KEY_ATTACHED_MAC "attached-mac"
#define KEY_VM_UUID "vm-uuid"

/* The type of an interface between the two steps of a replacement: vswitchd knows no such type, so
 * it lets go of the old device, while the row keeps the VIF's record (see plan.h). */
#define TYPE_DETACHED "vifplug-detached"

/* One port with its one interface, as we write it. */
struct port_spec {
    char vif_id[VIF_ID_MAX + 1];
    enum vif_kind kind;
    char port[PORT_NAME_MAX + 1];
    char bridge[PORT_NAME_MAX + 1];
    char datapath_type[INTERFACE_TYPE_MAX + 1]; /* The bridge's, should it be created. */
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
};

void port_spec_init(struct port_spec *spec);
void port_spec_destroy(struct port_spec *spec);
void port_spec_clone(struct port_spec *dst, const struct port_spec *src); /* dst: uninitialised. */

/* One port as it stands in OVSDB. */
struct record {
    struct port_spec spec;    /* All options and external_ids of the row, ours and others'. */
    bool ours;                /* Carries our owner mark. */
    int64_t ofport;           /* > 0; -1: vswitchd could not make it; 0: no verdict yet. */
    int mtu;                  /* As vswitchd applied it; 0: not known. */
    char vf_mac[VIF_MAC_LEN]; /* The VF's MAC as vswitchd applied it (status:dpdk-vf-mac); or "". */
    char *error;              /* vswitchd's words, or NULL. Owned. */
    char boot_id[VIF_ID_MAX + 1];
    char instance[VIF_ID_MAX + 1];
};

void record_init(struct record *record);
void record_destroy(struct record *record);
void record_clone(struct record *dst, const struct record *src); /* dst: uninitialised. */

/* Fills the parts of record->spec that are told by its type, options and external_ids: kind, VIF
 * id, VF, vhost-user path, owner mark, boot id, instance. */
void record_interpret(struct record *record);

/* Whether vswitchd has said that it could not make the port. */
bool record_failed(const struct record *record);

#endif
