/* SPDX-License-Identifier: Apache-2.0 */
/* vswitchd's own words: its row often says only "Invalid argument" of a port that failed, and the
 * cause is in its log. */

#include "engine/engine-private.h"

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "base/pci-addr.h"
#include "timeval.h"
#include "util.h"

/* How long a failed operation waits for vswitchd's words at most, and for how long it asks again if
 * there are none yet: vswitchd's log is written by another thread than its rows; ms. */
enum { WORDS_MAX_MS = 1000, AGAIN_MS = 100, PAUSE_MS = 20 };

/* How long before its deadline an operation without a verdict asks; ms. */
enum { EARLY_MS = 300 };

void engine_mark_words(const struct engine *engine, struct op *op)
{
    if (engine->env.switch_log && !op_is_undo(op)) {
        op->log_mark = switch_log_mark(engine->env.switch_log);
    }
}

static void collect_names(const struct port_spec *spec, struct log_names *names)
{
    char vf[PCI_ADDR_LEN];

    *names = (struct log_names){.n = 0};
    log_names_add(names, spec->port);
    log_names_add(names, smap_get(&spec->options, OPTION_DEVARGS));
    log_names_add(names, spec->has_vf_address ? pci_addr_format(&spec->vf, vf) : NULL);
    log_names_add(names, spec->vhost_path);
}

static bool ask(const struct engine *engine, struct op *op, const struct record *record)
{
    struct log_names names;

    collect_names(&record->spec, &names);
    op->realizing.words.again = 0;
    op->realizing.words.question = switch_log_ask(engine->env.switch_log, &op->log_mark, &names);
    return op->realizing.words.question != 0;
}

static enum words add_answer(const struct switch_log_answer *answer, struct error *error)
{
    const char *separator = error->detail[0] ? "; " : "";
    char text[sizeof error->detail];

    memcpy(text, error->detail, sizeof text);
    if (answer->lines[0]) {
        error_detail(error, "%.400s%sovs-vswitchd.log: %s", text, separator, answer->lines);
        return WORDS_FOUND;
    }
    if (answer->problem[0]) {
        error_detail(error, "%.400s%s%s", text, separator, answer->problem);
    } else if (answer->path[0]) {
        error_detail(error, "%.400s%s%.256s has no line about the port since the commit", text,
                     separator, answer->path);
    }
    return WORDS_NONE;
}

enum words engine_add_words(const struct engine *engine, struct op *op, const struct record *record,
                            struct error *error)
{
    struct switch_log_answer answer;
    long long int now = time_msec();

    if (!engine->env.switch_log) {
        return WORDS_NONE;
    }
    if (!op->realizing.words.until) {
        op->realizing.words.until = MIN(now + WORDS_MAX_MS, op->deadline);
        op->realizing.words.again = now;
        op->realizing.words.first = now;
    }
    if (now >= op->realizing.words.until) {
        return WORDS_NONE;
    }
    if (op->realizing.words.again && now >= op->realizing.words.again && !ask(engine, op, record)) {
        return WORDS_NONE;
    }
    if (!op->realizing.words.again &&
        switch_log_take(engine->env.switch_log, op->realizing.words.question, &answer)) {
        if (answer.lines[0] || answer.problem[0] || !answer.path[0] ||
            now >= op->realizing.words.first + AGAIN_MS) {
            return add_answer(&answer, error);
        }
        op->realizing.words.again = now + PAUSE_MS;
    }
    op->realizing.judge_at =
        op->realizing.words.again ? op->realizing.words.again : op->realizing.words.until;
    return WORDS_AWAITED;
}

void engine_expect_timeout(const struct engine *engine, struct op *op)
{
    long long int at = op->deadline - EARLY_MS;
    struct log_names names;

    if (!engine->env.switch_log || !op->has_goal || op_is_undo(op)) {
        return;
    }
    if (time_msec() < at) {
        op->realizing.words.late = 0; /* What was asked is of an earlier deadline. */
        op->realizing.judge_at = MIN(op->realizing.judge_at, at);
        return;
    }
    if (op->realizing.words.late) {
        return;
    }
    collect_names(&op->goal, &names);
    log_names_add(&names, op->goal.bridge);
    op->realizing.words.late = switch_log_ask(engine->env.switch_log, &op->log_mark, &names);
}

enum words engine_add_late_words(const struct engine *engine, const struct op *op,
                                 struct error *error)
{
    struct switch_log_answer answer;

    if (!op->realizing.words.late ||
        !switch_log_take(engine->env.switch_log, op->realizing.words.late, &answer)) {
        return WORDS_NONE;
    }
    return add_answer(&answer, error);
}
