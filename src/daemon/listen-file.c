/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listen-file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Removes the socket file of a process that has ended. Returns false with errno if there is
 * another file, or a process may listen there. */
static bool clear_path(const struct sockaddr_un *addr)
{
    struct stat st;
    int result;
    int fd;

    if (lstat(addr->sun_path, &st) != 0) {
        return true; /* bind() finds out why. */
    }
    if (!S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    result = connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 ? 0 : errno;
    close(fd);
    if (result != ECONNREFUSED) {
        errno = result == 0 || result == EAGAIN ? EADDRINUSE : result;
        return false;
    }
    return unlink(addr->sun_path) == 0;
}

bool listen_file_bind(struct listen_file *file, int fd, const char *path, mode_t mode)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct stat st;
    mode_t mask;
    int result;

    *file = (struct listen_file){.ino = 0};
    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    if (!clear_path(&addr)) {
        return false;
    }
    mask = umask(~mode & (S_IRWXU | S_IRWXG | S_IRWXO));
    result = bind(fd, (const struct sockaddr *)&addr, sizeof addr);
    umask(mask);
    /* A default access list of the directory takes the umask's place. */
    if (result != 0 || chmod(path, mode) != 0 || lstat(path, &st) != 0) {
        return false;
    }
    snprintf(file->path, sizeof file->path, "%s", path);
    file->dev = st.st_dev;
    file->ino = st.st_ino;
    return true;
}

bool listen_file_is_ours(const struct listen_file *file)
{
    struct stat st;

    return file->ino && lstat(file->path, &st) == 0 && st.st_dev == file->dev &&
           st.st_ino == file->ino;
}

void listen_file_remove(struct listen_file *file)
{
    if (listen_file_is_ours(file)) {
        unlink(file->path);
    }
    *file = (struct listen_file){.ino = 0};
}
