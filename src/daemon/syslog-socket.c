/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/syslog-socket.h"

#include <errno.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "daemon/journal.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/thread.h"
#include "syslog-provider.h"
#include "util.h"

struct syslog_socket {
    char *path;
    struct ovs_mutex mutex;
    int fd OVS_GUARDED; /* -1: not open. */
    uint64_t n_dropped OVS_GUARDED;
};

struct syslog_socket *syslog_socket_create(const char *path)
{
    struct syslog_socket *syslog = xzalloc(sizeof *syslog);

    syslog->path = xstrdup(path);
    ovs_mutex_init(&syslog->mutex);
    ovs_mutex_lock(&syslog->mutex);
    syslog->fd = journal_open(path);
    ovs_mutex_unlock(&syslog->mutex);
    return syslog;
}

void syslog_socket_destroy(struct syslog_socket *syslog)
{
    ovs_mutex_lock(&syslog->mutex);
    if (syslog->fd >= 0) {
        close(syslog->fd);
    }
    ovs_mutex_unlock(&syslog->mutex);
    ovs_mutex_destroy(&syslog->mutex);
    free(syslog->path);
    free(syslog);
}

/* Returns false if the server has no room. A server that was restarted has another socket. */
static bool send_line(struct syslog_socket *syslog, const char *line, size_t length)
    OVS_REQUIRES(syslog->mutex)
{
    for (int i = 0; i < 2; i++) {
        if (syslog->fd < 0) {
            syslog->fd = journal_open(syslog->path);
        }
        if (syslog->fd < 0 ||
            send(syslog->fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length) {
            return true;
        }
        if (errno == EAGAIN) {
            return false;
        }
        close(syslog->fd);
        syslog->fd = -1;
    }
    return true;
}

/* As syslog() writes it. */
static void put_line(struct ds *line, int priority, const char *ident, const char *text)
{
    time_t now = time(NULL);
    char date[32] = "";
    struct tm tm;

    if (localtime_r(&now, &tm)) {
        (void)strftime(date, sizeof date, "%h %e %T ", &tm);
    }
    ds_put_format(line, "<%d>%s%s: %s", priority, date, ident, text);
}

void syslog_socket_send(struct syslog_socket *syslog, int priority, const char *ident,
                        const char *text)
{
    struct ds line = DS_EMPTY_INITIALIZER;

    put_line(&line, priority, ident, text);
    ovs_mutex_lock(&syslog->mutex);
    syslog->n_dropped += !send_line(syslog, line.string, line.length);
    ovs_mutex_unlock(&syslog->mutex);
    ds_destroy(&line);
}

uint64_t syslog_socket_n_dropped(struct syslog_socket *syslog)
{
    uint64_t n;

    ovs_mutex_lock(&syslog->mutex);
    n = syslog->n_dropped;
    ovs_mutex_unlock(&syslog->mutex);
    return n;
}

/* --- Open vSwitch's log. --- */

/* vlog makes one, before its first line. */
static struct {
    struct syslogger parent;
    struct syslog_socket *socket;
    char *ident;
    int facility;
} vlog_syslog;

static void open_for_vlog(struct syslogger *parent OVS_UNUSED, int facility)
{
    vlog_syslog.ident = xstrdup(program_name); /* daemonize() replaces program_name. */
    vlog_syslog.facility = facility;
    vlog_syslog.socket = syslog_socket_create(_PATH_LOG);
}

static void send_for_vlog(struct syslogger *parent OVS_UNUSED, int priority, const char *text)
{
    if (!(priority & LOG_FACMASK)) {
        priority |= vlog_syslog.facility;
    }
    syslog_socket_send(vlog_syslog.socket, priority, vlog_syslog.ident, text);
}

/* The linker puts this in the place of syslog_libc_create(), whose result vlog keeps to itself. */
struct syslogger *__wrap_syslog_libc_create(void); /* NOLINT(bugprone-reserved-identifier) */
struct syslogger *__wrap_syslog_libc_create(void)  /* NOLINT(bugprone-reserved-identifier) */
{
    static const struct syslog_class class = {open_for_vlog, send_for_vlog};

    vlog_syslog.parent.class = &class;
    vlog_syslog.parent.prefix = "<%B> %D{%h %e %T} %E %A:"; /* As that of syslog_libc_create(). */
    return &vlog_syslog.parent;
}

uint64_t syslog_socket_n_dropped_by_vlog(void)
{
    return vlog_syslog.socket ? syslog_socket_n_dropped(vlog_syslog.socket) : 0;
}
