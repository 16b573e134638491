/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share.
 *
 * Stages decide and one conductor acts. A stage (prepare.c, batch.c, settle.c, verdict.c,
 * deadline.c, op-links.c) takes a const engine, looks at an operation in one state and returns an
 * outcome; it may write those members of the operation that it alone uses. engine_conclude()
 * (conclude.c) alone moves operations between states, replies, starts undos and frees. */

#ifndef VP_ENGINE_PRIVATE_H
#define VP_ENGINE_PRIVATE_H 1

#include "engine/engine.h"
#include "engine/op.h"
#include "engine/ops.h"

/* What came of the transaction of the operations in SETTLING. They are settled after the next
 * transaction has been sent, so that OVSDB is not idle meanwhile. */
struct results {
    enum ovs_txn_result result;
    int64_t next_cfg;
    char *error_text; /* OVSDB's error text, or NULL. Owned. */
};

struct engine {
    struct engine_env env;
    struct ops ops; /* COMMITTING is the batch under way. */
    struct results results;
    bool unseen; /* Operations were added since the queue was looked at. */
    bool draining;
    bool recovered; /* What earlier daemons left half done has been looked for. */
    struct engine_counters counters;
};

/* What a stage decides about an operation. */
enum outcome {
    OUTCOME_STAY, /* It stays in its state. */

    /* From QUEUED. */
    OUTCOME_COMMIT,           /* Goes into the transaction that is being made. */
    OUTCOME_WAIT_FOR_SWITCH,  /* Stays queued until vswitchd is back. */
    OUTCOME_WAIT_FOR_REMOVAL, /* Stays queued until what is in its way is gone. */
    OUTCOME_DRY_RUN,          /* Replies with what the plan would write; ends. */

    /* From COMMITTING, SETTLING, REALIZING. */
    OUTCOME_SETTLE,  /* OVSDB has answered; goes to SETTLING. */
    OUTCOME_REALIZE, /* Waits for vswitchd's verdict. (From QUEUED: nothing is to be written.) */
    OUTCOME_ACKNOWLEDGE, /* Replies with success, and is followed up in REALIZING. */
    OUTCOME_AGAIN,       /* Is queued and planned anew. */
    OUTCOME_LOOK_AGAIN,  /* Is queued to have vswitchd look again. */
    OUTCOME_WITHOUT_MAC, /* Is queued and planned anew, without dpdk-vf-mac. */

    /* From any state; all but REFUSE end it. */
    OUTCOME_REFUSE,  /* Replies with *error; what was, or may have been, written is taken back. */
    OUTCOME_SUCCEED, /* Replies with success. The links of an unplugged VIF are removed first. */
    OUTCOME_SPARE,   /* The same, but the VIF's links are left: it is not this unplug's VIF. */
    OUTCOME_FAIL,    /* Fails for the reason *error, once what was written is undone. If it is being
                      * undone already, that has failed: it ends with its first error. */
    OUTCOME_UNDONE,  /* The undo is complete; fails with its first error. */
    OUTCOME_DROP     /* Ends without a reply. */
};

/* Acts on what a stage has decided: the only function after which `op` may be gone. `error` is
 * looked at for FAIL and REFUSE. */
void engine_conclude(struct engine *engine, struct op *op, enum outcome outcome,
                     const struct error *error);

/* --- Stages. Each fills *error if it returns FAIL or REFUSE. --- */

/* QUEUED: plans it, by what is there now (prepare.c). */
enum outcome engine_prepare(const struct engine *engine, struct op *op, struct error *error);

/* COMMITTING: its transaction could not be made, or came to nothing (settle.c). */
enum outcome engine_try_again(const struct engine *engine, struct op *op, struct error *error);

/* SETTLING: by the result of its transaction. `alone`: it was the only operation in it. */
enum outcome engine_settle(const struct engine *engine, struct op *op, bool alone,
                           struct error *error);

/* REALIZING: what vswitchd has made of the port (verdict.c). */
enum outcome engine_judge(const struct engine *engine, struct op *op, struct error *error);

/* Any state: whether its time is up (deadline.c). */
enum outcome engine_check_deadline(const struct engine *engine, struct op *op, struct error *error);

/* --- What stages share. --- */

/* Fills op->goal with the port that a plug asks for, by facts as they are at this moment (facts.c).
 */
bool engine_make_goal(const struct engine *engine, struct op *op, struct error *error);

/* Chooses the fail_mode of the bridge of a port that is put back, should the bridge be missing. */
void engine_choose_fail_mode(const struct engine *engine, struct port_spec *spec);

/* A port that was plugged without dpdk-vf-mac, since its driver cannot set it, stays so: to try
 * again at each replug would cut the guest off each time. */
void engine_keep_without_mac(struct op *op, const struct record *current);

/* Whether the operation's reply depends on what vswitchd makes of the port, also where only marks
 * were to be written (settle.c). */
bool engine_wants_verdict(const struct engine *engine, const struct op *op);

/* Whether vswitchd refused the port only because its device is being handed over: another port has
 * it and lets go of it (hand-over.h). */
bool engine_awaits_device(const struct engine *engine, const struct record *record);

/* An OVSDB that takes longer than this to commit is considered stuck, ms. */
#define ENGINE_STALL_MS 2000

/* Whether nothing can move now: OVSDB is away, or a commit takes longer than ENGINE_STALL_MS. */
bool engine_is_stalled(const struct engine *engine);

/* The request's timeout, else the configured one. */
int engine_timeout_ms(const struct engine *engine, const struct op *op);

/* The error for an operation that could not be done since OVSDB or vswitchd is away. */
void engine_switch_unavailable(const struct engine *engine, struct error *error);

/* Whether an unplug of that VIF was asked for before `op`, and has not ended. */
bool engine_unplugs_before(const struct engine *engine, const char *vif_id, const struct op *op);

/* Whether `op` has to wait before it touches that VIF: for operations that were asked for earlier,
 * and for those that have begun. (Not for all: two that want each other's would wait for ever.) */
bool engine_must_wait_for(const struct engine *engine, const char *vif_id, const struct op *op);

/* --- Kernel links (op-links.c). --- */

/* Does the link steps of op->plan, right before the transaction that refers to them is sent. On
 * failure those that were done have been taken back. */
bool engine_make_links(const struct engine *engine, struct op *op, struct error *error);

/* Takes back what engine_make_links() did. */
void engine_revert_links(const struct engine *engine, struct op *op);

/* Removes the links of what preceded a plug and is not needed any more. What cannot be removed is a
 * warning. */
void engine_drop_links(const struct engine *engine, struct op *op);

/* Plans to remove what an unplugged VIF may have left; returns whether there is anything. */
bool engine_plan_leftovers(const struct engine *engine, const struct op *op,
                           struct link_plan *plan);

/* Removes links that a daemon before this one made for VIFs that are not on record. */
void engine_clean_links(struct engine *engine);

/* --- The rest. --- */

/* Puts an operation into the queue (engine.c). */
struct op *engine_add(struct engine *engine, enum op_type type, const struct request *request,
                      const struct asker *asker);

/* Registers `ops/show` with unixctl (ops-show.c). */
void engine_register_ops_show(struct engine *engine);

#endif
