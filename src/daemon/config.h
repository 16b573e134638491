/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's configuration: a file (CONFIG_PATH of base/paths.h), read at start and on SIGHUP.
 * etc/vifplugd.conf is the manual: it has every setting with its default and meaning. */

#ifndef VP_CONFIG_H
#define VP_CONFIG_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/vif.h"
#include "daemon/config-errors.h"
#include "engine/settings.h"
#include "nic/nic-profile.h"
#include "openvswitch/dynamic-string.h"

#define CONFIG_TEXT_MAX 192

/* Room for all settings of the table. */
#define CONFIG_SETTINGS_MAX 32

/* Where a value comes from: a line of the file (> 0), or one of these. */
enum { CONFIG_BUILT_IN = 0, CONFIG_FROM_OPTION = -1 };

struct config {
    /* [daemon] */
    char socket[VIF_PATH_MAX + 1];
    char socket_group[CONFIG_TEXT_MAX];
    char allow[CONFIG_TEXT_MAX]; /* List of users, @groups, numbers. */
    char allow_read[CONFIG_TEXT_MAX];
    int max_connections;
    int client_memory; /* MiB. */
    /* [ovs] */
    char db[CONFIG_TEXT_MAX];            /* "": OVS's default. */
    char run_dir[VIF_PATH_MAX + 1];      /* "": OVS's default. */
    char vswitchd_log[VIF_PATH_MAX + 1]; /* "": found by vswitchd's process. */
    /* The rest of [daemon] and [ovs], [vif], [offload]. */
    struct engine_settings engine;
    /* [metrics] */
    char metrics_listen[CONFIG_TEXT_MAX]; /* Where metrics are served; "": nowhere. */
    /* [nic NAME]. Among equal patterns the first applies: those with patterns of the file, in
     * its order, and then the built-in ones. */
    struct nic_profile profiles[NIC_PROFILES_MAX];
    size_t n_profiles;
    /* Where each value comes from, in the order of the table of settings, and each profile. */
    int sources[CONFIG_SETTINGS_MAX];
    int profile_sources[NIC_PROFILES_MAX];
    bool waits[CONFIG_SETTINGS_MAX]; /* The file has another value, which waits for a restart. */
};

/* Fills `config` with the defaults and the built-in NIC profiles. */
void config_init(struct config *config);

/* Reads `path` into a config that config_init() has filled. A missing file is an error only if
 * `required`. Adds all that is wrong to `errors` and returns whether nothing is; else the config
 * must not be used. */
bool config_read(struct config *config, const char *path, bool required,
                 struct config_errors *errors);

/* Adds the settings that contradict each other, or name users and groups that do not exist, once
 * all have their values, also those of the command line. Returns whether there are none. To ask the
 * host for a name may take long: the file has been read by then, so who writes it meanwhile mixes
 * nothing up. */
bool config_check(const struct config *config, const char *path, struct config_errors *errors);

/* Notes that the value of a setting comes from the command line. */
void config_note_option(struct config *config, const char *section, const char *key);

/* Appends all settings in force, each with where its value comes from. `path` is the file, `db` and
 * `run_dir` are what the daemon uses where these settings are empty. */
void config_show(const struct config *config, const char *path, const char *db, const char *run_dir,
                 struct ds *out);

/* The settings in which two configurations differ: their names, separated by ", ". */
struct config_changes {
    char applied[1024]; /* Those that the daemon can change while it runs. */
    char restart[80];   /* Those that it reads only at start. */
};

/* Compares the configuration in force with a new one. */
void config_compare(const struct config *old, const struct config *new,
                    struct config_changes *changes);

/* Gives `new` the values of `old` of those settings that the daemon reads only at start. */
void config_keep_start(struct config *new, const struct config *old);

#endif
