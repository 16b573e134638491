/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/check-facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/devargs.h"
#include "base/keys.h"
#include "daemon/activation.h"
#include "ovs/ovs.h"
#include "util.h"

/* --- The daemon. --- */

static void fill_daemon(const struct checks *checks, const struct host_facts *host,
                        struct daemon_facts *facts)
{
    const struct config *config = checks->config;
    const struct host_user *nova = host ? &host->nova : NULL;

    *facts = (struct daemon_facts){
        .config_path = checks->config_file->path,
        .had_config = checks->config_file->exists,
        .config_mtime = checks->config_file->mtime,
        .waiting = checks->changes->restart,
        .socket = config->socket,
        .socket_group = config->socket_group,
        .socket_inherited = activation_has_taken(),
        .nova_may_plug = nova && access_of(*checks->access, nova->uid, nova->gid, nova->groups,
                                           nova->n_groups) == ACCESS_ALL,
    };
}

/* --- Ports of other programs. --- */

struct port_search {
    const struct ovs *ovs;
    struct switch_storage *storage;
    struct vswitch_facts *facts;
    bool has_vifs[FAILED_PORTS_MAX]; /* Whether a VIF is on the bridge of that failed port. */
};

static void note_vif_of_bridge(const struct port_view *port, void *search_)
{
    struct port_search *search = search_;
    char bridge[PORT_NAME_MAX + 1];

    if (port->ours && ovs_bridge_of_port(search->ovs, port->name, bridge)) {
        for (size_t i = 0; i < search->facts->n_failed_ports; i++) {
            search->has_vifs[i] |= !strcmp(search->storage->failed_ports[i].bridge, bridge);
        }
    }
}

/* Whether the port connects its bridge to the network: a device that is no VF's representor. A
 * netdev of the kernel counts if it is not one of those that guests and bridges have. */
static bool is_uplink(const struct port_view *port, struct uplink_facts *uplink)
{
    static const char *const inner[] = {"", "veth", "tun", "tap", "bridge", "openvswitch"};
    struct devargs devargs;

    if (port->ours) {
        return false;
    }
    if (!strcmp(port->type, TYPE_DPDK)) {
        uplink->has_pf = devargs_parse(port->devargs, &devargs) && !devargs.representor;
        if (uplink->has_pf) {
            uplink->pf = devargs.device;
        }
        return uplink->has_pf;
    }
    if (port->type[0] && strcmp(port->type, "system") != 0) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(inner); i++) {
        if (!strcmp(port->driver, inner[i])) {
            return false;
        }
    }
    return true;
}

static void note_port(const struct port_view *port, void *search_)
{
    struct port_search *search = search_;
    struct vswitch_facts *facts = search->facts;
    struct uplink_facts uplink = {.mtu = port->mtu};
    char bridge[PORT_NAME_MAX + 1];

    facts->uses_dpdk |= !strncmp(port->type, TYPE_DPDK, strlen(TYPE_DPDK));
    if (port->error[0] && !port->ours && facts->n_failed_ports < FAILED_PORTS_MAX &&
        ovs_bridge_of_port(search->ovs, port->name, bridge)) {
        struct failed_port *failed = &search->storage->failed_ports[facts->n_failed_ports++];

        snprintf(failed->port, sizeof failed->port, "%s", port->name);
        snprintf(failed->bridge, sizeof failed->bridge, "%s", bridge);
        snprintf(failed->error, sizeof failed->error, "%s", port->error);
    }
    if (facts->n_uplinks < CHECK_UPLINKS_MAX && is_uplink(port, &uplink) &&
        ovs_bridge_of_port(search->ovs, port->name, bridge)) {
        snprintf(uplink.port, sizeof uplink.port, "%s", port->name);
        snprintf(uplink.bridge, sizeof uplink.bridge, "%s", bridge);
        search->storage->uplinks[facts->n_uplinks++] = uplink;
    }
}

/* Leaves out failed ports on bridges without VIFs. Looks at the VIFs' bridges only if there are
 * failed ports. */
static void keep_on_bridges_with_vifs(struct port_search *search)
{
    struct vswitch_facts *facts = search->facts;
    size_t n = 0;

    if (facts->n_failed_ports == 0) {
        return;
    }
    ovs_for_each_port(search->ovs, note_vif_of_bridge, search);
    for (size_t i = 0; i < facts->n_failed_ports; i++) {
        if (search->has_vifs[i]) {
            search->storage->failed_ports[n++] = search->storage->failed_ports[i];
        }
    }
    facts->n_failed_ports = n;
}

static void fill_ports(const struct checks *checks, struct switch_storage *storage,
                       struct vswitch_facts *facts)
{
    struct port_search search = {.ovs = checks->env->ovs, .storage = storage, .facts = facts};

    ovs_for_each_port(checks->env->ovs, note_port, &search);
    keep_on_bridges_with_vifs(&search);
    facts->uplinks = storage->uplinks;
    facts->failed_ports = storage->failed_ports;
}

/* --- Links. --- */

struct link_search {
    const struct checks *checks;
    struct switch_storage *storage;
    struct vswitch_facts *facts;
};

static void note_orphan(const char *vif_id, void *search_)
{
    struct link_search *search = search_;
    struct vswitch_facts *facts = search->facts;
    struct record record;

    if (facts->n_left_links == LEFT_LINKS_MAX) {
        return;
    }
    for (size_t i = 0; i < facts->n_left_links; i++) {
        if (!strcmp(facts->left_links[i], vif_id)) {
            return;
        }
    }
    if (watch_find_missing(search->checks->watch, vif_id, &record)) {
        record_destroy(&record); /* It is told as missing. */
        return;
    }
    snprintf(search->storage->left_links[facts->n_left_links], VIF_ID_MAX + 1, "%s", vif_id);
    search->storage->left_link_ids[facts->n_left_links] =
        search->storage->left_links[facts->n_left_links];
    facts->n_left_links++;
}

/* --- The switch. --- */

/* Whether the option of the next start of vswitchd differs from that of the last. */
static bool extra_waits(const struct dpdk_extra *extra)
{
    if (!extra->known || extra->now.n != extra->next.n) {
        return extra->known;
    }
    for (size_t i = 0; i < extra->now.n; i++) {
        const struct dpdk_device *now = &extra->now.devices[i];
        const struct dpdk_device *next = &extra->next.devices[i];

        if (!pci_addr_equal(&now->address, &next->address) || now->n_ids != next->n_ids ||
            (now->n_ids && memcmp(now->ids, next->ids, now->n_ids * sizeof *now->ids) != 0)) {
            return true;
        }
    }
    return false;
}

static void fill_switch(const struct checks *checks, struct switch_storage *storage,
                        struct vswitch_facts *facts)
{
    const struct engine_env *env = checks->env;
    struct ovs_globals globals;

    health_read(env, &storage->health);
    ovs_globals(env->ovs, &globals);
    *facts = (struct vswitch_facts){
        .ovsdb_synced = ovs_synced(env->ovs),
        .ovsdb_problem = health_problem(&storage->health, HEALTH_OVSDB),
        .vswitchd_problem = health_problem(&storage->health, HEALTH_VSWITCHD),
        .socket_problem = health_problem(&storage->health, HEALTH_SOCKETS),
        .unanswered_ms = storage->health.unanswered_ms,
        .next_cfg = globals.next_cfg,
        .cur_cfg = globals.cur_cfg,
        .ovs_version = globals.ovs_version,
        .dpdk_version = globals.dpdk_version,
        .dpdk_wanted = globals.dpdk_wanted,
        .dpdk_initialized = health_dpdk_initialized(env, &globals),
        .dpdk_starting = vswitchd_is_starting(env->vswitchd),
        .extra_waits = extra_waits(checks->dpdk_extra),
        .sock_dir_waits = ovs_sock_dir_waits(env->ovs),
        .offload_wanted = env->offload->policy != OFFLOAD_REPORT,
        .offload_needed = env->offload->policy == OFFLOAD_REQUIRE,
        .offload = offload_effect_name(offload_now(env->offload, env->vswitchd)),
        .n_dpdk_ports = ovs_n_dpdk_ports(env->ovs),
        .left_links = storage->left_link_ids,
    };
    if (facts->ovsdb_synced) {
        fill_ports(checks, storage, facts);
        engine_for_each_orphan(checks->engine, note_orphan,
                               &(struct link_search){checks, storage, facts});
    }
}

void check_facts_fill(const struct checks *checks, const struct host_facts *host,
                      struct switch_storage *storage, struct check_facts *facts)
{
    facts->host = host;
    fill_daemon(checks, host, &facts->daemon);
    fill_switch(checks, storage, &facts->sw);
}

void check_facts_forget(struct check_facts *facts)
{
    facts->daemon = (struct daemon_facts){.config_path = ""};
    facts->sw.ovs_version = NULL;
    facts->sw.dpdk_version = NULL;
}

/* --- A VIF. --- */

static void describe_drift(const struct vif_view *view, char *text, size_t size)
{
    snprintf(text, size, "%s", "");
    if (view->n_drift > 0) {
        const struct reply_drift *first = &view->drift[0];
        const char *more = view->n_drift > 1 ? ", and more" : "";

        if (!first->found[0] && !strcmp(first->field, "link")) {
            snprintf(text, size, "link %s is gone (removed or renamed)%s", first->expected, more);
        } else if (!first->found[0]) {
            snprintf(text, size, "%s is gone, and was '%s'%s", first->field, first->expected, more);
        } else if (!first->expected[0]) {
            snprintf(text, size, "%s is '%s', and was not set%s", first->field, first->found, more);
        } else {
            snprintf(text, size, "%s is '%s', not '%s'%s", first->field, first->found,
                     first->expected, more);
        }
    }
}

static const char *find_other(const struct checks *checks, const struct record *record,
                              const struct claim *claim, struct claim_owner *owner)
{
    const struct engine_env *env = checks->env;
    char sock_dir[2 * VIF_PATH_MAX];
    const struct claimant claimant = {
        .vif_id = record->spec.vif_id,
        .port_bridge = record->spec.port_bridge,
        .guest_port = record->spec.guest_port,
        .sock_dir = sock_dir,
    };

    ovs_vhost_sock_dir(env->ovs, env->run_dir, sock_dir, sizeof sock_dir);
    if (claim->key[0] && ovs_find_claim_owner(env->ovs, claim, &claimant, owner)) {
        return owner->port;
    }
    return "";
}

/* Looks for other ports with what only one can have. */
static void fill_shared(const struct checks *checks, struct shash *macs,
                        struct vif_storage *storage, struct vif_facts *facts)
{
    const struct record *record = &storage->record;
    struct claim claim = {.kind = CLAIM_IFACE_ID};
    const struct shash_node *node;

    snprintf(claim.key, sizeof claim.key, "%s", facts->iface_id);
    facts->iface_id_port = find_other(checks, record, &claim, &storage->iface_id);
    if (facts->socket[0]) {
        claim = (struct claim){.kind = CLAIM_SOCKET};
        claim_socket_key(facts->socket, claim.key);
        facts->socket_port = find_other(checks, record, &claim, &storage->socket);
    }
    if (facts->mac[0]) {
        node = shash_find(macs, facts->mac);
        if (node) {
            facts->mac_vif = node->data;
        } else {
            shash_add(macs, facts->mac, xstrdup(facts->vif_id));
        }
    }
}

bool vif_facts_fill(const struct checks *checks, const char *vif_id, struct shash *macs,
                    struct vif_storage *storage, struct vif_facts *facts)
{
    const struct engine_env *env = checks->env;
    struct record *record = &storage->record;
    const struct vif_view *view = &storage->view.vif;
    struct drift drift[DRIFT_MAX];
    bool missing = false;

    if (!ovs_find_vif(env->ovs, vif_id, record)) {
        missing = watch_find_missing(checks->watch, vif_id, record);
        if (!missing) {
            return false;
        }
    }
    view_init_now(&storage->view, env, record, missing);
    view_add_drift(&storage->view, drift, watch_drift(checks->watch, record, drift));
    describe_drift(view, storage->drift_text, sizeof storage->drift_text);
    *facts = (struct vif_facts){
        .vif_id = view->vif_id,
        .port = view->port,
        .bridge = view->bridge,
        .state = vif_state_name(view->state),
        .error = view->error ? view->error : "",
        .drift = storage->drift_text,
        .realized = view->state == STATE_UP || (view->state == STATE_DRIFTED && view->ofport > 0),
        .link_state = record->link_state,
        .vhost_user = !strncmp(view->interface_type, TYPE_VHOST_USER, strlen(TYPE_VHOST_USER)),
        .mtu = (int)view->mtu,
        .mtu_request = record->spec.mtu_request,
        .has_pf = view->has_representor,
        .pf = view->pf,
        .dead_vlan_ms = missing ? -1 : ovs_dead_vlan_ms(env->ovs, view->port),
        .mac = view->address ? view->address : "",
        .mac_vif = "",
        .iface_id = smap_get_def(&record->spec.external_ids, KEY_IFACE_ID, ""),
        .iface_id_port = "",
        .socket = view->vhost_path ? view->vhost_path : "",
        .socket_port = "",
        .qemu_makes_socket = view->vhost_mode == VHOST_MODE_SERVER,
    };
    if (!missing) {
        fill_shared(checks, macs, storage, facts);
    }
    return true;
}

void vif_facts_destroy(struct vif_storage *storage)
{
    view_destroy(&storage->view);
    record_destroy(&storage->record);
}
