/* SPDX-License-Identifier: Apache-2.0 */
/* What nic.c and nic-list.c share. */

#ifndef VP_NIC_PRIVATE_H
#define VP_NIC_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nic/nic.h"
#include "nic/sysfs.h"

/* One PF that has VFs. */
struct nic_pf {
    struct pci_addr address;
    uint16_t vendor; /* 0 if the ids cannot be read. */
    uint16_t device;
    const struct nic_profile *profile; /* NULL if none matches. */
    struct sysfs_identity identity;    /* The device that all this is of. */
};

struct nic {
    const char *sysfs_root;
    const struct nic_profile *profiles;
    size_t n_profiles;
    const struct dpdk_extra *dpdk_extra; /* NULL: nothing is known of it. */
    struct nic_pf pfs[NIC_PFS_MAX];      /* In the order of their addresses if `scanned`. */
    size_t n_pfs;
    bool scanned;
    long long scanned_at_ms;
};

/* Looks at what PFs there are. */
void nic_scan(struct nic *nic);

/* Gives `vf`, which is virtfn`index` of its PF, its number by the profile's rule. Errors as of
 * nic_resolve(). */
bool nic_number(const struct nic_profile *profile, int index, const char *field, struct nic_vf *vf,
                struct error *error);

/* Whether the profile's driver has a representor for a VF with that number. Errors as of
 * nic_resolve(). */
bool nic_check_range(const struct nic_profile *profile, const char *field, const struct nic_vf *vf,
                     struct error *error);

/* Fills what the profile says of a VF with a number. Errors as of nic_resolve(). */
bool nic_render(const struct nic_profile *profile, const char *field, struct nic_vf *vf,
                struct error *error);

/* The error of two VFs of two cards that would be served at the socket of `vf`. Returns false. */
bool nic_same_socket(const struct nic_vf *vf, const struct pci_addr *other, const char *field,
                     struct error *error);

/* The errors of PFs that no profile matches. Returns false. */
bool nic_no_profile(const struct nic_vf *vf, const char *field, struct error *error);

#endif
