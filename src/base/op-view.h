/* SPDX-License-Identifier: Apache-2.0 */
/* An operation as `ops` shows it. */

#ifndef VP_OP_VIEW_H
#define VP_OP_VIEW_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/client.h"

/* All strings are borrowed; "" or NULL leaves the member out. */
struct op_view {
    uint64_t id;
    const char *type;   /* "plug" */
    const char *result; /* "under_way", "done", "failed" and so on. */
    bool dry_run;
    const char *vif_id;
    const char *instance;
    const char *port;
    const char *bridge;
    const char *vf;
    const char *address;
    const char *waits_for; /* While it is under way. */
    const char *reason;    /* Of an error. */
    const char *message;
    const char *detail;
    int64_t began_ms;            /* When it was asked for, ms since the epoch. */
    int64_t duration_us;         /* Since then. */
    const struct client *client; /* NULL: the daemon itself. */
};

#endif
