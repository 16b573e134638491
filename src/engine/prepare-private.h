/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files prepare*.c, and only by them. */

#ifndef VP_PREPARE_PRIVATE_H
#define VP_PREPARE_PRIVATE_H 1

#include <stdbool.h>

#include "engine/engine-private.h"

/* prepare-facts.c: what a plan may look at. */

/* The values that struct switch_facts points to. found_destroy() frees what they hold. */
struct found {
    struct owners owners;
    struct record evictee;
    struct evict_facts evict;
    struct link_state links;
    struct link_state current_links;
    struct link_state owner_links;
    char socket_path[SOCKET_PATH_LEN];
    struct socket_facts socket;
    bool links_pending; /* A link that op->goal needs is being removed. */
};

/* Whether vswitchd is known not to run. */
bool prepare_switch_is_dead(const struct engine *engine);

/* Whether OVSDB has the bridge. */
bool prepare_bridge_exists(const struct engine *engine, const char *bridge);

/* Whether the port is detached, but vswitchd may still have its device. Then nobody may write the
 * port's type yet: vswitchd would not notice that the device was detached. */
bool prepare_may_hold_device(const struct engine *engine, const struct op *op,
                             const struct record *current);

/* Whether the bridge of the present port (NULL: none) must stay when the port leaves it, because
 * another program makes a port on it for another VIF; in an undo, also for this one. */
bool prepare_bridge_is_awaited(const struct engine *engine, const struct op *op,
                               const struct record *current);

void found_init(struct found *found);

void found_destroy(struct found *found);

/* Collects the facts that all plans for op->goal use. */
void prepare_find_facts(const struct engine *engine, const struct op *op,
                        const struct record *current, struct found *found,
                        struct switch_facts *facts);

/* Finds who else has what op->goal claims, and the VIF that may be evicted. */
void prepare_find_owners(const struct engine *engine, const struct op *op, struct found *found,
                         struct switch_facts *facts);

/* prepare-undo.c: what an undo needs, and its plan. */

/* Stores the present port, for an undo. */
void prepare_note_before(const struct engine *engine, struct op *op, const struct record *current);

/* Stores the port to evict, for an undo. */
void prepare_note_evicted(const struct engine *engine, struct op *op, const struct record *owner);

/* Frees what prepare_note_evicted() stored for a plan that was not carried out. */
void prepare_forget_evicted(struct op *op);

/* Plans the undo: from the present state to the previous one. What another has taken meanwhile
 * stays with that: then the VIF keeps the port that failed, or stays evicted. Returns whether there
 * is anything to write. */
bool prepare_plan_undo(const struct engine *engine, struct op *op, const struct record *current);

/* prepare-unplug.c: what an unplug removes. */

/* Plans the unplug. Returns false if the VIF on record is not the one to unplug: then it stays
 * plugged, and the plan is empty. */
bool prepare_plan_unplug(const struct engine *engine, struct op *op, const struct record *current);

#endif
