/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "plan/plan.h"

static void remove_port_bridge(const char *bridge, struct plan *plan)
{
    plan->action = ACTION_DELETE;
    plan->changes = plan->needs_switch = plan->spec.no_port = true;
    snprintf(plan->spec.port_bridge, sizeof plan->spec.port_bridge, "%s", bridge);
    plan_why(plan, "bridge %s is left", bridge);
}

static void remove_trunk_bridge(const char *bridge, struct plan *plan)
{
    plan->action = ACTION_DELETE;
    plan->changes = plan->drop_bridge = plan->spec.no_port = true;
    snprintf(plan->spec.bridge, sizeof plan->spec.bridge, "%s", bridge);
    plan_why(plan, "trunk bridge %s is empty", bridge);
}

void plan_unplug(const struct unplug_facts *facts, struct plan *plan)
{
    if (!facts->port && (facts->port_bridge[0] || facts->trunk_bridge[0])) {
        plan_destroy(plan);
        plan_init(plan);
        if (facts->port_bridge[0]) {
            remove_port_bridge(facts->port_bridge, plan);
        } else {
            remove_trunk_bridge(facts->trunk_bridge, plan);
        }
    } else {
        plan_transition(facts->port, NULL, NULL, true, plan);
        plan->drop_bridge &= !facts->bridge_awaited;
    }
    plan->links = facts->links;
    plan->changes |= facts->links.n > 0;
    if (facts->twin) {
        claim_describe_twin(facts->twin, plan->shared, sizeof plan->shared);
    }
}
