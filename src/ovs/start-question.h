/* SPDX-License-Identifier: Apache-2.0 */
/* The question to a vswitchd that starts: an increment of next_cfg, which it answers in its first
 * reconfiguration. Without one, nothing in OVSDB tells when it has begun: at its start it sets
 * cur_cfg to next_cfg (bridge_run() in vswitchd/bridge.c), and mostly they are equal already. */

#ifndef VP_START_QUESTION_H
#define VP_START_QUESTION_H 1

struct ovs;
struct ovs_globals;
struct vswitchd;

struct start_question {
    unsigned int start;     /* The vswitchd_start() of the one that was asked last. */
    long long int pause_ms; /* How long to wait after the last one... */
    long long int again_at; /* ...and so until when, ms of the monotonic clock. */
};

/* Asks, if vswitchd starts, or if nothing is known of it, and it has no question yet. Call it in
 * each pass, after vswitchd_run(); `globals` are those of this pass. */
void start_question_run(struct start_question *question, struct ovs *ovs,
                        const struct vswitchd *vswitchd, const struct ovs_globals *globals);

#endif
