/* SPDX-License-Identifier: Apache-2.0 */
/* Framing: one JSON text per line, which ends in LF and whose length has a cap. */

#ifndef VP_FRAME_H
#define VP_FRAME_H 1

#include <stdbool.h>
#include <stddef.h>

/* Longest request line, without its LF. */
#define FRAME_REQUEST_MAX 262144

/* The same for peers that may only read, whose requests are short. */
#define FRAME_READER_REQUEST_MAX 32768

struct frame {
    char *buffer;
    size_t start;   /* First byte that has not been handed out. */
    size_t scanned; /* No LF in start..scanned. */
    size_t end;     /* End of the bytes received. */
    size_t size;
    size_t max;
};

enum frame_result {
    FRAME_LINE,    /* *line is the next line, without its LF. */
    FRAME_MORE,    /* No whole line yet. */
    FRAME_TOO_LONG /* A line is longer than the cap; the rest of the stream cannot be read. */
};

void frame_init(struct frame *frame, size_t max);
void frame_destroy(struct frame *frame);

/* Gives room to receive into: its address in *space, and its size, at least 1, as the return value.
 * Invalidates the lines that frame_next() gave. Returns 0 if memory runs out. */
size_t frame_space(struct frame *frame, char **space);

/* Takes the `n` bytes that were received into the room that frame_space() gave. */
void frame_received(struct frame *frame, size_t n);

/* Frees the buffer, if it is large and there is nothing in it. Invalidates lines like
 * frame_space(). */
void frame_trim(struct frame *frame);

/* Whether there are bytes that frame_next() has not looked at. If not, there is no further line. */
bool frame_has_more(const struct frame *frame);

/* Gives the next line, which is valid until the next frame_space(). */
enum frame_result frame_next(struct frame *frame, const char **line, size_t *length);

#endif
