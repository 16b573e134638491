/* SPDX-License-Identifier: Apache-2.0 */
/* Reaping: stale VIFs are unplugged, each by an operation of its own, and replied to together. */

#include "engine/engine-private.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

struct reap {
    char id[REQUEST_ID_MAX + 1];
    uint64_t connection;
    size_t n_pending;
    char **removed;
    size_t n_removed;
    char **warnings;
    size_t n_warnings;
};

static void finish(struct engine *engine, struct reap *reap)
{
    const struct reap_result result = {
        .connection = reap->connection,
        .request_id = reap->id,
        .removed = (const char *const *)reap->removed,
        .n_removed = reap->n_removed,
        .warnings = (const char *const *)reap->warnings,
        .n_warnings = reap->n_warnings,
    };

    engine->env.reaped(engine->env.aux, &result);
    for (size_t i = 0; i < reap->n_removed; i++) {
        free(reap->removed[i]);
    }
    for (size_t i = 0; i < reap->n_warnings; i++) {
        free(reap->warnings[i]);
    }
    free(reap->removed);
    free(reap->warnings);
    free(reap);
}

void engine_reap_ended(struct engine *engine, struct op *op)
{
    struct reap *reap = op->reap;

    if (!reap) {
        return;
    }
    if (op->succeeded && op->changed) {
        reap->removed[reap->n_removed++] = xstrdup(op->request.vif_id);
    }
    if (!op->succeeded) {
        reap->warnings[reap->n_warnings++] =
            xasprintf("VIF %s could not be removed: %s", op->request.vif_id, op->error.message);
    }
    if (--reap->n_pending == 0) {
        finish(engine, reap);
    }
}

struct search {
    const struct engine *engine;
    char (*ids)[VIF_ID_MAX + 1];
    size_t n;
    size_t allocated;
};

static bool is_stale(const struct engine *engine, const struct record *record)
{
    return record->ours && strcmp(record->boot_id, engine->env.boot_id) != 0;
}

static void find_stale(const struct record *record, void *search_)
{
    struct search *search = search_;

    if (is_stale(search->engine, record)) {
        if (search->n == search->allocated) {
            search->ids = x2nrealloc(search->ids, &search->allocated, sizeof *search->ids);
        }
        memcpy(search->ids[search->n++], record->spec.vif_id, sizeof *search->ids);
    }
}

static bool check_named(const struct engine *engine, const struct request *request,
                        struct error *error)
{
    for (size_t i = 0; i < request->n_vif_ids; i++) {
        struct record record;
        bool stale = false;

        if (ovs_find_vif(engine->env.ovs, request->vif_ids[i], &record)) {
            stale = is_stale(engine, &record);
            record_destroy(&record);
        }
        if (!stale) {
            return error_set(error, REASON_INVALID_REQUEST, "params.vif_ids",
                             "VIF %s is not stale; 'list' shows those that are, and 'unplug' "
                             "removes any.",
                             request->vif_ids[i]);
        }
    }
    return true;
}

bool engine_reap(struct engine *engine, const struct request *request, uint64_t connection,
                 struct error *error)
{
    struct search search = {.engine = engine};
    const char(*ids)[VIF_ID_MAX + 1] = (const char(*)[VIF_ID_MAX + 1]) request->vif_ids;
    size_t n = request->n_vif_ids;
    size_t n_fit;
    struct reap *reap;

    if (!check_named(engine, request, error)) {
        return false;
    }
    if (!ids) {
        ovs_for_each_vif(engine->env.ovs, NULL, find_stale, &search);
        ids = (const char(*)[VIF_ID_MAX + 1]) search.ids;
        n = search.n;
    }
    n_fit = MIN(n, engine_room(engine));
    if (n > 0 && (n_fit == 0 || (request->vif_ids && n_fit < n))) {
        free(search.ids);
        return engine_has_room(engine, n, error);
    }
    reap = xzalloc(sizeof *reap);
    memcpy(reap->id, request->id, sizeof reap->id);
    reap->connection = connection;
    reap->n_pending = n;
    reap->removed = xcalloc(n + 1, sizeof *reap->removed);
    reap->warnings = xcalloc(n + 2, sizeof *reap->warnings);
    if (n_fit < n) {
        reap->warnings[reap->n_warnings++] = xasprintf(
            "%zu more are stale than may wait at a time (max_queued); reap again", n - n_fit);
        reap->n_pending = n = n_fit;
    }
    for (size_t i = 0; i < n; i++) {
        struct request unplug = {.id = "null", .method = METHOD_UNPLUG};
        struct op *op;

        unplug.timeout_ms = request->timeout_ms;
        memcpy(unplug.vif_id, ids[i], sizeof unplug.vif_id);
        op = engine_add(engine, OP_UNPLUG, &unplug, 0);
        op->only_stale = true;
        op->reap = reap;
    }
    free(search.ids);
    if (n == 0) {
        finish(engine, reap);
    }
    return true;
}
