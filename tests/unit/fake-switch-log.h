/* SPDX-License-Identifier: Apache-2.0 */
/* A vswitchd's log for the engine's tests: answers what the test has put in. */

#ifndef FAKE_SWITCH_LOG_H
#define FAKE_SWITCH_LOG_H 1

#include "ovs/switch-log.h"

struct switch_log {
    struct switch_log_answer answer;
    bool silent;      /* It gives no answer... */
    bool full;        /* ...or takes no question. */
    int n_empty;      /* So many answers are without lines first. */
    uint64_t n_asked; /* The number of the last question. */
    int n_marks;
    off_t asked_from; /* The mark of the last question. */
    char names[256];  /* Its names, "a b". */
};

#endif
