/* SPDX-License-Identifier: Apache-2.0 */
/* The passes of the server, and what its users may ask of it. */

#include "daemon/server-private.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "daemon/listener.h"
#include "daemon/shares.h"
#include "openvswitch/poll-loop.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(server);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(10, 20);

/* A subscriber that leaves more unread, bytes, is closed. */
#define SUBSCRIBER_MAX ((size_t)1024 * 1024)

struct server *server_create(const struct server_options *options, struct error *error)
{
    struct server *server = xzalloc(sizeof *server);

    server->options = *options;
    server->path = xstrdup(options->path);
    hmap_init(&server->connections);
    server->shares = shares_create(
        &(struct shares_limits){(size_t)options->max_connections, options->max_memory});
    if (!server_open_sockets(server, error)) {
        server_close_sockets(server);
        hmap_destroy(&server->connections);
        shares_destroy(server->shares);
        free(server->path);
        free(server);
        return NULL;
    }
    SLOG_INFO("listening at %s", server->path);
    return server;
}

void server_destroy(struct server *server)
{
    struct connection *connection;

    if (!server) {
        return;
    }
    HMAP_FOR_EACH_SAFE (connection, node, &server->connections) {
        server_free_connection(server, connection);
    }
    hmap_destroy(&server->connections);
    shares_destroy(server->shares);
    refusals_clear(&server->refusals);
    server_close_sockets(server);
    free(server->path);
    free(server);
}

static void flush(const struct server *server, struct connection *connection)
{
    connection_flush(connection);
    server_note_memory(server, connection);
}

void server_reply(struct server *server, uint64_t id, char *line, bool now)
{
    struct connection *connection = server_find(server, id);

    if (!connection || connection->broken) {
        free(line);
        return;
    }
    connection->n_owed--;
    server_append(server, connection, line);
    if (now) {
        flush(server, connection);
    }
}

void server_reply_in_pieces(struct server *server, uint64_t id, struct server_stream *stream)
{
    struct connection *connection = server_find(server, id);

    if (!connection || connection->broken) {
        stream->destroy(stream);
        return;
    }
    connection_begin_stream(connection, stream);
    server_note_memory(server, connection);
}

void server_run(struct server *server)
{
    struct connection *connection;

    server_find_ready(server);
    refusals_run(&server->refusals);
    /* Free closed connections before accepting new ones. */
    server_reap_connections(server);
    server_accept(server);
    server_make_room(server);
    HMAP_FOR_EACH (connection, node, &server->connections) {
        connection->stream_waits = false;
        server_note_ready(server, connection);
    }
    server_take_turns(server);
    server_reap_connections(server);
}

void server_flush(struct server *server)
{
    struct connection *connection;

    HMAP_FOR_EACH (connection, node, &server->connections) {
        flush(server, connection);
    }
    server_reap_connections(server);
}

/* Sets the events that the kernel reports for the connection. It always reports a hangup. */
static void arm(struct server *server, struct connection *connection)
{
    /* Requests without room are seen, too, if to close connections makes room. */
    bool reads = connection_may_receive(connection) &&
                 (server_has_room(server, connection) || server_is_clogged(server, connection));
    uint32_t events = (connection_pending(connection) ? EPOLLOUT : 0u) | (reads ? EPOLLIN : 0u);

    if (connection->gone) {
        return; /* The kernel reports no more. */
    }
    if (events != connection->armed) {
        connection->armed = events;
        if (!server_control(server, EPOLL_CTL_MOD, connection->fd, events,
                            connection->peer.connection)) {
            SLOG_WARN_RL(&rl, "epoll does not accept connection %" PRIu64 " (%s); closed",
                         connection->peer.connection, ovs_strerror(errno));
            connection->broken = true;
            poll_immediate_wake();
        }
    }
}

void server_wait(struct server *server)
{
    struct connection *connection;

    server_wait_accept(server);
    HMAP_FOR_EACH (connection, node, &server->connections) {
        arm(server, connection);
        server_note_ready(server, connection);
        if (server_has_request(connection) && server_is_clogged(server, connection)) {
            poll_immediate_wake(); /* The next pass makes room. */
        }
        if (connection->stream && connection->stream_waits && connection->stream->wait) {
            connection->stream->wait(connection->stream);
        }
    }
    if (!shares_end_busy_period(server->shares)) {
        poll_immediate_wake();
    }
    refusals_wait(&server->refusals);
    poll_fd_wait(server->epoll, POLLIN);
}

void server_refuse(struct server *server)
{
    struct connection *connection;

    server_refuse_connections(server);
    HMAP_FOR_EACH (connection, node, &server->connections) {
        connection_refuse(connection);
    }
}

void server_subscribe(struct server *server, uint64_t id)
{
    struct connection *connection = server_find(server, id);

    if (connection && !connection->subscribed) {
        connection->subscribed = true;
        server->n_subscribers++;
    }
}

void server_broadcast(struct server *server, const char *line)
{
    struct connection *connection;

    if (server->n_subscribers == 0) {
        return;
    }
    HMAP_FOR_EACH (connection, node, &server->connections) {
        if (connection->subscribed && !connection->broken) {
            server_append(server, connection, xstrdup(line));
            if (connection_pending_at_all(connection) > SUBSCRIBER_MAX) {
                server_close_heavy(server, connection, "it does not read its notifications");
            }
        }
    }
}

size_t server_n_subscribers(const struct server *server)
{
    return server->n_subscribers;
}

void server_set_limits(struct server *server, int max_connections, size_t max_memory)
{
    server->options.max_connections = max_connections;
    shares_set_limits(server->shares, &(struct shares_limits){(size_t)max_connections, max_memory});
}

/* Looks up the peer's level again. A peer that may nothing any more gets no notifications; what it
 * has asked for still gets a reply. */
static void update_level(struct server *server, struct connection *connection)
{
    struct error error;
    uid_t uid;
    pid_t pid;

    connection_set_level(connection,
                         access_of_peer(server->options.access, connection->fd, &uid, &pid));
    if (connection->peer.level == ACCESS_NONE && connection->subscribed) {
        error_set(&error, REASON_PERMISSION_DENIED, "",
                  "The configuration does not name your user any more, so the notifications end; "
                  "have it added to 'allow' or 'allow_read' in vifplugd.conf.");
        server_append(server, connection, server->options.refusal(&error));
        connection->subscribed = false;
        connection->eof = true;
        server->n_subscribers--;
    }
}

void server_set_access(struct server *server, const struct access *access)
{
    struct connection *connection;

    server->options.access = access;
    HMAP_FOR_EACH (connection, node, &server->connections) {
        update_level(server, connection);
    }
}

bool server_set_group(struct server *server, const char *name, const gid_t *gid,
                      struct error *error)
{
    return listener_set_group(server->listener, name, gid, error);
}

size_t server_n_connections(const struct server *server)
{
    return hmap_count(&server->connections);
}

size_t server_memory(const struct server *server)
{
    return shares_held(server->shares);
}

bool server_is_over(const struct server *server)
{
    const struct connection *connection;

    HMAP_FOR_EACH (connection, node, &server->connections) {
        if (!connection_is_answered(connection)) {
            return false;
        }
    }
    return !server->acceptable;
}
