/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of SmartNICs and of what they need from the host. */

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/plain-file.h"
#include "check/check-private.h"

/* Whether plugs use the card's VFs: it has some, or its profile is for this card. */
static bool matters(const struct host_card *card)
{
    return card->specific || card->n_vfs > 0;
}

static bool uses_vfio(const struct host_card *card)
{
    return !strcmp(card->driver, "vfio-pci") || card->n_with_vfio > 0;
}

void check_card_devices(struct check_run *run)
{
    const struct host_facts *host = run->facts->host;
    char text[PCI_ADDR_LEN];

    for (size_t i = 0; i < host->n_cards; i++) {
        const struct host_card *card = &host->cards[i];

        if (card->n_vfs == 0 || card->n_without_driver == card->n_vfs || card->clash_socket[0]) {
            continue; /* Other checks tell that. */
        }
        if (card->problem[0]) {
            check_add(run, card->specific ? CHECK_FAIL : CHECK_WARN,
                      pci_addr_format(&card->pf, text), "%s", card->problem);
        } else if (card->n_vf_problems > 0) {
            char vf[PCI_ADDR_LEN];

            check_add(run, CHECK_WARN, pci_addr_format(&card->pf, text),
                      "%zu of its %zu VFs cannot be plugged, for example VF %s: %s",
                      card->n_vf_problems, card->n_vfs, pci_addr_format(&card->problem_vf, vf),
                      card->vf_problem);
        }
    }
}

void check_vfs(struct check_run *run)
{
    const struct host_facts *host = run->facts->host;
    char text[PCI_ADDR_LEN];

    for (size_t i = 0; i < host->n_cards; i++) {
        const struct host_card *card = &host->cards[i];

        pci_addr_format(&card->pf, text);
        if (card->specific && card->n_vfs == 0) {
            check_add(run, CHECK_WARN, text,
                      "PF %s (profile %s) has no VFs; write their number to "
                      "/sys/bus/pci/devices/%s/sriov_numvfs.",
                      text, card->profile, text);
        } else if (card->numvfs > 0 && (size_t)card->numvfs > card->n_vfs) {
            check_add(run, CHECK_WARN, text,
                      "PF %s is to have %d VFs, and sysfs lists %zu; set sriov_numvfs to 0 and "
                      "back, and see dmesg for the reason.",
                      text, card->numvfs, card->n_vfs);
        }
    }
}

void check_vf_drivers(struct check_run *run)
{
    const struct host_facts *host = run->facts->host;
    char pf[PCI_ADDR_LEN];
    char vf[PCI_ADDR_LEN];

    for (size_t i = 0; i < host->n_cards; i++) {
        const struct host_card *card = &host->cards[i];

        pci_addr_format(&card->pf, pf);
        if (card->n_without_driver > 0) {
            pci_addr_format(&card->without_driver, vf);
            check_add(run, CHECK_WARN, pf,
                      "%zu of %zu VFs have no driver (the first is %s); bind them with "
                      "'dpdk-devbind.py -b vfio-pci %s', or to the driver that the guests need.",
                      card->n_without_driver, card->n_vfs, vf, vf);
        }
        if (card->serves_sockets && card->n_of_kernel > 0) {
            pci_addr_format(&card->of_kernel, vf);
            check_add(run, CHECK_FAIL, pf,
                      "%zu of %zu VFs are bound to another driver than vfio-pci (the first, %s, to "
                      "%s), so DPDK cannot serve their sockets; bind them with 'dpdk-devbind.py -b "
                      "vfio-pci %s'.",
                      card->n_of_kernel, card->n_vfs, vf, card->kernel_driver, vf);
        }
    }
}

void check_eswitch(struct check_run *run)
{
    const struct host_facts *host = run->facts->host;
    char pf[PCI_ADDR_LEN];

    for (size_t i = 0; i < host->n_cards; i++) {
        const struct host_card *card = &host->cards[i];

        if (card->n_vfs > 0 && card->has_netdevs && !card->is_switchdev) {
            pci_addr_format(&card->pf, pf);
            check_add(
                run, card->specific ? CHECK_FAIL : CHECK_WARN, pf,
                "No netdev of PF %s has a switch id: its eswitch is in legacy mode, so its VFs "
                "have no representors; run 'devlink dev eswitch set pci/%s mode switchdev' "
                "before its VFs are used.",
                pf, pf);
        }
    }
}

void check_card_sockets(struct check_run *run)
{
    const struct host_facts *host = run->facts->host;
    char pf[PCI_ADDR_LEN];
    char other[PCI_ADDR_LEN];

    for (size_t i = 0; i < host->n_cards; i++) {
        const struct host_card *card = &host->cards[i];

        if (card->clash_socket[0]) {
            pci_addr_format(&card->clash_pf, other);
            check_add(run, CHECK_FAIL, pci_addr_format(&card->pf, pf),
                      "PFs %s and %s would both serve the socket %s; give each a NIC profile with "
                      "another vhost-socket, or use other VFs of one of them.",
                      pf, other, card->clash_socket);
        }
    }
}

/* --- Memory. --- */

static const struct host_node *find_node(const struct host_facts *host, int node)
{
    for (size_t i = 0; i < host->n_nodes; i++) {
        if (host->nodes[i].node == node) {
            return &host->nodes[i];
        }
    }
    return NULL;
}

static void check_node(struct check_run *run, const struct host_node *node, const char *object,
                       const char *user)
{
    char how[96] = "sysctl vm.nr_hugepages=N";
    char where[64] = "the host";

    if (node->node >= 0) {
        snprintf(where, sizeof where, "NUMA node %d", node->node);
        snprintf(how, sizeof how,
                 "nr_hugepages in /sys/devices/system/node/node%d/hugepages/hugepages-*",
                 node->node);
    }
    if (node->total_kib == 0) {
        check_add(
            run, CHECK_FAIL, object,
            "There are no hugepages on %s, which %s needs for its packets; reserve some (%s), "
            "and restart ovs-vswitchd.",
            where, user, how);
    } else if (node->free_kib == 0) {
        check_add(run, CHECK_WARN, object,
                  "All hugepages on %s (%" PRId64 " MiB) are in use, so the next port of %s or a "
                  "larger MTU may fail, and guests there do not start; reserve more (%s).",
                  where, node->total_kib / 1024, user, how);
    }
}

/* Whether a card before `n` is on the same node. */
static bool node_is_told(const struct host_facts *host, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (matters(&host->cards[i]) && host->cards[i].numa_node == host->cards[n].numa_node) {
            return true;
        }
    }
    return false;
}

void check_hugepages(struct check_run *run)
{
    const struct host_facts *host = run->facts->host;
    struct host_node whole = {.node = -1};
    bool any = false;

    for (size_t i = 0; i < host->n_nodes; i++) {
        whole.total_kib += host->nodes[i].total_kib;
        whole.free_kib += host->nodes[i].free_kib;
    }
    if (!run->facts->sw.dpdk_wanted && !run->facts->sw.uses_dpdk) {
        return;
    }
    if (host->n_nodes == 0) {
        check_add(
            run, CHECK_WARN, "host",
            "sysfs shows no hugepages, so whether there are any is not known; mount sysfs, and "
            "use a kernel with CONFIG_HUGETLBFS.");
        return;
    }
    for (size_t i = 0; i < host->n_cards; i++) {
        const struct host_card *card = &host->cards[i];
        const struct host_node *node = find_node(host, card->numa_node);
        char pf[PCI_ADDR_LEN];
        char user[32];

        if (matters(card) && !node_is_told(host, i)) {
            snprintf(user, sizeof user, "PF %s", pci_addr_format(&card->pf, pf));
            check_node(run, node ? node : &whole, pf, user);
            any = true;
        }
    }
    if (!any) {
        check_node(run, &whole, "host", "ovs-vswitchd");
    }
}

void check_iommu(struct check_run *run)
{
    const struct host_facts *host = run->facts->host;
    const char *effect = ", which does not work without";
    enum check_result result = CHECK_FAIL;
    char pf[PCI_ADDR_LEN];

    if (host->unsafe_noiommu) {
        effect = " (in unsafe mode: devices can write all memory)";
        result = CHECK_WARN;
    }
    for (size_t i = 0; i < host->n_cards && host->n_iommu_groups == 0; i++) {
        const struct host_card *card = &host->cards[i];

        if (matters(card) && uses_vfio(card) && !host->has_iommu_table) {
            check_add(run, CHECK_WARN, "host",
                      "sysfs has no kernel/iommu_groups, so whether the IOMMU is on is not known; "
                      "mount all of sysfs, or use a kernel with support for IOMMUs.");
            return;
        }
        if (matters(card) && uses_vfio(card)) {
            check_add(
                run, result, pci_addr_format(&card->pf, pf),
                "The IOMMU is off, and PF %s or its VFs are bound to vfio-pci%s; switch it on "
                "in the firmware and with intel_iommu=on (or amd_iommu) on the kernel's "
                "command line.",
                pf, effect);
            return;
        }
    }
}

/* --- Directories of sockets. --- */

const char *check_qemu_user(const struct host_facts *host, char text[CHECK_QEMU_LEN])
{
    if (host->qemu_configured || !host->qemu_conf_error) {
        snprintf(text, CHECK_QEMU_LEN, "%s", host->qemu.name);
    } else {
        snprintf(text, CHECK_QEMU_LEN, "%s (assumed, since %s cannot be read: %s)", host->qemu.name,
                 host->qemu_conf, plain_file_error(host->qemu_conf_error));
    }
    return text;
}

/* Says whose rights were looked at when no directory is wrong. */
static void tell_qemu_user(struct check_run *run, const struct host_facts *host, const char *qemu)
{
    if (!host->qemu.exists && host->qemu_configured) {
        check_add(run, CHECK_WARN, host->qemu_conf,
                  "User %s, as whom QEMU is to run, does not exist, so no guest starts; correct "
                  "'user' in %s.",
                  host->qemu.name, host->qemu_conf);
    } else if (run->found[run->row] > 0) {
        return;
    } else if (!host->qemu.exists) {
        check_add(run, CHECK_PASS, "directories",
                  "This host has no user libvirt-qemu or qemu, so the directories of sockets are "
                  "not judged.");
    } else {
        check_add(run, CHECK_PASS, "directories",
                  "QEMU's user %s may use the directories of sockets.", qemu);
    }
}

void check_socket_dirs(struct check_run *run)
{
    const struct host_facts *host = run->facts->host;
    char text[CHECK_QEMU_LEN];
    const char *qemu = check_qemu_user(host, text);

    for (size_t i = 0; i < host->n_dirs; i++) {
        const struct host_dir *dir = &host->dirs[i];

        if (!dir->exists && dir->of_card) {
            check_add(
                run, CHECK_FAIL, dir->path,
                "%s, where a card's sockets are, does not exist where vifplugd runs; make it "
                "(mkdir), let QEMU's user %s use it, and mount it if vifplugd runs in a container.",
                dir->path, qemu);
        } else if (!dir->exists || !host->qemu.exists) {
            continue;
        } else if (!dir->may_search) {
            check_add(
                run, dir->of_card ? CHECK_FAIL : CHECK_WARN, dir->path,
                "QEMU's user %s cannot reach sockets in %s (owner %s, group %s, mode %04o, or "
                "a directory above it); change its owner or mode (chown, chmod).",
                qemu, dir->path, dir->owner, dir->group, (unsigned int)dir->mode);
        } else if (dir->of_card && dir->qemu_makes && !dir->may_write) {
            check_add(
                run, CHECK_FAIL, dir->path,
                "QEMU's user %s cannot make the sockets of a card's VFs in %s (owner %s, group "
                "%s, mode %04o); change its owner or mode (chown, chmod).",
                qemu, dir->path, dir->owner, dir->group, (unsigned int)dir->mode);
        }
    }
    tell_qemu_user(run, host, qemu);
}
