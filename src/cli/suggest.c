/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the name that a mistyped one is nearest to. */

#include <string.h>

#include "cli/cli.h"

/* Longer words are not looked at. */
enum { WORD_MAX = 32 };

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be added, left out, replaced or swapped with the next one to turn `a` into
 * `b` (the restricted Damerau-Levenshtein distance). Both are at most WORD_MAX bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1]; /* Of the last two letters of `a`, and of this one. */
    size_t length = strlen(b);

    for (size_t k = 0; k <= length; k++) {
        rows[0][k] = k;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        const size_t *before_last = rows[(i + 1) % 3];
        const size_t *last = rows[(i - 1) % 3];
        size_t *row = rows[i % 3];

        row[0] = i;
        for (size_t k = 1; k <= length; k++) {
            row[k] = min(min(last[k], row[k - 1]) + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) {
                row[k] = min(row[k], before_last[k - 2] + 1);
            }
        }
    }
    return rows[strlen(a) % 3][length];
}

void suggest_consider(struct suggestion *suggestion, const char *name)
{
    size_t allowed = strlen(suggestion->word) > 3 ? 2 : 1;
    size_t found;

    if (!name || strlen(name) > WORD_MAX || strlen(suggestion->word) > WORD_MAX) {
        return;
    }
    found = distance(suggestion->word, name);
    if (found <= allowed && (!suggestion->name || found < suggestion->distance)) {
        suggestion->name = name;
        suggestion->distance = found;
    }
}
