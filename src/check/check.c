/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check.h"

#include <stdio.h>
#include <string.h>

#include "check/check-private.h"

#define SWITCH NEEDS_SWITCH
#define HOST NEEDS_HOST
#define CARDS (NEEDS_HOST | NEEDS_PCI)

/* In the order in which they are told: causes before effects. docs/troubleshooting.md has a row for
 * each. */
const struct check_class check_classes[] = {
    {"host", 0, check_host_read, NULL, "host", "The host's files and users could be read."},
    {"access", HOST, check_access, NULL, "nova", "nova-compute may use vifplugd, if it runs here."},
    {"socket-group", HOST, check_socket_group, NULL, "socket", "The API socket has its group."},
    {"settings", HOST, check_settings, NULL, "vifplugd.conf", "The configuration is in force."},
    {"ovsdb", 0, check_ovsdb, NULL, "OVSDB", "OVSDB is connected and replies."},
    {"vswitchd", 0, check_vswitchd, NULL, "ovs-vswitchd",
     "ovs-vswitchd runs and keeps up with OVSDB."},
    {"vswitchd-settings", SWITCH, check_vswitchd_settings, NULL, "ovs-vswitchd",
     "No setting of Open vSwitch waits for a restart."},
    {"vswitchd-sockets", SWITCH, check_vswitchd_sockets, NULL, "ovs-vswitchd",
     "ovs-vswitchd has made the sockets of its ports."},
    {"versions", SWITCH, check_versions, NULL, "ovs-vswitchd",
     "The version of Open vSwitch is one that vifplugd is tested with."},
    {"dpdk", SWITCH, check_dpdk, NULL, "ovs-vswitchd", "DPDK is built in and initialised."},
    {"offload", SWITCH | HOST, check_offload, NULL, "ovs-vswitchd",
     "Hardware offload is as it must be."},
    {"dpdk-extra", SWITCH | CARDS, check_card_devices, NULL, "cards",
     "ovs-vswitchd was started with what the cards need."},
    {"dpdk-ports", SWITCH | CARDS, check_dpdk_ports, NULL, "ovs-vswitchd",
     "DPDK has a port for each VF."},
    {"hugepages", SWITCH | HOST, check_hugepages, NULL, "host",
     "There are free hugepages where they are needed."},
    {"iommu", CARDS, check_iommu, NULL, "host", "The IOMMU is on, or no device needs it."},
    {"vfs", CARDS, check_vfs, NULL, "cards", "Each PF of a SmartNIC has VFs."},
    {"vf-drivers", CARDS, check_vf_drivers, NULL, "cards", "The VFs have the drivers they need."},
    {"eswitch", CARDS, check_eswitch, NULL, "cards",
     "PFs with netdevs of the kernel are in switchdev mode."},
    {"card-sockets", CARDS, check_card_sockets, NULL, "cards", "No two cards serve one socket."},
    {"socket-dirs", HOST, check_socket_dirs, NULL, "directories",
     "QEMU's user may use the directories of sockets."},
    {"foreign-ports", SWITCH, check_foreign_ports, NULL, "bridges",
     "No port of another program is in error on a bridge with VIFs."},
    {"left-links", SWITCH, check_left_links, NULL, "links", "No links are left over."},
    {"vif-state", SWITCH, NULL, check_vif_state, "VIFs",
     "No VIF failed, is stale, drifted or missing."},
    {"vif-link", SWITCH, NULL, check_vif_link, "VIFs", "No link is down."},
    {"vif-mtu", SWITCH, NULL, check_vif_mtu, "VIFs", "Each VIF has the MTU that was asked for."},
    {"vif-uplink", SWITCH, NULL, check_vif_uplink, "VIFs", "No MTU is above that of the uplink."},
    {"vif-vlan", SWITCH, NULL, check_vif_vlan, "VIFs", "No VIF waits for its VLAN."},
    {"vif-mac", SWITCH, NULL, check_vif_mac, "VIFs", "No MAC address is used twice."},
    {"vif-iface-id", SWITCH, NULL, check_vif_iface_id, "VIFs", "No iface-id is used twice."},
    {"vif-socket", SWITCH, NULL, check_vif_socket, "VIFs", "No socket is used twice."},
    {"vif-socket-dir", SWITCH | HOST, NULL, check_vif_socket_dir, "directories",
     "QEMU's user may make the sockets of its guests."},
};
const size_t check_n_classes = sizeof check_classes / sizeof check_classes[0];

_Static_assert(HOST_DIRS_MAX <= 64, "check_run.told_dirs");
_Static_assert(sizeof check_classes / sizeof check_classes[0] <= CHECKS_MAX, "CHECKS_MAX");

/* Whether all that the check needs is known. */
static bool can_run(const struct check_run *run, const struct check_class *class)
{
    const struct host_facts *host = run->facts->host;

    return (!(class->needs & NEEDS_HOST) || host) &&
           (!(class->needs & NEEDS_PCI) || (host && host->has_pci)) &&
           (!(class->needs & NEEDS_SWITCH) || run->facts->sw.ovsdb_synced);
}

/* The last line of a check: that all is well, or how many findings were not told. */
static void conclude(struct check_run *run)
{
    size_t i = run->row;
    char message[CHECK_MESSAGE_LEN];

    if (run->found[i] == 0) {
        check_tell(run, CHECK_PASS, run->class->object, run->class->well);
    } else if (run->found[i] > CHECK_LINES_MAX) {
        snprintf(message, sizeof message, "%zu more are not shown; mend these first.",
                 run->found[i] - CHECK_LINES_MAX);
        check_tell(run, run->worst[i], run->class->object, message);
    }
}

void check_begin(struct check_run *run, const struct check_facts *facts,
                 void (*teller)(void *aux, const struct check_finding *finding), void *aux)
{
    memset(run, 0, sizeof *run);
    run->facts = facts;
    run->tell = teller;
    run->aux = aux;
    for (size_t i = 0; i < check_n_classes; i++) {
        run->row = i;
        run->class = &check_classes[i];
        if (run->class->run && can_run(run, run->class)) {
            run->class->run(run);
            conclude(run);
        }
    }
}

void check_vif(struct check_run *run, const struct vif_facts *vif)
{
    for (size_t i = 0; i < check_n_classes; i++) {
        run->row = i;
        run->class = &check_classes[i];
        if (run->class->vif && can_run(run, run->class)) {
            run->class->vif(run, vif);
        }
    }
}

void check_end(struct check_run *run)
{
    for (size_t i = 0; i < check_n_classes; i++) {
        run->row = i;
        run->class = &check_classes[i];
        if (run->class->vif && can_run(run, run->class)) {
            conclude(run);
        }
    }
}

enum check_result check_verdict(const struct check_run *run)
{
    return run->n[CHECK_FAIL] ? CHECK_FAIL : run->n[CHECK_WARN] ? CHECK_WARN : CHECK_PASS;
}
