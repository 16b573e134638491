#include "daemon/engine-private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine);

struct engine *engine_create(const struct engine_env *env)
{
    struct engine *engine = xzalloc(sizeof *engine);

    engine->env = *env;
    ovs_list_init(&engine->queued);
    ovs_list_init(&engine->committing);
    ovs_list_init(&engine->realizing);
    ovs_list_init(&engine->clearing);
    ovs_list_init(&engine->results.ops);
    hmap_init(&engine->vif_queues);
    return engine;
}

void engine_destroy(struct engine *engine)
{
    struct ovs_list *lists[] = {&engine->queued, &engine->committing, &engine->realizing,
                                &engine->clearing, &engine->results.ops};
    struct op *op;

    engine->stopping = true;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        LIST_FOR_EACH_SAFE (op, node, lists[i]) {
            engine_remove(engine, op);
        }
    }
    hmap_destroy(&engine->vif_queues);
    free(engine->results.words);
    free(engine);
}

size_t engine_n_ops(const struct engine *engine)
{
    return engine->n_ops;
}

const struct engine_counters *engine_counters(const struct engine *engine)
{
    return &engine->counters;
}

static struct ovs_list *list_of(struct engine *engine, enum op_state state)
{
    return state == OP_QUEUED       ? &engine->queued
           : state == OP_COMMITTING ? &engine->committing
           : state == OP_REALIZING  ? &engine->realizing
                                    : &engine->clearing;
}

void engine_move(struct engine *engine, struct op *op, enum op_state state)
{
    ovs_list_remove(&op->node);
    op->state = state;
    if (state == OP_QUEUED) {
        ovs_list_push_front(&engine->queued, &op->node);
        poll_immediate_wake(); /* This pass has sent its transaction. */
    } else {
        ovs_list_push_back(list_of(engine, state), &op->node);
    }
}

static struct vif_queue *vif_queue(struct engine *engine, const char *vif_id)
{
    uint32_t hash = hash_string(vif_id, 0);
    struct vif_queue *queue;

    HMAP_FOR_EACH_WITH_HASH (queue, node, hash, &engine->vif_queues) {
        if (!strcmp(queue->vif_id, vif_id)) {
            return queue;
        }
    }
    queue = xzalloc(sizeof *queue);
    memcpy(queue->vif_id, vif_id, strlen(vif_id) + 1);
    ovs_list_init(&queue->ops);
    hmap_insert(&engine->vif_queues, &queue->node, hash);
    return queue;
}

bool engine_has(const struct engine *engine, const char *vif_id)
{
    const struct vif_queue *queue;

    HMAP_FOR_EACH_WITH_HASH (queue, node, hash_string(vif_id, 0), &engine->vif_queues) {
        if (!strcmp(queue->vif_id, vif_id)) {
            return true;
        }
    }
    return false;
}

bool engine_must_wait_for(const struct engine *engine, const char *vif_id, const struct op *op)
{
    const struct vif_queue *queue;
    const struct op *other;

    HMAP_FOR_EACH_WITH_HASH (queue, node, hash_string(vif_id, 0), &engine->vif_queues) {
        LIST_FOR_EACH (other, vif_node, &queue->ops) {
            if (!strcmp(queue->vif_id, vif_id) &&
                (other->id < op->id || other->state != OP_QUEUED || other->touched)) {
                return true;
            }
        }
    }
    return false;
}

bool engine_concerns(const struct engine *engine, const char *vif_id)
{
    const struct ovs_list *lists[] = {&engine->queued, &engine->committing, &engine->realizing,
                                      &engine->results.ops};
    const struct op *op;

    if (engine_has(engine, vif_id)) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        LIST_FOR_EACH (op, node, lists[i]) {
            if (op->evicted && !strcmp(op->evicted->spec.vif_id, vif_id)) {
                return true;
            }
        }
    }
    return false;
}

bool engine_unplugs_before(const struct engine *engine, const char *vif_id, const struct op *op)
{
    const struct vif_queue *queue;
    const struct op *other;

    HMAP_FOR_EACH_WITH_HASH (queue, node, hash_string(vif_id, 0), &engine->vif_queues) {
        LIST_FOR_EACH (other, vif_node, &queue->ops) {
            if (!strcmp(queue->vif_id, vif_id) && other->type == OP_UNPLUG && other->id < op->id) {
                return true;
            }
        }
    }
    return false;
}

struct op *engine_add(struct engine *engine, enum op_type type, const struct request *request,
                      uint64_t connection)
{
    const struct config *config = engine->env.config;
    struct op *op = op_create(type, request, connection);

    op->deadline = time_msec() + (request->timeout_ms ? request->timeout_ms : config->timeout_ms);
    op->queue_deadline = time_msec() + config->queue_timeout_ms;
    op->vif_queue = vif_queue(engine, request->vif_id);
    ovs_list_push_back(&op->vif_queue->ops, &op->vif_node);
    ovs_list_push_back(&engine->queued, &op->node);
    engine->n_ops++;
    engine->unseen = true;
    return op;
}

size_t engine_room(const struct engine *engine)
{
    size_t max = (size_t)engine->env.config->max_queued;

    return engine->draining || engine->n_ops >= max ? 0 : max - engine->n_ops;
}

bool engine_has_room(const struct engine *engine, size_t n, struct error *error)
{
    if (engine->draining) {
        return error_set(error, REASON_BUSY, "",
                         "vifplugd is stopping; try again once it is back.");
    }
    if (engine->n_ops + n > (size_t)engine->env.config->max_queued) {
        return error_set(error, REASON_BUSY, "",
                         "%zu operations are waiting already (max_queued); try again later.",
                         engine->n_ops);
    }
    return true;
}

bool engine_submit(struct engine *engine, const struct request *request, uint64_t connection,
                   struct error *error)
{
    if (!engine_has_room(engine, 1, error)) {
        return false;
    }
    engine_add(engine,
               request->method == METHOD_PLUG     ? OP_PLUG
               : request->method == METHOD_UNPLUG ? OP_UNPLUG
                                                  : OP_UPDATE,
               request, connection);
    return true;
}

bool engine_repair(struct engine *engine, const char *vif_id, const struct port_spec *goal)
{
    struct request request = {.id = "null"};
    struct error ignored;
    struct op *op;

    if (!engine_has_room(engine, 1, &ignored)) {
        return false;
    }
    snprintf(request.vif_id, sizeof request.vif_id, "%s", vif_id);
    op = engine_add(engine, OP_REPAIR, &request, 0);
    port_spec_destroy(&op->goal);
    port_spec_clone(&op->goal, goal);
    op->has_goal = true;
    return true;
}

void engine_drain(struct engine *engine)
{
    struct error error;
    struct op *op;

    engine->draining = true;
    LIST_FOR_EACH_SAFE (op, node, &engine->queued) {
        if (!op->touched) {
            error_set(&error, REASON_BUSY, "", "vifplugd is stopping; try again once it is back.");
            engine_fail(engine, op, &error);
        }
    }
}

/* Replacements that a killed daemon left between their two steps are finished, since the record in
 * the row says all that is needed. */
static void recover_one(const struct record *record, void *engine_)
{
    struct engine *engine = engine_;
    struct request request = {.id = "null"};

    VLOG_WARN("port %s was left detached by a daemon that ended within a replacement; "
              "finishing it",
              record->spec.port);
    memcpy(request.vif_id, record->spec.vif_id, sizeof request.vif_id);
    engine_add(engine, OP_RECOVER, &request, 0);
}

static void judge(struct engine *engine, struct op *op)
{
    struct error error;

    switch (engine_verdict(engine, op, &error)) {
    case VERDICT_PENDING:
        break;
    case VERDICT_DONE:
        if (op->undoing) {
            error = op->error;
            engine_fail(engine, op, &error);
        } else {
            engine_succeed(engine, op);
        }
        break;
    case VERDICT_NEXT_STEP:
        engine_move(engine, op, OP_QUEUED);
        break;
    case VERDICT_LOOK_AGAIN:
        op->bump_only = op->looked_again = true;
        engine_move(engine, op, OP_QUEUED);
        break;
    case VERDICT_WITHOUT_MAC:
        op->without_vf_mac = true;
        op_warn(op,
                "port %s failed with dpdk-vf-mac (the NIC's driver cannot set a VF's MAC) and "
                "was plugged without it",
                op->goal.port);
        engine_move(engine, op, OP_QUEUED);
        break;
    case VERDICT_FAILED:
        engine_give_up(engine, op, &error);
        break;
    }
}

static void finish_clearing(struct engine *engine)
{
    struct error error;
    struct op *op;
    uint64_t id;

    while (link_remover_next(engine->env.link_remover, &id, &error)) {
        LIST_FOR_EACH (op, node, &engine->clearing) {
            if (op->id == id) {
                engine_links_cleared(engine, op, &error);
                break;
            }
        }
    }
}

void engine_run(struct engine *engine)
{
    struct op *op;

    if (ovs_synced(engine->env.ovs) && !engine->recovered) {
        engine->recovered = true;
        ovs_for_each_vif(engine->env.ovs, TYPE_DETACHED, recover_one, engine);
        engine_clean_links(engine);
    }
    engine_settle(engine);
    LIST_FOR_EACH_SAFE (op, node, &engine->realizing) {
        judge(engine, op);
    }
    finish_clearing(engine);
    engine_check_deadlines(engine);
}

/* When a queued operation's time is up, or it need not hold back any more. */
static long long int queued_until(const struct op *op, bool stalled, long long int now)
{
    bool unavailable = stalled || op->waits_for_switch;
    long long int until = LLONG_MAX;

    if (unavailable || op->deadline > now) {
        until = op->deadline;
    }
    if (!unavailable && !op->touched) {
        until = MIN(until, op->queue_deadline);
    }
    return op->hold_until > now ? MIN(until, op->hold_until) : until;
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
    LIST_FOR_EACH (op, node, &engine->queued) {
        until = MIN(until, queued_until(op, stalled, now));
    }
    LIST_FOR_EACH (op, node, &engine->committing) {
        if (!op->replied && !op_is_internal(op)) {
            until = MIN(until, op->deadline);
        }
    }
    LIST_FOR_EACH (op, node, &engine->realizing) {
        until = MIN(until, op->settling ? MIN(op->settle_until, op->deadline) : op->deadline);
    }
    LIST_FOR_EACH (op, node, &engine->clearing) {
        until = MIN(until, op->deadline);
    }
    if (!ovs_list_is_empty(&engine->committing) && !stalled) {
        until = MIN(until, now + ENGINE_STALL_MS); /* To notice that it has stalled. */
    }
    poll_timer_wait_until(until);
}
