/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reload.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/descriptors.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"

VLOG_DEFINE_THIS_MODULE(reload);

/* When to say that the names of users and groups take long, ms after the reading has begun. */
enum { SLOW_MS = 1000 };

static void log_changes(const struct daemon *daemon, const struct config_changes *changes)
{
    const char *path = options_config_path(&daemon->options);

    if (changes->applied[0]) {
        SLOG_INFO("%s read again; changed: %s", path, changes->applied);
    } else {
        SLOG_INFO("%s read again; nothing has changed%s", path,
                  changes->restart[0] ? " that can change now" : "");
    }
    if (changes->restart[0]) {
        SLOG_WARN("restart vifplugd to change: %s", changes->restart);
    }
}

/* Puts a new configuration in force, except for the settings that the daemon reads only at start.
 */
static void apply(struct daemon *daemon, struct config_reading *reading)
{
    struct config *config = &reading->config;
    bool other_group = strcmp(config->socket_group, daemon->config.socket_group) != 0;
    struct error error;

    daemon->config_file = reading->file;
    config_compare(&daemon->config, config, &daemon->changes);
    config_keep_start(config, &daemon->config);
    daemon->config = *config;
    server_set_access(daemon->server, reading->access);
    access_destroy(daemon->access);
    daemon->access = reading->access;
    server_set_limits(daemon->server, descriptors_reserve(config->max_connections),
                      modules_max_memory(config));
    if (other_group &&
        !server_set_group(daemon->server, config->socket_group,
                          reading->has_socket_gid ? &reading->socket_gid : NULL, &error)) {
        SLOG_ERR("%s", error.message);
    }
    daemon->offload.policy = daemon->config.engine.ensure_hw_offload;
    modules_serve_metrics(daemon);
    nic_set_profiles(daemon->nic, daemon->config.profiles, daemon->config.n_profiles);
    nic_scanner_set_profiles(daemon->nic_scanner, daemon->config.profiles,
                             daemon->config.n_profiles);
    log_changes(daemon, &daemon->changes);
}

static void log_error(const char *text)
{
    SLOG_ERR("the configuration stays as it was: %s", text);
}

static void log_errors(const struct config_reading *reading)
{
    if (reading->errors.n > 0) {
        config_errors_tell(&reading->errors, log_error);
    } else {
        log_error(reading->error.message);
    }
}

static void begin(struct daemon *daemon)
{
    service_reloading(&daemon->service);
    daemon->reload_slow_at = time_msec() + SLOW_MS;
    config_reader_begin(daemon->config_reader);
}

void reload_begin(struct daemon *daemon)
{
    if (config_reader_is_busy(daemon->config_reader)) {
        daemon->reload_again = true;
    } else {
        begin(daemon);
    }
}

/* Says once that the reading takes long. */
static void note_slow(struct daemon *daemon)
{
    if (config_reader_is_busy(daemon->config_reader) && time_msec() >= daemon->reload_slow_at) {
        SLOG_WARN("%s is still being read: the host has not said yet who the users and groups in "
                  "it are; until then the settings in force stay",
                  options_config_path(&daemon->options));
        daemon->reload_slow_at = LLONG_MAX;
    }
}

void reload_run(struct daemon *daemon)
{
    struct config_reading *reading = config_reader_take(daemon->config_reader);

    if (!reading) {
        note_slow(daemon);
        return;
    }
    if (reading->access) {
        apply(daemon, reading);
    } else {
        log_errors(reading);
    }
    free(reading);
    if (daemon->reload_again) {
        daemon->reload_again = false;
        begin(daemon);
    } else {
        service_reloaded(&daemon->service);
    }
}

void reload_wait(const struct daemon *daemon)
{
    config_reader_wait(daemon->config_reader);
    if (config_reader_is_busy(daemon->config_reader) && daemon->reload_slow_at != LLONG_MAX) {
        poll_timer_wait_until(daemon->reload_slow_at);
    }
}
