/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listing.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/selection.h"
#include "nic/nic-list.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"
#include "wire/reply-nics.h"
#include "wire/reply.h"
#include "wire/request.h"

/* VIFs, or PFs and VFs, in a piece: about 50 us. */
enum { ITEMS_PER_PIECE = 4 };

/* How many VIFs an error names. */
enum { VIFS_NAMED = 4 };

/* --- VIFs. --- */

struct listing {
    struct server_stream stream;
    struct selection selection;
    struct reply_list *reply;
};

static struct listing *listing_of(struct server_stream *stream)
{
    return CONTAINER_OF(stream, struct listing, stream);
}

static void show_vif(const struct vif_view *view, void *listing_)
{
    struct listing *listing = listing_;

    reply_list_add(listing->reply, view);
}

static char *next_vifs(struct server_stream *stream, bool *last)
{
    struct listing *listing = listing_of(stream);
    char *text;

    for (int i = 0; i < ITEMS_PER_PIECE && !*last; i++) {
        *last = !selection_next(&listing->selection, show_vif, listing);
    }
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
    selection_destroy(&listing->selection);
    free(listing);
}

struct server_stream *listing_create(const struct engine_env *env, const struct watch *watch,
                                     const struct request *request)
{
    struct listing *listing = xzalloc(sizeof *listing);

    selection_init(&listing->selection, env, watch, &request->filter);
    listing->reply = reply_list_new(request->id);
    listing->stream = (struct server_stream){
        .next = next_vifs,
        .destroy = destroy_listing,
        .size = sizeof *listing + selection_size(&listing->selection),
    };
    return &listing->stream;
}

/* --- One VIF. --- */

struct search {
    struct server_stream stream;
    struct selection selection;
    char id[REQUEST_ID_MAX + 1]; /* Of the request, as JSON. */
    char *reply;                 /* With the first VIF that was found; or NULL. */
    size_t n;                    /* How many were found. */
    struct ds vif_ids;           /* The first few of them. */
};

static struct search *search_of(struct server_stream *stream)
{
    return CONTAINER_OF(stream, struct search, stream);
}

static void found_vif(const struct vif_view *view, void *search_)
{
    struct search *search = search_;

    if (search->n == 0) {
        search->reply = reply_vif(search->id, view);
    }
    if (search->n < VIFS_NAMED) {
        ds_put_format(&search->vif_ids, "%s%s", search->n ? ", " : "", view->vif_id);
    } else if (search->n == VIFS_NAMED) {
        ds_put_cstr(&search->vif_ids, ", ...");
    }
    search->n++;
}

static char *next_of_search(struct server_stream *stream, bool *last)
{
    struct search *search = search_of(stream);
    struct error error;
    char *reply;

    for (int i = 0; i < ITEMS_PER_PIECE; i++) {
        if (!selection_next(&search->selection, found_vif, search)) {
            *last = true;
            reply = search->reply;
            if (search->n != 1) {
                selection_error(&search->selection.filter, search->n, ds_cstr(&search->vif_ids),
                                &error);
                return reply_error(search->id, NULL, &error);
            }
            search->reply = NULL;
            return reply;
        }
    }
    return xstrdup("");
}

static void destroy_search(struct server_stream *stream)
{
    struct search *search = search_of(stream);

    selection_destroy(&search->selection);
    ds_destroy(&search->vif_ids);
    free(search->reply);
    free(search);
}

struct server_stream *search_create(const struct engine_env *env, const struct watch *watch,
                                    const struct request *request)
{
    struct search *search = xzalloc(sizeof *search);

    selection_init(&search->selection, env, watch, &request->filter);
    ds_init(&search->vif_ids);
    strcpy(search->id, request->id);
    search->stream = (struct server_stream){
        .next = next_of_search,
        .destroy = destroy_search,
        .size = sizeof *search + selection_size(&search->selection),
    };
    return &search->stream;
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
