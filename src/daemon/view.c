/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "links/links.h"
#include "ovs/vswitchd.h"
#include "plan/kind.h"
#include "smap.h"
#include "util.h"

enum vif_state view_state(const struct record *record, const char *boot_id,
                          enum vswitchd_state vswitchd, bool starts, bool lacks_netdev)
{
    bool may_come_later = record_netdev_may_come_later(record);

    if (strcmp(record->boot_id, boot_id) != 0) {
        return STATE_STALE;
    }
    if (record_failed(record)) {
        return STATE_FAILED;
    }
    /* vswitchd says that the netdev is missing only a moment after the commit. */
    if (record_awaits_netdev(record) || (may_come_later && lacks_netdev && record->ofport == 0)) {
        return STATE_COMMITTED;
    }
    if (record->ofport > 0) {
        return vswitchd == VSWITCHD_ALIVE && !starts ? STATE_UP : STATE_UNVERIFIED;
    }
    return vswitchd == VSWITCHD_ALIVE ? STATE_REALIZING : STATE_COMMITTED;
}

static struct reply_pair *make_pairs(const struct smap *map, size_t *n)
{
    const struct smap_node **nodes = smap_sort(map);
    struct reply_pair *pairs;

    *n = smap_count(map);
    pairs = xcalloc(*n + 1, sizeof *pairs);
    for (size_t i = 0; i < *n; i++) {
        pairs[i] = (struct reply_pair){nodes[i]->key, nodes[i]->value};
    }
    free(nodes);
    return pairs;
}

static void fill_representor(struct view *view, const struct port_spec *spec, struct nic *nic)
{
    struct vif_view *vif = &view->vif;

    vif->has_representor = true;
    vif->pf = spec->pf;
    vif->vf_num = spec->vf_num;
    vif->devargs = smap_get(&spec->options, OPTION_DEVARGS);
    vif->has_vf = spec->has_vf_address;
    vif->vf = spec->vf;
    if (!vif->vhost_path[0] && nic_has_sockets(nic, &spec->pf) &&
        nic_describe(nic, &spec->pf, spec->vf_num, &view->nic_vf)) {
        vif->vhost_path = view->nic_vf.vhost_socket;
        vif->vhost_mode = view->nic_vf.vhost_mode;
    }
}

void view_init(struct view *view, const struct record *record, struct nic *nic,
               const char *vhost_sock_dir, enum vif_state state)
{
    const struct port_spec *spec = &record->spec;

    memset(view, 0, sizeof *view);
    view->options = make_pairs(&spec->options, &view->vif.n_options);
    view->external_ids = make_pairs(&spec->external_ids, &view->vif.n_external_ids);
    view->vif.options = view->options;
    view->vif.external_ids = view->external_ids;
    view->vif.vif_id = spec->vif_id;
    view->vif.kind = spec->kind;
    view->vif.bridge = spec->bridge;
    view->vif.port = spec->port;
    view->vif.interface_type = spec->type;
    view->vif.ofport = record->ofport;
    view->vif.mtu = record->mtu;
    view->vif.address = smap_get(&spec->external_ids, KEY_ATTACHED_MAC);
    view->vif.has_tag = record->has_tag;
    view->vif.tag = record->tag;
    view->vif.vhost_path = spec->vhost_path;
    view->vif.vhost_mode = spec->vhost_mode;
    view->vif.qos = spec->qos;
    view->vif.state = state;
    view->vif.error = record->error;
    if (!strcmp(spec->type, TYPE_VHOST_USER)) {
        snprintf(view->vhost_path, sizeof view->vhost_path, "%s/%s", vhost_sock_dir, spec->port);
        view->vif.vhost_path = view->vhost_path;
        view->vif.vhost_mode = VHOST_MODE_CLIENT;
    }
    if (spec->has_vf) {
        fill_representor(view, spec, nic);
    }
}

/* Whether the VIF's port is a netdev of the kernel that does not exist. netdev->mtu is 0 unless it
 * is one that exists. */
static bool lacks_netdev(const struct engine_env *env, const struct record *record,
                         struct link_facts *netdev)
{
    bool of_kernel = !record->spec.type[0] && record->spec.links.kind != LINKS_NONE;

    netdev->mtu = 0;
    if (!of_kernel || !env->links || vswitchd_is_elsewhere(env->vswitchd) ||
        links_find(env->links, record->spec.port, netdev)) {
        return false;
    }
    netdev->mtu = 0;
    return true;
}

enum vif_state view_state_now(const struct engine_env *env, const struct record *record)
{
    struct link_facts netdev;

    return view_state(record, env->boot_id, vswitchd_state(env->vswitchd),
                      vswitchd_is_starting(env->vswitchd), lacks_netdev(env, record, &netdev));
}

void view_init_now(struct view *view, const struct engine_env *env, const struct record *record,
                   bool missing)
{
    char sock_dir[2 * VIF_PATH_MAX];
    enum vif_state state = STATE_MISSING;
    struct link_facts netdev;
    bool lacks = lacks_netdev(env, record, &netdev);

    if (!missing) {
        state = view_state(record, env->boot_id, vswitchd_state(env->vswitchd),
                           vswitchd_is_starting(env->vswitchd), lacks);
    }
    ovs_vhost_sock_dir(env->ovs, env->run_dir, sock_dir, sizeof sock_dir);
    view_init(view, record, env->nic, sock_dir, state);
    /* What a vswitchd that has gone left in OVSDB says nothing of the guest. */
    if (!missing && vswitchd_works(env->vswitchd)) {
        view->vif.link_state = record->link_state;
    }
    if (netdev.mtu > 0) {
        view->vif.mtu = netdev.mtu; /* vswitchd writes a change to OVSDB only a moment later. */
    }
}

void view_add_drift(struct view *view, const struct drift *drift, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        view->drift[i] = (struct reply_drift){drift[i].field, drift[i].expected, drift[i].found};
    }
    view->vif.drift = view->drift;
    view->vif.n_drift = n;
    if (n > 0 && view->vif.state != STATE_MISSING) {
        view->vif.state = STATE_DRIFTED;
    }
}

void view_destroy(struct view *view)
{
    free(view->options);
    free(view->external_ids);
}
