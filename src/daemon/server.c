/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/server.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/listener.h"
#include "hash.h"
#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"
#include "wire/frame.h"

VLOG_DEFINE_THIS_MODULE(server);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(10, 20);

#define OUTPUT_PAUSE ((size_t)1024 * 1024)
#define OUTPUT_MAX ((size_t)16 * 1024 * 1024)

/* How many lines of one connection a pass takes, so that no connection keeps the others waiting. */
enum { LINES_PER_PASS = 256 };

/* How many passes the server takes for what came before its end, so that no client can delay it. */
enum { LAST_PASSES = 16 };

/* How long the server accepts no connections after accept() has failed, ms. */
#define ACCEPT_PAUSE 100

/* How many ready sockets the kernel reports in one pass. It reports the others in the next one. */
enum { EVENTS_PER_PASS = 128 };

/* The id of the listening socket. Those of connections start at 1. */
enum { LISTENER_ID = 0 };

struct connection {
    struct hmap_node node;
    uint64_t id;
    int fd;
    uint32_t armed; /* The events that the kernel reports, EPOLLIN | EPOLLOUT. */
    bool readable;  /* In this pass. */
    enum access_level level;
    struct frame in;
    char *out;
    size_t out_start;
    size_t out_end;
    size_t out_size;
    bool eof;      /* The peer has finished sending. */
    bool closing;  /* Close once `out` has been sent. */
    bool broken;   /* Close now. */
    bool gone;     /* The peer has closed both directions, or the connection has failed. */
    bool more;     /* Lines are left for the next pass. */
    size_t n_owed; /* Lines handed out that have no reply yet. */
    bool subscribed;
};

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
    if (!open_sockets(server, error)) {
        close_sockets(server);
        hmap_destroy(&server->connections);
        free(server->path);
        free(server);
        return NULL;
    }
    SLOG_INFO("listening at %s", server->path);
    return server;
}

static void free_connection(struct server *server, struct connection *connection)
{
    server->n_subscribers -= connection->subscribed;
    hmap_remove(&server->connections, &connection->node);
    close(connection->fd);
    frame_destroy(&connection->in);
    free(connection->out);
    free(connection);
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
    close_sockets(server);
    free(server->path);
    free(server);
}

static size_t pending(const struct connection *connection)
{
    return connection->out_end - connection->out_start;
}

static void flush(struct connection *connection)
{
    while (pending(connection) && !connection->broken) {
        ssize_t n = send(connection->fd, connection->out + connection->out_start,
                         pending(connection), MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            connection->out_start += (size_t)n;
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else {
            connection->broken = true;
        }
    }
    if (!pending(connection)) {
        /* Idle connections keep no memory for replies. */
        free(connection->out);
        connection->out = NULL;
        connection->out_start = connection->out_end = connection->out_size = 0;
    }
}

/* Takes `line`. */
static void append(struct connection *connection, char *line)
{
    size_t length = strlen(line);

    /* A peer that reads all it is sent may get one reply of any size. A backlog has a cap. */
    if (pending(connection) > 0 && pending(connection) + length > OUTPUT_MAX) {
        SLOG_WARN_RL(&rl, "connection %" PRIu64 " does not read its replies; closed",
                     connection->id);
        connection->broken = true;
    } else if (connection->out_size == 0) {
        connection->out = line;
        connection->out_end = connection->out_size = length;
        return;
    } else {
        if (connection->out_size - connection->out_end < length) {
            size_t n = pending(connection);
            size_t size = MAX(2 * n, n + length);
            char *out = xmalloc(size);

            memcpy(out, connection->out + connection->out_start, n);
            free(connection->out);
            connection->out = out;
            connection->out_start = 0;
            connection->out_end = n;
            connection->out_size = size;
        }
        memcpy(connection->out + connection->out_end, line, length);
        connection->out_end += length;
    }
    free(line);
}

static struct connection *find(const struct server *server, uint64_t id)
{
    struct connection *connection;

    HMAP_FOR_EACH_WITH_HASH (connection, node, hash_uint64(id), &server->connections) {
        if (connection->id == id) {
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
    append(connection, line);
    if (now) {
        flush(connection);
    }
}

static void refuse(struct server *server, struct connection *connection, const struct error *error)
{
    append(connection, server->options.refusal(error));
    connection->closing = true;
}

static struct connection *add_connection(struct server *server, int fd)
{
    struct connection *connection = xzalloc(sizeof *connection);
    uid_t uid = (uid_t)-1;
    pid_t pid = 0;

    connection->id = ++server->last_id;
    connection->fd = fd;
    connection->level = access_of_peer(server->options.access, fd, &uid, &pid);
    frame_init(&connection->in, FRAME_REQUEST_MAX);
    hmap_insert(&server->connections, &connection->node, hash_uint64(connection->id));
    connection->readable = true; /* A peer that connects usually sends at once. */
    connection->armed = EPOLLIN;
    if (!control(server, EPOLL_CTL_ADD, fd, EPOLLIN, connection->id)) {
        SLOG_WARN_RL(&rl, "epoll does not accept a connection (%s); closed", ovs_strerror(errno));
        connection->broken = true;
    }
    SLOG_DBG("connection %" PRIu64 " from uid %ld, pid %ld", connection->id, (long)uid, (long)pid);
    if (hmap_count(&server->connections) > (size_t)server->options.max_connections) {
        struct error error;

        SLOG_WARN_RL(&rl, "more than %d connections; one closed", server->options.max_connections);
        error_set(&error, REASON_BUSY, "",
                  "There are %d connections already (max_connections); close some or try later.",
                  server->options.max_connections);
        refuse(server, connection, &error);
    }
    return connection;
}

static void hand_out_lines(struct server *server, struct connection *connection)
{
    int n = 0;

    connection->more = false;
    while (!connection->closing && pending(connection) < OUTPUT_PAUSE) {
        struct error error;
        const char *line;
        size_t length;

        if (n++ == LINES_PER_PASS) {
            connection->more = true;
            return;
        }
        switch (frame_next(&connection->in, &line, &length)) {
        case FRAME_LINE:
            connection->n_owed++;
            server->options.line(server->options.aux, connection->id, connection->level, line,
                                 length);
            break;
        case FRAME_MORE:
            return;
        case FRAME_TOO_LONG:
            error_set(&error, REASON_INVALID_REQUEST, "",
                      "A request is longer than %d bytes; send shorter ones.", FRAME_REQUEST_MAX);
            error.rpc_code = RPC_PARSE_ERROR;
            refuse(server, connection, &error);
            break;
        }
    }
    connection->more = !connection->closing;
}

/* Receives all there is, so that requests that a client sent together go into one batch. */
static void receive(struct connection *connection)
{
    size_t size;
    ssize_t n;
    size_t total = 0;

    do {
        char *space;

        size = frame_space(&connection->in, &space);
        if (!size) {
            out_of_memory();
        }
        n = recv(connection->fd, space, size, MSG_DONTWAIT);
        if (n > 0) {
            frame_received(&connection->in, (size_t)n);
            total += (size_t)n;
        }
    } while (n > 0 && (size_t)n == size && total < FRAME_REQUEST_MAX);
    if (n == 0) {
        connection->eof = true;
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        connection->broken = true;
    }
}

static bool may_read(const struct connection *connection)
{
    return !connection->closing && !connection->eof && pending(connection) < OUTPUT_PAUSE;
}

/* A peer that has only finished sending (socat - < file) still gets its replies. */
static bool is_over(const struct connection *connection)
{
    if (connection->broken) {
        return true;
    }
    if (connection->eof && !connection->more) {
        return (!connection->n_owed && !pending(connection) && !connection->subscribed) ||
               connection->gone;
    }
    return connection->closing && !pending(connection);
}

static void run_connection(struct server *server, struct connection *connection)
{
    if (connection->readable && !connection->more && may_read(connection)) {
        receive(connection);
    }
    connection->readable = false;
    if (!connection->broken) {
        hand_out_lines(server, connection);
    }
}

static void accept_connections(struct server *server)
{
    /* Accepts a few per pass. reap_connections() frees those beyond the cap. */
    for (int i = 0; i < 64 && server->acceptable; i++) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            run_connection(server, add_connection(server, fd));
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
        if (is_over(connection)) {
            free_connection(server, connection);
        }
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
            connection->gone |= (events[i].events & (EPOLLHUP | EPOLLERR)) != 0;
        }
    }
}

void server_run(struct server *server)
{
    struct connection *connection;

    find_ready_sockets(server);
    HMAP_FOR_EACH (connection, node, &server->connections) {
        run_connection(server, connection);
    }
    /* Free closed connections before accepting new ones. */
    reap_connections(server);
    accept_connections(server);
}

void server_flush(struct server *server)
{
    struct connection *connection;

    HMAP_FOR_EACH (connection, node, &server->connections) {
        flush(connection);
    }
    reap_connections(server);
}

/* Sets the events that the kernel reports for the connection. It always reports a hangup. */
static void arm(struct server *server, struct connection *connection)
{
    uint32_t events = (pending(connection) ? EPOLLOUT : 0u) | (may_read(connection) ? EPOLLIN : 0u);

    if (events != connection->armed) {
        connection->armed = events;
        if (!control(server, EPOLL_CTL_MOD, connection->fd, events, connection->id)) {
            SLOG_WARN_RL(&rl, "epoll does not accept connection %" PRIu64 " (%s); closed",
                         connection->id, ovs_strerror(errno));
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
        if (connection->more && pending(connection) < OUTPUT_PAUSE) {
            poll_immediate_wake();
        }
    }
    poll_fd_wait(server->epoll, POLLIN);
}

static bool has_lines_left(const struct server *server)
{
    const struct connection *connection;

    HMAP_FOR_EACH (connection, node, &server->connections) {
        if (connection->more && !connection->broken) {
            return true;
        }
    }
    return false;
}

/* accept() fails with EINVAL after the last one of those that connected before. */
void server_run_last(struct server *server)
{
    listener_refuse(server->listener);
    server->refusing = true;
    server->acceptable = true;
    for (int i = 0; i < LAST_PASSES && (server->acceptable || has_lines_left(server)); i++) {
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
            append(connection, xstrdup(line));
        }
    }
}

size_t server_n_subscribers(const struct server *server)
{
    return server->n_subscribers;
}

/* Looks up the peer's level again. A peer that may nothing any more gets no notifications; what it
 * has asked for still gets a reply. */
static void update_level(struct server *server, struct connection *connection)
{
    struct error error;
    uid_t uid;
    pid_t pid;

    connection->level = access_of_peer(server->options.access, connection->fd, &uid, &pid);
    if (connection->level == ACCESS_NONE && connection->subscribed) {
        error_set(&error, REASON_PERMISSION_DENIED, "",
                  "The configuration does not name your user any more, so the notifications end; "
                  "have it added to 'allow' or 'allow_read' in vifplugd.conf.");
        append(connection, server->options.refusal(&error));
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

void server_set_max_connections(struct server *server, int max_connections)
{
    server->options.max_connections = max_connections;
}

bool server_set_group(struct server *server, const char *group, struct error *error)
{
    return listener_set_group(server->listener, group, error);
}

size_t server_n_connections(const struct server *server)
{
    return hmap_count(&server->connections);
}

bool server_is_idle(const struct server *server)
{
    const struct connection *connection;

    HMAP_FOR_EACH (connection, node, &server->connections) {
        if (pending(connection) || connection->n_owed) {
            return false;
        }
    }
    return true;
}
