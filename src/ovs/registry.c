/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/registry.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/hmap.h"
#include "util.h"
#include "uuid.h"

struct entry {
    struct hmap_node by_uuid;
    struct hmap_node by_vif; /* In registry->vifs if `vif_id`. */
    struct uuid uuid;
    char *vif_id; /* Or NULL. */
    bool natural;
    bool attached;
    bool first; /* The row of its VIF: registry_by_vif(). */
    struct held *held;
    size_t n_held;
    char *keys; /* Those of `held`, one after another. */
};

/* One claim of a row: a claim without its text for messages. */
struct held {
    struct hmap_node node; /* In registry->claims. */
    struct entry *entry;
    enum claim_kind kind;
    const char *key; /* In entry->keys. */
};

struct registry {
    struct hmap entries;
    struct hmap vifs;
    struct hmap claims;
    size_t n_attached;
    size_t n_vifs; /* Entries that are `first`. */
};

struct registry *registry_create(void)
{
    struct registry *registry = xzalloc(sizeof *registry);

    hmap_init(&registry->entries);
    hmap_init(&registry->vifs);
    hmap_init(&registry->claims);
    return registry;
}

/* Whether `a` is the row of their VIF rather than `b`. */
static bool precedes(const struct entry *a, const struct entry *b)
{
    return a->natural != b->natural ? a->natural : uuid_compare_3way(&a->uuid, &b->uuid) < 0;
}

/* Chooses the row of VIF `vif_id` among those with its marks. */
static void choose_first(struct registry *registry, const char *vif_id)
{
    struct entry *first = NULL;
    struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, by_vif, hash_string(vif_id, 0), &registry->vifs) {
        if (!strcmp(entry->vif_id, vif_id)) {
            registry->n_vifs -= entry->first;
            entry->first = false;
            first = !first || precedes(entry, first) ? entry : first;
        }
    }
    if (first) {
        first->first = true;
        registry->n_vifs++;
    }
}

static void free_entry(struct registry *registry, struct entry *entry)
{
    for (size_t i = 0; i < entry->n_held; i++) {
        hmap_remove(&registry->claims, &entry->held[i].node);
    }
    if (entry->vif_id) {
        hmap_remove(&registry->vifs, &entry->by_vif);
        if (entry->first) {
            registry->n_vifs--;
            choose_first(registry, entry->vif_id);
        }
    }
    hmap_remove(&registry->entries, &entry->by_uuid);
    registry->n_attached -= entry->attached;
    free(entry->held);
    free(entry->keys);
    free(entry->vif_id);
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

static void add_claims(struct registry *registry, struct entry *entry,
                       const struct registry_row *row)
{
    size_t size = 0;
    char *key;

    for (size_t i = 0; i < row->n_claims; i++) {
        size += strlen(row->claims[i].key) + 1;
    }
    entry->n_held = row->n_claims;
    entry->held = xcalloc(row->n_claims, sizeof *entry->held);
    entry->keys = key = xmalloc(size);
    for (size_t i = 0; i < row->n_claims; i++) {
        struct held *held = &entry->held[i];
        size_t length = strlen(row->claims[i].key) + 1;

        held->entry = entry;
        held->kind = row->claims[i].kind;
        held->key = memcpy(key, row->claims[i].key, length);
        key += length;
        hmap_insert(&registry->claims, &held->node, hash_string(held->key, 0));
    }
}

void registry_set(struct registry *registry, const struct uuid *uuid,
                  const struct registry_row *row)
{
    struct entry *entry = find_entry(registry, uuid);

    if (entry) {
        free_entry(registry, entry);
    }
    if (!row->vif_id && !row->n_claims && !row->attached) {
        return;
    }
    entry = xzalloc(sizeof *entry);
    entry->uuid = *uuid;
    entry->vif_id = nullable_xstrdup(row->vif_id);
    entry->natural = row->natural;
    entry->attached = row->attached;
    registry->n_attached += row->attached;
    hmap_insert(&registry->entries, &entry->by_uuid, uuid_hash(uuid));
    if (row->vif_id) {
        hmap_insert(&registry->vifs, &entry->by_vif, hash_string(row->vif_id, 0));
        choose_first(registry, row->vif_id);
    }
    if (row->n_claims) {
        add_claims(registry, entry, row);
    }
}

void registry_set_attached(struct registry *registry, const struct uuid *uuid, bool attached)
{
    struct entry *entry = find_entry(registry, uuid);

    if (entry) {
        registry->n_attached += (size_t)attached - entry->attached;
        entry->attached = attached;
    } else if (attached) {
        registry_set(registry, uuid, &(struct registry_row){.attached = true});
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
        if (entry->first && !strcmp(entry->vif_id, vif_id)) {
            return &entry->uuid;
        }
    }
    return NULL;
}

const struct uuid *registry_twin_of(const struct registry *registry, const char *vif_id)
{
    const struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, by_vif, hash_string(vif_id, 0), &registry->vifs) {
        if (!entry->first && !strcmp(entry->vif_id, vif_id)) {
            return &entry->uuid;
        }
    }
    return NULL;
}

static struct registry_claim claim_of(const struct held *held)
{
    return (struct registry_claim){&held->entry->uuid, held->entry->vif_id, held->kind, held->key};
}

bool registry_find(const struct registry *registry, const struct claim *claim,
                   bool (*cb)(const struct registry_claim *found, void *aux), void *aux)
{
    const struct held *held;

    HMAP_FOR_EACH_WITH_HASH (held, node, hash_string(claim->key, 0), &registry->claims) {
        const struct registry_claim found = claim_of(held);

        if (claim_kinds_clash(held->kind, claim->kind) && !strcmp(held->key, claim->key) &&
            cb(&found, aux)) {
            return true;
        }
    }
    return false;
}

bool registry_scan(const struct registry *registry, enum claim_kind kind,
                   bool (*cb)(const struct registry_claim *found, void *aux), void *aux)
{
    const struct held *held;

    HMAP_FOR_EACH (held, node, &registry->claims) {
        const struct registry_claim found = claim_of(held);

        if (held->kind == kind && cb(&found, aux)) {
            return true;
        }
    }
    return false;
}

/* A search of registry_by_vf(). */
struct vf_search {
    const char *except;
    const struct uuid *found;
};

static bool consider_vf(const struct registry_claim *found, void *search_)
{
    struct vf_search *search = search_;

    if (found->vif_id && search->except && !strcmp(found->vif_id, search->except)) {
        return false;
    }
    search->found = found->uuid;
    return !found->vif_id;
}

const struct uuid *registry_by_vf(const struct registry *registry, const struct pci_addr *pf,
                                  int vf_num, const char *except)
{
    struct vf_search search = {.except = except};
    struct claim claim = {.kind = CLAIM_VF};

    claim_vf_key(pf, vf_num, claim.key);
    registry_find(registry, &claim, consider_vf, &search);
    return search.found;
}

const char *registry_vif_of(const struct registry *registry, const struct uuid *uuid)
{
    const struct entry *entry = find_entry(registry, uuid);

    return entry ? entry->vif_id : NULL;
}

size_t registry_n_vifs(const struct registry *registry)
{
    return registry->n_vifs;
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
        if (entry->first) {
            cb(&entry->uuid, entry->vif_id, aux);
        }
    }
}
