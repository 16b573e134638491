/* SPDX-License-Identifier: Apache-2.0 */
/* From one line of bytes to one request: JSON-RPC 2.0 with the methods of docs/api.md. */

#ifndef VP_REQUEST_H
#define VP_REQUEST_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"

enum method {
    METHOD_PLUG,
    METHOD_UNPLUG,
    METHOD_UPDATE,
    METHOD_GET,
    METHOD_LIST,
    METHOD_NICS,
    METHOD_REAP,
    METHOD_SUBSCRIBE,
    METHOD_STATUS,
    METHOD_DESCRIBE,
    METHOD_N
};

/* Whether an operation is done once vswitchd has realised it or once OVSDB has it. */
enum wait { WAIT_REALIZED = 0, WAIT_COMMITTED };

#define REQUEST_ID_MAX 128         /* Longest JSON text of an id, in bytes. */
#define REQUEST_TIMEOUT_MAX 600000 /* Longest timeout_ms. */

struct request {
    char id[REQUEST_ID_MAX + 1]; /* The id as JSON text, to be sent back as it is; "null" until it
                                  * is known. */
    enum method method;
    char vif_id[VIF_ID_MAX + 1]; /* plug, unplug, update, get. */
    struct vif vif; /* plug; unplug: of kind NONE if no whole VIF was given; update: its
                     * mtu (0: as it is), has_qos and qos. */
    char instance[VIF_ID_MAX + 1];   /* plug, unplug (or ""). */
    enum wait wait;                  /* Operations: plug, unplug, update, reap. */
    int timeout_ms;                  /* The same: 1..REQUEST_TIMEOUT_MAX, 0: the default. */
    bool dry_run;                    /* plug, unplug, update. */
    char (*vif_ids)[VIF_ID_MAX + 1]; /* reap: those to remove; NULL: all that are stale. Owned by
                                      * whoever called request_parse(). */
    size_t n_vif_ids;
};

/* Parses a line. On failure *error is filled and request->id is still good for the answer. In
 * either case request_destroy() frees what the request owns. */
bool request_parse(const char *line, size_t length, struct request *request, struct error *error);
void request_destroy(struct request *request);

/* "plug"; NULL if out of range. */
const char *method_name(enum method method);

/* Whether the method changes nothing, so that read-only peers may call it. */
bool request_is_read_only(const struct request *request);

#endif
