/* SPDX-License-Identifier: Apache-2.0 */
/* The API socket: connections, lines in, lines out. Knows nothing of what the lines say.
 *
 * Everything a client can grow has a cap: connections (the one too many is told so and closed), the
 * length of a line, and what it does not read: while a connection has OUTPUT_PAUSE bytes waiting
 * nothing more is read from it, and beyond OUTPUT_MAX it is closed. */

#ifndef VP_SERVER_H
#define VP_SERVER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "daemon/access.h"

struct server;

struct server_options {
    const char *path;
    const char *group; /* The socket's group, if it exists; "" for none. */
    int max_connections;
    const struct access *access; /* Borrowed. */
    /* Called for each line, without its LF. It may call server_reply() for the same connection. */
    void (*line)(void *aux, uint64_t connection, enum access_level level, const char *line,
                 size_t length);
    /* The line to send to a connection that is closed for `error` (malloc'ed, with LF). */
    char *(*refusal)(const struct error *error);
    void *aux;
};

/* Binds and listens (see listener_open()). Copies `options`, but not what they borrow. Returns NULL
 * with *error filled on failure. */
struct server *server_create(const struct server_options *options, struct error *error);

/* Closes everything and removes the socket file. */
void server_destroy(struct server *server);

/* server_run() takes connections and lines; server_flush() sends replies. Call each once per pass,
 * server_flush() after all else that may reply. */
void server_run(struct server *server);
void server_flush(struct server *server);
void server_wait(struct server *server);

/* Refuses connections from now on, and takes the connections and lines that have come until now.
 * Only server_flush() and server_destroy() may follow. */
void server_run_last(struct server *server);

/* Sends `line` (malloc'ed) if the connection still exists, and frees it. Sends at once if `now`,
 * else with the other lines of this pass, which is cheaper for many. */
void server_reply(struct server *server, uint64_t connection, char *line, bool now);

/* Sends notifications to the connection from now on. */
void server_subscribe(struct server *server, uint64_t connection);

/* Sends a copy of `line` to each subscriber. */
void server_broadcast(struct server *server, const char *line);
size_t server_n_subscribers(const struct server *server);

/* Replaces the access lists, also for the connections there are. A subscriber that they do not name
 * is told so and closed. */
void server_set_access(struct server *server, const struct access *access);

/* Changes the limit of connections. Those that are open stay. */
void server_set_max_connections(struct server *server, int max_connections);

/* Gives the socket to another group (see listener_set_group()). */
bool server_set_group(struct server *server, const char *group, struct error *error);

size_t server_n_connections(const struct server *server);
/* Whether each line that was taken has its reply, and all replies have been sent. */
bool server_is_idle(const struct server *server);

#endif
