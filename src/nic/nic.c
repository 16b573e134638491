/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/nic.h"

#include <stdlib.h>
#include <string.h>

#include "nic/nic-events.h"
#include "nic/nic-private.h"
#include "nic/sysfs.h"
#include "nic/template.h"

struct nic *nic_create(const char *sysfs_root, const struct nic_profile *profiles,
                       size_t n_profiles)
{
    struct nic *nic = calloc(1, sizeof *nic);

    if (nic) {
        nic->sysfs_root = sysfs_root;
        nic->profiles = profiles;
        nic->n_profiles = n_profiles;
    }
    return nic;
}

void nic_destroy(struct nic *nic)
{
    free(nic);
}

void nic_set_profiles(struct nic *nic, const struct nic_profile *profiles, size_t n_profiles)
{
    nic->profiles = profiles;
    nic->n_profiles = n_profiles;
    nic->n_pfs = 0;
    nic->scanned = false;
}

void nic_set_events(struct nic *nic, struct nic_events *events)
{
    nic->events = events;
    nic->scanned = false;
}

void nic_set_dpdk_extra(struct nic *nic, const struct dpdk_extra *extra)
{
    nic->dpdk_extra = extra;
}

void nic_identify(const struct nic *nic, struct nic_pf *pf)
{
    uint16_t vendor;
    uint16_t device;

    pf->vendor = 0;
    pf->device = 0;
    pf->profile = NULL;
    if (sysfs_identify(nic->sysfs_root, &pf->address, &pf->identity) &&
        sysfs_ids(nic->sysfs_root, &pf->address, &vendor, &device)) {
        pf->vendor = vendor;
        pf->device = device;
        pf->profile =
            nic_profile_find(nic->profiles, nic->n_profiles, &pf->address, vendor, device);
    }
}

void nic_scan(struct nic *nic)
{
    struct pci_addr addresses[NIC_PFS_MAX];

    nic->n_pfs = sysfs_list_pfs(nic->sysfs_root, addresses, NIC_PFS_MAX);
    for (size_t i = 0; i < nic->n_pfs; i++) {
        nic->pfs[i].address = addresses[i];
        nic_identify(nic, &nic->pfs[i]);
    }
    nic->scanned = true;
}

void nic_follow_events(struct nic *nic)
{
    if (nic->events && nic_events_take(nic->events)) {
        nic->scanned = false;
    }
}

/* The list serves to find other cards; the VF and the PF that a request is about are looked up each
 * time. The kernel sends the event of a change before the one who made it can tell anybody, so
 * events that are here count, also those that came since this pass of the loop began. */
static void list_pfs(struct nic *nic)
{
    nic_follow_events(nic);
    if (!nic->scanned) {
        nic_scan(nic);
    }
}

/* The VF of `pf` that has number `vf_num` by the profile's rule. */
static bool vf_by_number(const struct nic *nic, const struct pci_addr *pf,
                         const struct nic_profile *profile, int vf_num, struct pci_addr *vf)
{
    struct pci_addr owner;

    switch (profile->numbering) {
    case NIC_NUMBER_VIRTFN:
        return vf_num >= profile->vf_base &&
               sysfs_vf_at(nic->sysfs_root, pf, vf_num - profile->vf_base, vf);
    case NIC_NUMBER_SLOT:
        if (vf_num < 0 || vf_num > 0xff) {
            return false;
        }
        *vf = *pf;
        vf->device = (uint8_t)(vf_num / 8);
        vf->function = (uint8_t)(vf_num % 8);
        return sysfs_pf_of(nic->sysfs_root, vf, &owner) && pci_addr_equal(&owner, pf);
    case NIC_NUMBER_NONE:
        break;
    }
    return false;
}

bool nic_number(const struct nic_profile *profile, int index, const char *field, struct nic_vf *vf,
                struct error *error)
{
    char slot[PCI_ADDR_LEN];
    char pf[PCI_ADDR_LEN];

    pci_addr_format(&vf->vf, slot);
    pci_addr_format(&vf->pf, pf);
    switch (profile->numbering) {
    case NIC_NUMBER_VIRTFN:
        vf->vf_num = profile->vf_base + index;
        return true;
    case NIC_NUMBER_SLOT:
        if (vf->vf.domain != vf->pf.domain || vf->vf.bus != vf->pf.bus) {
            return error_set(
                error, REASON_DEVICE_NOT_FOUND, field,
                "VF %s is on another bus than its PF %s, so VF_NUM=ID*8+VF is ambiguous; use "
                "a NIC profile with vf-number = virtfn or a VF on the PF's bus.",
                slot, pf);
        }
        vf->vf_num = vf->vf.device * 8 + vf->vf.function;
        return true;
    case NIC_NUMBER_NONE:
        break;
    }
    return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                     "NIC profile '%s' cannot tell the number of VF %s of PF %s, which depends on "
                     "the card; set vf-number in a [nic ...] section that matches the PF.",
                     profile->name, slot, pf);
}

bool nic_check_range(const struct nic_profile *profile, const char *field, const struct nic_vf *vf,
                     struct error *error)
{
    char slot[PCI_ADDR_LEN];

    return !profile->has_vf_range ||
           (vf->vf_num >= profile->vf_min && vf->vf_num <= profile->vf_max) ||
           error_set(error, REASON_DEVICE_NOT_FOUND, field,
                     "VF %s has number %d, but the driver of NIC profile '%s' has representors for "
                     "numbers %d to %d only; use another VF, or correct vf-range of the profile.",
                     pci_addr_format(&vf->vf, slot), vf->vf_num, profile->name, profile->vf_min,
                     profile->vf_max);
}

/* Fills in the profile's templates. Returns the key of a template that gives no usable text, or
 * NULL. */
static const char *render(const struct nic_profile *profile, struct nic_vf *vf)
{
    struct template_values values = {.pf = vf->pf, .vf = vf->vf, .vf_num = vf->vf_num};

    vf->profile = profile;
    vf->vhost_socket[0] = '\0';
    vf->vhost_mode = VHOST_MODE_NONE;
    if (!template_render(profile->devargs, &values, vf->devargs, sizeof vf->devargs)) {
        vf->devargs[0] = '\0';
        return "devargs";
    }
    if (profile->vhost_socket[0]) {
        if (!template_render(profile->vhost_socket, &values, vf->vhost_socket,
                             sizeof vf->vhost_socket) ||
            !vif_path_valid(vf->vhost_socket)) {
            vf->vhost_socket[0] = '\0';
            return "vhost-socket";
        }
        vf->vhost_mode = profile->vhost_mode;
    }
    return NULL;
}

bool nic_render(const struct nic_profile *profile, const char *field, struct nic_vf *vf,
                struct error *error)
{
    const char *bad = render(profile, vf);
    char slot[PCI_ADDR_LEN];

    return !bad ||
           error_set(error, REASON_INVALID_REQUEST, field,
                     "The %s of NIC profile '%s' gives no usable text for VF %s; correct it in the "
                     "configuration.",
                     bad, profile->name, pci_addr_format(&vf->vf, slot));
}

bool nic_same_socket(const struct nic_vf *vf, const struct pci_addr *other, const char *field,
                     struct error *error)
{
    char ours[PCI_ADDR_LEN];
    char theirs[PCI_ADDR_LEN];

    return error_set(error, REASON_SOCKET_MISMATCH, field,
                     "VFs %s and %s of two cards would both be served at %s; give each card a NIC "
                     "profile with a different vhost-socket, with {pf_bus} for example.",
                     pci_addr_format(&vf->vf, ours), pci_addr_format(other, theirs),
                     vf->vhost_socket);
}

bool nic_no_profile(const struct nic_vf *vf, const char *field, struct error *error)
{
    char pf[PCI_ADDR_LEN];
    char slot[PCI_ADDR_LEN];

    return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                     "No NIC profile matches PF %s of VF %s; add a [nic ...] section that does.",
                     pci_addr_format(&vf->pf, pf), pci_addr_format(&vf->vf, slot));
}

static bool names_vf_by_address(const struct nic_profile *profile)
{
    return strstr(profile->vhost_socket, "{vf_pci}") != NULL;
}

/* Whether two templates could give the same text, by the text before their first variables. */
static bool may_agree(const char *a, const char *b)
{
    while (*a && *a != '{' && *a == *b) {
        a++;
        b++;
    }
    return *a == '{' || *b == '{';
}

/* Whether VF number `vf_num` of `pf` would use the socket of `vf`. If so, looks in sysfs whether
 * that VF exists, and stores it in *other. */
static bool serves_same(const struct nic *nic, const struct nic_pf *pf, int vf_num,
                        const struct nic_vf *vf, struct pci_addr *other)
{
    struct template_values values = {.pf = pf->address, .vf_num = vf_num};
    char socket[VIF_PATH_MAX + 1];

    return template_render(pf->profile->vhost_socket, &values, socket, sizeof socket) &&
           !strcmp(socket, vf->vhost_socket) &&
           vf_by_number(nic, &pf->address, pf->profile, vf_num, other);
}

/* All numbers of a PF's VFs are less. */
static int numbers_end(const struct nic *nic, const struct nic_pf *pf)
{
    int n_vfs = sysfs_numvfs(nic->sysfs_root, &pf->address);

    if (pf->profile->numbering == NIC_NUMBER_SLOT) {
        return 0x100;
    }
    return (n_vfs < 0 ? SYSFS_VFS_MAX : n_vfs) + pf->profile->vf_base;
}

/* Two cards whose profiles name sockets only by the VF number would serve one socket twice. (A name
 * with a VF's address is unique.) */
static bool check_socket_unique(struct nic *nic, const struct nic_vf *vf, const char *field,
                                struct error *error)
{
    if (names_vf_by_address(vf->profile)) {
        return true;
    }
    list_pfs(nic);
    for (size_t i = 0; i < nic->n_pfs; i++) {
        const struct nic_pf *pf = &nic->pfs[i];
        const struct nic_profile *theirs = pf->profile;
        struct pci_addr other;
        bool alike;
        int end;

        if (!theirs || !theirs->vhost_socket[0] || names_vf_by_address(theirs) ||
            pci_addr_equal(&pf->address, &vf->pf) ||
            !may_agree(theirs->vhost_socket, vf->profile->vhost_socket)) {
            continue;
        }
        /* Another number can give the same text only with another template. */
        alike = !strcmp(theirs->vhost_socket, vf->profile->vhost_socket);
        end = numbers_end(nic, pf);
        for (int n = alike ? vf->vf_num : 0; n < end; n++) {
            if (serves_same(nic, pf, n, vf, &other)) {
                return nic_same_socket(vf, &other, field, error);
            }
            if (alike) {
                break;
            }
        }
    }
    return true;
}

/* Finds the VF's PF. */
static bool find_pf(const struct nic *nic, const char *field, struct nic_vf *vf,
                    struct error *error)
{
    char slot[PCI_ADDR_LEN];

    pci_addr_format(&vf->vf, slot);
    if (sysfs_pf_of(nic->sysfs_root, &vf->vf, &vf->pf)) {
        return true;
    }
    if (!sysfs_exists(nic->sysfs_root, &vf->vf)) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "There is no PCI device %s on this host; check that the card is present "
                         "and its VFs are enabled (sriov_numvfs).",
                         slot);
    }
    return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                     "PCI device %s is not a VF (it has no physfn); name one of a PF's VFs.", slot);
}

/* Finds the PF at `address`. Does not read its ids again if they are known and the device is the
 * same. */
static void look_up_pf(struct nic *nic, const struct pci_addr *address, struct nic_pf *pf)
{
    struct sysfs_identity identity;
    size_t i = 0;

    while (i < nic->n_pfs && !pci_addr_equal(&nic->pfs[i].address, address)) {
        i++;
    }
    if (i < nic->n_pfs && nic->pfs[i].vendor &&
        sysfs_identify(nic->sysfs_root, address, &identity) &&
        sysfs_identity_equal(&identity, &nic->pfs[i].identity)) {
        *pf = nic->pfs[i];
        return;
    }
    pf->address = *address;
    nic_identify(nic, pf);
    if (i == nic->n_pfs && i < NIC_PFS_MAX) {
        nic->n_pfs++;
        nic->scanned = false; /* The list of PFs must be complete and sorted. */
    }
    if (i < nic->n_pfs) {
        nic->pfs[i] = *pf;
    }
}

bool nic_resolve(struct nic *nic, const struct pci_addr *slot, const char *field, struct nic_vf *vf,
                 struct error *error)
{
    struct nic_pf pf;
    int index;

    memset(vf, 0, sizeof *vf);
    vf->vf = *slot;
    if (!find_pf(nic, field, vf, error)) {
        return false;
    }
    look_up_pf(nic, &vf->pf, &pf);
    if (!pf.profile) {
        return nic_no_profile(vf, field, error);
    }
    index = sysfs_vf_index(nic->sysfs_root, &vf->pf, &vf->vf);
    if (index < 0) {
        char pf_text[PCI_ADDR_LEN];
        char vf_text[PCI_ADDR_LEN];

        pci_addr_format(&vf->pf, pf_text);
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "PCI device %s says that its PF is %s, but %s does not list it among its "
                         "VFs; check the SR-IOV configuration.",
                         pci_addr_format(&vf->vf, vf_text), pf_text, pf_text);
    }
    return nic_number(pf.profile, index, field, vf, error) &&
           nic_check_range(pf.profile, field, vf, error) &&
           nic_render(pf.profile, field, vf, error) &&
           (!vf->vhost_socket[0] || check_socket_unique(nic, vf, field, error));
}

static const struct nic_profile *profile_of(struct nic *nic, const struct pci_addr *pf)
{
    list_pfs(nic);
    for (size_t i = 0; i < nic->n_pfs; i++) {
        if (pci_addr_equal(&nic->pfs[i].address, pf)) {
            return nic->pfs[i].profile;
        }
    }
    return NULL;
}

bool nic_describe(struct nic *nic, const struct pci_addr *pf, int vf_num, struct nic_vf *vf)
{
    const struct nic_profile *profile = profile_of(nic, pf);

    memset(vf, 0, sizeof *vf);
    vf->pf = *pf;
    vf->vf_num = vf_num;
    return profile && vf_by_number(nic, pf, profile, vf_num, &vf->vf) && !render(profile, vf);
}

bool nic_has_sockets(struct nic *nic, const struct pci_addr *pf)
{
    const struct nic_profile *profile = profile_of(nic, pf);

    return profile && profile->vhost_socket[0];
}
