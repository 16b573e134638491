/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch: from a line to its reply, which comes at once or from an operation. */

#ifndef VP_DISPATCH_H
#define VP_DISPATCH_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/checks.h"
#include "daemon/events.h"
#include "daemon/op-history.h"
#include "daemon/op-log.h"
#include "daemon/counts.h"
#include "daemon/reap.h"
#include "daemon/server.h"
#include "engine/engine.h"
#include "nic/nic-scanner.h"
#include "daemon/traffic.h"
#include "ovs/ovs-counters.h"
#include "watch/watch.h"

/* The parts of the daemon that replies come from. All borrowed. */
struct dispatch {
    struct engine *engine;
    const struct watch *watch;
    struct nic_scanner *nic_scanner;
    const struct checks *checks;
    struct ovs_counters *counters;
    struct traffic *traffic;
    struct reaps *reaps;
    struct server *server;
    /* Replies for operations (struct asker). */
    void (*reply)(void *aux, const struct op_result *result);
    void *aux;
    const struct events *events;
    struct op_log *op_log;
    const struct op_history *op_history;
    const struct engine_env *env;
    long long int started_ms;
    long long int started_wall_ms; /* Unix time: setting the clock does not change it. */
    uint64_t n_requests;
    struct counts counts;
};

/* Handles one line of `peer`. Returns whether it asks for a change. */
bool dispatch_line(struct dispatch *dispatch, const struct peer *peer, const char *line,
                   size_t length);

#endif
