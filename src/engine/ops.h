/* SPDX-License-Identifier: Apache-2.0 */
/* All operations, by state and by VIF: the only place that changes an operation's state.
 *
 *   from \ to     QUEUED  COMMITTING  SETTLING  REALIZING  CLEARING
 *   QUEUED        undo    its batch             nothing to write
 *   COMMITTING    again               its result             its links
 *   SETTLING      again, next step              realize    its links
 *   REALIZING     again, undo                              its links
 *
 * An operation may end in any state. */

#ifndef VP_OPS_H
#define VP_OPS_H 1

#include "engine/op.h"

/* The owner of the operations that the daemon itself starts. */
#define OPS_NO_OWNER ((uid_t)UINT32_MAX)

/* The operations of one user. */
struct op_owner {
    struct hmap_node node;
    uid_t uid;
    size_t n;

    uint64_t served; /* engine->n_turns when one of its operations was planned last; 0: never. */

    /* Within gather_batch(): its operations that are to be planned, by turn_node, and its place
     * among the owners. */
    struct ovs_list turns;
    struct ovs_list round;
};

/* The operations on one VIF, in the order of their arrival. */
struct vif_queue {
    struct hmap_node node;
    char vif_id[VIF_ID_MAX + 1];
    struct ovs_list ops; /* List of struct op, by vif_node. */
};

struct ops {
    struct ovs_list in[OP_N_STATES]; /* For each state, a list of struct op, by node. */
    struct hmap vif_queues;          /* Map of struct vif_queue; no queue is empty. */
    struct hmap owners;              /* Map of struct op_owner; each has operations. */
    size_t n;
    size_t n_queued; /* In QUEUED. */
};

void ops_init(struct ops *ops);

/* `ops` must be empty. */
void ops_destroy(struct ops *ops);

/* Adds a new operation at the end of QUEUED. */
void ops_add(struct ops *ops, struct op *op);

/* Moves the operation to `state`: to the front of QUEUED, because it has begun, or to the end of
 * another state. Aborts if the transition is not legal. Logs the transition (debug). */
void ops_set_state(struct ops *ops, struct op *op, enum op_state state);

/* Removes the operation from all lists; does not free it. */
void ops_remove(struct ops *ops, struct op *op);

/* The operations on that VIF, or NULL if there are none. */
const struct vif_queue *ops_of_vif(const struct ops *ops, const char *vif_id);

/* How many operations that user has. */
size_t ops_n_of(const struct ops *ops, uid_t uid);

/* "COMMITTING", for the log. */
const char *op_state_name(enum op_state state);

#endif
