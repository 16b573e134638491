/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/nic-list.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "nic/nic-private.h"
#include "nic/nic-probe.h"
#include "nic/sysfs.h"
#include "openvswitch/hmap.h"
#include "util.h"

/* One PF. */
struct pf_entry {
    struct nic_pf_view view; /* Its strings are those below. */
    char driver[SYSFS_NAME_LEN];
    char netdevs[NIC_NETDEVS_MAX][IF_NAMESIZE];
    const char *netdev_names[NIC_NETDEVS_MAX];
    char profile[NIC_NAME_MAX + 1];
    char *problem; /* Or NULL. */
    size_t end;    /* Its VFs are those up to list->entries[end - 1]. */
};

/* Which check a VF has failed. */
enum check {
    CHECK_NONE,
    CHECK_PROFILE,
    CHECK_NUMBER,
    CHECK_RANGE,
    CHECK_TEMPLATES,
    CHECK_PROBED,
    CHECK_DRIVER,
    CHECK_SOCKET
};

/* One VF. */
struct entry {
    struct hmap_node by_socket; /* In list->sockets if `vf.vhost_socket`. */
    struct nic_vf vf;
    char driver[SYSFS_NAME_LEN];
    size_t pf; /* Index into list->pfs. */
    int index;
    bool numbered;
    enum check failed;
    char *problem; /* Or NULL. */
};

struct nic_list {
    struct nic_pf with_vfs[NIC_PFS_MAX]; /* The PFs that `nic` knows, for nic_list_adopt(). */
    size_t n_with_vfs;
    struct pf_entry *pfs; /* These and the idle ones. */
    size_t n_pfs;
    struct entry *entries; /* PF by PF. */
    size_t n;
    size_t allocated;
    struct hmap sockets;
};

/* A VF without a driver: DPDK passes it over, and no guest can get it. Where the PF has netdevs,
 * the driver that the guest needs comes later, from libvirt. */
static bool check_driver(const struct pf_entry *pf, const struct entry *entry, struct error *error)
{
    char vf[PCI_ADDR_LEN];

    pci_addr_format(&entry->vf.vf, vf);
    return entry->driver[0] || pf->view.n_netdevs ||
           error_set(error, REASON_DEVICE_NOT_FOUND, "",
                     "VF %s has no driver, so neither ovs-vswitchd nor a guest can use it; bind it "
                     "to one (driverctl set-override %s vfio-pci).",
                     vf, vf);
}

/* The first check that the VF fails. */
static enum check check(const struct nic *nic, const struct nic_pf *pf,
                        const struct pf_entry *entry, struct entry *vf, struct error *error)
{
    if (!pf->profile) {
        nic_no_profile(&vf->vf, "", error);
        return CHECK_PROFILE;
    }
    if (!nic_number(pf->profile, vf->index, "", &vf->vf, error)) {
        return CHECK_NUMBER;
    }
    vf->numbered = true;
    if (!nic_check_range(pf->profile, "", &vf->vf, error)) {
        return CHECK_RANGE;
    }
    if (!nic_render(pf->profile, "", &vf->vf, error)) {
        return CHECK_TEMPLATES;
    }
    if (!nic_check_probed(nic, &vf->vf, "", error)) {
        return CHECK_PROBED;
    }
    return check_driver(entry, vf, error) ? CHECK_NONE : CHECK_DRIVER;
}

static void add(struct nic_list *list, const struct nic *nic, const struct nic_pf *pf,
                size_t pf_index, int index, const struct sysfs_vf *vf)
{
    struct error error = {.message = ""};
    struct entry *entry;

    if (list->n == list->allocated) {
        list->entries = x2nrealloc(list->entries, &list->allocated, sizeof *list->entries);
    }
    entry = &list->entries[list->n++];
    memset(entry, 0, sizeof *entry);
    entry->pf = pf_index;
    entry->index = index;
    entry->vf.pf = pf->address;
    entry->vf.vf = vf->address;
    strcpy(entry->driver, vf->driver);
    entry->failed = check(nic, pf, &list->pfs[pf_index], entry, &error);
    entry->problem = error.message[0] ? xstrdup(error.message) : NULL;
}

/* What is wrong with a PF; n_vfs is how many VFs sysfs lists. Returns whether anything is. */
static bool check_pf(const struct nic *nic, const struct nic_pf *pf, size_t n_vfs,
                     struct error *error)
{
    int numvfs = sysfs_numvfs(nic->sysfs_root, &pf->address);
    char text[PCI_ADDR_LEN];

    pci_addr_format(&pf->address, text);
    if (!pf->vendor) {
        return !error_set(
            error, REASON_DEVICE_NOT_FOUND, "",
            "The PCI ids of PF %s cannot be read, so no NIC profile can match it; look "
            "at vendor and device in /sys/bus/pci/devices/%s.",
            text, text);
    }
    if (n_vfs == 0 && numvfs > 0) {
        return !error_set(error, REASON_DEVICE_NOT_FOUND, "",
                          "PF %s has %d VFs by its sriov_numvfs, and sysfs lists none; look at the "
                          "kernel's log.",
                          text, numvfs);
    }
    if (n_vfs == 0) {
        return !error_set(
            error, REASON_DEVICE_NOT_FOUND, "",
            "PF %s has no VFs; if it is to have some (up to %d), write their number to "
            "/sys/bus/pci/devices/%s/sriov_numvfs.",
            text, sysfs_totalvfs(nic->sysfs_root, &pf->address), text);
    }
    if (!pf->profile) {
        return !error_set(error, REASON_DEVICE_NOT_FOUND, "",
                          "No NIC profile matches PF %s; add a [nic ...] section that does.", text);
    }
    return !nic_check_pf_probed(nic, pf->profile, &pf->address, error);
}

static void add_pf(struct nic_list *list, const struct nic *nic, const struct nic_pf *pf,
                   size_t n_vfs)
{
    struct pf_entry *entry = &list->pfs[list->n_pfs++];
    const char *root = nic->sysfs_root;
    struct error error = {.message = ""};

    memset(entry, 0, sizeof *entry);
    sysfs_driver(root, &pf->address, entry->driver);
    if (pf->profile) {
        strcpy(entry->profile, pf->profile->name);
    }
    entry->problem = check_pf(nic, pf, n_vfs, &error) ? xstrdup(error.message) : NULL;
    entry->view = (struct nic_pf_view){
        .pf = pf->address,
        .vendor = pf->vendor,
        .device = pf->device,
        .driver = entry->driver,
        .numa_node = sysfs_numa_node(root, &pf->address),
        .numvfs = sysfs_numvfs(root, &pf->address),
        .netdevs = entry->netdev_names,
        .n_netdevs = sysfs_netdevs(root, &pf->address, entry->netdevs, NIC_NETDEVS_MAX),
        .profile = pf->profile ? entry->profile : NULL,
        .problem = entry->problem ? entry->problem : "",
    };
    for (size_t i = 0; i < entry->view.n_netdevs; i++) {
        entry->netdev_names[i] = entry->netdevs[i];
    }
}

static int compare_pfs(const void *a_, const void *b_)
{
    const struct nic_pf *a = a_;
    const struct nic_pf *b = b_;

    return pci_addr_compare(&a->address, &b->address);
}

/* The PFs with VFs and those without, *n of them, by address. */
static struct nic_pf *all_pfs(const struct nic *nic, size_t *n)
{
    struct pci_addr idle[NIC_PFS_MAX];
    size_t n_idle = sysfs_list_idle_pfs(nic->sysfs_root, idle, NIC_PFS_MAX);
    struct nic_pf *pfs = xcalloc(nic->n_pfs + n_idle + 1, sizeof *pfs);

    memcpy(pfs, nic->pfs, nic->n_pfs * sizeof *pfs);
    *n = nic->n_pfs;
    for (size_t i = 0; i < n_idle; i++) {
        pfs[*n].address = idle[i];
        nic_identify(nic, &pfs[(*n)++]);
    }
    qsort(pfs, *n, sizeof *pfs, compare_pfs);
    return pfs;
}

static void collect(struct nic_list *list, const struct nic *nic)
{
    struct sysfs_vf *vfs = xmalloc(SYSFS_VFS_MAX * sizeof *vfs);
    size_t n_pfs;
    struct nic_pf *pfs = all_pfs(nic, &n_pfs);

    memcpy(list->with_vfs, nic->pfs, nic->n_pfs * sizeof *nic->pfs);
    list->n_with_vfs = nic->n_pfs;
    /* The views point into the array, so it must not move. */
    list->pfs = xmalloc((n_pfs + 1) * sizeof *list->pfs);
    for (size_t i = 0; i < n_pfs; i++) {
        size_t n = sysfs_list_vfs(nic->sysfs_root, &pfs[i].address, vfs, SYSFS_VFS_MAX);

        add_pf(list, nic, &pfs[i], n);
        for (size_t index = 0; index < n; index++) {
            add(list, nic, &pfs[i], i, (int)index, &vfs[index]);
        }
        list->pfs[i].end = list->n;
    }
    free(pfs);
    free(vfs);
    /* Only now, because reallocation has moved the entries before. */
    for (struct entry *entry = list->entries; entry < list->entries + list->n; entry++) {
        if (entry->vf.vhost_socket[0]) {
            hmap_insert(&list->sockets, &entry->by_socket, hash_string(entry->vf.vhost_socket, 0));
        }
    }
}

/* A VF of another PF that the card would serve at the same socket; or NULL. */
static const struct entry *find_same_socket(const struct nic_list *list, const struct entry *entry)
{
    const struct entry *other;

    HMAP_FOR_EACH_WITH_HASH (other, by_socket, entry->by_socket.hash, &list->sockets) {
        if (other->pf != entry->pf && !strcmp(other->vf.vhost_socket, entry->vf.vhost_socket)) {
            return other;
        }
    }
    return NULL;
}

/* Looks for other cards that would serve the same sockets. */
static void check_sockets(struct nic_list *list)
{
    for (struct entry *entry = list->entries; entry < list->entries + list->n; entry++) {
        const struct entry *other =
            entry->vf.vhost_socket[0] ? find_same_socket(list, entry) : NULL;
        struct error error;

        if (other && (!entry->problem || entry->failed == CHECK_DRIVER)) {
            nic_same_socket(&entry->vf, &other->vf.vf, "", &error);
            free(entry->problem);
            entry->problem = xstrdup(error.message);
            entry->failed = CHECK_SOCKET;
        }
    }
}

/* A problem that all `n` VFs of a PF have is said once, of the PF. */
static void share_problem(struct pf_entry *pf, struct entry *vfs, size_t n)
{
    char address[PCI_ADDR_LEN];
    bool said;

    for (size_t i = 0; i < n; i++) {
        if (vfs[i].failed == CHECK_NONE || vfs[i].failed != vfs[0].failed) {
            return;
        }
    }
    said = n && pf->problem && (vfs[0].failed == CHECK_PROFILE || vfs[0].failed == CHECK_PROBED);
    if (!said && (pf->problem || n < 2)) {
        return;
    }
    if (!said) {
        pf->problem = xasprintf("%s All %zu VFs of PF %s have this problem.", vfs[0].problem, n,
                                pci_addr_format(&pf->view.pf, address));
        pf->view.problem = pf->problem;
    }
    for (size_t i = 0; i < n; i++) {
        free(vfs[i].problem);
        vfs[i].problem = NULL;
    }
}

static void share_problems(struct nic_list *list)
{
    size_t begin = 0;

    for (size_t i = 0; i < list->n_pfs; i++) {
        share_problem(&list->pfs[i], list->entries + begin, list->pfs[i].end - begin);
        begin = list->pfs[i].end;
    }
}

static void visit_vf(const struct entry *entry, const struct nic_pf_view *pf,
                     const struct nic_visitor *visitor)
{
    struct nic_vf_view view = {
        .vf = entry->vf.vf,
        .index = entry->index,
        .vf_num = entry->numbered ? entry->vf.vf_num : -1,
        .devargs = entry->vf.devargs,
        .vhost_path = entry->vf.vhost_socket,
        .vhost_mode = entry->vf.vhost_mode,
        .driver = entry->driver,
        .problem = entry->problem ? entry->problem : "",
    };

    visitor->vf(pf, &view, visitor->aux);
}

struct nic_list *nic_list_make(struct nic *nic)
{
    struct nic_list *list = xzalloc(sizeof *list);

    hmap_init(&list->sockets);
    nic_scan(nic);
    collect(list, nic);
    check_sockets(list);
    share_problems(list);
    return list;
}

void nic_list_free(struct nic_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->entries[i].problem);
    }
    for (size_t i = 0; i < list->n_pfs; i++) {
        free(list->pfs[i].problem);
    }
    free(list->entries);
    free(list->pfs);
    hmap_destroy(&list->sockets);
    free(list);
}

void nic_list_adopt(const struct nic_list *list, struct nic *nic)
{
    for (size_t i = 0; i < list->n_with_vfs; i++) {
        struct nic_pf *pf = &nic->pfs[i];

        *pf = list->with_vfs[i];
        pf->profile = pf->vendor ? nic_profile_find(nic->profiles, nic->n_profiles, &pf->address,
                                                    pf->vendor, pf->device)
                                 : NULL;
    }
    nic->n_pfs = list->n_with_vfs;
    nic->scanned = true;
}

bool nic_list_visit(const struct nic_list *list, struct nic_position *position, size_t max,
                    const struct nic_visitor *visitor)
{
    while (max > 0 && position->pf < list->n_pfs) {
        const struct pf_entry *pf = &list->pfs[position->pf];

        if (!position->in_pf) {
            position->in_pf = true;
            visitor->pf(&pf->view, visitor->aux);
        } else if (position->vf < pf->end) {
            visit_vf(&list->entries[position->vf++], &pf->view, visitor);
        } else {
            position->in_pf = false;
            position->pf++;
            continue;
        }
        max--;
    }
    return position->pf < list->n_pfs;
}
