/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-switch-log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/poll-loop.h"
#include "util.h"

struct switch_log *switch_log_create(const char *given OVS_UNUSED)
{
    return xzalloc(sizeof(struct switch_log));
}

void switch_log_destroy(struct switch_log *log)
{
    free(log);
}

void switch_log_run(struct switch_log *log OVS_UNUSED, const struct vswitchd *vswitchd OVS_UNUSED)
{
}

void switch_log_wait(const struct switch_log *log OVS_UNUSED)
{
}

struct log_mark switch_log_mark(const struct switch_log *log)
{
    return (struct log_mark){.known = true, .size = ++((struct switch_log *)log)->n_marks};
}

uint64_t switch_log_ask(struct switch_log *log, const struct log_mark *mark,
                        const struct log_names *names)
{
    size_t used = 0;

    log->asked_from = mark->size;
    log->names[0] = '\0';
    for (size_t i = 0; i < names->n; i++) {
        used += (size_t)snprintf(log->names + used, sizeof log->names - used, "%s%s",
                                 used ? " " : "", names->names[i]);
    }
    if (log->full) {
        return 0;
    }
    poll_immediate_wake(); /* The answer is there in the next pass. */
    return ++log->n_asked;
}

bool switch_log_take(struct switch_log *log, uint64_t question, struct switch_log_answer *answer)
{
    if (log->silent || question != log->n_asked) {
        return false;
    }
    *answer = log->answer;
    if (log->n_empty > 0) {
        log->n_empty--;
        answer->lines[0] = '\0';
    }
    return true;
}
