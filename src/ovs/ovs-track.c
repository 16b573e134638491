/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the rows: which VIF and which claims each has, and its name. */

#include "ovs/ovs-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/devargs.h"
#include "base/keys.h"
#include "ovsdb-idl.h"
#include "util.h"

/* Records that the VIF of row `uuid` has changed. */
static void note_change(struct ovs *ovs, const struct uuid *uuid)
{
    const char *vif_id = registry_vif_of(ovs->registry, uuid);

    if (vif_id) {
        sset_add(&ovs->changed_vifs, vif_id);
    }
}

/* Notes a port that has failed to make its socket, also if it is removed. */
static void note_socket(struct ovs *ovs, const struct ovsrec_interface *row)
{
    if (vhost_socket_has_failed(row->type, row->error)) {
        sset_add(&ovs->failed_sockets, row->name);
    }
}

bool ovs_socket_failed(const struct ovs *ovs, const char *port)
{
    return sset_contains(&ovs->failed_sockets, port);
}

const char *ovs_port_without_socket(const struct ovs *ovs)
{
    const char *port;

    SSET_FOR_EACH (port, &ovs->failed_sockets) {
        const struct ovsrec_interface *row = ovs_interface_row(ovs, port);

        if (row && vhost_socket_has_failed(row->type, row->error)) {
            return port;
        }
    }
    return NULL;
}

void ovs_forget_failed_sockets(struct ovs *ovs)
{
    sset_clear(&ovs->failed_sockets);
}

/* The VF of one of our kernel representors, in the form of devargs; NULL for other rows. */
static const char *kernel_devargs(const struct ovsrec_interface *row, char *text, size_t size)
{
    const char *pf = smap_get(&row->external_ids, KEY_PF);
    const char *vf_num = smap_get(&row->external_ids, KEY_VF_NUM);

    if (!pf || !vf_num) {
        return NULL;
    }
    snprintf(text, size, "%.16s,representor=[%.8s]", pf, vf_num);
    return text;
}

static bool takes_device(const struct ovsrec_interface *row)
{
    return !strcmp(row->type, TYPE_DPDK) || !strcmp(row->type, TYPE_DETACHED);
}

static bool is_attached(const struct ovsrec_interface *row)
{
    return takes_device(row) && row->n_ofport && row->ofport[0] > 0;
}

/* The claims of a row. Most rows have few; device arguments can name many VFs. */
struct row_claims {
    struct claim *list;
    size_t n;
    size_t allocated;
};

static void add(struct row_claims *claims, enum claim_kind kind, const char *key)
{
    if (key[0] && strlen(key) <= CLAIM_KEY_MAX) {
        if (claims->n == claims->allocated) {
            claims->list = x2nrealloc(claims->list, &claims->allocated, sizeof *claims->list);
        }
        claims->list[claims->n].kind = kind;
        strcpy(claims->list[claims->n++].key, key);
    }
}

static void add_vfs(const char *text, struct row_claims *claims)
{
    char key[CLAIM_KEY_MAX + 1];
    struct devargs devargs;

    if (!text || !devargs_parse(text, &devargs) || !devargs.representor) {
        return;
    }
    for (size_t i = 0; i < devargs_n_pfs(&devargs) * devargs.n_vfs; i++) {
        const struct pci_addr pf = devargs_pf_at(&devargs, i / devargs.n_vfs);

        claim_vf_key(&pf, devargs.vfs[i % devargs.n_vfs], key);
        add(claims, CLAIM_VF, key);
    }
}

/* The socket of a port of type dpdkvhostuser has the name of the port: ovs-claims.c finds it so. */
static void add_socket(struct ovs *ovs, const struct ovsrec_interface *row,
                       struct row_claims *claims)
{
    const char *path = takes_device(row) || !strcmp(row->type, TYPE_VHOST_USER_CLIENT)
                           ? smap_get(&row->options, OPTION_VHOST_PATH)
                           : NULL;
    char key[CLAIM_KEY_MAX + 1];
    char file[SOCKET_FILE_MAX + 1];

    path = path ? path : smap_get(&row->external_ids, KEY_SOCKET);
    if (path) {
        claim_socket_key(path, key);
        add(claims, CLAIM_SOCKET, key);
        socket_file_identify(path, file);
        add(claims, CLAIM_SOCKET, file);
        socket_dirs_note(&ovs->socket_dirs, path);
    }
}

/* The names and links that a port of ours has besides the names of its own rows, which rownames.h
 * has. */
static void add_of_vif(const struct ovsrec_interface *row, struct row_claims *claims)
{
    struct claims list = {.n = 0};
    struct record record;

    memset(&record, 0, sizeof record);
    record.borrowed = true;
    snprintf(record.spec.port, sizeof record.spec.port, "%s", row->name);
    snprintf(record.spec.type, sizeof record.spec.type, "%s", row->type);
    record.spec.options = row->options;
    record.spec.external_ids = row->external_ids;
    record_interpret(&record);
    claims_of_spec(&record.spec, false, &list);
    for (size_t i = 0; i < list.n; i++) {
        const struct claim *claim = &list.list[i];
        bool name = claim->kind == CLAIM_PORT || claim->kind == CLAIM_INTERFACE;

        if ((name && strcmp(claim->key, row->name)) || claim->kind == CLAIM_BRIDGE ||
            claim->kind == CLAIM_LINUX_BRIDGE || claim->kind == CLAIM_NETDEV) {
            add(claims, claim->kind, claim->key);
        }
    }
}

/* Whether vswitchd makes or opens a netdev of the port's name. */
static bool has_netdev(const struct ovsrec_interface *row)
{
    return !row->type[0] || !strcmp(row->type, "system") || !strcmp(row->type, "tap") ||
           !strcmp(row->type, TYPE_INTERNAL);
}

static void note_interface(struct ovs *ovs, const struct ovsrec_interface *row)
{
    const struct uuid *uuid = &row->header_.uuid;
    const char *owner = smap_get(&row->external_ids, KEY_OWNER);
    const char *vif_id =
        owner && !strcmp(owner, OWNER) ? smap_get(&row->external_ids, KEY_VIF_ID) : NULL;
    struct row_claims claims = {.list = NULL};
    char text[64];

    vif_id = vif_id && vif_id_valid(vif_id) ? vif_id : NULL;
    add_vfs(takes_device(row) ? smap_get(&row->options, OPTION_DEVARGS)
                              : kernel_devargs(row, text, sizeof text),
            &claims);
    add_socket(ovs, row, &claims);
    add(&claims, CLAIM_IFACE_ID, smap_get_def(&row->external_ids, KEY_IFACE_ID, ""));
    if (vif_id) {
        add_of_vif(row, &claims);
    } else if (has_netdev(row)) {
        add(&claims, CLAIM_NETDEV, row->name);
    }
    rownames_set(ovs->interfaces, uuid, row->name);
    registry_set(ovs->registry, uuid,
                 &(struct registry_row){.vif_id = vif_id,
                                        .natural = vif_id && name_is_of_vif(row->name, vif_id),
                                        .attached = is_attached(row),
                                        .claims = claims.list,
                                        .n_claims = claims.n});
    free(claims.list);
    note_change(ovs, uuid);
}

/* Records a row that has changed. Most changes are vswitchd's, of columns without claims. */
static void note_interface_change(struct ovs *ovs, const struct ovsrec_interface *row)
{
    if (ovsrec_interface_is_new(row) ||
        ovsrec_interface_is_updated(row, OVSREC_INTERFACE_COL_NAME) ||
        ovsrec_interface_is_updated(row, OVSREC_INTERFACE_COL_TYPE) ||
        ovsrec_interface_is_updated(row, OVSREC_INTERFACE_COL_OPTIONS) ||
        ovsrec_interface_is_updated(row, OVSREC_INTERFACE_COL_EXTERNAL_IDS)) {
        note_interface(ovs, row);
    } else {
        registry_set_attached(ovs->registry, &row->header_.uuid, is_attached(row));
    }
}

void ovs_socket_file(struct ovs *ovs, const char *path, char file[SOCKET_FILE_MAX + 1])
{
    const struct ovsrec_interface *row;

    socket_file_identify(path, file);
    if (file[0] && socket_dirs_changed(&ovs->socket_dirs)) {
        OVSREC_INTERFACE_FOR_EACH (row, ovs->idl) {
            note_interface(ovs, row);
        }
    }
}

static void track_names(struct ovs *ovs)
{
    const struct ovsrec_bridge *bridge;
    const struct ovsrec_port *port;

    OVSREC_BRIDGE_FOR_EACH_TRACKED (bridge, ovs->idl) {
        ovs->bridges_changed = true;
        if (ovsrec_bridge_is_deleted(bridge)) {
            rownames_remove(ovs->bridges, &bridge->header_.uuid);
        } else {
            rownames_set(ovs->bridges, &bridge->header_.uuid, bridge->name);
        }
    }
    OVSREC_PORT_FOR_EACH_TRACKED (port, ovs->idl) {
        ovs_note_vlan(ovs, port, !ovsrec_port_is_deleted(port));
        if (ovsrec_port_is_deleted(port)) {
            rownames_remove(ovs->ports, &port->header_.uuid);
        } else {
            rownames_set(ovs->ports, &port->header_.uuid, port->name);
        }
    }
}

void ovs_track(struct ovs *ovs)
{
    const struct ovsrec_interface *row;

    OVSREC_INTERFACE_FOR_EACH_TRACKED (row, ovs->idl) {
        note_change(ovs, &row->header_.uuid);
        note_socket(ovs, row);
        if (ovsrec_interface_is_deleted(row)) {
            registry_remove(ovs->registry, &row->header_.uuid);
            rownames_remove(ovs->interfaces, &row->header_.uuid);
            ovs_note_link(ovs, row, false);
        } else {
            note_interface_change(ovs, row);
            ovs_note_link(ovs, row, true);
        }
    }
    track_names(ovs);
    ovsdb_idl_track_clear(ovs->idl);
}

static void note_change_cb(const struct uuid *uuid, const char *vif_id, void *ovs_)
{
    struct ovs *ovs = ovs_;

    (void)uuid;
    sset_add(&ovs->changed_vifs, vif_id);
}

void ovs_track_anew(struct ovs *ovs)
{
    const struct ovsrec_interface *interface;
    const struct ovsrec_bridge *bridge;
    const struct ovsrec_port *port;

    registry_for_each_vif(ovs->registry, note_change_cb, ovs);
    registry_clear(ovs->registry);
    rownames_clear(ovs->interfaces);
    rownames_clear(ovs->ports);
    rownames_clear(ovs->bridges);
    ovs_forget_links(ovs);
    OVSREC_INTERFACE_FOR_EACH (interface, ovs->idl) {
        note_interface(ovs, interface);
        ovs_note_link(ovs, interface, true);
    }
    OVSREC_PORT_FOR_EACH (port, ovs->idl) {
        rownames_set(ovs->ports, &port->header_.uuid, port->name);
        ovs_note_vlan(ovs, port, true);
    }
    ovs_sweep_vlans(ovs);
    OVSREC_BRIDGE_FOR_EACH (bridge, ovs->idl) {
        rownames_set(ovs->bridges, &bridge->header_.uuid, bridge->name);
    }
    ovs->bridges_changed = true;
}
