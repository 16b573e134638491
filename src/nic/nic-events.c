/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/nic-events.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "util.h"

/* The kernel's multicast group of uevents. (Group 2 is udev's.) */
#define KERNEL_GROUP 1

/* For some hundred events, bytes. */
#define BUFFER_SIZE (1 << 20)

/* The most events to read in one call. */
#define EVENTS_MAX 256

/* Longer than a uevent: the kernel puts the pairs into 2 KiB, after a path. */
#define EVENT_LEN 8192

/* A second change of a directory within this time may leave its time of change as it is: kernels
 * take that from a clock with coarse steps. */
#define SETTLED_S 1

struct nic_events {
    const char *sysfs_root;
    enum nic_events_source source;
    struct nl_sock *socket;   /* Of NIC_EVENTS_KERNEL. */
    struct timespec modified; /* Of NIC_EVENTS_TREE, at the last call. */
    bool settled;             /* The directory was older than SETTLED_S at that call. */
};

static bool is_sysfs(const char *root)
{
    struct statfs fs;

    return statfs(root, &fs) == 0 && fs.f_type == SYSFS_MAGIC;
}

static int open_socket(struct nic_events *events)
{
    int result;

    events->socket = nl_socket_alloc();
    if (!events->socket) {
        return -NLE_NOMEM;
    }
    result = nl_connect(events->socket, NETLINK_KOBJECT_UEVENT);
    if (result >= 0) {
        /* The kernel may allow less, so a failure does not count. */
        (void)nl_socket_set_buffer_size(events->socket, BUFFER_SIZE, 0);
        result = nl_socket_add_membership(events->socket, KERNEL_GROUP);
    }
    return result;
}

static void close_socket(struct nic_events *events)
{
    if (events->socket) {
        nl_socket_free(events->socket);
        events->socket = NULL;
    }
}

struct nic_events *nic_events_create(const char *sysfs_root, struct error *error)
{
    struct nic_events *events = xzalloc(sizeof *events);

    events->sysfs_root = sysfs_root;
    errno = 0;
    if (!is_sysfs(sysfs_root)) {
        events->source = NIC_EVENTS_TREE;
        return events;
    }
    if (open_socket(events) < 0) {
        error_set(error, REASON_INTERNAL, "",
                  "The kernel's events of PCI devices cannot be received (%s); let vifplugd open "
                  "netlink sockets, and have enough file descriptors.",
                  ovs_strerror(errno));
        close_socket(events);
    } else {
        events->source = NIC_EVENTS_KERNEL;
    }
    return events;
}

void nic_events_destroy(struct nic_events *events)
{
    close_socket(events);
    free(events);
}

enum nic_events_source nic_events_source(const struct nic_events *events)
{
    return events->source;
}

int nic_events_fd(const struct nic_events *events)
{
    return events->socket ? nl_socket_get_fd(events->socket) : -1;
}

/* The value of KEY=VALUE if `text` has that key; or NULL. */
static const char *value_of(const char *text, size_t length, const char *key, size_t *value_length)
{
    size_t n = strlen(key);

    if (length <= n || memcmp(text, key, n) != 0 || text[n] != '=') {
        return NULL;
    }
    *value_length = length - n - 1;
    return text + n + 1;
}

static bool is(const char *value, size_t length, const char *word)
{
    return length == strlen(word) && !memcmp(value, word, length);
}

bool nic_events_concerns_pci(const char *message, size_t length)
{
    bool is_pci = true;
    bool only_driver = false;
    size_t n;

    for (size_t at = 0; at < length; at += n + 1) {
        const char *text = message + at;
        const char *value;
        size_t value_length;

        n = strnlen(text, length - at);
        value = value_of(text, n, "SUBSYSTEM", &value_length);
        if (value) {
            is_pci = is(value, value_length, "pci");
        }
        value = value_of(text, n, "ACTION", &value_length);
        if (value) {
            only_driver = is(value, value_length, "bind") || is(value, value_length, "unbind");
        }
    }
    return is_pci && !only_driver;
}

/* Reads one event. Returns 0, or the error; EAGAIN if there is none. */
static int take_event(int fd, bool *changed)
{
    char message[EVENT_LEN];
    struct sockaddr_nl from = {.nl_pid = 0};
    socklen_t from_length = sizeof from;
    ssize_t n = recvfrom(fd, message, sizeof message, MSG_DONTWAIT | MSG_TRUNC,
                         (struct sockaddr *)&from, &from_length);

    if (n < 0) {
        return errno;
    }
    /* Any program may send a message to this socket; only the kernel's number is 0. */
    if (from.nl_pid == 0) {
        *changed |= (size_t)n > sizeof message || nic_events_concerns_pci(message, (size_t)n);
    }
    return 0;
}

static bool take_events(struct nic_events *events)
{
    int fd = nl_socket_get_fd(events->socket);
    bool changed = false;

    for (int i = 0; i < EVENTS_MAX; i++) {
        int error = take_event(fd, &changed);

        if (error == EAGAIN) {
            return changed;
        }
        if (error == ENOBUFS) {
            changed = true; /* Events were lost. */
        } else if (error && error != EINTR && error != ENOMEM) {
            close_socket(events);
            events->source = NIC_EVENTS_NONE;
            return true;
        }
    }
    return true;
}

static bool tree_changed(struct nic_events *events)
{
    struct timespec modified = {.tv_sec = 0};
    char path[PATH_MAX];
    struct timespec now;
    struct stat st;
    bool changed;

    if (snprintf(path, sizeof path, "%s/bus/pci/devices", events->sysfs_root) < (int)sizeof path &&
        stat(path, &st) == 0) {
        modified = st.st_mtim;
    }
    changed = !events->settled || modified.tv_sec != events->modified.tv_sec ||
              modified.tv_nsec != events->modified.tv_nsec;
    clock_gettime(CLOCK_REALTIME, &now);
    events->modified = modified;
    events->settled = llabs((long long)(now.tv_sec - modified.tv_sec)) > SETTLED_S;
    return changed;
}

bool nic_events_take(struct nic_events *events)
{
    switch (events->source) {
    case NIC_EVENTS_KERNEL:
        return take_events(events);
    case NIC_EVENTS_TREE:
        return tree_changed(events);
    case NIC_EVENTS_NONE:
        break;
    }
    return false;
}
