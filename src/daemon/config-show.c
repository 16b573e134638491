/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force as text: `ovs-appctl -t vifplugd config/show`. */

#include <stdio.h>
#include <string.h>

#include "daemon/config-private.h"
#include "daemon/config.h"

/* Where the column of sources begins. */
enum { SOURCE_COLUMN = 48 };

void config_note_option(struct config *config, const char *section, const char *key)
{
    for (size_t i = 0; i < config_n_settings; i++) {
        if (!strcmp(config_settings[i].section, section) && !strcmp(config_settings[i].key, key)) {
            config->sources[i] = CONFIG_FROM_OPTION;
        }
    }
}

static void put_duration(int ms, struct ds *out)
{
    if (ms % 1000 == 0) {
        ds_put_format(out, "%d s", ms / 1000);
    } else {
        ds_put_format(out, "%d ms", ms);
    }
}

static void put_socket_dirs(const struct engine_settings *settings, struct ds *out)
{
    for (size_t i = 0; i < settings->n_socket_dirs; i++) {
        ds_put_format(out, "%s%s", i ? ", " : "", settings->socket_dirs[i]);
    }
}

static void put_value(const struct config *config, const struct setting *setting, struct ds *out)
{
    const char *at = (const char *)config + setting->offset;
    int number = 0;

    if (!setting->size && setting->type != TYPE_BOOL && setting->type != TYPE_SOCKET_DIRS) {
        memcpy(&number, at, sizeof number);
    }
    switch (setting->type) {
    case TYPE_TEXT:
    case TYPE_ACCESS:
    case TYPE_PATH:
    case TYPE_FOUND_PATH:
    case TYPE_REMOTE:
    case TYPE_LISTEN:
        ds_put_cstr(out, at);
        break;
    case TYPE_INT:
    case TYPE_MTU:
        ds_put_format(out, "%d", number);
        break;
    case TYPE_DURATION:
        put_duration(number, out);
        break;
    case TYPE_BOOL:
        ds_put_cstr(out, *(const bool *)at ? "yes" : "no");
        break;
    case TYPE_SOCKET_DIRS:
        put_socket_dirs(&config->engine, out);
        break;
    case TYPE_WORD:
        ds_put_cstr(out, setting->size ? at : setting->words[number]);
        break;
    }
}

/* Ends the line that begins at `start` of `out` with where its value comes from. */
static void put_source(int source, const char *path, size_t start, struct ds *out)
{
    size_t length = out->length - start;

    ds_put_char_multiple(out, ' ', length < SOURCE_COLUMN ? SOURCE_COLUMN - length : 1);
    if (source > 0) {
        ds_put_format(out, " ; %s:%d", path, source);
    } else {
        ds_put_cstr(out, source == CONFIG_FROM_OPTION ? " ; command line" : " ; default");
    }
}

/* The value that the daemon has found itself for an empty setting; NULL if there is none. */
static const char *found_value(const struct setting *setting, const char *db, const char *run_dir)
{
    return !strcmp(setting->key, "db") ? db : !strcmp(setting->key, "run_dir") ? run_dir : NULL;
}

void config_show(const struct config *config, const char *path, const char *db, const char *run_dir,
                 struct ds *out)
{
    const char *section = "";

    for (size_t i = 0; i < config_n_settings; i++) {
        const struct setting *setting = &config_settings[i];
        const char *found = found_value(setting, db, run_dir);
        size_t start;

        if (strcmp(section, setting->section) != 0) {
            section = setting->section;
            ds_put_format(out, "[%s]\n", section);
        }
        start = out->length;
        ds_put_format(out, "%s = ", setting->key);
        if (found) {
            ds_put_cstr(out, found);
        } else {
            put_value(config, setting, out);
        }
        put_source(config->sources[i], path, start, out);
        ds_put_cstr(out, config->waits[i] ? "; the file has another value, which waits for a "
                                            "restart\n"
                                          : "\n");
    }
    for (size_t i = 0; i < config->n_profiles; i++) {
        size_t start = out->length;

        ds_put_format(out, "[nic %s]", config->profiles[i].name);
        put_source(config->profile_sources[i], path, start, out);
        ds_put_char(out, '\n');
    }
}
