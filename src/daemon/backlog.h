/* SPDX-License-Identifier: Apache-2.0 */
/* Backlogs: what has been said to a connection and not been sent yet. */

#ifndef VP_BACKLOG_H
#define VP_BACKLOG_H 1

#include <stdbool.h>
#include <stddef.h>

/* All zeros is an empty one, which holds no memory. */
struct backlog {
    char *data;
    size_t start; /* What is before it has been sent. */
    size_t end;
    size_t size;
};

static inline size_t backlog_length(const struct backlog *backlog)
{
    return backlog->end - backlog->start;
}

/* Adds `text` at the end, and frees it. */
void backlog_add(struct backlog *backlog, char *text);

/* Moves what is in `from` to the end of `backlog`. */
void backlog_take(struct backlog *backlog, struct backlog *from);

/* Sends to `fd` what it takes now. Returns false if the connection has failed. */
bool backlog_send(struct backlog *backlog, int fd);

/* Frees its content. */
void backlog_clear(struct backlog *backlog);

#endif
