/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: one request in flight, from its arrival to its reply.
 *
 * ops.h has the states' transitions. An operation that has begun may be queued again: for the
 * second step of a replacement, for another look at an MTU or at a device that is being handed
 * over, and to be undone: the same way once more, with what preceded as the goal.
 *
 * Operations on one VIF run one after another in the order of their arrival. An operation whose
 * client has gone, or has its reply already, still ends properly. */

#ifndef VP_OP_H
#define VP_OP_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
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
    OP_REPAIR, /* Nobody's request: brings back what others have changed. */
    OP_RECOVER /* Nobody's request: the second step of a replacement that a killed daemon left, or
                * a port whose device was being handed over when nobody followed it up. */
};

enum op_state {
    OP_QUEUED,
    OP_COMMITTING, /* In the transaction under way. */
    OP_SETTLING,   /* OVSDB has answered its transaction. */
    OP_REALIZING,  /* Committed; vswitchd's verdict is awaited. */
    OP_CLEARING, /* UNPLUG: all is done in the switch, and the kernel's links are being removed. */
    OP_N_STATES
};

struct reap; /* reap.c */

struct op {
    struct ovs_list node;     /* In the list of its state (ops.h). */
    struct ovs_list vif_node; /* Among the operations on the same VIF. */
    struct vif_queue *vif_queue;

    uint64_t id; /* For the log. */
    enum op_type type;
    enum op_state state;
    struct request request;
    uint64_t connection; /* Who is to be answered; 0: nobody. */
    bool replied;
    bool refused; /* Replied with an error. */

    /* What it is to do. */
    struct plan plan;      /* The step at hand. */
    struct port_spec goal; /* The port as it shall be; valid if has_goal. Not for UNPLUG. */
    bool has_goal;
    struct record before; /* What was there before the first step; valid if has_before. */
    bool has_before;
    struct port_settings *before_settings; /* With `before`; or NULL. */
    struct port_settings *evicted_settings;
    struct record *evicted;     /* The VIF that had to go for this one; or NULL. Owned. */
    struct host_plan host;      /* Kernel links: the steps to do with this transaction... */
    struct host_plan host_done; /* ...and those that were done, for the undo. */
    bool succeeded;
    bool cleared;      /* UNPLUG: the links have gone. */
    bool left_alone;   /* UNPLUG: the VIF is another instance's by now. */
    bool only_stale;   /* UNPLUG: only if the VIF is of an earlier boot. */
    struct reap *reap; /* UNPLUG: on behalf of this; or NULL. */
    bool touched;      /* A step has been, or may have been, committed: `before` is fixed. */
    bool changed;      /* For the answer. */
    bool made_bridge;
    bool uncertain_bridge; /* It may have made it: the connection broke. */
    /* The warning that its answer has if it made the bridge; or "". */
    char bridge_warning[OP_BRIDGE_WARNING_LEN];
    bool without_vf_mac;   /* set-vf-mac = try has been tried. */
    bool solo;             /* Its batch failed: it goes alone. */
    bool waits_for_switch; /* Planned, and needs a vswitchd that is not there. */
    bool bump_only;        /* The next transaction just makes vswitchd look again. */
    int tries;             /* Transactions that came to nothing. */

    /* Its end. */
    bool undoing;
    struct error error; /* Why it is being undone. */
    char *warnings[OP_WARNINGS_MAX];
    size_t n_warnings;

    /* Realisation. */
    int64_t target_cfg;         /* The next_cfg whose answer decides; 0: any. */
    long long int settle_until; /* When an MTU that is not as asked is believed, ms; 0: not set. */
    bool looked_again;          /* bump_only has been done for it. */
    struct {
        int n_looks;           /* How often bump_only has been done for it. */
        long long int next_at; /* When it is to be done, ms; 0: not set. */
        long long int until;   /* When vswitchd's refusal is believed, ms; 0: there was none. */
    } hand_over;               /* Of the device (hand-over.h). */
    long long int judge_at;    /* When there is a verdict even if nothing changes, ms. */

    /* Time: ms of the monotonic clock for deadlines, us for what is told. */
    long long int deadline;
    long long int queue_deadline;
    long long int hold_until; /* Until when a slow device lets others go first; 0: not asked yet. */
    bool grace_given;
    long long int arrived_us;
    long long int sent_us;
    long long int committed_us;
};

struct op *op_create(enum op_type type, const struct request *request, uint64_t connection);
void op_destroy(struct op *op);

void op_warn(struct op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether it brings a port to what it shall be for somebody who waits for an answer. */
static inline bool op_is_plug(const struct op *op)
{
    return op->type == OP_PLUG || op->type == OP_UPDATE;
}

/* Whether nobody asked for it. */
static inline bool op_is_internal(const struct op *op)
{
    return op->type == OP_RECOVER || op->type == OP_REPAIR;
}

/* "plug", for the log. */
const char *op_type_name(enum op_type type);

#endif
