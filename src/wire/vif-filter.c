/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/vif-filter.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/keys.h"
#include "wire/json-get.h"
#include "wire/vif-codec.h"
#include "wire/vif-fields.h"

/* Reads an optional name of up to `max` bytes. */
static bool read_name(struct json_object *params, const char *key, char *name, size_t max,
                      struct error *error)
{
    const char *text;

    if (!jget_string(params, "params", key, JGET_OPTIONAL, max, &text, error)) {
        return false;
    }
    snprintf(name, max + 1, "%s", text ? text : "");
    return true;
}

/* The instance as plug takes it, or its UUID alone. */
static bool read_instance(struct json_object *params, struct vif_filter *filter,
                          struct error *error)
{
    struct json_object *instance = NULL;

    if (json_object_object_get_ex(params, "instance", &instance) &&
        json_object_is_type(instance, json_type_object)) {
        return instance_decode(instance, filter->instance, error);
    }
    return read_name(params, "instance", filter->instance, VIF_ID_MAX, error);
}

static bool read_kind(struct json_object *params, struct vif_filter *filter, struct error *error)
{
    const char *text;

    if (!jget_string(params, "params", "kind", JGET_OPTIONAL, 64, &text, error)) {
        return false;
    }
    filter->kind = text ? vif_kind_from_name(text) : VIF_KIND_NONE;
    return !text || filter->kind != VIF_KIND_NONE ||
           jget_error(error, "params", "kind",
                      "params.kind '%s' is no kind of VIF; use representor, vhost-user, "
                      "kernel-representor, ovs or hybrid.",
                      text);
}

static bool read_state(struct json_object *params, struct vif_filter *filter, struct error *error)
{
    const char *text;

    if (!jget_string(params, "params", "state", JGET_OPTIONAL, 64, &text, error)) {
        return false;
    }
    for (int i = 0; text && i < STATE_N; i++) {
        if (!strcmp(text, vif_state_name((enum vif_state)i))) {
            filter->has_state = true;
            filter->state = (enum vif_state)i;
        }
    }
    return !text || filter->has_state ||
           jget_error(error, "params", "state",
                      "params.state '%s' is no state of a VIF; use up, committed, realizing, "
                      "unverified, failed, stale, drifted or missing.",
                      text);
}

bool vif_filter_read(struct json_object *params, struct vif_filter *filter, struct error *error)
{
    memset(filter, 0, sizeof *filter);
    return read_name(params, "vif_id", filter->name, VIF_FILTER_NAME_MAX, error) &&
           read_instance(params, filter, error) &&
           read_name(params, "port", filter->port, VIF_FILTER_NAME_MAX, error) &&
           read_name(params, "bridge", filter->bridge, VIF_FILTER_NAME_MAX, error) &&
           read_state(params, filter, error) && read_kind(params, filter, error) &&
           field_pci_slot(params, "params", "pf", false, &filter->has_pf, &filter->pf, error) &&
           field_pci_slot(params, "params", "vf", false, &filter->has_vf, &filter->vf, error) &&
           field_address(params, "params", "mac", filter->mac, error);
}

static bool is_vf(const struct vif_view *view, const struct pci_addr *vf)
{
    return view->has_representor && view->has_vf && pci_addr_equal(&view->vf, vf);
}

/* The address in OVSDB is as the plug wrote it, or as another program did. */
static bool is_mac(const struct vif_view *view, const char *mac)
{
    return view->address && !strcasecmp(view->address, mac);
}

static bool is_called(const struct vif_view *view, const char *name)
{
    char mac[VIF_MAC_LEN];
    struct pci_addr vf;

    return !strcmp(view->vif_id, name) || !strcmp(view->port, name) ||
           (vif_mac_parse(name, mac) && is_mac(view, mac)) ||
           (pci_addr_parse(name, &vf) && is_vf(view, &vf));
}

static bool is_of_instance(const struct vif_view *view, const char *instance)
{
    for (size_t i = 0; i < view->n_external_ids; i++) {
        if (!strcmp(view->external_ids[i].key, KEY_VM_UUID)) {
            return !strcasecmp(view->external_ids[i].value, instance);
        }
    }
    return false;
}

bool vif_filter_matches(const struct vif_filter *filter, const struct vif_view *view)
{
    return (!filter->name[0] || is_called(view, filter->name)) &&
           (!filter->instance[0] || is_of_instance(view, filter->instance)) &&
           (!filter->port[0] || !strcmp(view->port, filter->port)) &&
           (!filter->bridge[0] || !strcmp(view->bridge, filter->bridge)) &&
           (!filter->mac[0] || is_mac(view, filter->mac)) &&
           (filter->kind == VIF_KIND_NONE || view->kind == filter->kind) &&
           (!filter->has_state || view->state == filter->state) &&
           (!filter->has_pf || (view->has_representor && pci_addr_equal(&view->pf, &filter->pf))) &&
           (!filter->has_vf || is_vf(view, &filter->vf));
}

bool vif_filter_is_set(const struct vif_filter *filter)
{
    return filter->name[0] || filter->instance[0] || filter->port[0] || filter->bridge[0] ||
           filter->mac[0] || filter->kind != VIF_KIND_NONE || filter->has_state || filter->has_pf ||
           filter->has_vf;
}
