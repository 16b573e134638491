/* SPDX-License-Identifier: Apache-2.0 */
/* Views: a record as a reply shows it. */

#ifndef VP_VIEW_H
#define VP_VIEW_H 1

#include "engine/engine.h"
#include "nic/nic.h"
#include "openvswitch/shash.h"
#include "plan/record.h"
#include "watch/expectation.h"
#include "wire/reply.h"

/* A vif_view and what it borrows, apart from the record. */
struct view {
    struct vif_view vif;
    struct reply_pair *options;
    struct reply_pair *external_ids;
    struct nic_vf nic_vf;
    char vhost_path[3 * VIF_PATH_MAX];
    struct reply_drift drift[DRIFT_MAX];
};

/* Returns the state of a VIF in OVSDB, by its record, the id of this boot, vswitchd's state,
 * whether that starts, and whether the port's netdev is missing. */
enum vif_state view_state(const struct record *record, const char *boot_id,
                          enum vswitchd_state vswitchd, bool starts, bool lacks_netdev);

/* The same at present. */
enum vif_state view_state_now(const struct engine_env *env, const struct record *record);

/* Fills `view` from `record`, which must outlive it. `nic` and `vhost_sock_dir` have what the
 * record lacks: the socket that a card serves, and the directory of the sockets of dpdkvhostuser
 * ports. */
void view_init(struct view *view, const struct record *record, struct nic *nic,
               const char *vhost_sock_dir, enum vif_state state);

/* The same for a VIF as it is: with its present state, and for a netdev of the kernel with its
 * present MTU. `missing`: it is not in OVSDB (watch_find_missing()). */
void view_init_now(struct view *view, const struct engine_env *env, const struct record *record,
                   bool missing);

/* Adds `n` items of `drift`, which must outlive the view. If there are any, the state is drifted,
 * unless it is missing.
 */
void view_add_drift(struct view *view, const struct drift *drift, size_t n);
void view_destroy(struct view *view);

#endif
