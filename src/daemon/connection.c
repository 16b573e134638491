/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "util.h"

/* While so much waits to be sent, bytes, the server reads nothing more from the connection, or
 * makes no further piece of its reply. */
#define OUTPUT_PAUSE ((size_t)256 * 1024)
#define PIECES_PAUSE ((size_t)64 * 1024)

struct connection *connection_create(int fd, const struct peer *peer)
{
    struct connection *connection = xzalloc(sizeof *connection);

    connection->peer = *peer;
    connection->fd = fd;
    frame_init(&connection->in, 0);
    connection_set_level(connection, peer->level);
    connection->readable = true; /* A peer that connects usually sends at once. */
    return connection;
}

void connection_destroy(struct connection *connection)
{
    connection_end_stream(connection);
    close(connection->fd);
    frame_destroy(&connection->in);
    backlog_clear(&connection->out);
    free(connection);
}

void connection_set_level(struct connection *connection, enum access_level level)
{
    connection->peer.level = level;
    connection->in.max = level == ACCESS_ALL ? FRAME_REQUEST_MAX : FRAME_READER_REQUEST_MAX;
}

size_t connection_size(const struct connection *connection)
{
    const struct server_stream *stream = connection->stream;

    return sizeof *connection + connection->in.size + connection->out.size +
           connection->later.size + (stream ? stream->size : 0);
}

void connection_append(struct connection *connection, char *line)
{
    backlog_add(connection->stream ? &connection->later : &connection->out, line);
}

void connection_flush(struct connection *connection)
{
    if (connection_pending(connection) && !connection->broken) {
        connection->broken = !backlog_send(&connection->out, connection->fd);
    }
}

/* recv() still returns what has come, then the end of the stream. The peer's next send() fails. */
void connection_refuse(const struct connection *connection)
{
    shutdown(connection->fd, SHUT_RD);
}

void connection_receive(struct connection *connection)
{
    char *space;
    size_t size = frame_space(&connection->in, &space);
    ssize_t n;

    if (!size) {
        out_of_memory();
    }
    n = recv(connection->fd, space, size, MSG_DONTWAIT);
    if (n > 0) {
        frame_received(&connection->in, (size_t)n);
        connection->more = true;
    } else if (n == 0) {
        connection->eof = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        connection->broken = true;
    }
    /* If more has arrived, the kernel says so again. It says nothing about those that have gone. */
    connection->readable = connection->gone && !connection->eof;
}

void connection_begin_stream(struct connection *connection, struct server_stream *stream)
{
    ovs_assert(!connection->stream);
    connection->stream = stream;
    connection->stream_waits = false;
}

void connection_make_piece(struct connection *connection)
{
    struct server_stream *stream = connection->stream;
    bool last = false;
    char *piece = stream->next(stream, &last);

    connection->stream_waits = !piece;
    if (piece) {
        backlog_add(&connection->out, piece);
    }
    if (last) {
        connection_end_stream(connection);
    }
}

void connection_end_stream(struct connection *connection)
{
    if (connection->stream) {
        connection->stream->destroy(connection->stream);
        connection->stream = NULL;
        connection->n_owed--;
        backlog_take(&connection->out, &connection->later);
    }
}

void connection_break(struct connection *connection)
{
    connection->broken = true;
    connection_end_stream(connection);
    backlog_clear(&connection->out);
    frame_destroy(&connection->in);
}

static bool may_serve(const struct connection *connection)
{
    return !connection->closing && !connection->broken && !connection->stream &&
           connection_pending(connection) < OUTPUT_PAUSE;
}

bool connection_may_receive(const struct connection *connection)
{
    return may_serve(connection) && !connection->eof;
}

bool connection_has_line(const struct connection *connection)
{
    return may_serve(connection) && connection->more;
}

bool connection_has_piece(const struct connection *connection)
{
    return connection->stream && !connection->broken && !connection->stream_waits &&
           connection_pending(connection) < PIECES_PAUSE;
}

bool connection_is_answered(const struct connection *connection)
{
    bool has_ended = connection->closing || (connection->eof && !connection->more);

    return connection->broken ||
           (has_ended && !connection->n_owed && !connection_pending_at_all(connection));
}

bool connection_is_over(const struct connection *connection)
{
    if (connection->broken) {
        return true;
    }
    if (connection->eof && !connection->more) {
        return (!connection->n_owed && !connection_pending_at_all(connection) &&
                !connection->subscribed) ||
               connection->gone;
    }
    return connection->closing && !connection->stream && !connection_pending(connection);
}
