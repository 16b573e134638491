/* SPDX-License-Identifier: Apache-2.0 */
/* Port specs: how a port and its interface must be. Values: they hold no pointer into the IDL. */

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
#define SOCKET_FILE_MAX 180

struct port_spec {
    char vif_id[VIF_ID_MAX + 1];
    enum vif_kind kind;
    char port[PORT_NAME_MAX + 1];
    char bridge[PORT_NAME_MAX + 1];
    char datapath_type[INTERFACE_TYPE_MAX + 1]; /* The bridge's, if the bridge is created... */
    char fail_mode[FAIL_MODE_MAX + 1];          /* ...and this too; "": write none. */
    char type[INTERFACE_TYPE_MAX + 1];
    struct smap options;
    struct smap external_ids;
    int mtu_request; /* Bytes; 0: none. */

    bool has_vf; /* A representor's VF. */
    struct pci_addr pf;
    struct pci_addr vf;
    bool has_vf_address; /* Whether `vf` is known (in a record it may not be). */
    int vf_num;
    char vhost_path[VIF_PATH_MAX + 1]; /* The guest's socket, whichever side serves it; or "". */
    enum vhost_mode vhost_mode;
    char vhost_file[SOCKET_FILE_MAX + 1]; /* Which file that is (ovs_socket_file()); "": unknown. */

    bool vf_mac_optional; /* If the port fails with dpdk-vf-mac, plug it without. */
    bool slow_probe; /* vswitchd probes the device slowly: use a batch without other operations. */

    struct link_spec links; /* The kernel links that the port needs. */
    bool no_port;           /* The caller makes the port; we only ensure the bridge. */
    bool awaits_netdev; /* Another program makes the port's netdev later: the operation succeeds at
                         * commit. */
    /* The separate bridge (per_port_bridge) with the guest's port, to which `port`, a patch port on
     * `bridge`, leads; or "". */
    char port_bridge[VIF_IFNAME_MAX + 1];
    char guest_port[VIF_IFNAME_MAX + 1];

    bool has_qos; /* Make the limits those of `qos`; else leave them as they are. */
    struct vif_qos qos;
    /* The type of the QoS row, without limits, that the port gets when it is created without limits
     * towards the guest, or when these go; "": none. In a record: of the row that it has. */
    char default_qos[QOS_TYPE_MAX + 1];
    char limits_type[QOS_TYPE_MAX + 1]; /* In a record: the type of the row with the limits towards
                                         * the guest; "": it has none. */

    /* Only for a port that is created. */
    bool isolate;      /* Keep it off the network until Neutron has wired it. */
    bool not_isolated; /* It is not, because OVN would not wire it then. */
};

void port_spec_init(struct port_spec *spec);
void port_spec_destroy(struct port_spec *spec);
void port_spec_clone(struct port_spec *dst, const struct port_spec *src); /* dst: uninitialised. */

#endif
