/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listener.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fatal-signal.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(listener);

static bool fail(struct error *error, const char *path, const char *what, const char *next)
{
    error_set(error, REASON_INTERNAL, "", "%s: %s (%s); %s.", path, what, ovs_strerror(errno),
              next);
    return false;
}

/* Removes a socket file that a killed daemon has left. Fails if a process listens there. */
static bool clear_path(const struct sockaddr_un *addr, struct error *error)
{
    struct stat st;
    int result;
    int fd;

    if (lstat(addr->sun_path, &st) != 0) {
        return true;
    }
    if (!S_ISSOCK(st.st_mode)) {
        return error_set(error, REASON_INTERNAL, "",
                         "%s exists and is not a socket; remove it or choose another path.",
                         addr->sun_path);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(error, addr->sun_path, "a socket to test it cannot be created",
                    "check the limits of the process");
    }
    result = connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 ? 0 : errno;
    close(fd);
    if (result == 0 || result == EAGAIN) {
        return error_set(error, REASON_INTERNAL, "",
                         "Another daemon listens at %s; stop it or choose another path.",
                         addr->sun_path);
    }
    return unlink(addr->sun_path) == 0 ||
           fail(error, addr->sun_path, "the old socket cannot be removed", "check its directory");
}

/* Creates the directory of the socket if it is missing. Its parent must exist. */
static void make_directory(const char *path)
{
    char *copy = xstrdup(path);
    const char *dir = dirname(copy);

    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        VLOG_WARN("%s: the directory cannot be created (%s)", dir, ovs_strerror(errno));
    }
    free(copy);
}

/* Gives the socket file its mode and group, and listens. */
static bool open_up(int fd, const char *path, const char *group_name, struct error *error)
{
    const struct group *group = *group_name ? getgrnam(group_name) : NULL;

    if (*group_name && !group) {
        VLOG_WARN("socket_group %s does not exist; only root can use %s", group_name, path);
    }
    if (group && chown(path, (uid_t)-1, group->gr_gid) != 0) {
        return fail(error, path, "its group cannot be set to socket_group", "run as root");
    }
    if (chmod(path, 0660) != 0 || listen(fd, 64) != 0) {
        return fail(error, path, "the daemon cannot listen there", "check the path");
    }
    return true;
}

static bool bind_to(int fd, const char *path, struct error *error)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    mode_t mask;
    int result;

    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    make_directory(path);
    if (!clear_path(&addr, error)) {
        return false;
    }
    mask = umask(0177);
    result = bind(fd, (struct sockaddr *)&addr, sizeof addr);
    umask(mask);
    return result == 0 ||
           fail(error, path, "the socket cannot be bound", "check that its directory is writable");
}

int listener_open(const char *path, const char *group, struct error *error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        fail(error, path, "the socket cannot be created", "check the limits of the process");
        return -1;
    }
    if (!bind_to(fd, path, error) || !open_up(fd, path, group, error)) {
        close(fd);
        return -1;
    }
    fatal_signal_add_file_to_unlink(path);
    return fd;
}

void listener_close(int fd, const char *path)
{
    close(fd);
    fatal_signal_unlink_file_now(path);
}
