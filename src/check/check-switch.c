/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of Open vSwitch. */

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "check/check-private.h"

/* vswitchd works for a second or two if a device is slow to probe. */
enum { LAG_MS = 1000 };

/* DPDK's RTE_MAX_ETHPORTS, in its own and in Debian's build. */
enum { USUAL_DPDK_PORTS = 32 };

/* The oldest Open vSwitch that the tests use. */
enum { OLDEST_MAJOR = 3, OLDEST_MINOR = 1 };

static const char vswitchd[] = "ovs-vswitchd";

void check_ovsdb(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;

    if (sw->ovsdb_problem) {
        check_add(run, CHECK_FAIL, "OVSDB", "%s", sw->ovsdb_problem);
    }
}

void check_vswitchd(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;

    if (sw->vswitchd_problem) {
        check_add(run, CHECK_FAIL, vswitchd, "%s", sw->vswitchd_problem);
    } else if (sw->unanswered_ms >= LAG_MS) {
        check_add(run, CHECK_WARN, vswitchd,
                  "ovs-vswitchd is behind OVSDB for %" PRId64 " s (next_cfg is %" PRId64
                  ", cur_cfg %" PRId64 "); look for its 'Unreasonably long' poll intervals in "
                  "ovs-vswitchd.log if this stays.",
                  sw->unanswered_ms / 1000, sw->next_cfg, sw->cur_cfg);
    }
}

void check_vswitchd_settings(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;

    if (sw->extra_waits) {
        check_add(run, CHECK_WARN, "other_config:dpdk-extra",
                  "dpdk-extra has changed since ovs-vswitchd initialised DPDK, and is read only "
                  "then; restart ovs-vswitchd.");
    }
    if (sw->sock_dir_waits) {
        check_add(
            run, CHECK_WARN, "other_config:vhost-sock-dir",
            "vhost-sock-dir has changed since ovs-vswitchd initialised DPDK, and is read only "
            "then; restart ovs-vswitchd.");
    }
}

void check_vswitchd_sockets(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;

    if (sw->socket_problem) {
        check_add(run, CHECK_FAIL, vswitchd, "%s", sw->socket_problem);
    }
}

void check_versions(struct check_run *run)
{
    const char *version = run->facts->sw.ovs_version;
    int major;
    int minor;

    if (!version || sscanf(version, "%d.%d", &major, &minor) != 2) { /* NOLINT(cert-err34-c) */
        check_add(run, CHECK_WARN, vswitchd,
                  "OVSDB does not say which version of Open vSwitch runs; start Open vSwitch with "
                  "its service (ovs-ctl), which writes it.");
    } else if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)) {
        check_add(run, CHECK_WARN, vswitchd,
                  "Open vSwitch %s is older than %d.%d, the oldest that vifplugd is tested with; "
                  "upgrade Open vSwitch.",
                  version, OLDEST_MAJOR, OLDEST_MINOR);
    }
}

static bool has_smartnic(const struct check_run *run)
{
    const struct host_facts *host = run->facts->host;

    for (size_t i = 0; host && i < host->n_cards; i++) {
        if (host->cards[i].specific && host->cards[i].n_vfs > 0) {
            return true;
        }
    }
    return false;
}

void check_dpdk(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;
    enum check_result result = sw->uses_dpdk || has_smartnic(run) ? CHECK_FAIL : CHECK_WARN;

    if (!sw->dpdk_version || !strcmp(sw->dpdk_version, "none")) {
        check_add(run, result, vswitchd,
                  "This ovs-vswitchd has no DPDK, so representors and vhost-user ports fail; "
                  "install openvswitch-switch-dpdk, and choose it with 'update-alternatives "
                  "--config ovs-vswitchd'.");
    } else if (!sw->dpdk_wanted) {
        check_add(run, result, "other_config:dpdk-init",
                  "DPDK is off, so representors and vhost-user ports fail; run 'ovs-vsctl set "
                  "Open_vSwitch . other_config:dpdk-init=true', and restart ovs-vswitchd.");
    } else if (!sw->dpdk_initialized) {
        check_add(
            run, sw->dpdk_starting ? CHECK_WARN : result, vswitchd,
            "DPDK is not initialised%s; see 'EAL' in ovs-vswitchd.log for the reason (devices, "
            "hugepages), and restart ovs-vswitchd once that is mended.",
            sw->dpdk_starting ? " yet" : "");
    }
}

void check_offload(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;
    enum check_result result = sw->offload_needed ? CHECK_FAIL : CHECK_WARN;

    if (!strcmp(sw->offload, "restart_required")) {
        check_add(run, result, "other_config:hw-offload",
                  "hw-offload was set after ovs-vswitchd started, and is read only then; restart "
                  "ovs-vswitchd.");
    } else if (!strcmp(sw->offload, "no") && (sw->offload_wanted || has_smartnic(run))) {
        check_add(run, result, "other_config:hw-offload",
                  "Hardware offload is off, so all frames of VFs take the CPU; run 'ovs-vsctl set "
                  "Open_vSwitch . other_config:hw-offload=true', and restart ovs-vswitchd.");
    } else if (!strcmp(sw->offload, "unknown") && sw->offload_needed) {
        check_add(run, CHECK_WARN, "other_config:hw-offload",
                  "Whether hardware offload is in effect is not known; restart ovs-vswitchd while "
                  "vifplugd runs.");
    }
}

void check_dpdk_ports(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;
    const struct host_facts *host = run->facts->host;
    size_t needed = 0;

    for (size_t i = 0; i < host->n_cards; i++) {
        if (host->cards[i].specific && host->cards[i].n_vfs > 0) {
            needed += host->cards[i].n_vfs + 1;
        }
    }
    /* With more ports than that, this DPDK is built for more. */
    if (needed > USUAL_DPDK_PORTS && sw->n_dpdk_ports <= USUAL_DPDK_PORTS) {
        check_add(
            run, CHECK_WARN, vswitchd,
            "The cards need up to %zu DPDK ports (PFs and VFs), and %zu are in use; DPDK has "
            "%d as it is usually built, and refuses more: use fewer VFs, or rebuild DPDK with "
            "a larger RTE_MAX_ETHPORTS.",
            needed, sw->n_dpdk_ports, USUAL_DPDK_PORTS);
    }
}

void check_foreign_ports(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;

    for (size_t i = 0; i < sw->n_failed_ports; i++) {
        const struct failed_port *port = &sw->failed_ports[i];

        check_add(run, CHECK_WARN, port->port,
                  "Port %s of another program on bridge %s is in error: %s; mend it, or remove it "
                  "with 'ovs-vsctl del-port %s'.",
                  port->port, port->bridge, port->error, port->port);
    }
}

void check_left_links(struct check_run *run)
{
    const struct vswitch_facts *sw = &run->facts->sw;

    for (size_t i = 0; i < sw->n_left_links; i++) {
        check_add(run, CHECK_WARN, sw->left_links[i],
                  "Links of VIF %s are there, and the VIF is not on record; plug the VIF again, or "
                  "run 'vifctl reap %s'.",
                  sw->left_links[i], sw->left_links[i]);
    }
}
