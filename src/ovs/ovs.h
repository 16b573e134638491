/* SPDX-License-Identifier: Apache-2.0 */
/* OVSDB: a replica of Open vSwitch's database, and one transaction at a time.
 *
 * Only this module uses OVSDB's IDL: it returns values (struct record) and takes plans. It keeps
 * the connection up by itself. While the connection is down, until the next monitor reply, and
 * while the database has no row in Open_vSwitch, ovs_synced() is false, and callers must not act on
 * what they read.
 *
 * The order of calls for a transaction: ovs_txn_start(), ovs_txn_stage() for each plan,
 * ovs_txn_commit(); then every pass calls ovs_run() and ovs_txn_result(), until that returns the
 * result. */

#ifndef VP_OVS_H
#define VP_OVS_H 1

#include <stdbool.h>
#include <stdint.h>

#include "plan/claim.h"
#include "plan/plan.h"
#include "plan/record.h"
#include "sset.h"

struct ovs;

/* `remote` is one that daemon/remote.h takes; never fails; connects later. */
struct ovs *ovs_create(const char *remote);
void ovs_destroy(struct ovs *ovs);

void ovs_run(struct ovs *ovs);
void ovs_wait(struct ovs *ovs);

const char *ovs_remote(const struct ovs *ovs);
bool ovs_synced(const struct ovs *ovs);

/* Fills `error` (switch_unavailable) with why ovs_synced() is false. Returns false. */
bool ovs_unavailable(const struct ovs *ovs, struct error *error);

/* How long OVSDB has not replied to the transaction that was sent, ms; 0: none is under way. */
int64_t ovs_unanswered_ms(const struct ovs *ovs);

/* Values of the Open_vSwitch row. Strings are borrowed until the next ovs_run(). */
struct ovs_globals {
    bool exist; /* There is such a row; else all of this is 0. */
    int64_t next_cfg;
    int64_t cur_cfg;
    bool dpdk_wanted;           /* By other_config:dpdk-init. */
    bool dpdk_initialized;      /* vswitchd's last value; it stays after vswitchd's end. */
    const char *ovs_version;    /* Or NULL. */
    const char *dpdk_version;   /* Or NULL. */
    const char *vhost_sock_dir; /* Relative to OVS's run directory; or NULL. */
    const char *dpdk_extra;     /* other_config:dpdk-extra; or NULL. */
    bool hw_offload;            /* other_config:hw-offload. */
    int stats_interval_ms;      /* How often vswitchd writes counters. */
    bool no_packet_limits;      /* The database's schema has no columns for them. */
    const char *hw_offload_set; /* The value of KEY_OFFLOAD_SET; or NULL. */
};
void ovs_globals(const struct ovs *ovs, struct ovs_globals *globals);

/* Keeps what the vswitchd with that vswitchd_start() has read at its start; 0: none has initialised
 * DPDK. Call it in each pass. */
void ovs_follow_vswitchd(struct ovs *ovs, unsigned int start);

/* Where the running vswitchd makes the sockets of dpdkvhostuser ports; `run_dir` is OVS's run
 * directory. */
void ovs_vhost_sock_dir(const struct ovs *ovs, const char *run_dir, char *dir, size_t size);

/* Lookups. Each find fills `record` (uninitialised before) and returns true, or returns false
 * without changing it. The record borrows from the replica until the next ovs_run(). */
void ovs_bridge(const struct ovs *ovs, const char *name, struct bridge_facts *facts);

/* Evidence that a controller will program the missing bridge `name`. */
void ovs_controllers(const struct ovs *ovs, const char *name, struct controller_facts *facts);

bool ovs_find_port(const struct ovs *ovs, const char *port, struct record *record);
bool ovs_find_vif(const struct ovs *ovs, const char *vif_id, struct record *record);
bool ovs_find_vf_owner(const struct ovs *ovs, const struct pci_addr *pf, int vf_num,
                       const char *except_vif_id, struct record *record);

/* Calls `cb` with each VIF whose interface has that type (NULL: any type). The record is borrowed
 * too. */
void ovs_for_each_vif(const struct ovs *ovs, const char *type,
                      void (*cb)(const struct record *record, void *aux), void *aux);
size_t ovs_n_vifs(const struct ovs *ovs);

/* The ids of all VIFs, malloc'ed strings in a malloc'ed array (`*n` of them): for callers that read
 * the records in parts, because to read thousands takes many milliseconds. */
char **ovs_vif_ids(const struct ovs *ovs, size_t *n);

/* Whether the port `port` of type dpdkvhostuser, of any program, has failed to make its socket
 * since ovs_forget_failed_sockets(). It may have been removed since. */
bool ovs_socket_failed(const struct ovs *ovs, const char *port);

/* One of those ports that still exists, or NULL: at each change of any port, vswitchd tries again
 * to make its socket. Valid until the next ovs_run(). */
const char *ovs_port_without_socket(const struct ovs *ovs);

/* Call it when another vswitchd process runs. */
void ovs_forget_failed_sockets(struct ovs *ovs);

/* How many DPDK ports vswitchd has, of all programs. */
size_t ovs_n_dpdk_ports(const struct ovs *ovs);

/* A port of any program, as its Interface row has it. All borrowed; "" if there is no value. */
struct port_view {
    const char *name;
    const char *type;
    const char *error;   /* vswitchd's. */
    const char *devargs; /* options:dpdk-devargs. */
    const char *driver;  /* The driver of a netdev of the kernel. */
    int mtu;             /* That vswitchd has applied; 0: not known. */
    bool ours;           /* It is a VIF's. */
};

/* Calls `cb` with each port: some 0.1 us each. */
void ovs_for_each_port(const struct ovs *ovs, void (*cb)(const struct port_view *port, void *aux),
                       void *aux);

/* Whether the port is on a bridge; then fills in which. */
bool ovs_bridge_of_port(const struct ovs *ovs, const char *name, char bridge[PORT_NAME_MAX + 1]);

/* How long the port has had the VLAN 4095, which passes no frames, as far as the daemon has seen,
 * ms; -1: it does not have it. */
int64_t ovs_dead_vlan_ms(const struct ovs *ovs, const char *port);

/* For how long the link of a port of ours has been down, and no operation was on it
 * (ovs_note_use()), as far as the daemon has seen, ms; -1: it is not down. A lost connection to
 * OVSDB begins the time anew. */
int64_t ovs_link_down_ms(const struct ovs *ovs, const char *port);

/* An operation on the port has ended: a guest may come. */
void ovs_note_use(struct ovs *ovs, const char *port);

/* Whether other_config:vhost-sock-dir has changed since vswitchd read it. */
bool ovs_sock_dir_waits(const struct ovs *ovs);

/* Which file the vhost-user socket `path` is (socket-file.h); "": its directory does not exist.
 * Reads the file system. */
void ovs_socket_file(struct ovs *ovs, const char *path, char file[SOCKET_FILE_MAX + 1]);

/* Who claims something. All borrowed. */
struct claimant {
    const char *vif_id;
    const char *port_bridge; /* Its separate bridge, present or required; or "". */
    const char *guest_port;  /* The guest's port on that; or "". */
    const char *sock_dir;    /* ovs_vhost_sock_dir(). */
};

/* Whether another than `claimant` has what `claim` says. If so, fills *owner. The claimant's own
 * are its row, and the rows of its separate bridge (per_port_bridge). Prefers a port that is not
 * ours. The owner of CLAIM_VIF is a second port with the VIF's external_ids. */
bool ovs_find_claim_owner(const struct ovs *ovs, const struct claim *claim,
                          const struct claimant *claimant, struct claim_owner *owner);

/* The columns that other programs have set on the Port row `port`; NULL if there is no row. Owned
 * by the caller. */
struct port_settings *ovs_port_settings(const struct ovs *ovs, const char *port);

/* Whether the bridge exists and has no ports except its local one and, on a trunk bridge, Neutron's
 * patch ports. */
bool ovs_bridge_is_empty(const struct ovs *ovs, const char *name);

/* The state of a VIF's separate bridge (per_port_bridge). */
enum port_bridge_state ovs_port_bridge(const struct ovs *ovs, const char *bridge, const char *patch,
                                       const char *guest_port);

/* Whether `spec` needs no separate bridge, or the bridge is whole. */
bool ovs_port_bridge_is_whole(const struct ovs *ovs, const struct port_spec *spec);

/* Whether a VIF's port is on that bridge. */
bool ovs_vif_is_on(const struct ovs *ovs, const char *vif_id, const char *bridge);

/* VIFs whose Interface rows were changed, added or removed since ovs_changes_clear(), and whether
 * the ports of any bridge were. */
const struct sset *ovs_changed_vifs(const struct ovs *ovs);
bool ovs_bridges_changed(const struct ovs *ovs);
void ovs_changes_clear(struct ovs *ovs);

/* Sends a separate transaction that sets other_config:hw-offload, and KEY_OFFLOAD_SET to `set`. No
 * function returns its result: read ovs_globals(). */
void ovs_set_hw_offload(struct ovs *ovs, const char *set);

/* Increments next_cfg, in the same way. */
void ovs_bump(struct ovs *ovs);

/* Whether a transaction can start: synced, and no transaction is under way. */
bool ovs_txn_ready(const struct ovs *ovs);
void ovs_txn_start(struct ovs *ovs);

/* Adds the writes of `plan`. If a row that the plan needs is missing, or is not where the plan has
 * it, adds nothing and fills *error: port_conflict. */
bool ovs_txn_stage(struct ovs *ovs, const struct plan *plan, struct error *error);

/* Adds an increment of next_cfg (only one, even if called several times). */
void ovs_txn_bump(struct ovs *ovs);

/* Drops a transaction that has not been sent. */
void ovs_txn_abort(struct ovs *ovs);

/* Sends the transaction. `comment` is written to the database's log. */
void ovs_txn_commit(struct ovs *ovs, const char *comment);

enum ovs_txn_result {
    OVS_TXN_NONE,      /* There is no transaction. */
    OVS_TXN_PENDING,   /* No result yet. */
    OVS_TXN_COMMITTED, /* In the database. */
    OVS_TXN_TRY_AGAIN, /* Not in the database; the replica was out of date. */
    OVS_TXN_UNCERTAIN, /* The connection broke: it may be in the database or not. */
    OVS_TXN_ERROR      /* Refused by OVSDB. */
};

/* The state of the transaction. A result other than NONE and PENDING ends it and is returned once.
 * *next_cfg is the new value of next_cfg (0 without an increment), *error OVSDB's error text
 * (malloc'ed, or NULL). */
enum ovs_txn_result ovs_txn_result(struct ovs *ovs, int64_t *next_cfg, char **error);

#endif
