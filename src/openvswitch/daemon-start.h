/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a daemon with any release of libopenvswitch. */

#ifndef VP_OPENVSWITCH_DAEMON_START_H
#define VP_OPENVSWITCH_DAEMON_START_H 1

#include "daemon.h"

/* daemonize_start() for a daemon that needs no access to a datapath nor, for releases with that
 * parameter (since OVS 3.2), to hardware ports. */
static inline void ovs_daemonize_start(void)
{
#ifdef OVS_DAEMONIZE_START_HAS_HARDWARE
    daemonize_start(false, false);
#else
    daemonize_start(false);
#endif
}

#endif
