/* What happens to VIFs while nobody asks: others change their rows, ports fall into error, the
 * switch goes and comes. Tells subscribers, and repairs where the configuration says so.
 *
 * A VIF that changed in OVSDB is looked at WATCH_DELAY_MS later (one look for many changes, and
 * what is in error only for a moment is passed over), and not while an operation on it is under
 * way: when that ends, what there is then is what is expected from there on. */

#ifndef VP_WATCH_H
#define VP_WATCH_H 1

#include <stdbool.h>
#include <stddef.h>

#include "daemon/engine.h"
#include "watch/expectation.h"

#define WATCH_DELAY_MS 250

/* How often a VIF's drift or error is repaired before that is given up, until the next plug. */
#define WATCH_REPAIRS_MAX 3

struct watch;

/* `notify` gets each notification as a line (malloc'ed, passed on); `wanted` tells whether anybody
 * would read one. All borrowed. */
struct watch_env {
    const struct engine_env *env;
    struct engine *engine;
    void (*notify)(void *aux, char *line);
    bool (*wanted)(void *aux);
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
