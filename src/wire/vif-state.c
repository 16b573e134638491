/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/vif-state.h"

const char *vif_state_name(enum vif_state state)
{
    static const char *const names[STATE_N] = {
        [STATE_COMMITTED] = "committed",
        [STATE_REALIZING] = "realizing",
        [STATE_UP] = "up",
        [STATE_UNVERIFIED] = "unverified",
        [STATE_FAILED] = "failed",
        [STATE_STALE] = "stale",
        [STATE_DRIFTED] = "drifted",
        [STATE_MISSING] = "missing",
        [STATE_PLANNED] = "planned",
    };

    return names[state];
}
