/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: what to write, from the port that is required (spec.h) and facts. Making a plan writes
 * nothing. A plan does not change once it is made: a dry run shows what the same plan would write.
 * An undo is a plan too, with the previous state as its goal.
 *
 * A replacement (another device or socket behind a port of the same type, or the removal of
 * dpdk-vf-mac) takes two transactions: if the options of a port changed while it stays, vswitchd
 * would keep the old device open, or never open the new socket. The first transaction writes
 * everything, but with the type TYPE_DETACHED; the second writes the type, once vswitchd has
 * released the device. The row with its record exists all the time, so the next daemon finds and
 * finishes it if this one is killed in between. */

#ifndef VP_PLAN_H
#define VP_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>

#include "links/link-plan.h"
#include "plan/claim.h"
#include "plan/evict.h"
#include "plan/record.h"
#include "plan/spec.h"
#include "plan/vhost-socket.h"

enum action { ACTION_NONE, ACTION_CREATE, ACTION_UPDATE, ACTION_REPLACE, ACTION_DELETE };

#define PLAN_SHARED_LEN 640

struct plan {
    enum action action;
    struct port_spec spec; /* The goal; for DELETE the port to delete. Always initialised. */
    bool borrowed;         /* The maps of `spec` belong to the goal. */
    /* There is nothing to write. The operation only waits until vswitchd confirms what is in OVSDB
     * (NONE, UPDATE), or releases a port that is detached already (REPLACE). */
    bool awaits_only;
    bool create_bridge; /* CREATE, UPDATE: the bridge is missing. */
    bool drop_bridge;   /* Remove also the bridge that the port leaves, if it is empty then. */
    /* The VIF that this one evicts, to get its VF, in the same transaction; or "". */
    char evicted_vif[VIF_ID_MAX + 1];
    char evicted_port[PORT_NAME_MAX + 1];
    const struct port_settings *settings;          /* An undo: for the port that is inserted... */
    const struct port_settings *restored_settings; /* ...and for `restored`. Borrowed, or NULL. */
    const struct port_spec *restored; /* An undo: the evicted port. Borrowed, or NULL. */
    bool restores_bridge;             /* The bridge of `restored` is missing. */
    /* What differs, mostly for UPDATE and REPLACE. */
    char old_bridge[PORT_NAME_MAX + 1]; /* The present bridge if not spec.bridge; or "". */
    char old_port[PORT_NAME_MAX + 1];   /* CREATE: this VIF's port with another name, which the same
                                         * transaction deletes (names cannot be changed); or "". */
    char old_port_bridge[VIF_IFNAME_MAX + 1]; /* The separate bridge of old_port; or "". */
    char old_guest_port[VIF_IFNAME_MAX + 1];  /* The guest's port on the separate bridge, which
                                               * spec.guest_port replaces; or "". */
    bool make_port_bridge;                    /* The separate bridge is missing or not complete. */
    bool drop_port_bridge;                    /* ...and what remains of it must be removed first. */
    bool set_type;
    bool set_mtu_request;
    bool set_qos;
    struct vif_qos old_qos;              /* The limits that set_qos changes... */
    char old_qos_type[QOS_TYPE_MAX + 1]; /* ...and the type of their QoS row; "": there is none. */
    struct smap set_options;             /* Keys to write. */
    struct smap remove_options;          /* Keys to remove, with their present values. */
    struct smap set_external_ids;
    struct smap remove_external_ids;
    struct link_plan links; /* Link steps, for before the transaction; for DELETE, and for NONE of
                             * an unplug, for after it. */
    struct link_plan left_links; /* Steps for after the transaction: links that the VIF had and does
                                  * not need any more... */
    struct link_plan evicted_links; /* ...and those of the evicted VIF. */
    bool needs_switch;              /* vswitchd has something to do: increment next_cfg. */
    bool changes; /* `changed` of the reply: more differs than boot id and PCI slot. */
    /* A stale socket to remove before the transaction (vhost-socket.h); or "". */
    char stale_socket[VIF_PATH_MAX + 1];
    char why[192];                /* The reasons, as one sentence. */
    char shared[PLAN_SHARED_LEN]; /* A warning: another has what the present port has too; or "". */
    char evicted_why[EVICT_WHY_LEN]; /* For a warning: why no guest loses the VF; or "". */
};

/* Adds what the plan claims: no other operation of its transaction may claim the same. */
void plan_claims(const struct plan *plan, struct claims *claims);

void plan_init(struct plan *plan);
void plan_destroy(struct plan *plan);

/* The state of a VIF's separate bridge (per_port_bridge). */
enum port_bridge_state {
    PORT_BRIDGE_NONE,
    PORT_BRIDGE_WHOLE,  /* It has the guest's port and the patch port. */
    PORT_BRIDGE_PARTLY, /* It belongs to the VIF, but lacks a port. */
    PORT_BRIDGE_FOREIGN /* It belongs to another program. */
};

/* What the plan for one port depends on in the switch. Everything is borrowed; records may be
 * NULL. */
struct switch_facts {
    const struct record *current; /* This VIF's port. */
    /* Who else has what `spec` claims, in the order of the claims. */
    const struct claim_owner *owners;
    size_t n_owners;
    const struct evict_facts *evict; /* A VIF of ours that has the VF; NULL: there is none. */
    bool bridge_exists;
    /* The bridge of `current` must stay: another VIF's port is to come, or an undo could not make
     * it again. */
    bool bridge_stays;
    /* The VIF's separate bridge (spec->port_bridge), if it has one. */
    enum port_bridge_state port_bridge;
    const struct link_state *links; /* The state of spec->links; NULL: the plan ignores links. */
    /* The state of the links of `current`, and of the VIF that has the VF. */
    const struct link_state *current_links;
    const struct link_state *owner_links;
    /* The socket that vswitchd has to make for `spec`; NULL: it makes none. */
    const struct socket_facts *socket;
    bool may_hold_device;  /* `current` is detached, but vswitchd may still have its device. */
    bool awaits_device;    /* `current` failed only because of a hand-over of its device. */
    bool written;          /* The operation has written `spec` before: vswitchd must confirm it. */
    bool switch_dead;      /* vswitchd will give no verdict. */
    bool switch_starts;    /* It has confirmed nothing since its start: what OVSDB shows of ports is
                            * its predecessor's... */
    bool switch_asked;     /* ...but next_cfg is ahead of cur_cfg, so it will. */
    bool wants_verdict;    /* The request's `wait` is realized. */
    bool no_packet_limits; /* OVSDB's schema has no columns for limits of packets. */
};

/* Plans a plug or an update; `spec` is the goal (see plan_transition()). Errors: vf_in_use,
 * socket_in_use and port_conflict if another has what `spec` claims; port_conflict also if the
 * request has limits and the port has QoS rows of another program;
 * invalid_request if the request limits packets per second and OVSDB's schema has no column for
 * that; not_realized if the port is as required, but has failed; the errors of link_plan_up() and
 * vhost_socket_check(). */
bool plan_plug(const struct vif *vif, const struct port_spec *spec,
               const struct switch_facts *facts, struct plan *plan, struct error *error);

/* Plans to restore a VIF's port to `spec`, its state before other programs changed it. Uses
 * current, bridge_exists, port_bridge and links. Errors like plan_plug(). */
bool plan_repair(const struct vif *vif, const struct port_spec *spec,
                 const struct switch_facts *facts, struct plan *plan, struct error *error);

/* Plans to finish what no other operation follows up: gives the detached port `current` the type
 * of `spec`; or makes vswitchd look again for the device of a port that is as `spec` requires
 * already. */
void plan_recover(const struct port_spec *spec, const struct switch_facts *facts,
                  struct plan *plan);

/* The facts for an unplug. All borrowed. */
struct unplug_facts {
    const struct record *port; /* The VIF's port, with a record or without one; or NULL. */
    /* Without a port: what else the VIF may have left; or "". */
    const char *port_bridge;  /* Its separate bridge (per_port_bridge). */
    const char *trunk_bridge; /* Its trunk bridge, which is empty. */
    bool bridge_awaited;      /* The bridge of `port` must stay: another VIF's port is to come. */
    struct link_plan links;   /* Steps that remove its links. */
    const struct claim_owner *twin; /* Another port with the external_ids of `port`; or NULL. */
};
void plan_unplug(const struct unplug_facts *facts, struct plan *plan);

/* The facts for an undo. All borrowed, until the plan is carried out. */
struct undo_facts {
    const struct record *current;         /* The VIF's present port; or NULL. */
    const struct port_spec *before;       /* The previous port; NULL: the VIF had none. */
    const struct port_spec *written;      /* The operation's goal; or NULL. */
    const struct port_settings *settings; /* Of `before`. */
    const struct port_spec *evicted;      /* An evicted VIF to restore; or NULL. */
    const struct port_settings *evicted_settings;
    bool bridge_exists;         /* The bridge of `before`... */
    bool evicted_bridge_exists; /* ...and of `evicted`. */
    bool made_bridge;           /* The operation created the bridge. */
    bool bridge_awaited;        /* The bridge of `current` must stay, as in struct unplug_facts. */
    bool may_hold_device;       /* As in struct switch_facts. */
};
void plan_undo(const struct undo_facts *facts, struct plan *plan);

/* Plans to turn `current` (NULL: no port) into `goal` (NULL: no port). Treats the keys of options
 * and external_ids of `written` (may be NULL) as ours, beside the keys that always are. `goal` must
 * not change until the plan is carried out; it may be freed before the plan is made again or
 * destroyed. Never fails. */
void plan_transition(const struct record *current, const struct port_spec *goal,
                     const struct port_spec *written, bool bridge_exists, struct plan *plan);

/* Appends a reason to plan->why; only for the files of this folder. */
void plan_why(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *action_name(enum action action); /* "create"; "none". */

/* Returns what the plan writes, and what it does to links, one line each, as malloc'ed strings in a
 * malloc'ed array (`*n` of them). */
char **plan_operations(const struct plan *plan, size_t *n);

#endif
