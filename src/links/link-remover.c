/* SPDX-License-Identifier: Apache-2.0 */
#include "links/link-remover.h"

#include <stdlib.h>
#include <string.h>

#include "latch.h"
#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "ovs-thread.h"
#include "util.h"

struct job {
    struct ovs_list node;
    uint64_t id;
    char vif_id[VIF_ID_MAX + 1];
    struct host_plan plan;
    struct error error;
};

struct link_remover {
    pthread_t thread;
    struct ovs_mutex mutex;
    pthread_cond_t wake; /* Something is in `todo`, or the end has come. */
    struct ovs_list todo OVS_GUARDED;
    struct ovs_list done OVS_GUARDED;
    bool ending OVS_GUARDED;
    struct latch finished; /* Something is in `done`. */
    size_t n_jobs;         /* Added and not told back; the main thread's. */
};

/* The next job; NULL at the end. */
static struct job *take(struct link_remover *remover)
{
    struct job *job = NULL;

    ovs_mutex_lock(&remover->mutex);
    while (ovs_list_is_empty(&remover->todo) && !remover->ending) {
        ovs_mutex_cond_wait(&remover->wake, &remover->mutex);
    }
    if (!remover->ending) {
        job = CONTAINER_OF(ovs_list_pop_front(&remover->todo), struct job, node);
    }
    ovs_mutex_unlock(&remover->mutex);
    return job;
}

static void *run(void *remover_)
{
    struct link_remover *remover = remover_;
    struct error no_links;
    struct links *links = links_create("/proc", false, &no_links);
    struct job *job;

    while ((job = take(remover))) {
        job->error.reason = REASON_NONE;
        if (!links) {
            job->error = no_links;
        } else {
            host_execute(links, job->vif_id, &job->plan, &job->error);
        }
        ovs_mutex_lock(&remover->mutex);
        ovs_list_push_back(&remover->done, &job->node);
        ovs_mutex_unlock(&remover->mutex);
        latch_set(&remover->finished);
    }
    links_destroy(links);
    return NULL;
}

struct link_remover *link_remover_create(void)
{
    struct link_remover *remover = xzalloc(sizeof *remover);

    ovs_mutex_init(&remover->mutex);
    xpthread_cond_init(&remover->wake, NULL);
    latch_init(&remover->finished);
    ovs_list_init(&remover->todo);
    ovs_list_init(&remover->done);
    remover->thread = ovs_thread_create("link-remover", run, remover);
    return remover;
}

static void drop_jobs(struct ovs_list *jobs)
{
    struct job *job;

    LIST_FOR_EACH_SAFE (job, node, jobs) {
        ovs_list_remove(&job->node);
        free(job);
    }
}

void link_remover_destroy(struct link_remover *remover)
{
    ovs_mutex_lock(&remover->mutex);
    remover->ending = true;
    xpthread_cond_signal(&remover->wake);
    ovs_mutex_unlock(&remover->mutex);
    xpthread_join(remover->thread, NULL);
    drop_jobs(&remover->todo);
    drop_jobs(&remover->done);
    latch_destroy(&remover->finished);
    xpthread_cond_destroy(&remover->wake);
    ovs_mutex_destroy(&remover->mutex);
    free(remover);
}

void link_remover_add(struct link_remover *remover, uint64_t id, const char *vif_id,
                      const struct host_plan *plan)
{
    struct job *job = xzalloc(sizeof *job);

    remover->n_jobs++;
    job->id = id;
    job->plan = *plan;
    memcpy(job->vif_id, vif_id, strlen(vif_id) + 1);
    ovs_mutex_lock(&remover->mutex);
    ovs_list_push_back(&remover->todo, &job->node);
    xpthread_cond_signal(&remover->wake);
    ovs_mutex_unlock(&remover->mutex);
}

bool link_remover_next(struct link_remover *remover, uint64_t *id, struct error *error)
{
    struct job *job = NULL;

    if (remover->n_jobs == 0) {
        return false;
    }
    latch_poll(&remover->finished);
    ovs_mutex_lock(&remover->mutex);
    if (!ovs_list_is_empty(&remover->done)) {
        job = CONTAINER_OF(ovs_list_pop_front(&remover->done), struct job, node);
    }
    ovs_mutex_unlock(&remover->mutex);
    if (!job) {
        return false;
    }
    remover->n_jobs--;
    *id = job->id;
    *error = job->error;
    free(job);
    return true;
}

void link_remover_wait(const struct link_remover *remover)
{
    if (remover->n_jobs > 0) {
        latch_wait(&remover->finished);
    }
}
