/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/kernel-nic.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

/* 32 bytes in hexadecimal (MAX_PHYS_ITEM_ID_LEN of the kernel), a newline, and some space. */
#define ATTRIBUTE_MAX 80

/* VF and PF numbers have 16 bits at most. */
#define NUMBER_MAX 65535

/* Reads the one line of class/net/NAME/ATTRIBUTE. "" if there is none, or if it cannot be read: the
 * kernel has these files for every netdev, and reading one that does not apply fails. */
static void read_attribute(const char *root, const char *name, const char *attribute,
                           char text[ATTRIBUTE_MAX])
{
    char path[PATH_MAX];
    FILE *file;

    memset(text, 0, ATTRIBUTE_MAX);
    if (snprintf(path, sizeof path, "%s/class/net/%s/%s", root, name, attribute) >=
        (int)sizeof path) {
        return;
    }
    file = fopen(path, "re");
    if (!file) {
        return;
    }
    if (!fgets(text, ATTRIBUTE_MAX, file)) {
        text[0] = '\0';
    }
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
}

/* Reads `word`, in upper or lower case, and the decimal number after it, and moves *text past them.
 */
static bool take(const char **text, const char *word, int *number)
{
    const char *p = *text;
    int64_t value;

    if (strncasecmp(p, word, strlen(word)) != 0) {
        return false;
    }
    p += strlen(word);
    if (!number_take(&p, NUMBER_MAX, &value)) {
        return false;
    }
    *number = (int)value;
    *text = p;
    return true;
}

static bool is_uplink(const char *port)
{
    int number;

    return take(&port, "p", &number) && !*port;
}

/* Whether phys_port_name `port` is that of a VF of function `pf_function` of this host; if so, *vf
 * is its number. */
static bool parse_vf(const char *port, int pf_function, int *vf)
{
    const char *p = port;
    int controller = 0;
    int pf = pf_function;
    bool has_pf;

    if (take(&p, "", vf)) {
        return !*p;
    }
    (void)take(&p, "c", &controller);
    has_pf = take(&p, "pf", &pf);
    if (!take(&p, "vf", vf)) {
        return false;
    }
    if (*p == '@' && !has_pf) {
        p++;
        if (!take(&p, "pf", &pf)) {
            return false;
        }
    }
    return !*p && controller == 0 && pf == pf_function;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_netdev(const struct dirent *entry)
{
    return vif_ifname_valid(entry->d_name);
}

/* Lists the netdevs in a directory, sorted by name. Returns how many; free_list() frees them. */
static size_t list(const char *path, struct dirent ***entries)
{
    int n = scandir(path, entries, is_netdev, by_name);

    if (n < 0) {
        *entries = NULL;
        return 0;
    }
    return (size_t)n;
}

static void free_list(struct dirent **entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(entries[i]);
    }
    free(entries);
}

bool kernel_nic_uplink(const char *root, const struct pci_addr *pf, char name[VIF_IFNAME_MAX + 1])
{
    const char *best = NULL;
    struct dirent **entries;
    char addr[PCI_ADDR_LEN];
    char path[PATH_MAX];
    size_t n;

    if (snprintf(path, sizeof path, "%s/bus/pci/devices/%s/net", root, pci_addr_format(pf, addr)) >=
        (int)sizeof path) {
        return false;
    }
    n = list(path, &entries);
    for (size_t i = 0; i < n; i++) {
        char text[ATTRIBUTE_MAX];

        read_attribute(root, entries[i]->d_name, "phys_switch_id", text);
        if (!*text) {
            continue;
        }
        read_attribute(root, entries[i]->d_name, "phys_port_name", text);
        if (is_uplink(text)) {
            best = entries[i]->d_name;
            break;
        }
        best = best ? best : entries[i]->d_name;
    }
    if (best) {
        strcpy(name, best);
    }
    free_list(entries, n);
    return best;
}

/* Whether netdev `name` represents that VF of the PF whose switch is `switch_id`. Reads the port's
 * name first: for most netdevs this one file is enough. */
static bool represents(const char *root, const char *name, const char *switch_id, int pf_function,
                       int vf_index)
{
    char text[ATTRIBUTE_MAX];
    int vf;

    read_attribute(root, name, "phys_port_name", text);
    if (!parse_vf(text, pf_function, &vf) || vf != vf_index) {
        return false;
    }
    read_attribute(root, name, "phys_switch_id", text);
    return !strcmp(text, switch_id);
}

/* Finds up to two netdevs that represent the VF, the first by name. Returns how many. */
static size_t find(const char *root, const struct pci_addr *pf, const char *switch_id, int vf_index,
                   char names[2][VIF_IFNAME_MAX + 1])
{
    struct dirent **entries;
    char path[PATH_MAX];
    size_t found = 0;
    size_t n;

    if (snprintf(path, sizeof path, "%s/class/net", root) >= (int)sizeof path) {
        return 0;
    }
    n = list(path, &entries);
    for (size_t i = 0; i < n && found < 2; i++) {
        if (represents(root, entries[i]->d_name, switch_id, pf->function, vf_index)) {
            strcpy(names[found++], entries[i]->d_name);
        }
    }
    free_list(entries, n);
    return found;
}

bool kernel_nic_representor(const char *root, const struct pci_addr *pf, int vf_index,
                            const char *field, char name[VIF_IFNAME_MAX + 1], struct error *error)
{
    char names[2][VIF_IFNAME_MAX + 1];
    char uplink[VIF_IFNAME_MAX + 1];
    char switch_id[ATTRIBUTE_MAX];
    char addr[PCI_ADDR_LEN];
    size_t n;

    pci_addr_format(pf, addr);
    if (!kernel_nic_uplink(root, pf, uplink)) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "PF %s of VF %d has no netdev with a phys_switch_id, so there are no "
                         "representors; put the card into switchdev mode (devlink dev eswitch set "
                         "pci/%s mode switchdev).",
                         addr, vf_index, addr);
    }
    read_attribute(root, uplink, "phys_switch_id", switch_id);
    n = *switch_id ? find(root, pf, switch_id, vf_index, names) : 0;
    if (n == 0) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "VF %d of PF %s has no representor among the netdevs of switch %s; check "
                         "that the VF is enabled and the card in switchdev mode (devlink dev "
                         "eswitch set pci/%s mode switchdev).",
                         vf_index, addr, switch_id, addr);
    }
    if (n > 1) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "VF %d of PF %s is ambiguous: netdevs %s and %s both say that they "
                         "represent it; compare their phys_port_name in /sys/class/net, and remove "
                         "the one that does not.",
                         vf_index, addr, names[0], names[1]);
    }
    strcpy(name, names[0]);
    return true;
}
