/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/display.h"
#include "util.h"

/* Longer values are cut. */
enum { VALUE_MAX = 4096 };

bool journal_is_stream(const char *variable, int fd)
{
    unsigned long long device;
    unsigned long long inode;
    struct stat st;
    char *rest;

    if (!variable || fstat(fd, &st) != 0) {
        return false;
    }
    device = strtoull(variable, &rest, 10);
    if (rest == variable || *rest != ':') {
        return false;
    }
    variable = rest + 1;
    inode = strtoull(variable, &rest, 10);
    return rest != variable && *rest == '\0' && device == st.st_dev && inode == st.st_ino;
}

const char *journal_of(int fd)
{
    return journal_is_stream(getenv("JOURNAL_STREAM"), fd) ? JOURNAL_SOCKET : NULL;
}

void journal_add(struct journal_entry *entry, const char *name, const char *value)
{
    size_t left = sizeof entry->text - entry->length;
    char shown[VALUE_MAX];
    int n;

    if (!value[0] || entry->overflow) {
        return;
    }
    display_text(shown, sizeof shown, value, strlen(value));
    n = snprintf(entry->text + entry->length, left, "%s=%s\n", name, shown);
    if (n < 0 || (size_t)n >= left) {
        entry->overflow = true;
    } else {
        entry->length += (size_t)n;
    }
}

void journal_add_int(struct journal_entry *entry, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    journal_add(entry, name, text);
}

void journal_begin(struct journal_entry *entry, const char *identifier, int priority,
                   const char *message)
{
    entry->length = 0;
    entry->overflow = false;
    journal_add(entry, "MESSAGE", message);
    journal_add_int(entry, "PRIORITY", priority);
    journal_add(entry, "SYSLOG_IDENTIFIER", identifier);
}

int journal_open(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof addr.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(addr.sun_path, path);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

bool journal_send(int fd, const struct journal_entry *entry)
{
    return !entry->overflow && send(fd, entry->text, entry->length, MSG_NOSIGNAL | MSG_DONTWAIT) ==
                                   (ssize_t)entry->length;
}
