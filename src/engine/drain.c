/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the daemon: which operations still end, and what the others are told. */

#include "engine/engine-private.h"

#include "timeval.h"
#include "util.h"

bool engine_is_stopping(const struct engine *engine, struct error *error)
{
    if (engine->drain_by == LLONG_MAX) {
        return false;
    }
    error_set(error, REASON_SWITCH_UNAVAILABLE, "",
              "vifplugd is stopping and has not begun this; try again once it is back.");
    return true;
}

long long int engine_deadline_in(const struct engine *engine, int ms)
{
    return MIN(time_msec() + ms, engine->drain_by);
}

/* Whether `op` waits only to be followed up: its client has its reply, and OVSDB what was
 * acknowledged. A replacement must be finished if there is time. */
static bool is_followed_up(const struct op *op)
{
    return op->state == OP_REALIZING && op->told == TOLD_DONE && op->plan.action != ACTION_REPLACE;
}

enum outcome engine_drain_op(const struct engine *engine, struct op *op, struct error *error)
{
    if (op->state == OP_QUEUED && !op->written) {
        engine_is_stopping(engine, error);
        return OUTCOME_FAIL;
    }
    if (is_followed_up(op)) {
        return OUTCOME_LEAVE;
    }
    op->deadline = MIN(op->deadline, engine->drain_by);
    return OUTCOME_STAY;
}

void engine_unfinished(const struct engine *engine, const struct op *op, struct error *error)
{
    if (op->state == OP_QUEUED && !op->written) {
        engine_is_stopping(engine, error);
    } else if (op_is_undo(op)) {
        error_set(
            error, REASON_TIMEOUT, "",
            "vifplugd stops before the operation on VIF %s is undone (%.300s); look at the VIF "
            "once vifplugd is back, and plug or unplug it.",
            op->request.vif_id, op->error.message);
    } else {
        error_set(error, REASON_TIMEOUT, "",
                  "vifplugd stops before OVSDB or ovs-vswitchd has confirmed the operation on VIF "
                  "%s, so it may have happened; try again once vifplugd is back.",
                  op->request.vif_id);
    }
}
