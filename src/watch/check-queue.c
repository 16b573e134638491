/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/check-queue.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

struct queued_vif {
    struct hmap_node node;
    struct ovs_list order_node;
    char *vif_id;
};

static struct queued_vif *find(const struct vif_ids *vifs, const char *vif_id)
{
    struct queued_vif *vif;

    HMAP_FOR_EACH_WITH_HASH (vif, node, hash_string(vif_id, 0), &vifs->ids) {
        if (!strcmp(vif->vif_id, vif_id)) {
            return vif;
        }
    }
    return NULL;
}

static void add(struct vif_ids *vifs, const char *vif_id)
{
    struct queued_vif *vif;

    if (find(vifs, vif_id)) {
        return;
    }
    vif = xmalloc(sizeof *vif);
    vif->vif_id = xstrdup(vif_id);
    hmap_insert(&vifs->ids, &vif->node, hash_string(vif_id, 0));
    ovs_list_push_back(&vifs->order, &vif->order_node);
}

/* Removes it, and returns its malloc'ed id. */
static char *take(struct vif_ids *vifs, struct queued_vif *vif)
{
    char *vif_id = vif->vif_id;

    hmap_remove(&vifs->ids, &vif->node);
    ovs_list_remove(&vif->order_node);
    free(vif);
    return vif_id;
}

static void drop(struct vif_ids *vifs, const char *vif_id)
{
    struct queued_vif *vif = find(vifs, vif_id);

    if (vif) {
        free(take(vifs, vif));
    }
}

static void move(struct vif_ids *from, struct queued_vif *vif, struct vif_ids *to)
{
    char *vif_id = take(from, vif);

    add(to, vif_id);
    free(vif_id);
}

static void clear(struct vif_ids *vifs)
{
    struct queued_vif *vif;

    LIST_FOR_EACH_SAFE (vif, order_node, &vifs->order) {
        free(take(vifs, vif));
    }
    hmap_destroy(&vifs->ids);
}

static void init(struct vif_ids *vifs)
{
    hmap_init(&vifs->ids);
    ovs_list_init(&vifs->order);
}

void check_queue_init(struct check_queue *queue)
{
    init(&queue->waiting);
    init(&queue->begun);
    queue->due = LLONG_MAX;
}

void check_queue_destroy(struct check_queue *queue)
{
    clear(&queue->waiting);
    clear(&queue->begun);
}

void check_queue_add(struct check_queue *queue, const char *vif_id, long long int due)
{
    add(&queue->waiting, vif_id);
    queue->due = MIN(queue->due, due);
}

void check_queue_remove(struct check_queue *queue, const char *vif_id)
{
    drop(&queue->waiting, vif_id);
    drop(&queue->begun, vif_id);
}

void check_queue_begin(struct check_queue *queue,
                       bool (*comes_last)(const void *aux, const char *vif_id), const void *aux)
{
    struct queued_vif *vif;

    if (!ovs_list_is_empty(&queue->begun.order) || time_msec() < queue->due) {
        return;
    }
    LIST_FOR_EACH_SAFE (vif, order_node, &queue->waiting.order) {
        if (!comes_last(aux, vif->vif_id)) {
            move(&queue->waiting, vif, &queue->begun);
        }
    }
    LIST_FOR_EACH_SAFE (vif, order_node, &queue->waiting.order) {
        move(&queue->waiting, vif, &queue->begun);
    }
    queue->due = LLONG_MAX;
}

char *check_queue_take(struct check_queue *queue)
{
    if (ovs_list_is_empty(&queue->begun.order)) {
        return NULL;
    }
    return take(&queue->begun,
                CONTAINER_OF(ovs_list_front(&queue->begun.order), struct queued_vif, order_node));
}

void check_queue_put_back(struct check_queue *queue, long long int due)
{
    struct queued_vif *vif;

    LIST_FOR_EACH_SAFE (vif, order_node, &queue->begun.order) {
        move(&queue->begun, vif, &queue->waiting);
        queue->due = MIN(queue->due, due);
    }
}

void check_queue_wait(const struct check_queue *queue)
{
    if (!ovs_list_is_empty(&queue->begun.order)) {
        poll_immediate_wake();
    } else {
        poll_timer_wait_until(queue->due);
    }
}
