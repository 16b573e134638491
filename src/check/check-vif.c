/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of each VIF. */

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/pci-addr.h"
#include "check/check-private.h"

/* Neutron's agent sets a port's VLAN within seconds. */
enum { DEAD_VLAN_MS = 30000 };

static bool is(const struct vif_facts *vif, const char *state)
{
    return !strcmp(vif->state, state);
}

void check_vif_state(struct check_run *run, const struct vif_facts *vif)
{
    if (is(vif, "failed")) {
        check_add(
            run, CHECK_FAIL, vif->vif_id,
            "ovs-vswitchd could not make port %s: %s; see ovs-vswitchd.log for the cause, and "
            "plug the VIF again.",
            vif->port, vif->error);
    } else if (is(vif, "missing")) {
        check_add(
            run, CHECK_FAIL, vif->vif_id,
            "Port %s was plugged, and is not in OVSDB any more; plug the VIF again (or restart "
            "nova-compute), or unplug it.",
            vif->port);
    } else if (is(vif, "stale")) {
        check_add(
            run, CHECK_WARN, vif->vif_id,
            "The VIF is from before the host's last boot; start its guest, which plugs it, or "
            "run 'vifctl reap %s'.",
            vif->vif_id);
    } else if (is(vif, "drifted")) {
        check_add(
            run, CHECK_WARN, vif->vif_id,
            "Another program has changed the VIF: %s; plug the VIF again to have it as it was, "
            "or set repair = yes.",
            vif->drift);
    } else if (is(vif, "realizing")) {
        check_add(run, CHECK_WARN, vif->vif_id,
                  "ovs-vswitchd has not made port %s yet; see ovs-vswitchd.log if this stays.",
                  vif->port);
    }
}

void check_vif_link(struct check_run *run, const struct vif_facts *vif)
{
    if (!vif->realized || strcmp(vif->link_state, "down") != 0) {
        return;
    }
    if (vif->vhost_user) {
        check_add(run, CHECK_WARN, vif->vif_id,
                  "The link of port %s is down: no guest is connected to %s; start the guest, and "
                  "look at QEMU's log if it runs.",
                  vif->port, vif->socket);
    } else {
        check_add(run, CHECK_WARN, vif->vif_id,
                  "The link of port %s is down%s%s; start the guest, look at QEMU's log if it "
                  "runs, and see whether the guest's interface is up.",
                  vif->port, vif->socket[0] ? ": no guest uses " : "", vif->socket);
    }
}

void check_vif_mtu(struct check_run *run, const struct vif_facts *vif)
{
    if (vif->realized && vif->mtu > 0 && vif->mtu_request > 0 && vif->mtu < vif->mtu_request) {
        check_add(
            run, CHECK_WARN, vif->vif_id,
            "Port %s has MTU %d, and %d was asked for; see ovs-vswitchd.log for why the device "
            "refused it, and update the VIF to an MTU that it takes.",
            vif->port, vif->mtu, vif->mtu_request);
    }
}

/* The port through which frames of the VIF leave the host: of its card, or on its bridge. */
static const struct uplink_facts *find_uplink(const struct vswitch_facts *sw,
                                              const struct vif_facts *vif)
{
    for (size_t i = 0; i < sw->n_uplinks; i++) {
        const struct uplink_facts *uplink = &sw->uplinks[i];
        bool same_card = uplink->has_pf && vif->has_pf && pci_addr_equal(&uplink->pf, &vif->pf);

        if (uplink->mtu > 0 && (same_card || !strcmp(uplink->bridge, vif->bridge))) {
            return uplink;
        }
    }
    return NULL;
}

void check_vif_uplink(struct check_run *run, const struct vif_facts *vif)
{
    const struct uplink_facts *uplink = find_uplink(&run->facts->sw, vif);
    int mtu = vif->mtu > 0 ? vif->mtu : vif->mtu_request;

    if (uplink && mtu > uplink->mtu) {
        check_add(run, CHECK_WARN, vif->vif_id,
                  "The VIF's MTU %d is above that of the uplink %s on bridge %s, %d, so larger "
                  "frames are "
                  "dropped; raise the uplink's mtu_request, or lower the network's MTU.",
                  mtu, uplink->port, uplink->bridge, uplink->mtu);
    }
}

void check_vif_vlan(struct check_run *run, const struct vif_facts *vif)
{
    if (vif->dead_vlan_ms >= DEAD_VLAN_MS) {
        check_add(
            run, CHECK_WARN, vif->vif_id,
            "Port %s has had the VLAN 4095, which passes no frames, for %" PRId64
            " s: nothing has wired it; see whether neutron-openvswitch-agent runs and what it "
            "says of %s, and whether the port is up in Neutron.",
            vif->port, vif->dead_vlan_ms / 1000, vif->iface_id);
    }
}

void check_vif_mac(struct check_run *run, const struct vif_facts *vif)
{
    if (vif->mac_vif[0]) {
        check_add(run, CHECK_WARN, vif->vif_id,
                  "VIF %s has the MAC address %s too; on one network, only one of them gets its "
                  "frames: change the MAC of one.",
                  vif->mac_vif, vif->mac);
    }
}

void check_vif_iface_id(struct check_run *run, const struct vif_facts *vif)
{
    if (vif->iface_id_port[0]) {
        check_add(run, CHECK_FAIL, vif->vif_id,
                  "Port %s has the iface-id %s too, so Neutron or OVN wires one of the two by "
                  "chance; remove the port that no guest uses.",
                  vif->iface_id_port, vif->iface_id);
    }
}

void check_vif_socket(struct check_run *run, const struct vif_facts *vif)
{
    if (vif->socket_port[0]) {
        check_add(run, CHECK_FAIL, vif->vif_id,
                  "Port %s has the socket %s too, so only one of the two has the guest; unplug the "
                  "VIF that no guest uses, or remove the port if it is another program's.",
                  vif->socket_port, vif->socket);
    }
}

/* The directory of a path, among those that were read. */
static const struct host_dir *find_dir(const struct host_facts *host, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    for (size_t i = 0; length && i < host->n_dirs; i++) {
        if (strlen(host->dirs[i].path) == length && !strncmp(host->dirs[i].path, path, length)) {
            return &host->dirs[i];
        }
    }
    return NULL;
}

/* Those of cards are the concern of check_socket_dirs(), and each directory is told once. */
void check_vif_socket_dir(struct check_run *run, const struct vif_facts *vif)
{
    const struct host_facts *host = run->facts->host;
    const struct host_dir *dir = find_dir(host, vif->socket);
    uint64_t bit = dir ? UINT64_C(1) << (dir - host->dirs) : 0;
    char qemu[CHECK_QEMU_LEN];

    if (!vif->qemu_makes_socket || !dir || dir->of_card || !host->qemu.exists ||
        (run->told_dirs & bit)) {
        return;
    }
    if (!dir->exists) {
        check_add(run, CHECK_FAIL, dir->path,
                  "%s, the directory of socket %s of VIF %s, does not exist, so the guest cannot "
                  "start; make it (mkdir), and let QEMU's user %s write it.",
                  dir->path, vif->socket, vif->vif_id, check_qemu_user(host, qemu));
        run->told_dirs |= bit;
    } else if (!dir->may_search || !dir->may_write) {
        check_add(
            run, CHECK_FAIL, dir->path,
            "QEMU's user %s cannot make socket %s of VIF %s (the directory has owner %s, "
            "group %s, mode %04o), so the guest cannot start; change the directory's owner or "
            "mode (chown, chmod).",
            check_qemu_user(host, qemu), vif->socket, vif->vif_id, dir->owner, dir->group,
            (unsigned int)dir->mode);
        run->told_dirs |= bit;
    }
}
