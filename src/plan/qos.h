/* SPDX-License-Identifier: Apache-2.0 */
/* Limits on a port's traffic as rows of OVSDB, written like Neutron's agent writes them
 * (neutron.agent.common.ovs_lib.OVSBridge), so that the agent finds, replaces and removes them.
 *
 * The switch polices what the guest sends (egress) where it enters: Interface ingress_policing_*. A
 * QoS row of the Port limits what the guest receives (ingress): an egress-policer on DPDK ports,
 * linux-htb with one queue on ports of the kernel. */

#ifndef VP_QOS_H
#define VP_QOS_H 1

#include <stdbool.h>
#include <stdint.h>

#include "base/vif.h"
#include "smap.h"

#define QOS_TYPE_MAX 32

/* The least burst, in kb: a frame of netdev-dpdk's NETDEV_DPDK_MAX_PKT_LEN (9728 bytes). A smaller
 * bucket does not pass such a frame. */
enum { QOS_BURST_MIN_KB = 78 };

/* A QoS row, and its Queue row with number 0. */
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

/* The type of the QoS row that limits the traffic towards the guest of such an interface. */
const char *qos_row_type(const char *interface_type);

/* Fills `rows` (initialised) with the rows that limit the traffic towards the guest of `port`,
 * whose interface has type `interface_type`. If the request has no burst, the burst is 80 % of the
 * traffic of a second (Neutron's DEFAULT_BURST_RATE), but at least one jumbo frame. */
void qos_rows_for_limits(const struct vif_qos *limits, const char *interface_type, const char *port,
                         struct qos_rows *rows);

/* Fills `rows` with os-vif's default_qos_type for a port that is created: no limits, but the qdisc
 * that the operator chose (none with linux-noop) (os-vif's create_ovs_vif_port()). */
void qos_rows_for_default(const char *qos_type, const char *port, struct qos_rows *rows);

/* Reads the limits towards the guest. Returns false if the rows say more than qos_rows_for_limits()
 * writes (several queues, other types): then they belong to another program. */
bool qos_rows_read(const struct qos_rows *rows, struct vif_qos *limits);

/* Whether the limits `found` in OVSDB are those `asked` for, with the burst of
 * qos_rows_for_limits() if the request has none. */
bool qos_limits_match(const struct vif_qos *found, const struct vif_qos *asked);

#endif
