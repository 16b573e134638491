/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's netdevs of a SmartNIC in switchdev mode: the uplink of a PF, and the representors of
 * its VFs. Their attributes in sysfs identify them, never their names: netdevs of one switch have
 * the same phys_switch_id, and phys_port_name says which port of the switch a netdev is
 * (Documentation/networking/switchdev.rst; os-vif's get_ifname_by_pci_address() and
 * get_representor_port() use the same two). Nothing is cached here: a netdev can come, go and get
 * another name at any time.
 *
 * `root` is where sysfs is mounted ("/sys"). */

#ifndef VP_KERNEL_NIC_H
#define VP_KERNEL_NIC_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/pci-addr.h"
#include "base/vif.h"

/* The uplink netdev of `pf`: among those with a phys_switch_id, the one whose phys_port_name is
 * p<N>, else the first by name. Returns false if there is none: the card is not in switchdev mode,
 * or does not exist. */
bool kernel_nic_uplink(const char *root, const struct pci_addr *pf, char name[VIF_IFNAME_MAX + 1]);

/* The netdev that represents VF `vf_index` (the N of virtfn<N>) of `pf`. Its phys_port_name is one
 * of <VF>, vf<VF>, pf<PF>vf<VF> and vf<VF>@pf<PF> in upper or lower case. <PF> is the function of
 * `pf`; but if another PF of the switch has the uplink of that number, or if the function is 0, it
 * is the N of the uplink p<N> of `pf` (socket direct and multi-host cards: their PFs are function
 * 0 of several PCI devices). Of several that agree, those in the directory of `pf` count; one in
 * the directory of another PF of the switch never does. A leading c<N> (net/devlink/port.c) is a
 * controller, and all but 0 belong to other hosts. Needs some 5 us for each netdev of `pf`, and if
 * none of these is the one (as with drivers that attach representors to no device), for each of the
 * host. Error, on `field`: device_not_found (no
 * switchdev mode, no such netdev, or two of them).
 */
bool kernel_nic_representor(const char *root, const struct pci_addr *pf, int vf_index,
                            const char *field, char name[VIF_IFNAME_MAX + 1], struct error *error);

#endif
