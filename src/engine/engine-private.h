/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share.
 *
 * Stages decide and one conductor acts. A stage (prepare*.c, batch.c, settle.c, verdict.c,
 * deadline.c, drain.c, op-links.c) takes a const engine, looks at an operation in one state and
 * returns an outcome; it may write those members of the operation that only it uses. Only
 * engine_conclude() (conclude.c) moves operations between states, replies, starts undos and frees
 * operations. */

#ifndef VP_ENGINE_PRIVATE_H
#define VP_ENGINE_PRIVATE_H 1

#include "engine/awaited.h"
#include "engine/engine.h"
#include "engine/op.h"
#include "engine/ops.h"

/* Room for the path of a socket that vswitchd makes. */
enum { SOCKET_PATH_LEN = 3 * VIF_PATH_MAX };

/* The result of the transaction of the operations in SETTLING. The engine settles them after it has
 * sent the next transaction, so that OVSDB is not idle meanwhile. */
struct results {
    enum ovs_txn_result result;
    int64_t next_cfg;
    char *error_text; /* From OVSDB, or NULL. Owned. */
};

struct engine {
    struct engine_env env;
    struct ops ops; /* The operations in COMMITTING are the batch under way. */
    struct results results;
    bool unseen;            /* engine_add() has added operations since gather_batch(). */
    uint64_t n_turns;       /* How often an operation was planned. */
    uint64_t n_removals;    /* Grows with whatever operations in WAITS_FOR_REMOVAL wait for. */
    long long int drain_by; /* Until when operations may take, ms; LLONG_MAX: not stopping. */
    struct {
        unsigned int start; /* vswitchd_start() of the process that ovs_socket_failed() is about. */
        enum { STALE_THERE, STALE_GUESSED, STALE_REMOVED } stale; /* (sockets.c) */
    } sockets;
    struct awaited awaited;
    bool recovered; /* The engine has looked for what earlier daemons left half done. */
    struct engine_counters counters;
};

/* What a stage decides about an operation. */
enum outcome {
    OUTCOME_STAY, /* The operation stays in its state. */

    /* From QUEUED. */
    OUTCOME_COMMIT,           /* The operation joins the next transaction. */
    OUTCOME_WAIT_FOR_SWITCH,  /* Stays queued until vswitchd is back. */
    OUTCOME_WAIT_FOR_REMOVAL, /* Stays queued until what conflicts with it is removed. */
    OUTCOME_CLEAR_WAY,        /* The same, and the links that conflict with it must be removed. */
    OUTCOME_AWAIT_RELEASE,    /* Makes vswitchd release what it holds of removed ports; is then
                               * planned again. */
    OUTCOME_DRY_RUN,          /* Replies with what the plan would write, and ends. */

    /* From COMMITTING, SETTLING, REALIZING. */
    OUTCOME_SETTLE,  /* OVSDB has replied; goes to SETTLING. */
    OUTCOME_REALIZE, /* Waits for vswitchd's verdict. (From QUEUED: there was nothing to write.) */
    OUTCOME_ACKNOWLEDGE, /* Replies with success, and waits for the verdict in REALIZING all the
                          * same. */
    OUTCOME_AGAIN,       /* Goes to QUEUED and is planned again. */
    OUTCOME_AGAIN_LATER, /* The same, but not before op->queued.again_at: the operation is an undo,
                          * or was acknowledged. Replies before that. */
    OUTCOME_LOOK_AGAIN,  /* Goes to QUEUED, to make vswitchd look again. */
    OUTCOME_WITHOUT_MAC, /* Goes to QUEUED and is planned again, without dpdk-vf-mac. */

    /* From any state; all except REFUSE and ABANDON end the operation. */
    OUTCOME_REFUSE,  /* Replies with *error; undoes what was, or may have been, written. */
    OUTCOME_SUCCEED, /* Replies with success; first removes the links of an unplugged VIF. */
    OUTCOME_SPARE, /* Replies with success, but keeps the links: the VIF on record is not the one to
                    * unplug. */
    OUTCOME_FAIL,  /* Undoes what was written, then fails with *error. If the operation is an undo
                    * already, the undo has failed, and the operation fails with its first error. */
    OUTCOME_UNDONE, /* The undo is complete; the operation fails with its first error. */
    OUTCOME_DROP,   /* Ends without a reply. */
    OUTCOME_LEAVE,  /* Ends without a reply, because the daemon is stopping; logs that. */
    OUTCOME_ABANDON /* Replies with *error if there was no reply, but stays: the process ends. */
};

/* Acts on a stage's outcome: the only function after which `op` may be gone. FAIL, REFUSE and
 * ABANDON need `error`. */
void engine_conclude(struct engine *engine, struct op *op, enum outcome outcome,
                     const struct error *error);

/* --- Stages. Each fills *error if it returns FAIL or REFUSE. --- */

/* QUEUED: plans the operation by the present facts (prepare.c). */
enum outcome engine_prepare(const struct engine *engine, struct op *op, struct error *error);

/* COMMITTING: the engine could not make the transaction, or the transaction had no effect
 * (settle.c). `why` is the error of an operation that has been tried too often; NULL: others were
 * quicker each time. */
enum outcome engine_try_again(const struct engine *engine, struct op *op, const struct error *why,
                              struct error *error);

/* SETTLING: decides by the result of the transaction. `alone`: the transaction had no other
 * operation. */
enum outcome engine_settle(const struct engine *engine, struct op *op, bool alone,
                           struct error *error);

/* REALIZING: decides by what vswitchd shows of the port (verdict.c). */
enum outcome engine_judge(const struct engine *engine, struct op *op, struct error *error);

/* Notes where vswitchd's log ends, before the first plan of the operation is sent (explain.c). */
void engine_mark_words(const struct engine *engine, struct op *op);

enum words {
    WORDS_AWAITED, /* Call again; op->realizing.judge_at says when at the latest. */
    WORDS_FOUND,   /* The detail has them. */
    WORDS_NONE     /* The log has none, or cannot be read: the detail says where to look. */
};

/* REALIZING: the port has failed with *error. Adds to its detail what vswitchd's log says of the
 * port since the commit, or where to look. */
enum words engine_add_words(const struct engine *engine, struct op *op, const struct record *record,
                            struct error *error);

/* REALIZING: there is no verdict yet. Asks for the words that engine_add_late_words() adds, shortly
 * before the deadline, or sets judge_at to when that is due. */
void engine_expect_timeout(const struct engine *engine, struct op *op);

/* REALIZING: there is no verdict by the deadline. Adds to the detail of *error what vswitchd's log
 * says of the port and its bridge: if it cannot make the bridge, it says nothing of its ports. */
enum words engine_add_late_words(const struct engine *engine, const struct op *op,
                                 struct error *error);

/* Any state: decides whether the time of the operation is up (deadline.c). */
enum outcome engine_check_deadline(const struct engine *engine, struct op *op, struct error *error);

/* --- What stages share. --- */

/* Fills op->goal with the port that a plug asks for, by the present facts (facts.c). */
bool engine_make_goal(const struct engine *engine, struct op *op, struct error *error);

/* Returns the MTU of a port, or 0 if it has none yet (facts.c). */
int engine_mtu_now(const struct engine *engine, const struct record *record);

/* Chooses the fail_mode of the bridge of a port that an operation restores, in case the bridge is
 * missing. */
void engine_choose_fail_mode(const struct engine *engine, struct port_spec *spec);

/* Keeps a port without dpdk-vf-mac if it was plugged so because its driver cannot set that MAC: to
 * try again at each replug would cut the guest off each time. */
void engine_keep_without_mac(struct op *op, const struct record *current);

/* Whether the reply depends on vswitchd's verdict on the port, even if only boot id and PCI slot
 * differ (settle.c). */
bool engine_wants_verdict(const struct engine *engine, const struct op *op);

/* Whether vswitchd refused the port only because of a hand-over: another port has the device, and
 * releases it (hand-over.h). */
bool engine_awaits_device(const struct engine *engine, const struct record *record);

/* OVSDB counts as stalled if a commit takes longer than this, ms. */
#define ENGINE_STALL_MS 2000

/* Whether no operation can go on now: OVSDB is away, or a commit takes longer than
 * ENGINE_STALL_MS. */
bool engine_is_stalled(const struct engine *engine);

/* Whether that queued operation waits for OVSDB or vswitchd: then its deadline applies. */
bool engine_is_unavailable(const struct engine *engine, const struct op *op);

/* The request's timeout, or, without one, the configured timeout. */
int engine_timeout_ms(const struct engine *engine, const struct op *op);

/* The time `ms` from now, or, while the daemon is stopping, at most the time that is left, ms. */
long long int engine_deadline_in(const struct engine *engine, int ms);

/* Any state: what becomes of the operation when the daemon begins to stop (drain.c). */
enum outcome engine_drain_op(const struct engine *engine, struct op *op, struct error *error);

/* Fills *error with what the client of an operation is told that did not end before the daemon. */
void engine_unfinished(const struct engine *engine, const struct op *op, struct error *error);

/* Fills *error for an operation that failed because OVSDB or vswitchd is away. */
void engine_switch_unavailable(const struct engine *engine, struct error *error);

/* Whether an operation on that VIF came before `op` and its result is open: it may free, or fail to
 * get, what the VIF has. */
bool engine_comes_before(const struct engine *engine, const char *vif_id, const struct op *op);

/* Whether `op` must wait before it touches that VIF: for operations that came earlier, and for
 * those that have begun. (Not for all: two operations, each of which wants the other's VIF, would
 * wait forever.) */
bool engine_must_wait_for(const struct engine *engine, const char *vif_id, const struct op *op);

/* --- Claims (op-claims.c). --- */

/* Fills spec->vhost_file, unless vifplugd and vswitchd see other files (check_paths = no). */
void engine_identify_socket(const struct engine *engine, struct port_spec *spec);

/* Who else has what a port claims. */
#define OWNERS_MAX 16
struct owners {
    struct claim_owner list[OWNERS_MAX];
    size_t n;
    bool link_pending; /* A link that has the name of a bridge to be made is being removed. */
};

/* Finds them for `spec`, a VIF whose present port is `current` (or NULL). `links`: the state of its
 * links; NULL: ignore links. `creates_bridge`: its bridge is missing. */
void engine_find_owners(const struct engine *engine, const struct port_spec *spec,
                        const struct record *current, const struct link_state *links,
                        bool creates_bridge, struct owners *owners);

/* Finds a second port with the external_ids of the VIF. */
bool engine_find_twin(const struct engine *engine, const char *vif_id, struct claim_owner *twin);

/* Whether another has what `spec` claims and `current` has not. Then `text` says who has what: "it
 * needs socket /run/x, but VIF b (port p) has it". */
bool engine_is_taken(const struct engine *engine, const struct port_spec *spec,
                     const struct record *current, bool creates_bridge, char *text, size_t size);

/* Adds what operations under way have given up, and would need again if they failed, and the links
 * that they will still set down or revert: no other operation gets it before they have ended. */
void engine_reserve_claims(const struct engine *engine, struct claim_set *set);

/* Whether an earlier operation may free what one of them has. */
bool engine_may_clear(const struct engine *engine, const struct op *op,
                      const struct owners *owners);

/* The bridge of an unplug's VIF if the VIF has no row: the one that its plug was told of, else the
 * request's; "" if that has none (prepare-unplug.c). */
const char *engine_bridge_without_row(const struct engine *engine, const struct op *op);

/* --- Kernel links (op-links.c). --- */

/* Looks up the links that `spec` names, for VIF `vif_id`. A link whose removal is pending counts as
 * absent, and a netdev that is to be set down as down; returns whether there is one. */
bool engine_look_at_links(const struct engine *engine, const char *vif_id,
                          const struct link_spec *spec, struct link_state *state);

/* Whether the netdev that `spec` names, a kernel representor's, is that of its VF; false if sysfs
 * does not tell. After a boot another card's port may have the name that a row has. */
bool engine_is_representor(const struct engine *engine, const struct port_spec *spec);

/* Looks up the links of a port that leaves them, except those that are `keep`'s (may be NULL) too:
 * then netdev_is_taken also says that the netdev is not known to be the VF's. */
void engine_look_at_left_links(const struct engine *engine, const struct port_spec *spec,
                               const struct link_spec *keep, struct link_state *state);

/* Makes the links of op->plan, right before the transaction that refers to the links. */
bool engine_make_links(const struct engine *engine, struct op *op, struct error *error);

/* Changes links of op->plan that exist already, once its transaction is committed. */
bool engine_change_links(const struct engine *engine, struct op *op, struct error *error);

/* Whether the operation may still revert what these two did. */
bool engine_may_revert_links(const struct op *op);

/* Reverts what these two did, except the links that were made: fills *removals with the steps that
 * remove those. */
void engine_revert_links(const struct engine *engine, struct op *op, struct link_plan *removals);

/* Passes links to the link remover; no operation waits for them. */
void engine_remove_links(const struct engine *engine, const char *vif_id,
                         const struct link_plan *plan);

/* Passes the links of the port before a plug that the new port does not need to the link remover,
 * once: right before the reply. */
void engine_drop_links(const struct engine *engine, const struct op *op);

/* Sets the VIF's links up that are down now that vswitchd has the port. vswitchd writes a netdev's
 * flags as it knows them, and if the name was a removed link's a moment ago, those are that link's:
 * down. */
void engine_keep_links_up(const struct engine *engine, const struct op *op);

/* Plans to remove the links that an unplugged VIF may have left. Returns whether there are any. */
bool engine_plan_leftovers(const struct engine *engine, const struct op *op,
                           struct link_plan *plan);

/* Removes links that an earlier daemon began to make and did not complete. Links with an alias
 * stay: a guest may use them, and OVSDB may be another database than it was. */
void engine_clean_links(struct engine *engine);

/* --- Sockets of ports of type dpdkvhostuser (sockets.c). --- */

/* Removes the sockets that a vswitchd that has died has left of VIFs. Call it in each pass. */
void engine_follow_sockets(struct engine *engine);

/* Fills *facts (`path` is its storage) if vswitchd has to make the socket of op->goal; returns
 * whether it has. */
bool engine_look_at_socket(const struct engine *engine, const struct op *op,
                           const struct record *current, char path[SOCKET_PATH_LEN],
                           struct socket_facts *facts);

/* Whether `error`, the refusal of a plan, is about a socket that vswitchd may still have of a port
 * that was removed. `facts` may be NULL. */
bool engine_may_release_socket(const struct socket_facts *facts, const struct error *error);

/* Removes the stale socket of op->plan, right before the transaction. */
bool engine_remove_stale_socket(const struct op *op, struct error *error);

/* --- The rest. --- */

/* Adds an operation to the queue (engine.c). */
struct op *engine_add(struct engine *engine, enum op_type type, const struct request *request,
                      const struct asker *asker);

/* Fills *summary; `error` is borrowed, and NULL for all ends but FAILED and UNFINISHED (summary.c).
 */
void op_summarize(const struct op *op, enum op_end end, const struct error *error,
                  struct op_summary *summary);

/* Registers `ops/show` with unixctl (ops-show.c). */
void engine_register_ops_show(struct engine *engine);

#endif
