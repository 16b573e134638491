/* SPDX-License-Identifier: Apache-2.0 */
/* Some representors exist only if ovs-vswitchd's DPDK probed their devices at its start
 * (`representors` of the profile). This checks whether it did. */

#ifndef VP_NIC_PROBE_H
#define VP_NIC_PROBE_H 1

#include "nic/nic.h"

/* Whether vswitchd has the representor of `vf`, which nic_resolve() filled, according to the option
 * that vswitchd was started with; true if the option is not known. Error, on `field`:
 * device_not_found. */
bool nic_check_probed(const struct nic *nic, const struct nic_vf *vf, const char *field,
                      struct error *error);

/* The same for a PF: checks for errors that make plugs of its VFs fail or use another VF. */
bool nic_check_pf_probed(const struct nic *nic, const struct nic_profile *profile,
                         const struct pci_addr *pf, struct error *error);

#endif
