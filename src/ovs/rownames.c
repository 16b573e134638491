/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/rownames.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/hmap.h"
#include "util.h"
#include "uuid.h"

struct entry {
    struct hmap_node by_name;
    struct hmap_node by_uuid;
    struct uuid uuid;
    uint64_t number; /* Ascending in the order of recording. */
    char name[];
};

struct rownames {
    struct hmap names;
    struct hmap uuids;
    uint64_t last_number;
};

struct rownames *rownames_create(void)
{
    struct rownames *map = xzalloc(sizeof *map);

    hmap_init(&map->names);
    hmap_init(&map->uuids);
    return map;
}

static void forget(struct rownames *map, struct entry *entry)
{
    hmap_remove(&map->names, &entry->by_name);
    hmap_remove(&map->uuids, &entry->by_uuid);
    free(entry);
}

void rownames_clear(struct rownames *map)
{
    struct entry *entry;

    HMAP_FOR_EACH_SAFE (entry, by_uuid, &map->uuids) {
        forget(map, entry);
    }
}

void rownames_destroy(struct rownames *map)
{
    if (map) {
        rownames_clear(map);
        hmap_destroy(&map->names);
        hmap_destroy(&map->uuids);
        free(map);
    }
}

static struct entry *find_uuid(const struct rownames *map, const struct uuid *uuid)
{
    struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, by_uuid, uuid_hash(uuid), &map->uuids) {
        if (uuid_equals(&entry->uuid, uuid)) {
            return entry;
        }
    }
    return NULL;
}

void rownames_set(struct rownames *map, const struct uuid *uuid, const char *name)
{
    struct entry *entry = find_uuid(map, uuid);
    size_t size = strlen(name) + 1;

    if (entry && !strcmp(entry->name, name)) {
        return;
    }
    if (entry) {
        forget(map, entry);
    }
    entry = xmalloc(sizeof *entry + size);
    entry->uuid = *uuid;
    entry->number = ++map->last_number;
    memcpy(entry->name, name, size);
    hmap_insert(&map->names, &entry->by_name, hash_string(name, 0));
    hmap_insert(&map->uuids, &entry->by_uuid, uuid_hash(uuid));
}

void rownames_remove(struct rownames *map, const struct uuid *uuid)
{
    struct entry *entry = find_uuid(map, uuid);

    if (entry) {
        forget(map, entry);
    }
}

const struct uuid *rownames_find(const struct rownames *map, const char *name)
{
    const struct entry *found = NULL;
    const struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, by_name, hash_string(name, 0), &map->names) {
        if (!strcmp(entry->name, name) && (!found || entry->number > found->number)) {
            found = entry;
        }
    }
    return found ? &found->uuid : NULL;
}
