/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: which Interface rows have which VIF and which VFs, so that a plug finds its own row
 * and a VF's present owner without reading every row. It is derived only from OVSDB, row by row as
 * they change, and has no pointer into the IDL: it names rows by their UUIDs. */

#ifndef VP_REGISTRY_H
#define VP_REGISTRY_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/pci-addr.h"
#include "openvswitch/uuid.h"

struct registry;

struct registry *registry_create(void);
void registry_destroy(struct registry *registry);

/* Records the content of row `uuid`: `vif_id` if it is ours, `devargs` if it uses a DPDK device
 * (either may be NULL; a row with neither is removed). A kernel representor has no devargs; callers
 * pass "<PF>,representor=[<VF number>]". `attached`: vswitchd has a DPDK port for the row;
 * registry_n_attached() counts it unless the row is removed. */
void registry_set(struct registry *registry, const struct uuid *uuid, const char *vif_id,
                  const char *devargs, bool attached);
void registry_remove(struct registry *registry, const struct uuid *uuid);
void registry_clear(struct registry *registry);

/* The row of a VIF, or NULL. Valid until the registry changes. */
const struct uuid *registry_by_vif(const struct registry *registry, const char *vif_id);

/* A row that uses VF number `vf_num` of `pf` (devargs with a list of PFs use that VF of each of
 * them) and does not belong to VIF `except` (may be NULL); NULL if there is none. If there are
 * several, prefers one that is not ours. */
const struct uuid *registry_by_vf(const struct registry *registry, const struct pci_addr *pf,
                                  int vf_num, const char *except);

/* The VIF of row `uuid`, or NULL. Valid until the registry changes. */
const char *registry_vif_of(const struct registry *registry, const struct uuid *uuid);

/* The number of our VIFs. */
size_t registry_n_vifs(const struct registry *registry);

/* The number of rows with a DPDK port. */
size_t registry_n_attached(const struct registry *registry);

/* Calls `cb` with each of our rows and its VIF; `cb` must not change the registry. */
void registry_for_each_vif(const struct registry *registry,
                           void (*cb)(const struct uuid *uuid, const char *vif_id, void *aux),
                           void *aux);

#endif
