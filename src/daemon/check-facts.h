/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of daemon, switch and VIFs, for checks. */

#ifndef VP_CHECK_FACTS_FILL_H
#define VP_CHECK_FACTS_FILL_H 1

#include "check/facts.h"
#include "daemon/checks.h"
#include "daemon/health.h"
#include "daemon/view.h"
#include "openvswitch/shash.h"
#include "plan/claim.h"

#define FAILED_PORTS_MAX 64
#define LEFT_LINKS_MAX 64

/* What the facts of the switch refer to. */
struct switch_storage {
    struct health health;
    struct uplink_facts uplinks[CHECK_UPLINKS_MAX];
    struct failed_port failed_ports[FAILED_PORTS_MAX];
    char left_links[LEFT_LINKS_MAX][VIF_ID_MAX + 1];
    const char *left_link_ids[LEFT_LINKS_MAX];
};

/* Fills in the facts of daemon and switch. They borrow from OVSDB's replica: valid in this pass;
 * check_facts_forget() leaves those that stay valid. */
void check_facts_fill(const struct checks *checks, const struct host_facts *host,
                      struct switch_storage *storage, struct check_facts *facts);
void check_facts_forget(struct check_facts *facts);

/* What the facts of a VIF refer to. */
struct vif_storage {
    struct record record;
    struct view view;
    struct reply_drift drift[DRIFT_MAX];
    char drift_text[400];
    struct claim_owner iface_id;
    struct claim_owner socket;
};

/* Fills in the facts of a VIF. `macs` has the MAC addresses of VIFs before it, and gets its own.
 * Returns false if there is no such VIF (any more); else vif_facts_destroy() must follow. */
bool vif_facts_fill(const struct checks *checks, const char *vif_id, struct shash *macs,
                    struct vif_storage *storage, struct vif_facts *facts);
void vif_facts_destroy(struct vif_storage *storage);

#endif
