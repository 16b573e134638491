/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/vhost-socket.h"

#include <string.h>

#include "base/keys.h"

/* iface_do_create() in vswitchd/bridge.c. Without DPDK vswitchd does not know the type, and has not
 * tried. */
bool vhost_socket_has_failed(const char *type, const char *error_text)
{
    return !strcmp(type, TYPE_VHOST_USER) && error_text &&
           strstr(error_text, "could not open network device") &&
           !strstr(error_text, "Address family not supported");
}

bool vhost_socket_is_made(const struct port_spec *spec, const struct record *current)
{
    if (strcmp(spec->type, TYPE_VHOST_USER) != 0) {
        return false;
    }
    /* The file of a port that works is its own: vswitchd keeps it, or removes it itself when it
     * moves the port to another bridge. */
    return !current || strcmp(current->spec.port, spec->port) != 0 ||
           strcmp(current->spec.type, TYPE_VHOST_USER) != 0 || record_failed(current);
}

bool vhost_socket_may_go(const struct socket_facts *facts)
{
    return !facts->released &&
           (facts->file == SOCKET_FILE_BOUND || facts->file == SOCKET_FILE_STALE);
}

static bool refuse_second_try(const struct record *current, const char *path, struct error *error)
{
    error_set(
        error, REASON_NOT_REALIZED, "",
        "ovs-vswitchd has failed to make socket %s, and at another try it would close or take "
        "over another of its files; restart ovs-vswitchd (vifplugd removes a stale file once "
        "it has ended), or plug the VIF in mode server.",
        path);
    return error_detail(error, "%s", current && current->error ? current->error : "");
}

bool vhost_socket_check(const struct vif *vif, const struct record *current,
                        const struct socket_facts *facts, bool *stale, struct error *error)
{
    const char *field = vif_field_path(vif, VIF_FIELD_VHOST_PATH);

    *stale = false;
    if (facts->history == SOCKET_TRIED) {
        return refuse_second_try(current, facts->path, error);
    }
    switch (facts->file) {
    case SOCKET_FILE_ABSENT:
        return true;
    case SOCKET_FILE_STALE:
        *stale = facts->history == SOCKET_NOT_TRIED;
        return *stale ||
               error_set(error, REASON_SOCKET_IN_USE, field,
                         "ovs-vswitchd has to make socket %s, but a stale socket is there, and "
                         "vifplugd does not know whether this ovs-vswitchd has tried it already, "
                         "since it started before vifplugd; restart ovs-vswitchd, or remove the "
                         "file if ovs-vswitchd.log does not name it since that start.",
                         facts->path);
    case SOCKET_FILE_BOUND:
        if (!facts->released) {
            return error_set(
                error, REASON_SOCKET_IN_USE, field,
                "ovs-vswitchd has to make socket %s, but a process has a socket there; "
                "a plug first lets ovs-vswitchd remove its own, and if it is another "
                "program's, end that program, or use mode server if it is the guest.",
                facts->path);
        }
        return error_set(error, REASON_SOCKET_IN_USE, field,
                         "ovs-vswitchd has to make socket %s, but another program has a socket "
                         "there; end that program, or use mode server if it is the guest.",
                         facts->path);
    case SOCKET_FILE_OTHER:
        return error_set(error, REASON_SOCKET_IN_USE, field,
                         "ovs-vswitchd has to make socket %s, but a file that is no socket is "
                         "there; find out whose it is and remove it.",
                         facts->path);
    case SOCKET_FILE_UNKNOWN:
        return error_set(
            error, REASON_SOCKET_IN_USE, field,
            "ovs-vswitchd has to make socket %s, but a file is there that vifplugd may "
            "not look at; remove it, or give vifplugd the rights to.",
            facts->path);
    case SOCKET_FILE_NO_DIRECTORY:
        return error_set(error, REASON_INVALID_REQUEST, field,
                         "ovs-vswitchd has to make socket %s, but its directory does not exist; "
                         "create it.",
                         facts->path);
    }
    return true;
}
