/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reload.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/descriptors.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(reload);

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
static void apply(struct daemon *daemon, struct config *config, struct access *access)
{
    bool other_group = strcmp(config->socket_group, daemon->config.socket_group) != 0;
    struct error error;

    config_keep_start(config, &daemon->config);
    daemon->config = *config;
    server_set_access(daemon->server, access);
    access_destroy(daemon->access);
    daemon->access = access;
    server_set_limits(daemon->server, descriptors_reserve(config->max_connections),
                      modules_max_memory(config));
    if (other_group && !server_set_group(daemon->server, config->socket_group, &error)) {
        SLOG_ERR("%s", error.message);
    }
    daemon->offload.policy = daemon->config.engine.ensure_hw_offload;
    modules_serve_metrics(daemon);
    nic_set_profiles(daemon->nic, daemon->config.profiles, daemon->config.n_profiles);
    nic_scanner_set_profiles(daemon->nic_scanner, daemon->config.profiles,
                             daemon->config.n_profiles);
}

static void log_error(const char *text)
{
    SLOG_ERR("the configuration stays as it was: %s", text);
}

/* Reads the configuration. Returns the lists of users, or NULL once all that is wrong is logged. */
static struct access *read_config(struct daemon *daemon, struct config *config)
{
    struct config_errors *errors = xzalloc(sizeof *errors);
    struct access *access = NULL;
    struct error error;

    if (options_read_config(&daemon->options, daemon->has_config_file, config, errors)) {
        access = access_create(config->allow, config->allow_read, &error);
        if (!access) { /* A user has been removed since the file was checked. */
            log_error(error.message);
        }
    } else {
        config_errors_tell(errors, log_error);
    }
    free(errors);
    return access;
}

void reload(struct daemon *daemon)
{
    struct config_file file = daemon->config_file;
    struct config *config = xmalloc(sizeof *config);
    struct access *access;

    config_file_note(&file);
    service_reloading(&daemon->service);
    access = read_config(daemon, config);
    if (access) {
        daemon->config_file = file;
        config_compare(&daemon->config, config, &daemon->changes);
        apply(daemon, config, access);
        log_changes(daemon, &daemon->changes);
    }
    free(config);
    service_reloaded(&daemon->service);
}
