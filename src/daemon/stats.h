/* SPDX-License-Identifier: Apache-2.0 */
/* The reply to `stats`: VIFs with the counters of their ports, a few at a time. */

#ifndef VP_STATS_H
#define VP_STATS_H 1

#include "daemon/server.h"
#include "engine/engine.h"
#include "ovs/ovs-counters.h"
#include "watch/watch.h"
#include "wire/request.h"

/* The VIFs that `request` asks for. If OVSDB does not reply, the reply is an error; if it stops to
 * reply half way, the reply has a warning. All but `request` are borrowed. */
struct server_stream *stats_create(const struct engine_env *env, const struct watch *watch,
                                   struct ovs_counters *counters, const struct request *request);

#endif
