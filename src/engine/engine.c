/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine-private.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "base/log.h"
#include "base/room.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine);

struct engine *engine_create(const struct engine_env *env)
{
    struct engine *engine = xzalloc(sizeof *engine);

    engine->env = *env;
    engine->drain_by = LLONG_MAX;
    ops_init(&engine->ops);
    awaited_init(&engine->awaited);
    engine_register_ops_show(engine);
    return engine;
}

void engine_destroy(struct engine *engine)
{
    struct op *op;

    for (size_t i = 0; i < OP_N_STATES; i++) {
        LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[i]) {
            ops_remove(&engine->ops, op); /* It ends in its present state. */
            op_destroy(op);
        }
    }
    ops_destroy(&engine->ops);
    awaited_destroy(&engine->awaited);
    free(engine->results.error_text);
    free(engine);
}

size_t engine_n_ops(const struct engine *engine)
{
    return engine->ops.n;
}

size_t engine_n_queued(const struct engine *engine)
{
    return engine->ops.n_queued;
}

const struct engine_counters *engine_counters(const struct engine *engine)
{
    return &engine->counters;
}

bool engine_has(const struct engine *engine, const char *vif_id)
{
    return ops_of_vif(&engine->ops, vif_id) != NULL;
}

bool engine_must_wait_for(const struct engine *engine, const char *vif_id, const struct op *op)
{
    const struct vif_queue *queue = ops_of_vif(&engine->ops, vif_id);
    const struct op *other;

    if (queue) {
        LIST_FOR_EACH (other, vif_node, &queue->ops) {
            if (other->id < op->id || other->state != OP_QUEUED || other->written) {
                return true;
            }
        }
    }
    return false;
}

bool engine_concerns(const struct engine *engine, const char *vif_id)
{
    const struct op *op;

    if (engine_has(engine, vif_id)) {
        return true;
    }
    for (size_t i = 0; i < OP_N_STATES; i++) {
        LIST_FOR_EACH (op, node, &engine->ops.in[i]) {
            if (op->evicted && !strcmp(op->evicted->spec.vif_id, vif_id)) {
                return true;
            }
        }
    }
    return false;
}

/* A plug that was acknowledged at commit stays as it is, whatever vswitchd says. */
bool engine_comes_before(const struct engine *engine, const char *vif_id, const struct op *op)
{
    const struct vif_queue *queue = ops_of_vif(&engine->ops, vif_id);
    const struct op *other;

    if (queue) {
        LIST_FOR_EACH (other, vif_node, &queue->ops) {
            if (other->id < op->id && other->told != TOLD_DONE) {
                return true;
            }
        }
    }
    return false;
}

struct op *engine_add(struct engine *engine, enum op_type type, const struct request *request,
                      const struct asker *asker)
{
    const struct engine_settings *settings = engine->env.settings;
    struct op *op = op_create(type, request, asker);

    if (type == OP_RECOVER) { /* No deadline: no other operation would do this. */
        op->deadline = op->queued.deadline = LLONG_MAX;
    } else {
        op->deadline = engine_deadline_in(engine, engine_timeout_ms(engine, op));
        op->queued.deadline = time_msec() + settings->queue_timeout_ms;
    }
    ops_add(&engine->ops, op);
    engine->unseen = true;
    return op;
}

size_t engine_room(const struct engine *engine, const struct asker *asker)
{
    size_t max = (size_t)engine->env.settings->max_queued;

    return engine->drain_by != LLONG_MAX
               ? 0
               : room_left(!asker || asker->privileged, max, engine->ops.n,
                           ops_n_of(&engine->ops, asker ? asker->owner : OPS_NO_OWNER));
}

bool engine_has_room(const struct engine *engine, const struct asker *asker, size_t n,
                     struct error *error)
{
    if (engine_is_stopping(engine, error)) {
        return false;
    }
    if (engine_room(engine, asker) < n) {
        return error_set(error, REASON_BUSY, "",
                         "%zu operations are waiting already (max_queued), %zu of them of your "
                         "user; try again later.",
                         engine->ops.n,
                         ops_n_of(&engine->ops, asker ? asker->owner : OPS_NO_OWNER));
    }
    return true;
}

static size_t memory_of(size_t n_ops)
{
    return n_ops * (sizeof(struct op) + OP_BESIDES);
}

size_t engine_memory_of(const struct engine *engine, uid_t owner)
{
    return memory_of(ops_n_of(&engine->ops, owner));
}

size_t engine_memory(const struct engine *engine)
{
    return memory_of(engine->ops.n);
}

bool engine_submit(struct engine *engine, const struct request *request, const struct asker *asker,
                   struct error *error)
{
    if (!engine_has_room(engine, asker, 1, error)) {
        return false;
    }
    engine_add(engine,
               request->method == METHOD_PLUG     ? OP_PLUG
               : request->method == METHOD_UNPLUG ? OP_UNPLUG
                                                  : OP_UPDATE,
               request, asker);
    return true;
}

bool engine_unplug_stale(struct engine *engine, const char *vif_id, int timeout_ms, bool dry_run,
                         const struct asker *asker, struct error *error)
{
    struct request request = {
        .id = "null", .method = METHOD_UNPLUG, .timeout_ms = timeout_ms, .dry_run = dry_run};

    if (!engine_has_room(engine, asker, 1, error)) {
        return false;
    }
    snprintf(request.vif_id, sizeof request.vif_id, "%s", vif_id);
    engine_add(engine, OP_UNPLUG, &request, asker)->only_stale = true;
    return true;
}

bool engine_repair(struct engine *engine, const char *vif_id, const struct port_spec *goal,
                   enum repair_scope scope)
{
    struct request request = {.id = "null"};
    struct error ignored;
    struct op *op;

    if (!engine_has_room(engine, NULL, 1, &ignored)) {
        return false;
    }
    snprintf(request.vif_id, sizeof request.vif_id, "%s", vif_id);
    op = engine_add(engine, scope == REPAIR_WITH_BRIDGE ? OP_RESTORE : OP_REPAIR, &request, NULL);
    port_spec_destroy(&op->goal);
    port_spec_clone(&op->goal, goal);
    op->has_goal = true;
    return true;
}

bool engine_follow_hand_over(struct engine *engine, const struct record *record)
{
    struct request request = {.id = "null"};
    struct error ignored;

    if (!engine_awaits_device(engine, record) || !engine_has_room(engine, NULL, 1, &ignored)) {
        return false;
    }
    memcpy(request.vif_id, record->spec.vif_id, sizeof request.vif_id);
    engine_add(engine, OP_RECOVER, &request, NULL);
    return true;
}

void engine_drain(struct engine *engine, long long int drain_by)
{
    struct error error;
    struct op *op;

    engine->drain_by = drain_by;
    for (size_t i = 0; i < OP_N_STATES; i++) {
        LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[i]) {
            engine_conclude(engine, op, engine_drain_op(engine, op, &error), &error);
        }
    }
}

void engine_abandon(struct engine *engine)
{
    struct error error;
    struct op *op;

    for (size_t i = 0; i < OP_N_STATES; i++) {
        LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[i]) {
            engine_unfinished(engine, op, &error);
            engine_conclude(engine, op, OUTCOME_ABANDON, &error);
        }
    }
}

static struct op *find_clearing(const struct engine *engine, uint64_t id)
{
    struct op *op;

    LIST_FOR_EACH (op, node, &engine->ops.in[OP_CLEARING]) {
        if (op->id == id) {
            return op;
        }
    }
    return NULL;
}

/* Ends the operations whose links the link remover has removed. */
static void finish_clearing(struct engine *engine)
{
    struct error error;
    uint64_t id;

    while (link_remover_next(engine->env.link_remover, &id, &error)) {
        struct op *op = find_clearing(engine, id);

        engine->n_removals++;
        if (op && error.reason != REASON_NONE) {
            op_warn(op, "%s", error.message);
        } else if (error.reason != REASON_NONE) {
            SLOG_WARN("%s", error.message);
        }
        if (op) {
            engine_conclude(engine, op, op_is_undo(op) ? OUTCOME_UNDONE : OUTCOME_SUCCEED, NULL);
        }
        if (!ovs_list_is_empty(&engine->ops.in[OP_QUEUED])) {
            poll_immediate_wake(); /* An operation may wait for the link's name. */
        }
    }
}

/* Finishes a replacement that a killed daemon left between its two steps. The record in the row has
 * all that this needs. */
static void recover_one(const struct record *record, void *engine_)
{
    struct engine *engine = engine_;
    struct request request = {.id = "null"};

    SLOG_WARN("port %s was left detached by a daemon that ended within a replacement; "
              "finishing it",
              record->spec.port);
    memcpy(request.vif_id, record->spec.vif_id, sizeof request.vif_id);
    engine_add(engine, OP_RECOVER, &request, NULL);
}

/* Runs once: when the content of OVSDB is known, and before this daemon writes anything. */
static void recover(struct engine *engine)
{
    if (ovs_synced(engine->env.ovs) && !engine->recovered) {
        engine->recovered = true;
        ovs_for_each_vif(engine->env.ovs, TYPE_DETACHED, recover_one, engine);
        engine_clean_links(engine);
    }
}

void engine_collect(struct engine *engine)
{
    struct results *results = &engine->results;
    enum ovs_txn_result result;
    int64_t next_cfg;
    struct op *op;
    char *error_text;

    recover(engine);
    engine_follow_sockets(engine);
    result = ovs_txn_result(engine->env.ovs, &next_cfg, &error_text);
    if (result == OVS_TXN_NONE || result == OVS_TXN_PENDING) {
        return;
    }
    ovs_assert(ovs_list_is_empty(&engine->ops.in[OP_SETTLING]));
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_COMMITTING]) {
        engine->n_removals += op->plan.action != ACTION_CREATE;
        engine_conclude(engine, op, OUTCOME_SETTLE, NULL);
    }
    results->result = result;
    results->next_cfg = next_cfg;
    results->error_text = error_text;
}

/* Advances the operations whose result engine_collect() has taken. */
static void settle(struct engine *engine)
{
    struct results *results = &engine->results;
    bool alone = ovs_list_is_short(&engine->ops.in[OP_SETTLING]);
    struct error error;
    struct op *op;

    if (results->result == OVS_TXN_ERROR) {
        SLOG_WARN("OVSDB refused a transaction of %zu operations: %s",
                  ovs_list_size(&engine->ops.in[OP_SETTLING]), results->error_text);
    }
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_SETTLING]) {
        engine_conclude(engine, op, engine_settle(engine, op, alone, &error), &error);
    }
    free(results->error_text);
    results->error_text = NULL;
    results->result = OVS_TXN_NONE;
}

static void check_deadlines(struct engine *engine)
{
    static const enum op_state order[] = {OP_REALIZING, OP_COMMITTING, OP_CLEARING, OP_QUEUED};
    struct error error;
    struct op *op;

    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[order[i]]) {
            engine_conclude(engine, op, engine_check_deadline(engine, op, &error), &error);
        }
    }
}

void engine_run(struct engine *engine)
{
    struct error error;
    struct op *op;

    settle(engine);
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_REALIZING]) {
        engine_conclude(engine, op, engine_judge(engine, op, &error), &error);
    }
    finish_clearing(engine);
    check_deadlines(engine);
}

/* When an operation that waits for the server is to be tried again. If that is overdue, OVSDB is
 * away or busy with another transaction, and its end wakes the loop. */
static long long int again_at(const struct engine *engine, const struct op *op, long long int now)
{
    bool waits = op->queued.waits_for == WAITS_FOR_SERVER;

    return waits && (op->queued.again_at > now || ovs_txn_ready(engine->env.ovs))
               ? op->queued.again_at
               : LLONG_MAX;
}

/* When the time of a queued operation is up, or when it need not let others go first any more. */
static long long int queued_until(const struct engine *engine, const struct op *op,
                                  long long int now)
{
    bool unavailable = engine_is_unavailable(engine, op);
    long long int until = LLONG_MAX;

    if (unavailable || op->deadline > now) {
        until = op->deadline;
    }
    if (!unavailable && !op->written) {
        until = MIN(until, op->queued.deadline);
    }
    until = MIN(until, again_at(engine, op, now));
    return op->queued.hold_until > now ? MIN(until, op->queued.hold_until) : until;
}

void engine_wait(struct engine *engine)
{
    bool stalled = engine_is_stalled(engine);
    long long int now = time_msec();
    long long int until = LLONG_MAX;
    const struct op *op;

    link_remover_wait(engine->env.link_remover);
    if (engine->unseen && ovs_txn_ready(engine->env.ovs)) {
        poll_immediate_wake();
    }
    LIST_FOR_EACH (op, node, &engine->ops.in[OP_QUEUED]) {
        until = MIN(until, queued_until(engine, op, now));
    }
    LIST_FOR_EACH (op, node, &engine->ops.in[OP_COMMITTING]) {
        if (op->told == TOLD_NOTHING && !op_is_internal(op)) {
            until = MIN(until, op->deadline);
        }
    }
    LIST_FOR_EACH (op, node, &engine->ops.in[OP_REALIZING]) {
        until = MIN(until, MIN(op->realizing.judge_at, op->deadline));
    }
    LIST_FOR_EACH (op, node, &engine->ops.in[OP_CLEARING]) {
        until = MIN(until, op->deadline);
    }
    if (!ovs_list_is_empty(&engine->ops.in[OP_COMMITTING]) && !stalled) {
        /* To notice that OVSDB stalls. */
        op = CONTAINER_OF(ovs_list_front(&engine->ops.in[OP_COMMITTING]), struct op, node);
        until = MIN(until, op->sent_us / 1000 + ENGINE_STALL_MS + 1);
    } else if (!ovs_list_is_empty(&engine->ops.in[OP_QUEUED]) && !stalled &&
               !ovs_txn_ready(engine->env.ovs)) {
        /* The same of a transaction that is no operation's. */
        until = MIN(until, now + ENGINE_STALL_MS - ovs_unanswered_ms(engine->env.ovs) + 1);
    }
    poll_timer_wait_until(until);
}
