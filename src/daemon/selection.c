/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/selection.h"

#include <stdlib.h>
#include <string.h>

#include "base/pci-addr.h"
#include "daemon/view.h"
#include "ovs/ovs.h"
#include "plan/record.h"
#include "util.h"

/* The ids of all VIFs, and of those that are missing. */
static char **all_ids(const struct engine_env *env, const struct watch *watch, size_t *n)
{
    char **ids = ovs_vif_ids(env->ovs, n);
    size_t n_missing;
    char **missing = watch_missing_ids(watch, &n_missing);

    ids = xrealloc(ids, (*n + n_missing + 1) * sizeof *ids);
    memcpy(ids + *n, missing, n_missing * sizeof *missing);
    *n += n_missing;
    free(missing);
    return ids;
}

/* Whether there is a VIF with that id. If so, fills `record`. */
static bool find(const struct engine_env *env, const struct watch *watch, const char *vif_id,
                 struct record *record, bool *missing)
{
    *missing = false;
    if (ovs_find_vif(env->ovs, vif_id, record)) {
        return true;
    }
    *missing = watch_find_missing(watch, vif_id, record);
    return *missing;
}

void selection_init(struct selection *selection, const struct engine_env *env,
                    const struct watch *watch, const struct vif_filter *filter)
{
    struct record record;
    bool missing;

    *selection = (struct selection){.env = env, .watch = watch, .filter = *filter};
    if (filter->name[0] && find(env, watch, filter->name, &record, &missing)) {
        record_destroy(&record);
        selection->vif_ids = xmalloc(sizeof *selection->vif_ids);
        selection->vif_ids[0] = xstrdup(filter->name);
        selection->n = 1;
    } else {
        selection->vif_ids = all_ids(env, watch, &selection->n);
    }
}

void selection_destroy(struct selection *selection)
{
    for (size_t i = selection->next; i < selection->n; i++) {
        free(selection->vif_ids[i]);
    }
    free(selection->vif_ids);
}

size_t selection_size(const struct selection *selection)
{
    return selection->n * (sizeof *selection->vif_ids + VIF_ID_MAX);
}

/* Calls `cb` with the VIF, if it exists, and `filter` (NULL: none) takes it. */
static void show(const struct selection *selection, const char *vif_id,
                 const struct vif_filter *filter, selection_cb *cb, void *aux)
{
    const struct engine_env *env = selection->env;
    struct drift drift[DRIFT_MAX];
    struct record record;
    struct view view;
    bool missing;

    if (!find(env, selection->watch, vif_id, &record, &missing)) {
        return;
    }
    view_init_now(&view, env, &record, missing);
    view_add_drift(&view, drift, watch_drift(selection->watch, &record, drift));
    if (!filter || vif_filter_matches(filter, &view.vif)) {
        cb(&view.vif, aux);
    }
    view_destroy(&view);
    record_destroy(&record);
}

bool selection_next(struct selection *selection, selection_cb *cb, void *aux)
{
    char *vif_id;

    if (selection->next == selection->n) {
        return false;
    }
    vif_id = selection->vif_ids[selection->next++];
    show(selection, vif_id, &selection->filter, cb, aux);
    free(vif_id);
    return true;
}

void selection_read(const struct selection *selection, const char *vif_id, selection_cb *cb,
                    void *aux)
{
    show(selection, vif_id, NULL, cb, aux);
}

bool selection_error(const struct vif_filter *filter, size_t n, const char *vif_ids,
                     struct error *error)
{
    char vf[PCI_ADDR_LEN] = "";
    const char *field = "params.vf";
    const char *name = vf;

    if (filter->name[0]) {
        field = "params.vif_id";
        name = filter->name;
    } else if (filter->port[0]) {
        field = "params.port";
        name = filter->port;
    } else if (filter->mac[0]) {
        field = "params.mac";
        name = filter->mac;
    } else if (filter->has_vf) {
        pci_addr_format(&filter->vf, vf);
    }
    if (n > 1) {
        return error_set(error, REASON_INVALID_REQUEST, field,
                         "'%s' means %zu VIFs (%s); use the id of one of them.", name, n, vif_ids);
    }
    return error_set(error, REASON_NOT_FOUND, field,
                     "No VIF has the id, port, MAC address or VF '%s'; 'list' shows those that are "
                     "plugged, 'ops' what became of the rest.",
                     name);
}
