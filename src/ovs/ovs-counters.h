/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of VIFs' ports, read when somebody asks.
 *
 * ovs-vswitchd writes Interface:statistics of all ports every 5 s (other_config:
 * stats-update-interval), so the replica of ovs.h does not have them: with thousands of ports it
 * would do nothing else. This module asks ovsdb-server over a connection of its own, which it makes
 * with the first question and closes when there has been none for a while.
 *
 * One question is under way at a time; the others wait in the order of their arrival. Each is about
 * a few VIFs only, so a pass of the loop reads few rows, and who asks for thousands takes turns
 * with all others. After a reply the module waits for as long as that took, so OVSDB has half of
 * its time for others. A question that has no reply within COUNTERS_TIMEOUT fails, and so do those
 * that wait. */

#ifndef VP_OVS_COUNTERS_H
#define VP_OVS_COUNTERS_H 1

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ovs/ovs.h"

/* The most VIFs of a question. */
#define COUNTERS_VIFS_MAX 16

/* The most counters of a port; OVS has up to 80 of a DPDK port. */
#define COUNTERS_MAX 256

/* How long OVSDB may take to reply, ms. */
#define COUNTERS_TIMEOUT 5000

struct ovs_counters;

/* `ovs` is borrowed. */
struct ovs_counters *ovs_counters_create(const struct ovs *ovs);

/* All questions must have been dropped. */
void ovs_counters_destroy(struct ovs_counters *counters);
void ovs_counters_run(struct ovs_counters *counters);
void ovs_counters_wait(struct ovs_counters *counters);

/* One counter, by the name that OVS gives it: "rx_packets". "rx" is what the switch has received
 * from the guest. */
struct port_counter {
    char *name;
    int64_t value;
};

/* What OVSDB has of one port. */
struct port_counters {
    bool exists;                /* The VIF has a row. */
    int64_t link_resets;        /* How often its link has changed; -1: not known. */
    struct port_counter *items; /* In the order of their names. */
    size_t n;
};

struct counters_question;

/* Asks for the counters of `n` VIFs, up to COUNTERS_VIFS_MAX. */
struct counters_question *ovs_counters_ask(struct ovs_counters *counters,
                                           const char *const *vif_ids, size_t n);

enum counters_state { COUNTERS_WAITING, COUNTERS_THERE, COUNTERS_FAILED };

/* What has become of a question. COUNTERS_FAILED fills *error (switch_unavailable). */
enum counters_state ovs_counters_state(const struct counters_question *question,
                                       struct error *error);

/* The counters of the VIF with that index, once they are there. */
const struct port_counters *ovs_counters_of(const struct counters_question *question, size_t i);

/* Drops a question, at any time. NULL is allowed. */
void ovs_counters_drop(struct counters_question *question);

#endif
