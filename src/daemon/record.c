#include "daemon/record.h"

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

void record_init(struct record *record)
{
    memset(record, 0, sizeof *record);
    port_spec_init(&record->spec);
}

void record_destroy(struct record *record)
{
    port_spec_destroy(&record->spec);
    free(record->error);
}

void record_clone(struct record *dst, const struct record *src)
{
    *dst = *src;
    port_spec_clone(&dst->spec, &src->spec);
    dst->error = nullable_xstrdup(src->error);
}

static void copy(char *dst, size_t size, const char *src)
{
    snprintf(dst, size, "%s", src ? src : "");
}

static void interpret_representor(struct port_spec *spec)
{
    const char *slot = smap_get(&spec->external_ids, KEY_PCI_SLOT);
    struct devargs devargs;

    spec->has_vf_address = slot && pci_addr_parse(slot, &spec->vf);
    if (devargs_parse(smap_get(&spec->options, "dpdk-devargs"), &devargs) && devargs.representor &&
        devargs.n_vfs == 1) {
        spec->has_vf = true;
        spec->pf = devargs_pf(&devargs);
        spec->vf_num = devargs.vfs[0];
    }
}

void record_interpret(struct record *record)
{
    struct port_spec *spec = &record->spec;
    const char *owner = smap_get(&spec->external_ids, KEY_OWNER);
    const char *vif_id = smap_get(&spec->external_ids, KEY_VIF_ID);
    const char *path = smap_get(&spec->options, "vhost-server-path");

    record->ours = owner && !strcmp(owner, OWNER) && vif_id && vif_id_valid(vif_id);
    copy(spec->vif_id, sizeof spec->vif_id, record->ours ? vif_id : NULL);
    spec->kind = vif_kind_from_name(smap_get(&spec->external_ids, KEY_KIND));
    copy(record->boot_id, sizeof record->boot_id, smap_get(&spec->external_ids, KEY_BOOT_ID));
    copy(record->instance, sizeof record->instance, smap_get(&spec->external_ids, KEY_VM_UUID));
    if (spec->kind == VIF_KIND_REPRESENTOR) {
        interpret_representor(spec);
    }
    if (path) {
        copy(spec->vhost_path, sizeof spec->vhost_path, path);
        spec->vhost_mode = VHOST_MODE_SERVER;
    }
}

bool record_failed(const struct record *record)
{
    return record->ofport < 0 || record->error;
}
