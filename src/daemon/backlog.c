/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"

static void add(struct backlog *backlog, const char *text, size_t length)
{
    if (backlog->size - backlog->end < length) {
        size_t n = backlog_length(backlog);
        size_t size = MAX(2 * n, n + length);
        char *data = xmalloc(size);

        if (n > 0) {
            memcpy(data, backlog->data + backlog->start, n);
        }
        free(backlog->data);
        *backlog = (struct backlog){.data = data, .end = n, .size = size};
    }
    memcpy(backlog->data + backlog->end, text, length);
    backlog->end += length;
}

void backlog_add(struct backlog *backlog, char *text)
{
    size_t length = strlen(text);

    if (backlog->size == 0 && length > 0) {
        *backlog = (struct backlog){.data = text, .end = length, .size = length};
        return;
    }
    if (length > 0) {
        add(backlog, text, length);
    }
    free(text);
}

void backlog_take(struct backlog *backlog, struct backlog *from)
{
    if (backlog_length(from) > 0) {
        add(backlog, from->data + from->start, backlog_length(from));
    }
    backlog_clear(from);
}

bool backlog_send(struct backlog *backlog, int fd)
{
    while (backlog_length(backlog) > 0) {
        ssize_t n = send(fd, backlog->data + backlog->start, backlog_length(backlog),
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            backlog->start += (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            return true;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    backlog_clear(backlog); /* Idle connections keep no memory for replies. */
    return true;
}

void backlog_clear(struct backlog *backlog)
{
    free(backlog->data);
    *backlog = (struct backlog){.data = NULL};
}
