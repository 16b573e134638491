#include "daemon/nic.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/sysfs.h"
#include "daemon/template.h"

/* How long the list of PFs is believed. VFs are looked up afresh each time; PFs and their ids only
 * change when cards are plugged or SR-IOV is configured, which nobody does within a second of using
 * the result. */
#define PFS_TTL_MS 1000

struct pf {
    struct pci_addr address;
    const struct nic_profile *profile; /* NULL if none matches. */
};

struct nic {
    const char *sysfs_root;
    const struct nic_profile *profiles;
    size_t n_profiles;
    struct pf pfs[NIC_PFS_MAX];
    size_t n_pfs;
    bool scanned;
    long long scanned_at_ms;
};

static long long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

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
    nic->scanned = false;
}

static const struct nic_profile *profile_of(const struct nic *nic, const struct pci_addr *pf)
{
    uint16_t vendor;
    uint16_t device;

    if (!sysfs_ids(nic->sysfs_root, pf, &vendor, &device)) {
        return NULL;
    }
    return nic_profile_find(nic->profiles, nic->n_profiles, pf, vendor, device);
}

static void scan(struct nic *nic)
{
    struct pci_addr addresses[NIC_PFS_MAX];

    if (nic->scanned && now_ms() - nic->scanned_at_ms < PFS_TTL_MS) {
        return;
    }
    nic->n_pfs = sysfs_list_pfs(nic->sysfs_root, addresses, NIC_PFS_MAX);
    for (size_t i = 0; i < nic->n_pfs; i++) {
        nic->pfs[i].address = addresses[i];
        nic->pfs[i].profile = profile_of(nic, &addresses[i]);
    }
    nic->scanned = true;
    nic->scanned_at_ms = now_ms();
}

/* The VF of `pf` that has number `vf_num` by the profile's rule. */
static bool vf_by_number(const struct nic *nic, const struct pci_addr *pf,
                         const struct nic_profile *profile, int vf_num, struct pci_addr *vf)
{
    struct pci_addr owner;

    if (profile->numbering == NIC_NUMBER_VIRTFN) {
        return sysfs_vf_at(nic->sysfs_root, pf, vf_num, vf);
    }
    if (vf_num < 0 || vf_num > 0xff) {
        return false;
    }
    *vf = *pf;
    vf->device = (uint8_t)(vf_num / 8);
    vf->function = (uint8_t)(vf_num % 8);
    return sysfs_pf_of(nic->sysfs_root, vf, &owner) && pci_addr_equal(&owner, pf);
}

/* Fills what the profile's templates give. Returns the key of the template that is no use, or
 * NULL. */
static const char *render(const struct nic_profile *profile, struct nic_vf *vf)
{
    struct template_values values = {.pf = vf->pf, .vf = vf->vf, .vf_num = vf->vf_num};

    vf->profile = profile;
    vf->vhost_socket[0] = '\0';
    vf->vhost_mode = VHOST_MODE_NONE;
    if (!template_render(profile->devargs, &values, vf->devargs, sizeof vf->devargs)) {
        return "devargs";
    }
    if (profile->vhost_socket[0]) {
        if (!template_render(profile->vhost_socket, &values, vf->vhost_socket,
                             sizeof vf->vhost_socket) ||
            !vif_path_valid(vf->vhost_socket)) {
            return "vhost-socket";
        }
        vf->vhost_mode = profile->vhost_mode;
    }
    return NULL;
}

/* Two cards whose profile names sockets by the VF number alone would serve one socket twice. */
static bool check_socket_unique(struct nic *nic, const struct nic_vf *vf, const char *field,
                                struct error *error)
{
    scan(nic);
    for (size_t i = 0; i < nic->n_pfs; i++) {
        const struct pf *pf = &nic->pfs[i];
        struct nic_vf other = {.pf = pf->address, .vf_num = vf->vf_num};
        char ours[PCI_ADDR_LEN];
        char theirs[PCI_ADDR_LEN];

        if (!pf->profile || pci_addr_equal(&pf->address, &vf->pf) ||
            !vf_by_number(nic, &pf->address, pf->profile, vf->vf_num, &other.vf) ||
            render(pf->profile, &other) || strcmp(other.vhost_socket, vf->vhost_socket)) {
            continue;
        }
        return error_set(
            error, REASON_SOCKET_MISMATCH, field,
            "VFs %s and %s of two cards would both be served at %s; give each card a NIC "
            "profile whose vhost-socket tells them apart, by {pf_bus} for example.",
            pci_addr_format(&vf->vf, ours), pci_addr_format(&other.vf, theirs), vf->vhost_socket);
    }
    return true;
}

static bool number(struct nic *nic, const struct nic_profile *profile, const char *field,
                   struct nic_vf *vf, struct error *error)
{
    char slot[PCI_ADDR_LEN];
    char pf[PCI_ADDR_LEN];
    int index = sysfs_vf_index(nic->sysfs_root, &vf->pf, &vf->vf);

    pci_addr_format(&vf->vf, slot);
    pci_addr_format(&vf->pf, pf);
    if (index < 0) {
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "PCI device %s says that its PF is %s, but %s does not list it among its "
                         "VFs; check the SR-IOV configuration.",
                         slot, pf, pf);
    }
    if (profile->numbering == NIC_NUMBER_VIRTFN) {
        vf->vf_num = index;
        return true;
    }
    if (vf->vf.domain != vf->pf.domain || vf->vf.bus != vf->pf.bus) {
        return error_set(
            error, REASON_DEVICE_NOT_FOUND, field,
            "VF %s is on another bus than its PF %s, so VF_NUM=ID*8+VF is ambiguous; use "
            "a NIC profile with vf-number = virtfn or a VF on the PF's bus.",
            slot, pf);
    }
    vf->vf_num = vf->vf.device * 8 + vf->vf.function;
    return true;
}

bool nic_resolve(struct nic *nic, const struct pci_addr *slot, const char *field, struct nic_vf *vf,
                 struct error *error)
{
    const struct nic_profile *profile;
    const char *bad_template;
    char text[PCI_ADDR_LEN];

    memset(vf, 0, sizeof *vf);
    vf->vf = *slot;
    pci_addr_format(slot, text);
    if (!sysfs_pf_of(nic->sysfs_root, slot, &vf->pf)) {
        if (!sysfs_exists(nic->sysfs_root, slot)) {
            return error_set(
                error, REASON_DEVICE_NOT_FOUND, field,
                "There is no PCI device %s on this host; check that the card is there and "
                "its VFs are enabled (sriov_numvfs).",
                text);
        }
        return error_set(error, REASON_DEVICE_NOT_FOUND, field,
                         "PCI device %s is not a VF (it has no physfn); name one of a PF's VFs.",
                         text);
    }
    profile = profile_of(nic, &vf->pf);
    if (!profile) {
        char pf[PCI_ADDR_LEN];

        return error_set(
            error, REASON_DEVICE_NOT_FOUND, field,
            "No NIC profile matches PF %s of VF %s; add a [nic ...] section that does.",
            pci_addr_format(&vf->pf, pf), text);
    }
    if (!number(nic, profile, field, vf, error)) {
        return false;
    }
    bad_template = render(profile, vf);
    if (bad_template) {
        return error_set(
            error, REASON_INVALID_REQUEST, field,
            "The %s of NIC profile '%s' gives no usable text for VF %s; correct it in the "
            "configuration.",
            bad_template, profile->name, text);
    }
    return !vf->vhost_socket[0] || check_socket_unique(nic, vf, field, error);
}

bool nic_describe(struct nic *nic, const struct pci_addr *pf, int vf_num, struct nic_vf *vf)
{
    scan(nic);
    memset(vf, 0, sizeof *vf);
    vf->pf = *pf;
    vf->vf_num = vf_num;
    for (size_t i = 0; i < nic->n_pfs; i++) {
        if (pci_addr_equal(&nic->pfs[i].address, pf)) {
            return nic->pfs[i].profile &&
                   vf_by_number(nic, pf, nic->pfs[i].profile, vf_num, &vf->vf) &&
                   !render(nic->pfs[i].profile, vf);
        }
    }
    return false;
}
