/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 4096, LEAST_SPACE = 1024, KEPT_SIZE = 16384 };

void frame_init(struct frame *frame, size_t max)
{
    memset(frame, 0, sizeof *frame);
    frame->max = max;
}

void frame_destroy(struct frame *frame)
{
    free(frame->buffer);
    memset(frame, 0, sizeof *frame);
}

size_t frame_space(struct frame *frame, char **space)
{
    if (frame->start == frame->end) {
        frame->start = frame->scanned = frame->end = 0;
    }
    if (frame->size - frame->end < LEAST_SPACE && frame->start > 0) {
        memmove(frame->buffer, frame->buffer + frame->start, frame->end - frame->start);
        frame->end -= frame->start;
        frame->scanned -= frame->start;
        frame->start = 0;
    }
    if (frame->size - frame->end < LEAST_SPACE) {
        size_t size = frame->size ? frame->size * 2 : FIRST_SIZE;
        char *buffer = realloc(frame->buffer, size);

        if (!buffer) {
            return 0;
        }
        frame->buffer = buffer;
        frame->size = size;
    }
    *space = frame->buffer + frame->end;
    return frame->size - frame->end;
}

void frame_trim(struct frame *frame)
{
    if (frame->start == frame->end && frame->size > KEPT_SIZE) {
        size_t max = frame->max;

        frame_destroy(frame);
        frame_init(frame, max);
    }
}

void frame_received(struct frame *frame, size_t n)
{
    frame->end += n;
}

bool frame_has_more(const struct frame *frame)
{
    return frame->scanned < frame->end;
}

enum frame_result frame_next(struct frame *frame, const char **line, size_t *length)
{
    char *lf;

    if (frame->scanned == frame->end) {
        return frame->end - frame->start > frame->max ? FRAME_TOO_LONG : FRAME_MORE;
    }
    lf = memchr(frame->buffer + frame->scanned, '\n', frame->end - frame->scanned);
    if (!lf) {
        frame->scanned = frame->end;
        return frame->end - frame->start > frame->max ? FRAME_TOO_LONG : FRAME_MORE;
    }
    *line = frame->buffer + frame->start;
    *length = (size_t)(lf - *line);
    if (*length > frame->max) {
        return FRAME_TOO_LONG;
    }
    frame->start = frame->scanned = (size_t)(lf - frame->buffer) + 1;
    return FRAME_LINE;
}
