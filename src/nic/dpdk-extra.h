/* SPDX-License-Identifier: Apache-2.0 */
/* other_config:dpdk-extra: which PCI devices ovs-vswitchd's DPDK probes at its start, and with
 * which representor=[..].
 *
 * vswitchd reads the option once, when it initialises DPDK, so the value in OVSDB may be newer than
 * the value that the running vswitchd has. This keeps both. */

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

/* The devices that an option names, sorted by address, which is the order in which EAL probes them.
 * All zeros is the empty list. */
struct dpdk_devices {
    struct dpdk_device *devices;
    size_t n;
};

/* Reads the words of `text` as EAL does: -a and --allow name devices; if a device is named twice,
 * the last one counts. Ignores words that name no PCI device. Frees the previous content of
 * `devices`. */
void dpdk_devices_parse(struct dpdk_devices *devices, const char *text);
void dpdk_devices_clear(struct dpdk_devices *devices);

/* The device at `address`, or NULL. */
const struct dpdk_device *dpdk_devices_find(const struct dpdk_devices *devices,
                                            const struct pci_addr *address);

/* The value that vswitchd was started with, and the value for its next start. All zeros before the
 * first dpdk_extra_follow(). */
struct dpdk_extra {
    bool known;               /* OVSDB has been read. */
    struct dpdk_devices now;  /* Of the running vswitchd. */
    struct dpdk_devices next; /* In OVSDB. */
    char *text;               /* The text of `next`. */
    unsigned int start;       /* The vswitchd that has read `now`; 0: none, or it is not known. */
};

/* `text` is the value in OVSDB (NULL: none); `start` is the vswitchd_start() of the vswitchd that
 * has initialised DPDK, 0 if there is none, or if that is not known. Without a vswitchd, `now`
 * follows `next`. If vswitchd was started before the first call, this assumes that the option has
 * not changed since. */
void dpdk_extra_follow(struct dpdk_extra *extra, const char *text, unsigned int start);
/* A copy, for another thread. */
void dpdk_extra_clone(struct dpdk_extra *copy, const struct dpdk_extra *extra);
void dpdk_extra_destroy(struct dpdk_extra *extra);

#endif
