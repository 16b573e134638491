/* SPDX-License-Identifier: Apache-2.0 */
/* The VIFs that a request means, read one at a time, because to read thousands takes many
 * milliseconds. A VIF is as it is when its turn comes: one that was unplugged before that is left
 * out. */

#ifndef VP_SELECTION_H
#define VP_SELECTION_H 1

#include <stdbool.h>
#include <stddef.h>

#include "engine/engine.h"
#include "watch/watch.h"
#include "wire/reply.h"
#include "wire/vif-filter.h"

struct selection {
    const struct engine_env *env;
    const struct watch *watch;
    struct vif_filter filter;
    char **vif_ids; /* Those that are to be looked at, from `next` on. */
    size_t n;
    size_t next;
};

/* Begins with the first VIF, those that are missing last. Whose id is the filter's `name` is the
 * only one, even if that is also the name of another one's port. `env` and `watch` are borrowed. */
void selection_init(struct selection *selection, const struct engine_env *env,
                    const struct watch *watch, const struct vif_filter *filter);
void selection_destroy(struct selection *selection);

/* The memory that it holds, bytes. */
size_t selection_size(const struct selection *selection);

/* Called with a VIF. The view is valid only during the call. */
typedef void selection_cb(const struct vif_view *view, void *aux);

/* Looks at the next VIF, some 10 us of work, and calls `cb` if it is one of the selection. Returns
 * false if there is no VIF left. */
bool selection_next(struct selection *selection, selection_cb *cb, void *aux);

/* Calls `cb` with the VIF of that id, if it still exists, whether or not it is one of the
 * selection.
 */
void selection_read(const struct selection *selection, const char *vif_id, selection_cb *cb,
                    void *aux);

/* Fills *error for a request that names one VIF, and finds `n` (not 1) of them, of which `vif_ids`
 * has the first ones: not_found, or invalid_request. Returns false. */
bool selection_error(const struct vif_filter *filter, size_t n, const char *vif_ids,
                     struct error *error);

#endif
