/* SPDX-License-Identifier: Apache-2.0 */
/* SmartNICs: finds the PF, VF number, device arguments and socket of a VF by its PCI address. */

#ifndef VP_NIC_H
#define VP_NIC_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/pci-addr.h"
#include "base/vif.h"
#include "nic/dpdk-extra.h"
#include "nic/nic-profile.h"

#define NIC_PFS_MAX 64

/* One VF of a SmartNIC. A plain value, except `profile`, which the configuration owns. */
struct nic_vf {
    const struct nic_profile *profile;
    struct pci_addr pf;
    struct pci_addr vf;
    int vf_num;
    char devargs[NIC_DEVARGS_MAX + 1];
    char vhost_socket[VIF_PATH_MAX + 1]; /* "" if the profile has none. */
    enum vhost_mode vhost_mode;          /* NONE without a socket. */
};

struct nic;
struct nic_events;

/* `sysfs_root` and `profiles` are borrowed and must outlive the result. */
struct nic *nic_create(const char *sysfs_root, const struct nic_profile *profiles,
                       size_t n_profiles);
void nic_destroy(struct nic *nic);

/* Replaces the profiles. Every earlier struct nic_vf becomes invalid. */
void nic_set_profiles(struct nic *nic, const struct nic_profile *profiles, size_t n_profiles);

/* Sets what tells when the PFs may have changed (nic-events.h). Borrowed. Without it, they are
 * listed once. */
void nic_set_events(struct nic *nic, struct nic_events *events);

/* Takes events that are there, so that they do not pile up. Never waits. */
void nic_follow_events(struct nic *nic);

/* Sets the devices that vswitchd was started with, for profiles whose representors are made only at
 * the start (nic-probe.h). Borrowed; without it, they are not known. */
void nic_set_dpdk_extra(struct nic *nic, const struct dpdk_extra *extra);

/* Finds everything about the VF at `slot`. Errors, on `field`: device_not_found (no such device,
 * not a VF, the profile's rule gives no VF number, or its driver has no such number),
 * socket_mismatch (two cards would serve the same socket), invalid_request (the profile's templates
 * give no usable text). */
bool nic_resolve(struct nic *nic, const struct pci_addr *slot, const char *field, struct nic_vf *vf,
                 struct error *error);

/* The reverse, for a record: finds VF number `vf_num` of `pf`. Returns false if this host does not
 * have that VF. */
bool nic_describe(struct nic *nic, const struct pci_addr *pf, int vf_num, struct nic_vf *vf);

/* Whether the card of `pf` serves sockets for its VFs: its profile has a vhost-socket. */
bool nic_has_sockets(struct nic *nic, const struct pci_addr *pf);

#endif
