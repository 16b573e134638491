/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply-check.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/display.h"
#include "base/memory.h"
#include "wire/json-make.h"
#include "wire/pieces.h"
#include "wire/reply-private.h"

struct reply_check {
    struct pieces pieces;
};

struct reply_check *reply_check_new(const char *id)
{
    struct reply_check *check = need_memory(calloc(1, sizeof *check));

    pieces_init(&check->pieces, id, "{\"checks\":[");
    return check;
}

void reply_check_add(struct reply_check *check, const struct check_view *finding)
{
    struct json_object *object = jnew_object();
    char *message = need_memory(display_copy(finding->message));

    reply_add_string(object, "check", finding->check);
    reply_add_string(object, "result", finding->result);
    reply_add_string(object, "object", finding->object);
    reply_add_string(object, "message", message);
    pieces_add(&check->pieces, object);
    free(message);
}

char *reply_check_take(struct reply_check *check)
{
    return pieces_take(&check->pieces);
}

char *reply_check_finish(struct reply_check *check, const struct check_counts *counts)
{
    struct json_object *object = jnew_object();
    char *text;

    jadd_int(object, "pass", (int64_t)counts->pass);
    jadd_int(object, "warn", (int64_t)counts->warn);
    jadd_int(object, "fail", (int64_t)counts->fail);
    text = pieces_finish(&check->pieces, "],\"counts\":%s,\"verdict\":\"%s\"}}", jtext(object),
                         counts->verdict);
    json_object_put(object);
    free(check);
    return text;
}
