/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of src/nic. */

#ifndef VP_NIC_PRIVATE_H
#define VP_NIC_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nic/nic.h"
#include "nic/sysfs.h"

/* One PF. */
struct nic_pf {
    struct pci_addr address;
    uint16_t vendor; /* 0 if the ids cannot be read. */
    uint16_t device;
    const struct nic_profile *profile; /* NULL if none matches. */
    struct sysfs_identity identity;    /* Identifies the device at `address`. */
};

struct nic {
    const char *sysfs_root;
    const struct nic_profile *profiles;
    size_t n_profiles;
    const struct dpdk_extra *dpdk_extra; /* NULL: not known. */
    struct nic_events *events;           /* Or NULL. */
    struct nic_pf pfs[NIC_PFS_MAX];      /* Sorted by address if `scanned`. */
    size_t n_pfs;
    bool scanned; /* They are those of the host, as far as events tell. */
};

/* Reads the list of PFs from sysfs. */
void nic_scan(struct nic *nic);

/* Fills in all of `pf` but its address, which must be set. */
void nic_identify(const struct nic *nic, struct nic_pf *pf);

/* Sets the number of `vf`, which is virtfn`index` of its PF, by the profile's rule. Errors like
 * those of nic_resolve(). */
bool nic_number(const struct nic_profile *profile, int index, const char *field, struct nic_vf *vf,
                struct error *error);

/* Whether the profile's driver has a representor for a VF with that number. Errors like those of
 * nic_resolve(). */
bool nic_check_range(const struct nic_profile *profile, const char *field, const struct nic_vf *vf,
                     struct error *error);

/* Fills in the profile's values for a VF with a number. Errors like those of nic_resolve(). */
bool nic_render(const struct nic_profile *profile, const char *field, struct nic_vf *vf,
                struct error *error);

/* Sets the error for two VFs of two cards that would both use the socket of `vf`. Returns false. */
bool nic_same_socket(const struct nic_vf *vf, const struct pci_addr *other, const char *field,
                     struct error *error);

/* Sets the error for a PF that no profile matches. Returns false. */
bool nic_no_profile(const struct nic_vf *vf, const char *field, struct error *error);

#endif
