/* SPDX-License-Identifier: Apache-2.0 */
/* PCI addresses: the only parser of DDDD:BB:DD.F in the project. */

#ifndef VP_PCI_ADDR_H
#define VP_PCI_ADDR_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for "ffff:ff:1f.7" and its terminator. */
#define PCI_ADDR_LEN 13

struct pci_addr {
    uint16_t domain;  /* 0-0xffff. */
    uint8_t bus;      /* 0-0xff. */
    uint8_t device;   /* 0-0x1f. */
    uint8_t function; /* 0-7. */
};

/* Parses exactly DDDD:BB:DD.F (hexadecimal, either case), as Nova and sysfs write it. Returns false
 * and does not change *addr if `s` is anything else, also if a number is out of range. (The parser,
 * rte_pci_addr_parse(), accepts also device 0x20, function 8 and 32-bit domains.) */
bool pci_addr_parse(const char *s, struct pci_addr *addr);

/* The same, but also parses BB:DD.F (domain 0) and a leading "pci:", as in DPDK device arguments.
 */
bool pci_addr_parse_devargs(const char *s, struct pci_addr *addr);

/* Writes the canonical form (lower case, with domain) to `buf` and returns `buf`. */
char *pci_addr_format(const struct pci_addr *addr, char buf[PCI_ADDR_LEN]);

/* <0, 0, >0 by domain, bus, device, function. */
int pci_addr_compare(const struct pci_addr *a, const struct pci_addr *b);

static inline bool pci_addr_equal(const struct pci_addr *a, const struct pci_addr *b)
{
    return pci_addr_compare(a, b) == 0;
}

#endif
