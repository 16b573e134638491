/* SPDX-License-Identifier: Apache-2.0 */
/* Whose request is next, and who is closed so that others have memory. */

#include "daemon/server-private.h"

#include <inttypes.h>

#include "base/log.h"
#include "daemon/shares.h"
#include "timeval.h"
#include "util.h"
#include "wire/frame.h"

VLOG_DEFINE_THIS_MODULE(server_turns);

/* What must be free for a user before the server takes its next request, bytes. */
#define REQUEST_ROOM ((size_t)16 * 1024)

/* How long a pass serves requests, us. Requests for a change count an eighth: those that a pass
 * takes together share a transaction. */
#define PASS_US 125
enum { CHANGE_DISCOUNT = 8 };

/* The same while the server refuses all, us: nobody waits for anything else then. */
#define REFUSING_PASS_US 10000

static void refuse(struct server *server, struct connection *connection, const struct error *error)
{
    server_append(server, connection, server->options.refusal(error));
    connection->closing = true;
}

/* Hands out a line, if there is one. Returns whether it asks for a change. */
static bool hand_out_line(struct server *server, struct connection *connection)
{
    struct error error;
    const char *line;
    size_t length;
    bool changes = false;

    switch (frame_next(&connection->in, &line, &length)) {
    case FRAME_LINE:
        connection->n_owed++;
        changes = server->options.line(server->options.aux, &connection->peer, line, length);
        break;
    case FRAME_MORE:
        break;
    case FRAME_TOO_LONG:
        error_set(&error, REASON_INVALID_REQUEST, "",
                  "A request is longer than %zu bytes; send shorter ones.", connection->in.max);
        error.rpc_code = RPC_PARSE_ERROR;
        refuse(server, connection, &error);
        return false;
    }
    /* Said as soon as it is known: a connection that may have a line keeps its place. */
    connection->more = frame_has_more(&connection->in);
    if (!connection->more) {
        frame_trim(&connection->in);
    }
    return changes;
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
    server_note_memory(server, connection);
    return changes;
}

bool server_has_room(const struct server *server, const struct connection *connection)
{
    return shares_have_room(server->shares, &connection->member, REQUEST_ROOM);
}

/* The connection to close, so that there is room for a request of this one; or NULL. */
static struct connection *find_clog(const struct server *server,
                                    const struct connection *connection)
{
    struct member *member = shares_clog(server->shares, &connection->member, REQUEST_ROOM);

    return member ? CONTAINER_OF(member, struct connection, member) : NULL;
}

bool server_is_clogged(const struct server *server, const struct connection *connection)
{
    return shares_is_clogged(server->shares, &connection->member, REQUEST_ROOM);
}

bool server_has_request(const struct connection *connection)
{
    return connection_has_line(connection) ||
           (connection->readable && connection_may_receive(connection));
}

void server_note_ready(const struct server *server, struct connection *connection)
{
    bool ready = connection_has_piece(connection) ||
                 (server_has_request(connection) && server_has_room(server, connection));

    shares_set_ready(server->shares, &connection->member, ready);
}

void server_take_turns(struct server *server)
{
    long long int now = time_usec();
    int64_t left = server->refusing ? REFUSING_PASS_US : PASS_US;
    struct member *member;

    while (left > 0 && (member = shares_next(server->shares))) {
        struct connection *connection = CONTAINER_OF(member, struct connection, member);
        long long int began = now;
        bool changes = take_turn(server, connection);

        now = time_usec();
        shares_spend(member, now - began);
        left -= MAX(1, changes ? (now - began) / CHANGE_DISCOUNT : now - began);
        server_note_ready(server, connection);
    }
}

void server_close_heavy(const struct server *server, struct connection *connection, const char *why)
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
    server_note_memory(server, connection);
}

void server_make_room(struct server *server)
{
    struct connection *connection, *clog;
    struct member *member;

    shares_hold_besides(server->shares, server->options.held_for_all(server->options.aux));
    HMAP_FOR_EACH (connection, node, &server->connections) {
        shares_hold_besides_of(&connection->member,
                               server->options.held_for(server->options.aux, connection->peer.uid));
        while (server_has_request(connection) && (clog = find_clog(server, connection))) {
            server_close_heavy(server, clog, "it leaves no memory for the next request");
        }
    }
    while ((member = shares_excess(server->shares))) {
        server_close_heavy(server, CONTAINER_OF(member, struct connection, member),
                           "clients hold all the memory that they may (client_memory)");
    }
}
