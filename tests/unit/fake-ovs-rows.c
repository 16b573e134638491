/* SPDX-License-Identifier: Apache-2.0 */
/* The fake OVSDB: its tables, and the functions that read them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/devargs.h"
#include "fake-clock.h"
#include "fake-ovs.h"
#include "timeval.h"
#include "util.h"

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

/* --- The tables. --- */

struct fake_port *fake_port(const struct ovs *ovs, const char *name)
{
    for (size_t i = 0; i < ovs->n_ports; i++) {
        if (!strcmp(ovs->ports[i]->name, name)) {
            return ovs->ports[i];
        }
    }
    return NULL;
}

/* The VIF id if the port is ours, else NULL. */
static const char *vif_of(const struct fake_port *port)
{
    return smap_get(&port->external_ids, KEY_OWNER) ? smap_get(&port->external_ids, KEY_VIF_ID)
                                                    : NULL;
}

static struct fake_port *port_of_vif(const struct ovs *ovs, const char *vif_id)
{
    for (size_t i = 0; i < ovs->n_ports; i++) {
        const char *id = vif_of(ovs->ports[i]);

        if (id && !strcmp(id, vif_id)) {
            return ovs->ports[i];
        }
    }
    return NULL;
}

bool ovs_socket_failed(const struct ovs *ovs, const char *port)
{
    return sset_contains(&ovs->failed_sockets, port);
}

const char *ovs_port_without_socket(const struct ovs *ovs)
{
    const char *port;

    SSET_FOR_EACH (port, &ovs->failed_sockets) {
        const struct fake_port *found = fake_port((struct ovs *)ovs, port);

        if (found && vhost_socket_has_failed(found->type, found->error)) {
            return port;
        }
    }
    return NULL;
}

void ovs_forget_failed_sockets(struct ovs *ovs)
{
    sset_clear(&ovs->failed_sockets);
}

void fake_ovs_touch(struct ovs *ovs, const struct fake_port *port)
{
    if (vhost_socket_has_failed(port->type, port->error)) {
        sset_add(&ovs->failed_sockets, port->name);
    }
    if (vif_of(port)) {
        sset_add(&ovs->changed_vifs, vif_of(port));
    }
}

struct fake_port *fake_add_port(struct ovs *ovs, const char *name, const char *bridge,
                                const char *type)
{
    struct fake_port *port = xzalloc(sizeof *port);

    ovs_assert(ovs->n_ports < FAKE_PORTS_MAX);
    COPY(port->name, name);
    COPY(port->bridge, bridge);
    COPY(port->type, type);
    smap_init(&port->options);
    smap_init(&port->external_ids);
    ovs->ports[ovs->n_ports++] = port;
    ovs->bridges_changed = true;
    return port;
}

void fake_remove_port(struct ovs *ovs, const char *name)
{
    for (size_t i = 0; i < ovs->n_ports; i++) {
        struct fake_port *port = ovs->ports[i];

        if (!strcmp(port->name, name)) {
            fake_ovs_touch(ovs, port);
            smap_destroy(&port->options);
            smap_destroy(&port->external_ids);
            free(port->error);
            free(port);
            ovs->ports[i] = ovs->ports[--ovs->n_ports];
            ovs->bridges_changed = true;
            return;
        }
    }
}

struct fake_bridge *fake_bridge(const struct ovs *ovs, const char *name)
{
    for (size_t i = 0; i < ovs->n_bridges; i++) {
        if (!strcmp(ovs->bridges[i].name, name)) {
            return CONST_CAST(struct fake_bridge *, &ovs->bridges[i]);
        }
    }
    return NULL;
}

struct fake_bridge *fake_add_bridge(struct ovs *ovs, const char *name, const char *datapath_type)
{
    struct fake_bridge *bridge = &ovs->bridges[ovs->n_bridges++];

    ovs_assert(ovs->n_bridges <= FAKE_BRIDGES_MAX);
    memset(bridge, 0, sizeof *bridge);
    COPY(bridge->name, name);
    COPY(bridge->datapath_type, datapath_type);
    ovs->bridges_changed = true;
    return bridge;
}

size_t fake_n_ports_on(const struct ovs *ovs, const char *bridge)
{
    size_t n = 0;

    for (size_t i = 0; i < ovs->n_ports; i++) {
        n += !strcmp(ovs->ports[i]->bridge, bridge);
    }
    return n;
}

void fake_remove_bridge(struct ovs *ovs, const char *name)
{
    struct fake_bridge *bridge = fake_bridge(ovs, name);

    for (size_t i = ovs->n_ports; i-- > 0;) {
        if (!strcmp(ovs->ports[i]->bridge, name)) {
            fake_remove_port(ovs, ovs->ports[i]->name);
        }
    }
    if (bridge) {
        *bridge = ovs->bridges[--ovs->n_bridges];
    }
    ovs->bridges_changed = true;
}

void fake_port_say(struct fake_port *port, int64_t ofport, int mtu, const char *error)
{
    port->ofport = ofport;
    port->mtu = mtu;
    free(port->error);
    port->error = nullable_xstrdup(error);
}

/* --- Reading. --- */

static void read_record(const struct ovs *ovs, const struct fake_port *port, struct record *record)
{
    const struct fake_bridge *bridge = fake_bridge(ovs, port->bridge);
    const struct fake_port *guest;

    memset(record, 0, sizeof *record);
    record->borrowed = true;
    COPY(record->spec.port, port->name);
    if (bridge) {
        COPY(record->spec.bridge, bridge->name);
        COPY(record->spec.datapath_type, bridge->datapath_type);
        COPY(record->spec.fail_mode, bridge->fail_mode);
    }
    COPY(record->spec.type, port->type);
    record->spec.options = port->options;
    record->spec.external_ids = port->external_ids;
    record->spec.mtu_request = port->mtu_request;
    record->ofport = port->ofport;
    record->mtu = port->mtu;
    COPY(record->vf_mac, port->vf_mac);
    COPY(record->link_state, port->link_state);
    record->error = port->error;
    record_interpret(record);
    guest = record->spec.guest_port[0] ? fake_port(ovs, record->spec.guest_port) : port;
    record->spec.qos = guest ? guest->qos : (struct vif_qos){0};
    COPY(record->qos_type, guest ? guest->qos_type : "");
    COPY(record->spec.limits_type, record->spec.qos.ingress_kbps ? record->qos_type : "");
    record->foreign_qos = guest && guest->foreign_qos;
}

void ovs_globals(const struct ovs *ovs, struct ovs_globals *globals)
{
    *globals = ovs->globals;
}

void ovs_follow_vswitchd(struct ovs *ovs OVS_UNUSED, unsigned int start OVS_UNUSED)
{
}

void ovs_vhost_sock_dir(const struct ovs *ovs OVS_UNUSED, const char *run_dir, char *dir,
                        size_t size)
{
    snprintf(dir, size, "%s", run_dir);
}

void ovs_bridge(const struct ovs *ovs, const char *name, struct bridge_facts *facts)
{
    const struct fake_bridge *bridge = fake_bridge(ovs, name);

    memset(facts, 0, sizeof *facts);
    facts->exists = bridge != NULL;
    COPY(facts->datapath_type, bridge ? bridge->datapath_type : "");
}

void ovs_controllers(const struct ovs *ovs, const char *name OVS_UNUSED,
                     struct controller_facts *facts)
{
    *facts = ovs->controllers;
}

static bool read_found(const struct ovs *ovs, const struct fake_port *port, struct record *record)
{
    if (port) {
        read_record(ovs, port, record);
    }
    return port != NULL;
}

bool ovs_find_port(const struct ovs *ovs, const char *port, struct record *record)
{
    return read_found(ovs, fake_port(ovs, port), record);
}

bool ovs_find_vif(const struct ovs *ovs, const char *vif_id, struct record *record)
{
    if (ovs->slow_ms > 0) {
        clock_warp(ovs->slow_ms);
    }
    return read_found(ovs, port_of_vif(ovs, vif_id), record);
}

/* Whether the port has that VF, no matter which program made it. */
static bool has_vf(const struct fake_port *port, const struct record *record,
                   const struct pci_addr *pf, int vf_num)
{
    const char *text = smap_get(&port->options, "dpdk-devargs");
    struct devargs devargs;

    if (record->spec.has_vf) {
        return record->spec.vf_num == vf_num && pci_addr_equal(&record->spec.pf, pf);
    }
    if (strcmp(port->type, "dpdk") || !devargs_parse(text, &devargs) || devargs.n_vfs != 1) {
        return false;
    }
    return devargs.vfs[0] == vf_num;
}

bool ovs_find_vf_owner(const struct ovs *ovs, const struct pci_addr *pf, int vf_num,
                       const char *except_vif_id, struct record *record)
{
    for (size_t i = 0; i < ovs->n_ports; i++) {
        const char *id = vif_of(ovs->ports[i]);
        struct record found;

        read_record(ovs, ovs->ports[i], &found);
        if (has_vf(ovs->ports[i], &found, pf, vf_num) &&
            !(except_vif_id && id && !strcmp(id, except_vif_id))) {
            *record = found;
            return true;
        }
    }
    return false;
}

void ovs_for_each_vif(const struct ovs *ovs, const char *type,
                      void (*cb)(const struct record *record, void *aux), void *aux)
{
    for (size_t i = 0; i < ovs->n_ports; i++) {
        struct record record;

        if (vif_of(ovs->ports[i]) && (!type || !strcmp(ovs->ports[i]->type, type))) {
            read_record(ovs, ovs->ports[i], &record);
            cb(&record, aux);
        }
    }
}

size_t ovs_n_vifs(const struct ovs *ovs)
{
    size_t n = 0;

    for (size_t i = 0; i < ovs->n_ports; i++) {
        n += vif_of(ovs->ports[i]) != NULL;
    }
    return n;
}

char **ovs_vif_ids(const struct ovs *ovs, size_t *n)
{
    char **ids = xcalloc(ovs->n_ports + 1, sizeof *ids);

    *n = 0;
    for (size_t i = 0; i < ovs->n_ports; i++) {
        if (vif_of(ovs->ports[i])) {
            ids[(*n)++] = xstrdup(vif_of(ovs->ports[i]));
        }
    }
    return ids;
}

size_t ovs_n_dpdk_ports(const struct ovs *ovs)
{
    return ovs->n_dpdk_ports;
}

void ovs_for_each_port(const struct ovs *ovs, void (*cb)(const struct port_view *port, void *aux),
                       void *aux)
{
    for (size_t i = 0; i < ovs->n_ports; i++) {
        const struct fake_port *port = ovs->ports[i];
        const struct port_view view = {
            .name = port->name,
            .type = port->type,
            .error = port->error ? port->error : "",
            .devargs = smap_get_def(&port->options, OPTION_DEVARGS, ""),
            .driver = "",
            .mtu = port->mtu,
            .ours = smap_get(&port->external_ids, KEY_VIF_ID) != NULL,
        };

        cb(&view, aux);
    }
}

bool ovs_bridge_of_port(const struct ovs *ovs, const char *name, char bridge[PORT_NAME_MAX + 1])
{
    const struct fake_port *port = fake_port(ovs, name);

    if (port) {
        memcpy(bridge, port->bridge, sizeof port->bridge);
    }
    return port != NULL;
}

int64_t ovs_dead_vlan_ms(const struct ovs *ovs, const char *name)
{
    const struct fake_port *port = fake_port(ovs, name);

    return port && port->tag == DEAD_VLAN ? 0 : -1;
}

int64_t ovs_link_down_ms(const struct ovs *ovs, const char *name)
{
    const struct fake_port *port = fake_port(ovs, name);

    return port && !strcmp(port->link_state, "down") ? time_msec() - port->link_down_at : -1;
}

void ovs_note_use(struct ovs *ovs, const char *name)
{
    struct fake_port *port = fake_port(ovs, name);

    if (port) {
        port->link_down_at = time_msec();
    }
}

bool ovs_sock_dir_waits(const struct ovs *ovs OVS_UNUSED)
{
    return false;
}

/* No test has two paths of one file. */
void ovs_socket_file(struct ovs *ovs OVS_UNUSED, const char *path OVS_UNUSED,
                     char file[SOCKET_FILE_MAX + 1])
{
    file[0] = '\0';
}

/* What a port of another program claims. */
static void claims_of_foreign(const struct fake_port *port, struct claims *claims)
{
    struct devargs devargs;
    char key[CLAIM_KEY_MAX + 1];

    claims_add(claims, CLAIM_PORT, "port", port->name);
    claims_add(claims, CLAIM_INTERFACE, "port", port->name);
    claims_add(claims, CLAIM_IFACE_ID, "iface-id",
               smap_get_def(&port->external_ids, KEY_IFACE_ID, ""));
    claim_socket_key(smap_get_def(&port->options, OPTION_VHOST_PATH, ""), key);
    claims_add(claims, CLAIM_SOCKET, "socket", key);
    if (devargs_parse(smap_get_def(&port->options, OPTION_DEVARGS, ""), &devargs) &&
        devargs.n_vfs == 1) {
        const struct pci_addr pf = devargs_pf_at(&devargs, 0);

        claim_vf_key(&pf, devargs.vfs[0], key);
        claims_add(claims, CLAIM_VF, "VF", key);
    }
}

static bool port_claims(const struct ovs *ovs, const struct fake_port *port,
                        const struct claim *claim, struct claim_owner *owner)
{
    struct claims claims = {.n = 0};
    struct record record;

    memset(owner, 0, sizeof *owner);
    read_record(ovs, port, &record);
    if (vif_of(port)) {
        claims_of_spec(&record.spec, false, &claims);
        owner->type = OWNER_VIF;
        COPY(owner->vif_id, vif_of(port));
        COPY(owner->instance, record.instance);
        COPY(owner->boot_id, record.boot_id);
    } else {
        claims_of_foreign(port, &claims);
        owner->type = OWNER_PORT;
    }
    owner->claim = *claim;
    COPY(owner->port, port->name);
    COPY(owner->bridge, port->bridge);
    return claims_have(&claims, claim);
}

static bool is_claimants(const struct ovs *ovs, const char *bridge, const struct claimant *claimant)
{
    char own[VIF_IFNAME_MAX + 1];
    char patch[PORT_NAME_MAX + 1];
    char port[PORT_NAME_MAX + 1];

    name_port_bridge(claimant->vif_id, own, patch, port);
    return claimant->port_bridge[0] && !strcmp(bridge, claimant->port_bridge) &&
           ovs_port_bridge(ovs, bridge, patch, claimant->guest_port) != PORT_BRIDGE_FOREIGN;
}

bool ovs_find_claim_owner(const struct ovs *ovs, const struct claim *claim,
                          const struct claimant *claimant, struct claim_owner *owner)
{
    struct claim_owner found;
    bool has_owner = false;

    for (size_t i = 0; i < ovs->n_ports; i++) {
        const struct fake_port *port = ovs->ports[i];

        if (port == port_of_vif(ovs, claimant->vif_id) ||
            is_claimants(ovs, port->bridge, claimant)) {
            continue;
        }
        if (port_claims(ovs, port, claim, &found) && (!has_owner || found.type == OWNER_PORT)) {
            *owner = found;
            has_owner = true;
        }
    }
    if (!has_owner && claim_kinds_clash(claim->kind, CLAIM_BRIDGE) &&
        fake_bridge(ovs, claim->key) && !is_claimants(ovs, claim->key, claimant)) {
        *owner = (struct claim_owner){.type = OWNER_BRIDGE, .claim = *claim};
        COPY(owner->bridge, fake_bridge(ovs, claim->key)->name);
        has_owner = true;
    }
    return has_owner;
}

struct port_settings *ovs_port_settings(const struct ovs *ovs, const char *name)
{
    const struct fake_port *port = fake_port(ovs, name);
    struct port_settings *settings;

    if (!port) {
        return NULL;
    }
    settings = xzalloc(sizeof *settings);
    smap_init(&settings->other_config);
    settings->has_tag = port->tag != 0;
    settings->tag = port->tag;
    return settings;
}

static bool is_patch_of_trunk(const struct fake_port *port)
{
    return is_trunk_bridge(port->bridge) && !strcmp(port->type, "patch");
}

bool ovs_bridge_is_empty(const struct ovs *ovs, const char *name)
{
    for (size_t i = 0; i < ovs->n_ports; i++) {
        if (!strcmp(ovs->ports[i]->bridge, name) && !is_patch_of_trunk(ovs->ports[i])) {
            return false;
        }
    }
    return fake_bridge(ovs, name) != NULL;
}

static bool is_on(const struct ovs *ovs, const char *name, const char *bridge)
{
    const struct fake_port *port = fake_port(ovs, name);

    return port && !strcmp(port->bridge, bridge);
}

enum port_bridge_state ovs_port_bridge(const struct ovs *ovs, const char *bridge, const char *patch,
                                       const char *guest_port)
{
    size_t n_own = (size_t)is_on(ovs, patch, bridge) + is_on(ovs, guest_port, bridge);

    if (!fake_bridge(ovs, bridge)) {
        return PORT_BRIDGE_NONE;
    }
    return n_own == 2 ? PORT_BRIDGE_WHOLE
           : is_on(ovs, patch, bridge) || fake_n_ports_on(ovs, bridge) == n_own
               ? PORT_BRIDGE_PARTLY
               : PORT_BRIDGE_FOREIGN;
}

bool ovs_port_bridge_is_whole(const struct ovs *ovs, const struct port_spec *spec)
{
    return !spec->port_bridge[0] ||
           ovs_port_bridge(ovs, spec->port_bridge, smap_get_def(&spec->options, "peer", ""),
                           spec->guest_port) == PORT_BRIDGE_WHOLE;
}

bool ovs_vif_is_on(const struct ovs *ovs, const char *vif_id, const char *bridge)
{
    const struct fake_port *port = port_of_vif(ovs, vif_id);

    return port && fake_bridge(ovs, bridge) && !strcmp(port->bridge, bridge);
}

const struct sset *ovs_changed_vifs(const struct ovs *ovs)
{
    return &ovs->changed_vifs;
}

bool ovs_bridges_changed(const struct ovs *ovs)
{
    return ovs->bridges_changed;
}

void ovs_changes_clear(struct ovs *ovs)
{
    sset_clear(&ovs->changed_vifs);
    ovs->bridges_changed = false;
}
