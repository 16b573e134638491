/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel links, through rtnetlink (libnl-3) and, for tap devices, the ioctls of /dev/net/tun.
 *
 * Every call asks the kernel at once: nothing is cached, so nothing is out of date. The kernel does
 * the work within the call, in well under a millisecond but for removals: those wait for RCU grace
 * periods, some ten milliseconds each. Links that the daemon makes carry an alias (`ip link` shows
 * it), by which a daemon that starts finds what an earlier one left without a record.
 *
 * Functions that return bool return false with *error filled (it may be NULL): reason not_realized,
 * the kernel's words in its detail. Names are NUL-terminated and at most VIF_IFNAME_MAX bytes. What
 * links_add_*() could make only in part is gone when they return false. */

#ifndef VP_LINKS_H
#define VP_LINKS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"

#define LINK_ALIAS_MAX 127

struct links;

/* Opens netlink sockets in the calling thread's network namespace. `procfs_root` is where procfs is
 * mounted ("/proc"; it has what keeps a bridge from answering). `watch`: whether links_run() will
 * be called, so that the kernel has somebody to notify. NULL with *error filled if that fails. */
struct links *links_create(const char *procfs_root, bool watch, struct error *error);
void links_destroy(struct links *links);

struct link_facts {
    int index;
    bool up;                         /* IFF_UP: administratively. */
    int mtu;                         /* Bytes. */
    char kind[16];                   /* "veth", "bridge", "tun", or "" for a device. */
    char alias[LINK_ALIAS_MAX + 1];  /* Or ""; a longer one is cut. */
    char address[VIF_MAC_LEN];       /* Lower case, or "". */
    char master[VIF_IFNAME_MAX + 1]; /* The bridge that it is a port of, or "". */
};

/* Whether there is a link of that name (an alternative name, altname in ip-link(8), is none); then
 * fills *facts (may be NULL). */
bool links_find(struct links *links, const char *name, struct link_facts *facts);

/* A veth pair, both ends up, promiscuous and with `mtu` (0: the kernel's default), both with
 * `alias` ("": none). Fails if either name is taken. */
bool links_add_veth(struct links *links, const char *name, const char *peer, int mtu,
                    const char *alias, struct error *error);

/* A Linux bridge, up, that forgets addresses at once (ageing 0, so that it floods: os-vif's
 * ensure_bridge() and Launchpad bug 1715317), passes all multicast and delays nothing (no snooping,
 * forward_delay 0, no STP), has no IPv6 of its own (bug 1302080) and does not
 * answer ARP for the host's other addresses (arp_ignore 1, arp_announce 2). Fails if the name is
 * taken. */
bool links_add_bridge(struct links *links, const char *name, const char *alias,
                      struct error *error);

/* Gives an existing bridge what is said above of IPv6 and ARP; the rest is set only when it is
 * made. Fails if it is not there or no Linux bridge. */
bool links_tend_bridge(struct links *links, const char *name, struct error *error);

/* A persistent tap device, up, without IPv6 of its own, with `address` ("": the kernel's choice)
 * and `mtu` (0: default), for one queue or, with `multiqueue`, several. Nothing is attached to it.
 * Fails if the name is taken.
 */
bool links_add_tap(struct links *links, const char *name, bool multiqueue, const char *address,
                   int mtu, const char *alias, struct error *error);

/* Succeeds if the link has the wanted state already; fails if it does not exist. */
bool links_set_up(struct links *links, const char *name, bool up, struct error *error);
bool links_set_mtu(struct links *links, const char *name, int mtu, struct error *error);

/* Makes `name` a port of Linux bridge `master`, and no longer of another. */
bool links_set_master(struct links *links, const char *name, const char *master,
                      struct error *error);

/* Deletes a link; of a veth pair, both ends. Succeeds if it does not exist. */
bool links_delete(struct links *links, const char *name, struct error *error);

/* Calls `cb` with each link whose alias begins with `prefix`; `cb` must not call back into links.
 */
bool links_for_each_alias(struct links *links, const char *prefix,
                          void (*cb)(const char *name, const struct link_facts *facts, void *aux),
                          void *aux, struct error *error);

/* Notifications (RTNLGRP_LINK): calls `cb` once for each link that has appeared, changed or gone
 * (`exists` false, *facts as they were) since the last call, with what was said of it last. If the
 * kernel's queue overflowed, calls it once with name NULL instead: anything may have happened. A
 * link that was given another name is reported under that one only. Takes in a bounded number and
 * never waits; links_fd() is readable (POLLIN or POLLERR) while there is more. */
void links_run(struct links *links,
               void (*cb)(const char *name, bool exists, const struct link_facts *facts, void *aux),
               void *aux);
int links_fd(const struct links *links);

#endif
