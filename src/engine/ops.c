/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/ops.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "hash.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ops);

static const char *const state_names[] = {
    [OP_QUEUED] = "QUEUED",       [OP_COMMITTING] = "COMMITTING", [OP_SETTLING] = "SETTLING",
    [OP_REALIZING] = "REALIZING", [OP_CLEARING] = "CLEARING",
};
_Static_assert(ARRAY_SIZE(state_names) == OP_N_STATES, "each state has a name");

static const bool legal[OP_N_STATES][OP_N_STATES] = {
    [OP_QUEUED] =
        {[OP_QUEUED] = true, [OP_COMMITTING] = true, [OP_REALIZING] = true, [OP_CLEARING] = true},
    [OP_COMMITTING] = {[OP_QUEUED] = true, [OP_SETTLING] = true, [OP_CLEARING] = true},
    [OP_SETTLING] = {[OP_QUEUED] = true, [OP_REALIZING] = true, [OP_CLEARING] = true},
    [OP_REALIZING] = {[OP_QUEUED] = true, [OP_CLEARING] = true},
};

const char *op_state_name(enum op_state state)
{
    return state_names[state];
}

void ops_init(struct ops *ops)
{
    for (size_t i = 0; i < OP_N_STATES; i++) {
        ovs_list_init(&ops->in[i]);
    }
    hmap_init(&ops->vif_queues);
    hmap_init(&ops->owners);
    ops->n = 0;
}

void ops_destroy(struct ops *ops)
{
    ovs_assert(ops->n == 0);
    hmap_destroy(&ops->vif_queues);
    hmap_destroy(&ops->owners);
}

const struct vif_queue *ops_of_vif(const struct ops *ops, const char *vif_id)
{
    const struct vif_queue *queue;

    HMAP_FOR_EACH_WITH_HASH (queue, node, hash_string(vif_id, 0), &ops->vif_queues) {
        if (!strcmp(queue->vif_id, vif_id)) {
            return queue;
        }
    }
    return NULL;
}

static struct vif_queue *vif_queue_create(struct ops *ops, const char *vif_id)
{
    struct vif_queue *queue = xzalloc(sizeof *queue);

    memcpy(queue->vif_id, vif_id, strlen(vif_id) + 1);
    ovs_list_init(&queue->ops);
    hmap_insert(&ops->vif_queues, &queue->node, hash_string(vif_id, 0));
    return queue;
}

static struct op_owner *find_owner(const struct ops *ops, uid_t uid)
{
    struct op_owner *owner;

    HMAP_FOR_EACH_WITH_HASH (owner, node, hash_int(uid, 0), &ops->owners) {
        if (owner->uid == uid) {
            return owner;
        }
    }
    return NULL;
}

size_t ops_n_of(const struct ops *ops, uid_t uid)
{
    const struct op_owner *owner = find_owner(ops, uid);

    return owner ? owner->n : 0;
}

static struct op_owner *owner_create(struct ops *ops, uid_t uid)
{
    struct op_owner *owner = xzalloc(sizeof *owner);

    owner->uid = uid;
    ovs_list_init(&owner->turns);
    ovs_list_init(&owner->round);
    hmap_insert(&ops->owners, &owner->node, hash_int(uid, 0));
    return owner;
}

void ops_add(struct ops *ops, struct op *op)
{
    const char *vif_id = op->request.vif_id;
    const struct vif_queue *queue = ops_of_vif(ops, vif_id);
    uid_t uid = op_is_internal(op) ? OPS_NO_OWNER : op->asker.owner;

    op->owner = find_owner(ops, uid);
    op->owner = op->owner ? op->owner : owner_create(ops, uid);
    op->owner->n++;
    op->state = OP_QUEUED;
    op->vif_queue = queue ? CONST_CAST(struct vif_queue *, queue) : vif_queue_create(ops, vif_id);
    ovs_list_push_back(&op->vif_queue->ops, &op->vif_node);
    ovs_list_push_back(&ops->in[OP_QUEUED], &op->node);
    ops->n++;
    ops->n_queued++;
}

void ops_set_state(struct ops *ops, struct op *op, enum op_state state)
{
    if (!legal[op->state][state]) {
        SLOG_FATAL("op %" PRIu64 " %s %s: %s -> %s is no transition; report this with the log",
                   op->id, op_type_name(op->type), op->request.vif_id, state_names[op->state],
                   state_names[state]);
    }
    SLOG_DBG("op %" PRIu64 " %s%s %s: %s -> %s", op->id, op_is_undo(op) ? "undo " : "",
             op_type_name(op->type), op->request.vif_id, state_names[op->state],
             state_names[state]);
    ovs_list_remove(&op->node);
    ops->n_queued += (size_t)(state == OP_QUEUED);
    ops->n_queued -= (size_t)(op->state == OP_QUEUED);
    op->state = state;
    if (state == OP_QUEUED) {
        ovs_list_push_front(&ops->in[state], &op->node);
    } else {
        ovs_list_push_back(&ops->in[state], &op->node);
    }
}

void ops_remove(struct ops *ops, struct op *op)
{
    struct vif_queue *queue = op->vif_queue;

    ovs_list_remove(&op->node);
    ops->n_queued -= (size_t)(op->state == OP_QUEUED);
    ovs_list_remove(&op->vif_node);
    if (ovs_list_is_empty(&queue->ops)) {
        hmap_remove(&ops->vif_queues, &queue->node);
        free(queue);
    }
    if (--op->owner->n == 0) {
        hmap_remove(&ops->owners, &op->owner->node);
        free(op->owner);
    }
    ops->n--;
}
