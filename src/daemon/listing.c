/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listing.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/view.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "sset.h"
#include "util.h"
#include "wire/reply.h"
#include "wire/request.h"

/* VIFs per pass: about a millisecond. */
enum { VIFS_PER_PASS = 64 };

struct listing {
    struct ovs_list node;
    char id[REQUEST_ID_MAX + 1];
    uint64_t connection;
    struct reply_list *reply; /* NULL: not begun. */
    char **vif_ids;           /* The VIFs to show, from `next` on. */
    size_t n;
    size_t next;
};

struct listings {
    const struct engine_env *env;
    const struct watch *watch;
    struct server *server;
    struct ovs_list queue;
};

struct listings *listings_create(const struct engine_env *env, const struct watch *watch,
                                 struct server *server)
{
    struct listings *listings = xzalloc(sizeof *listings);

    listings->env = env;
    listings->watch = watch;
    listings->server = server;
    ovs_list_init(&listings->queue);
    return listings;
}

static void free_listing(struct listing *listing)
{
    ovs_list_remove(&listing->node);
    for (size_t i = listing->next; i < listing->n; i++) {
        free(listing->vif_ids[i]);
    }
    free(listing->vif_ids);
    free(listing);
}

void listings_destroy(struct listings *listings)
{
    struct listing *listing;

    LIST_FOR_EACH_SAFE (listing, node, &listings->queue) {
        if (listing->reply) {
            free(reply_list_finish(listing->reply));
        }
        free_listing(listing);
    }
    free(listings);
}

void listings_add(struct listings *listings, const char *id, uint64_t connection)
{
    struct listing *listing = xzalloc(sizeof *listing);

    memcpy(listing->id, id, strlen(id) + 1);
    listing->connection = connection;
    ovs_list_push_back(&listings->queue, &listing->node);
}

static void begin(const struct listings *listings, struct listing *listing)
{
    listing->reply = reply_list_new(listing->id);
    char **missing;
    size_t n_missing;

    listing->vif_ids = ovs_vif_ids(listings->env->ovs, &listing->n);
    missing = watch_missing_ids(listings->watch, &n_missing);
    listing->vif_ids =
        xrealloc(listing->vif_ids, (listing->n + n_missing + 1) * sizeof *listing->vif_ids);
    memcpy(listing->vif_ids + listing->n, missing, n_missing * sizeof *missing);
    listing->n += n_missing;
    free(missing);
}

static void show(const struct listings *listings, struct listing *listing, const char *vif_id)
{
    const struct engine_env *env = listings->env;
    struct drift drift[DRIFT_MAX];
    bool missing = false;
    struct record record;
    struct view view;

    if (!ovs_find_vif(env->ovs, vif_id, &record)) {
        missing = watch_find_missing(listings->watch, vif_id, &record);
        if (!missing) {
            return;
        }
    }
    view_init_now(&view, env, &record, missing);
    view_add_drift(&view, drift, watch_drift(listings->watch, &record, drift));
    reply_list_add(listing->reply, &view.vif);
    view_destroy(&view);
    record_destroy(&record);
}

static void finish(const struct listings *listings, struct listing *listing)
{
    server_reply(listings->server, listing->connection, reply_list_finish(listing->reply), false);
    free_listing(listing);
}

void listings_run(struct listings *listings)
{
    size_t budget = VIFS_PER_PASS;
    struct listing *listing;

    LIST_FOR_EACH_SAFE (listing, node, &listings->queue) {
        if (budget == 0) {
            break;
        }
        if (!listing->reply) {
            begin(listings, listing);
        }
        for (; budget > 0 && listing->next < listing->n; budget--) {
            char *vif_id = listing->vif_ids[listing->next++];

            show(listings, listing, vif_id);
            free(vif_id);
        }
        if (listing->next == listing->n) {
            finish(listings, listing);
            budget -= budget > 0; /* An empty list is work, too. */
        }
    }
}

void listings_wait(const struct listings *listings)
{
    if (!ovs_list_is_empty(&listings->queue)) {
        poll_immediate_wake();
    }
}
