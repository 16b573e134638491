/* SPDX-License-Identifier: Apache-2.0 */
/* Bridges that await a port: those of VIFs without create_port, whose ports other programs
 * (libvirt) make after the plug. Such a VIF has no row. So the engine remembers, from the reply to
 * its plug to its unplug, that its bridge must not be removed as empty. A new engine knows none. */

#ifndef VP_AWAITED_H
#define VP_AWAITED_H 1

#include <stdbool.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"

/* The most VIFs that are remembered; one more takes the place of the oldest. */
enum { AWAITED_MAX = 1024 };

struct awaited {
    struct hmap vifs;
    struct ovs_list order; /* The oldest first. */
};

void awaited_init(struct awaited *awaited);
void awaited_destroy(struct awaited *awaited);

/* The VIF was told that `bridge` is there; this replaces what it was told before. */
void awaited_note(struct awaited *awaited, const char *vif_id, const char *bridge);

/* The VIF is unplugged, or has a row. */
void awaited_forget(struct awaited *awaited, const char *vif_id);

/* The bridge that the VIF was told of, or NULL. Valid until the next change. */
const char *awaited_bridge_of(const struct awaited *awaited, const char *vif_id);

/* Whether a VIF other than `except` ("": any) was told of the bridge. Looks at all VIFs. */
bool awaited_has(const struct awaited *awaited, const char *bridge, const char *except);

#endif
