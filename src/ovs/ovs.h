/* SPDX-License-Identifier: Apache-2.0 */
/* OVSDB: the replica of what Open vSwitch is configured with, and one transaction at a time.
 *
 * This is the only door to OVSDB's IDL: what goes out are values (struct record), what comes in are
 * plans. The connection is kept up by itself; while it is down, or until the first or the next
 * monitor reply has come, ovs_synced() is false and nothing that is read may be acted upon.
 *
 * A transaction goes: ovs_txn_start(), ovs_txn_stage() for each plan, ovs_txn_commit(); then every
 * pass calls ovs_run() and ovs_txn_result(), until that tells how it ended. */

#ifndef VP_OVS_H
#define VP_OVS_H 1

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"
#include "plan/record.h"
#include "sset.h"

struct ovs;

/* `remote` as in ovsdb(7) ("unix:/run/openvswitch/db.sock"); never fails, connects on its own. */
struct ovs *ovs_create(const char *remote);
void ovs_destroy(struct ovs *ovs);

void ovs_run(struct ovs *ovs);
void ovs_wait(struct ovs *ovs);

const char *ovs_remote(const struct ovs *ovs);
bool ovs_synced(const struct ovs *ovs);

/* What the Open_vSwitch row tells. Strings are borrowed until the next ovs_run(). */
struct ovs_globals {
    int64_t next_cfg;
    int64_t cur_cfg;
    bool dpdk_wanted;           /* other_config:dpdk-init is true or try. */
    bool dpdk_initialized;      /* What vswitchd said last; survives its end. */
    const char *ovs_version;    /* Or NULL. */
    const char *dpdk_version;   /* Or NULL. */
    const char *vhost_sock_dir; /* Relative to OVS's run directory; or NULL. */
    const char *dpdk_extra;     /* other_config:dpdk-extra; or NULL. */
    bool hw_offload;            /* other_config:hw-offload. */
    int64_t hw_offload_set_at;  /* When the daemon set that, ms since the epoch; 0: it did not. */
};
void ovs_globals(const struct ovs *ovs, struct ovs_globals *globals);

/* Where vswitchd makes the sockets of dpdkvhostuser ports; `run_dir` is OVS's run directory
 * (OVS's lib/dpdk.c: process_vhost_flags()). */
void ovs_vhost_sock_dir(const struct ovs *ovs, const char *run_dir, char *dir, size_t size);

/* Lookups. Each find fills `record` (uninitialised before), which then borrows from the replica
 * until the next ovs_run(), and returns true; or returns false and leaves it alone. */
void ovs_bridge(const struct ovs *ovs, const char *name, struct bridge_facts *facts);

/* What tells whether a controller is going to program a bridge called `name`, which is missing. */
void ovs_controllers(const struct ovs *ovs, const char *name, struct controller_facts *facts);

bool ovs_find_port(const struct ovs *ovs, const char *port, struct record *record);
bool ovs_find_vif(const struct ovs *ovs, const char *vif_id, struct record *record);
bool ovs_find_vf_owner(const struct ovs *ovs, const struct pci_addr *pf, int vf_num,
                       const char *except_vif_id, struct record *record);

/* Calls `cb` with each VIF whose interface is of that type (NULL: of any), borrowing as well. */
void ovs_for_each_vif(const struct ovs *ovs, const char *type,
                      void (*cb)(const struct record *record, void *aux), void *aux);
size_t ovs_n_vifs(const struct ovs *ovs);

/* The ids of all VIFs, malloc'ed strings in a malloc'ed array (`*n` of them): for those that look
 * at them some at a time, since to read the records of thousands takes many milliseconds. */
char **ovs_vif_ids(const struct ovs *ovs, size_t *n);

/* How many ports of DPDK vswitchd has, whosever they are. */
size_t ovs_n_dpdk_ports(const struct ovs *ovs);

/* Whether any interface has that iface-id. Looks at all of them. */
bool ovs_has_iface_id(const struct ovs *ovs, const char *iface_id);

/* What others have set on the Port row called `port`; NULL if there is none. Owned by the caller.
 */
struct port_settings *ovs_port_settings(const struct ovs *ovs, const char *port);

/* Whether that bridge is there and has no ports but its local one and, on a trunk bridge, Neutron's
 * patch ports. */
bool ovs_bridge_is_empty(const struct ovs *ovs, const char *name);

/* What there is of a VIF's bridge of its own. */
enum port_bridge_state ovs_port_bridge(const struct ovs *ovs, const char *bridge, const char *patch,
                                       const char *guest_port);

/* Whether `spec` needs none, or it is whole. */
bool ovs_port_bridge_is_whole(const struct ovs *ovs, const struct port_spec *spec);

/* Whether a VIF's port is on that bridge. */
bool ovs_vif_is_on(const struct ovs *ovs, const char *vif_id, const char *bridge);

/* VIFs whose Interface rows have changed, appeared or gone since ovs_changes_clear(), and whether
 * any bridge's ports have. */
const struct sset *ovs_changed_vifs(const struct ovs *ovs);
bool ovs_bridges_changed(const struct ovs *ovs);
void ovs_changes_clear(struct ovs *ovs);

/* Sends a transaction of its own that sets other_config:hw-offload and notes the time, ms since the
 * epoch. Its end is not told: what it came to is in ovs_globals(). */
void ovs_set_hw_offload(struct ovs *ovs, int64_t now);

/* Whether a transaction can be started now: synced, and none is under way. */
bool ovs_txn_ready(const struct ovs *ovs);
void ovs_txn_start(struct ovs *ovs);

/* Adds what `plan` writes. Returns false if the rows that it is about are no longer there. */
bool ovs_txn_stage(struct ovs *ovs, const struct plan *plan);

/* Adds an increment of next_cfg (once, however often it is called). */
void ovs_txn_bump(struct ovs *ovs);

/* Gives up a transaction that has not been sent. */
void ovs_txn_abort(struct ovs *ovs);

/* Sends it. `comment` goes into the database's log. */
void ovs_txn_commit(struct ovs *ovs, const char *comment);

enum ovs_txn_result {
    OVS_TXN_NONE,      /* There is no transaction. */
    OVS_TXN_PENDING,   /* Not answered yet. */
    OVS_TXN_COMMITTED, /* In the database. */
    OVS_TXN_TRY_AGAIN, /* Not in the database; the replica was out of date. */
    OVS_TXN_UNCERTAIN, /* The connection broke: it may be in the database or not. */
    OVS_TXN_ERROR      /* Refused by OVSDB. */
};

/* How the transaction stands. Anything but NONE and PENDING ends it and is told once. *next_cfg is
 * the value that it gave next_cfg (0 if it had no increment), *error OVSDB's words (malloc'ed, or
 * NULL). */
enum ovs_txn_result ovs_txn_result(struct ovs *ovs, int64_t *next_cfg, char **error);

#endif
