/* SPDX-License-Identifier: Apache-2.0 */
/* The side of ovsdb-server (RFC 7047): a client that monitors only the columns that show when a
 * port is realized, like vifplugd and ovs-vsctl. Commands:
 *
 *   {"do":"transact","requests":[LINE,...],"interfaces":N,"wait":BOOL}
 *       Sends the transactions, all at once, ids 0, 1, ... In each the first N operations insert
 *       Interfaces and the last one selects next_cfg. Waits for all replies, and with `wait` until
 *       cur_cfg reaches that value and each of the Interfaces has an ofport. The result is {"us":T,
 *       "commit_us":T,"replies":[...],"ofports":[...]}.
 *   {"do":"echo"}
 *       One message and its reply: {"us":T}. */

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    int fd;
    struct buffer in;
    struct buffer out;
    struct json_tokener *tokener;
    int64_t cur_cfg;
    struct json_object *ofports; /* Interface uuid: ofport, once vswitchd has assigned one. */
    struct json_object *replies; /* Of the transactions under way. */
    bool echoed;
    bool monitored;
} ovsdb;

static struct json_object *get(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    if (object && json_object_is_type(object, json_type_object)) {
        json_object_object_get_ex(object, name, &value);
    }
    return value;
}

static void take_interfaces(struct json_object *table)
{
    json_object_object_foreach (table, uuid, change) {
        struct json_object *row = get(change, "new");
        struct json_object *ofport = get(row, "ofport");

        if (!row) {
            json_object_object_del(ovsdb.ofports, uuid);
        } else if (json_object_is_type(ofport, json_type_int)) {
            json_object_object_add(ovsdb.ofports, uuid, json_object_get(ofport));
        }
    }
}

static void take_update(struct json_object *tables)
{
    struct json_object *interfaces = get(tables, "Interface");
    struct json_object *globals = get(tables, "Open_vSwitch");

    if (interfaces) {
        take_interfaces(interfaces);
    }
    if (globals) {
        json_object_object_foreach (globals, uuid, change) {
            struct json_object *cur_cfg = get(get(change, "new"), "cur_cfg");

            (void)uuid;
            if (cur_cfg) {
                ovsdb.cur_cfg = json_object_get_int64(cur_cfg);
            }
        }
    }
}

/* Replies to the server's echo. */
static void answer_echo(struct json_object *message)
{
    struct json_object *reply = json_object_new_object();
    const char *text;

    json_object_object_add(reply, "id", json_object_get(get(message, "id")));
    json_object_object_add(reply, "result", json_object_get(get(message, "params")));
    json_object_object_add(reply, "error", NULL);
    text = json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN);
    buffer_append(&ovsdb.out, text, strlen(text));
    json_object_put(reply);
}

static void take_reply(struct json_object *message)
{
    struct json_object *id = get(message, "id");

    if (json_object_is_type(id, json_type_int)) {
        if (!ovsdb.replies) {
            die("an unexpected reply");
        }
        json_object_array_put_idx(ovsdb.replies, (size_t)json_object_get_int64(id),
                                  json_object_get(get(message, "result")));
    } else if (!strcmp(json_object_get_string(id), "monitor")) {
        if (!get(message, "result")) {
            die("no monitor: %s", json_object_to_json_string(message));
        }
        take_update(get(message, "result"));
        ovsdb.monitored = true;
    } else {
        ovsdb.echoed = true;
    }
}

static void take_message(struct json_object *message)
{
    struct json_object *method = get(message, "method");
    const char *name = method ? json_object_get_string(method) : "";

    if (!strcmp(name, "update")) {
        take_update(json_object_array_get_idx(get(message, "params"), 1));
    } else if (!strcmp(name, "echo")) {
        answer_echo(message);
    } else if (!method) {
        take_reply(message);
    }
}

/* Parses what has arrived; there is no separator between messages. */
static void take_input(void)
{
    if (!buffer_read(&ovsdb.in, ovsdb.fd)) {
        die("closed by ovsdb-server");
    }
    while (buffer_length(&ovsdb.in)) {
        struct json_object *message = json_tokener_parse_ex(
            ovsdb.tokener, ovsdb.in.data + ovsdb.in.start, (int)buffer_length(&ovsdb.in));

        if (message) {
            ovsdb.in.start += json_tokener_get_parse_end(ovsdb.tokener);
            take_message(message);
            json_object_put(message);
        } else if (json_tokener_get_error(ovsdb.tokener) == json_tokener_continue) {
            ovsdb.in.start = ovsdb.in.end;
        } else {
            die("no JSON from ovsdb-server");
        }
    }
}

static void run_once(int64_t started)
{
    short events = buffer_length(&ovsdb.out) ? POLLIN | POLLOUT : POLLIN;
    struct pollfd fd = {ovsdb.fd, events, 0};

    poll_or_die(&fd, 1, started);
    if (fd.revents & POLLOUT) {
        buffer_write(&ovsdb.out, ovsdb.fd);
    }
    if (fd.revents & ~POLLOUT) {
        take_input();
    }
}

static void start(const char *path)
{
    static const char monitor[] =
        "{\"id\":\"monitor\",\"method\":\"monitor\",\"params\":[\"Open_vSwitch\",null,{"
        "\"Open_vSwitch\":[{\"columns\":[\"cur_cfg\"]}],"
        "\"Interface\":[{\"columns\":[\"ofport\",\"error\"]}]}]}";
    int64_t started = now_ns();

    ovsdb.fd = connect_to(path);
    ovsdb.tokener = json_tokener_new();
    ovsdb.ofports = json_object_new_object();
    buffer_append(&ovsdb.out, monitor, sizeof monitor - 1);
    while (!ovsdb.monitored) {
        run_once(started);
    }
}

static size_t descriptors(struct pollfd *fds, size_t max)
{
    (void)max;
    fds[0] = (struct pollfd){ovsdb.fd, POLLIN, 0};
    if (buffer_length(&ovsdb.out)) {
        fds[0].events = POLLIN | POLLOUT;
    }
    return 1;
}

static void idle(void)
{
    take_input();
    if (buffer_length(&ovsdb.out)) {
        buffer_write(&ovsdb.out, ovsdb.fd);
    }
}

/* The next_cfg of a transaction; dies if the transaction failed. */
static int64_t next_cfg_of(struct json_object *reply)
{
    size_t n = json_object_array_length(reply);

    for (size_t i = 0; i < n; i++) {
        struct json_object *result = json_object_array_get_idx(reply, i);

        if (!result || get(result, "error")) {
            die("transaction refused: %s", json_object_to_json_string(reply));
        }
    }
    reply = get(json_object_array_get_idx(reply, n - 1), "rows");
    return json_object_get_int64(get(json_object_array_get_idx(reply, 0), "next_cfg"));
}

static bool have_replies(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i >= json_object_array_length(ovsdb.replies) ||
            !json_object_array_get_idx(ovsdb.replies, i)) {
            return false;
        }
    }
    return true;
}

static const char *interface_uuid(size_t request, size_t i)
{
    struct json_object *reply = json_object_array_get_idx(ovsdb.replies, request);
    struct json_object *uuid = get(json_object_array_get_idx(reply, i), "uuid");

    return json_object_get_string(json_object_array_get_idx(uuid, 1));
}

static bool is_realized(size_t n, size_t n_interfaces, int64_t next_cfg)
{
    if (ovsdb.cur_cfg < next_cfg) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n_interfaces; j++) {
            if (!get(ovsdb.ofports, interface_uuid(i, j))) {
                return false;
            }
        }
    }
    return true;
}

static struct json_object *transact(struct json_object *command)
{
    struct json_object *requests = member(command, "requests");
    size_t n_interfaces = (size_t)json_object_get_int(member(command, "interfaces"));
    bool wait = json_object_get_boolean(member(command, "wait"));
    struct json_object *answer = json_object_new_object();
    struct json_object *ofports = json_object_new_array();
    size_t n = json_object_array_length(requests);
    int64_t next_cfg = 0;
    int64_t started;

    ovsdb.replies = json_object_new_array();
    for (size_t i = 0; i < n; i++) {
        struct json_object *line = json_object_array_get_idx(requests, i);

        buffer_append(&ovsdb.out, json_object_get_string(line),
                      (size_t)json_object_get_string_len(line));
    }
    started = now_ns();
    buffer_write(&ovsdb.out, ovsdb.fd);
    while (!have_replies(n)) {
        run_once(started);
    }
    json_object_object_add(answer, "commit_us", json_object_new_double(us_since(started)));
    for (size_t i = 0; i < n; i++) {
        next_cfg = next_cfg_of(json_object_array_get_idx(ovsdb.replies, i));
    }
    while (wait && !is_realized(n, n_interfaces, next_cfg)) {
        run_once(started);
    }
    json_object_object_add(answer, "us", json_object_new_double(us_since(started)));
    for (size_t i = 0; i < n * n_interfaces; i++) {
        struct json_object *ofport =
            get(ovsdb.ofports, interface_uuid(i / n_interfaces, i % n_interfaces));

        json_object_array_add(ofports, json_object_get(ofport));
    }
    json_object_object_add(answer, "ofports", ofports);
    json_object_object_add(answer, "replies", ovsdb.replies);
    ovsdb.replies = NULL;
    return answer;
}

static struct json_object *echo(void)
{
    static const char request[] = "{\"id\":\"echo\",\"method\":\"echo\",\"params\":[]}";
    struct json_object *answer = json_object_new_object();
    int64_t started;

    ovsdb.echoed = false;
    buffer_append(&ovsdb.out, request, sizeof request - 1);
    started = now_ns();
    buffer_write(&ovsdb.out, ovsdb.fd);
    while (!ovsdb.echoed) {
        run_once(started);
    }
    json_object_object_add(answer, "us", json_object_new_double(us_since(started)));
    return answer;
}

static struct json_object *obey(const char *name, struct json_object *command)
{
    if (!strcmp(name, "transact")) {
        return transact(command);
    }
    return strcmp(name, "echo") != 0 ? NULL : echo();
}

const struct wire_end wire_ovsdb = {start, descriptors, idle, obey};
