/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of vifplugd itself: who may call it, and its configuration. */

#include <stdbool.h>
#include <stddef.h>

#include "check/check-private.h"

void check_host_read(struct check_run *run)
{
    if (!run->facts->host) {
        check_add(run, CHECK_FAIL, "host",
                  "Reading sysfs, directories and users takes too long, so the checks that need "
                  "them are left out; find out whether the name service (nsswitch.conf) or a file "
                  "system hangs.");
    } else if (!run->facts->host->has_pci) {
        check_add(run, CHECK_WARN, "host",
                  "sysfs shows no PCI devices, so nothing is known of cards and the IOMMU, and the "
                  "checks that need them are left out; mount sysfs (in a container, the host's "
                  "/sys, read-only).");
    }
}

static bool is_in_group(const struct host_user *user, gid_t gid)
{
    for (size_t i = 0; i < user->n_groups; i++) {
        if (user->groups[i] == gid) {
            return true;
        }
    }
    return user->gid == gid;
}

void check_access(struct check_run *run)
{
    const struct daemon_facts *daemon = &run->facts->daemon;
    const struct host_facts *host = run->facts->host;
    const struct host_user *nova = &host->nova;

    if (!nova->exists || nova->uid == 0) {
        return;
    }
    if (!daemon->nova_may_plug) {
        check_add(run, CHECK_FAIL, nova->name,
                  "User %s runs nova-compute and may not plug; write 'allow = %s' in section "
                  "[daemon] of %s, and reload vifplugd.",
                  nova->name, nova->name, daemon->config_path);
    }
    if (!host->has_socket || (host->socket_mode & 06) ||
        ((host->socket_mode & 060) && is_in_group(nova, host->socket_gid))) {
        return;
    }
    if (daemon->socket_inherited) {
        check_add(run, CHECK_FAIL, daemon->socket,
                  "User %s cannot connect to %s (group %s, mode %04o); run 'usermod --append "
                  "--groups %s %s', and restart nova-compute.",
                  nova->name, daemon->socket, host->socket_group, (unsigned int)host->socket_mode,
                  host->socket_group, nova->name);
    } else {
        check_add(run, CHECK_FAIL, daemon->socket,
                  "User %s cannot connect to %s (group %s, mode %04o); set socket_group in %s to a "
                  "group of that user, and reload vifplugd.",
                  nova->name, daemon->socket, host->socket_group, (unsigned int)host->socket_mode,
                  daemon->config_path);
    }
}

void check_socket_group(struct check_run *run)
{
    const struct daemon_facts *daemon = &run->facts->daemon;
    const struct host_facts *host = run->facts->host;

    if (!daemon->socket_inherited && daemon->socket_group[0] && !host->group_exists) {
        check_add(run, CHECK_WARN, daemon->socket_group,
                  "Group %s does not exist, so only root can connect to %s; create the group, or "
                  "set socket_group in %s, and reload vifplugd.",
                  daemon->socket_group, daemon->socket, daemon->config_path);
    }
    if (!host->has_socket) {
        check_add(run, CHECK_FAIL, daemon->socket,
                  "The API socket %s has been removed, so nobody can connect; restart vifplugd.",
                  daemon->socket);
    }
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

void check_settings(struct check_run *run)
{
    const struct daemon_facts *daemon = &run->facts->daemon;
    const struct host_facts *host = run->facts->host;

    if (daemon->waiting[0]) {
        check_add(run, CHECK_WARN, daemon->config_path,
                  "These settings have changed and wait for a restart: %s; restart vifplugd.",
                  daemon->waiting);
    }
    if (host->has_config != daemon->had_config ||
        !same_time(&host->config_mtime, &daemon->config_mtime)) {
        check_add(run, CHECK_WARN, daemon->config_path,
                  "The file has %s since vifplugd read it; check it with 'vifplugd "
                  "--check-config', and reload vifplugd.",
                  !host->has_config    ? "been removed"
                  : daemon->had_config ? "been changed"
                                       : "been made");
    }
}
