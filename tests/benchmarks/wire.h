/* SPDX-License-Identifier: Apache-2.0 */
/* What the two ends of wire-client share: a client that does nothing but write a request, wait for
 * what ends it, and tell how long that took.
 *
 * wire-client END SOCKET, END one of
 *
 *   lines   vifplugd's socket: one JSON text a line (wire-lines.c)
 *   ovsdb   ovsdb-server's: the same transaction and the same wait, by hand (wire-ovsdb.c)
 *
 * takes commands from standard input, one JSON object a line, and answers each with one line.
 * Requests come ready-made, so that nothing but the socket and the other side is in the time. Times
 * are in microseconds, from the first byte written. What goes wrong ends the process, with a word
 * to standard error. */

#ifndef WIRE_H
#define WIRE_H 1

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

/* How long anything may take, ms. */
enum { WIRE_DEADLINE_MS = 120000 };

/* Bytes that grow at the end and go away at the front. */
struct buffer {
    char *data;
    size_t start;
    size_t end;
    size_t size;
};

void buffer_append(struct buffer *buffer, const char *data, size_t length);

/* Reads what is there (at most 64 KiB) from a non-blocking descriptor; false at its end. */
bool buffer_read(struct buffer *buffer, int fd);

/* Writes what the descriptor takes. */
void buffer_write(struct buffer *buffer, int fd);

static inline size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* The next line, terminated in place and valid until the buffer changes; NULL if none is whole. */
char *buffer_line(struct buffer *buffer);

/* Prints the words and ends the process. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* Monotonic time, ns. */
int64_t now_ns(void);
double us_since(int64_t since_ns);

/* A non-blocking stream socket that is connected to `path`. */
int connect_to(const char *path);

/* poll() with the deadline; dies when that passes. */
void poll_or_die(struct pollfd *fds, size_t n, int64_t started_ns);

/* A member of a command; dies if it is missing. */
struct json_object *member(struct json_object *command, const char *name);

/* One side: `descriptors` fills in what to wait for between commands and returns how many; `idle`
 * is called when one of them is ready; `command` does what is asked and returns the answer. */
struct wire_end {
    void (*start)(const char *path);
    size_t (*descriptors)(struct pollfd *fds, size_t max);
    void (*idle)(void);
    struct json_object *(*command)(const char *name, struct json_object *command);
};

extern const struct wire_end wire_lines;
extern const struct wire_end wire_ovsdb;

#endif
