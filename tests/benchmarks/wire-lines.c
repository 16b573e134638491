/* SPDX-License-Identifier: Apache-2.0 */
/* The side of vifplugd. Commands:
 *
 *   {"do":"ask","connections":N,"requests":[LINE,...],"event":METHOD,"events":K}
 *       Writes request i to connection i % N, all at once, and waits for as many replies, and for K
 *       notifications METHOD (both may be left out; an error ends the wait for them). The result is
 *       {"us":T,"lines":[[T,LINE],...], "events_us":[T,...]}: how long all took, the replies and
 * the notifications in the order of arrival.
 *   {"do":"count"}
 *       {"lines":N}: lines that are not replies, since the last count.
 *
 * Connections stay open. The client reads them between commands, so a subscriber can be idle. */

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = 512 };

struct connection {
    int fd;
    struct buffer in;
    struct buffer out;
};

static const char *socket_path;
static struct connection connections[CONNECTIONS_MAX];
static size_t n_connections;
static int64_t n_unasked;

static void start(const char *path)
{
    socket_path = path;
}

static void need_connections(size_t n)
{
    if (n > CONNECTIONS_MAX) {
        die("at most %d connections", CONNECTIONS_MAX);
    }
    while (n_connections < n) {
        connections[n_connections++].fd = connect_to(socket_path);
    }
}

static size_t descriptors(struct pollfd *fds, size_t max)
{
    size_t n = n_connections < max ? n_connections : max;

    for (size_t i = 0; i < n; i++) {
        short events = POLLIN;

        if (buffer_length(&connections[i].out)) {
            events = POLLIN | POLLOUT;
        }
        fds[i] = (struct pollfd){connections[i].fd, events, 0};
    }
    return n;
}

static bool read_connection(struct connection *connection)
{
    if (!buffer_read(&connection->in, connection->fd)) {
        die("%s: closed by vifplugd", socket_path);
    }
    return true;
}

static void idle(void)
{
    for (size_t i = 0; i < n_connections; i++) {
        read_connection(&connections[i]);
        while (buffer_line(&connections[i].in)) {
            n_unasked++;
        }
    }
}

/* What the command waits for. */
struct wait {
    int64_t started;
    size_t n_answers;
    size_t n_events;
    char event[64]; /* The beginning of a notification; "" for none. */
    struct json_object *lines;
    struct json_object *events;
};

static void take(struct wait *wait, const char *line, double us)
{
    static const char notification[] = "{\"jsonrpc\":\"2.0\",\"method\"";

    if (strncmp(line, notification, sizeof notification - 1) != 0) {
        struct json_object *pair = json_object_new_array();

        json_object_array_add(pair, json_object_new_double(us));
        json_object_array_add(pair, json_object_new_string(line));
        json_object_array_add(wait->lines, pair);
        if (strstr(line, ",\"error\":{\"code\":")) {
            wait->n_events = 0; /* After an error the notifications may never come. */
        }
    } else if (wait->event[0] && !strncmp(line, wait->event, strlen(wait->event))) {
        json_object_array_add(wait->events, json_object_new_double(us));
    } else {
        n_unasked++;
    }
}

static bool over(const struct wait *wait)
{
    return json_object_array_length(wait->lines) >= wait->n_answers &&
           json_object_array_length(wait->events) >= wait->n_events;
}

static void talk(struct wait *wait)
{
    static struct pollfd fds[CONNECTIONS_MAX];

    while (!over(wait)) {
        size_t n = descriptors(fds, CONNECTIONS_MAX);

        poll_or_die(fds, n, wait->started);
        for (size_t i = 0; i < n; i++) {
            struct connection *connection = &connections[i];
            char *line;

            if (fds[i].revents & POLLOUT) {
                buffer_write(&connection->out, connection->fd);
            }
            if ((fds[i].revents & ~POLLOUT) && read_connection(connection)) {
                double us = us_since(wait->started);

                while ((line = buffer_line(&connection->in)) != NULL) {
                    take(wait, line, us);
                }
            }
        }
    }
}

static struct json_object *ask(struct json_object *command)
{
    struct json_object *requests = member(command, "requests");
    struct json_object *answer = json_object_new_object();
    struct json_object *value;
    struct wait wait = {.lines = json_object_new_array(), .events = json_object_new_array()};
    size_t n = 1;

    if (json_object_object_get_ex(command, "connections", &value)) {
        n = (size_t)json_object_get_int(value);
    }
    need_connections(n);
    wait.n_answers = json_object_array_length(requests);
    if (json_object_object_get_ex(command, "event", &value)) {
        snprintf(wait.event, sizeof wait.event, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"",
                 json_object_get_string(value));
        wait.n_events = (size_t)json_object_get_int(member(command, "events"));
    }
    for (size_t i = 0; i < wait.n_answers; i++) {
        struct json_object *line = json_object_array_get_idx(requests, i);

        buffer_append(&connections[i % n].out, json_object_get_string(line),
                      (size_t)json_object_get_string_len(line));
        buffer_append(&connections[i % n].out, "\n", 1);
    }
    wait.started = now_ns();
    for (size_t i = 0; i < n && i < wait.n_answers; i++) {
        buffer_write(&connections[i].out, connections[i].fd);
    }
    talk(&wait);
    json_object_object_add(answer, "us", json_object_new_double(us_since(wait.started)));
    json_object_object_add(answer, "lines", wait.lines);
    json_object_object_add(answer, "events_us", wait.events);
    return answer;
}

static struct json_object *count(void)
{
    struct json_object *answer = json_object_new_object();

    json_object_object_add(answer, "lines", json_object_new_int64(n_unasked));
    n_unasked = 0;
    return answer;
}

static struct json_object *obey(const char *name, struct json_object *command)
{
    if (!strcmp(name, "ask")) {
        return ask(command);
    }
    return strcmp(name, "count") != 0 ? NULL : count();
}

const struct wire_end wire_lines = {start, descriptors, idle, obey};
