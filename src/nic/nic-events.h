/* SPDX-License-Identifier: Apache-2.0 */
/* Tells when the PCI devices of the host may have changed.
 *
 * For the kernel's own sysfs, the kernel tells it: uevents (NETLINK_KOBJECT_UEVENT). A tree of
 * files that replaces sysfs, as in the tests, has no uevents; there, the time of the last change of
 * its directory of devices tells it. */

#ifndef VP_NIC_EVENTS_H
#define VP_NIC_EVENTS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct nic_events;

/* How the events of `sysfs_root` are known. */
enum nic_events_source {
    NIC_EVENTS_NONE, /* They are not: the socket cannot be used. */
    NIC_EVENTS_KERNEL,
    NIC_EVENTS_TREE,
};

/* Never fails: without a socket the source is NIC_EVENTS_NONE, and *error says why. `sysfs_root` is
 * borrowed. */
struct nic_events *nic_events_create(const char *sysfs_root, struct error *error);
void nic_events_destroy(struct nic_events *events);

enum nic_events_source nic_events_source(const struct nic_events *events);

/* Whether the devices may have changed since the last call; the first call may return either. Never
 * waits, and reads a limited number of events; if there are more, or some were lost, the devices
 * may have changed. Always false with NIC_EVENTS_NONE. A socket that fails is closed: the call
 * returns true, and the source is NIC_EVENTS_NONE from then on. */
bool nic_events_take(struct nic_events *events);

/* Readable (POLLIN or POLLERR) while there are events of the kernel; -1 for other sources. */
int nic_events_fd(const struct nic_events *events);

/* Whether the kernel's message (ACTION@DEVPATH, then KEY=VALUE, each with a NUL at its end) may be
 * about a PCI device that is added, removed or has other VFs. True for one that does not say what
 * it is about. Not for PCI devices that only get or lose a driver: this happens at each start of a
 * guest. */
bool nic_events_concerns_pci(const char *message, size_t length);

#endif
