/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/shares.h"

#include <stdlib.h>

#include "base/room.h"
#include "hash.h"
#include "openvswitch/hmap.h"
#include "util.h"

/* The credit for a turn, us. A request takes 5 to 50. */
enum { CREDIT_US = 50 };

/* How many users without connections are remembered. */
enum { LEFT_MAX = 256 };

/* The connections of a user that holds less are not worth closing while there is memory, bytes. */
enum { HEAVY = 128 * 1024 };

struct share {
    struct hmap_node node;
    struct ovs_list turn; /* In shares->turns, if a member is ready. */
    struct ovs_list members;
    struct ovs_list ready;
    uid_t uid;
    bool privileged;
    size_t n_members;
    size_t held;    /* For its members. */
    size_t besides; /* For the user, but for none of its members. */
    int64_t credit;
    uint64_t busy_period; /* That `credit` is of. */
};

struct shares {
    struct shares_limits limits;
    struct hmap users;     /* Of struct share, by uid. */
    struct ovs_list turns; /* Of struct share, those with a ready member, the next first. */
    uint64_t busy_period;  /* Ends when no member is ready. Debts end with it. */
    size_t n_members;
    size_t n_left;  /* Users without members. */
    size_t held;    /* For all members. */
    size_t besides; /* For all users, but for no members. */
};

struct shares *shares_create(const struct shares_limits *limits)
{
    struct shares *shares = xzalloc(sizeof *shares);

    shares->limits = *limits;
    shares->busy_period = 1;
    hmap_init(&shares->users);
    ovs_list_init(&shares->turns);
    return shares;
}

static void forget(struct shares *shares, struct share *share)
{
    hmap_remove(&shares->users, &share->node);
    free(share);
}

static void forget_those_who_left(struct shares *shares)
{
    struct share *share;

    if (shares->n_left > 0) {
        HMAP_FOR_EACH_SAFE (share, node, &shares->users) {
            if (share->n_members == 0) {
                forget(shares, share);
            }
        }
        shares->n_left = 0;
    }
}

void shares_destroy(struct shares *shares)
{
    if (shares) {
        forget_those_who_left(shares);
        ovs_assert(hmap_is_empty(&shares->users));
        hmap_destroy(&shares->users);
        free(shares);
    }
}

void shares_set_limits(struct shares *shares, const struct shares_limits *limits)
{
    shares->limits = *limits;
}

static uint32_t hash_uid(uid_t uid)
{
    return hash_int(uid, 0);
}

static struct share *find(const struct shares *shares, uid_t uid)
{
    struct share *share;

    HMAP_FOR_EACH_WITH_HASH (share, node, hash_uid(uid), &shares->users) {
        if (share->uid == uid) {
            return share;
        }
    }
    return NULL;
}

bool shares_join(struct shares *shares, struct member *member, uid_t uid, bool privileged)
{
    struct share *share = find(shares, uid);

    if (room_left(privileged, shares->limits.connections, shares->n_members,
                  share ? share->n_members : 0) == 0) {
        return false;
    }
    if (!share) {
        share = xzalloc(sizeof *share);
        share->uid = uid;
        share->privileged = privileged;
        ovs_list_init(&share->members);
        ovs_list_init(&share->ready);
        hmap_insert(&shares->users, &share->node, hash_uid(uid));
        shares->n_left++;
    }
    shares->n_left -= share->n_members == 0;
    *member = (struct member){.share = share};
    ovs_list_push_back(&share->members, &member->all);
    share->n_members++;
    shares->n_members++;
    return true;
}

void shares_leave(struct shares *shares, struct member *member)
{
    struct share *share = member->share;

    shares_set_ready(shares, member, false);
    shares_hold(shares, member, 0);
    ovs_list_remove(&member->all);
    member->share = NULL;
    shares->n_members--;
    if (--share->n_members > 0) {
        return;
    }
    share->besides = 0; /* The next connection brings it up to date. */
    if (share->busy_period == shares->busy_period && share->credit < CREDIT_US &&
        shares->n_left < LEFT_MAX) {
        shares->n_left++;
    } else {
        forget(shares, share);
    }
}

/* --- Time. --- */

static void begin_turns(struct shares *shares, struct share *share)
{
    if (share->busy_period != shares->busy_period) {
        share->busy_period = shares->busy_period;
        share->credit = CREDIT_US;
    }
    if (share->credit > 0) {
        ovs_list_push_front(&shares->turns, &share->turn);
    } else {
        ovs_list_push_back(&shares->turns, &share->turn);
    }
}

void shares_set_ready(struct shares *shares, struct member *member, bool ready)
{
    struct share *share = member->share;

    if (ready == member->is_ready) {
        return;
    }
    member->is_ready = ready;
    if (ready) {
        if (ovs_list_is_empty(&share->ready)) {
            begin_turns(shares, share);
        }
        ovs_list_push_back(&share->ready, &member->ready);
    } else {
        ovs_list_remove(&member->ready);
        if (ovs_list_is_empty(&share->ready)) {
            ovs_list_remove(&share->turn);
        }
    }
}

bool shares_end_busy_period(struct shares *shares)
{
    if (!ovs_list_is_empty(&shares->turns)) {
        return false;
    }
    shares->busy_period++;
    forget_those_who_left(shares);
    return true;
}

struct member *shares_next(struct shares *shares)
{
    struct share *share;

    if (ovs_list_is_empty(&shares->turns)) {
        return NULL;
    }
    for (;;) {
        share = CONTAINER_OF(ovs_list_front(&shares->turns), struct share, turn);
        if (share->credit > 0) {
            return CONTAINER_OF(ovs_list_front(&share->ready), struct member, ready);
        }
        share->credit += CREDIT_US;
        ovs_list_remove(&share->turn);
        ovs_list_push_back(&shares->turns, &share->turn);
    }
}

void shares_spend(struct member *member, int64_t us)
{
    struct share *share = member->share;

    /* At least 1, so that every turn counts. */
    share->credit -= MAX(us, 1);
    if (member->is_ready) {
        ovs_list_remove(&member->ready);
        ovs_list_push_back(&share->ready, &member->ready);
    }
}

/* --- Memory. --- */

void shares_hold(struct shares *shares, struct member *member, size_t held)
{
    shares->held += held - member->held;
    member->share->held += held - member->held;
    member->held = held;
}

void shares_hold_besides(struct shares *shares, size_t held)
{
    shares->besides = held;
}

void shares_hold_besides_of(const struct member *member, size_t held)
{
    member->share->besides = held;
}

bool shares_have_room(const struct shares *shares, const struct member *member, size_t more)
{
    const struct share *share = member->share;

    return room_left(share->privileged, shares->limits.memory, shares->held + shares->besides,
                     share->held + share->besides) >= more;
}

static struct member *heaviest_of(const struct share *share)
{
    struct member *heaviest = NULL;
    struct member *member;

    LIST_FOR_EACH (member, all, &share->members) {
        if (!heaviest || member->held > heaviest->held) {
            heaviest = member;
        }
    }
    return heaviest;
}

/* Whether the connections of `holder` are why `share` has no room: without them it has. */
static bool clogs(const struct shares *shares, const struct share *holder,
                  const struct share *share, size_t more)
{
    size_t used = shares->held + shares->besides - holder->held;
    size_t own = share->besides + (holder == share ? 0 : share->held);

    return holder->held >= HEAVY && holder->held > holder->besides &&
           room_left(share->privileged, shares->limits.memory, used, own) >= more;
}

/* Others leave something to each user; privileged users may take that, too. */
static const struct share *find_clog(const struct shares *shares, const struct member *member,
                                     size_t more)
{
    const struct share *holder;

    if (shares_have_room(shares, member, more)) {
        return NULL;
    }
    if (clogs(shares, member->share, member->share, more)) {
        return member->share;
    }
    HMAP_FOR_EACH (holder, node, &shares->users) {
        if (holder->privileged && clogs(shares, holder, member->share, more)) {
            return holder;
        }
    }
    return NULL;
}

bool shares_is_clogged(const struct shares *shares, const struct member *member, size_t more)
{
    return find_clog(shares, member, more);
}

struct member *shares_clog(const struct shares *shares, const struct member *member, size_t more)
{
    const struct share *holder = find_clog(shares, member, more);

    return holder ? heaviest_of(holder) : NULL;
}

struct member *shares_excess(const struct shares *shares)
{
    bool full = shares->held > shares->limits.memory;
    const struct share *largest = NULL;
    const struct share *share;

    HMAP_FOR_EACH (share, node, &shares->users) {
        if ((!largest || share->held > largest->held) && (full || share->held >= HEAVY) &&
            room_exceeded(share->privileged, shares->limits.memory, shares->held, share->held)) {
            largest = share;
        }
    }
    return largest ? heaviest_of(largest) : NULL;
}

size_t shares_held(const struct shares *shares)
{
    return shares->held + shares->besides;
}
