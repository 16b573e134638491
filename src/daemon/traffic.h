/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of all VIFs' ports for metrics, read when a scrape asks for them.
 *
 * All scrapes at one time share a reading, and one that has ended serves those that come soon
 * after it: ovs-vswitchd writes counters every few seconds, and whoever can reach the listener may
 * scrape as often as he likes. A reading goes on in traffic_run(), a few VIFs at a time, and ends
 * within TRAFFIC_TIMEOUT, with the counters that are there by then. If nobody waits for it any
 * more, it stops. */

#ifndef VP_TRAFFIC_H
#define VP_TRAFFIC_H 1

#include <stdbool.h>
#include <stddef.h>

#include "engine/engine.h"
#include "openvswitch/dynamic-string.h"
#include "ovs/ovs-counters.h"

/* How long a reading may take, ms. */
#define TRAFFIC_TIMEOUT 3000

/* How long a reading serves further scrapes, ms: this, or TRAFFIC_IDLE_SHARE times as long as it
 * took, but TRAFFIC_FRESH_MAX at most. */
#define TRAFFIC_FRESH 1000
#define TRAFFIC_FRESH_MAX 5000
#define TRAFFIC_IDLE_SHARE 4

/* How many counters of a port there are: packets, bytes, dropped and errors, both ways. */
#define TRAFFIC_COUNTERS 8

struct traffic;

/* One reading. */
struct traffic_reading;

/* Both are borrowed. */
struct traffic *traffic_create(const struct engine_env *env, struct ovs_counters *counters);

/* All readings must have been released. NULL is allowed. */
void traffic_destroy(struct traffic *traffic);
void traffic_run(struct traffic *traffic);
void traffic_wait(const struct traffic *traffic);

/* The reading that serves a scrape which begins now. traffic_release() it. */
struct traffic_reading *traffic_read(struct traffic *traffic);
void traffic_release(struct traffic_reading *reading);

/* Whether there is nothing to wait for any more; only then the functions below may be called. */
bool traffic_has_ended(const struct traffic_reading *reading);

/* How many VIFs have no counters because OVSDB did not reply in time. */
size_t traffic_n_left_out(const struct traffic_reading *reading);

/* How many VIFs have counters. */
size_t traffic_n(const struct traffic_reading *reading);

/* Begins the family of the counter with that index. */
void traffic_put_family(size_t counter, struct ds *out);

/* Appends that counter of the VIF with that index, if its port has it. */
void traffic_put(const struct traffic_reading *reading, size_t counter, size_t vif, struct ds *out);

/* The memory that a reading holds at most, about, bytes. */
size_t traffic_size(const struct traffic_reading *reading);

#endif
