/* SPDX-License-Identifier: Apache-2.0 */
#include "links/link-remover.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "latch.h"
#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "ovs-thread.h"
#include "simap.h"
#include "timeval.h"
#include "util.h"

#define FIRST_PAUSE_MS 100

struct removal {
    struct ovs_list node;
    uint64_t id;
    char vif_id[VIF_ID_MAX + 1];
    struct link_plan plan;
    struct error error; /* Of the last try. */
    unsigned int n_tries;
    int64_t due_ms; /* On the monotonic clock; 0: at once. */
};

struct link_remover {
    pthread_t thread;
    struct ovs_mutex mutex;
    pthread_cond_t wake; /* `todo` has more, or `ending` is set. */
    struct ovs_list todo OVS_GUARDED;
    struct ovs_list done OVS_GUARDED;
    bool ending OVS_GUARDED;
    struct latch finished; /* `done` is not empty. */
    /* For the main thread alone. */
    size_t n_removals; /* Added and not yet returned. */
    /* The names of their links, each with how often it occurs. */
    struct simap deleted;
    struct simap set_down;
};

/* The first removal that is due; NULL if none is, with *due_ms the earliest, INT64_MAX if there is
 * none at all. */
static struct removal *first_due(struct link_remover *remover, int64_t *due_ms)
    OVS_REQUIRES(remover->mutex)
{
    int64_t now = time_msec();
    struct removal *removal;

    *due_ms = INT64_MAX;
    LIST_FOR_EACH (removal, node, &remover->todo) {
        if (removal->due_ms <= now) {
            return removal;
        }
        *due_ms = MIN(*due_ms, removal->due_ms);
    }
    return NULL;
}

static void wait_until(struct link_remover *remover, int64_t due_ms) OVS_REQUIRES(remover->mutex)
{
    struct timespec due = {.tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000};

    if (due_ms == INT64_MAX) {
        ovs_mutex_cond_wait(&remover->wake, &remover->mutex);
    } else {
        /* It also returns at the time given; the caller looks again either way. */
        (void)pthread_cond_timedwait(&remover->wake, &remover->mutex.lock, &due);
    }
}

/* Waits for the next removal; NULL at the end. */
static struct removal *take(struct link_remover *remover)
{
    struct removal *removal = NULL;
    int64_t due_ms;

    ovs_mutex_lock(&remover->mutex);
    while (!remover->ending && !(removal = first_due(remover, &due_ms))) {
        wait_until(remover, due_ms);
    }
    if (removal) {
        ovs_list_remove(&removal->node);
    }
    ovs_mutex_unlock(&remover->mutex);
    return removal;
}

/* Returns a removal after a try. */
static void put_back(struct link_remover *remover, struct removal *removal)
{
    bool done = removal->error.reason == REASON_NONE || removal->n_tries == LINK_REMOVER_TRIES;

    removal->due_ms = time_msec() + (FIRST_PAUSE_MS << (removal->n_tries - 1));
    ovs_mutex_lock(&remover->mutex);
    ovs_list_push_back(done ? &remover->done : &remover->todo, &removal->node);
    ovs_mutex_unlock(&remover->mutex);
    if (done) {
        latch_set(&remover->finished);
    }
}

static void *run(void *remover_)
{
    struct link_remover *remover = remover_;
    struct error no_links;
    struct links *links = links_create("/proc", false, &no_links);
    struct removal *removal;

    while ((removal = take(remover))) {
        removal->error.reason = REASON_NONE;
        removal->n_tries++;
        if (!links) {
            links = links_create("/proc", false, &no_links);
        }
        if (!links) {
            removal->error = no_links;
        } else {
            link_plan_execute(links, removal->vif_id, &removal->plan, LINK_EARLY, true,
                              &removal->error);
        }
        put_back(remover, removal);
    }
    links_destroy(links);
    return NULL;
}

/* Its waits have the clock of time_msec(). */
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    xpthread_cond_init(condition, &attr);
    pthread_condattr_destroy(&attr);
}

struct link_remover *link_remover_create(void)
{
    struct link_remover *remover = xzalloc(sizeof *remover);

    ovs_mutex_init(&remover->mutex);
    init_condition(&remover->wake);
    latch_init(&remover->finished);
    simap_init(&remover->deleted);
    simap_init(&remover->set_down);
    ovs_list_init(&remover->todo);
    ovs_list_init(&remover->done);
    remover->thread = ovs_thread_create("link-remover", run, remover);
    return remover;
}

static void drop_removals(struct ovs_list *removals)
{
    struct removal *removal;

    LIST_FOR_EACH_SAFE (removal, node, removals) {
        ovs_list_remove(&removal->node);
        free(removal);
    }
}

void link_remover_destroy(struct link_remover *remover)
{
    ovs_mutex_lock(&remover->mutex);
    remover->ending = true;
    xpthread_cond_signal(&remover->wake);
    ovs_mutex_unlock(&remover->mutex);
    xpthread_join(remover->thread, NULL);
    drop_removals(&remover->todo);
    drop_removals(&remover->done);
    latch_destroy(&remover->finished);
    simap_destroy(&remover->deleted);
    simap_destroy(&remover->set_down);
    xpthread_cond_destroy(&remover->wake);
    ovs_mutex_destroy(&remover->mutex);
    free(remover);
}

size_t link_remover_n(const struct link_remover *remover)
{
    return remover->n_removals;
}

bool link_remover_has(const struct link_remover *remover, const char *name)
{
    return simap_contains(&remover->deleted, name);
}

bool link_remover_sets_down(const struct link_remover *remover, const char *name)
{
    return simap_contains(&remover->set_down, name);
}

/* Where the step's name is noted until it is done; NULL: nobody waits for it. */
static struct simap *pending_of(struct link_remover *remover, const struct link_step *step)
{
    switch (step->type) {
    case LINK_DELETE:
        return &remover->deleted;
    case LINK_SET_DOWN:
        return &remover->set_down;
    default:
        return NULL;
    }
}

static void note_pending(struct link_remover *remover, const struct link_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct simap *pending = pending_of(remover, &plan->steps[i]);

        if (pending) {
            simap_increase(pending, plan->steps[i].name, 1);
        }
    }
}

static void forget_pending(struct link_remover *remover, const struct link_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct simap *pending = pending_of(remover, &plan->steps[i]);
        const char *name = plan->steps[i].name;
        unsigned int left = pending ? simap_get(pending, name) : 0;

        if (left > 1) {
            simap_put(pending, name, left - 1);
        } else if (pending) {
            simap_find_and_delete(pending, name);
        }
    }
}

void link_remover_add(struct link_remover *remover, uint64_t id, const char *vif_id,
                      const struct link_plan *plan)
{
    struct removal *removal = xzalloc(sizeof *removal);

    remover->n_removals++;
    note_pending(remover, plan);
    removal->id = id;
    removal->plan = *plan;
    memcpy(removal->vif_id, vif_id, strlen(vif_id) + 1);
    ovs_mutex_lock(&remover->mutex);
    ovs_list_push_back(&remover->todo, &removal->node);
    xpthread_cond_signal(&remover->wake);
    ovs_mutex_unlock(&remover->mutex);
}

bool link_remover_next(struct link_remover *remover, uint64_t *id, struct error *error)
{
    struct removal *removal = NULL;

    if (remover->n_removals == 0) {
        return false;
    }
    latch_poll(&remover->finished);
    ovs_mutex_lock(&remover->mutex);
    if (!ovs_list_is_empty(&remover->done)) {
        removal = CONTAINER_OF(ovs_list_pop_front(&remover->done), struct removal, node);
    }
    ovs_mutex_unlock(&remover->mutex);
    if (!removal) {
        return false;
    }
    remover->n_removals--;
    forget_pending(remover, &removal->plan);
    *id = removal->id;
    *error = removal->error;
    free(removal);
    return true;
}

void link_remover_wait(const struct link_remover *remover)
{
    if (remover->n_removals > 0) {
        latch_wait(&remover->finished);
    }
}
