/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts: whether vswitchd has realized a port. Nothing here polls: the engine reads the rows
 * when OVSDB says that they have changed, and cur_cfg says when vswitchd has seen what we wrote. */

#include "engine/engine-private.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/display.h"
#include "base/keys.h"
#include "engine/hand-over.h"
#include "plan/kind.h"
#include "timeval.h"
#include "util.h"

/* The state of a port. */
enum verdict {
    VERDICT_PENDING,
    VERDICT_DONE,
    VERDICT_NEXT_STEP,       /* Another step follows: plan it. */
    VERDICT_LOOK_AGAIN,      /* vswitchd must look at the port again... */
    VERDICT_LOOK_FOR_DEVICE, /* ...because of the hand-over of its device. */
    VERDICT_WITHOUT_MAC,     /* Failed, but dpdk-vf-mac can be left out. */
    VERDICT_FAILED           /* *error says why. */
};

/* After a change in place, vswitchd refreshes mtu in a separate transaction, about 100 ms later. */
#define SETTLE_MS 500

/* With so many rows, DPDK may have no more ports: Debian builds it with RTE_MAX_ETHPORTS=32, and
 * PFs take some, with or without rows. */
enum { DPDK_ROWS_FULL = 30 };

/* Returns the next step for vswitchd's error text, with its likely cause. `words`: the error's
 * detail, if that has what vswitchd's log says of the port; or NULL. */
static const char *advice(const struct engine *engine, const struct record *record,
                          const char *error_text, const char *words)
{
    if (vhost_socket_has_failed(record->spec.type, error_text)) {
        return "it could not make the socket; restart ovs-vswitchd before this VIF is plugged in "
               "mode client again, since at a second try it closes or takes over another of its "
               "files";
    }
    if (strstr(error_text, "already in use")) {
        return "find the port that has the device with ovs-vsctl and remove it";
    }
    if (strstr(error_text, "Error attaching device")) {
        if (ovs_n_dpdk_ports(engine->env.ovs) >= DPDK_ROWS_FULL) {
            return "DPDK may have run out of ports (Debian builds it for 32 in all); unplug some "
                   "VIFs "
                   "or rebuild DPDK with a larger RTE_MAX_ETHPORTS";
        }
        return words ? "check that ovs-vswitchd's DPDK knows the PF (dpdk-extra) and that the "
                       "VF is enabled; the driver's error text is in detail"
                     : "check that ovs-vswitchd's DPDK knows the PF (dpdk-extra) and that the "
                       "VF is enabled; ovs-vswitchd.log has the driver's error text";
    }
    if (strstr(error_text, "Address family not supported")) {
        return "check that ovs-vswitchd was built with DPDK and that other_config:dpdk-init is "
               "true";
    }
    if (words && strstr(words, "Failed to create memory pool")) {
        return "there are not enough free hugepages for packets of that MTU; free or reserve some "
               "('vifctl check' shows those of each card's NUMA node), or use an MTU that other "
               "ports have";
    }
    return words ? "what it has logged about the port is in detail; mend that, and try again"
                 : "see ovs-vswitchd.log for more";
}

static const char *error_text_of(const struct record *record)
{
    return record->error ? record->error : "ofport is -1";
}

static void set_not_realized(const struct engine *engine, const struct record *record,
                             const char *words, struct error *error)
{
    const char *text = error_text_of(record);

    error_set(error, REASON_NOT_REALIZED, "", "ovs-vswitchd could not make port %s (%.200s); %s.",
              record->spec.port, text, advice(engine, record, text, words));
}

static enum verdict not_realized(const struct engine *engine, const struct record *record,
                                 struct error *error)
{
    set_not_realized(engine, record, NULL, error);
    error_detail(error, "%s", error_text_of(record));
    return VERDICT_FAILED;
}

/* The operation has failed with *error: completes it from vswitchd's log. */
static enum verdict explain(const struct engine *engine, struct op *op, const struct record *record,
                            struct error *error)
{
    struct error said = *error;

    switch (engine_add_words(engine, op, record, error)) {
    case WORDS_AWAITED:
        return VERDICT_PENDING;
    case WORDS_FOUND:
        if (record_failed(record)) {
            set_not_realized(engine, record, error->detail, &said);
            memcpy(error->message, said.message, sizeof error->message);
        }
        break;
    case WORDS_NONE:
        break;
    }
    return VERDICT_FAILED;
}

/* Whether vswitchd has had enough time to refresh what OVSDB shows of a port. */
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

/* The port has failed. If the cause is a hand-over of its device, makes vswitchd look again, a
 * little later each time. VERDICT_FAILED: there is no hand-over, or it takes too long. */
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
            op->deadline; /* The deadline of the commit; each look has a new deadline. */
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

/* The port is up, but with another MTU than the request's. OVS accepts an MTU above its own maximum
 * without an error, so only the difference shows it. */
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

/* The port has an ofport and no error, but not the VF's MAC: a driver without that operation leaves
 * a port that carries no frames, and only status:dpdk-vf-mac shows it. */
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

/* If the device refuses a change in place, the row looks well (even its mtu is the refused one),
 * but the port carries no frames. Only the next reconfiguration shows the error. */
static bool needs_second_look(const struct op *op)
{
    return op->plan.action == ACTION_UPDATE && op->plan.needs_switch &&
           !op->realizing.looked_again && !strcmp(op->plan.spec.type, TYPE_DPDK);
}

/* Whether vswitchd could not open the tap that vifplugd made, maybe because somebody has removed it
 * since. Then nobody else makes it, and *failed is the record of its port, to be destroyed. */
static bool tap_has_failed(const struct engine *engine, const struct op *op,
                           const struct record *record, struct record *failed)
{
    const struct port_spec *goal = &op->goal;

    if (goal->links.kind != LINKS_TAP || !goal->links.create) {
        return false;
    }
    if (!goal->guest_port[0]) {
        record_clone(failed, record);
    } else if (!ovs_find_port(engine->env.ovs, goal->guest_port, failed)) {
        return false;
    }
    if (record_failed(failed) || record_awaits_netdev(failed)) {
        return true;
    }
    record_destroy(failed);
    return false;
}

static enum verdict judge_plug(const struct engine *engine, struct op *op,
                               const struct record *record, struct error *error)
{
    const char *vf_mac = smap_get(&op->goal.options, OPTION_VF_MAC);
    struct record tap;

    if (tap_has_failed(engine, op, record, &tap)) {
        /* A vswitchd that closes a port of type tap or internal removes the tap with it. */
        bool again = !op->realizing.tap_again && engine->env.links &&
                     !links_find(engine->env.links, op->goal.links.netdev, NULL);
        enum verdict verdict = again ? VERDICT_NEXT_STEP : not_realized(engine, &tap, error);

        op->realizing.tap_again = true;

        record_destroy(&tap);
        return verdict;
    }
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
    /* A vhost-user port has no MTU (0) until its guest connects, and then the requested one. */
    if (op->goal.mtu_request && record->mtu != op->goal.mtu_request &&
        !(vif_kind_class(op->goal.kind)->mtu_comes_with_guest && record->mtu == 0)) {
        return wrong_mtu(op, record, error);
    }
    return VERDICT_DONE;
}

/* Judges a port that is back in OVSDB as it was `before`. VERDICT_FAILED: it cannot work again. */
static enum verdict judge_restored(const struct engine *engine, struct op *op,
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

/* If an undo cannot restore the previous port, the error says that too. */
static void add_not_restored(struct op *op, const struct record *record)
{
    size_t used = strlen(op->error.message);

    display_format(op->error.message + used, sizeof op->error.message - used,
                   " Port %s could not be brought back to what it was either (%.128s).",
                   record->spec.port, record->error ? record->error : "ofport is -1");
}

static bool is_over(enum verdict verdict)
{
    return verdict == VERDICT_DONE || verdict == VERDICT_FAILED;
}

/* Judges an undo: the operation's own port, `record` (NULL: the undo has removed it, as it should),
 * and the VIF that the operation evicted, which is back as well. */
static enum verdict judge_undo(const struct engine *engine, struct op *op,
                               const struct record *record)
{
    struct record evicted;
    bool has_evicted =
        op->evicted && ovs_find_vif(engine->env.ovs, op->evicted->spec.vif_id, &evicted);
    enum verdict own = record ? judge_restored(engine, op, &op->before, record) : VERDICT_DONE;
    enum verdict other =
        has_evicted ? judge_restored(engine, op, op->evicted, &evicted) : VERDICT_DONE;
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
            add_not_restored(op, record);
        }
        if (other == VERDICT_FAILED) {
            add_not_restored(op, &evicted);
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
    enum verdict verdict;

    if (!record->ours || strcmp(record->spec.vif_id, op->request.vif_id)) {
        error_set(
            error, REASON_NOT_REALIZED, "",
            "Port %s was removed or taken over by another program while it was being plugged; find "
            "out who did (ovsdb-tool show-log) and plug again.",
            op->goal.port);
        return VERDICT_FAILED;
    }
    if (op->plan.action == ACTION_REPLACE) {
        return VERDICT_NEXT_STEP;
    }
    if (op_is_undo(op)) {
        return judge_undo(engine, op, record);
    }
    verdict = judge_plug(engine, op, record, error);
    return verdict == VERDICT_FAILED ? explain(engine, op, record, error) : verdict;
}

/* Whether the wait for vswitchd to release what it held is over; the next plan looks again. */
static bool is_released(struct op *op, const struct ovs_globals *globals, bool dead)
{
    if (!op_awaits_release(op)) {
        return false;
    }
    if (globals->next_cfg < op->realizing.target_cfg || dead) {
        op->release = RELEASE_UNKNOWN; /* Another database, or the next vswitchd. */
    } else if (globals->cur_cfg >= op->realizing.target_cfg) {
        op->release = RELEASE_SEEN;
    }
    return !op_awaits_release(op);
}

static enum verdict judge(const struct engine *engine, struct op *op, struct error *error)
{
    const char *port = op_is_undo(op) ? op->plan.spec.port : op->goal.port;
    bool dead = vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;
    struct ovs_globals globals;
    struct record record;
    enum verdict verdict;

    if (!ovs_synced(engine->env.ovs)) {
        return VERDICT_PENDING;
    }
    ovs_globals(engine->env.ovs, &globals);
    if (is_released(op, &globals, dead)) {
        return VERDICT_NEXT_STEP;
    }
    if (globals.next_cfg < op->realizing.target_cfg) {
        /* It only grows: this is another database (restored, emptied), so nobody will realize the
         * transaction. The next plan finds out what is left of it. */
        return VERDICT_NEXT_STEP;
    }
    if (globals.cur_cfg < op->realizing.target_cfg) {
        /* A vswitchd that starts again has no old device open. */
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
        engine_expect_timeout(engine, op);
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
