/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/guests.h"
#include "daemon/view.h"
#include "openvswitch/list.h"
#include "ovs/vswitchd.h"
#include "timeval.h"
#include "util.h"
#include "wire/reply.h"

/* A search takes milliseconds, and peers that may only read can ask for it as often as they like.
 * So after one of their dry runs, there is none for so many times as long as it took. */
enum { DRY_RUN_PAUSE = 20 };

struct reaps {
    const struct engine_env *env;
    struct engine *engine;
    struct server *server;
    struct ovs_list list;          /* List of struct reap: the reaps under way. */
    long long int dry_run_from_us; /* When peers that may only read can try a reap again. */
};

struct reap {
    struct ovs_list node;
    struct reaps *reaps;
    uint64_t connection;
    size_t n_pending;
    struct reply_reap *reply;
};

struct reaps *reaps_create(const struct engine_env *env, struct engine *engine,
                           struct server *server)
{
    struct reaps *reaps = xmalloc(sizeof *reaps);

    *reaps = (struct reaps){.env = env, .engine = engine, .server = server};
    ovs_list_init(&reaps->list);
    return reaps;
}

/* Ends a reap. Returns its reply. */
static char *end(struct reap *reap)
{
    char *line = reply_reap_finish(reap->reply);

    ovs_list_remove(&reap->node);
    free(reap);
    return line;
}

void reaps_destroy(struct reaps *reaps)
{
    struct reap *reap;

    LIST_FOR_EACH_SAFE (reap, node, &reaps->list) {
        free(end(reap));
    }
    free(reaps);
}

static void finish(struct reap *reap)
{
    struct server *server = reap->reaps->server;
    uint64_t connection = reap->connection;

    server_reply(server, connection, end(reap), false);
}

static void warn(struct reap *reap, const char *format, ...) OVS_PRINTF_FORMAT(2, 3);

static void warn(struct reap *reap, const char *format, ...)
{
    char *text;
    va_list args;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    reply_reap_warn(reap->reply, text);
    free(text);
}

/* Called when an unplug of the reap has ended. */
static void unplugged(void *reap_, const struct op_result *result)
{
    const struct op_plan *plan = result->plan;
    struct reap *reap = reap_;

    if (result->error) {
        warn(reap, "VIF %s could not be removed: %s", result->vif_id, result->error->message);
    } else if (result->changed) {
        reply_reap_removed(reap->reply, result->vif_id);
        if (plan) {
            reply_reap_plan(reap->reply, result->vif_id,
                            &(struct reply_plan){.action = plan->action,
                                                 .why = plan->why,
                                                 .operations = plan->operations,
                                                 .n_operations = plan->n_operations});
        }
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

/* A VIF's vhost-user socket, or "" in `path`. */
static void socket_of(const struct engine_env *env, const struct record *record,
                      char path[3 * VIF_PATH_MAX])
{
    char sock_dir[2 * VIF_PATH_MAX];
    struct view view;

    ovs_vhost_sock_dir(env->ovs, env->run_dir, sock_dir, sizeof sock_dir);
    view_init(&view, record, env->nic, sock_dir, STATE_STALE);
    snprintf(path, (size_t)3 * VIF_PATH_MAX, "%s", view.vif.vhost_path ? view.vif.vhost_path : "");
    view_destroy(&view);
}

static char *why_kept(const struct engine_env *env, const struct guests *guests, const char *vif_id)
{
    char path[3 * VIF_PATH_MAX];
    struct record record;
    char *why;

    if (!ovs_find_vif(env->ovs, vif_id, &record)) {
        return guests_use(guests, vif_id, NULL, NULL);
    }
    socket_of(env, &record, path);
    why = guests_use(guests, vif_id, &record, path);
    record_destroy(&record);
    return why;
}

/* Takes VIFs that a guest uses out of the search. A VIF that is named is removed all the same. */
static bool keep_used(const struct reaps *reaps, struct search *search, struct reply_reap *reply,
                      struct error *error)
{
    struct guests guests;
    size_t n = 0;

    if (search->n == 0) {
        return true;
    }
    if (vswitchd_is_elsewhere(reaps->env->vswitchd)) {
        return error_set(error, REASON_NOT_REALIZED, "",
                         "vifplugd is in another network namespace than ovs-vswitchd, so guests "
                         "which use VIFs are not known; run vifplugd's container with the host's "
                         "network, or name the VIFs to remove.");
    }
    if (!guests_read(&guests, GUESTS_UNIX_TABLE, reaps->env->links, error)) {
        return false;
    }
    for (size_t i = 0; i < search->n; i++) {
        char *why = why_kept(reaps->env, &guests, search->ids[i]);

        if (why) {
            reply_reap_kept(reply, search->ids[i], why);
            free(why);
        } else {
            memmove(search->ids[n++], search->ids[i], sizeof search->ids[i]);
        }
    }
    search->n = n;
    guests_destroy(&guests);
    return true;
}

/* Makes the search that of the VIFs that the request names. */
static bool take_named(struct search *search, const struct request *request, struct error *error)
{
    if (!check_named(search, request, error)) {
        return false;
    }
    search->n = 0;
    for (size_t i = 0; i < request->n_vif_ids; i++) {
        add_id(search, request->vif_ids[i]);
    }
    return true;
}

static void unplug_all(struct reap *reap, const struct request *request, const struct asker *asker,
                       const struct search *search)
{
    struct engine *engine = reap->reaps->engine;
    size_t n_fit = MIN(search->n, engine_room(engine, asker));

    if (n_fit < search->n) {
        warn(reap, "%zu more are stale than may wait at a time (max_queued); reap again",
             search->n - n_fit);
    }
    for (size_t i = 0; i < n_fit; i++) {
        struct error ignored; /* engine_room() says that the engine takes it. */

        reap->n_pending += engine_unplug_stale(engine, search->ids[i], request->timeout_ms,
                                               request->dry_run, asker, &ignored);
    }
    if (reap->n_pending == 0) {
        finish(reap);
    }
}

static bool start(struct reaps *reaps, const struct request *request, const struct peer *peer,
                  struct error *error)
{
    struct search search = {.boot_id = reaps->env->boot_id};
    struct reap *reap = xzalloc(sizeof *reap);
    const struct asker asker = {.reply = unplugged,
                                .aux = reap,
                                .connection = peer->connection,
                                .owner = peer->uid,
                                .privileged = peer->privileged,
                                .client = peer->client};
    size_t n_fit;
    bool ok;

    *reap = (struct reap){
        .reaps = reaps, .connection = peer->connection, .reply = reply_reap_new(request->id)};
    ovs_list_push_back(&reaps->list, &reap->node);
    find_all(reaps, &search);
    ok = request->vif_ids ? take_named(&search, request, error)
                          : keep_used(reaps, &search, reap->reply, error);
    n_fit = ok ? MIN(search.n, engine_room(reaps->engine, &asker)) : 0;
    if (ok && search.n > 0 && (n_fit == 0 || (request->vif_ids && n_fit < search.n))) {
        ok = engine_has_room(reaps->engine, &asker, search.n, error);
    }
    if (ok) {
        unplug_all(reap, request, &asker, &search);
    } else {
        free(end(reap));
    }
    free(search.ids);
    return ok;
}

bool reaps_start(struct reaps *reaps, const struct request *request, const struct peer *peer,
                 struct error *error)
{
    bool limited = request->dry_run && peer->level != ACCESS_ALL;
    long long int began = time_usec();
    bool started;

    if (limited && began < reaps->dry_run_from_us) {
        return error_set(
            error, REASON_BUSY, "",
            "A dry run of reap looks at all VIFs and guests, and another was just made; try "
            "again in %lld ms.",
            (reaps->dry_run_from_us - began) / 1000 + 1);
    }
    started = start(reaps, request, peer, error);
    if (limited) {
        long long int now = time_usec();

        reaps->dry_run_from_us = now + DRY_RUN_PAUSE * (now - began);
    }
    return started;
}
