/* The answer to `nics`: the host's PFs and their VFs, as one line of JSON. */

#ifndef VP_REPLY_NICS_H
#define VP_REPLY_NICS_H 1

#include <stddef.h>
#include <stdint.h>

#include "base/pci-addr.h"
#include "base/vif.h"

/* A PF as the answer shows it. All strings are borrowed; "" or NULL leaves the member out. */
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

/* Built PF by PF, each followed by its VFs. Copies what it is given. */
struct reply_nics;
struct reply_nics *reply_nics_new(void);
void reply_nics_add_pf(struct reply_nics *nics, const struct nic_pf_view *pf);
void reply_nics_add_vf(struct reply_nics *nics, const struct nic_vf_view *vf); /* Of the last PF. */

/* The line, with LF, malloc'ed: the caller frees it. NULL means that memory ran out. `id` is JSON
 * text. Frees `nics`. */
char *reply_nics_finish(struct reply_nics *nics, const char *id);

#endif
