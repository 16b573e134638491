/* SPDX-License-Identifier: Apache-2.0 */
/* Which VIFs a request means: the filters of `list` and `stats`, and the names of one VIF that
 * `get` and `stats` take. */

#ifndef VP_VIF_FILTER_H
#define VP_VIF_FILTER_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/pci-addr.h"
#include "base/vif.h"
#include "wire/reply.h"
#include "wire/vif-state.h"

struct json_object;

/* Longest name of a Port and of a VIF, in bytes (patch ports and ids have 64). */
#define VIF_FILTER_NAME_MAX 64

/* What a VIF must have. "", 0 and false: anything. All zeros is every VIF. */
struct vif_filter {
    char name[VIF_FILTER_NAME_MAX + 1]; /* Its id, its port, its MAC or its VF's PCI address. */
    char instance[VIF_ID_MAX + 1];
    char port[VIF_FILTER_NAME_MAX + 1];
    char bridge[VIF_FILTER_NAME_MAX + 1];
    char mac[VIF_MAC_LEN];
    enum vif_kind kind; /* VIF_KIND_NONE: any. */
    bool has_state;
    enum vif_state state;
    bool has_pf;
    struct pci_addr pf;
    bool has_vf;
    struct pci_addr vf;
};

/* Reads the members `vif_id` (as `name`), `instance`, `port`, `bridge`, `state`, `kind`, `pf`, `vf`
 * and `mac` of `params`, as far as there are any. Returns false with *error filled. */
bool vif_filter_read(struct json_object *params, struct vif_filter *filter, struct error *error);

/* Whether a VIF has all that `filter` asks for. */
bool vif_filter_matches(const struct vif_filter *filter, const struct vif_view *view);

/* Whether `filter` asks for anything. */
bool vif_filter_is_set(const struct vif_filter *filter);

#endif
