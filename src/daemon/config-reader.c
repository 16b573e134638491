/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config-reader.h"

#include <stdlib.h>

#include "daemon/listener.h"
#include "latch.h"
#include "ovs-thread.h"
#include "util.h"

struct config_reader {
    const struct options *options;
    bool required;
    bool busy;
    pthread_t thread;
    struct config_reading *reading; /* Of the thread, until `finished` is set. */
    struct latch finished;
};

/* The thread is the only one that calls getpwnam() and getgrnam() then, which have one buffer for
 * all threads: the main thread has called them before the first reading. */
static void *read_again(void *reader_)
{
    struct config_reader *reader = reader_;
    struct config_reading *reading = reader->reading;
    struct config *config = &reading->config;

    config_file_note(&reading->file);
    if (options_read_config(reader->options, reader->required, config, &reading->errors)) {
        /* NULL if a user has been removed since the file was checked. */
        reading->access = access_create(config->allow, config->allow_read, &reading->error);
        reading->has_socket_gid = listener_find_group(config->socket_group, &reading->socket_gid);
    }
    latch_set(&reader->finished);
    return NULL;
}

struct config_reader *config_reader_create(const struct options *options, bool required)
{
    struct config_reader *reader = xzalloc(sizeof *reader);

    reader->options = options;
    reader->required = required;
    latch_init(&reader->finished);
    return reader;
}

void config_reader_destroy(struct config_reader *reader)
{
    struct config_reading *reading = config_reader_take(reader);

    if (reading) {
        access_destroy(reading->access);
        free(reading);
    }
    if (reader->busy) {
        return; /* The thread ends with the process, and has the rest until then. */
    }
    latch_destroy(&reader->finished);
    free(reader);
}

bool config_reader_is_busy(const struct config_reader *reader)
{
    return reader->busy;
}

void config_reader_begin(struct config_reader *reader)
{
    reader->reading = xzalloc(sizeof *reader->reading);
    reader->reading->file.path = options_config_path(reader->options);
    reader->busy = true;
    reader->thread = ovs_thread_create("config-reader", read_again, reader);
}

struct config_reading *config_reader_take(struct config_reader *reader)
{
    if (!reader->busy || !latch_poll(&reader->finished)) {
        return NULL;
    }
    xpthread_join(reader->thread, NULL);
    reader->busy = false;
    return reader->reading;
}

void config_reader_wait(const struct config_reader *reader)
{
    if (reader->busy) {
        latch_wait(&reader->finished);
    }
}
