/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: one request in flight, from its arrival to its reply.
 *
 * ops.h has the transitions between states. An operation that has begun may be queued again: for
 * the second step of a replacement, to make vswitchd look again (at an MTU, or at a device that is
 * being handed over), and to be undone. An undo goes the same way with what was there before as
 * the goal.
 *
 * Operations on one VIF run one after another, in the order of their arrival. An operation ends
 * properly even if its client has disconnected or already has its reply. */

#ifndef VP_OP_H
#define VP_OP_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/engine.h"
#include "links/link-plan.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "plan/plan.h"
#include "plan/record.h"
#include "wire/request.h"

#define OP_WARNINGS_MAX 4
#define OP_BRIDGE_WARNING_LEN 512

enum op_type {
    OP_PLUG,
    OP_UNPLUG,
    OP_UPDATE,
    OP_REPAIR, /* By the watcher: brings back what others have changed. */
    OP_RECOVER /* By the engine: the second step of a replacement that a killed daemon left, or a
                * port whose device was being handed over and that nobody follows up. */
};

enum op_state {
    OP_QUEUED,     /* Waits for a transaction. */
    OP_COMMITTING, /* In the transaction under way. */
    OP_SETTLING,   /* OVSDB has answered its transaction. */
    OP_REALIZING,  /* Committed; vswitchd's verdict is awaited. */
    OP_CLEARING,   /* UNPLUG: the port is gone, and the VIF's links are being removed. */
    OP_N_STATES
};

enum op_phase {
    PHASE_FORWARD,
    PHASE_UNDO /* Takes back what was written, for the reason in `error`. */
};

/* What the client knows. */
enum op_told {
    TOLD_NOTHING,
    TOLD_DONE,   /* Its plug was acknowledged at commit: what was written stays. */
    TOLD_REFUSED /* An error: what was written, or still will be, is taken back. */
};

/* What a queued operation waits for. */
enum op_waits_for {
    WAITS_FOR_TURN,     /* Its VIF's earlier operations, or the next transaction. */
    WAITS_FOR_VSWITCHD, /* It is planned and needs an ovs-vswitchd, which is dead. */
    WAITS_FOR_REMOVAL   /* What is in its way is being unplugged or removed. */
};

/* What an operation's next transaction holds. */
enum op_writes {
    WRITES_PLAN,    /* What its plan says. */
    WRITES_NEXT_CFG /* An increment of next_cfg alone, so that vswitchd looks again. */
};

/* Whether the operation has created its bridge, which an undo then takes away. */
enum op_bridge {
    BRIDGE_NOT_MADE,
    BRIDGE_PERHAPS_MADE, /* The connection broke during the commit; planning finds out. */
    BRIDGE_MADE
};

struct op {
    struct ovs_list node;     /* In the list of its state (ops.h). */
    struct ovs_list vif_node; /* Among the operations on the same VIF. */
    struct vif_queue *vif_queue;

    uint64_t id; /* For the log; grows with the order of arrival. */
    enum op_type type;
    enum op_state state; /* Only ops_set_state() writes it. */
    enum op_phase phase;
    struct request request;
    struct asker asker;
    bool only_stale; /* UNPLUG: only if the VIF is of an earlier boot. */
    enum op_told told;

    /* What it is to do: planned anew each time that it leaves QUEUED. */
    struct plan plan;
    struct port_spec goal; /* The port that PHASE_FORWARD leads to; valid if has_goal. */
    bool has_goal;         /* Always false for UNPLUG. */
    bool without_vf_mac;   /* `goal` leaves out dpdk-vf-mac: set-vf-mac = try has been tried. */

    /* What was there before its first transaction: what PHASE_UNDO leads to. Fixed once
     * `written`. */
    struct record before; /* Valid if has_before. */
    bool has_before;
    struct port_settings *before_settings; /* With `before`; or NULL. */
    struct record *evicted; /* The VIF that has to go for this one; or NULL. Owned. */
    struct port_settings *evicted_settings;

    /* What it has done so far. */
    bool written; /* A transaction with its plan has been, or may have been, committed. */
    bool changed; /* More than our own marks differ since: `changed` of the reply. */
    enum op_bridge bridge;
    struct link_plan links_made; /* Steps on links that an undo takes back. */

    /* For its end. */
    struct error error; /* PHASE_UNDO, TOLD_REFUSED: the reason. */
    char *warnings[OP_WARNINGS_MAX];
    size_t n_warnings;
    char bridge_warning[OP_BRIDGE_WARNING_LEN]; /* A warning if it creates its bridge; or "". */

    /* While QUEUED. */
    struct {
        enum op_waits_for waits_for;
        enum op_writes writes;    /* Also while COMMITTING and SETTLING. */
        bool alone;               /* Goes in a transaction of its own: its batch was refused. */
        int n_tries;              /* Transactions that came to nothing in this phase. */
        long long int deadline;   /* For operations that have not begun, ms. */
        long long int hold_until; /* Slow device: lets others go first until then, ms; 0: not yet
                                   * asked. */
    } queued;

    /* While REALIZING. */
    struct {
        int64_t target_cfg;         /* The cur_cfg from which on a verdict counts; 0: any. */
        long long int settle_until; /* A differing MTU may still change until then, ms; 0: none
                                     * differs. */
        bool looked_again;          /* A second look has been made at what was committed last. */
        bool grace_given;           /* vswitchd_grace has been added to the deadline. */
        long long int judge_at;     /* When to judge even if nothing changes, ms. */
        struct {
            int n_looks;           /* How often vswitchd was made to look for the device. */
            long long int next_at; /* When it is made to look next, ms; 0: not set. */
            long long int until;   /* When its refusal is believed, ms; 0: it has not refused. */
        } hand_over;               /* Of the port's device (hand-over.h). */
    } realizing;

    /* ms of the monotonic clock for deadlines, us for what is reported. */
    long long int deadline;
    long long int arrived_us;
    long long int sent_us;
    long long int committed_us;
};

/* `asker` may be NULL: nobody waits. */
struct op *op_create(enum op_type type, const struct request *request, const struct asker *asker);
void op_destroy(struct op *op);

void op_warn(struct op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether it brings a port to what it shall be for somebody who waits for a reply. */
static inline bool op_is_plug(const struct op *op)
{
    return op->type == OP_PLUG || op->type == OP_UPDATE;
}

/* Whether nobody asked for it. */
static inline bool op_is_internal(const struct op *op)
{
    return op->type == OP_RECOVER || op->type == OP_REPAIR;
}

static inline bool op_is_undo(const struct op *op)
{
    return op->phase == PHASE_UNDO;
}

/* Whether its next, or present, transaction only increments next_cfg. */
static inline bool op_only_looks(const struct op *op)
{
    return op->queued.writes == WRITES_NEXT_CFG;
}

/* "plug", for the log. */
const char *op_type_name(enum op_type type);

#endif
