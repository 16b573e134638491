/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/start-question.h"

#include "openvswitch/poll-loop.h"
#include "ovs/ovs.h"
#include "ovs/vswitchd.h"
#include "timeval.h"

/* How long OVSDB has to take it before it is asked again, ms. */
enum { PAUSE_MS = 1000 };

void start_question_run(struct start_question *question, struct ovs *ovs,
                        const struct vswitchd *vswitchd, const struct ovs_globals *globals)
{
    bool starts = vswitchd_state(vswitchd) == VSWITCHD_ALIVE && vswitchd_is_starting(vswitchd);

    if (!starts || !globals->exist || globals->next_cfg > globals->cur_cfg || !ovs_txn_ready(ovs)) {
        return; /* What is awaited wakes the loop. */
    }
    if (time_msec() >= question->again_at) {
        question->again_at = time_msec() + PAUSE_MS;
        ovs_bump(ovs);
    } else {
        poll_timer_wait_until(question->again_at);
    }
}
