/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json-scan.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

struct scanner {
    const unsigned char *p;
    const unsigned char *end;
    const char *error;
    size_t n_members;
    int depth_left;
};

static bool fail(struct scanner *s, const char *error)
{
    s->error = error;
    return false;
}

static int peek(const struct scanner *s)
{
    return s->p < s->end ? *s->p : -1;
}

static void skip_space(struct scanner *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) {
        s->p++;
    }
}

static bool scan_escape(struct scanner *s)
{
    s->p++;
    if (peek(s) == 'u') {
        if (s->end - s->p < 5) {
            return fail(s, "truncated escape");
        }
        for (int i = 1; i <= 4; i++) {
            if (!isxdigit(s->p[i])) {
                return fail(s, "malformed escape");
            }
        }
        if (!memcmp(s->p, "u0000", 5)) {
            return fail(s, "NUL in a string");
        }
        s->p += 5;
        return true;
    }
    if (peek(s) < 0 || !strchr("\"\\/bfnrt", peek(s))) {
        return fail(s, "malformed escape");
    }
    s->p++;
    return true;
}

static bool scan_string(struct scanner *s)
{
    if (peek(s) != '"') {
        return fail(s, "expected a string");
    }
    for (s->p++; s->p < s->end && *s->p != '"';) {
        if (*s->p < 0x20) {
            return fail(s, "control character in a string");
        }
        if (*s->p == '\\') {
            if (!scan_escape(s)) {
                return false;
            }
        } else {
            uint32_t code_point;
            size_t n = *s->p < 0x80
                           ? 1
                           : utf8_decode((const char *)s->p, (size_t)(s->end - s->p), &code_point);

            if (n == 0) {
                return fail(s, "invalid UTF-8");
            }
            s->p += n;
        }
    }
    if (s->p == s->end) {
        return fail(s, "unterminated string");
    }
    s->p++;
    return true;
}

static bool scan_digits(struct scanner *s)
{
    if (peek(s) < 0 || !isdigit(peek(s))) {
        return fail(s, "malformed number");
    }
    while (peek(s) >= 0 && isdigit(peek(s))) {
        s->p++;
    }
    return true;
}

static bool scan_number(struct scanner *s)
{
    if (peek(s) == '-') {
        s->p++;
    }
    if (peek(s) == '0') {
        s->p++;
    } else if (!scan_digits(s)) {
        return false;
    }
    if (peek(s) == '.') {
        s->p++;
        if (!scan_digits(s)) {
            return false;
        }
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->p++;
        if (peek(s) == '+' || peek(s) == '-') {
            s->p++;
        }
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(struct scanner *s, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(s->end - s->p) < length || memcmp(s->p, word, length)) {
        return fail(s, "unknown literal");
    }
    s->p += length;
    return true;
}

static bool scan_value(struct scanner *s);

/* Scans the members of an object or the elements of an array, and the closing bracket. */
static bool scan_container(struct scanner *s, bool object)
{
    int close = object ? '}' : ']';

    if (s->depth_left-- <= 0) {
        return fail(s, "nested too deeply");
    }
    s->p++;
    skip_space(s);
    if (peek(s) == close) {
        s->p++;
        s->depth_left++;
        return true;
    }
    for (;;) {
        skip_space(s);
        if (object) {
            if (!scan_string(s)) {
                return false;
            }
            s->n_members++;
            skip_space(s);
            if (peek(s) != ':') {
                return fail(s, "expected ':'");
            }
            s->p++;
        }
        if (!scan_value(s)) {
            return false;
        }
        skip_space(s);
        if (peek(s) != ',') {
            break;
        }
        s->p++;
    }
    if (peek(s) != close) {
        return fail(s, object ? "expected ',' or '}'" : "expected ',' or ']'");
    }
    s->p++;
    s->depth_left++;
    return true;
}

static bool scan_value(struct scanner *s)
{
    skip_space(s);
    switch (peek(s)) {
    case '{':
        return scan_container(s, true);
    case '[':
        return scan_container(s, false);
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    case -1:
        return fail(s, "unexpected end");
    default:
        return scan_number(s);
    }
}

bool json_scan(const char *text, size_t length, int max_depth, struct json_scan *scan)
{
    struct scanner s = {
        .p = (const unsigned char *)text,
        .end = (const unsigned char *)text + length,
        .depth_left = max_depth,
    };
    bool ok = scan_value(&s);

    if (ok) {
        skip_space(&s);
        if (s.p != s.end) {
            ok = fail(&s, "more after the end");
        }
    }
    scan->n_members = s.n_members;
    scan->error = s.error;
    scan->error_at = (size_t)(s.p - (const unsigned char *)text);
    return ok;
}
