/* SPDX-License-Identifier: Apache-2.0 */
/* Removes kernel links in a thread of its own: the kernel answers an RTM_DELLINK only once nobody
 * can refer to the device any more, some 30 to 50 ms later, and the loop waits for nothing.
 *
 * Jobs are done in their order. All functions are for the main thread. */

#ifndef VP_LINK_REMOVER_H
#define VP_LINK_REMOVER_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "links/link-plan.h"

struct link_remover;

struct link_remover *link_remover_create(void);

/* Waits for the job at hand; those that have not begun are dropped. */
void link_remover_destroy(struct link_remover *remover);

/* Has the steps of `plan` done for VIF `vif_id`. `job` is told back. */
void link_remover_add(struct link_remover *remover, uint64_t job, const char *vif_id,
                      const struct host_plan *plan);

/* Gives the next job that has been done. *error says what went wrong, with reason NONE if nothing.
 * Returns false if there is none. */
bool link_remover_next(struct link_remover *remover, uint64_t *job, struct error *error);

void link_remover_wait(const struct link_remover *remover);

#endif
