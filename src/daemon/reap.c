/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reap.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/list.h"
#include "util.h"
#include "wire/reply.h"

struct reaps {
    const struct engine_env *env;
    struct engine *engine;
    struct server *server;
    struct ovs_list list; /* List of struct reap: the reaps under way. */
};

struct reap {
    struct ovs_list node;
    struct reaps *reaps;
    char id[REQUEST_ID_MAX + 1];
    uint64_t connection;
    size_t n_pending;
    char **removed; /* VIF ids. */
    size_t n_removed;
    char **warnings;
    size_t n_warnings;
};

struct reaps *reaps_create(const struct engine_env *env, struct engine *engine,
                           struct server *server)
{
    struct reaps *reaps = xmalloc(sizeof *reaps);

    *reaps = (struct reaps){.env = env, .engine = engine, .server = server};
    ovs_list_init(&reaps->list);
    return reaps;
}

static void destroy(struct reap *reap)
{
    for (size_t i = 0; i < reap->n_removed; i++) {
        free(reap->removed[i]);
    }
    for (size_t i = 0; i < reap->n_warnings; i++) {
        free(reap->warnings[i]);
    }
    free(reap->removed);
    free(reap->warnings);
    ovs_list_remove(&reap->node);
    free(reap);
}

void reaps_destroy(struct reaps *reaps)
{
    struct reap *reap;

    LIST_FOR_EACH_SAFE (reap, node, &reaps->list) {
        destroy(reap);
    }
    free(reaps);
}

static void finish(struct reap *reap)
{
    char *line = reply_reap(reap->id, (const char *const *)reap->removed, reap->n_removed,
                            (const char *const *)reap->warnings, reap->n_warnings);

    server_reply(reap->reaps->server, reap->connection, line, false);
    destroy(reap);
}

/* Called when an unplug of the reap has ended. */
static void unplugged(void *reap_, const struct op_result *result)
{
    struct reap *reap = reap_;

    if (result->error) {
        reap->warnings[reap->n_warnings++] =
            xasprintf("VIF %s could not be removed: %s", result->vif_id, result->error->message);
    } else if (result->changed) {
        reap->removed[reap->n_removed++] = xstrdup(result->vif_id);
    }
    if (--reap->n_pending == 0) {
        finish(reap);
    }
}

struct search {
    const char *boot_id;
    char (*ids)[VIF_ID_MAX + 1];
    size_t n;
    size_t n_stale; /* The first of them; the rest have left links alone. */
    size_t allocated;
};

static void add_id(struct search *search, const char *vif_id)
{
    if (search->n == search->allocated) {
        search->ids = x2nrealloc(search->ids, &search->allocated, sizeof *search->ids);
    }
    memcpy(search->ids[search->n++], vif_id, strlen(vif_id) + 1);
}

static void find_stale(const struct record *record, void *search_)
{
    struct search *search = search_;

    if (record->ours && strcmp(record->boot_id, search->boot_id) != 0) {
        add_id(search, record->spec.vif_id);
    }
}

/* A VIF has up to three links. */
static void find_orphan(const char *vif_id, void *search_)
{
    struct search *search = search_;

    for (size_t i = search->n_stale; i < search->n; i++) {
        if (!strcmp(search->ids[i], vif_id)) {
            return;
        }
    }
    add_id(search, vif_id);
}

/* All VIFs whose server is of an earlier boot, and those that have left nothing but links. */
static void find_all(const struct reaps *reaps, struct search *search)
{
    ovs_for_each_vif(reaps->env->ovs, NULL, find_stale, search);
    search->n_stale = search->n;
    engine_for_each_orphan(reaps->engine, find_orphan, search);
}

static bool has_id(const struct search *search, const char *vif_id)
{
    for (size_t i = 0; i < search->n; i++) {
        if (!strcmp(search->ids[i], vif_id)) {
            return true;
        }
    }
    return false;
}

static bool check_named(const struct search *search, const struct request *request,
                        struct error *error)
{
    for (size_t i = 0; i < request->n_vif_ids; i++) {
        if (!has_id(search, request->vif_ids[i])) {
            return error_set(error, REASON_INVALID_REQUEST, "params.vif_ids",
                             "VIF %s is not stale; 'list' shows those that are, and 'unplug' "
                             "removes any.",
                             request->vif_ids[i]);
        }
    }
    return true;
}

/* Makes a reap for `n` VIFs. */
static struct reap *create(struct reaps *reaps, const struct request *request, uint64_t connection,
                           size_t n)
{
    struct reap *reap = xzalloc(sizeof *reap);

    reap->reaps = reaps;
    memcpy(reap->id, request->id, sizeof reap->id);
    reap->connection = connection;
    reap->removed = xcalloc(n + 1, sizeof *reap->removed);
    reap->warnings = xcalloc(n + 2, sizeof *reap->warnings);
    ovs_list_push_back(&reaps->list, &reap->node);
    return reap;
}

static bool unplug_all(struct reaps *reaps, const struct request *request, uint64_t connection,
                       const char (*ids)[VIF_ID_MAX + 1], size_t n, struct error *error)
{
    size_t n_fit = MIN(n, engine_room(reaps->engine));
    struct reap *reap;

    if (n > 0 && (n_fit == 0 || (request->vif_ids && n_fit < n))) {
        return engine_has_room(reaps->engine, n, error);
    }
    reap = create(reaps, request, connection, n);
    if (n_fit < n) {
        reap->warnings[reap->n_warnings++] = xasprintf(
            "%zu more are stale than may wait at a time (max_queued); reap again", n - n_fit);
    }
    for (size_t i = 0; i < n_fit; i++) {
        struct error ignored; /* engine_room() says that the engine takes it. */

        reap->n_pending += engine_unplug_stale(
            reaps->engine, ids[i], request->timeout_ms,
            &(struct asker){.reply = unplugged, .aux = reap, .connection = connection}, &ignored);
    }
    if (reap->n_pending == 0) {
        finish(reap);
    }
    return true;
}

bool reaps_start(struct reaps *reaps, const struct request *request, uint64_t connection,
                 struct error *error)
{
    struct search search = {.boot_id = reaps->env->boot_id};
    const char(*named)[VIF_ID_MAX + 1] = (const char(*)[VIF_ID_MAX + 1]) request->vif_ids;
    bool started;

    find_all(reaps, &search);
    started = check_named(&search, request, error) &&
              unplug_all(reaps, request, connection,
                         named ? named : (const char(*)[VIF_ID_MAX + 1]) search.ids,
                         named ? request->n_vif_ids : search.n, error);
    free(search.ids);
    return started;
}
