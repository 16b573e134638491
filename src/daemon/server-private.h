/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files server*.c, and only by them. */

#ifndef VP_SERVER_PRIVATE_H
#define VP_SERVER_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/connection.h"
#include "daemon/refusals.h"
#include "daemon/server.h"
#include "openvswitch/hmap.h"

/* The id of the listening socket. Those of connections start at 1. */
enum { LISTENER_ID = 0 };

struct server {
    struct server_options options;
    char *path;
    struct listener *listener;
    int fd;          /* Of `listener`. */
    int epoll;       /* Reports when `fd` and the connections are ready. */
    bool listening;  /* `fd` is in `epoll`. */
    bool acceptable; /* A connection waits to be accepted. */
    uint64_t last_id;
    struct hmap connections;
    struct shares *shares;
    struct refusals refusals;
    size_t n_subscribers;
    bool refusing;             /* server_refuse() was called. */
    long long int accept_from; /* When connections may be accepted again, ms. */
};

/* server-connections.c: the connections that there are. */

/* Makes the kernel report `events` on `fd` as `id`. `op` is EPOLL_CTL_*. */
bool server_control(const struct server *server, int op, int fd, uint32_t events, uint64_t id);

/* The connection of that number; NULL if it is closed. */
struct connection *server_find(const struct server *server, uint64_t id);

/* Notes how much memory the connection holds. */
void server_note_memory(const struct server *server, struct connection *connection);

/* Adds `line`, malloc'ed, to what is to be sent; takes it. */
void server_append(const struct server *server, struct connection *connection, char *line);

/* Closes and frees the connection. */
void server_free_connection(struct server *server, struct connection *connection);

/* Closes and frees those that are over. */
void server_reap_connections(struct server *server);

/* Asks the kernel which sockets are ready. To try each socket instead would cost a system call per
 * connection, and accept() creates a socket before it finds that no connection waits. */
void server_find_ready(struct server *server);

/* server-accept.c: the listening socket, and who gets a connection. */

/* Opens the listening socket and the epoll set. Returns false, and fills *error, if that fails;
 * then server_close_sockets() closes what is open. */
bool server_open_sockets(struct server *server, struct error *error);

void server_close_sockets(struct server *server);

/* Accepts those that wait for a connection, or refuses them. */
void server_accept(struct server *server);

/* Accepts only those that have connected already, and from them only what they have sent. */
void server_refuse_connections(struct server *server);

/* Wakes the loop when a connection may be accepted again. */
void server_wait_accept(struct server *server);

/* server-turns.c: whose request is next, and who is closed so that others have memory. */

/* Whether the user of the connection may ask for more. */
bool server_has_room(const struct server *server, const struct connection *connection);

/* Whether it may not, and to close connections makes room. */
bool server_is_clogged(const struct server *server, const struct connection *connection);

/* Whether it has a request, or a part of one, that has not been taken. */
bool server_has_request(const struct connection *connection);

/* Decides whether the connection is to have turns. */
void server_note_ready(const struct server *server, struct connection *connection);

/* Serves requests, turn by turn, as long as a pass may take. */
void server_take_turns(struct server *server);

/* Closes a connection that holds too much, and logs it; `why` ends the line. */
void server_close_heavy(const struct server *server, struct connection *connection,
                        const char *why);

/* If a user wants to ask for more and its connections hold all that it may have, closes the one
 * that holds most. */
void server_make_room(struct server *server);

#endif
