/* SPDX-License-Identifier: Apache-2.0 */
/* Turns IDL rows into values. */

#include "ovs/ovs-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "ovs/offload.h"
#include "ovsdb-idl.h"
#include "util.h"

struct staged_bridge *ovs_staged_bridge(const struct ovs *ovs, const char *name)
{
    struct staged_bridge *staged;

    LIST_FOR_EACH (staged, node, &ovs->staged_bridges) {
        if (!strcmp(staged->row->name, name)) {
            return staged;
        }
    }
    return NULL;
}

const struct ovsrec_bridge *ovs_bridge_row(const struct ovs *ovs, const char *name)
{
    const struct uuid *uuid = rownames_find(ovs->bridges, name);

    return uuid ? ovsrec_bridge_get_for_uuid(ovs->idl, uuid) : NULL;
}

const struct ovsrec_port *ovs_port_row(const struct ovs *ovs, const char *name)
{
    const struct uuid *uuid = rownames_find(ovs->ports, name);

    return uuid ? ovsrec_port_get_for_uuid(ovs->idl, uuid) : NULL;
}

const struct ovsrec_interface *ovs_interface_row(const struct ovs *ovs, const char *name)
{
    const struct uuid *uuid = rownames_find(ovs->interfaces, name);

    return uuid ? ovsrec_interface_get_for_uuid(ovs->idl, uuid) : NULL;
}

static const struct ovsdb_datum *ports_of(const struct ovsrec_bridge *bridge)
{
    return ovsdb_idl_read(&bridge->header_, &ovsrec_bridge_col_ports);
}

size_t ovs_n_ports(const struct ovsrec_bridge *bridge)
{
    return ports_of(bridge)->n;
}

const struct ovsrec_port *ovs_port_at(const struct ovs *ovs, const struct ovsrec_bridge *bridge,
                                      size_t i)
{
    return ovsrec_port_get_for_uuid(ovs->idl, &ports_of(bridge)->keys[i].uuid);
}

/* The IDL keeps sets of rows sorted by UUID, so this costs O(log n). */
static bool has_port(const struct ovsrec_bridge *bridge, const struct ovsrec_port *port)
{
    const struct ovsdb_datum *ports = ports_of(bridge);
    union ovsdb_atom key = {.uuid = port->header_.uuid};
    unsigned int position;

    return ovsdb_datum_find_key(ports, &key, OVSDB_TYPE_UUID, &position);
}

const struct ovsrec_bridge *ovs_bridge_of(const struct ovs *ovs, const struct ovsrec_port *port,
                                          const char *hint)
{
    const struct ovsrec_bridge *bridge = ovs_bridge_row(ovs, hint ? hint : ovs->usual_bridge);

    if (bridge && has_port(bridge, port)) {
        return bridge;
    }
    OVSREC_BRIDGE_FOR_EACH (bridge, ovs->idl) {
        if (has_port(bridge, port)) {
            return bridge;
        }
    }
    return NULL;
}

/* The limits of a VIF with a separate bridge are on its guest's port. */
static void read_limits(const struct ovs *ovs, const struct ovsrec_port *port,
                        const struct ovsrec_interface *row, struct record *record)
{
    const char *guest = record->spec.guest_port;

    if (guest[0]) {
        port = ovs_port_row(ovs, guest);
        row = ovs_interface_row(ovs, guest);
    }
    if (row) {
        ovs_read_qos(port, row, record);
    }
}

/* Whether there is more than another program's bridge with that name. */
static bool has_port_bridge(const struct ovs *ovs, const struct port_spec *spec)
{
    const struct ovsrec_bridge *bridge = ovs_bridge_row(ovs, spec->port_bridge);
    const struct ovsrec_port *guest =
        spec->guest_port[0] ? ovs_port_row(ovs, spec->guest_port) : NULL;
    bool leads_there = !strcmp(spec->type, TYPE_PATCH);

    return bridge &&
           ((leads_there && guest && has_port(bridge, guest)) ||
            ovs_port_bridge(ovs, spec->port_bridge, smap_get_def(&spec->options, OPTION_PEER, ""),
                            spec->guest_port) != PORT_BRIDGE_FOREIGN);
}

static void read_record(const struct ovs *ovs, const struct ovsrec_interface *row,
                        struct record *record)
{
    const struct ovsrec_port *port = ovs_port_row(ovs, row->name);
    const struct ovsrec_bridge *bridge = port ? ovs_bridge_of(ovs, port, NULL) : NULL;
    struct port_spec *spec = &record->spec;

    memset(record, 0, sizeof *record);
    record->borrowed = true;
    snprintf(spec->port, sizeof spec->port, "%s", row->name);
    if (bridge) {
        snprintf(spec->bridge, sizeof spec->bridge, "%s", bridge->name);
        snprintf(spec->datapath_type, sizeof spec->datapath_type, "%s",
                 option_datapath_type(bridge->datapath_type));
        snprintf(spec->fail_mode, sizeof spec->fail_mode, "%s",
                 bridge->fail_mode ? bridge->fail_mode : "");
    }
    snprintf(spec->type, sizeof spec->type, "%s", row->type);
    /* The maps borrow the row's nodes. */
    spec->options = row->options;
    spec->external_ids = row->external_ids;
    spec->mtu_request = row->n_mtu_request ? (int)*row->mtu_request : 0;
    record->ofport = row->n_ofport ? *row->ofport : 0;
    record->mtu = row->n_mtu ? (int)*row->mtu : 0;
    snprintf(record->vf_mac, sizeof record->vf_mac, "%s",
             smap_get_def(&row->status, OPTION_VF_MAC, ""));
    snprintf(record->link_state, sizeof record->link_state, "%s",
             row->link_state ? row->link_state : "");
    record->has_tag = port && port->n_tag;
    record->tag = record->has_tag ? (int)*port->tag : 0;
    record->error = row->error && row->error[0] ? row->error : NULL;
    record_interpret(record);
    record->lacks_port_bridge = spec->port_bridge[0] && !has_port_bridge(ovs, spec);
    read_limits(ovs, port, row, record);
}

static bool read_uuid(const struct ovs *ovs, const struct uuid *uuid, struct record *record)
{
    const struct ovsrec_interface *row =
        uuid ? ovsrec_interface_get_for_uuid(ovs->idl, uuid) : NULL;

    if (row) {
        read_record(ovs, row, record);
    }
    return row != NULL;
}

bool ovs_find_port(const struct ovs *ovs, const char *port, struct record *record)
{
    const struct ovsrec_interface *row = ovs_interface_row(ovs, port);

    if (row) {
        read_record(ovs, row, record);
    }
    return row != NULL;
}

struct port_settings *ovs_port_settings(const struct ovs *ovs, const char *port)
{
    const struct ovsrec_port *row = ovs_port_row(ovs, port);
    struct port_settings *settings;

    if (!row) {
        return NULL;
    }
    settings = xzalloc(sizeof *settings);
    settings->has_tag = row->n_tag > 0;
    settings->tag = row->n_tag ? *row->tag : 0;
    settings->vlan_mode = nullable_xstrdup(row->vlan_mode);
    settings->n_trunks = row->n_trunks;
    settings->trunks = xmemdup(row->trunks, row->n_trunks * sizeof *row->trunks);
    smap_clone(&settings->other_config, &row->other_config);
    return settings;
}

bool ovs_find_vif(const struct ovs *ovs, const char *vif_id, struct record *record)
{
    return read_uuid(ovs, registry_by_vif(ovs->registry, vif_id), record);
}

bool ovs_find_vf_owner(const struct ovs *ovs, const struct pci_addr *pf, int vf_num,
                       const char *except_vif_id, struct record *record)
{
    return read_uuid(ovs, registry_by_vf(ovs->registry, pf, vf_num, except_vif_id), record);
}

void ovs_bridge(const struct ovs *ovs, const char *name, struct bridge_facts *facts)
{
    const struct ovsrec_bridge *row = ovs_bridge_row(ovs, name);

    memset(facts, 0, sizeof *facts);
    facts->exists = row != NULL;
    if (row) {
        snprintf(facts->datapath_type, sizeof facts->datapath_type, "%s",
                 option_datapath_type(row->datapath_type));
    }
}

/* A bridge of OVN is not evidence for others: ovn-controller programs only its own. */
void ovs_controllers(const struct ovs *ovs, const char *name, struct controller_facts *facts)
{
    const struct ovsrec_open_vswitch *globals = ovsrec_open_vswitch_first(ovs->idl);
    const struct ovsrec_bridge *row;

    memset(facts, 0, sizeof *facts);
    if (!globals) {
        return;
    }
    facts->ovn = fail_mode_ovn_names(&globals->external_ids, name);
    OVSREC_BRIDGE_FOR_EACH (row, ovs->idl) {
        bool secure = row->fail_mode && !strcmp(row->fail_mode, "secure");

        if ((secure || row->n_controller) && strcmp(row->name, name) &&
            !fail_mode_ovn_names(&globals->external_ids, row->name)) {
            snprintf(facts->other_bridge, sizeof facts->other_bridge, "%s", row->name);
            return;
        }
    }
}

void ovs_globals(const struct ovs *ovs, struct ovs_globals *globals)
{
    const struct ovsrec_open_vswitch *row = ovsrec_open_vswitch_first(ovs->idl);

    memset(globals, 0, sizeof *globals);
    if (!row) {
        return;
    }
    globals->exist = true;
    globals->next_cfg = row->next_cfg;
    globals->cur_cfg = row->cur_cfg;
    globals->dpdk_wanted = option_dpdk_init(smap_get(&row->other_config, CONFIG_DPDK_INIT));
    globals->dpdk_initialized = row->dpdk_initialized;
    globals->ovs_version = row->ovs_version;
    globals->dpdk_version = row->dpdk_version;
    globals->dpdk_extra = smap_get(&row->other_config, CONFIG_DPDK_EXTRA);
    globals->hw_offload = smap_get_bool(&row->other_config, CONFIG_HW_OFFLOAD, false);
    globals->stats_interval_ms =
        option_stats_interval(smap_get(&row->other_config, CONFIG_STATS_INTERVAL));
    globals->hw_offload_set = smap_get(&row->external_ids, KEY_OFFLOAD_SET);
    globals->no_packet_limits = !ovs_has_packet_limits(ovs);
    globals->vhost_sock_dir = smap_get(&row->other_config, CONFIG_VHOST_SOCK_DIR);
}

void ovs_follow_vswitchd(struct ovs *ovs, unsigned int start)
{
    struct ovs_globals globals;

    if (ovs->state == OVS_SYNCED) {
        ovs_globals(ovs, &globals);
        started_value_follow(&ovs->vhost_sock_dir, globals.vhost_sock_dir, start);
    }
}

void ovs_vhost_sock_dir(const struct ovs *ovs, const char *run_dir, char *dir, size_t size)
{
    option_sock_dir(ovs->vhost_sock_dir.now, run_dir, dir, size);
}

struct each {
    const struct ovs *ovs;
    const char *type; /* Or NULL. */
    void (*cb)(const struct record *record, void *aux);
    void *aux;
};

static void each_vif(const struct uuid *uuid, const char *vif_id, void *each_)
{
    const struct each *each = each_;
    const struct ovsrec_interface *row = ovsrec_interface_get_for_uuid(each->ovs->idl, uuid);
    struct record record;

    (void)vif_id;
    if (row && (!each->type || !strcmp(row->type, each->type))) {
        read_record(each->ovs, row, &record);
        each->cb(&record, each->aux);
        record_destroy(&record);
    }
}

void ovs_for_each_vif(const struct ovs *ovs, const char *type,
                      void (*cb)(const struct record *record, void *aux), void *aux)
{
    struct each each = {ovs, type, cb, aux};

    registry_for_each_vif(ovs->registry, each_vif, &each);
}

static void add_vif_id(const struct uuid *uuid, const char *vif_id, void *ids_)
{
    char ***ids = ids_;

    (void)uuid;
    *(*ids)++ = xstrdup(vif_id);
}

char **ovs_vif_ids(const struct ovs *ovs, size_t *n)
{
    char **ids;
    char **end;

    *n = registry_n_vifs(ovs->registry);
    end = ids = xcalloc(*n + 1, sizeof *ids);
    registry_for_each_vif(ovs->registry, add_vif_id, &end);
    return ids;
}

size_t ovs_n_vifs(const struct ovs *ovs)
{
    return registry_n_vifs(ovs->registry);
}

size_t ovs_n_dpdk_ports(const struct ovs *ovs)
{
    return registry_n_attached(ovs->registry);
}

enum port_bridge_state ovs_port_bridge(const struct ovs *ovs, const char *bridge, const char *patch,
                                       const char *guest_port)
{
    const struct ovsrec_bridge *row = ovs_bridge_row(ovs, bridge);
    bool has_patch = false;
    bool has_guest = false;
    bool has_others = false;

    if (!row) {
        return PORT_BRIDGE_NONE;
    }
    for (size_t i = 0; i < ovs_n_ports(row); i++) {
        const struct ovsrec_port *port = ovs_port_at(ovs, row, i);
        const char *name = port ? port->name : "";

        has_patch |= !strcmp(name, patch);
        has_guest |= !strcmp(name, guest_port);
        has_others |= strcmp(name, patch) && strcmp(name, guest_port) && strcmp(name, bridge);
    }
    if (has_patch && has_guest) {
        return PORT_BRIDGE_WHOLE;
    }
    return has_patch || !has_others ? PORT_BRIDGE_PARTLY : PORT_BRIDGE_FOREIGN;
}

bool ovs_port_bridge_is_whole(const struct ovs *ovs, const struct port_spec *spec)
{
    return !spec->port_bridge[0] ||
           ovs_port_bridge(ovs, spec->port_bridge, smap_get_def(&spec->options, OPTION_PEER, ""),
                           spec->guest_port) == PORT_BRIDGE_WHOLE;
}

bool ovs_vif_is_on(const struct ovs *ovs, const char *vif_id, const char *bridge)
{
    const struct uuid *uuid = registry_by_vif(ovs->registry, vif_id);
    const struct ovsrec_interface *row =
        uuid ? ovsrec_interface_get_for_uuid(ovs->idl, uuid) : NULL;
    const struct ovsrec_port *port = row ? ovs_port_row(ovs, row->name) : NULL;
    const struct ovsrec_bridge *bridge_row = ovs_bridge_row(ovs, bridge);

    return port && bridge_row && has_port(bridge_row, port);
}
