/* SPDX-License-Identifier: Apache-2.0 */
/* Limits on a port's traffic as rows of OVSDB, written the way Neutron's agent writes them
 * (neutron.agent.common.ovs_lib.OVSBridge), so that it finds, replaces and removes them.
 *
 * What the guest sends (egress) is policed where it enters the switch: Interface
 * ingress_policing_*. What it receives (ingress) is limited by a QoS row of its Port: an
 * egress-policer on DPDK ports, linux-htb with one queue on those of the kernel. */

#ifndef VP_QOS_H
#define VP_QOS_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/vif.h"
#include "smap.h"

#define QOS_TYPE_MAX 32

/* A QoS row, and the Queue row with number 0 in it. */
struct qos_rows {
    char type[QOS_TYPE_MAX + 1]; /* "": no QoS row. */
    struct smap other_config;
    struct smap external_ids;
    bool has_queue;
    struct smap queue_other_config;
    struct smap queue_external_ids;
};

void qos_rows_init(struct qos_rows *rows);
void qos_rows_destroy(struct qos_rows *rows);

/* Fills `rows` (initialised) with what limits the traffic towards the guest of `port`, whose
 * interface has type `interface_type`. Where no burst is asked for, it is 80 % of what a second
 * carries (Neutron's DEFAULT_BURST_RATE), but no less than one jumbo frame. */
void qos_rows_for_limits(const struct vif_qos *limits, const char *interface_type, const char *port,
                         struct qos_rows *rows);

/* Fills `rows` with os-vif's default_qos_type for a port that is created: no limits, but a qdisc
 * (or, for linux-noop, none) of the operator's choice (os-vif's create_ovs_vif_port()). */
void qos_rows_for_default(const char *qos_type, const char *port, struct qos_rows *rows);

/* Reads the limits towards the guest back. Returns false if the rows say more than limits as above
 * can (several queues, other types): then they are somebody else's. */
bool qos_rows_read(const struct qos_rows *rows, struct vif_qos *limits);

/* Whether limits that were read back are those that were asked for, with the burst that
 * qos_rows_for_limits() gives where none was asked for. */
bool qos_limits_match(const struct vif_qos *found, const struct vif_qos *asked);

#endif
