/* SPDX-License-Identifier: Apache-2.0 */
/* The fake OVSDB: the connection, transactions and their script. */

#include "fake-ovs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

struct ovs *ovs_create(const char *remote OVS_UNUSED)
{
    struct ovs *ovs = xzalloc(sizeof *ovs);

    sset_init(&ovs->changed_vifs);
    sset_init(&ovs->failed_sockets);
    ovs->synced = true;
    return ovs;
}

static void clear_steps(struct ovs *ovs)
{
    for (size_t i = 0; i < ovs->n_steps; i++) {
        plan_destroy(&ovs->steps[i].plan);
        port_spec_destroy(&ovs->steps[i].restored);
    }
    ovs->n_steps = 0;
}

static void end_txn(struct ovs *ovs)
{
    clear_steps(ovs);
    ovs->open = ovs->sent = ovs->bumped = ovs->replied = false;
}

void ovs_destroy(struct ovs *ovs)
{
    while (ovs->n_ports) {
        fake_remove_port(ovs, ovs->ports[0]->name);
    }
    clear_steps(ovs);
    free(ovs->hw_offload_set);
    sset_destroy(&ovs->changed_vifs);
    sset_destroy(&ovs->failed_sockets);
    free(ovs);
}

const char *ovs_remote(const struct ovs *ovs OVS_UNUSED)
{
    return "unix:fake.sock";
}

bool ovs_synced(const struct ovs *ovs)
{
    return ovs->synced;
}

int64_t ovs_unanswered_ms(const struct ovs *ovs)
{
    return ovs->unanswered_ms ? ovs->unanswered_ms : ovs->sent ? time_msec() - ovs->sent_at : 0;
}

bool ovs_unavailable(const struct ovs *ovs OVS_UNUSED, struct error *error)
{
    return error_set(error, REASON_SWITCH_UNAVAILABLE, "",
                     "OVSDB at unix:fake.sock cannot be reached.");
}

static void carry_out(struct ovs *ovs)
{
    if (fake_violates_names(ovs)) {
        return; /* Nobody is there who could be told. */
    }
    ovs->unseen = true;
    for (size_t i = 0; i < ovs->n_steps; i++) {
        fake_carry_out(ovs, &ovs->steps[i]);
    }
    if (ovs->bumped) {
        ovs->bumped_to = ++ovs->globals.next_cfg;
    }
}

static void reply(struct ovs *ovs)
{
    void (*on_commit)(void) = ovs->on_commit;

    ovs->on_commit = NULL;
    if (on_commit) {
        on_commit();
    }
    ovs->ending = ovs->script_at < ovs->n_script
                      ? ovs->script[ovs->script_at++]
                      : (struct fake_ending){.result = OVS_TXN_COMMITTED};
    if (ovs->ending.result == OVS_TXN_COMMITTED && fake_violates_names(ovs)) {
        ovs->ending =
            (struct fake_ending){.result = OVS_TXN_ERROR, .error_text = "constraint violation"};
        ovs->n_violations++;
    } else if (ovs->ending.result == OVS_TXN_COMMITTED || ovs->ending.happens) {
        carry_out(ovs);
    }
    ovs->replied = true;
}

void ovs_run(struct ovs *ovs)
{
    if (ovs->sent && !ovs->replied && !ovs->silent) {
        reply(ovs);
    }
}

void ovs_wait(struct ovs *ovs)
{
    if (ovs->sent && (ovs->replied || !ovs->silent)) {
        poll_immediate_wake();
    }
}

void fake_ovs_script(struct ovs *ovs, struct fake_ending ending)
{
    ovs_assert(ovs->n_script < FAKE_SCRIPT_MAX);
    ovs->script[ovs->n_script++] = ending;
}

void fake_ovs_disconnect(struct ovs *ovs, bool happens)
{
    ovs->synced = false;
    if (ovs->sent && !ovs->replied) {
        if (happens) {
            carry_out(ovs);
        }
        ovs->ending = (struct fake_ending){.result = OVS_TXN_UNCERTAIN};
        ovs->replied = true;
    }
}

void fake_ovs_reconnect(struct ovs *ovs)
{
    ovs->synced = true;
    for (size_t i = 0; i < ovs->n_ports; i++) {
        fake_ovs_touch(ovs, ovs->ports[i]);
    }
    ovs->bridges_changed = true;
}

bool ovs_txn_ready(const struct ovs *ovs)
{
    return ovs->synced && !ovs->open;
}

void ovs_txn_start(struct ovs *ovs)
{
    ovs_assert(!ovs->open);
    ovs->open = true;
}

static int64_t tag_of(const struct port_settings *settings)
{
    return settings && settings->has_tag ? settings->tag : 0;
}

/* A copy that owns what the plan borrows. */
static void clone_plan(struct fake_step *step, const struct plan *plan)
{
    step->plan = *plan;
    port_spec_clone(&step->plan.spec, &plan->spec);
    step->plan.borrowed = false;
    smap_clone(&step->plan.set_options, &plan->set_options);
    smap_clone(&step->plan.remove_options, &plan->remove_options);
    smap_clone(&step->plan.set_external_ids, &plan->set_external_ids);
    smap_clone(&step->plan.remove_external_ids, &plan->remove_external_ids);
    step->tag = tag_of(plan->settings);
    step->restored_tag = tag_of(plan->restored_settings);
    if (plan->restored) {
        port_spec_clone(&step->restored, plan->restored);
        step->plan.restored = &step->restored;
    } else {
        port_spec_init(&step->restored);
    }
}

/* Whether the rows that the plan changes exist. */
static bool can_stage(const struct ovs *ovs, const struct plan *plan)
{
    const struct port_spec *spec = &plan->spec;

    if (plan->evicted_port[0] && !fake_port(ovs, plan->evicted_port)) {
        return false;
    }
    switch (plan->action) {
    case ACTION_NONE:
        return true;
    case ACTION_CREATE:
        return (plan->create_bridge || fake_bridge(ovs, spec->bridge)) &&
               (!plan->old_port[0] || fake_port(ovs, plan->old_port));
    case ACTION_UPDATE:
    case ACTION_REPLACE:
        return fake_port(ovs, spec->port) &&
               (!plan->old_bridge[0] || plan->create_bridge || fake_bridge(ovs, spec->bridge));
    case ACTION_DELETE:
        return spec->no_port ? fake_bridge(ovs, spec->port_bridge[0] ? spec->port_bridge
                                                                     : spec->bridge) != NULL
                             : fake_port(ovs, spec->port) != NULL;
    }
    return false;
}

bool ovs_txn_stage(struct ovs *ovs, const struct plan *plan, struct error *error)
{
    ovs_assert(ovs->open && !ovs->sent && ovs->n_steps < FAKE_STEPS_MAX);
    if (ovs->refuse_stage) {
        ovs->refuse_stage--;
        return error_set(error, REASON_PORT_CONFLICT, "", "A row is missing.");
    }
    if (!can_stage(ovs, plan)) {
        return error_set(error, REASON_PORT_CONFLICT, "", "A row is missing.");
    }
    clone_plan(&ovs->steps[ovs->n_steps++], plan);
    return true;
}

void ovs_txn_bump(struct ovs *ovs)
{
    ovs->bumped = true;
}

void ovs_txn_abort(struct ovs *ovs)
{
    ovs_assert(ovs->open && !ovs->sent);
    end_txn(ovs);
}

void ovs_txn_commit(struct ovs *ovs, const char *comment)
{
    ovs_assert(ovs->open && !ovs->sent);
    ovs->sent = true;
    ovs->sent_at = time_msec();
    snprintf(ovs->comment, sizeof ovs->comment, "%s", comment);
}

enum ovs_txn_result ovs_txn_result(struct ovs *ovs, int64_t *next_cfg, char **error)
{
    enum ovs_txn_result result = ovs->ending.result;

    *next_cfg = 0;
    *error = NULL;
    if (!ovs->sent) {
        return OVS_TXN_NONE;
    }
    if (!ovs->replied) {
        return OVS_TXN_PENDING;
    }
    if (result == OVS_TXN_COMMITTED && ovs->bumped) {
        *next_cfg = ovs->bumped_to;
    }
    if (result == OVS_TXN_ERROR) {
        *error = xstrdup(ovs->ending.error_text);
    }
    end_txn(ovs);
    return result;
}

/* Increments next_cfg at once, unless OVSDB refuses all: the caller does not wait for that
 * transaction. */
void ovs_bump(struct ovs *ovs)
{
    ovs->n_bumps++;
    ovs->globals.next_cfg += ovs->ending.result != OVS_TXN_ERROR;
}

/* Sets the value at once: the caller does not wait for that transaction. */
void ovs_set_hw_offload(struct ovs *ovs, const char *set)
{
    ovs->globals.hw_offload = true;
    free(ovs->hw_offload_set);
    ovs->hw_offload_set = xstrdup(set);
    ovs->globals.hw_offload_set = ovs->hw_offload_set;
}
