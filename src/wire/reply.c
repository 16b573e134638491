/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json-scan.h"
#include "wire/reply-private.h"

struct json_object *reply_string(const char *value)
{
    size_t length = strlen(value);
    struct json_object *string;
    char *copy;

    if (utf8_prefix(value, length) == length) {
        return json_object_new_string_len(value, (int)length);
    }
    copy = strdup(value);
    if (!copy) {
        return json_object_new_string("");
    }
    for (size_t i = 0; (i += utf8_prefix(copy + i, length - i)) < length;) {
        copy[i] = '?';
    }
    string = json_object_new_string_len(copy, (int)length);
    free(copy);
    return string;
}

void reply_put(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add_ex(object, key, value,
                              JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

static void put_string(struct json_object *object, const char *key, const char *value)
{
    if (value && value[0]) {
        reply_put(object, key, reply_string(value));
    }
}

static void put_int(struct json_object *object, const char *key, int64_t value)
{
    reply_put(object, key, json_object_new_int64(value));
}

static void put_bool(struct json_object *object, const char *key, bool value)
{
    reply_put(object, key, json_object_new_boolean(value));
}

/* Takes `member`; one without members of its own is left out. */
static void put_nonempty(struct json_object *object, const char *key, struct json_object *member)
{
    if (json_object_object_length(member) > 0) {
        reply_put(object, key, member);
    } else {
        json_object_put(member);
    }
}

static void put_pci(struct json_object *object, const char *key, const struct pci_addr *addr)
{
    char text[PCI_ADDR_LEN];

    put_string(object, key, pci_addr_format(addr, text));
}

/* Milliseconds with a resolution of one microsecond, printed as such and not as a binary fraction.
 */
static void put_ms(struct json_object *object, const char *key, double ms)
{
    char text[32];

    if (ms >= 0) {
        snprintf(text, sizeof text, "%.3f", ms);
        reply_put(object, key, json_object_new_double_s(ms, text));
    }
}

static void put_pairs(struct json_object *object, const char *key, const struct reply_pair *pairs,
                      size_t n)
{
    struct json_object *map = json_object_new_object();

    for (size_t i = 0; i < n; i++) {
        json_object_object_add_ex(map, pairs[i].key, reply_string(pairs[i].value),
                                  JSON_C_OBJECT_ADD_KEY_IS_NEW);
    }
    reply_put(object, key, map);
}

static void put_strings(struct json_object *object, const char *key, const char *const *strings,
                        size_t n)
{
    struct json_object *array = json_object_new_array_ext((int)n);

    for (size_t i = 0; i < n; i++) {
        json_object_array_add(array, reply_string(strings[i]));
    }
    reply_put(object, key, array);
}

const char *vif_state_name(enum vif_state state)
{
    static const char *const names[] = {
        [STATE_COMMITTED] = "committed",   [STATE_REALIZING] = "realizing", [STATE_UP] = "up",
        [STATE_UNVERIFIED] = "unverified", [STATE_FAILED] = "failed",       [STATE_STALE] = "stale",
        [STATE_DRIFTED] = "drifted",
    };

    return names[state];
}

static void put_representor(struct json_object *object, const struct vif_view *view)
{
    struct json_object *representor = json_object_new_object();

    put_pci(representor, "pf", &view->pf);
    if (view->has_vf) {
        put_pci(representor, "vf", &view->vf);
    }
    put_int(representor, "vf_num", view->vf_num);
    put_string(representor, "devargs", view->devargs);
    reply_put(object, "representor", representor);
}

static void put_limit(struct json_object *object, const char *key, int64_t value)
{
    if (value > 0) {
        put_int(object, key, value);
    }
}

static void put_qos(struct json_object *object, const struct vif_qos *qos)
{
    static const struct vif_qos none;
    struct json_object *map;
    struct json_object *egress;
    struct json_object *ingress;

    if (!memcmp(qos, &none, sizeof none)) {
        return;
    }
    map = json_object_new_object();
    egress = json_object_new_object();
    ingress = json_object_new_object();
    put_limit(egress, "max_kbps", qos->egress_kbps);
    put_limit(egress, "max_burst_kbps", qos->egress_burst_kb);
    put_limit(egress, "max_kpps", qos->egress_kpps);
    put_limit(egress, "max_burst_kpps", qos->egress_burst_kpkt);
    put_limit(ingress, "max_kbps", qos->ingress_kbps);
    put_limit(ingress, "max_burst_kbps", qos->ingress_burst_kb);
    put_nonempty(map, "egress", egress);
    put_nonempty(map, "ingress", ingress);
    put_nonempty(object, "qos", map);
}

static void put_drift(struct json_object *object, const struct vif_view *view)
{
    struct json_object *array;

    if (view->n_drift == 0) {
        return;
    }
    array = json_object_new_array();
    for (size_t i = 0; i < view->n_drift; i++) {
        struct json_object *drift = json_object_new_object();

        reply_put(drift, "field", reply_string(view->drift[i].field));
        reply_put(drift, "expected", reply_string(view->drift[i].expected));
        reply_put(drift, "found", reply_string(view->drift[i].found));
        json_object_array_add(array, drift);
    }
    reply_put(object, "drift", array);
}

static void put_view(struct json_object *object, const struct vif_view *view)
{
    put_string(object, "vif_id", view->vif_id);
    put_string(object, "kind", vif_kind_name(view->kind));
    put_string(object, "bridge", view->bridge);
    put_string(object, "port", view->port);
    put_string(object, "interface_type", view->interface_type);
    if (view->ofport > 0) {
        put_int(object, "ofport", view->ofport);
    }
    if (view->mtu > 0) {
        put_int(object, "mtu", view->mtu);
    }
    put_string(object, "address", view->address);
    put_pairs(object, "options", view->options, view->n_options);
    put_pairs(object, "external_ids", view->external_ids, view->n_external_ids);
    if (view->has_representor) {
        put_representor(object, view);
    }
    if (view->vhost_path && view->vhost_path[0]) {
        struct json_object *vhost_user = json_object_new_object();

        put_string(vhost_user, "path", view->vhost_path);
        put_string(vhost_user, "mode", vhost_mode_name(view->vhost_mode));
        reply_put(object, "vhost_user", vhost_user);
    }
    put_qos(object, &view->qos);
    put_string(object, "state", vif_state_name(view->state));
    put_string(object, "error", view->error);
    put_drift(object, view);
}

char *reply_finish(const char *id, const char *member, struct json_object *value)
{
    static const char format[] = "{\"jsonrpc\":\"2.0\",\"id\":%s,\"%s\":%s}\n";
    const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE);
    size_t size = sizeof format + strlen(id) + strlen(member) + strlen(text);
    char *line = malloc(size);

    if (line) {
        snprintf(line, size, format, id, member, text);
    }
    json_object_put(value);
    return line;
}

char *reply_error(const char *id, const char *vif_id, const struct error *error)
{
    struct json_object *object = json_object_new_object();
    struct json_object *data = json_object_new_object();

    put_int(object, "code", error->rpc_code);
    put_string(object, "message", error->message);
    put_string(data, "reason", reason_name(error->reason));
    put_string(data, "vif_id", vif_id);
    put_string(data, "field", error->field);
    put_string(data, "detail", error->detail);
    put_bool(data, "retryable", reason_retryable(error->reason));
    reply_put(object, "data", data);
    return reply_finish(id, "error", object);
}

char *reply_vif(const char *id, const struct vif_view *view)
{
    struct json_object *object = json_object_new_object();

    put_view(object, view);
    return reply_finish(id, "result", object);
}

static void put_timings(struct json_object *object, const struct reply_timings *timings)
{
    struct json_object *map = json_object_new_object();

    put_ms(map, "queued", timings->queued);
    put_ms(map, "commit", timings->commit);
    put_ms(map, "realize", timings->realize);
    put_ms(map, "total", timings->total);
    reply_put(object, "timings_ms", map);
}

char *reply_operation(const char *id, const struct reply_operation *operation)
{
    struct json_object *object = json_object_new_object();

    if (operation->view) {
        put_view(object, operation->view);
    } else {
        put_string(object, "vif_id", operation->vif_id);
    }
    put_bool(object, "changed", operation->changed);
    put_strings(object, "warnings", operation->warnings, operation->n_warnings);
    if (operation->timings) {
        put_timings(object, operation->timings);
    }
    if (operation->plan) {
        struct json_object *plan = json_object_new_object();

        put_string(plan, "action", operation->plan->action);
        put_string(plan, "why", operation->plan->why);
        put_strings(plan, "operations", operation->plan->operations, operation->plan->n_operations);
        reply_put(object, "plan", plan);
    }
    return reply_finish(id, "result", object);
}

char *reply_status(const char *id, const struct reply_status *status)
{
    struct json_object *object = json_object_new_object();
    struct json_object *ovsdb = json_object_new_object();
    struct json_object *vswitchd = json_object_new_object();
    struct json_object *offload = json_object_new_object();
    struct json_object *counters = json_object_new_object();

    put_string(object, "version", status->version);
    put_int(object, "uptime_s", status->uptime_s);
    put_string(ovsdb, "remote", status->ovsdb_remote);
    put_bool(ovsdb, "connected", status->ovsdb_connected);
    put_int(ovsdb, "next_cfg", status->next_cfg);
    put_int(ovsdb, "cur_cfg", status->cur_cfg);
    reply_put(object, "ovsdb", ovsdb);
    put_string(vswitchd, "state", status->vswitchd_state);
    if (status->vswitchd_pid > 0) {
        put_int(vswitchd, "pid", status->vswitchd_pid);
    }
    put_string(vswitchd, "version", status->ovs_version);
    put_string(vswitchd, "dpdk_version", status->dpdk_version);
    put_bool(vswitchd, "dpdk_initialized", status->dpdk_initialized);
    reply_put(object, "vswitchd", vswitchd);
    put_string(offload, "policy", status->offload.policy);
    put_bool(offload, "hw_offload", status->offload.enabled);
    put_string(offload, "in_effect", status->offload.effect);
    reply_put(object, "offload", offload);
    for (size_t i = 0; i < status->n_counters; i++) {
        put_int(counters, status->counters[i].key, strtoll(status->counters[i].value, NULL, 10));
    }
    reply_put(object, "counters", counters);
    return reply_finish(id, "result", object);
}

static struct json_object *describe_profile(const char *name)
{
    struct json_object *object = json_object_new_object();

    put_string(object, "profile_object_name", name);
    put_string(object, "min_version", "1.0");
    put_string(object, "max_version", "1.4");
    return object;
}

char *reply_describe(const char *id)
{
    static const struct {
        const char *object_name;
        const char *max_version;
        bool representors;
    } infos[] = {{"VIFBridge", "1.0", false},
                 {"VIFOpenVSwitch", "1.0", false},
                 {"VIFVHostUser", "1.1", true},
                 {"VIFHostDevice", "1.0", true}};
    struct json_object *object = json_object_new_object();
    struct json_object *vif_info = json_object_new_array();

    for (size_t i = 0; i < sizeof infos / sizeof infos[0]; i++) {
        struct json_object *info = json_object_new_object();
        struct json_object *profiles = json_object_new_array();

        put_string(info, "vif_object_name", infos[i].object_name);
        put_string(info, "min_version", "1.0");
        put_string(info, "max_version", infos[i].max_version);
        json_object_array_add(profiles, describe_profile("VIFPortProfileOpenVSwitch"));
        if (infos[i].representors) {
            json_object_array_add(profiles, describe_profile("VIFPortProfileOVSRepresentor"));
        }
        reply_put(info, "supported_port_profiles", profiles);
        json_object_array_add(vif_info, info);
    }
    put_string(object, "plugin_name", "vifplug");
    reply_put(object, "vif_info", vif_info);
    return reply_finish(id, "result", object);
}

char *reply_reap(const char *id, const char *const *removed, size_t n_removed,
                 const char *const *warnings, size_t n_warnings)
{
    struct json_object *object = json_object_new_object();

    put_strings(object, "removed", removed, n_removed);
    put_strings(object, "warnings", warnings, n_warnings);
    return reply_finish(id, "result", object);
}

char *reply_subscribed(const char *id)
{
    struct json_object *object = json_object_new_object();

    put_bool(object, "subscribed", true);
    return reply_finish(id, "result", object);
}

static char *finish_notification(const char *event, struct json_object *params)
{
    struct json_object *object = json_object_new_object();
    const char *text;
    char *line;
    size_t size;

    put_string(object, "jsonrpc", "2.0");
    put_string(object, "method", event);
    reply_put(object, "params", params);
    text = json_object_to_json_string_ext(object,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    size = strlen(text) + 2;
    line = malloc(size);
    if (line) {
        snprintf(line, size, "%s\n", text);
    }
    json_object_put(object);
    return line;
}

char *notify_vif(const char *event, const struct vif_view *view)
{
    struct json_object *params = json_object_new_object();

    put_view(params, view);
    return finish_notification(event, params);
}

char *notify_unplugged(const char *vif_id)
{
    struct json_object *params = json_object_new_object();

    put_string(params, "vif_id", vif_id);
    return finish_notification("vif.unplugged", params);
}

char *notify_switch(const char *event, const char *what)
{
    struct json_object *params = json_object_new_object();

    put_string(params, "what", what);
    return finish_notification(event, params);
}

/* The line as far as it has come. A tree of thousands of VIFs would take ten times the memory, and
 * one long time to print. */
struct reply_list {
    FILE *stream;
    char *text;
    size_t size;
    bool any;
};

struct reply_list *reply_list_new(const char *id)
{
    struct reply_list *list = calloc(1, sizeof *list);

    if (list) {
        list->stream = open_memstream(&list->text, &list->size);
        if (!list->stream) {
            free(list);
            return NULL;
        }
        fprintf(list->stream, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"vifs\":[", id);
    }
    return list;
}

void reply_list_add(struct reply_list *list, const struct vif_view *view)
{
    struct json_object *object;

    if (!list) {
        return;
    }
    object = json_object_new_object();
    put_view(object, view);
    fprintf(list->stream, "%s%s", list->any ? "," : "",
            json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
    list->any = true;
}

char *reply_list_finish(struct reply_list *list)
{
    char *text = NULL;

    if (list) {
        bool ok = fputs("]}}\n", list->stream) >= 0 && fclose(list->stream) == 0;

        text = list->text;
        free(list);
        if (!ok) {
            free(text);
            text = NULL;
        }
    }
    return text;
}
