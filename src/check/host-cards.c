/* SPDX-License-Identifier: Apache-2.0 */
/* The SmartNICs of the host: those with VFs, and those that could have some. */

#include <dirent.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "base/plain-file.h"
#include "check/host.h"
#include "nic/nic-list.h"
#include "nic/nic.h"
#include "nic/sysfs.h"
#include "openvswitch/shash.h"
#include "util.h"

enum { NETDEVS_MAX = 8 };

/* One reading. */
struct reading {
    const struct host_query *query;
    struct host_facts *facts;
    struct shash sockets; /* From a socket to the host_card that serves it. */
};

static struct host_card *find_card(struct host_facts *facts, const struct pci_addr *pf)
{
    for (size_t i = 0; i < facts->n_cards; i++) {
        if (pci_addr_equal(&facts->cards[i].pf, pf)) {
            return &facts->cards[i];
        }
    }
    return NULL;
}

/* Whether a profile names these cards, and not all. */
static bool is_specific(const struct host_query *query, const struct pci_addr *pf, uint16_t vendor,
                        uint16_t device, const struct nic_profile *profile)
{
    struct nic_profile narrow = *profile;
    size_t n = 0;

    (void)query;
    for (size_t i = 0; i < profile->n_matches; i++) {
        if (profile->matches[i].type != NIC_MATCH_ANY) {
            narrow.matches[n++] = profile->matches[i];
        }
    }
    narrow.n_matches = n;
    return nic_profile_find(&narrow, 1, pf, vendor, device) != NULL;
}

/* Whether the kernel gives the netdev a switch id, as it does in switchdev mode. */
static bool has_switch_id(const char *root, const struct pci_addr *pf, const char *netdev)
{
    char address[PCI_ADDR_LEN];
    char path[PATH_MAX];
    char text[4] = "";
    FILE *file;
    bool has;

    snprintf(path, sizeof path, "%s/bus/pci/devices/%s/net/%s/phys_switch_id", root,
             pci_addr_format(pf, address), netdev);
    file = plain_file_stream(path);
    has = file && fgets(text, sizeof text, file) && text[0] != '\n';
    if (file) {
        fclose(file);
    }
    return has;
}

static struct host_card *add_card(struct reading *reading, const struct pci_addr *pf)
{
    const struct host_query *query = reading->query;
    const char *root = query->sysfs_root;
    const struct nic_profile *profile;
    struct host_card *card;
    char netdevs[NETDEVS_MAX][IF_NAMESIZE];
    uint16_t vendor = 0;
    uint16_t device = 0;
    size_t n;

    if (reading->facts->n_cards == NIC_PFS_MAX) {
        return NULL;
    }
    card = &reading->facts->cards[reading->facts->n_cards++];
    card->pf = *pf;
    sysfs_driver(root, pf, card->driver);
    card->numa_node = sysfs_numa_node(root, pf);
    card->numvfs = sysfs_numvfs(root, pf);
    sysfs_ids(root, pf, &vendor, &device);
    profile = nic_profile_find(query->profiles, query->n_profiles, pf, vendor, device);
    if (profile) {
        strcpy(card->profile, profile->name);
        card->specific = is_specific(query, pf, vendor, device, profile);
        card->serves_sockets = profile->vhost_socket[0] != '\0';
    }
    n = sysfs_netdevs(root, pf, netdevs, NETDEVS_MAX);
    card->has_netdevs = n > 0;
    for (size_t i = 0; i < n; i++) {
        card->is_switchdev |= has_switch_id(root, pf, netdevs[i]);
    }
    return card;
}

/* Adds what the list of `nics` says of PFs with VFs. */
static void note_pf(const struct nic_pf_view *pf, void *reading_)
{
    struct reading *reading = reading_;
    struct host_card *card = add_card(reading, &pf->pf);

    if (card) {
        snprintf(card->problem, sizeof card->problem, "%s", pf->problem ? pf->problem : "");
    }
}

static void note_clash(struct host_card *card, const struct host_card *other, const char *path)
{
    if (!card->clash_socket[0]) {
        snprintf(card->clash_socket, sizeof card->clash_socket, "%s", path);
        card->clash_pf = other->pf;
    }
}

/* Notes the socket of a VF, and whether another card serves it too. */
static void note_socket(struct reading *reading, struct host_card *card,
                        const struct nic_vf_view *vf)
{
    char directory[VIF_PATH_MAX + 1];
    struct host_card *other = shash_find_data(&reading->sockets, vf->vhost_path);
    struct host_dir *dir;
    char *slash;

    if (!other) {
        shash_add(&reading->sockets, vf->vhost_path, card);
    } else if (other != card) {
        note_clash(card, other, vf->vhost_path);
        note_clash(other, card, vf->vhost_path);
    }
    snprintf(directory, sizeof directory, "%s", vf->vhost_path);
    slash = strrchr(directory, '/');
    if (slash && slash != directory) {
        *slash = '\0';
        dir = host_add_dir(reading->facts, directory);
        if (dir) {
            dir->of_card = true;
            dir->qemu_makes |= vf->vhost_mode == VHOST_MODE_SERVER;
        }
    }
}

static void note_vf(const struct nic_pf_view *pf, const struct nic_vf_view *vf, void *reading_)
{
    struct reading *reading = reading_;
    struct host_card *card = find_card(reading->facts, &pf->pf);
    bool for_processes = !strcmp(vf->driver, "vfio-pci") || strstr(vf->driver, "uio") != NULL;

    if (!card) {
        return;
    }
    card->n_vfs++;
    if (!vf->driver[0]) {
        card->without_driver = card->n_without_driver++ ? card->without_driver : vf->vf;
    } else if (for_processes) {
        card->n_with_vfio++;
    } else {
        if (card->n_of_kernel++ == 0) {
            card->of_kernel = vf->vf;
            snprintf(card->kernel_driver, sizeof card->kernel_driver, "%s", vf->driver);
        }
    }
    if (vf->vhost_path && vf->vhost_path[0]) {
        note_socket(reading, card, vf);
    }
    if (vf->driver[0] && vf->problem && vf->problem[0] && card->n_vf_problems++ == 0) {
        card->problem_vf = vf->vf;
        snprintf(card->vf_problem, sizeof card->vf_problem, "%s", vf->problem);
    }
}

/* Adds the PFs that could have VFs and have none. */
static void add_idle_pfs(struct reading *reading)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "%s/bus/pci/devices", reading->query->sysfs_root);
    dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        struct pci_addr address;

        if (pci_addr_parse(entry->d_name, &address) &&
            sysfs_numvfs(reading->query->sysfs_root, &address) >= 0 &&
            !find_card(reading->facts, &address)) {
            add_card(reading, &address);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

void host_read_cards(const struct host_query *query, struct host_facts *facts)
{
    struct nic *nic = nic_create(query->sysfs_root, query->profiles, query->n_profiles);
    struct reading reading = {.query = query, .facts = facts};
    const struct nic_visitor visitor = {.pf = note_pf, .vf = note_vf, .aux = &reading};
    struct nic_position position = {.pf = 0};
    struct nic_list *list;

    if (!nic) {
        out_of_memory();
    }
    shash_init(&reading.sockets);
    nic_set_dpdk_extra(nic, &query->extra);
    list = nic_list_make(nic);
    nic_list_visit(list, &position, SIZE_MAX, &visitor);
    nic_list_free(list);
    nic_destroy(nic);
    add_idle_pfs(&reading);
    shash_destroy(&reading.sockets);
}
