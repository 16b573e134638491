/* SPDX-License-Identifier: Apache-2.0 */
/* Shares: how clients share connections, memory and time. Values only: no sockets and no clock.
 *
 * A user (uid) is one party, however many connections it has. For connections and memory the rule
 * of base/room.h applies; privileged users are root and the daemon's own user.
 *
 * Time: users take turns, and so do the connections of a user. A turn is one request, or one piece
 * of a long reply. Each user has credit in microseconds; a user whose credit is used up goes to the
 * end of the queue and gets new credit there. A user who begins to ask goes to the front, so who
 * asks little does not wait for those who ask much. A user who has left is remembered while it has
 * little credit and others are busy: to connect again gives no new credit. */

#ifndef VP_SHARES_H
#define VP_SHARES_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "openvswitch/list.h"

struct shares;
struct share; /* One user's. */

/* A connection, as a member of its user's share. Embedded in what the caller has for it. */
struct member {
    struct share *share;
    struct ovs_list all;   /* In the list of the share's members. */
    struct ovs_list ready; /* In the list of those that have something to do, if is_ready. */
    bool is_ready;
    size_t held; /* Bytes. */
};

struct shares_limits {
    size_t connections;
    size_t memory; /* Bytes. */
};

struct shares *shares_create(const struct shares_limits *limits);
void shares_destroy(struct shares *shares); /* It must have no members. */
void shares_set_limits(struct shares *shares, const struct shares_limits *limits);

/* Adds a connection of user `uid`. Returns false if that user may have no further connection. */
bool shares_join(struct shares *shares, struct member *member, uid_t uid, bool privileged);
void shares_leave(struct shares *shares, struct member *member);

/* --- Time. --- */

/* Says whether the member has something to do. */
void shares_set_ready(struct shares *shares, struct member *member, bool ready);

/* The member whose turn it is; NULL if none is ready. */
struct member *shares_next(struct shares *shares);

/* Ends the turn of `member`, which took `us`. */
void shares_spend(struct member *member, int64_t us);

/* Whether no member is ready. If so, all debts are forgotten. */
bool shares_end_busy_period(struct shares *shares);

/* --- Memory, in bytes. --- */

/* Says how much is held for the member. */
void shares_hold(struct shares *shares, struct member *member, size_t held);

/* Says how much is held besides what is held for connections: for all, and for the member's user.
 */
void shares_hold_besides(struct shares *shares, size_t held);
void shares_hold_besides_of(const struct member *member, size_t held);

/* Whether `more` may be held for the member's user. */
bool shares_have_room(const struct shares *shares, const struct member *member, size_t more);

/* Whether the member's user has no room for `more`, and would have it if connections were closed:
 * its own, or those of a privileged user, who may take what others leave to each user. Not if what
 * is held besides takes the room. */
bool shares_is_clogged(const struct shares *shares, const struct member *member, size_t more);

/* If so, the member to close next. It may take several. Else NULL. */
struct member *shares_clog(const struct shares *shares, const struct member *member, size_t more);

/* If what is held for connections is more than it may be: the member that holds most, of the user
 * that holds most. NULL if all is well. Who closes it says so by shares_hold(). */
struct member *shares_excess(const struct shares *shares);

/* How much is held for all clients. */
size_t shares_held(const struct shares *shares);

#endif
