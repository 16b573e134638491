/* Facts about PCI devices that the kernel tells in sysfs (Documentation/ABI/testing/sysfs-bus-pci),
 * read under a root that tests can put elsewhere. Nothing is cached here. */

#ifndef VP_SYSFS_H
#define VP_SYSFS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pci-addr.h"

/* `root` is where sysfs is mounted ("/sys"); every function takes it first. */

/* Whether the device exists. */
bool sysfs_exists(const char *root, const struct pci_addr *device);

/* Follows `physfn`. Returns false if `vf` is no VF. */
bool sysfs_pf_of(const char *root, const struct pci_addr *vf, struct pci_addr *pf);

/* Follows `virtfn<index>` of a PF. Returns false if there is no such VF. */
bool sysfs_vf_at(const char *root, const struct pci_addr *pf, int index, struct pci_addr *vf);

/* The N of the `virtfnN` of `pf` that is `vf`; -1 if there is none. */
int sysfs_vf_index(const char *root, const struct pci_addr *pf, const struct pci_addr *vf);

/* Vendor and device id. Returns false if they cannot be read. */
bool sysfs_ids(const char *root, const struct pci_addr *device, uint16_t *vendor,
               uint16_t *device_id);

/* Gives up to `max` devices that have VFs, in the order of their addresses. Returns how many. */
size_t sysfs_list_pfs(const char *root, struct pci_addr *pfs, size_t max);

#endif
