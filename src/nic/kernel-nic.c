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
#include "util.h"

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
    ssize_t n;
    int fd;

    memset(text, 0, ATTRIBUTE_MAX);
    if (snprintf(path, sizeof path, "%s/class/net/%s/%s", root, name, attribute) >=
        (int)sizeof path) {
        return;
    }
    fd = plain_file_open(path);
    if (fd < 0) {
        return;
    }
    n = read(fd, text, ATTRIBUTE_MAX - 1); /* sysfs gives all at once. */
    close(fd);
    text[n > 0 ? strcspn(text, "\n") : 0] = '\0';
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

/* Netdevs with their phys_port_name, sorted by name. */
struct netdevs {
    struct dirent **entries;
    char (*ports)[ATTRIBUTE_MAX];
    size_t n;
};

/* Lists the netdevs in a directory, for free_list(). */
static void list(const char *root, const char *path, struct netdevs *netdevs)
{
    int n = scandir(path, &netdevs->entries, is_netdev, by_name);

    netdevs->n = n > 0 ? (size_t)n : 0;
    netdevs->entries = n < 0 ? NULL : netdevs->entries;
    netdevs->ports = xcalloc(netdevs->n + 1, sizeof *netdevs->ports);
    for (size_t i = 0; i < netdevs->n; i++) {
        read_attribute(root, netdevs->entries[i]->d_name, "phys_port_name", netdevs->ports[i]);
    }
}

/* Lists those of a PCI device. */
static void list_of_device(const char *root, const struct pci_addr *device, struct netdevs *netdevs)
{
    char addr[PCI_ADDR_LEN];
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/bus/pci/devices/%s/net", root,
                 pci_addr_format(device, addr)) >= (int)sizeof path) {
        path[0] = '\0'; /* Nothing is there. */
    }
    list(root, path, netdevs);
}

static void free_list(struct netdevs *netdevs)
{
    for (size_t i = 0; i < netdevs->n; i++) {
        free(netdevs->entries[i]);
    }
    free(netdevs->entries);
    free(netdevs->ports);
}

/* The uplink among the netdevs of a PF. */
struct uplink {
    const char *name;              /* NULL: there is none. */
    const char *port;              /* Its phys_port_name. */
    char switch_id[ATTRIBUTE_MAX]; /* Its phys_switch_id. */
};

static void find_uplink(const char *root, const struct netdevs *netdevs, struct uplink *uplink)
{
    uplink->name = NULL;
    for (size_t i = 0; i < netdevs->n; i++) {
        const char *name = netdevs->entries[i]->d_name;
        char switch_id[ATTRIBUTE_MAX];
        int number;
        bool is_uplink = parse_uplink(netdevs->ports[i], &number);

        if (uplink->name && !is_uplink) {
            continue;
        }
        read_attribute(root, name, "phys_switch_id", switch_id);
        if (*switch_id) {
            uplink->name = name;
            uplink->port = netdevs->ports[i];
            memcpy(uplink->switch_id, switch_id, sizeof switch_id);
            if (is_uplink) {
                return;
            }
        }
    }
}

bool kernel_nic_uplink(const char *root, const struct pci_addr *pf, char name[VIF_IFNAME_MAX + 1])
{
    struct netdevs netdevs;
    struct uplink uplink;

    list_of_device(root, pf, &netdevs);
    find_uplink(root, &netdevs, &uplink);
    if (uplink.name) {
        strcpy(name, uplink.name);
    }
    free_list(&netdevs);
    return uplink.name;
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
    bool function_is_others; /* The uplink p<function> of the switch is another PF's. Only a look at
                              * all netdevs tells it (look_for_others()). */
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
    struct netdevs netdevs;
    struct uplink uplink;
    struct pci_addr device;
    bool is;
    int number;

    if (!device_of(view->root, name, &device) || pci_addr_equal(&device, &view->pf)) {
        return false;
    }
    list_of_device(view->root, &device, &netdevs);
    find_uplink(view->root, &netdevs, &uplink);
    is = uplink.name && !strcmp(uplink.switch_id, view->switch_id) &&
         parse_uplink(uplink.port, &number);
    free_list(&netdevs);
    return is;
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

static void view_pf(const char *root, const struct pci_addr *pf, const struct uplink *uplink,
                    struct pf_view *view)
{
    int number;

    *view = (struct pf_view){.root = root, .pf = *pf, .function = pf->function, .port = NO_PF};
    pci_addr_format(pf, view->addr);
    memcpy(view->switch_id, uplink->switch_id, sizeof view->switch_id);
    if (parse_uplink(uplink->port, &number)) {
        view->port = number;
    }
}

/* Whether the number of the PF in its representors' names depends on what else the switch has. */
static bool needs_others(const struct pf_view *view)
{
    return view->function != 0 && view->port != NO_PF && view->port != view->function;
}

static void look_for_others(struct pf_view *view, const struct netdevs *all)
{
    for (size_t i = 0; i < all->n && view->port != view->function; i++) {
        const char *name = all->entries[i]->d_name;
        int number;

        view->function_is_others |= parse_uplink(all->ports[i], &number) &&
                                    number == view->function && is_on_switch(view, name) &&
                                    !is_of_device(view->root, view->addr, name);
    }
}

/* Whether netdev `name` represents that VF of the PF. Looks at the port's name first: for most
 * netdevs that is enough. */
static enum match represents(const struct pf_view *view, const char *name, const char *port,
                             int vf_index)
{
    enum match match;
    int pf;
    int vf;

    if (!parse_vf(port, &pf, &vf) || vf != vf_index) {
        return MATCH_NONE;
    }
    match = match_pf(view, name, pf);
    return match != MATCH_NONE && is_on_switch(view, name) && !is_of_another_pf(view, name)
               ? match
               : MATCH_NONE;
}

/* Finds up to two of the netdevs that represent the VF and match best, at least so well, the first
 * by name. Returns how many. */
static size_t find_among(const struct pf_view *view, const struct netdevs *netdevs, int vf_index,
                         enum match least, char names[2][VIF_IFNAME_MAX + 1])
{
    enum match best = least;
    size_t found = 0;

    for (size_t i = 0; i < netdevs->n; i++) {
        const char *name = netdevs->entries[i]->d_name;
        enum match match = represents(view, name, netdevs->ports[i], vf_index);

        if (match > best) {
            best = match;
            found = 0;
        }
        if (match == best && found < 2) {
            strcpy(names[found++], name);
        }
    }
    return found;
}

/* Finds up to two netdevs that represent the VF and match best, the first by name. Returns how
 * many. A match in the PF's own directory is the best there can be: if that has one, the other
 * netdevs of the host, of which there may be thousands, need not be read. */
static size_t find(const char *root, const struct pci_addr *pf, const struct netdevs *own,
                   const struct uplink *uplink, int vf_index, char names[2][VIF_IFNAME_MAX + 1])
{
    struct pf_view view;
    struct netdevs all;
    char path[PATH_MAX];
    size_t found;

    view_pf(root, pf, uplink, &view);
    found = needs_others(&view) ? 0 : find_among(&view, own, vf_index, MATCH_OWN, names);
    if (found || snprintf(path, sizeof path, "%s/class/net", root) >= (int)sizeof path) {
        return found;
    }
    list(root, path, &all);
    look_for_others(&view, &all);
    found = find_among(&view, &all, vf_index, MATCH_FUNCTION, names);
    free_list(&all);
    return found;
}

bool kernel_nic_representor(const char *root, const struct pci_addr *pf, int vf_index,
                            const char *field, char name[VIF_IFNAME_MAX + 1], struct error *error)
{
    char names[2][VIF_IFNAME_MAX + 1];
    char addr[PCI_ADDR_LEN];
    struct uplink uplink;
    struct netdevs own;
    size_t n;

    pci_addr_format(pf, addr);
    list_of_device(root, pf, &own);
    find_uplink(root, &own, &uplink);
    n = uplink.name ? find(root, pf, &own, &uplink, vf_index, names) : 0;
    free_list(&own); /* With the name of the uplink. */
    if (!uplink.name) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "PF %s of VF %d has no netdev with a phys_switch_id, so there are no "
                         "representors; put the card into switchdev mode (devlink dev eswitch set "
                         "pci/%s mode switchdev).",
                         addr, vf_index, addr);
    }
    if (n == 0) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "VF %d of PF %s has no representor among the netdevs of switch %s; check "
                         "that the VF is enabled and the card in switchdev mode (devlink dev "
                         "eswitch set pci/%s mode switchdev).",
                         vf_index, addr, uplink.switch_id, addr);
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
