/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that were refused. Each gets one line, and is closed a second later or when many more
 * are refused: a peer whose connection is closed at once could not write its request, and might not
 * read why. They have no other cost. */

#ifndef VP_REFUSALS_H
#define VP_REFUSALS_H 1

#include <stddef.h>

enum { REFUSALS_MAX = 16 };

/* All zeros has none. */
struct refusals {
    struct {
        int fd;
        long long int until; /* ms */
    } kept[REFUSALS_MAX];    /* A ring. */
    size_t first;
    size_t n;
};

/* Sends `line` to `fd`, and closes it later. */
void refusals_add(struct refusals *refusals, int fd, const char *line);

void refusals_run(struct refusals *refusals);
void refusals_wait(const struct refusals *refusals);
void refusals_clear(struct refusals *refusals);

#endif
