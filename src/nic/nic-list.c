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

/* One VF. */
struct entry {
    struct hmap_node by_socket; /* In list->sockets if `vf.vhost_socket`. */
    struct nic_vf vf;
    char driver[SYSFS_NAME_LEN];
    size_t pf; /* Index into nic->pfs. */
    int index;
    bool numbered;
    char *problem; /* Or NULL. */
};

struct list {
    struct nic *nic;
    struct entry *entries; /* PF by PF. */
    size_t n;
    size_t allocated;
    struct hmap sockets;
};

static void add(struct list *list, size_t pf_index, int index, const struct sysfs_vf *vf)
{
    const struct nic_pf *pf = &list->nic->pfs[pf_index];
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
               nic_check_probed(list->nic, &entry->vf, "", &error));
    }
    entry->problem = error.message[0] ? xstrdup(error.message) : NULL;
}

static void collect(struct list *list)
{
    struct sysfs_vf *vfs = xmalloc(SYSFS_VFS_MAX * sizeof *vfs);

    for (size_t i = 0; i < list->nic->n_pfs; i++) {
        size_t n =
            sysfs_list_vfs(list->nic->sysfs_root, &list->nic->pfs[i].address, vfs, SYSFS_VFS_MAX);

        for (size_t index = 0; index < n; index++) {
            add(list, i, (int)index, &vfs[index]);
        }
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
static const struct entry *find_same_socket(const struct list *list, const struct entry *entry)
{
    const struct entry *other;

    HMAP_FOR_EACH_WITH_HASH (other, by_socket, entry->by_socket.hash, &list->sockets) {
        if (other->pf != entry->pf && !strcmp(other->vf.vhost_socket, entry->vf.vhost_socket)) {
            return other;
        }
    }
    return NULL;
}

static void visit_vf(const struct list *list, const struct entry *entry,
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

static void visit(const struct list *list, const struct nic_visitor *visitor)
{
    const struct entry *entry = list->entries;
    const struct entry *end = list->entries + list->n;

    for (size_t i = 0; i < list->nic->n_pfs; i++) {
        const struct nic_pf *pf = &list->nic->pfs[i];
        const char *root = list->nic->sysfs_root;
        char names[NIC_NETDEVS_MAX][IF_NAMESIZE];
        const char *netdevs[NIC_NETDEVS_MAX];
        char driver[SYSFS_NAME_LEN];
        struct error error = {.message = ""};
        struct nic_pf_view view = {
            .pf = pf->address,
            .vendor = pf->vendor,
            .device = pf->device,
            .driver = driver,
            .numa_node = sysfs_numa_node(root, &pf->address),
            .numvfs = sysfs_numvfs(root, &pf->address),
            .netdevs = netdevs,
            .n_netdevs = sysfs_netdevs(root, &pf->address, names, NIC_NETDEVS_MAX),
            .profile = pf->profile ? pf->profile->name : NULL,
            .problem = error.message,
        };

        if (pf->profile) {
            nic_check_pf_probed(list->nic, pf->profile, &pf->address, &error);
        }
        sysfs_driver(root, &pf->address, driver);
        for (size_t j = 0; j < view.n_netdevs; j++) {
            netdevs[j] = names[j];
        }
        visitor->pf(&view, visitor->aux);
        for (; entry < end && entry->pf == i; entry++) {
            visit_vf(list, entry, &view, visitor);
        }
    }
}

void nic_list(struct nic *nic, const struct nic_visitor *visitor)
{
    struct list list = {.nic = nic, .sockets = HMAP_INITIALIZER(&list.sockets)};

    nic_scan(nic);
    collect(&list);
    visit(&list, visitor);
    for (size_t i = 0; i < list.n; i++) {
        free(list.entries[i].problem);
    }
    free(list.entries);
    hmap_destroy(&list.sockets);
}
