/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of all programs, their VLANs, and since when links are down. */

#include "ovs/ovs-private.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "ovsdb-idl.h"
#include "timeval.h"
#include "util.h"

void ovs_for_each_port(const struct ovs *ovs, void (*cb)(const struct port_view *port, void *aux),
                       void *aux)
{
    const struct ovsrec_interface *row;

    OVSREC_INTERFACE_FOR_EACH (row, ovs->idl) {
        const struct port_view view = {
            .name = row->name,
            .type = row->type,
            .error = row->error ? row->error : "",
            .devargs = smap_get_def(&row->options, OPTION_DEVARGS, ""),
            .driver = smap_get_def(&row->status, "driver_name", ""),
            .mtu = row->n_mtu ? (int)*row->mtu : 0,
            .ours = registry_vif_of(ovs->registry, &row->header_.uuid) != NULL,
        };

        cb(&view, aux);
    }
}

bool ovs_bridge_of_port(const struct ovs *ovs, const char *name, char bridge[PORT_NAME_MAX + 1])
{
    const struct ovsrec_port *port = ovs_port_row(ovs, name);
    const struct ovsrec_bridge *row = port ? ovs_bridge_of(ovs, port, NULL) : NULL;

    if (row) {
        snprintf(bridge, PORT_NAME_MAX + 1, "%s", row->name);
    }
    return row != NULL;
}

bool ovs_sock_dir_waits(const struct ovs *ovs)
{
    const char *now = ovs->vhost_sock_dir.now;
    struct ovs_globals globals;

    ovs_globals(ovs, &globals);
    return ovs->vhost_sock_dir.known &&
           strcmp(now ? now : "", globals.vhost_sock_dir ? globals.vhost_sock_dir : "") != 0;
}

/* --- VLANs. --- */

static void forget_vlan(struct ovs *ovs, struct shash_node *node)
{
    free(node->data);
    shash_delete(&ovs->dead_vlans, node);
}

void ovs_note_vlan(struct ovs *ovs, const struct ovsrec_port *port, bool exists)
{
    struct shash_node *node = shash_find(&ovs->dead_vlans, port->name);

    if (exists && port->n_tag && *port->tag == DEAD_VLAN) {
        if (!node) {
            const int64_t now = time_msec();

            shash_add(&ovs->dead_vlans, port->name, xmemdup(&now, sizeof now));
        }
    } else if (node) {
        forget_vlan(ovs, node);
    }
}

void ovs_sweep_vlans(struct ovs *ovs)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE(node, &ovs->dead_vlans)
    {
        if (!ovs_port_row(ovs, node->name)) {
            forget_vlan(ovs, node);
        }
    }
}

int64_t ovs_dead_vlan_ms(const struct ovs *ovs, const char *port)
{
    const int64_t *since = shash_find_data(&ovs->dead_vlans, port);

    return since ? time_msec() - *since : -1;
}

/* --- Links that are down. --- */

static int64_t *down_since(const struct ovs *ovs, const struct uuid *uuid)
{
    char key[UUID_LEN + 1];

    snprintf(key, sizeof key, UUID_FMT, UUID_ARGS(uuid));
    return shash_find_data(&ovs->links_down, key);
}

void ovs_note_link(struct ovs *ovs, const struct ovsrec_interface *row, bool exists)
{
    const struct uuid *uuid = &row->header_.uuid;
    char key[UUID_LEN + 1];
    int64_t now;

    snprintf(key, sizeof key, UUID_FMT, UUID_ARGS(uuid));
    if (!exists || !row->link_state || strcmp(row->link_state, "down") != 0 ||
        !registry_vif_of(ovs->registry, uuid)) {
        free(shash_find_and_delete(&ovs->links_down, key));
    } else if (!down_since(ovs, uuid)) {
        now = time_msec();
        shash_add(&ovs->links_down, key, xmemdup(&now, sizeof now));
    }
}

void ovs_forget_links(struct ovs *ovs)
{
    shash_clear_free_data(&ovs->links_down);
}

int64_t ovs_link_down_ms(const struct ovs *ovs, const char *port)
{
    const struct ovsrec_interface *row = ovs_interface_row(ovs, port);
    const int64_t *since = row ? down_since(ovs, &row->header_.uuid) : NULL;

    return since ? time_msec() - *since : -1;
}

void ovs_note_use(struct ovs *ovs, const char *port)
{
    const struct ovsrec_interface *row = ovs_interface_row(ovs, port);
    int64_t *since = row ? down_since(ovs, &row->header_.uuid) : NULL;

    if (since) {
        *since = time_msec();
    }
}
