/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

/* The lead byte of an n-byte character, and the smallest code point that needs n bytes. */
static const struct {
    unsigned char mask;
    unsigned char lead;
    uint32_t least;
} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

enum { FORMS = sizeof forms / sizeof forms[0], CODE_POINT_MAX = 0x10ffff };

size_t utf8_decode(const char *text, size_t length, uint32_t *code_point)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t i = 0;

    if (length == 0) {
        return 0;
    }
    while (i < FORMS && (bytes[0] & forms[i].mask) != forms[i].lead) {
        i++;
    }
    if (i >= FORMS || i >= length) {
        return 0;
    }
    *code_point = (unsigned char)(bytes[0] & ~forms[i].mask);
    for (size_t j = 1; j <= i; j++) {
        if ((bytes[j] & 0xc0) != 0x80) {
            return 0;
        }
        *code_point = *code_point << 6 | (bytes[j] & 0x3f);
    }
    if (*code_point < forms[i].least || *code_point > CODE_POINT_MAX ||
        (*code_point >= 0xd800 && *code_point <= 0xdfff)) {
        return 0;
    }
    return i + 1;
}

size_t utf8_prefix(const char *text, size_t length)
{
    uint32_t code_point;
    size_t used = 0;
    size_t n;

    for (;;) {
        while (used < length && (unsigned char)text[used] < 0x80) {
            used++;
        }
        n = utf8_decode(text + used, length - used, &code_point);
        if (n == 0) {
            return used;
        }
        used += n;
    }
}

bool utf8_is_valid(const char *text)
{
    size_t length = strlen(text);

    return utf8_prefix(text, length) == length;
}
