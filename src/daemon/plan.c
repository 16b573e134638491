#include "daemon/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Keys that are ours in any row that is ours. */
static const char *const our_options[] = {"dpdk-devargs", "dpdk-vf-mac", "vhost-server-path"};
static const char *const our_external_ids[] = {
    KEY_IFACE_ID, KEY_IFACE_STATUS, KEY_ATTACHED_MAC, KEY_VM_UUID,  KEY_OWNER,
    KEY_VIF_ID,   KEY_KIND,         KEY_BOOT_ID,      KEY_PCI_SLOT,
};

/* Options that name the device or the socket behind the port. (dpdk-vf-mac can be changed in place,
 * but not be taken back: OVS goes on trying to set the last one.) */
static const char *const locators[] = {"dpdk-devargs", "vhost-server-path"};

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
    port_spec_destroy(&plan->spec);
    smap_destroy(&plan->set_options);
    smap_destroy(&plan->remove_options);
    smap_destroy(&plan->set_external_ids);
    smap_destroy(&plan->remove_external_ids);
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

/* What must be set in and removed from `current` to make our keys those of `goal`. */
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

/* Appends "; item" or "item" to plan->why. */
static void why(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void why(struct plan *plan, const char *format, ...)
{
    size_t used = strlen(plan->why);
    va_list args;

    if (used > 0 && used + 3 < sizeof plan->why) {
        strcat(plan->why, ", ");
        used += 2;
    }
    va_start(args, format);
    vsnprintf(plan->why + used, sizeof plan->why - used, format, args);
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
        why(plan, "%s %s", node->key, verb);
    }
}

static void plan_change(const struct record *current, const struct port_spec *goal,
                        const struct port_spec *written, struct plan *plan)
{
    const struct port_spec *now = &current->spec;
    bool replace;
    size_t n_marks;
    size_t n_ids;

    diff_maps(&now->options, &goal->options, written ? &written->options : NULL, our_options,
              ARRAY_SIZE(our_options), &plan->set_options, &plan->remove_options);
    diff_maps(&now->external_ids, &goal->external_ids, written ? &written->external_ids : NULL,
              our_external_ids, ARRAY_SIZE(our_external_ids), &plan->set_external_ids,
              &plan->remove_external_ids);
    plan->set_type = strcmp(now->type, goal->type) != 0;
    plan->set_mtu_request = now->mtu_request != goal->mtu_request;
    if (strcmp(now->bridge, goal->bridge)) {
        snprintf(plan->old_bridge, sizeof plan->old_bridge, "%s", now->bridge);
        why(plan, "bridge %s becomes %s", now->bridge, goal->bridge);
    }
    if (plan->set_type) {
        why(plan, "type %s becomes %s", now->type, goal->type);
    }
    if (plan->set_mtu_request) {
        why(plan, "mtu_request %d becomes %d", now->mtu_request, goal->mtu_request);
    }
    why_map(plan, &plan->set_options, "changes");
    why_map(plan, &plan->remove_options, "goes");
    plan->needs_switch = plan->why[0] != '\0';

    n_marks = (smap_get(&plan->set_external_ids, KEY_BOOT_ID) != NULL) +
              (size_t)(smap_get(&plan->set_external_ids, KEY_PCI_SLOT) != NULL);
    n_ids = smap_count(&plan->set_external_ids) + smap_count(&plan->remove_external_ids);
    plan->changes = plan->needs_switch || n_ids > n_marks;
    why_map(plan, &plan->set_external_ids, "changes");
    why_map(plan, &plan->remove_external_ids, "goes");
    if (!plan->why[0]) {
        plan->action = ACTION_NONE;
        why(plan, "port %s on %s is as asked", now->port, now->bridge);
        return;
    }
    replace = touches(&plan->set_options, locators, ARRAY_SIZE(locators)) ||
              smap_get(&plan->remove_options, "dpdk-vf-mac");
    /* A port that is closed and opened anyway (other type, other bridge, failed before) takes a new
     * device or socket at once; any other needs the two steps. */
    plan->action = ACTION_UPDATE;
    if (!plan->set_type && !plan->old_bridge[0] && !record_failed(current) && replace) {
        plan->action = ACTION_REPLACE;
    }
}

void plan_transition(const struct record *current, const struct port_spec *goal,
                     const struct port_spec *written, bool bridge_exists, struct plan *plan)
{
    plan_destroy(plan);
    plan_init(plan);
    if (goal || current) {
        port_spec_destroy(&plan->spec);
        port_spec_clone(&plan->spec, goal ? goal : &current->spec);
    }
    plan->create_bridge = goal && !bridge_exists;
    if (!current && !goal) {
        why(plan, "there is no port of this VIF");
    } else if (!goal) {
        plan->action = ACTION_DELETE;
        plan->needs_switch = plan->changes = true;
        why(plan, "port %s on %s goes", current->spec.port, current->spec.bridge);
    } else if (!current || strcmp(current->spec.port, goal->port)) {
        plan->action = ACTION_CREATE;
        plan->needs_switch = plan->changes = true;
        if (current) {
            snprintf(plan->old_port, sizeof plan->old_port, "%s", current->spec.port);
            why(plan, "port %s becomes %s", current->spec.port, goal->port);
        } else {
            why(plan, "there is no port of this VIF");
        }
    } else {
        plan_change(current, goal, written, plan);
    }
}

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

bool plan_plug(const struct vif *vif, const struct port_spec *spec,
               const struct switch_facts *facts, struct plan *plan, struct error *error)
{
    if (facts->name_owner) {
        return refuse_name(vif, spec, facts->name_owner, error);
    }
    if (facts->vf_owner) {
        return refuse_vf(vif, spec, facts->vf_owner, error);
    }
    plan_transition(facts->current, spec, NULL, facts->bridge_exists, plan);
    return true;
}

struct lines {
    char **lines;
    size_t n;
    size_t allocated;
};

static void add_line(struct lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_line(struct lines *lines, const char *format, ...)
{
    va_list args;

    if (lines->n == lines->allocated) {
        lines->lines = x2nrealloc(lines->lines, &lines->allocated, sizeof *lines->lines);
    }
    va_start(args, format);
    lines->lines[lines->n++] = xvasprintf(format, args);
    va_end(args);
}

static void add_map(struct lines *lines, const char *port, const char *column,
                    const struct smap *map, bool remove)
{
    const struct smap_node **nodes = smap_sort(map);

    for (size_t i = 0; i < smap_count(map); i++) {
        if (remove) {
            add_line(lines, "remove Interface %s %s:%s", port, column, nodes[i]->key);
        } else {
            add_line(lines, "set Interface %s %s:%s=%s", port, column, nodes[i]->key,
                     nodes[i]->value);
        }
    }
    free(nodes);
}

static void describe_create(const struct plan *plan, struct lines *lines)
{
    const struct port_spec *spec = &plan->spec;

    if (plan->old_port[0]) {
        add_line(lines, "delete Port %s", plan->old_port);
    }
    add_line(lines, "insert Port %s into Bridge %s", spec->port, spec->bridge);
    add_line(lines, "set Interface %s type=%s", spec->port, spec->type);
    if (spec->mtu_request) {
        add_line(lines, "set Interface %s mtu_request=%d", spec->port, spec->mtu_request);
    }
    add_map(lines, spec->port, "options", &spec->options, false);
    add_map(lines, spec->port, "external_ids", &spec->external_ids, false);
}

static void describe_update(const struct plan *plan, struct lines *lines)
{
    const struct port_spec *spec = &plan->spec;

    if (plan->action == ACTION_REPLACE) {
        add_line(lines, "detach Interface %s and wait for ovs-vswitchd", spec->port);
    }
    if (plan->old_bridge[0]) {
        add_line(lines, "move Port %s from Bridge %s to Bridge %s", spec->port, plan->old_bridge,
                 spec->bridge);
    }
    if (plan->set_type) {
        add_line(lines, "set Interface %s type=%s", spec->port, spec->type);
    }
    if (plan->set_mtu_request) {
        add_line(lines, "set Interface %s mtu_request=%d", spec->port, spec->mtu_request);
    }
    add_map(lines, spec->port, "options", &plan->set_options, false);
    add_map(lines, spec->port, "options", &plan->remove_options, true);
    add_map(lines, spec->port, "external_ids", &plan->set_external_ids, false);
    add_map(lines, spec->port, "external_ids", &plan->remove_external_ids, true);
}

char **plan_operations(const struct plan *plan, size_t *n)
{
    struct lines lines = {0};

    if (plan->create_bridge && plan->action != ACTION_NONE) {
        add_line(&lines, "insert Bridge %s datapath_type=%s", plan->spec.bridge,
                 plan->spec.datapath_type);
    }
    switch (plan->action) {
    case ACTION_CREATE:
        describe_create(plan, &lines);
        break;
    case ACTION_UPDATE:
    case ACTION_REPLACE:
        describe_update(plan, &lines);
        break;
    case ACTION_DELETE:
        add_line(&lines, "delete Port %s from Bridge %s", plan->spec.port, plan->spec.bridge);
        break;
    case ACTION_NONE:
        break;
    }
    *n = lines.n;
    return lines.lines;
}
