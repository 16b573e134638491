/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share. */

#ifndef VP_ENGINE_PRIVATE_H
#define VP_ENGINE_PRIVATE_H 1

#include "engine/engine.h"
#include "engine/op.h"
#include "engine/ops.h"

/* What came of the transaction of the operations in SETTLING. They are settled (judged further,
 * answered) after the next one has been sent, so that OVSDB is not idle meanwhile. */
struct results {
    enum ovs_txn_result result;
    int64_t next_cfg;
    char *words; /* OVSDB's, or NULL. Owned. */
};

struct engine {
    struct engine_env env;
    struct ops ops; /* COMMITTING is the batch under way. */
    struct results results;
    bool unseen; /* Operations were added since the queue was looked at. */
    bool draining;
    bool recovered; /* What earlier daemons left half done has been looked for. */
    bool stopping;  /* Operations end where they stand. */
    struct engine_counters counters;
};

/* What planning came to (prepare.c). */
enum prepared {
    PREPARED_STAGE, /* op->plan is to be written. */
    PREPARED_READY, /* Nothing is to be written: what there is only has to be realised. */
    PREPARED_WAIT,  /* Nothing can be done before vswitchd is back. */
    PREPARED_LATER, /* What is in the way is about to go: an earlier unplug is under way. */
    PREPARED_ENDED  /* The operation has ended and is gone, or is queued again for its undo. */
};
enum prepared engine_prepare(struct engine *engine, struct op *op);

/* Fills op->goal with the port that a plug asks for, by facts as they are now (facts.c).
 */
bool engine_specify(struct engine *engine, struct op *op, struct error *error);

/* Chooses the fail_mode of the bridge of a port that is put back, should the bridge be missing. */
void engine_choose_fail_mode(const struct engine *engine, struct port_spec *spec);

/* A port that was plugged without dpdk-vf-mac, since its driver cannot set it, stays so: to try
 * again at each replug would cut the guest off each time. */
void engine_keep_without_mac(struct op *op, const struct record *current);

/* Whether the operation answers for the port: waits for what vswitchd makes of it, also where no
 * more than marks were to be written (settle.c). */
bool engine_wants_verdict(const struct engine *engine, const struct op *op);

/* Goes on with the operations whose results engine_collect() has taken in. */
void engine_settle(struct engine *engine);

/* The operation's transaction came to nothing: it is planned again, up to a limit. */
void engine_try_again(struct engine *engine, struct op *op);

/* Kernel links (op-links.c). engine_plan_links() fills op->host with what op->goal still needs;
 * engine_make_links() does it, and ends the operation if it fails. */
bool engine_plan_links(struct engine *engine, struct op *op, struct error *error);
bool engine_make_links(struct engine *engine, struct op *op);

/* Takes back what engine_make_links() did. */
void engine_revert_links(struct engine *engine, struct op *op);

/* Removes the links of what preceded a plug and is not needed any more. What cannot be removed is a
 * warning. */
void engine_drop_links(struct engine *engine, struct op *op);

/* Has the links of an unplugged VIF removed, by the link remover. Returns false if there are none.
 */
bool engine_clear_links(struct engine *engine, struct op *op);

/* Takes note of an unplug whose links have been removed. */
void engine_links_cleared(struct engine *engine, struct op *op, const struct error *error);

/* What engine_clear_links() would do, for a dry run. */
void engine_plan_drop_links(struct engine *engine, struct op *op);

/* Removes links that a daemon before this one made for VIFs that are not on record. */
void engine_clean_links(struct engine *engine);

/* Tells the reap that the unplug is on behalf of, if it is, that it has ended (reap.c). */
void engine_reap_ended(struct engine *engine, struct op *op);

/* How many more operations may wait. */
size_t engine_room(const struct engine *engine);

/* Whether `n` more operations may wait; busy if not. */
bool engine_has_room(const struct engine *engine, size_t n, struct error *error);

/* Puts an operation into the queue (engine.c). */
struct op *engine_add(struct engine *engine, enum op_type type, const struct request *request,
                      uint64_t connection);

/* What has become of the port of an operation in REALIZING (verdict.c). */
enum verdict {
    VERDICT_PENDING,
    VERDICT_DONE,
    VERDICT_NEXT_STEP,       /* This step is done, and there is another. */
    VERDICT_LOOK_AGAIN,      /* vswitchd has to be made to look again, with one more next_cfg... */
    VERDICT_LOOK_FOR_DEVICE, /* ...since the port's device is being handed over. */
    VERDICT_WITHOUT_MAC,     /* Failed, but dpdk-vf-mac can be left out. */
    VERDICT_FAILED           /* *error says why. */
};
enum verdict engine_verdict(struct engine *engine, struct op *op, struct error *error);

/* Whether vswitchd refused the port only since its device is being handed over: another has it that
 * lets go of it (hand-over.h). */
bool engine_awaits_device(const struct engine *engine, const struct record *record);

/* Registers `ops/show` with unixctl (ops-show.c). */
void engine_register_ops_show(struct engine *engine);

/* Ends what has run out of time (deadline.c). */
void engine_check_deadlines(struct engine *engine);

/* An OVSDB that takes longer than this to commit is taken for stuck, ms. */
#define ENGINE_STALL_MS 2000

/* Whether nothing can move now: OVSDB is away, or owes an answer for far longer than a commit
 * takes. */
bool engine_is_stalled(const struct engine *engine);

/* The request's timeout, else the configured one. */
int engine_timeout_ms(const struct engine *engine, const struct op *op);

/* Whether an unplug of that VIF was asked for before `op`, and has not ended. */
bool engine_unplugs_before(const struct engine *engine, const char *vif_id, const struct op *op);

/* Whether `op` has to wait before it touches that VIF: for operations that were asked for earlier,
 * and for those that have begun. (Not for all: two that want each other's would wait for ever.) */
bool engine_must_wait_for(const struct engine *engine, const char *vif_id, const struct op *op);

/* ops_set_state(), and a wake-up for what is queued again. */
void engine_move(struct engine *engine, struct op *op, enum op_state state);

/* Ends of an operation (finish.c). Each answers (unless that has been done), logs once, and
 * frees it. */
void engine_succeed(struct engine *engine, struct op *op);
void engine_fail(struct engine *engine, struct op *op, const struct error *error);
void engine_dry_run(struct engine *engine, struct op *op);

/* Answers without ending: committed, while realisation is still followed; or failed, while the undo
 * cannot happen yet. */
void engine_answer_committed(struct engine *engine, struct op *op);
void engine_answer_error(struct engine *engine, struct op *op, const struct error *error);

/* Whether the client has been told that it succeeded (at commit): then what it wrote stays. */
static inline bool engine_is_acknowledged(const struct op *op)
{
    return op->replied && !op->refused;
}

/* Starts to undo an operation for the reason `error`; ends it if there is nothing to undo, or
 * nothing that may be: what was acknowledged, and what a daemon before us has left. */
void engine_undo(struct engine *engine, struct op *op, const struct error *error);

/* What was written cannot be realised, for the reason `error`: undoes it, unless it was
 * acknowledged at commit (then it stays) or is the undoing itself. */
void engine_give_up(struct engine *engine, struct op *op, const struct error *error);

/* Takes the operation out of all lists and frees it. */
void engine_remove(struct engine *engine, struct op *op);

/* The error for an operation that could not be done since OVSDB or vswitchd is away. */
void engine_unavailable(const struct engine *engine, struct error *error);

#endif
