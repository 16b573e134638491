/* SPDX-License-Identifier: Apache-2.0 */
#include "client/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

long long clock_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int fill_address(const char *path, struct sockaddr_un *address)
{
    if (!path) {
        path = getenv(VIFPLUG_SOCKET_VARIABLE);
    }
    if (!path || !*path) {
        path = VIFPLUG_DEFAULT_SOCKET;
    }
    if (strlen(path) >= sizeof address->sun_path) {
        return -ENAMETOOLONG;
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    strcpy(address->sun_path, path);
    return 0;
}

/* How long connect() and send() may wait, ms; 0: no limit. */
static int set_wait(int fd, long long ms)
{
    const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) ? -errno : 0;
}

/* A UNIX socket connects immediately, or waits for a place in the daemon's queue: without an end,
 * if the daemon accepts nothing. The kernel returns EAGAIN after SO_SNDTIMEO. With O_NONBLOCK it
 * would return that at once, and poll() does not tell when there is a place. */
static int try_connect(int fd, const struct sockaddr_un *address, int wait_ms)
{
    long long deadline = clock_ms() + wait_ms;
    long long left = wait_ms;

    for (;;) {
        int error = set_wait(fd, left);

        if (error || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
            return error;
        }
        if (errno != EINTR) {
            return -errno;
        }
        left = wait_ms ? deadline - clock_ms() : 0;
        if (wait_ms && left <= 0) {
            return -EAGAIN;
        }
    }
}

int connect_socket(const char *path, int wait_ms)
{
    struct sockaddr_un address;
    int error = wait_ms < 0 ? -EINVAL : fill_address(path, &address);
    int fd;

    if (error) {
        return error;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    error = try_connect(fd, &address, wait_ms);
    if (!error) {
        error = set_wait(fd, 0);
    }
    if (error) {
        close(fd);
        return error;
    }
    return fd;
}
