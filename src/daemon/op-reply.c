/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/op-reply.h"

#include "daemon/view.h"
#include "wire/reply.h"

static double ms(int64_t us)
{
    return us < 0 ? -1.0 : (double)us / 1000.0;
}

char *op_reply(const struct engine_env *env, const struct op_result *result)
{
    const struct reply_timings timings = {
        .queued = ms(result->times.queued),
        .commit = ms(result->times.commit),
        .realize = ms(result->times.realize),
        .total = ms(result->times.total),
    };
    const struct op_plan *planned = result->plan;
    const struct reply_plan plan = {
        .action = planned ? planned->action : NULL,
        .why = planned ? planned->why : NULL,
        .operations = planned ? planned->operations : NULL,
        .n_operations = planned ? planned->n_operations : 0,
    };
    struct reply_operation operation = {
        .vif_id = result->vif_id,
        .changed = result->changed,
        .warnings = result->warnings,
        .n_warnings = result->n_warnings,
        .timings = planned ? NULL : &timings,
        .plan = planned ? &plan : NULL,
    };
    char sock_dir[2 * VIF_PATH_MAX];
    struct view view;
    char *line;

    if (result->error) {
        return reply_error(result->request_id, result->vif_id, result->error);
    }
    if (result->record && result->on_record) {
        view_init_now(&view, env, result->record, false);
        operation.view = &view.vif;
    } else if (result->record) {
        ovs_vhost_sock_dir(env->ovs, env->run_dir, sock_dir, sizeof sock_dir);
        view_init(&view, result->record, env->nic, sock_dir,
                  planned ? STATE_PLANNED : STATE_COMMITTED);
        operation.view = &view.vif;
    }
    line = reply_operation(result->request_id, &operation);
    if (result->record) {
        view_destroy(&view);
    }
    return line;
}
