/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/vswitchd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/plain-file.h"
#include "openvswitch/poll-loop.h"
#include "ovs/network-place.h"
#include "ovs/vswitchd-probe.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(vswitchd);

/* How often to read the pidfile while there is no pidfd, ms. */
#define CHECK_INTERVAL 250

/* The same while it is dead: shorter than the time from making the pidfile to writing to OVSDB, so
 * that what is written is not taken for its predecessor's. */
#define DEAD_CHECK_INTERVAL 50

/* How often to look for its network namespace, and how often at most: a control socket with another
 * name is not found. */
#define PLACE_INTERVAL 1000
#define PLACE_TRIES 10

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);

enum pidfile { PIDFILE_MISSING, PIDFILE_UNREADABLE, PIDFILE_STALE, PIDFILE_LOCKED };

struct vswitchd {
    char *pidfile;
    char *sibling; /* ovsdb-server's pidfile: if it exists, vswitchd's should too. */
    enum vswitchd_state state;
    pid_t pid;         /* As we see it; 0: not known, since it is in another PID namespace. */
    pid_t own_pid;     /* As it sees itself, by its pidfile; 0: not known. */
    int pidfile_error; /* Why the last look could not read the pidfile: an errno; 0: it could. */
    struct stat file;  /* The pidfile that it has locked; st_ino is 0: none. */
    unsigned int n_starts;
    int pidfd; /* Readable once the process ends; -1: none. */
    bool
        seen_pidfile; /* vswitchd has had a pidfile here, so a missing one means that it is dead. */
    bool seen_none;   /* A look has found no pidfile, so one that comes is that of a start. */
    bool start_seen;  /* We saw it start... */
    bool starting;    /* ...and it has not set cur_cfg yet. */
    long long int starting_since; /* When we saw that, ms. */
    bool have_cfg;
    int64_t cur_cfg;
    long long int unanswered_since; /* ms; 0: nothing is unanswered. */
    long long int next_check;
    struct vswitchd_probe *probe;
    char *run_dir;
    enum network_place place; /* Of the process that own_pid is. */
    int place_tries;
    long long int place_at; /* When to look for it again, ms. */
};

struct vswitchd *vswitchd_create(const char *run_dir)
{
    struct vswitchd *vswitchd = xzalloc(sizeof *vswitchd);

    vswitchd->pidfile = xasprintf("%s/ovs-vswitchd.pid", run_dir);
    vswitchd->sibling = xasprintf("%s/ovsdb-server.pid", run_dir);
    vswitchd->run_dir = xstrdup(run_dir);
    vswitchd->probe = vswitchd_probe_create(run_dir);
    vswitchd->pidfd = -1;
    vswitchd->state = VSWITCHD_UNKNOWN;
    return vswitchd;
}

static void forget_process(struct vswitchd *vswitchd)
{
    if (vswitchd->pidfd >= 0) {
        close(vswitchd->pidfd);
    }
    vswitchd->pidfd = -1;
    vswitchd->pid = 0;
    vswitchd->own_pid = 0;
    vswitchd->place = NETWORK_UNKNOWN;
    vswitchd->place_tries = 0;
    vswitchd->place_at = 0;
    memset(&vswitchd->file, 0, sizeof vswitchd->file);
}

void vswitchd_destroy(struct vswitchd *vswitchd)
{
    if (vswitchd) {
        forget_process(vswitchd);
        vswitchd_probe_destroy(vswitchd->probe);
        free(vswitchd->run_dir);
        free(vswitchd->pidfile);
        free(vswitchd->sibling);
        free(vswitchd);
    }
}

/* The number in a pidfile, or 0. */
static pid_t read_pid(int fd)
{
    char text[16];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    int64_t pid;

    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return number_parse(text, 1, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

/* OVS's daemons hold a record lock on their pidfile as long as they live (lib/daemon-unix.c). */
static enum pidfile look_at_pidfile(struct vswitchd *vswitchd, pid_t *pid, pid_t *own_pid,
                                    struct stat *file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    enum pidfile result = PIDFILE_STALE;
    int fd = plain_file_open(vswitchd->pidfile);

    vswitchd->pidfile_error = fd < 0 && errno != ENOENT ? errno : 0;
    *pid = 0;
    *own_pid = 0;
    if (fd < 0) {
        if (!vswitchd->pidfile_error) {
            return PIDFILE_MISSING;
        }
        SLOG_WARN_RL(&rl, "%s cannot be read (%s), so whether ovs-vswitchd runs is not known",
                     vswitchd->pidfile, plain_file_error(vswitchd->pidfile_error));
        return PIDFILE_UNREADABLE;
    }
    if (fstat(fd, file) == 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
        *pid = lock.l_pid > 0 ? lock.l_pid : 0; /* Not known if it is in another PID namespace. */
        *own_pid = read_pid(fd);
        result = PIDFILE_LOCKED;
    }
    close(fd);
    return result;
}

static void set_state(struct vswitchd *vswitchd, enum vswitchd_state state)
{
    if (vswitchd->state != state) {
        SLOG_INFO("ovs-vswitchd is %s", vswitchd_state_name(state));
        vswitchd->state = state;
    }
}

/* Whether the pidfile tells that vswitchd runs, so that cur_cfg need not. */
static bool pidfile_tells(const struct vswitchd *vswitchd)
{
    return vswitchd->seen_pidfile && !vswitchd->pidfile_error;
}

static bool process_ended(const struct vswitchd *vswitchd)
{
    struct pollfd pfd = {.fd = vswitchd->pidfd, .events = POLLIN};

    return vswitchd->pidfd >= 0 && poll(&pfd, 1, 0) == 1;
}

/* Each start of vswitchd makes a new file (make_pidfile() in lib/daemon-unix.c). */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void check_pidfile(struct vswitchd *vswitchd)
{
    struct stat file;
    pid_t own_pid;
    pid_t pid;
    bool ended = process_ended(vswitchd);

    if (ended) { /* Its pidfd stays readable, so the loop must not wait for that again. */
        close(vswitchd->pidfd);
        vswitchd->pidfd = -1;
    }
    switch (look_at_pidfile(vswitchd, &pid, &own_pid, &file)) {
    case PIDFILE_LOCKED:
        if (pid != vswitchd->pid || !is_same_file(&file, &vswitchd->file)) {
            /* Its predecessor was alive or dead at an earlier look. */
            vswitchd->start_seen = vswitchd->seen_pidfile || vswitchd->seen_none;
            vswitchd->starting = vswitchd->start_seen;
            vswitchd->starting_since = time_msec();
            forget_process(vswitchd);
            vswitchd->pid = pid;
            vswitchd->own_pid = own_pid;
            vswitchd->file = file;
            vswitchd->n_starts++;
            vswitchd->unanswered_since = 0; /* It has not had the time of its predecessor. */
            vswitchd->pidfd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
        }
        vswitchd->seen_pidfile = true;
        set_state(vswitchd, VSWITCHD_ALIVE);
        break;
    case PIDFILE_UNREADABLE:
        if (ended) {
            forget_process(vswitchd);
        }
        if (ended || vswitchd->state == VSWITCHD_DEAD) { /* The next one may have started. */
            set_state(vswitchd, VSWITCHD_UNKNOWN);
        }
        break;
    case PIDFILE_STALE:
        vswitchd->seen_pidfile = true;
        forget_process(vswitchd);
        set_state(vswitchd, VSWITCHD_DEAD);
        break;
    case PIDFILE_MISSING:
        vswitchd->seen_none = true;
        forget_process(vswitchd);
        if (vswitchd->seen_pidfile || access(vswitchd->sibling, F_OK) == 0) {
            vswitchd->seen_pidfile = true;
            set_state(vswitchd, VSWITCHD_DEAD);
        }
        break;
    }
}

/* Whether its network namespace is still to be found out. */
static bool must_find_place(const struct vswitchd *vswitchd)
{
    return vswitchd->own_pid && vswitchd->place == NETWORK_UNKNOWN &&
           vswitchd->place_tries < PLACE_TRIES;
}

/* It makes its control socket a moment after its pidfile. */
static void find_place(struct vswitchd *vswitchd)
{
    char *path;

    if (!must_find_place(vswitchd) || time_msec() < vswitchd->place_at) {
        return;
    }
    path = xasprintf("%s/ovs-vswitchd.%ld.ctl", vswitchd->run_dir, (long)vswitchd->own_pid);
    vswitchd->place = network_place_of(path, NETWORK_UNIX_TABLE);
    vswitchd->place_tries++;
    vswitchd->place_at = time_msec() + PLACE_INTERVAL;
    if (vswitchd->place == NETWORK_OTHER) {
        SLOG_WARN("ovs-vswitchd is in another network namespace, so vifplugd can neither make nor "
                  "see its links, nor see which sockets guests use; run vifplugd's container with "
                  "the host's network");
    }
    free(path);
}

void vswitchd_run(struct vswitchd *vswitchd, int64_t cur_cfg)
{
    if (process_ended(vswitchd) || (vswitchd->pidfd < 0 && time_msec() >= vswitchd->next_check)) {
        check_pidfile(vswitchd);
        vswitchd->next_check =
            time_msec() + (vswitchd->state == VSWITCHD_DEAD ? DEAD_CHECK_INTERVAL : CHECK_INTERVAL);
    }
    if (vswitchd->have_cfg && cur_cfg >= 0 && cur_cfg != vswitchd->cur_cfg) {
        vswitchd->starting = false;
        vswitchd->unanswered_since = 0;
        if (!pidfile_tells(vswitchd)) {
            set_state(vswitchd, VSWITCHD_ALIVE);
        }
    }
    vswitchd->have_cfg = cur_cfg >= 0;
    vswitchd->cur_cfg = cur_cfg;
    find_place(vswitchd);
    vswitchd_probe_run(vswitchd->probe, vswitchd->own_pid);
}

void vswitchd_wait(struct vswitchd *vswitchd)
{
    vswitchd_probe_wait(vswitchd->probe);
    if (must_find_place(vswitchd)) {
        poll_timer_wait_until(vswitchd->place_at);
    }
    if (vswitchd->pidfd >= 0) {
        poll_fd_wait(vswitchd->pidfd, POLLIN);
    } else {
        poll_timer_wait_until(vswitchd->next_check);
    }
}

enum vswitchd_state vswitchd_state(const struct vswitchd *vswitchd)
{
    return vswitchd->state;
}

const char *vswitchd_state_name(enum vswitchd_state state)
{
    return state == VSWITCHD_ALIVE ? "alive" : state == VSWITCHD_DEAD ? "dead" : "unknown";
}

bool vswitchd_is_starting(const struct vswitchd *vswitchd)
{
    return vswitchd->starting;
}

bool vswitchd_works(const struct vswitchd *vswitchd)
{
    return vswitchd->state == VSWITCHD_ALIVE && !vswitchd->starting;
}

int64_t vswitchd_starting_ms(const struct vswitchd *vswitchd)
{
    return vswitchd->starting ? time_msec() - vswitchd->starting_since : 0;
}

const char *vswitchd_pidfile_error(const struct vswitchd *vswitchd)
{
    return vswitchd->pidfile_error ? plain_file_error(vswitchd->pidfile_error) : NULL;
}

pid_t vswitchd_pid(const struct vswitchd *vswitchd)
{
    return vswitchd->pid;
}

unsigned int vswitchd_start(const struct vswitchd *vswitchd)
{
    return vswitchd->file.st_ino ? vswitchd->n_starts : 0;
}

bool vswitchd_start_seen(const struct vswitchd *vswitchd)
{
    return vswitchd->start_seen;
}

int64_t vswitchd_start_ms(const struct vswitchd *vswitchd)
{
    const struct timespec *made = &vswitchd->file.st_mtim;

    return made->tv_sec * 1000LL + made->tv_nsec / 1000000;
}

void vswitchd_note_next_cfg(struct vswitchd *vswitchd, int64_t next_cfg)
{
    if (next_cfg <= vswitchd->cur_cfg) {
        vswitchd->unanswered_since = 0;
    } else if (!vswitchd->unanswered_since) {
        vswitchd->unanswered_since = time_msec();
    }
}

int64_t vswitchd_unanswered_ms(const struct vswitchd *vswitchd)
{
    int64_t question_ms = vswitchd_probe_unanswered_ms(vswitchd->probe);
    int64_t cfg_ms = vswitchd->unanswered_since ? time_msec() - vswitchd->unanswered_since : 0;

    return MAX(question_ms, cfg_ms);
}

bool vswitchd_is_stopped(const struct vswitchd *vswitchd)
{
    char path[32];
    char text[512];
    const char *end;
    ssize_t n = -1;
    int fd;

    if (vswitchd->pid <= 0) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)vswitchd->pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, sizeof text - 1);
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    end = strrchr(text, ')'); /* "PID (NAME) STATE ...": proc(5). */
    return end && end[1] == ' ' && (end[2] == 'T' || end[2] == 't');
}

bool vswitchd_is_elsewhere(const struct vswitchd *vswitchd)
{
    return vswitchd->place == NETWORK_OTHER;
}

void vswitchd_did_not_answer(struct vswitchd *vswitchd)
{
    if (!pidfile_tells(vswitchd)) {
        set_state(vswitchd, VSWITCHD_UNKNOWN);
    }
}
