/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of VIFs: compares rows and links with what is expected, reports and repairs. */

#include "watch/watch-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ovs/vswitchd.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(check);

/* The pause before the second and the third repair, ms, and how long a VIF must be without repairs
 * before the count starts again. */
#define REPAIR_PAUSE_MS 2000
#define REPAIR_FORGET_MS 60000

/* The pause after a loss of OVSDB, ms: vswitchd may connect up to 8 s later than the daemon (its
 * longest back-off), and until then it keeps the sockets of the ports that are missing. */
#define RESTORE_PAUSE_MS 5000

/* When to try again if too many operations wait, ms. */
#define REPAIR_NO_ROOM_MS 250

static void describe(const struct drift *drift, size_t n, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < n && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s was '%s' and is '%s'",
                                 i ? ", " : "", drift[i].field, drift[i].expected, drift[i].found);
    }
}

/* Whether the watch stops repairs. Logs that once. */
static bool has_given_up(struct watched *watched)
{
    if (watched->n_repairs && time_msec() > watched->repair_at + REPAIR_FORGET_MS) {
        watched->n_repairs = 0;
    }
    if (watched->n_repairs < WATCH_REPAIRS_MAX) {
        return false;
    }
    if (watched->n_repairs == WATCH_REPAIRS_MAX) {
        watched->n_repairs++;
        SLOG_WARN("VIF %s: repaired %d times in vain; left as it is until it is plugged again",
                  watched->vif_id, WATCH_REPAIRS_MAX);
    }
    return true;
}

static void repair_later(struct watch *watch, const struct watched *watched)
{
    check_queue_add(&watch->checks, watched->vif_id, watched->repair_at);
}

/* Whether what differs now was lost with a database. */
static bool is_lost(const struct watched *watched)
{
    return watched->loss == LOSS_ALL ||
           (watched->loss == LOSS_ROW && watched->state == WATCHED_MISSING);
}

/* Starts or schedules a repair. Leaves room in the engine's queue for requests: after the loss of a
 * database each VIF needs a repair. */
static void repair(struct watch *watch, struct watched *watched, const struct record *goal,
                   enum repair_scope scope)
{
    const struct engine_env *env = watch->env.env;
    int pause = is_lost(watched) ? RESTORE_PAUSE_MS : REPAIR_PAUSE_MS;

    if (has_given_up(watched)) {
        return;
    }
    if (time_msec() >= watched->repair_at) {
        watched->repairing =
            engine_room(watch->env.engine, NULL) > (size_t)env->settings->max_queued / 2 &&
            engine_repair(watch->env.engine, watched->vif_id, &goal->spec, scope);
        watched->n_repairs += watched->repairing;
        watched->repair_at = time_msec() + (watched->repairing ? pause : REPAIR_NO_ROOM_MS);
        if (watched->repairing) {
            return;
        }
    }
    repair_later(watch, watched);
}

/* Whether a VIF is of an earlier boot: its guest does not run any more, so nothing restores it. */
static bool is_stale(const struct watch *watch, const struct record *record)
{
    return strcmp(record->boot_id, watch->env.env->boot_id) != 0;
}

/* Restores what other programs have changed, or what the database that came back lacks, as far as
 * the settings ask for it. */
static void restore(struct watch *watch, struct watched *watched)
{
    const struct engine_settings *settings = watch->env.env->settings;
    bool after_loss = settings->restore && is_lost(watched);
    enum repair_scope scope =
        after_loss && settings->create_bridges ? REPAIR_WITH_BRIDGE : REPAIR_PORT;
    bool makes_bridge = settings->create_bridges &&
                        (scope == REPAIR_WITH_BRIDGE || watched->state != WATCHED_MISSING);
    struct bridge_facts bridge;
    struct record goal;

    if (!after_loss && !settings->repair) {
        return;
    }
    expectation_expand(watched->expectation, &goal);
    ovs_bridge(watch->env.env->ovs, goal.spec.bridge, &bridge);
    /* Else the port waits for its bridge: a change of the bridges brings the next check. */
    if (!is_stale(watch, &goal) && (bridge.exists || makes_bridge)) {
        repair(watch, watched, &goal, scope);
    }
    record_destroy(&goal);
}

/* Keeps the number of missing VIFs bounded: somebody who removes ports of others for ever must not
 * fill the memory. */
static void forget_first_missing(struct watch *watch)
{
    static struct vlog_rate_limit limit = VLOG_RATE_LIMIT_INIT(1, 5);
    struct watched *first =
        CONTAINER_OF(ovs_list_front(&watch->missing), struct watched, missing_node);

    SLOG_WARN_RL(&limit, "VIF %s: forgotten, because %d other VIFs are missing too", first->vif_id,
                 WATCH_MISSING_MAX);
    watch_forget(watch, first);
}

static void report_missing(struct watch *watch, const struct watched *watched,
                           const struct record *record)
{
    struct drift drift[DRIFT_MAX];
    const struct watch_event event = {
        .type = WATCH_DRIFTED,
        .vif_id = watched->vif_id,
        .record = record,
        .drift = drift,
        .n_drift = expectation_compare(watched->expectation, NULL, drift),
        .missing = true,
    };

    SLOG_WARN("VIF %s: port %s %s", watched->vif_id, record->spec.port,
              watched->loss != LOSS_NONE ? "is not in the database that came back"
                                         : "was removed by another program");
    watch->env.tell(watch->env.aux, &event);
}

/* The VIF has no row any more. */
static void vanished(struct watch *watch, struct watched *watched)
{
    struct record record;
    bool stale;

    expectation_expand(watched->expectation, &record);
    stale = is_stale(watch, &record);
    if (watched->state != WATCHED_MISSING) {
        report_missing(watch, watched, &record);
    }
    record_destroy(&record);
    if (stale) {
        watch_forget(watch, watched);
        return;
    }
    if (watched->state != WATCHED_MISSING && watch->n_missing >= WATCH_MISSING_MAX) {
        forget_first_missing(watch);
    }
    watched_set_state(watch, watched, WATCHED_MISSING);
    watched->failed = false;
    restore(watch, watched);
}

/* Reports the error of a port that had none before. */
static void report_error(struct watch *watch, struct watched *watched, const struct record *record)
{
    const char *text = record->error ? record->error : "ofport is -1";
    struct drift drift = {.field = "error"};

    if (watched->failed) {
        return;
    }
    watched->failed = true;
    SLOG_WARN("VIF %s: port %s has failed: %s", watched->vif_id, record->spec.port, text);
    snprintf(drift.found, sizeof drift.found, "%s", text);
    watch_report(watch, WATCH_FAILED, record, &drift, 1);
}

/* Checks the links that vifplugd made for the VIF in this boot, and its separate bridge. Returns
 * the number of items. */
static size_t find_missing(const struct watch *watch, const struct watched *watched,
                           struct drift *drift)
{
    const struct engine_env *env = watch->env.env;
    struct link_state links;
    struct record expected;
    struct link_lack lack;
    bool found = false;

    memset(drift, 0, sizeof *drift);
    expectation_expand(watched->expectation, &expected);
    if (expected.spec.links.create && !is_stale(watch, &expected) && env->links &&
        !vswitchd_is_elsewhere(env->vswitchd)) {
        link_state_look(env->links, &expected.spec.links, &links);
        found = link_state_lacks(watched->vif_id, &expected.spec.links, &links, &lack);
    }
    if (found) {
        snprintf(drift->field, sizeof drift->field, "%s", lack.what);
        snprintf(drift->expected, sizeof drift->expected, "%s", lack.expected);
        snprintf(drift->found, sizeof drift->found, "%s", lack.found);
    } else if (!ovs_port_bridge_is_whole(env->ovs, &expected.spec)) {
        found = true;
        snprintf(drift->field, sizeof drift->field, "port-bridge");
        snprintf(drift->expected, sizeof drift->expected, "%s", expected.spec.port_bridge);
    }
    record_destroy(&expected);
    return found;
}

static void report_drift(struct watch *watch, struct watched *watched, const struct record *record,
                         const struct drift *drift, size_t n)
{
    char text[512];

    if (watched->state != WATCHED_DRIFTED) {
        describe(drift, n, text, sizeof text);
        SLOG_WARN("VIF %s: another program changed its port: %s", watched->vif_id, text);
        watched_set_state(watch, watched, WATCHED_DRIFTED);
        watch_report(watch, WATCH_DRIFTED, record, drift, n);
    }
}

size_t watch_differences(const struct watch *watch, const struct watched *watched,
                         const struct record *record, struct drift drift[DRIFT_MAX])
{
    struct drift found[DRIFT_MAX + 1];
    size_t n = expectation_compare(watched->expectation, record, found);

    if (record) {
        n += find_missing(watch, watched, &found[n]);
    }
    n = MIN(n, DRIFT_MAX);
    memcpy(drift, found, n * sizeof *drift);
    return n;
}

/* Nothing differs, and the port works as far as is known. */
static void is_in_step(struct watch *watch, struct watched *watched, const struct record *record)
{
    watched->loss = LOSS_NONE;
    if (watched->state == WATCHED_IN_STEP && !(watched->failed && !record_failed(record))) {
        return;
    }
    SLOG_INFO("VIF %s: port %s is as it should be again", watched->vif_id, record->spec.port);
    watched_set_state(watch, watched, WATCHED_IN_STEP);
    watched->failed = false;
    watch_report(watch, WATCH_CHANGED, record, NULL, 0);
}

static void check_record(struct watch *watch, struct watched *watched, const struct record *record)
{
    /* An error that a vswitchd has left says nothing of the next one. */
    bool failed = record_failed(record) && vswitchd_works(watch->env.env->vswitchd);
    struct drift drift[DRIFT_MAX];
    size_t n = watch_differences(watch, watched, record, drift);

    if (watched->owes_plugged && watch_switch_has(watch, record)) {
        SLOG_INFO("VIF %s: ovs-vswitchd has made port %s", watched->vif_id, record->spec.port);
        watched->owes_plugged = false;
        watch_report(watch, WATCH_PLUGGED, record, drift, n);
    }
    if (n > 0) {
        report_drift(watch, watched, record, drift, n);
    }
    watched->unrecovered &= failed;
    if (n == 0 && failed && !watched->unrecovered &&
        engine_follow_hand_over(watch->env.engine, record)) {
        return; /* It is not a final error: the device has only moved to this port. */
    }
    if (failed) {
        report_error(watch, watched, record);
    }
    if (n > 0) {
        restore(watch, watched);
    } else if (failed) {
        watched->loss = LOSS_NONE; /* What is lost is back; an error is another matter. */
        restore(watch, watched);
    } else {
        is_in_step(watch, watched, record);
    }
}

void watch_check(struct watch *watch, const char *vif_id)
{
    struct watched *watched = watch_find(watch, vif_id);
    struct record record;

    if (engine_concerns(watch->env.engine, vif_id)) {
        if (watched) {
            watched->check_later = true; /* Checked after the operation, if that writes nothing. */
        }
        return;
    }
    if (!ovs_find_vif(watch->env.env->ovs, vif_id, &record)) {
        if (watched) {
            vanished(watch, watched);
        }
        return;
    }
    if (watched) {
        check_record(watch, watched, &record);
    } else {
        watch_learn(watch, &record);
    }
    record_destroy(&record);
}
