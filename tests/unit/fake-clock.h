/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that stands still until the test warps it, by OVS's time/stop and time/warp; and fakes of
 * unixctl, which has these commands, and of poll(), which takes no time. */

#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H 1

#include <stdbool.h>

/* Stops time_msec() and its like for good. */
void clock_stop(void);
void clock_warp(int ms);

/* Ends a pass of the poll loop. Returns for how long the loop would have slept, ms: 0 if it would
 * wake up at once, -1 if only a file descriptor would wake it up. */
int clock_block(void);

/* Whether that file descriptor would have ended the sleep. */
bool clock_waited_for(int fd);

/* Calls a registered command of unixctl. The reply is valid until the next call. */
const char *unixctl_call(const char *command);

#endif
