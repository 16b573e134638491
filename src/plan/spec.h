/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a VIF and facts into the port that it must become. One file for each kind of VIF
 * (kind-*.c). */

#ifndef VP_SPEC_H
#define VP_SPEC_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"
#include "nic/nic.h"
#include "plan/fail-mode.h"
#include "plan/record.h"

struct bridge_facts {
    bool exists;
    char datapath_type[INTERFACE_TYPE_MAX + 1]; /* "system" or "netdev", never "". */
};

/* What a VIF's port may depend on. Everything is borrowed. */
struct spec_facts {
    struct bridge_facts bridge;
    bool create_bridges;
    enum fail_mode_policy fail_mode;     /* For a missing bridge... */
    struct controller_facts controllers; /* ...by what OVSDB shows; also set for isolate_vif. */
    const char *boot_id;
    const char *instance;       /* Instance uuid. */
    int default_mtu;            /* 0: none. */
    const char *vhost_sock_dir; /* Where vswitchd makes dpdkvhostuser sockets. */
    bool path_is_switchs; /* vif->vhost_path names the socket that vswitchd makes there, through
                             links; false if spec_may_look_at_path() is. */
    const char (*socket_dirs)[VIF_PATH_MAX + 1]; /* The directories that may contain sockets. */
    size_t n_socket_dirs;
    bool check_paths;
    bool path_dir_exists; /* The directory of vif->vhost_path exists; false if
                             spec_may_look_at_path() is. */
    const struct nic_vf
        *nic_vf; /* For VIFs with a PCI slot: the result of nic_resolve(), or NULL... */
    const struct error *nic_error;    /* ...and then this says why. */
    const char *kernel_representor;   /* The VF's representor netdev, or NULL... */
    const struct error *kernel_error; /* ...and then this says why. */
    int kernel_vf_num;                /* The kernel's number of the VF (virtfnN). */
    struct pci_addr kernel_pf;
    bool guest_netdev_exists;    /* A netdev with the VIF's vif_name exists... */
    bool guest_netdev_is_others; /* ...and vifplugd did not make it for this VIF. */
    bool offload_missing;        /* ensure_hw_offload = require, and hw-offload is off. */
    /* The settings with the names of os-vif's options. */
    bool isolate_vif;
    bool per_port_bridge;
    const char *default_qos_type;
};

/* Fills `spec` (initialised by port_spec_init()). docs/api.md describes the errors. */
bool plan_spec(const struct vif *vif, const struct spec_facts *facts, struct port_spec *spec,
               struct error *error);

/* Fills in what os-vif's _create_vif_port() sets on a port that it creates, by its options of these
 * names. `ovn`: the bridge is that of an ovn-controller. */
void spec_fill_new_port(bool isolate_vif, bool ovn, const char *default_qos_type,
                        struct port_spec *spec);

/* Returns whether its kind of port can have the MTU of `spec`. */
bool spec_check_mtu(const struct vif *vif, const struct port_spec *spec, struct error *error);

/* Returns whether the loop may look at the vhost-user path of the request: the configuration names
 * its directory, or the card's profile names the socket. A look at another file system (NFS, an
 * automounter) may never end. All facts but path_dir_exists must be there. */
bool spec_may_look_at_path(const struct vif *vif, const struct spec_facts *facts);

/* Returns whether the VIF may use the vhost-user path of the request. */
bool spec_check_path(const struct vif *vif, const struct spec_facts *facts, struct error *error);

/* Has `spec`, a plug without limits that changes the VIF's kind, keep the limits of `current` in
 * those directions in which they act on the new port, and remove the others. */
void spec_keep_limits(const struct vif *vif, const struct record *current, struct port_spec *spec);

/* Fills `spec` (uninitialised) with the goal of an update: `current`, whose port has MTU `mtu_now`
 * (0: unknown), with the MTU and the limits of `vif`. `default_qos_type`: the option of that name.
 * Errors: invalid_request. */
bool spec_update(const struct vif *vif, const struct record *current, int mtu_now,
                 const char *default_qos_type, struct port_spec *spec, struct error *error);

#endif
