/* SPDX-License-Identifier: Apache-2.0 */
/* All PFs and VFs of the host, as the `nics` method shows them. */

#ifndef VP_NIC_LIST_H
#define VP_NIC_LIST_H 1

#include "base/nic-view.h"
#include "nic/nic.h"

/* At most so many interfaces of a PF are shown. */
#define NIC_NETDEVS_MAX 8

/* Gets each PF and each VF. Views and their strings are valid during the call alone. */
struct nic_visitor {
    void (*pf)(const struct nic_pf_view *pf, void *aux);
    /* A VF of the PF that was told last, which is `pf`. `vif_id` and `port` are left to the
     * visitor: what the switch has is not known here. */
    void (*vf)(const struct nic_pf_view *pf, const struct nic_vf_view *vf, void *aux);
    void *aux;
};

/* Tells of every PF that has VFs, in the order of their addresses (at most NIC_PFS_MAX), and after
 * each of its VFs, in the order of their indexes (at most SYSFS_VFS_MAX). Reads sysfs afresh.
 *
 * A VF's `problem` is what nic_resolve() or nic_check_probed() would refuse it for, in the same
 * words; what could be found out all the same (its number, say) is told beside it. A PF's is that
 * of nic_check_pf_probed(). */
void nic_list(struct nic *nic, const struct nic_visitor *visitor);

#endif
