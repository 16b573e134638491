/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-overs: a DPDK device goes from one port to another.
 *
 * From OVS 3.7 on ovs-vswitchd closes the netdev of a removed port through RCU, that is a moment
 * after it opens the netdevs of new ports. If the device goes to another port meanwhile,
 * ovs-vswitchd refuses it ("already in use by") until it reconfigures once more. OVSDB
 * distinguishes such a refusal from a permanent one: no other port has the device there. */

#ifndef VP_HAND_OVER_H
#define VP_HAND_OVER_H 1

#include <stdbool.h>

#include "plan/record.h"

/* Whether ovs-vswitchd's error text (NULL is allowed) says that another port has a device. Fills
 * `holder` with the name of that port; this may be the port of the error itself, as it was
 * before. */
bool hand_over_parse(const char *error_text, char holder[PORT_NAME_MAX + 1]);

/* Whether OVSDB shows clearly that `holder`, the port that ovs-vswitchd named (NULL: no port has
 * that name), releases the device that `taker` shall have. */
bool hand_over_is_pending(const struct port_spec *taker, const struct port_spec *holder);

/* How long to wait before vswitchd is made to look for the nth time (from 0 on), ms; -1: it has
 * looked often enough. */
int hand_over_pause_ms(int n);

#endif
