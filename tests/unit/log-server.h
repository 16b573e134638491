/* SPDX-License-Identifier: Apache-2.0 */
/* A directory with the datagram socket of a server that takes lines of a log. */

#ifndef LOG_SERVER_H
#define LOG_SERVER_H 1

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[] = "/tmp/test-log-XXXXXX";
static char path[64]; /* Of the socket. */

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/socket", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

/* The server's socket, which does not block; in place of an earlier one. */
static int listen_at(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)unlink(path);
    strcpy(addr.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    return fd;
}

#endif
