/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: from a VIF and facts to what is to be written, without touching anything.
 *
 * It goes in two steps. spec_*() turns a VIF into the port that it should be (kind-*.c, one file a
 * kind). plan_*() compares that with what is there and says what to do. Undoing is planned the same
 * way, with what preceded as the goal.
 *
 * A replacement (another device or socket behind a port of the same type, or dpdk-vf-mac taken
 * back) goes in two transactions, since vswitchd would keep the old device open, or never look at
 * the new socket, if the options changed under a port that stays: the first writes everything but
 * gives the interface TYPE_DETACHED, the second, once vswitchd has let go, gives it its type. The
 * row and the record in it exist all the time, so a daemon that is killed in between finds it and
 * goes on. */

#ifndef VP_PLAN_H
#define VP_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"
#include "nic/nic.h"
#include "plan/fail-mode.h"
#include "plan/record.h"

/* --- From a VIF to a port. --- */

struct bridge_facts {
    bool exists;
    char datapath_type[INTERFACE_TYPE_MAX + 1]; /* "system" or "netdev", never "". */
};

/* What a VIF's port may depend on. Everything is borrowed. */
struct host_facts {
    struct bridge_facts bridge;
    bool create_bridges;
    enum fail_mode_policy fail_mode;     /* For a bridge that is missing... */
    struct controller_facts controllers; /* ...by what OVSDB shows. */
    const char *boot_id;
    const char *instance;                        /* Instance uuid. */
    int default_mtu;                             /* 0: none. */
    const char *vhost_sock_dir;                  /* Where vswitchd makes dpdkvhostuser sockets. */
    const char (*socket_dirs)[VIF_PATH_MAX + 1]; /* Directories that paths may lie in. */
    size_t n_socket_dirs;
    bool check_paths;
    bool path_dir_exists; /* The directory of vif->vhost_path exists. */
    const struct nic_vf
        *nic_vf; /* For VIFs with a PCI slot: what nic_resolve() found, or NULL... */
    const struct error *nic_error;    /* ...and then this says why. */
    const char *kernel_representor;   /* The VF's representor netdev, or NULL... */
    const struct error *kernel_error; /* ...and then this says why. */
    int kernel_vf_num;                /* The VF's number as the kernel counts (virtfnN). */
    struct pci_addr kernel_pf;
    bool guest_netdev_exists; /* There is a netdev with the VIF's vif_name. */
    bool offload_missing;     /* ensure_hw_offload = require, and hw-offload is off. */
    /* os-vif's options of these names. */
    bool isolate_vif;
    bool per_port_bridge;
    const char *default_qos_type;
};

/* Fills `spec` (which port_spec_init() prepared). Errors as in docs/api.md. */
bool plan_spec(const struct vif *vif, const struct host_facts *facts, struct port_spec *spec,
               struct error *error);

/* What os-vif's _create_vif_port() does to a port that it creates, by its options of these names.
 */
void spec_fill_new_port(bool isolate_vif, const char *default_qos_type, struct port_spec *spec);

/* One kind each; plan_spec() has filled what all kinds share. */
bool spec_representor(const struct vif *vif, const struct host_facts *facts, struct port_spec *spec,
                      struct error *error);
bool spec_vhost_user(const struct vif *vif, const struct host_facts *facts, struct port_spec *spec,
                     struct error *error);
bool spec_kernel_representor(const struct vif *vif, const struct host_facts *facts,
                             struct port_spec *spec, struct error *error);
bool spec_ovs(const struct vif *vif, const struct host_facts *facts, struct port_spec *spec,
              struct error *error);
bool spec_hybrid(const struct vif *vif, const struct host_facts *facts, struct port_spec *spec,
                 struct error *error);

/* Whether the MTU of `spec` is one that its kind of port can have. */
bool spec_check_mtu(const struct vif *vif, const struct port_spec *spec, struct error *error);

/* Whether a vhost-user path that a request gave is one that may be used. */
bool spec_check_path(const struct vif *vif, const struct host_facts *facts, struct error *error);

/* --- From a port to a plan. --- */

enum action { ACTION_NONE, ACTION_CREATE, ACTION_UPDATE, ACTION_REPLACE, ACTION_DELETE };

/* VLAN 4095, which Neutron's agent takes for dead (vif_plug_ovs.constants.DEAD_VLAN). */
#define DEAD_VLAN 4095

struct plan {
    enum action action;
    struct port_spec spec; /* The goal; for DELETE what is deleted. Always initialised. */
    bool borrowed;         /* The maps of `spec` are the goal's. */
    bool create_bridge;    /* CREATE, UPDATE: the bridge is missing. */
    bool drop_bridge; /* Remove the bridge that the port leaves too, if that leaves it empty. */
    /* A VIF that has to go for this one (its VF is claimed), in the same transaction; or "". */
    char evicted_vif[VIF_ID_MAX + 1];
    char evicted_port[PORT_NAME_MAX + 1];
    const struct port_settings *settings;          /* An undo: for a port that is inserted... */
    const struct port_settings *restored_settings; /* ...and for `restored`. Borrowed, or NULL. */
    const struct port_spec *restored; /* An undo: what was evicted comes back. Borrowed, or NULL. */
    /* UPDATE and REPLACE: what differs. */
    char old_bridge[PORT_NAME_MAX + 1]; /* Where the port is now, if not there; or "". */
    char old_port[PORT_NAME_MAX + 1];   /* CREATE: this VIF's port under another name, which goes in
                                         * the same transaction (names cannot be changed); or "". */
    char old_port_bridge[VIF_IFNAME_MAX + 1]; /* And the bridge of its own that it had; or "". */
    char old_guest_port[VIF_IFNAME_MAX + 1]; /* The guest's port on the VIF's bridge of its own that
                                              * goes for spec.guest_port; or "". */
    bool make_port_bridge; /* The VIF's bridge of its own is missing, or lacks something. */
    bool set_type;
    bool set_mtu_request;
    bool set_qos;
    struct smap set_options;    /* Keys to write. */
    struct smap remove_options; /* Keys to remove (values: what they had). */
    struct smap set_external_ids;
    struct smap remove_external_ids;
    bool needs_switch; /* vswitchd has something to do for it. */
    bool changes;      /* What the caller is told as `changed`: more than our own marks differ. */
    char why[192];     /* One sentence. */
};

void plan_init(struct plan *plan);
void plan_destroy(struct plan *plan);

/* Plans to remove a VIF's bridge of its own that is left without a record. */
void plan_port_bridge_removal(const char *bridge, struct plan *plan);

/* Plans to remove an emptied trunk bridge that no VIF is on record for. */
void plan_trunk_removal(const char *bridge, struct plan *plan);

/* What there is in the switch that a plan for one port has to respect. Records may be NULL. */
struct switch_facts {
    const struct record *current;    /* This VIF's own port. */
    const struct record *name_owner; /* The port that has spec->port as its name, if another's. */
    const struct record *vf_owner;   /* A port that has taken the VF, if another's. */
    const char *boot_id; /* A VIF of ours from an earlier boot is evicted for its VF... */
    bool evict;          /* ...and one from this boot only with on_vf_conflict. */
    bool bridge_exists;
};

/* Plans a plug; `spec` is the goal (see plan_transition()). Errors: port_conflict, vf_in_use;
 * port_conflict also if limits are asked for and the port has QoS rows of somebody else. */
bool plan_plug(const struct vif *vif, const struct port_spec *spec,
               const struct switch_facts *facts, struct plan *plan, struct error *error);

/* Plans to bring `current` (NULL: nothing there) to `goal` (NULL: nothing). Option and external_ids
 * keys of `written` (may be NULL) are taken for ours beside those that always are. `goal` has to
 * stay as it is until the plan is carried out, and may go before the plan is made anew or
 * destroyed. Never fails. */
void plan_transition(const struct record *current, const struct port_spec *goal,
                     const struct port_spec *written, bool bridge_exists, struct plan *plan);

const char *action_name(enum action action); /* "create"; "none". */

/* What the plan would write, a line each, as malloc'ed strings in a malloc'ed array (`*n` of them);
 * the steps of `host` (may be NULL) among them. */
char **plan_operations(const struct plan *plan, const struct host_plan *host, size_t *n);

#endif
