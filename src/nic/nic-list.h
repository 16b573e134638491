/* SPDX-License-Identifier: Apache-2.0 */
/* All PFs and VFs of the host, as the `nics` method shows them. */

#ifndef VP_NIC_LIST_H
#define VP_NIC_LIST_H 1

#include "base/nic-view.h"
#include "nic/nic.h"

/* The most netdevs of a PF that are shown. */
#define NIC_NETDEVS_MAX 8

/* Callbacks for each PF and each VF. Views and their strings are valid only during the call. */
struct nic_visitor {
    void (*pf)(const struct nic_pf_view *pf, void *aux);
    /* A VF of `pf`, the PF of the last call of pf(). The visitor must set `vif_id` and `port`: this
     * code does not know the switch. */
    void (*vf)(const struct nic_pf_view *pf, const struct nic_vf_view *vf, void *aux);
    void *aux;
};

/* Calls the visitor for every PF that has VFs, in the order of their addresses (at most
 * NIC_PFS_MAX), and after each PF for its VFs, in the order of their indexes. Reads sysfs again at
 * each call.
 *
 * A VF's `problem` is the message with which nic_resolve() or nic_check_probed() would refuse it;
 * the other members have what is known (its number, for example). A PF's is the message of
 * nic_check_pf_probed(). */
void nic_list(struct nic *nic, const struct nic_visitor *visitor);

#endif
