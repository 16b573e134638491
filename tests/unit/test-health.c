/* SPDX-License-Identifier: Apache-2.0 */
/* What status says of OVSDB and ovs-vswitchd. */

#include "daemon/health.h"

#include "engine-harness.h"

#include "timeval.h"

static const struct {
    const char *what;
    bool disconnected;
    enum vswitchd_state vswitchd;
    const char *pidfile_error;
    bool stopped;
    bool elsewhere;
    bool dpdk_starts;
    enum offload_policy offload;
    int starting_ms; /* 0: it is not starting. */
    int unanswered_ms;
    int ovsdb_unanswered_ms;
    const char *shown;
    const char *problems[2];
} healths[] = {
    {.what = "well", .shown = "alive"},
    {.what = "at work", .unanswered_ms = 4999, .shown = "alive"},
    {.what = "hung",
     .unanswered_ms = 5000,
     .shown = "hung",
     .problems = {"has answered nothing for 5 s (next_cfg is"}},
    {.what = "DPDK starts", .dpdk_starts = true, .unanswered_ms = 64999, .shown = "alive"},
    {.what = "DPDK does not start",
     .dpdk_starts = true,
     .unanswered_ms = 65000,
     .shown = "hung",
     .problems = {"has answered nothing for 65 s"}},
    {.what = "starts", .starting_ms = 60000, .unanswered_ms = 60000, .shown = "alive"},
    {.what = "starts, and is asked later",
     .starting_ms = 40000,
     .unanswered_ms = 20000,
     .shown = "alive"},
    {.what = "does not start",
     .starting_ms = 65000,
     .unanswered_ms = 65000,
     .shown = "hung",
     .problems = {"has answered nothing for 65 s"}},
    {.what = "hung, long after a start without a new next_cfg",
     .starting_ms = 3600000,
     .unanswered_ms = 5000,
     .shown = "hung",
     .problems = {"has answered nothing for 5 s"}},
    {.what = "stopped",
     .stopped = true,
     .shown = "hung",
     .problems = {"ovs-vswitchd (pid 42) is stopped by a signal or a debugger; continue"}},
    {.what = "in another network namespace",
     .elsewhere = true,
     .shown = "alive",
     .problems = {"vifplugd is in another network namespace than ovs-vswitchd, so it cannot"}},
    {.what = "dead",
     .vswitchd = VSWITCHD_DEAD,
     .unanswered_ms = 9000,
     .shown = "dead",
     .problems = {"ovs-vswitchd is not running; start it."}},
    {.what = "unknown",
     .vswitchd = VSWITCHD_UNKNOWN,
     .shown = "unknown",
     .problems = {"no pidfile in /run/vhost"}},
    {.what = "unknown, with a pidfile that cannot be read",
     .vswitchd = VSWITCHD_UNKNOWN,
     .pidfile_error = "Permission denied",
     .shown = "unknown",
     .problems = {"vifplugd cannot read ovs-vswitchd.pid in /run/vhost (Permission denied), so"}},
    {.what = "answers, beside a pidfile that cannot be read",
     .pidfile_error = "Permission denied",
     .shown = "alive"},
    {.what = "no OVSDB", .disconnected = true, .shown = "alive", .problems = {"cannot be reached"}},
    {.what = "OVSDB at work", .ovsdb_unanswered_ms = 4999, .shown = "alive"},
    {.what = "OVSDB hangs",
     .ovsdb_unanswered_ms = 5000,
     .shown = "alive",
     .problems = {"is connected and has not replied to a transaction for 5 s"}},
    {.what = "OVSDB hung, and has gone",
     .disconnected = true,
     .ovsdb_unanswered_ms = 9000,
     .shown = "alive",
     .problems = {"cannot be reached"}},
    {.what = "without DPDK",
     .dpdk_starts = true,
     .shown = "alive",
     .problems = {"DPDK is not initialised, so representors"}},
    {.what = "without offload",
     .offload = OFFLOAD_REQUIRE,
     .shown = "alive",
     .problems = {"Hardware offload is required (ensure_hw_offload) and not in effect"}},
    {.what = "nothing at all",
     .disconnected = true,
     .vswitchd = VSWITCHD_DEAD,
     .shown = "dead",
     .problems = {"cannot be reached", "is not running"}},
};

static void test_health(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(healths); i++) {
        struct health health;

        rig.settings.vswitchd_grace_ms = 60000;
        rig.ovs->synced = !healths[i].disconnected;
        rig.ovs->unanswered_ms = healths[i].ovsdb_unanswered_ms;
        rig.ovs->globals.dpdk_wanted = true;
        rig.ovs->globals.dpdk_initialized = !healths[i].dpdk_starts;
        rig.env.offload->policy = healths[i].offload;
        rig.vswitchd->state = healths[i].vswitchd;
        rig.vswitchd->pidfile_error = healths[i].pidfile_error;
        rig.vswitchd->pid = 42;
        rig.vswitchd->stopped = healths[i].stopped;
        rig.vswitchd->elsewhere = healths[i].elsewhere;
        rig.vswitchd->starting = healths[i].starting_ms > 0;
        rig.vswitchd->starting_since = time_msec() - healths[i].starting_ms;
        rig.vswitchd->unanswered_ms = healths[i].unanswered_ms;
        health_read(&rig.env, &health);
        CHECK_STR(healths[i].what, health.vswitchd, healths[i].shown);
        CHECK_INT(healths[i].what, health.n_problems,
                  (healths[i].problems[0] != NULL) + (healths[i].problems[1] != NULL));
        for (size_t k = 0; k < N(healths[i].problems); k++) {
            if (healths[i].problems[k]) {
                CHECK_HAS(healths[i].what, health.problems[k], healths[i].problems[k]);
            }
        }
    }
}

/* A port that makes vswitchd try again to make its socket, until it is removed or vswitchd has
 * ended. */
static void test_failed_socket(void **state)
{
    struct fake_port *port = fake_add_port(rig.ovs, "vhua", "br0", "dpdkvhostuser");
    struct health health;

    (void)state;
    health_read(&rig.env, &health);
    assert_int_equal(health.n_problems, 0);
    fake_port_say(port, -1, 0, "could not open network device vhua (Unknown error -1)");
    sset_add(&rig.ovs->failed_sockets, "vhua");
    health_read(&rig.env, &health);
    assert_int_equal(health.n_problems, 1);
    CHECK_HAS("failed", health.problems[0], "failed to make the socket of port vhua; restart it");
    rig.vswitchd->stopped = true;
    rig.ovs->synced = false;
    health_read(&rig.env, &health);
    assert_int_equal(health.n_problems, 3);
    rig.vswitchd->stopped = false;
    rig.ovs->synced = true;
    rig.vswitchd->state = VSWITCHD_DEAD;
    health_read(&rig.env, &health);
    CHECK_HAS("dead", health.problems[0], "is not running");
    assert_int_equal(health.n_problems, 1);
    rig.vswitchd->state = VSWITCHD_ALIVE;
    fake_remove_port(rig.ovs, "vhua");
    health_read(&rig.env, &health);
    assert_int_equal(health.n_problems, 0);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_health),
    RIG_TEST(test_failed_socket),
};

int main(void)
{
    return RIG_MAIN(tests);
}
