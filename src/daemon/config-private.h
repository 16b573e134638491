/* SPDX-License-Identifier: Apache-2.0 */
/* The table of settings. */

#ifndef VP_CONFIG_PRIVATE_H
#define VP_CONFIG_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>

enum setting_type {
    TYPE_TEXT,
    TYPE_ACCESS,
    TYPE_PATH,
    TYPE_FOUND_PATH, /* "": the daemon finds it. */
    TYPE_REMOTE,     /* The same. */
    TYPE_LISTEN,
    TYPE_INT,
    TYPE_MTU, /* VIF_MTU_MIN at least, or 0. */
    TYPE_DURATION,
    TYPE_BOOL,
    TYPE_SOCKET_DIRS,
    TYPE_WORD
};

struct setting {
    const char *section;
    const char *key;
    enum setting_type type;
    size_t offset;
    size_t size;              /* Of a text. */
    int min, max;             /* Of a number; durations in ms. */
    const char *const *words; /* Of a word, NULL-terminated; its index is stored, or the word itself
                               * if `size` is not 0. */
    bool start_only;          /* Read only at start. */
};

extern const struct setting config_settings[];
extern const size_t config_n_settings;

struct config;

/* Stores the value of a setting in `config`. Returns false with `why` filled: a clause that follows
 * the setting's name and ends with what to write. */
bool config_set_value(struct config *config, const struct setting *setting, const char *value,
                      char *why, size_t size);

#endif
