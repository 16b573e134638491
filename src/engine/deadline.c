/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: what happens to operations whose time is up. */

#include "engine/engine-private.h"

#include <limits.h>

#include "timeval.h"
#include "util.h"

int engine_timeout_ms(const struct engine *engine, const struct op *op)
{
    return op->request.timeout_ms ? op->request.timeout_ms : engine->env.settings->timeout_ms;
}

static void queued_too_long(struct engine *engine, struct op *op)
{
    struct error error;

    engine_unavailable(engine, &error);
    if (!op->touched) {
        engine_fail(engine, op, &error);
        return;
    }
    if (op_is_internal(op) || engine_is_acknowledged(op)) {
        op->deadline = LLONG_MAX; /* Nobody waits for it, and it has to go on. */
        return;
    }
    /* It may be in the database. The answer cannot wait for OVSDB, but the undo can. */
    engine_answer_error(engine, op, op->undoing ? &op->error : &error);
    if (op->type == OP_UNPLUG) {
        op->error = error;
        engine_remove(engine, op);
        return;
    }
    if (!op->undoing) {
        engine_undo(engine, op, &error);
    }
    op->deadline = LLONG_MAX;
}

bool engine_is_stalled(const struct engine *engine)
{
    const struct op *op;

    if (ovs_list_is_empty(&engine->ops.in[OP_COMMITTING])) {
        return !ovs_synced(engine->env.ovs);
    }
    op = CONTAINER_OF(ovs_list_front(&engine->ops.in[OP_COMMITTING]), struct op, node);
    return time_usec() - op->sent_us > 1000LL * ENGINE_STALL_MS;
}

static void check_queued(struct engine *engine, struct op *op, long long int now)
{
    bool unavailable = engine_is_stalled(engine) || op->waits_for_switch;
    struct error error;

    if (unavailable && now >= op->deadline) {
        queued_too_long(engine, op);
    } else if (!unavailable && !op->touched && now >= op->queue_deadline) {
        error_set(&error, REASON_BUSY, "",
                  "The operation waited for %d s without its turn (queue_timeout); try again when "
                  "there is less to do.",
                  engine->env.settings->queue_timeout_ms / 1000);
        engine_fail(engine, op, &error);
    }
}

static void check_committing(struct engine *engine, struct op *op, long long int now)
{
    if (now < op->deadline || op->replied) {
        return;
    }
    if (!op->undoing) {
        error_set(&op->error, REASON_SWITCH_UNAVAILABLE, "",
                  "OVSDB at %s does not answer; check ovsdb-server and try again.",
                  ovs_remote(engine->env.ovs));
    }
    engine_answer_error(engine, op, &op->error);
}

static bool give_grace(struct engine *engine, struct op *op, long long int now)
{
    struct ovs_globals globals;

    ovs_globals(engine->env.ovs, &globals);
    if (op->grace_given || !globals.dpdk_wanted ||
        (globals.dpdk_initialized && !vswitchd_is_starting(engine->env.vswitchd)) ||
        vswitchd_state(engine->env.vswitchd) != VSWITCHD_ALIVE) {
        return false;
    }
    op->grace_given = true;
    op->deadline = now + engine->env.settings->vswitchd_grace_ms;
    return true;
}

static void realized_too_late(struct engine *engine, struct op *op, long long int now)
{
    struct error error;

    if (give_grace(engine, op, now)) {
        return;
    }
    vswitchd_doubt(engine->env.vswitchd);
    if (op->type == OP_UNPLUG) {
        op_warn(op, "ovs-vswitchd has not confirmed that the port is gone");
        engine_succeed(engine, op);
        return;
    }
    if (op->plan.action == ACTION_REPLACE &&
        (op->undoing || op_is_internal(op) || engine_is_acknowledged(op))) {
        /* Half way through a replacement the port is detached: it may not stay so. */
        if (op->undoing) {
            engine_answer_error(engine, op, &op->error);
        }
        op->deadline = LLONG_MAX;
        return;
    }
    if (vswitchd_state(engine->env.vswitchd) == VSWITCHD_ALIVE) {
        error_set(
            &error, REASON_TIMEOUT, "",
            "ovs-vswitchd has said nothing about port %s in %d ms; look at ovs-vswitchd.log, and "
            "try again with a longer timeout if it is slow.",
            op->goal.port, engine_timeout_ms(engine, op));
    } else {
        engine_unavailable(engine, &error);
    }
    engine_give_up(engine, op, &error);
}

void engine_check_deadlines(struct engine *engine)
{
    long long int now = time_msec();
    struct op *op;

    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_REALIZING]) {
        if (now >= op->deadline) {
            realized_too_late(engine, op, now);
        }
    }
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_COMMITTING]) {
        check_committing(engine, op, now);
    }
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_CLEARING]) {
        if (now >= op->deadline) {
            op->cleared = true;
            op_warn(op, "the kernel has not removed the VIF's links yet");
            engine_succeed(engine, op);
        }
    }
    LIST_FOR_EACH_SAFE (op, node, &engine->ops.in[OP_QUEUED]) {
        check_queued(engine, op, now);
    }
}
