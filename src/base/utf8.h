/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629). */

#ifndef VP_UTF8_H
#define VP_UTF8_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the number of bytes of the character at the beginning of the `length` bytes of `text`,
 * and stores its code point; 0 if they do not begin with a character. */
size_t utf8_decode(const char *text, size_t length, uint32_t *code_point);

/* Returns how many of the first `length` bytes of `text` are valid UTF-8, in whole characters. */
size_t utf8_prefix(const char *text, size_t length);

/* Whether a text is valid UTF-8. */
bool utf8_is_valid(const char *text);

#endif
