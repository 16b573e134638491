/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply-ops.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "wire/json-make.h"
#include "wire/pieces.h"
#include "wire/reply-private.h"

struct reply_ops {
    struct pieces pieces;
};

struct reply_ops *reply_ops_new(const char *id, size_t n_under_way)
{
    struct reply_ops *ops = need_memory(calloc(1, sizeof *ops));

    pieces_init(&ops->pieces, id, "{\"n_under_way\":%zu,\"operations\":[", n_under_way);
    return ops;
}

static void put_client(struct json_object *object, const struct client *client)
{
    struct json_object *member = jnew_object();

    jadd_int(member, "uid", (int64_t)client->uid);
    if (client->pid > 0) {
        jadd_int(member, "pid", client->pid);
    }
    reply_add_string(member, "name", client->name);
    jadd(object, "client", member);
}

static void put_duration(struct json_object *object, int64_t us)
{
    char text[32];

    snprintf(text, sizeof text, "%.3f", (double)us / 1000.0);
    jadd(object, "duration_ms", json_object_new_double_s((double)us / 1000.0, text));
}

void reply_ops_add(struct reply_ops *ops, const struct op_view *op)
{
    struct json_object *object = jnew_object();

    jadd_int(object, "id", (int64_t)op->id);
    reply_add_string(object, "type", op->type);
    reply_add_string(object, "vif_id", op->vif_id);
    reply_add_string(object, "result", op->result);
    reply_add_string(object, "waits_for", op->waits_for);
    reply_add_string(object, "reason", op->reason);
    reply_add_string(object, "message", op->message);
    reply_add_string(object, "detail", op->detail);
    if (op->dry_run) {
        jadd_bool(object, "dry_run", true);
    }
    reply_add_string(object, "instance", op->instance);
    reply_add_string(object, "port", op->port);
    reply_add_string(object, "bridge", op->bridge);
    reply_add_string(object, "vf", op->vf);
    reply_add_string(object, "address", op->address);
    reply_add_time(object, "began", op->began_ms);
    put_duration(object, op->duration_us);
    if (op->client) {
        put_client(object, op->client);
    }
    pieces_add(&ops->pieces, object);
}

char *reply_ops_take(struct reply_ops *ops)
{
    return pieces_take(&ops->pieces);
}

char *reply_ops_finish(struct reply_ops *ops)
{
    char *text = pieces_finish(&ops->pieces, "]}}");

    free(ops);
    return text;
}
