/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "plan/kind.h"
#include "util.h"

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

void record_interpret(struct record *record)
{
    struct port_spec *spec = &record->spec;
    const char *owner = smap_get(&spec->external_ids, KEY_OWNER);
    const char *vif_id = smap_get(&spec->external_ids, KEY_VIF_ID);
    const char *path = smap_get(&spec->options, OPTION_VHOST_PATH);
    const char *slot;

    record->ours = owner && !strcmp(owner, OWNER) && vif_id && vif_id_valid(vif_id);
    copy(spec->vif_id, sizeof spec->vif_id, record->ours ? vif_id : NULL);
    spec->kind = vif_kind_from_name(smap_get(&spec->external_ids, KEY_KIND));
    copy(record->boot_id, sizeof record->boot_id, smap_get(&spec->external_ids, KEY_BOOT_ID));
    copy(record->instance, sizeof record->instance, smap_get(&spec->external_ids, KEY_VM_UUID));
    slot = smap_get(&spec->external_ids, KEY_PCI_SLOT);
    spec->has_vf_address = slot && pci_addr_parse(slot, &spec->vf);
    if (vif_kind_class(spec->kind)->interpret) {
        vif_kind_class(spec->kind)->interpret(spec);
    }
    if (!path && smap_get(&spec->external_ids, KEY_SOCKET)) {
        copy(spec->vhost_path, sizeof spec->vhost_path, smap_get(&spec->external_ids, KEY_SOCKET));
        spec->vhost_mode = VHOST_MODE_CLIENT;
    } else if (path) {
        copy(spec->vhost_path, sizeof spec->vhost_path, path);
        spec->vhost_mode = VHOST_MODE_SERVER;
    }
}

const char *record_settled_type(const struct record *record)
{
    const struct port_spec *spec = &record->spec;
    const struct vif_kind_class *class = vif_kind_class(spec->kind);

    return strcmp(spec->type, TYPE_DETACHED) || !class->type ? spec->type : class->type(spec);
}

bool record_has_limits(const struct record *record)
{
    static const struct vif_qos none;

    return !record->foreign_qos && memcmp(&record->spec.qos, &none, sizeof none) != 0;
}

void record_describe_tap(const struct record *record, struct link_spec *links)
{
    const struct smap *ids = &record->spec.external_ids;
    int mtu = smap_get_int(ids, KEY_TAP_MTU, 0);

    links->mtu = mtu >= VIF_MTU_MIN && mtu <= VIF_MTU_MAX ? mtu : 0;
    if (!vif_mac_parse(smap_get_def(ids, KEY_ATTACHED_MAC, ""), links->address)) {
        links->address[0] = '\0';
    }
}

bool record_netdev_may_come_later(const struct record *record)
{
    return vif_kind_class(record->spec.kind)->netdev_may_come_later && !record->spec.links.create;
}

bool record_awaits_netdev(const struct record *record)
{
    return record_netdev_may_come_later(record) && record->error &&
           strstr(record->error, "No such device");
}

bool record_failed(const struct record *record)
{
    return (record->ofport < 0 || record->error) && !record_awaits_netdev(record);
}
