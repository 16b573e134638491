/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config-errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* Errors of one line stay in the order in which they were found. */
void config_errors_add(struct config_errors *errors, const char *path, int line, const char *format,
                       ...)
{
    size_t kept = MIN(errors->n, CONFIG_ERRORS_MAX);
    size_t at = kept;
    struct error error;
    char text[ERROR_TEXT_LEN];
    va_list args;

    while (at > 0 && errors->first[at - 1].line > line) {
        at--;
    }
    errors->n++;
    if (at == CONFIG_ERRORS_MAX) {
        return;
    }
    kept = MIN(kept, CONFIG_ERRORS_MAX - 1);
    memmove(&errors->first[at + 1], &errors->first[at], (kept - at) * sizeof errors->first[0]);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (line > 0) {
        error_set(&error, REASON_INVALID_REQUEST, "", "%s:%d: %s.", path, line, text);
    } else {
        error_set(&error, REASON_INVALID_REQUEST, "", "%s.", text);
    }
    errors->first[at].line = line;
    memcpy(errors->first[at].text, error.message, sizeof errors->first[at].text);
}

void config_errors_tell(const struct config_errors *errors, void (*put)(const char *text))
{
    for (size_t i = 0; i < MIN(errors->n, CONFIG_ERRORS_MAX); i++) {
        put(errors->first[i].text);
    }
    if (errors->n > CONFIG_ERRORS_MAX) {
        char more[64];

        snprintf(more, sizeof more, "... and %zu more; correct these first.",
                 errors->n - CONFIG_ERRORS_MAX);
        put(more);
    }
}
