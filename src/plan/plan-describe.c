/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as text, for dry runs. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/keys.h"
#include "base/memory.h"
#include "plan/plan.h"
#include "plan/qos.h"
#include "util.h"

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
    char *text;

    if (lines->n == lines->allocated) {
        lines->lines = x2nrealloc(lines->lines, &lines->allocated, sizeof *lines->lines);
    }
    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    lines->lines[lines->n++] = need_memory(display_copy(text));
    free(text);
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

static const char *guest_port(const struct port_spec *spec)
{
    return spec->guest_port[0] ? spec->guest_port : spec->port;
}

static void describe_policing(const char *guest, const struct vif_qos *old,
                              const struct vif_qos *qos, struct lines *lines)
{
    if (old->egress_kbps == qos->egress_kbps && old->egress_burst_kb == qos->egress_burst_kb &&
        old->egress_kpps == qos->egress_kpps && old->egress_burst_kpkt == qos->egress_burst_kpkt) {
        return;
    }
    add_line(lines,
             "set Interface %s ingress_policing_rate=%" PRId64 " ingress_policing_burst=%" PRId64
             " ingress_policing_kpkts_rate=%" PRId64 " ingress_policing_kpkts_burst=%" PRId64,
             guest, qos->egress_kbps, qos->egress_burst_kb, qos->egress_kpps,
             qos->egress_burst_kpkt);
}

/* Takes from `map` what `old` has as well. */
static void drop_same(struct smap *map, const struct smap *old)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, old) {
        if (!strcmp(smap_get_def(map, node->key, ""), node->value)) {
            smap_remove(map, node->key);
        }
    }
}

/* Limits in place of `old` in a QoS row of type `old_type`, "" if there is none. A row of the right
 * type that has limits is changed where it stands. */
static void describe_limits(const struct port_spec *spec, const struct vif_qos *old,
                            const char *old_type, struct lines *lines)
{
    const char *guest = guest_port(spec);
    struct qos_rows old_rows;
    struct qos_rows rows;

    describe_policing(guest, old, &spec->qos, lines);
    qos_rows_init(&old_rows);
    qos_rows_init(&rows);
    qos_rows_for_limits(&spec->qos, spec->type, guest, &rows);
    if (old->ingress_kbps > 0 && !strcmp(rows.type, old_type)) {
        qos_rows_for_limits(old, spec->type, guest, &old_rows);
        drop_same(&rows.other_config, &old_rows.other_config);
        drop_same(&rows.queue_other_config, &old_rows.queue_other_config);
    } else if (rows.type[0]) {
        add_line(lines, "insert QoS type=%s for Port %s", rows.type, guest);
    } else if (old->ingress_kbps > 0 && spec->default_qos[0]) {
        add_line(lines, "insert QoS type=%s for Port %s", spec->default_qos, guest);
    } else if (old->ingress_kbps > 0) {
        add_line(lines, "clear Port %s qos", guest);
    }
    add_map(lines, guest, "QoS other_config", &rows.other_config, false);
    add_map(lines, guest, "Queue other_config", &rows.queue_other_config, false);
    qos_rows_destroy(&rows);
    qos_rows_destroy(&old_rows);
}

static void describe_new_qos(const struct port_spec *spec, struct lines *lines)
{
    static const struct vif_qos none;
    bool limited = spec->has_qos && spec->qos.ingress_kbps > 0;

    if (spec->has_qos) {
        describe_limits(spec, &none, "", lines);
    }
    if (!limited && spec->default_qos[0]) {
        add_line(lines, "insert QoS type=%s for Port %s", spec->default_qos, guest_port(spec));
    }
}

/* Describes the bridges that are removed with a port: its separate bridge (per_port_bridge), and
 * the trunk bridge that it was on. */
static void describe_leaving(const char *port_bridge, bool drop_bridge, const char *bridge,
                             struct lines *lines)
{
    if (port_bridge[0]) {
        add_line(lines, "delete Bridge %s", port_bridge);
    }
    if (drop_bridge) {
        add_line(lines, "delete Bridge %s if that leaves it empty", bridge);
    }
}

static void describe_port_bridge(const struct plan *plan, struct lines *lines)
{
    const struct port_spec *spec = &plan->spec;

    if (plan->drop_port_bridge) {
        add_line(lines, "delete Bridge %s", spec->port_bridge);
    }
    add_line(lines, "insert Bridge %s datapath_type=%s", spec->port_bridge, spec->datapath_type);
    add_line(lines, "insert Port %s into Bridge %s", spec->guest_port, spec->port_bridge);
    add_line(lines, "insert Port %s type=patch into Bridge %s",
             smap_get_def(&spec->options, OPTION_PEER, ""), spec->port_bridge);
}

static void describe_create(const struct plan *plan, struct lines *lines)
{
    const struct port_spec *spec = &plan->spec;

    if (plan->old_port[0]) {
        add_line(lines, "delete Port %s", plan->old_port);
        describe_leaving(plan->old_port_bridge, plan->drop_bridge, plan->old_bridge, lines);
    }
    if (spec->no_port) {
        return;
    }
    if (spec->port_bridge[0]) {
        describe_port_bridge(plan, lines);
    }
    add_line(lines, "insert Port %s into Bridge %s", spec->port, spec->bridge);
    if (spec->type[0]) {
        add_line(lines, "set Interface %s type=%s", spec->port, spec->type);
    }
    if (spec->mtu_request) {
        add_line(lines, "set Interface %s mtu_request=%d", spec->port, spec->mtu_request);
    }
    add_map(lines, spec->port, "options", &spec->options, false);
    add_map(lines, spec->port, "external_ids", &spec->external_ids, false);
    if (spec->isolate) {
        add_line(lines, "set Port %s tag=%d vlan_mode=trunk trunks=%d", spec->port, DEAD_VLAN,
                 DEAD_VLAN);
    }
    describe_new_qos(spec, lines);
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
        describe_leaving("", plan->drop_bridge, plan->old_bridge, lines);
    }
    if (plan->make_port_bridge) {
        describe_port_bridge(plan, lines);
        describe_new_qos(spec, lines);
    } else if (plan->old_guest_port[0]) {
        add_line(lines, "delete Port %s", plan->old_guest_port);
        add_line(lines, "insert Port %s into Bridge %s", spec->guest_port, spec->port_bridge);
        describe_new_qos(spec, lines);
    } else if (plan->set_qos) {
        describe_limits(spec, &plan->old_qos, plan->old_qos_type, lines);
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

static void describe_links(const struct link_plan *links, struct lines *lines)
{
    for (size_t i = 0; i < links->n; i++) {
        char text[96];

        link_step_describe(&links->steps[i], text, sizeof text);
        add_line(lines, "%s", text);
    }
}

static void describe_action(const struct plan *plan, struct lines *lines)
{
    switch (plan->action) {
    case ACTION_CREATE:
        describe_create(plan, lines);
        break;
    case ACTION_UPDATE:
    case ACTION_REPLACE:
        describe_update(plan, lines);
        break;
    case ACTION_DELETE:
        if (!plan->spec.no_port) {
            add_line(lines, "delete Port %s from Bridge %s", plan->spec.port, plan->spec.bridge);
        }
        describe_leaving(plan->spec.port_bridge, plan->drop_bridge, plan->spec.bridge, lines);
        break;
    case ACTION_NONE:
        break;
    }
}

char **plan_operations(const struct plan *plan, size_t *n)
{
    struct lines lines = {0};

    if (plan->stale_socket[0]) {
        add_line(&lines, "remove stale socket %s", plan->stale_socket);
    }
    describe_links(&plan->links, &lines);
    if (plan->evicted_port[0]) {
        add_line(&lines, "delete Port %s of VIF %s", plan->evicted_port, plan->evicted_vif);
    }
    if (plan->create_bridge && plan->action != ACTION_NONE) {
        add_line(&lines, "insert Bridge %s datapath_type=%s%s%s", plan->spec.bridge,
                 plan->spec.datapath_type, plan->spec.fail_mode[0] ? " fail_mode=" : "",
                 plan->spec.fail_mode);
    }
    if (!plan->awaits_only) {
        describe_action(plan, &lines);
    }
    describe_links(&plan->evicted_links, &lines);
    describe_links(&plan->left_links, &lines);
    *n = lines.n;
    return lines.lines;
}
