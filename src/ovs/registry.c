/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/devargs.h"
#include "hash.h"
#include "openvswitch/hmap.h"
#include "util.h"
#include "uuid.h"

/* One VF that a row uses. */
struct claim {
    struct hmap_node node; /* In registry->claims. */
    struct entry *entry;
    struct pci_addr pf;
    int vf_num;
};

struct entry {
    struct hmap_node by_uuid;
    struct hmap_node by_vif; /* In registry->vifs if `vif_id`. */
    struct uuid uuid;
    char *vif_id;  /* Or NULL. */
    char *devargs; /* Or NULL. */
    bool attached;
    struct claim *claims;
    size_t n_claims;
};

struct registry {
    struct hmap entries;
    struct hmap vifs;
    struct hmap claims;
    size_t n_attached;
};

static uint32_t hash_claim(const struct pci_addr *pf, int vf_num)
{
    return hash_3words((uint32_t)pf->domain << 16 | (uint32_t)pf->bus << 8 |
                           (uint32_t)pf->device << 3 | pf->function,
                       (uint32_t)vf_num, 0);
}

struct registry *registry_create(void)
{
    struct registry *registry = xzalloc(sizeof *registry);

    hmap_init(&registry->entries);
    hmap_init(&registry->vifs);
    hmap_init(&registry->claims);
    return registry;
}

static void free_entry(struct registry *registry, struct entry *entry)
{
    for (size_t i = 0; i < entry->n_claims; i++) {
        hmap_remove(&registry->claims, &entry->claims[i].node);
    }
    if (entry->vif_id) {
        hmap_remove(&registry->vifs, &entry->by_vif);
    }
    hmap_remove(&registry->entries, &entry->by_uuid);
    registry->n_attached -= entry->attached;
    free(entry->claims);
    free(entry->vif_id);
    free(entry->devargs);
    free(entry);
}

void registry_clear(struct registry *registry)
{
    struct entry *entry;

    HMAP_FOR_EACH_SAFE (entry, by_uuid, &registry->entries) {
        free_entry(registry, entry);
    }
}

void registry_destroy(struct registry *registry)
{
    if (registry) {
        registry_clear(registry);
        hmap_destroy(&registry->entries);
        hmap_destroy(&registry->vifs);
        hmap_destroy(&registry->claims);
        free(registry);
    }
}

static struct entry *find_entry(const struct registry *registry, const struct uuid *uuid)
{
    struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, by_uuid, uuid_hash(uuid), &registry->entries) {
        if (uuid_equals(&entry->uuid, uuid)) {
            return entry;
        }
    }
    return NULL;
}

static void add_claims(struct registry *registry, struct entry *entry)
{
    struct devargs devargs;

    if (!devargs_parse(entry->devargs, &devargs) || !devargs.representor) {
        return;
    }
    entry->n_claims = devargs_n_pfs(&devargs) * devargs.n_vfs;
    entry->claims = xcalloc(entry->n_claims, sizeof *entry->claims);
    for (size_t i = 0; i < entry->n_claims; i++) {
        struct claim *claim = &entry->claims[i];

        claim->entry = entry;
        claim->pf = devargs_pf_at(&devargs, i / devargs.n_vfs);
        claim->vf_num = devargs.vfs[i % devargs.n_vfs];
        hmap_insert(&registry->claims, &claim->node, hash_claim(&claim->pf, claim->vf_num));
    }
}

void registry_set(struct registry *registry, const struct uuid *uuid, const char *vif_id,
                  const char *devargs, bool attached)
{
    struct entry *entry = find_entry(registry, uuid);

    if (entry && nullable_string_is_equal(entry->vif_id, vif_id) &&
        nullable_string_is_equal(entry->devargs, devargs)) {
        registry->n_attached += (size_t)attached - entry->attached;
        entry->attached = attached;
        return;
    }
    if (entry) {
        free_entry(registry, entry);
    }
    if (!vif_id && !devargs) {
        return;
    }
    entry = xzalloc(sizeof *entry);
    entry->uuid = *uuid;
    entry->vif_id = nullable_xstrdup(vif_id);
    entry->devargs = nullable_xstrdup(devargs);
    entry->attached = attached;
    registry->n_attached += attached;
    hmap_insert(&registry->entries, &entry->by_uuid, uuid_hash(uuid));
    if (vif_id) {
        hmap_insert(&registry->vifs, &entry->by_vif, hash_string(vif_id, 0));
    }
    if (devargs) {
        add_claims(registry, entry);
    }
}

void registry_remove(struct registry *registry, const struct uuid *uuid)
{
    struct entry *entry = find_entry(registry, uuid);

    if (entry) {
        free_entry(registry, entry);
    }
}

const struct uuid *registry_by_vif(const struct registry *registry, const char *vif_id)
{
    const struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, by_vif, hash_string(vif_id, 0), &registry->vifs) {
        if (!strcmp(entry->vif_id, vif_id)) {
            return &entry->uuid;
        }
    }
    return NULL;
}

const struct uuid *registry_by_vf(const struct registry *registry, const struct pci_addr *pf,
                                  int vf_num, const char *except)
{
    const struct uuid *found = NULL;
    const struct claim *claim;

    HMAP_FOR_EACH_WITH_HASH (claim, node, hash_claim(pf, vf_num), &registry->claims) {
        if (claim->vf_num != vf_num || !pci_addr_equal(&claim->pf, pf) ||
            (except && claim->entry->vif_id && !strcmp(claim->entry->vif_id, except))) {
            continue;
        }
        if (!claim->entry->vif_id) {
            return &claim->entry->uuid;
        }
        found = &claim->entry->uuid;
    }
    return found;
}

const char *registry_vif_of(const struct registry *registry, const struct uuid *uuid)
{
    const struct entry *entry = find_entry(registry, uuid);

    return entry ? entry->vif_id : NULL;
}

size_t registry_n_vifs(const struct registry *registry)
{
    return hmap_count(&registry->vifs);
}

size_t registry_n_attached(const struct registry *registry)
{
    return registry->n_attached;
}

void registry_for_each_vif(const struct registry *registry,
                           void (*cb)(const struct uuid *uuid, const char *vif_id, void *aux),
                           void *aux)
{
    const struct entry *entry;

    HMAP_FOR_EACH (entry, by_vif, &registry->vifs) {
        cb(&entry->uuid, entry->vif_id, aux);
    }
}
