/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket, and who gets a connection. */

#include "daemon/server-private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/listener.h"
#include "daemon/shares.h"
#include "hash.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(server_accept);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(10, 20);

enum { ACCEPTS_PER_PASS = 8 };

/* How long the server accepts no connections after accept() has failed, ms. */
#define ACCEPT_PAUSE 100

/* Makes the kernel report new connections, or stop reporting them. server_wait_accept() tries again
 * if that fails. */
static bool listen_to(struct server *server, bool listening)
{
    int op = listening ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;

    if (listening != server->listening) {
        if (!server_control(server, op, server->fd, EPOLLIN, LISTENER_ID)) {
            return false;
        }
        server->listening = listening;
        server->acceptable &= listening;
    }
    return true;
}

bool server_open_sockets(struct server *server, struct error *error)
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

void server_close_sockets(struct server *server)
{
    if (server->listener) {
        listener_close(server->listener);
    }
    if (server->epoll >= 0) {
        close(server->epoll);
    }
}

static bool add_connection(struct server *server, int fd, const struct peer *peer)
{
    struct connection *connection = connection_create(fd, peer);

    if (!shares_join(server->shares, &connection->member, peer->uid, peer->privileged)) {
        free(connection); /* It holds nothing yet; `fd` stays the caller's. */
        return false;
    }
    connection->peer.connection = ++server->last_id;
    hmap_insert(&server->connections, &connection->node, hash_uint64(connection->peer.connection));
    if (server->refusing) {
        connection_refuse(connection);
    }
    connection->armed = EPOLLIN;
    if (!server_control(server, EPOLL_CTL_ADD, fd, EPOLLIN, connection->peer.connection)) {
        SLOG_WARN_RL(&rl, "epoll does not accept a connection (%s); closed", ovs_strerror(errno));
        connection->broken = true;
    }
    server_note_memory(server, connection);
    return true;
}

/* Who has closed a connection before this one was opened may have done so after the pass has asked
 * for what is ready. */
static bool find_place(struct server *server, int fd, const struct peer *peer)
{
    if (add_connection(server, fd, peer)) {
        return true;
    }
    server_find_ready(server);
    server_reap_connections(server);
    return add_connection(server, fd, peer);
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
    } else if (!find_place(server, fd, &peer)) {
        SLOG_WARN_RL(&rl, "uid %ld, pid %ld has too many of the %d connections; one closed",
                     (long)peer.uid, (long)pid, server->options.max_connections);
        error_set(&error, REASON_BUSY, "",
                  "Your user, or all together, have too many of the %d connections "
                  "(max_connections); close some or try later.",
                  server->options.max_connections);
        turn_away(server, fd, &error);
    }
}

void server_accept(struct server *server)
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

/* The kernel would report a socket that refuses connections without end. */
void server_refuse_connections(struct server *server)
{
    server->refusing = true;
    listen_to(server, false);
    server->acceptable = listener_refuse(server->listener);
}

void server_wait_accept(struct server *server)
{
    bool paused = time_msec() < server->accept_from;

    if (server->refusing) {
        if (server->acceptable) {
            poll_immediate_wake();
        }
        return;
    }
    if (paused) {
        poll_timer_wait_until(server->accept_from);
    }
    if (!listen_to(server, !paused)) {
        poll_timer_wait(ACCEPT_PAUSE);
    }
}
