/* SPDX-License-Identifier: Apache-2.0 */
/* Claims: what a VIF needs and cannot share with another VIF or port. Each has one owner. A claim
 * is a value: a kind, and a key in canonical form. The register of claims (ovs/registry.h) finds
 * the owner of each claim of a plug; this file says which claims a port makes, which claims exclude
 * each other, and refuses a plug that claims what has another owner. */

#ifndef VP_CLAIM_H
#define VP_CLAIM_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vif.h"
#include "openvswitch/hmap.h"
#include "plan/port-spec.h"

enum claim_kind {
    CLAIM_VF,           /* "0000:65:00.0 10": the PF, and the number of its VF. */
    CLAIM_SOCKET,       /* A vhost-user socket: its path, and its file (socket-file.h). */
    CLAIM_IFACE_ID,     /* external_ids:iface-id, by which Neutron and OVN find a port. */
    CLAIM_PORT,         /* The name of a Port... */
    CLAIM_INTERFACE,    /* ...of an Interface... */
    CLAIM_BRIDGE,       /* ...of a Bridge, which has a Port, an Interface and a netdev too. */
    CLAIM_LINUX_BRIDGE, /* The name of a Linux bridge... */
    CLAIM_NETDEV,       /* ...or of another link of the kernel. */
    CLAIM_VIF,          /* The record of a VIF, by its id: for operations of one batch. */
};

#define CLAIM_KEY_MAX 180
#define CLAIM_HOW_MAX 47

struct claim {
    enum claim_kind kind;
    const char *what; /* What the VIF needs it for, for messages: "patch port". Static. */
    char key[CLAIM_KEY_MAX + 1];
    char how[CLAIM_HOW_MAX + 1]; /* BRIDGE that is to be created: two VIFs that create it alike
                                  * share it. BRIDGE that ports leave: they share it. Else "". */
};

/* The most claims of one port; a plan has those of up to two ports. */
#define CLAIMS_MAX 48

struct claims {
    struct claim list[CLAIMS_MAX];
    size_t n;
};

void claims_add(struct claims *claims, enum claim_kind kind, const char *what, const char *key);

/* Adds the claim of a plan that takes a port off `bridge` ("": off none), after which that may be
 * removed: no other operation may rely on it. */
void claims_add_left_bridge(struct claims *claims, const char *bridge);

/* Fills `key` with that of a VF. */
void claim_vf_key(const struct pci_addr *pf, int vf_num, char key[CLAIM_KEY_MAX + 1]);

/* Fills `key` with that of a socket's path: `path` without doubled slashes, "/./" and a slash at
 * its end. */
void claim_socket_key(const char *path, char key[CLAIM_KEY_MAX + 1]);

/* Adds the claims of a port, also of one on record. `creates_bridge`: its bridge is missing. */
void claims_of_spec(const struct port_spec *spec, bool creates_bridge, struct claims *claims);

/* Whether two claims exclude each other. A Bridge has the names of a Port, an Interface and a
 * netdev; Linux bridges and netdevs have the kernel's one space of names. */
bool claims_clash(const struct claim *a, const struct claim *b);

/* The same of two claims with one key. */
bool claim_kinds_clash(enum claim_kind a, enum claim_kind b);

/* Whether one of `claims` excludes `claim`. */
bool claims_have(const struct claims *claims, const struct claim *claim);

/* Whether two claims of one port exclude each other: its names are not different. Then *pair has
 * them. */
bool claims_clash_within(const struct claims *claims, const struct claim *pair[2]);

/* A set of claims, by hash: those of operations. */
struct claim_set {
    struct hmap claims;
};
void claim_set_init(struct claim_set *set);
void claim_set_destroy(struct claim_set *set);

/* Adds the claims of operation `op`. */
void claim_set_add(struct claim_set *set, const struct claims *claims, uint64_t op);

/* Whether another operation than `op` has one of `claims`. */
bool claim_set_clashes(const struct claim_set *set, const struct claims *claims, uint64_t op);

/* Who has what a plug claims. A value. */
enum owner_type {
    OWNER_VIF,    /* Another VIF of ours. */
    OWNER_PORT,   /* A port of another program. */
    OWNER_BRIDGE, /* An Open vSwitch bridge. */
    OWNER_LINK    /* A link of the kernel: that of VIF vif_id, or ("") of another program. */
};

struct claim_owner {
    struct claim claim; /* What the plug claims. */
    enum owner_type type;
    char vif_id[VIF_ID_MAX + 1];   /* Or "". */
    char instance[VIF_ID_MAX + 1]; /* Of that VIF; or "". */
    char boot_id[VIF_ID_MAX + 1];  /* Of that VIF. */
    char port[PORT_NAME_MAX + 1];  /* Its Port row; or "". */
    char bridge[PORT_NAME_MAX + 1];
    char detail[VIF_PATH_MAX + 1]; /* SOCKET: its path as the owner has it. LINK: its kind. */
};

/* Whether a port that has the claims `held` has that of `owner` already, in spite of the owner.
 * Names of rows and bridges are never held twice: OVSDB does not accept it. */
bool claims_held_too(const struct claims *held, const struct claim_owner *owner);

/* Refuses the plug of `vif` as `spec`, because of `owner`. Fills *error (vf_in_use, socket_in_use,
 * port_conflict) and returns false. */
bool claim_refuse(const struct vif *vif, const struct port_spec *spec,
                  const struct claim_owner *owner, struct error *error);

/* Writes who owns it: "VIF v (port p, instance i)", "port p on bridge b, ...". */
void claim_owner_describe(const struct claim_owner *owner, char *text, size_t size);

/* Writes a warning of a second port (`owner`) with the external_ids of a VIF. */
void claim_describe_twin(const struct claim_owner *owner, char *text, size_t size);

/* Writes what is claimed: "socket /run/x". */
void claim_describe(const struct claim *claim, char *text, size_t size);

#endif
