/* SPDX-License-Identifier: Apache-2.0 */
/* Room: how much of a limited thing one user may have while others share it. */

#ifndef VP_ROOM_H
#define VP_ROOM_H 1

#include <stdbool.h>
#include <stddef.h>

/* Of each limited thing, one part in so many is kept for privileged users. */
enum { ROOM_RESERVE = 8 };

/* Returns how much more a user may have that has `own`, while all together have `used` of `max`.
 *
 * A privileged user may have all that is free. Another may have as much as it then leaves free: so
 * a user that is alone gets a half, and who comes later still finds some; only one of a thing may
 * always be had while one is free. An eighth (rounded up, if `max` is more than 1) stays for
 * privileged users. */
size_t room_left(bool privileged, size_t max, size_t used, size_t own);

/* Whether that user has more than it may: for what users get without asking. Who has nothing has
 * not too much, whoever uses what is kept. */
bool room_exceeded(bool privileged, size_t max, size_t used, size_t own);

#endif
