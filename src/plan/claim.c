/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "hash.h"
#include "util.h"

/* The spaces of names in which a claim of each kind is the only one. */
enum {
    SPACE_VF = 1 << 0,
    SPACE_SOCKET = 1 << 1,
    SPACE_IFACE_ID = 1 << 2,
    SPACE_PORT = 1 << 3,
    SPACE_INTERFACE = 1 << 4,
    SPACE_BRIDGE = 1 << 5,
    SPACE_NETDEV = 1 << 6,
    SPACE_VIF = 1 << 7
};

static unsigned int spaces_of(enum claim_kind kind)
{
    switch (kind) {
    case CLAIM_VF:
        return SPACE_VF;
    case CLAIM_SOCKET:
        return SPACE_SOCKET;
    case CLAIM_IFACE_ID:
        return SPACE_IFACE_ID;
    case CLAIM_PORT:
        return SPACE_PORT;
    case CLAIM_INTERFACE:
        return SPACE_INTERFACE;
    case CLAIM_BRIDGE:
        return SPACE_BRIDGE | SPACE_PORT | SPACE_INTERFACE | SPACE_NETDEV;
    case CLAIM_LINUX_BRIDGE:
    case CLAIM_NETDEV:
        return SPACE_NETDEV;
    case CLAIM_VIF:
        return SPACE_VIF;
    }
    return 0;
}

bool claim_kinds_clash(enum claim_kind a, enum claim_kind b)
{
    return (spaces_of(a) & spaces_of(b)) != 0;
}

bool claims_clash(const struct claim *a, const struct claim *b)
{
    bool shared =
        a->kind == CLAIM_BRIDGE && b->kind == CLAIM_BRIDGE && a->how[0] && !strcmp(a->how, b->how);

    return claim_kinds_clash(a->kind, b->kind) && !shared && !strcmp(a->key, b->key);
}

bool claims_have(const struct claims *claims, const struct claim *claim)
{
    for (size_t i = 0; i < claims->n; i++) {
        if (claims_clash(&claims->list[i], claim)) {
            return true;
        }
    }
    return false;
}

bool claims_clash_within(const struct claims *claims, const struct claim *pair[2])
{
    for (size_t i = 0; i < claims->n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (claims_clash(&claims->list[i], &claims->list[j])) {
                pair[0] = &claims->list[j];
                pair[1] = &claims->list[i];
                return true;
            }
        }
    }
    return false;
}

/* --- Keys. --- */

void claim_vf_key(const struct pci_addr *pf, int vf_num, char key[CLAIM_KEY_MAX + 1])
{
    char text[PCI_ADDR_LEN];

    snprintf(key, CLAIM_KEY_MAX + 1, "%s %d", pci_addr_format(pf, text), vf_num);
}

void claim_socket_key(const char *path, char key[CLAIM_KEY_MAX + 1])
{
    size_t used = 0;

    key[0] = '\0';
    while (*path && used < CLAIM_KEY_MAX) {
        bool absolute = *path == '/';
        size_t length;

        path += strspn(path, "/");
        length = strcspn(path, "/");
        if (length > 0 && !(length == 1 && *path == '.')) {
            used += (size_t)snprintf(key + used, CLAIM_KEY_MAX + 1 - used, "%s%.*s",
                                     absolute ? "/" : "", (int)length, path);
        }
        path += length;
    }
}

/* --- The claims of a port. --- */

void claims_add(struct claims *claims, enum claim_kind kind, const char *what, const char *key)
{
    struct claim *claim = &claims->list[claims->n];

    if (key[0]) {
        ovs_assert(claims->n < CLAIMS_MAX);
        claim->kind = kind;
        claim->what = what;
        claim->how[0] = '\0';
        snprintf(claim->key, sizeof claim->key, "%s", key);
        claims->n++;
    }
}

static void add_port(struct claims *claims, const char *what, const char *name)
{
    claims_add(claims, CLAIM_PORT, what, name);
    claims_add(claims, CLAIM_INTERFACE, what, name);
}

/* What the VIF's netdev is called in messages. */
static const char *netdev_word(enum link_kind kind)
{
    return kind == LINKS_HYBRID ? "veth pair" : kind == LINKS_TAP ? "tap" : "representor";
}

void claims_of_spec(const struct port_spec *spec, bool creates_bridge, struct claims *claims)
{
    const struct link_spec *links = &spec->links;
    char key[CLAIM_KEY_MAX + 1];

    claims_add(claims, CLAIM_VIF, "record", spec->vif_id);
    if (spec->has_vf) {
        claim_vf_key(&spec->pf, spec->vf_num, key);
        claims_add(claims, CLAIM_VF, "VF", key);
    }
    claim_socket_key(spec->vhost_path, key);
    claims_add(claims, CLAIM_SOCKET, "socket", key);
    claims_add(claims, CLAIM_SOCKET, "socket", spec->vhost_file);
    add_port(claims, "port", spec->port);
    if (spec->port_bridge[0]) {
        claims_add(claims, CLAIM_BRIDGE, "separate bridge", spec->port_bridge);
        add_port(claims, "patch port", smap_get_def(&spec->options, OPTION_PEER, ""));
        add_port(claims, "port", spec->guest_port);
    }
    if (creates_bridge) {
        claims_add(claims, CLAIM_BRIDGE, "bridge", spec->bridge);
        snprintf(claims->list[claims->n - 1].how, CLAIM_HOW_MAX + 1, "%s %s", spec->datapath_type,
                 spec->fail_mode);
    }
    if (links->kind != LINKS_NONE) {
        claims_add(claims, CLAIM_LINUX_BRIDGE, "Linux bridge", links->linux_bridge);
        claims_add(claims, CLAIM_NETDEV, netdev_word(links->kind), links->netdev);
        claims_add(claims, CLAIM_NETDEV, netdev_word(links->kind), links->peer);
    }
    claims_add(claims, CLAIM_IFACE_ID, "iface-id",
               smap_get_def(&spec->external_ids, KEY_IFACE_ID, ""));
}

void claims_add_left_bridge(struct claims *claims, const char *bridge)
{
    size_t n = claims->n;

    claims_add(claims, CLAIM_BRIDGE, "bridge", bridge);
    if (claims->n > n) {
        snprintf(claims->list[n].how, CLAIM_HOW_MAX + 1, "left");
    }
}

/* --- Sets. --- */

struct member {
    struct hmap_node node;
    uint64_t op;
    struct claim claim;
};

void claim_set_init(struct claim_set *set)
{
    hmap_init(&set->claims);
}

void claim_set_destroy(struct claim_set *set)
{
    struct member *member;

    HMAP_FOR_EACH_SAFE (member, node, &set->claims) {
        hmap_remove(&set->claims, &member->node);
        free(member);
    }
    hmap_destroy(&set->claims);
}

void claim_set_add(struct claim_set *set, const struct claims *claims, uint64_t op)
{
    for (size_t i = 0; i < claims->n; i++) {
        struct member *member = xmalloc(sizeof *member);

        member->op = op;
        member->claim = claims->list[i];
        hmap_insert(&set->claims, &member->node, hash_string(member->claim.key, 0));
    }
}

bool claim_set_clashes(const struct claim_set *set, const struct claims *claims, uint64_t op)
{
    const struct member *member;

    for (size_t i = 0; i < claims->n && !hmap_is_empty(&set->claims); i++) {
        const struct claim *claim = &claims->list[i];

        HMAP_FOR_EACH_WITH_HASH (member, node, hash_string(claim->key, 0), &set->claims) {
            if (member->op != op && claims_clash(&member->claim, claim)) {
                return true;
            }
        }
    }
    return false;
}

/* --- Owners. --- */

bool claims_held_too(const struct claims *held, const struct claim_owner *owner)
{
    switch (owner->claim.kind) {
    case CLAIM_PORT:
    case CLAIM_INTERFACE:
    case CLAIM_BRIDGE:
        return false;
    default:
        return owner->type != OWNER_LINK && claims_have(held, &owner->claim);
    }
}

/* --- The refusal. --- */

/* The member of the VIF that the claim comes from. */
static enum vif_field field_of(const struct vif *vif, const struct port_spec *spec,
                               const struct claim *claim)
{
    switch (claim->kind) {
    case CLAIM_VF:
        return VIF_FIELD_PCI_SLOT;
    case CLAIM_SOCKET:
        return vif->vhost_path[0] ? VIF_FIELD_VHOST_PATH : VIF_FIELD_PCI_SLOT;
    case CLAIM_IFACE_ID:
        return strcmp(vif->interface_id, vif->id) ? VIF_FIELD_INTERFACE_ID : VIF_FIELD_ID;
    case CLAIM_LINUX_BRIDGE:
        return VIF_FIELD_LINUX_BRIDGE;
    default:
        break;
    }
    if (!strcmp(claim->key, vif->bridge) && claim->kind == CLAIM_BRIDGE) {
        return VIF_FIELD_BRIDGE;
    }
    if (!strcmp(claim->key, vif->vif_name) || !strcmp(claim->key, vif->representor_name)) {
        return VIF_FIELD_VIF_NAME;
    }
    return spec->kind == VIF_KIND_KERNEL_REPRESENTOR ? VIF_FIELD_PCI_SLOT : VIF_FIELD_ID;
}

/* What else the VIF can use. */
static const char *alternative(enum claim_kind kind, enum vif_field field)
{
    if (kind == CLAIM_IFACE_ID) {
        return "another iface-id";
    }
    switch (field) {
    case VIF_FIELD_PCI_SLOT:
        return "another VF";
    case VIF_FIELD_VHOST_PATH:
        return "another path";
    case VIF_FIELD_LINUX_BRIDGE:
        return "another Linux bridge";
    case VIF_FIELD_BRIDGE:
        return "another bridge";
    case VIF_FIELD_VIF_NAME:
        return "another vif_name";
    default:
        return "another id (its first characters make the name)";
    }
}

void claim_describe(const struct claim *claim, char *text, size_t size)
{
    const char *space = strchr(claim->key, ' ');

    switch (claim->kind) {
    case CLAIM_VF:
        snprintf(text, size, "VF number %s of %.*s", space ? space + 1 : "",
                 (int)strcspn(claim->key, " "), claim->key);
        break;
    case CLAIM_SOCKET:
        snprintf(text, size, "socket %s", claim->key);
        break;
    case CLAIM_IFACE_ID:
        snprintf(text, size, "iface-id %s", claim->key);
        break;
    default:
        snprintf(text, size, "the name %s for its %s", claim->key, claim->what);
        break;
    }
}

void claim_owner_describe(const struct claim_owner *owner, char *text, size_t size)
{
    if (owner->vif_id[0]) {
        snprintf(text, size, "VIF %s (%s%s%s%s)", owner->vif_id,
                 owner->port[0] ? "port " : "not in OVSDB", owner->port,
                 owner->instance[0] ? ", instance " : "", owner->instance);
    } else if (owner->type == OWNER_BRIDGE) {
        snprintf(text, size, "bridge %s", owner->bridge);
    } else if (owner->type == OWNER_LINK) {
        snprintf(text, size, "a link (%s) that was not made for this VIF",
                 owner->detail[0] ? owner->detail : "a device");
    } else {
        snprintf(text, size, "port %s, which vifplugd did not make%s%s", owner->port,
                 owner->bridge[0] ? ", on bridge " : "", owner->bridge);
    }
}

/* What to do next. It never cuts off another guest: only who knows that the owner is not in use may
 * remove it. */
static void next_step(const struct claim_owner *owner, enum vif_field field, char *text,
                      size_t size)
{
    const char *other = alternative(owner->claim.kind, field);

    if (owner->vif_id[0] && !owner->port[0]) {
        snprintf(text, size,
                 "use %s, or run vifctl reap %s if no guest uses that VIF's links any more", other,
                 owner->vif_id);
    } else if (owner->vif_id[0] && owner->instance[0]) {
        snprintf(text, size, "use %s, or unplug VIF %s if instance %s does not use it any more",
                 other, owner->vif_id, owner->instance);
    } else if (owner->vif_id[0]) {
        snprintf(text, size, "use %s, or unplug VIF %s if no guest uses it any more", other,
                 owner->vif_id);
    } else if (owner->type == OWNER_BRIDGE) {
        snprintf(text, size, "use %s", other);
    } else if (owner->type == OWNER_LINK) {
        snprintf(text, size, "use %s, or remove the link (ip link delete) if nothing uses it",
                 other);
    } else {
        snprintf(text, size,
                 "use %s, or remove that port (ovs-vsctl del-port %s) if no guest uses it", other,
                 owner->port);
    }
}

void claim_describe_twin(const struct claim_owner *owner, char *text, size_t size)
{
    snprintf(text, size,
             "port %s%s%s has the external_ids of VIF %s too: vifplugd leaves it alone; remove it "
             "with ovs-vsctl del-port %s if no guest uses it",
             owner->port, owner->bridge[0] ? " on bridge " : "", owner->bridge, owner->vif_id,
             owner->port);
}

/* One VIF's marks on two ports: the second is in the VIF's own way. */
static bool refuse_twin(const char *field, const struct claim_owner *owner, const char *claimed,
                        enum reason reason, struct error *error)
{
    return error_set(
        error, reason, field,
        "The VIF needs %s, but port %s on bridge %s has it, which has the external_ids of VIF %s "
        "like the VIF's own port; remove one of the two ports with ovs-vsctl del-port: the one "
        "that no guest uses.",
        claimed, owner->port, owner->bridge, owner->vif_id);
}

bool claim_refuse(const struct vif *vif, const struct port_spec *spec,
                  const struct claim_owner *owner, struct error *error)
{
    enum vif_field field = field_of(vif, spec, &owner->claim);
    const char *path = vif_field_path(vif, field);
    enum reason reason = owner->claim.kind == CLAIM_VF       ? REASON_VF_IN_USE
                         : owner->claim.kind == CLAIM_SOCKET ? REASON_SOCKET_IN_USE
                                                             : REASON_PORT_CONFLICT;
    char same_file[VIF_PATH_MAX + 32] = "";
    struct claim claim = owner->claim;
    char claimed[CLAIM_KEY_MAX + 64];
    char who[256];
    char next[256];

    if (claim.kind == CLAIM_SOCKET) {
        snprintf(claim.key, sizeof claim.key, "%s", spec->vhost_path);
        if (owner->detail[0] && strcmp(owner->detail, spec->vhost_path)) {
            snprintf(same_file, sizeof same_file, ", the same file as %s", owner->detail);
        }
    }
    claim_describe(&claim, claimed, sizeof claimed);
    if (owner->type == OWNER_VIF && !strcmp(owner->vif_id, spec->vif_id)) {
        return refuse_twin(path, owner, claimed, reason, error);
    }
    claim_owner_describe(owner, who, sizeof who);
    next_step(owner, field, next, sizeof next);
    return error_set(error, reason, path, "The VIF needs %s%s, but %s has it; %s.", claimed,
                     same_file, who, next);
}
