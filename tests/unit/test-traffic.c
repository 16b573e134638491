/* SPDX-License-Identifier: Apache-2.0 */
/* Readings of all VIFs' counters, on a fake of the module that asks OVSDB. */

#include "engine-harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "daemon/traffic.h"
#include "fake-clock.h"
#include "ovs/ovs-counters.h"
#include "smap.h"
#include "util.h"

/* More than one question has. */
enum { N_VIFS = COUNTERS_VIFS_MAX + 4 };

/* --- The fake. --- */

struct counters_question {
    size_t n;
};

static struct {
    int n_asked;
    int n_open;                /* Questions that were not dropped. */
    int n_answered;            /* How many questions get a reply; those after it do not. */
    enum counters_state other; /* What becomes of those. */
    struct port_counters port; /* What each reply has of each VIF. */
} fake;

struct counters_question *ovs_counters_ask(struct ovs_counters *counters OVS_UNUSED,
                                           const char *const *vif_ids OVS_UNUSED, size_t n)
{
    struct counters_question *question = xzalloc(sizeof *question);

    assert_true(n >= 1 && n <= COUNTERS_VIFS_MAX);
    question->n = n;
    fake.n_asked++;
    fake.n_open++;
    return question;
}

enum counters_state ovs_counters_state(const struct counters_question *question OVS_UNUSED,
                                       struct error *error)
{
    if (fake.n_asked <= fake.n_answered) {
        return COUNTERS_THERE;
    }
    if (fake.other == COUNTERS_FAILED) {
        error_set(error, REASON_SWITCH_UNAVAILABLE, "", "It failed.");
    }
    return fake.other;
}

const struct port_counters *ovs_counters_of(const struct counters_question *question, size_t i)
{
    assert_true(i < question->n);
    return &fake.port;
}

void ovs_counters_drop(struct counters_question *question)
{
    fake.n_open -= question != NULL;
    free(question);
}

/* --- The tests. --- */

static struct port_counter items[] = {{"ovs_tx_retries", 7}, {"rx_packets", 5}, {"tx_bytes", -3}};

static struct traffic *begin(int n_answered, enum counters_state other)
{
    memset(&fake, 0, sizeof fake);
    fake.n_answered = n_answered;
    fake.other = other;
    fake.port = (struct port_counters){.exists = true, .items = items, .n = N(items)};
    for (int i = 0; i < N_VIFS; i++) {
        char vif_id[8];

        snprintf(vif_id, sizeof vif_id, "v%d", i);
        PLUGGED(.vif = vif_id);
    }
    return traffic_create(&rig.env, NULL);
}

/* Runs until the reading has ended, at most for `ms`. Returns whether it has. */
static bool run_for(struct traffic *traffic, const struct traffic_reading *reading, int ms)
{
    for (int passes = 0; passes < 100 && !traffic_has_ended(reading); passes++) {
        traffic_run(traffic);
    }
    if (!traffic_has_ended(reading)) {
        clock_warp(ms);
        traffic_run(traffic);
    }
    return traffic_has_ended(reading);
}

/* How it ends: with all counters, or without those of the questions that had no reply. */
static void test_ends(void **state)
{
    static const struct {
        const char *what;
        int n_answered;
        enum counters_state other;
        int after_ms;
        size_t n;
        size_t left_out;
        int n_asked;
    } rows[] = {
        {"all", 2, COUNTERS_WAITING, 0, N_VIFS, 0, 2},
        {"OVSDB is silent", 0, COUNTERS_WAITING, 3000, 0, N_VIFS, 1},
        {"it falls silent", 1, COUNTERS_WAITING, 3000, COUNTERS_VIFS_MAX, 4, 2},
        {"it is away", 0, COUNTERS_FAILED, 0, 0, N_VIFS, 1},
        {"it goes away", 1, COUNTERS_FAILED, 0, COUNTERS_VIFS_MAX, 4, 2},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct traffic_reading *reading;
        struct traffic *traffic;

        rig_renew();
        traffic = begin(rows[i].n_answered, rows[i].other);
        reading = traffic_read(traffic);
        if (rows[i].after_ms) {
            CHECK(rows[i].what, !run_for(traffic, reading, rows[i].after_ms - 1));
            CHECK(rows[i].what, run_for(traffic, reading, 1));
        }
        CHECK(rows[i].what, run_for(traffic, reading, 0));
        CHECK_INT(rows[i].what, traffic_n(reading), rows[i].n);
        CHECK_INT(rows[i].what, traffic_n_left_out(reading), rows[i].left_out);
        CHECK_INT(rows[i].what, fake.n_asked, rows[i].n_asked);
        CHECK_INT(rows[i].what, fake.n_open, 0);
        traffic_release(reading);
        traffic_destroy(traffic);
    }
}

/* A counter that a port does not have, or whose value is none, has no sample. */
static void test_text(void **state)
{
    struct traffic *traffic = begin(2, COUNTERS_WAITING);
    struct traffic_reading *reading = traffic_read(traffic);
    struct ds text = DS_EMPTY_INITIALIZER;

    (void)state;
    smap_replace(&fake_port(rig.ovs, "vhuv1")->external_ids, KEY_VM_UUID, "a\"b");
    assert_true(run_for(traffic, reading, 0));
    for (size_t i = 0; i < TRAFFIC_COUNTERS; i++) {
        traffic_put(reading, i, 1, &text);
    }
    assert_string_equal(ds_cstr(&text),
                        "vifplug_vif_rx_packets_total{vif_id=\"v1\",instance=\"a\\\"b\","
                        "port=\"vhuv1\",bridge=\"br0\"} 5\n");
    ds_destroy(&text);
    traffic_release(reading);
    traffic_destroy(traffic);
}

/* VIFs that have gone, and ports that ovs-vswitchd has not counted yet, are not left out. */
static void test_vifs_without_counters(void **state)
{
    struct traffic *traffic = begin(2, COUNTERS_WAITING);
    struct traffic_reading *reading = traffic_read(traffic);

    (void)state;
    fake_remove_port(rig.ovs, "vhuv3");
    assert_true(run_for(traffic, reading, 0));
    assert_int_equal(traffic_n(reading), N_VIFS - 1);
    assert_int_equal(traffic_n_left_out(reading), 0);
    traffic_release(reading);
    clock_warp(TRAFFIC_FRESH);
    traffic_run(traffic);
    fake.n_asked = 0;
    fake.port.n = 0;
    reading = traffic_read(traffic);
    assert_true(run_for(traffic, reading, 0));
    assert_int_equal(traffic_n(reading) + traffic_n_left_out(reading), 0);
    traffic_release(reading);
    traffic_destroy(traffic);
}

/* While OVSDB is away there are no VIFs, and nothing to wait for. */
static void test_without_ovsdb(void **state)
{
    struct traffic *traffic = begin(2, COUNTERS_WAITING);
    struct traffic_reading *reading;

    (void)state;
    fake_ovs_disconnect(rig.ovs, false);
    reading = traffic_read(traffic);
    assert_true(traffic_has_ended(reading));
    assert_int_equal(traffic_n(reading) + traffic_n_left_out(reading), 0);
    assert_int_equal(fake.n_asked, 0);
    traffic_release(reading);
    traffic_destroy(traffic);
}

/* Scrapes at one time share a reading; it serves others for a while after it, which depends on how
 * long it took, and not those after that. */
static void test_sharing(void **state)
{
    static const struct {
        int took_ms;
        int serves_ms;
    } rows[] = {{0, 1000}, {200, 1000}, {300, 1200}, {1000, 4000}, {2000, 5000}};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct traffic_reading *readings[3];
        struct traffic *traffic;
        char row[32];

        rig_renew();
        snprintf(row, sizeof row, "row %zu", i);
        traffic = begin(0, COUNTERS_WAITING);
        readings[0] = traffic_read(traffic);
        traffic_run(traffic);
        clock_warp(rows[i].took_ms);
        fake.n_answered = 2;
        readings[1] = traffic_read(traffic);
        CHECK(row, run_for(traffic, readings[1], 0));
        clock_warp(rows[i].serves_ms - 1);
        traffic_run(traffic);
        readings[2] = traffic_read(traffic);
        CHECK(row, readings[0] == readings[1] && readings[0] == readings[2]);
        CHECK_INT(row, fake.n_asked, 2);
        traffic_release(readings[0]);
        traffic_release(readings[1]);
        clock_warp(1);
        traffic_run(traffic);
        readings[1] = traffic_read(traffic);
        CHECK(row, !traffic_has_ended(readings[1]));
        CHECK_INT(row, traffic_n(readings[2]), N_VIFS); /* Who has it keeps it. */
        traffic_release(readings[1]);
        traffic_release(readings[2]);
        traffic_destroy(traffic);
        CHECK_INT(row, fake.n_open, 0);
    }
}

/* A reading that nobody waits for stops. */
static void test_abandoned(void **state)
{
    struct traffic *traffic = begin(0, COUNTERS_WAITING);
    struct traffic_reading *reading = traffic_read(traffic);

    (void)state;
    traffic_run(traffic);
    assert_int_equal(fake.n_open, 1);
    traffic_release(reading);
    traffic_run(traffic);
    assert_int_equal(fake.n_open, 0);
    traffic_destroy(traffic);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_ends),          RIG_TEST(test_text),    RIG_TEST(test_vifs_without_counters),
    RIG_TEST(test_without_ovsdb), RIG_TEST(test_sharing), RIG_TEST(test_abandoned),
};

int main(void)
{
    return RIG_MAIN(tests);
}
