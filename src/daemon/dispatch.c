/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/dispatch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "daemon/view.h"
#include "nic/nic-list.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"
#include "wire/reply-nics.h"
#include "wire/reply.h"
#include "wire/request.h"

VLOG_DEFINE_THIS_MODULE(dispatch);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(20, 40);

static bool permitted(const struct request *request, enum access_level level, struct error *error)
{
    if (level == ACCESS_ALL || (level == ACCESS_READ && request_is_read_only(request))) {
        return true;
    }
    return error_set(
        error, REASON_PERMISSION_DENIED, "",
        level == ACCESS_READ
            ? "Your user may only read here; have it added to 'allow' in vifplugd.conf to "
              "call %s."
            : "Your user may not use vifplugd; have it added to 'allow' or 'allow_read' "
              "in vifplugd.conf to call %s.",
        method_name(request->method));
}

static char *answer_record(const struct dispatch *dispatch, const char *id,
                           const struct record *record)
{
    const struct engine_env *env = dispatch->env;
    char sock_dir[2 * VIF_PATH_MAX];
    struct drift drift[DRIFT_MAX];
    struct view view;
    char *line;

    ovs_vhost_sock_dir(env->ovs, env->run_dir, sock_dir, sizeof sock_dir);
    view_init(&view, record, env->nic, sock_dir,
              view_state(record, env->boot_id, vswitchd_state(env->vswitchd)));
    view_add_drift(&view, drift, watch_drift(dispatch->watch, record, drift));
    line = reply_vif(id, &view.vif);
    view_destroy(&view);
    return line;
}

static char *answer_get(const struct dispatch *dispatch, const struct request *request,
                        struct error *error)
{
    struct record record;
    char *line;

    record_init(&record);
    if (!ovs_find_vif(dispatch->env->ovs, request->vif_id, &record)) {
        error_set(error, REASON_INVALID_REQUEST, "params.vif_id",
                  "VIF %s is not plugged; 'list' shows those that are.", request->vif_id);
        return NULL;
    }
    line = answer_record(dispatch, request->id, &record);
    record_destroy(&record);
    return line;
}

/* Shows each VF with who uses it: a VIF of ours, or a port that is not. */
struct nics {
    const struct dispatch *dispatch;
    struct reply_nics *reply;
};

static void show_pf(const struct nic_pf_view *pf, void *nics_)
{
    struct nics *nics = nics_;

    reply_nics_add_pf(nics->reply, pf);
}

static void show_vf(const struct nic_pf_view *pf, const struct nic_vf_view *vf, void *nics_)
{
    struct nics *nics = nics_;
    struct nic_vf_view view = *vf;
    struct record owner;

    record_init(&owner);
    if (vf->vf_num >= 0 &&
        ovs_find_vf_owner(nics->dispatch->env->ovs, &pf->pf, vf->vf_num, NULL, &owner)) {
        view.vif_id = owner.spec.vif_id;
        view.port = owner.ours ? NULL : owner.spec.port;
    }
    reply_nics_add_vf(nics->reply, &view);
    record_destroy(&owner);
}

static char *answer_nics(const struct dispatch *dispatch, const struct request *request)
{
    struct nics nics = {.dispatch = dispatch, .reply = reply_nics_new()};
    const struct nic_visitor visitor = {.pf = show_pf, .vf = show_vf, .aux = &nics};

    if (!nics.reply) {
        return NULL;
    }
    nic_list(dispatch->env->nic, &visitor);
    return reply_nics_finish(nics.reply, request->id);
}

static char *answer_status(const struct dispatch *dispatch, const struct request *request)
{
    const struct engine_env *env = dispatch->env;
    const struct engine_counters *c = engine_counters(dispatch->engine);
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"vifs", ovs_n_vifs(env->ovs)},
        {"subscribers", server_n_subscribers(dispatch->server)},
        {"connections", server_n_connections(dispatch->server)},
        {"operations", engine_n_ops(dispatch->engine)},
        {"requests", dispatch->n_requests},
        {"plugs", c->plugs},
        {"unplugs", c->unplugs},
        {"updates", c->updates},
        {"failed", c->failed},
        {"undone", c->undone},
        {"transactions", c->transactions},
        {"batched_operations", c->batched},
    };
    char numbers[ARRAY_SIZE(values)][24];
    struct reply_pair counters[ARRAY_SIZE(values)];
    struct ovs_globals globals;
    struct reply_status status;

    ovs_globals(env->ovs, &globals);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        snprintf(numbers[i], sizeof numbers[i], "%" PRIu64, values[i].value);
        counters[i] = (struct reply_pair){values[i].name, numbers[i]};
    }
    status = (struct reply_status){
        .version = VIFPLUG_VERSION,
        .uptime_s = (time_msec() - dispatch->started_ms) / 1000,
        .ovsdb_remote = ovs_remote(env->ovs),
        .ovsdb_connected = ovs_synced(env->ovs),
        .next_cfg = globals.next_cfg,
        .cur_cfg = globals.cur_cfg,
        .vswitchd_state = vswitchd_state_name(vswitchd_state(env->vswitchd)),
        .vswitchd_pid = vswitchd_pid(env->vswitchd),
        .ovs_version = globals.ovs_version,
        .dpdk_version = globals.dpdk_version,
        .dpdk_initialized =
            globals.dpdk_initialized && vswitchd_state(env->vswitchd) != VSWITCHD_DEAD,
        .offload = {.policy = offload_policy_names[env->offload->policy],
                    .enabled = env->offload->enabled,
                    .effect = offload_effect_name(offload_now(env->offload, env->vswitchd))},
        .counters = counters,
        .n_counters = ARRAY_SIZE(values),
    };
    return reply_status(request->id, &status);
}

/* Answers what can be answered at once; NULL with *error filled where that is an error, NULL with
 * *submitted where an operation will answer. */
static char *handle(struct dispatch *dispatch, uint64_t connection, const struct request *request,
                    bool *submitted, struct error *error)
{
    switch (request->method) {
    case METHOD_PLUG:
    case METHOD_UNPLUG:
    case METHOD_UPDATE:
        *submitted = engine_submit(dispatch->engine, request,
                                   &(struct asker){.reply = dispatch->reply,
                                                   .aux = dispatch->aux,
                                                   .connection = connection},
                                   error);
        return NULL;
    case METHOD_STATUS:
        return answer_status(dispatch, request);
    case METHOD_DESCRIBE:
        return reply_describe(request->id);
    case METHOD_NICS:
        return answer_nics(dispatch, request);
    case METHOD_SUBSCRIBE:
        server_subscribe(dispatch->server, connection);
        return reply_subscribed(request->id);
    default:
        break;
    }
    if (!ovs_synced(dispatch->env->ovs)) {
        error_set(
            error, REASON_SWITCH_UNAVAILABLE, "",
            "OVSDB at %s cannot be reached, so the VIFs are not known; start ovsdb-server and "
            "try again.",
            ovs_remote(dispatch->env->ovs));
        return NULL;
    }
    if (request->method == METHOD_REAP) {
        *submitted = reaps_start(dispatch->reaps, request, connection, error);
        return NULL;
    }
    if (request->method == METHOD_LIST) {
        listings_add(dispatch->listings, request->id, connection);
        *submitted = true;
        return NULL;
    }
    return answer_get(dispatch, request, error);
}

void dispatch_line(struct dispatch *dispatch, uint64_t connection, enum access_level level,
                   const char *line, size_t length)
{
    struct request request;
    struct error error = {.reason = REASON_NONE};
    bool submitted = false;
    char *answer = NULL;

    dispatch->n_requests++;
    if (request_parse(line, length, &request, &error) && permitted(&request, level, &error)) {
        answer = handle(dispatch, connection, &request, &submitted, &error);
    }
    request_destroy(&request);
    if (submitted) {
        return;
    }
    if (!answer && error.reason == REASON_NONE) {
        error_set(&error, REASON_INTERNAL, "", "Out of memory; try again later.");
    }
    if (error.reason != REASON_NONE) {
        VLOG_INFO_RL(&rl, "request refused: %s: %s", reason_name(error.reason), error.message);
        answer = reply_error(request.id, request.vif_id, &error);
    }
    if (answer) {
        server_reply(dispatch->server, connection, answer, false);
    }
}
