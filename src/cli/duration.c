/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "cli/cli.h"

enum { DURATION_MAX_MS = 600000 };

/* Copies the first `length` bytes of `text` to `number`, which has room for more. */
static const char *copy_number(char *number, const char *text, size_t length)
{
    memcpy(number, text, length);
    number[length] = '\0';
    return number;
}

bool parse_duration(const char *text, int64_t *ms)
{
    size_t length = strlen(text);
    char number[16];

    if (length > 2 && !strcmp(text + length - 2, "ms")) {
        return length < sizeof number &&
               number_parse(copy_number(number, text, length - 2), 1, DURATION_MAX_MS, ms);
    }
    length -= length > 1 && text[length - 1] == 's';
    return length < sizeof number &&
           number_parse_thousandths(copy_number(number, text, length), 1, DURATION_MAX_MS, ms);
}
