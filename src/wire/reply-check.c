/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply-check.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/display.h"
#include "base/memory.h"
#include "wire/json-make.h"
#include "wire/reply-private.h"

struct reply_check {
    struct pieces pieces;
    bool any;
};

struct reply_check *reply_check_new(const char *id)
{
    struct reply_check *check = need_memory(calloc(1, sizeof *check));

    pieces_init(&check->pieces);
    fprintf(check->pieces.stream, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"checks\":[", id);
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
    fprintf(check->pieces.stream, "%s%s", check->any ? "," : "", jtext(object));
    json_object_put(object);
    free(message);
    check->any = true;
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
    fprintf(check->pieces.stream, "],\"counts\":%s,\"verdict\":\"%s\"}}\n", jtext(object),
            counts->verdict);
    json_object_put(object);
    text = pieces_finish(&check->pieces);
    free(check);
    return text;
}
