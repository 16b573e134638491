/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/log-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/plain-file.h"
#include "dirs.h"
#include "util.h"

/* The longest command line that is read. */
enum { COMMAND_LEN = 16384 };

/* The option of vlog, lib/vlog.c of Open vSwitch; without a value it is LOGDIR/ovs-vswitchd.log. */
static const char option[] = "--log-file";

enum finding { FOUND_PATH, FOUND_DEFAULT, FOUND_NOTHING };

/* Looks for the option in the command line of process `pid`. */
static enum finding find_in_command(const char *proc, pid_t pid, char path[LOG_FILE_PATH_LEN])
{
    enum finding found = FOUND_NOTHING;
    char command[COMMAND_LEN];
    char name[64];
    ssize_t n = -1;
    int fd;

    snprintf(name, sizeof name, "%s/%ld/cmdline", proc, (long)pid);
    fd = plain_file_open(name);
    if (fd >= 0) {
        n = read(fd, command, sizeof command - 1);
        close(fd);
    }
    command[n > 0 ? n : 0] = '\0';
    for (const char *word = command; n > 0 && word < command + n; word += strlen(word) + 1) {
        const char *value = word + strlen(option);

        if (strncmp(word, option, strlen(option)) != 0) {
            continue;
        }
        if (*value == '\0') {
            found = FOUND_DEFAULT;
        } else if (value[0] == '=' && value[1] == '/' && strlen(value + 1) < LOG_FILE_PATH_LEN) {
            strcpy(path, value + 1);
            found = FOUND_PATH;
        }
    }
    return found;
}

/* Whether the process has opened `fd` like a log: only for writing, at the end. */
static bool is_appended(const char *proc, pid_t pid, const char *fd)
{
    char name[96];
    char text[256];
    const char *flags;
    ssize_t n = -1;
    int info;

    snprintf(name, sizeof name, "%s/%ld/fdinfo/%.20s", proc, (long)pid, fd);
    info = plain_file_open(name);
    if (info >= 0) {
        n = read(info, text, sizeof text - 1);
        close(info);
    }
    text[n > 0 ? n : 0] = '\0';
    flags = strstr(text, "flags:"); /* proc(5), in octal. */
    if (!flags) {
        return false;
    }
    n = strtol(flags + strlen("flags:"), NULL, 8);
    return (n & O_APPEND) && (n & O_ACCMODE) == O_WRONLY;
}

/* Looks for a log among the open files of process `pid`. */
static enum finding find_in_files(const char *proc, pid_t pid, char path[LOG_FILE_PATH_LEN])
{
    enum finding found = FOUND_NOTHING;
    const struct dirent *entry;
    char name[64];
    DIR *dir;

    snprintf(name, sizeof name, "%s/%ld/fd", proc, (long)pid);
    dir = opendir(name);
    while (dir && found == FOUND_NOTHING && (entry = readdir(dir))) {
        char target[LOG_FILE_PATH_LEN];
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

        target[n > 0 ? n : 0] = '\0';
        if (n > 4 && target[0] == '/' && !strcmp(target + n - 4, ".log") &&
            is_appended(proc, pid, entry->d_name)) {
            memcpy(path, target, (size_t)n + 1);
            found = FOUND_PATH;
        }
    }
    if (dir) {
        closedir(dir);
    }
    return found;
}

/* A vswitchd in a container has another root. */
static void reach(const char *proc, pid_t pid, struct log_file *file)
{
    char there[LOG_FILE_PATH_LEN];
    struct stat st;

    if (pid > 0 &&
        (size_t)snprintf(there, sizeof there, "%s/%ld/root%s", proc, (long)pid, file->path) <
            sizeof there &&
        stat(there, &st) == 0) {
        memcpy(file->here, there, sizeof file->here);
    } else {
        memcpy(file->here, file->path, sizeof file->here);
    }
}

void log_file_find(const char *proc, pid_t pid, const char *given, struct log_file *file)
{
    enum finding found = FOUND_DEFAULT;

    *file = (struct log_file){.problem = ""};
    if (given[0]) {
        ovs_strlcpy(file->path, given, sizeof file->path);
        found = FOUND_PATH;
    } else if (pid > 0) {
        found = find_in_command(proc, pid, file->path);
        if (found != FOUND_PATH && find_in_files(proc, pid, file->path) == FOUND_PATH) {
            found = FOUND_PATH;
        }
    }
    if (found == FOUND_DEFAULT) {
        file->assumed = pid <= 0;
        snprintf(file->path, sizeof file->path, "%s/ovs-vswitchd.log", ovs_logdir());
    }
    if (found == FOUND_NOTHING) {
        snprintf(
            file->problem, sizeof file->problem,
            "ovs-vswitchd has no log file; start it with --log-file, or look where its messages "
            "go (journalctl -u ovs-vswitchd, syslog)");
    } else {
        reach(proc, pid, file);
    }
}

struct log_mark log_file_mark(const struct log_file *file)
{
    struct log_mark mark = {.known = file->path[0] != '\0'};
    struct stat st;

    if (mark.known && stat(file->here, &st) == 0) {
        mark.device = st.st_dev;
        mark.inode = st.st_ino;
        mark.size = st.st_size;
    }
    return mark;
}

/* A text that grows. */
struct text {
    char *data;
    size_t length;
};

/* Adds what `fd` has from `from` on, or the end of it; from the beginning of a line. */
static bool add(struct text *text, int fd, off_t from, off_t size)
{
    off_t start = MAX(from, size - LOG_FILE_READ_MAX);
    size_t length = (size_t)MAX(size - start, 0);
    char *feed;
    ssize_t n;

    text->data = xrealloc(text->data, text->length + length + 1);
    n = pread(fd, text->data + text->length, length, start);
    if (n < 0) {
        return false;
    }
    feed = start > from ? memchr(text->data + text->length, '\n', (size_t)n) : NULL;
    if (feed) {
        size_t cut = (size_t)(feed + 1 - (text->data + text->length));

        memmove(text->data + text->length, feed + 1, (size_t)n - cut);
        n -= (ssize_t)cut;
    }
    text->length += (size_t)n;
    return true;
}

/* Adds the rest of the file that was there at `mark`, if logrotate has renamed it to FILE.1. */
static void add_rotated(struct text *text, const struct log_file *file, const struct log_mark *mark)
{
    char path[LOG_FILE_PATH_LEN + 2];
    struct stat st;
    int fd;

    snprintf(path, sizeof path, "%s.1", file->here);
    fd = mark->inode ? plain_file_open(path) : -1;
    if (fd >= 0) {
        if (fstat(fd, &st) == 0 && st.st_dev == mark->device && st.st_ino == mark->inode) {
            add(text, fd, mark->size, st.st_size);
        }
        close(fd);
    }
}

static char *cannot_read(struct log_file *file, int error, struct text *text)
{
    if (file->assumed && error == ENOENT) {
        snprintf(file->problem, sizeof file->problem,
                 "where ovs-vswitchd logs cannot be seen from here, and there is no %.96s; set "
                 "vswitchd_log in section [ovs] (in a container, mount that directory)",
                 file->path);
    } else {
        snprintf(file->problem, sizeof file->problem,
                 "ovs-vswitchd's log %.128s cannot be read (%s); look there", file->path,
                 plain_file_error(error));
    }
    free(text->data);
    return NULL;
}

char *log_file_read(struct log_file *file, const struct log_mark *mark, size_t *length)
{
    struct text text = {.data = NULL};
    off_t from = 0;
    struct stat st;
    int fd = plain_file_open(file->here);
    bool ok;

    if (fd < 0) {
        return cannot_read(file, errno, &text);
    }
    ok = fstat(fd, &st) == 0;
    if (ok && st.st_dev == mark->device && st.st_ino == mark->inode) {
        from = st.st_size >= mark->size ? mark->size : 0;
    } else if (ok) {
        add_rotated(&text, file, mark);
    }
    ok = ok && add(&text, fd, from, st.st_size);
    if (!ok) {
        int error = errno;

        close(fd);
        return cannot_read(file, error, &text);
    }
    close(fd);
    *length = text.length;
    return text.data;
}
