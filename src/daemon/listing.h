/* SPDX-License-Identifier: Apache-2.0 */
/* Long replies, made in pieces as the client reads them: a list of thousands of VIFs would keep
 * others waiting, and take memory.
 *
 * A list shows each VIF as it is when its turn comes. It leaves out VIFs that were unplugged before
 * that, and VIFs that were plugged after the list was begun. */

#ifndef VP_LISTING_H
#define VP_LISTING_H 1

#include "daemon/server.h"
#include "engine/engine.h"
#include "nic/nic-scanner.h"
#include "watch/watch.h"
#include "wire/request.h"

/* A list of the VIFs that `request` asks for. `env` and `watch` are borrowed. */
struct server_stream *listing_create(const struct engine_env *env, const struct watch *watch,
                                     const struct request *request);

/* The one VIF that `request` names, or an error if there is none, or more than one. */
struct server_stream *search_create(const struct engine_env *env, const struct watch *watch,
                                    const struct request *request);

/* All PFs and VFs of the host, and who uses them, as a scan shows them that begins now. */
struct server_stream *nics_create(const struct engine_env *env, struct nic_scanner *scanner,
                                  const char *id);

#endif
