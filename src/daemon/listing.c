/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listing.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/view.h"
#include "nic/nic-list.h"
#include "util.h"
#include "wire/reply-nics.h"
#include "wire/reply.h"
#include "wire/request.h"

/* VIFs, or PFs and VFs, in a piece: about 50 us. */
enum { ITEMS_PER_PIECE = 4 };

/* --- VIFs. --- */

struct listing {
    struct server_stream stream;
    const struct engine_env *env;
    const struct watch *watch;
    struct reply_list *reply;
    char **vif_ids; /* The VIFs to show, from `next` on. */
    size_t n;
    size_t next;
};

static struct listing *listing_of(struct server_stream *stream)
{
    return CONTAINER_OF(stream, struct listing, stream);
}

static void show_vif(const struct listing *listing, const char *vif_id)
{
    const struct engine_env *env = listing->env;
    struct drift drift[DRIFT_MAX];
    bool missing = false;
    struct record record;
    struct view view;

    if (!ovs_find_vif(env->ovs, vif_id, &record)) {
        missing = watch_find_missing(listing->watch, vif_id, &record);
        if (!missing) {
            return;
        }
    }
    view_init_now(&view, env, &record, missing);
    view_add_drift(&view, drift, watch_drift(listing->watch, &record, drift));
    reply_list_add(listing->reply, &view.vif);
    view_destroy(&view);
    record_destroy(&record);
}

static char *next_vifs(struct server_stream *stream, bool *last)
{
    struct listing *listing = listing_of(stream);
    size_t end = MIN(listing->n, listing->next + ITEMS_PER_PIECE);
    char *text;

    for (; listing->next < end; listing->next++) {
        show_vif(listing, listing->vif_ids[listing->next]);
        free(listing->vif_ids[listing->next]);
    }
    *last = end == listing->n;
    if (!*last) {
        return reply_list_take(listing->reply);
    }
    text = reply_list_finish(listing->reply);
    listing->reply = NULL;
    return text;
}

static void destroy_listing(struct server_stream *stream)
{
    struct listing *listing = listing_of(stream);

    if (listing->reply) {
        free(reply_list_finish(listing->reply));
    }
    for (size_t i = listing->next; i < listing->n; i++) {
        free(listing->vif_ids[i]);
    }
    free(listing->vif_ids);
    free(listing);
}

/* The ids of all VIFs, and of those that are missing. */
static char **all_ids(const struct engine_env *env, const struct watch *watch, size_t *n)
{
    char **ids = ovs_vif_ids(env->ovs, n);
    size_t n_missing;
    char **missing = watch_missing_ids(watch, &n_missing);

    ids = xrealloc(ids, (*n + n_missing + 1) * sizeof *ids);
    memcpy(ids + *n, missing, n_missing * sizeof *missing);
    *n += n_missing;
    free(missing);
    return ids;
}

struct server_stream *listing_create(const struct engine_env *env, const struct watch *watch,
                                     const char *id)
{
    struct listing *listing = xzalloc(sizeof *listing);

    listing->env = env;
    listing->watch = watch;
    listing->reply = reply_list_new(id);
    listing->vif_ids = all_ids(env, watch, &listing->n);
    listing->stream = (struct server_stream){
        .next = next_vifs,
        .destroy = destroy_listing,
        .size = sizeof *listing + listing->n * (sizeof *listing->vif_ids + VIF_ID_MAX),
    };
    return &listing->stream;
}

/* --- PFs and VFs. --- */

struct nics {
    struct server_stream stream;
    const struct engine_env *env;
    struct nic_scanner *scanner;
    uint64_t number;       /* Of the scan that was asked for. */
    struct nic_scan *scan; /* NULL: not there yet. */
    struct nic_position next;
    struct reply_nics *reply;
};

static struct nics *nics_of(struct server_stream *stream)
{
    return CONTAINER_OF(stream, struct nics, stream);
}

static void show_pf(const struct nic_pf_view *pf, void *nics_)
{
    struct nics *nics = nics_;

    reply_nics_add_pf(nics->reply, pf);
}

/* Adds the user of the VF: a VIF of this daemon, or a port of others. */
static void show_vf(const struct nic_pf_view *pf, const struct nic_vf_view *vf, void *nics_)
{
    struct nics *nics = nics_;
    struct nic_vf_view view = *vf;
    struct record owner;

    record_init(&owner);
    if (vf->vf_num >= 0 && ovs_find_vf_owner(nics->env->ovs, &pf->pf, vf->vf_num, NULL, &owner)) {
        view.vif_id = owner.spec.vif_id;
        view.port = owner.ours ? NULL : owner.spec.port;
    }
    reply_nics_add_vf(nics->reply, &view);
    record_destroy(&owner);
}

static char *next_nics(struct server_stream *stream, bool *last)
{
    struct nics *nics = nics_of(stream);
    const struct nic_visitor visitor = {.pf = show_pf, .vf = show_vf, .aux = nics};
    char *text;

    nics->scan = nics->scan ? nics->scan : nic_scanner_take(nics->scanner, nics->number);
    if (!nics->scan) {
        return NULL;
    }
    *last = !nic_list_visit(nic_scan_list(nics->scan), &nics->next, ITEMS_PER_PIECE, &visitor);
    if (!*last) {
        return reply_nics_take(nics->reply);
    }
    text = reply_nics_finish(nics->reply);
    nics->reply = NULL;
    return text;
}

static void destroy_nics(struct server_stream *stream)
{
    struct nics *nics = nics_of(stream);

    if (nics->reply) {
        free(reply_nics_finish(nics->reply));
    }
    nic_scan_release(nics->scan);
    free(nics);
}

struct server_stream *nics_create(const struct engine_env *env, struct nic_scanner *scanner,
                                  const char *id)
{
    struct nics *nics = xzalloc(sizeof *nics);

    nics->env = env;
    nics->scanner = scanner;
    nics->number = nic_scanner_ask(scanner);
    nics->reply = reply_nics_new(id);
    nics->stream =
        (struct server_stream){.next = next_nics, .destroy = destroy_nics, .size = sizeof *nics};
    return &nics->stream;
}
