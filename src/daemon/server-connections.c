/* SPDX-License-Identifier: Apache-2.0 */
/* The connections that there are, by their numbers; which are ready, and which are over. */

#include "daemon/server-private.h"

#include <sys/epoll.h>

#include "daemon/shares.h"
#include "hash.h"

/* How many ready sockets the kernel reports at once. It reports the others next time. */
enum { EVENTS_MAX = 128 };

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
    /* One that is broken is freed in this pass, so that to close it makes room at once. */
    shares_hold(server->shares, &connection->member,
                connection->broken ? 0 : connection_size(connection));
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

void server_reap_connections(struct server *server)
{
    struct connection *connection;

    HMAP_FOR_EACH_SAFE (connection, node, &server->connections) {
        if (connection_is_over(connection)) {
            server_free_connection(server, connection);
        }
    }
}

/* The kernel would report a hangup again and again. To see the end of the stream at once makes room
 * for those who connect in this pass. */
static void note_gone(const struct server *server, struct connection *connection)
{
    connection->gone = true;
    connection->readable = !connection->eof;
    server_control(server, EPOLL_CTL_DEL, connection->fd, 0, 0);
    if (!connection->eof && !connection->more) {
        connection_receive(connection);
        server_note_memory(server, connection);
    }
}

void server_find_ready(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(server->epoll, events, EVENTS_MAX, 0);

    for (int i = 0; i < n; i++) {
        struct connection *connection = server_find(server, events[i].data.u64);

        if (events[i].data.u64 == LISTENER_ID) {
            server->acceptable = true;
        } else if (connection) {
            connection->readable |= (events[i].events & EPOLLIN) != 0;
            if (events[i].events & (EPOLLHUP | EPOLLERR)) {
                note_gone(server, connection);
            }
        }
    }
}
