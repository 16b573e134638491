/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LIST_SEPARATORS ", \t"

bool number_take(const char **text, int64_t max, int64_t *value)
{
    const char *p = *text;
    int64_t number = 0;

    if (!isdigit((unsigned char)*p)) {
        return false;
    }
    for (; isdigit((unsigned char)*p); p++) {
        int digit = *p - '0';

        if (digit > max || number > (max - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *text = p;
    *value = number;
    return true;
}

bool number_parse(const char *text, int64_t min, int64_t max, int64_t *value)
{
    bool negative = min < 0 && *text == '-';
    int64_t number;

    text += negative;
    if (!number_take(&text, negative ? -(min + 1) + (int64_t)1 : max, &number) || *text) {
        return false;
    }
    number = negative ? -number : number;
    if (number < min || number > max) {
        return false;
    }
    *value = number;
    return true;
}

bool number_parse_thousandths(const char *text, int64_t min, int64_t max, int64_t *value)
{
    int64_t number = 0;
    int64_t unit = 1000;

    if (*text != '.' && !number_take(&text, max / 1000, &number)) {
        return false;
    }
    number *= 1000;
    if (*text == '.') {
        for (text++; isdigit((unsigned char)*text) && unit > 1; text++) {
            unit /= 10;
            number += (*text - '0') * unit;
        }
        if (unit == 1000) {
            return false;
        }
    }
    if (*text || number < min || number > max) {
        return false;
    }
    *value = number;
    return true;
}

bool number_parse_age(const char *text, int64_t max, int64_t *ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"", 1000}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    int64_t number;

    if (!number_take(&text, max, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!strcmp(text, units[i].name)) {
            *ms = number * units[i].ms;
            return number >= 1 && number <= max / units[i].ms;
        }
    }
    return false;
}

bool list_next(const char **list, char *item, size_t size)
{
    size_t length;

    *list += strspn(*list, LIST_SEPARATORS);
    length = strcspn(*list, LIST_SEPARATORS);
    snprintf(item, size, "%.*s", (int)length, *list);
    *list += length;
    return length > 0;
}
