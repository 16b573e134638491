/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about PCI devices from sysfs (Documentation/ABI/testing/sysfs-bus-pci), under a root that
 * tests can set. Nothing is cached here. */

#ifndef VP_SYSFS_H
#define VP_SYSFS_H 1

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/pci-addr.h"

/* More VFs than any PF has: SR-IOV counts them in 16 bits (TotalVFs). */
#define SYSFS_VFS_MAX 65536

/* Space for a driver's name and its terminator. */
#define SYSFS_NAME_LEN 64

/* `root` is where sysfs is mounted ("/sys"); every function takes it first. */

/* Whether the device exists. */
bool sysfs_exists(const char *root, const struct pci_addr *device);

/* Follows `physfn`. Returns false if `vf` is not a VF. */
bool sysfs_pf_of(const char *root, const struct pci_addr *vf, struct pci_addr *pf);

/* Follows `virtfn<index>` of a PF. Returns false if there is no such VF. */
bool sysfs_vf_at(const char *root, const struct pci_addr *pf, int index, struct pci_addr *vf);

/* The N of the link `virtfnN` of `pf` to `vf`; -1 if there is none. Needs at
 * most three system calls if VFs have the addresses that SR-IOV gives them. */
int sysfs_vf_index(const char *root, const struct pci_addr *pf, const struct pci_addr *vf);

/* Identifies the device at an address: another device at the same address differs. */
struct sysfs_identity {
    dev_t dev;
    ino_t ino;
    struct timespec mtime;
};

/* Returns false if the device does not exist. */
bool sysfs_identify(const char *root, const struct pci_addr *device,
                    struct sysfs_identity *identity);

bool sysfs_identity_equal(const struct sysfs_identity *a, const struct sysfs_identity *b);

/* Vendor and device id. Returns false if they cannot be read. */
bool sysfs_ids(const char *root, const struct pci_addr *device, uint16_t *vendor,
               uint16_t *device_id);

/* The kernel driver that is bound to the device ("vfio-pci"), or "" and false if none is. */
bool sysfs_driver(const char *root, const struct pci_addr *device, char driver[SYSFS_NAME_LEN]);

/* The NUMA node; -1 if it is not known. */
int sysfs_numa_node(const char *root, const struct pci_addr *device);

/* How many VFs a PF is configured to have (sriov_numvfs); -1 if that cannot be read. */
int sysfs_numvfs(const char *root, const struct pci_addr *pf);

/* How many VFs a PF can have (sriov_totalvfs); -1 if that cannot be read. */
int sysfs_totalvfs(const char *root, const struct pci_addr *pf);

/* Stores up to `max` names of the device's netdevs, sorted. Returns how many: none if the device is
 * bound to a driver like vfio-pci. */
size_t sysfs_netdevs(const char *root, const struct pci_addr *device, char (*names)[IF_NAMESIZE],
                     size_t max);

/* One VF of a PF. */
struct sysfs_vf {
    struct pci_addr address;
    char driver[SYSFS_NAME_LEN]; /* Like that of sysfs_driver(). */
};

/* Stores up to `max` VFs of a PF, the one at virtfnN in vfs[N]. Returns how many. */
size_t sysfs_list_vfs(const char *root, const struct pci_addr *pf, struct sysfs_vf *vfs,
                      size_t max);

/* Stores up to `max` devices that have VFs, in the order of their addresses. Returns how many. */
size_t sysfs_list_pfs(const char *root, struct pci_addr *pfs, size_t max);

/* The same for network controllers that can have VFs and have none. */
size_t sysfs_list_idle_pfs(const char *root, struct pci_addr *pfs, size_t max);

#endif
