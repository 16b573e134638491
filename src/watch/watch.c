/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/watch.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "hash.h"
#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "sset.h"
#include "plan/kind.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(watch);

/* The watch checks whether ports are still on their bridges once Bridge.ports has not changed for
 * this long, or after BRIDGES_LATEST_MS: moving a port changes none of its own rows. */
#define BRIDGES_DELAY_MS 1000
#define BRIDGES_LATEST_MS 10000

/* The pause before the second and the third repair, ms, and how long a VIF must be without repairs
 * before the count starts again. */
#define REPAIR_PAUSE_MS 2000
#define REPAIR_FORGET_MS 60000

struct watched {
    struct hmap_node node;
    char vif_id[VIF_ID_MAX + 1];
    struct expectation *expectation;
    bool failed;       /* The last reported value. */
    bool drifted;      /* The last reported value. */
    bool check_later;  /* It changed during an operation. */
    bool repairing;    /* An operation is under way. */
    uint8_t n_repairs; /* Since the last requested operation, or a long time without repairs. */
    long long int repair_at; /* The earliest time of the next. */
};

struct watch {
    struct watch_env env;
    struct hmap watched;
    struct sset pending; /* VIFs to check... */
    long long int due;   /* ...at this time, ms. */
    long long int bridges_due;
    long long int bridges_latest;
    bool learned; /* The state at the start has been read. */
    bool ovsdb_up;
    bool vswitchd_up;
    bool switch_known; /* ovsdb_up and vswitchd_up have been reported, or need not be. */
};

struct watch *watch_create(const struct watch_env *env)
{
    struct watch *watch = xzalloc(sizeof *watch);

    watch->env = *env;
    hmap_init(&watch->watched);
    sset_init(&watch->pending);
    watch->due = watch->bridges_due = watch->bridges_latest = LLONG_MAX;
    return watch;
}

static struct watched *find(const struct watch *watch, const char *vif_id)
{
    struct watched *watched;

    HMAP_FOR_EACH_WITH_HASH (watched, node, hash_string(vif_id, 0), &watch->watched) {
        if (!strcmp(watched->vif_id, vif_id)) {
            return watched;
        }
    }
    return NULL;
}

static void forget(struct watch *watch, struct watched *watched)
{
    hmap_remove(&watch->watched, &watched->node);
    free(watched->expectation);
    free(watched);
}

void watch_destroy(struct watch *watch)
{
    struct watched *watched;

    HMAP_FOR_EACH_SAFE (watched, node, &watch->watched) {
        forget(watch, watched);
    }
    hmap_destroy(&watch->watched);
    sset_destroy(&watch->pending);
    free(watch);
}

/* Makes the present state the expected state. */
static void learn(struct watch *watch, const struct record *record)
{
    const char *vif_id = record->spec.vif_id;
    struct watched *watched = find(watch, vif_id);
    struct record seen = *record; /* This also borrows from the row. */
    struct link_state links;

    if (seen.spec.links.kind != LINKS_NONE) {
        link_plan_look(watch->env.env->links, &seen.spec.links, &links);
        seen.spec.links.mtu = links.has_netdev ? links.netdev.mtu : 0;
        seen.spec.links.create = seen.spec.links.kind == LINKS_HYBRID ||
                                 (links.has_netdev && link_is_alias_of(links.netdev.alias, vif_id));
    }

    if (!strcmp(seen.spec.type, TYPE_DETACHED) && vif_kind_class(seen.spec.kind)->type) {
        /* A recovery is about to give it back its type. */
        snprintf(seen.spec.type, sizeof seen.spec.type, "%s",
                 vif_kind_class(seen.spec.kind)->type(&seen.spec));
    }
    if (!watched) {
        watched = xzalloc(sizeof *watched);
        memcpy(watched->vif_id, vif_id, strlen(vif_id) + 1);
        hmap_insert(&watch->watched, &watched->node, hash_string(vif_id, 0));
    }
    free(watched->expectation);
    watched->expectation = expectation_of(&seen);
    watched->failed = record_failed(record);
    watched->drifted = watched->check_later = watched->repairing = false;
    watched->n_repairs = 0;
    watched->repair_at = 0;
}

static void learn_cb(const struct record *record, void *watch)
{
    learn(watch, record);
}

static void check_soon(struct watch *watch, const char *vif_id)
{
    sset_add(&watch->pending, vif_id);
    watch->due = MIN(watch->due, time_msec() + WATCH_DELAY_MS);
}

static void note_changes(struct watch *watch)
{
    struct ovs *ovs = watch->env.env->ovs;
    long long int now = time_msec();
    const char *vif_id;

    SSET_FOR_EACH (vif_id, ovs_changed_vifs(ovs)) {
        sset_add(&watch->pending, vif_id);
        watch->due = MIN(watch->due, now + WATCH_DELAY_MS);
    }
    if (ovs_bridges_changed(ovs)) {
        watch->bridges_due = now + BRIDGES_DELAY_MS;
        watch->bridges_latest = MIN(watch->bridges_latest, now + BRIDGES_LATEST_MS);
    }
    ovs_changes_clear(ovs);
}

/* --- Reports. --- */

static void report(struct watch *watch, enum watch_event_type type, const struct record *record,
                   const struct drift *drift, size_t n)
{
    const struct watch_event event = {.type = type,
                                      .vif_id = record->spec.vif_id,
                                      .record = record,
                                      .drift = drift,
                                      .n_drift = n};

    watch->env.tell(watch->env.aux, &event);
}

static void report_unplugged(struct watch *watch, const char *vif_id)
{
    const struct watch_event event = {.type = WATCH_UNPLUGGED, .vif_id = vif_id};

    watch->env.tell(watch->env.aux, &event);
}

static void report_switch(struct watch *watch, bool *was, bool is, const char *what)
{
    const struct watch_event event = {.type = is ? WATCH_SWITCH_UP : WATCH_SWITCH_DOWN,
                                      .what = what};

    if (*was == is && watch->switch_known) {
        return;
    }
    if (watch->switch_known) {
        watch->env.tell(watch->env.aux, &event);
    }
    *was = is;
}

void watch_ended(struct watch *watch, const char *vif_id, enum engine_event event)
{
    struct watched *watched = find(watch, vif_id);
    struct record record;

    note_changes(watch); /* So that the changes of the operation can be dropped below. */
    if (event == EVENT_REPAIRED || event == EVENT_NOTHING) {
        if (watched && (watched->repairing || watched->check_later)) {
            watched->repairing = watched->check_later = false;
            check_soon(watch, vif_id);
        }
        return;
    }
    if (ovs_find_vif(watch->env.env->ovs, vif_id, &record)) {
        learn(watch, &record);
        if (event == EVENT_PLUGGED || event == EVENT_CHANGED) {
            report(watch, event == EVENT_PLUGGED ? WATCH_PLUGGED : WATCH_CHANGED, &record, NULL, 0);
        }
        record_destroy(&record);
    } else {
        if (watched) {
            forget(watch, watched);
        }
        if (event == EVENT_UNPLUGGED) {
            report_unplugged(watch, vif_id);
        }
    }
    sset_find_and_delete(&watch->pending, vif_id);
}

/* --- Checks. --- */

static void describe(const struct drift *drift, size_t n, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < n && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s was '%s' and is '%s'",
                                 i ? ", " : "", drift[i].field, drift[i].expected, drift[i].found);
    }
}

/* Whether the watch stops repairs. */
static bool has_given_up(struct watched *watched)
{
    if (watched->n_repairs && time_msec() > watched->repair_at + REPAIR_FORGET_MS) {
        watched->n_repairs = 0;
    }
    if (watched->n_repairs < WATCH_REPAIRS_MAX) {
        return false;
    }
    VLOG_WARN("VIF %s: repaired %d times in vain; left as it is until it is plugged again",
              watched->vif_id, WATCH_REPAIRS_MAX);
    return true;
}

/* Returns whether a repair has started or will start. Does not repair stale VIFs: their servers do
 * not exist any more. */
static bool repair(struct watch *watch, struct watched *watched)
{
    const struct engine_env *env = watch->env.env;
    struct record goal;
    bool stale;

    if (!env->settings->repair || has_given_up(watched)) {
        return false;
    }
    if (time_msec() < watched->repair_at) {
        sset_add(&watch->pending, watched->vif_id);
        watch->due = MIN(watch->due, watched->repair_at);
        return true;
    }
    expectation_expand(watched->expectation, &goal);
    stale = strcmp(goal.boot_id, env->boot_id) != 0;
    if (!stale) {
        watched->repair_at = time_msec() + REPAIR_PAUSE_MS;
        watched->repairing = engine_repair(watch->env.engine, watched->vif_id, &goal.spec);
        watched->n_repairs += watched->repairing;
        if (!watched->repairing) { /* Too many operations are waiting. */
            sset_add(&watch->pending, watched->vif_id);
            watch->due = MIN(watch->due, watched->repair_at);
        }
    }
    record_destroy(&goal);
    return !stale;
}

/* Another program removed the VIF's row. */
static void vanished(struct watch *watch, struct watched *watched)
{
    struct drift drift[DRIFT_MAX];
    struct record record;
    size_t n;

    if (!watched->drifted) {
        expectation_expand(watched->expectation, &record);
        n = expectation_compare(watched->expectation, NULL, drift);
        VLOG_WARN("VIF %s: port %s was removed by another program", watched->vif_id,
                  record.spec.port);
        watched->drifted = true;
        report(watch, WATCH_DRIFTED, &record, drift, n);
        record_destroy(&record);
    }
    if (!repair(watch, watched)) {
        forget(watch, watched);
    }
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
    VLOG_WARN("VIF %s: port %s has failed: %s", watched->vif_id, record->spec.port, text);
    snprintf(drift.found, sizeof drift.found, "%s", text);
    report(watch, WATCH_FAILED, record, &drift, 1);
}

/* Checks for missing links of the VIF, and for its separate bridge. Returns the number of items. */
static size_t find_missing(const struct watch *watch, const struct watched *watched,
                           struct drift *drift)
{
    const struct engine_env *env = watch->env.env;
    struct link_state links;
    struct record expected;
    const char *missing = NULL;
    const char *field = "link";

    expectation_expand(watched->expectation, &expected);
    if (expected.spec.links.create && env->links) {
        link_plan_look(env->links, &expected.spec.links, &links);
        missing = !links.has_netdev ? expected.spec.links.netdev
                  : expected.spec.links.kind == LINKS_HYBRID && !links.has_linux_bridge
                      ? expected.spec.links.linux_bridge
                      : NULL;
    }
    if (!missing && !ovs_port_bridge_is_whole(env->ovs, &expected.spec)) {
        field = "port-bridge";
        missing = expected.spec.port_bridge;
    }
    if (missing) {
        memset(drift, 0, sizeof *drift);
        snprintf(drift->field, sizeof drift->field, "%s", field);
        snprintf(drift->expected, sizeof drift->expected, "%s", missing);
    }
    record_destroy(&expected);
    return missing != NULL;
}

static void report_drift(struct watch *watch, struct watched *watched, const struct record *record,
                         const struct drift *drift, size_t n)
{
    char text[512];

    if (!watched->drifted) {
        describe(drift, n, text, sizeof text);
        VLOG_WARN("VIF %s: another program changed its port: %s", watched->vif_id, text);
        watched->drifted = true;
        report(watch, WATCH_DRIFTED, record, drift, n);
    }
}

static void check_record(struct watch *watch, struct watched *watched, const struct record *record)
{
    bool failed =
        record_failed(record) && vswitchd_state(watch->env.env->vswitchd) == VSWITCHD_ALIVE;
    struct drift drift[DRIFT_MAX + 1];
    size_t n = expectation_compare(watched->expectation, record, drift);

    n += find_missing(watch, watched, &drift[n]);
    n = MIN(n, DRIFT_MAX);
    if (n > 0) {
        report_drift(watch, watched, record, drift, n);
    }
    if (n == 0 && failed && engine_follow_hand_over(watch->env.engine, record)) {
        return; /* It is not a final error: the device has only moved to this port. */
    }
    if (failed) {
        report_error(watch, watched, record);
    }
    if (n > 0 || failed) {
        repair(watch, watched);
    } else if (watched->drifted || (watched->failed && !record_failed(record))) {
        VLOG_INFO("VIF %s: port %s is as it should be again", watched->vif_id, record->spec.port);
        watched->drifted = watched->failed = false;
        report(watch, WATCH_CHANGED, record, NULL, 0);
    }
}

static void check(struct watch *watch, const char *vif_id)
{
    struct watched *watched = find(watch, vif_id);
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
        learn(watch, &record);
    }
    record_destroy(&record);
}

static void check_pending(struct watch *watch)
{
    struct sset vif_ids;
    const char *vif_id;

    sset_clone(&vif_ids, &watch->pending);
    sset_clear(&watch->pending);
    watch->due = LLONG_MAX;
    SSET_FOR_EACH (vif_id, &vif_ids) {
        check(watch, vif_id);
    }
    sset_destroy(&vif_ids);
}

static void check_bridges(struct watch *watch)
{
    const struct watched *watched;

    watch->bridges_due = watch->bridges_latest = LLONG_MAX;
    HMAP_FOR_EACH (watched, node, &watch->watched) {
        if (!ovs_vif_is_on(watch->env.env->ovs, watched->vif_id,
                           expectation_bridge(watched->expectation))) {
            sset_add(&watch->pending, watched->vif_id);
            watch->due = MIN(watch->due, time_msec());
        }
    }
}

/* A vswitchd that starts may have written a port's result before the daemon saw it alive. */
static void check_all(struct watch *watch)
{
    const struct watched *watched;

    HMAP_FOR_EACH (watched, node, &watch->watched) {
        sset_add(&watch->pending, watched->vif_id);
    }
    watch->due = MIN(watch->due, time_msec() + WATCH_DELAY_MS);
}

/* If a link of a VIF was removed, schedules a check of the VIF. If notifications were lost,
 * schedules a check of all VIFs. */
static void link_changed(const char *name, bool exists, const struct link_facts *facts,
                         void *watch_)
{
    const char *vif_id = name ? link_vif_of(facts->alias) : NULL;
    struct watch *watch = watch_;

    if (!name) {
        check_all(watch);
    } else if (!exists && vif_id && find(watch, vif_id)) {
        check_soon(watch, vif_id);
    }
}

static void follow_switch(struct watch *watch)
{
    const struct engine_env *env = watch->env.env;
    bool alive = vswitchd_state(env->vswitchd) == VSWITCHD_ALIVE;

    if (alive && !watch->vswitchd_up) {
        check_all(watch);
    }
    report_switch(watch, &watch->ovsdb_up, ovs_synced(env->ovs), "ovsdb");
    report_switch(watch, &watch->vswitchd_up, alive, "vswitchd");
    watch->switch_known |= ovs_synced(env->ovs);
}

void watch_run(struct watch *watch)
{
    const struct engine_env *env = watch->env.env;
    bool synced = ovs_synced(env->ovs);

    follow_switch(watch);
    if (!synced) {
        return;
    }
    if (!watch->learned) {
        watch->learned = true;
        ovs_for_each_vif(env->ovs, NULL, learn_cb, watch);
        ovs_changes_clear(env->ovs);
    }
    note_changes(watch);
    if (env->links) {
        links_run(env->links, link_changed, watch);
    }
    if (time_msec() >= MIN(watch->bridges_due, watch->bridges_latest)) {
        check_bridges(watch);
    }
    if (time_msec() >= watch->due) {
        check_pending(watch);
    }
}

void watch_wait(const struct watch *watch)
{
    if (ovs_synced(watch->env.env->ovs)) {
        poll_timer_wait_until(MIN(watch->due, MIN(watch->bridges_due, watch->bridges_latest)));
        if (watch->env.env->links) {
            poll_fd_wait(links_fd(watch->env.env->links), POLLIN);
        }
    }
}

size_t watch_drift(const struct watch *watch, const struct record *record,
                   struct drift drift[DRIFT_MAX])
{
    const struct watched *watched = find(watch, record->spec.vif_id);
    struct drift found[DRIFT_MAX + 1];
    size_t n;

    if (!watched || !watched->drifted) {
        return 0;
    }
    n = expectation_compare(watched->expectation, record, found);
    n += find_missing(watch, watched, &found[n]);
    n = MIN(n, DRIFT_MAX);
    memcpy(drift, found, n * sizeof *drift);
    return n;
}
