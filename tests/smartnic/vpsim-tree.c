/* What the fake PCI tree says about a PF's VFs. */

#include "vpsim.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bus_pci_driver.h>

/* The number by which the card's representors know the VF at the link virtfn<index>, or -1. */
static int vf_number(const struct rte_pci_device *pf, int directory, const char *link,
                     unsigned int index)
{
    if (pf->id.vendor_id != VPSIM_VENDOR_NAPATECH) {
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
    if (rte_pci_addr_parse(slash ? slash + 1 : target, &vf) || vf.bus != pf->addr.bus) {
        return -1;
    }
    return vf.devid * 8 + vf.function;
}

bool vpsim_tree_has_vf(const struct rte_pci_device *pf, uint16_t number)
{
    char path[PATH_MAX];
    bool found = false;

    snprintf(path, sizeof path, "%s/%s", rte_pci_get_sysfs_path(), pf->name);
    DIR *directory = opendir(path);
    if (!directory) {
        return false;
    }
    for (struct dirent *entry; !found && (entry = readdir(directory));) {
        unsigned int index;
        char end;

        if (sscanf(entry->d_name, "virtfn%u%c", &index, &end) == 1) {
            found = vf_number(pf, dirfd(directory), entry->d_name, index) == number;
        }
    }
    closedir(directory);
    return found;
}
