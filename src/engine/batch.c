/* SPDX-License-Identifier: Apache-2.0 */
/* The next transaction: chooses the queued operations that go into it. */

#include "engine/engine-private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/op-counts.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

/* How long a pass plans operations that do not join its batch (dry runs, refusals, those that
 * wait), us: they must not delay the others. */
enum { PLAN_US = 250 };

/* How long a pass plans operations in all before the rest is left to the next transaction, us: a
 * plan can need a look at all netdevs of the host (nic/kernel-nic.h). */
enum { BATCH_US = 50000 };

/* How long an operation on a slow device lets quick operations go first, ms. */
enum { HOLD_MS = 1000 };

static bool has_quick_ops(const struct ovs_list *ops)
{
    const struct op *op;

    LIST_FOR_EACH (op, node, ops) {
        if (!op->plan.spec.slow_probe) {
            return true;
        }
    }
    return false;
}

/* While vswitchd probes a slow device, it does nothing else, even for what was committed just
 * before and is not realized yet. So the operation lets quick operations go first, for a limited
 * time. */
static bool holds_back(const struct engine *engine, struct op *op)
{
    if (!op->plan.spec.slow_probe || op_is_undo(op)) {
        return false;
    }
    if (!op->queued.hold_until) {
        op->queued.hold_until = time_msec() + HOLD_MS;
        if (!ovs_list_is_short(&engine->ops.in[OP_QUEUED])) {
            poll_immediate_wake();
            return true; /* The other queued operations are planned first. */
        }
    }
    return time_msec() < op->queued.hold_until && (has_quick_ops(&engine->ops.in[OP_COMMITTING]) ||
                                                   has_quick_ops(&engine->ops.in[OP_SETTLING]) ||
                                                   has_quick_ops(&engine->ops.in[OP_REALIZING]));
}

/* Whether the operation can share the transaction of those that the batch has already. Operations
 * that claim the same cannot: the second is planned after the first has ended. `claimed` has what
 * the batch claims, and what others may restore; adds the claims of an operation that fits. */
static bool fits(const struct engine *engine, const struct op *op, struct claim_set *claimed)
{
    struct claims claims = {.n = 0};

    if ((op->queued.alone || op->plan.spec.slow_probe) &&
        !ovs_list_is_empty(&engine->ops.in[OP_COMMITTING])) {
        return false;
    }
    if (op_only_looks(op)) {
        return true;
    }
    plan_claims(&op->plan, &claims);
    claims_add(&claims, CLAIM_VIF, "record", op->plan.spec.vif_id[0] ? "" : op->request.vif_id);
    if (claim_set_clashes(claimed, &claims, op->id)) {
        return false;
    }
    claim_set_add(claimed, &claims, op->id);
    return true;
}

/* Makes the operation's links and adds its plan to the transaction. STAY: it has done that. */
static enum outcome stage(const struct engine *engine, struct op *op, struct error *error)
{
    bool only_looks = op_only_looks(op);
    struct error missing;

    if (!only_looks && !op_is_undo(op) &&
        (!engine_remove_stale_socket(op, error) || !engine_make_links(engine, op, error))) {
        return OUTCOME_FAIL;
    }
    if (!only_looks && !ovs_txn_stage(engine->env.ovs, &op->plan, &missing)) {
        return engine_try_again(engine, op, &missing, error);
    }
    if (only_looks || op->plan.needs_switch || engine_wants_verdict(engine, op)) {
        ovs_txn_bump(engine->env.ovs);
    }
    if (!op->sent_us) {
        engine_mark_words(engine, op);
    }
    op->sent_us = time_usec();
    op->deadline = MAX(op->deadline, engine_deadline_in(engine, engine_timeout_ms(engine, op)));
    return OUTCOME_STAY;
}

/* Whether `op` is a plug that was acknowledged at commit and only waits for its verdict: the next
 * operation on the VIF need not wait for it. But a replacement must be finished. */
static bool only_awaits_verdict(const struct op *op)
{
    return op->state == OP_REALIZING && op->told == TOLD_DONE && op->plan.action != ACTION_REPLACE;
}

static bool is_next(const struct engine *engine, const struct op *op)
{
    const struct ovs_list *ops = &op->vif_queue->ops;
    const struct op *first = CONTAINER_OF(ovs_list_front(ops), struct op, vif_node);
    bool turn =
        first == op || (only_awaits_verdict(first) && first->vif_node.next == &op->vif_node);

    return turn &&
           !(op->queued.waits_for == WAITS_FOR_VSWITCHD &&
             vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD) &&
           !(op->queued.waits_for == WAITS_FOR_SERVER && time_msec() < op->queued.again_at);
}

static void send_batch(struct engine *engine, size_t n)
{
    const struct op *first =
        CONTAINER_OF(ovs_list_front(&engine->ops.in[OP_COMMITTING]), struct op, node);
    char comment[160];

    if (n == 1) {
        snprintf(comment, sizeof comment, "vifplugd: op %" PRIu64 " %s%s %s", first->id,
                 op_is_undo(first) ? "undo " : "", op_type_name(first->type),
                 first->request.vif_id);
    } else {
        snprintf(comment, sizeof comment, "vifplugd: op %" PRIu64 " and %zu more", first->id,
                 n - 1);
    }
    ovs_txn_commit(engine->env.ovs, comment);
    engine->counters.transactions++;
    engine->counters.batched += n;
    op_counts_batch(n);
}

/* The bridge on which a VIF without a row relies: a plug says that it is there; an unplug leaves it
 * as it is, since it has ports. */
static const char *relied_on(const struct engine *engine, const struct op *op)
{
    if (op->type == OP_UNPLUG) {
        return engine_bridge_without_row(engine, op);
    }
    return op->plan.spec.no_port ? op->plan.spec.bridge : "";
}

/* Whether the batch changes what the plan saw: takes the VIF's port away, or may remove the bridge.
 */
static bool is_overtaken(const struct engine *engine, const struct op *op,
                         const struct claim_set *claimed)
{
    struct claims claims = {.n = 0};

    claims_add(&claims, CLAIM_VIF, "record", op->request.vif_id);
    claims_add(&claims, CLAIM_BRIDGE, "bridge", relied_on(engine, op));
    return claim_set_clashes(claimed, &claims, op->id);
}

/* Plans a queued operation that is next on its VIF, and moves it into the batch if it fits. Returns
 * whether the batch has it. */
static bool plan_into_batch(struct engine *engine, struct op *op, struct claim_set *claimed)
{
    enum outcome outcome = OUTCOME_COMMIT;
    struct error error;

    op->queued.waits_for = WAITS_FOR_TURN;
    if (!op_only_looks(op)) {
        outcome = engine_prepare(engine, op, &error);
    }
    if (outcome == OUTCOME_COMMIT && (holds_back(engine, op) || !fits(engine, op, claimed))) {
        return false; /* It is planned again for the next batch. */
    }
    if (outcome == OUTCOME_SUCCEED && is_overtaken(engine, op, claimed)) {
        return false; /* The same. */
    }
    engine_conclude(engine, op, outcome, &error);
    return outcome == OUTCOME_COMMIT;
}

/* Whether the operation would only be planned again with the same outcome. */
static bool still_waits(const struct engine *engine, const struct op *op)
{
    return op->queued.waits_for == WAITS_FOR_REMOVAL && op->queued.seen == engine->n_removals;
}

/* Adds an owner to the round: who was served longest ago comes first. */
static void join_round(struct ovs_list *round, struct op_owner *owner)
{
    struct op_owner *other;

    LIST_FOR_EACH (other, round, round) {
        if (other->served > owner->served) {
            break;
        }
    }
    ovs_list_insert(other ? &other->round : round, &owner->round);
}

/* Lists the queued operations that are to be planned, by owner, and in `round` their owners. */
static void begin_round(const struct engine *engine, struct ovs_list *round)
{
    struct op *op;

    ovs_list_init(round);
    LIST_FOR_EACH (op, node, &engine->ops.in[OP_QUEUED]) {
        if (is_next(engine, op) && !still_waits(engine, op)) {
            if (ovs_list_is_empty(&op->owner->turns)) {
                join_round(round, op->owner);
            }
            ovs_list_push_back(&op->owner->turns, &op->turn_node);
        }
    }
}

/* Returns the next operation, or NULL. The owners take turns. */
static struct op *take_turn(struct ovs_list *round)
{
    struct op_owner *owner;
    struct op *op;

    if (ovs_list_is_empty(round)) {
        return NULL;
    }
    owner = CONTAINER_OF(ovs_list_front(round), struct op_owner, round);
    op = CONTAINER_OF(ovs_list_pop_front(&owner->turns), struct op, turn_node);
    ovs_list_remove(&owner->round);
    if (!ovs_list_is_empty(&owner->turns)) {
        ovs_list_push_back(round, &owner->round);
    }
    return op;
}

static void end_round(struct ovs_list *round)
{
    while (take_turn(round)) {
        /* Those are planned in the next pass. */
    }
}

/* Plans operations and moves those that fit together into the batch, until no operation is left,
 * the batch is full, or time is up. */
static void plan_round(struct engine *engine, struct ovs_list *round, struct claim_set *claimed)
{
    size_t max = (size_t)engine->env.settings->max_batch;
    long long int began = time_usec();
    long long int end = began + BATCH_US;
    int64_t left = PLAN_US;
    size_t n = 0;
    struct op *op;

    while (n < max && left > 0 && began < end && (op = take_turn(round))) {
        bool alone = op->queued.alone;
        long long int now;
        bool joined;

        op->owner->served = ++engine->n_turns;
        joined = !(alone && n) && plan_into_batch(engine, op, claimed);
        now = time_usec();
        if (joined) {
            n++;
            if (alone || op->plan.spec.slow_probe) {
                return;
            }
        } else {
            left -= now - began;
        }
        began = now;
    }
}

/* Makes the batch. It plans all operations before engine_commit() stages any, so no plan sees
 * uncommitted rows. */
static void gather_batch(struct engine *engine)
{
    struct claim_set claimed;
    struct ovs_list round;

    engine->unseen = false;
    claim_set_init(&claimed);
    engine_reserve_claims(engine, &claimed);
    begin_round(engine, &round);
    plan_round(engine, &round, &claimed);
    if (!ovs_list_is_empty(&round)) {
        poll_immediate_wake();
        end_round(&round);
    }
    claim_set_destroy(&claimed);
}

void engine_commit(struct engine *engine)
{
    struct error error;
    size_t n = 0;
    struct op *op;

    if (!ovs_txn_ready(engine->env.ovs)) {
        return;
    }
    gather_batch(engine);
    if (ovs_list_is_empty(&engine->ops.in[OP_COMMITTING])) {
        return;
    }
    ovs_txn_start(engine->env.ovs);
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_COMMITTING]) {
        enum outcome outcome = stage(engine, op, &error);

        n += outcome == OUTCOME_STAY;
        engine_conclude(engine, op, outcome, &error);
    }
    if (n) {
        send_batch(engine, n);
    } else {
        ovs_txn_abort(engine->env.ovs);
    }
}
