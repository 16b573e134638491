/* SPDX-License-Identifier: Apache-2.0 */
#include "base/plain-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The device numbers of /dev/null, Documentation/admin-guide/devices.txt of Linux. */
enum { NULL_MAJOR = 1, NULL_MINOR = 3 };

static bool is_plain(const struct stat *st)
{
    return S_ISREG(st->st_mode) ||
           (S_ISCHR(st->st_mode) && st->st_rdev == makedev(NULL_MAJOR, NULL_MINOR));
}

int plain_file_open(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        errno = errno == ENXIO ? ENODEV : errno; /* A socket, or a device without a driver. */
        return -1;
    }
    if (fstat(fd, &st) != 0) {
        st.st_mode = 0;
    }
    if (!is_plain(&st)) {
        close(fd);
        errno = S_ISDIR(st.st_mode) ? EISDIR : ENODEV;
        return -1;
    }
    return fd;
}

FILE *plain_file_stream(const char *path)
{
    int fd = plain_file_open(path);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (fd >= 0 && !file) {
        int error = errno;

        close(fd);
        errno = error;
    }
    return file;
}

const char *plain_file_error(int error)
{
    return error == ENODEV ? "it is not a regular file" : strerror(error);
}
