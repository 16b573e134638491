/* SPDX-License-Identifier: Apache-2.0 */
#include "base/display.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Unicode's categories Cc (beyond ASCII), Cf, Zl and Zp, with the neighbours that are reserved for
 * more of them. Ascending. */
static const struct {
    uint32_t first;
    uint32_t last;
} hidden[] = {
    {0x80, 0x9f},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},
    {0x180e, 0x180e},   {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

/* The longest escape, "\U000e0001", and its NUL. */
enum { ESCAPE_SIZE = 11 };

bool display_shows(uint32_t code_point)
{
    if (code_point < 0x80) {
        return code_point >= 0x20 && code_point != 0x7f;
    }
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (code_point <= hidden[i].last) {
            return code_point < hidden[i].first;
        }
    }
    return true;
}

static void escape(char out[ESCAPE_SIZE], uint32_t code_point)
{
    switch (code_point) {
    case '\n':
        strcpy(out, "\\n");
        break;
    case '\r':
        strcpy(out, "\\r");
        break;
    case '\t':
        strcpy(out, "\\t");
        break;
    default:
        snprintf(out, ESCAPE_SIZE,
                 code_point < 0x80      ? "\\x%02x"
                 : code_point < 0x10000 ? "\\u%04x"
                                        : "\\U%08x",
                 (unsigned int)code_point);
        break;
    }
}

char *display_text(char *out, size_t size, const char *text, size_t length)
{
    size_t used = 0;
    size_t n;

    for (size_t at = 0; at < length; at += n) {
        char escaped[ESCAPE_SIZE];
        const char *piece = text + at;
        size_t piece_length;
        uint32_t code_point;

        n = utf8_decode(text + at, length - at, &code_point);
        piece_length = n;
        if (n == 0 || !display_shows(code_point)) {
            if (n == 0) {
                snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)text[at]);
                n = 1;
            } else {
                escape(escaped, code_point);
            }
            piece = escaped;
            piece_length = strlen(escaped);
        }
        if (piece_length >= size - used) {
            break;
        }
        memcpy(out + used, piece, piece_length);
        used += piece_length;
    }
    out[used] = '\0';
    return out;
}

/* The length of `text` without the beginning of a character that was cut. */
static size_t whole_length(const char *text, size_t length)
{
    size_t back = 0;

    while (back < 3 && back < length && ((unsigned char)text[length - 1 - back] & 0xc0) == 0x80) {
        back++;
    }
    if (back < length && (unsigned char)text[length - 1 - back] >= 0xc0) {
        uint32_t code_point;
        size_t start = length - 1 - back;

        return utf8_decode(text + start, length - start, &code_point) ? length : start;
    }
    return length;
}

char *display_vformat(char *out, size_t size, const char *format, va_list args)
{
    char text[2048];
    size_t room = size < sizeof text ? size : sizeof text;
    int wanted = vsnprintf(text, room, format, args);
    size_t length = wanted > 0 ? (size_t)wanted : 0;

    if (length >= room) {
        length = whole_length(text, room - 1);
    }
    return display_text(out, size, text, length);
}

char *display_format(char *out, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    display_vformat(out, size, format, args);
    va_end(args);
    return out;
}

char *display_shorten(char *out, size_t size, const char *text)
{
    static const char gap[] = "...";
    size_t length = strlen(text);
    size_t tail = (size - sizeof gap) / 2;
    size_t head = size - sizeof gap - tail;

    if (length < size) {
        memcpy(out, text, length + 1);
        return out;
    }
    while (((unsigned char)text[length - tail] & 0xc0) == 0x80) {
        tail--;
    }
    head = whole_length(text, head);
    memcpy(out, text, head);
    memcpy(out + head, gap, sizeof gap - 1);
    memcpy(out + head + sizeof gap - 1, text + length - tail, tail + 1);
    return out;
}

char *display_copy(const char *text)
{
    size_t length = strlen(text);
    size_t size = DISPLAY_GROWTH * length + 1;
    char *copy = malloc(size);

    return copy ? display_text(copy, size, text, length) : NULL;
}
