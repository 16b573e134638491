/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply-metrics.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/json-make.h"
#include "wire/pieces.h"
#include "wire/reply-private.h"

struct reply_metrics {
    struct pieces pieces;
};

struct reply_metrics *reply_metrics_new(const char *id)
{
    struct reply_metrics *metrics = need_memory(calloc(1, sizeof *metrics));

    pieces_init(&metrics->pieces, id, "{\"content_type\":\"" METRICS_CONTENT_TYPE "\",\"text\":\"");
    return metrics;
}

void reply_metrics_add(struct reply_metrics *metrics, const char *text)
{
    struct json_object *string = reply_string(text);
    const char *quoted = jtext(string);

    fprintf(metrics->pieces.stream, "%.*s", (int)strlen(quoted) - 2, quoted + 1);
    json_object_put(string);
}

char *reply_metrics_take(struct reply_metrics *metrics)
{
    return pieces_take(&metrics->pieces);
}

char *reply_metrics_finish(struct reply_metrics *metrics)
{
    char *text = pieces_finish(&metrics->pieces, "\"}}");

    free(metrics);
    return text;
}
