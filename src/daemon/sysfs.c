#include "daemon/sysfs.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* sriov_totalvfs is a 16-bit register, but no number above 255 fits representor devargs. */
enum { VF_INDEX_MAX = 256 };

static bool device_path(const char *root, const struct pci_addr *device, const char *name,
                        char path[PATH_MAX])
{
    char addr[PCI_ADDR_LEN];

    return snprintf(path, PATH_MAX, "%s/bus/pci/devices/%s%s%s", root,
                    pci_addr_format(device, addr), *name ? "/" : "", name) < PATH_MAX;
}

/* Reads the PCI address that a symbolic link ends in. */
static bool read_link(const char *root, const struct pci_addr *device, const char *name,
                      struct pci_addr *target)
{
    char path[PATH_MAX];
    char text[PATH_MAX];
    const char *slash;
    ssize_t n;

    if (!device_path(root, device, name, path)) {
        return false;
    }
    n = readlink(path, text, sizeof text - 1);
    if (n < 0) {
        return false;
    }
    text[n] = '\0';
    slash = strrchr(text, '/');
    return pci_addr_parse(slash ? slash + 1 : text, target);
}

bool sysfs_exists(const char *root, const struct pci_addr *device)
{
    char path[PATH_MAX];

    return device_path(root, device, "", path) && access(path, F_OK) == 0;
}

bool sysfs_pf_of(const char *root, const struct pci_addr *vf, struct pci_addr *pf)
{
    return read_link(root, vf, "physfn", pf);
}

bool sysfs_vf_at(const char *root, const struct pci_addr *pf, int index, struct pci_addr *vf)
{
    char name[24];

    snprintf(name, sizeof name, "virtfn%d", index);
    return read_link(root, pf, name, vf);
}

int sysfs_vf_index(const char *root, const struct pci_addr *pf, const struct pci_addr *vf)
{
    for (int i = 0; i < VF_INDEX_MAX; i++) {
        struct pci_addr candidate;

        if (!sysfs_vf_at(root, pf, i, &candidate)) {
            break;
        }
        if (pci_addr_equal(&candidate, vf)) {
            return i;
        }
    }
    return -1;
}

static bool read_hex16(const char *root, const struct pci_addr *device, const char *name,
                       uint16_t *value)
{
    char path[PATH_MAX];
    char text[32];
    unsigned long number;
    FILE *file;
    char *end;
    bool ok;

    if (!device_path(root, device, name, path)) {
        return false;
    }
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    ok = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    if (!ok) {
        return false;
    }
    number = strtoul(text, &end, 16);
    if (end == text || number > UINT16_MAX) {
        return false;
    }
    *value = (uint16_t)number;
    return true;
}

bool sysfs_ids(const char *root, const struct pci_addr *device, uint16_t *vendor,
               uint16_t *device_id)
{
    return read_hex16(root, device, "vendor", vendor) &&
           read_hex16(root, device, "device", device_id);
}

static int compare(const void *a, const void *b)
{
    return pci_addr_compare(a, b);
}

size_t sysfs_list_pfs(const char *root, struct pci_addr *pfs, size_t max)
{
    char path[PATH_MAX];
    struct dirent *entry;
    size_t n = 0;
    DIR *dir;

    if (snprintf(path, sizeof path, "%s/bus/pci/devices", root) >= (int)sizeof path) {
        return 0;
    }
    dir = opendir(path);
    if (!dir) {
        return 0;
    }
    while (n < max && (entry = readdir(dir))) {
        struct pci_addr vf;

        if (pci_addr_parse(entry->d_name, &pfs[n]) && sysfs_vf_at(root, &pfs[n], 0, &vf)) {
            n++;
        }
    }
    closedir(dir);
    qsort(pfs, n, sizeof *pfs, compare);
    return n;
}
