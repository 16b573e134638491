#include "daemon/engine-private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine);

/* Transactions of one operation that may come to nothing before it fails: each means that somebody
 * else was quicker at the very same rows. */
enum { TRIES_MAX = 10 };

/* How many operations are planned for each that a batch may have, so that those that come to
 * nothing (dry runs, refusals) do not keep the loop. */
enum { PLANS_PER_BATCH = 4 };

/* How long an operation on a slow device lets quick ones go first, ms. */
enum { HOLD_MS = 1000 };

struct engine *engine_create(const struct engine_env *env)
{
    struct engine *engine = xzalloc(sizeof *engine);

    engine->env = *env;
    ovs_list_init(&engine->queued);
    ovs_list_init(&engine->committing);
    ovs_list_init(&engine->realizing);
    hmap_init(&engine->vif_queues);
    return engine;
}

void engine_destroy(struct engine *engine)
{
    struct ovs_list *lists[] = {&engine->queued, &engine->committing, &engine->realizing};
    struct op *op;

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        LIST_FOR_EACH_SAFE (op, node, lists[i]) {
            engine_remove(engine, op);
        }
    }
    hmap_destroy(&engine->vif_queues);
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
                                    : &engine->realizing;
}

void engine_move(struct engine *engine, struct op *op, enum op_state state)
{
    ovs_list_remove(&op->node);
    op->state = state;
    if (state == OP_QUEUED) {
        ovs_list_push_front(&engine->queued, &op->node);
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

static void submit(struct engine *engine, enum op_type type, const struct request *request,
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
}

bool engine_submit(struct engine *engine, const struct request *request, uint64_t connection,
                   struct error *error)
{
    if (engine->draining) {
        return error_set(error, REASON_BUSY, "",
                         "vifplugd is stopping; try again once it is back.");
    }
    if (engine->n_ops >= (size_t)engine->env.config->max_queued) {
        return error_set(error, REASON_BUSY, "",
                         "%zu operations are waiting already (max_queued); try again later.",
                         engine->n_ops);
    }
    submit(engine, request->method == METHOD_PLUG ? OP_PLUG : OP_UNPLUG, request, connection);
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

    if (!strcmp(record->spec.type, TYPE_DETACHED)) {
        VLOG_WARN("port %s was left detached by a daemon that ended within a replacement; "
                  "finishing it",
                  record->spec.port);
        memcpy(request.vif_id, record->spec.vif_id, sizeof request.vif_id);
        submit(engine, OP_RECOVER, &request, 0);
    }
}

/* --- The batch under way. --- */

/* A committed transaction may have done nothing: the bridge may have gone at the same moment. So
 * the row is looked up before anybody is told. */
static bool is_there(const struct engine *engine, const struct op *op)
{
    struct record record;
    bool there;

    if (op->plan.action == ACTION_DELETE || op->bump_only) {
        return true;
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

    if (op->type == OP_PLUG && op->touched) {
        engine_undo(engine, op, &error);
    } else {
        engine_remove(engine, op);
    }
}

static void try_again(struct engine *engine, struct op *op)
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
static bool wants_verdict(const struct engine *engine, const struct op *op)
{
    return op->type == OP_PLUG && !op->undoing && op->request.wait == WAIT_REALIZED &&
           vswitchd_state(engine->env.vswitchd) == VSWITCHD_ALIVE;
}

static void committed_undo(struct engine *engine, struct op *op)
{
    bool dead = vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;

    if (op->plan.action == ACTION_REPLACE) {
        engine_move(engine, op, dead ? OP_QUEUED : OP_REALIZING);
    } else if (op->has_before && op->plan.needs_switch && !dead) {
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
    } else if ((!op->plan.needs_switch && !wants_verdict(engine, op)) ||
               (dead && op->type != OP_PLUG) ||
               (op->type == OP_UNPLUG && op->request.wait == WAIT_COMMITTED) ||
               (dead && op->request.wait == WAIT_COMMITTED)) {
        engine_succeed(engine, op);
    } else {
        if (op->request.wait == WAIT_COMMITTED) {
            engine_answer_committed(engine, op);
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
        try_again(engine, op);
        return;
    }
    op->target_cfg = next_cfg;
    op->deadline = time_msec() + engine_timeout_ms(engine, op);
    op->settle_until = 0;
    if (op->bump_only) {
        op->bump_only = false;
        engine_move(engine, op, OP_REALIZING);
        return;
    }
    op->looked_again = false;
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
        try_again(engine, op);
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

static void finish_batch(struct engine *engine)
{
    enum ovs_txn_result result;
    struct ovs_list batch;
    struct op *op;
    int64_t next_cfg;
    char *words;
    bool alone;

    result = ovs_txn_result(engine->env.ovs, &next_cfg, &words);
    if (result == OVS_TXN_NONE || result == OVS_TXN_PENDING) {
        return;
    }
    if (result == OVS_TXN_ERROR) {
        VLOG_WARN("OVSDB refused a transaction of %zu operations: %s",
                  ovs_list_size(&engine->committing), words);
    }
    alone = ovs_list_is_short(&engine->committing);
    ovs_list_move(&batch, &engine->committing);
    ovs_list_init(&engine->committing);
    LIST_FOR_EACH_SAFE (op, node, &batch) {
        switch (result) {
        case OVS_TXN_COMMITTED:
            committed(engine, op, next_cfg);
            break;
        case OVS_TXN_UNCERTAIN:
            uncertain(engine, op);
            break;
        case OVS_TXN_TRY_AGAIN:
            try_again(engine, op);
            break;
        default:
            refused(engine, op, alone, words);
            break;
        }
    }
    free(words);
}

/* --- Realisation. --- */

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

void engine_run(struct engine *engine)
{
    struct op *op;

    if (ovs_synced(engine->env.ovs) && !engine->recovered) {
        engine->recovered = true;
        ovs_for_each_vif(engine->env.ovs, recover_one, engine);
    }
    finish_batch(engine);
    LIST_FOR_EACH_SAFE (op, node, &engine->realizing) {
        judge(engine, op);
    }
    engine_check_deadlines(engine);
}

/* --- The next batch. --- */

/* Whether two operations cannot share a transaction, because the one decides how the other is to be
 * planned. */
static bool collide(const struct op *a, const struct op *b)
{
    const struct port_spec *x = &a->plan.spec;
    const struct port_spec *y = &b->plan.spec;

    if (a->bump_only || b->bump_only) {
        return false;
    }
    return !strcmp(x->port, y->port) ||
           (x->has_vf && y->has_vf && x->vf_num == y->vf_num && pci_addr_equal(&x->pf, &y->pf)) ||
           (a->plan.create_bridge && b->plan.create_bridge && !strcmp(x->bridge, y->bridge) &&
            strcmp(x->datapath_type, y->datapath_type));
}

static bool has_quick_ones(const struct ovs_list *ops)
{
    const struct op *op;

    LIST_FOR_EACH (op, node, ops) {
        if (!op->plan.spec.slow_probe) {
            return true;
        }
    }
    return false;
}

/* A slow device keeps vswitchd from everything else, also from what was committed just before and
 * is not realised yet. So it lets the quick ones go first, but not for ever. */
static bool holds_back(const struct engine *engine, struct op *op)
{
    if (!op->plan.spec.slow_probe || op->undoing) {
        return false;
    }
    if (!op->hold_until) {
        op->hold_until = time_msec() + HOLD_MS;
        if (!ovs_list_is_short(&engine->queued)) {
            poll_immediate_wake();
            return true; /* Who else is queued is planned first. */
        }
    }
    return time_msec() < op->hold_until &&
           (has_quick_ones(&engine->committing) || has_quick_ones(&engine->realizing));
}

static bool fits(const struct engine *engine, const struct op *op)
{
    const struct op *other;

    if ((op->solo || op->plan.spec.slow_probe) && !ovs_list_is_empty(&engine->committing)) {
        return false;
    }
    LIST_FOR_EACH (other, node, &engine->committing) {
        if (collide(op, other)) {
            return false;
        }
    }
    return true;
}

/* Plans the operation; returns whether there is something to stage. */
static bool prepare(struct engine *engine, struct op *op)
{
    if (op->bump_only) {
        return true;
    }
    op->waits_for_switch = false;
    switch (engine_prepare(engine, op)) {
    case PREPARED_STAGE:
        return true;
    case PREPARED_READY:
        op->committed_us = op->committed_us ? op->committed_us : time_usec();
        op->deadline = time_msec() + engine_timeout_ms(engine, op);
        engine_move(engine, op, OP_REALIZING);
        poll_immediate_wake();
        return false;
    case PREPARED_WAIT:
        op->waits_for_switch = true;
        return false;
    case PREPARED_LATER:
    case PREPARED_ENDED:
        return false;
    }
    return false;
}

static bool stage(struct engine *engine, struct op *op)
{
    if (!op->bump_only && !ovs_txn_stage(engine->env.ovs, &op->plan)) {
        try_again(engine, op);
        poll_immediate_wake();
        return false;
    }
    if (op->bump_only || op->plan.needs_switch || wants_verdict(engine, op)) {
        ovs_txn_bump(engine->env.ovs);
    }
    op->sent_us = time_usec();
    return true;
}

static bool is_next(const struct engine *engine, const struct op *op)
{
    return ovs_list_front(&op->vif_queue->ops) == &op->vif_node &&
           !(op->waits_for_switch && vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD);
}

static void send_batch(struct engine *engine, size_t n)
{
    const struct op *first = CONTAINER_OF(ovs_list_front(&engine->committing), struct op, node);
    char comment[160];

    if (n == 1) {
        snprintf(comment, sizeof comment, "vifplugd: op %" PRIu64 " %s%s %s", first->id,
                 first->undoing ? "undo " : "", op_type_name(first->type), first->request.vif_id);
    } else {
        snprintf(comment, sizeof comment, "vifplugd: op %" PRIu64 " and %zu more", first->id,
                 n - 1);
    }
    ovs_txn_commit(engine->env.ovs, comment);
    engine->counters.transactions++;
    engine->counters.batched += n;
}

/* Plans what is queued and moves what fits together into the batch. Nothing is staged before all is
 * planned, so that no plan sees rows that are not committed. */
static void gather_batch(struct engine *engine)
{
    size_t max = (size_t)engine->env.config->max_batch;
    size_t n_planned = 0;
    size_t n = 0;
    struct op *op;

    LIST_FOR_EACH_SAFE (op, node, &engine->queued) {
        if (n == max || n_planned == PLANS_PER_BATCH * max) {
            poll_immediate_wake();
            return;
        }
        if (!is_next(engine, op) || (op->solo && n)) {
            continue;
        }
        n_planned++;
        if (!prepare(engine, op) || holds_back(engine, op) || !fits(engine, op)) {
            continue;
        }
        engine_move(engine, op, OP_COMMITTING);
        n++;
        if (op->solo || op->plan.spec.slow_probe) {
            return;
        }
    }
}

void engine_commit(struct engine *engine)
{
    size_t n = 0;
    struct op *op;

    if (!ovs_txn_ready(engine->env.ovs)) {
        return;
    }
    gather_batch(engine);
    if (ovs_list_is_empty(&engine->committing)) {
        return;
    }
    ovs_txn_start(engine->env.ovs);
    LIST_FOR_EACH_SAFE (op, node, &engine->committing) {
        n += stage(engine, op);
    }
    if (n) {
        send_batch(engine, n);
    } else {
        ovs_txn_abort(engine->env.ovs);
    }
}

static void wait_queued(const struct engine *engine, const struct op *op)
{
    long long int now = time_msec();
    bool unavailable = engine_is_stalled(engine) || op->waits_for_switch;

    if (unavailable || op->deadline > now) {
        poll_timer_wait_until(op->deadline);
    }
    if (!unavailable && !op->touched) {
        poll_timer_wait_until(op->queue_deadline);
    }
    if (op->hold_until > now) {
        poll_timer_wait_until(op->hold_until);
    }
}

void engine_wait(struct engine *engine)
{
    struct op *op;

    LIST_FOR_EACH (op, node, &engine->queued) {
        wait_queued(engine, op);
    }
    LIST_FOR_EACH (op, node, &engine->committing) {
        poll_timer_wait_until(op->replied || op->type == OP_RECOVER ? LLONG_MAX : op->deadline);
    }
    LIST_FOR_EACH (op, node, &engine->realizing) {
        poll_timer_wait_until(op->settling ? MIN(op->settle_until, op->deadline) : op->deadline);
    }
    if (!ovs_list_is_empty(&engine->committing) && !engine_is_stalled(engine)) {
        poll_timer_wait(ENGINE_STALL_MS); /* To notice that it has stalled. */
    }
}
