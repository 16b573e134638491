/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: which Interface rows have which VIF and which claims (plan/claim.h), so that a plug
 * finds its own row and the owner of what it claims without reading every row. It is derived only
 * from OVSDB, row by row as they change, and has no pointer into the IDL: it names rows by their
 * UUIDs. Names of rows are in rownames.h. */

#ifndef VP_REGISTRY_H
#define VP_REGISTRY_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/pci-addr.h"
#include "openvswitch/uuid.h"
#include "plan/claim.h"

struct registry;

struct registry *registry_create(void);
void registry_destroy(struct registry *registry);

/* What is known of a row. All borrowed. */
struct registry_row {
    const char *vif_id; /* NULL: the row is not ours. */
    bool natural;       /* Its port has a name that is made of the VIF's id. */
    bool attached;      /* vswitchd has a DPDK port for the row. */
    const struct claim *claims;
    size_t n_claims;
};

/* Records the content of row `uuid`. Forgets a row that is not ours, claims nothing and is not
 * attached. */
void registry_set(struct registry *registry, const struct uuid *uuid,
                  const struct registry_row *row);

/* Records only whether vswitchd has a DPDK port for the row. */
void registry_set_attached(struct registry *registry, const struct uuid *uuid, bool attached);
void registry_remove(struct registry *registry, const struct uuid *uuid);
void registry_clear(struct registry *registry);

/* The row of a VIF, or NULL. Valid until the registry changes. If several rows have the VIF's marks
 * (somebody copied them), it is one with a natural name, and of several such rows the one with the
 * lowest UUID: the same after a restart. */
const struct uuid *registry_by_vif(const struct registry *registry, const char *vif_id);

/* Another row with the marks of a VIF than registry_by_vif(), or NULL. Valid until the registry
 * changes. */
const struct uuid *registry_twin_of(const struct registry *registry, const char *vif_id);

/* A claim of a row. `key` is valid until the registry changes. */
struct registry_claim {
    const struct uuid *uuid;
    const char *vif_id; /* NULL: the row is not ours. */
    enum claim_kind kind;
    const char *key;
};

/* Calls `cb` with each claim that excludes `claim`, until one call returns true. Returns whether
 * one did. `cb` must not change the registry. */
bool registry_find(const struct registry *registry, const struct claim *claim,
                   bool (*cb)(const struct registry_claim *found, void *aux), void *aux);

/* Calls `cb` with each claim of that kind, in the same way. Reads all claims. */
bool registry_scan(const struct registry *registry, enum claim_kind kind,
                   bool (*cb)(const struct registry_claim *found, void *aux), void *aux);

/* A row that uses VF number `vf_num` of `pf` and does not belong to VIF `except` (may be NULL);
 * NULL if there is none. If there are several, prefers one that is not ours. */
const struct uuid *registry_by_vf(const struct registry *registry, const struct pci_addr *pf,
                                  int vf_num, const char *except);

/* The VIF of row `uuid`, or NULL. Valid until the registry changes. */
const char *registry_vif_of(const struct registry *registry, const struct uuid *uuid);

/* The number of our VIFs. */
size_t registry_n_vifs(const struct registry *registry);

/* The number of rows with a DPDK port. */
size_t registry_n_attached(const struct registry *registry);

/* Calls `cb` with each of our VIFs and its row; `cb` must not change the registry. */
void registry_for_each_vif(const struct registry *registry,
                           void (*cb)(const struct uuid *uuid, const char *vif_id, void *aux),
                           void *aux);

#endif
