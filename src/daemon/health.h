/* SPDX-License-Identifier: Apache-2.0 */
/* Health: whether OVSDB and ovs-vswitchd do their work, as far as the daemon can know. */

#ifndef VP_HEALTH_H
#define VP_HEALTH_H 1

#include <stdint.h>

#include "engine/engine.h"
#include "watch/watch.h"

enum { HEALTH_PROBLEMS_MAX = 6, HEALTH_PROBLEM_LEN = 512 };

/* What a problem is about. */
enum health_subject {
    HEALTH_OVSDB,
    HEALTH_VSWITCHD,
    HEALTH_SOCKETS,
    HEALTH_DPDK,
    HEALTH_OFFLOAD,
    HEALTH_VIFS
};

struct health {
    const char *vswitchd;  /* "alive", "hung", "dead" or "unknown". */
    int64_t unanswered_ms; /* How long vswitchd has answered no next_cfg; 0: nothing waits. */
    /* What is wrong, and what to do next: sentences. */
    char problems[HEALTH_PROBLEMS_MAX][HEALTH_PROBLEM_LEN];
    enum health_subject subjects[HEALTH_PROBLEMS_MAX];
    size_t n_problems;
};

/* The problem with that subject, or NULL. */
const char *health_problem(const struct health *health, enum health_subject subject);

void health_read(const struct engine_env *env, struct health *health);

/* Whether the vswitchd that runs has initialised DPDK, as far as OVSDB tells: what its predecessor
 * wrote there stays until it has begun. */
bool health_dpdk_initialized(const struct engine_env *env, const struct ovs_globals *globals);

/* What health_read() finds, and VIFs that failed or are missing. Looks at all VIFs. */
void health_read_all(const struct engine_env *env, const struct watch *watch,
                     struct health *health);

#endif
