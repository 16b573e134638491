/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/awaited.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/vif.h"
#include "hash.h"
#include "util.h"

struct awaiting {
    struct hmap_node node;
    struct ovs_list order_node;
    char vif_id[VIF_ID_MAX + 1];
    char bridge[PORT_NAME_MAX + 1];
};

void awaited_init(struct awaited *awaited)
{
    hmap_init(&awaited->vifs);
    ovs_list_init(&awaited->order);
}

static void forget(struct awaited *awaited, struct awaiting *vif)
{
    hmap_remove(&awaited->vifs, &vif->node);
    ovs_list_remove(&vif->order_node);
    free(vif);
}

static void forget_oldest(struct awaited *awaited)
{
    forget(awaited, CONTAINER_OF(ovs_list_front(&awaited->order), struct awaiting, order_node));
}

void awaited_destroy(struct awaited *awaited)
{
    while (!ovs_list_is_empty(&awaited->order)) {
        forget_oldest(awaited);
    }
    hmap_destroy(&awaited->vifs);
}

static struct awaiting *find(const struct awaited *awaited, const char *vif_id)
{
    struct awaiting *vif;

    HMAP_FOR_EACH_WITH_HASH (vif, node, hash_string(vif_id, 0), &awaited->vifs) {
        if (!strcmp(vif->vif_id, vif_id)) {
            return vif;
        }
    }
    return NULL;
}

void awaited_note(struct awaited *awaited, const char *vif_id, const char *bridge)
{
    struct awaiting *vif;

    awaited_forget(awaited, vif_id);
    if (hmap_count(&awaited->vifs) >= AWAITED_MAX) {
        forget_oldest(awaited);
    }
    vif = xzalloc(sizeof *vif);
    snprintf(vif->vif_id, sizeof vif->vif_id, "%s", vif_id);
    snprintf(vif->bridge, sizeof vif->bridge, "%s", bridge);
    hmap_insert(&awaited->vifs, &vif->node, hash_string(vif_id, 0));
    ovs_list_push_back(&awaited->order, &vif->order_node);
}

void awaited_forget(struct awaited *awaited, const char *vif_id)
{
    struct awaiting *vif = find(awaited, vif_id);

    if (vif) {
        forget(awaited, vif);
    }
}

const char *awaited_bridge_of(const struct awaited *awaited, const char *vif_id)
{
    const struct awaiting *vif = find(awaited, vif_id);

    return vif ? vif->bridge : NULL;
}

bool awaited_has(const struct awaited *awaited, const char *bridge, const char *except)
{
    const struct awaiting *vif;

    LIST_FOR_EACH (vif, order_node, &awaited->order) {
        if (!strcmp(vif->bridge, bridge) && strcmp(vif->vif_id, except) != 0) {
            return true;
        }
    }
    return false;
}
