/* SPDX-License-Identifier: Apache-2.0 */
/* Values of OVSDB as Open vSwitch reads them (docs/architecture.md has the table, with the places
 * in its source). */

#ifndef VP_OPTIONS_H
#define VP_OPTIONS_H 1

#include <stdbool.h>
#include <stddef.h>

/* other_config:dpdk-init (NULL: none): whether vswitchd initialises DPDK, or tries to. */
bool option_dpdk_init(const char *text);

/* datapath_type of a Bridge: "" is "system". */
const char *option_datapath_type(const char *text);

/* other_config:vhost-sock-dir (NULL: none): where vswitchd makes the sockets of dpdkvhostuser
 * ports, without doubled slashes. `run_dir` is OVS's run directory. */
void option_sock_dir(const char *text, const char *run_dir, char *dir, size_t size);

/* other_config:stats-update-interval (NULL: none): how often vswitchd writes counters, ms. */
int option_stats_interval(const char *text);

/* A value that vswitchd reads once, when it initialises DPDK. All zeros before the first
 * started_value_follow(). */
struct started_value {
    char *now; /* Of the running vswitchd; NULL: none. */
    bool known;
    unsigned int start; /* The vswitchd that has read `now`; 0: none. */
};

/* `text` is the value in OVSDB (NULL: none); `start` is vswitchd_start() of the vswitchd that has
 * initialised DPDK, 0 if there is none. Without one, `now` follows OVSDB. If vswitchd was started
 * before the first call, this assumes that the value has not changed since. */
void started_value_follow(struct started_value *value, const char *text, unsigned int start);
void started_value_destroy(struct started_value *value);

#endif
