/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated SR-IOV SmartNIC, as a DPDK poll-mode driver. For tests only.
 *
 * The card
 * --------
 * The driver binds the PFs of a fake PCI tree (DPDK scans $SYSFS_PCI_DEVICES in place of
 * /sys/bus/pci/devices) and makes
 *
 *   - one ethdev for the PF, named by its address: it has no wire, so it receives nothing and
 *     drops what it sends, and its link is always up;
 *   - one ethdev for each number in `representor=[..]` of the devargs, named
 *     <PF>_representor_<number>, whether they come with -a at start or with a later probe.
 *
 * A VF has no hardware either: its guest side is a vhost-user socket. The representor receives
 * what the guest sends, and the guest receives what the representor sends. The link is up while a
 * guest is connected. The socket exists from the first start of the representor until it is closed.
 *
 * Numbers must be those of VFs that the fake tree has under the PF, else the probe fails, as with a
 * real driver:
 *
 *   18f4:01c5  Napatech: device * 8 + function of a VF on the PF's bus, whatever its virtfnN
 *   fa5e:0001  an invented card, without a driver in DPDK: N of virtfnN
 *
 * VFs need other device ids than these (051a, 0002), or the driver would treat them as PFs.
 *
 * The published driver
 * --------------------
 * With `driver = published` a card with Napatech's ids behaves like Napatech's published driver
 * (2023 series) according to its source; it has not been compared with a card:
 *
 *   - The probe of a VF (18f4:051a or 18f4:051b, named with -a at start) makes its representor. The
 *     PF's representor=[..] gives the representors their ids, in the order of probing, which is
 *     EAL's: by address. A VF fails its probe if no id is left, or if its PF is not probed.
 *   - Ids are from 2 to 71.
 *   - The PF is not probed again: the driver makes representors only at the start.
 *   - A guest has link, and frames pass, only if it negotiates VIRTIO_F_RING_PACKED or
 *     VIRTIO_F_IN_ORDER.
 *   - The card connects, and the guest listens, whatever vhost-mode is. {vf} in the socket's path
 *     is the VF's number, ID*8+VF, whatever id its representor has. With sep=1 in the VF's devargs
 *     each socket has a separate directory with the socket's name: stdvio10/stdvio10.
 *   - The largest MTU is 9982, unless max-mtu sets another.
 *
 * Settings
 * --------
 * VPSIM_CONFIG in the process's environment names a file of `key = value` lines; `#` starts a
 * comment. The driver reads it again at each probe and each call that uses a key, so a test may
 * change it at any time (write a new file and rename it). `key@0000:65:00.0` is for one PF and
 * takes precedence over the plain key. A missing file or key means the default; the driver logs and
 * ignores lines that it cannot parse.
 *
 *   key             default        meaning
 *   driver          plain          published: as above. Set it before the start; do not change it
 *   vhost-socket    /usr/local/var/run/stdvio{vf}
 *                                  the socket; {vf} is the number, {pf_bus} the PF's bus (two
 *                                  hexadecimal digits), {pf} its address
 *   vhost-mode      server         the guest's role, as in Nova. server: the guest listens, and
 *                                  the card connects, and tries again if it fails; client: the
 *                                  card listens
 *   max-mtu         9600           the driver refuses larger MTUs (published: 9982)
 *   no-mac          no             yes: like a driver without the operation that sets the MAC
 *                                  address (ENOTSUP)
 *   refuse-mac      no             yes: setting it fails (EPERM)
 *   refuse-probe    (none)         numbers of representors that cannot be probed, or `all`
 *   probe-delay-ms  0              how long each probe takes
 *   log-memory      yes            no: the card does not offer VHOST_F_LOG_ALL and
 *                                  VHOST_USER_PROTOCOL_F_LOG_SHMFD, like a driver that cannot tell
 *                                  which of the guest's pages it has written. QEMU does not
 *                                  migrate such a guest
 *
 * vhost-socket, vhost-mode and log-memory apply from the first start of the representor to its end
 * (with the stand-in: from its probe). The start fails if another representor has the path.
 *
 * While a guest migrates, librte_vhost marks the pages that it writes in the log that QEMU shares
 * with it, for both rings. For a guest without VIRTIO_NET_F_GUEST_ANNOUNCE it sends the RARP frame
 * that QEMU asks for.
 *
 * Limits: one queue pair per guest (RX queues but the first stay empty, all TX queues lead to the
 * same ring), no offloads, no pf/sf representors, primary process only. */

#ifndef VPSIM_H
#define VPSIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/un.h>

#include <rte_log.h>
#include <rte_pci.h>
#include <rte_rwlock.h>

struct rte_eth_dev;
struct rte_mbuf;
struct rte_mempool;
struct rte_pci_device;

#define VPSIM_MAX_QUEUES 64
#define VPSIM_MIN_MTU 68

extern int vpsim_logtype;

/* Logs under pmd.net.vpsim; LEVEL is ERR, WARNING, INFO, ... */
#define VPSIM_LOG(LEVEL, format, ...)                                                              \
    rte_log(RTE_LOG_##LEVEL, (uint32_t)vpsim_logtype, "VPSIM: " format "\n", ##__VA_ARGS__)

/* --- vpsim-settings.c: the settings file. --- */

struct vpsim_settings {
    bool published; /* driver = published. */
    char vhost_socket[128];
    bool vhost_listen; /* The card listens (vhost-mode = client). */
    uint16_t max_mtu;
    bool no_mac;
    bool refuse_mac;
    char refuse_probe[256];
    unsigned int probe_delay_ms;
    bool no_log; /* log-memory = no. */
};

/* Reads the settings for the card whose PF has this address. */
void vpsim_settings_load(const char *pf, struct vpsim_settings *);

/* Whether the settings refuse a probe of representor `vf`. */
bool vpsim_settings_refuse(const struct vpsim_settings *, uint16_t vf);

/* Makes a socket that is registered with librte_vhost, and not started, offer no log of the memory
 * that it writes. Returns 0 or -1. */
int vpsim_settings_forbid_log(const char *path);

/* Expands the socket template into path; `separate` puts the socket into a separate directory
 * with its name. False if it does not fit. */
bool vpsim_settings_socket(const struct vpsim_settings *, const char *pf, uint16_t vf,
                           bool separate, char *path, size_t size);

/* --- vpsim-guest.c: a VF's guest, behind a vhost-user socket. --- */

/* All members are private. May be in any zeroed memory. */
struct vpsim_guest {
    LIST_ENTRY(vpsim_guest) node;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    rte_rwlock_t lock; /* Read-locked while the rings of `vid` are in use. */
    int vid;           /* librte_vhost's device, -1 without a guest. */
    bool needs_packed; /* Guests without packed or in-order rings get no link. */
};

struct vpsim_guest_options {
    bool listen;       /* The card listens. */
    bool needs_packed; /* Guests without packed or in-order rings get no link. */
    bool no_log;       /* The card cannot log the memory that it writes. */
};

/* Opens the socket, so that guests can connect. Returns 0 or a negative errno value; fails if
 * another guest has the path. */
int vpsim_guest_open(struct vpsim_guest *, const char *path, const struct vpsim_guest_options *);

/* Closes the socket and disconnects the guest. No burst may run during or after this call. */
void vpsim_guest_close(struct vpsim_guest *);

bool vpsim_guest_connected(const struct vpsim_guest *);

/* Receives up to `n` frames that the guest sent, in mbufs of `pool`; none without a guest. */
uint16_t vpsim_guest_receive(struct vpsim_guest *, struct rte_mempool *pool, struct rte_mbuf **,
                             uint16_t n);

/* Copies frames to the guest and returns how many it accepted. The caller still owns them. Any
 * number of threads may send at a time. */
uint16_t vpsim_guest_send(struct vpsim_guest *, struct rte_mbuf **, uint16_t n);

/* --- vpsim-ethdev.c: PF and representor ethdevs. --- */

/* The init_params of vpsim_ethdev_init(). */
struct vpsim_ethdev_params {
    const struct rte_pci_device *pci;
    bool representor;
    uint16_t vf;             /* Of a representor: its id. */
    uint16_t guest_vf;       /* Of a representor: the number of the VF whose guest it leads to. */
    bool published;          /* Of a representor: made by the published driver. */
    bool separate;           /* Of a representor: its socket has a separate directory. */
    uint16_t backer_port_id; /* Of a representor: the PF's ethdev. */
    uint16_t switch_domain;  /* Of a representor: the PF's. */
};

struct vpsim_rxq {
    struct vpsim_port *port;
    struct rte_mempool *pool;
    bool has_ring; /* The queue that is connected to the guest's. */
};

struct vpsim_counters {
    uint64_t packets;
    uint64_t bytes;
};

/* An ethdev's dev_private. */
struct vpsim_port {
    char pf[PCI_PRI_STR_SIZE + 1];
    uint16_t port_id;
    uint16_t vf;       /* Of a representor: its id. */
    uint16_t guest_vf; /* Like in the params. */
    uint16_t switch_domain;
    bool representor;
    bool published; /* Like in the params. */
    bool separate;  /* Like in the params. */
    /* Of a PF with the published driver: the ids of its VFs, in the order of probing. */
    uint16_t ids[RTE_MAX_ETHPORTS];
    uint16_t n_ids;
    uint16_t n_ids_given;
    bool guest_open;
    struct vpsim_guest guest; /* While guest_open. */
    struct vpsim_counters rx;
    struct vpsim_counters tx;
    struct vpsim_rxq rxqs[VPSIM_MAX_QUEUES];
};

/* For rte_eth_dev_create(), with sizeof(struct vpsim_port) of private data. The
 * ethdev's dev_close undoes it. Returns 0, or a negative errno value without leaving anything. */
int vpsim_ethdev_init(struct rte_eth_dev *, void *params);

/* --- vpsim-tree.c: the fake PCI tree. --- */

/* Whether the driver supports the PF. */
bool vpsim_tree_is_card(const struct rte_pci_addr *pf);

/* Whether the PF has a VF of that number. */
bool vpsim_tree_has_vf(const struct rte_pci_addr *pf, uint16_t number);

/* Writes the address of the VF's PF, in EAL's form. False if the device is not a VF. */
bool vpsim_tree_pf_of(const struct rte_pci_addr *vf, char name[PCI_PRI_STR_SIZE + 1]);

#define VPSIM_VENDOR_NAPATECH 0x18f4
#define VPSIM_DEVICE_NAPATECH 0x01c5
#define VPSIM_VENDOR_GENERIC 0xfa5e
#define VPSIM_DEVICE_GENERIC 0x0001

#endif
