/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's netdevs of a SmartNIC in switchdev mode: the uplink of a PF, and the representors of
 * its VFs. They are told by what the kernel says of them in sysfs, never by their names: netdevs of
 * one switch have the same phys_switch_id, and phys_port_name says which port of it one is
 * (Documentation/networking/switchdev.rst; os-vif's get_ifname_by_pci_address() and
 * get_representor_port() go by the same two). Nothing is cached here.
 *
 * `root` is where sysfs is mounted ("/sys"). */

#ifndef VP_KERNEL_NIC_H
#define VP_KERNEL_NIC_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/pci-addr.h"
#include "base/vif.h"

/* The netdev of `pf` that is its uplink: of those that have a phys_switch_id, the one whose
 * phys_port_name is p<N>, else the first by name. Returns false if there is none: the card is not
 * in switchdev mode, or not there. */
bool kernel_nic_uplink(const char *root, const struct pci_addr *pf, char name[VIF_IFNAME_MAX + 1]);

/* The netdev that represents VF `vf_index` (the N of virtfn<N>) of `pf`. Its phys_port_name is one
 * of <VF>, vf<VF>, pf<PF>vf<VF> and vf<VF>@pf<PF> in either case, where <PF> has to be the function
 * of `pf`; c<N> in front (net/devlink/port.c) is a controller, and any but 0 another host's. Error,
 * on `field`: device_not_found (no switchdev mode, no such netdev, or two of them). */
bool kernel_nic_representor(const char *root, const struct pci_addr *pf, int vf_index,
                            const char *field, char name[VIF_IFNAME_MAX + 1], struct error *error);

#endif
