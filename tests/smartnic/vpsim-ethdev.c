/* SPDX-License-Identifier: Apache-2.0 */
/* PF and representor ethdevs: the operations that ethdev needs from a driver. */

#include "vpsim-compat.h"
#include "vpsim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bus_pci_driver.h>
#include <ethdev_driver.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

/* Header, CRC and two VLAN tags. */
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 2 * RTE_VLAN_HLEN)

static void count(struct vpsim_counters *counters, uint64_t packets, uint64_t bytes)
{
    __atomic_fetch_add(&counters->packets, packets, __ATOMIC_RELAXED);
    __atomic_fetch_add(&counters->bytes, bytes, __ATOMIC_RELAXED);
}

/* --- Bursts. --- */

static uint16_t receive_burst(void *queue, struct rte_mbuf **frames, uint16_t n)
{
    struct vpsim_rxq *rxq = queue;
    uint64_t bytes = 0;

    if (!rxq->has_ring) {
        return 0;
    }
    n = vpsim_guest_receive(&rxq->port->guest, rxq->pool, frames, n);
    for (uint16_t i = 0; i < n; i++) {
        frames[i]->port = rxq->port->port_id;
        bytes += frames[i]->pkt_len;
    }
    if (n) {
        count(&rxq->port->rx, n, bytes);
    }
    return n;
}

static uint16_t send_burst(void *queue, struct rte_mbuf **frames, uint16_t n)
{
    struct vpsim_port *port = queue;
    uint64_t bytes = 0;

    /* The PF drops everything; the caller keeps frames that a guest does not accept. */
    if (port->representor) {
        n = vpsim_guest_send(&port->guest, frames, n);
    }
    for (uint16_t i = 0; i < n; i++) {
        bytes += frames[i]->pkt_len;
        rte_pktmbuf_free(frames[i]);
    }
    if (n) {
        count(&port->tx, n, bytes);
    }
    return n;
}

/* --- Operations. --- */

static int dev_configure(struct rte_eth_dev *dev __rte_unused)
{
    return 0;
}

static int link_update(struct rte_eth_dev *dev, int wait __rte_unused)
{
    const struct vpsim_port *port = dev->data->dev_private;
    bool up = !port->representor || (port->guest_open && vpsim_guest_connected(&port->guest));
    struct rte_eth_link link = {
        .link_speed = RTE_ETH_SPEED_NUM_25G,
        .link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
        .link_autoneg = RTE_ETH_LINK_FIXED,
        .link_status = up ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN,
    };

    return rte_eth_linkstatus_set(dev, &link);
}

/* Opens the socket at the first start, not at the probe: otherwise a port that the switch cannot
 * configure would appear to the guest and disappear at every retry. */
static int dev_start(struct rte_eth_dev *dev)
{
    struct vpsim_port *port = dev->data->dev_private;
    struct vpsim_settings settings;
    char path[sizeof port->guest.path];

    if (!port->representor || port->guest_open) {
        return 0;
    }
    vpsim_settings_load(port->pf, &settings);
    if (!vpsim_settings_socket(&settings, port->pf, port->guest_vf, port->separate, path,
                               sizeof path)) {
        VPSIM_LOG(ERR, "%s: %s is not a path for a socket", port->pf, settings.vhost_socket);
        return -EINVAL;
    }
    const struct vpsim_guest_options options = {
        .listen = settings.vhost_listen && !port->published,
        .needs_packed = port->published,
        .no_log = settings.no_log,
    };
    int error = vpsim_guest_open(&port->guest, path, &options);
    if (error) {
        VPSIM_LOG(ERR, "%s: representor %u: cannot open %s: %s", port->pf, port->vf, path,
                  strerror(-error));
        return error;
    }
    port->guest_open = true;
    return 0;
}

/* The guest stays connected: the switch stops ports to change them. */
static int dev_stop(struct rte_eth_dev *dev __rte_unused)
{
    return 0;
}

static int dev_close(struct rte_eth_dev *dev)
{
    struct vpsim_port *port = dev->data->dev_private;

    if (port->guest_open) {
        vpsim_guest_close(&port->guest);
        port->guest_open = false;
    }
    if (!port->representor) {
        rte_eth_switch_domain_free(port->switch_domain);
    }
    return 0;
}

static int dev_infos_get(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
    const struct vpsim_port *port = dev->data->dev_private;
    struct vpsim_settings settings;

    vpsim_settings_load(port->pf, &settings);
    info->min_mtu = VPSIM_MIN_MTU;
    info->max_mtu = settings.max_mtu;
    info->max_rx_pktlen = settings.max_mtu + (uint32_t)FRAME_OVERHEAD;
    info->min_rx_bufsize = RTE_ETHER_MIN_LEN;
    info->max_rx_queues = VPSIM_MAX_QUEUES;
    info->max_tx_queues = VPSIM_MAX_QUEUES;
    info->max_mac_addrs = 1;
    info->speed_capa = RTE_ETH_LINK_SPEED_25G;
    info->switch_info.name = port->pf;
    info->switch_info.domain_id = port->switch_domain;
    info->switch_info.port_id = port->representor ? port->vf : UINT16_MAX;
    return 0;
}

static int mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
    const struct vpsim_port *port = dev->data->dev_private;
    struct vpsim_settings settings;

    vpsim_settings_load(port->pf, &settings);
    return mtu <= settings.max_mtu ? 0 : -EINVAL;
}

static int mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *address __rte_unused)
{
    const struct vpsim_port *port = dev->data->dev_private;
    struct vpsim_settings settings;

    vpsim_settings_load(port->pf, &settings);
    return settings.no_mac ? -ENOTSUP : settings.refuse_mac ? -EPERM : 0;
}

static int rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t descriptors __rte_unused,
                          unsigned int socket __rte_unused,
                          const struct rte_eth_rxconf *conf __rte_unused, struct rte_mempool *pool)
{
    struct vpsim_port *port = dev->data->dev_private;

    port->rxqs[id] =
        (struct vpsim_rxq){.port = port, .pool = pool, .has_ring = port->representor && id == 0};
    dev->data->rx_queues[id] = &port->rxqs[id];
    return 0;
}

static int tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t descriptors __rte_unused,
                          unsigned int socket __rte_unused,
                          const struct rte_eth_txconf *conf __rte_unused)
{
    dev->data->tx_queues[id] = dev->data->dev_private;
    return 0;
}

static int stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *stats)
{
    const struct vpsim_port *port = dev->data->dev_private;

    stats->ipackets = __atomic_load_n(&port->rx.packets, __ATOMIC_RELAXED);
    stats->ibytes = __atomic_load_n(&port->rx.bytes, __ATOMIC_RELAXED);
    stats->opackets = __atomic_load_n(&port->tx.packets, __ATOMIC_RELAXED);
    stats->obytes = __atomic_load_n(&port->tx.bytes, __ATOMIC_RELAXED);
    return 0;
}

static int stats_get_queues(struct rte_eth_dev *dev, struct rte_eth_stats *stats,
                            struct eth_queue_stats *queues __rte_unused)
{
    return stats_get(dev, stats);
}

static int stats_reset(struct rte_eth_dev *dev)
{
    struct vpsim_port *port = dev->data->dev_private;

    port->rx = (struct vpsim_counters){0};
    port->tx = (struct vpsim_counters){0};
    return 0;
}

/* Frames of any address pass between a guest and its representor. */
static int accept_all(struct rte_eth_dev *dev __rte_unused)
{
    return 0;
}

static const struct eth_dev_ops ops = {
    .dev_configure = dev_configure,
    .dev_start = dev_start,
    .dev_stop = dev_stop,
    .dev_close = dev_close,
    .dev_infos_get = dev_infos_get,
    .link_update = link_update,
    .mtu_set = mtu_set,
    .mac_addr_set = mac_addr_set,
    .promiscuous_enable = accept_all,
    .promiscuous_disable = accept_all,
    .allmulticast_enable = accept_all,
    .allmulticast_disable = accept_all,
    .rx_queue_setup = rx_queue_setup,
    .tx_queue_setup = tx_queue_setup,
    .stats_get = VPSIM_STATS_GET(stats_get, stats_get_queues),
    .stats_reset = stats_reset,
};

/* --- Creation. --- */

/* A unique address for each port: locally administered, the same after each probe. */
static struct rte_ether_addr *new_mac(const struct rte_pci_addr *pf, bool representor, uint16_t vf)
{
    struct rte_ether_addr *mac = rte_zmalloc("vpsim", sizeof *mac, 0);

    if (mac) {
        const uint8_t bytes[] = {(uint8_t)(representor ? 0x02 : 0x06),
                                 0x56,
                                 pf->bus,
                                 (uint8_t)(pf->devid << 3 | pf->function),
                                 (uint8_t)(vf >> 8),
                                 (uint8_t)vf};
        memcpy(mac->addr_bytes, bytes, sizeof bytes);
    }
    return mac;
}

int vpsim_ethdev_init(struct rte_eth_dev *dev, void *params_)
{
    const struct vpsim_ethdev_params *params = params_;
    struct vpsim_port *port = dev->data->dev_private;

    snprintf(port->pf, sizeof port->pf, "%s", params->pci->name);
    port->port_id = dev->data->port_id;
    port->representor = params->representor;
    port->vf = params->vf;
    port->guest_vf = params->guest_vf;
    port->published = params->published;
    port->separate = params->separate;

    /* ethdev frees it, also on failure. */
    dev->data->mac_addrs = new_mac(&params->pci->addr, params->representor, params->vf);
    if (!dev->data->mac_addrs) {
        return -ENOMEM;
    }
    dev->dev_ops = &ops;
    dev->rx_pkt_burst = receive_burst;
    dev->tx_pkt_burst = send_burst;
    if (params->representor) {
        port->switch_domain = params->switch_domain;
        dev->data->dev_flags |= RTE_ETH_DEV_REPRESENTOR;
        dev->data->representor_id = params->vf;
        dev->data->backer_port_id = params->backer_port_id;
        return 0;
    }
    return rte_eth_switch_domain_alloc(&port->switch_domain);
}
