/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listener.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/activation.h"
#include "daemon/listen-file.h"
#include "daemon/lock.h"
#include "fatal-signal.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(listener);

struct listener {
    int fd;
    int lock;
    char *path;
    bool inherited; /* From the service manager, which made the file and keeps it open. */
    struct listen_file file;
};

/* For remove_at_exit(): OVS cannot take a hook back. */
static struct listener *at_exit;

static bool fail(struct error *error, const char *path, const char *what, const char *next)
{
    error_set(error, REASON_INTERNAL, "", "%s: %s (%s); %s.", path, what, ovs_strerror(errno),
              next);
    return false;
}

/* Creates the directory of the socket if it is missing. Its parent must exist. */
static void make_directory(const char *path)
{
    char *copy = xstrdup(path);
    const char *dir = dirname(copy);

    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        SLOG_WARN("%s: the directory cannot be created (%s)", dir, ovs_strerror(errno));
    }
    free(copy);
}

bool listener_find_group(const char *name, gid_t *gid)
{
    const struct group *group = *name ? getgrnam(name) : NULL;

    if (group) {
        *gid = group->gr_gid;
    }
    return group != NULL;
}

bool listener_set_group(const struct listener *listener, const char *name, const gid_t *gid,
                        struct error *error)
{
    if (listener->inherited) {
        return error_set(error, REASON_INVALID_REQUEST, "",
                         "socket_group has no effect: the service manager has made %s; set "
                         "SocketGroup of vifplugd.socket.",
                         listener->path);
    }
    if (*name && !gid) {
        SLOG_WARN("socket_group %s does not exist; only root can use %s", name, listener->path);
    }
    if (!listen_file_is_ours(&listener->file)) {
        return error_set(error, REASON_INTERNAL, "",
                         "%s is not the socket of this daemon any more; restart vifplugd.",
                         listener->path);
    }
    return chown(listener->path, (uid_t)-1, gid ? *gid : getegid()) == 0 ||
           fail(error, listener->path, "its group cannot be set to socket_group",
                "run as root or as a member of that group, or let vifplugd.socket make the socket");
}

/* Gives the socket file its group and mode, and listens. Without its group, root and the daemon's
 * user can still connect. */
static bool open_up(const struct listener *listener, const char *group, struct error *error)
{
    gid_t gid;
    bool exists = listener_find_group(group, &gid);

    if (!listener_set_group(listener, group, exists ? &gid : NULL, error)) {
        SLOG_WARN("%s", error->message);
    }
    if (chmod(listener->path, 0660) != 0 || listen(listener->fd, 64) != 0) {
        return fail(error, listener->path, "the daemon cannot listen there", "check the path");
    }
    return true;
}

static bool lock_path(struct listener *listener, struct error *error)
{
    char *path = xasprintf("%s.lock", listener->path);

    listener->lock = lock_take(path);
    if (listener->lock < 0 && errno == EWOULDBLOCK) {
        error_set(
            error, REASON_INTERNAL, "",
            "Another daemon listens at %s, or starts to (it has locked %s); stop it or choose "
            "another path.",
            listener->path, path);
    } else if (listener->lock < 0) {
        fail(error, path, "the lock file cannot be opened", "check its directory");
    }
    free(path);
    return listener->lock >= 0;
}

static bool bind_to_path(struct listener *listener, struct error *error)
{
    const char *path = listener->path;

    if (listen_file_bind(&listener->file, listener->fd, path, S_IRUSR | S_IWUSR)) {
        return true;
    }
    if (errno == EADDRINUSE) {
        return error_set(error, REASON_INTERNAL, "",
                         "Another daemon listens at %s; stop it or choose another path.", path);
    }
    if (errno == EEXIST) {
        return error_set(error, REASON_INTERNAL, "",
                         "%s exists and is not a socket; remove it or choose another path.", path);
    }
    return fail(error, path, "the socket cannot be bound",
                "check that its directory is writable, and remove a file that is in the way");
}

/* OVS calls it when a fatal signal or exit() ends the process. */
static void remove_at_exit(void *aux OVS_UNUSED)
{
    if (at_exit) {
        listen_file_remove(&at_exit->file);
    }
}

static bool open_listener(struct listener *listener, const char *group, struct error *error)
{
    listener->fd = activation_take(listener->path);
    if (listener->fd >= 0) {
        listener->inherited = true;
        SLOG_INFO("%s is the service manager's socket; socket_group does not apply to it",
                  listener->path);
        return true;
    }
    make_directory(listener->path);
    if (!lock_path(listener, error)) {
        return false;
    }
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0) {
        return fail(error, listener->path, "the socket cannot be created",
                    "check the limits of the process");
    }
    return bind_to_path(listener, error) && open_up(listener, group, error);
}

struct listener *listener_open(const char *path, const char *group, struct error *error)
{
    static bool hooked;
    struct listener *listener = xmalloc(sizeof *listener);

    *listener = (struct listener){.fd = -1, .lock = -1, .path = xstrdup(path)};
    at_exit = listener;
    if (!hooked) {
        fatal_signal_add_hook(remove_at_exit, NULL, NULL, true);
        hooked = true;
    }
    if (!open_listener(listener, group, error)) {
        listener_close(listener);
        return NULL;
    }
    return listener;
}

int listener_fd(const struct listener *listener)
{
    return listener->fd;
}

bool listener_refuse(struct listener *listener)
{
    listen_file_remove(&listener->file);
    return !listener->inherited && shutdown(listener->fd, SHUT_RD) == 0;
}

/* The lock goes last: until then nobody else makes a socket file here. */
void listener_close(struct listener *listener)
{
    at_exit = NULL;
    listen_file_remove(&listener->file);
    if (listener->fd >= 0) {
        close(listener->fd);
    }
    if (listener->lock >= 0) {
        close(listener->lock);
    }
    free(listener->path);
    free(listener);
}
