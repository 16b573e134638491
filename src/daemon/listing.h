/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of all VIFs. A list of thousands of VIFs would keep others waiting, so each pass adds a few
 * VIFs to it. The list shows each VIF as it is at that moment. It leaves out VIFs that were
 * unplugged before their turn, and VIFs that were plugged after the list was begun. */

#ifndef VP_LISTING_H
#define VP_LISTING_H 1

#include <stdbool.h>
#include <stdint.h>

#include "daemon/server.h"
#include "engine/engine.h"
#include "watch/watch.h"

struct listings;

/* Both borrowed. */
struct listings *listings_create(const struct engine_env *env, const struct watch *watch,
                                 struct server *server);
void listings_destroy(struct listings *listings);

/* Queues a list for a request with JSON id `id` of `connection`. `server` sends the reply. */
void listings_add(struct listings *listings, const char *id, uint64_t connection);

/* Continues the queued lists. Call once per pass. */
void listings_run(struct listings *listings);
void listings_wait(const struct listings *listings);

#endif
