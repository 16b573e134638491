/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: from a port as it should be (spec.h) and facts to what is to be written, without touching
 * anything. A plan does not change once it is made: a dry run shows what the same plan would
 * write. An undo is a plan too, with what was there before as the goal.
 *
 * A replacement (another device or socket behind a port of the same type, or dpdk-vf-mac taken
 * back) takes two transactions, since vswitchd would keep the old device open, or never look at
 * the new socket, if the options changed under a port that stays. The first writes everything but
 * gives the interface TYPE_DETACHED; the second, once vswitchd has let go, gives it its type. The
 * row and the record in it exist all the time, so a daemon that is killed in between finds it and
 * goes on. */

#ifndef VP_PLAN_H
#define VP_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>

#include "links/link-plan.h"
#include "plan/record.h"
#include "plan/spec.h"

enum action { ACTION_NONE, ACTION_CREATE, ACTION_UPDATE, ACTION_REPLACE, ACTION_DELETE };

struct plan {
    enum action action;
    struct port_spec spec; /* The goal; for DELETE what is deleted. Always initialised. */
    bool borrowed;         /* The maps of `spec` are the goal's. */
    /* Nothing is to be written: vswitchd has only to confirm what is in OVSDB (NONE, UPDATE) or to
     * let go of a port that is detached already (REPLACE). */
    bool awaits_only;
    bool create_bridge; /* CREATE, UPDATE: the bridge is missing. */
    bool drop_bridge;   /* Remove the bridge that the port leaves too, if that leaves it empty. */
    /* A VIF that has to go for this one (its VF is claimed), in the same transaction; or "". */
    char evicted_vif[VIF_ID_MAX + 1];
    char evicted_port[PORT_NAME_MAX + 1];
    const struct port_settings *settings;          /* An undo: for a port that is inserted... */
    const struct port_settings *restored_settings; /* ...and for `restored`. Borrowed, or NULL. */
    const struct port_spec *restored; /* An undo: what was evicted comes back. Borrowed, or NULL. */
    /* UPDATE and REPLACE: what differs. */
    char old_bridge[PORT_NAME_MAX + 1]; /* Where the port is, if not on spec.bridge; or "". */
    char old_port[PORT_NAME_MAX + 1];   /* CREATE: this VIF's port under another name, which goes in
                                         * the same transaction (names cannot be changed); or "". */
    char old_port_bridge[VIF_IFNAME_MAX + 1]; /* And the bridge of its own that it had; or "". */
    char old_guest_port[VIF_IFNAME_MAX + 1]; /* The guest's port on the VIF's bridge of its own that
                                              * goes for spec.guest_port; or "". */
    bool make_port_bridge; /* The VIF's bridge of its own is missing, or lacks something. */
    bool set_type;
    bool set_mtu_request;
    bool set_qos;
    struct smap set_options;    /* Keys to write. */
    struct smap remove_options; /* Keys to remove (values: what they had). */
    struct smap set_external_ids;
    struct smap remove_external_ids;
    struct link_plan links; /* Steps on links: before the transaction; for DELETE, and for NONE of
                             * an unplug, after it. */
    bool needs_switch;      /* vswitchd has something to do for it: next_cfg is incremented. */
    bool changes;  /* What the caller is told as `changed`: more than our own marks differ. */
    char why[192]; /* One sentence. */
};

void plan_init(struct plan *plan);
void plan_destroy(struct plan *plan);

/* The state of a VIF's separate bridge (per_port_bridge). */
enum port_bridge_state {
    PORT_BRIDGE_NONE,
    PORT_BRIDGE_WHOLE,  /* With the guest's port and the patch port. */
    PORT_BRIDGE_PARTLY, /* It is the VIF's, but a port is missing. */
    PORT_BRIDGE_FOREIGN /* It belongs to another program. */
};

/* What there is in the switch that a plan for one port has to respect. Everything is borrowed;
 * records may be NULL. */
struct switch_facts {
    const struct record *current;    /* This VIF's own port. */
    const struct record *name_owner; /* The port that has spec->port as its name, if another's. */
    const struct record *vf_owner;   /* A port that has taken the VF, if another's. */
    const char *boot_id; /* A VIF of ours from an earlier boot is evicted for its VF... */
    bool evict;          /* ...and one from this boot only with on_vf_conflict. */
    bool bridge_exists;
    /* The VIF's bridge of its own (spec->port_bridge), if it has one. */
    enum port_bridge_state port_bridge;
    bool patch_port_taken;          /* Its patch port's name is a port elsewhere... */
    bool guest_port_taken;          /* ...or its guest port's. */
    const struct link_state *links; /* What there is of spec->links; NULL: of no interest. */
    bool letting_go;    /* `current` is detached, and vswitchd may not have let go of its device. */
    bool awaits_device; /* `current` failed since its device is being handed over. */
    bool written;       /* The operation has written `spec` before: vswitchd has to confirm it. */
    bool switch_dead;   /* No verdict of vswitchd can be expected. */
};

/* Plans a plug or an update; `spec` is the goal (see plan_transition()). Errors: port_conflict,
 * vf_in_use; port_conflict also if limits are asked for and the port has QoS rows of somebody else;
 * not_realized if the port is as asked, but has failed; those of link_plan_up(). */
bool plan_plug(const struct vif *vif, const struct port_spec *spec,
               const struct switch_facts *facts, struct plan *plan, struct error *error);

/* Plans to bring a VIF's port back to `spec`, which is what it was before others changed it; looks
 * at current, bridge_exists, port_bridge and links. Errors like plan_plug(). */
bool plan_repair(const struct vif *vif, const struct port_spec *spec,
                 const struct switch_facts *facts, struct plan *plan, struct error *error);

/* Plans to go on with what nobody follows up any more: gives the detached port `current` the type
 * that `spec` says, or makes vswitchd look again for the device of a port that is `spec` already.
 */
void plan_recover(const struct port_spec *spec, const struct switch_facts *facts,
                  struct plan *plan);

/* What an unplug has to look at. All borrowed. */
struct unplug_facts {
    const struct record *port; /* The VIF's, with a record or without one; or NULL. */
    /* Without a port: what else the VIF may have left behind; or "". */
    const char *port_bridge;  /* Its bridge of its own. */
    const char *trunk_bridge; /* Its trunk bridge, which is empty. */
    struct link_plan links;   /* Steps that remove its links. */
};
void plan_unplug(const struct unplug_facts *facts, struct plan *plan);

/* What an undo goes back to. All borrowed, until the plan is carried out. */
struct undo_facts {
    const struct record *current;         /* The VIF's port as it is; or NULL. */
    const struct port_spec *before;       /* As it was; NULL: there was none. */
    const struct port_spec *written;      /* What the operation wanted; or NULL. */
    const struct port_settings *settings; /* Of `before`. */
    const struct port_spec *evicted;      /* A VIF that was evicted and is to come back; or NULL. */
    const struct port_settings *evicted_settings;
    bool bridge_exists; /* The bridge of `before`. */
    bool made_bridge;   /* The operation created the bridge. */
    bool letting_go;    /* As in struct switch_facts. */
};
void plan_undo(const struct undo_facts *facts, struct plan *plan);

/* Plans to bring `current` (NULL: nothing there) to `goal` (NULL: nothing). Option and external_ids
 * keys of `written` (may be NULL) are taken for ours beside those that always are. `goal` has to
 * stay as it is until the plan is carried out, and may go before the plan is made anew or
 * destroyed. Never fails. */
void plan_transition(const struct record *current, const struct port_spec *goal,
                     const struct port_spec *written, bool bridge_exists, struct plan *plan);

/* Appends an item to plan->why; only for the files of this folder. */
void plan_why(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *action_name(enum action action); /* "create"; "none". */

/* What the plan writes and does to links, a line each, as malloc'ed strings in a malloc'ed array
 * (`*n` of them). */
char **plan_operations(const struct plan *plan, size_t *n);

#endif
