/* SPDX-License-Identifier: Apache-2.0 */
/* `vifctl stats`: counters, and rates with --watch. */

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/values.h"
#include "wire/json-make.h"

/* The shortest time between two looks, and the longest, ms. */
enum { WATCH_MIN_MS = 1000 };

/* The counters with rates. */
enum { RX_PACKETS, RX_BYTES, TX_PACKETS, TX_BYTES, N_RATES };
static const char *const rated[N_RATES] = {"rx_packets", "rx_bytes", "tx_packets", "tx_bytes"};

enum { N_COLUMNS = 16, FIRST_RATE = 12, LINK = 1, FIRST_COUNTER = 4, N_COUNTERS = 7 };

static const struct table_column columns[N_COLUMNS] = {
    {.name = "VIF"},
    {.name = "LINK"},
    {.name = "PORT", .rank = 8},
    {.name = "TAG", .right = true, .rank = 7},
    {.name = "RX_PACKETS", .right = true, .rank = 3},
    {.name = "RX_BYTES", .right = true, .rank = 9},
    {.name = "RX_DROPPED", .right = true, .rank = 5},
    {.name = "TX_PACKETS", .right = true, .rank = 4},
    {.name = "TX_BYTES", .right = true, .rank = 10},
    {.name = "TX_DROPPED", .right = true, .rank = 6},
    {.name = "RX_ERRORS", .right = true, .rank = 11},
    {.name = "ERROR", .wraps = true, .rank = 2},
    /* Only with --watch. */
    {.name = "RX_PPS", .right = true},
    {.name = "RX_BIT/S", .right = true, .rank = 1},
    {.name = "TX_PPS", .right = true},
    {.name = "TX_BIT/S", .right = true, .rank = 1},
};

static const char *const counters[N_COUNTERS] = {
    "rx_packets", "rx_bytes", "rx_dropped", "tx_packets", "tx_bytes", "tx_dropped", "rx_errors"};

/* Counters of a VIF when they changed last, as far as vifctl has seen it. */
struct sample {
    char *vif_id;
    int64_t counters[N_RATES];
    long long at;  /* Monotonic clock, ms. */
    bool has_time; /* They changed at `at`, and did not only have these values then. */
    bool has_rates;
    double rates[N_RATES]; /* Per second. */
    bool seen;             /* The last reply has the VIF. */
};

/* What --watch keeps from one reply to the next. */
static struct {
    int period_ms; /* 0: no --watch. */
    struct sample *samples;
    size_t n;
} watched;

/* All counters of one VIF are asked for, of which the table has only some. */
static bool in_full;

char *input_stats(const struct cli *cli)
{
    const char *period = cli->values[OPTION_WATCH];
    struct json_object *params;
    int64_t ms = 0;
    char *text;

    if (period && (!parse_duration(period, &ms) || ms < WATCH_MIN_MS)) {
        usage_error(cli->command, "--watch is '%s', and must be 1s to 600s", period);
        return NULL;
    }
    watched.period_ms = (int)ms;
    in_full = cli->argument && !period && !cli->values[OPTION_COLUMNS];
    if (!table_choose(cli, columns, ms ? N_COLUMNS : FIRST_RATE)) {
        return NULL;
    }
    params = jnew_object();
    if (cli->argument) {
        jadd(params, "vif_id", jnew_string(cli->argument));
    }
    set_filters(cli, params);
    text = need_memory(strdup(jtext(params)));
    json_object_put(params);
    return text;
}

/* --- Rates. --- */

/* The sample of a VIF, which is made if there is none. */
static struct sample *sample_of(const char *vif_id, bool *is_new)
{
    for (size_t i = 0; i < watched.n; i++) {
        if (!strcmp(watched.samples[i].vif_id, vif_id)) {
            *is_new = false;
            return &watched.samples[i];
        }
    }
    *is_new = true;
    watched.samples =
        need_memory(realloc(watched.samples, (watched.n + 1) * sizeof *watched.samples));
    watched.samples[watched.n] = (struct sample){.vif_id = need_memory(strdup(vif_id))};
    return &watched.samples[watched.n++];
}

/* Forgets the VIFs that the last reply did not have. */
static void forget_unseen(void)
{
    size_t n = 0;

    for (size_t i = 0; i < watched.n; i++) {
        if (watched.samples[i].seen) {
            watched.samples[i].seen = false;
            watched.samples[n++] = watched.samples[i];
        } else {
            free(watched.samples[i].vif_id);
        }
    }
    watched.n = n;
}

static bool is_reset(const struct sample *sample, const int64_t values[N_RATES])
{
    bool reset = false;

    for (int i = 0; i < N_RATES; i++) {
        reset |= values[i] < sample->counters[i];
    }
    return reset;
}

/* The counters have changed since the last time. ovs-vswitchd writes them every `interval_ms`. Who
 * looks more often than that sees the change up to a period later than it happened, so the time
 * between two changes is a multiple of the interval, and that between two looks is not. */
static void note_change(struct sample *sample, const int64_t values[N_RATES], long long now,
                        int interval_ms)
{
    bool often = 2 * watched.period_ms <= interval_ms;
    long long elapsed = now - sample->at;

    if (often) {
        elapsed = (elapsed + interval_ms / 2) / interval_ms * interval_ms;
        elapsed = elapsed ? elapsed : interval_ms;
    }
    sample->has_rates = elapsed > 0 && (sample->has_time || !often) && !is_reset(sample, values);
    for (int i = 0; i < N_RATES && sample->has_rates; i++) {
        sample->rates[i] = (double)(values[i] - sample->counters[i]) * 1000.0 / (double)elapsed;
    }
    memcpy(sample->counters, values, sizeof sample->counters);
    sample->at = now;
    sample->has_time = true;
}

static const struct sample *take_sample(const char *vif_id, struct json_object *statistics,
                                        int interval_ms)
{
    long long now = now_ms();
    int64_t values[N_RATES];
    struct sample *sample;
    bool is_new;

    for (int i = 0; i < N_RATES; i++) {
        values[i] = json_object_get_int64(member(statistics, rated[i]));
    }
    sample = sample_of(vif_id, &is_new);
    sample->seen = true;
    if (is_new) {
        memcpy(sample->counters, values, sizeof sample->counters);
        sample->at = now;
    } else if (memcmp(sample->counters, values, sizeof sample->counters) != 0) {
        note_change(sample, values, now, interval_ms);
    } else if (now - sample->at >= interval_ms + watched.period_ms) {
        /* They were written meanwhile, and were the same. */
        memset(sample->rates, 0, sizeof sample->rates);
        sample->has_rates = true;
        sample->at += interval_ms;
    }
    return sample;
}

/* --- The tables. --- */

/* A tag as text: 4095 is named. */
static const char *tag_text(struct json_object *vif, char *text, size_t size)
{
    const char *tag = text_at(vif, "tag");

    if (!tag || !json_object_get_boolean(member(vif, "dead_vlan"))) {
        return tag;
    }
    snprintf(text, size, "%s (dead VLAN)", tag);
    return text;
}

static void add_row(struct table *table, struct json_object *vif, int interval_ms)
{
    struct json_object *statistics = member(vif, "statistics");
    const char *cells[N_COLUMNS] = {text_at(vif, "vif_id"), text_at(vif, "link_state"),
                                    text_at(vif, "port")};
    char rates[N_RATES][32];
    char tag[64];

    cells[3] = tag_text(vif, tag, sizeof tag);
    for (int i = 0; i < N_COUNTERS; i++) {
        cells[FIRST_COUNTER + i] = text_at(statistics, counters[i]);
    }
    cells[FIRST_RATE - 1] = text_at(vif, "error");
    if (watched.period_ms) {
        const struct sample *sample =
            take_sample(cells[0] ? cells[0] : "", statistics, interval_ms);

        for (int i = 0; i < N_RATES && sample->has_rates; i++) {
            bool bytes = i == RX_BYTES || i == TX_BYTES;

            snprintf(rates[i], sizeof rates[i], "%.0f", sample->rates[i] * (bytes ? 8 : 1));
            cells[FIRST_RATE + i] = rates[i];
        }
    }
    table_add(table, cells, LINK, cells[LINK] && !strcmp(cells[LINK], "up") ? "green" : "brown");
}

/* One VIF with all its counters. */
static void show_one(struct json_object *vif)
{
    static const struct table_column pair[] = {{.name = "KEY"}, {.name = "VALUE"}};
    struct json_object *statistics = member(vif, "statistics");
    struct table *table = table_new(pair, 2, false);
    char tag[96];

    json_object_object_foreach (vif, key, value) {
        const char *cells[] = {key, json_object_get_string(value)};

        if (!strcmp(key, "tag")) {
            cells[1] = tag_text(vif, tag, sizeof tag);
        }
        if (value != statistics && strcmp(key, "dead_vlan") != 0) {
            table_add(table, cells, 1, NULL);
        }
    }
    if (json_object_is_type(statistics, json_type_object)) {
        json_object_object_foreach (statistics, name, counter) {
            const char *const cells[] = {name, json_object_get_string(counter)};

            table_add(table, cells, 1, NULL);
        }
    }
    table_print(table);
}

static int by_id(const void *a, const void *b)
{
    struct json_object *const *ours = a;
    struct json_object *const *theirs = b;

    return strcmp(text_or(*ours, "vif_id", ""), text_or(*theirs, "vif_id", ""));
}

static void show_time(void)
{
    time_t now = time(NULL);
    struct tm local;
    char text[32];

    localtime_r(&now, &local);
    strftime(text, sizeof text, "%H:%M:%S", &local);
    show_line("%s", text);
}

static void show_table(struct json_object *vifs, int interval_ms)
{
    struct table *table = table_new(columns, watched.period_ms ? N_COLUMNS : FIRST_RATE, true);

    json_object_array_sort(vifs, by_id);
    for (size_t i = 0; i < length_of(vifs); i++) {
        add_row(table, json_object_array_get_idx(vifs, i), interval_ms);
    }
    if (watched.period_ms) {
        forget_unseen();
        show_time();
    }
    table_print(table);
}

bool output_stats(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *vifs = member(result, "stats");
    int interval_ms = json_object_get_int(member(result, "interval_ms"));
    bool ok = is_list(vifs);

    if (ok && length_of(vifs) == 0) {
        show_line("No VIFs are plugged, or none is like that.");
    } else if (ok && in_full && length_of(vifs) == 1) {
        show_one(json_object_array_get_idx(vifs, 0));
    } else if (ok) {
        show_table(vifs, interval_ms > 0 ? interval_ms : WATCH_MIN_MS);
    }
    json_object_put(result);
    return ok;
}

/* Sleeps until that time of the monotonic clock. SIGINT ends vifctl. */
static void sleep_until(long long ms)
{
    struct timespec until = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
    }
}

int run_stats(const struct cli *cli)
{
    long long next = now_ms();
    int status = run_question(cli);

    while (status == EXIT_DONE && watched.period_ms && output_flush()) {
        next += watched.period_ms;
        sleep_until(next);
        status = run_question(cli);
    }
    return status;
}
