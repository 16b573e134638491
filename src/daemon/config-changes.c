/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two configurations. */

#include <stdio.h>
#include <string.h>

#include "daemon/config-private.h"
#include "daemon/config.h"

static void add_name(char *names, size_t size, const char *format, const char *name)
{
    size_t used = strlen(names);

    snprintf(names + used, size - used, used ? ", " : "");
    used = strlen(names);
    snprintf(names + used, size - used, format, name);
}

/* The size of a value of that type. */
static size_t size_of(const struct setting *setting)
{
    return setting->type == TYPE_BOOL ? sizeof(bool) : setting->size ? setting->size : sizeof(int);
}

static bool same_socket_dirs(const struct engine_settings *a, const struct engine_settings *b)
{
    if (a->n_socket_dirs != b->n_socket_dirs) {
        return false;
    }
    for (size_t i = 0; i < a->n_socket_dirs; i++) {
        if (strcmp(a->socket_dirs[i], b->socket_dirs[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_value(const struct setting *setting, const struct config *old,
                       const struct config *new)
{
    const char *a = (const char *)old + setting->offset;
    const char *b = (const char *)new + setting->offset;

    if (setting->type == TYPE_SOCKET_DIRS) {
        return same_socket_dirs(&old->engine, &new->engine);
    }
    return setting->size ? !strcmp(a, b) : !memcmp(a, b, size_of(setting));
}

static const struct nic_profile *find_profile(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_profiles; i++) {
        if (!strcmp(config->profiles[i].name, name)) {
            return &config->profiles[i];
        }
    }
    return NULL;
}

/* The first of two profiles that match equally well applies. */
static bool same_order(const struct config *old, const struct config *new)
{
    for (size_t i = 0; i < old->n_profiles; i++) {
        if (strcmp(old->profiles[i].name, new->profiles[i].name) != 0) {
            return false;
        }
    }
    return true;
}

/* Profiles that are new or have changed, then those that are gone. */
static void compare_profiles(const struct config *old, const struct config *new,
                             struct config_changes *changes)
{
    for (size_t i = 0; i < new->n_profiles; i++) {
        const struct nic_profile *profile = find_profile(old, new->profiles[i].name);

        if (!profile || !nic_profile_equal(profile, &new->profiles[i])) {
            add_name(changes->applied, sizeof changes->applied, "[nic %s]", new->profiles[i].name);
        }
    }
    for (size_t i = 0; i < old->n_profiles; i++) {
        if (!find_profile(new, old->profiles[i].name)) {
            add_name(changes->applied, sizeof changes->applied, "[nic %s]", old->profiles[i].name);
        }
    }
    if (old->n_profiles == new->n_profiles && !same_order(old, new)) {
        add_name(changes->applied, sizeof changes->applied, "%s",
                 "the order of the [nic] sections");
    }
}

void config_compare(const struct config *old, const struct config *new,
                    struct config_changes *changes)
{
    changes->applied[0] = changes->restart[0] = '\0';
    for (size_t i = 0; i < config_n_settings; i++) {
        const struct setting *setting = &config_settings[i];

        if (same_value(setting, old, new)) {
            continue;
        }
        if (setting->start_only) {
            add_name(changes->restart, sizeof changes->restart, "%s", setting->key);
        } else {
            add_name(changes->applied, sizeof changes->applied, "%s", setting->key);
        }
    }
    compare_profiles(old, new, changes);
}

void config_keep_start(struct config *new, const struct config *old)
{
    for (size_t i = 0; i < config_n_settings; i++) {
        const struct setting *setting = &config_settings[i];

        if (setting->start_only && !same_value(setting, old, new)) {
            new->sources[i] = old->sources[i];
            new->waits[i] = true;
            memcpy((char *)new + setting->offset, (const char *)old + setting->offset,
                   size_of(setting));
        }
    }
}
