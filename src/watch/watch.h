/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to VIFs while nobody asks: others change their rows, ports fall into error, the
 * switch goes and comes. Tells it as events, and repairs where the configuration says so.
 *
 * A VIF that changed in OVSDB is looked at WATCH_DELAY_MS later (one look for many changes, and
 * what is in error only for a moment is passed over), and not while an operation on it is under
 * way: when that ends, what there is then is what is expected from there on. */

#ifndef VP_WATCH_H
#define VP_WATCH_H 1

#include <stdbool.h>
#include <stddef.h>

#include "engine/engine.h"
#include "watch/expectation.h"

#define WATCH_DELAY_MS 250

/* How often a VIF's drift or error is repaired before that is given up, until the next plug. */
#define WATCH_REPAIRS_MAX 3

enum watch_event_type {
    WATCH_PLUGGED,
    WATCH_UNPLUGGED,
    WATCH_CHANGED,     /* Also: is as it should be again. */
    WATCH_DRIFTED,     /* Somebody else changed or removed it. */
    WATCH_FAILED,      /* Its port is in error now. */
    WATCH_SWITCH_UP,   /* `what` is there. */
    WATCH_SWITCH_DOWN, /* `what` has gone. */
    WATCH_N_EVENTS
};

/* All borrowed, for the call alone. */
struct watch_event {
    enum watch_event_type type;
    const char *vif_id; /* Not of a switch. */
    const struct record
        *record; /* The VIF as it is or, once its row has gone, was. NULL: UNPLUGGED. */
    const struct drift *drift; /* What others have changed. */
    size_t n_drift;
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

/* To be called after ovs_run() and vswitchd_run(). */
void watch_run(struct watch *watch);
void watch_wait(const struct watch *watch);

/* What others have changed in `record`, a VIF's. Returns how many items. */
size_t watch_drift(const struct watch *watch, const struct record *record,
                   struct drift drift[DRIFT_MAX]);

#endif
