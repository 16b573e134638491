/* SPDX-License-Identifier: Apache-2.0 */
/* The fake OVSDB: carries out plans on its tables. */

#include <stdio.h>
#include <string.h>

#include "fake-ovs.h"
#include "util.h"

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

static void make_bridge(struct ovs *ovs, const char *name, const struct port_spec *spec,
                        const char *fail_mode)
{
    if (!fake_bridge(ovs, name)) {
        struct fake_bridge *bridge = fake_add_bridge(ovs, name, spec->datapath_type);

        COPY(bridge->fail_mode, fail_mode);
    }
}

static void drop_if_empty(struct ovs *ovs, const char *bridge)
{
    if (ovs_bridge_is_empty(ovs, bridge)) {
        fake_remove_bridge(ovs, bridge);
    }
}

/* The limits that a later read returns: with the burst that the request leaves open. */
static void set_limits(struct fake_port *port, const struct vif_qos *limits)
{
    struct qos_rows rows;

    qos_rows_init(&rows);
    qos_rows_for_limits(limits, port->type, port->name, &rows);
    port->qos = *limits;
    qos_rows_read(&rows, &port->qos);
    snprintf(port->qos_type, sizeof port->qos_type, "%s", rows.type);
    qos_rows_destroy(&rows);
}

/* Makes a VIF's separate bridge (per_port_bridge) with the guest's port and one of the two patch
 * ports. */
static void make_port_bridge(struct ovs *ovs, const struct port_spec *spec)
{
    fake_remove_bridge(ovs, spec->port_bridge);
    make_bridge(ovs, spec->port_bridge, spec, "");
    set_limits(fake_add_port(ovs, spec->guest_port, spec->port_bridge, ""), &spec->qos);
    fake_add_port(ovs, smap_get(&spec->options, "peer"), spec->port_bridge, "patch");
}

/* Like OVSDB, removes rows without a bridge at once. */
static void insert(struct ovs *ovs, const struct port_spec *spec, int64_t tag)
{
    struct fake_port *port;

    if (!fake_bridge(ovs, spec->bridge)) {
        return;
    }
    ovs_assert(!fake_port(ovs, spec->port));
    port = fake_add_port(ovs, spec->port, spec->bridge, spec->type);
    smap_destroy(&port->options);
    smap_destroy(&port->external_ids);
    smap_clone(&port->options, &spec->options);
    smap_clone(&port->external_ids, &spec->external_ids);
    port->mtu_request = spec->mtu_request;
    set_limits(port, &spec->qos);
    port->tag = spec->isolate && !tag ? DEAD_VLAN : tag;
    if (spec->port_bridge[0]) {
        make_port_bridge(ovs, spec);
    }
    fake_ovs_touch(ovs, port);
}

/* Counts the ports of that name that the step removes (-1) or makes (1). */
static int count(const struct ovs *ovs, const struct fake_step *step, const char *name)
{
    const struct fake_port *port = fake_port(ovs, name);
    const struct plan *plan = &step->plan;
    int n = 0;

    n -= port && plan->old_port_bridge[0] && !strcmp(port->bridge, plan->old_port_bridge);
    n -= !strcmp(plan->evicted_port, name) || !strcmp(plan->old_port, name) ||
         (plan->action == ACTION_DELETE && !strcmp(plan->spec.port, name));
    n += plan->action == ACTION_CREATE && !plan->spec.no_port && !strcmp(plan->spec.port, name);
    n += plan->restored && (plan->restores_bridge || fake_bridge(ovs, plan->restored->bridge)) &&
         !strcmp(plan->restored->port, name);
    return n;
}

static bool is_violated(const struct ovs *ovs, const char *name)
{
    int n = fake_port(ovs, name) != NULL;

    for (size_t i = 0; i < ovs->n_steps; i++) {
        n += count(ovs, &ovs->steps[i], name);
    }
    return n > 1;
}

bool fake_violates_names(const struct ovs *ovs)
{
    for (size_t i = 0; i < ovs->n_steps; i++) {
        const struct plan *plan = &ovs->steps[i].plan;

        if (is_violated(ovs, plan->spec.port) ||
            (plan->restored && is_violated(ovs, plan->restored->port))) {
            return true;
        }
    }
    return false;
}

static void create(struct ovs *ovs, const struct plan *plan, int64_t tag)
{
    const struct fake_port *old = plan->old_port[0] ? fake_port(ovs, plan->old_port) : NULL;
    char old_bridge[PORT_NAME_MAX + 1];

    COPY(old_bridge, old ? old->bridge : "");
    fake_remove_port(ovs, plan->old_port);
    if (plan->old_port_bridge[0]) {
        fake_remove_bridge(ovs, plan->old_port_bridge);
    }
    if (plan->create_bridge) {
        make_bridge(ovs, plan->spec.bridge, &plan->spec, plan->spec.fail_mode);
    }
    if (!plan->spec.no_port) {
        insert(ovs, &plan->spec, tag);
    }
    if (plan->drop_bridge && old_bridge[0]) {
        drop_if_empty(ovs, old_bridge);
    }
}

static void change_map(struct smap *map, const struct smap *set, const struct smap *removed)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, set) {
        smap_replace(map, node->key, node->value);
    }
    SMAP_FOR_EACH (node, removed) {
        smap_remove(map, node->key);
    }
}

static void change_port_bridge(struct ovs *ovs, const struct plan *plan)
{
    const struct port_spec *spec = &plan->spec;

    if (plan->make_port_bridge) {
        make_port_bridge(ovs, spec);
    } else if (plan->old_guest_port[0]) {
        fake_remove_port(ovs, plan->old_guest_port);
        fake_add_port(ovs, spec->guest_port, spec->port_bridge, "");
    }
}

static void change(struct ovs *ovs, const struct plan *plan)
{
    const struct port_spec *spec = &plan->spec;
    struct fake_port *port = fake_port(ovs, spec->port);

    if (!port) {
        return;
    }
    fake_ovs_touch(ovs, port);
    if (plan->old_bridge[0]) {
        if (plan->create_bridge) {
            make_bridge(ovs, spec->bridge, spec, spec->fail_mode);
        }
        COPY(port->bridge, spec->bridge);
        ovs->bridges_changed = true;
        if (plan->drop_bridge) {
            drop_if_empty(ovs, plan->old_bridge);
        }
    }
    change_port_bridge(ovs, plan);
    if (plan->action == ACTION_REPLACE) {
        COPY(port->type, TYPE_DETACHED);
    } else if (plan->set_type) {
        COPY(port->type, spec->type);
    }
    if (plan->set_mtu_request) {
        port->mtu_request = spec->mtu_request;
    }
    if (plan->set_qos) {
        set_limits(port, &spec->qos);
    }
    change_map(&port->options, &plan->set_options, &plan->remove_options);
    change_map(&port->external_ids, &plan->set_external_ids, &plan->remove_external_ids);
    fake_ovs_touch(ovs, port);
}

static void delete_port(struct ovs *ovs, const struct plan *plan)
{
    const struct port_spec *spec = &plan->spec;

    if (!spec->no_port) {
        fake_remove_port(ovs, spec->port);
    }
    if (spec->port_bridge[0]) {
        fake_remove_bridge(ovs, spec->port_bridge);
    }
    if (plan->drop_bridge) {
        drop_if_empty(ovs, spec->bridge);
    }
}

void fake_carry_out(struct ovs *ovs, const struct fake_step *step)
{
    const struct plan *plan = &step->plan;

    if (plan->evicted_port[0]) {
        fake_remove_port(ovs, plan->evicted_port);
    }
    if (plan->action == ACTION_CREATE) {
        create(ovs, plan, step->tag);
    } else if (plan->action == ACTION_UPDATE || plan->action == ACTION_REPLACE) {
        change(ovs, plan);
    } else if (plan->action == ACTION_DELETE) {
        delete_port(ovs, plan);
    }
    if (plan->restores_bridge) {
        make_bridge(ovs, plan->restored->bridge, plan->restored, plan->restored->fail_mode);
    }
    if (plan->restored) {
        insert(ovs, plan->restored, step->restored_tag);
    }
}
