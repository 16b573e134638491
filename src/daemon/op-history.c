/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/op-history.h"

#include <stdlib.h>

#include "base/op-view.h"
#include "util.h"
#include "wire/reply-ops.h"

/* Operations in a piece: about 50 us. */
enum { OPS_PER_PIECE = 8 };

/* A summary that owns what it has. */
struct kept {
    struct op_summary summary; /* Without error and waits_for. */
    enum reason reason;
    char *text;   /* The error's message, or what it waits for; or NULL. */
    char *detail; /* The error's; or NULL. */
};

struct op_history {
    struct kept ring[OP_HISTORY_MAX];
    size_t n; /* All that were added. */
};

struct op_history *op_history_create(void)
{
    return xzalloc(sizeof(struct op_history));
}

static void forget(struct kept *kept)
{
    free(kept->text);
    free(kept->detail);
}

void op_history_destroy(struct op_history *history)
{
    for (size_t i = 0; i < OP_HISTORY_MAX; i++) {
        forget(&history->ring[i]);
    }
    free(history);
}

static void keep(struct kept *kept, const struct op_summary *summary)
{
    const struct error *error = summary->error;

    kept->summary = *summary;
    kept->summary.error = NULL;
    kept->summary.waits_for = NULL;
    kept->reason = error ? error->reason : REASON_NONE;
    kept->text = nullable_xstrdup(error ? error->message : summary->waits_for);
    kept->detail = error && error->detail[0] ? xstrdup(error->detail) : NULL;
}

void op_history_add(struct op_history *history, const struct op_summary *summary)
{
    struct kept *kept = &history->ring[history->n % OP_HISTORY_MAX];

    if (!summary->dry_run) {
        forget(kept);
        keep(kept, summary);
        history->n++;
    }
}

/* --- The reply. --- */

struct show {
    struct server_stream stream;
    struct reply_ops *reply;
    struct kept *ops;
    size_t n;
    size_t next;
};

static struct show *show_of(struct server_stream *stream)
{
    return CONTAINER_OF(stream, struct show, stream);
}

static void show_op(struct reply_ops *reply, const struct kept *kept)
{
    const struct op_summary *summary = &kept->summary;
    bool under_way = summary->end == OP_END_NONE;

    reply_ops_add(reply, &(struct op_view){
                             .id = summary->id,
                             .type = summary->type,
                             .result = op_end_name(summary->end),
                             .dry_run = summary->dry_run,
                             .vif_id = summary->vif_id,
                             .instance = summary->instance,
                             .port = summary->port,
                             .bridge = summary->bridge,
                             .vf = summary->vf,
                             .address = summary->address,
                             .waits_for = under_way ? kept->text : NULL,
                             .reason = kept->reason ? reason_name(kept->reason) : NULL,
                             .message = under_way ? NULL : kept->text,
                             .detail = kept->detail,
                             .began_ms = summary->began_ms,
                             .duration_us = summary->duration_us,
                             .client = summary->internal ? NULL : &summary->client,
                         });
}

static char *next_ops(struct server_stream *stream, bool *last)
{
    struct show *show = show_of(stream);
    size_t end = MIN(show->n, show->next + OPS_PER_PIECE);
    char *text;

    for (; show->next < end; show->next++) {
        show_op(show->reply, &show->ops[show->next]);
    }
    *last = end == show->n;
    if (!*last) {
        return reply_ops_take(show->reply);
    }
    text = reply_ops_finish(show->reply);
    show->reply = NULL;
    return text;
}

static void destroy_show(struct server_stream *stream)
{
    struct show *show = show_of(stream);

    if (show->reply) {
        free(reply_ops_finish(show->reply));
    }
    for (size_t i = 0; i < show->n; i++) {
        forget(&show->ops[i]);
    }
    free(show->ops);
    free(show);
}

static void add_under_way(const struct op_summary *summary, void *show_)
{
    struct show *show = show_;

    keep(&show->ops[show->n++], summary);
}

struct server_stream *op_history_show(const struct op_history *history, const struct engine *engine,
                                      size_t limit, bool with_details, const char *id)
{
    size_t n_kept = MIN(history->n, OP_HISTORY_MAX);
    size_t n_ended = MIN(n_kept, limit);
    size_t n_shown = MIN(engine_n_ops(engine), OP_HISTORY_MAX);
    struct show *show = xzalloc(sizeof *show);

    show->ops = xmalloc((n_ended + n_shown + 1) * sizeof *show->ops);
    for (size_t i = history->n - n_ended; i < history->n; i++) {
        struct kept *copy = &show->ops[show->n++];

        *copy = history->ring[i % OP_HISTORY_MAX];
        copy->text = nullable_xstrdup(copy->text);
        copy->detail = with_details ? nullable_xstrdup(copy->detail) : NULL;
    }
    show->reply = reply_ops_new(id, engine_for_each_op(engine, n_shown, add_under_way, show));
    show->stream = (struct server_stream){
        .next = next_ops,
        .destroy = destroy_show,
        .size = sizeof *show + show->n * (sizeof *show->ops + ERROR_TEXT_LEN + ERROR_DETAIL_LEN),
    };
    return &show->stream;
}
