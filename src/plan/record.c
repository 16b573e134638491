/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/devargs.h"
#include "util.h"

void port_spec_init(struct port_spec *spec)
{
    memset(spec, 0, sizeof *spec);
    smap_init(&spec->options);
    smap_init(&spec->external_ids);
}

void port_spec_destroy(struct port_spec *spec)
{
    smap_destroy(&spec->options);
    smap_destroy(&spec->external_ids);
}

void port_spec_clone(struct port_spec *dst, const struct port_spec *src)
{
    *dst = *src;
    smap_clone(&dst->options, &src->options);
    smap_clone(&dst->external_ids, &src->external_ids);
}

void port_settings_free(struct port_settings *settings)
{
    if (settings) {
        free(settings->vlan_mode);
        free(settings->trunks);
        smap_destroy(&settings->other_config);
        free(settings);
    }
}

void record_init(struct record *record)
{
    memset(record, 0, sizeof *record);
    port_spec_init(&record->spec);
}

void record_destroy(struct record *record)
{
    if (record->borrowed) {
        return;
    }
    port_spec_destroy(&record->spec);
    free(record->error);
}

void record_clone(struct record *dst, const struct record *src)
{
    *dst = *src;
    dst->borrowed = false;
    port_spec_clone(&dst->spec, &src->spec);
    dst->error = nullable_xstrdup(src->error);
}

static void copy(char *dst, size_t size, const char *src)
{
    snprintf(dst, size, "%s", src ? src : "");
}

static void interpret_representor(struct port_spec *spec)
{
    struct devargs devargs;

    if (devargs_parse(smap_get(&spec->options, "dpdk-devargs"), &devargs) && devargs.representor &&
        devargs.n_vfs == 1) {
        spec->has_vf = true;
        spec->pf = devargs_pf(&devargs);
        spec->vf_num = devargs.vfs[0];
    }
}

static void interpret_kernel_representor(struct port_spec *spec)
{
    const char *pf = smap_get(&spec->external_ids, KEY_PF);
    int vf_num = smap_get_int(&spec->external_ids, KEY_VF_NUM, -1);

    spec->has_vf = pf && pci_addr_parse(pf, &spec->pf) && vf_num >= 0;
    spec->vf_num = vf_num;
    spec->host.kind = HOST_NETDEV;
    snprintf(spec->host.netdev, sizeof spec->host.netdev, "%.15s", spec->port);
}

void spec_name_hybrid(struct host_spec *host, const char *vif_id)
{
    host->kind = HOST_HYBRID;
    host->create = true;
    snprintf(host->peer, 15, "qvb%.11s", vif_id);
    snprintf(host->netdev, 15, "qvo%.11s", vif_id);
}

void spec_name_port_bridge(const char *vif_id, char bridge[VIF_IFNAME_MAX + 1],
                           char patch[PORT_NAME_MAX + 1])
{
    snprintf(bridge, 15, "pb%.12s", vif_id);
    snprintf(patch, PORT_NAME_MAX + 1, "pbp%.61s", vif_id);
}

/* What the record tells of links. A tap is named whether it was made here or by QEMU: its alias
 * decides whether it goes with the port. */
static void interpret_host(struct port_spec *spec)
{
    const struct smap *ids = &spec->external_ids;

    if (spec->kind == VIF_KIND_HYBRID) {
        spec_name_hybrid(&spec->host, spec->vif_id);
        copy(spec->host.linux_bridge, sizeof spec->host.linux_bridge,
             smap_get(ids, KEY_LINUX_BRIDGE));
    } else if (spec->kind == VIF_KIND_OVS) {
        copy(spec->port_bridge, sizeof spec->port_bridge, smap_get(ids, KEY_PORT_BRIDGE));
        copy(spec->guest_port, sizeof spec->guest_port, smap_get(ids, KEY_GUEST_PORT));
        spec->host.kind = HOST_TAP;
        snprintf(spec->host.netdev, sizeof spec->host.netdev, "%.15s",
                 spec->guest_port[0] ? spec->guest_port : spec->port);
    }
}

void record_interpret(struct record *record)
{
    struct port_spec *spec = &record->spec;
    const char *owner = smap_get(&spec->external_ids, KEY_OWNER);
    const char *vif_id = smap_get(&spec->external_ids, KEY_VIF_ID);
    const char *path = smap_get(&spec->options, "vhost-server-path");
    const char *slot;

    record->ours = owner && !strcmp(owner, OWNER) && vif_id && vif_id_valid(vif_id);
    copy(spec->vif_id, sizeof spec->vif_id, record->ours ? vif_id : NULL);
    spec->kind = vif_kind_from_name(smap_get(&spec->external_ids, KEY_KIND));
    copy(record->boot_id, sizeof record->boot_id, smap_get(&spec->external_ids, KEY_BOOT_ID));
    copy(record->instance, sizeof record->instance, smap_get(&spec->external_ids, KEY_VM_UUID));
    slot = smap_get(&spec->external_ids, KEY_PCI_SLOT);
    spec->has_vf_address = slot && pci_addr_parse(slot, &spec->vf);
    if (spec->kind == VIF_KIND_REPRESENTOR) {
        interpret_representor(spec);
    } else if (spec->kind == VIF_KIND_KERNEL_REPRESENTOR) {
        interpret_kernel_representor(spec);
    } else if (record->ours) {
        interpret_host(spec);
    }
    if (path) {
        copy(spec->vhost_path, sizeof spec->vhost_path, path);
        spec->vhost_mode = VHOST_MODE_SERVER;
    }
}

bool is_trunk_bridge(const char *bridge)
{
    return !strncmp(bridge, TRUNK_BRIDGE_PREFIX, strlen(TRUNK_BRIDGE_PREFIX));
}

bool record_has_limits(const struct record *record)
{
    static const struct vif_qos none;

    return !record->foreign_qos && memcmp(&record->spec.qos, &none, sizeof none) != 0;
}

bool record_awaits_netdev(const struct record *record)
{
    return record->spec.kind == VIF_KIND_OVS && record->error &&
           strstr(record->error, "No such device");
}

bool record_failed(const struct record *record)
{
    return (record->ofport < 0 || record->error) && !record_awaits_netdev(record);
}
