/* SPDX-License-Identifier: Apache-2.0 */
/* A decoded VIF as one line of text, by which VIFs of different forms are compared. */

#ifndef TEST_VIF_TEXT_H
#define TEST_VIF_TEXT_H 1

#include <inttypes.h>
#include <stdio.h>

#include "base/vif.h"

#define VIF_TEXT_LEN 1024

/* Writes every member of `vif` but form and object_name, which tell only how it came. */
static inline void vif_text(const struct vif *vif, char text[VIF_TEXT_LEN])
{
    const char *kind = vif_kind_name(vif->kind);
    const char *mode = vhost_mode_name(vif->vhost_mode);
    const struct vif_qos *qos = &vif->qos;
    char slot[PCI_ADDR_LEN] = "";

    if (vif->has_pci_slot) {
        pci_addr_format(&vif->pci_slot, slot);
    }
    snprintf(text, VIF_TEXT_LEN,
             "id=%s kind=%s address=%s bridge=%s mtu=%d datapath_type=%s interface_id=%s "
             "vif_name=%s representor_name=%s pci_slot=%s vhost_path=%s vhost_mode=%s "
             "linux_bridge=%s create_port=%d create_tap=%d multiqueue=%d has_qos=%d "
             "qos=%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64,
             vif->id,
             kind                                ? kind
             : vif->kind == VIF_KIND_HOST_DEVICE ? "host-device"
                                                 : "none",
             vif->address, vif->bridge, vif->mtu, vif->datapath_type, vif->interface_id,
             vif->vif_name, vif->representor_name, slot, vif->vhost_path, mode ? mode : "",
             vif->linux_bridge, vif->create_port, vif->create_tap, vif->multiqueue, vif->has_qos,
             qos->egress_kbps, qos->egress_burst_kb, qos->egress_kpps, qos->egress_burst_kpkt,
             qos->ingress_kbps, qos->ingress_burst_kb);
}

#endif
