/* SPDX-License-Identifier: Apache-2.0 */
/* PFs and VFs of the host as values: what `nics` shows. */

#ifndef VP_NIC_VIEW_H
#define VP_NIC_VIEW_H 1

#include <stddef.h>
#include <stdint.h>

#include "base/pci-addr.h"
#include "base/vif.h"

/* A PF as the reply to `nics` shows it. All strings are borrowed; "" or NULL leaves the member out.
 */
struct nic_pf_view {
    struct pci_addr pf;
    uint16_t vendor; /* PCI ids, shown as in `match`: "18f4". 0: they cannot be read. */
    uint16_t device;
    const char *driver; /* The kernel driver that is bound to it. */
    int numa_node;      /* -1: not known. */
    int numvfs;         /* sriov_numvfs; -1: not known. */
    const char *const *netdevs;
    size_t n_netdevs;
    const char *profile; /* The NIC profile that applies to it. */
    const char *problem; /* A sentence: a problem of all its VFs. */
};

/* One of its VFs. */
struct nic_vf_view {
    struct pci_addr vf;
    int index;           /* The N of the PF's virtfnN. */
    int vf_num;          /* By the profile's rule; -1: no number. */
    const char *devargs; /* Of its port, even if it is not plugged. */
    const char *vhost_path;
    enum vhost_mode vhost_mode;
    const char *driver;
    const char *vif_id;  /* The VIF that has the VF... */
    const char *port;    /* ...or another program's port that has it. */
    const char *problem; /* A sentence: why a plug of it would be refused. */
};

#endif
