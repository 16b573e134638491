/* SPDX-License-Identifier: Apache-2.0 */
/* `ovs-appctl -t vifplugd ops/show`: lists the operations, and what each waits for. */

#include "engine/engine-private.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "openvswitch/dynamic-string.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

/* The most operations to list. The limit keeps the list from delaying the loop. */
enum { SHOWN_MAX = 256 };

static const char *queued_waits_for(const struct engine *engine, const struct op *op, char *text,
                                    size_t size)
{
    const struct op *first = CONTAINER_OF(ovs_list_front(&op->vif_queue->ops), struct op, vif_node);

    if (!ovs_synced(engine->env.ovs)) {
        return "OVSDB";
    }
    if (first != op) {
        snprintf(text, size, "operation %" PRIu64 " on the same VIF", first->id);
        return text;
    }
    if (op->queued.waits_for == WAITS_FOR_VSWITCHD) {
        return "ovs-vswitchd";
    }
    if (op->queued.waits_for == WAITS_FOR_SERVER) {
        return "an ovsdb-server that can write";
    }
    if (op->queued.waits_for == WAITS_FOR_REMOVAL) {
        return "the removal of what is in its way";
    }
    if (op->queued.hold_until > time_msec()) {
        return "ports of quicker NICs";
    }
    return "the next transaction";
}

static const char *waits_for(const struct engine *engine, const struct op *op, char *text,
                             size_t size)
{
    struct ovs_globals globals;

    switch (op->state) {
    case OP_QUEUED:
        return queued_waits_for(engine, op, text, size);
    case OP_COMMITTING:
    case OP_SETTLING:
        return "the commit of its transaction";
    case OP_REALIZING:
        ovs_globals(engine->env.ovs, &globals);
        snprintf(text, size, "ovs-vswitchd (cur_cfg %" PRId64 " of %" PRId64 ")", globals.cur_cfg,
                 op->realizing.target_cfg);
        return text;
    case OP_CLEARING:
        return "the kernel to remove the VIF's links";
    case OP_N_STATES:
        break;
    }
    return "?";
}

static void show_op(const struct engine *engine, const struct op *op, struct ds *ds)
{
    long long int left = op->deadline == LLONG_MAX ? -1 : MAX(op->deadline - time_msec(), 0);
    char text[80];

    ds_put_format(ds, "%" PRIu64 ": %s%s %s", op->id, op_is_undo(op) ? "undo " : "",
                  op_type_name(op->type), op->request.vif_id);
    if (op->request.instance[0]) {
        ds_put_format(ds, " of instance %s", op->request.instance);
    }
    ds_put_format(ds, ", %s for %s, age %.1f s, ", op_state_name(op->state),
                  waits_for(engine, op, text, sizeof text),
                  (double)(time_usec() - op->arrived_us) / 1e6);
    if (left < 0) {
        ds_put_cstr(ds, "no deadline\n");
    } else {
        ds_put_format(ds, "%.1f s left\n", (double)left / 1000.0);
    }
}

size_t engine_for_each_op(const struct engine *engine, size_t max,
                          void (*cb)(const struct op_summary *summary, void *aux), void *aux)
{
    size_t n = 0;
    const struct op *op;

    for (size_t i = 0; i < OP_N_STATES; i++) {
        LIST_FOR_EACH (op, node, &engine->ops.in[i]) {
            struct op_summary summary;
            char text[80];

            if (n++ == max) {
                return engine->ops.n;
            }
            op_summarize(op, OP_END_NONE, NULL, &summary);
            summary.waits_for = waits_for(engine, op, text, sizeof text);
            cb(&summary, aux);
        }
    }
    return engine->ops.n;
}

static void ops_show(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                     void *engine_)
{
    const struct engine *engine = engine_;
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t n = 0;
    const struct op *op;

    ds_put_format(&ds, "%zu operations\n", engine->ops.n);
    for (size_t i = 0; i < OP_N_STATES; i++) {
        LIST_FOR_EACH (op, node, &engine->ops.in[i]) {
            if (n++ < SHOWN_MAX) {
                show_op(engine, op, &ds);
            }
        }
    }
    if (n > SHOWN_MAX) {
        ds_put_format(&ds, "and %zu more\n", n - SHOWN_MAX);
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

void engine_register_ops_show(struct engine *engine)
{
    unixctl_command_register("ops/show", "", 0, 0, ops_show, engine);
}
