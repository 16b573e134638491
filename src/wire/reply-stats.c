/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply-stats.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "base/memory.h"
#include "wire/json-make.h"
#include "wire/pieces.h"
#include "wire/reply-private.h"

struct reply_stats {
    struct pieces pieces;
};

struct reply_stats *reply_stats_new(const char *id)
{
    struct reply_stats *stats = need_memory(calloc(1, sizeof *stats));

    pieces_init(&stats->pieces, id, "{\"stats\":[");
    return stats;
}

static const char *instance_of(const struct vif_view *view)
{
    for (size_t i = 0; i < view->n_external_ids; i++) {
        if (!strcmp(view->external_ids[i].key, KEY_VM_UUID)) {
            return view->external_ids[i].value;
        }
    }
    return NULL;
}

void reply_stats_add(struct reply_stats *stats, const struct reply_stats_vif *vif)
{
    const struct vif_view *view = vif->view;
    struct json_object *object = jnew_object();
    struct json_object *statistics = jnew_object();

    reply_add_string(object, "vif_id", view->vif_id);
    reply_add_string(object, "instance", instance_of(view));
    reply_add_string(object, "bridge", view->bridge);
    reply_add_string(object, "port", view->port);
    reply_add_string(object, "state", vif_state_name(view->state));
    reply_add_string(object, "link_state", view->link_state);
    if (vif->link_resets >= 0) {
        jadd_int(object, "link_resets", vif->link_resets);
    }
    put_tag(object, view->has_tag, view->tag);
    reply_add_string(object, "error", view->error);
    for (size_t i = 0; i < vif->n_counters; i++) {
        jset(statistics, vif->counters[i].name,
             need_memory(json_object_new_int64(vif->counters[i].value)));
    }
    jadd(object, "statistics", statistics);
    pieces_add(&stats->pieces, object);
}

char *reply_stats_take(struct reply_stats *stats)
{
    return pieces_take(&stats->pieces);
}

char *reply_stats_finish(struct reply_stats *stats, int interval_ms, const char *warning)
{
    struct json_object *warnings = jnew_array(1);
    char *text;

    if (warning) {
        jappend(warnings, reply_string(warning));
    }
    text = pieces_finish(&stats->pieces, "],\"interval_ms\":%d,\"warnings\":%s}}", interval_ms,
                         jtext(warnings));
    json_object_put(warnings);
    free(stats);
    return text;
}
