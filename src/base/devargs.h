/* DPDK device arguments (`options:dpdk-devargs`): which VFs of which PF a port takes.
 *
 * The grammar is that of the DPDK Programmer's Guide, "Ethernet Device Standard Device Arguments":
 * `<device>[,key=value]...`, where `representor=` has a value such as 3, vf3, [0-3,5], vf[0,2],
 * pf1vf[0-3] or c0pf1vf3. `sf` representors are no VFs and are passed over. */

#ifndef VP_DEVARGS_H
#define VP_DEVARGS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/pci-addr.h"

/* The most VFs that one SR-IOV PF can number, and so the cap on what one port can claim. */
#define DEVARGS_VFS_MAX 256

struct devargs {
    struct pci_addr device;              /* The PF as written (canonical form). */
    bool representor;                    /* Has a `representor=` that names VFs. */
    int pf_index;                        /* From `pfN` (bonded or multi-PF devices), or -1. */
    size_t n_vfs;                        /* Entries of `vfs`. */
    unsigned short vfs[DEVARGS_VFS_MAX]; /* VF numbers, in the order written. */
};

/* Reads `s`. Returns false if it names no PCI device (a virtual device such as net_null0, a MAC) or
 * the representor list is malformed or names more than DEVARGS_VFS_MAX VFs. */
bool devargs_parse(const char *s, struct devargs *devargs);

/* The PF that the VFs are of: the device as written, or with `pfN` function N of the same card. */
struct pci_addr devargs_pf(const struct devargs *devargs);

#endif
