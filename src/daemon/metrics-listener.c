/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics-listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/vif.h"
#include "daemon/listen-file.h"
#include "daemon/metrics-http.h"
#include "daemon/metrics.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(metrics);

/* Connections at a time. Others wait in the kernel's queue. */
enum { READERS_MAX = 8, QUEUE_MAX = 64 };

/* How long a request may take to arrive, the reply to be read, and the peer to close, ms. */
enum { REQUEST_MS = 5000, REPLY_MS = 10000, LINGER_MS = 1000 };

/* How long a pass makes text, us; after that there is none for IDLE_SHARE times as long. */
enum { PASS_US = 250, IDLE_SHARE = 4 };

/* More is not made while so much waits to be sent, bytes. */
enum { PENDING_MAX = 16384 };

/* What the kernel reports about the listening socket has this number, about a reader its index. */
enum { LISTENER_ID = READERS_MAX };

/* Of the socket file: whoever may see its directory may read metrics. */
enum { MODE = 0666 };

#define UNIX_PREFIX "unix:"
#define TCP_PREFIX "127.0.0.1:"

enum reader_state {
    READER_FREE,
    READER_ASKS,   /* Its request arrives. */
    READER_READS,  /* The reply is made and sent. */
    READER_LINGERS /* All is sent. Closing before the peer has could discard what it did not read.
                    */
};

struct reader {
    enum reader_state state;
    int fd;
    long long int until; /* When it is closed, ms. */
    bool blocked;        /* READS: the socket takes no more now. */
    size_t n_in;
    char in[HTTP_REQUEST_MAX];
    struct metrics *metrics; /* READS: NULL once all is made. */
    struct ds out;
    size_t sent; /* Of `out`. */
};

struct metrics_listener {
    const struct dispatch *dispatch;
    int fd;                        /* -1: it does not listen. */
    int epoll;                     /* Reports `fd` while there is a free reader, and the readers. */
    bool armed;                    /* `fd` is in `epoll`. */
    char where[VIF_PATH_MAX + 16]; /* As configured. */
    struct listen_file file;       /* There is none for TCP. */
    struct reader readers[READERS_MAX];
    size_t turn;             /* The reader to serve first. */
    long long int work_from; /* No text is made before, us. */
};

bool metrics_listen_check(const char *listen, char *why, size_t size)
{
    int64_t port;

    if (!*listen) {
        return true;
    }
    if (!strncmp(listen, UNIX_PREFIX, strlen(UNIX_PREFIX))) {
        if (vif_path_valid(listen + strlen(UNIX_PREFIX))) {
            return true;
        }
        snprintf(why, size, "has '%s' instead of an absolute path of at most %d bytes; correct it",
                 listen + strlen(UNIX_PREFIX), VIF_PATH_MAX);
        return false;
    }
    if (!strncmp(listen, TCP_PREFIX, strlen(TCP_PREFIX)) &&
        number_parse(listen + strlen(TCP_PREFIX), 1, UINT16_MAX, &port)) {
        return true;
    }
    snprintf(why, size,
             "is '%s'; it must be unix:PATH or 127.0.0.1:PORT (vifplugd knows no passwords; use a "
             "proxy that does to serve other hosts)",
             listen);
    return false;
}

/* --- The listening socket. --- */

static bool fail(struct error *error, const char *where, const char *what)
{
    return error_set(error, REASON_INTERNAL, "",
                     "Metrics are not served at %s: %s (%s); correct listen of [metrics], or free "
                     "the address, and reload vifplugd.",
                     where, what, ovs_strerror(errno));
}

static bool bind_tcp(const struct metrics_listener *listener, const char *port_text)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int64_t port = 0;
    int on = 1;

    number_parse(port_text, 1, UINT16_MAX, &port);
    addr.sin_port = htons((uint16_t)port);
    return setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(listener->fd, (const struct sockaddr *)&addr, sizeof addr) == 0;
}

static void close_listener(struct metrics_listener *listener)
{
    if (listener->fd < 0) {
        return;
    }
    listen_file_remove(&listener->file);
    close(listener->fd); /* That takes it out of `epoll` too. */
    listener->fd = -1;
    listener->armed = false;
}

static bool open_listener(struct metrics_listener *listener, const char *listen_at,
                          struct error *error)
{
    bool is_unix = !strncmp(listen_at, UNIX_PREFIX, strlen(UNIX_PREFIX));
    bool bound;

    listener->fd =
        socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0) {
        return fail(error, listen_at, "no socket can be made");
    }
    bound = is_unix ? listen_file_bind(&listener->file, listener->fd,
                                       listen_at + strlen(UNIX_PREFIX), MODE)
                    : bind_tcp(listener, listen_at + strlen(TCP_PREFIX));
    if (!bound || listen(listener->fd, QUEUE_MAX) != 0) {
        fail(error, listen_at, "the socket cannot be bound");
        close_listener(listener);
        return false;
    }
    return true;
}

/* --- Readers. --- */

/* Makes the kernel report `events` of the reader. */
static void arm(const struct metrics_listener *listener, const struct reader *reader, int op,
                uint32_t events)
{
    struct epoll_event event = {.events = events,
                                .data.u64 = (uint64_t)(reader - listener->readers)};

    /* If that fails, the reader is closed when its time is over. */
    if (epoll_ctl(listener->epoll, op, reader->fd, &event) != 0) {
        SLOG_DBG("epoll does not accept a reader of metrics (%s)", ovs_strerror(errno));
    }
}

static void close_reader(struct reader *reader)
{
    if (reader->state != READER_FREE) {
        close(reader->fd);
        if (reader->metrics) {
            metrics_destroy(reader->metrics);
        }
        ds_destroy(&reader->out);
        *reader = (struct reader){.state = READER_FREE, .fd = -1};
    }
}

static struct reader *find_free(struct metrics_listener *listener)
{
    for (size_t i = 0; i < READERS_MAX; i++) {
        if (listener->readers[i].state == READER_FREE) {
            return &listener->readers[i];
        }
    }
    return NULL;
}

static void accept_readers(struct metrics_listener *listener)
{
    struct reader *reader;

    while ((reader = find_free(listener)) != NULL) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            return;
        }
        *reader =
            (struct reader){.state = READER_ASKS, .fd = fd, .until = time_msec() + REQUEST_MS};
        ds_init(&reader->out);
        arm(listener, reader, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void begin_reply(const struct metrics_listener *listener, struct reader *reader,
                        enum http_request request)
{
    ds_put_cstr(&reader->out, http_reply(request));
    if (request == HTTP_GET_METRICS) {
        reader->metrics = metrics_create(listener->dispatch);
    }
    reader->state = READER_READS;
    reader->until = time_msec() + REPLY_MS;
    arm(listener, reader, EPOLL_CTL_MOD, 0);
}

static void receive(const struct metrics_listener *listener, struct reader *reader)
{
    ssize_t n = recv(reader->fd, reader->in + reader->n_in, sizeof reader->in - reader->n_in, 0);
    enum http_request request;

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close_reader(reader);
        }
        return;
    }
    reader->n_in += (size_t)n;
    request = http_judge(reader->in, reader->n_in);
    if (request != HTTP_INCOMPLETE) {
        begin_reply(listener, reader, request);
    }
}

/* Discards what the peer still sends, until it closes. */
static void discard(struct reader *reader)
{
    char ignored[1024];
    ssize_t n = recv(reader->fd, ignored, sizeof ignored, 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close_reader(reader);
    }
}

static void send_pending(const struct metrics_listener *listener, struct reader *reader)
{
    ssize_t n = send(reader->fd, reader->out.string + reader->sent,
                     reader->out.length - reader->sent, MSG_NOSIGNAL);

    if (n >= 0) {
        reader->sent += (size_t)n;
    } else if (errno == EAGAIN) {
        reader->blocked = true;
        arm(listener, reader, EPOLL_CTL_MOD, EPOLLOUT);
    } else if (errno != EINTR) {
        close_reader(reader);
        return;
    }
    if (reader->sent == reader->out.length) {
        ds_clear(&reader->out);
        reader->sent = 0;
    }
}

/* Makes and sends the next piece of the reply. */
static void serve(const struct metrics_listener *listener, struct reader *reader)
{
    if (reader->metrics && reader->out.length - reader->sent < PENDING_MAX &&
        !metrics_next(reader->metrics, &reader->out)) {
        metrics_destroy(reader->metrics);
        reader->metrics = NULL;
    }
    if (reader->out.length > reader->sent) {
        send_pending(listener, reader);
    }
    if (reader->state == READER_READS && !reader->metrics && reader->out.length == 0) {
        shutdown(reader->fd, SHUT_WR);
        reader->state = READER_LINGERS;
        reader->until = time_msec() + LINGER_MS;
        arm(listener, reader, EPOLL_CTL_MOD, EPOLLIN);
    }
}

static bool has_work(const struct reader *reader)
{
    bool waits =
        reader->metrics && metrics_waits(reader->metrics) && reader->out.length == reader->sent;

    return reader->state == READER_READS && !reader->blocked && !waits;
}

static void serve_readers(struct metrics_listener *listener)
{
    long long int began = time_usec();
    long long int now = began;
    size_t idle = 0;

    if (began < listener->work_from) {
        return;
    }
    while (idle < READERS_MAX && now - began < PASS_US) {
        struct reader *reader = &listener->readers[listener->turn++ % READERS_MAX];

        if (has_work(reader)) {
            serve(listener, reader);
            now = time_usec();
            idle = 0;
        } else {
            idle++;
        }
    }
    listener->work_from = now + (now - began) * IDLE_SHARE;
}

static void take_events(struct metrics_listener *listener)
{
    struct epoll_event events[READERS_MAX + 1];
    int n = epoll_wait(listener->epoll, events, READERS_MAX + 1, 0);

    for (int i = 0; i < n; i++) {
        struct reader *reader;

        if (events[i].data.u64 == LISTENER_ID) {
            accept_readers(listener);
            continue;
        }
        reader = &listener->readers[events[i].data.u64];
        if (reader->state == READER_ASKS) {
            receive(listener, reader);
        } else if (reader->state == READER_LINGERS) {
            discard(reader);
        } else if (events[i].events & (EPOLLHUP | EPOLLERR)) {
            close_reader(reader);
        } else if (reader->blocked) {
            reader->blocked = false;
            arm(listener, reader, EPOLL_CTL_MOD, 0);
        }
    }
}

/* The kernel reports new connections only while there is a free reader. */
static void arm_listener(struct metrics_listener *listener)
{
    bool wanted = find_free(listener) != NULL;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = LISTENER_ID};

    if (wanted != listener->armed &&
        epoll_ctl(listener->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener->fd, &event) ==
            0) {
        listener->armed = wanted;
    }
}

/* --- The whole. --- */

struct metrics_listener *metrics_listener_create(const struct dispatch *dispatch)
{
    struct metrics_listener *listener = xzalloc(sizeof *listener);

    listener->dispatch = dispatch;
    listener->fd = -1;
    listener->epoll = -1;
    return listener;
}

static void close_all(struct metrics_listener *listener)
{
    close_listener(listener);
    for (size_t i = 0; i < READERS_MAX; i++) {
        close_reader(&listener->readers[i]);
    }
    if (listener->epoll >= 0) {
        close(listener->epoll);
        listener->epoll = -1;
    }
}

void metrics_listener_destroy(struct metrics_listener *listener)
{
    close_all(listener);
    free(listener);
}

bool metrics_listener_set(struct metrics_listener *listener, const char *listen_at,
                          struct error *error)
{
    if (listener->fd >= 0 && !strcmp(listener->where, listen_at)) {
        return true;
    }
    close_all(listener);
    if (!*listen_at) {
        return true;
    }
    snprintf(listener->where, sizeof listener->where, "%s", listen_at);
    listener->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (listener->epoll < 0) {
        return fail(error, listen_at, "no epoll set can be made");
    }
    if (!open_listener(listener, listen_at, error)) {
        close_all(listener);
        return false;
    }
    arm_listener(listener);
    SLOG_INFO("metrics are served at %s", listen_at);
    return true;
}

void metrics_listener_run(struct metrics_listener *listener)
{
    if (listener->fd < 0) {
        return;
    }
    take_events(listener);
    serve_readers(listener);
    for (size_t i = 0; i < READERS_MAX; i++) {
        if (listener->readers[i].state != READER_FREE &&
            time_msec() >= listener->readers[i].until) {
            close_reader(&listener->readers[i]);
        }
    }
    arm_listener(listener);
}

void metrics_listener_wait(const struct metrics_listener *listener)
{
    if (listener->fd < 0) {
        return;
    }
    poll_fd_wait(listener->epoll, POLLIN);
    for (size_t i = 0; i < READERS_MAX; i++) {
        const struct reader *reader = &listener->readers[i];

        if (has_work(reader)) {
            poll_timer_wait_until(listener->work_from / 1000 + 1);
        }
        if (reader->state != READER_FREE) {
            poll_timer_wait_until(reader->until);
        }
    }
}
