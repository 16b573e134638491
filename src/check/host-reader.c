/* SPDX-License-Identifier: Apache-2.0 */
#include "check/host-reader.h"

#include <stdlib.h>

#include "latch.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/thread.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"

/* One reading. Only one thread has it at a time. */
struct reading {
    struct host_query query;
    struct host_facts facts;
    uint64_t number;
};

struct host_reader {
    pthread_t thread;
    struct ovs_mutex mutex;
    pthread_cond_t wake; /* `todo` is set, or `ending`. */
    struct reading *todo OVS_GUARDED;
    struct reading *done OVS_GUARDED;
    bool ending OVS_GUARDED;
    struct latch finished; /* `done` is set. */
    /* For the main thread alone. */
    void (*fill)(void *aux, struct host_query *query);
    void *aux;
    uint64_t asked; /* The number of the last reading that was asked for. */
    uint64_t begun;
    bool under_way;
    long long int next_at;  /* When the next reading may begin, ms. */
    struct reading *latest; /* The last result, or NULL. */
};

static struct reading *take(struct host_reader *reader)
{
    struct reading *reading;

    ovs_mutex_lock(&reader->mutex);
    while (!reader->todo && !reader->ending) {
        ovs_mutex_cond_wait(&reader->wake, &reader->mutex);
    }
    reading = reader->ending ? NULL : reader->todo;
    if (reading) {
        reader->todo = NULL;
    }
    ovs_mutex_unlock(&reader->mutex);
    return reading;
}

static void *run(void *reader_)
{
    struct host_reader *reader = reader_;
    struct reading *reading;

    while ((reading = take(reader))) {
        host_read(&reading->query, &reading->facts);
        ovs_mutex_lock(&reader->mutex);
        reader->done = reading;
        ovs_mutex_unlock(&reader->mutex);
        latch_set(&reader->finished);
    }
    return NULL;
}

struct host_reader *host_reader_create(void (*fill)(void *aux, struct host_query *query), void *aux)
{
    struct host_reader *reader = xzalloc(sizeof *reader);

    reader->fill = fill;
    reader->aux = aux;
    ovs_mutex_init(&reader->mutex);
    xpthread_cond_init(&reader->wake, NULL);
    latch_init(&reader->finished);
    reader->thread = ovs_thread_create("host-reader", run, reader);
    return reader;
}

static void free_reading(struct reading *reading)
{
    if (reading) {
        host_query_destroy(&reading->query);
        free(reading);
    }
}

static void collect(struct host_reader *reader)
{
    struct reading *done;

    latch_poll(&reader->finished);
    ovs_mutex_lock(&reader->mutex);
    done = reader->done;
    reader->done = NULL;
    ovs_mutex_unlock(&reader->mutex);
    if (done) {
        reader->under_way = false;
        free_reading(reader->latest);
        reader->latest = done;
    }
}

void host_reader_destroy(struct host_reader *reader)
{
    collect(reader);
    ovs_mutex_lock(&reader->mutex);
    reader->ending = true;
    xpthread_cond_signal(&reader->wake);
    ovs_mutex_unlock(&reader->mutex);
    free_reading(reader->latest);
    if (reader->under_way) {
        return; /* The thread ends with the process, and has the rest until then. */
    }
    xpthread_join(reader->thread, NULL);
    latch_destroy(&reader->finished);
    xpthread_cond_destroy(&reader->wake);
    ovs_mutex_destroy(&reader->mutex);
    free(reader);
}

uint64_t host_reader_ask(struct host_reader *reader)
{
    reader->asked = reader->begun + 1;
    return reader->asked;
}

bool host_reader_take(struct host_reader *reader, uint64_t number, struct host_facts *facts)
{
    if (!reader->latest || reader->latest->number < number) {
        return false;
    }
    *facts = reader->latest->facts;
    return true;
}

static void begin(struct host_reader *reader)
{
    struct reading *reading = xzalloc(sizeof *reading);

    reader->fill(reader->aux, &reading->query);
    reading->number = ++reader->begun;
    reader->under_way = true;
    reader->next_at = time_msec() + HOST_READ_PAUSE_MS;
    ovs_mutex_lock(&reader->mutex);
    reader->todo = reading;
    xpthread_cond_signal(&reader->wake);
    ovs_mutex_unlock(&reader->mutex);
}

void host_reader_run(struct host_reader *reader)
{
    if (reader->under_way) {
        collect(reader);
    }
    if (!reader->under_way && reader->asked > reader->begun && time_msec() >= reader->next_at) {
        begin(reader);
    }
}

void host_reader_wait(const struct host_reader *reader)
{
    if (reader->under_way) {
        latch_wait(&reader->finished);
    } else if (reader->asked > reader->begun) {
        poll_timer_wait_until(reader->next_at);
    }
}
