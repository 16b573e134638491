/* SPDX-License-Identifier: Apache-2.0 */
/* Reaping: unplugs stale VIFs, one operation for each, and sends one reply for all of them. */

#ifndef VP_REAP_H
#define VP_REAP_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "daemon/server.h"
#include "engine/engine.h"
#include "wire/request.h"

struct reaps;

/* All borrowed; they must outlive the reaps, and the reaps must outlive the engine's operations. */
struct reaps *reaps_create(const struct engine_env *env, struct engine *engine,
                           struct server *server);
void reaps_destroy(struct reaps *reaps);

/* Unplugs stale VIFs: those that the request names, else all. Replies to `connection` after the
 * last unplug. Returns false with *error filled: busy, or invalid_request if a named VIF is not
 * stale. */
bool reaps_start(struct reaps *reaps, const struct request *request, const struct peer *peer,
                 struct error *error);

#endif
