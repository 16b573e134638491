/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/keys.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* In our rows these keys are always ours. */
static const char *const our_options[] = {OPTION_DEVARGS, OPTION_VF_MAC, OPTION_VHOST_PATH,
                                          OPTION_PEER};
static const char *const our_external_ids[] = {
    KEY_IFACE_ID, KEY_IFACE_STATUS, KEY_ATTACHED_MAC, KEY_VM_UUID,     KEY_BRIDGE_NAME,
    KEY_OWNER,    KEY_VIF_ID,       KEY_KIND,         KEY_BOOT_ID,     KEY_PCI_SLOT,
    KEY_PF,       KEY_VF_NUM,       KEY_LINUX_BRIDGE, KEY_PORT_BRIDGE, KEY_GUEST_PORT,
    KEY_SOCKET,   KEY_CREATE_TAP,   KEY_MULTIQUEUE,   KEY_TAP_MTU,
};

/* Keys that describe the host and its links: a plug that writes them alone changes nothing of the
 * VIF. */
static const char *const uncounted[] = {KEY_BOOT_ID,    KEY_PCI_SLOT,   KEY_SOCKET,
                                        KEY_CREATE_TAP, KEY_MULTIQUEUE, KEY_TAP_MTU};

/* The options that name the device or the socket behind the port; only the first counts on a port
 * of type dpdk. (dpdk-vf-mac can change in place, but its removal needs a replacement: OVS keeps
 * trying to set the last MAC.) */
static const char *const locators[] = {OPTION_DEVARGS, OPTION_VHOST_PATH};

void plan_init(struct plan *plan)
{
    memset(plan, 0, sizeof *plan);
    port_spec_init(&plan->spec);
    smap_init(&plan->set_options);
    smap_init(&plan->remove_options);
    smap_init(&plan->set_external_ids);
    smap_init(&plan->remove_external_ids);
}

void plan_destroy(struct plan *plan)
{
    if (!plan->borrowed) {
        port_spec_destroy(&plan->spec);
    }
    smap_destroy(&plan->set_options);
    smap_destroy(&plan->remove_options);
    smap_destroy(&plan->set_external_ids);
    smap_destroy(&plan->remove_external_ids);
}

/* The bridge that the plan may remove, or that another plan of its transaction removes if this one
 * takes its port away; or "". */
static const char *bridge_at_risk(const struct plan *plan)
{
    const char *left = plan->action == ACTION_DELETE ? plan->spec.bridge : plan->old_bridge;

    return plan->drop_bridge || is_trunk_bridge(left) ? left : "";
}

void plan_claims(const struct plan *plan, struct claims *claims)
{
    claims_add_left_bridge(claims, bridge_at_risk(plan));
    claims_of_spec(&plan->spec, plan->create_bridge, claims);
    if (plan->restored) {
        claims_of_spec(plan->restored, plan->restores_bridge, claims);
    }
    claims_add(claims, CLAIM_VIF, "record", plan->evicted_vif);
}

const char *action_name(enum action action)
{
    static const char *const names[] = {
        [ACTION_NONE] = "none",       [ACTION_CREATE] = "create", [ACTION_UPDATE] = "update",
        [ACTION_REPLACE] = "replace", [ACTION_DELETE] = "delete",
    };

    return names[action];
}

static bool in_list(const char *key, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(list[i], key)) {
            return true;
        }
    }
    return false;
}

/* Finds what to set in `current` and what to remove, so that our keys become those of `goal`. */
static void diff_maps(const struct smap *current, const struct smap *goal,
                      const struct smap *written, const char *const *ours, size_t n_ours,
                      struct smap *set, struct smap *remove)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, goal) {
        const char *now = smap_get(current, node->key);
        bool managed =
            in_list(node->key, ours, n_ours) || !written || smap_get(written, node->key) != NULL;

        if (managed && (!now || strcmp(now, node->value))) {
            smap_add(set, node->key, node->value);
        }
    }
    SMAP_FOR_EACH (node, current) {
        bool managed =
            in_list(node->key, ours, n_ours) || (written && smap_get(written, node->key) != NULL);

        if (managed && !smap_get(goal, node->key)) {
            smap_add(remove, node->key, node->value);
        }
    }
}

void plan_why(struct plan *plan, const char *format, ...)
{
    size_t used = strlen(plan->why);
    va_list args;

    if (used > 0 && used + 3 < sizeof plan->why) {
        strcat(plan->why, ", ");
        used += 2;
    }
    va_start(args, format);
    display_vformat(plan->why + used, sizeof plan->why - used, format, args);
    va_end(args);
}

static bool touches(const struct smap *map, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (smap_get(map, keys[i])) {
            return true;
        }
    }
    return false;
}

static void why_map(struct plan *plan, const struct smap *map, const char *verb)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, map) {
        plan_why(plan, "%s %s", node->key, verb);
    }
}

/* Plans to remove a trunk bridge that the VIF leaves, as at unplug. */
static void note_move(const struct record *current, const struct port_spec *goal, struct plan *plan)
{
    const char *bridge = current->spec.bridge;

    if (strcmp(bridge, goal->bridge)) {
        snprintf(plan->old_bridge, sizeof plan->old_bridge, "%s", bridge);
        plan->drop_bridge = is_trunk_bridge(bridge);
        plan_why(plan, "bridge %s becomes %s", bridge, goal->bridge);
    }
}

/* Whether the limits towards the guest are in a row of another type than `goal` needs. An undo
 * needs the previous type, if vifplugd writes rows of that type. For a plug, a row that does not go
 * with the present port either is another program's, and stays. */
static bool has_wrong_row(const struct record *current, const struct port_spec *goal)
{
    const char *needed = qos_row_type(goal->type);

    if (current->spec.qos.ingress_kbps == 0 || !strcmp(current->qos_type, needed)) {
        return false;
    }
    return goal->limits_type[0]
               ? !strcmp(goal->limits_type, needed)
               : !strcmp(current->qos_type, qos_row_type(record_settled_type(current)));
}

static void change_limits(const struct record *current, const struct port_spec *goal,
                          const struct port_spec *written, struct plan *plan)
{
    const struct vif_qos *now = &current->spec.qos;

    plan->set_qos = goal->has_qos && (!written || written->has_qos) &&
                    (has_wrong_row(current, goal) || !qos_limits_match(now, &goal->qos));
    if (plan->set_qos) {
        plan->old_qos = *now;
        snprintf(plan->old_qos_type, sizeof plan->old_qos_type, "%s", current->qos_type);
        plan_why(plan, "QoS changes");
    }
}

static void plan_change(const struct record *current, const struct port_spec *goal,
                        const struct port_spec *written, struct plan *plan)
{
    const struct port_spec *now = &current->spec;
    bool replace;
    size_t n_uncounted = 0;
    size_t n_ids;

    diff_maps(&now->options, &goal->options, written ? &written->options : NULL, our_options,
              ARRAY_SIZE(our_options), &plan->set_options, &plan->remove_options);
    diff_maps(&now->external_ids, &goal->external_ids, written ? &written->external_ids : NULL,
              our_external_ids, ARRAY_SIZE(our_external_ids), &plan->set_external_ids,
              &plan->remove_external_ids);
    plan->set_type = strcmp(now->type, goal->type) != 0;
    plan->set_mtu_request = now->mtu_request != goal->mtu_request;
    note_move(current, goal, plan);
    if (now->guest_port[0] && strcmp(now->guest_port, goal->guest_port)) {
        snprintf(plan->old_guest_port, sizeof plan->old_guest_port, "%s", now->guest_port);
        plan_why(plan, "port %s becomes %s", now->guest_port, goal->guest_port);
    }
    if (plan->set_type) {
        plan_why(plan, "type %s becomes %s", now->type, goal->type);
    }
    if (plan->set_mtu_request) {
        plan_why(plan, "mtu_request %d becomes %d", now->mtu_request, goal->mtu_request);
    }
    change_limits(current, goal, written, plan);
    why_map(plan, &plan->set_options, "changes");
    why_map(plan, &plan->remove_options, "goes");
    plan->needs_switch = plan->why[0] != '\0';

    for (size_t i = 0; i < ARRAY_SIZE(uncounted); i++) {
        n_uncounted += smap_get(&plan->set_external_ids, uncounted[i]) != NULL;
    }
    n_ids = smap_count(&plan->set_external_ids) + smap_count(&plan->remove_external_ids);
    plan->changes = plan->needs_switch || n_ids > n_uncounted;
    why_map(plan, &plan->set_external_ids, "changes");
    why_map(plan, &plan->remove_external_ids, "goes");
    if (!plan->why[0]) {
        plan->action = ACTION_NONE;
        plan_why(plan, "port %s on %s is as asked", now->port, now->bridge);
        return;
    }
    replace = touches(&plan->set_options, locators,
                      strcmp(goal->type, TYPE_DPDK) ? ARRAY_SIZE(locators) : 1) ||
              smap_get(&plan->remove_options, OPTION_VF_MAC);
    /* A port that vswitchd closes and opens anyway (other type, other bridge, failed before) takes
     * a new device or socket at once; any other port needs the two steps. */
    plan->action = ACTION_UPDATE;
    if (!plan->set_type && !plan->old_bridge[0] && !record_failed(current) && replace) {
        plan->action = ACTION_REPLACE;
    }
}

static void plan_removal(const struct record *current, struct plan *plan)
{
    plan->action = ACTION_DELETE;
    plan->needs_switch = plan->changes = true;
    /* os-vif's _delete_bridge_if_trunk(), but only if the VIF's port was the last one. */
    plan->drop_bridge = is_trunk_bridge(current->spec.bridge);
    if (current->lacks_port_bridge) {
        plan->spec.port_bridge[0] = '\0';
    }
    plan_why(plan, "port %s on %s goes", current->spec.port, current->spec.bridge);
}

static void plan_creation(const struct record *current, const struct port_spec *goal,
                          struct plan *plan)
{
    plan->action = ACTION_CREATE;
    plan->needs_switch = plan->changes = true;
    if (current) {
        snprintf(plan->old_port, sizeof plan->old_port, "%s", current->spec.port);
        snprintf(plan->old_port_bridge, sizeof plan->old_port_bridge, "%s",
                 current->lacks_port_bridge ? "" : current->spec.port_bridge);
        plan_why(plan, "port %s becomes %s", current->spec.port, goal->port);
        note_move(current, goal, plan);
        if (!goal->has_qos && record_has_limits(current)) {
            plan->spec.has_qos = true; /* The request has no limits, so the present ones stay. */
            plan->spec.qos = current->spec.qos;
        }
    } else {
        plan_why(plan, "there is no port of this VIF");
    }
}

/* The caller makes the port: only ensures the bridge, and keeps a port that exists. */
static void plan_bridge_only(const struct port_spec *goal, struct plan *plan)
{
    if (plan->create_bridge) {
        plan->action = ACTION_CREATE;
        plan->changes = true;
        plan_why(plan, "there is no bridge %s", goal->bridge);
    } else {
        plan_why(plan, "there is a bridge %s, and the port is not vifplugd's to make",
                 goal->bridge);
    }
}

void plan_transition(const struct record *current, const struct port_spec *goal,
                     const struct port_spec *written, bool bridge_exists, struct plan *plan)
{
    plan_destroy(plan);
    plan_init(plan);
    if (goal) {
        plan->spec =
            *goal; /* `goal` does not change (plan.h), so the plan need not copy its maps. */
        plan->borrowed = true;
    } else if (current) {
        port_spec_clone(&plan->spec, &current->spec);
    }
    plan->create_bridge = goal && !bridge_exists;
    if (!current && !goal) {
        plan_why(plan, "there is no port of this VIF");
    } else if (!goal) {
        plan_removal(current, plan);
    } else if (goal->no_port) {
        plan_bridge_only(goal, plan);
    } else if (!current || strcmp(current->spec.port, goal->port)) {
        plan_creation(current, goal, plan);
    } else {
        plan_change(current, goal, written, plan);
    }
    if (goal && goal->awaits_netdev) {
        plan->needs_switch = false;
    }
}

/* Makes the plan wait for the end of a replacement's first step. */
static void await_release(struct plan *plan)
{
    plan->action = ACTION_REPLACE;
    plan->awaits_only = true;
}

void plan_recover(const struct port_spec *spec, const struct switch_facts *facts, struct plan *plan)
{
    plan_transition(facts->current, spec, NULL, true, plan);
    if (plan->action == ACTION_NONE) {
        plan->action = ACTION_UPDATE;
        plan->needs_switch = plan->changes = true;
        plan_why(plan, "ovs-vswitchd has to look for its device again");
    }
    if (facts->may_hold_device) {
        await_release(plan);
    }
}

void plan_undo(const struct undo_facts *facts, struct plan *plan)
{
    plan_transition(facts->current, facts->before, facts->written,
                    !facts->before || facts->bridge_exists, plan);
    plan->drop_bridge = (plan->drop_bridge || facts->made_bridge) && !facts->bridge_awaited;
    plan->settings = facts->before ? facts->settings : NULL;
    if (facts->evicted) {
        plan->restored = facts->evicted;
        plan->restored_settings = facts->evicted_settings;
        plan->restores_bridge = !facts->evicted_bridge_exists;
        plan->needs_switch = true;
    } else if (facts->before && facts->may_hold_device) {
        await_release(plan);
    }
}
