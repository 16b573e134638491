/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: converts between struct vif_qos and the rows of Interface, Port, QoS and Queue. */

#include "ovs/ovs-private.h"

#include <stdio.h>
#include <string.h>

#include "ovsdb-idl.h"
#include "plan/qos.h"
#include "util.h"

static const struct ovsrec_queue *queue_zero(const struct ovsrec_qos *row)
{
    for (size_t i = 0; i < row->n_queues; i++) {
        if (row->key_queues[i] == 0) {
            return row->value_queues[i];
        }
    }
    return NULL;
}

static bool read_rows(const struct ovsrec_qos *row, struct vif_qos *limits)
{
    const struct ovsrec_queue *queue = queue_zero(row);
    struct qos_rows rows;
    bool known;

    qos_rows_init(&rows);
    snprintf(rows.type, sizeof rows.type, "%s", row->type);
    smap_destroy(&rows.other_config);
    smap_clone(&rows.other_config, &row->other_config);
    rows.has_queue = row->n_queues > 0;
    if (queue) {
        smap_destroy(&rows.queue_other_config);
        smap_clone(&rows.queue_other_config, &queue->other_config);
    }
    known = qos_rows_read(&rows, limits) && row->n_queues == (queue ? 1 : 0);
    qos_rows_destroy(&rows);
    return known;
}

void ovs_read_qos(const struct ovsrec_port *port, const struct ovsrec_interface *interface,
                  struct record *record)
{
    struct vif_qos *limits = &record->spec.qos;

    limits->egress_kbps = interface->ingress_policing_rate;
    limits->egress_burst_kb = interface->ingress_policing_burst;
    limits->egress_kpps = interface->ingress_policing_kpkts_rate;
    limits->egress_burst_kpkt = interface->ingress_policing_kpkts_burst;
    if (port && port->qos) {
        snprintf(record->qos_type, sizeof record->qos_type, "%s", port->qos->type);
        record->foreign_qos = !read_rows(port->qos, limits);
        if (!record->foreign_qos) {
            char *type = limits->ingress_kbps ? record->spec.limits_type : record->spec.default_qos;

            snprintf(type, sizeof record->spec.limits_type, "%s", port->qos->type);
        }
    }
}

/* How many ports have QoS row `row`. */
static size_t count_ports(const struct ovs *ovs, const struct ovsrec_qos *row)
{
    struct ovsrec_port *key = ovsrec_port_index_init_row(ovs->port_by_qos);
    const struct ovsrec_port *port;
    size_t n = 0;

    ovsrec_port_index_set_qos(key, row);
    OVSREC_PORT_FOR_EACH_EQUAL (port, key, ovs->port_by_qos) {
        n += port->qos == row;
    }
    ovsrec_port_index_destroy_row(key);
    return n;
}

static size_t count_qos(const struct ovs *ovs, const struct ovsrec_queue *queue)
{
    const struct ovsrec_qos *row;
    size_t n = 0;

    OVSREC_QOS_FOR_EACH (row, ovs->idl) {
        for (size_t i = 0; i < row->n_queues; i++) {
            n += row->value_queues[i] == queue;
        }
    }
    return n;
}

void ovs_stage_qos_removal(struct ovs *ovs, const struct ovsrec_port *port)
{
    const struct ovsrec_qos *row = port->qos;

    /* QoS and Queue are root tables: OVSDB never collects their unreferenced rows. */
    if (!row) {
        return;
    }
    /* ovsdb-server checks references to a deleted row before it collects garbage, so the port's
     * reference must be removed even if the port is removed too. */
    ovsrec_port_set_qos(port, NULL);
    if (count_ports(ovs, row) > 0) {
        return;
    }
    for (size_t i = 0; i < row->n_queues; i++) {
        if (count_qos(ovs, row->value_queues[i]) == 1) {
            ovsrec_queue_delete(row->value_queues[i]);
        }
    }
    ovsrec_qos_delete(row);
}

static const struct ovsrec_qos *insert_rows(struct ovs *ovs, const struct qos_rows *rows)
{
    struct ovsrec_qos *row = ovsrec_qos_insert(ovs->txn);

    ovsrec_qos_set_type(row, rows->type);
    ovsrec_qos_set_other_config(row, &rows->other_config);
    ovsrec_qos_set_external_ids(row, &rows->external_ids);
    if (rows->has_queue) {
        struct ovsrec_queue *queue = ovsrec_queue_insert(ovs->txn);
        int64_t number = 0;

        ovsrec_queue_set_other_config(queue, &rows->queue_other_config);
        ovsrec_queue_set_external_ids(queue, &rows->queue_external_ids);
        ovsrec_qos_set_queues(row, &number, &queue, 1);
    }
    return row;
}

bool ovs_has_packet_limits(const struct ovs *ovs)
{
    return ovsrec_server_has_interface_table_col_ingress_policing_kpkts_rate(ovs->idl) &&
           ovsrec_server_has_interface_table_col_ingress_policing_kpkts_burst(ovs->idl);
}

static void stage_limits(const struct ovs *ovs, const struct ovsrec_interface *interface,
                         const struct vif_qos *limits)
{
    ovsrec_interface_set_ingress_policing_rate(interface, limits->egress_kbps);
    ovsrec_interface_set_ingress_policing_burst(interface, limits->egress_burst_kb);
    if (ovs_has_packet_limits(ovs)) {
        ovsrec_interface_set_ingress_policing_kpkts_rate(interface, limits->egress_kpps);
        ovsrec_interface_set_ingress_policing_kpkts_burst(interface, limits->egress_burst_kpkt);
    }
}

/* Whether the rows can be changed in place, so that the port always has limits. */
static bool same_shape(struct ovs *ovs, const struct ovsrec_qos *row, const struct qos_rows *rows)
{
    return row && !strcmp(row->type, rows->type) && row->n_queues == (rows->has_queue ? 1 : 0) &&
           count_ports(ovs, row) == 1;
}

static void change_rows(const struct ovsrec_qos *row, const struct qos_rows *rows)
{
    ovsrec_qos_set_other_config(row, &rows->other_config);
    if (rows->has_queue) {
        ovsrec_queue_set_other_config(row->value_queues[0], &rows->queue_other_config);
    }
}

/* Whether the rows say more than a type. */
static bool holds_limits(const struct ovsrec_qos *row)
{
    struct vif_qos limits = {0};

    return !read_rows(row, &limits) || limits.ingress_kbps > 0;
}

void ovs_stage_qos(struct ovs *ovs, const struct port_spec *spec, const struct ovsrec_port *port,
                   const struct ovsrec_interface *interface, bool created)
{
    const char *name = spec->guest_port[0] ? spec->guest_port : spec->port;
    const struct ovsrec_qos *old = created ? NULL : port->qos;
    bool limited = old && holds_limits(old);
    struct qos_rows rows;

    qos_rows_init(&rows);
    if (spec->has_qos) {
        qos_rows_for_limits(&spec->qos, spec->type, name, &rows);
        stage_limits(ovs, interface, &spec->qos);
    }
    if (!rows.type[0] && (created || limited) && spec->default_qos[0]) {
        qos_rows_for_default(spec->default_qos, name, &rows);
    }
    if (same_shape(ovs, old, &rows)) {
        change_rows(old, &rows);
    } else if (rows.type[0] || limited) { /* A row without limits stays. */
        if (old) {
            ovs_stage_qos_removal(ovs, port);
        }
        ovsrec_port_set_qos(port, rows.type[0] ? insert_rows(ovs, &rows) : NULL);
    }
    qos_rows_destroy(&rows);
}
