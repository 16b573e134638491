/* SPDX-License-Identifier: Apache-2.0 */
/* The states of a VIF. */

#ifndef VP_VIF_STATE_H
#define VP_VIF_STATE_H 1

/* The state of a VIF; docs/api.md describes each. */
enum vif_state {
    STATE_COMMITTED,
    STATE_REALIZING,
    STATE_UP,
    STATE_UNVERIFIED,
    STATE_FAILED,
    STATE_STALE,
    STATE_DRIFTED,
    STATE_MISSING,
    STATE_PLANNED,
    STATE_N
};

/* Its name in replies: "up". */
const char *vif_state_name(enum vif_state state);

#endif
