/* SPDX-License-Identifier: Apache-2.0 */
/* Turns plans into the writes of one transaction. */

#include "ovs/ovs-private.h"

#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "ovsdb-idl.h"
#include "util.h"

static struct staged_bridge *note_bridge(struct ovs *ovs, const struct ovsrec_bridge *row)
{
    struct staged_bridge *staged = ovs_staged_bridge(ovs, row->name);

    if (!staged) {
        staged = xzalloc(sizeof *staged);
        staged->row = row;
        ovs_list_push_back(&ovs->staged_bridges, &staged->node);
    }
    return staged;
}

static struct ovsrec_port *insert_port(struct ovs *ovs, const char *name,
                                       struct ovsrec_interface **interfacep)
{
    struct ovsrec_interface *interface = ovsrec_interface_insert(ovs->txn);
    struct ovsrec_port *port = ovsrec_port_insert(ovs->txn);

    ovsrec_interface_set_name(interface, name);
    ovsrec_port_set_name(port, name);
    ovsrec_port_set_interfaces(port, &interface, 1);
    *interfacep = interface;
    return port;
}

static void add_created_port(struct staged_bridge *staged, struct ovsrec_port *port)
{
    /* ovsrec_bridge_set_ports() takes an array of pointers. */
    /* NOLINTNEXTLINE(bugprone-sizeof-expression) */
    staged->ports = xrealloc(staged->ports, (staged->n_ports + 1) * sizeof *staged->ports);
    staged->ports[staged->n_ports++] = port;
}

/* Makes what `ovs-vsctl add-br` makes: the bridge and its local port of type internal. Writes
 * `fail_mode` unless it is "". */
static struct staged_bridge *create_bridge(struct ovs *ovs, const char *name,
                                           const char *datapath_type, const char *fail_mode)
{
    struct ovsrec_bridge *row = ovsrec_bridge_insert(ovs->txn);
    struct ovsrec_interface *interface;
    struct staged_bridge *staged;

    ovsrec_bridge_set_name(row, name);
    ovsrec_bridge_set_datapath_type(row, datapath_type);
    if (fail_mode[0]) {
        ovsrec_bridge_set_fail_mode(row, fail_mode);
    }
    staged = note_bridge(ovs, row);
    staged->created = true;
    add_created_port(staged, insert_port(ovs, name, &interface));
    ovsrec_interface_set_type(interface, TYPE_INTERNAL);
    ovsrec_open_vswitch_update_bridges_addvalue(ovsrec_open_vswitch_first(ovs->idl), row);
    return staged;
}

/* Puts `port` on its bridge; makes the bridge if it is missing and `may_create`. */
static bool attach(struct ovs *ovs, const struct port_spec *spec, struct ovsrec_port *port,
                   bool may_create)
{
    struct staged_bridge *staged = ovs_staged_bridge(ovs, spec->bridge);
    const struct ovsrec_bridge *row;

    if (!staged || !staged->created) {
        row = ovs_bridge_row(ovs, spec->bridge);
        if (row) {
            ovsrec_bridge_update_ports_addvalue(row, port);
            note_bridge(ovs, row)->n_added++;
            return true;
        }
        if (!may_create) {
            return false;
        }
        staged = create_bridge(ovs, spec->bridge, spec->datapath_type, spec->fail_mode);
    }
    add_created_port(staged, port);
    return true;
}

/* Whether a port keeps its bridge: all do except the local port and, on trunk bridges, Neutron's
 * patch ports, which exist for the VIF's port. A patch port of ours (per_port_bridge) is a VIF's
 * port. */
static bool is_keeper(const struct ovsrec_bridge *bridge, const struct ovsrec_port *port)
{
    const struct ovsrec_interface *interface = port->n_interfaces == 1 ? port->interfaces[0] : NULL;
    bool patch = interface && is_trunk_bridge(bridge->name) &&
                 !strcmp(interface->type, TYPE_PATCH) &&
                 strcmp(smap_get_def(&interface->external_ids, KEY_OWNER, ""), OWNER);

    return strcmp(port->name, bridge->name) && !patch;
}

/* Takes a port off its bridge, finally or (`moves`) to put it on another bridge. */
static bool detach(struct ovs *ovs, const char *port_name, const char *bridge_hint, bool drop,
                   bool moves)
{
    const struct ovsrec_port *port = ovs_port_row(ovs, port_name);
    const struct ovsrec_bridge *bridge = port ? ovs_bridge_of(ovs, port, bridge_hint) : NULL;
    struct staged_bridge *staged;

    if (!bridge) {
        return false;
    }
    if (!moves) {
        ovs_stage_qos_removal(ovs, port);
    }
    ovsrec_bridge_update_ports_delvalue(bridge, port);
    staged = note_bridge(ovs, bridge);
    staged->n_removed += is_keeper(bridge, port);
    staged->drop |= drop;
    return true;
}

static void set_mtu_request(const struct ovsrec_interface *interface, int mtu)
{
    int64_t value = mtu;

    ovsrec_interface_set_mtu_request(interface, &value, mtu ? 1 : 0);
}

/* Removes a VIF's separate bridge with all its ports. */
static void drop_port_bridge(struct ovs *ovs, const char *name)
{
    const struct ovsrec_bridge *row = name[0] ? ovs_bridge_row(ovs, name) : NULL;

    if (row) {
        for (size_t i = 0; i < ovs_n_ports(row); i++) {
            const struct ovsrec_port *port = ovs_port_at(ovs, row, i);

            if (port) {
                ovs_stage_qos_removal(ovs, port);
            }
        }
        ovsrec_open_vswitch_update_bridges_delvalue(ovsrec_open_vswitch_first(ovs->idl), row);
    }
}

/* Makes a VIF's separate bridge, with the guest's port and one of the two patch ports. */
static void create_port_bridge(struct ovs *ovs, const struct port_spec *spec)
{
    struct staged_bridge *staged;
    const char *patch = smap_get(&spec->options, OPTION_PEER);
    struct ovsrec_interface *interface;
    struct ovsrec_port *port;
    struct smap options;

    drop_port_bridge(ovs, spec->port_bridge); /* An incomplete one may be left. */
    /* No controller programs it, so it must forward by itself. */
    staged = create_bridge(ovs, spec->port_bridge, spec->datapath_type, "");
    port = insert_port(ovs, spec->guest_port, &interface);
    ovs_stage_qos(ovs, spec, port, interface, true);
    add_created_port(staged, port);
    port = insert_port(ovs, patch, &interface);
    ovsrec_interface_set_type(interface, TYPE_PATCH);
    smap_init(&options);
    smap_add(&options, OPTION_PEER, spec->port);
    ovsrec_interface_set_options(interface, &options);
    smap_destroy(&options);
    add_created_port(staged, port);
}

/* os-vif's isolate_vif: puts the port on the dead VLAN, for frames with any tag. */
static void isolate(const struct ovsrec_port *port)
{
    int64_t vlan = DEAD_VLAN;

    ovsrec_port_set_tag(port, &vlan, 1);
    ovsrec_port_set_vlan_mode(port, "trunk");
    ovsrec_port_set_trunks(port, &vlan, 1);
}

static void apply_settings(const struct ovsrec_port *port, const struct port_settings *settings)
{
    if (settings->has_tag) {
        ovsrec_port_set_tag(port, &settings->tag, 1);
    }
    if (settings->vlan_mode) {
        ovsrec_port_set_vlan_mode(port, settings->vlan_mode);
    }
    ovsrec_port_set_trunks(port, settings->trunks, settings->n_trunks);
    ovsrec_port_set_other_config(port, &settings->other_config);
}

static bool insert_spec(struct ovs *ovs, const struct port_spec *spec,
                        const struct port_settings *settings, bool may_create)
{
    struct ovsrec_interface *interface;
    struct ovsrec_port *port = insert_port(ovs, spec->port, &interface);

    ovsrec_interface_set_type(interface, spec->type);
    ovsrec_interface_set_options(interface, &spec->options);
    ovsrec_interface_set_external_ids(interface, &spec->external_ids);
    if (spec->mtu_request) {
        set_mtu_request(interface, spec->mtu_request);
    }
    if (spec->isolate) {
        isolate(port);
    }
    if (settings) {
        apply_settings(port, settings);
    }
    memcpy(ovs->usual_bridge, spec->bridge, sizeof ovs->usual_bridge);
    if (spec->port_bridge[0]) {
        create_port_bridge(ovs, spec);
    } else {
        ovs_stage_qos(ovs, spec, port, interface, true);
    }
    return attach(ovs, spec, port, may_create);
}

static bool stage_create(struct ovs *ovs, const struct plan *plan)
{
    const struct port_spec *spec = &plan->spec;

    if (!plan->create_bridge && !ovs_bridge_row(ovs, spec->bridge) &&
        !ovs_staged_bridge(ovs, spec->bridge)) {
        return false;
    }
    if (plan->old_port[0]) {
        if (!detach(ovs, plan->old_port, NULL, plan->drop_bridge, false)) {
            return false;
        }
        drop_port_bridge(ovs, plan->old_port_bridge);
    }
    if (spec->no_port) {
        if (!ovs_staged_bridge(ovs, spec->bridge)) {
            create_bridge(ovs, spec->bridge, spec->datapath_type, spec->fail_mode);
        }
        return true;
    }
    return insert_spec(ovs, spec, plan->settings, plan->create_bridge);
}

static bool stage_qos_change(struct ovs *ovs, const struct port_spec *spec)
{
    const char *name = spec->guest_port[0] ? spec->guest_port : spec->port;
    const struct ovsrec_interface *interface = ovs_interface_row(ovs, name);
    const struct ovsrec_port *port = ovs_port_row(ovs, name);

    if (!interface || !port) {
        return false;
    }
    ovs_stage_qos(ovs, spec, port, interface, false);
    return true;
}

/* Replaces the tap on the VIF's separate bridge. */
static bool stage_guest_port(struct ovs *ovs, const struct plan *plan)
{
    const struct ovsrec_bridge *row = ovs_bridge_row(ovs, plan->spec.port_bridge);
    struct ovsrec_interface *interface;
    struct ovsrec_port *port;

    if (!row || !detach(ovs, plan->old_guest_port, plan->spec.port_bridge, false, false)) {
        return false;
    }
    port = insert_port(ovs, plan->spec.guest_port, &interface);
    ovs_stage_qos(ovs, &plan->spec, port, interface, true);
    ovsrec_bridge_update_ports_addvalue(row, port);
    return true;
}

static bool stage_change(struct ovs *ovs, const struct plan *plan)
{
    const struct port_spec *spec = &plan->spec;
    const struct ovsrec_interface *interface = ovs_interface_row(ovs, spec->port);
    const struct ovsrec_port *port = ovs_port_row(ovs, spec->port);
    const struct smap_node *node;

    if (!interface || !port) {
        return false;
    }
    if (plan->old_bridge[0]) {
        if (!plan->create_bridge && !ovs_bridge_row(ovs, spec->bridge)) {
            return false;
        }
        if (!detach(ovs, spec->port, plan->old_bridge, plan->drop_bridge, true) ||
            !attach(ovs, spec, CONST_CAST(struct ovsrec_port *, port), plan->create_bridge)) {
            return false;
        }
    }
    if (plan->make_port_bridge) {
        create_port_bridge(ovs, spec);
    } else if (plan->old_guest_port[0] && !stage_guest_port(ovs, plan)) {
        return false;
    }
    if (plan->action == ACTION_REPLACE) {
        ovsrec_interface_set_type(interface, TYPE_DETACHED);
    } else if (plan->set_type) {
        ovsrec_interface_set_type(interface, spec->type);
    }
    if (plan->set_mtu_request) {
        set_mtu_request(interface, spec->mtu_request);
    }
    if (plan->set_qos && !plan->old_guest_port[0] && !plan->make_port_bridge &&
        !stage_qos_change(ovs, spec)) {
        return false;
    }
    SMAP_FOR_EACH (node, &plan->set_options) {
        ovsrec_interface_update_options_setkey(interface, node->key, node->value);
    }
    SMAP_FOR_EACH (node, &plan->remove_options) {
        ovsrec_interface_update_options_delkey(interface, node->key);
    }
    SMAP_FOR_EACH (node, &plan->set_external_ids) {
        ovsrec_interface_update_external_ids_setkey(interface, node->key, node->value);
    }
    SMAP_FOR_EACH (node, &plan->remove_external_ids) {
        ovsrec_interface_update_external_ids_delkey(interface, node->key);
    }
    return true;
}

static bool stage_delete(struct ovs *ovs, const struct plan *plan)
{
    if (plan->spec.no_port && plan->spec.port_bridge[0]) {
        drop_port_bridge(ovs, plan->spec.port_bridge);
        return true;
    }
    if (plan->spec.no_port) {
        const struct ovsrec_bridge *row = ovs_bridge_row(ovs, plan->spec.bridge);

        if (row) {
            note_bridge(ovs, row)->drop = true;
        }
        return row != NULL;
    }
    if (!detach(ovs, plan->spec.port, plan->spec.bridge, plan->drop_bridge, false)) {
        return false;
    }
    drop_port_bridge(ovs, plan->spec.port_bridge);
    return true;
}

static bool stage_action(struct ovs *ovs, const struct plan *plan)
{
    switch (plan->action) {
    case ACTION_NONE:
        return true;
    case ACTION_CREATE:
        return stage_create(ovs, plan);
    case ACTION_UPDATE:
    case ACTION_REPLACE:
        return stage_change(ovs, plan);
    case ACTION_DELETE:
        return stage_delete(ovs, plan);
    }
    return false;
}

bool ovs_txn_stage(struct ovs *ovs, const struct plan *plan, struct error *error)
{
    if (!ovs_can_stage(ovs, plan, error)) {
        return false;
    }
    if (plan->evicted_port[0] && !detach(ovs, plan->evicted_port, NULL, false, false)) {
        return false;
    }
    if (!stage_action(ovs, plan)) {
        return false;
    }
    return !plan->restored ||
           insert_spec(ovs, plan->restored, plan->restored_settings, plan->restores_bridge);
}

static size_t count_keepers(const struct ovs *ovs, const struct ovsrec_bridge *row)
{
    size_t n = 0;

    for (size_t i = 0; i < ovs_n_ports(row); i++) {
        const struct ovsrec_port *port = ovs_port_at(ovs, row, i);

        n += !port || is_keeper(row, port);
    }
    return n;
}

bool ovs_bridge_is_empty(const struct ovs *ovs, const char *name)
{
    const struct ovsrec_bridge *row = ovs_bridge_row(ovs, name);

    return row && count_keepers(ovs, row) == 0;
}

/* Removes a bridge if this transaction leaves only its local port. The transaction fails if another
 * program puts a port on the bridge at the same time. */
static void drop_if_empty(struct ovs *ovs, const struct staged_bridge *staged)
{
    const struct ovsrec_bridge *row = staged->row;

    if (staged->n_added == 0 && count_keepers(ovs, row) == staged->n_removed) {
        ovsrec_bridge_verify_ports(row);
        ovsrec_open_vswitch_update_bridges_delvalue(ovsrec_open_vswitch_first(ovs->idl), row);
    }
}

void ovs_stage_bridges(struct ovs *ovs)
{
    struct staged_bridge *staged;

    LIST_FOR_EACH (staged, node, &ovs->staged_bridges) {
        if (staged->created) {
            ovsrec_bridge_set_ports(staged->row, staged->ports, staged->n_ports);
        } else if (staged->drop) {
            drop_if_empty(ovs, staged);
        }
    }
}

void ovs_clear_staged_bridges(struct ovs *ovs)
{
    struct staged_bridge *staged;

    LIST_FOR_EACH_SAFE (staged, node, &ovs->staged_bridges) {
        ovs_list_remove(&staged->node);
        free(staged->ports);
        free(staged);
    }
}
