/* SPDX-License-Identifier: Apache-2.0 */
/* The result of a transaction: decides for each operation in it whether it continues, ends, or is
 * planned again. */

#include "engine/engine-private.h"

#include <string.h>

#include "timeval.h"
#include "util.h"

/* How many transactions of one operation may have no effect before the operation fails. Each time
 * another program was quicker to change the same rows. */
enum { TRIES_MAX = 10 };

/* When an operation that must go on is tried again that ovsdb-server could not write, ms. */
enum { SERVER_AGAIN_MS = 1000 };

/* Returns whether the row exists. A committed transaction may have had no effect, because the
 * bridge was removed at the same moment. So the engine looks up the row before it replies. */
static bool is_there(const struct engine *engine, const struct op *op)
{
    struct record record;
    bool there;

    if (op->plan.action == ACTION_DELETE || op_only_looks(op)) {
        return true;
    }
    if (op->plan.spec.no_port) {
        struct bridge_facts bridge;

        ovs_bridge(engine->env.ovs, op->plan.spec.bridge, &bridge);
        return bridge.exists;
    }
    record_init(&record);
    there = ovs_find_port(engine->env.ovs, op->plan.spec.port, &record) && record.ours &&
            !strcmp(record.spec.vif_id, op->request.vif_id);
    record_destroy(&record);
    return there;
}

/* The client already has an error as its reply, because OVSDB took too long. */
static enum outcome take_back(const struct op *op, struct error *error)
{
    if (op_is_plug(op) && op->written) {
        *error = op->error;
        return OUTCOME_FAIL;
    }
    /* An unplug that may have happened has to finish: nobody else removes the VIF's links. */
    return op->type == OP_UNPLUG && op->written ? OUTCOME_AGAIN : OUTCOME_DROP;
}

static bool is_refused(const struct op *op)
{
    return op->told == TOLD_REFUSED && !op_is_undo(op);
}

enum outcome engine_try_again(const struct engine *engine OVS_UNUSED, struct op *op,
                              const struct error *why, struct error *error)
{
    if (is_refused(op)) {
        return take_back(op, error);
    }
    if (++op->queued.n_tries > TRIES_MAX) {
        if (why) {
            *error = *why;
            return OUTCOME_FAIL;
        }
        error_set(error, REASON_BUSY, "",
                  "The transaction for VIF %s came to nothing %d times, since others changed the "
                  "same rows; find out who does (ovsdb-tool show-log) and try again.",
                  op->request.vif_id, TRIES_MAX);
        return OUTCOME_FAIL;
    }
    return OUTCOME_AGAIN;
}

/* The reply to a plug is about the port, even if only boot id and PCI slot differ: what OVSDB shows
 * of the port may be of an earlier boot. */
bool engine_wants_verdict(const struct engine *engine, const struct op *op)
{
    return op_is_plug(op) && !op_is_undo(op) && op->request.wait == WAIT_REALIZED &&
           !op->goal.no_port && !op->goal.awaits_netdev &&
           vswitchd_state(engine->env.vswitchd) == VSWITCHD_ALIVE;
}

/* `dead`: vswitchd will give no verdict. */
static enum outcome committed_undo(const struct op *op, bool dead)
{
    if (op->plan.action == ACTION_REPLACE) {
        return dead ? OUTCOME_AGAIN : OUTCOME_REALIZE;
    }
    if ((op->has_before || op->evicted) && op->plan.needs_switch && !dead) {
        return OUTCOME_REALIZE;
    }
    return OUTCOME_UNDONE;
}

static enum outcome committed_forward(const struct engine *engine, const struct op *op, bool dead)
{
    bool waits = op->request.wait == WAIT_REALIZED;

    if (op->plan.action == ACTION_REPLACE) {
        return dead ? OUTCOME_AGAIN : OUTCOME_REALIZE;
    }
    if ((!op->plan.needs_switch && !engine_wants_verdict(engine, op)) ||
        (dead && !(op_is_plug(op) && waits)) || (op->type == OP_UNPLUG && !waits)) {
        return OUTCOME_SUCCEED;
    }
    return waits ? OUTCOME_REALIZE : OUTCOME_ACKNOWLEDGE;
}

/* Prepares `op` to wait for vswitchd's verdict. */
static void expect_verdict(const struct engine *engine, struct op *op)
{
    op->realizing.target_cfg = engine->results.next_cfg;
    op->realizing.settle_until = op->realizing.hand_over.next_at = 0;
    op->deadline = engine_deadline_in(engine, engine_timeout_ms(engine, op));
}

static enum outcome committed(const struct engine *engine, struct op *op, struct error *error)
{
    bool dead = vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;
    bool only_looks = op_only_looks(op);

    op->committed_us = time_usec();
    op->written |= !op_awaits_release(op);
    if (!op_is_undo(op) && !only_looks && op->plan.create_bridge) {
        op->bridge = BRIDGE_MADE;
    }
    if (op->type == OP_UNPLUG) {
        op->changed |= op->plan.changes; /* Also if its client has given up. */
    }
    if (is_refused(op)) {
        return take_back(op, error);
    }
    if (!is_there(engine, op)) {
        return engine_try_again(engine, op, NULL, error);
    }
    expect_verdict(engine, op);
    if (only_looks) {
        op->queued.writes = WRITES_PLAN;
        return OUTCOME_REALIZE;
    }
    op->realizing.looked_again = false;
    op->realizing.hand_over.n_looks = 0;
    op->realizing.hand_over.until = 0;
    if (op_is_undo(op)) {
        return committed_undo(op, dead);
    }
    op->changed |= op->plan.changes;
    if (!engine_change_links(engine, op, error)) {
        return OUTCOME_FAIL;
    }
    return committed_forward(engine, op, dead);
}

/* What the server says of a transaction, as the <error> of RFC 7047 in JSON. */
enum refusal {
    REFUSAL_OF_SERVER,   /* It cannot write now, whatever the transaction. */
    REFUSAL_OF_NAME,     /* Another row has a name that the transaction inserts. */
    REFUSAL_OF_REMOVAL,  /* A row that the transaction refers to was removed. */
    REFUSAL_OF_VALUE,    /* The schema does not permit a value. */
    REFUSAL_NOT_EXPECTED /* vifplugd's own fault. */
};

static enum refusal refusal_of(const char *error_text)
{
    static const struct {
        const char *text;
        enum refusal refusal;
    } texts[] = {
        {"\"I/O error\"", REFUSAL_OF_SERVER},
        {"\"resources exhausted\"", REFUSAL_OF_SERVER},
        {"\"timed out\"", REFUSAL_OF_SERVER},
        {"read only mode", REFUSAL_OF_SERVER},
        {" table to have identical values ", REFUSAL_OF_NAME},
        {"\"referential integrity violation\"", REFUSAL_OF_REMOVAL},
        {"\"constraint violation\"", REFUSAL_OF_VALUE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (strstr(error_text, texts[i].text)) {
            return texts[i].refusal;
        }
    }
    return REFUSAL_NOT_EXPECTED;
}

/* Whether nobody would finish what the operation has begun: it is an undo, or was acknowledged. */
static bool must_go_on(const struct op *op)
{
    return op_is_undo(op) || (op->written && op->told == TOLD_DONE);
}

/* Fills *error for an operation that OVSDB refuses alone, too. */
static void explain(const struct op *op, const char *error_text, struct error *error)
{
    const char *vif_id = op->request.vif_id;

    switch (refusal_of(error_text)) {
    case REFUSAL_OF_SERVER:
        error_set(
            error, REASON_SWITCH_UNAVAILABLE, "",
            "OVSDB cannot carry out the transaction for VIF %s (%.200s); look at the disk and the "
            "log of ovsdb-server and whether it is read-only, and try again.",
            vif_id, error_text);
        break;
    case REFUSAL_OF_NAME:
        error_set(error, REASON_PORT_CONFLICT, "",
                  "OVSDB has a row with a name that VIF %s needs (%.200s); remove or rename that "
                  "row, and plug again.",
                  vif_id, error_text);
        break;
    case REFUSAL_OF_REMOVAL:
        error_set(error, REASON_BUSY, "",
                  "A row that the transaction for VIF %s refers to was removed at the same time "
                  "(%.200s); try again.",
                  vif_id, error_text);
        break;
    case REFUSAL_OF_VALUE:
        error_set(error, REASON_INVALID_REQUEST, "",
                  "OVSDB's schema does not permit a value that VIF %s needs (%.200s); change that "
                  "value, or upgrade the database (ovsdb-tool convert).",
                  vif_id, error_text);
        break;
    case REFUSAL_NOT_EXPECTED:
        error_set(error, REASON_INTERNAL, "",
                  "OVSDB refused the transaction for VIF %s (%.200s); report this with vifplugd's "
                  "log.",
                  vif_id, error_text);
        break;
    }
    error_detail(error, "%s", error_text);
}

static enum outcome refused(const struct engine *engine, struct op *op, bool alone,
                            struct error *error)
{
    const char *error_text =
        engine->results.error_text ? engine->results.error_text : "no reason given";

    /* OVSDB does not say which operation of a batch it refused, so each is tried alone. An
     * operation that was alone is planned once more, because OVSDB now shows what it conflicted
     * with. */
    if (!alone || op->queued.n_tries == 0) {
        op->queued.alone = true;
        return engine_try_again(engine, op, NULL, error);
    }
    if (refusal_of(error_text) == REFUSAL_OF_SERVER && must_go_on(op)) {
        op->queued.again_at = time_msec() + SERVER_AGAIN_MS;
        return OUTCOME_AGAIN_LATER;
    }
    explain(op, error_text, error);
    return OUTCOME_FAIL;
}

/* The connection broke: OVSDB may have committed the transaction; the next plan finds out. */
static enum outcome uncertain(struct op *op, struct error *error)
{
    if (!op_awaits_release(op)) {
        op->written = true;
        op->changed |= op->plan.changes;
    }
    if (!op_awaits_release(op) && op->plan.create_bridge && op->bridge == BRIDGE_NOT_MADE) {
        op->bridge = BRIDGE_PERHAPS_MADE;
    }
    return is_refused(op) ? take_back(op, error) : OUTCOME_AGAIN;
}

enum outcome engine_settle(const struct engine *engine, struct op *op, bool alone,
                           struct error *error)
{
    switch (engine->results.result) {
    case OVS_TXN_COMMITTED:
        return committed(engine, op, error);
    case OVS_TXN_UNCERTAIN:
        return uncertain(op, error);
    case OVS_TXN_TRY_AGAIN:
        return engine_try_again(engine, op, NULL, error);
    default:
        return refused(engine, op, alone, error);
    }
}
