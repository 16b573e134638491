/* SPDX-License-Identifier: Apache-2.0 */
/* From one line of bytes to one request: JSON-RPC 2.0 with the methods of docs/api.md. */

#ifndef VP_REQUEST_H
#define VP_REQUEST_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"
#include "wire/vif-filter.h"

/* The methods, a row each:
 *
 *   method   its constant
 *   name     as requests have it
 *   params   the function of request.c that reads its params
 *   access   METHOD_READS: changes nothing, so that read-only peers may call it; METHOD_WRITES
 *   ovsdb    NEEDS_OVSDB: refused at once while OVSDB cannot be reached; WITHOUT_OVSDB
 *   handle   the function of daemon/methods.c that replies to it or starts what will
 *
 * A new method is a row here, its two functions, and its section in docs/api.md. */
/* clang-format off */
#define METHODS(ROW)                                                                                    \
    /*  method            name         params        access         ovsdb          handle            */ \
    ROW(METHOD_PLUG,      "plug",      read_plug,    METHOD_WRITES, WITHOUT_OVSDB, handle_operation)    \
    ROW(METHOD_UNPLUG,    "unplug",    read_unplug,  METHOD_WRITES, WITHOUT_OVSDB, handle_operation)    \
    ROW(METHOD_UPDATE,    "update",    read_update,  METHOD_WRITES, WITHOUT_OVSDB, handle_operation)    \
    ROW(METHOD_GET,       "get",       read_get,     METHOD_READS,  NEEDS_OVSDB,   handle_get)          \
    ROW(METHOD_LIST,      "list",      read_list,    METHOD_READS,  NEEDS_OVSDB,   handle_list)         \
    ROW(METHOD_STATS,     "stats",     read_stats,   METHOD_READS,  NEEDS_OVSDB,   handle_stats)        \
    ROW(METHOD_NICS,      "nics",      read_nothing, METHOD_READS,  WITHOUT_OVSDB, handle_nics)         \
    ROW(METHOD_REAP,      "reap",      read_reap,    METHOD_WRITES, NEEDS_OVSDB,   handle_reap)         \
    ROW(METHOD_SUBSCRIBE, "subscribe", read_subscribe, METHOD_READS, WITHOUT_OVSDB, handle_subscribe)   \
    ROW(METHOD_STATUS,    "status",    read_nothing, METHOD_READS,  WITHOUT_OVSDB, handle_status)       \
    ROW(METHOD_OPS,       "ops",       read_ops,     METHOD_READS,  WITHOUT_OVSDB, handle_ops)          \
    ROW(METHOD_CHECK,     "check",     read_nothing, METHOD_READS,  WITHOUT_OVSDB, handle_check)        \
    ROW(METHOD_DESCRIBE,  "describe",  read_nothing, METHOD_READS,  WITHOUT_OVSDB, handle_describe)     \
    ROW(METHOD_METRICS,   "metrics",   read_nothing, METHOD_READS,  WITHOUT_OVSDB, handle_metrics)
/* clang-format on */

#define METHOD_CONSTANT(method, name, params, access, ovsdb, handle) method,
enum method { METHODS(METHOD_CONSTANT) METHOD_N };
#undef METHOD_CONSTANT

enum method_access { METHOD_READS, METHOD_WRITES };
enum method_ovsdb { WITHOUT_OVSDB, NEEDS_OVSDB };

/* When the reply to an operation is sent: once vswitchd has realized it, or once OVSDB has it. */
enum wait { WAIT_REALIZED = 0, WAIT_COMMITTED };

#define REQUEST_ID_MAX 128         /* Longest JSON text of an id, in bytes. */
#define REQUEST_TIMEOUT_MAX 600000 /* Longest timeout_ms. */
#define REQUEST_OPS_MAX 256        /* Largest limit of ops. */
#define REQUEST_SINCE_MAX 86400000 /* Longest since_ms: a day. */

struct request {
    char id[REQUEST_ID_MAX + 1]; /* The id as JSON text, for the reply; "null" until it is known. */
    bool has_method;             /* `method` is known. */
    enum method method;
    char vif_id[VIF_ID_MAX + 1]; /* plug, unplug, update; get: if it is named so. */
    struct vif vif; /* plug; unplug: of kind NONE if no whole VIF was given; update: its
                     * mtu (0: as it is), has_qos and qos. */
    char instance[VIF_ID_MAX + 1];   /* plug, unplug (or ""). */
    enum wait wait;                  /* Operations: plug, unplug, update, reap. */
    int timeout_ms;                  /* The same: 1..REQUEST_TIMEOUT_MAX, 0: the default. */
    bool dry_run;                    /* The same. */
    char (*vif_ids)[VIF_ID_MAX + 1]; /* reap: the VIFs to remove; NULL: all that are stale.
                                        request_destroy() frees them. */
    size_t n_vif_ids;
    int limit;                /* ops: how many of the operations that have ended. */
    struct vif_filter filter; /* get, list, stats: the VIFs that are asked for. */
    int since_ms;             /* subscribe: also the events of so long; 0: none. */
};

/* Parses a line. Returns false with *error filled; request->id is valid for the reply even then. In
 * either case request_destroy() frees what the request owns. */
bool request_parse(const char *line, size_t length, struct request *request, struct error *error);
void request_destroy(struct request *request);

/* Returns "plug" and so on; NULL if `method` is out of range. */
const char *method_name(enum method method);

/* Whether the request changes nothing, so that read-only peers may send it: the method reads, or it
 * is a dry run. */
bool request_is_read_only(const struct request *request);

#endif
