/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: collects what an operation's port may depend on, for planning. */

#include "engine/engine-private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/keys.h"
#include "base/names.h"
#include "nic/kernel-nic.h"
#include "nic/nic-probe.h"
#include "nic/sysfs.h"
#include "ovs/socket-file.h"
#include "util.h"

/* The facts that only VIFs with a VF have. struct spec_facts points to them. */
struct vf_facts {
    struct error nic_error;
    struct nic_vf nic_vf;
    struct error kernel_error;
    char representor[VIF_IFNAME_MAX + 1];
};

static void find_kernel_representor(const struct engine *engine, const struct vif *vif,
                                    struct vf_facts *vf, struct spec_facts *facts)
{
    const char *field = vif_field_path(vif, VIF_FIELD_PCI_SLOT);
    const char *root = engine->env.sysfs_root;
    char text[PCI_ADDR_LEN];

    if (!sysfs_pf_of(root, &vif->pci_slot, &facts->kernel_pf)) {
        error_set(&vf->kernel_error, REASON_DEVICE_NOT_FOUND, field,
                  "PCI device %s is no VF on this host; check that the card is there and its VFs "
                  "are enabled (sriov_numvfs).",
                  pci_addr_format(&vif->pci_slot, text));
        return;
    }
    facts->kernel_vf_num = sysfs_vf_index(root, &facts->kernel_pf, &vif->pci_slot);
    if (kernel_nic_representor(root, &facts->kernel_pf, facts->kernel_vf_num, field,
                               vf->representor, &vf->kernel_error)) {
        facts->kernel_representor = vf->representor;
    }
}

/* Whether the VIF's port runs on that representor already. Then dpdk-extra does not matter: it
 * never causes the refusal of a running guest's port. */
static bool is_attached(const struct engine *engine, const char *vif_id, const struct nic_vf *vf)
{
    struct record record;
    bool attached;

    record_init(&record);
    attached = ovs_find_vif(engine->env.ovs, vif_id, &record) && !record_failed(&record) &&
               record.ofport > 0 &&
               !strcmp(smap_get_def(&record.spec.options, OPTION_DEVARGS, ""), vf->devargs);
    record_destroy(&record);
    return attached;
}

static void find_vf(const struct engine *engine, const struct vif *vif, struct vf_facts *vf,
                    struct spec_facts *facts)
{
    const char *field = vif_field_path(vif, VIF_FIELD_PCI_SLOT);
    const char *datapath = vif->datapath_type[0] ? vif->datapath_type : facts->bridge.datapath_type;

    facts->nic_error = &vf->nic_error;
    facts->kernel_error = &vf->kernel_error;
    if (!vif->has_pci_slot) {
        return;
    }
    if (nic_resolve(engine->env.nic, &vif->pci_slot, field, &vf->nic_vf, &vf->nic_error) &&
        (nic_check_probed(engine->env.nic, &vf->nic_vf, field, &vf->nic_error) ||
         is_attached(engine, vif->id, &vf->nic_vf))) {
        facts->nic_vf = &vf->nic_vf;
    }
    if (vif->kind != VIF_KIND_REPRESENTOR && strcmp(datapath, "netdev")) {
        find_kernel_representor(engine, vif, vf, facts);
    }
}

/* If the bridge is missing, writes the warning for the case that the plug creates it. The warning
 * stays if a second plan finds the bridge, because the first plan's transaction may have created
 * it. */
static void find_bridge(const struct engine *engine, struct op *op, struct spec_facts *facts)
{
    const char *bridge = op->request.vif.bridge;

    ovs_bridge(engine->env.ovs, bridge, &facts->bridge);
    if (!facts->bridge.exists || facts->isolate_vif) {
        ovs_controllers(engine->env.ovs, bridge, &facts->controllers);
    }
    if (!facts->bridge.exists) {
        fail_mode_explain(facts->fail_mode, bridge, &facts->controllers, op->bridge_warning,
                          sizeof op->bridge_warning);
    }
}

/* A bridge that was secure becomes secure again, whatever OVSDB shows now: its controller's
 * configuration may have been removed with it. */
void engine_choose_fail_mode(const struct engine *engine, struct port_spec *spec)
{
    struct controller_facts controllers;

    if (strcmp(spec->fail_mode, "secure")) {
        ovs_controllers(engine->env.ovs, spec->bridge, &controllers);
        snprintf(spec->fail_mode, sizeof spec->fail_mode, "%s",
                 fail_mode_choose(engine->env.settings->fail_mode, spec->bridge, &controllers));
    }
}

int engine_mtu_now(const struct engine *engine, const struct record *record)
{
    struct link_facts link;

    if (!record->spec.type[0] && engine->env.links &&
        links_find(engine->env.links, record->spec.port, &link)) {
        return link.mtu; /* vswitchd writes a change to OVSDB only a moment later. */
    }
    return record->mtu;
}

/* Whether the VIF's path is that of the socket that vswitchd makes in `sock_dir`, maybe by another
 * name: on Debian that is below /var/run, a link to /run. */
static bool is_switchs_socket(const struct vif *vif, const char *sock_dir)
{
    char path[2 * VIF_PATH_MAX + VIF_IFNAME_MAX + 2];
    char port[VIF_IFNAME_MAX + 1];
    char expected[SOCKET_FILE_MAX + 1];
    char given[SOCKET_FILE_MAX + 1];

    if (vif->kind != VIF_KIND_VHOST_USER || vif->vhost_mode != VHOST_MODE_CLIENT) {
        return false;
    }
    name_vhost_port(vif->id, port);
    snprintf(path, sizeof path, "%s/%s", sock_dir, port);
    return socket_file_identify(path, expected) && socket_file_identify(vif->vhost_path, given) &&
           !strcmp(expected, given);
}

/* Looks at the netdev with the VIF's vif_name. */
static void find_guest_netdev(const struct engine *engine, const struct vif *vif,
                              struct spec_facts *facts)
{
    struct link_facts link;

    facts->guest_netdev_exists = vif->kind == VIF_KIND_OVS && engine->env.links &&
                                 links_find(engine->env.links, vif->vif_name, &link) &&
                                 !link_remover_has(engine->env.link_remover, vif->vif_name);
    facts->guest_netdev_is_others = facts->guest_netdev_exists && !link_is_own(&link, vif->id);
}

bool engine_make_goal(const struct engine *engine, struct op *op, struct error *error)
{
    const struct engine_settings *settings = engine->env.settings;
    const struct vif *vif = &op->request.vif;
    struct vf_facts vf;
    char sock_dir[2 * VIF_PATH_MAX];
    struct spec_facts facts = {
        .create_bridges = settings->create_bridges,
        .fail_mode = settings->fail_mode,
        .boot_id = engine->env.boot_id,
        .instance = op->request.instance,
        .default_mtu = settings->network_device_mtu,
        .vhost_sock_dir = sock_dir,
        .socket_dirs = settings->socket_dirs,
        .n_socket_dirs = settings->n_socket_dirs,
        .check_paths = settings->check_paths,
        .isolate_vif = settings->isolate_vif,
        .offload_missing = settings->ensure_hw_offload == OFFLOAD_REQUIRE &&
                           offload_now(engine->env.offload, engine->env.vswitchd) != OFFLOAD_YES,
        .per_port_bridge = settings->per_port_bridge,
        .default_qos_type = settings->default_qos_type,
    };

    find_guest_netdev(engine, vif, &facts);
    find_bridge(engine, op, &facts);
    ovs_vhost_sock_dir(engine->env.ovs, engine->env.run_dir, sock_dir, sizeof sock_dir);
    find_vf(engine, vif, &vf, &facts);
    if (spec_may_look_at_path(vif, &facts)) {
        facts.path_dir_exists = socket_file_has_directory(vif->vhost_path);
        facts.path_is_switchs = is_switchs_socket(vif, sock_dir);
    }
    port_spec_destroy(&op->goal);
    port_spec_init(&op->goal);
    op->has_goal = plan_spec(vif, &facts, &op->goal, error);
    if (op->has_goal) {
        engine_identify_socket(engine, &op->goal);
    }
    if (op->has_goal && op->without_vf_mac) {
        smap_remove(&op->goal.options, OPTION_VF_MAC);
    }
    return op->has_goal;
}

void engine_keep_without_mac(struct op *op, const struct record *current)
{
    const struct smap *now = &current->spec.options;
    const struct smap *ids = &current->spec.external_ids;
    const char *devargs = smap_get(&op->goal.options, OPTION_DEVARGS);

    if (op->goal.vf_mac_optional && !smap_get(now, OPTION_VF_MAC) && !record_failed(current) &&
        !strcmp(smap_get_def(now, OPTION_DEVARGS, ""), devargs) &&
        !strcmp(smap_get_def(ids, KEY_ATTACHED_MAC, ""), op->request.vif.address)) {
        smap_remove(&op->goal.options, OPTION_VF_MAC);
    }
}
