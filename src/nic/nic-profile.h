/* SPDX-License-Identifier: Apache-2.0 */
/* NIC profiles: the differences between SmartNICs, as configuration. */

#ifndef VP_NIC_PROFILE_H
#define VP_NIC_PROFILE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pci-addr.h"
#include "base/vif.h"

#define NIC_NAME_MAX 32
#define NIC_TEMPLATE_MAX 160 /* Longest template; inih reads lines of less than 200 bytes. */
#define NIC_DEVARGS_MAX 255  /* Longest rendered dpdk-devargs. */
#define NIC_MATCHES_MAX 8
#define NIC_OPTIONS_MAX 16
#define NIC_PROFILES_MAX 32
#define NIC_VF_BASE_MAX 255
#define NIC_VF_NUM_MAX 65535 /* DPDK's representor_id has 16 bits. */

enum nic_numbering {
    NIC_NUMBER_SLOT,   /* VF_NUM = ID*8+VF, from the VF's address DDDD:BB:ID.VF (Napatech). */
    NIC_NUMBER_VIRTFN, /* The N of sysfs virtfnN (DPDK's meaning of representor=[N]), plus
                          `vf_base`. */
    NIC_NUMBER_NONE    /* Not known: no plug until the configuration has a rule. */
};

/* When the card's driver makes representors. */
enum nic_representors {
    NIC_REPRESENTORS_ANY_TIME, /* When a port asks for one. */
    NIC_REPRESENTORS_WITH_PF,  /* At vswitchd's start, for the numbers of the PF's representor=. */
    NIC_REPRESENTORS_WITH_VFS  /* At vswitchd's start, for VFs that dpdk-extra names; the PF's
                                * representor= gives them their ids in the order of probing. */
};

enum nic_vf_mac {
    NIC_VF_MAC_NO,  /* Never write dpdk-vf-mac. */
    NIC_VF_MAC_TRY, /* Write it; if the port fails with it, plug without, and warn. */
    NIC_VF_MAC_YES  /* Write it; if the port fails with it, the plug fails. */
};

enum nic_port_name {
    NIC_PORT_VFR,     /* "vfr" and the VIF id, 14 characters in all (os-vif's name). */
    NIC_PORT_VIF_NAME /* The VIF's vif_name, else its representor_name, else "vfr". */
};

/* One pattern of `match`. A PCI address takes precedence over vendor:device, that over vendor:*,
 * that over *. */
struct nic_match {
    enum { NIC_MATCH_ANY, NIC_MATCH_VENDOR, NIC_MATCH_DEVICE, NIC_MATCH_ADDRESS } type;
    uint16_t vendor;
    uint16_t device;
    struct pci_addr address;
};

struct nic_profile {
    char name[NIC_NAME_MAX + 1];
    struct nic_match matches[NIC_MATCHES_MAX];
    size_t n_matches;
    enum nic_numbering numbering;
    int vf_base;                        /* The number of VF 0; 0 unless by NIC_NUMBER_VIRTFN. */
    bool has_vf_range;                  /* Only these numbers have representors: */
    int vf_min;                         /* from... */
    int vf_max;                         /* ...to. */
    enum nic_representors representors; /* Whether dpdk-extra must name the VFs. */
    char devargs[NIC_TEMPLATE_MAX + 1]; /* Template. */
    char vhost_socket[NIC_TEMPLATE_MAX + 1]; /* Template, or "": the card serves no socket. */
    enum vhost_mode vhost_mode;              /* QEMU's role on the socket. */
    enum nic_vf_mac vf_mac;
    enum nic_port_name port_name;
    bool slow_probe;                          /* Its VFs get separate batches. */
    char datapath_type[VIF_DATAPATH_MAX + 1]; /* If neither VIF nor bridge decides; or "". */
    struct {
        char key[48];
        char value[NIC_TEMPLATE_MAX + 1];
    } options[NIC_OPTIONS_MAX]; /* Further Interface options, unchanged. */
    size_t n_options;
};

/* Sets the built-in profile of that name ("napatech", "generic"; docs/nics.md lists them all), or
 * for any other name the defaults of a new profile (those of "generic", without a match). */
void nic_profile_init(struct nic_profile *profile, const char *name);

/* Fills `profiles` with all built-in profiles. Returns how many there are. */
size_t nic_profiles_init(struct nic_profile profiles[NIC_PROFILES_MAX]);

/* Sets one key of a profile from the configuration, if its value can work (nic-check.h). On failure
 * writes what is wrong to `why`, as text that follows the key. */
bool nic_profile_set(struct nic_profile *profile, const char *key, const char *value, char *why,
                     size_t size);

/* Whether both say the same. */
bool nic_profile_equal(const struct nic_profile *a, const struct nic_profile *b);

/* Whether the profile is a built-in one with the patterns that it is built with. */
bool nic_profile_has_built_in_match(const struct nic_profile *profile);

/* The profile that matches best (the first of equal ones), or NULL. */
const struct nic_profile *nic_profile_find(const struct nic_profile *profiles, size_t n,
                                           const struct pci_addr *pf, uint16_t vendor,
                                           uint16_t device);

#endif
