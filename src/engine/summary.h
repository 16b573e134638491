/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries: what an operation is, who asked for it, and how it ended, for the log and for `ops`.
 */

#ifndef VP_SUMMARY_H
#define VP_SUMMARY_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/client.h"
#include "base/error.h"
#include "base/names.h"
#include "base/pci-addr.h"
#include "base/vif.h"

enum op_end {
    OP_END_NONE,       /* It is under way. */
    OP_END_DONE,       /* It has changed something. */
    OP_END_UNCHANGED,  /* There was nothing to do. */
    OP_END_DRY_RUN,    /* It has said what it would do. */
    OP_END_FAILED,     /* It was refused, or failed and was undone. */
    OP_END_SUPERSEDED, /* An acknowledged plug whose port nobody follows up any more, since another
                        * operation on the VIF has begun. */
    OP_END_UNFINISHED, /* The daemon stopped before its end. */
    OP_END_N
};

struct op_summary {
    uint64_t id;
    const char *type; /* "plug": a string literal. */
    enum op_end end;
    bool dry_run;
    bool internal; /* The daemon itself started it; then `client` is empty. */
    struct client client;
    char vif_id[VIF_ID_MAX + 1];
    char instance[VIF_ID_MAX + 1]; /* These are "" if they are not known (yet). */
    char port[PORT_NAME_MAX + 1];
    char bridge[PORT_NAME_MAX + 1];
    char address[VIF_MAC_LEN];
    char vf[PCI_ADDR_LEN];
    int64_t began_ms;          /* When it arrived, ms since the epoch. */
    int64_t duration_us;       /* Since then. */
    const struct error *error; /* FAILED, UNFINISHED: why; else NULL. Borrowed. */
    const char *waits_for;     /* NONE: for what, for a person. Borrowed. */
};

/* "done", "failed", "under_way" and so on. */
const char *op_end_name(enum op_end end);

#endif
