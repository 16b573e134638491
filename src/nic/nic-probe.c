/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/nic-probe.h"

#include <stdio.h>

#include "nic/dpdk-extra.h"
#include "nic/nic-private.h"
#include "nic/sysfs.h"

/* What a list of devices says about a VF. */
enum finding {
    FOUND,
    PF_MISSING, /* It does not name the PF... */
    PF_BARE,    /* ...or gives it no representor=. */
    VF_MISSING, /* It does not name the VF. */
    NO_ID,      /* It names the VF, but representor= has no id for it. */
    OTHER_ID    /* It gives the VF another id than its number. */
};

/* How many of the devices are VFs of `pf`, with an address below `before` (NULL: all). */
static size_t count_vfs(const struct nic *nic, const struct dpdk_devices *devices,
                        const struct pci_addr *pf, const struct pci_addr *before)
{
    struct pci_addr owner;
    size_t n = 0;

    for (size_t i = 0; i < devices->n; i++) {
        const struct pci_addr *address = &devices->devices[i].address;

        if (before && pci_addr_compare(address, before) >= 0) {
            break;
        }
        n += sysfs_pf_of(nic->sysfs_root, address, &owner) && pci_addr_equal(&owner, pf);
    }
    return n;
}

static enum finding find_with_pf(const struct dpdk_device *pf, int vf_num)
{
    for (size_t i = 0; i < pf->n_ids; i++) {
        if (pf->ids[i] == vf_num) {
            return FOUND;
        }
    }
    return NO_ID;
}

/* The driver gives the PF's ids to its VFs in the order of probing, which is that of their
 * addresses. *id is the id of `vf`. */
static enum finding find_with_vfs(const struct nic *nic, const struct dpdk_devices *devices,
                                  const struct dpdk_device *pf, const struct nic_vf *vf, int *id)
{
    size_t rank;

    if (!dpdk_devices_find(devices, &vf->vf)) {
        return VF_MISSING;
    }
    rank = count_vfs(nic, devices, &vf->pf, &vf->vf);
    if (rank >= pf->n_ids) {
        return NO_ID;
    }
    *id = pf->ids[rank];
    return *id == vf->vf_num ? FOUND : OTHER_ID;
}

static enum finding find(const struct nic *nic, const struct dpdk_devices *devices,
                         const struct nic_vf *vf, int *id)
{
    const struct dpdk_device *pf = dpdk_devices_find(devices, &vf->pf);

    if (!pf) {
        return PF_MISSING;
    }
    if (!pf->n_ids) {
        return PF_BARE;
    }
    return vf->profile->representors == NIC_REPRESENTORS_WITH_PF
               ? find_with_pf(pf, vf->vf_num)
               : find_with_vfs(nic, devices, pf, vf, id);
}

/* Writes what is wrong, as text that follows "ovs-vswitchd was started with a dpdk-extra that ". */
static void describe_finding(enum finding finding, const struct nic_vf *vf, int id, char *text,
                             size_t size)
{
    char pf[PCI_ADDR_LEN];
    char slot[PCI_ADDR_LEN];

    pci_addr_format(&vf->pf, pf);
    pci_addr_format(&vf->vf, slot);
    switch (finding) {
    case FOUND:
        break;
    case PF_MISSING:
        snprintf(text, size, "does not name PF %s, so it has no representor for VF %s", pf, slot);
        break;
    case PF_BARE:
        snprintf(text, size,
                 "names PF %s without representor=[..], so it has no representor for VF %s", pf,
                 slot);
        break;
    case VF_MISSING:
        snprintf(text, size,
                 "does not name VF %s, so it did not probe the VF and has no representor for it",
                 slot);
        break;
    case NO_ID:
        snprintf(text, size, "has no id for VF %s in representor=[..] of PF %s", slot, pf);
        break;
    case OTHER_ID:
        snprintf(text, size,
                 "gives VF %s the representor id %d (the VFs of PF %s get its ids in the order of "
                 "their addresses), but its VF number is %d, so its port would be another VF's",
                 slot, id, pf, vf->vf_num);
        break;
    }
}

/* Writes what to do next. */
static void describe_step(const struct nic_vf *vf, bool next_is_right, char *text, size_t size)
{
    if (next_is_right) {
        snprintf(text, size, "it has been corrected since, so restart ovs-vswitchd");
    } else if (vf->profile->representors == NIC_REPRESENTORS_WITH_PF) {
        snprintf(text, size,
                 "name the PF with -a and %d in its representor=[..] in other_config:dpdk-extra, "
                 "and restart ovs-vswitchd",
                 vf->vf_num);
    } else {
        snprintf(text, size,
                 "name the PF with the ids and each of these VFs with -a in "
                 "other_config:dpdk-extra and restart ovs-vswitchd, or set representors = any-time "
                 "in [nic %s] if its driver makes them later",
                 vf->profile->name);
    }
}

bool nic_check_probed(const struct nic *nic, const struct nic_vf *vf, const char *field,
                      struct error *error)
{
    const struct dpdk_extra *extra = nic->dpdk_extra;
    enum finding finding;
    char what[256] = "";
    char step[256];
    int id = -1;
    int next_id = -1;

    if (vf->profile->representors == NIC_REPRESENTORS_ANY_TIME || !extra || !extra->known) {
        return true;
    }
    finding = find(nic, &extra->now, vf, &id);
    if (finding == FOUND) {
        return true;
    }
    describe_finding(finding, vf, id, what, sizeof what);
    describe_step(vf, find(nic, &extra->next, vf, &next_id) == FOUND, step, sizeof step);
    return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                     "ovs-vswitchd was started with a dpdk-extra that %s; %s.", what, step);
}

bool nic_check_pf_probed(const struct nic *nic, const struct nic_profile *profile,
                         const struct pci_addr *pf, struct error *error)
{
    const struct dpdk_extra *extra = nic->dpdk_extra;
    const struct dpdk_device *device;
    char text[PCI_ADDR_LEN];
    size_t n_vfs;

    if (profile->representors == NIC_REPRESENTORS_ANY_TIME || !extra || !extra->known) {
        return true;
    }
    pci_addr_format(pf, text);
    device = dpdk_devices_find(&extra->now, pf);
    if (!device || !device->n_ids) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, "",
                         "ovs-vswitchd was started with a dpdk-extra that does not name PF %s with "
                         "representor=[..], so it has no representors; name it with -a in "
                         "other_config:dpdk-extra and restart ovs-vswitchd.",
                         text);
    }
    n_vfs = count_vfs(nic, &extra->now, pf, NULL);
    if (profile->representors == NIC_REPRESENTORS_WITH_VFS && n_vfs != device->n_ids) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, "",
                         "ovs-vswitchd was started with a dpdk-extra that has %zu ids in "
                         "representor=[..] of PF %s and names %zu of its VFs; name a VF for each "
                         "id, in the same order, and restart ovs-vswitchd.",
                         device->n_ids, text, n_vfs);
    }
    return true;
}
