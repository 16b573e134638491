/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/plain-file.h"

static bool device_path(const char *root, const struct pci_addr *device, const char *name,
                        char path[PATH_MAX])
{
    char addr[PCI_ADDR_LEN];

    return snprintf(path, PATH_MAX, "%s/bus/pci/devices/%s%s%s", root,
                    pci_addr_format(device, addr), *name ? "/" : "", name) < PATH_MAX;
}

/* Reads the last component of the target of the symbolic link `path` (under directory `fd`). */
static bool read_link_at(int fd, const char *path, char target[PATH_MAX])
{
    char text[PATH_MAX];
    const char *slash;
    ssize_t n = readlinkat(fd, path, text, sizeof text - 1);

    if (n < 0) {
        return false;
    }
    text[n] = '\0';
    slash = strrchr(text, '/');
    strcpy(target, slash ? slash + 1 : text);
    return true;
}

static bool read_link(const char *root, const struct pci_addr *device, const char *name,
                      char target[PATH_MAX])
{
    char path[PATH_MAX];

    return device_path(root, device, name, path) && read_link_at(AT_FDCWD, path, target);
}

static bool read_device_link(const char *root, const struct pci_addr *device, const char *name,
                             struct pci_addr *target)
{
    char text[PATH_MAX];

    return read_link(root, device, name, text) && pci_addr_parse(text, target);
}

/* Reads the number in a file of the device, in base 10 or 16 ("0x" or not). */
static bool read_number(const char *root, const struct pci_addr *device, const char *name, int base,
                        long *number)
{
    char path[PATH_MAX];
    char text[32];
    ssize_t n;
    char *end;
    int fd;

    if (!device_path(root, device, name, path)) {
        return false;
    }
    fd = plain_file_open(path);
    if (fd < 0) {
        return false;
    }
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) {
        return false;
    }
    text[n] = '\0';
    errno = 0;
    *number = strtol(text, &end, base);
    return end != text && errno == 0;
}

bool sysfs_exists(const char *root, const struct pci_addr *device)
{
    char path[PATH_MAX];

    return device_path(root, device, "", path) && access(path, F_OK) == 0;
}

bool sysfs_identify(const char *root, const struct pci_addr *device,
                    struct sysfs_identity *identity)
{
    char path[PATH_MAX];
    struct stat st;

    if (!device_path(root, device, "", path) || stat(path, &st) != 0) {
        return false;
    }
    *identity = (struct sysfs_identity){st.st_dev, st.st_ino, st.st_mtim};
    return true;
}

bool sysfs_identity_equal(const struct sysfs_identity *a, const struct sysfs_identity *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->mtime.tv_sec == b->mtime.tv_sec &&
           a->mtime.tv_nsec == b->mtime.tv_nsec;
}

bool sysfs_pf_of(const char *root, const struct pci_addr *vf, struct pci_addr *pf)
{
    return read_device_link(root, vf, "physfn", pf);
}

bool sysfs_vf_at(const char *root, const struct pci_addr *pf, int index, struct pci_addr *vf)
{
    char name[24];

    snprintf(name, sizeof name, "virtfn%d", index);
    return read_device_link(root, pf, name, vf);
}

static bool is_vf_at(const char *root, const struct pci_addr *pf, int index,
                     const struct pci_addr *vf)
{
    struct pci_addr candidate;

    return sysfs_vf_at(root, pf, index, &candidate) && pci_addr_equal(&candidate, vf);
}

/* The PCIe routing id: VF n has that of VF 0 plus n times the VF Stride (PCI Express Base
 * Specification, "SR-IOV Extended Capability": First VF Offset and VF Stride). */
static int routing_id(const struct pci_addr *addr)
{
    return addr->bus << 8 | addr->device << 3 | addr->function;
}

/* The index of `vf` by its routing id, if VF 0 and 1 are `first` and `second`; -1: none. */
static int index_by_stride(const struct pci_addr *first, const struct pci_addr *second,
                           const struct pci_addr *vf)
{
    int stride = routing_id(second) - routing_id(first);
    int distance = routing_id(vf) - routing_id(first);

    return stride == 0 || distance % stride || distance / stride < 0 ? -1 : distance / stride;
}

int sysfs_vf_index(const char *root, const struct pci_addr *pf, const struct pci_addr *vf)
{
    struct pci_addr first;
    struct pci_addr second;
    int guess;

    if (!sysfs_vf_at(root, pf, 0, &first)) {
        return -1;
    }
    if (pci_addr_equal(&first, vf)) {
        return 0;
    }
    if (!sysfs_vf_at(root, pf, 1, &second)) {
        return -1;
    }
    guess = index_by_stride(&first, &second, vf);
    if (guess > 0 && guess < SYSFS_VFS_MAX && is_vf_at(root, pf, guess, vf)) {
        return guess;
    }
    /* Not a VF of this PF, or a hypervisor has given it another address: try all of them. */
    for (int i = 1; i < SYSFS_VFS_MAX; i++) {
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

static bool read_id(const char *root, const struct pci_addr *device, const char *name, uint16_t *id)
{
    long number;

    if (!read_number(root, device, name, 16, &number) || number < 0 || number > UINT16_MAX) {
        return false;
    }
    *id = (uint16_t)number;
    return true;
}

bool sysfs_ids(const char *root, const struct pci_addr *device, uint16_t *vendor,
               uint16_t *device_id)
{
    return read_id(root, device, "vendor", vendor) && read_id(root, device, "device", device_id);
}

/* A driver's name, or "" if it is too long. */
static bool take_driver(const char *name, char driver[SYSFS_NAME_LEN])
{
    bool fits = strlen(name) < SYSFS_NAME_LEN;

    strcpy(driver, fits ? name : "");
    return fits;
}

bool sysfs_driver(const char *root, const struct pci_addr *device, char driver[SYSFS_NAME_LEN])
{
    char text[PATH_MAX];

    driver[0] = '\0';
    return read_link(root, device, "driver", text) && take_driver(text, driver);
}

size_t sysfs_list_vfs(const char *root, const struct pci_addr *pf, struct sysfs_vf *vfs, size_t max)
{
    char path[PATH_MAX];
    size_t n = 0;
    int fd;

    if (!device_path(root, pf, "", path)) {
        return 0;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    for (; n < max; n++) {
        char text[PATH_MAX];
        char name[32];

        snprintf(name, sizeof name, "virtfn%zu", n);
        if (!read_link_at(fd, name, text) || !pci_addr_parse(text, &vfs[n].address)) {
            break;
        }
        strcat(name, "/driver");
        vfs[n].driver[0] = '\0';
        if (read_link_at(fd, name, text)) {
            take_driver(text, vfs[n].driver);
        }
    }
    close(fd);
    return n;
}

int sysfs_numa_node(const char *root, const struct pci_addr *device)
{
    long number;

    return read_number(root, device, "numa_node", 10, &number) && number >= 0 && number <= INT_MAX
               ? (int)number
               : -1;
}

/* Reads how many VFs a file of a PF says; -1: it cannot be read. */
static int read_n_vfs(const char *root, const struct pci_addr *pf, const char *name)
{
    long number;

    return read_number(root, pf, name, 10, &number) && number >= 0 && number <= UINT16_MAX
               ? (int)number
               : -1;
}

int sysfs_numvfs(const char *root, const struct pci_addr *pf)
{
    return read_n_vfs(root, pf, "sriov_numvfs");
}

int sysfs_totalvfs(const char *root, const struct pci_addr *pf)
{
    return read_n_vfs(root, pf, "sriov_totalvfs");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

size_t sysfs_netdevs(const char *root, const struct pci_addr *device, char (*names)[IF_NAMESIZE],
                     size_t max)
{
    char path[PATH_MAX];
    struct dirent *entry;
    size_t n = 0;
    DIR *dir;

    if (!device_path(root, device, "net", path)) {
        return 0;
    }
    dir = opendir(path);
    if (!dir) {
        return 0;
    }
    while (n < max && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && strlen(entry->d_name) < IF_NAMESIZE) {
            strcpy(names[n++], entry->d_name);
        }
    }
    closedir(dir);
    qsort(names, n, sizeof *names, compare_names);
    return n;
}

static int compare(const void *a, const void *b)
{
    return pci_addr_compare(a, b);
}

static bool has_vfs(const char *root, const struct pci_addr *device)
{
    char target[PATH_MAX];

    return read_link(root, device, "virtfn0", target);
}

/* A network controller has a class of 02 (PCI Code and ID Assignment); one whose class cannot be
 * read may be one. */
static bool is_idle(const char *root, const struct pci_addr *device)
{
    long class = 0x020000;

    return sysfs_totalvfs(root, device) > 0 && !has_vfs(root, device) &&
           (!read_number(root, device, "class", 16, &class) || class >> 16 == 0x02);
}

/* Stores up to `max` devices that fit, in the order of their addresses. */
static size_t list_devices(const char *root,
                           bool (*fits)(const char *root, const struct pci_addr *device),
                           struct pci_addr *devices, size_t max)
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
        n += pci_addr_parse(entry->d_name, &devices[n]) && fits(root, &devices[n]);
    }
    closedir(dir);
    qsort(devices, n, sizeof *devices, compare);
    return n;
}

size_t sysfs_list_pfs(const char *root, struct pci_addr *pfs, size_t max)
{
    return list_devices(root, has_vfs, pfs, max);
}

size_t sysfs_list_idle_pfs(const char *root, struct pci_addr *pfs, size_t max)
{
    return list_devices(root, is_idle, pfs, max);
}
