/* SPDX-License-Identifier: Apache-2.0 */
/* Port specs: a port with its one interface, as it shall be. Values: they hold no pointer into the
 * IDL. */

#ifndef VP_PORT_SPEC_H
#define VP_PORT_SPEC_H 1

#include <stdbool.h>

#include "base/names.h"
#include "base/pci-addr.h"
#include "base/vif.h"
#include "links/link-plan.h"
#include "plan/qos.h"
#include "smap.h"

#define INTERFACE_TYPE_MAX 32
#define FAIL_MODE_MAX 10 /* "standalone" */

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

    struct link_spec links; /* What there has to be in the kernel. */
    bool no_port;           /* The caller makes the port; only the bridge is ours to ensure. */
    bool awaits_netdev;     /* The port's netdev comes later: done once it is in OVSDB. */
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

#endif
