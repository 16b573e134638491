/* SPDX-License-Identifier: Apache-2.0 */
/* What came of a transaction: each operation in it goes on, ends, or is planned again. */

#include "engine/engine-private.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine_commit);

/* Transactions of one operation that may come to nothing before it fails: each means that somebody
 * else was quicker at the very same rows. */
enum { TRIES_MAX = 10 };

/* A committed transaction may have done nothing: the bridge may have gone at the same moment. So
 * the row is looked up before anybody is told. */
static bool is_there(const struct engine *engine, const struct op *op)
{
    struct record record;
    bool there;

    if (op->plan.action == ACTION_DELETE || op->bump_only) {
        return true;
    }
    if (op->plan.spec.no_port) {
        struct bridge_facts bridge;

        ovs_bridge(engine->env.ovs, op->plan.spec.bridge, &bridge);
        return bridge.exists;
    }
    record_init(&record);
    there = ovs_find_port(engine->env.ovs, op->plan.spec.port, &record) && record.ours &&
            !strcmp(record.spec.vif_id, op->request.vif_id);
    record_destroy(&record);
    return there;
}

/* The client was told that it failed, since OVSDB took too long: whatever happened is taken back.
 */
static void end_refused(struct engine *engine, struct op *op)
{
    struct error error = op->error;

    if (op_is_plug(op) && op->touched) {
        engine_undo(engine, op, &error);
    } else {
        engine_remove(engine, op);
    }
}

void engine_try_again(struct engine *engine, struct op *op)
{
    struct error error;

    if (op->refused && !op->undoing) {
        end_refused(engine, op);
    } else if (++op->tries > TRIES_MAX) {
        error_set(&error, REASON_INTERNAL, "",
                  "The transaction for VIF %s came to nothing %d times, since others changed the "
                  "same rows; find out who does (ovsdb-tool show-log) and try again.",
                  op->request.vif_id, TRIES_MAX);
        engine_give_up(engine, op, &error);
    } else {
        engine_move(engine, op, OP_QUEUED);
    }
}

/* A plug answers for the port, also where no more than marks were to be written: what OVSDB tells
 * of the port may be of an earlier boot. */
bool engine_wants_verdict(const struct engine *engine, const struct op *op)
{
    return op_is_plug(op) && !op->undoing && op->request.wait == WAIT_REALIZED &&
           !op->goal.no_port && !op->goal.awaits_netdev &&
           vswitchd_state(engine->env.vswitchd) == VSWITCHD_ALIVE;
}

static void committed_undo(struct engine *engine, struct op *op)
{
    bool dead = vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;

    if (op->plan.action == ACTION_REPLACE) {
        engine_move(engine, op, dead ? OP_QUEUED : OP_REALIZING);
    } else if ((op->has_before || op->evicted) && op->plan.needs_switch && !dead) {
        engine_move(engine, op, OP_REALIZING);
    } else {
        struct error error = op->error;

        engine_fail(engine, op, &error);
    }
}

static void committed_forward(struct engine *engine, struct op *op)
{
    bool dead = vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;

    if (op->plan.action == ACTION_REPLACE) {
        engine_move(engine, op, dead ? OP_QUEUED : OP_REALIZING);
    } else if ((!op->plan.needs_switch && !engine_wants_verdict(engine, op)) ||
               (dead && !op_is_plug(op)) ||
               (op->type == OP_UNPLUG && op->request.wait == WAIT_COMMITTED) ||
               (dead && op->request.wait == WAIT_COMMITTED)) {
        engine_succeed(engine, op);
    } else {
        if (op->request.wait == WAIT_COMMITTED) {
            engine_answer_committed(engine, op);
            if (!ovs_list_is_empty(&engine->ops.in[OP_QUEUED])) {
                poll_immediate_wake(); /* The next operation on the VIF may go. */
            }
        }
        engine_move(engine, op, OP_REALIZING);
    }
}

static void committed(struct engine *engine, struct op *op, int64_t next_cfg)
{
    op->committed_us = time_usec();
    op->touched = true;
    op->made_bridge |= !op->undoing && !op->bump_only && op->plan.create_bridge;
    if (op->refused && !op->undoing) {
        end_refused(engine, op);
        return;
    }
    if (!is_there(engine, op)) {
        engine_try_again(engine, op);
        return;
    }
    op->target_cfg = next_cfg;
    op->deadline = time_msec() + engine_timeout_ms(engine, op);
    op->settle_until = op->hand_over.next_at = 0;
    if (op->bump_only) {
        op->bump_only = false;
        engine_move(engine, op, OP_REALIZING);
        return;
    }
    op->looked_again = false;
    op->hand_over.n_looks = 0;
    op->hand_over.until = 0;
    if (op->undoing) {
        committed_undo(engine, op);
        return;
    }
    op->changed |= op->plan.changes;
    committed_forward(engine, op);
}

static void refused(struct engine *engine, struct op *op, bool alone, const char *words)
{
    struct error error;

    /* In a crowd nobody knows who was to blame, so each goes alone. Alone, it is planned once more,
     * since what it collided with is known by now. */
    if (!alone || op->tries == 0) {
        op->solo = true;
        engine_try_again(engine, op);
        return;
    }
    error_set(&error, REASON_INTERNAL, "",
              "OVSDB refused the transaction for VIF %s (%.200s); report this with vifplugd's log.",
              op->request.vif_id, words);
    error_detail(&error, "%s", words);
    engine_give_up(engine, op, &error);
}

/* The connection broke: it may have happened or not, and is planned again to find out. */
static void uncertain(struct engine *engine, struct op *op)
{
    op->touched = true;
    op->changed |= op->plan.changes;
    op->uncertain_bridge = op->plan.create_bridge;
    if (op->refused && !op->undoing) {
        end_refused(engine, op);
    } else {
        engine_move(engine, op, OP_QUEUED);
    }
}

void engine_collect(struct engine *engine)
{
    struct results *results = &engine->results;
    enum ovs_txn_result result;
    int64_t next_cfg;
    struct op *op;
    char *words;

    result = ovs_txn_result(engine->env.ovs, &next_cfg, &words);
    if (result == OVS_TXN_NONE || result == OVS_TXN_PENDING) {
        return;
    }
    ovs_assert(ovs_list_is_empty(&engine->ops.in[OP_SETTLING]));
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_COMMITTING]) {
        ops_set_state(&engine->ops, op, OP_SETTLING);
    }
    results->result = result;
    results->next_cfg = next_cfg;
    results->words = words;
}

void engine_settle(struct engine *engine)
{
    struct results *results = &engine->results;
    bool alone = ovs_list_is_short(&engine->ops.in[OP_SETTLING]);
    struct op *op;

    if (results->result == OVS_TXN_ERROR) {
        VLOG_WARN("OVSDB refused a transaction of %zu operations: %s",
                  ovs_list_size(&engine->ops.in[OP_SETTLING]), results->words);
    }
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_SETTLING]) {
        switch (results->result) {
        case OVS_TXN_COMMITTED:
            committed(engine, op, results->next_cfg);
            break;
        case OVS_TXN_UNCERTAIN:
            uncertain(engine, op);
            break;
        case OVS_TXN_TRY_AGAIN:
            engine_try_again(engine, op);
            break;
        default:
            refused(engine, op, alone, results->words);
            break;
        }
    }
    free(results->words);
    results->words = NULL;
    results->result = OVS_TXN_NONE;
}
