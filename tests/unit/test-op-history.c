/* SPDX-License-Identifier: Apache-2.0 */
/* The reply to `ops`: what is kept, for how long, and in which order. */

#include "daemon/op-history.h"

#include <stdio.h>

#include "engine-harness.h"
#include "util.h"
#include "wire/reply-ops.h"

/* These replace functions of src/wire: "under way N: 1 plug a done, ...". */
struct reply_ops {
    char text[8192];
    int n;
};

static char shown[8192];
static int n_shown;

struct reply_ops *reply_ops_new(const char *id, size_t n_under_way)
{
    struct reply_ops *ops = xzalloc(sizeof *ops);

    assert_string_equal(id, "1");
    snprintf(ops->text, sizeof ops->text, "%zu:", n_under_way);
    return ops;
}

void reply_ops_add(struct reply_ops *ops, const struct op_view *op)
{
    size_t used = strlen(ops->text);

    ops->n++;
    snprintf(ops->text + used, sizeof ops->text - used, " %s %s %s%s%s%s%s%s%s;", op->type,
             op->vif_id, op->result, op->reason ? " " : "", op->reason ? op->reason : "",
             op->detail ? ", " : "", op->detail ? op->detail : "", op->waits_for ? " for " : "",
             op->waits_for ? op->waits_for : "");
}

char *reply_ops_take(struct reply_ops *ops OVS_UNUSED)
{
    return xstrdup("");
}

char *reply_ops_finish(struct reply_ops *ops)
{
    memcpy(shown, ops->text, sizeof shown);
    n_shown = ops->n;
    free(ops);
    return xstrdup("");
}

static const char *show_to(const struct op_history *history, size_t limit, bool with_details)
{
    struct server_stream *stream = op_history_show(history, rig.engine, limit, with_details, "1");
    bool last = false;

    while (!last) {
        free(stream->next(stream, &last));
    }
    stream->destroy(stream);
    return shown;
}

static const char *show(const struct op_history *history, size_t limit)
{
    return show_to(history, limit, true);
}

static void add(struct op_history *history, const char *vif_id, enum op_end end, bool dry_run,
                const struct error *error)
{
    struct op_summary summary = {.type = "plug", .end = end, .dry_run = dry_run, .error = error};

    snprintf(summary.vif_id, sizeof summary.vif_id, "%s", vif_id);
    op_history_add(history, &summary);
}

static void test_kept(void **state)
{
    static const struct error error = {.reason = REASON_BUSY, .message = "no"};
    struct op_history *history = op_history_create();

    (void)state;
    CHECK_STR("none", show(history, 10), "0:");
    add(history, "a", OP_END_DONE, false, NULL);
    add(history, "b", OP_END_DRY_RUN, true, NULL);
    add(history, "c", OP_END_FAILED, false, &error);
    add(history, "d", OP_END_FAILED, true, &error);
    CHECK_STR("the oldest first, no dry run", show(history, 10),
              "0: plug a done; plug c failed busy;");
    CHECK_STR("the last", show(history, 1), "0: plug c failed busy;");
    op_history_destroy(history);
}

/* Who may only read does not see vswitchd's log. */
static void test_details(void **state)
{
    static const struct error error = {.reason = REASON_BUSY, .message = "no", .detail = "log"};
    struct op_history *history = op_history_create();

    (void)state;
    add(history, "a", OP_END_FAILED, false, &error);
    CHECK_STR("to who may plug", show_to(history, 10, true), "0: plug a failed busy, log;");
    CHECK_STR("to others", show_to(history, 10, false), "0: plug a failed busy;");
    op_history_destroy(history);
}

static void test_bounded(void **state)
{
    struct op_history *history = op_history_create();
    char id[16];

    (void)state;
    for (int i = 0; i < OP_HISTORY_MAX + 44; i++) {
        snprintf(id, sizeof id, "v%d", i);
        add(history, id, OP_END_DONE, false, NULL);
    }
    CHECK_HAS("the first that is kept", show(history, 1000), "0: plug v44 done;");
    CHECK_INT("so many", n_shown, OP_HISTORY_MAX);
    CHECK_STR("the last", show(history, 1), "0: plug v299 done;");
    op_history_destroy(history);
}

static void test_under_way(void **state)
{
    struct op_history *history = op_history_create();

    (void)state;
    add(history, "b", OP_END_DONE, false, NULL);
    rig.vswitchd->silent = true;
    PLUG(.vif = "a", .vf = 4);
    rig_settle();
    CHECK_HAS("both", show(history, 10),
              "1: plug b done; plug a under_way for ovs-vswitchd (cur_cfg ");
    op_history_destroy(history);
}

/* A client that goes away in the middle costs nothing more. */
static void test_given_up(void **state)
{
    struct op_history *history = op_history_create();
    struct server_stream *stream;
    bool last;

    (void)state;
    for (int i = 0; i < 20; i++) {
        add(history, "a", OP_END_DONE, false, NULL);
    }
    stream = op_history_show(history, rig.engine, 20, true, "1");
    free(stream->next(stream, &last));
    CHECK("there is more", !last && stream->size > 20 * sizeof(struct op_summary));
    op_history_destroy(history);
    stream->destroy(stream);
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_kept),      RIG_TEST(test_details),  RIG_TEST(test_bounded),
    RIG_TEST(test_under_way), RIG_TEST(test_given_up),
};

int main(void)
{
    return RIG_MAIN(tests);
}
