/* SPDX-License-Identifier: Apache-2.0 */
/* Which VIFs a guest uses, as far as the host shows it: a vhost-user socket that is connected, or a
 * tap that a process has open. What a guest does with a VF, and sockets of other network
 * namespaces, are not visible. */

#ifndef VP_GUESTS_H
#define VP_GUESTS_H 1

#include <stdbool.h>

#include "links/links.h"
#include "plan/record.h"
#include "sset.h"

/* The socket table of the kernel. */
#define GUESTS_UNIX_TABLE "/proc/net/unix"

struct guests {
    struct sset sockets; /* Paths of connected UNIX sockets. */
    struct sset taps;    /* Names of taps that are open. */
    struct sset bridges; /* Linux bridges that have one of those as a port. */
    struct sset vifs;    /* Ids of VIFs whose own links, by their alias, are among these. */
};

/* Reads how it is now. `links` may be NULL: without netlink there are no links. Returns false with
 * *error filled, and nothing to destroy, if that cannot be read. */
bool guests_read(struct guests *guests, const char *unix_table, struct links *links,
                 struct error *error);
void guests_destroy(struct guests *guests);

/* Why a guest seems to use the VIF, as a sentence (malloc'ed); NULL: it does not. `vhost_path` is
 * its vhost-user socket, or "" or NULL. `record` is NULL for a VIF that has only links. */
char *guests_use(const struct guests *guests, const char *vif_id, const struct record *record,
                 const char *vhost_path);

#endif
