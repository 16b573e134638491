/* SPDX-License-Identifier: Apache-2.0 */
#include "base/room.h"

/* How much all together may have, if a user of this kind is among them. */
static size_t usable(bool privileged, size_t max)
{
    return privileged || max <= 1 ? max : max - (max + ROOM_RESERVE - 1) / ROOM_RESERVE;
}

size_t room_left(bool privileged, size_t max, size_t used, size_t own)
{
    size_t end = usable(privileged, max);
    size_t unused = used < end ? end - used : 0;

    if (privileged) {
        return unused;
    }
    if (unused > own + 1) {
        return (unused - own) / 2;
    }
    return unused > 0 && own == 0 ? 1 : 0;
}

bool room_exceeded(bool privileged, size_t max, size_t used, size_t own)
{
    size_t end = usable(privileged, max);
    size_t unused = used < end ? end - used : 0;

    return own > 0 && (used > max || (!privileged && own > unused));
}
