/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/appctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/display.h"
#include "base/keys.h"
#include "base/memory.h"
#include "daemon/view.h"
#include "nic/nic-list.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "unixctl.h"
#include "util.h"

/* The most VIFs, and PFs and VFs, that a command shows. The limits keep it from delaying the loop.
 */
enum { VIFS_MAX = 256, NICS_MAX = 1024 };

/* The most nic/show commands that wait for a scan. */
enum { WAITERS_MAX = 16 };

struct appctl {
    const struct dispatch *dispatch;
    const struct config *config;
    const struct config_reader *reader;
    const char *path;
    struct unixctl_conn *waiters[WAITERS_MAX];
    uint64_t scans[WAITERS_MAX]; /* The scan that each waits for. */
    size_t n_waiters;
};

/* Appends text from outside, for a terminal. */
static void put_text(struct ds *out, const char *text)
{
    char *shown = need_memory(display_copy(text));

    ds_put_cstr(out, shown);
    free(shown);
}

static void reply(struct unixctl_conn *conn, struct ds *text)
{
    unixctl_command_reply(conn, ds_cstr(text));
    ds_destroy(text);
}

/* --- config/show. --- */

static void show_config(struct unixctl_conn *conn, int argc OVS_UNUSED,
                        const char *argv[] OVS_UNUSED, void *appctl_)
{
    const struct appctl *appctl = appctl_;
    const struct engine_env *env = appctl->dispatch->env;
    struct ds text = DS_EMPTY_INITIALIZER;

    if (config_reader_is_busy(appctl->reader)) {
        ds_put_format(&text,
                      "# %s is being read again; until that ends, these settings stay in force\n",
                      appctl->path);
    }
    config_show(appctl->config, appctl->path, ovs_remote(env->ovs), env->run_dir, &text);
    reply(conn, &text);
}

/* --- vif/show. --- */

/* Fills `view` and `record` with the VIF as `list` shows it, for view_destroy() and
 * record_destroy(). Returns false if it is neither on record nor missing. */
static bool find_vif(const struct dispatch *dispatch, const char *vif_id, struct record *record,
                     struct view *view, struct drift drift[DRIFT_MAX])
{
    bool missing = false;

    if (!ovs_find_vif(dispatch->env->ovs, vif_id, record)) {
        missing = watch_find_missing(dispatch->watch, vif_id, record);
        if (!missing) {
            return false;
        }
    }
    view_init_now(view, dispatch->env, record, missing);
    view_add_drift(view, drift, watch_drift(dispatch->watch, record, drift));
    return true;
}

/* "ID: STATE, KIND PORT on BRIDGE, ofport N, MTU N, instance ID" */
static void put_vif(struct ds *out, const struct record *record, const struct vif_view *vif)
{
    const char *instance = smap_get(&record->spec.external_ids, KEY_VM_UUID);

    ds_put_format(out, "%s: %s, %s ", vif->vif_id, vif_state_name(vif->state),
                  vif_kind_name(vif->kind));
    put_text(out, vif->port);
    ds_put_cstr(out, " on ");
    put_text(out, vif->bridge);
    if (vif->ofport > 0) {
        ds_put_format(out, ", ofport %" PRId64, vif->ofport);
    }
    if (vif->mtu > 0) {
        ds_put_format(out, ", MTU %" PRId64, vif->mtu);
    }
    if (instance) {
        ds_put_cstr(out, ", instance ");
        put_text(out, instance);
    }
    ds_put_char(out, '\n');
}

static void put_pairs(struct ds *out, const char *column, const struct reply_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ds_put_format(out, "    %s:", column);
        put_text(out, pairs[i].key);
        ds_put_char(out, '=');
        put_text(out, pairs[i].value);
        ds_put_char(out, '\n');
    }
}

/* What a line has no room for. */
static void put_details(struct ds *out, const struct vif_view *vif)
{
    put_pairs(out, "options", vif->options, vif->n_options);
    put_pairs(out, "external_ids", vif->external_ids, vif->n_external_ids);
    if (vif->vhost_path && vif->vhost_path[0]) {
        ds_put_cstr(out, "    socket: ");
        put_text(out, vif->vhost_path);
        ds_put_char(out, '\n');
    }
    if (vif->error && vif->error[0]) {
        ds_put_cstr(out, "    error: ");
        put_text(out, vif->error);
        ds_put_char(out, '\n');
    }
    for (size_t i = 0; i < vif->n_drift; i++) {
        ds_put_cstr(out, "    drift: ");
        put_text(out, vif->drift[i].field);
        ds_put_cstr(out, " is '");
        put_text(out, vif->drift[i].found);
        ds_put_cstr(out, "', expected '");
        put_text(out, vif->drift[i].expected);
        ds_put_cstr(out, "'\n");
    }
}

static bool show_one(const struct dispatch *dispatch, const char *vif_id, bool details,
                     struct ds *out)
{
    struct drift drift[DRIFT_MAX];
    struct record record;
    struct view view;

    if (!find_vif(dispatch, vif_id, &record, &view, drift)) {
        return false;
    }
    put_vif(out, &record, &view.vif);
    if (details) {
        put_details(out, &view.vif);
    }
    view_destroy(&view);
    record_destroy(&record);
    return true;
}

/* Shows up to VIFS_MAX of `ids`, which it frees; *shown counts them. */
static void show_ids(const struct dispatch *dispatch, char **ids, size_t n, size_t *shown,
                     struct ds *out)
{
    for (size_t i = 0; i < n; i++) {
        if (*shown < VIFS_MAX) {
            *shown += show_one(dispatch, ids[i], false, out);
        }
        free(ids[i]);
    }
    free(ids);
}

static void show_all(const struct dispatch *dispatch, struct ds *out)
{
    size_t n_missing;
    size_t shown = 0;
    size_t n;
    char **ids = ovs_vif_ids(dispatch->env->ovs, &n);
    char **missing = watch_missing_ids(dispatch->watch, &n_missing);

    ds_put_format(out, "%zu VIFs on record, %zu missing\n", n, n_missing);
    show_ids(dispatch, ids, n, &shown, out);
    show_ids(dispatch, missing, n_missing, &shown, out);
    if (n + n_missing > shown) {
        ds_put_format(out, "and %zu more; vifctl list shows all\n", n + n_missing - shown);
    }
}

static void show_vifs(struct unixctl_conn *conn, int argc, const char *argv[], void *appctl_)
{
    const struct appctl *appctl = appctl_;
    struct ds text = DS_EMPTY_INITIALIZER;
    struct error error;

    if (!ovs_synced(appctl->dispatch->env->ovs)) {
        ovs_unavailable(appctl->dispatch->env->ovs, &error);
        unixctl_command_reply_error(conn, error.message);
        return;
    }
    if (argc == 1) {
        show_all(appctl->dispatch, &text);
    } else if (!show_one(appctl->dispatch, argv[1], true, &text)) {
        unixctl_command_reply_error(conn, "that VIF is not plugged; vif/show lists those that are");
        ds_destroy(&text);
        return;
    }
    reply(conn, &text);
}

/* --- nic/show. --- */

struct nics_text {
    const struct engine_env *env;
    struct ds text;
};

static void put_pf(const struct nic_pf_view *pf, void *nics_)
{
    struct nics_text *nics = nics_;
    char address[PCI_ADDR_LEN];

    ds_put_format(&nics->text, "%s: PCI ids %04x:%04x, driver %s, profile %s\n",
                  pci_addr_format(&pf->pf, address), pf->vendor, pf->device,
                  pf->driver && pf->driver[0] ? pf->driver : "none",
                  pf->profile && pf->profile[0] ? pf->profile : "none");
    if (pf->problem && pf->problem[0]) {
        ds_put_format(&nics->text, "    problem: %s\n", pf->problem);
    }
}

static void put_user(struct nics_text *nics, const struct nic_pf_view *pf,
                     const struct nic_vf_view *vf)
{
    struct record owner;

    record_init(&owner);
    if (vf->vf_num >= 0 && ovs_find_vf_owner(nics->env->ovs, &pf->pf, vf->vf_num, NULL, &owner)) {
        ds_put_cstr(&nics->text, owner.ours ? ", VIF " : ", port ");
        put_text(&nics->text, owner.ours ? owner.spec.vif_id : owner.spec.port);
    }
    record_destroy(&owner);
}

static void put_vf(const struct nic_pf_view *pf, const struct nic_vf_view *vf, void *nics_)
{
    struct nics_text *nics = nics_;
    char address[PCI_ADDR_LEN];

    ds_put_format(&nics->text, "  %s: index %d", pci_addr_format(&vf->vf, address), vf->index);
    if (vf->vf_num >= 0) {
        ds_put_format(&nics->text, ", number %d", vf->vf_num);
    }
    if (vf->vhost_path && vf->vhost_path[0]) {
        ds_put_format(&nics->text, ", socket %s", vf->vhost_path);
    }
    put_user(nics, pf, vf);
    ds_put_char(&nics->text, '\n');
    if (vf->problem && vf->problem[0]) {
        ds_put_format(&nics->text, "    problem: %s\n", vf->problem);
    }
}

static void reply_nics(const struct appctl *appctl, struct unixctl_conn *conn,
                       const struct nic_list *list)
{
    struct nics_text nics = {.env = appctl->dispatch->env, .text = DS_EMPTY_INITIALIZER};
    const struct nic_visitor visitor = {.pf = put_pf, .vf = put_vf, .aux = &nics};
    struct nic_position position = {.pf = 0};

    if (nic_list_visit(list, &position, NICS_MAX, &visitor)) {
        ds_put_cstr(&nics.text, "vifctl nics shows the rest\n");
    }
    if (nics.text.length == 0) {
        ds_put_cstr(&nics.text, "There are no PFs with VFs on this host.\n");
    }
    reply(conn, &nics.text);
}

/* Reading sysfs takes long, so the reply comes when the scanner has done it. */
static void show_nics(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                      void *appctl_)
{
    struct appctl *appctl = appctl_;

    if (appctl->n_waiters == WAITERS_MAX) {
        unixctl_command_reply_error(conn, "too many nic/show commands wait; try later");
        return;
    }
    appctl->scans[appctl->n_waiters] = nic_scanner_ask(appctl->dispatch->nic_scanner);
    appctl->waiters[appctl->n_waiters++] = conn;
}

void appctl_run(struct appctl *appctl)
{
    size_t left = 0;

    for (size_t i = 0; i < appctl->n_waiters; i++) {
        struct nic_scan *scan = nic_scanner_take(appctl->dispatch->nic_scanner, appctl->scans[i]);

        if (scan) {
            reply_nics(appctl, appctl->waiters[i], nic_scan_list(scan));
            nic_scan_release(scan);
        } else {
            appctl->waiters[left] = appctl->waiters[i];
            appctl->scans[left++] = appctl->scans[i];
        }
    }
    appctl->n_waiters = left;
}

/* --- The whole. --- */

struct appctl *appctl_create(const struct dispatch *dispatch, const struct config *config,
                             const struct config_reader *reader, const char *path)
{
    struct appctl *appctl = xzalloc(sizeof *appctl);

    appctl->dispatch = dispatch;
    appctl->config = config;
    appctl->reader = reader;
    appctl->path = path;
    unixctl_command_register("config/show", "", 0, 0, show_config, appctl);
    unixctl_command_register("vif/show", "[VIF]", 0, 1, show_vifs, appctl);
    unixctl_command_register("nic/show", "", 0, 0, show_nics, appctl);
    return appctl;
}

void appctl_destroy(struct appctl *appctl)
{
    free(appctl);
}
