/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a plug may take its VF from the VIF that has it (on_vf_conflict). */

#ifndef VP_EVICT_H
#define VP_EVICT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/record.h"
#include "plan/vhost-socket.h"

/* on_vf_conflict. */
enum evict_policy {
    EVICT_NEVER,  /* refuse */
    EVICT_ALWAYS, /* evict */
    EVICT_UNUSED  /* evict-unused: only a VIF that provably no guest uses. */
};

/* What is known of the VIF that has the VF. All borrowed. */
struct evict_facts {
    enum evict_policy policy;
    int64_t unused_after_ms;    /* How long no guest must have used it. */
    const char *boot_id;        /* Of this boot of the host. */
    const char *vif_id;         /* Of the plug... */
    const char *instance;       /* ...and for which instance it is. */
    const struct record *owner; /* The VIF that has the VF. */
    bool switch_answers;        /* ovs-vswitchd runs, and does its work. */
    bool switch_starts;         /* It has confirmed no change since its start. */
    bool looked;                /* Whether `socket` was looked at (check_paths). */
    enum socket_file socket;    /* What is at the path of the owner's socket. */
    /* For how long the daemon has seen the link of the owner's port down, without any operation on
     * it, ms; negative: it is not down. */
    int64_t down_ms;
};

/* Space for what evict_allowed() says. */
#define EVICT_WHY_LEN 200

/* Whether the plug may evict the owner. `why` then says why: "no guest has used it for 700 s". Else
 * it is the end of the sentence that refuses the plug: what on_vf_conflict has to do with it, or a
 * full stop.
 *
 * EVICT_UNUSED has a rule for representors whose guest is the server of the socket. A guest that
 * uses one, or is about to, has bound the socket: the kernel tells so at once, while the link of a
 * DPDK port shows seconds late. A plug whose guest has not come yet (a live migration) has neither;
 * so nothing may have happened to the port for unused_after_ms. Of other ports nobody can tell: a
 * guest in mode client may have lost its connection for good and run on, and what a guest does with
 * a VF of its own is not visible. */
bool evict_allowed(const struct evict_facts *facts, char *why, size_t size);

#endif
