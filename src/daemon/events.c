/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "timeval.h"
#include "util.h"

enum { RUN_LEN = 48 };

struct event {
    const char *name;
    struct event_stamp stamp;
    int64_t at; /* As `stamp.time_ms`, by time_msec(), which nobody sets. */
    const char *keys[EVENT_PARTS_MAX];
    uint16_t offsets[EVENT_PARTS_MAX]; /* Of the values in `texts`. */
    size_t n;
    char *texts; /* Each with its NUL. */
    size_t size; /* Of `texts`. */
};

struct events {
    struct event ring[EVENTS_MAX];
    uint64_t first; /* The number of the first event that is kept, and of the next one. */
    uint64_t next;
    size_t bytes;
    char run[RUN_LEN];   /* Tells this run of the daemon from others. */
    int64_t complete_at; /* From when on all events are kept, by time_msec(). */
};

struct events *events_create(void)
{
    struct events *events = xzalloc(sizeof *events);

    events->first = events->next = 1;
    events->complete_at = time_msec();
    snprintf(events->run, sizeof events->run, "%" PRIx64 "-%lx", (uint64_t)time_wall_msec(),
             (unsigned long)getpid());
    return events;
}

static struct event *event_of(const struct events *events, uint64_t number)
{
    return (struct event *)&events->ring[number % EVENTS_MAX];
}

static void drop_first(struct events *events)
{
    struct event *event = event_of(events, events->first++);

    events->bytes -= event->size;
    events->complete_at = event->at + 1;
    free(event->texts);
    event->texts = NULL;
}

void events_destroy(struct events *events)
{
    while (events->first < events->next) {
        drop_first(events);
    }
    free(events);
}

/* Copies the parts, all texts into one piece of memory. */
static void fill(struct event *event, const struct reply_pair *parts, size_t n)
{
    char texts[EVENT_PARTS_MAX * (EVENT_TEXT_MAX + 1)];

    event->n = event->size = 0;
    for (size_t i = 0; i < n && event->n < EVENT_PARTS_MAX; i++) {
        if (parts[i].value && parts[i].value[0]) {
            event->keys[event->n] = parts[i].key;
            event->offsets[event->n++] = (uint16_t)event->size;
            ovs_strlcpy(texts + event->size, parts[i].value, EVENT_TEXT_MAX + 1);
            event->size += strlen(texts + event->size) + 1;
        }
    }
    event->texts = event->size ? xmemdup(texts, event->size) : NULL;
}

struct event_stamp events_add(struct events *events, const char *name,
                              const struct reply_pair *parts, size_t n)
{
    struct event *event;

    if (events->next - events->first == EVENTS_MAX) {
        drop_first(events);
    }
    event = event_of(events, events->next);
    event->name = name;
    event->stamp = (struct event_stamp){.number = events->next++, .time_ms = time_wall_msec()};
    event->at = time_msec();
    fill(event, parts, n);
    events->bytes += event->size;
    while (events->bytes > EVENTS_BYTES_MAX) {
        drop_first(events);
    }
    return event->stamp;
}

static void put_event(struct ds *ds, const struct event *event)
{
    struct reply_pair parts[EVENT_PARTS_MAX];
    char *line;

    for (size_t i = 0; i < event->n; i++) {
        parts[i] = (struct reply_pair){event->keys[i], event->texts + event->offsets[i]};
    }
    line = notification_pairs(event->name, &event->stamp, parts, event->n);
    ds_put_cstr(ds, line);
    free(line);
}

char *events_replay(const struct events *events, int64_t since_ms, struct reply_subscription *told)
{
    int64_t now = time_msec();
    int64_t from = now - since_ms;
    struct ds ds = DS_EMPTY_INITIALIZER;

    *told =
        (struct reply_subscription){.run = events->run,
                                    .last_event = events->next - 1,
                                    .complete_ms = time_wall_msec() - (now - events->complete_at),
                                    .complete = from >= events->complete_at,
                                    .since = since_ms > 0};
    for (uint64_t i = events->first; since_ms > 0 && i < events->next; i++) {
        if (event_of(events, i)->at >= from) {
            put_event(&ds, event_of(events, i));
            told->n_replayed++;
        }
    }
    return ds_steal_cstr(&ds);
}
