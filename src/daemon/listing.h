/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of all VIFs. With thousands of them a list takes longer than others should wait, so it is
 * made a few VIFs at a time, pass by pass. It shows each VIF as it is when its turn comes; one that
 * has gone by then is left out, and one that has come since is not in it. */

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

/* Goes on with what is queued. To be called once a pass. */
void listings_run(struct listings *listings);
void listings_wait(const struct listings *listings);

#endif
