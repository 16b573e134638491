/* SPDX-License-Identifier: Apache-2.0 */
/* Representors that exist only if ovs-vswitchd's DPDK probed their devices at its start: whether it
 * did, by the profile's `representors`. */

#ifndef VP_NIC_PROBE_H
#define VP_NIC_PROBE_H 1

#include "nic/nic.h"

/* Whether vswitchd has the representor of `vf`, which nic_resolve() filled, as far as the option
 * that it was started with tells; true if nothing is known. Error, on `field`: device_not_found. */
bool nic_check_probed(const struct nic *nic, const struct nic_vf *vf, const char *field,
                      struct error *error);

/* The same for a PF, with what makes plugs of its VFs fail or reach another VF. */
bool nic_check_pf_probed(const struct nic *nic, const struct nic_profile *profile,
                         const struct pci_addr *pf, struct error *error);

#endif
