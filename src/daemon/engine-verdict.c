/* Verdicts: what vswitchd has made of a port. Nothing here polls: the rows are looked at when OVSDB
 * says that they changed, and cur_cfg says when vswitchd has seen what we wrote. */

#include "daemon/engine-private.h"

#include <string.h>

#include "timeval.h"
#include "util.h"

/* vswitchd refreshes mtu in a transaction of its own after a change in place, some 100 ms later. */
#define SETTLE_MS 500

/* Debian builds DPDK with RTE_MAX_ETHPORTS=32. */
enum { DPDK_PORTS_MAX = 32 };

static void count_dpdk(const struct record *record, void *n_)
{
    size_t *n = n_;

    *n += !strcmp(record->spec.type, "dpdk") && record->ofport > 0;
}

/* What may be behind vswitchd's words, and the next step. */
static const char *advice(const struct engine *engine, const struct op *op, const char *words)
{
    size_t n_dpdk = 0;

    if (strstr(words, "already in use")) {
        return "find the port that has the device with ovs-vsctl and remove it";
    }
    if (strstr(words, "Error attaching device")) {
        ovs_for_each_vif(engine->env.ovs, count_dpdk, &n_dpdk);
        if (n_dpdk + 1 >= DPDK_PORTS_MAX - 1) {
            return "DPDK may have run out of ports (Debian builds it for 32 in all); unplug some "
                   "VIFs "
                   "or rebuild DPDK with a larger RTE_MAX_ETHPORTS";
        }
        return "check that vswitchd's DPDK knows the PF (dpdk-extra) and that the VF is enabled; "
               "ovs-vswitchd.log has the driver's words";
    }
    if (strstr(words, "Address family not supported") && !op->plan.spec.port[0]) {
        return "enable DPDK in OVS (other_config:dpdk-init=true)";
    }
    if (strstr(words, "Address family not supported")) {
        return "check that ovs-vswitchd was built with DPDK and that other_config:dpdk-init is "
               "true";
    }
    return "see ovs-vswitchd.log for more";
}

static enum verdict not_realized(const struct engine *engine, const struct op *op,
                                 const struct record *record, struct error *error)
{
    const char *words = record->error ? record->error : "ofport is -1";

    error_set(error, REASON_NOT_REALIZED, "", "ovs-vswitchd could not make port %s (%.200s); %s.",
              record->spec.port, words, advice(engine, op, words));
    error_detail(error, "%s", words);
    return VERDICT_FAILED;
}

/* The port is up, but with another MTU than was asked for: wait for the refresh, have vswitchd look
 * again (an MTU that the device refused shows as an error only then), and believe it at last. */
static enum verdict check_mtu(struct op *op, const struct record *record, struct error *error)
{
    if (op->settle_until == 0) {
        op->settle_until = time_msec() + SETTLE_MS;
    }
    if (time_msec() < op->settle_until) {
        return VERDICT_PENDING;
    }
    if (!op->looked_again) {
        return VERDICT_LOOK_AGAIN;
    }
    error_set(error, REASON_NOT_REALIZED, vif_field_path(&op->request.vif, VIF_FIELD_MTU),
              "ovs-vswitchd runs port %s at MTU %d, not at %d; ask for an MTU that the NIC and OVS "
              "support.",
              record->spec.port, record->mtu, op->goal.mtu_request);
    error_detail(error, "mtu %d, mtu_request %d", record->mtu, op->goal.mtu_request);
    return VERDICT_FAILED;
}

static enum verdict judge_plug(const struct engine *engine, struct op *op,
                               const struct record *record, struct error *error)
{
    if (record_failed(record)) {
        if (op->goal.vf_mac_optional && smap_get(&op->goal.options, "dpdk-vf-mac")) {
            return VERDICT_WITHOUT_MAC;
        }
        return not_realized(engine, op, record, error);
    }
    if (record->ofport == 0) {
        return VERDICT_PENDING;
    }
    /* A vhost-user port has no MTU (0) until its guest connects, and then the one asked for. */
    if (op->goal.mtu_request && record->mtu != op->goal.mtu_request &&
        !(op->goal.kind == VIF_KIND_VHOST_USER && record->mtu == 0)) {
        return check_mtu(op, record, error);
    }
    return VERDICT_DONE;
}

static enum verdict judge_row(const struct engine *engine, struct op *op,
                              const struct record *record, struct error *error)
{
    if (!record->ours || strcmp(record->spec.vif_id, op->request.vif_id)) {
        error_set(
            error, REASON_NOT_REALIZED, "",
            "Port %s was removed or taken over by somebody else while it was being plugged; find "
            "out who did (ovsdb-tool show-log) and plug again.",
            op->goal.port);
        return VERDICT_FAILED;
    }
    if (op->plan.action == ACTION_REPLACE) {
        return VERDICT_NEXT_STEP;
    }
    return op->undoing ? VERDICT_DONE : judge_plug(engine, op, record, error);
}

enum verdict engine_verdict(struct engine *engine, struct op *op, struct error *error)
{
    const char *port = op->undoing ? op->plan.spec.port : op->goal.port;
    struct ovs_globals globals;
    struct record record;
    enum verdict verdict;

    if (!ovs_synced(engine->env.ovs)) {
        return VERDICT_PENDING;
    }
    ovs_globals(engine->env.ovs, &globals);
    if (globals.cur_cfg < op->target_cfg) {
        return VERDICT_PENDING;
    }
    if (op->plan.action == ACTION_DELETE) {
        return VERDICT_DONE;
    }
    record_init(&record);
    ovs_find_port(engine->env.ovs, port, &record);
    verdict = judge_row(engine, op, &record, error);
    record_destroy(&record);
    return verdict;
}
