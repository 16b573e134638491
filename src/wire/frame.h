/* SPDX-License-Identifier: Apache-2.0 */
/* Framing: one JSON text per LF-terminated line, with a cap on a line's length. */

#ifndef VP_FRAME_H
#define VP_FRAME_H 1

#include <stdbool.h>
#include <stddef.h>

/* Longest request line, LF not counted. */
#define FRAME_REQUEST_MAX 262144

struct frame {
    char *buffer;
    size_t start;   /* First byte that has not been handed out. */
    size_t scanned; /* No LF in start..scanned. */
    size_t end;     /* End of what was received. */
    size_t size;
    size_t max;
};

enum frame_result {
    FRAME_LINE,    /* *line is a line, without its LF. */
    FRAME_MORE,    /* No whole line yet. */
    FRAME_TOO_LONG /* A line is longer than the cap; the stream cannot be followed any more. */
};

void frame_init(struct frame *frame, size_t max);
void frame_destroy(struct frame *frame);

/* Room to receive into: *space and the return value (at least 1) tell where and how much. Lines
 * handed out before are invalid from here on. Returns 0 if memory runs out. */
size_t frame_space(struct frame *frame, char **space);

/* Tells that `n` bytes were received into the space that frame_space() gave. */
void frame_received(struct frame *frame, size_t n);

/* The next line, valid until the next frame_space(). */
enum frame_result frame_next(struct frame *frame, const char **line, size_t *length);

#endif
