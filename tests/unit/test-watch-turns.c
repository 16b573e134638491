/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher: checks many VIFs in many passes, so that the loop serves others in between. */

#include "engine-harness.h"

#include <stdio.h>
#include <string.h>

enum { N_VIFS = 8 };

/* They are a, b and so on. */
#define LAST_VIF ((char)('a' + N_VIFS - 1))

static struct fake_port *port(char vif)
{
    char name[8];

    snprintf(name, sizeof name, "vhu%c", vif);
    return fake_port(rig.ovs, name);
}

static void change(char vif, int mtu)
{
    port(vif)->mtu_request = mtu;
    fake_ovs_touch(rig.ovs, port(vif));
}

static void change_all(void)
{
    for (char vif = 'a'; vif <= LAST_VIF; vif++) {
        change(vif, 2000);
    }
}

static int n_told(void)
{
    int n = 0;

    for (const char *at = rig.events; (at = strstr(at, " drifted")); at++) {
        n++;
    }
    return n;
}

/* From here on, one check takes a whole pass. */
static void start(void)
{
    rig_watch();
    for (char vif = 'a'; vif <= LAST_VIF; vif++) {
        char id[] = {vif, '\0'};

        PLUGGED(.vif = id, .mtu = 1500);
    }
    rig_run(1000);
    rig.ovs->slow_ms = 1;
}

static void test_one_in_a_pass(void **state)
{
    (void)state;
    start();
    change_all();
    rig_pass();
    clock_warp(WATCH_DELAY_MS);
    for (int i = 1; i <= N_VIFS; i++) {
        CHECK_INT("wakes at once for the next", rig_pass() == 0, i < N_VIFS);
        CHECK_INT("one in a pass", n_told(), i);
    }
}

/* vswitchd starts: all VIFs are checked. */
static void test_vswitchd_starts(void **state)
{
    (void)state;
    start();
    rig.vswitchd->state = VSWITCHD_DEAD;
    rig_run(1000);
    told(rig.events);
    rig.vswitchd->state = VSWITCHD_ALIVE;
    rig_pass();
    clock_warp(WATCH_DELAY_MS);
    for (int i = 1; i < N_VIFS; i++) {
        CHECK("goes on", rig_pass() == 0);
    }
    CHECK("ends", rig_pass() != 0);
}

/* A VIF that changes all the time is checked again after those that were due before. */
static void test_first_due_first_checked(void **state)
{
    (void)state;
    start();
    change_all();
    rig_pass();
    clock_warp(WATCH_DELAY_MS);
    for (int i = 1; i <= N_VIFS; i++) {
        rig_pass();
        for (char vif = 'a'; vif <= LAST_VIF; vif++) {
            char drifted[16];

            snprintf(drifted, sizeof drifted, "%c drifted", vif);
            if (strstr(rig.events, drifted)) {
                change(vif, port(vif)->mtu_request == 1500 ? 2000 : 1500);
            }
        }
        clock_warp(WATCH_DELAY_MS);
        CHECK_INT("no second check yet", n_told(), i);
        CHECK("no second check yet", !strstr(rig.events, "changed"));
    }
}

/* An operation ends what there was to check. */
static void test_operation_in_between(void **state)
{
    (void)state;
    start();
    change('a', 2000);
    change('b', 2000);
    rig_pass();
    UNPLUG(.vif = "a", .wait = WAIT_COMMITTED);
    UNPLUG(.vif = "b", .wait = WAIT_COMMITTED);
    clock_warp(WATCH_DELAY_MS);
    rig_run(1000);
    CHECK_INT("is told once", n_told(), 0);
}

/* OVSDB goes away in between: what was not checked yet is checked when OVSDB is back. */
static void test_loss_in_between(void **state)
{
    (void)state;
    start();
    change_all();
    rig_pass();
    clock_warp(WATCH_DELAY_MS);
    rig_pass();
    CHECK_INT("one", n_told(), 1);
    fake_ovs_disconnect(rig.ovs, false);
    rig_run(1000);
    CHECK_INT("no more", n_told(), 1);
    CHECK("sleeps", rig_pass() != 0);
    fake_ovs_reconnect(rig.ovs);
    rig_run(1000);
    CHECK_INT("all", n_told(), N_VIFS);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_one_in_a_pass),           RIG_TEST(test_vswitchd_starts),
    RIG_TEST(test_first_due_first_checked), RIG_TEST(test_operation_in_between),
    RIG_TEST(test_loss_in_between),
};

int main(void)
{
    return RIG_MAIN(tests);
}
