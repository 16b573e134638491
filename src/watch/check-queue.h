/* SPDX-License-Identifier: Apache-2.0 */
/* The VIFs to check. Those that are added wait together for the earliest of their times; from then
 * on they are taken one by one, and those that are added meanwhile come after them. So a VIF that
 * keeps changing delays no other. */

#ifndef VP_CHECK_QUEUE_H
#define VP_CHECK_QUEUE_H 1

#include <stdbool.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"

/* Each VIF once, the one that was added first in front. */
struct vif_ids {
    struct hmap ids; /* Map of struct queued_vif. */
    struct ovs_list order;
};

struct check_queue {
    struct vif_ids waiting; /* Until `due`. */
    struct vif_ids begun;   /* To be taken now. */
    long long int due;      /* ms; LLONG_MAX: none waits. */
};

void check_queue_init(struct check_queue *queue);
void check_queue_destroy(struct check_queue *queue);

/* Adds a VIF that is to be taken at `due` (ms) or, with others, before that. */
void check_queue_add(struct check_queue *queue, const char *vif_id, long long int due);

void check_queue_remove(struct check_queue *queue, const char *vif_id);

/* If it is time, and all have been taken that were due before, lets those that wait be taken. Those
 * for which `comes_last` is true come after the others. */
void check_queue_begin(struct check_queue *queue,
                       bool (*comes_last)(const void *aux, const char *vif_id), const void *aux);

/* Takes the next VIF: a malloc'ed string, or NULL. */
char *check_queue_take(struct check_queue *queue);

/* Lets those that could be taken wait again, until `due` (ms). */
void check_queue_put_back(struct check_queue *queue, long long int due);

/* Wakes the loop when there is something to take or to begin. */
void check_queue_wait(const struct check_queue *queue);

#endif
