/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/kernel-nic.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/number.h"
#include "base/plain-file.h"

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
    file = plain_file_stream(path);
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

/* Whether phys_port_name `port` is that of an uplink, p<*number>. */
static bool parse_uplink(const char *port, int *number)
{
    return take(&port, "p", number) && !*port;
}

/* The number of a PF if the name does not tell it. */
enum { NO_PF = -1 };

/* Whether phys_port_name `port` is that of a VF of this host; if so, *vf is its number and *pf that
 * of its PF, or NO_PF. */
static bool parse_vf(const char *port, int *pf, int *vf)
{
    const char *p = port;
    int controller = 0;
    bool has_pf;

    *pf = NO_PF;
    if (take(&p, "", vf)) {
        return !*p;
    }
    (void)take(&p, "c", &controller);
    has_pf = take(&p, "pf", pf);
    if (!take(&p, "vf", vf)) {
        return false;
    }
    if (*p == '@' && !has_pf) {
        p++;
        if (!take(&p, "pf", pf)) {
            return false;
        }
    }
    return !*p && controller == 0;
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
    int number;
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
        if (parse_uplink(text, &number)) {
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

/* --- Which PF of a switch a representor belongs to. --- */

/* Whether netdev `name` is one of the PCI device `addr`. */
static bool is_of_device(const char *root, const char *addr, const char *name)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof path, "%s/bus/pci/devices/%s/net/%s", root, addr, name) <
               (int)sizeof path &&
           access(path, F_OK) == 0;
}

/* The PCI device in whose directory netdev `name` is: class/net/NAME is a link to
 * .../DDDD:BB:DD.F/net/NAME. Returns false if it is a netdev of no PCI device. */
static bool device_of(const char *root, const char *name, struct pci_addr *addr)
{
    char target[PATH_MAX];
    char path[PATH_MAX];
    char *net;
    char *slash;
    ssize_t n;

    if (snprintf(path, sizeof path, "%s/class/net/%s", root, name) >= (int)sizeof path) {
        return false;
    }
    n = readlink(path, target, sizeof target - 1);
    if (n <= 0) {
        return false;
    }
    target[n] = '\0';
    net = strstr(target, "/net/");
    if (!net) {
        return false;
    }
    *net = '\0';
    slash = strrchr(target, '/');
    return pci_addr_parse(slash ? slash + 1 : target, addr);
}

/* The netdevs of one switch, as far as they tell which of its PFs a representor belongs to. */
struct pf_view {
    const char *root;
    char addr[PCI_ADDR_LEN];
    struct pci_addr pf;
    char switch_id[ATTRIBUTE_MAX];
    int function;
    int port;                /* The number N of its own uplink p<N>, or NO_PF. */
    bool function_is_others; /* The uplink p<function> of the switch is another PF's. */
};

static bool is_on_switch(const struct pf_view *view, const char *name)
{
    char text[ATTRIBUTE_MAX];

    read_attribute(view->root, name, "phys_switch_id", text);
    return !strcmp(text, view->switch_id);
}

/* Whether netdev `name` belongs to another PF of the switch: it is in the directory of a device
 * with an uplink of its own. (Some drivers attach representors to other devices, or to none.) */
static bool is_of_another_pf(const struct pf_view *view, const char *name)
{
    char uplink[VIF_IFNAME_MAX + 1];
    char text[ATTRIBUTE_MAX];
    struct pci_addr device;
    int number;

    if (!device_of(view->root, name, &device) || pci_addr_equal(&device, &view->pf) ||
        !kernel_nic_uplink(view->root, &device, uplink) || !is_on_switch(view, uplink)) {
        return false;
    }
    read_attribute(view->root, uplink, "phys_port_name", text);
    return parse_uplink(text, &number);
}

/* How well a representor's name agrees with the PF. */
enum match {
    MATCH_NONE,
    MATCH_FUNCTION, /* It has the number of the PF's function, and its uplink has another. */
    MATCH_PF,
    MATCH_OWN, /* ...and it is a netdev of the PF's device. */
};

/* PFs are numbered like their functions or like their uplinks. Where several PFs of one switch have
 * the same function (socket direct, multi-host), only the uplink's number tells them apart. */
static enum match match_pf(const struct pf_view *view, const char *name, int pf)
{
    bool by_port = view->port != NO_PF && (view->function == 0 || view->function_is_others);
    int expected = by_port ? view->port : view->function;

    if (pf == NO_PF || pf == expected) {
        return is_of_device(view->root, view->addr, name) ? MATCH_OWN : MATCH_PF;
    }
    return pf == view->function && !view->function_is_others ? MATCH_FUNCTION : MATCH_NONE;
}

static void view_pf(const char *root, const struct pci_addr *pf, const char *uplink,
                    struct dirent *const *entries, size_t n, struct pf_view *view)
{
    char text[ATTRIBUTE_MAX];
    int number;

    *view = (struct pf_view){.root = root, .pf = *pf, .function = pf->function, .port = NO_PF};
    pci_addr_format(pf, view->addr);
    read_attribute(root, uplink, "phys_switch_id", view->switch_id);
    read_attribute(root, uplink, "phys_port_name", text);
    if (parse_uplink(text, &number)) {
        view->port = number;
    }
    for (size_t i = 0; i < n && view->port != view->function; i++) {
        const char *name = entries[i]->d_name;

        read_attribute(root, name, "phys_port_name", text);
        view->function_is_others |= parse_uplink(text, &number) && number == view->function &&
                                    is_on_switch(view, name) &&
                                    !is_of_device(root, view->addr, name);
    }
}

/* Whether netdev `name` represents that VF of the PF. Reads the port's name first: for most netdevs
 * this one file is enough. */
static enum match represents(const struct pf_view *view, const char *name, int vf_index)
{
    char text[ATTRIBUTE_MAX];
    enum match match;
    int pf;
    int vf;

    read_attribute(view->root, name, "phys_port_name", text);
    if (!parse_vf(text, &pf, &vf) || vf != vf_index) {
        return MATCH_NONE;
    }
    match = match_pf(view, name, pf);
    return match != MATCH_NONE && is_on_switch(view, name) && !is_of_another_pf(view, name)
               ? match
               : MATCH_NONE;
}

/* Finds up to two netdevs that represent the VF and match best, the first by name. Returns how
 * many. */
static size_t find(const char *root, const struct pci_addr *pf, const char *uplink, int vf_index,
                   char names[2][VIF_IFNAME_MAX + 1])
{
    enum match best = MATCH_NONE;
    struct dirent **entries;
    struct pf_view view;
    char path[PATH_MAX];
    size_t found = 0;
    size_t n;

    if (snprintf(path, sizeof path, "%s/class/net", root) >= (int)sizeof path) {
        return 0;
    }
    n = list(path, &entries);
    view_pf(root, pf, uplink, entries, n, &view);
    for (size_t i = 0; i < n && view.switch_id[0]; i++) {
        enum match match = represents(&view, entries[i]->d_name, vf_index);

        if (match > best) {
            best = match;
            found = 0;
        }
        if (match != MATCH_NONE && match == best && found < 2) {
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
    n = find(root, pf, uplink, vf_index, names);
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
