/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/activation.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"

VLOG_DEFINE_THIS_MODULE(activation);

/* The first descriptor, and how many there can be. */
enum { LISTEN_FDS_START = 3, LISTEN_FDS_MAX = 64 };

static bool has_taken;

/* The number in an environment variable; 0 if it is none. Removes the variable. */
static int64_t take_number(const char *name)
{
    const char *text = getenv(name);
    int64_t number = 0;

    if (!text || !number_parse(text, 0, INT_MAX, &number)) {
        number = 0;
    }
    unsetenv(name);
    return number;
}

static int option(int fd, int name)
{
    socklen_t length = sizeof(int);
    int value = -1;

    return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

/* Whether `fd` is a stream socket that listens; `path` gets its path. */
static bool is_listener(int fd, char path[sizeof((struct sockaddr_un *)0)->sun_path + 1])
{
    struct sockaddr_un addr = {.sun_family = AF_UNSPEC};
    socklen_t length = sizeof addr;
    size_t offset = offsetof(struct sockaddr_un, sun_path);

    path[0] = '\0';
    if (option(fd, SO_TYPE) != SOCK_STREAM || option(fd, SO_ACCEPTCONN) != 1 ||
        getsockname(fd, (struct sockaddr *)&addr, &length) != 0 || addr.sun_family != AF_UNIX ||
        length <= offset) {
        return false;
    }
    memcpy(path, addr.sun_path, length - offset);
    path[length - offset] = '\0';
    return true;
}

static bool set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

int activation_take(const char *path)
{
    bool for_us = take_number("LISTEN_PID") == getpid();
    int64_t n = take_number("LISTEN_FDS");
    int found = -1;

    unsetenv("LISTEN_FDNAMES");
    if (!for_us || n > LISTEN_FDS_MAX) {
        return -1;
    }
    for (int fd = LISTEN_FDS_START; fd < LISTEN_FDS_START + (int)n; fd++) {
        char at[sizeof((struct sockaddr_un *)0)->sun_path + 1];

        if (found < 0 && is_listener(fd, at) && !strcmp(at, path) && set_flags(fd)) {
            found = fd;
        } else {
            SLOG_WARN("the service manager passes a socket at '%s', but the API socket is %s: the "
                      "daemon does not use it; give ListenStream of its unit that path",
                      at, path);
            close(fd);
        }
    }
    has_taken = found >= 0;
    return found;
}

bool activation_has_taken(void)
{
    return has_taken;
}
