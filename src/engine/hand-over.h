/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-overs: a DPDK device goes from one port to another.
 *
 * From OVS 3.7 on ovs-vswitchd closes the netdev of a port that goes through RCU, that is a moment
 * later than it opens those of new ports. If the device goes to another port meanwhile, that is
 * refused ("already in use by"), until ovs-vswitchd reconfigures once more. OVSDB tells such a
 * refusal from one that stays: no other port has the device there. */

#ifndef VP_HAND_OVER_H
#define VP_HAND_OVER_H 1

#include <stdbool.h>

#include "plan/record.h"

/* Whether ovs-vswitchd's error text (NULL is taken) say that a device is another port's, and whose:
 * fills `holder`, which may be the very port that they are about, as it was before. */
bool hand_over_parse(const char *error_text, char holder[PORT_NAME_MAX + 1]);

/* Whether OVSDB leaves no doubt that `holder`, the port that ovs-vswitchd named (NULL: there is
 * none of that name), lets go of the device that `taker` is to have. */
bool hand_over_is_pending(const struct port_spec *taker, const struct port_spec *holder);

/* How long ovs-vswitchd is given before it is made to look for the nth time (from 0 on), ms; -1: it
 * has looked often enough. */
int hand_over_pause_ms(int n);

#endif
