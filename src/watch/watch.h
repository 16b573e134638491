/* SPDX-License-Identifier: Apache-2.0 */
/* Watches VIFs between operations: other programs change their rows, ports get errors, the switch
 * stops and starts. Reports this as events, and repairs if the configuration says so.
 *
 * The watch checks a VIF WATCH_DELAY_MS after a change in OVSDB (one check for many changes, and
 * short errors are ignored), but not while an operation on the VIF is under way: the state when the
 * operation ends becomes the expected state, unless that was undone.
 *
 * If many VIFs are to be checked, the watch checks some in each pass of the loop, in turn.
 *
 * A VIF whose rows another program removed, or that is not in the database which OVSDB has after a
 * loss, stays known as missing until it is plugged, restored or unplugged. */

#ifndef VP_WATCH_H
#define VP_WATCH_H 1

#include <stdbool.h>
#include <stddef.h>

#include "engine/engine.h"
#include "watch/expectation.h"

#define WATCH_DELAY_MS 250

/* How often to repair a VIF's drift or error before the watch stops trying, until the next plug. */
#define WATCH_REPAIRS_MAX 3

/* The number of missing VIFs that the watch knows at most; it forgets the first one then. */
#define WATCH_MISSING_MAX 8192

enum watch_event_type {
    WATCH_PLUGGED,
    WATCH_UNPLUGGED,
    WATCH_CHANGED,     /* Also: drift or error has ended. */
    WATCH_DRIFTED,     /* Another program changed or removed it. */
    WATCH_FAILED,      /* Its port has an error. */
    WATCH_SWITCH_UP,   /* `what` is available. */
    WATCH_SWITCH_DOWN, /* `what` is away. */
    WATCH_N_EVENTS
};

/* All members are borrowed, and valid only during the call. */
struct watch_event {
    enum watch_event_type type;
    const char *vif_id; /* Not of a switch. */
    const struct record
        *record; /* The present VIF or, if its row was removed, the last one. NULL: UNPLUGGED. */
    const struct drift *drift; /* What other programs have changed. */
    size_t n_drift;
    bool missing;     /* DRIFTED: the VIF has no row. */
    const char *what; /* Of a switch: "ovsdb" or "vswitchd". */
};

struct watch;

/* `tell` gets each event. All borrowed. */
struct watch_env {
    const struct engine_env *env;
    struct engine *engine;
    void (*tell)(void *aux, const struct watch_event *event);
    void *aux;
};

struct watch *watch_create(const struct watch_env *env);
void watch_destroy(struct watch *watch);

/* An operation on the VIF has ended; see enum engine_event. */
void watch_ended(struct watch *watch, const char *vif_id, enum engine_event event);

/* Call it after ovs_run() and vswitchd_run(). */
void watch_run(struct watch *watch);
void watch_wait(const struct watch *watch);

/* What other programs have changed in a VIF's `record`, or, of a missing VIF, have removed. Returns
 * the number of items. */
size_t watch_drift(const struct watch *watch, const struct record *record,
                   struct drift drift[DRIFT_MAX]);

/* Whether the VIF is missing; then fills `record` (uninitialised) with what was expected of it. */
bool watch_find_missing(const struct watch *watch, const char *vif_id, struct record *record);

/* Whether the VIF is missing; then fills in its instance, or "". */
bool watch_missing_instance(const struct watch *watch, const char *vif_id,
                            char instance[VIF_ID_MAX + 1]);

size_t watch_n_missing(const struct watch *watch);

/* The number of VIFs whose port is in error. Looks at all VIFs. */
size_t watch_n_failed(const struct watch *watch);

/* The ids of the missing VIFs: malloc'ed strings in a malloc'ed array, `*n` of them. */
char **watch_missing_ids(const struct watch *watch, size_t *n);

#endif
