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

/* Removes a socket file that a killed daemon left; fails if somebody listens there. */
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
                         "%s is there and is no socket; remove it or choose another path.",
                         addr->sun_path);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(error, addr->sun_path, "no socket could be made to try it", "try again later");
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

/* Creates the directory of the socket if it is missing (its parent has to be there). */
static void make_directory(const char *path)
{
    char *copy = xstrdup(path);
    const char *dir = dirname(copy);

    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        VLOG_WARN("%s: cannot create the directory (%s)", dir, ovs_strerror(errno));
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
        return fail(error, path, "cannot give it to socket_group", "run as root");
    }
    if (chmod(path, 0660) != 0 || listen(fd, 64) != 0) {
        return fail(error, path, "cannot listen", "check the path");
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
           fail(error, path, "cannot bind", "check that the directory can be written");
}

int listener_open(const char *path, const char *group, struct error *error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        fail(error, path, "no socket", "check the limits of the process");
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
