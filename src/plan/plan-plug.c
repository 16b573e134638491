/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of plugs, updates and repairs: who may have a name or a VF, and what to do besides the
 * port's own columns. */

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/plan.h"
#include "util.h"

static bool refuse_name(const struct vif *vif, const struct port_spec *spec,
                        const struct record *owner, struct error *error)
{
    bool by_vif_name = !strcmp(spec->port, vif->vif_name);
    const char *field = by_vif_name                    ? vif_field_path(vif, VIF_FIELD_VIF_NAME)
                        : vif->form == VIF_FORM_NATIVE ? "vif.vif_id"
                                                       : "vif.id";

    if (owner->ours) {
        return error_set(error, REASON_PORT_CONFLICT, field,
                         "The port name %s, made of the VIF's %s, is taken by VIF %s; unplug that "
                         "VIF or use another %s.",
                         spec->port, by_vif_name ? "vif_name" : "id (its first 11 characters)",
                         owner->spec.vif_id, by_vif_name ? "vif_name" : "id");
    }
    return error_set(error, REASON_PORT_CONFLICT, field,
                     "There is a port %s on bridge %s that vifplugd did not make and so does not "
                     "touch; remove it with ovs-vsctl del-port if it is not needed.",
                     spec->port, owner->spec.bridge);
}

static bool refuse_vf(const struct vif *vif, const struct port_spec *spec,
                      const struct record *owner, struct error *error)
{
    const char *field = vif_field_path(vif, VIF_FIELD_PCI_SLOT);
    char pf[PCI_ADDR_LEN];

    pci_addr_format(&spec->pf, pf);
    if (owner->ours) {
        return error_set(
            error, REASON_VF_IN_USE, field,
            "VF number %d of %s is plugged for VIF %s (port %s); unplug that VIF first.",
            spec->vf_num, pf, owner->spec.vif_id, owner->spec.port);
    }
    return error_set(
        error, REASON_VF_IN_USE, field,
        "VF number %d of %s is taken by port %s, which vifplugd did not make; remove that "
        "port or use another VF.",
        spec->vf_num, pf, owner->spec.port);
}

static bool refuse_qos(const struct vif *vif, const struct record *current, struct error *error)
{
    return error_set(error, REASON_PORT_CONFLICT, vif_field_path(vif, VIF_FIELD_QOS),
                     "Port %s has QoS rows that vifplugd did not write and would destroy (several "
                     "queues, or another type); leave its QoS to whoever made them.",
                     current->spec.port);
}

static bool refuse_packets(const struct vif *vif, const struct port_spec *spec, struct error *error)
{
    char field[ERROR_FIELD_LEN];

    snprintf(field, sizeof field, "%s.egress.max_kpps", vif_field_path(vif, VIF_FIELD_QOS));
    return error_set(error, REASON_INVALID_REQUEST, field,
                     "The schema of OVSDB has no column ingress_policing_kpkts_rate for port %s; "
                     "limit egress.max_kbps instead, or upgrade the database (ovsdb-tool convert) "
                     "to the schema of Open vSwitch 2.16 or later.",
                     spec->port);
}

static bool takes_same_vf(const struct record *owner, const struct port_spec *spec)
{
    return owner->spec.has_vf && spec->has_vf && owner->spec.vf_num == spec->vf_num &&
           pci_addr_equal(&owner->spec.pf, &spec->pf);
}

/* Whether the VIF may have its port's name and its VF. *evicted is then the port to evict for them,
 * or NULL. */
static bool check_claims(const struct vif *vif, const struct port_spec *spec,
                         const struct switch_facts *facts, const struct record **evicted,
                         struct error *error)
{
    const struct record *name_owner = facts->name_owner;
    const struct record *owner = facts->vf_owner;

    if (name_owner && spec->no_port && !name_owner->ours) {
        name_owner =
            NULL; /* Made by the program that starts the guest (libvirt), as the request says. */
    }
    if (name_owner && !takes_same_vf(name_owner, spec)) {
        return refuse_name(vif, spec, name_owner, error);
    }
    if (!owner) {
        owner = name_owner; /* A kernel representor's netdev has only one name, so this port has the
                             * VF. */
    }
    if (owner && !(owner->ours && (facts->evict || strcmp(owner->boot_id, facts->boot_id)))) {
        return refuse_vf(vif, spec, owner, error);
    }
    *evicted = owner;
    return true;
}

static bool refuse_port_bridge(const struct vif *vif, const char *what, const char *name,
                               struct error *error)
{
    return error_set(
        error, REASON_PORT_CONFLICT, vif_field_path(vif, VIF_FIELD_VIF_NAME),
        "The VIF needs a %s %s, but another program's exists already; remove it or use "
        "another vif_name.",
        what, name);
}

/* Plans the VIF's separate bridge: another program may have its names, and parts of it may be
 * missing. */
static bool plan_port_bridge(const struct vif *vif, const struct port_spec *spec,
                             const struct switch_facts *facts, struct plan *plan,
                             struct error *error)
{
    bool stays = facts->current && !strcmp(facts->current->spec.port, spec->port);

    if (!spec->port_bridge[0]) {
        return true;
    }
    plan->drop_port_bridge = facts->port_bridge != PORT_BRIDGE_NONE;
    if (facts->port_bridge == PORT_BRIDGE_FOREIGN) {
        return refuse_port_bridge(vif, "bridge", spec->port_bridge, error);
    }
    if (facts->patch_port_taken) {
        return refuse_port_bridge(vif, "patch port", smap_get_def(&spec->options, OPTION_PEER, ""),
                                  error);
    }
    if (facts->guest_port_taken) {
        return refuse_port_bridge(vif, "port", spec->guest_port, error);
    }
    if (stays && facts->port_bridge != PORT_BRIDGE_WHOLE) {
        plan->make_port_bridge = plan->needs_switch = plan->changes = true;
        plan->action = plan->action == ACTION_NONE ? ACTION_UPDATE : plan->action;
        plan_why(plan, "bridge %s is not complete", spec->port_bridge);
    }
    return true;
}

/* The new guest's port on a separate bridge (per_port_bridge) keeps the limits of the old one. */
static void keep_limits(const struct record *current, struct plan *plan)
{
    bool made = plan->make_port_bridge || plan->old_guest_port[0];

    if (current && made && !plan->spec.has_qos && record_has_limits(current)) {
        plan->spec.has_qos = true;
        plan->spec.qos = current->spec.qos;
    }
}

static bool plan_links(const struct port_spec *spec, const struct switch_facts *facts,
                       struct plan *plan, struct error *error)
{
    if (!facts->links) {
        return true;
    }
    if (!link_plan_up(spec->vif_id, &spec->links, facts->links, &plan->links, error)) {
        return false;
    }
    plan->changes |= plan->links.n > 0;
    if (facts->current && facts->current_links && !spec->no_port) {
        link_plan_down(spec->vif_id, &facts->current->spec.links, &spec->links,
                       facts->current_links, &plan->left_links);
    }
    return true;
}

static bool plan_socket(const struct vif *vif, const struct switch_facts *facts, struct plan *plan,
                        struct error *error)
{
    bool stale;

    if (!facts->socket) {
        return true;
    }
    if (!vhost_socket_check(vif, facts->current, facts->socket, &stale, error)) {
        return false;
    }
    if (stale) {
        snprintf(plan->stale_socket, sizeof plan->stale_socket, "%s", facts->socket->path);
    }
    return true;
}

/* No column differs, but increments next_cfg so that vswitchd looks at the port again. */
static void look_again(struct plan *plan, const char *reason)
{
    plan->action = ACTION_UPDATE;
    plan->needs_switch = true;
    plan_why(plan, "%s", reason);
}

/* Plans for a port whose columns are as required. */
static bool plan_none(const struct port_spec *spec, const struct switch_facts *facts,
                      struct plan *plan, struct error *error)
{
    const struct record *current = facts->current;

    ovs_assert(current || spec->no_port); /* Without a port the action is CREATE. */
    if (plan->links.n > 0 || plan->evicted_vif[0]) {
        look_again(plan, plan->links.n > 0 ? "links change" : "the VF becomes free");
        plan->needs_switch = !spec->awaits_netdev;
    } else if (spec->no_port || (spec->awaits_netdev && !record_failed(current))) {
        return true; /* vswitchd has no part in it. */
    } else if (facts->written) {
        /* OVSDB has committed our transaction after all; vswitchd may not have seen it yet. */
        look_again(plan, "ovs-vswitchd has to confirm it");
        plan->awaits_only = true;
    } else if (facts->awaits_device) {
        look_again(plan, "ovs-vswitchd has to look for its device again");
    } else if (record_failed(current)) {
        error_set(error, REASON_NOT_REALIZED, "",
                  "Port %s is as asked, but ovs-vswitchd could not make it work; see the detail, "
                  "mend what it names and plug again.",
                  current->spec.port);
        return error_detail(error, "%s", current->error ? current->error : "ofport is -1");
    } else if (current->ofport == 0 && !facts->switch_dead) {
        plan->awaits_only = true;
    }
    return true;
}

bool plan_plug(const struct vif *vif, const struct port_spec *spec,
               const struct switch_facts *facts, struct plan *plan, struct error *error)
{
    const struct record *evicted = NULL;

    if (!check_claims(vif, spec, facts, &evicted, error)) {
        return false;
    }
    if (facts->current && spec->has_qos && facts->current->foreign_qos) {
        return refuse_qos(vif, facts->current, error);
    }
    if (facts->no_packet_limits && spec->has_qos && spec->qos.egress_kpps) {
        return refuse_packets(vif, spec, error);
    }
    plan_transition(facts->current, spec, NULL, facts->bridge_exists, plan);
    if (!plan_port_bridge(vif, spec, facts, plan, error) || !plan_links(spec, facts, plan, error) ||
        !plan_socket(vif, facts, plan, error)) {
        return false;
    }
    keep_limits(facts->current, plan);
    if (evicted) {
        snprintf(plan->evicted_vif, sizeof plan->evicted_vif, "%s", evicted->spec.vif_id);
        snprintf(plan->evicted_port, sizeof plan->evicted_port, "%s", evicted->spec.port);
        if (facts->owner_links) {
            link_plan_down(evicted->spec.vif_id, &evicted->spec.links, &spec->links,
                           facts->owner_links, &plan->evicted_links);
        }
        plan_why(plan, "VIF %s loses its VF", evicted->spec.vif_id);
    }
    if (plan->action == ACTION_NONE && !plan_none(spec, facts, plan, error)) {
        return false;
    }
    if (facts->may_hold_device) {
        plan->action = ACTION_REPLACE;
        plan->awaits_only = true;
    }
    return true;
}

bool plan_repair(const struct vif *vif, const struct port_spec *spec,
                 const struct switch_facts *facts, struct plan *plan, struct error *error)
{
    plan_transition(facts->current, spec, spec, facts->bridge_exists, plan);
    if (!plan_port_bridge(vif, spec, facts, plan, error) || !plan_links(spec, facts, plan, error) ||
        !plan_socket(vif, facts, plan, error)) {
        return false;
    }
    keep_limits(facts->current, plan);
    if (plan->action == ACTION_NONE) {
        look_again(plan, "ovs-vswitchd has to try it again");
    }
    if (facts->may_hold_device) {
        plan->action = ACTION_REPLACE;
        plan->awaits_only = true;
    }
    return true;
}
