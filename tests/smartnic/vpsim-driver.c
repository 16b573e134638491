/* SPDX-License-Identifier: Apache-2.0 */
/* The PCI driver: which devices it drives, and what a probe of them does.
 *
 * Probing is idempotent: the switch probes a PF again for each missing representor, and at every
 * reconfiguration for each refused one. The driver checks everything before it makes anything, and
 * a failing probe removes what it made.
 *
 * With `driver = published` (vpsim.h) VFs are probed too, and these probes make the representors.
 */

#include "vpsim-compat.h"
#include "vpsim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bus_pci_driver.h>
#include <ethdev_driver.h>
#include <rte_cycles.h>
#include <rte_devargs.h>

RTE_LOG_REGISTER(vpsim_logtype, pmd.net.vpsim, INFO)

/* The numbers in the devargs' representor=[..]; none without it. */
static int parse_numbers(const struct rte_pci_device *pci, struct rte_eth_devargs *numbers)
{
    const struct rte_devargs *devargs = pci->device.devargs;

    memset(numbers, 0, sizeof *numbers);
    if (!devargs || !devargs->args) {
        return 0;
    }
    if (vpsim_devargs_parse(devargs->args, numbers) < 0) {
        VPSIM_LOG(ERR, "%s: cannot parse %s", pci->name, devargs->args);
        return -EINVAL;
    }
    if (numbers->nb_representor_ports && (numbers->type != RTE_ETH_REPRESENTOR_VF ||
                                          numbers->nb_ports || numbers->nb_mh_controllers)) {
        VPSIM_LOG(ERR, "%s: only VFs have representors: %s", pci->name, devargs->args);
        return -ENOTSUP;
    }
    return 0;
}

static int check_numbers(const struct rte_pci_device *pci, const struct vpsim_settings *settings,
                         const struct rte_eth_devargs *numbers)
{
    for (uint16_t i = 0; i < numbers->nb_representor_ports; i++) {
        uint16_t vf = numbers->representor_ports[i];

        if (!vpsim_tree_has_vf(&pci->addr, vf)) {
            VPSIM_LOG(ERR, "%s: representor %u: no such VF", pci->name, vf);
            return -ENODEV;
        }
        if (vpsim_settings_refuse(settings, vf)) {
            VPSIM_LOG(ERR, "%s: representor %u: refused by refuse-probe", pci->name, vf);
            return -EIO;
        }
    }
    return 0;
}

/* Finds or makes the PF's ethdev. */
static struct rte_eth_dev *ensure_pf(struct rte_pci_device *pci)
{
    struct rte_eth_dev *dev = rte_eth_dev_get_by_name(pci->name);
    struct vpsim_ethdev_params params = {.pci = pci};

    if (dev) {
        return dev;
    }
    if (rte_eth_dev_create(&pci->device, pci->name, sizeof(struct vpsim_port), NULL, NULL,
                           vpsim_ethdev_init, &params)) {
        return NULL;
    }
    dev = rte_eth_dev_get_by_name(pci->name);

    /* Representors of an earlier ethdev of the PF: ethdev looks their numbers up through the PF's.
     */
    uint16_t port_id;
    RTE_ETH_FOREACH_DEV_OF(port_id, &pci->device)
    {
        const struct vpsim_port *pf = dev->data->dev_private;
        struct rte_eth_dev_data *data = rte_eth_devices[port_id].data;

        if (data->dev_flags & RTE_ETH_DEV_REPRESENTOR) {
            data->backer_port_id = dev->data->port_id;
            ((struct vpsim_port *)data->dev_private)->switch_domain = pf->switch_domain;
        }
    }
    return dev;
}

static void representor_name(const struct rte_pci_device *pci, uint16_t vf, char *name, size_t size)
{
    snprintf(name, size, "%s_representor_%u", pci->name, vf);
}

/* Makes the missing representors; all or none. */
static int make_representors(struct rte_pci_device *pci, const struct rte_eth_dev *pf,
                             const struct rte_eth_devargs *numbers)
{
    const struct vpsim_port *pf_port = pf->data->dev_private;
    uint16_t made[RTE_MAX_ETHPORTS];
    unsigned int n_made = 0;

    for (uint16_t i = 0; i < numbers->nb_representor_ports; i++) {
        struct vpsim_ethdev_params params = {
            .pci = pci,
            .representor = true,
            .vf = numbers->representor_ports[i],
            .guest_vf = numbers->representor_ports[i],
            .backer_port_id = pf->data->port_id,
            .switch_domain = pf_port->switch_domain,
        };
        char name[RTE_ETH_NAME_MAX_LEN];

        representor_name(pci, params.vf, name, sizeof name);
        if (rte_eth_dev_get_by_name(name)) {
            continue;
        }
        int error = rte_eth_dev_create(&pci->device, name, sizeof(struct vpsim_port), NULL, NULL,
                                       vpsim_ethdev_init, &params);
        if (error) {
            VPSIM_LOG(ERR, "%s: representor %u: cannot be made: %s", pci->name, params.vf,
                      strerror(-error));
            while (n_made) {
                rte_eth_dev_close(made[--n_made]);
            }
            return error;
        }
        made[n_made++] = rte_eth_dev_get_by_name(name)->data->port_id;
    }
    return 0;
}

/* --- The published driver. --- */

#define PUBLISHED_ID_MIN 2
#define PUBLISHED_ID_MAX 71

static bool is_vf(const struct rte_pci_device *pci)
{
    return pci->id.vendor_id == VPSIM_VENDOR_NAPATECH &&
           (pci->id.device_id == 0x051a || pci->id.device_id == 0x051b);
}

/* Stores in the PF the ids for its VFs. */
static int probe_published_pf(struct rte_pci_device *pci, const struct rte_eth_devargs *numbers)
{
    if (rte_eth_dev_get_by_name(pci->name)) {
        return -EEXIST; /* EAL's error for a driver without RTE_PCI_DRV_PROBE_AGAIN. */
    }
    for (uint16_t i = 0; i < numbers->nb_representor_ports; i++) {
        uint16_t id = numbers->representor_ports[i];

        if (id < PUBLISHED_ID_MIN || id > PUBLISHED_ID_MAX) {
            VPSIM_LOG(ERR, "%s: representor id %u is not from %d to %d", pci->name, id,
                      PUBLISHED_ID_MIN, PUBLISHED_ID_MAX);
            return -EINVAL;
        }
    }

    struct rte_eth_dev *dev = ensure_pf(pci);
    if (!dev) {
        return -ENOMEM;
    }
    struct vpsim_port *port = dev->data->dev_private;
    port->n_ids = numbers->nb_representor_ports;
    memcpy(port->ids, numbers->representor_ports, port->n_ids * sizeof port->ids[0]);
    return 0;
}

/* Whether the VF's devargs say sep=1. */
static bool wants_separate(const struct rte_pci_device *vf)
{
    const struct rte_devargs *devargs = vf->device.devargs;
    const char *found = devargs && devargs->args ? strstr(devargs->args, "sep=1") : NULL;

    return found && (found == devargs->args || found[-1] == ',') && (!found[5] || found[5] == ',');
}

/* Makes the representor of a VF on the PF's device, because the switch looks for it there. */
static int probe_published_vf(struct rte_pci_device *vf, const struct vpsim_settings *settings,
                              const char *pf_name)
{
    struct rte_eth_dev *pf = rte_eth_dev_get_by_name(pf_name);
    struct vpsim_port *pf_port = pf ? pf->data->dev_private : NULL;

    if (!pf) {
        VPSIM_LOG(ERR, "%s: its PF %s is not probed: no representor", vf->name, pf_name);
        return -ENODEV;
    }
    if (pf_port->n_ids_given == pf_port->n_ids) {
        VPSIM_LOG(ERR, "%s: PF %s has no id left in representor=[..]", vf->name, pf_name);
        return -ENOSPC;
    }

    struct vpsim_ethdev_params params = {
        .pci = RTE_ETH_DEV_TO_PCI(pf),
        .representor = true,
        .vf = pf_port->ids[pf_port->n_ids_given],
        .guest_vf = (uint16_t)(vf->addr.devid * 8 + vf->addr.function),
        .published = true,
        .separate = wants_separate(vf),
        .backer_port_id = pf->data->port_id,
        .switch_domain = pf_port->switch_domain,
    };
    char name[RTE_ETH_NAME_MAX_LEN];

    pf_port->n_ids_given++; /* Also if this VF fails: the ids of the others do not change. */
    if (vpsim_settings_refuse(settings, params.vf)) {
        VPSIM_LOG(ERR, "%s: representor %u: refused by refuse-probe", vf->name, params.vf);
        return -EIO;
    }
    representor_name(params.pci, params.vf, name, sizeof name);
    return rte_eth_dev_create(pf->device, name, sizeof(struct vpsim_port), NULL, NULL,
                              vpsim_ethdev_init, &params);
}

/* Only the published driver probes VFs; otherwise EAL must skip them. */
static int probe_vf(struct rte_pci_device *vf)
{
    char pf_name[PCI_PRI_STR_SIZE + 1];
    struct vpsim_settings settings;

    if (!vpsim_tree_pf_of(&vf->addr, pf_name)) {
        return 1;
    }
    vpsim_settings_load(pf_name, &settings);
    return settings.published ? probe_published_vf(vf, &settings, pf_name) : 1;
}

/* --- Functions for EAL. --- */

static int remove_card(struct rte_pci_device *pci)
{
    uint16_t port_id;

    RTE_ETH_FOREACH_DEV_OF(port_id, &pci->device)
    {
        /* ethdev does not close a started port. */
        rte_eth_dev_stop(port_id);
        rte_eth_dev_close(port_id);
    }
    return 0;
}

static int probe(struct rte_pci_driver *driver __rte_unused, struct rte_pci_device *pci)
{
    struct vpsim_settings settings;
    struct rte_eth_devargs numbers;

    if (is_vf(pci)) {
        return probe_vf(pci);
    }
    vpsim_settings_load(pci->name, &settings);
    if (settings.probe_delay_ms) {
        rte_delay_us_sleep(settings.probe_delay_ms * 1000);
    }

    int error = parse_numbers(pci, &numbers);
    if (!error && settings.published && pci->id.vendor_id == VPSIM_VENDOR_NAPATECH) {
        return probe_published_pf(pci, &numbers);
    }
    if (!error) {
        error = check_numbers(pci, &settings, &numbers);
    }
    if (error) {
        return error;
    }

    bool first = !rte_eth_dev_get_by_name(pci->name);
    struct rte_eth_dev *pf = ensure_pf(pci);
    if (!pf) {
        return -ENOMEM;
    }
    error = make_representors(pci, pf, &numbers);
    if (error && first && !rte_dev_is_probed(&pci->device)) {
        remove_card(pci);
    }
    return error;
}

static const struct rte_pci_id ids[] = {
    {RTE_PCI_DEVICE(VPSIM_VENDOR_NAPATECH, VPSIM_DEVICE_NAPATECH)},
    {RTE_PCI_DEVICE(VPSIM_VENDOR_NAPATECH, 0x051a)}, /* VFs, for the published driver. */
    {RTE_PCI_DEVICE(VPSIM_VENDOR_NAPATECH, 0x051b)},
    {RTE_PCI_DEVICE(VPSIM_VENDOR_GENERIC, VPSIM_DEVICE_GENERIC)},
    {.vendor_id = 0},
};

static struct rte_pci_driver driver = {
    .id_table = ids,
    .drv_flags = RTE_PCI_DRV_PROBE_AGAIN,
    .probe = probe,
    .remove = remove_card,
};

RTE_PMD_REGISTER_PCI(net_vpsim, driver);
RTE_PMD_REGISTER_PCI_TABLE(net_vpsim, ids);
