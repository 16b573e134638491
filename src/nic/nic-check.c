/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/nic-check.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/devargs.h"
#include "base/number.h"
#include "base/vif.h"
#include "nic/nic-profile.h"
#include "nic/template.h"

/* A VF whose number is not its index. */
static const struct template_values sample = {
    .pf = {0, 0x65, 0, 1},
    .vf = {0, 0x65, 0x1a, 2},
    .vf_num = 210,
};

/* One whose text has the greatest length. */
static const struct template_values longest = {
    .pf = {0, 0x65, 0, 1},
    .vf = {0, 0x65, 0x1a, 2},
    .vf_num = NIC_VF_NUM_MAX,
};

/* Whether the devargs name the VF's PF, or a PF address in the template: that can be correct if the
 * profile is for that PF only. */
static bool names_own_pf(const char *template, const struct devargs *devargs)
{
    struct pci_addr pf = devargs_pf(devargs);
    struct template_values other = sample;
    struct devargs elsewhere;
    char text[NIC_DEVARGS_MAX + 1];

    if (pci_addr_equal(&pf, &sample.pf)) {
        return true;
    }
    other.pf.bus++;
    other.vf.bus++;
    return template_render(template, &other, text, sizeof text) &&
           devargs_parse(text, &elsewhere) && pci_addr_equal(&elsewhere.device, &devargs->device);
}

bool nic_check_devargs(const char *template, char *why, size_t size)
{
    struct devargs devargs;
    char text[NIC_DEVARGS_MAX + 1];
    const char *fault = NULL;

    if (!*template) {
        snprintf(why, size, "is empty; write {pf},representor=[{vf}] or the like");
        return false;
    }
    if (!template_check(template, why, size)) {
        return false;
    }
    if (!template_render(template, &longest, text, sizeof text) ||
        !template_render(template, &sample, text, sizeof text)) {
        snprintf(why, size, "is longer than %d bytes once it is filled in; shorten it",
                 NIC_DEVARGS_MAX);
        return false;
    }
    if (!devargs_parse(text, &devargs)) {
        fault = "is not of the form PCI-ADDRESS,representor=NUMBER";
    } else if (!devargs.representor) {
        fault = "names no VF's representor";
    } else if (devargs.n_vfs != 1 || devargs.vfs[0] != sample.vf_num ||
               devargs_n_pfs(&devargs) != 1) {
        fault = "names others than that VF";
    } else if (!names_own_pf(template, &devargs)) {
        fault = "names a VF of another PF";
    }
    if (fault) {
        char pf[PCI_ADDR_LEN];

        snprintf(why, size,
                 "gives '%.64s' for VF number %d of PF %s, which %s; write "
                 "{pf},representor=[{vf}] or the like",
                 text, sample.vf_num, pci_addr_format(&sample.pf, pf), fault);
    }
    return !fault;
}

bool nic_check_socket(const char *template, char *why, size_t size)
{
    char text[VIF_PATH_MAX + 1];

    if (!template_check(template, why, size)) {
        return false;
    }
    if (!template_render(template, &longest, text, sizeof text) || !vif_path_valid(text)) {
        snprintf(why, size,
                 "is not an absolute path of at most %d bytes once it is filled in; correct it",
                 VIF_PATH_MAX);
        return false;
    }
    if (!strstr(template, "{vf}") && !strstr(template, "{vf_pci}")) {
        snprintf(why, size,
                 "would be the same socket for every VF; tell them apart by {vf} or {vf_pci}");
        return false;
    }
    return true;
}

static bool is_number(const char *value, long min, long max, bool power_of_2)
{
    int64_t number;

    return number_parse(value, min, max, &number) && !(power_of_2 && number & (number - 1));
}

bool nic_check_option(const char *key, const char *value, char *why, size_t size)
{
    static const struct {
        const char *key;
        enum { BOOLEAN, NUMBER, POWER_OF_2 } type;
        int max;
    } known[] = {
        {"dpdk-lsc-interrupt", BOOLEAN, 0}, {"flow-ctrl-autoneg", BOOLEAN, 0},
        {"rx-flow-ctrl", BOOLEAN, 0},       {"tx-flow-ctrl", BOOLEAN, 0},
        {"n_rxq", NUMBER, INT_MAX},         {"n_rxq_desc", POWER_OF_2, 4096},
        {"n_txq_desc", POWER_OF_2, 4096},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].key, key)) {
            continue;
        }
        if (known[i].type == BOOLEAN && strcmp(value, "true") && strcmp(value, "false")) {
            snprintf(why, size, "must be true or false, not '%s'", value);
            return false;
        }
        if (known[i].type == NUMBER && !is_number(value, 1, known[i].max, false)) {
            snprintf(why, size, "must be a number from 1 on, not '%s'", value);
            return false;
        }
        if (known[i].type == POWER_OF_2 && !is_number(value, 1, known[i].max, true)) {
            snprintf(why, size, "must be a power of 2 from 1 to %d, not '%s'", known[i].max, value);
            return false;
        }
    }
    return true;
}
