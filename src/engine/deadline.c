/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: decides what happens to operations whose time is up. */

#include "engine/engine-private.h"

#include <limits.h>
#include <string.h>

#include "timeval.h"
#include "util.h"

int engine_timeout_ms(const struct engine *engine, const struct op *op)
{
    return op->request.timeout_ms ? op->request.timeout_ms : engine->env.settings->timeout_ms;
}

static void ovsdb_is_silent(const struct engine *engine, struct error *error)
{
    error_set(error, REASON_SWITCH_UNAVAILABLE, "",
              "OVSDB at %s does not reply; check ovsdb-server and try again.",
              ovs_remote(engine->env.ovs));
}

void engine_switch_unavailable(const struct engine *engine, struct error *error)
{
    if (!ovs_synced(engine->env.ovs)) {
        ovs_unavailable(engine->env.ovs, error);
    } else if (vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD) {
        error_set(error, REASON_SWITCH_UNAVAILABLE, "",
                  "ovs-vswitchd is not running; start it and try again.");
    } else if (engine_is_stalled(engine)) {
        ovsdb_is_silent(engine, error);
    } else {
        error_set(error, REASON_SWITCH_UNAVAILABLE, "",
                  "ovs-vswitchd did not confirm the change in time; check that it runs and "
                  "try again.");
    }
}

bool engine_is_stalled(const struct engine *engine)
{
    const struct op *op;

    if (ovs_list_is_empty(&engine->ops.in[OP_COMMITTING])) {
        return !ovs_synced(engine->env.ovs) || ovs_unanswered_ms(engine->env.ovs) > ENGINE_STALL_MS;
    }
    op = CONTAINER_OF(ovs_list_front(&engine->ops.in[OP_COMMITTING]), struct op, node);
    return time_usec() - op->sent_us > 1000LL * ENGINE_STALL_MS;
}

bool engine_is_unavailable(const struct engine *engine, const struct op *op)
{
    return engine_is_stalled(engine) || op->queued.waits_for == WAITS_FOR_VSWITCHD ||
           op->queued.waits_for == WAITS_FOR_SERVER;
}

/* No client waits for the operation, and it must continue. */
static enum outcome go_on(struct op *op)
{
    op->deadline = LLONG_MAX;
    return OUTCOME_STAY;
}

static enum outcome queued_too_long(const struct engine *engine, struct op *op, struct error *error)
{
    engine_switch_unavailable(engine, error);
    if (!op->written) {
        return OUTCOME_FAIL;
    }
    if (op_is_internal(op) || op->told == TOLD_DONE) {
        return go_on(op);
    }
    if (op_is_undo(op)) {
        *error = op->error;
    }
    return OUTCOME_REFUSE;
}

static enum outcome check_queued(const struct engine *engine, struct op *op, long long int now,
                                 struct error *error)
{
    if (engine->drain_by != LLONG_MAX && op->written) {
        return go_on(op); /* It is known only at the end whether it could still be undone. */
    }
    if (engine_is_unavailable(engine, op)) {
        return now >= op->deadline ? queued_too_long(engine, op, error) : OUTCOME_STAY;
    }
    if (op->written || now < op->queued.deadline) {
        return OUTCOME_STAY;
    }
    error_set(error, REASON_BUSY, "",
              "The operation waited for %d s without its turn (queue_timeout); try again when "
              "there is less to do.",
              engine->env.settings->queue_timeout_ms / 1000);
    return OUTCOME_FAIL;
}

static enum outcome check_committing(const struct engine *engine, struct op *op, long long int now,
                                     struct error *error)
{
    if (now < op->deadline || op->told != TOLD_NOTHING || op_is_internal(op)) {
        return OUTCOME_STAY;
    }
    if (engine->drain_by != LLONG_MAX) {
        return go_on(op); /* OVSDB may still reply before the process ends. */
    }
    if (op_is_undo(op)) {
        *error = op->error;
    } else {
        ovsdb_is_silent(engine, error);
    }
    return OUTCOME_REFUSE;
}

/* Gives a vswitchd that initialises DPDK more time, once. One whose start we saw has it from then
 * on: whether it still initialises DPDK or hangs is not known before it answers. */
static bool give_grace(const struct engine *engine, struct op *op, long long int now)
{
    int64_t grace_ms =
        engine->env.settings->vswitchd_grace_ms - vswitchd_starting_ms(engine->env.vswitchd);
    struct ovs_globals globals;

    ovs_globals(engine->env.ovs, &globals);
    if (engine->drain_by != LLONG_MAX || op->realizing.grace_given || !globals.dpdk_wanted ||
        (globals.dpdk_initialized && !vswitchd_is_starting(engine->env.vswitchd)) ||
        vswitchd_state(engine->env.vswitchd) != VSWITCHD_ALIVE || grace_ms <= 0) {
        return false;
    }
    op->realizing.grace_given = true;
    op->realizing.words.late = 0;
    op->deadline = now + grace_ms;
    return true;
}

static void set_timeout(const struct engine *engine, const struct op *op, struct error *error)
{
    const char *next = "look at ovs-vswitchd.log";
    struct error words = {.detail = ""};

    if (engine_add_late_words(engine, op, &words) == WORDS_FOUND) {
        next = "mend what it has logged about the port or its bridge, which is in detail";
    }
    error_set(error, REASON_TIMEOUT, "",
              "ovs-vswitchd has said nothing about port %s in %d ms; %s, and try again with a "
              "longer timeout if it is slow.",
              op->goal.port, engine_timeout_ms(engine, op), next);
    memcpy(error->detail, words.detail, sizeof error->detail);
}

static enum outcome realized_too_late(const struct engine *engine, struct op *op,
                                      struct error *error)
{
    bool stopping = engine_is_stopping(engine, error);

    if (!stopping) {
        vswitchd_did_not_answer(engine->env.vswitchd);
    }
    if (op->type == OP_UNPLUG) {
        op_warn(op, "ovs-vswitchd has not confirmed that the port is gone");
        return OUTCOME_SUCCEED;
    }
    if (op->plan.action == ACTION_REPLACE) {
        /* After the first step of a replacement the port is detached. It must not stay so. */
        if (op_is_undo(op)) {
            *error = op->error;
            return OUTCOME_REFUSE;
        }
        if (op_is_internal(op) || op->told == TOLD_DONE) {
            return go_on(op);
        }
    }
    if (stopping) {
        error_set(error, REASON_SWITCH_UNAVAILABLE, "",
                  "vifplugd is stopping, and ovs-vswitchd has not confirmed port %s yet; try again "
                  "once vifplugd is back.",
                  op->goal.port);
    } else if (vswitchd_state(engine->env.vswitchd) == VSWITCHD_ALIVE) {
        set_timeout(engine, op, error);
    } else {
        engine_switch_unavailable(engine, error);
    }
    return OUTCOME_FAIL;
}

enum outcome engine_check_deadline(const struct engine *engine, struct op *op, struct error *error)
{
    long long int now = time_msec();

    switch (op->state) {
    case OP_QUEUED:
        return check_queued(engine, op, now, error);
    case OP_COMMITTING:
        return check_committing(engine, op, now, error);
    case OP_REALIZING:
        return now < op->deadline || give_grace(engine, op, now)
                   ? OUTCOME_STAY
                   : realized_too_late(engine, op, error);
    case OP_CLEARING:
        if (now < op->deadline) {
            return OUTCOME_STAY;
        }
        op_warn(op, "the kernel has not removed the VIF's links yet");
        return op_is_undo(op) ? OUTCOME_UNDONE : OUTCOME_SUCCEED;
    default:
        return OUTCOME_STAY;
    }
}
