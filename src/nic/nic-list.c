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

/* One VF. */
struct entry {
    struct hmap_node by_socket; /* In list->sockets if `vf.vhost_socket`. */
    struct nic_vf vf;
    char driver[SYSFS_NAME_LEN];
    size_t pf; /* Index into list->pfs. */
    int index;
    bool numbered;
    char *problem; /* Or NULL. */
};

struct nic_list {
    struct nic_pf found[NIC_PFS_MAX]; /* The PFs as `nic` has them; n_pfs of them. */
    struct pf_entry *pfs;
    size_t n_pfs;
    struct entry *entries; /* PF by PF. */
    size_t n;
    size_t allocated;
    struct hmap sockets;
};

static void add(struct nic_list *list, const struct nic *nic, size_t pf_index, int index,
                const struct sysfs_vf *vf)
{
    const struct nic_pf *pf = &nic->pfs[pf_index];
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
    if (!pf->profile) {
        nic_no_profile(&entry->vf, "", &error);
    } else if (nic_number(pf->profile, index, "", &entry->vf, &error)) {
        entry->numbered = true;
        (void)(nic_check_range(pf->profile, "", &entry->vf, &error) &&
               nic_render(pf->profile, "", &entry->vf, &error) &&
               nic_check_probed(nic, &entry->vf, "", &error));
    }
    entry->problem = error.message[0] ? xstrdup(error.message) : NULL;
}

static void add_pf(struct nic_list *list, const struct nic *nic, const struct nic_pf *pf)
{
    struct pf_entry *entry = &list->pfs[list->n_pfs++];
    const char *root = nic->sysfs_root;
    struct error error = {.message = ""};

    memset(entry, 0, sizeof *entry);
    sysfs_driver(root, &pf->address, entry->driver);
    if (pf->profile) {
        strcpy(entry->profile, pf->profile->name);
        nic_check_pf_probed(nic, pf->profile, &pf->address, &error);
    }
    entry->problem = error.message[0] ? xstrdup(error.message) : NULL;
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

static void collect(struct nic_list *list, const struct nic *nic)
{
    struct sysfs_vf *vfs = xmalloc(SYSFS_VFS_MAX * sizeof *vfs);

    /* The views point into the array, so it must not move. */
    list->pfs = xmalloc((nic->n_pfs + 1) * sizeof *list->pfs);
    for (size_t i = 0; i < nic->n_pfs; i++) {
        size_t n = sysfs_list_vfs(nic->sysfs_root, &nic->pfs[i].address, vfs, SYSFS_VFS_MAX);

        list->found[i] = nic->pfs[i];
        add_pf(list, nic, &nic->pfs[i]);
        for (size_t index = 0; index < n; index++) {
            add(list, nic, i, (int)index, &vfs[index]);
        }
        list->pfs[i].end = list->n;
    }
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

static void visit_vf(const struct nic_list *list, const struct entry *entry,
                     const struct nic_pf_view *pf, const struct nic_visitor *visitor)
{
    struct error error = {.message = ""};
    struct nic_vf_view view = {
        .vf = entry->vf.vf,
        .index = entry->index,
        .vf_num = entry->numbered ? entry->vf.vf_num : -1,
        .devargs = entry->vf.devargs,
        .vhost_path = entry->vf.vhost_socket,
        .vhost_mode = entry->vf.vhost_mode,
        .driver = entry->driver,
        .problem = entry->problem ? entry->problem : error.message,
    };

    if (entry->vf.vhost_socket[0] && !entry->problem) {
        const struct entry *other = find_same_socket(list, entry);

        if (other) {
            nic_same_socket(&entry->vf, &other->vf.vf, "", &error);
        }
    }
    visitor->vf(pf, &view, visitor->aux);
}

struct nic_list *nic_list_make(struct nic *nic)
{
    struct nic_list *list = xzalloc(sizeof *list);

    hmap_init(&list->sockets);
    nic_scan(nic);
    collect(list, nic);
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
    for (size_t i = 0; i < list->n_pfs; i++) {
        struct nic_pf *pf = &nic->pfs[i];

        *pf = list->found[i];
        pf->profile = pf->vendor ? nic_profile_find(nic->profiles, nic->n_profiles, &pf->address,
                                                    pf->vendor, pf->device)
                                 : NULL;
    }
    nic->n_pfs = list->n_pfs;
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
            visit_vf(list, &list->entries[position->vf++], &pf->view, visitor);
        } else {
            position->in_pf = false;
            position->pf++;
            continue;
        }
        max--;
    }
    return position->pf < list->n_pfs;
}
