/* SPDX-License-Identifier: Apache-2.0 */
/* Removes links, and sets netdevs of the hardware down, in a separate thread: the kernel
 * acknowledges an RTM_DELLINK only once nothing refers to the device any more, some 10 to 40 ms
 * later, and the loop must not wait.
 *
 * The thread does removals in the order in which they were added. One that fails is tried again up
 * to LINK_REMOVER_TRIES times, after others: the kernel may have been short of memory. Only the
 * main thread may call these functions. */

#ifndef VP_LINK_REMOVER_H
#define VP_LINK_REMOVER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "links/link-plan.h"

/* With pauses of 0.1, 0.2, 0.4, 0.8 and 1.6 s between them. */
#define LINK_REMOVER_TRIES 6

struct link_remover;

struct link_remover *link_remover_create(void);

/* Waits for the removal under way, and drops those that have not begun. */
void link_remover_destroy(struct link_remover *remover);

/* How many removals have been added that link_remover_next() has not returned yet. */
size_t link_remover_n(const struct link_remover *remover);

/* Whether the removal of a link with that name has been added and link_remover_next() has not
 * returned it yet. Such a link counts as absent, and who needs its name has to wait. */
bool link_remover_has(const struct link_remover *remover, const char *name);

/* The same of a netdev of the hardware that is to be set down: it counts as down, and who needs it
 * has to wait. */
bool link_remover_sets_down(const struct link_remover *remover, const char *name);

/* Adds the steps of `plan`, for VIF `vif_id`. link_remover_next() returns `removal`. */
void link_remover_add(struct link_remover *remover, uint64_t removal, const char *vif_id,
                      const struct link_plan *plan);

/* Gets the next removal that is done, and its error, with reason NONE if it succeeded. Returns
 * false if there is none. */
bool link_remover_next(struct link_remover *remover, uint64_t *removal, struct error *error);

void link_remover_wait(const struct link_remover *remover);

#endif
