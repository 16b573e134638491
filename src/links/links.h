/* SPDX-License-Identifier: Apache-2.0 */
/* Links, through rtnetlink (libnl-3) and, for tap devices, the ioctls of /dev/net/tun.
 *
 * Every call asks the kernel: nothing is cached, so nothing is out of date. The kernel does the
 * work within the call, in less than a millisecond, except removals: they wait for RCU grace
 * periods, some ten milliseconds each.
 *
 * Links that the daemon makes have an alias that names their VIF, and the group LINK_GROUP (`ip -d
 * link` shows both). The kernel takes the group with the request that makes a link, the alias only
 * afterwards. So a link with the group and no alias is one that a killed daemon did not complete.
 *
 * On failure, functions that return bool return false and fill *error (which may be NULL): reason
 * not_realized, the kernel's error text as its detail. Names are NUL-terminated and at most
 * VIF_IFNAME_MAX bytes. If links_add_*() return false, they have removed what they made. */

#ifndef VP_LINKS_H
#define VP_LINKS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vif.h"

#define LINK_ALIAS_MAX 127

/* The alias of a link that the daemon makes is this and its VIF's id. */
#define LINK_ALIAS_PREFIX "vifplugd:"

/* The group of links that the daemon makes: "vifp", which no administrator chooses by chance. */
#define LINK_GROUP 0x76696670u

struct links;

/* Opens netlink sockets in the calling thread's network namespace. `procfs_root` is where procfs is
 * mounted ("/proc"; it has the settings that stop a bridge from answering ARP and IPv6). `watch`:
 * whether the caller will call links_run(), so that the kernel must send notifications. On failure
 * returns NULL and fills *error. */
struct links *links_create(const char *procfs_root, bool watch, struct error *error);
void links_destroy(struct links *links);

struct link_facts {
    int index;
    bool up;                         /* IFF_UP: the administrative state. */
    bool carrier;                    /* IFF_LOWER_UP; of a tap: a process has it open. */
    int mtu;                         /* Bytes. */
    char kind[16];                   /* "veth", "bridge", "tun", or "" for a device. */
    char alias[LINK_ALIAS_MAX + 1];  /* Or ""; a longer one is cut. */
    char address[VIF_MAC_LEN];       /* Lower case, or "". */
    char master[VIF_IFNAME_MAX + 1]; /* The bridge that it is a port of, or "". */
    int peer;                        /* Of a veth: the other end's index, or 0. */
    uint32_t group;                  /* 0: none. */
    bool multiqueue;                 /* A tap that takes several queues. */
    bool ip_only;                    /* Kind "tun", but no tap: it takes IP packets, not frames. */
};

/* Whether the daemon made the link and was killed before the link had its alias. */
bool link_is_incomplete(const struct link_facts *facts);

/* Whether there is a link with that name; if so, fills *facts (may be NULL). Ignores alternative
 * names (altname in ip-link(8)). */
bool links_find(struct links *links, const char *name, struct link_facts *facts);

/* The same. Returns 0 if there is that link, ENODEV if there is none, and another errno value if
 * the kernel did not say. */
int links_ask(struct links *links, const char *name, struct link_facts *facts);

/* Makes a veth pair: both ends up, promiscuous, with `mtu` (0: the kernel's default) and `alias`
 * ("": none). Fails if a link has one of the names. */
bool links_add_veth(struct links *links, const char *name, const char *peer, int mtu,
                    const char *alias, struct error *error);

/* Makes a Linux bridge that is up, forgets addresses immediately (ageing 0, so that it floods:
 * os-vif's ensure_bridge() and Launchpad bug 1715317), passes all multicast without delay (no
 * snooping, forward_delay 0, no STP), has no IPv6 addresses (bug 1302080) and does not answer ARP
 * for the host's other addresses (arp_ignore 1, arp_announce 2). Fails if a link has the name. */
bool links_add_bridge(struct links *links, const char *name, const char *alias,
                      struct error *error);

/* Gives an existing bridge the settings above for IPv6 and ARP; the other settings are only for new
 * bridges. Fails if the link does not exist or is not a Linux bridge. */
bool links_prepare_bridge(struct links *links, const char *name, struct error *error);

/* Makes a persistent tap device that is up, has no IPv6 addresses, and has `address` ("": the
 * kernel chooses) and `mtu` (0: default), with one queue or, with `multiqueue`, several. No process
 * is attached to it. Fails if a link has the name. */
bool links_add_tap(struct links *links, const char *name, bool multiqueue, const char *address,
                   int mtu, const char *alias, struct error *error);

/* Succeeds if the link already has that state, and fails if it does not exist. */
bool links_set_up(struct links *links, const char *name, bool up, struct error *error);

/* Sets the link with that interface index down, whatever its name is by now; `name` is for errors.
 * Also succeeds if there is no such link. */
bool links_set_down(struct links *links, int index, const char *name, struct error *error);

/* Succeeds if the link already has that MTU, and fails if it does not exist. */
bool links_set_mtu(struct links *links, const char *name, int mtu, struct error *error);

/* Makes `name` a port of Linux bridge `master`, instead of another. */
bool links_set_master(struct links *links, const char *name, const char *master,
                      struct error *error);

/* Gives the link the MAC `address`. */
bool links_set_address(struct links *links, const char *name, const char *address,
                       struct error *error);

/* Deletes the link with that interface index, whatever its name is by now, or called `name` if the
 * index is 0, if it has `alias` or is incomplete; of a veth pair, both ends. Otherwise leaves it
 * and succeeds: it is another link. Also succeeds if there is no such link. */
bool links_delete(struct links *links, int index, const char *alias, const char *name,
                  struct error *error);

/* Calls `cb` with each link whose alias begins with `prefix`, and with each that is incomplete.
 * `cb` must not call back into links. */
bool links_for_each_alias(struct links *links, const char *prefix,
                          void (*cb)(const char *name, const struct link_facts *facts, void *aux),
                          void *aux, struct error *error);

/* The links with exactly that alias, of those that the notifications have told of: fills up to
 * `max` entries of `facts` and `names`, as the links are now. Returns how many. */
size_t links_of_alias(struct links *links, const char *alias, struct link_facts *facts,
                      char (*names)[VIF_IFNAME_MAX + 1], size_t max);

/* Calls `cb` with each link that has an alias of ours, as the notifications have told. */
void links_for_each_ours(const struct links *links,
                         void (*cb)(const char *name, const struct link_facts *facts, void *aux),
                         void *aux);

/* Notifications (RTNLGRP_LINK): calls `cb` once for each link that was added, changed or removed
 * (`exists` false, *facts as they were) since the last call, with its last state. If the kernel's
 * queue overflowed, calls it once with name NULL instead: every link may have changed. Reports a
 * renamed link only under its new name. If a link had an alias of ours and has another one, or
 * none, first reports it as removed, as it was: its VIF has lost it. (The kernel tells of an alias
 * at once only if the link is up, else with the next change.) Reads a limited number of
 * notifications and never waits; links_fd() is readable (POLLIN or POLLERR) while there are more.
 */
void links_run(struct links *links,
               void (*cb)(const char *name, bool exists, const struct link_facts *facts, void *aux),
               void *aux);
int links_fd(const struct links *links);

#endif
