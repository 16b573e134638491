/* SPDX-License-Identifier: Apache-2.0 */
/* `check`: the reply is made in pieces. It waits for what a thread reads of the host, then checks
 * host and switch in one piece, and a few VIFs in each further piece. */

#ifndef VP_CHECKS_H
#define VP_CHECKS_H 1

#include "check/host-reader.h"
#include "daemon/access.h"
#include "daemon/config-file.h"
#include "daemon/config.h"
#include "daemon/server.h"
#include "engine/engine.h"
#include "nic/dpdk-extra.h"
#include "watch/watch.h"

/* What checks look at. All borrowed. */
struct checks {
    const struct engine_env *env;
    struct engine *engine;
    const struct watch *watch;
    const struct config *config;
    const struct config_changes *changes; /* What the last reading has changed. */
    const struct config_file *config_file;
    const struct access *const *access;
    const struct dpdk_extra *dpdk_extra;
    struct host_reader *reader;
};

/* Fills in what to read of the host, for host_reader_create(); `checks_` is a struct checks. */
void checks_fill_query(void *checks_, struct host_query *query);

/* All checks, for a request with JSON id `id`. */
struct server_stream *checks_create(const struct checks *checks, const char *id);

#endif
