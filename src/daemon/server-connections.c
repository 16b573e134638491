/* SPDX-License-Identifier: Apache-2.0 */
/* The connections that there are, by their numbers. */

#include "daemon/server-private.h"

#include <sys/epoll.h>

#include "daemon/shares.h"
#include "hash.h"

bool server_control(const struct server *server, int op, int fd, uint32_t events, uint64_t id)
{
    struct epoll_event event = {.events = events, .data.u64 = id};

    return epoll_ctl(server->epoll, op, fd, &event) == 0;
}

struct connection *server_find(const struct server *server, uint64_t id)
{
    struct connection *connection;

    HMAP_FOR_EACH_WITH_HASH (connection, node, hash_uint64(id), &server->connections) {
        if (connection->peer.connection == id) {
            return connection;
        }
    }
    return NULL;
}

void server_note_memory(const struct server *server, struct connection *connection)
{
    shares_hold(server->shares, &connection->member, connection_size(connection));
}

void server_append(const struct server *server, struct connection *connection, char *line)
{
    connection_append(connection, line);
    server_note_memory(server, connection);
}

void server_free_connection(struct server *server, struct connection *connection)
{
    server->n_subscribers -= connection->subscribed;
    hmap_remove(&server->connections, &connection->node);
    shares_leave(server->shares, &connection->member);
    connection_destroy(connection);
}
