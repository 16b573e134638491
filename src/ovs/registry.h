/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: which Interface rows hold which VIF and which VFs, so that a plug finds its own row
 * and a VF's present owner without looking at every row. It is derived from OVSDB alone, row by row
 * as they change, and holds no pointer into the IDL: rows are named by their UUIDs. */

#ifndef VP_REGISTRY_H
#define VP_REGISTRY_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/pci-addr.h"
#include "openvswitch/uuid.h"

struct registry;

struct registry *registry_create(void);
void registry_destroy(struct registry *registry);

/* Notes what row `uuid` holds now: `vif_id` if it is ours, `devargs` if it takes a DPDK device
 * (either may be NULL; a row with neither is forgotten). A kernel representor, which has none, is
 * told as the devargs "<PF>,representor=[<VF number>]". `attached`: vswitchd has a port of DPDK for
 * it, which counts for registry_n_attached() if the row is not forgotten. */
void registry_set(struct registry *registry, const struct uuid *uuid, const char *vif_id,
                  const char *devargs, bool attached);
void registry_remove(struct registry *registry, const struct uuid *uuid);
void registry_clear(struct registry *registry);

/* The row of a VIF, or NULL. Valid until the registry changes. */
const struct uuid *registry_by_vif(const struct registry *registry, const char *vif_id);

/* A row that takes VF number `vf_num` of `pf` (devargs with a list of PFs take it of each of them)
 * and is not VIF `except`'s (NULL: anybody's), or NULL.
 * If there are several, one that is not ours. */
const struct uuid *registry_by_vf(const struct registry *registry, const struct pci_addr *pf,
                                  int vf_num, const char *except);

/* The VIF that row `uuid` is on record as, or NULL. Valid until the registry changes. */
const char *registry_vif_of(const struct registry *registry, const struct uuid *uuid);

/* How many VIFs of ours there are. */
size_t registry_n_vifs(const struct registry *registry);

/* How many rows have a port of DPDK. */
size_t registry_n_attached(const struct registry *registry);

/* Calls `cb` with each row that is ours, and the VIF that it is on record as; `cb` must not change
 * the registry. */
void registry_for_each_vif(const struct registry *registry,
                           void (*cb)(const struct uuid *uuid, const char *vif_id, void *aux),
                           void *aux);

#endif
