/* SPDX-License-Identifier: Apache-2.0 */
/* What checks look at: values. The daemon fills them in (daemon/check-facts.h), those of the host
 * in a thread of their own (host-reader.h). */

#ifndef VP_CHECK_FACTS_H
#define VP_CHECK_FACTS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/pci-addr.h"
#include "base/vif.h"
#include "nic/nic-profile.h"
#include "nic/nic.h"
#include "nic/sysfs.h"

/* --- The host, as files and the name service show it. --- */

#define HOST_USER_GROUPS_MAX 64
#define HOST_NODES_MAX 16
#define HOST_DIRS_MAX 48
#define HOST_TEXT_LEN 512
#define HOST_NAME_LEN 64

/* A user of the host. */
struct host_user {
    char name[HOST_NAME_LEN]; /* The name that was looked up; "": none. */
    bool exists;
    uid_t uid;
    gid_t gid;
    gid_t groups[HOST_USER_GROUPS_MAX];
    size_t n_groups;
};

/* The hugepages of a NUMA node, of all sizes. */
struct host_node {
    int node; /* -1: of the whole host, which has no nodes. */
    int64_t total_kib;
    int64_t free_kib;
};

/* A PF that can have VFs. */
struct host_card {
    struct pci_addr pf;
    char driver[SYSFS_NAME_LEN];    /* Or "". */
    char profile[NIC_NAME_MAX + 1]; /* The NIC profile that applies; "": none. */
    bool specific;                  /* The profile names this PF or its ids, not all cards. */
    int numa_node;                  /* -1: not known. */
    int numvfs;                     /* sriov_numvfs; -1: not known. */
    bool serves_sockets;            /* The card serves vhost-user sockets of its VFs. */
    bool has_netdevs;               /* The kernel has netdevs of the PF. */
    bool is_switchdev;              /* One of them has a switch id. */
    size_t n_vfs;                   /* In sysfs. */
    size_t n_without_driver;        /* VFs without a driver, the first of them: */
    struct pci_addr without_driver;
    size_t n_with_vfio; /* VFs whose driver gives them to processes. */
    size_t n_of_kernel; /* VFs with another driver, the first of them: */
    struct pci_addr of_kernel;
    char kernel_driver[SYSFS_NAME_LEN];
    char problem[HOST_TEXT_LEN]; /* Of all its VFs, a sentence; or "". */
    size_t n_vf_problems;        /* VFs with a driver and another problem, the first of them: */
    struct pci_addr problem_vf;
    char vf_problem[HOST_TEXT_LEN];
    char clash_socket[VIF_PATH_MAX + 1]; /* A socket that another card serves too; or "". */
    struct pci_addr clash_pf;            /* That card. */
};

/* A directory of vhost-user sockets. */
struct host_dir {
    char path[VIF_PATH_MAX + 1];
    bool exists;
    bool of_card;              /* A card's sockets are there... */
    bool qemu_makes;           /* ...and QEMU makes them. */
    bool may_search;           /* QEMU's user may reach files in it. */
    bool may_write;            /* QEMU's user may make files in it. */
    char owner[HOST_NAME_LEN]; /* Names, or numbers without one. */
    char group[HOST_NAME_LEN];
    mode_t mode; /* The permissions. */
};

struct host_facts {
    struct host_user nova; /* The user of nova-compute. */
    struct host_user qemu; /* The user that runs QEMU. */
    const char *qemu_conf; /* libvirt's file that may name that user; outlives all readings. */
    int qemu_conf_error;   /* Why it could not be read, an errno; 0: it was read. */
    bool qemu_configured;  /* It names the user. */
    bool group_exists;     /* The group of the API socket. */
    bool has_socket;       /* The API socket is there: */
    gid_t socket_gid;
    char socket_group[HOST_NAME_LEN]; /* Its name, or the number. */
    mode_t socket_mode;
    bool has_config;
    struct timespec config_mtime;
    struct host_node nodes[HOST_NODES_MAX];
    size_t n_nodes;
    bool has_pci;         /* sysfs shows PCI devices; without it nothing is known of cards. */
    bool has_iommu_table; /* sysfs has the directory of IOMMU groups. */
    size_t n_iommu_groups;
    bool unsafe_noiommu; /* vfio may be used without an IOMMU. */
    struct host_card cards[NIC_PFS_MAX];
    size_t n_cards;
    struct host_dir dirs[HOST_DIRS_MAX];
    size_t n_dirs;
};

/* --- The daemon and the switch. --- */

#define CHECK_UPLINKS_MAX 64
#define CHECK_NAME_LEN 160

struct daemon_facts {
    const char *config_path;
    bool had_config; /* There was a configuration file when it was last read. */
    struct timespec config_mtime;
    const char *waiting; /* Settings that were read and wait for a restart: "socket, db"; or "". */
    const char *socket;
    const char *socket_group;
    bool socket_inherited; /* The socket is the service manager's; socket_group has no effect. */
    bool nova_may_plug;    /* The configuration allows the user of nova-compute to plug. */
};

/* A port that connects a bridge to the network. */
struct uplink_facts {
    char port[CHECK_NAME_LEN];
    char bridge[CHECK_NAME_LEN];
    int mtu;
    bool has_pf; /* It is the port of that PF: */
    struct pci_addr pf;
};

/* A port of another program that vswitchd could not make. */
struct failed_port {
    char port[CHECK_NAME_LEN];
    char bridge[CHECK_NAME_LEN]; /* A bridge with VIFs. */
    char error[HOST_TEXT_LEN];
};

struct vswitch_facts {
    bool ovsdb_synced;
    const char *ovsdb_problem;    /* A sentence; or NULL. */
    const char *vswitchd_problem; /* The same. */
    const char *socket_problem;   /* The same. */
    int64_t unanswered_ms;        /* How long vswitchd has not answered a next_cfg. */
    int64_t next_cfg;
    int64_t cur_cfg;
    const char *ovs_version;  /* Or NULL. */
    const char *dpdk_version; /* Or NULL. */
    bool dpdk_wanted;
    bool dpdk_initialized;
    bool dpdk_starting;  /* vswitchd is initialising DPDK, or may be. */
    bool uses_dpdk;      /* There are ports of DPDK. */
    bool extra_waits;    /* dpdk-extra has changed since vswitchd's start... */
    bool sock_dir_waits; /* ...and vhost-sock-dir. */
    bool offload_wanted; /* ensure_hw_offload is not "report". */
    bool offload_needed; /* It is "require". */
    const char *offload; /* In effect: "yes", "no", "restart_required", "unknown". */
    size_t n_dpdk_ports;
    const struct uplink_facts *uplinks;
    size_t n_uplinks;
    const struct failed_port *failed_ports;
    size_t n_failed_ports;
    const char *const *left_links; /* VIFs that are not on record and have links. */
    size_t n_left_links;
};

struct check_facts {
    struct daemon_facts daemon;
    struct vswitch_facts sw;
    const struct host_facts *host; /* NULL: it could not be read in time. */
};

/* --- One VIF. Strings are borrowed; "" if there is none. --- */

struct vif_facts {
    const char *vif_id;
    const char *port;
    const char *bridge;
    const char *state; /* As replies name it. */
    const char *error; /* vswitchd's. */
    const char *drift; /* What others have changed first: "mtu_request is '9000', expected ''". */
    bool realized;     /* vswitchd has the port. */
    const char *link_state; /* "up", "down", or "". */
    bool vhost_user;        /* A guest connects to a socket. */
    int mtu;                /* That vswitchd applied; 0: not known. */
    int mtu_request;        /* 0: none. */
    bool has_pf;            /* The VF's PF. */
    struct pci_addr pf;
    int64_t dead_vlan_ms; /* How long the port has had the VLAN 4095; -1: it has not. */
    const char *mac;
    const char *mac_vif; /* Another VIF with this MAC. */
    const char *iface_id;
    const char *iface_id_port; /* Another port with this iface-id. */
    const char *socket;        /* Of the port or of the card's VF; or "". */
    const char *socket_port;   /* Another port with this socket. */
    bool qemu_makes_socket;
};

#endif
