/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/nic-profile.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "base/number.h"
#include "nic/nic-check.h"

/* The built-in profiles, with the keys of the configuration; docs/nics.md has their sources. */
static const struct builtin {
    const char *name;
    const char *settings[8][2];
} builtins[] = {
    {"napatech",
     {{"match", "18f4:*"},
      {"vf-number", "slot"},
      {"vf-range", "2-71"},
      {"representors", "with-vfs"},
      {"vhost-socket", "/usr/local/var/run/stdvio{vf}"},
      {"set-vf-mac", "no"}}},
    {"mlx5", {{"match", "15b3:*"}, {"devargs", "{pf},representor=vf[{vf}]"}}},
    {"bnxt", {{"match", "14e4:*"}, {"set-vf-mac", "no"}}},
    {"nfp", {{"match", "19ee:*, 1da8:*"}, {"vf-number", "none"}, {"set-vf-mac", "no"}}},
    {"generic", {{"match", "*"}}},
};

enum { N_BUILTINS = sizeof builtins / sizeof builtins[0] };

void nic_profile_init(struct nic_profile *profile, const char *name)
{
    memset(profile, 0, sizeof *profile);
    snprintf(profile->name, sizeof profile->name, "%s", name);
    profile->numbering = NIC_NUMBER_VIRTFN;
    strcpy(profile->devargs, "{pf},representor=[{vf}]");
    profile->vhost_mode = VHOST_MODE_SERVER;
    profile->vf_mac = NIC_VF_MAC_TRY;
    for (const struct builtin *b = builtins; b < builtins + N_BUILTINS; b++) {
        if (strcmp(b->name, name)) {
            continue;
        }
        for (size_t i = 0; b->settings[i][0]; i++) {
            char why[256];
            bool ok =
                nic_profile_set(profile, b->settings[i][0], b->settings[i][1], why, sizeof why);

            assert(ok);
            (void)ok;
        }
    }
}

size_t nic_profiles_init(struct nic_profile profiles[NIC_PROFILES_MAX])
{
    static_assert(N_BUILTINS <= NIC_PROFILES_MAX, "no room for the built-in profiles");

    for (size_t i = 0; i < N_BUILTINS; i++) {
        nic_profile_init(&profiles[i], builtins[i].name);
    }
    return N_BUILTINS;
}

static bool read_hex16(const char *s, size_t length, uint16_t *value)
{
    char text[5];

    if (length != 4) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)s[i])) {
            return false;
        }
        text[i] = s[i];
    }
    text[length] = '\0';
    *value = (uint16_t)strtoul(text, NULL, 16);
    return true;
}

static bool read_match(const char *s, struct nic_match *match)
{
    memset(match, 0, sizeof *match);
    if (!strcmp(s, "*")) {
        match->type = NIC_MATCH_ANY;
        return true;
    }
    if (pci_addr_parse(s, &match->address)) {
        match->type = NIC_MATCH_ADDRESS;
        return true;
    }
    if (strlen(s) < 6 || s[4] != ':' || !read_hex16(s, 4, &match->vendor)) {
        return false;
    }
    if (!strcmp(s + 5, "*")) {
        match->type = NIC_MATCH_VENDOR;
        return true;
    }
    match->type = NIC_MATCH_DEVICE;
    return read_hex16(s + 5, strlen(s + 5), &match->device);
}

static bool set_matches(struct nic_profile *profile, const char *value, char *why, size_t size)
{
    char item[NIC_TEMPLATE_MAX + 1];

    profile->n_matches = 0;
    while (list_next(&value, item, sizeof item)) {
        if (profile->n_matches == NIC_MATCHES_MAX) {
            snprintf(why, size, "has more than %d patterns; remove some", NIC_MATCHES_MAX);
            return false;
        }
        if (!read_match(item, &profile->matches[profile->n_matches])) {
            snprintf(why, size,
                     "has the pattern '%s', which is none of 18f4:01c5, 18f4:*, * and 0000:65:00.0",
                     item);
            return false;
        }
        profile->n_matches++;
    }
    if (profile->n_matches == 0) {
        snprintf(why, size,
                 "is empty; write patterns such as 18f4:01c5, 18f4:*, * or 0000:65:00.0");
        return false;
    }
    return true;
}

/* Finds `value` among `n` words, and stores its position in *index. */
static bool set_word(const char *value, const char *const words[], int n, int *index, char *why,
                     size_t size)
{
    size_t used;

    for (int i = 0; i < n; i++) {
        if (!strcmp(value, words[i])) {
            *index = i;
            return true;
        }
    }
    used = (size_t)snprintf(why, size, "is '%s', which is none of", value);
    for (int i = 0; i < n && used < size; i++) {
        used += (size_t)snprintf(why + used, size - used, " %s", words[i]);
    }
    return false;
}

static bool set_option(struct nic_profile *profile, const char *key, const char *value, char *why,
                       size_t size)
{
    static const char *const reserved[] = {OPTION_DEVARGS, OPTION_VF_MAC, OPTION_VHOST_PATH};
    size_t i = 0;

    for (size_t j = 0; j < sizeof reserved / sizeof reserved[0]; j++) {
        if (!strcmp(key, reserved[j])) {
            snprintf(why, size, "is an option that the daemon writes itself; remove it");
            return false;
        }
    }
    if (!*key || strlen(key) >= sizeof profile->options[0].key || !*value) {
        snprintf(why, size, "needs a key of 1 to %zu bytes and a value",
                 sizeof profile->options[0].key - 1);
        return false;
    }
    if (!nic_check_option(key, value, why, size)) {
        return false;
    }
    while (i < profile->n_options && strcmp(profile->options[i].key, key)) {
        i++;
    }
    if (i == NIC_OPTIONS_MAX) {
        snprintf(why, size, "is one option too many (at most %d); remove some", NIC_OPTIONS_MAX);
        return false;
    }
    snprintf(profile->options[i].key, sizeof profile->options[i].key, "%s", key);
    snprintf(profile->options[i].value, sizeof profile->options[i].value, "%s", value);
    profile->n_options += i == profile->n_options;
    return true;
}

/* slot, none, virtfn, or virtfn+N if DPDK counts N others before VF 0. */
static bool set_numbering(struct nic_profile *profile, const char *value, char *why, size_t size)
{
    static const char *const words[] = {"slot", "virtfn", "virtfn+N", "none"};
    int i = 0;

    if (!strncmp(value, "virtfn+", 7)) {
        int64_t base;

        if (!number_parse(value + 7, 0, NIC_VF_BASE_MAX, &base)) {
            snprintf(why, size, "is '%s', but virtfn+N needs a number N from 0 to %d", value,
                     NIC_VF_BASE_MAX);
            return false;
        }
        profile->numbering = NIC_NUMBER_VIRTFN;
        profile->vf_base = (int)base;
        return true;
    }
    if (!set_word(value, words, 4, &i, why, size)) {
        return false;
    }
    profile->numbering = i == 0 ? NIC_NUMBER_SLOT : i == 1 ? NIC_NUMBER_VIRTFN : NIC_NUMBER_NONE;
    profile->vf_base = 0;
    return true;
}

/* any, or FIRST-LAST. */
static bool set_range(struct nic_profile *profile, const char *value, char *why, size_t size)
{
    const char *p = value;
    int64_t min;
    int64_t max;

    if (!strcmp(value, "any")) {
        profile->has_vf_range = false;
        profile->vf_min = profile->vf_max = 0;
        return true;
    }
    if (!number_take(&p, NIC_VF_NUM_MAX, &min) || *p != '-' ||
        !number_parse(p + 1, min, NIC_VF_NUM_MAX, &max)) {
        snprintf(why, size,
                 "is '%s', which is neither any nor FIRST-LAST with numbers from 0 to %d", value,
                 NIC_VF_NUM_MAX);
        return false;
    }
    profile->has_vf_range = true;
    profile->vf_min = (int)min;
    profile->vf_max = (int)max;
    return true;
}

/* Sets a key whose value is one of a few words. */
static bool set_choice(struct nic_profile *profile, const char *key, const char *value, bool *known,
                       char *why, size_t size)
{
    static const char *const modes[] = {"server", "client"};
    static const char *const macs[] = {"no", "try", "yes"};
    static const char *const names[] = {"vfr", "vif_name"};
    static const char *const booleans[] = {"no", "yes"};
    static const char *const moments[] = {"any-time", "with-pf", "with-vfs"};
    static const char *const datapaths[] = {"netdev", "system"};
    int i = 0;

    *known = true;
    if (!strcmp(key, "vf-number") && set_numbering(profile, value, why, size)) {
        return true;
    }
    if (!strcmp(key, "vf-range") && set_range(profile, value, why, size)) {
        return true;
    }
    if (!strcmp(key, "representors") && set_word(value, moments, 3, &i, why, size)) {
        profile->representors = (enum nic_representors)i;
        return true;
    }
    if (!strcmp(key, "vhost-mode") && set_word(value, modes, 2, &i, why, size)) {
        profile->vhost_mode = i ? VHOST_MODE_CLIENT : VHOST_MODE_SERVER;
        return true;
    }
    if (!strcmp(key, "set-vf-mac") && set_word(value, macs, 3, &i, why, size)) {
        profile->vf_mac = (enum nic_vf_mac)i;
        return true;
    }
    if (!strcmp(key, "port-name") && set_word(value, names, 2, &i, why, size)) {
        profile->port_name = (enum nic_port_name)i;
        return true;
    }
    if (!strcmp(key, "slow-probe") && set_word(value, booleans, 2, &i, why, size)) {
        profile->slow_probe = i;
        return true;
    }
    if (!strcmp(key, "datapath-type") && set_word(value, datapaths, 2, &i, why, size)) {
        snprintf(profile->datapath_type, sizeof profile->datapath_type, "%s", value);
        return true;
    }
    *known = *why != '\0';
    return false;
}

bool nic_profile_set(struct nic_profile *profile, const char *key, const char *value, char *why,
                     size_t size)
{
    bool known;

    *why = '\0';
    if (strlen(value) > NIC_TEMPLATE_MAX) {
        snprintf(why, size, "is longer than %d bytes; shorten it", NIC_TEMPLATE_MAX);
        return false;
    }
    if (!strcmp(key, "match")) {
        return set_matches(profile, value, why, size);
    }
    if (!strcmp(key, "devargs")) {
        if (!nic_check_devargs(value, why, size)) {
            return false;
        }
        snprintf(profile->devargs, sizeof profile->devargs, "%s", value);
        return true;
    }
    if (!strcmp(key, "vhost-socket")) {
        if (*value && !nic_check_socket(value, why, size)) {
            return false;
        }
        snprintf(profile->vhost_socket, sizeof profile->vhost_socket, "%s", value);
        return true;
    }
    if (!strncmp(key, "options.", 8)) {
        return set_option(profile, key + 8, value, why, size);
    }
    if (set_choice(profile, key, value, &known, why, size)) {
        return true;
    }
    if (!known) {
        snprintf(why, size,
                 "is not a setting of a NIC profile; it has match, vf-number, vf-range, "
                 "representors, devargs, vhost-socket, vhost-mode, set-vf-mac, port-name, "
                 "datapath-type, slow-probe, options.KEY");
    }
    return false;
}

static bool matches(const struct nic_match *match, const struct pci_addr *pf, uint16_t vendor,
                    uint16_t device)
{
    switch (match->type) {
    case NIC_MATCH_ADDRESS:
        return pci_addr_equal(&match->address, pf);
    case NIC_MATCH_DEVICE:
        return match->vendor == vendor && match->device == device;
    case NIC_MATCH_VENDOR:
        return match->vendor == vendor;
    case NIC_MATCH_ANY:
        return true;
    }
    return false;
}

const struct nic_profile *nic_profile_find(const struct nic_profile *profiles, size_t n,
                                           const struct pci_addr *pf, uint16_t vendor,
                                           uint16_t device)
{
    const struct nic_profile *best = NULL;
    int best_type = -1;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < profiles[i].n_matches; j++) {
            const struct nic_match *match = &profiles[i].matches[j];

            if ((int)match->type > best_type && matches(match, pf, vendor, device)) {
                best = &profiles[i];
                best_type = (int)match->type;
            }
        }
    }
    return best;
}

static bool equal_matches(const struct nic_profile *a, const struct nic_profile *b)
{
    for (size_t i = 0; i < a->n_matches; i++) {
        const struct nic_match *x = &a->matches[i];
        const struct nic_match *y = &b->matches[i];

        if (x->type != y->type || x->vendor != y->vendor || x->device != y->device ||
            !pci_addr_equal(&x->address, &y->address)) {
            return false;
        }
    }
    return true;
}

static bool equal_options(const struct nic_profile *a, const struct nic_profile *b)
{
    for (size_t i = 0; i < a->n_options; i++) {
        if (strcmp(a->options[i].key, b->options[i].key) ||
            strcmp(a->options[i].value, b->options[i].value)) {
            return false;
        }
    }
    return true;
}

bool nic_profile_has_built_in_match(const struct nic_profile *profile)
{
    struct nic_profile built_in;

    nic_profile_init(&built_in, profile->name);
    return built_in.n_matches > 0 && built_in.n_matches == profile->n_matches &&
           equal_matches(&built_in, profile);
}

bool nic_profile_equal(const struct nic_profile *a, const struct nic_profile *b)
{
    return !strcmp(a->name, b->name) && a->n_matches == b->n_matches && equal_matches(a, b) &&
           a->numbering == b->numbering && a->vf_base == b->vf_base &&
           a->has_vf_range == b->has_vf_range && a->vf_min == b->vf_min && a->vf_max == b->vf_max &&
           a->representors == b->representors && !strcmp(a->devargs, b->devargs) &&
           !strcmp(a->vhost_socket, b->vhost_socket) && a->vhost_mode == b->vhost_mode &&
           a->vf_mac == b->vf_mac && a->port_name == b->port_name &&
           a->slow_probe == b->slow_probe && !strcmp(a->datapath_type, b->datapath_type) &&
           a->n_options == b->n_options && equal_options(a, b);
}
