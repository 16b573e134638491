/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether `path` still names the file that `fd` has open: only then does everybody look at the same
 * lock. */
static bool is_at(int fd, const char *path)
{
    struct stat open_file;
    struct stat named;

    return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 &&
           open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

int lock_take(const char *path)
{
    for (;;) {
        struct stat st;
        int fd =
            open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
        int error;

        if (fd < 0) {
            return -1;
        }
        if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
            error = EINVAL;
        } else {
            error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
        }
        if (!error && is_at(fd, path)) {
            return fd;
        }
        close(fd);
        if (error) {
            errno = error;
            return -1;
        }
        /* Somebody has removed the file meanwhile. */
    }
}
