/* SPDX-License-Identifier: Apache-2.0 */
/* The results of operations: a line for each VIF, and the steps of a dry run below it. */

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/values.h"

static void show_steps(struct json_object *plan)
{
    struct json_object *operations = member(plan, "operations");

    for (size_t i = 0; i < length_of(operations); i++) {
        const char *operation = json_object_get_string(json_object_array_get_idx(operations, i));

        show_line("  %s", operation ? operation : "null");
    }
}

/* ": create, since there is no port of this VIF". */
static void show_plan(struct json_object *plan)
{
    show(": %s", text_or(plan, "action", "-"));
    if (text_at(plan, "why") && *text_at(plan, "why")) {
        show(", since %s", text_at(plan, "why"));
    }
}

/* ", 530 ms", if the operation has a time. */
static void show_total(struct json_object *result)
{
    struct json_object *total = member(member(result, "timings_ms"), "total");

    if (total) {
        show(", %.0f ms", json_object_get_double(total));
    }
}

/* ", egress 10000 kbit/s" */
static void show_limits(struct json_object *result, const char *direction)
{
    struct json_object *limits = member(member(result, "qos"), direction);

    if (text_at(limits, "max_kbps")) {
        show(", %s %s kbit/s", direction, text_at(limits, "max_kbps"));
    }
    if (text_at(limits, "max_kpps")) {
        show(", %s %s kpackets/s", direction, text_at(limits, "max_kpps"));
    }
}

/* "VIF X: VF 0000:65:01.2 (10), vfrX on br-int, up at MTU 1450". */
static void show_plugged(struct json_object *result)
{
    struct json_object *representor = member(result, "representor");
    struct json_object *vhost_user = member(result, "vhost_user");

    show("VIF %s:", text_or(result, "vif_id", "-"));
    if (text_at(representor, "vf")) {
        show(" VF %s (%s),", text_at(representor, "vf"), text_or(representor, "vf_num", "-"));
    }
    if (text_at(result, "port")) {
        show(" %s on", text_at(result, "port"));
    }
    show(" %s,", text_or(result, "bridge", "-"));
    if (!text_at(representor, "vf") && text_at(vhost_user, "path")) {
        show(" socket %s (%s),", text_at(vhost_user, "path"), text_or(vhost_user, "mode", "-"));
    }
    show(" %s", text_or(result, "state", "-"));
    if (text_at(result, "mtu")) {
        show(" at MTU %s", text_at(result, "mtu"));
    }
    show_limits(result, "egress");
    show_limits(result, "ingress");
}

bool output_plug(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *plan = member(result, "plan");
    bool ok = text_at(result, "vif_id") != NULL;

    if (!ok) {
        json_object_put(result);
        return false;
    }
    show_plugged(result);
    if (plan) {
        show_plan(plan);
    } else if (!vifplug_reply_changed(reply)) {
        show(", unchanged");
    }
    show_total(result);
    if (text_at(result, "error")) {
        show(": %s", text_at(result, "error"));
    }
    show_line("%s", "");
    show_steps(plan);
    json_object_put(result);
    return true;
}

bool output_unplug(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *plan = member(result, "plan");
    const char *vif_id = text_at(result, "vif_id");
    bool ok = vif_id && json_object_is_type(member(result, "changed"), json_type_boolean);

    if (ok && vifplug_reply_changed(reply)) {
        show("VIF %s", vif_id);
        if (plan) {
            show_plan(plan);
        } else {
            show(": unplugged");
        }
        show_total(result);
        show_line("%s", "");
        show_steps(plan);
    } else if (ok && vifplug_reply_n_warnings(reply) > 0) { /* It may be another instance's. */
        show_line("VIF %s %s", vif_id,
                  plan ? "would not be unplugged; nothing would change."
                       : "was not unplugged; nothing changed.");
    } else if (ok) {
        show_line("VIF %s %s", vif_id,
                  plan ? "is not plugged; nothing would change."
                       : "was not plugged; nothing changed.");
    }
    json_object_put(result);
    return ok;
}

/* The plan of a dry run for that VIF; NULL: none. */
static struct json_object *plan_of(struct json_object *plans, const char *vif_id)
{
    for (size_t i = 0; i < length_of(plans); i++) {
        struct json_object *plan = json_object_array_get_idx(plans, i);

        if (!strcmp(text_or(plan, "vif_id", ""), vif_id)) {
            return plan;
        }
    }
    return NULL;
}

bool output_reap(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *removed = member(result, "removed");
    struct json_object *kept = member(result, "kept");
    bool ok = json_object_is_type(removed, json_type_array) && (!kept || is_list(kept));

    for (size_t i = 0; ok && i < length_of(removed); i++) {
        const char *text = json_object_get_string(json_object_array_get_idx(removed, i));
        const char *vif_id = text ? text : "-";
        struct json_object *plan = plan_of(member(result, "plans"), vif_id);

        show("VIF %s", vif_id);
        if (plan) {
            show_plan(plan);
        } else {
            show(": removed");
        }
        show_line("%s", "");
        show_steps(plan);
    }
    for (size_t i = 0; ok && i < length_of(kept); i++) {
        struct json_object *one = json_object_array_get_idx(kept, i);

        show_line("VIF %s: kept, since %s", text_or(one, "vif_id", "-"), text_or(one, "why", "-"));
    }
    if (ok && length_of(removed) == 0 && length_of(kept) == 0 &&
        vifplug_reply_n_warnings(reply) == 0) {
        show_line("No VIF is stale.");
    }
    json_object_put(result);
    return ok;
}
