/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: one request each, from its arrival to its reply.
 *
 * ops.h has the transitions between states. An operation that has begun can go back to the queue:
 * for the second step of a replacement, to make vswitchd look again (at an MTU, or at a device in a
 * hand-over), and for its undo. An undo goes through the same states, with the previous state as
 * its goal.
 *
 * Operations on one VIF run one after another, in the order of their arrival. An operation
 * completes even if its client has disconnected or already has its reply. */

#ifndef VP_OP_H
#define VP_OP_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/engine.h"
#include "links/link-plan.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "plan/evict.h"
#include "plan/plan.h"
#include "plan/record.h"
#include "wire/request.h"

#define OP_WARNINGS_MAX 4
#define OP_BRIDGE_WARNING_LEN 512

/* What an operation holds outside of struct op, bytes: more than the strings of its plan and of the
 * state before it. */
#define OP_BESIDES ((size_t)4096)

enum op_type {
    OP_PLUG,
    OP_UNPLUG,
    OP_UPDATE,
    OP_REPAIR,  /* By the watcher: reverts changes by other programs. */
    OP_RESTORE, /* By the watcher: also makes the bridge; after the loss of a database. */
    OP_RECOVER /* By the engine: does the second step of a replacement that a killed daemon left, or
                * follows up a port whose device was in a hand-over, if no other operation does. */
};
#define OP_N_TYPES ((int)OP_RECOVER + 1)

enum op_state {
    OP_QUEUED,     /* Waits for a transaction. */
    OP_COMMITTING, /* Is in the transaction under way. */
    OP_SETTLING,   /* OVSDB has replied to its transaction. */
    OP_REALIZING,  /* OVSDB has committed; waits for vswitchd's verdict. */
    OP_CLEARING,   /* The link remover removes links: of an unplugged VIF or, in PHASE_UNDO, those
                    * that the operation made. */
    OP_N_STATES
};

enum op_phase {
    PHASE_FORWARD,
    PHASE_UNDO /* Undoes what was written; `error` is the reason. */
};

/* What the reply has said. */
enum op_told {
    TOLD_NOTHING,
    TOLD_DONE,   /* Success, for a plug at commit: what was written stays. */
    TOLD_REFUSED /* An error: what was written, or will still be written, is undone. */
};

/* What a queued operation waits for. */
enum op_waits_for {
    WAITS_FOR_TURN,     /* For the VIF's earlier operations, or for the next transaction. */
    WAITS_FOR_VSWITCHD, /* For ovs-vswitchd, which the plan needs and which is dead. */
    WAITS_FOR_SERVER,   /* For an ovsdb-server that can write its database, until `again_at`. */
    WAITS_FOR_REMOVAL   /* For the unplug or removal of what conflicts with it. */
};

/* What the operation's next transaction writes. */
enum op_writes {
    WRITES_PLAN,    /* The plan. */
    WRITES_NEXT_CFG /* Only an increment of next_cfg, so that vswitchd looks again. */
};

/* Whether vswitchd has released what it held of removed ports, before a socket in the way of the
 * operation's port counts as another program's (sockets.c). */
enum op_release {
    RELEASE_UNKNOWN,
    RELEASE_AWAITED, /* The operation increments next_cfg, and waits for cur_cfg. */
    RELEASE_SEEN
};

/* Whether the operation has created its bridge; an undo then removes it. */
enum op_bridge {
    BRIDGE_NOT_MADE,
    BRIDGE_PERHAPS_MADE, /* The connection broke during the commit; the next plan finds out. */
    BRIDGE_MADE
};

struct op {
    struct ovs_list node;     /* In the list of its state (ops.h). */
    struct ovs_list vif_node; /* In the list of operations on the same VIF. */
    struct vif_queue *vif_queue;
    struct op_owner *owner;
    struct ovs_list turn_node; /* Within gather_batch(), in owner->turns. */

    uint64_t id; /* For the log; grows with the order of arrival. */
    enum op_type type;
    enum op_state state; /* Only ops_set_state() writes it. */
    enum op_phase phase;
    struct request request;
    struct asker asker;
    bool spared;     /* UNPLUG: the VIF is another instance's, and stays. */
    bool only_stale; /* UNPLUG: does nothing unless the VIF is of an earlier boot. */
    enum op_told told;

    /* What the operation does: planned again each time that it leaves QUEUED. */
    struct plan plan;
    struct port_spec goal; /* The port that PHASE_FORWARD leads to; valid if has_goal. */
    bool has_goal;         /* Always false for UNPLUG. */
    bool without_vf_mac;   /* `goal` has no dpdk-vf-mac: the try of set-vf-mac = try failed. */

    /* The state before the operation's first transaction, which PHASE_UNDO restores. Does not
     * change once `written` is true. */
    struct record before; /* Valid if has_before. */
    bool has_before;
    struct port_settings *before_settings; /* Of `before`; or NULL. */
    struct record *evicted;                /* The VIF that this one evicts; or NULL. Owned. */
    struct port_settings *evicted_settings;
    char evicted_why[EVICT_WHY_LEN]; /* Of `evicted`, for a warning; or "". */

    /* What the operation has done so far. */
    bool written; /* OVSDB has, or may have, committed a plan of the operation. */
    bool changed; /* `changed` of the reply: it changed more than boot id and PCI slot. */
    enum op_bridge bridge;
    enum op_release release;
    struct link_plan links_made; /* The link steps, all done, that an undo reverts. */

    /* For the reply. */
    struct error error; /* PHASE_UNDO, TOLD_REFUSED: the reason. */
    char *warnings[OP_WARNINGS_MAX];
    size_t n_warnings;
    char bridge_warning[OP_BRIDGE_WARNING_LEN]; /* A warning for the case that the operation creates
                                                 * its bridge; or "". */

    /* While QUEUED. */
    struct {
        enum op_waits_for waits_for;
        uint64_t seen;            /* WAITS_FOR_REMOVAL: engine->n_removals when it was planned. */
        enum op_writes writes;    /* Also while COMMITTING and SETTLING. */
        bool alone;               /* Goes alone into a transaction: OVSDB refused its batch. */
        int n_tries;              /* Transactions without effect in this phase. */
        long long int deadline;   /* When the wait ends for an operation that has not begun, ms. */
        long long int again_at;   /* WAITS_FOR_SERVER: when to try again, ms. */
        long long int hold_until; /* Slow device: others go first until then, ms; 0: not yet. */
    } queued;

    /* While REALIZING. */
    struct {
        int64_t target_cfg;         /* The verdict counts once cur_cfg has this value; 0: always. */
        long long int settle_until; /* A differing MTU may change until then, ms; 0: none. */
        bool looked_again;          /* vswitchd has looked a second time at the last commit. */
        bool tap_again;             /* A tap that had gone has been made once more. */
        bool grace_given;           /* The deadline includes vswitchd_grace. */
        long long int judge_at;     /* When to judge again even if no row changes, ms. */
        struct {
            int n_looks;           /* How often vswitchd has looked for the device again. */
            long long int next_at; /* When vswitchd shall look next, ms; 0: not set. */
            long long int until;   /* When its refusal becomes final, ms; 0: it has not refused. */
        } hand_over;               /* The hand-over of the port's device (hand-over.h). */
        struct {
            uint64_t question;   /* switch_log_ask(); 0: not asked. */
            long long int first; /* When it was asked first, ms. */
            long long int until; /* When to fail without an answer, ms; 0: not set. */
            long long int again; /* When to ask again, ms; 0: an answer is awaited. */
            uint64_t late;       /* The question in case there is no verdict; 0: not asked. */
        } words;                 /* What vswitchd's log says of the failed port (explain.c). */
    } realizing;

    struct log_mark log_mark; /* vswitchd's log before the operation's first plan was sent. */

    /* By the monotonic clock: `deadline` in ms, the others in us, for the reply. */
    long long int deadline;
    long long int arrived_us;
    long long int sent_us;
    long long int committed_us;
};

/* `asker` may be NULL: nobody waits for a reply. */
struct op *op_create(enum op_type type, const struct request *request, const struct asker *asker);
void op_destroy(struct op *op);

void op_warn(struct op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether it is a plug or an update. */
static inline bool op_is_plug(const struct op *op)
{
    return op->type == OP_PLUG || op->type == OP_UPDATE;
}

static inline bool op_is_repair(const struct op *op)
{
    return op->type == OP_REPAIR || op->type == OP_RESTORE;
}

/* Whether the daemon itself started it, without a request. */
static inline bool op_is_internal(const struct op *op)
{
    return op->type == OP_RECOVER || op_is_repair(op);
}

static inline bool op_is_undo(const struct op *op)
{
    return op->phase == PHASE_UNDO;
}

/* Whether its next (or present) transaction only increments next_cfg. */
static inline bool op_only_looks(const struct op *op)
{
    return op->queued.writes == WRITES_NEXT_CFG;
}

/* Whether its next (or present) transaction, or its wait for vswitchd, comes before its plan. */
static inline bool op_awaits_release(const struct op *op)
{
    return op->release == RELEASE_AWAITED;
}

/* "plug", for the log. */
const char *op_type_name(enum op_type type);

#endif
