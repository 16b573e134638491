/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* How many descriptors an end may have: its connections. */
enum { FDS_MAX = 1024 };

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "wire-client: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(EXIT_FAILURE);
}

int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double us_since(int64_t since_ns)
{
    return (double)(now_ns() - since_ns) / 1000.0;
}

static void make_room(struct buffer *buffer, size_t length)
{
    char *data;

    if (buffer->start == buffer->end) {
        buffer->start = buffer->end = 0;
    }
    if (buffer->end + length <= buffer->size) {
        return;
    }
    if (buffer->start > 0) {
        memmove(buffer->data, buffer->data + buffer->start, buffer_length(buffer));
        buffer->end -= buffer->start;
        buffer->start = 0;
    }
    while (buffer->end + length > buffer->size) {
        buffer->size = buffer->size ? 2 * buffer->size : 65536;
    }
    data = realloc(buffer->data, buffer->size);
    if (!data) {
        die("out of memory");
    }
    buffer->data = data;
}

void buffer_append(struct buffer *buffer, const char *data, size_t length)
{
    make_room(buffer, length);
    memcpy(buffer->data + buffer->end, data, length);
    buffer->end += length;
}

bool buffer_read(struct buffer *buffer, int fd)
{
    ssize_t n;

    make_room(buffer, 65536);
    n = read(fd, buffer->data + buffer->end, 65536);
    if (n > 0) {
        buffer->end += (size_t)n;
    }
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

void buffer_write(struct buffer *buffer, int fd)
{
    ssize_t n = send(fd, buffer->data + buffer->start, buffer_length(buffer), MSG_NOSIGNAL);

    if (n > 0) {
        buffer->start += (size_t)n;
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        die("cannot write: %s", strerror(errno));
    }
}

char *buffer_line(struct buffer *buffer)
{
    char *line = buffer->data + buffer->start;
    char *end = buffer_length(buffer) ? memchr(line, '\n', buffer_length(buffer)) : NULL;

    if (!end) {
        return NULL;
    }
    *end = '\0';
    buffer->start += (size_t)(end - line) + 1;
    return line;
}

int connect_to(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        die("%s: cannot connect: %s", path, strerror(errno));
    }
    return fd;
}

void poll_or_die(struct pollfd *fds, size_t n, int64_t started_ns)
{
    int64_t left = WIRE_DEADLINE_MS - (now_ns() - started_ns) / 1000000;

    if (left <= 0 || (poll(fds, n, (int)left) < 0 && errno != EINTR)) {
        die("no end within %d s", WIRE_DEADLINE_MS / 1000);
    }
}

struct json_object *member(struct json_object *command, const char *name)
{
    struct json_object *value;

    if (!json_object_object_get_ex(command, name, &value)) {
        die("the command has no '%s'", name);
    }
    return value;
}

static void obey(const struct wire_end *end, const char *line)
{
    struct json_object *command = json_tokener_parse(line);
    struct json_object *answer;

    if (!command) {
        die("no command: %s", line);
    }
    answer = end->command(json_object_get_string(member(command, "do")), command);
    if (!answer) {
        die("unknown command: %s", line);
    }
    puts(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN));
    fflush(stdout);
    json_object_put(answer);
    json_object_put(command);
}

int main(int argc, char *argv[])
{
    static struct pollfd fds[FDS_MAX + 1];
    const struct wire_end *end = NULL;
    struct buffer input = {NULL, 0, 0, 0};
    char *line;

    if (argc == 3) {
        end = !strcmp(argv[1], "lines") ? &wire_lines
                                        : (!strcmp(argv[1], "ovsdb") ? &wire_ovsdb : NULL);
    }
    if (!end) {
        die("usage: wire-client lines|ovsdb SOCKET");
    }
    end->start(argv[2]);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    for (;;) {
        size_t n = end->descriptors(fds + 1, FDS_MAX);

        fds[0] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
        if (poll(fds, n + 1, -1) < 0 && errno != EINTR) {
            die("poll: %s", strerror(errno));
        }
        end->idle();
        if (fds[0].revents && !buffer_read(&input, STDIN_FILENO)) {
            return EXIT_SUCCESS;
        }
        while ((line = buffer_line(&input)) != NULL) {
            obey(end, line);
        }
    }
}
