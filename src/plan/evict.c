/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/evict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/keys.h"

static const int64_t ms_per_s = 1000;

/* Why the VIF is none that evict-unused can judge; NULL: it is one. */
static const char *unsuitable(const struct evict_facts *facts)
{
    const struct record *owner = facts->owner;

    if (!owner->instance[0] || !facts->instance[0]) {
        return "it is not known whose it is";
    }
    if (!strcmp(owner->instance, facts->instance)) {
        return "it is the same instance's";
    }
    if (owner->spec.kind != VIF_KIND_REPRESENTOR || strcmp(owner->spec.type, TYPE_DPDK) != 0 ||
        !owner->spec.vhost_path[0]) {
        return "nothing shows whether a guest uses it";
    }
    if (owner->spec.vhost_mode != VHOST_MODE_SERVER) {
        return "a guest in mode client may have lost its connection and still run";
    }
    return NULL;
}

/* Why it is not certain that no guest is there now; NULL: it is. */
static const char *uncertain(const struct evict_facts *facts)
{
    const struct record *owner = facts->owner;

    if (facts->switch_starts) {
        return "ovs-vswitchd has confirmed no change since its start";
    }
    if (!facts->switch_answers || owner->ofport <= 0 || record_failed(owner)) {
        return "ovs-vswitchd does not tell whether a guest uses it";
    }
    if (!strcmp(owner->link_state, "up")) {
        return "a guest is connected";
    }
    if (strcmp(owner->link_state, "down") != 0) {
        return "ovs-vswitchd does not tell whether a guest uses it";
    }
    if (!facts->looked) {
        return "check_paths is no, so nobody looks at its socket";
    }
    switch (facts->socket) {
    case SOCKET_FILE_ABSENT:
    case SOCKET_FILE_STALE:
        return NULL;
    case SOCKET_FILE_BOUND:
        return "a process listens at its socket";
    default:
        return "its socket cannot be looked at";
    }
}

static bool is_unused(const struct evict_facts *facts, char *why, size_t size)
{
    const int64_t down_s = facts->down_ms < 0 ? 0 : facts->down_ms / ms_per_s;
    const char *problem = unsuitable(facts);

    problem = problem ? problem : uncertain(facts);
    if (problem) {
        snprintf(why, size, "; on_vf_conflict = evict-unused does not evict it, because %s.",
                 problem);
        return false;
    }
    if (facts->down_ms < facts->unused_after_ms) {
        snprintf(why, size,
                 "; on_vf_conflict = evict-unused evicts it after %" PRId64
                 " s without a guest, and vifplugd has seen it so for %" PRId64 " s.",
                 facts->unused_after_ms / ms_per_s, down_s);
        return false;
    }
    snprintf(why, size, "no guest has used it for %" PRId64 " s", down_s);
    return true;
}

bool evict_allowed(const struct evict_facts *facts, char *why, size_t size)
{
    const struct record *owner = facts->owner;

    snprintf(why, size, ".");
    if (!owner || !owner->ours || !strcmp(owner->spec.vif_id, facts->vif_id)) {
        return false;
    }
    if (strcmp(owner->boot_id, facts->boot_id) != 0) {
        snprintf(why, size, "it is of an earlier boot");
        return true;
    }
    switch (facts->policy) {
    case EVICT_ALWAYS:
        snprintf(why, size, "on_vf_conflict is evict");
        return true;
    case EVICT_UNUSED:
        return is_unused(facts, why, size);
    case EVICT_NEVER:
        if (!unsuitable(facts)) {
            snprintf(why, size,
                     "; on_vf_conflict = evict-unused evicts a VIF that no guest has used for a "
                     "time.");
        }
        break;
    }
    return false;
}
