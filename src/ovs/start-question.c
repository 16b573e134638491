/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/start-question.h"

#include "openvswitch/poll-loop.h"
#include "ovs/ovs.h"
#include "ovs/vswitchd.h"
#include "timeval.h"
#include "util.h"

/* How long to wait before the next question, ms, if OVSDB does not take one (it is read-only, or
 * its disk is full): at first, and at most. */
enum { PAUSE_MS = 1000, PAUSE_MAX_MS = 60000 };

void start_question_run(struct start_question *question, struct ovs *ovs,
                        const struct vswitchd *vswitchd, const struct ovs_globals *globals)
{
    enum vswitchd_state state = vswitchd_state(vswitchd);
    bool wants =
        state == VSWITCHD_UNKNOWN || (state == VSWITCHD_ALIVE && vswitchd_is_starting(vswitchd));

    if (vswitchd_start(vswitchd) != question->start) {
        *question = (struct start_question){.start = vswitchd_start(vswitchd)};
    }
    if (!wants || !globals->exist || globals->next_cfg > globals->cur_cfg || !ovs_txn_ready(ovs)) {
        return; /* What is awaited wakes the loop. */
    }
    if (time_msec() >= question->again_at) {
        question->pause_ms = MIN(MAX(2 * question->pause_ms, PAUSE_MS), PAUSE_MAX_MS);
        question->again_at = time_msec() + question->pause_ms;
        ovs_bump(ovs);
    } else {
        poll_timer_wait_until(question->again_at);
    }
}
