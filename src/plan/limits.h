/* SPDX-License-Identifier: Apache-2.0 */
/* Which limits act on a port: what netdev-dpdk, tc and the kernel make of the columns that qos.h
 * writes. docs/limits.md has the table, and where it is in the source of Open vSwitch. */

#ifndef VP_LIMITS_H
#define VP_LIMITS_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/vif.h"
#include "plan/port-spec.h"

/* Checks the limits of `spec`, if it has any to set, for its port with that MTU (0: not known).
 * Raises bursts that are too small for a frame, and refuses what would not act as asked. */
bool limits_settle(const struct vif *vif, int mtu, struct port_spec *spec, struct error *error);

#define LIMITS_WARNING_LEN 192

/* Says which bursts of `settled` are larger than those that were asked for. Returns false if there
 * is nothing to say. */
bool limits_warning(const struct vif_qos *asked, const struct vif_qos *settled,
                    char text[LIMITS_WARNING_LEN]);

#endif
