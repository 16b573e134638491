/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor: acts on the outcomes of all stages. Only this file moves an operation between
 * states, replies, starts an undo or frees an operation. */

#include "engine/engine-private.h"

#include <limits.h>
#include <string.h>

#include "engine/op-counts.h"
#include "engine/op-result.h"
#include "engine/timings.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

/* How an operation ended. */
enum end { END_SUCCEEDED, END_FAILED, END_DROPPED };

static void move(struct engine *engine, struct op *op, enum op_state state)
{
    ops_set_state(&engine->ops, op, state);
    if (state == OP_QUEUED) {
        poll_immediate_wake(); /* The next pass sends the next transaction. */
    }
}

/* --- Ends. --- */

/* Whether vswitchd still has to say whether it can make the port. */
static bool is_without_verdict(const struct op *op)
{
    return op->state != OP_REALIZING && !op->goal.no_port && !op->goal.awaits_netdev;
}

static enum engine_event event_of(const struct op *op, enum end end)
{
    if (op_is_repair(op)) {
        return end == END_SUCCEEDED ? EVENT_REPAIRED : EVENT_NOTHING;
    }
    if (!op->written) {
        return op->type == OP_UNPLUG && end == END_SUCCEEDED && !op->spared ? EVENT_ABSENT
                                                                            : EVENT_NOTHING;
    }
    if (end != END_SUCCEEDED && op->told == TOLD_DONE) {
        return EVENT_CHANGED;
    }
    if (end != END_SUCCEEDED) {
        return op->type == OP_RECOVER ? EVENT_UNRECOVERED : EVENT_UNDONE;
    }
    if (op->type == OP_UNPLUG) {
        return EVENT_UNPLUGGED;
    }
    if (op->type == OP_RECOVER) {
        return EVENT_CHANGED;
    }
    if (!op->has_before) {
        return is_without_verdict(op) ? EVENT_COMMITTED : EVENT_PLUGGED;
    }
    return op->changed ? EVENT_CHANGED : EVENT_NONE;
}

static void tell_watcher(struct engine *engine, const struct op *op, enum end end)
{
    if (op->evicted && (end == END_SUCCEEDED || op->told == TOLD_DONE)) {
        engine->env.ended(engine->env.aux, op->evicted->spec.vif_id, EVENT_UNPLUGGED);
    } else if (op->evicted && op->written) {
        engine->env.ended(engine->env.aux, op->evicted->spec.vif_id, EVENT_UNDONE);
    }
    engine->env.ended(engine->env.aux, op->request.vif_id, event_of(op, end));
}

/* Tells the daemon, for the log and for `ops`. After the reply, because the client waits for that.
 */
static void sum_up(const struct engine *engine, const struct op *op, enum op_end end,
                   const struct error *error)
{
    struct op_summary summary;

    if (engine->env.summed_up) {
        op_summarize(op, end, error, &summary);
        engine->env.summed_up(engine->env.aux, &summary);
    }
}

/* Removes the operation from all lists and frees it. */
static void end(struct engine *engine, struct op *op, enum end how)
{
    struct link_plan removals;

    if (how != END_SUCCEEDED) {
        engine_revert_links(engine, op, &removals);
        engine_remove_links(engine, op->request.vif_id, &removals);
    }
    if (how == END_DROPPED && op->told == TOLD_DONE) {
        op_counts_end(op->type, REASON_NONE); /* An acknowledged plug. */
    }
    if (op->has_goal && !op->request.dry_run) {
        ovs_note_use(engine->env.ovs, op->goal.port);
    }
    tell_watcher(engine, op, how);
    ops_remove(&engine->ops, op);
    op_destroy(op);
    engine->n_removals++;
    if (!ovs_list_is_empty(&engine->ops.in[OP_QUEUED])) {
        poll_immediate_wake(); /* The next operation on the VIF can start. */
    }
}

static void count_success(struct engine *engine, const struct op *op)
{
    if (op->type == OP_UNPLUG) {
        engine->counters.unplugs++;
    } else if (op->type == OP_PLUG) {
        engine->counters.plugs++;
    } else if (op->type == OP_UPDATE) {
        engine->counters.updates++;
    }
}

/* A plug that has failed, and only waits for what vswitchd logged about it, leaves the bridge that
 * it created to `op`, whose port is on it. */
static void take_bridge_over(const struct engine *engine, struct op *op)
{
    const struct op *other;

    if (op->type != OP_PLUG) {
        return;
    }
    LIST_FOR_EACH (other, node, &engine->ops.in[OP_REALIZING]) {
        if (other->bridge == BRIDGE_MADE && other->realizing.words.until &&
            !strcmp(other->request.vif.bridge, op->request.vif.bridge)) {
            op->bridge = BRIDGE_MADE;
            memcpy(op->bridge_warning, other->bridge_warning, sizeof op->bridge_warning);
        }
    }
}

/* From its reply on, a VIF whose port another program makes keeps its bridge, until it is unplugged
 * or has a row. */
static void note_awaited(struct engine *engine, const struct op *op)
{
    if (op->type == OP_PLUG && op->goal.no_port) {
        awaited_note(&engine->awaited, op->request.vif_id, op->goal.bridge);
    } else if (op->type == OP_PLUG || (op->type == OP_UNPLUG && !op->spared && !op->only_stale)) {
        awaited_forget(&engine->awaited, op->request.vif_id);
    }
}

static void succeed(struct engine *engine, struct op *op)
{
    take_bridge_over(engine, op);
    note_awaited(engine, op);
    engine_drop_links(engine, op);
    engine_keep_links_up(engine, op);
    op_reply_success(&engine->env, op);
    sum_up(engine, op, op->changed ? OP_END_DONE : OP_END_UNCHANGED, NULL);
    op_note_timings(op);
    op_counts_end(op->type, REASON_NONE);
    count_success(engine, op);
    end(engine, op, END_SUCCEEDED);
}

/* Has links removed by the link remover; engine_run() hears of its end. Returns false if there are
 * none. */
static bool clear(struct engine *engine, struct op *op, const struct link_plan *removals)
{
    if (removals->n == 0) {
        return false;
    }
    op->deadline = engine_deadline_in(engine, engine_timeout_ms(engine, op));
    link_remover_add(engine->env.link_remover, op->id, op->request.vif_id, removals);
    move(engine, op, OP_CLEARING);
    return true;
}

/* The links of an unplugged VIF, as they are by now. */
static bool clear_leftovers(struct engine *engine, struct op *op)
{
    struct link_plan removals;

    if (!engine->env.links || !engine_plan_leftovers(engine, op, &removals)) {
        return false;
    }
    op->changed = true;
    return clear(engine, op, &removals);
}

/* Takes back what was done to links first: then nothing is left when the client hears of it. */
static void fail(struct engine *engine, struct op *op, const struct error *error)
{
    struct link_plan removals;

    engine_revert_links(engine, op, &removals);
    if (op->state != OP_CLEARING && clear(engine, op, &removals)) {
        op->phase = PHASE_UNDO;
        op->error = *error;
        return;
    }
    engine->counters.failed++;
    if (!op->request.dry_run) {
        op_counts_end(op->type, error->reason);
    }
    op_reply_error(op, error);
    sum_up(engine, op, OP_END_FAILED, error);
    end(engine, op, END_FAILED);
}

/* --- Undo. --- */

/* Leaves the bridge that a failing operation created to other plugs on that bridge, if there are
 * any. If they fail as well, the last of them removes it. */
static void leave_bridge_to_others(struct engine *engine, const struct op *op)
{
    struct op *other;

    for (size_t i = 0; op->bridge == BRIDGE_MADE && i < OP_N_STATES; i++) {
        LIST_FOR_EACH (other, node, &engine->ops.in[i]) {
            if (other->type == OP_PLUG &&
                !strcmp(other->request.vif.bridge, op->request.vif.bridge)) {
                other->bridge = BRIDGE_MADE;
                memcpy(other->bridge_warning, op->bridge_warning, sizeof op->bridge_warning);
            }
        }
    }
}

static void start_undo(struct engine *engine, struct op *op, const struct error *error)
{
    engine->counters.undone++;
    leave_bridge_to_others(engine, op);
    op->phase = PHASE_UNDO;
    op->error = *error;
    op->queued.n_tries = 0;
    op->queued.waits_for = WAITS_FOR_TURN;
    op->queued.writes = WRITES_PLAN;
    op->deadline = engine_deadline_in(engine, engine->env.settings->timeout_ms);
    move(engine, op, OP_QUEUED);
}

/* Fails, after an undo if something was written and an undo may remove it: not for an acknowledged
 * plug, and not for what an earlier daemon left. */
static void fail_or_undo(struct engine *engine, struct op *op, const struct error *error)
{
    if (op_is_undo(op)) {
        struct error first = op->error;

        fail(engine, op, &first);
    } else if (!op->written || op_is_internal(op) || op->told == TOLD_DONE) {
        fail(engine, op, error);
    } else {
        start_undo(engine, op, error);
    }
}

/* Replies before the undo, because what the operation wrote may be in the database already, or get
 * there later, and the client cannot wait for that. */
static void refuse(struct engine *engine, struct op *op, const struct error *error)
{
    op_reply_error(op, error);
    op->error = *error;
    if (op->state == OP_COMMITTING) {
        return; /* The result of its transaction decides (engine_settle()). */
    }
    if (op->type != OP_UNPLUG && !op_is_undo(op)) {
        start_undo(engine, op, error);
    }
    op->deadline = LLONG_MAX;
}

/* --- Moves. --- */

/* Removes what is in the way of the operation's links. */
static void clear_way(struct engine *engine, const struct op *op)
{
    struct link_plan first = {.n = 0};

    for (size_t i = 0; i < op->plan.links.n; i++) {
        const struct link_step *step = &op->plan.links.steps[i];

        if (step->type == LINK_DELETE) {
            link_plan_delete(&first, step->index, step->name);
        }
    }
    engine_remove_links(engine, op->request.vif_id, &first);
}

/* It is planned again when something has been removed: an operation has ended, or a link is gone.
 */
static void wait_for_removal(const struct engine *engine, struct op *op)
{
    op->queued.waits_for = WAITS_FOR_REMOVAL;
    op->queued.seen = engine->n_removals;
}

/* An acknowledged plug that is only followed up ends when the next operation on its VIF begins. */
static void drop_followed_up(struct engine *engine, const struct op *op)
{
    struct op *first = CONTAINER_OF(ovs_list_front(&op->vif_queue->ops), struct op, vif_node);

    if (first != op) {
        sum_up(engine, first, OP_END_SUPERSEDED, NULL);
        end(engine, first, END_DROPPED);
    }
}

/* The plug counts as done, and is only followed up from here on: it is never undone. */
static void acknowledge(struct engine *engine, struct op *op)
{
    engine_drop_links(engine, op);
    note_awaited(engine, op);
    op_reply_success(&engine->env, op);
    engine->env.ended(engine->env.aux, op->request.vif_id, EVENT_ACKNOWLEDGED);
    if (!ovs_list_is_empty(&engine->ops.in[OP_QUEUED])) {
        poll_immediate_wake(); /* The next operation on the VIF can start. */
    }
    move(engine, op, OP_REALIZING);
}

static void realize(struct engine *engine, struct op *op)
{
    if (op->state == OP_QUEUED) { /* The operation had nothing to commit. */
        op->committed_us = op->committed_us ? op->committed_us : time_usec();
        op->deadline = engine_deadline_in(engine, engine_timeout_ms(engine, op));
        poll_immediate_wake();
    }
    move(engine, op, OP_REALIZING);
}

/* The process ends: what OVSDB has, or may have, is left to the next one. */
static void abandon(const struct engine *engine, struct op *op, const struct error *error)
{
    op_reply_error(op, error);
    sum_up(engine, op, OP_END_UNFINISHED, op->told == TOLD_DONE ? NULL : error);
}

/* The process ends, and the operation has its reply. */
static void leave(struct engine *engine, struct op *op)
{
    sum_up(engine, op, OP_END_UNFINISHED, NULL);
    end(engine, op, END_DROPPED);
}

/* It has been refused already, and has left nothing to undo; or, of the daemon's own, there is
 * nothing to do. */
static void drop(struct engine *engine, struct op *op)
{
    bool refused = op->told == TOLD_REFUSED;

    sum_up(engine, op, refused ? OP_END_FAILED : OP_END_UNCHANGED, refused ? &op->error : NULL);
    end(engine, op, END_DROPPED);
}

static void wait_for_server(struct engine *engine, struct op *op)
{
    if (op_is_undo(op)) {
        op_reply_error(op, &op->error); /* The client need not wait for the undo. */
    }
    op->deadline = LLONG_MAX;
    op->queued.waits_for = WAITS_FOR_SERVER;
    move(engine, op, OP_QUEUED);
}

static void await_release(struct engine *engine, struct op *op)
{
    op->release = RELEASE_AWAITED;
    op->queued.writes = WRITES_NEXT_CFG;
    move(engine, op, OP_QUEUED);
}

static void leave_out_mac(struct engine *engine, struct op *op)
{
    op->without_vf_mac = true;
    op_warn(op,
            "port %s failed with dpdk-vf-mac (the NIC's driver cannot set a VF's MAC) and was "
            "plugged without it",
            op->goal.port);
    move(engine, op, OP_QUEUED);
}

void engine_conclude(struct engine *engine, struct op *op, enum outcome outcome,
                     const struct error *error)
{
    struct error first;

    switch (outcome) {
    case OUTCOME_STAY:
        break;
    case OUTCOME_COMMIT:
        drop_followed_up(engine, op);
        move(engine, op, OP_COMMITTING);
        break;
    case OUTCOME_WAIT_FOR_SWITCH:
        op->queued.waits_for = WAITS_FOR_VSWITCHD;
        break;
    case OUTCOME_WAIT_FOR_REMOVAL:
        wait_for_removal(engine, op);
        break;
    case OUTCOME_CLEAR_WAY:
        wait_for_removal(engine, op);
        clear_way(engine, op);
        break;
    case OUTCOME_AWAIT_RELEASE:
        await_release(engine, op);
        break;
    case OUTCOME_DRY_RUN:
        op_reply_dry_run(&engine->env, op);
        sum_up(engine, op, OP_END_DRY_RUN, NULL);
        end(engine, op, END_DROPPED);
        break;
    case OUTCOME_SETTLE:
        move(engine, op, OP_SETTLING);
        break;
    case OUTCOME_ACKNOWLEDGE:
        acknowledge(engine, op);
        break;
    case OUTCOME_REALIZE:
        realize(engine, op);
        break;
    case OUTCOME_AGAIN:
        move(engine, op, OP_QUEUED);
        break;
    case OUTCOME_AGAIN_LATER:
        wait_for_server(engine, op);
        break;
    case OUTCOME_LOOK_AGAIN:
        op->queued.writes = WRITES_NEXT_CFG;
        move(engine, op, OP_QUEUED);
        break;
    case OUTCOME_WITHOUT_MAC:
        leave_out_mac(engine, op);
        break;
    case OUTCOME_REFUSE:
        refuse(engine, op, error);
        break;
    case OUTCOME_SUCCEED:
        if (op->type != OP_UNPLUG || op->state == OP_CLEARING || !clear_leftovers(engine, op)) {
            succeed(engine, op);
        }
        break;
    case OUTCOME_SPARE:
        op->spared = true;
        succeed(engine, op);
        break;
    case OUTCOME_FAIL:
        fail_or_undo(engine, op, error);
        break;
    case OUTCOME_UNDONE:
        first = op->error;
        fail(engine, op, &first);
        break;
    case OUTCOME_DROP:
        drop(engine, op);
        break;
    case OUTCOME_LEAVE:
        leave(engine, op);
        break;
    case OUTCOME_ABANDON:
        abandon(engine, op, error);
        break;
    }
}
