/* SPDX-License-Identifier: Apache-2.0 */
/* The next transaction: chooses the queued operations that go into it. */

#include "engine/engine-private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

/* How many operations are planned for each place in a batch. The limit keeps operations that write
 * nothing (dry runs, refusals) from delaying the loop. */
enum { PLANS_PER_BATCH = 4 };

/* How long an operation on a slow device lets quick operations go first, ms. */
enum { HOLD_MS = 1000 };

/* Whether the undo `a` restores the VIF of `b`, or a port with the name of b's. */
static bool restores(const struct op *a, const struct op *b)
{
    const struct port_spec *restored = a->plan.restored;

    return restored && (!strcmp(restored->vif_id, b->request.vif_id) ||
                        !strcmp(restored->port, b->plan.spec.port));
}

/* Whether two operations cannot share a transaction, because one affects how the other must be
 * planned. */
static bool conflict(const struct op *a, const struct op *b)
{
    const struct port_spec *x = &a->plan.spec;
    const struct port_spec *y = &b->plan.spec;

    if (op_only_looks(a) || op_only_looks(b)) {
        return false;
    }
    return !strcmp(x->port, y->port) || restores(a, b) || restores(b, a) ||
           (x->has_vf && y->has_vf && x->vf_num == y->vf_num && pci_addr_equal(&x->pf, &y->pf)) ||
           !strcmp(a->plan.evicted_vif, b->request.vif_id) ||
           !strcmp(b->plan.evicted_vif, a->request.vif_id) ||
           (a->plan.create_bridge && b->plan.create_bridge && !strcmp(x->bridge, y->bridge) &&
            (strcmp(x->datapath_type, y->datapath_type) || strcmp(x->fail_mode, y->fail_mode)));
}

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

static bool fits(const struct engine *engine, const struct op *op)
{
    const struct op *other;

    if ((op->queued.alone || op->plan.spec.slow_probe) &&
        !ovs_list_is_empty(&engine->ops.in[OP_COMMITTING])) {
        return false;
    }
    LIST_FOR_EACH (other, node, &engine->ops.in[OP_COMMITTING]) {
        if (conflict(op, other)) {
            return false;
        }
    }
    return true;
}

/* Makes the operation's links and adds its plan to the transaction. STAY: it has done that. */
static enum outcome stage(const struct engine *engine, struct op *op, struct error *error)
{
    bool only_looks = op_only_looks(op);

    if (!only_looks && !op_is_undo(op) &&
        (!engine_remove_stale_socket(op, error) || !engine_make_links(engine, op, error))) {
        return OUTCOME_FAIL;
    }
    if (!only_looks && !ovs_txn_stage(engine->env.ovs, &op->plan)) {
        return engine_try_again(engine, op, error);
    }
    if (only_looks || op->plan.needs_switch || engine_wants_verdict(engine, op)) {
        ovs_txn_bump(engine->env.ovs);
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
}

/* Plans a queued operation that is next on its VIF, and moves it into the batch if it fits. Returns
 * whether the batch has it. */
static bool plan_into_batch(struct engine *engine, struct op *op)
{
    enum outcome outcome = OUTCOME_COMMIT;
    struct error error;

    op->queued.waits_for = WAITS_FOR_TURN;
    if (!op_only_looks(op)) {
        outcome = engine_prepare(engine, op, &error);
    }
    if (outcome == OUTCOME_COMMIT && (holds_back(engine, op) || !fits(engine, op))) {
        return false; /* It is planned again for the next batch. */
    }
    engine_conclude(engine, op, outcome, &error);
    return outcome == OUTCOME_COMMIT;
}

/* Plans the queued operations and moves those that fit together into the batch. It plans all of
 * them before engine_commit() stages any, so no plan sees uncommitted rows. */
static void gather_batch(struct engine *engine)
{
    size_t max = (size_t)engine->env.settings->max_batch;
    size_t n_planned = 0;
    size_t n = 0;
    struct op *op;

    engine->unseen = false;
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_QUEUED]) {
        if (n == max || n_planned == PLANS_PER_BATCH * max) {
            poll_immediate_wake();
            return;
        }
        if (!is_next(engine, op) || (op->queued.alone && n)) {
            continue;
        }
        n_planned++;
        if (plan_into_batch(engine, op)) {
            n++;
            if (op->queued.alone || op->plan.spec.slow_probe) {
                return;
            }
        }
    }
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
