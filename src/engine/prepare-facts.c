/* SPDX-License-Identifier: Apache-2.0 */
/* The present facts that a plan may look at: the switch, links, the socket, and who else has what
 * the operation claims. */

#include "engine/prepare-private.h"

#include <string.h>

#include "base/keys.h"
#include "ovs/socket-file.h"

/* How long vswitchd may leave a question unanswered before nothing that it has said counts. */
enum { HUNG_MS = 5000 };

bool prepare_switch_is_dead(const struct engine *engine)
{
    return vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;
}

bool prepare_bridge_exists(const struct engine *engine, const char *bridge)
{
    struct bridge_facts facts;

    ovs_bridge(engine->env.ovs, bridge, &facts);
    return facts.exists;
}

bool prepare_bridge_is_awaited(const struct engine *engine, const struct op *op,
                               const struct record *current)
{
    return current && awaited_has(&engine->awaited, current->spec.bridge,
                                  op_is_undo(op) ? "" : op->request.vif_id);
}

void found_init(struct found *found)
{
    record_init(&found->evictee);
    found->owners.n = 0;
    found->owners.link_pending = false;
}

void found_destroy(struct found *found)
{
    record_destroy(&found->evictee);
}

bool prepare_may_hold_device(const struct engine *engine, const struct op *op,
                             const struct record *current)
{
    struct ovs_globals globals;

    ovs_globals(engine->env.ovs, &globals);
    return current && !strcmp(current->spec.type, TYPE_DETACHED) && !record_failed(current) &&
           !prepare_switch_is_dead(engine) && globals.cur_cfg < globals.next_cfg &&
           !op->request.dry_run;
}

static void find_port_bridge(const struct engine *engine, const struct port_spec *goal,
                             struct switch_facts *facts)
{
    const char *patch = smap_get_def(&goal->options, OPTION_PEER, "");
    const struct record *current = facts->current;
    bool stays = current && !strcmp(current->spec.port, goal->port);

    if (goal->port_bridge[0]) {
        facts->port_bridge = ovs_port_bridge(engine->env.ovs, goal->port_bridge, patch,
                                             stays ? current->spec.guest_port : goal->guest_port);
    }
}

void prepare_find_facts(const struct engine *engine, const struct op *op,
                        const struct record *current, struct found *found,
                        struct switch_facts *facts)
{
    const struct vswitchd *vswitchd = engine->env.vswitchd;
    struct ovs_globals globals;

    ovs_globals(engine->env.ovs, &globals);
    *facts = (struct switch_facts){
        .current = current,
        .bridge_exists = prepare_bridge_exists(engine, op->goal.bridge),
        .bridge_stays =
            !engine->env.settings->create_bridges || prepare_bridge_is_awaited(engine, op, current),
        .links = &found->links,
        .may_hold_device = prepare_may_hold_device(engine, op, current),
        .awaits_device = current && engine_awaits_device(engine, current),
        .written = op->written,
        .switch_dead = prepare_switch_is_dead(engine),
        .switch_starts =
            vswitchd_state(vswitchd) == VSWITCHD_ALIVE && vswitchd_is_starting(vswitchd),
        .switch_asked = globals.cur_cfg < globals.next_cfg,
        .wants_verdict = op->request.wait == WAIT_REALIZED,
        .no_packet_limits = globals.no_packet_limits,
    };
    found->links_pending =
        engine_look_at_links(engine, op->request.vif_id, &op->goal.links, &found->links);
    if (current && op->type == OP_PLUG) {
        engine_look_at_left_links(engine, &current->spec, &op->goal.links, &found->current_links);
        facts->current_links = &found->current_links;
    }
    find_port_bridge(engine, &op->goal, facts);
    if (engine_look_at_socket(engine, op, current, found->socket_path, &found->socket)) {
        facts->socket = &found->socket;
    }
}

/* Whether vswitchd does its work, so that what it has said of its ports still counts. */
static bool answers(const struct vswitchd *vswitchd)
{
    if (vswitchd_state(vswitchd) != VSWITCHD_ALIVE || vswitchd_is_starting(vswitchd)) {
        return false;
    }
    return vswitchd_unanswered_ms(vswitchd) < HUNG_MS && !vswitchd_is_stopped(vswitchd);
}

/* What is known of a VIF of ours that has the VF which the plug needs. */
static struct evict_facts look_at_evictee(const struct engine *engine, const struct op *op,
                                          const struct record *owner)
{
    const struct engine_settings *settings = engine->env.settings;
    struct evict_facts facts = {
        .policy = settings->on_vf_conflict,
        .unused_after_ms = settings->evict_unused_after_ms,
        .boot_id = engine->env.boot_id,
        .vif_id = op->request.vif_id,
        .instance = op->request.instance,
        .owner = owner,
        .looked = settings->check_paths,
        .down_ms = ovs_link_down_ms(engine->env.ovs, owner->spec.port),
    };

    if (facts.policy == EVICT_UNUSED) {
        facts.switch_answers = answers(engine->env.vswitchd);
        facts.switch_starts = vswitchd_is_starting(engine->env.vswitchd);
        facts.socket = facts.looked && owner->spec.vhost_path[0]
                           ? socket_file_look(owner->spec.vhost_path)
                           : SOCKET_FILE_UNKNOWN;
    }
    return facts;
}

void prepare_find_owners(const struct engine *engine, const struct op *op, struct found *found,
                         struct switch_facts *facts)
{
    struct owners *owners = &found->owners;

    engine_find_owners(engine, &op->goal, facts->current, &found->links, !facts->bridge_exists,
                       owners);
    facts->owners = owners->list;
    facts->n_owners = owners->n;
    for (size_t i = 0; i < owners->n && !facts->evict; i++) {
        const struct claim_owner *owner = &owners->list[i];

        if (owner->claim.kind == CLAIM_VF && owner->type == OWNER_VIF &&
            ovs_find_port(engine->env.ovs, owner->port, &found->evictee)) {
            found->evict = look_at_evictee(engine, op, &found->evictee);
            facts->evict = &found->evict;
            engine_look_at_left_links(engine, &found->evictee.spec, &op->goal.links,
                                      &found->owner_links);
            facts->owner_links = &found->owner_links;
        }
    }
}
