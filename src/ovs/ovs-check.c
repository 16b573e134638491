/* SPDX-License-Identifier: Apache-2.0 */
/* Whether OVSDB has the rows that a plan changes. A plan comes from the same replica, so a row that
 * is missing was removed by another operation of the transaction, or is not as ovs-vsctl and
 * vifplugd make rows: an interface in a port of another name (a bond), for example. */

#include "ovs/ovs-private.h"

#include "base/error.h"

static bool lacks(struct error *error, const char *table, const char *name, const char *why)
{
    return error_set(error, REASON_PORT_CONFLICT, "",
                     "%s %s of OVSDB %s, so another program has changed it; look at it with "
                     "'ovs-vsctl list %s %s', restore or remove it, and try again.",
                     table, name, why, table, name);
}

/* A port that the plan changes: vifplugd has made Port and Interface with one name. */
static bool has_port_rows(const struct ovs *ovs, const char *name, struct error *error)
{
    if (!ovs_interface_row(ovs, name)) {
        return lacks(error, "Interface", name, "does not exist");
    }
    if (!ovs_port_row(ovs, name)) {
        return lacks(error, "Interface", name, "is in a port of another name");
    }
    return true;
}

/* A port that the plan takes off its bridge. */
static bool can_detach(const struct ovs *ovs, const char *name, const char *bridge_hint,
                       struct error *error)
{
    const struct ovsrec_port *port;

    if (!has_port_rows(ovs, name, error)) {
        return false;
    }
    port = ovs_port_row(ovs, name);
    return ovs_bridge_of(ovs, port, bridge_hint) || lacks(error, "Port", name, "is on no bridge");
}

static bool has_bridge(const struct ovs *ovs, const struct plan *plan, const char *name,
                       struct error *error)
{
    return plan->create_bridge || ovs_bridge_row(ovs, name) || ovs_staged_bridge(ovs, name) ||
           lacks(error, "Bridge", name, "does not exist");
}

static bool can_change(const struct ovs *ovs, const struct plan *plan, struct error *error)
{
    const struct port_spec *spec = &plan->spec;
    bool guest_port = plan->old_guest_port[0] && !plan->make_port_bridge;

    if (!has_port_rows(ovs, spec->port, error)) {
        return false;
    }
    if (plan->old_bridge[0] && (!has_bridge(ovs, plan, spec->bridge, error) ||
                                !can_detach(ovs, spec->port, plan->old_bridge, error))) {
        return false;
    }
    if (guest_port && (!ovs_bridge_row(ovs, spec->port_bridge) ||
                       !can_detach(ovs, plan->old_guest_port, spec->port_bridge, error))) {
        return lacks(error, "Bridge", spec->port_bridge, "is not complete");
    }
    if (plan->set_qos && !plan->old_guest_port[0] && !plan->make_port_bridge &&
        spec->guest_port[0]) {
        return has_port_rows(ovs, spec->guest_port, error);
    }
    return true;
}

static bool can_delete(const struct ovs *ovs, const struct plan *plan, struct error *error)
{
    const struct port_spec *spec = &plan->spec;

    if (!spec->no_port) {
        return can_detach(ovs, spec->port, spec->bridge, error);
    }
    return spec->port_bridge[0] || ovs_bridge_row(ovs, spec->bridge) ||
           lacks(error, "Bridge", spec->bridge, "does not exist");
}

bool ovs_can_stage(const struct ovs *ovs, const struct plan *plan, struct error *error)
{
    if (plan->evicted_port[0] && !can_detach(ovs, plan->evicted_port, NULL, error)) {
        return false;
    }
    switch (plan->action) {
    case ACTION_NONE:
        return true;
    case ACTION_CREATE:
        return has_bridge(ovs, plan, plan->spec.bridge, error) &&
               (!plan->old_port[0] || can_detach(ovs, plan->old_port, NULL, error));
    case ACTION_UPDATE:
    case ACTION_REPLACE:
        return can_change(ovs, plan, error);
    case ACTION_DELETE:
        return can_delete(ovs, plan, error);
    }
    return true;
}
