/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/server.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/connection.h"
#include "daemon/listener.h"
#include "daemon/refusals.h"
#include "daemon/shares.h"
#include "hash.h"
#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"
#include "wire/frame.h"

VLOG_DEFINE_THIS_MODULE(server);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(10, 20);

/* A subscriber that leaves more unread, bytes, is closed. */
#define SUBSCRIBER_MAX ((size_t)1024 * 1024)

/* What must be free for a user before the server takes its next request, bytes. */
#define REQUEST_ROOM ((size_t)16 * 1024)

/* How long a pass serves requests, us. Requests for a change count an eighth: those that a pass
 * takes together share a transaction. */
#define PASS_US 125
enum { CHANGE_DISCOUNT = 8 };

enum { ACCEPTS_PER_PASS = 8 };

/* How many passes the server takes for what came before its end, and how long each serves requests,
 * us, so that no client can delay it. */
enum { LAST_PASSES = 16, LAST_PASS_US = 10000 };

/* How long the server accepts no connections after accept() has failed, ms. */
#define ACCEPT_PAUSE 100

/* How many ready sockets the kernel reports in one pass. It reports the others in the next one. */
enum { EVENTS_PER_PASS = 128 };

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
    bool refusing;             /* server_run_last() was called. */
    long long int accept_from; /* When connections may be accepted again, ms. */
};

/* Makes the kernel report `events` on `fd` as `id`. `op` is EPOLL_CTL_*. */
static bool control(const struct server *server, int op, int fd, uint32_t events, uint64_t id)
{
    struct epoll_event event = {.events = events, .data.u64 = id};

    return epoll_ctl(server->epoll, op, fd, &event) == 0;
}

/* Makes the kernel report new connections, or stop reporting them. server_wait() tries again if
 * that fails. */
static bool listen_to(struct server *server, bool listening)
{
    int op = listening ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;

    if (listening != server->listening) {
        if (!control(server, op, server->fd, EPOLLIN, LISTENER_ID)) {
            return false;
        }
        server->listening = listening;
        server->acceptable &= listening;
    }
    return true;
}

static bool open_sockets(struct server *server, struct error *error)
{
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0) {
        return error_set(error, REASON_INTERNAL, "",
                         "%s: no epoll set can be created (%s); check the limits of the process.",
                         server->path, ovs_strerror(errno));
    }
    server->listener = listener_open(server->path, server->options.group, error);
    if (!server->listener) {
        return false;
    }
    server->fd = listener_fd(server->listener);
    return listen_to(server, true) ||
           error_set(error, REASON_INTERNAL, "",
                     "%s: epoll does not accept it (%s); check the limits of the process.",
                     server->path, ovs_strerror(errno));
}

static void close_sockets(struct server *server)
{
    if (server->listener) {
        listener_close(server->listener);
    }
    if (server->epoll >= 0) {
        close(server->epoll);
    }
}

struct server *server_create(const struct server_options *options, struct error *error)
{
    struct server *server = xzalloc(sizeof *server);

    server->options = *options;
    server->path = xstrdup(options->path);
    hmap_init(&server->connections);
    server->shares = shares_create(
        &(struct shares_limits){(size_t)options->max_connections, options->max_memory});
    if (!open_sockets(server, error)) {
        close_sockets(server);
        hmap_destroy(&server->connections);
        shares_destroy(server->shares);
        free(server->path);
        free(server);
        return NULL;
    }
    SLOG_INFO("listening at %s", server->path);
    return server;
}

/* Notes how much memory the connection holds. */
static void note_memory(const struct server *server, struct connection *connection)
{
    shares_hold(server->shares, &connection->member, connection_size(connection));
}

static void free_connection(struct server *server, struct connection *connection)
{
    server->n_subscribers -= connection->subscribed;
    hmap_remove(&server->connections, &connection->node);
    shares_leave(server->shares, &connection->member);
    connection_destroy(connection);
}

void server_destroy(struct server *server)
{
    struct connection *connection;

    if (!server) {
        return;
    }
    HMAP_FOR_EACH_SAFE (connection, node, &server->connections) {
        free_connection(server, connection);
    }
    hmap_destroy(&server->connections);
    shares_destroy(server->shares);
    refusals_clear(&server->refusals);
    close_sockets(server);
    free(server->path);
    free(server);
}

static void flush(const struct server *server, struct connection *connection)
{
    connection_flush(connection);
    note_memory(server, connection);
}

static void append(const struct server *server, struct connection *connection, char *line)
{
    connection_append(connection, line);
    note_memory(server, connection);
}

static struct connection *find(const struct server *server, uint64_t id)
{
    struct connection *connection;

    HMAP_FOR_EACH_WITH_HASH (connection, node, hash_uint64(id), &server->connections) {
        if (connection->peer.connection == id) {
            return connection;
        }
    }
    return NULL;
}

void server_reply(struct server *server, uint64_t id, char *line, bool now)
{
    struct connection *connection = find(server, id);

    if (!connection || connection->broken) {
        free(line);
        return;
    }
    connection->n_owed--;
    append(server, connection, line);
    if (now) {
        flush(server, connection);
    }
}

void server_reply_in_pieces(struct server *server, uint64_t id, struct server_stream *stream)
{
    struct connection *connection = find(server, id);

    if (!connection || connection->broken) {
        stream->destroy(stream);
        return;
    }
    connection_begin_stream(connection, stream);
    note_memory(server, connection);
}

static void refuse(struct server *server, struct connection *connection, const struct error *error)
{
    append(server, connection, server->options.refusal(error));
    connection->closing = true;
}

/* --- Turns. --- */

/* Hands out a line, if there is one. Returns whether it asks for a change. */
static bool hand_out_line(struct server *server, struct connection *connection)
{
    struct error error;
    const char *line;
    size_t length;

    switch (frame_next(&connection->in, &line, &length)) {
    case FRAME_LINE:
        connection->n_owed++;
        return server->options.line(server->options.aux, &connection->peer, line, length);
    case FRAME_MORE:
        connection->more = false;
        frame_trim(&connection->in);
        break;
    case FRAME_TOO_LONG:
        error_set(&error, REASON_INVALID_REQUEST, "",
                  "A request is longer than %zu bytes; send shorter ones.", connection->in.max);
        error.rpc_code = RPC_PARSE_ERROR;
        refuse(server, connection, &error);
        break;
    }
    return false;
}

/* Returns whether it was a request for a change. */
static bool take_turn(struct server *server, struct connection *connection)
{
    bool changes = false;

    if (connection->stream) {
        connection_make_piece(connection);
    } else {
        if (!connection->more) {
            connection_receive(connection);
        }
        if (connection->more && !connection->broken) {
            changes = hand_out_line(server, connection);
        }
    }
    note_memory(server, connection);
    return changes;
}

/* Whether the user of the connection may ask for more. */
static bool has_room(const struct server *server, const struct connection *connection)
{
    return shares_have_room(server->shares, &connection->member, REQUEST_ROOM);
}

/* Decides whether the connection is to have turns. */
static void note_ready(const struct server *server, struct connection *connection)
{
    bool ready = connection_has_piece(connection) ||
                 (has_room(server, connection) &&
                  (connection_has_line(connection) ||
                   (connection->readable && connection_may_receive(connection))));

    shares_set_ready(server->shares, &connection->member, ready);
}

/* Serves requests, turn by turn, as long as a pass may take. */
static void serve(struct server *server)
{
    long long int now = time_usec();
    int64_t left = server->refusing ? LAST_PASS_US : PASS_US;
    struct member *member;

    while (left > 0 && (member = shares_next(server->shares))) {
        struct connection *connection = CONTAINER_OF(member, struct connection, member);
        long long int began = now;
        bool changes = take_turn(server, connection);

        now = time_usec();
        shares_spend(member, now - began);
        left -= MAX(1, changes ? (now - began) / CHANGE_DISCOUNT : now - began);
        note_ready(server, connection);
    }
}

/* --- Memory. --- */

static void close_heavy(const struct server *server, struct connection *connection, const char *why)
{
    /* Its own, so that refused connections do not suppress it. */
    static struct vlog_rate_limit heavy_rl = VLOG_RATE_LIMIT_INIT(10, 20);

    SLOG_WARN_RL(
        &heavy_rl,
        "connection %" PRIu64 " of uid %ld holds %zu kB, with %zu bytes that it has not read "
        "and %zu kB of requests; closed, because %s",
        connection->peer.connection, (long)connection->peer.uid, connection->member.held / 1024,
        connection_pending_at_all(connection), connection->in.size / 1024, why);
    connection_break(connection);
    note_memory(server, connection);
}

/* If a user wants to ask for more and its connections hold all that it may have, closes the one
 * that holds most. */
static void make_room(struct server *server)
{
    struct connection *connection;
    struct member *member;

    shares_hold_besides(server->shares, server->options.held_for_all(server->options.aux));
    HMAP_FOR_EACH (connection, node, &server->connections) {
        shares_hold_besides_of(&connection->member,
                               server->options.held_for(server->options.aux, connection->peer.uid));
        if ((connection->readable || connection->more) && !has_room(server, connection)) {
            member = shares_clog(&connection->member);
            if (member) {
                close_heavy(server, CONTAINER_OF(member, struct connection, member),
                            "its user has no memory left for requests");
            }
        }
    }
    while ((member = shares_excess(server->shares))) {
        close_heavy(server, CONTAINER_OF(member, struct connection, member),
                    "clients hold all the memory that they may (client_memory)");
    }
}

/* --- Connections. --- */

static struct connection *add_connection(struct server *server, int fd, const struct peer *peer)
{
    struct connection *connection = connection_create(fd, peer);

    if (!shares_join(server->shares, &connection->member, peer->uid, peer->privileged)) {
        free(connection); /* It holds nothing yet; `fd` stays the caller's. */
        return NULL;
    }
    connection->peer.connection = ++server->last_id;
    hmap_insert(&server->connections, &connection->node, hash_uint64(connection->peer.connection));
    connection->armed = EPOLLIN;
    if (!control(server, EPOLL_CTL_ADD, fd, EPOLLIN, connection->peer.connection)) {
        SLOG_WARN_RL(&rl, "epoll does not accept a connection (%s); closed", ovs_strerror(errno));
        connection->broken = true;
    }
    note_memory(server, connection);
    return connection;
}

/* Refuses a connection that has no place. */
static void turn_away(struct server *server, int fd, const struct error *error)
{
    char *line = server->options.refusal(error);

    refusals_add(&server->refusals, fd, line);
    free(line);
}

static void welcome(struct server *server, int fd)
{
    struct peer peer = {.uid = (uid_t)-1};
    struct error error;
    pid_t pid = 0;

    peer.level = access_of_peer(server->options.access, fd, &peer.uid, &pid);
    peer.client = access_client(peer.uid, pid);
    peer.privileged = access_is_privileged(server->options.access, peer.uid);
    SLOG_DBG("connection from uid %ld, pid %ld", (long)peer.uid, (long)pid);
    if (peer.level == ACCESS_NONE) {
        SLOG_WARN_RL(&rl, "uid %ld, pid %ld may not use vifplugd; closed", (long)peer.uid,
                     (long)pid);
        access_refuse(server->options.access, peer.uid, &error);
        turn_away(server, fd, &error);
    } else if (!add_connection(server, fd, &peer)) {
        SLOG_WARN_RL(&rl, "uid %ld, pid %ld has too many of the %d connections; one closed",
                     (long)peer.uid, (long)pid, server->options.max_connections);
        error_set(&error, REASON_BUSY, "",
                  "Your user, or all together, have too many of the %d connections "
                  "(max_connections); close some or try later.",
                  server->options.max_connections);
        turn_away(server, fd, &error);
    }
}

static void accept_connections(struct server *server)
{
    for (int i = 0; i < ACCEPTS_PER_PASS && server->acceptable; i++) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            welcome(server, fd);
        } else if (errno == EAGAIN || server->refusing) {
            server->acceptable = false;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            /* The process has no files left: to try again at once would only spin. */
            SLOG_WARN_RL(&rl, "accept: %s", ovs_strerror(errno));
            server->accept_from = time_msec() + ACCEPT_PAUSE;
            listen_to(server, false);
        }
    }
}

static void reap_connections(struct server *server)
{
    struct connection *connection;

    HMAP_FOR_EACH_SAFE (connection, node, &server->connections) {
        if (connection_is_over(connection)) {
            free_connection(server, connection);
        }
    }
}

/* The kernel would report a hangup again and again. To see the end of the stream at once makes room
 * for those who connect in this pass. */
static void note_gone(const struct server *server, struct connection *connection)
{
    connection->gone = true;
    connection->readable = !connection->eof;
    control(server, EPOLL_CTL_DEL, connection->fd, 0, 0);
    if (!connection->eof && !connection->more) {
        connection_receive(connection);
        note_memory(server, connection);
    }
}

/* Asks the kernel which sockets are ready. To try each socket instead would cost a system call per
 * connection, and accept() creates a socket before it finds that no connection waits. */
static void find_ready_sockets(struct server *server)
{
    struct epoll_event events[EVENTS_PER_PASS];
    int n = epoll_wait(server->epoll, events, EVENTS_PER_PASS, 0);

    for (int i = 0; i < n; i++) {
        struct connection *connection = find(server, events[i].data.u64);

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

void server_run(struct server *server)
{
    struct connection *connection;

    find_ready_sockets(server);
    refusals_run(&server->refusals);
    /* Free closed connections before accepting new ones. */
    reap_connections(server);
    accept_connections(server);
    make_room(server);
    HMAP_FOR_EACH (connection, node, &server->connections) {
        connection->stream_waits = false;
        note_ready(server, connection);
    }
    serve(server);
    reap_connections(server);
}

void server_flush(struct server *server)
{
    struct connection *connection;

    HMAP_FOR_EACH (connection, node, &server->connections) {
        flush(server, connection);
    }
    reap_connections(server);
}

/* Sets the events that the kernel reports for the connection. It always reports a hangup. */
static void arm(struct server *server, struct connection *connection)
{
    bool reads = connection_may_receive(connection) && has_room(server, connection);
    uint32_t events = (connection_pending(connection) ? EPOLLOUT : 0u) | (reads ? EPOLLIN : 0u);

    if (connection->gone) {
        return; /* The kernel reports no more. */
    }
    if (events != connection->armed) {
        connection->armed = events;
        if (!control(server, EPOLL_CTL_MOD, connection->fd, events, connection->peer.connection)) {
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
    bool paused = time_msec() < server->accept_from;

    if (paused) {
        poll_timer_wait_until(server->accept_from);
    }
    if (!listen_to(server, !paused)) {
        poll_timer_wait(ACCEPT_PAUSE);
    }
    HMAP_FOR_EACH (connection, node, &server->connections) {
        arm(server, connection);
        note_ready(server, connection);
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

/* accept() fails with EINVAL after the last one of those that connected before. */
void server_run_last(struct server *server)
{
    listener_refuse(server->listener);
    server->refusing = true;
    server->acceptable = true;
    for (int i = 0; i < LAST_PASSES && (server->acceptable || shares_next(server->shares)); i++) {
        server_run(server);
        server_flush(server);
    }
}

void server_subscribe(struct server *server, uint64_t id)
{
    struct connection *connection = find(server, id);

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
            append(server, connection, xstrdup(line));
            if (connection_pending_at_all(connection) > SUBSCRIBER_MAX) {
                close_heavy(server, connection, "it does not read its notifications");
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
        append(server, connection, server->options.refusal(&error));
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

bool server_set_group(struct server *server, const char *group, struct error *error)
{
    return listener_set_group(server->listener, group, error);
}

size_t server_n_connections(const struct server *server)
{
    return hmap_count(&server->connections);
}

size_t server_memory(const struct server *server)
{
    return shares_held(server->shares);
}

bool server_is_idle(const struct server *server)
{
    const struct connection *connection;

    HMAP_FOR_EACH (connection, node, &server->connections) {
        if (connection_pending(connection) || connection->n_owed) {
            return false;
        }
    }
    return true;
}
