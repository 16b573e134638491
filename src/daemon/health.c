/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* An ovsdb-server that works replies within milliseconds, or a second while it compacts its file.
 * A vswitchd that works answers a next_cfg within milliseconds, or within a second or two if a
 * device is slow to probe. */
enum { HUNG_MS = 5000 };

static void add_problem(struct health *health, enum health_subject subject, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add_problem(struct health *health, enum health_subject subject, const char *format, ...)
{
    va_list args;

    health->subjects[health->n_problems] = subject;
    va_start(args, format);
    vsnprintf(health->problems[health->n_problems++], HEALTH_PROBLEM_LEN, format, args);
    va_end(args);
}

const char *health_problem(const struct health *health, enum health_subject subject)
{
    for (size_t i = 0; i < health->n_problems; i++) {
        if (health->subjects[i] == subject) {
            return health->problems[i];
        }
    }
    return NULL;
}

bool health_dpdk_initialized(const struct engine_env *env, const struct ovs_globals *globals)
{
    return globals->dpdk_initialized && vswitchd_state(env->vswitchd) != VSWITCHD_DEAD &&
           !vswitchd_is_starting(env->vswitchd);
}

/* How long vswitchd may take to answer. The start of DPDK takes long; one whose start we saw has
 * that time from then on, and not from a later question. */
static int64_t patience_ms(const struct engine_env *env, const struct ovs_globals *globals,
                           int64_t unanswered_ms)
{
    int64_t idle_ms = MAX(vswitchd_starting_ms(env->vswitchd) - unanswered_ms, 0);
    int64_t grace_ms = MAX(env->settings->vswitchd_grace_ms - idle_ms, 0);
    bool starts_dpdk = globals->dpdk_wanted && !health_dpdk_initialized(env, globals);

    return HUNG_MS + (starts_dpdk ? grace_ms : 0);
}

static void judge_alive(const struct engine_env *env, const struct ovs_globals *globals,
                        struct health *health)
{
    if (vswitchd_is_stopped(env->vswitchd)) {
        health->vswitchd = "hung";
        add_problem(health, HEALTH_VSWITCHD,
                    "ovs-vswitchd (pid %ld) is stopped by a signal or a debugger; continue it "
                    "with kill -CONT %ld, or restart it.",
                    (long)vswitchd_pid(env->vswitchd), (long)vswitchd_pid(env->vswitchd));
    } else if (health->unanswered_ms >= patience_ms(env, globals, health->unanswered_ms)) {
        health->vswitchd = "hung";
        add_problem(health, HEALTH_VSWITCHD,
                    "ovs-vswitchd runs and has answered nothing for %" PRId64
                    " s (next_cfg is %" PRId64 ", cur_cfg %" PRId64
                    "); see ovs-vswitchd.log for what it waits for, and restart it if it hangs.",
                    health->unanswered_ms / 1000, globals->next_cfg, globals->cur_cfg);
    } else if (vswitchd_is_elsewhere(env->vswitchd)) {
        add_problem(health, HEALTH_VSWITCHD,
                    "vifplugd is in another network namespace than ovs-vswitchd, so it cannot make "
                    "links, and sees neither them nor which sockets guests use; run its container "
                    "with the host's network.");
    }
}

static void explain_unknown(const struct engine_env *env, struct health *health)
{
    const char *error = vswitchd_pidfile_error(env->vswitchd);

    if (error) {
        add_problem(health, HEALTH_VSWITCHD,
                    "vifplugd cannot read ovs-vswitchd.pid in %s (%s), so it does not know whether "
                    "ovs-vswitchd runs until that answers a next_cfg; give vifplugd's user access "
                    "to that file.",
                    env->run_dir, error);
    } else {
        add_problem(health, HEALTH_VSWITCHD,
                    "ovs-vswitchd has no pidfile in %s and has answered no next_cfg yet; start it, "
                    "or set run_dir in vifplugd.conf to its run directory.",
                    env->run_dir);
    }
}

static void judge_sockets(const struct engine_env *env, struct health *health)
{
    const char *port = ovs_port_without_socket(env->ovs);

    if (port) {
        add_problem(
            health, HEALTH_SOCKETS,
            "ovs-vswitchd has failed to make the socket of port %s; restart it soon, and do "
            "not remove the file before it has ended: at each change of a port it tries "
            "again, and then closes another of its files, or hangs.",
            port);
    }
}

/* What the ports of VIFs need. While vswitchd starts, or has something to do, it may still come. */
static void judge_dpdk(const struct engine_env *env, const struct ovs_globals *globals,
                       struct health *health)
{
    bool at_work = vswitchd_is_starting(env->vswitchd) || health->unanswered_ms > 0;
    enum offload_effect effect = offload_now(env->offload, env->vswitchd);

    if (!ovs_synced(env->ovs) || at_work) {
        return;
    }
    if (globals->dpdk_wanted && !globals->dpdk_initialized) {
        add_problem(health, HEALTH_DPDK,
                    "DPDK is not initialised, so representors and vhost-user ports fail; see 'EAL' "
                    "in ovs-vswitchd.log for the reason, and restart ovs-vswitchd.");
    }
    if (env->offload->policy == OFFLOAD_REQUIRE &&
        (effect == OFFLOAD_NO || effect == OFFLOAD_RESTART_REQUIRED)) {
        add_problem(health, HEALTH_OFFLOAD,
                    "Hardware offload is required (ensure_hw_offload) and not in effect, so plugs "
                    "of representors are refused; set other_config:hw-offload=true, and restart "
                    "ovs-vswitchd.");
    }
}

void health_read(const struct engine_env *env, struct health *health)
{
    enum vswitchd_state state = vswitchd_state(env->vswitchd);
    struct ovs_globals globals;
    struct error error;

    *health = (struct health){.vswitchd = vswitchd_state_name(state)};
    ovs_globals(env->ovs, &globals);
    if (!ovs_synced(env->ovs)) {
        ovs_unavailable(env->ovs, &error);
        add_problem(health, HEALTH_OVSDB, "%s", error.message);
    } else if (ovs_unanswered_ms(env->ovs) >= HUNG_MS) {
        add_problem(health, HEALTH_OVSDB,
                    "OVSDB at %s is connected and has not replied to a transaction for %" PRId64
                    " s; check whether ovsdb-server is stopped or its disk hangs.",
                    ovs_remote(env->ovs), ovs_unanswered_ms(env->ovs) / 1000);
    }
    switch (state) {
    case VSWITCHD_ALIVE:
        health->unanswered_ms = vswitchd_unanswered_ms(env->vswitchd);
        judge_alive(env, &globals, health);
        judge_sockets(env, health);
        judge_dpdk(env, &globals, health);
        break;
    case VSWITCHD_DEAD:
        add_problem(health, HEALTH_VSWITCHD, "ovs-vswitchd is not running; start it.");
        break;
    case VSWITCHD_UNKNOWN:
        explain_unknown(env, health);
        break;
    }
}

void health_read_all(const struct engine_env *env, const struct watch *watch, struct health *health)
{
    size_t n_failed = watch_n_failed(watch);
    size_t n_missing = watch_n_missing(watch);

    health_read(env, health);
    if (n_failed > 0 || n_missing > 0) {
        add_problem(
            health, HEALTH_VIFS,
            "Of the VIFs, %zu failed and %zu are missing; run 'vifctl check' for what to do.",
            n_failed, n_missing);
    }
}
