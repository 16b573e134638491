/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pci-addr.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <rte_pci.h>

enum { PCI_DEVICE_MAX = 0x1f, PCI_FUNCTION_MAX = 7, PCI_DOMAIN_MAX = 0xffff };

/* rte_pci_addr_parse() skips leading blanks and accepts signs and short numbers, so this checks the
 * shape first: 'h' is a hexadecimal digit. */
static bool has_shape(const char *s, const char *shape)
{
    for (; *shape; s++, shape++) {
        if (*shape == 'h' ? !isxdigit((unsigned char)*s) : *s != *shape) {
            return false;
        }
    }
    return *s == '\0';
}

static bool parse(const char *s, struct pci_addr *addr)
{
    struct rte_pci_addr rte;

    if (rte_pci_addr_parse(s, &rte) != 0 || rte.domain > PCI_DOMAIN_MAX ||
        rte.devid > PCI_DEVICE_MAX || rte.function > PCI_FUNCTION_MAX) {
        return false;
    }
    addr->domain = (uint16_t)rte.domain;
    addr->bus = rte.bus;
    addr->device = rte.devid;
    addr->function = rte.function;
    return true;
}

bool pci_addr_parse(const char *s, struct pci_addr *addr)
{
    return s && has_shape(s, "hhhh:hh:hh.h") && parse(s, addr);
}

bool pci_addr_parse_devargs(const char *s, struct pci_addr *addr)
{
    if (!s) {
        return false;
    }
    if (!strncmp(s, "pci:", 4)) {
        s += 4;
    }
    return (has_shape(s, "hhhh:hh:hh.h") || has_shape(s, "hh:hh.h")) && parse(s, addr);
}

char *pci_addr_format(const struct pci_addr *addr, char buf[PCI_ADDR_LEN])
{
    snprintf(buf, PCI_ADDR_LEN, "%04x:%02x:%02x.%x", addr->domain, addr->bus, addr->device & 0x1fU,
             addr->function & 7U);
    return buf;
}

int pci_addr_compare(const struct pci_addr *a, const struct pci_addr *b)
{
    if (a->domain != b->domain) {
        return a->domain < b->domain ? -1 : 1;
    }
    if (a->bus != b->bus) {
        return a->bus < b->bus ? -1 : 1;
    }
    if (a->device != b->device) {
        return a->device < b->device ? -1 : 1;
    }
    return (int)a->function - (int)b->function;
}
