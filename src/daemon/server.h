/* SPDX-License-Identifier: Apache-2.0 */
/* The API socket: connections, lines in, lines out. Knows nothing of what the lines say.
 *
 * Everything that a client can grow has a cap, and clients take turns (shares.h): a pass serves
 * requests for a limited time. While a connection has 256 KiB waiting to be sent, or while its user
 * holds as much memory as it may, nothing more is read from it. */

#ifndef VP_SERVER_H
#define VP_SERVER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/client.h"
#include "base/error.h"
#include "daemon/access.h"

struct server;

/* The other end of a connection. */
struct peer {
    uint64_t connection;
    uid_t uid;
    bool privileged; /* root or the daemon's own user. */
    struct client client;
    enum access_level level;
};

/* A reply that is made piece by piece, as the peer reads it. */
struct server_stream {
    /* Returns the next piece (malloc'ed), some 50 us of work, or NULL if it has to wait. Sets
     * *last with the last piece, which ends in LF. */
    char *(*next)(struct server_stream *stream, bool *last);
    /* Tells the poll loop what next() has to wait for. NULL if it never has to. */
    void (*wait)(const struct server_stream *stream);
    void (*destroy)(struct server_stream *stream);
    size_t size; /* The memory that it holds, bytes. */
};

struct server_options {
    const char *path;
    const char *group; /* The socket's group, if it exists; "" for none. */
    int max_connections;
    size_t max_memory;           /* For all clients, bytes. */
    const struct access *access; /* Borrowed. */
    /* Called for each line, without its LF. It may call server_reply() for the same connection.
     * Returns whether the line asks for a change. */
    bool (*line)(void *aux, const struct peer *peer, const char *line, size_t length);
    /* How much the daemon holds for that user, or for all, besides connections, bytes. */
    size_t (*held_for)(void *aux, uid_t uid);
    size_t (*held_for_all)(void *aux);
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

/* Takes no connections and lines from now on but those that have come already. The next passes take
 * these, until server_is_over(). */
void server_refuse(struct server *server);

/* Sends `line` (malloc'ed) if the connection still exists, and frees it. Sends at once if `now`,
 * else with the other lines of this pass, which is cheaper for many. */
void server_reply(struct server *server, uint64_t connection, char *line, bool now);

/* Sends the pieces of `stream`, and destroys it. The connection gets no other line, and nothing
 * more is read from it, until the last piece is made. */
void server_reply_in_pieces(struct server *server, uint64_t connection,
                            struct server_stream *stream);

/* Sends notifications to the connection from now on. */
void server_subscribe(struct server *server, uint64_t connection);

/* Sends a copy of `line` to each subscriber. */
void server_broadcast(struct server *server, const char *line);
size_t server_n_subscribers(const struct server *server);

/* Replaces the limits of options.max_connections and max_memory. Closes nothing that is there. */
void server_set_limits(struct server *server, int max_connections, size_t max_memory);

/* Replaces the access lists, also for the connections there are. A subscriber that they do not name
 * is told so and closed. */
void server_set_access(struct server *server, const struct access *access);

/* Gives the socket to another group (see listener_set_group()). */
bool server_set_group(struct server *server, const char *name, const gid_t *gid,
                      struct error *error);

size_t server_n_connections(const struct server *server);

/* The memory that is held for all clients, bytes. */
size_t server_memory(const struct server *server);

/* After server_refuse(): whether each line that has come has its reply, and all replies have been
 * sent. */
bool server_is_over(const struct server *server);

#endif
