/* SPDX-License-Identifier: Apache-2.0 */
/* The owners of claims: of names by the names of rows, of everything else by the registry. */

#include "ovs/ovs-private.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "util.h"

/* A search for the owner of a claim. */
struct search {
    const struct ovs *ovs;
    const struct claim *claim;
    const struct claimant *claimant;
    struct claim_owner *owner;
    bool found;
};

/* The port that has an interface. Nearly all ports have the name of their only interface. */
static const struct ovsrec_port *port_of(const struct ovs *ovs,
                                         const struct ovsrec_interface *interface)
{
    const struct ovsrec_port *port = ovs_port_row(ovs, interface->name);

    for (size_t i = 0; port && i < port->n_interfaces; i++) {
        if (port->interfaces[i] == interface) {
            return port;
        }
    }
    OVSREC_PORT_FOR_EACH (port, ovs->idl) {
        for (size_t i = 0; i < port->n_interfaces; i++) {
            if (port->interfaces[i] == interface) {
                return port;
            }
        }
    }
    return NULL;
}

/* Whether `bridge` is the claimant's separate bridge, or what is left of it. */
static bool is_own_bridge(const struct search *search, const char *bridge)
{
    const struct claimant *claimant = search->claimant;
    char own[VIF_IFNAME_MAX + 1];
    char patch[PORT_NAME_MAX + 1];
    char port[PORT_NAME_MAX + 1];

    name_port_bridge(claimant->vif_id, own, patch, port);
    return !strcmp(bridge, claimant->port_bridge) &&
           ovs_port_bridge(search->ovs, bridge, patch, claimant->guest_port) != PORT_BRIDGE_FOREIGN;
}

/* Remembers an owner: the first, but rather a port that is not ours. Returns whether that is the
 * last word. */
static bool found(struct search *search, const struct claim_owner *owner)
{
    if (!search->found || owner->type != OWNER_VIF) {
        *search->owner = *owner;
        search->owner->claim = *search->claim;
    }
    search->found = true;
    return owner->type != OWNER_VIF;
}

static void fill_vif(const struct smap *external_ids, const char *vif_id, struct claim_owner *owner)
{
    owner->type = OWNER_VIF;
    snprintf(owner->vif_id, sizeof owner->vif_id, "%s", vif_id);
    snprintf(owner->instance, sizeof owner->instance, "%s",
             smap_get_def(external_ids, KEY_VM_UUID, ""));
    snprintf(owner->boot_id, sizeof owner->boot_id, "%s",
             smap_get_def(external_ids, KEY_BOOT_ID, ""));
}

static bool note_vif(const struct registry_claim *claim, void *row_)
{
    const struct uuid **row = row_;

    *row = claim->uuid;
    return claim->vif_id && claim->kind == CLAIM_BRIDGE;
}

/* The row of the VIF whose separate bridge that is; or NULL. */
static const struct ovsrec_interface *vif_of_bridge(const struct ovs *ovs, const char *bridge)
{
    struct claim claim = {.kind = CLAIM_BRIDGE};
    const struct uuid *uuid = NULL;

    snprintf(claim.key, sizeof claim.key, "%s", bridge);
    return registry_find(ovs->registry, &claim, note_vif, &uuid)
               ? ovsrec_interface_get_for_uuid(ovs->idl, uuid)
               : NULL;
}

/* Considers a row that has what is claimed. Returns whether the search ends. */
static bool consider(struct search *search, const struct ovsrec_interface *row, const char *detail)
{
    const struct ovs *ovs = search->ovs;
    const struct uuid *own = registry_by_vif(ovs->registry, search->claimant->vif_id);
    const char *vif_id = registry_vif_of(ovs->registry, &row->header_.uuid);
    const struct ovsrec_port *port;
    const struct ovsrec_bridge *bridge;
    struct claim_owner owner;

    if (own && uuid_equals(own, &row->header_.uuid)) {
        return false;
    }
    memset(&owner, 0, sizeof owner);
    owner.type = OWNER_PORT;
    port = port_of(ovs, row);
    bridge = port ? ovs_bridge_of(ovs, port, NULL) : NULL;
    if (!vif_id && bridge) {
        const struct ovsrec_interface *main_row;

        if (is_own_bridge(search, bridge->name)) {
            return false;
        }
        main_row = vif_of_bridge(ovs, bridge->name);
        vif_id = main_row ? registry_vif_of(ovs->registry, &main_row->header_.uuid) : NULL;
        row = main_row ? main_row : row;
    }
    if (vif_id) {
        fill_vif(&row->external_ids, vif_id, &owner);
    }
    snprintf(owner.port, sizeof owner.port, "%s", port ? port->name : row->name);
    snprintf(owner.bridge, sizeof owner.bridge, "%s", bridge ? bridge->name : "");
    snprintf(owner.detail, sizeof owner.detail, "%s", detail);
    return found(search, &owner);
}

static bool consider_claim(const struct registry_claim *claim, void *search_)
{
    struct search *search = search_;
    const struct ovsrec_interface *row =
        ovsrec_interface_get_for_uuid(search->ovs->idl, claim->uuid);
    const char *path = "";

    if (row && claim->kind == CLAIM_SOCKET) {
        path = smap_get(&row->options, OPTION_VHOST_PATH);
        path = path ? path : smap_get_def(&row->external_ids, KEY_SOCKET, "");
    }
    return row && consider(search, row, path);
}

/* --- Names. --- */

static bool consider_bridge(struct search *search)
{
    const struct ovsrec_bridge *row = ovs_bridge_row(search->ovs, search->claim->key);
    struct claim_owner owner;

    if (!row || is_own_bridge(search, row->name)) {
        return false;
    }
    memset(&owner, 0, sizeof owner);
    owner.type = OWNER_BRIDGE;
    snprintf(owner.bridge, sizeof owner.bridge, "%s", row->name);
    return found(search, &owner);
}

static bool consider_port(struct search *search)
{
    const struct ovsrec_port *port = ovs_port_row(search->ovs, search->claim->key);

    return port && port->n_interfaces > 0 &&
           (consider(search, port->interfaces[0], "") || search->found);
}

static bool consider_interface(struct search *search)
{
    const struct ovsrec_interface *row = ovs_interface_row(search->ovs, search->claim->key);

    return row && consider(search, row, "");
}

static void search_names(struct search *search)
{
    enum claim_kind kind = search->claim->kind;

    if (registry_find(search->ovs->registry, search->claim, consider_claim, search) ||
        search->found || (claim_kinds_clash(kind, CLAIM_BRIDGE) && consider_bridge(search)) ||
        (claim_kinds_clash(kind, CLAIM_PORT) && consider_port(search))) {
        return;
    }
    if (claim_kinds_clash(kind, CLAIM_INTERFACE)) {
        consider_interface(search);
    }
}

/* --- Sockets. --- */

/* The sockets of ports of type dpdkvhostuser are in vswitchd's directory, and have the ports'
 * names. */
static bool consider_vhost_user(struct search *search)
{
    const char *key = search->claim->key;
    const char *name = socket_file_name(key);
    const struct ovsrec_interface *row = ovs_interface_row(search->ovs, name);
    char path[2 * PATH_MAX];
    char other[CLAIM_KEY_MAX + 1];

    if (!row || strcmp(row->type, TYPE_VHOST_USER) ||
        snprintf(path, sizeof path, "%s/%s", search->claimant->sock_dir, name) > VIF_PATH_MAX) {
        return false;
    }
    if (key[0] == '/') {
        claim_socket_key(path, other);
    } else {
        socket_file_identify(path, other);
    }
    return !strcmp(other, key) && consider(search, row, path);
}

/* Hard links are rare, so nothing indexes them: this looks at all sockets. */
static bool consider_hard_link(const struct registry_claim *claim, void *search_)
{
    struct search *search = search_;

    return claim->key[0] == '/' && strcmp(claim->key, search->claim->key) &&
           socket_file_same(claim->key, search->claim->key) && consider_claim(claim, search);
}

static void search_sockets(struct search *search)
{
    const char *key = search->claim->key;

    if (registry_find(search->ovs->registry, search->claim, consider_claim, search) ||
        consider_vhost_user(search)) {
        return;
    }
    if (!search->found && key[0] == '/' && socket_file_is_linked(key)) {
        registry_scan(search->ovs->registry, CLAIM_SOCKET, consider_hard_link, search);
    }
}

/* Another row with the marks of the VIF. */
static void search_twin(struct search *search)
{
    const struct uuid *uuid = registry_twin_of(search->ovs->registry, search->claim->key);
    const struct ovsrec_interface *row =
        uuid ? ovsrec_interface_get_for_uuid(search->ovs->idl, uuid) : NULL;

    if (row) {
        consider(search, row, "");
    }
}

bool ovs_find_claim_owner(const struct ovs *ovs, const struct claim *claim,
                          const struct claimant *claimant, struct claim_owner *owner)
{
    struct search search = {.ovs = ovs, .claim = claim, .claimant = claimant, .owner = owner};

    switch (claim->kind) {
    case CLAIM_VIF:
        search_twin(&search);
        break;
    case CLAIM_SOCKET:
        search_sockets(&search);
        break;
    case CLAIM_VF:
    case CLAIM_IFACE_ID:
        registry_find(ovs->registry, claim, consider_claim, &search);
        break;
    default:
        search_names(&search);
        break;
    }
    return search.found;
}
