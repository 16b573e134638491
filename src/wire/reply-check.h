/* SPDX-License-Identifier: Apache-2.0 */
/* The reply to `check`: findings, as one line of JSON. */

#ifndef VP_REPLY_CHECK_H
#define VP_REPLY_CHECK_H 1

#include <stddef.h>

/* One finding. All strings are borrowed. */
struct check_view {
    const char *check;
    const char *result; /* "pass", "warn" or "fail". */
    const char *object;
    const char *message;
};

/* How many findings have each result, and the worst. */
struct check_counts {
    size_t pass;
    size_t warn;
    size_t fail;
    const char *verdict;
};

/* Built finding by finding; texts are copied. `id` is JSON text. */
struct reply_check;
struct reply_check *reply_check_new(const char *id);
void reply_check_add(struct reply_check *check, const struct check_view *finding);

/* Returns the part of the line that was added since the last call, which the caller frees. */
char *reply_check_take(struct reply_check *check);

/* Returns the rest of the line, with LF, which the caller frees. Frees `check`. */
char *reply_check_finish(struct reply_check *check, const struct check_counts *counts);

#endif
