/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the API socket: what has been received, and what is still to be sent. Only the
 * server uses this; it decides when each connection has its turn. */

#ifndef VP_CONNECTION_H
#define VP_CONNECTION_H 1

#include "daemon/backlog.h"
#include "daemon/server.h"
#include "daemon/shares.h"
#include "openvswitch/hmap.h"
#include "wire/frame.h"

struct connection {
    struct hmap_node node; /* In the server's map, by peer.connection. */
    struct member member;
    struct peer peer;
    int fd;
    uint32_t armed; /* The events that the kernel reports, EPOLLIN | EPOLLOUT. */
    bool readable;  /* There may be something to receive. */
    struct frame in;
    struct backlog out;
    struct server_stream *stream; /* The reply that is being made, or NULL. */
    bool stream_waits;            /* `stream` has no piece in this pass. */
    struct backlog later;         /* What goes to `out` after `stream`. */
    bool eof;                     /* The peer has finished sending. */
    bool closing;                 /* Close once `out` has been sent. */
    bool broken;                  /* Close now. */
    bool gone;     /* The peer has closed both directions, or the connection has failed. */
    bool more;     /* `in` may have further lines. */
    size_t n_owed; /* Lines handed out that have no reply yet. */
    bool subscribed;
};

/* Takes over `fd`. The caller joins `member`. */
struct connection *connection_create(int fd, const struct peer *peer);

/* Closes it. `member` must have left. */
void connection_destroy(struct connection *connection);

/* Sets what the peer may do, and so how long its requests may be. */
void connection_set_level(struct connection *connection, enum access_level level);

/* How much memory it holds, bytes. */
size_t connection_size(const struct connection *connection);

/* How much waits to be sent, and with what waits for the end of a stream, bytes. */
static inline size_t connection_pending(const struct connection *connection)
{
    return backlog_length(&connection->out);
}

static inline size_t connection_pending_at_all(const struct connection *connection)
{
    return connection_pending(connection) + backlog_length(&connection->later);
}

/* Takes `line` (malloc'ed), and frees it. While a reply is being made, the line waits. */
void connection_append(struct connection *connection, char *line);

/* Sends what the socket takes. */
void connection_flush(struct connection *connection);

/* Receives nothing but what the peer has sent already. */
void connection_refuse(const struct connection *connection);

/* Receives what there is, as far as it fits. */
void connection_receive(struct connection *connection);

/* Begins a reply in pieces; makes its next piece; ends it. */
void connection_begin_stream(struct connection *connection, struct server_stream *stream);
void connection_make_piece(struct connection *connection);
void connection_end_stream(struct connection *connection);

/* Gives up a connection at once, with all that it holds. */
void connection_break(struct connection *connection);

/* Whether to receive from it, hand out a line of it, or make a piece, as far as that depends on the
 * connection. */
bool connection_may_receive(const struct connection *connection);
bool connection_has_line(const struct connection *connection);
bool connection_has_piece(const struct connection *connection);

/* Whether it has sent its last request, and has the reply to each. */
bool connection_is_answered(const struct connection *connection);

/* Whether it is to be closed. A peer that has only finished sending (socat - < file) still gets its
 * replies. */
bool connection_is_over(const struct connection *connection);

#endif
