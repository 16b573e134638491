/* SPDX-License-Identifier: Apache-2.0 */
/* All PFs and VFs of the host, as the `nics` method shows them. */

#ifndef VP_NIC_LIST_H
#define VP_NIC_LIST_H 1

#include <stdbool.h>
#include <stddef.h>

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

/* All PFs that have VFs or can have them (at most NIC_PFS_MAX of each), and their VFs, as they were
 * when the list was made. A VF's entry has a pointer into the profiles of `nic`. */
struct nic_list;

/* Reads sysfs: some 10 ms for a hundred VFs. */
struct nic_list *nic_list_make(struct nic *nic);
void nic_list_free(struct nic_list *list);

/* Makes the PFs with VFs of the list those that `nic` knows, which may have other profiles. */
void nic_list_adopt(const struct nic_list *list, struct nic *nic);

/* Which PF or VF is the next. All zeros is the first PF. */
struct nic_position {
    size_t pf;
    bool in_pf; /* The PF itself is done. */
    size_t vf;
};

/* Calls the visitor for up to `max` PFs and VFs from *position on: for every PF, in the order of
 * their addresses, and after each PF for its VFs, in the order of their indexes. Returns whether
 * there may be more.
 *
 * A VF's `problem` is the message with which nic_resolve() or nic_check_probed() would refuse it,
 * or says that it has no driver; the other members have what is known (its number, for example). A
 * PF's is that its ids cannot be read, that it has no VFs or no profile, the message of
 * nic_check_pf_probed(), or a problem that all its VFs have, which these do not have then. */
bool nic_list_visit(const struct nic_list *list, struct nic_position *position, size_t max,
                    const struct nic_visitor *visitor);

#endif
