/* SPDX-License-Identifier: Apache-2.0 */
/* How operations end: one reply, one line in the log. */

#include "engine/engine-private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/timings.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(op);

static int64_t us_between(long long int from, long long int to)
{
    return from && to >= from ? to - from : -1;
}

static struct op_times times_of(const struct op *op)
{
    long long int now = time_usec();

    return (struct op_times){
        .queued = us_between(op->arrived_us, op->sent_us ? op->sent_us : now),
        .commit = us_between(op->sent_us, op->committed_us),
        .realize = us_between(op->committed_us, now),
        .total = us_between(op->arrived_us, now),
    };
}

static double age_ms(const struct op *op)
{
    return (double)us_between(op->arrived_us, time_usec()) / 1000.0;
}

static void note_timings(const struct op *op)
{
    struct op_times times = times_of(op);
    const int64_t stages[STAGE_N] = {
        [STAGE_QUEUED] = times.queued,
        [STAGE_COMMIT] = times.commit,
        [STAGE_REALIZE] = times.realize,
        [STAGE_TOTAL] = times.total,
    };

    timings_add(op_type_name(op->type), stages);
}

/* Replies, once; `result` is filled with what only the end knows. */
static void reply(struct engine *engine, struct op *op, struct op_result *result)
{
    op->replied = true;
    if (!op->connection) {
        return;
    }
    result->connection = op->connection;
    result->request_id = op->request.id;
    result->vif_id = op->request.vif_id;
    result->warnings = (const char *const *)op->warnings;
    result->n_warnings = op->n_warnings;
    result->times = times_of(op);
    engine->env.reply(engine->env.aux, result);
}

/* Says that the plug creates its bridge, and what that means for frames. */
static void warn_of_bridge(struct op *op)
{
    if (op->bridge_warning[0]) {
        op_warn(op, "%s", op->bridge_warning);
    }
}

/* The reply to a plug: the port as it is now, with what only the request told. */
static void reply_plug(struct engine *engine, struct op *op)
{
    struct record record;

    if (op->made_bridge) {
        warn_of_bridge(op);
    }
    record_init(&record);
    if (ovs_find_vif(engine->env.ovs, op->request.vif_id, &record)) {
        memcpy(record.spec.vhost_path, op->goal.vhost_path, sizeof record.spec.vhost_path);
        record.spec.vhost_mode = op->goal.vhost_mode;
    } else {
        /* The caller makes the port: nothing is on record but what was asked for. */
        port_spec_destroy(&record.spec);
        port_spec_clone(&record.spec, &op->goal);
        smap_clear(&record.spec.external_ids);
        memcpy(record.boot_id, engine->env.boot_id, strlen(engine->env.boot_id) + 1);
    }
    reply(engine, op,
          &(struct op_result){
              .record = &record, .on_record = !op->goal.no_port, .changed = op->changed});
    record_destroy(&record);
}

void engine_answer_committed(struct engine *engine, struct op *op)
{
    if (!op->replied) {
        reply_plug(engine, op);
    }
}

void engine_answer_error(struct engine *engine, struct op *op, const struct error *error)
{
    if (!op->replied && !op_is_internal(op)) {
        op->refused = true;
        reply(engine, op, &(struct op_result){.error = error});
    }
}

static enum engine_event event_of(const struct op *op)
{
    if (op->type == OP_REPAIR) {
        return op->succeeded ? EVENT_REPAIRED : EVENT_NOTHING;
    }
    if (!op->touched) {
        return EVENT_NOTHING;
    }
    if (!op->succeeded) {
        return engine_is_acknowledged(op) ? EVENT_CHANGED : EVENT_NONE;
    }
    if (op->type == OP_UNPLUG) {
        return EVENT_UNPLUGGED;
    }
    if (!op->has_before) {
        return EVENT_PLUGGED;
    }
    return op->changed ? EVENT_CHANGED : EVENT_NONE;
}

static void tell_end(struct engine *engine, const struct op *op)
{
    if (engine->stopping) {
        return;
    }
    if (op->evicted && (op->succeeded || engine_is_acknowledged(op))) {
        engine->env.ended(engine->env.aux, op->evicted->spec.vif_id, EVENT_UNPLUGGED);
    }
    engine->env.ended(engine->env.aux, op->request.vif_id, event_of(op));
}

void engine_remove(struct engine *engine, struct op *op)
{
    if (!op->succeeded && !engine->stopping) {
        if (engine_is_acknowledged(op)) {
            engine_drop_links(engine, op); /* What it wrote stays. */
        } else {
            engine_revert_links(engine, op);
        }
    }
    engine_reap_ended(engine, op);
    tell_end(engine, op);
    ops_remove(&engine->ops, op);
    op_destroy(op);
    if (!ovs_list_is_empty(&engine->ops.in[OP_QUEUED])) {
        poll_immediate_wake(); /* The next operation on the VIF may go. */
    }
}

void engine_succeed(struct engine *engine, struct op *op)
{
    if (op->type == OP_UNPLUG && engine_clear_links(engine, op)) {
        return;
    }
    op->succeeded = true;
    engine_drop_links(engine, op);
    if (!op->replied) {
        if (op_is_plug(op)) {
            reply_plug(engine, op);
        } else {
            reply(engine, op, &(struct op_result){.changed = op->changed});
        }
    }
    /* Behind the answer: who waits for it alone does not wait for these. */
    VLOG_INFO("%" PRIu64 ": %s %s: %s in %.1f ms", op->id, op_type_name(op->type),
              op->request.vif_id, op->changed ? "done" : "nothing to do", age_ms(op));
    note_timings(op);
    if (op->type == OP_UNPLUG) {
        engine->counters.unplugs++;
    } else if (op->type == OP_PLUG) {
        engine->counters.plugs++;
    } else if (op->type == OP_UPDATE) {
        engine->counters.updates++;
    }
    engine_remove(engine, op);
}

void engine_fail(struct engine *engine, struct op *op, const struct error *error)
{
    VLOG_INFO("%" PRIu64 ": %s %s: %s after %.1f ms: %s", op->id, op_type_name(op->type),
              op->request.vif_id, reason_name(error->reason), age_ms(op), error->message);
    engine->counters.failed++;
    op->error = *error;
    engine_revert_links(engine, op); /* Before the answer: then nothing is left. */
    engine_answer_error(engine, op, error);
    engine_remove(engine, op);
}

void engine_dry_run(struct engine *engine, struct op *op)
{
    struct op_plan plan = {.action = action_name(op->plan.action), .why = op->plan.why};
    struct op_result result = {.plan = &plan, .changed = op->plan.changes || op->host.n > 0};
    struct record record;
    char **operations;

    if (op->plan.create_bridge && op->plan.action != ACTION_NONE) {
        warn_of_bridge(op);
    }
    operations = plan_operations(&op->plan, &op->host, &plan.n_operations);
    plan.operations = (const char *const *)operations;
    record_init(&record);
    if (op_is_plug(op)) {
        port_spec_destroy(&record.spec);
        port_spec_clone(&record.spec, &op->goal);
        result.record = &record;
    }
    reply(engine, op, &result);
    record_destroy(&record);
    for (size_t i = 0; i < plan.n_operations; i++) {
        free(operations[i]);
    }
    free(operations);
    engine_remove(engine, op);
}

void engine_unavailable(const struct engine *engine, struct error *error)
{
    if (!ovs_synced(engine->env.ovs)) {
        error_set(error, REASON_SWITCH_UNAVAILABLE, "",
                  "OVSDB at %s cannot be reached; start ovsdb-server (or correct db in the "
                  "configuration) and try again.",
                  ovs_remote(engine->env.ovs));
    } else if (vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD) {
        error_set(error, REASON_SWITCH_UNAVAILABLE, "",
                  "ovs-vswitchd is not running; start it and try again.");
    } else {
        error_set(
            error, REASON_SWITCH_UNAVAILABLE, "",
            "ovs-vswitchd did not take notice of the change in time; check that it runs and try "
            "again.");
    }
}

/* The bridge that a failing operation made may stay for now, since others are plugging there. If
 * they fail as well, the last of them takes it away. */
static void hand_over_bridge(struct engine *engine, const struct op *op)
{
    struct ovs_list *lists[] = {&engine->ops.in[OP_QUEUED], &engine->ops.in[OP_COMMITTING],
                                &engine->ops.in[OP_REALIZING]};
    struct op *other;

    for (size_t i = 0; op->made_bridge && i < ARRAY_SIZE(lists); i++) {
        LIST_FOR_EACH (other, node, lists[i]) {
            if (other->type == OP_PLUG &&
                !strcmp(other->request.vif.bridge, op->request.vif.bridge)) {
                other->made_bridge = true;
                memcpy(other->bridge_warning, op->bridge_warning, sizeof op->bridge_warning);
            }
        }
    }
}

void engine_undo(struct engine *engine, struct op *op, const struct error *error)
{
    if (!op->touched || op_is_internal(op) || engine_is_acknowledged(op)) {
        engine_fail(engine, op, error);
        return;
    }
    engine->counters.undone++;
    hand_over_bridge(engine, op);
    op->tries = 0;
    op->undoing = true;
    op->error = *error;
    engine_revert_links(engine, op); /* Before the answer: then nothing is left. */
    op->waits_for_switch = op->bump_only = false;
    op->deadline = time_msec() + engine->env.settings->timeout_ms;
    engine_move(engine, op, OP_QUEUED);
    poll_immediate_wake();
}

void engine_give_up(struct engine *engine, struct op *op, const struct error *error)
{
    struct error first = op->error;

    if (op->undoing) {
        engine_fail(engine, op, &first);
    } else {
        engine_undo(engine, op, error);
    }
}
