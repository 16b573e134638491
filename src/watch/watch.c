/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/watch-private.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

/* The watch checks whether ports are still on their bridges once Bridge.ports has not changed for
 * this long, or after BRIDGES_LATEST_MS: moving a port changes none of its own rows. */
#define BRIDGES_DELAY_MS 1000
#define BRIDGES_LATEST_MS 10000

/* How long a pass checks VIFs, us: each may need several questions to the kernel, and after a
 * restart of vswitchd all VIFs are to be checked. */
enum { CHECKS_US = 250 };

struct watch *watch_create(const struct watch_env *env)
{
    struct watch *watch = xzalloc(sizeof *watch);

    watch->env = *env;
    hmap_init(&watch->watched);
    ovs_list_init(&watch->missing);
    check_queue_init(&watch->checks);
    watch->bridges_due = watch->bridges_latest = LLONG_MAX;
    return watch;
}

void watch_destroy(struct watch *watch)
{
    struct watched *watched;

    HMAP_FOR_EACH_SAFE (watched, node, &watch->watched) {
        watch_forget(watch, watched);
    }
    hmap_destroy(&watch->watched);
    check_queue_destroy(&watch->checks);
    free(watch);
}

/* vswitchd has not made the port since its plug, so no daemon has reported PLUGGED. */
static void note_unconfirmed(const struct watch *watch, const struct record *record)
{
    bool told_at_commit = record_netdev_may_come_later(record) && !record->spec.port_bridge[0];

    watch_find(watch, record->spec.vif_id)->owes_plugged =
        record->ofport == 0 && !record->error && !told_at_commit &&
        !strcmp(record->boot_id, watch->env.env->boot_id);
}

/* Learns a VIF when the daemon starts. What its rows should be is not known, but its links may have
 * been removed. */
static void learn_at_start(const struct record *record, void *watch)
{
    watch_learn(watch, record);
    note_unconfirmed(watch, record);
    if (record->spec.links.create) {
        watch_check_soon(watch, record->spec.vif_id);
    }
}

static void note_changes(struct watch *watch)
{
    struct ovs *ovs = watch->env.env->ovs;
    long long int now = time_msec();
    const char *vif_id;

    SSET_FOR_EACH (vif_id, ovs_changed_vifs(ovs)) {
        check_queue_add(&watch->checks, vif_id, now + WATCH_DELAY_MS);
    }
    if (ovs_bridges_changed(ovs)) {
        watch->bridges_due = now + BRIDGES_DELAY_MS;
        watch->bridges_latest = MIN(watch->bridges_latest, now + BRIDGES_LATEST_MS);
    }
    ovs_changes_clear(ovs);
}

/* --- Reports. --- */

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

/* The operation leaves the VIF without a row. */
static void ended_without_row(struct watch *watch, const char *vif_id, enum engine_event event)
{
    struct watched *watched = watch_find(watch, vif_id);

    if (watched && event != EVENT_UNPLUGGED && event != EVENT_ABSENT) {
        watched->check_later = watched->repairing = false;
        watch_check_soon(watch, vif_id); /* Another program removed it meanwhile. */
        return;
    }
    if (watched) {
        watch_forget(watch, watched);
    }
    if (watched || event == EVENT_UNPLUGGED) {
        report_unplugged(watch, vif_id);
    }
    check_queue_remove(&watch->checks, vif_id);
}

/* Whether the operation changes nothing of what is expected. Then schedules a check if one is
 * needed. */
static bool is_still_expected(struct watch *watch, struct watched *watched, enum engine_event event)
{
    if (event == EVENT_REPAIRED || event == EVENT_NOTHING) {
        if (watched && (watched->repairing || watched->check_later)) {
            watched->repairing = watched->check_later = false;
            watch_check_soon(watch, watched->vif_id);
        }
        return true;
    }
    if ((event == EVENT_UNDONE || event == EVENT_UNRECOVERED) && watched) {
        /* An undo has also restored what other programs had changed before the operation. */
        watched->unrecovered |= event == EVENT_UNRECOVERED;
        watched->check_later = false;
        watch_check_soon(watch, watched->vif_id);
        return true;
    }
    return false;
}

/* The operation leaves the VIF with that record. `first`: it had no row before, as far as is known.
 */
static void report_end(struct watch *watch, struct watched *watched, const struct record *record,
                       enum engine_event event, bool first)
{
    if (event == EVENT_COMMITTED || (event == EVENT_ACKNOWLEDGED && first)) {
        watched->owes_plugged = true;
        watch_check_soon(watch, watched->vif_id); /* The port may be there already. */
    } else if (event == EVENT_PLUGGED ||
               (watched->owes_plugged && watch_switch_has(watch, record))) {
        watched->owes_plugged = false;
        watch_report(watch, WATCH_PLUGGED, record, NULL, 0);
    } else if (event == EVENT_CHANGED) {
        watch_report(watch, WATCH_CHANGED, record, NULL, 0);
    }
}

void watch_ended(struct watch *watch, const char *vif_id, enum engine_event event)
{
    struct watched *watched = watch_find(watch, vif_id);
    struct record record;

    note_changes(watch); /* So that the changes of the operation can be dropped below. */
    if (is_still_expected(watch, watched, event)) {
        return;
    }
    if (!ovs_find_vif(watch->env.env->ovs, vif_id, &record)) {
        ended_without_row(watch, vif_id, event);
        return;
    }
    if (event != EVENT_ABSENT) {
        bool first = !watched || watched->state == WATCHED_MISSING;

        check_queue_remove(&watch->checks, vif_id);
        watch_learn(watch, &record);
        report_end(watch, watch_find(watch, vif_id), &record, event, first);
    }
    record_destroy(&record);
}

/* --- Schedule. --- */

/* A VIF that was missing before may need what another VIF has got since, and after a loss of OVSDB
 * both need it again: the one that had it comes first. */
static bool was_missing(const void *watch, const char *vif_id)
{
    const struct watched *watched = watch_find(watch, vif_id);

    return watched && watched->state == WATCHED_MISSING;
}

/* Checks VIFs until time is up. The loop serves others before it checks the rest. */
static void check_some(struct watch *watch)
{
    long long int began = time_usec();
    char *vif_id;

    check_queue_begin(&watch->checks, was_missing, watch);
    while ((vif_id = check_queue_take(&watch->checks))) {
        watch_check(watch, vif_id);
        free(vif_id);
        if (time_usec() - began >= CHECKS_US) {
            return;
        }
    }
}

static void check_bridges(struct watch *watch)
{
    const struct watched *watched;

    watch->bridges_due = watch->bridges_latest = LLONG_MAX;
    HMAP_FOR_EACH (watched, node, &watch->watched) {
        if (!ovs_vif_is_on(watch->env.env->ovs, watched->vif_id,
                           expectation_bridge(watched->expectation))) {
            check_queue_add(&watch->checks, watched->vif_id, time_msec());
        }
    }
}

/* A vswitchd that starts may have written a port's result before the daemon saw it alive. */
static void check_all(struct watch *watch)
{
    const struct watched *watched;

    HMAP_FOR_EACH (watched, node, &watch->watched) {
        watch_check_soon(watch, watched->vif_id);
    }
}

/* OVSDB is back, and it may be another database than it was. */
static void note_loss(struct watch *watch)
{
    struct watched *watched;

    /* All VIFs are checked anew, in the order for a loss. */
    check_queue_put_back(&watch->checks, time_msec() + WATCH_DELAY_MS);
    HMAP_FOR_EACH (watched, node, &watch->watched) {
        if (watched->state == WATCHED_IN_STEP) {
            watched->loss = LOSS_ALL;
        } else if (watched->state == WATCHED_DRIFTED && watched->loss == LOSS_NONE) {
            watched->loss = LOSS_ROW;
        }
        watched->n_repairs = 0;
        watched->repair_at = 0;
    }
}

/* If a link of a VIF was removed or changed, or has another alias now, schedules a check of the
 * VIF. If notifications were lost, schedules a check of all VIFs. */
static void link_changed(const char *name, bool exists OVS_UNUSED, const struct link_facts *facts,
                         void *watch_)
{
    const char *vif_id = name ? link_vif_of(facts->alias) : NULL;
    struct watch *watch = watch_;

    if (!name) {
        check_all(watch);
    } else if (vif_id && watch_find(watch, vif_id)) {
        watch_check_soon(watch, vif_id);
    }
}

static void follow_switch(struct watch *watch)
{
    const struct engine_env *env = watch->env.env;
    bool back = watch->switch_known && !watch->ovsdb_up && ovs_synced(env->ovs);
    unsigned int start = vswitchd_start(env->vswitchd);
    bool works = vswitchd_works(env->vswitchd);

    if (back) {
        note_loss(watch);
    }
    if (works && start && start != watch->vswitchd_start && watch->vswitchd_start) {
        report_switch(watch, &watch->vswitchd_up, false, "vswitchd"); /* Too short to be seen. */
    }
    if (back || (works && !watch->vswitchd_up)) {
        check_all(watch);
    }
    report_switch(watch, &watch->ovsdb_up, ovs_synced(env->ovs), "ovsdb");
    report_switch(watch, &watch->vswitchd_up, works, "vswitchd");
    if (works) {
        watch->vswitchd_start = start;
    }
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
        ovs_for_each_vif(env->ovs, NULL, learn_at_start, watch);
        ovs_changes_clear(env->ovs);
    }
    note_changes(watch);
    if (env->links) {
        links_run(env->links, link_changed, watch);
    }
    if (time_msec() >= MIN(watch->bridges_due, watch->bridges_latest)) {
        check_bridges(watch);
    }
    check_some(watch);
}

void watch_wait(const struct watch *watch)
{
    if (ovs_synced(watch->env.env->ovs)) {
        check_queue_wait(&watch->checks);
        poll_timer_wait_until(MIN(watch->bridges_due, watch->bridges_latest));
        if (watch->env.env->links) {
            poll_fd_wait(links_fd(watch->env.env->links), POLLIN);
        }
    }
}

size_t watch_drift(const struct watch *watch, const struct record *record,
                   struct drift drift[DRIFT_MAX])
{
    const struct watched *watched = watch_find(watch, record->spec.vif_id);

    return watched && watched->state != WATCHED_IN_STEP
               ? watch_differences(watch, watched,
                                   watched->state == WATCHED_MISSING ? NULL : record, drift)
               : 0;
}

bool watch_find_missing(const struct watch *watch, const char *vif_id, struct record *record)
{
    const struct watched *watched = watch_find(watch, vif_id);

    if (!watched || watched->state != WATCHED_MISSING) {
        return false;
    }
    expectation_expand(watched->expectation, record);
    return true;
}

bool watch_missing_instance(const struct watch *watch, const char *vif_id,
                            char instance[VIF_ID_MAX + 1])
{
    struct record record;

    if (!watch_find_missing(watch, vif_id, &record)) {
        return false;
    }
    snprintf(instance, VIF_ID_MAX + 1, "%s", record.instance);
    record_destroy(&record);
    return true;
}

size_t watch_n_missing(const struct watch *watch)
{
    return watch->n_missing;
}

size_t watch_n_failed(const struct watch *watch)
{
    const struct watched *watched;
    size_t n = 0;

    HMAP_FOR_EACH (watched, node, &watch->watched) {
        n += watched->failed && watched->state != WATCHED_MISSING;
    }
    return n;
}

char **watch_missing_ids(const struct watch *watch, size_t *n)
{
    char **vif_ids = xcalloc(watch->n_missing + 1, sizeof *vif_ids);
    const struct watched *watched;

    *n = 0;
    LIST_FOR_EACH (watched, missing_node, &watch->missing) {
        vif_ids[(*n)++] = xstrdup(watched->vif_id);
    }
    return vif_ids;
}
