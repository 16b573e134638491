/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/number.h"
#include "base/plain-file.h"
#include "base/version.h"
#include "coverage.h"
#include "daemon/health.h"
#include "daemon/metrics-text.h"
#include "daemon/metrics-vif.h"
#include "daemon/syslog-socket.h"
#include "daemon/traffic.h"
#include "daemon/view.h"
#include "engine/op-counts.h"
#include "util.h"
#include "wire/reply-metrics.h"

COVERAGE_DEFINE(vifplug_metrics);

/* VIFs in a piece: about 50 us. Their counters are lines that only have to be put together. */
enum { VIFS_PER_PIECE = 4, COUNTERS_PER_PIECE = 64 };

/* The families that have a sample for each VIF. */
enum vif_family { VIF_STATE, VIF_LINK, VIF_N_FAMILIES };

struct metrics {
    const struct dispatch *dispatch;
    size_t section; /* The next of `sections`; then come the VIFs, once for each family. */
    int family;
    char **vif_ids; /* Those on record, and then those that are missing. */
    size_t n;
    size_t next; /* Within `family`, then within `counter`. */
    struct traffic_reading *traffic;
    size_t counter; /* The family of counters. */
};

static void put_int(struct ds *out, const char *name, enum metric_type type, const char *help,
                    uint64_t value)
{
    char sample[96];

    snprintf(sample, sizeof sample, "%s%s", name, type == METRIC_COUNTER ? "_total" : "");
    metric_family(out, name, type, help);
    metric_int(out, sample, NULL, 0, value);
}

static void put_real(struct ds *out, const char *name, enum metric_type type, const char *help,
                     double value)
{
    char sample[96];

    snprintf(sample, sizeof sample, "%s%s", name, type == METRIC_COUNTER ? "_total" : "");
    metric_family(out, name, type, help);
    metric_real(out, sample, NULL, 0, value);
}

/* One sample of a family with one label. */
static void put_labelled(struct ds *out, const char *sample, const char *label, const char *text,
                         uint64_t value)
{
    metric_int(out, sample, &(struct metric_label){label, text}, 1, value);
}

/* --- The process. --- */

/* The resident memory, bytes; 0 if it is not known: the second number of the file, in pages. */
static uint64_t resident_bytes(void)
{
    FILE *file = plain_file_stream("/proc/self/statm");
    const char *at;
    char line[128];
    int64_t total;
    int64_t resident;

    if (!file) {
        return 0;
    }
    at = fgets(line, sizeof line, file);
    fclose(file);
    if (!at || !number_take(&at, INT64_MAX, &total) || *at != ' ') {
        return 0;
    }
    at++;
    return number_take(&at, INT64_MAX, &resident)
               ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE)
               : 0;
}

static void put_process(const struct metrics *metrics, struct ds *out)
{
    const struct metric_label version = {"version", VIFPLUG_VERSION};
    struct rusage usage;
    double cpu = 0;

    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
              (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
    metric_family(out, "vifplug_build", METRIC_INFO, "The version of vifplugd.");
    metric_int(out, "vifplug_build_info", &version, 1, 1);
    put_int(out, "vifplug_up", METRIC_GAUGE, "1: vifplugd runs.", 1);
    put_real(out, "vifplug_start_time_seconds", METRIC_GAUGE, "When vifplugd started, Unix time.",
             (double)metrics->dispatch->started_wall_ms / 1000);
    put_real(out, "vifplug_cpu_seconds", METRIC_COUNTER, "CPU time of vifplugd.", cpu);
    put_int(out, "vifplug_resident_memory_bytes", METRIC_GAUGE, "Resident memory of vifplugd.",
            resident_bytes());
    put_int(out, "vifplug_log_lines_dropped", METRIC_COUNTER,
            "Lines of the log for which the journal or syslog had no room.",
            op_log_n_dropped(metrics->dispatch->op_log) + syslog_socket_n_dropped_by_vlog());
}

/* --- The switch. --- */

static void put_vswitchd_state(struct ds *out, const struct health *health)
{
    static const char *const states[] = {"alive", "hung", "dead", "unknown"};

    metric_family(out, "vifplug_vswitchd_state", METRIC_GAUGE,
                  "1 for the state that ovs-vswitchd is in.");
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        put_labelled(out, "vifplug_vswitchd_state", "state", states[i],
                     !strcmp(states[i], health->vswitchd));
    }
}

static void put_connects(struct ds *out, const struct counts *counts)
{
    metric_family(out, "vifplug_reconnects", METRIC_COUNTER,
                  "How often OVSDB or ovs-vswitchd was there again after it was away.");
    put_labelled(out, "vifplug_reconnects_total", "to", "ovsdb", counts->ovsdb_up);
    put_labelled(out, "vifplug_reconnects_total", "to", "vswitchd", counts->vswitchd_up);
    metric_family(out, "vifplug_losses", METRIC_COUNTER,
                  "How often OVSDB or ovs-vswitchd went away.");
    put_labelled(out, "vifplug_losses_total", "of", "ovsdb", counts->ovsdb_down);
    put_labelled(out, "vifplug_losses_total", "of", "vswitchd", counts->vswitchd_down);
}

static void put_switch(const struct metrics *metrics, struct ds *out)
{
    const struct engine_env *env = metrics->dispatch->env;
    struct ovs_globals globals;
    struct health health;

    ovs_globals(env->ovs, &globals);
    health_read_all(env, metrics->dispatch->watch, &health);
    put_int(out, "vifplug_problems", METRIC_GAUGE, "How many problems status shows.",
            health.n_problems);
    put_int(out, "vifplug_ovsdb_connected", METRIC_GAUGE,
            "1: the copy of OVSDB's database is complete.", ovs_synced(env->ovs));
    put_vswitchd_state(out, &health);
    put_real(out, "vifplug_vswitchd_unanswered_seconds", METRIC_GAUGE,
             "For how long ovs-vswitchd has left a next_cfg unanswered.",
             (double)health.unanswered_ms / 1000);
    put_int(out, "vifplug_dpdk_initialized", METRIC_GAUGE, "1: ovs-vswitchd has initialised DPDK.",
            health_dpdk_initialized(env, &globals));
    put_connects(out, &metrics->dispatch->counts);
}

/* --- Clients and VIFs. --- */

static void put_events(struct ds *out, const struct counts *counts)
{
    static const struct {
        enum watch_event_type type;
        const char *name;
    } events[] = {
        {WATCH_PLUGGED, "plugged"}, {WATCH_UNPLUGGED, "unplugged"}, {WATCH_CHANGED, "changed"},
        {WATCH_DRIFTED, "drifted"}, {WATCH_FAILED, "failed"},
    };

    metric_family(out, "vifplug_vif_events", METRIC_COUNTER,
                  "Events of VIFs. drifted: another program changed or removed a VIF's port.");
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        put_labelled(out, "vifplug_vif_events_total", "event", events[i].name,
                     counts->events[events[i].type]);
    }
}

static void put_clients(const struct metrics *metrics, struct ds *out)
{
    const struct dispatch *dispatch = metrics->dispatch;

    put_int(out, "vifplug_connections", METRIC_GAUGE, "Connections of clients.",
            server_n_connections(dispatch->server));
    put_int(out, "vifplug_subscribers", METRIC_GAUGE, "Clients that get notifications.",
            server_n_subscribers(dispatch->server));
    put_int(out, "vifplug_client_memory_bytes", METRIC_GAUGE, "Memory that is held for clients.",
            server_memory(dispatch->server));
    put_int(out, "vifplug_requests", METRIC_COUNTER, "Requests of clients.", dispatch->n_requests);
    metric_family(out, "vifplug_requests_refused", METRIC_COUNTER,
                  "Requests that did not become operations, by the reason of the error.");
    for (enum reason i = REASON_NONE + 1; i < REASON_N; i++) {
        put_labelled(out, "vifplug_requests_refused_total", "reason", reason_name(i),
                     dispatch->counts.refused[i]);
    }
    put_int(out, "vifplug_vifs", METRIC_GAUGE, "VIFs on record.", ovs_n_vifs(dispatch->env->ovs));
    put_int(out, "vifplug_vifs_missing", METRIC_GAUGE, "VIFs whose rows others removed.",
            watch_n_missing(dispatch->watch));
    put_events(out, &dispatch->counts);
}

/* --- Operations. --- */

/* Zeros too: Prometheus' increase() does not count the value with which a series begins. */
static void put_ends(struct ds *out, const struct op_counts *counts)
{
    metric_family(out, "vifplug_operations", METRIC_COUNTER,
                  "Operations that have ended, without dry runs. reason: none, it succeeded; else "
                  "the reason of the error.");
    for (int type = 0; type < OP_N_TYPES; type++) {
        for (enum reason reason = REASON_NONE; reason < REASON_N; reason++) {
            const struct metric_label labels[] = {{"type", op_type_name((enum op_type)type)},
                                                  {"reason", reason_name(reason)}};

            metric_int(out, "vifplug_operations_total", labels, ARRAY_SIZE(labels),
                       counts->ends[type][reason]);
        }
    }
}

static void put_operations(const struct metrics *metrics, struct ds *out)
{
    const struct dispatch *dispatch = metrics->dispatch;
    const struct op_counts *counts = op_counts();

    put_int(out, "vifplug_operations_pending", METRIC_GAUGE,
            "Operations that wait or are under way.", engine_n_ops(dispatch->engine));
    put_int(out, "vifplug_operations_queued", METRIC_GAUGE,
            "Those of them that wait for a transaction.", engine_n_queued(dispatch->engine));
    put_int(out, "vifplug_link_removals_pending", METRIC_GAUGE,
            "Links of the kernel that are being removed.",
            link_remover_n(dispatch->env->link_remover));
    put_int(out, "vifplug_operations_undone", METRIC_COUNTER,
            "Operations that failed and had something to undo.",
            engine_counters(dispatch->engine)->undone);
    put_ends(out, counts);
    metric_family(out, "vifplug_batch_operations", METRIC_HISTOGRAM,
                  "How many operations a transaction of OVSDB had.");
    metric_histogram(out, "vifplug_batch_operations", NULL, 0,
                     &(struct metric_histogram){.bounds = batch_bounds,
                                                .n_bounds = BATCH_BOUNDS,
                                                .counts = counts->batches.counts,
                                                .n = counts->batches.n,
                                                .sum = counts->batches.sum,
                                                .unit = 1});
}

static void put_stages_of(struct ds *out, enum op_type type)
{
    static const char *const names[STAGE_N] = {
        [STAGE_QUEUED] = "queued",
        [STAGE_COMMIT] = "commit",
        [STAGE_REALIZE] = "realize",
        [STAGE_TOTAL] = "total",
    };

    for (int stage = 0; stage < STAGE_N; stage++) {
        const struct spread *spread = &op_counts()->stages[type][stage];
        const struct metric_label labels[] = {{"type", op_type_name(type)},
                                              {"stage", names[stage]}};

        metric_histogram(out, "vifplug_operation_stage_seconds", labels, ARRAY_SIZE(labels),
                         &(struct metric_histogram){.bounds = stage_bounds_us,
                                                    .n_bounds = STAGE_BOUNDS,
                                                    .counts = spread->counts,
                                                    .n = spread->n,
                                                    .sum = spread->sum,
                                                    .unit = 1e6});
    }
}

static void put_plug_stages(const struct metrics *metrics OVS_UNUSED, struct ds *out)
{
    metric_family(out, "vifplug_operation_stage_seconds", METRIC_HISTOGRAM,
                  "How long the stages of operations that succeeded took.");
    put_stages_of(out, OP_PLUG);
}

static void put_unplug_stages(const struct metrics *metrics OVS_UNUSED, struct ds *out)
{
    put_stages_of(out, OP_UNPLUG);
}

static void put_update_stages(const struct metrics *metrics OVS_UNUSED, struct ds *out)
{
    put_stages_of(out, OP_UPDATE);
}

/* --- Each VIF. --- */

static void begin_vifs(enum vif_family family, struct ds *out)
{
    if (family == VIF_STATE) {
        metric_family(out, "vifplug_vif_state", METRIC_GAUGE,
                      "1: the VIF is in this state, as list shows it.");
    } else {
        metric_family(
            out, "vifplug_vif_link_up", METRIC_GAUGE,
            "1: the link of the VIF's port is up: its guest is connected. 0: it is down.");
    }
}

/* There is no sample of a link that ovs-vswitchd says nothing about, or has said before it went. */
static void put_link(const struct engine_env *env, const struct record *record,
                     const struct metric_label *labels, size_t n, struct ds *out)
{
    if (record->link_state[0] && vswitchd_works(env->vswitchd)) {
        metric_int(out, "vifplug_vif_link_up", labels, n, !strcmp(record->link_state, "up"));
    }
}

static void put_state(const struct dispatch *dispatch, const struct record *record, bool missing,
                      struct metric_label *labels, size_t n, struct ds *out)
{
    struct drift drift[DRIFT_MAX];
    struct view view;

    view_init_now(&view, dispatch->env, record, missing);
    view_add_drift(&view, drift, watch_drift(dispatch->watch, record, drift));
    labels[n] = (struct metric_label){"state", vif_state_name(view.vif.state)};
    metric_int(out, "vifplug_vif_state", labels, n + 1, 1);
    view_destroy(&view);
}

static void put_vif(const struct dispatch *dispatch, enum vif_family family, const char *vif_id,
                    struct ds *out)
{
    struct metric_label labels[METRIC_VIF_LABELS + 1];
    bool missing = false;
    struct record record;

    if (!ovs_find_vif(dispatch->env->ovs, vif_id, &record)) {
        missing = watch_find_missing(dispatch->watch, vif_id, &record);
        if (!missing) {
            return;
        }
    }
    metric_vif_labels(&record, labels);
    if (family == VIF_STATE) {
        put_state(dispatch, &record, missing, labels, METRIC_VIF_LABELS, out);
    } else if (!missing) {
        put_link(dispatch->env, &record, labels, METRIC_VIF_LABELS, out);
    }
    record_destroy(&record);
}

/* --- The text. --- */

static void (*const sections[])(const struct metrics *metrics, struct ds *out) = {
    put_process,     put_switch,        put_clients,       put_operations,
    put_plug_stages, put_unplug_stages, put_update_stages,
};

/* While OVSDB is away, what is known of VIFs is out of date, so they are left out. */
static void take_ids(struct metrics *metrics)
{
    const struct dispatch *dispatch = metrics->dispatch;
    size_t n_missing;
    char **missing;

    if (!ovs_synced(dispatch->env->ovs)) {
        return;
    }
    metrics->vif_ids = ovs_vif_ids(dispatch->env->ovs, &metrics->n);
    missing = watch_missing_ids(dispatch->watch, &n_missing);
    metrics->vif_ids =
        xrealloc(metrics->vif_ids, (metrics->n + n_missing + 1) * sizeof *metrics->vif_ids);
    memcpy(metrics->vif_ids + metrics->n, missing, n_missing * sizeof *missing);
    metrics->n += n_missing;
    free(missing);
}

struct metrics *metrics_create(const struct dispatch *dispatch)
{
    struct metrics *metrics = xzalloc(sizeof *metrics);

    COVERAGE_INC(vifplug_metrics);
    metrics->dispatch = dispatch;
    take_ids(metrics);
    metrics->traffic = traffic_read(dispatch->traffic);
    return metrics;
}

void metrics_destroy(struct metrics *metrics)
{
    for (size_t i = 0; i < metrics->n; i++) {
        free(metrics->vif_ids[i]);
    }
    free(metrics->vif_ids);
    traffic_release(metrics->traffic);
    free(metrics);
}

static void put_vifs(struct metrics *metrics, struct ds *out)
{
    size_t end = MIN(metrics->n, metrics->next + VIFS_PER_PIECE);

    if (metrics->next == 0) {
        begin_vifs((enum vif_family)metrics->family, out);
    }
    for (; metrics->next < end; metrics->next++) {
        put_vif(metrics->dispatch, (enum vif_family)metrics->family,
                metrics->vif_ids[metrics->next], out);
    }
    if (metrics->next == metrics->n) {
        metrics->family++;
        metrics->next = 0;
    }
}

static void put_left_out(const struct metrics *metrics, struct ds *out)
{
    put_int(out, "vifplug_vif_counters_left_out", METRIC_GAUGE,
            "How many VIFs have no traffic counters here because OVSDB did not reply in time.",
            traffic_n_left_out(metrics->traffic));
}

static void put_counters(struct metrics *metrics, struct ds *out)
{
    size_t n = traffic_n(metrics->traffic);
    size_t end = MIN(n, metrics->next + COUNTERS_PER_PIECE);

    if (metrics->next == 0 && metrics->counter == 0) {
        put_left_out(metrics, out);
    }
    if (metrics->next == 0) {
        traffic_put_family(metrics->counter, out);
    }
    for (; metrics->next < end; metrics->next++) {
        traffic_put(metrics->traffic, metrics->counter, metrics->next, out);
    }
    if (metrics->next == n) {
        metrics->counter++;
        metrics->next = 0;
    }
}

bool metrics_waits(const struct metrics *metrics)
{
    return metrics->family == VIF_N_FAMILIES && !traffic_has_ended(metrics->traffic);
}

bool metrics_next(struct metrics *metrics, struct ds *out)
{
    if (metrics_waits(metrics)) {
        return true;
    }
    if (metrics->section < ARRAY_SIZE(sections)) {
        sections[metrics->section++](metrics, out);
        return true;
    }
    if (metrics->family < VIF_N_FAMILIES) {
        put_vifs(metrics, out);
        return true;
    }
    put_counters(metrics, out);
    if (metrics->counter < TRAFFIC_COUNTERS) {
        return true;
    }
    metric_end(out);
    return false;
}

size_t metrics_size(const struct metrics *metrics)
{
    return sizeof *metrics + metrics->n * (sizeof *metrics->vif_ids + VIF_ID_MAX) +
           traffic_size(metrics->traffic);
}

/* --- The reply. --- */

struct metrics_stream {
    struct server_stream stream;
    struct metrics *metrics;
    struct reply_metrics *reply; /* NULL: the last piece was made. */
};

static char *next_piece(struct server_stream *stream_, bool *last)
{
    struct metrics_stream *stream = CONTAINER_OF(stream_, struct metrics_stream, stream);
    struct ds text = DS_EMPTY_INITIALIZER;
    char *piece;

    if (metrics_waits(stream->metrics)) {
        return NULL;
    }
    *last = !metrics_next(stream->metrics, &text);
    reply_metrics_add(stream->reply, ds_cstr(&text));
    ds_destroy(&text);
    if (!*last) {
        return reply_metrics_take(stream->reply);
    }
    piece = reply_metrics_finish(stream->reply);
    stream->reply = NULL;
    return piece;
}

static void destroy_stream(struct server_stream *stream_)
{
    struct metrics_stream *stream = CONTAINER_OF(stream_, struct metrics_stream, stream);

    if (stream->reply) {
        free(reply_metrics_finish(stream->reply));
    }
    metrics_destroy(stream->metrics);
    free(stream);
}

struct server_stream *metrics_stream_create(const struct dispatch *dispatch, const char *id)
{
    struct metrics_stream *stream = xzalloc(sizeof *stream);

    stream->metrics = metrics_create(dispatch);
    stream->reply = reply_metrics_new(id);
    stream->stream = (struct server_stream){
        .next = next_piece,
        .destroy = destroy_stream,
        .size = sizeof *stream + metrics_size(stream->metrics),
    };
    return &stream->stream;
}
