/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/traffic.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coverage.h"
#include "daemon/metrics-text.h"
#include "daemon/metrics-vif.h"
#include "openvswitch/poll-loop.h"
#include "ovs/ovs.h"
#include "timeval.h"
#include "util.h"

COVERAGE_DEFINE(vifplug_traffic_readings);

/* VIFs in a pass: about 50 us. */
enum { VIFS_PER_PASS = 4 };

/* The labels of a VIF with ids of UUIDs, about, bytes. */
enum { LABELS_SIZE = 192 };

/* "rx" is what the switch has received from the guest. */
static const struct {
    const char *name; /* As Open vSwitch names it. */
    const char *help;
} families[TRAFFIC_COUNTERS] = {
    {"rx_packets", "Packets that the switch has received from the VIF."},
    {"rx_bytes", "Bytes that the switch has received from the VIF."},
    {"rx_dropped", "Packets from the VIF that were dropped."},
    {"rx_errors", "Packets from the VIF with errors."},
    {"tx_packets", "Packets that the switch has sent to the VIF."},
    {"tx_bytes", "Bytes that the switch has sent to the VIF."},
    {"tx_dropped", "Packets to the VIF that were dropped."},
    {"tx_errors", "Packets to the VIF with errors."},
};

/* A VIF with counters. */
struct row {
    char *labels;                     /* "{...}", as a sample has them. */
    int64_t values[TRAFFIC_COUNTERS]; /* -1: the port does not have it. */
};

enum reading_state {
    READING_ASKS,  /* The next question is about `asked` VIFs from `next` on. */
    READING_TAKES, /* The reply is there; `taken` of its VIFs are rows. */
    READING_ENDED
};

struct traffic_reading {
    unsigned int n_refs; /* Scrapes, and struct traffic. */
    enum reading_state state;
    char **vif_ids;
    size_t n;
    size_t next;
    size_t asked;
    size_t taken;
    struct counters_question *question; /* NULL: it has not been asked. */
    struct row *rows;                   /* Room for `n`. */
    size_t n_rows;
    size_t left_out;
    long long int began; /* ms. */
    long long int until; /* ENDED: when it serves no more scrapes, ms. */
};

struct traffic {
    const struct engine_env *env;
    struct ovs_counters *counters;
    struct traffic_reading *last; /* NULL: there is none that could serve a scrape. */
};

struct traffic *traffic_create(const struct engine_env *env, struct ovs_counters *counters)
{
    struct traffic *traffic = xzalloc(sizeof *traffic);

    traffic->env = env;
    traffic->counters = counters;
    return traffic;
}

void traffic_release(struct traffic_reading *reading)
{
    if (--reading->n_refs > 0) {
        return;
    }
    ovs_counters_drop(reading->question);
    for (size_t i = 0; i < reading->n; i++) {
        free(reading->vif_ids[i]);
    }
    for (size_t i = 0; i < reading->n_rows; i++) {
        free(reading->rows[i].labels);
    }
    free(reading->vif_ids);
    free(reading->rows);
    free(reading);
}

static void forget(struct traffic *traffic)
{
    traffic_release(traffic->last);
    traffic->last = NULL;
}

void traffic_destroy(struct traffic *traffic)
{
    if (traffic) {
        if (traffic->last) {
            forget(traffic);
        }
        free(traffic);
    }
}

/* Wakes up the loop for those who wait. */
static void end(struct traffic_reading *reading)
{
    long long int now = time_msec();
    long long int fresh = MAX(TRAFFIC_FRESH, TRAFFIC_IDLE_SHARE * (now - reading->began));

    ovs_counters_drop(reading->question);
    reading->question = NULL;
    reading->left_out = reading->n - reading->next - reading->taken;
    reading->state = READING_ENDED;
    reading->until = now + MIN(fresh, TRAFFIC_FRESH_MAX);
    poll_immediate_wake();
}

/* While OVSDB is away, what is known of VIFs is out of date, so they are left out. */
struct traffic_reading *traffic_read(struct traffic *traffic)
{
    struct traffic_reading *reading = traffic->last;

    if (!reading) {
        COVERAGE_INC(vifplug_traffic_readings);
        reading = traffic->last = xzalloc(sizeof *reading);
        reading->n_refs = 1;
        reading->began = time_msec();
        if (ovs_synced(traffic->env->ovs)) {
            reading->vif_ids = ovs_vif_ids(traffic->env->ovs, &reading->n);
        }
        reading->rows = xcalloc(reading->n + 1, sizeof *reading->rows);
        if (reading->n == 0) {
            end(reading);
        }
        poll_immediate_wake(); /* Who asks may be later in the pass than traffic_run(). */
    }
    reading->n_refs++;
    return reading;
}

/* --- The reading. --- */

static void ask(struct traffic *traffic, struct traffic_reading *reading)
{
    reading->taken = 0;
    reading->asked = MIN(reading->n - reading->next, COUNTERS_VIFS_MAX);
    reading->question = ovs_counters_ask(
        traffic->counters, (const char *const *)reading->vif_ids + reading->next, reading->asked);
}

static int64_t value_of(const struct port_counters *port, const char *name)
{
    for (size_t i = 0; i < port->n; i++) {
        if (!strcmp(port->items[i].name, name)) {
            return MAX(port->items[i].value, -1);
        }
    }
    return -1;
}

/* A VIF that has gone, or whose port ovs-vswitchd has not counted yet, has no row. */
static void take(const struct traffic *traffic, struct traffic_reading *reading)
{
    const struct port_counters *port = ovs_counters_of(reading->question, reading->taken);
    const char *vif_id = reading->vif_ids[reading->next + reading->taken];
    struct metric_label labels[METRIC_VIF_LABELS];
    struct ds text = DS_EMPTY_INITIALIZER;
    struct record record;
    struct row *row;

    reading->taken++;
    if (port->n == 0 || !ovs_find_vif(traffic->env->ovs, vif_id, &record)) {
        return;
    }
    metric_vif_labels(&record, labels);
    metric_labels(&text, labels, METRIC_VIF_LABELS);
    record_destroy(&record);
    row = &reading->rows[reading->n_rows++];
    row->labels = ds_steal_cstr(&text);
    for (size_t i = 0; i < TRAFFIC_COUNTERS; i++) {
        row->values[i] = value_of(port, families[i].name);
    }
}

static void take_some(const struct traffic *traffic, struct traffic_reading *reading)
{
    for (int i = 0; i < VIFS_PER_PASS && reading->taken < reading->asked; i++) {
        take(traffic, reading);
    }
    if (reading->taken < reading->asked) {
        poll_immediate_wake();
        return;
    }
    ovs_counters_drop(reading->question);
    reading->question = NULL;
    reading->next += reading->taken;
    reading->taken = reading->asked = 0;
    reading->state = READING_ASKS;
}

/* If a question fails, those after it would too. */
static void go_on(struct traffic *traffic, struct traffic_reading *reading)
{
    struct error error;

    if (reading->state == READING_TAKES) {
        take_some(traffic, reading);
    }
    if (reading->state == READING_ASKS && !reading->question && reading->next < reading->n) {
        ask(traffic, reading);
    }
    if (reading->state == READING_ASKS && reading->question) {
        switch (ovs_counters_state(reading->question, &error)) {
        case COUNTERS_WAITING:
            break;
        case COUNTERS_THERE:
            reading->state = READING_TAKES;
            poll_immediate_wake();
            break;
        case COUNTERS_FAILED:
            end(reading);
            return;
        }
    }
    if (reading->next == reading->n || time_msec() >= reading->began + TRAFFIC_TIMEOUT) {
        end(reading);
    }
}

void traffic_run(struct traffic *traffic)
{
    struct traffic_reading *reading = traffic->last;

    if (!reading) {
        return;
    }
    if (reading->state == READING_ENDED ? time_msec() >= reading->until : reading->n_refs == 1) {
        forget(traffic);
    } else if (reading->state != READING_ENDED) {
        go_on(traffic, reading);
    }
}

void traffic_wait(const struct traffic *traffic)
{
    const struct traffic_reading *reading = traffic->last;

    if (reading) {
        poll_timer_wait_until(reading->state == READING_ENDED ? reading->until
                                                              : reading->began + TRAFFIC_TIMEOUT);
    }
}

/* --- What has been read. --- */

bool traffic_has_ended(const struct traffic_reading *reading)
{
    return reading->state == READING_ENDED;
}

size_t traffic_n_left_out(const struct traffic_reading *reading)
{
    ovs_assert(traffic_has_ended(reading));
    return reading->left_out;
}

size_t traffic_n(const struct traffic_reading *reading)
{
    ovs_assert(traffic_has_ended(reading));
    return reading->n_rows;
}

void traffic_put_family(size_t counter, struct ds *out)
{
    char name[64];

    snprintf(name, sizeof name, "vifplug_vif_%s", families[counter].name);
    metric_family(out, name, METRIC_COUNTER, families[counter].help);
}

void traffic_put(const struct traffic_reading *reading, size_t counter, size_t vif, struct ds *out)
{
    const struct row *row = &reading->rows[vif];

    if (row->values[counter] >= 0) {
        ds_put_format(out, "vifplug_vif_%s_total%s %" PRId64 "\n", families[counter].name,
                      row->labels, row->values[counter]);
    }
}

size_t traffic_size(const struct traffic_reading *reading)
{
    return sizeof *reading + reading->n * (sizeof *reading->rows + sizeof *reading->vif_ids +
                                           VIF_ID_MAX + LABELS_SIZE);
}
