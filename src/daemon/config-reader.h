/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the configuration again in a thread of its own, since the names of users and groups may
 * come from a directory server that does not answer.
 *
 * Only the main thread may call these functions. */

#ifndef VP_CONFIG_READER_H
#define VP_CONFIG_READER_H 1

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "daemon/access.h"
#include "daemon/config-errors.h"
#include "daemon/config-file.h"
#include "daemon/config.h"
#include "daemon/options.h"

/* One reading. Without `access` the configuration must not be used: `errors` say why, or `error` if
 * there are none. */
struct config_reading {
    struct config_file file;
    struct config config;
    struct config_errors errors;
    struct error error;
    struct access *access;
    gid_t socket_gid;
    bool has_socket_gid; /* The socket_group of `config` exists. */
};

struct config_reader;

/* A missing file is an error if `required`. `options` is borrowed. */
struct config_reader *config_reader_create(const struct options *options, bool required);

/* Does not wait for a reading under way: it may hang. */
void config_reader_destroy(struct config_reader *reader);

/* Whether a reading is under way: it was begun, and config_reader_take() has not returned it. */
bool config_reader_is_busy(const struct config_reader *reader);

/* Begins a reading. None may be under way. */
void config_reader_begin(struct config_reader *reader);

/* Returns the reading under way once it has ended, for free(); else NULL. Its access is the
 * caller's. */
struct config_reading *config_reader_take(struct config_reader *reader);

/* Wakes the loop when the reading under way ends. */
void config_reader_wait(const struct config_reader *reader);

#endif
