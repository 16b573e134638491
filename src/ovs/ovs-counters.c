/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/ovs-counters.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "jsonrpc.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json-array.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "ovs/ovs-private.h"
#include "ovs/registry.h"
#include "socket-util.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

/* How long the connection stays without a question, ms. */
#define IDLE_MS 10000

/* ovsdb-server sends little but replies: how many messages a pass takes. */
#define MESSAGES_PER_PASS 4

struct counters_question {
    struct ovs_list node; /* In counters->questions while it waits; empty afterwards. */
    struct ovs_counters *counters;
    enum counters_state state;
    struct error error; /* COUNTERS_FAILED. */
    size_t n;
    struct uuid rows[COUNTERS_VIFS_MAX]; /* All zeros: the VIF has none. */
    struct port_counters ports[COUNTERS_VIFS_MAX];
};

struct ovs_counters {
    const struct ovs *ovs;
    struct ovs_list questions;      /* Those without a reply; the first one may have been sent. */
    struct jsonrpc *rpc;            /* The connection, or NULL. */
    struct json *awaited;           /* The id of the request that has no reply yet, or NULL. */
    struct counters_question *sent; /* The question that it is for; NULL: it was dropped. */
    long long int since;            /* When it was sent, or the last reply came, ms. */
    long long int next;             /* When the next may be sent, ms. */
};

struct ovs_counters *ovs_counters_create(const struct ovs *ovs)
{
    struct ovs_counters *counters = xzalloc(sizeof *counters);

    counters->ovs = ovs;
    ovs_list_init(&counters->questions);
    return counters;
}

static void disconnect(struct ovs_counters *counters)
{
    jsonrpc_close(counters->rpc);
    json_destroy(counters->awaited);
    counters->rpc = NULL;
    counters->awaited = NULL;
    counters->sent = NULL;
}

void ovs_counters_destroy(struct ovs_counters *counters)
{
    if (counters) {
        ovs_assert(ovs_list_is_empty(&counters->questions));
        disconnect(counters);
        free(counters);
    }
}

/* Takes a question out of the queue. */
static void end(struct counters_question *question, enum counters_state state)
{
    question->state = state;
    ovs_list_remove(&question->node);
    ovs_list_init(&question->node);
    poll_immediate_wake(); /* Who asked may be earlier in the pass. */
}

/* Closes the connection and ends all questions. `why` is a clause. */
static void fail_all(struct ovs_counters *counters, const char *why)
{
    struct counters_question *question;

    disconnect(counters);
    LIST_FOR_EACH_SAFE (question, node, &counters->questions) {
        error_set(&question->error, REASON_SWITCH_UNAVAILABLE, "",
                  "Counters cannot be read: OVSDB at %s %s; check ovsdb-server and try again.",
                  counters->ovs->remote, why);
        end(question, COUNTERS_FAILED);
    }
}

enum counters_state ovs_counters_state(const struct counters_question *question,
                                       struct error *error)
{
    if (question->state == COUNTERS_FAILED) {
        *error = question->error;
    }
    return question->state;
}

const struct port_counters *ovs_counters_of(const struct counters_question *question, size_t i)
{
    ovs_assert(question->state == COUNTERS_THERE && i < question->n);
    return &question->ports[i];
}

void ovs_counters_drop(struct counters_question *question)
{
    if (!question) {
        return;
    }
    ovs_list_remove(&question->node);
    if (question->counters->sent == question) {
        question->counters->sent = NULL;
    }
    for (size_t i = 0; i < question->n; i++) {
        for (size_t k = 0; k < question->ports[i].n; k++) {
            free(question->ports[i].items[k].name);
        }
        free(question->ports[i].items);
    }
    free(question);
}

/* --- The request. --- */

/* A select for each VIF, by the UUID of its row: any other condition has ovsdb-server look at all
 * rows. */
static struct json *make_params(const struct counters_question *question)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    struct json *params;

    ds_put_cstr(&text, "[\"Open_vSwitch\"");
    for (size_t i = 0; i < question->n; i++) {
        ds_put_format(&text,
                      ",{\"op\":\"select\",\"table\":\"Interface\","
                      "\"where\":[[\"_uuid\",\"==\",[\"uuid\",\"" UUID_FMT "\"]]],"
                      "\"columns\":[\"statistics\",\"link_resets\"]}",
                      UUID_ARGS(&question->rows[i]));
    }
    ds_put_char(&text, ']');
    params = json_from_string(ds_cstr(&text));
    ds_destroy(&text);
    return params;
}

static int connect_to(struct ovs_counters *counters)
{
    struct stream *stream;
    int error = jsonrpc_stream_open(counters->ovs->remote, &stream, DSCP_DEFAULT);

    if (!error) {
        counters->rpc = jsonrpc_open(stream);
    }
    return error;
}

static void send_next(struct ovs_counters *counters)
{
    struct counters_question *question;
    struct jsonrpc_msg *request;
    int error;

    if (counters->awaited || ovs_list_is_empty(&counters->questions) ||
        time_msec() < counters->next) {
        return;
    }
    error = counters->rpc ? 0 : connect_to(counters);
    if (error) {
        fail_all(counters, "cannot be reached");
        return;
    }
    question = CONTAINER_OF(ovs_list_front(&counters->questions), struct counters_question, node);
    request = jsonrpc_create_request("transact", make_params(question), NULL);
    counters->awaited = json_clone(request->id);
    counters->sent = question;
    counters->since = time_msec();
    jsonrpc_send(counters->rpc, request); /* jsonrpc_get_status() has its error. */
}

struct counters_question *ovs_counters_ask(struct ovs_counters *counters,
                                           const char *const *vif_ids, size_t n)
{
    struct counters_question *question = xzalloc(sizeof *question);

    ovs_assert(n > 0 && n <= COUNTERS_VIFS_MAX);
    question->counters = counters;
    question->n = n;
    for (size_t i = 0; i < n; i++) {
        const struct uuid *uuid = registry_by_vif(counters->ovs->registry, vif_ids[i]);

        question->rows[i] = uuid ? *uuid : UUID_ZERO;
        question->ports[i].link_resets = -1;
    }
    ovs_list_push_back(&counters->questions, &question->node);
    send_next(counters);
    return question;
}

/* --- The reply. --- */

/* A member of an object, if it has that type; else NULL. */
static const struct json *member(const struct json *object, const char *key, enum json_type type)
{
    const struct json *value =
        object && object->type == JSON_OBJECT ? shash_find_data(json_object(object), key) : NULL;

    return value && value->type == type ? value : NULL;
}

/* The element of an array, if it has that type; else NULL. */
static const struct json *element(const struct json *array, size_t i, enum json_type type)
{
    const struct json *value = array && array->type == JSON_ARRAY && i < json_array_size(array)
                                   ? json_array_at(array, i)
                                   : NULL;

    return value && value->type == type ? value : NULL;
}

/* Reads ["map",[[NAME,VALUE],...]]. */
static void read_statistics(const struct json *map, struct port_counters *port)
{
    const struct json *pairs = element(map, 1, JSON_ARRAY);
    size_t n = pairs ? MIN(json_array_size(pairs), COUNTERS_MAX) : 0;

    port->items = xcalloc(n + 1, sizeof *port->items);
    for (size_t i = 0; i < n; i++) {
        const struct json *pair = element(pairs, i, JSON_ARRAY);
        const struct json *name = element(pair, 0, JSON_STRING);
        const struct json *value = element(pair, 1, JSON_INTEGER);

        if (name && value) {
            port->items[port->n++] =
                (struct port_counter){xstrdup(json_string(name)), json_integer(value)};
        }
    }
}

/* Reads the result of one select. Returns false if it is none. */
static bool read_result(const struct json *result, struct port_counters *port)
{
    const struct json *rows = member(result, "rows", JSON_ARRAY);
    const struct json *row = element(rows, 0, JSON_OBJECT);
    const struct json *resets = member(row, "link_resets", JSON_INTEGER);

    if (!rows) {
        return false;
    }
    port->exists = row != NULL;
    if (row) {
        port->link_resets = resets ? json_integer(resets) : -1;
        read_statistics(member(row, "statistics", JSON_ARRAY), port);
    }
    return true;
}

static void take_reply(struct ovs_counters *counters, const struct jsonrpc_msg *message)
{
    struct counters_question *question = counters->sent;
    const struct json *results = message->type == JSONRPC_REPLY ? message->result : NULL;
    bool ok = true;

    json_destroy(counters->awaited);
    counters->awaited = NULL;
    counters->sent = NULL;
    counters->next = 2 * time_msec() - counters->since;
    counters->since = time_msec();
    if (!question) {
        return;
    }
    for (size_t i = 0; i < question->n; i++) {
        ok = ok && read_result(element(results, i, JSON_OBJECT), &question->ports[i]);
    }
    if (!ok) {
        error_set(&question->error, REASON_SWITCH_UNAVAILABLE, "",
                  "Counters cannot be read: OVSDB at %s did not reply as it should; check "
                  "ovsdb-server's log.",
                  counters->ovs->remote);
    }
    end(question, ok ? COUNTERS_THERE : COUNTERS_FAILED);
}

/* ovsdb-server asks a client that is silent whether it still lives. */
static void take_message(struct ovs_counters *counters, struct jsonrpc_msg *message)
{
    bool is_reply = message->type == JSONRPC_REPLY || message->type == JSONRPC_ERROR;

    if (is_reply && counters->awaited && json_equal(message->id, counters->awaited)) {
        take_reply(counters, message);
    } else if (message->type == JSONRPC_REQUEST && !strcmp(message->method, "echo")) {
        jsonrpc_send(counters->rpc, jsonrpc_create_reply(json_clone(message->params), message->id));
    }
    jsonrpc_msg_destroy(message);
}

void ovs_counters_run(struct ovs_counters *counters)
{
    struct jsonrpc_msg *message;

    if (counters->rpc) {
        jsonrpc_run(counters->rpc);
        for (int i = 0; i < MESSAGES_PER_PASS && jsonrpc_recv(counters->rpc, &message) == 0; i++) {
            take_message(counters, message);
        }
        if (jsonrpc_get_status(counters->rpc)) {
            fail_all(counters, "cannot be reached, or has closed the connection");
        }
    }
    if (counters->awaited && time_msec() >= counters->since + COUNTERS_TIMEOUT) {
        fail_all(counters, "has not replied in time");
    }
    send_next(counters);
    if (counters->rpc && !counters->awaited && time_msec() >= counters->since + IDLE_MS) {
        disconnect(counters);
    }
}

void ovs_counters_wait(struct ovs_counters *counters)
{
    if (!counters->awaited && !ovs_list_is_empty(&counters->questions)) {
        poll_timer_wait_until(counters->next);
    }
    if (counters->rpc) {
        jsonrpc_wait(counters->rpc);
        jsonrpc_recv_wait(counters->rpc);
        poll_timer_wait_until(counters->since + (counters->awaited ? COUNTERS_TIMEOUT : IDLE_MS));
    }
}
