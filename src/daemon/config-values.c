/* SPDX-License-Identifier: Apache-2.0 */
/* The values of settings: text to members of struct config. */

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "daemon/config-private.h"
#include "daemon/config.h"
#include "daemon/metrics-listener.h"
#include "daemon/remote.h"

static bool parse_number(const char *text, int *value, const char **rest)
{
    bool negative = *text == '-';
    int64_t number;

    text += negative;
    if (!number_take(&text, INT_MAX, &number)) {
        return false;
    }
    *value = (int)(negative ? -number : number);
    *rest = text + strspn(text, " ");
    return true;
}

/* What to write: "a number from 1 to 64". */
static const char *wanted_number(const struct setting *setting, char *text, size_t size)
{
    if (setting->type == TYPE_DURATION) {
        snprintf(text, size, "a time from %d to %d ms, such as 10 s or 500 ms", setting->min,
                 setting->max);
    } else if (setting->type == TYPE_MTU) {
        snprintf(text, size, "0 or a number from %d to %d", VIF_MTU_MIN, setting->max);
    } else {
        snprintf(text, size, "a number from %d to %d", setting->min, setting->max);
    }
    return text;
}

static bool set_number(const struct setting *setting, const char *value, int *target, char *why,
                       size_t size)
{
    bool duration = setting->type == TYPE_DURATION;
    char wanted[80];
    const char *rest;
    int number;

    wanted_number(setting, wanted, sizeof wanted);
    if (!parse_number(value, &number, &rest)) {
        snprintf(why, size, "is '%s', which is not a number; write %s", value, wanted);
        return false;
    }
    if (duration && (!strcmp(rest, "s") || !*rest)) {
        /* A number that does not fit into an int is out of every range. */
        number = number < 0 || number > INT_MAX / 1000 ? -1 : number * 1000;
    } else if (duration ? strcmp(rest, "ms") != 0 : *rest != '\0') {
        snprintf(why, size, "has '%s' after its number; write %s", rest, wanted);
        return false;
    }
    if (number < setting->min || number > setting->max ||
        (setting->type == TYPE_MTU && number > 0 && number < VIF_MTU_MIN)) {
        snprintf(why, size, "is '%s', which is out of range; write %s", value, wanted);
        return false;
    }
    *target = number;
    return true;
}

static bool set_bool(const char *value, bool *target, char *why, size_t size)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
        snprintf(why, size, "must be yes or no, not '%s'", value);
        return false;
    }
    *target = !strcmp(value, "yes");
    return true;
}

static bool set_socket_dirs(struct config *config, const char *value, char *why, size_t size)
{
    char dir[CONFIG_TEXT_MAX + 1];

    config->engine.n_socket_dirs = 0;
    while (list_next(&value, dir, sizeof dir)) {
        if (config->engine.n_socket_dirs == SOCKET_DIRS_MAX) {
            snprintf(why, size, "has more than %d directories; remove some", SOCKET_DIRS_MAX);
            return false;
        }
        if (!vif_path_valid(dir)) {
            snprintf(why, size, "has '%s', which is not an absolute path; correct it", dir);
            return false;
        }
        memcpy(config->engine.socket_dirs[config->engine.n_socket_dirs++], dir, strlen(dir) + 1);
    }
    return true;
}

static bool set_word(const struct setting *setting, const char *value, void *target, char *why,
                     size_t size)
{
    char known[160] = "";

    for (int i = 0; setting->words[i]; i++) {
        size_t used = strlen(known);

        if (strcmp(setting->words[i], value) != 0) {
            snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", setting->words[i]);
        } else if (setting->size) {
            snprintf(target, setting->size, "%s", value);
            return true;
        } else {
            *(int *)target = i;
            return true;
        }
    }
    snprintf(why, size, "is '%s'; it must be one of %s", value, known);
    return false;
}

static bool check_path(const char *value, char *why, size_t size)
{
    if (!vif_path_valid(value)) {
        snprintf(why, size, "'%s' is not an absolute path of at most %d bytes; correct it", value,
                 VIF_PATH_MAX);
        return false;
    }
    return true;
}

static bool check_text(enum setting_type type, const char *value, char *why, size_t size)
{
    switch ((int)type) {
    case TYPE_PATH:
        return check_path(value, why, size);
    case TYPE_FOUND_PATH:
        return !*value || check_path(value, why, size);
    case TYPE_REMOTE:
        return !*value || remote_check(value, why, size);
    case TYPE_LISTEN:
        return metrics_listen_check(value, why, size);
    default:
        return true;
    }
}

bool config_set_value(struct config *config, const struct setting *setting, const char *value,
                      char *why, size_t size)
{
    void *target = (char *)config + setting->offset;

    switch (setting->type) {
    case TYPE_TEXT:
    case TYPE_PATH:
    case TYPE_FOUND_PATH:
    case TYPE_ACCESS:
    case TYPE_REMOTE:
    case TYPE_LISTEN:
        if (!check_text(setting->type, value, why, size)) {
            return false;
        }
        snprintf(target, setting->size, "%s", value);
        return true;
    case TYPE_INT:
    case TYPE_MTU:
    case TYPE_DURATION:
        return set_number(setting, value, target, why, size);
    case TYPE_BOOL:
        return set_bool(value, target, why, size);
    case TYPE_SOCKET_DIRS:
        return set_socket_dirs(config, value, why, size);
    case TYPE_WORD:
        return set_word(setting, value, target, why, size);
    }
    return false;
}
