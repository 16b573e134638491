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
    const char *profile; /* The NIC profile that counts for it. */
    const char *problem; /* What is wrong with it for all its VFs, a sentence. */
};

/* One of its VFs. */
struct nic_vf_view {
    struct pci_addr vf;
    int index;           /* The N of the PF's virtfnN. */
    int vf_num;          /* By the profile's rule; -1: it has none. */
    const char *devargs; /* Of its port, plugged or not. */
    const char *vhost_path;
    enum vhost_mode vhost_mode;
    const char *driver;
    const char *vif_id;  /* Whose VIF it is... */
    const char *port;    /* ...or which port has it that is not ours. */
    const char *problem; /* Why a plug of it would be refused, a sentence. */
};

#endif
