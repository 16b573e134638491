/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/methods.h"

#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "daemon/checks.h"
#include "daemon/health.h"
#include "daemon/listing.h"
#include "daemon/metrics.h"
#include "daemon/stats.h"
#include "daemon/view.h"
#include "timeval.h"
#include "util.h"
#include "wire/reply.h"

/* plug, unplug, update. */
static char *handle_operation(struct dispatch *dispatch, const struct peer *peer,
                              const struct request *request, struct error *error)
{
    const struct asker asker = {.reply = dispatch->reply,
                                .aux = dispatch->aux,
                                .connection = peer->connection,
                                .owner = peer->uid,
                                .privileged = peer->privileged,
                                .client = peer->client};

    engine_submit(dispatch->engine, request, &asker, error);
    return NULL;
}

static char *handle_reap(struct dispatch *dispatch, const struct peer *peer,
                         const struct request *request, struct error *error)
{
    reaps_start(dispatch->reaps, request, peer, error);
    return NULL;
}

static char *handle_list(struct dispatch *dispatch, const struct peer *peer,
                         const struct request *request, struct error *error OVS_UNUSED)
{
    server_reply_in_pieces(dispatch->server, peer->connection,
                           listing_create(dispatch->env, dispatch->watch, request));
    return NULL;
}

static char *handle_subscribe(struct dispatch *dispatch, const struct peer *peer,
                              const struct request *request, struct error *error OVS_UNUSED)
{
    struct reply_subscription told;
    char *events = events_replay(dispatch->events, request->since_ms, &told);
    char *reply = reply_subscribed(request->id, &told);
    char *lines = xasprintf("%s%s", reply, events);

    server_subscribe(dispatch->server, peer->connection);
    free(reply);
    free(events);
    return lines;
}

static char *handle_describe(struct dispatch *dispatch OVS_UNUSED,
                             const struct peer *peer OVS_UNUSED, const struct request *request,
                             struct error *error OVS_UNUSED)
{
    return reply_describe(request->id);
}

static char *handle_get(struct dispatch *dispatch, const struct peer *peer,
                        const struct request *request, struct error *error OVS_UNUSED)
{
    server_reply_in_pieces(dispatch->server, peer->connection,
                           search_create(dispatch->env, dispatch->watch, request));
    return NULL;
}

static char *handle_stats(struct dispatch *dispatch, const struct peer *peer,
                          const struct request *request, struct error *error OVS_UNUSED)
{
    server_reply_in_pieces(
        dispatch->server, peer->connection,
        stats_create(dispatch->env, dispatch->watch, dispatch->counters, request));
    return NULL;
}

static char *handle_nics(struct dispatch *dispatch, const struct peer *peer,
                         const struct request *request, struct error *error OVS_UNUSED)
{
    server_reply_in_pieces(dispatch->server, peer->connection,
                           nics_create(dispatch->env, dispatch->nic_scanner, request->id));
    return NULL;
}

static char *handle_check(struct dispatch *dispatch, const struct peer *peer,
                          const struct request *request, struct error *error OVS_UNUSED)
{
    server_reply_in_pieces(dispatch->server, peer->connection,
                           checks_create(dispatch->checks, request->id));
    return NULL;
}

static char *handle_ops(struct dispatch *dispatch, const struct peer *peer,
                        const struct request *request, struct error *error OVS_UNUSED)
{
    server_reply_in_pieces(dispatch->server, peer->connection,
                           op_history_show(dispatch->op_history, dispatch->engine,
                                           (size_t)request->limit, peer->level == ACCESS_ALL,
                                           request->id));
    return NULL;
}

static char *handle_status(struct dispatch *dispatch, const struct peer *peer OVS_UNUSED,
                           const struct request *request, struct error *error OVS_UNUSED)
{
    const struct engine_env *env = dispatch->env;
    const struct engine_counters *c = engine_counters(dispatch->engine);
    const struct reply_counter counters[] = {
        {"vifs", (int64_t)ovs_n_vifs(env->ovs)},
        {"missing", (int64_t)watch_n_missing(dispatch->watch)},
        {"subscribers", (int64_t)server_n_subscribers(dispatch->server)},
        {"connections", (int64_t)server_n_connections(dispatch->server)},
        {"client_memory", (int64_t)server_memory(dispatch->server)},
        {"operations", (int64_t)engine_n_ops(dispatch->engine)},
        {"link_removals", (int64_t)link_remover_n(env->link_remover)},
        {"requests", (int64_t)dispatch->n_requests},
        {"plugs", (int64_t)c->plugs},
        {"unplugs", (int64_t)c->unplugs},
        {"updates", (int64_t)c->updates},
        {"failed", (int64_t)c->failed},
        {"undone", (int64_t)c->undone},
        {"transactions", (int64_t)c->transactions},
        {"batched_operations", (int64_t)c->batched},
    };
    const char *problems[HEALTH_PROBLEMS_MAX];
    struct ovs_globals globals;
    struct reply_status status;
    struct health health;

    ovs_globals(env->ovs, &globals);
    health_read_all(env, dispatch->watch, &health);
    for (size_t i = 0; i < health.n_problems; i++) {
        problems[i] = health.problems[i];
    }
    status = (struct reply_status){
        .version = VIFPLUG_VERSION,
        .uptime_s = (time_msec() - dispatch->started_ms) / 1000,
        .ovsdb_remote = ovs_remote(env->ovs),
        .ovsdb_connected = ovs_synced(env->ovs),
        .next_cfg = globals.next_cfg,
        .cur_cfg = globals.cur_cfg,
        .vswitchd_state = health.vswitchd,
        .unanswered_s = health.unanswered_ms / 1000,
        .vswitchd_pid = vswitchd_pid(env->vswitchd),
        .ovs_version = globals.ovs_version,
        .dpdk_version = globals.dpdk_version,
        .dpdk_initialized = health_dpdk_initialized(env, &globals),
        .offload = {.policy = offload_policy_names[env->offload->policy],
                    .enabled = env->offload->enabled,
                    .effect = offload_effect_name(offload_now(env->offload, env->vswitchd))},
        .counters = counters,
        .n_counters = ARRAY_SIZE(counters),
        .problems = problems,
        .n_problems = health.n_problems,
    };
    return reply_status(request->id, &status);
}

static char *handle_metrics(struct dispatch *dispatch, const struct peer *peer,
                            const struct request *request, struct error *error OVS_UNUSED)
{
    server_reply_in_pieces(dispatch->server, peer->connection,
                           metrics_stream_create(dispatch, request->id));
    return NULL;
}

static const struct {
    enum method_ovsdb ovsdb;
    char *(*handle)(struct dispatch *dispatch, const struct peer *peer,
                    const struct request *request, struct error *error);
} methods[] = {
#define METHOD_ROW(method, name, params, access, ovsdb, handle) [method] = {ovsdb, handle},
    METHODS(METHOD_ROW)
#undef METHOD_ROW
};

char *method_handle(struct dispatch *dispatch, const struct peer *peer,
                    const struct request *request, struct error *error)
{
    if (methods[request->method].ovsdb == NEEDS_OVSDB && !ovs_synced(dispatch->env->ovs)) {
        ovs_unavailable(dispatch->env->ovs, error);
        return NULL;
    }
    return methods[request->method].handle(dispatch, peer, request, error);
}
