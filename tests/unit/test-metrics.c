/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of the switch, beside VIFs. */

#include "daemon/metrics.h"

#include "engine-harness.h"

#include <stdio.h>
#include <string.h>

#include "daemon/health.h"
#include "util.h"
#include "wire/reply-metrics.h"

/* --- Counters of ports: nobody asks for them here. --- */

struct counters_question *ovs_counters_ask(struct ovs_counters *counters OVS_UNUSED,
                                           const char *const *vif_ids OVS_UNUSED,
                                           size_t n OVS_UNUSED)
{
    return NULL;
}

enum counters_state ovs_counters_state(const struct counters_question *question OVS_UNUSED,
                                       struct error *error OVS_UNUSED)
{
    return COUNTERS_WAITING;
}

const struct port_counters *ovs_counters_of(const struct counters_question *question OVS_UNUSED,
                                            size_t i OVS_UNUSED)
{
    return NULL;
}

void ovs_counters_drop(struct counters_question *question OVS_UNUSED)
{
}

/* --- The server of the API, without clients. --- */

size_t server_n_connections(const struct server *server OVS_UNUSED)
{
    return 0;
}

size_t server_n_subscribers(const struct server *server OVS_UNUSED)
{
    return 0;
}

size_t server_memory(const struct server *server OVS_UNUSED)
{
    return 0;
}

/* --- The reply to the method `metrics`: the text is made without it. --- */

struct reply_metrics *reply_metrics_new(const char *id OVS_UNUSED)
{
    return NULL;
}

void reply_metrics_add(struct reply_metrics *metrics OVS_UNUSED, const char *text OVS_UNUSED)
{
}

char *reply_metrics_take(struct reply_metrics *metrics OVS_UNUSED)
{
    return NULL;
}

char *reply_metrics_finish(struct reply_metrics *metrics OVS_UNUSED)
{
    return NULL;
}

/* --- The tests. --- */

/* The value of vifplug_problems; -1 if there is none. */
static int shown_problems(void)
{
    static const char sample[] = "\nvifplug_problems ";
    struct dispatch dispatch = {
        .env = &rig.env,
        .watch = rig.watch,
        .op_log = op_log_create(NULL),
        .traffic = traffic_create(&rig.env, NULL),
    };
    struct metrics *metrics = metrics_create(&dispatch);
    struct ds text = DS_EMPTY_INITIALIZER;
    const char *at = NULL;
    int value = -1;

    /* The pieces of the process and of the switch. */
    for (int piece = 0; piece < 2; piece++) {
        metrics_next(metrics, &text);
    }
    at = strstr(ds_cstr(&text), sample);
    if (at) {
        value = at[sizeof sample - 1] - '0';
    }
    ds_destroy(&text);
    metrics_destroy(metrics);
    traffic_destroy(dispatch.traffic);
    op_log_destroy(dispatch.op_log);
    return value;
}

static void check_problems(const char *what, int wanted)
{
    struct health health;

    health_read_all(&rig.env, rig.watch, &health);
    CHECK_INT(what, (int)health.n_problems, wanted);
    CHECK_INT(what, shown_problems(), wanted);
}

/* As many as status has, also of VIFs. */
static void test_problems(void **state)
{
    struct health health;

    (void)state;
    rig_watch();
    PLUGGED(.vif = "a", .vf = 4);
    PLUGGED(.vif = "b", .vf = 5);
    check_problems("well", 0);
    fake_port_say(fake_port(rig.ovs, "vfra"), -1, 1500, "no such VF");
    fake_ovs_touch(rig.ovs, fake_port(rig.ovs, "vfra"));
    rig_run(250);
    check_problems("one has failed", 1);
    fake_remove_port(rig.ovs, "vfrb");
    rig_run(250);
    check_problems("one is missing, too", 1);
    health_read_all(&rig.env, rig.watch, &health);
    CHECK_HAS("told", health.problems[0], "1 failed and 1 are missing");
    rig.vswitchd->state = VSWITCHD_DEAD;
    check_problems("and ovs-vswitchd has gone", 2);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_problems),
};

int main(void)
{
    return RIG_MAIN(tests);
}
