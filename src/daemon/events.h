/* SPDX-License-Identifier: Apache-2.0 */
/* The last events, in short, for subscribers that ask for what was before. */

#ifndef VP_EVENTS_H
#define VP_EVENTS_H 1

#include <stddef.h>
#include <stdint.h>

#include "wire/reply.h"

/* How many events are kept, and how many bytes of them at most. */
enum { EVENTS_MAX = 1024, EVENTS_BYTES_MAX = 256 * 1024 };

/* The most parts of an event; longer texts of them are cut. */
enum { EVENT_PARTS_MAX = 8, EVENT_TEXT_MAX = 400 };

struct events;

struct events *events_create(void);
void events_destroy(struct events *events);

/* Keeps an event that happens now. `name` and the keys are string literals; the values are copied,
 * and those that are NULL or "" are left out. Returns its number and time. */
struct event_stamp events_add(struct events *events, const char *name,
                              const struct reply_pair *parts, size_t n);

/* The events of the last `since_ms` (0: none), as lines (malloc'ed), the oldest first; and what a
 * subscriber is told about them. */
char *events_replay(const struct events *events, int64_t since_ms, struct reply_subscription *told);

#endif
