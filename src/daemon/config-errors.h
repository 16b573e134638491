/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a configuration, in the order of its lines. */

#ifndef VP_CONFIG_ERRORS_H
#define VP_CONFIG_ERRORS_H 1

#include <stddef.h>

#include "base/error.h"

/* How many errors are kept. Who sees so many corrects them first. */
enum { CONFIG_ERRORS_MAX = 20 };

struct config_error {
    int line; /* 0: the error is of no line. */
    char text[ERROR_TEXT_LEN];
};

/* All zeros: no errors. It owns no memory. */
struct config_errors {
    struct config_error first[CONFIG_ERRORS_MAX]; /* Those with the lowest lines. */
    size_t n;                                     /* Of all errors. */
};

/* Adds "PATH:LINE: TEXT.", or "TEXT." if `line` is 0. The text is what is wrong, why, and what to
 * write; it is escaped for display. */
void config_errors_add(struct config_errors *errors, const char *path, int line, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));

/* Passes each sentence to `put`; the last one says how many errors are left out, if any are. */
void config_errors_tell(const struct config_errors *errors, void (*put)(const char *text));

#endif
