/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "wire/json-make.h"
#include "wire/pieces.h"
#include "wire/reply-private.h"

struct json_object *reply_string(const char *value)
{
    size_t length = strlen(value);
    struct json_object *string;
    char *copy;

    if (utf8_prefix(value, length) == length) {
        return jnew_string(value);
    }
    copy = need_memory(strdup(value));
    for (size_t i = 0; (i += utf8_prefix(copy + i, length - i)) < length;) {
        copy[i] = '?';
    }
    string = jnew_string(copy);
    free(copy);
    return string;
}

void reply_add_string(struct json_object *object, const char *key, const char *value)
{
    if (value && value[0]) {
        jadd(object, key, reply_string(value));
    }
}

void reply_add_time(struct json_object *object, const char *key, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    char text[32];
    char whole[64];
    struct tm utc;

    if (gmtime_r(&seconds, &utc) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) > 0) {
        snprintf(whole, sizeof whole, "%s.%03dZ", text, (int)(ms % 1000));
        jadd(object, key, jnew_string(whole));
    }
}

/* Adds `member`, unless it is empty. Takes `member`. */
static void put_nonempty(struct json_object *object, const char *key, struct json_object *member)
{
    if (json_object_object_length(member) > 0) {
        jadd(object, key, member);
    } else {
        json_object_put(member);
    }
}

static void put_pci(struct json_object *object, const char *key, const struct pci_addr *addr)
{
    char text[PCI_ADDR_LEN];

    reply_add_string(object, key, pci_addr_format(addr, text));
}

/* Adds milliseconds with three decimals. json-c would print all digits of the binary fraction. */
static void put_ms(struct json_object *object, const char *key, double ms)
{
    char text[32];

    if (ms >= 0) {
        snprintf(text, sizeof text, "%.3f", ms);
        jadd(object, key, json_object_new_double_s(ms, text));
    }
}

static void put_pairs(struct json_object *object, const char *key, const struct reply_pair *pairs,
                      size_t n)
{
    struct json_object *map = jnew_object();

    for (size_t i = 0; i < n; i++) {
        jset(map, pairs[i].key, reply_string(pairs[i].value));
    }
    jadd(object, key, map);
}

static void put_strings(struct json_object *object, const char *key, const char *const *strings,
                        size_t n)
{
    struct json_object *array = jnew_array(n);

    for (size_t i = 0; i < n; i++) {
        jappend(array, reply_string(strings[i]));
    }
    jadd(object, key, array);
}

static void put_representor(struct json_object *object, const struct vif_view *view)
{
    struct json_object *representor = jnew_object();

    put_pci(representor, "pf", &view->pf);
    if (view->has_vf) {
        put_pci(representor, "vf", &view->vf);
    }
    jadd_int(representor, "vf_num", view->vf_num);
    reply_add_string(representor, "devargs", view->devargs);
    jadd(object, "representor", representor);
}

static void put_limit(struct json_object *object, const char *key, int64_t value)
{
    if (value > 0) {
        jadd_int(object, key, value);
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
    map = jnew_object();
    egress = jnew_object();
    ingress = jnew_object();
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
    array = jnew_array(view->n_drift);
    for (size_t i = 0; i < view->n_drift; i++) {
        struct json_object *drift = jnew_object();

        jadd(drift, "field", reply_string(view->drift[i].field));
        jadd(drift, "expected", reply_string(view->drift[i].expected));
        jadd(drift, "found", reply_string(view->drift[i].found));
        jappend(array, drift);
    }
    jadd(object, "drift", array);
}

void put_tag(struct json_object *object, bool has_tag, int tag)
{
    if (has_tag) {
        jadd_int(object, "tag", tag);
        if (tag == DEAD_VLAN) {
            jadd_bool(object, "dead_vlan", true);
        }
    }
}

static void put_view(struct json_object *object, const struct vif_view *view)
{
    reply_add_string(object, "vif_id", view->vif_id);
    reply_add_string(object, "kind", vif_kind_name(view->kind));
    reply_add_string(object, "bridge", view->bridge);
    reply_add_string(object, "port", view->port);
    reply_add_string(object, "interface_type", view->interface_type);
    if (view->ofport > 0) {
        jadd_int(object, "ofport", view->ofport);
    }
    if (view->mtu > 0) {
        jadd_int(object, "mtu", view->mtu);
    }
    reply_add_string(object, "address", view->address);
    reply_add_string(object, "link_state", view->link_state);
    put_tag(object, view->has_tag, view->tag);
    put_pairs(object, "options", view->options, view->n_options);
    put_pairs(object, "external_ids", view->external_ids, view->n_external_ids);
    if (view->has_representor) {
        put_representor(object, view);
    }
    if (view->vhost_path && view->vhost_path[0]) {
        struct json_object *vhost_user = jnew_object();

        reply_add_string(vhost_user, "path", view->vhost_path);
        reply_add_string(vhost_user, "mode", vhost_mode_name(view->vhost_mode));
        jadd(object, "vhost_user", vhost_user);
    }
    put_qos(object, &view->qos);
    reply_add_string(object, "state", vif_state_name(view->state));
    reply_add_string(object, "error", view->error);
    put_drift(object, view);
}

char *reply_finish(const char *id, const char *member, struct json_object *value)
{
    static const char format[] = "{\"jsonrpc\":\"2.0\",\"id\":%s,\"%s\":%s}\n";
    const char *text = jtext(value);
    size_t size = sizeof format + strlen(id) + strlen(member) + strlen(text);
    char *line = need_memory(malloc(size));

    snprintf(line, size, format, id, member, text);
    json_object_put(value);
    return line;
}

char *reply_error(const char *id, const char *vif_id, const struct error *error)
{
    struct json_object *object = jnew_object();
    struct json_object *data = jnew_object();

    jadd_int(object, "code", error->rpc_code);
    reply_add_string(object, "message", error->message);
    reply_add_string(data, "reason", reason_name(error->reason));
    reply_add_string(data, "vif_id", vif_id);
    reply_add_string(data, "field", error->field);
    reply_add_string(data, "detail", error->detail);
    jadd_bool(data, "retryable", reason_retryable(error->reason));
    jadd(object, "data", data);
    return reply_finish(id, "error", object);
}

char *reply_vif(const char *id, const struct vif_view *view)
{
    struct json_object *object = jnew_object();

    put_view(object, view);
    return reply_finish(id, "result", object);
}

static void put_timings(struct json_object *object, const struct reply_timings *timings)
{
    struct json_object *map = jnew_object();

    put_ms(map, "queued", timings->queued);
    put_ms(map, "commit", timings->commit);
    put_ms(map, "realize", timings->realize);
    put_ms(map, "total", timings->total);
    jadd(object, "timings_ms", map);
}

static void put_plan(struct json_object *object, const struct reply_plan *plan)
{
    reply_add_string(object, "action", plan->action);
    reply_add_string(object, "why", plan->why);
    put_strings(object, "operations", plan->operations, plan->n_operations);
}

char *reply_operation(const char *id, const struct reply_operation *operation)
{
    struct json_object *object = jnew_object();

    if (operation->view) {
        put_view(object, operation->view);
    } else {
        reply_add_string(object, "vif_id", operation->vif_id);
    }
    jadd_bool(object, "changed", operation->changed);
    put_strings(object, "warnings", operation->warnings, operation->n_warnings);
    if (operation->timings) {
        put_timings(object, operation->timings);
    }
    if (operation->plan) {
        struct json_object *plan = jnew_object();

        put_plan(plan, operation->plan);
        jadd(object, "plan", plan);
    }
    return reply_finish(id, "result", object);
}

char *reply_status(const char *id, const struct reply_status *status)
{
    struct json_object *object = jnew_object();
    struct json_object *ovsdb = jnew_object();
    struct json_object *vswitchd = jnew_object();
    struct json_object *offload = jnew_object();
    struct json_object *counters = jnew_object();

    reply_add_string(object, "verdict", status->n_problems > 0 ? "degraded" : "ok");
    reply_add_string(object, "version", status->version);
    jadd_int(object, "uptime_s", status->uptime_s);
    reply_add_string(ovsdb, "remote", status->ovsdb_remote);
    jadd_bool(ovsdb, "connected", status->ovsdb_connected);
    jadd_int(ovsdb, "next_cfg", status->next_cfg);
    jadd_int(ovsdb, "cur_cfg", status->cur_cfg);
    jadd(object, "ovsdb", ovsdb);
    reply_add_string(vswitchd, "state", status->vswitchd_state);
    if (status->vswitchd_pid > 0) {
        jadd_int(vswitchd, "pid", status->vswitchd_pid);
    }
    if (status->unanswered_s > 0) {
        jadd_int(vswitchd, "unanswered_s", status->unanswered_s);
    }
    reply_add_string(vswitchd, "version", status->ovs_version);
    reply_add_string(vswitchd, "dpdk_version", status->dpdk_version);
    jadd_bool(vswitchd, "dpdk_initialized", status->dpdk_initialized);
    jadd(object, "vswitchd", vswitchd);
    reply_add_string(offload, "policy", status->offload.policy);
    jadd_bool(offload, "hw_offload", status->offload.enabled);
    reply_add_string(offload, "in_effect", status->offload.effect);
    jadd(object, "offload", offload);
    for (size_t i = 0; i < status->n_counters; i++) {
        jadd_int(counters, status->counters[i].name, status->counters[i].value);
    }
    jadd(object, "counters", counters);
    put_strings(object, "problems", status->problems, status->n_problems);
    return reply_finish(id, "result", object);
}

static struct json_object *describe_profile(const char *name)
{
    struct json_object *object = jnew_object();

    reply_add_string(object, "profile_object_name", name);
    reply_add_string(object, "min_version", "1.0");
    reply_add_string(object, "max_version", "1.4");
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
    struct json_object *object = jnew_object();
    struct json_object *vif_info = jnew_array(sizeof infos / sizeof infos[0]);

    for (size_t i = 0; i < sizeof infos / sizeof infos[0]; i++) {
        struct json_object *info = jnew_object();
        struct json_object *profiles = jnew_array(2);

        reply_add_string(info, "vif_object_name", infos[i].object_name);
        reply_add_string(info, "min_version", "1.0");
        reply_add_string(info, "max_version", infos[i].max_version);
        jappend(profiles, describe_profile("VIFPortProfileOpenVSwitch"));
        if (infos[i].representors) {
            jappend(profiles, describe_profile("VIFPortProfileOVSRepresentor"));
        }
        jadd(info, "supported_port_profiles", profiles);
        jappend(vif_info, info);
    }
    reply_add_string(object, "plugin_name", "vifplug");
    jadd(object, "vif_info", vif_info);
    return reply_finish(id, "result", object);
}

struct reply_reap {
    char *id;
    struct json_object *removed;
    struct json_object *kept;
    struct json_object *plans;
    struct json_object *warnings;
};

struct reply_reap *reply_reap_new(const char *id)
{
    struct reply_reap *reap = need_memory(calloc(1, sizeof *reap));

    reap->id = need_memory(strdup(id));
    reap->removed = jnew_array(4);
    reap->kept = jnew_array(4);
    reap->plans = jnew_array(4);
    reap->warnings = jnew_array(4);
    return reap;
}

void reply_reap_removed(struct reply_reap *reap, const char *vif_id)
{
    jappend(reap->removed, jnew_string(vif_id));
}

void reply_reap_kept(struct reply_reap *reap, const char *vif_id, const char *why)
{
    struct json_object *kept = jnew_object();

    reply_add_string(kept, "vif_id", vif_id);
    reply_add_string(kept, "why", why);
    jappend(reap->kept, kept);
}

void reply_reap_plan(struct reply_reap *reap, const char *vif_id, const struct reply_plan *plan)
{
    struct json_object *object = jnew_object();

    reply_add_string(object, "vif_id", vif_id);
    put_plan(object, plan);
    jappend(reap->plans, object);
}

void reply_reap_warn(struct reply_reap *reap, const char *warning)
{
    jappend(reap->warnings, jnew_string(warning));
}

char *reply_reap_finish(struct reply_reap *reap)
{
    struct json_object *object = jnew_object();
    char *line;

    jadd(object, "removed", reap->removed);
    jadd(object, "kept", reap->kept);
    if (json_object_array_length(reap->plans) > 0) {
        jadd(object, "plans", json_object_get(reap->plans));
    }
    jadd(object, "warnings", reap->warnings);
    line = reply_finish(reap->id, "result", object);
    json_object_put(reap->plans);
    free(reap->id);
    free(reap);
    return line;
}

char *reply_subscribed(const char *id, const struct reply_subscription *subscription)
{
    struct json_object *object = jnew_object();

    jadd_bool(object, "subscribed", true);
    reply_add_string(object, "run", subscription->run);
    jadd_int(object, "last_event", (int64_t)subscription->last_event);
    if (subscription->since) {
        jadd_int(object, "n_replayed", (int64_t)subscription->n_replayed);
        jadd_bool(object, "complete", subscription->complete);
        reply_add_time(object, "complete_from", subscription->complete_ms);
    }
    return reply_finish(id, "result", object);
}

static char *finish_notification(const char *event, const struct event_stamp *stamp,
                                 struct json_object *params)
{
    struct json_object *object = jnew_object();
    const char *text;
    char *line;
    size_t size;

    jadd_int(params, "event", (int64_t)stamp->number);
    reply_add_time(params, "time", stamp->time_ms);
    reply_add_string(object, "jsonrpc", "2.0");
    reply_add_string(object, "method", event);
    jadd(object, "params", params);
    text = jtext(object);
    size = strlen(text) + 2;
    line = need_memory(malloc(size));
    snprintf(line, size, "%s\n", text);
    json_object_put(object);
    return line;
}

char *notification_vif(const char *event, const struct event_stamp *stamp,
                       const struct vif_view *view)
{
    struct json_object *params = jnew_object();

    put_view(params, view);
    return finish_notification(event, stamp, params);
}

char *notification_pairs(const char *event, const struct event_stamp *stamp,
                         const struct reply_pair *pairs, size_t n)
{
    struct json_object *params = jnew_object();

    for (size_t i = 0; i < n; i++) {
        reply_add_string(params, pairs[i].key, pairs[i].value);
    }
    return finish_notification(event, stamp, params);
}

struct reply_list {
    struct pieces pieces;
};

struct reply_list *reply_list_new(const char *id)
{
    struct reply_list *list = need_memory(calloc(1, sizeof *list));

    pieces_init(&list->pieces, id, "{\"vifs\":[");
    return list;
}

void reply_list_add(struct reply_list *list, const struct vif_view *view)
{
    struct json_object *object = jnew_object();

    put_view(object, view);
    pieces_add(&list->pieces, object);
}

char *reply_list_take(struct reply_list *list)
{
    return pieces_take(&list->pieces);
}

char *reply_list_finish(struct reply_list *list)
{
    char *text = pieces_finish(&list->pieces, "]}}");

    free(list);
    return text;
}
