/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts: what vswitchd has made of a port. Nothing here polls: the rows are looked at when OVSDB
 * says that they changed, and cur_cfg says when vswitchd has seen what we wrote. */

#include "engine/engine-private.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/keys.h"
#include "engine/hand-over.h"
#include "plan/kind.h"
#include "timeval.h"
#include "util.h"

/* What has become of a port. */
enum verdict {
    VERDICT_PENDING,
    VERDICT_DONE,
    VERDICT_NEXT_STEP,       /* This step is done, and there is another. */
    VERDICT_LOOK_AGAIN,      /* vswitchd has to look at the port once more... */
    VERDICT_LOOK_FOR_DEVICE, /* ...since its device is being handed over. */
    VERDICT_WITHOUT_MAC,     /* Failed, but dpdk-vf-mac can be left out. */
    VERDICT_FAILED           /* *error says why. */
};

/* vswitchd refreshes mtu in a transaction of its own after a change in place, some 100 ms later. */
#define SETTLE_MS 500

/* From how many rows on DPDK may have no more ports: Debian builds it with RTE_MAX_ETHPORTS=32, and
 * PFs take some, with rows of their own or without. */
enum { DPDK_ROWS_FULL = 30 };

/* What may be behind vswitchd's error text, and the next step. */
static const char *advice(const struct engine *engine, const char *error_text)
{
    if (strstr(error_text, "already in use")) {
        return "find the port that has the device with ovs-vsctl and remove it";
    }
    if (strstr(error_text, "Error attaching device")) {
        if (ovs_n_dpdk_ports(engine->env.ovs) >= DPDK_ROWS_FULL) {
            return "DPDK may have run out of ports (Debian builds it for 32 in all); unplug some "
                   "VIFs "
                   "or rebuild DPDK with a larger RTE_MAX_ETHPORTS";
        }
        return "check that vswitchd's DPDK knows the PF (dpdk-extra) and that the VF is enabled; "
               "ovs-vswitchd.log has the driver's error text";
    }
    if (strstr(error_text, "Address family not supported")) {
        return "check that ovs-vswitchd was built with DPDK and that other_config:dpdk-init is "
               "true";
    }
    return "see ovs-vswitchd.log for more";
}

static enum verdict not_realized(const struct engine *engine, const struct record *record,
                                 struct error *error)
{
    const char *error_text = record->error ? record->error : "ofport is -1";

    error_set(error, REASON_NOT_REALIZED, "", "ovs-vswitchd could not make port %s (%.200s); %s.",
              record->spec.port, error_text, advice(engine, error_text));
    error_detail(error, "%s", error_text);
    return VERDICT_FAILED;
}

/* Whether the time has passed that vswitchd is given to refresh what it tells about a port. */
static bool has_settled(struct op *op)
{
    if (op->realizing.settle_until == 0) {
        op->realizing.settle_until = time_msec() + SETTLE_MS;
    }
    if (time_msec() >= op->realizing.settle_until) {
        return true;
    }
    op->realizing.judge_at = op->realizing.settle_until;
    return false;
}

bool engine_awaits_device(const struct engine *engine, const struct record *record)
{
    const struct port_spec *spec = &record->spec;
    char name[PORT_NAME_MAX + 1];
    struct record holder;
    bool pending;

    if (!hand_over_parse(record->error, name)) {
        return false;
    }
    if (spec->has_vf &&
        ovs_find_vf_owner(engine->env.ovs, &spec->pf, spec->vf_num, spec->vif_id, &holder)) {
        record_destroy(&holder);
        return false;
    }
    if (!ovs_find_port(engine->env.ovs, name, &holder)) {
        return hand_over_is_pending(spec, NULL);
    }
    pending = hand_over_is_pending(spec, &holder.spec);
    record_destroy(&holder);
    return pending;
}

/* The port has failed. If that is since its device is being handed over, vswitchd is made to look
 * again, a little later each time. VERDICT_FAILED: it is not, or has taken too long. */
static enum verdict judge_device(const struct engine *engine, struct op *op,
                                 const struct record *record)
{
    int pause_ms = hand_over_pause_ms(op->realizing.hand_over.n_looks);
    long long int now = time_msec();

    if (!engine_awaits_device(engine, record)) {
        return VERDICT_FAILED;
    }
    if (!op->realizing.hand_over.until) {
        op->realizing.hand_over.until =
            op->deadline; /* That of the commit; each look has a new one. */
    }
    if (pause_ms < 0 || now >= op->realizing.hand_over.until) {
        return VERDICT_FAILED;
    }
    if (!op->realizing.hand_over.next_at) {
        op->realizing.hand_over.next_at = now + pause_ms;
    }
    if (now >= op->realizing.hand_over.next_at) {
        return VERDICT_LOOK_FOR_DEVICE;
    }
    op->realizing.judge_at = MIN(op->realizing.hand_over.next_at, op->realizing.hand_over.until);
    return VERDICT_PENDING;
}

/* The port is up, but with another MTU than was asked for. OVS takes one above its own maximum
 * without a word, so the difference is all there is to see. */
static enum verdict wrong_mtu(struct op *op, const struct record *record, struct error *error)
{
    if (!has_settled(op)) {
        return VERDICT_PENDING;
    }
    if (!op->realizing.looked_again) {
        return VERDICT_LOOK_AGAIN;
    }
    error_set(error, REASON_NOT_REALIZED, vif_field_path(&op->request.vif, VIF_FIELD_MTU),
              "ovs-vswitchd runs port %s at MTU %d, not at %d; ask for an MTU that the NIC and OVS "
              "support.",
              record->spec.port, record->mtu, op->goal.mtu_request);
    error_detail(error, "mtu %d, mtu_request %d", record->mtu, op->goal.mtu_request);
    return VERDICT_FAILED;
}

/* The port has an ofport and no error, but not the VF's MAC: a driver that knows no such operation
 * leaves a port that carries nothing, and status:dpdk-vf-mac alone tells. */
static enum verdict wrong_vf_mac(struct op *op, const struct record *record, struct error *error)
{
    if (!has_settled(op)) {
        return VERDICT_PENDING;
    }
    if (op->goal.vf_mac_optional) {
        return VERDICT_WITHOUT_MAC;
    }
    error_set(error, REASON_NOT_REALIZED, "",
              "ovs-vswitchd could not give the VF of port %s the MAC %s; use a NIC profile with "
              "set-vf-mac = no or try.",
              record->spec.port, smap_get(&op->goal.options, OPTION_VF_MAC));
    error_detail(error, "status:dpdk-vf-mac is %s", record->vf_mac);
    return VERDICT_FAILED;
}

/* A change in place that the device refuses leaves a row that looks well (even its mtu is the
 * refused one) and a port that carries nothing, until the next reconfiguration finds out. */
static bool needs_second_look(const struct op *op)
{
    return op->plan.action == ACTION_UPDATE && op->plan.needs_switch &&
           !op->realizing.looked_again && !strcmp(op->plan.spec.type, TYPE_DPDK);
}

static enum verdict judge_plug(const struct engine *engine, struct op *op,
                               const struct record *record, struct error *error)
{
    const char *vf_mac = smap_get(&op->goal.options, OPTION_VF_MAC);

    if (record_failed(record)) {
        enum verdict verdict = judge_device(engine, op, record);

        return verdict != VERDICT_FAILED            ? verdict
               : op->goal.vf_mac_optional && vf_mac ? VERDICT_WITHOUT_MAC
                                                    : not_realized(engine, record, error);
    }
    if (record->ofport == 0) {
        return VERDICT_PENDING;
    }
    if (needs_second_look(op)) {
        return VERDICT_LOOK_AGAIN;
    }
    if (vf_mac && strcasecmp(vf_mac, record->vf_mac)) {
        return wrong_vf_mac(op, record, error);
    }
    /* A vhost-user port has no MTU (0) until its guest connects, and then the one asked for. */
    if (op->goal.mtu_request && record->mtu != op->goal.mtu_request &&
        !(vif_kind_class(op->goal.kind)->mtu_comes_with_guest && record->mtu == 0)) {
        return wrong_mtu(op, record, error);
    }
    return VERDICT_DONE;
}

/* A port that is back in OVSDB as it was `before`: does it work again? VERDICT_FAILED: it cannot.
 */
static enum verdict judge_return(const struct engine *engine, struct op *op,
                                 const struct record *before, const struct record *record)
{
    enum verdict verdict;

    if (record_failed(before)) {
        return VERDICT_DONE; /* It did not work before. */
    }
    if (!record_failed(record)) {
        return record->ofport == 0 ? VERDICT_PENDING : VERDICT_DONE;
    }
    verdict = judge_device(engine, op, record);
    if (verdict != VERDICT_FAILED) {
        return verdict;
    }
    if (!has_settled(op)) {
        return VERDICT_PENDING;
    }
    return op->realizing.looked_again ? VERDICT_FAILED : VERDICT_LOOK_AGAIN;
}

/* If what preceded cannot be brought back, the answer says so as well. */
static void add_not_back(struct op *op, const struct record *record)
{
    size_t used = strlen(op->error.message);

    snprintf(op->error.message + used, sizeof op->error.message - used,
             " Port %s could not be brought back to what it was either (%.128s).",
             record->spec.port, record->error ? record->error : "ofport is -1");
}

static bool is_over(enum verdict verdict)
{
    return verdict == VERDICT_DONE || verdict == VERDICT_FAILED;
}

/* `record` is the operation's own port, or NULL if that has gone again, as it should. A VIF that
 * was evicted for it is back as well. */
static enum verdict judge_undo(const struct engine *engine, struct op *op,
                               const struct record *record)
{
    struct record evicted;
    bool has_evicted =
        op->evicted && ovs_find_vif(engine->env.ovs, op->evicted->spec.vif_id, &evicted);
    enum verdict own = record ? judge_return(engine, op, &op->before, record) : VERDICT_DONE;
    enum verdict other =
        has_evicted ? judge_return(engine, op, op->evicted, &evicted) : VERDICT_DONE;
    enum verdict verdict = VERDICT_DONE;

    if (!is_over(own)) {
        verdict = own;
    } else if (!is_over(other)) {
        verdict = other;
    } else if (record && own == VERDICT_DONE && !record_failed(&op->before) &&
               needs_second_look(op)) {
        verdict = VERDICT_LOOK_AGAIN;
    } else {
        if (own == VERDICT_FAILED) {
            add_not_back(op, record);
        }
        if (other == VERDICT_FAILED) {
            add_not_back(op, &evicted);
        }
    }
    if (has_evicted) {
        record_destroy(&evicted);
    }
    return verdict;
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
    return op_is_undo(op) ? judge_undo(engine, op, record) : judge_plug(engine, op, record, error);
}

static enum verdict judge(const struct engine *engine, struct op *op, struct error *error)
{
    const char *port = op_is_undo(op) ? op->plan.spec.port : op->goal.port;
    struct ovs_globals globals;
    struct record record;
    enum verdict verdict;

    if (!ovs_synced(engine->env.ovs)) {
        return VERDICT_PENDING;
    }
    ovs_globals(engine->env.ovs, &globals);
    if (globals.cur_cfg < op->realizing.target_cfg) {
        /* A vswitchd that starts anew holds no old device. */
        bool dead = vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;

        return dead && op->plan.action == ACTION_REPLACE ? VERDICT_NEXT_STEP : VERDICT_PENDING;
    }
    if (op->plan.action == ACTION_DELETE) {
        return op_is_undo(op) ? judge_undo(engine, op, NULL) : VERDICT_DONE;
    }
    record_init(&record);
    ovs_find_port(engine->env.ovs, port, &record);
    verdict = judge_row(engine, op, &record, error);
    record_destroy(&record);
    return verdict;
}

enum outcome engine_judge(const struct engine *engine, struct op *op, struct error *error)
{
    op->realizing.judge_at = LLONG_MAX;
    switch (judge(engine, op, error)) {
    case VERDICT_PENDING:
        return OUTCOME_STAY;
    case VERDICT_DONE:
        return op_is_undo(op) ? OUTCOME_UNDONE : OUTCOME_SUCCEED;
    case VERDICT_NEXT_STEP:
        return OUTCOME_AGAIN;
    case VERDICT_LOOK_AGAIN:
        op->realizing.looked_again = true;
        return OUTCOME_LOOK_AGAIN;
    case VERDICT_LOOK_FOR_DEVICE:
        op->realizing.hand_over.n_looks++;
        return OUTCOME_LOOK_AGAIN;
    case VERDICT_WITHOUT_MAC:
        return OUTCOME_WITHOUT_MAC;
    case VERDICT_FAILED:
        break;
    }
    return OUTCOME_FAIL;
}
