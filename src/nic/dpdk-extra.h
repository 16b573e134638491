/* SPDX-License-Identifier: Apache-2.0 */
/* other_config:dpdk-extra: which PCI devices ovs-vswitchd's DPDK probes at its start, and with
 * which representor=[..].
 *
 * vswitchd reads the option once, when it initialises DPDK, so what OVSDB has may be newer than
 * what the running vswitchd was started with. Both are kept. */

#ifndef VP_DPDK_EXTRA_H
#define VP_DPDK_EXTRA_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pci-addr.h"

/* One `-a DEVICE[,KEY=VALUE...]`. */
struct dpdk_device {
    struct pci_addr address;
    unsigned short *ids; /* Of representor=, in the order written; NULL without it. */
    size_t n_ids;
};

/* The devices that an option names, in the order of their addresses, which is that in which EAL
 * probes them. All zeros is the empty list. */
struct dpdk_devices {
    struct dpdk_device *devices;
    size_t n;
};

/* Reads the words of `text` as EAL does: -a and --allow name devices; of a device that is named
 * twice the last one counts. What names no PCI device is ignored. Frees what `devices` had. */
void dpdk_devices_parse(struct dpdk_devices *devices, const char *text);
void dpdk_devices_clear(struct dpdk_devices *devices);

/* The device at `address`, or NULL. */
const struct dpdk_device *dpdk_devices_find(const struct dpdk_devices *devices,
                                            const struct pci_addr *address);

/* What vswitchd was started with, and what its next start will find. All zeros before the first
 * dpdk_extra_follow(). */
struct dpdk_extra {
    bool known;               /* OVSDB has been read. */
    struct dpdk_devices now;  /* As the running vswitchd has it. */
    struct dpdk_devices next; /* As OVSDB has it. */
    char *text;               /* What `next` was read from. */
    int64_t pid;              /* The vswitchd that has read it; 0: none, or its pid is not known. */
};

/* `text` is what OVSDB has (NULL: nothing); `pid` the vswitchd that has initialised DPDK, 0 if none
 * has, or if its pid is not known. While there is none, `now` follows `next`. Of a vswitchd that
 * was started before anybody looked, it is assumed that the option has not changed since. */
void dpdk_extra_follow(struct dpdk_extra *extra, const char *text, int64_t pid);
void dpdk_extra_destroy(struct dpdk_extra *extra);

#endif
