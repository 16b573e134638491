/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for the simulated SmartNIC, for releases whose driver headers are not available.
 * README.md says what it can and cannot do.
 *
 * It is not a driver. It is preloaded into ovs-vswitchd, replaces functions of DPDK's public API,
 * and gives a representor's name to a device of net_vhost, one of DPDK's drivers:
 * 0000:65:00.0,representor=[10] for vswitchd is net_vhost_0000_65_00_0_10 for DPDK. That device has
 * the VF's vhost-user socket; the stand-in adds what the driver does not have (an MTU, a MAC, the
 * attributes of a representor). */

#include "vpsim.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_net.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_vhost.h>

RTE_LOG_REGISTER(vpsim_logtype, pmd.net.vpsim, INFO)

#define NAME_FORMAT "net_vhost_%04x_%02x_%02x_%x_%u"

/* The next definition of a DPDK function, that of DPDK. */
#define REAL(function) ((__typeof__(&function))real(#function))

static void *real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (!function) {
        fprintf(stderr, "vpsim: DPDK has no %s()\n", name);
        abort();
    }
    return function;
}

/* A representor: a VF of a PF, by its number. */
struct representor {
    struct rte_pci_addr pf;
    unsigned int vf;
};

/* The settings of our ports, by port number. */
static struct {
    uint16_t mtu;
    bool started; /* Started at least once since the probe. */
    bool no_log;  /* The socket offers no log of the memory that is written. */
    char path[108];
    bool has_mac;
    struct rte_ether_addr mac;
} told[RTE_MAX_ETHPORTS];

/* --- Names. --- */

static bool parse_devargs(const char *devargs, struct representor *r)
{
    int at = 0, number = 0, end = 0;

    if (sscanf(devargs, "%x:%hhx:%hhx.%hhx,representor=%n", &r->pf.domain, &r->pf.bus, &r->pf.devid,
               &r->pf.function, &at) != 4 ||
        !at) {
        return false;
    }
    bool bracket = devargs[at] == '[';
    if (sscanf(devargs + at + bracket, "%u%n", &r->vf, &number) != 1) {
        return false;
    }
    end = at + bracket + number;
    if (bracket && devargs[end++] != ']') {
        return false;
    }
    return devargs[end] == '\0' || devargs[end] == ',';
}

static void inside_name(const struct representor *r, char *name, size_t size)
{
    snprintf(name, size, NAME_FORMAT, r->pf.domain, r->pf.bus, r->pf.devid, r->pf.function, r->vf);
}

/* Whether a port is one of our representors, and which. */
static bool is_representor(uint16_t port, struct representor *r)
{
    char name[RTE_ETH_NAME_MAX_LEN];
    unsigned int function;

    if (rte_eth_dev_get_name_by_port(port, name) ||
        sscanf(name, "net_vhost_%x_%hhx_%hhx_%x_%u", &r->pf.domain, &r->pf.bus, &r->pf.devid,
               &function, &r->vf) != 5) {
        return false;
    }
    r->pf.function = (uint8_t)function;
    return true;
}

static void settings_of(const struct representor *r, struct vpsim_settings *settings, char *pf,
                        size_t size)
{
    snprintf(pf, size, PCI_PRI_FMT, r->pf.domain, r->pf.bus, r->pf.devid, r->pf.function);
    vpsim_settings_load(pf, settings);
}

/* --- Probing. --- */

static int probe(const struct representor *r)
{
    char pf[PCI_PRI_STR_SIZE + 1], name[RTE_ETH_NAME_MAX_LEN], path[sizeof told->path], args[160];
    struct vpsim_settings settings;
    uint16_t port;

    settings_of(r, &settings, pf, sizeof pf);
    rte_delay_us_sleep(settings.probe_delay_ms * 1000);
    if (r->vf > UINT16_MAX || !vpsim_tree_has_vf(&r->pf, (uint16_t)r->vf)) {
        VPSIM_LOG(ERR, "%s: representor %u: no such VF", pf, r->vf);
        return -ENODEV;
    }
    if (vpsim_settings_refuse(&settings, (uint16_t)r->vf)) {
        VPSIM_LOG(ERR, "%s: representor %u: refused by refuse-probe", pf, r->vf);
        return -EIO;
    }
    if (!vpsim_settings_socket(&settings, pf, (uint16_t)r->vf, false, path, sizeof path)) {
        VPSIM_LOG(ERR, "%s: %s is not a path for a socket", pf, settings.vhost_socket);
        return -EINVAL;
    }
    if (settings.vhost_listen) {
        unlink(path); /* An earlier process may have left a socket. */
    }
    inside_name(r, name, sizeof name);
    snprintf(args, sizeof args, "iface=%s,client=%d", path, !settings.vhost_listen);

    int error = rte_eal_hotplug_add("vdev", name, args);
    if (!error && !rte_eth_dev_get_port_by_name(name, &port)) {
        memset(&told[port], 0, sizeof told[port]);
        told[port].mtu = RTE_ETHER_MTU;
        told[port].no_log = settings.no_log;
        strcpy(told[port].path, path);
    }
    return error;
}

/* --- Replacements of DPDK's functions. --- */

int rte_dev_probe(const char *devargs)
{
    struct representor r;

    /* DPDK does not know other cards, as with the driver. */
    return parse_devargs(devargs, &r) && vpsim_tree_is_card(&r.pf) ? probe(&r)
                                                                   : REAL(rte_dev_probe)(devargs);
}

int rte_eth_iterator_init(struct rte_dev_iterator *iterator, const char *devargs)
{
    char name[RTE_ETH_NAME_MAX_LEN];
    struct representor r;

    if (parse_devargs(devargs, &r)) {
        inside_name(&r, name, sizeof name);
        devargs = name;
    }
    return REAL(rte_eth_iterator_init)(iterator, devargs);
}

/* Whether a socket is that of a representor with log-memory = no. */
static bool forbids_log(const char *path)
{
    for (size_t i = 0; i < RTE_MAX_ETHPORTS; i++) {
        if (told[i].no_log && !strcmp(told[i].path, path)) {
            return true;
        }
    }
    return false;
}

/* net_vhost offers guests offloads that do not work when frames go to another guest: there is no
 * NIC that would compute the checksum of a frame. */
int rte_vhost_driver_start(const char *path)
{
    const uint64_t offloads = 1ull << VIRTIO_NET_F_CSUM | 1ull << VIRTIO_NET_F_GUEST_CSUM |
                              1ull << VIRTIO_NET_F_HOST_TSO4 | 1ull << VIRTIO_NET_F_HOST_TSO6 |
                              1ull << VIRTIO_NET_F_HOST_UFO | 1ull << VIRTIO_NET_F_HOST_ECN |
                              1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6 |
                              1ull << VIRTIO_NET_F_GUEST_UFO | 1ull << VIRTIO_NET_F_GUEST_ECN;

    rte_vhost_driver_disable_features(path, offloads);
    if (forbids_log(path) && vpsim_settings_forbid_log(path)) {
        return -1;
    }
    return REAL(rte_vhost_driver_start)(path);
}

int rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
    static const uint32_t flags = RTE_ETH_DEV_REPRESENTOR;
    char pf[PCI_PRI_STR_SIZE + 1];
    struct vpsim_settings settings;
    struct representor r;
    int error = REAL(rte_eth_dev_info_get)(port, info);

    if (!error && is_representor(port, &r)) {
        settings_of(&r, &settings, pf, sizeof pf);
        info->dev_flags = &flags;
        info->max_mtu = settings.max_mtu;
        info->max_rx_pktlen = settings.max_mtu + 2u * RTE_ETHER_HDR_LEN;
        info->switch_info.port_id = (uint16_t)r.vf;
    }
    return error;
}

int rte_eth_dev_set_mtu(uint16_t port, uint16_t mtu)
{
    char pf[PCI_PRI_STR_SIZE + 1];
    struct vpsim_settings settings;
    struct representor r;

    if (!is_representor(port, &r)) {
        return REAL(rte_eth_dev_set_mtu)(port, mtu);
    }
    settings_of(&r, &settings, pf, sizeof pf);
    if (mtu > settings.max_mtu) {
        return -EINVAL;
    }
    told[port].mtu = mtu;
    return 0;
}

int rte_eth_dev_get_mtu(uint16_t port, uint16_t *mtu)
{
    struct representor r;

    if (!is_representor(port, &r)) {
        return REAL(rte_eth_dev_get_mtu)(port, mtu);
    }
    *mtu = told[port].mtu;
    return 0;
}

int rte_eth_dev_start(uint16_t port)
{
    int error = REAL(rte_eth_dev_start)(port);

    told[port].started |= !error;
    return error;
}

/* net_vhost reads queues, which a port without a configuration does not have. */
static bool has_no_queues(uint16_t port)
{
    struct representor r;

    return is_representor(port, &r) && !told[port].started;
}

int rte_eth_stats_get(uint16_t port, struct rte_eth_stats *stats)
{
    if (has_no_queues(port)) {
        memset(stats, 0, sizeof *stats);
        return 0;
    }
    return REAL(rte_eth_stats_get)(port, stats);
}

int rte_eth_xstats_get_names(uint16_t port, struct rte_eth_xstat_name *names, unsigned int size)
{
    return has_no_queues(port) ? 0 : REAL(rte_eth_xstats_get_names)(port, names, size);
}

int rte_eth_xstats_get(uint16_t port, struct rte_eth_xstat *values, unsigned int size)
{
    return has_no_queues(port) ? 0 : REAL(rte_eth_xstats_get)(port, values, size);
}

int rte_eth_xstats_get_by_id(uint16_t port, const uint64_t *ids, uint64_t *values,
                             unsigned int size)
{
    return has_no_queues(port) ? 0 : REAL(rte_eth_xstats_get_by_id)(port, ids, values, size);
}

int rte_eth_dev_default_mac_addr_set(uint16_t port, struct rte_ether_addr *mac)
{
    char pf[PCI_PRI_STR_SIZE + 1];
    struct vpsim_settings settings;
    struct representor r;

    if (!is_representor(port, &r)) {
        return REAL(rte_eth_dev_default_mac_addr_set)(port, mac);
    }
    settings_of(&r, &settings, pf, sizeof pf);
    if (settings.no_mac || settings.refuse_mac) {
        return settings.no_mac ? -ENOTSUP : -EPERM;
    }
    told[port].mac = *mac;
    told[port].has_mac = true;
    return 0;
}

int rte_eth_macaddr_get(uint16_t port, struct rte_ether_addr *mac)
{
    struct representor r;
    int error = REAL(rte_eth_macaddr_get)(port, mac);

    if (!error && is_representor(port, &r) && told[port].has_mac) {
        *mac = told[port].mac;
    }
    return error;
}
