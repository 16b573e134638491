/* SPDX-License-Identifier: Apache-2.0 */
/* The VIFs that the watch knows: what is expected of each, and how it was seen last. */

#include "watch/watch-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "ovs/vswitchd.h"
#include "timeval.h"
#include "util.h"

void watch_check_soon(struct watch *watch, const char *vif_id)
{
    check_queue_add(&watch->checks, vif_id, time_msec() + WATCH_DELAY_MS);
}

struct watched *watch_find(const struct watch *watch, const char *vif_id)
{
    struct watched *watched;

    HMAP_FOR_EACH_WITH_HASH (watched, node, hash_string(vif_id, 0), &watch->watched) {
        if (!strcmp(watched->vif_id, vif_id)) {
            return watched;
        }
    }
    return NULL;
}

void watched_set_state(struct watch *watch, struct watched *watched, enum watched_state state)
{
    if (watched->state == WATCHED_MISSING && state != WATCHED_MISSING) {
        ovs_list_remove(&watched->missing_node);
        watch->n_missing--;
    } else if (watched->state != WATCHED_MISSING && state == WATCHED_MISSING) {
        ovs_list_push_back(&watch->missing, &watched->missing_node);
        watch->n_missing++;
    }
    watched->state = state;
}

void watch_forget(struct watch *watch, struct watched *watched)
{
    watched_set_state(watch, watched, WATCHED_IN_STEP);
    hmap_remove(&watch->watched, &watched->node);
    free(watched->expectation);
    free(watched);
}

/* What is expected of the links: what they are, and of a tap of ours that is missing, what its row
 * says. */
static void learn_links(struct watch *watch, struct record *seen)
{
    const char *vif_id = seen->spec.vif_id;
    struct link_spec *spec = &seen->spec.links;
    struct link_state links;
    bool own;

    link_state_look(watch->env.env->links, spec, &links);
    own = links.has_netdev && link_is_alias_of(links.netdev.alias, vif_id);
    if (spec->kind == LINKS_TAP && spec->create && !own) {
        record_describe_tap(seen, spec);
        watch_check_soon(watch, vif_id);
        return;
    }
    spec->create |= own;
    spec->mtu = links.has_netdev ? links.netdev.mtu : 0;
    spec->multiqueue = links.netdev.multiqueue;
    memcpy(spec->address, links.netdev.address, sizeof spec->address);
}

void watch_learn(struct watch *watch, const struct record *record)
{
    const char *vif_id = record->spec.vif_id;
    struct watched *watched = watch_find(watch, vif_id);
    struct record seen = *record; /* This also borrows from the row. */
    const char *type = record_settled_type(record);
    bool detached = strcmp(record->spec.type, type) != 0;

    if (seen.spec.links.kind != LINKS_NONE) {
        learn_links(watch, &seen);
    }
    if (detached) {
        /* A recovery is about to give it back its type. */
        snprintf(seen.spec.type, sizeof seen.spec.type, "%s", type);
    }
    if (!watched) {
        watched = xzalloc(sizeof *watched);
        memcpy(watched->vif_id, vif_id, strlen(vif_id) + 1);
        hmap_insert(&watch->watched, &watched->node, hash_string(vif_id, 0));
    }
    free(watched->expectation);
    watched->expectation = expectation_of(&seen);
    watched->failed = record_failed(record) && !detached; /* Its error is that of no device. */
    watched->unrecovered = false;
    watched_set_state(watch, watched, WATCHED_IN_STEP);
    watched->check_later = watched->repairing = false;
    watched->loss = LOSS_NONE;
    watched->n_repairs = 0;
    watched->repair_at = 0;
}

bool watch_switch_has(const struct watch *watch, const struct record *record)
{
    const struct vswitchd *vswitchd = watch->env.env->vswitchd;

    return record->ofport > 0 && !record_failed(record) &&
           vswitchd_state(vswitchd) != VSWITCHD_DEAD && !vswitchd_is_starting(vswitchd);
}

void watch_report(struct watch *watch, enum watch_event_type type, const struct record *record,
                  const struct drift *drift, size_t n)
{
    const struct watch_event event = {.type = type,
                                      .vif_id = record->spec.vif_id,
                                      .record = record,
                                      .drift = drift,
                                      .n_drift = n};

    watch->env.tell(watch->env.aux, &event);
}
