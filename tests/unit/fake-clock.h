/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that stands still until it is warped, by OVS's own time/stop and time/warp; and fakes of
 * unixctl, which has these commands, and of poll(), which takes no time. */

#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H 1

#include <stdbool.h>

/* Stops time_msec() and its like for good. */
void clock_stop(void);
void clock_warp(int ms);

/* Ends a pass of the poll loop. Returns for how long it would have slept, ms: 0 if it was to be
 * woken at once, -1 if by nothing but a file descriptor. */
int clock_block(void);

/* Whether that file descriptor would have ended the sleep. */
bool clock_waited_for(int fd);

/* Calls a command that was registered with unixctl. Its reply is good until the next call. */
const char *unixctl_call(const char *command);

#endif
