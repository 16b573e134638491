/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a PF's VFs from the fake PCI tree. */

#include "vpsim.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The tree that DPDK scans. */
static const char *root(void)
{
    const char *path = getenv("SYSFS_PCI_DEVICES");

    return path ? path : "/sys/bus/pci/devices";
}

static DIR *open_pf(const struct rte_pci_addr *pf)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/" PCI_PRI_FMT, root(), pf->domain, pf->bus, pf->devid,
             pf->function);
    return opendir(path);
}

/* Returns the number in a file of a device's directory, or 0. */
static unsigned long read_id(int directory, const char *name)
{
    char text[16] = "";
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return 0;
    }
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    return length > 0 ? strtoul(text, NULL, 16) : 0;
}

static bool is_napatech(int directory)
{
    return read_id(directory, "vendor") == VPSIM_VENDOR_NAPATECH;
}

/* The representor number of the VF at the link virtfn<index>, or -1. */
static int vf_number(const struct rte_pci_addr *pf, bool napatech, int directory, const char *link,
                     unsigned int index)
{
    if (!napatech) {
        return (int)index;
    }

    char target[PATH_MAX];
    ssize_t length = readlinkat(directory, link, target, sizeof target - 1);
    if (length < 0) {
        return -1;
    }
    target[length] = '\0';

    const char *slash = strrchr(target, '/');
    struct rte_pci_addr vf;
    if (rte_pci_addr_parse(slash ? slash + 1 : target, &vf) || vf.bus != pf->bus) {
        return -1;
    }
    return vf.devid * 8 + vf.function;
}

bool vpsim_tree_pf_of(const struct rte_pci_addr *vf, char name[PCI_PRI_STR_SIZE + 1])
{
    char path[PATH_MAX];
    char target[PATH_MAX];
    struct rte_pci_addr pf;

    snprintf(path, sizeof path, "%s/" PCI_PRI_FMT "/physfn", root(), vf->domain, vf->bus, vf->devid,
             vf->function);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) {
        return false;
    }
    target[length] = '\0';

    const char *slash = strrchr(target, '/');
    if (rte_pci_addr_parse(slash ? slash + 1 : target, &pf)) {
        return false;
    }
    rte_pci_device_name(&pf, name, PCI_PRI_STR_SIZE + 1);
    return true;
}

bool vpsim_tree_is_card(const struct rte_pci_addr *pf)
{
    DIR *directory = open_pf(pf);

    if (!directory) {
        return false;
    }
    unsigned long vendor = read_id(dirfd(directory), "vendor");
    unsigned long device = read_id(dirfd(directory), "device");
    closedir(directory);
    return (vendor == VPSIM_VENDOR_NAPATECH && device == VPSIM_DEVICE_NAPATECH) ||
           (vendor == VPSIM_VENDOR_GENERIC && device == VPSIM_DEVICE_GENERIC);
}

bool vpsim_tree_has_vf(const struct rte_pci_addr *pf, uint16_t number)
{
    DIR *directory = open_pf(pf);
    bool found = false;

    if (!directory) {
        return false;
    }
    bool napatech = is_napatech(dirfd(directory));
    for (struct dirent *entry; !found && (entry = readdir(directory));) {
        unsigned int index;
        char end;

        if (sscanf(entry->d_name, "virtfn%u%c", &index, &end) == 1) {
            found = vf_number(pf, napatech, dirfd(directory), entry->d_name, index) == number;
        }
    }
    closedir(directory);
    return found;
}
