/* Planning: gathers the facts for an operation and has them turned into a plan. */

#include "daemon/engine-private.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

static bool directory_of_exists(const char *path)
{
    char copy[VIF_PATH_MAX + 1];
    struct stat st;

    snprintf(copy, sizeof copy, "%s", path);
    return stat(dirname(copy), &st) == 0 && S_ISDIR(st.st_mode);
}

/* The port that a plug asks for. */
static bool specify(struct engine *engine, struct op *op, struct error *error)
{
    const struct config *config = engine->env.config;
    const struct vif *vif = &op->request.vif;
    struct error nic_error;
    struct nic_vf nic_vf;
    char sock_dir[2 * VIF_PATH_MAX];
    struct host_facts facts = {
        .create_bridges = config->create_bridges,
        .boot_id = engine->env.boot_id,
        .instance = op->request.instance,
        .default_mtu = config->network_device_mtu,
        .vhost_sock_dir = sock_dir,
        .socket_dirs = config->socket_dirs,
        .n_socket_dirs = config->n_socket_dirs,
        .check_paths = config->check_paths,
        .path_dir_exists = vif->vhost_path[0] && directory_of_exists(vif->vhost_path),
        .nic_error = &nic_error,
    };

    ovs_bridge(engine->env.ovs, vif->bridge, &facts.bridge);
    ovs_vhost_sock_dir(engine->env.ovs, engine->env.run_dir, sock_dir, sizeof sock_dir);
    if (vif->has_pci_slot &&
        nic_resolve(engine->env.nic, &vif->pci_slot, vif_field_path(vif, VIF_FIELD_PCI_SLOT),
                    &nic_vf, &nic_error)) {
        facts.nic_vf = &nic_vf;
    }
    port_spec_destroy(&op->goal);
    port_spec_init(&op->goal);
    op->has_goal = plan_spec(vif, &facts, &op->goal, error);
    if (op->has_goal && op->without_vf_mac) {
        smap_remove(&op->goal.options, "dpdk-vf-mac");
    }
    return op->has_goal;
}

static bool bridge_exists(const struct engine *engine, const char *bridge)
{
    struct bridge_facts facts;

    ovs_bridge(engine->env.ovs, bridge, &facts);
    return facts.exists;
}

/* A port that was plugged without dpdk-vf-mac, since its driver cannot set it, stays so: to try
 * again at each replug would cut the guest off each time. */
static void keep_without_mac(struct op *op, const struct record *current)
{
    const struct smap *now = &current->spec.options;
    const struct smap *ids = &current->spec.external_ids;
    const char *devargs = smap_get(&op->goal.options, "dpdk-devargs");

    if (op->goal.vf_mac_optional && !smap_get(now, "dpdk-vf-mac") && !record_failed(current) &&
        !strcmp(smap_get_def(now, "dpdk-devargs", ""), devargs) &&
        !strcmp(smap_get_def(ids, KEY_ATTACHED_MAC, ""), op->request.vif.address)) {
        smap_remove(&op->goal.options, "dpdk-vf-mac");
    }
}

/* Whether whoever is in the way has an unplug under way that was asked for before this. */
static bool is_leaving(const struct engine *engine, const struct op *op, const struct record *owner)
{
    return owner && owner->ours && engine_unplugs_before(engine, owner->spec.vif_id, op);
}

/* On failure, *later tells that it is worth planning again soon. */
static bool plan_forward(struct engine *engine, struct op *op, const struct record *current,
                         bool *later, struct error *error)
{
    struct ovs *ovs = engine->env.ovs;
    struct switch_facts facts = {.current = current};
    struct record name_owner;
    struct record vf_owner;
    bool ok;

    *later = false;
    if (!specify(engine, op, error)) {
        return false;
    }
    if (current) {
        keep_without_mac(op, current);
    }
    facts.bridge_exists = bridge_exists(engine, op->goal.bridge);
    record_init(&name_owner);
    record_init(&vf_owner);
    if (ovs_find_port(ovs, op->goal.port, &name_owner) &&
        !(name_owner.ours && !strcmp(name_owner.spec.vif_id, op->goal.vif_id))) {
        facts.name_owner = &name_owner;
    }
    if (op->goal.has_vf &&
        ovs_find_vf_owner(ovs, &op->goal.pf, op->goal.vf_num, op->goal.vif_id, &vf_owner)) {
        facts.vf_owner = &vf_owner;
    }
    ok = plan_plug(&op->request.vif, &op->goal, &facts, &op->plan, error);
    *later = is_leaving(engine, op, facts.name_owner) || is_leaving(engine, op, facts.vf_owner);
    record_destroy(&name_owner);
    record_destroy(&vf_owner);
    return ok;
}

/* Keeps what is there now as what an undo goes back to, as long as nothing has been written. */
static void note_before(struct op *op, const struct record *current)
{
    if (op->touched) {
        return;
    }
    record_destroy(&op->before);
    op->has_before = current != NULL;
    if (current) {
        record_clone(&op->before, current);
    } else {
        record_init(&op->before);
    }
}

/* Whether a port was detached, and vswitchd may not have let go of its device yet: to give it its
 * type now would pass vswitchd by. Then it is waited for as after the first step of a replacement.
 */
static bool is_letting_go(const struct engine *engine, struct op *op, const struct record *current)
{
    struct ovs_globals globals;

    ovs_globals(engine->env.ovs, &globals);
    if (!current || strcmp(current->spec.type, TYPE_DETACHED) || record_failed(current) ||
        vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD ||
        globals.cur_cfg >= globals.next_cfg) {
        return false;
    }
    op->plan.action = ACTION_REPLACE;
    op->target_cfg = globals.next_cfg;
    return true;
}

static bool must_wait(const struct engine *engine, const struct op *op)
{
    return op->request.wait == WAIT_REALIZED && op->plan.needs_switch && !op->undoing &&
           vswitchd_state(engine->env.vswitchd) == VSWITCHD_DEAD;
}

/* A plug that finds its port as asked. */
static enum prepared already_there(struct engine *engine, struct op *op,
                                   const struct record *current)
{
    struct error error;

    ovs_assert(current);
    if (record_failed(current) && !op->touched) {
        error_set(
            &error, REASON_NOT_REALIZED, "",
            "Port %s is as asked, but ovs-vswitchd could not make it work; see the detail, mend "
            "what it names and plug again.",
            current->spec.port);
        error_detail(&error, "%s", current->error ? current->error : "ofport is -1");
        engine_fail(engine, op, &error);
        return PREPARED_ENDED;
    }
    if (op->request.wait == WAIT_REALIZED &&
        (op->touched ||
         (current->ofport == 0 && vswitchd_state(engine->env.vswitchd) != VSWITCHD_DEAD))) {
        op->target_cfg = 0;
        if (op->touched) {
            /* Our transaction happened after all; vswitchd may not have seen it yet. */
            struct ovs_globals globals;

            ovs_globals(engine->env.ovs, &globals);
            op->target_cfg = globals.next_cfg;
            op->plan.action = ACTION_UPDATE;
            op->plan.needs_switch = true;
        }
        return PREPARED_READY;
    }
    engine_succeed(engine, op);
    return PREPARED_ENDED;
}

static enum prepared prepare_plug(struct engine *engine, struct op *op,
                                  const struct record *current)
{
    struct error error;
    bool later;

    if (!plan_forward(engine, op, current, &later, &error)) {
        if (later && !op->request.dry_run) {
            return PREPARED_LATER;
        }
        if (op->touched) {
            engine_undo(engine, op, &error);
        } else {
            engine_fail(engine, op, &error);
        }
        return PREPARED_ENDED;
    }
    note_before(op, current);
    if (op->request.dry_run) {
        engine_dry_run(engine, op);
        return PREPARED_ENDED;
    }
    if (op->plan.action == ACTION_NONE) {
        return already_there(engine, op, current);
    }
    if (is_letting_go(engine, op, current)) {
        return PREPARED_READY;
    }
    return must_wait(engine, op) ? PREPARED_WAIT : PREPARED_STAGE;
}

static enum prepared prepare_unplug(struct engine *engine, struct op *op,
                                    const struct record *current)
{
    const char *instance = op->request.instance;

    if (current && *instance && current->instance[0] && strcmp(instance, current->instance)) {
        op_warn(op, "VIF is plugged for instance %s by now, not for %s; left alone",
                current->instance, instance);
        current = NULL;
    }
    plan_transition(current, NULL, NULL, true, &op->plan);
    note_before(op, current);
    if (op->request.dry_run) {
        engine_dry_run(engine, op);
        return PREPARED_ENDED;
    }
    if (op->plan.action == ACTION_NONE) {
        engine_succeed(engine, op);
        return PREPARED_ENDED;
    }
    return PREPARED_STAGE;
}

/* The way back: from whatever is there now to what preceded. */
static enum prepared prepare_undo(struct engine *engine, struct op *op,
                                  const struct record *current)
{
    const struct port_spec *goal = op->has_before ? &op->before.spec : NULL;

    plan_transition(current, goal, op->has_goal ? &op->goal : NULL,
                    !goal || bridge_exists(engine, goal->bridge), &op->plan);
    op->plan.drop_bridge = op->made_bridge;
    if (goal && is_letting_go(engine, op, current)) {
        return PREPARED_READY;
    }
    if (op->plan.action == ACTION_NONE) {
        struct error error = op->error;

        engine_fail(engine, op, &error);
        return PREPARED_ENDED;
    }
    return PREPARED_STAGE;
}

/* What the type of an interface that was left detached has to be. */
static const char *type_of(const struct record *record)
{
    if (record->spec.kind == VIF_KIND_REPRESENTOR) {
        return "dpdk";
    }
    return smap_get(&record->spec.options, "vhost-server-path") ? "dpdkvhostuserclient"
                                                                : "dpdkvhostuser";
}

static enum prepared prepare_recover(struct engine *engine, struct op *op,
                                     const struct record *current)
{
    if (!current || strcmp(current->spec.type, TYPE_DETACHED)) {
        engine_remove(engine, op);
        return PREPARED_ENDED;
    }
    port_spec_destroy(&op->goal);
    port_spec_clone(&op->goal, &current->spec);
    snprintf(op->goal.type, sizeof op->goal.type, "%s", type_of(current));
    op->has_goal = true;
    plan_transition(current, &op->goal, NULL, true, &op->plan);
    return is_letting_go(engine, op, current) ? PREPARED_READY : PREPARED_STAGE;
}

enum prepared engine_prepare(struct engine *engine, struct op *op)
{
    enum prepared prepared = PREPARED_STAGE;
    struct record record;
    struct record *current;

    record_init(&record);
    current = ovs_find_vif(engine->env.ovs, op->request.vif_id, &record) ? &record : NULL;
    if (op->uncertain_bridge) {
        op->made_bridge |= current != NULL; /* The transaction happened, so the bridge is ours. */
        op->uncertain_bridge = false;
    }
    if (op->undoing) {
        prepared = prepare_undo(engine, op, current);
    } else if (op->type == OP_PLUG) {
        prepared = prepare_plug(engine, op, current);
    } else if (op->type == OP_UNPLUG) {
        prepared = prepare_unplug(engine, op, current);
    } else {
        prepared = prepare_recover(engine, op, current);
    }
    record_destroy(&record);
    return prepared;
}
