/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people: as one line that a terminal and a log file show as it is.
 *
 * What comes from outside (requests, OVSDB, sysfs, a daemon's replies) may have line feeds that
 * forge lines of a log, escape sequences that a terminal obeys, and characters that are invisible
 * or that reorder the text around them. Whatever shows such text escapes it here. */

#ifndef VP_DISPLAY_H
#define VP_DISPLAY_H 1

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many times longer a text can become. */
#define DISPLAY_GROWTH 4

/* Whether a code point may be shown as it is: it is no control character, no format character
 * (zero-width, bidirectional, tags) and no line or paragraph separator. */
bool display_shows(uint32_t code_point);

/* Writes the first `length` bytes of `text` to `out`, of `size` > 0 bytes, and ends it with a NUL.
 * Control and format characters become \n, \r, \t, \xNN, \uNNNN or \UNNNNNNNN, bytes that are not
 * UTF-8 become \xNN. All else stays, also backslashes, so that escaping a text again does not
 * change it. Cuts what does not fit, at a whole character or escape. Returns `out`. */
char *display_text(char *out, size_t size, const char *text, size_t length);

/* The same for what `format` makes; cuts it at `size` bytes before it escapes it. Returns `out`. */
char *display_format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
char *display_vformat(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Writes `text`, which is UTF-8, to `out`, of `size` >= 16 bytes, and ends it with a NUL. If it
 * does not fit, "..." takes the place of its middle, so that its end stays. Returns `out`. */
char *display_shorten(char *out, size_t size, const char *text);

/* A copy of `text` for people, malloc'ed; NULL if memory runs out. */
char *display_copy(const char *text);

#endif
