/* SPDX-License-Identifier: Apache-2.0 */
/* DPDK device arguments (`options:dpdk-devargs`): which VFs of which PF a port uses.
 *
 * The grammar is that of the DPDK Programmer's Guide, "Ethernet Device Standard Device Arguments":
 * `<device>[,key=value]...`, where `representor=` has a value such as 3, vf3, [0-3,5], vf[0,2],
 * pf1vf[0-3], pf[0,1]vf3 or c0pf1vf3. `sf` representors are not VFs; they are ignored. */

#ifndef VP_DEVARGS_H
#define VP_DEVARGS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/pci-addr.h"

/* The most VFs that one list can name, more than DPDK takes (RTE_MAX_ETHPORTS, 32 in Debian). */
#define DEVARGS_VFS_MAX 256

/* The most PFs that one list can name: the functions of a PCI device. */
#define DEVARGS_PFS_MAX 8

struct devargs {
    struct pci_addr device;              /* The PF as written (canonical form). */
    bool representor;                    /* Has a `representor=` that names VFs. */
    size_t n_pfs;                        /* Entries of `pfs`; 0: the device as written. */
    unsigned short pfs[DEVARGS_PFS_MAX]; /* From `pfN` (bonded or multi-PF devices). */
    size_t n_vfs;                        /* Entries of `vfs`. */
    unsigned short vfs[DEVARGS_VFS_MAX]; /* VF numbers, in the order written. */
};

/* Reads `s`. Returns false if it names no PCI device (but a virtual device such as net_null0, or a
 * MAC), or if the representor list is malformed or names more than DEVARGS_PFS_MAX PFs or
 * DEVARGS_VFS_MAX VFs. */
bool devargs_parse(const char *s, struct devargs *devargs);

/* The number of PFs that the VFs belong to, at least 1. Each number of `vfs` means one VF of each
 * PF. */
size_t devargs_n_pfs(const struct devargs *devargs);

/* The i-th of these PFs: the device as written, or with `pfN` function N of the same card. */
struct pci_addr devargs_pf_at(const struct devargs *devargs, size_t i);

/* The first of these PFs. Only bonded devices have more than one. */
struct pci_addr devargs_pf(const struct devargs *devargs);

#endif
