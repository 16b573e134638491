/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/selection.h"
#include "ovs/ovs.h"
#include "util.h"
#include "wire/reply-stats.h"
#include "wire/reply.h"

/* VIFs in a piece: about 50 us to look for, more to show, because each has some 40 counters. */
enum { LOOKED_AT = 4, SHOWN = 2 };

/* The memory of a question with the counters of its VIFs, about, bytes. */
enum { STATS_QUESTION_SIZE = COUNTERS_VIFS_MAX * 4096 };

/* What the stream does with the VIFs of its question. */
enum stats_state {
    STATS_SEARCHES, /* Collects them. */
    STATS_ASKS,     /* Waits for their counters. */
    STATS_SHOWS     /* Makes pieces of them. */
};

struct stats {
    struct server_stream stream;
    struct selection selection;
    struct ovs_counters *counters;
    enum stats_state state;
    bool at_end; /* The selection has no more VIFs. */
    char vif_ids[COUNTERS_VIFS_MAX][VIF_ID_MAX + 1];
    size_t n;
    size_t shown; /* How many of them have been shown. */
    struct counters_question *question;
    bool any; /* A VIF was shown: the reply cannot be an error any more. */
    struct reply_stats *reply;
    char id[REQUEST_ID_MAX + 1]; /* Of the request, as JSON. */
};

static struct stats *stats_of(struct server_stream *stream)
{
    return CONTAINER_OF(stream, struct stats, stream);
}

static void collect(const struct vif_view *view, void *stats_)
{
    struct stats *stats = stats_;

    snprintf(stats->vif_ids[stats->n++], VIF_ID_MAX + 1, "%s", view->vif_id);
}

/* Asks for the counters of the VIFs that were collected. */
static void ask(struct stats *stats)
{
    const char *vif_ids[COUNTERS_VIFS_MAX];

    for (size_t i = 0; i < stats->n; i++) {
        vif_ids[i] = stats->vif_ids[i];
    }
    stats->question = ovs_counters_ask(stats->counters, vif_ids, stats->n);
    stats->state = STATS_ASKS;
}

static void search(struct stats *stats)
{
    for (int i = 0; i < LOOKED_AT && stats->n < COUNTERS_VIFS_MAX && !stats->at_end; i++) {
        stats->at_end = !selection_next(&stats->selection, collect, stats);
    }
    if (stats->n == COUNTERS_VIFS_MAX || (stats->n > 0 && stats->at_end)) {
        ask(stats);
    }
}

static void show(const struct vif_view *view, void *stats_)
{
    struct stats *stats = stats_;
    const struct port_counters *port = ovs_counters_of(stats->question, stats->shown);
    struct reply_counter *counters = xcalloc(port->n + 1, sizeof *counters);

    for (size_t i = 0; i < port->n; i++) {
        counters[i] = (struct reply_counter){port->items[i].name, port->items[i].value};
    }
    reply_stats_add(stats->reply, &(struct reply_stats_vif){.view = view,
                                                            .link_resets = port->link_resets,
                                                            .counters = counters,
                                                            .n_counters = port->n});
    stats->any = true;
    free(counters);
}

static void show_some(struct stats *stats)
{
    for (int i = 0; i < SHOWN && stats->shown < stats->n; i++) {
        selection_read(&stats->selection, stats->vif_ids[stats->shown], show, stats);
        stats->shown++;
    }
    if (stats->shown == stats->n) {
        ovs_counters_drop(stats->question);
        stats->question = NULL;
        stats->n = stats->shown = 0;
        stats->state = STATS_SEARCHES;
    }
}

/* Ends the reply. `error`: why VIFs are missing in it; NULL: none are. */
static char *finish(struct stats *stats, const struct error *error, bool *last)
{
    struct ovs_globals globals;
    char *text;

    *last = true;
    if (error && !stats->any) {
        return reply_error(stats->id, NULL, error);
    }
    ovs_globals(stats->selection.env->ovs, &globals);
    text =
        reply_stats_finish(stats->reply, globals.stats_interval_ms, error ? error->message : NULL);
    stats->reply = NULL;
    return text;
}

static char *next_stats(struct server_stream *stream, bool *last)
{
    struct stats *stats = stats_of(stream);
    struct error error;

    switch (stats->state) {
    case STATS_SEARCHES:
        search(stats);
        break;
    case STATS_ASKS:
        switch (ovs_counters_state(stats->question, &error)) {
        case COUNTERS_WAITING:
            return NULL;
        case COUNTERS_FAILED:
            return finish(stats, &error, last);
        case COUNTERS_THERE:
            stats->state = STATS_SHOWS;
        }
        break;
    case STATS_SHOWS:
        show_some(stats);
        break;
    }
    if (stats->state != STATS_SEARCHES || !stats->at_end) {
        return stats->any ? reply_stats_take(stats->reply) : xstrdup("");
    }
    if (!stats->any && stats->selection.filter.name[0]) {
        selection_error(&stats->selection.filter, 0, "", &error);
        return finish(stats, &error, last);
    }
    return finish(stats, NULL, last);
}

static void destroy_stats(struct server_stream *stream)
{
    struct stats *stats = stats_of(stream);

    ovs_counters_drop(stats->question);
    if (stats->reply) {
        free(reply_stats_finish(stats->reply, 0, NULL));
    }
    selection_destroy(&stats->selection);
    free(stats);
}

struct server_stream *stats_create(const struct engine_env *env, const struct watch *watch,
                                   struct ovs_counters *counters, const struct request *request)
{
    struct stats *stats = xzalloc(sizeof *stats);

    selection_init(&stats->selection, env, watch, &request->filter);
    stats->counters = counters;
    stats->reply = reply_stats_new(request->id);
    strcpy(stats->id, request->id);
    stats->stream = (struct server_stream){
        .next = next_stats,
        .destroy = destroy_stats,
        .size = sizeof *stats + selection_size(&stats->selection) + STATS_QUESTION_SIZE,
    };
    return &stats->stream;
}
