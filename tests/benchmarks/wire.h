/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the two sides of wire-client: a client that only writes a request, waits for its end,
 * and reports how long that took.
 *
 * wire-client END SOCKET, where END is
 *
 *   lines   vifplugd's socket: one JSON text per line (wire-lines.c)
 *   ovsdb   ovsdb-server's: the same transaction and the same wait (wire-ovsdb.c)
 *
 * reads commands from standard input, one JSON object per line, and replies to each with one line.
 * Requests are ready-made, so that the time contains only the socket and the server. Times are in
 * microseconds, from the first byte written. An error ends the process, with a message on standard
 * error. */

#ifndef WIRE_H
#define WIRE_H 1

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

/* How long anything may take, ms. */
enum { WIRE_DEADLINE_MS = 120000 };

/* Bytes that are added at the end and removed at the front. */
struct buffer {
    char *data;
    size_t start;
    size_t end;
    size_t size;
};

void buffer_append(struct buffer *buffer, const char *data, size_t length);

/* Reads available bytes (at most 64 KiB) from a non-blocking descriptor; false at its end. */
bool buffer_read(struct buffer *buffer, int fd);

/* Writes as much as the descriptor accepts. */
void buffer_write(struct buffer *buffer, int fd);

static inline size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* The next line, terminated in place and valid until the buffer changes; NULL if none is complete.
 */
char *buffer_line(struct buffer *buffer);

/* Prints the message and ends the process. */
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

/* One side: `descriptors` fills in the descriptors to poll between commands and returns how many;
 * `idle` is called when one of them is ready; `command` runs a command and returns the reply. */
struct wire_end {
    void (*start)(const char *path);
    size_t (*descriptors)(struct pollfd *fds, size_t max);
    void (*idle)(void);
    struct json_object *(*command)(const char *name, struct json_object *command);
};

extern const struct wire_end wire_lines;
extern const struct wire_end wire_ovsdb;

#endif
