/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/op-result.h"

#include <stdlib.h>
#include <string.h>

#include "engine/op-counts.h"
#include "engine/timings.h"
#include "ovs/socket-file.h"
#include "plan/limits.h"
#include "timeval.h"
#include "util.h"

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

double op_age_ms(const struct op *op)
{
    return (double)us_between(op->arrived_us, time_usec()) / 1000.0;
}

void op_note_timings(const struct op *op)
{
    struct op_times times = times_of(op);
    const int64_t stages[STAGE_N] = {
        [STAGE_QUEUED] = times.queued,
        [STAGE_COMMIT] = times.commit,
        [STAGE_REALIZE] = times.realize,
        [STAGE_TOTAL] = times.total,
    };

    timings_add(op_type_name(op->type), stages);
    op_counts_stages(op->type, stages);
}

/* Fills in what all results have, and passes the result to the client. */
static void hand_out(struct op *op, struct op_result *result)
{
    if (!op->asker.reply) {
        return;
    }
    result->connection = op->asker.connection;
    result->request_id = op->request.id;
    result->vif_id = op->request.vif_id;
    result->warnings = (const char *const *)op->warnings;
    result->n_warnings = op->n_warnings;
    result->times = times_of(op);
    op->asker.reply(op->asker.aux, result);
}

/* Warns that the plug creates its bridge, and says what that means for frames. */
static void warn_of_bridge(struct op *op)
{
    if (op->bridge_warning[0]) {
        op_warn(op, "%s", op->bridge_warning);
    }
}

/* Warns that another has what the VIF's port has too. */
static void warn_of_shared(struct op *op)
{
    if (op->plan.shared[0]) {
        op_warn(op, "%s", op->plan.shared);
    }
}

/* Warns that another VIF loses its VF, because no guest uses it. */
static void warn_of_eviction(struct op *op)
{
    if (op->evicted && op->evicted_why[0]) {
        op_warn(op, "VIF %s had the VF and is unplugged (on_vf_conflict = evict-unused): %s",
                op->evicted->spec.vif_id, op->evicted_why);
    }
}

/* Says which bursts are not as asked. */
static void warn_of_bursts(struct op *op)
{
    char text[LIMITS_WARNING_LEN];

    if (op->request.vif.has_qos && limits_warning(&op->request.vif.qos, &op->goal.qos, text)) {
        op_warn(op, "%s", text);
    }
}

/* Says which limits did not come along to a port of another kind. */
static void warn_of_lost_limits(struct op *op)
{
    const struct vif_qos *before = &op->before.spec.qos;
    const struct vif_qos *now = &op->goal.qos;
    bool egress =
        (before->egress_kbps && !now->egress_kbps) || (before->egress_kpps && !now->egress_kpps);
    bool ingress = before->ingress_kbps && !now->ingress_kbps;

    if (op_is_plug(op) && op->has_before && !op->request.vif.has_qos && op->goal.has_qos &&
        (egress || ingress)) {
        op_warn(op,
                "The limits of the VIF's %s are removed, because they would not act on port %s of "
                "its new kind; set others with update.",
                !ingress  ? "egress"
                : !egress ? "ingress"
                          : "egress and ingress",
                op->goal.port);
    }
}

/* A plug that names the socket of a card is refused if the directory is missing; but a guest does
 * not need the socket if it has the VF itself. */
static void warn_of_socket_directory(const struct engine_env *env, struct op *op)
{
    const struct port_spec *goal = &op->goal;

    if (op_is_plug(op) && goal->kind == VIF_KIND_REPRESENTOR && goal->vhost_path[0] &&
        env->settings->check_paths && !socket_file_has_directory(goal->vhost_path)) {
        op_warn(op,
                "The directory of the VF's socket %s does not exist, so no guest can use the "
                "socket; create it, or correct vhost-socket of the NIC profile.",
                goal->vhost_path);
    }
}

/* Says that the setting isolate_vif does not act on the new port. */
static void warn_of_isolation(struct op *op)
{
    if (op_is_plug(op) && op->goal.not_isolated &&
        (op->plan.action == ACTION_CREATE || op->plan.action == ACTION_REPLACE)) {
        op_warn(op,
                "isolate_vif = yes has no effect on ports of bridge %s, because it is OVN's and "
                "ovn-controller would not end the isolation; remove isolate_vif from the "
                "configuration.",
                op->goal.bridge);
    }
}

static void reply_plug(const struct engine_env *env, struct op *op)
{
    struct record record;

    warn_of_bursts(op);
    warn_of_lost_limits(op);
    warn_of_socket_directory(env, op);
    warn_of_isolation(op);
    if (op->bridge == BRIDGE_MADE) {
        warn_of_bridge(op);
    }
    record_init(&record);
    if (ovs_find_vif(env->ovs, op->request.vif_id, &record)) {
        /* The row does not have these. */
        memcpy(record.spec.vhost_path, op->goal.vhost_path, sizeof record.spec.vhost_path);
        record.spec.vhost_mode = op->goal.vhost_mode;
    } else {
        /* The caller makes the port, so there is no record: the reply has what the request asks
         * for. */
        port_spec_destroy(&record.spec);
        port_spec_clone(&record.spec, &op->goal);
        smap_clear(&record.spec.external_ids);
        memcpy(record.boot_id, env->boot_id, strlen(env->boot_id) + 1);
    }
    hand_out(op, &(struct op_result){
                     .record = &record, .on_record = !op->goal.no_port, .changed = op->changed});
    record_destroy(&record);
}

void op_reply_success(const struct engine_env *env, struct op *op)
{
    if (op->told != TOLD_NOTHING) {
        return;
    }
    op->told = TOLD_DONE;
    warn_of_shared(op);
    warn_of_eviction(op);
    if (op_is_plug(op)) {
        reply_plug(env, op);
    } else {
        hand_out(op, &(struct op_result){.changed = op->changed});
    }
}

void op_reply_error(struct op *op, const struct error *error)
{
    if (op->told == TOLD_NOTHING) {
        op->told = TOLD_REFUSED;
        hand_out(op, &(struct op_result){.error = error});
    }
}

void op_reply_dry_run(const struct engine_env *env, struct op *op)
{
    struct op_plan plan = {.action = action_name(op->plan.action), .why = op->plan.why};
    struct op_result result = {.plan = &plan, .changed = op->plan.changes};
    char **operations = plan_operations(&op->plan, &plan.n_operations);
    struct record record;

    warn_of_bursts(op);
    warn_of_lost_limits(op);
    warn_of_socket_directory(env, op);
    warn_of_isolation(op);
    warn_of_shared(op);
    warn_of_eviction(op);
    if (op->plan.create_bridge && op->plan.action != ACTION_NONE) {
        warn_of_bridge(op);
    }
    plan.operations = (const char *const *)operations;
    record_init(&record);
    if (op_is_plug(op)) {
        port_spec_destroy(&record.spec);
        port_spec_clone(&record.spec, &op->goal);
        result.record = &record;
    }
    hand_out(op, &result);
    record_destroy(&record);
    for (size_t i = 0; i < plan.n_operations; i++) {
        free(operations[i]);
    }
    free(operations);
}
