/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "wire/json-get.h"
#include "wire/reply.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

static const struct reply_pair options[] = {
    {"dpdk-devargs", "0000:65:00.0,representor=[10]"},
    {"x", "\"quoted\"\\ \n\xc3\xa4"},
};
static const struct reply_pair external_ids[] = {{"iface-id", "if1"}};

static const struct vif_view full = {
    .vif_id = "v1",
    .kind = VIF_KIND_REPRESENTOR,
    .bridge = "br0",
    .port = "vfrv1",
    .interface_type = "dpdk",
    .ofport = 7,
    .mtu = 1450,
    .address = "fa:16:3e:00:00:01",
    .options = options,
    .n_options = N(options),
    .external_ids = external_ids,
    .n_external_ids = N(external_ids),
    .has_representor = true,
    .pf = {0, 0x65, 0, 0},
    .vf = {0, 0x65, 1, 2},
    .has_vf = true,
    .vf_num = 10,
    .devargs = "0000:65:00.0,representor=[10]",
    .vhost_path = "/run/s/v1",
    .vhost_mode = VHOST_MODE_SERVER,
    .state = STATE_FAILED,
    .error = "no such device",
};

/* Checks that `line` is one line of JSON, a reply to `id`, and returns its member.
 * Frees `line`; the caller puts *reply. */
static struct json_object *open_reply(char *line, const char *id, const char *member,
                                      struct json_object **reply)
{
    size_t length = strlen(line);
    struct error error = {0};
    struct json_object *value;

    CHECK(line, length > 0 && strchr(line, '\n') == line + length - 1);
    *reply = json_parse(line, length - 1, &error);
    CHECK_STR(line, error.message, "");
    CHECK_INT(line, json_object_object_length(*reply), 3);
    CHECK(line, json_object_object_get_ex(*reply, "jsonrpc", &value));
    CHECK_STR(line, json_object_get_string(value), "2.0");
    CHECK(line, json_object_object_get_ex(*reply, "id", &value));
    CHECK_STR(line, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN), id);
    CHECK(line, json_object_object_get_ex(*reply, member, &value));
    free(line);
    return value;
}

/* The member at `path` (components separated by '/', numbers index arrays) as JSON text, or NULL.
 */
static const char *at(struct json_object *value, const char *path)
{
    char text[128];
    char *save = NULL;

    snprintf(text, sizeof text, "%s", path);
    for (char *key = strtok_r(text, "/", &save); key; key = strtok_r(NULL, "/", &save)) {
        if (json_object_is_type(value, json_type_array)) {
            value = json_object_array_get_idx(value, strtoul(key, NULL, 10));
        } else if (!json_object_object_get_ex(value, key, &value)) {
            return NULL;
        }
    }
    return json_object_to_json_string_ext(value,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

struct member {
    const char *path;
    const char *text; /* NULL: must be absent. */
};

static void check_members(struct json_object *value, const struct member *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CHECK_STR(members[i].path, at(value, members[i].path), members[i].text);
    }
}

static const struct member full_members[] = {
    {"vif_id", "\"v1\""},
    {"kind", "\"representor\""},
    {"bridge", "\"br0\""},
    {"port", "\"vfrv1\""},
    {"interface_type", "\"dpdk\""},
    {"ofport", "7"},
    {"mtu", "1450"},
    {"address", "\"fa:16:3e:00:00:01\""},
    {"options/dpdk-devargs", "\"0000:65:00.0,representor=[10]\""},
    {"options/x", "\"\\\"quoted\\\"\\\\ \\n\xc3\xa4\""},
    {"external_ids", "{\"iface-id\":\"if1\"}"},
    {"representor/pf", "\"0000:65:00.0\""},
    {"representor/vf", "\"0000:65:01.2\""},
    {"representor/vf_num", "10"},
    {"representor/devargs", "\"0000:65:00.0,representor=[10]\""},
    {"vhost_user", "{\"path\":\"/run/s/v1\",\"mode\":\"server\"}"},
    {"state", "\"failed\""},
    {"error", "\"no such device\""},
};

static void test_vif(void **state)
{
    struct json_object *reply;
    struct json_object *result = open_reply(reply_vif("17", &full), "17", "result", &reply);

    (void)state;
    check_members(result, full_members, N(full_members));
    json_object_put(reply);
}

static void test_vif_without_parts(void **state)
{
    static const struct member members[] = {
        {"vif_id", "\"v1\""}, {"kind", NULL},
        {"bridge", NULL},     {"ofport", NULL},
        {"mtu", NULL},        {"address", NULL},
        {"options", "{}"},    {"external_ids", "{}"},
        {"error", NULL},      {"representor", NULL},
        {"vhost_user", NULL}, {"port", NULL},
        {"state", "\"up\""},  {"interface_type", NULL},
    };
    const struct vif_view view = {
        .vif_id = "v1", .ofport = -1, .address = "", .vhost_path = "", .state = STATE_UP};
    struct json_object *reply;
    struct json_object *result =
        open_reply(reply_vif("\"a\\\"b\"", &view), "\"a\\\"b\"", "result", &reply);

    (void)state;
    check_members(result, members, N(members));
    json_object_put(reply);
}

static void test_error(void **state)
{
    static const struct {
        enum reason reason;
        int code;
        const char *vif_id;
        const char *field;
        const char *detail;
        struct member members[7];
    } rows[] = {
        {REASON_VF_IN_USE,
         RPC_OPERATION,
         "v1",
         "vif.pci_slot",
         "",
         {{"code", "-32000"},
          {"message", "\"Say \\\"why\\\".\""},
          {"data/reason", "\"vf_in_use\""},
          {"data/vif_id", "\"v1\""},
          {"data/field", "\"vif.pci_slot\""},
          {"data/detail", NULL},
          {"data/retryable", "false"}}},
        {REASON_TIMEOUT,
         RPC_OPERATION,
         NULL,
         "",
         "two\nlines",
         {{"code", "-32000"},
          {"message", "\"Say \\\"why\\\".\""},
          {"data/reason", "\"timeout\""},
          {"data/vif_id", NULL},
          {"data/field", NULL},
          {"data/detail", "\"two\\\\nlines\""},
          {"data/retryable", "true"}}},
        {REASON_INVALID_REQUEST,
         RPC_PARSE_ERROR,
         "",
         "",
         "",
         {{"code", "-32700"},
          {"message", "\"Say \\\"why\\\".\""},
          {"data/reason", "\"invalid_request\""},
          {"data/vif_id", NULL},
          {"data/field", NULL},
          {"data/detail", NULL},
          {"data/retryable", "false"}}},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct json_object *object;
        struct json_object *reply;
        struct error error;

        error_set(&error, rows[i].reason, rows[i].field, "Say \"why\".");
        error_detail(&error, "%s", rows[i].detail);
        error.rpc_code = rows[i].code;
        object = open_reply(reply_error("null", rows[i].vif_id, &error), "null", "error", &reply);
        check_members(object, rows[i].members, N(rows[i].members));
        json_object_put(reply);
    }
}

/* Messages quote a client's text, cut at any byte: the reply is valid UTF-8. */
static void test_error_with_cut_text(void **state)
{
    struct json_object *reply;
    struct error error;
    char *line;

    (void)state;
    error_set(&error, REASON_INVALID_REQUEST, "vif.vif_name", "'%.4s' is no name.", "abc\xc3\xa4");
    line = reply_error("1", "v1", &error);
    reply = json_parse(line, strlen(line) - 1, &error);
    free(line);
    assert_non_null(reply);
    json_object_put(reply);
}

static void test_operation(void **state)
{
    static const char *const warnings[] = {"first", "second"};
    static const char *const operations[] = {"insert Port p into Bridge b"};
    static const struct reply_timings timings = {
        .queued = 0.0004, .commit = 1.25, .realize = -1, .total = 1234.5678};
    static const struct reply_plan plan = {"create", "there is none", operations, 1};
    static const struct reply_operation operation = {.view = &full,
                                                     .vif_id = "v1",
                                                     .changed = true,
                                                     .warnings = warnings,
                                                     .n_warnings = 2,
                                                     .timings = &timings,
                                                     .plan = &plan};
    static const struct member members[] = {
        {"changed", "true"},
        {"warnings", "[\"first\",\"second\"]"},
        {"timings_ms/queued", "0.000"},
        {"timings_ms/commit", "1.250"},
        {"timings_ms/realize", NULL},
        {"timings_ms/total", "1234.568"},
        {"plan/action", "\"create\""},
        {"plan/why", "\"there is none\""},
        {"plan/operations", "[\"insert Port p into Bridge b\"]"},
    };
    struct json_object *reply;
    struct json_object *result =
        open_reply(reply_operation("1", &operation), "1", "result", &reply);

    (void)state;
    check_members(result, full_members, N(full_members));
    check_members(result, members, N(members));
    json_object_put(reply);
}

static void test_unplug(void **state)
{
    static const struct reply_operation operation = {.vif_id = "v1"};
    static const struct member members[] = {
        {"vif_id", "\"v1\""}, {"changed", "false"}, {"warnings", "[]"},
        {"state", NULL},      {"timings_ms", NULL}, {"plan", NULL},
    };
    struct json_object *reply;
    struct json_object *result =
        open_reply(reply_operation("1", &operation), "1", "result", &reply);

    (void)state;
    check_members(result, members, N(members));
    json_object_put(reply);
}

static void test_list(void **state)
{
    struct vif_view other = full;
    struct reply_list *list = reply_list_new("1");
    struct json_object *reply;
    struct json_object *result;

    (void)state;
    result = open_reply(reply_list_finish(list), "1", "result", &reply);
    assert_string_equal(at(result, "vifs"), "[]");
    json_object_put(reply);

    list = reply_list_new("2");
    reply_list_add(list, &full);
    other.vif_id = "v2";
    reply_list_add(list, &other);
    result = open_reply(reply_list_finish(list), "2", "result", &reply);
    assert_string_equal(at(result, "vifs/0/vif_id"), "\"v1\"");
    assert_string_equal(at(result, "vifs/0/representor/vf_num"), "10");
    assert_string_equal(at(result, "vifs/1/vif_id"), "\"v2\"");
    json_object_put(reply);
}

static void test_status(void **state)
{
    static const char *const problems[] = {"A is wrong; do B."};
    static const struct reply_counter counters[] = {{"plugs", 12}, {"failed", 18000000000}};
    struct reply_status status = {.version = "0.1",
                                  .ovsdb_remote = "unix:/x",
                                  .ovsdb_connected = true,
                                  .vswitchd_state = "alive",
                                  .vswitchd_pid = 42,
                                  .ovs_version = "3.1.0",
                                  .dpdk_initialized = true,
                                  .next_cfg = 5,
                                  .cur_cfg = 4,
                                  .uptime_s = 3,
                                  .unanswered_s = 7,
                                  .problems = problems,
                                  .n_problems = 1,
                                  .counters = counters,
                                  .n_counters = N(counters)};
    static const struct member members[] = {
        {"version", "\"0.1\""},
        {"uptime_s", "3"},
        {"ovsdb", "{\"remote\":\"unix:/x\",\"connected\":true,\"next_cfg\":5,\"cur_cfg\":4}"},
        {"vswitchd/state", "\"alive\""},
        {"vswitchd/pid", "42"},
        {"vswitchd/version", "\"3.1.0\""},
        {"vswitchd/dpdk_version", NULL},
        {"vswitchd/dpdk_initialized", "true"},
        {"vswitchd/unanswered_s", "7"},
        {"problems", "[\"A is wrong; do B.\"]"},
        {"counters", "{\"plugs\":12,\"failed\":18000000000}"},
    };
    struct json_object *reply;
    struct json_object *result = open_reply(reply_status("1", &status), "1", "result", &reply);

    (void)state;
    check_members(result, members, N(members));
    json_object_put(reply);
    status.vswitchd_pid = 0;
    status.n_counters = 0;
    status.unanswered_s = 0;
    status.n_problems = 0;
    result = open_reply(reply_status("1", &status), "1", "result", &reply);
    assert_null(at(result, "vswitchd/pid"));
    assert_null(at(result, "vswitchd/unanswered_s"));
    assert_string_equal(at(result, "problems"), "[]");
    assert_string_equal(at(result, "counters"), "{}");
    json_object_put(reply);
}

static void test_describe(void **state)
{
    struct json_object *reply;
    struct json_object *result = open_reply(reply_describe("1"), "1", "result", &reply);

    (void)state;
    assert_string_equal(at(result, "plugin_name"), "\"vifplug\"");
    for (int i = 0; i < 4; i++) {
        static const char *const objects[] = {"\"VIFBridge\"", "\"VIFOpenVSwitch\"",
                                              "\"VIFVHostUser\"", "\"VIFHostDevice\""};
        char path[96];

        snprintf(path, sizeof path, "vif_info/%d/vif_object_name", i);
        CHECK_STR(path, at(result, path), objects[i]);
        snprintf(path, sizeof path, "vif_info/%d/supported_port_profiles/0/profile_object_name", i);
        CHECK_STR(path, at(result, path), "\"VIFPortProfileOpenVSwitch\"");
        snprintf(path, sizeof path, "vif_info/%d/supported_port_profiles/1/profile_object_name", i);
        CHECK_STR(path, at(result, path), i < 2 ? NULL : "\"VIFPortProfileOVSRepresentor\"");
    }
    json_object_put(reply);
}

/* An empty value of a map in OVSDB is a value too. */
static void test_empty_map_value(void **state)
{
    static const struct reply_pair pairs[] = {{"empty", ""}};
    const struct vif_view view = {.vif_id = "v1", .external_ids = pairs, .n_external_ids = 1};
    struct json_object *reply;
    struct json_object *result = open_reply(reply_vif("1", &view), "1", "result", &reply);

    (void)state;
    CHECK_STR("external_ids", at(result, "external_ids"), "{\"empty\":\"\"}");
    json_object_put(reply);
}

/* The link and the VLAN tag, of which one is named. */
static void test_link_and_tag(void **state)
{
    static const struct {
        struct vif_view view;
        const char *link;
        const char *tag;
        const char *dead;
    } rows[] = {
        {{.link_state = ""}, NULL, NULL, NULL},
        {{.link_state = "up", .has_tag = true}, "\"up\"", "0", NULL},
        {{.link_state = "down", .has_tag = true, .tag = 4094}, "\"down\"", "4094", NULL},
        {{.has_tag = true, .tag = 4095}, NULL, "4095", "true"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct json_object *reply;
        struct json_object *result =
            open_reply(reply_vif("1", &rows[i].view), "1", "result", &reply);

        CHECK_STR("link_state", at(result, "link_state"), rows[i].link);
        CHECK_STR("tag", at(result, "tag"), rows[i].tag);
        CHECK_STR("dead_vlan", at(result, "dead_vlan"), rows[i].dead);
        json_object_put(reply);
    }
}

/* Limits have the same members as in requests; those that do not apply are left out. */
static void test_qos(void **state)
{
    static const struct {
        struct vif_qos qos;
        const char *text; /* NULL: left out. */
    } rows[] = {
        {{0}, NULL},
        {{1, 2, 3, 4, 5, 6},
         "{\"egress\":{\"max_kbps\":1,\"max_burst_kbps\":2,\"max_kpps\":3,\"max_burst_kpps\":4},"
         "\"ingress\":{\"max_kbps\":5,\"max_burst_kbps\":6}}"},
        {{.egress_kbps = VIF_QOS_MAX}, "{\"egress\":{\"max_kbps\":4000000000}}"},
        {{.egress_kpps = 7}, "{\"egress\":{\"max_kpps\":7}}"},
        {{.ingress_kbps = 7}, "{\"ingress\":{\"max_kbps\":7}}"},
        {{.egress_kbps = -1, .ingress_kbps = -1}, NULL}, /* Other programs may write any number. */
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct vif_view view = {.vif_id = "v1", .qos = rows[i].qos};
        struct json_object *reply;
        struct json_object *result = open_reply(reply_vif("1", &view), "1", "result", &reply);

        CHECK_STR(rows[i].text ? rows[i].text : "none", at(result, "qos"), rows[i].text);
        json_object_put(reply);
    }
}

/* Changes by other programs: the members are present even if they are empty. */
static void test_drift(void **state)
{
    static const struct reply_drift drift[] = {
        {"bridge", "br0", "br1"}, {"options:n_rxq", "2", ""}, {"external_ids:x", "", "cut \xc3"}};
    struct vif_view view = {.vif_id = "v1", .state = STATE_DRIFTED, .drift = drift, .n_drift = 3};
    struct json_object *reply;
    struct json_object *result = open_reply(reply_vif("1", &view), "1", "result", &reply);

    (void)state;
    CHECK_STR("state", at(result, "state"), "\"drifted\"");
    CHECK_STR("drift", at(result, "drift"),
              "[{\"field\":\"bridge\",\"expected\":\"br0\",\"found\":\"br1\"},"
              "{\"field\":\"options:n_rxq\",\"expected\":\"2\",\"found\":\"\"},"
              "{\"field\":\"external_ids:x\",\"expected\":\"\",\"found\":\"cut ?\"}]");
    json_object_put(reply);
    view.n_drift = 0;
    result = open_reply(reply_vif("1", &view), "1", "result", &reply);
    CHECK_STR("drift", at(result, "drift"), NULL);
    json_object_put(reply);
}

static void test_states(void **state)
{
    static const struct {
        enum vif_state state;
        const char *name;
    } rows[] = {
        {STATE_COMMITTED, "committed"},   {STATE_REALIZING, "realizing"}, {STATE_UP, "up"},
        {STATE_UNVERIFIED, "unverified"}, {STATE_FAILED, "failed"},       {STATE_STALE, "stale"},
        {STATE_DRIFTED, "drifted"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_STR(rows[i].name, vif_state_name(rows[i].state), rows[i].name);
    }
}

static void test_status_offload(void **state)
{
    static const struct {
        struct reply_offload offload;
        const char *text;
    } rows[] = {
        {{"report", false, "no"},
         "{\"policy\":\"report\",\"hw_offload\":false,\"in_effect\":\"no\"}"},
        {{"set", true, "restart_required"},
         "{\"policy\":\"set\",\"hw_offload\":true,\"in_effect\":\"restart_required\"}"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct reply_status status = {.version = "0.1", .offload = rows[i].offload};
        struct json_object *reply;
        struct json_object *result = open_reply(reply_status("1", &status), "1", "result", &reply);

        CHECK_STR(rows[i].text, at(result, "offload"), rows[i].text);
        json_object_put(reply);
    }
}

static void test_reap(void **state)
{
    static const char *const operations[] = {"delete Port p", "delete link l"};
    const struct reply_plan plan = {"delete", "it is stale", operations, N(operations)};
    struct reply_reap *reap = reply_reap_new("1");
    struct json_object *reply;
    struct json_object *result;

    (void)state;
    reply_reap_removed(reap, "v1");
    reply_reap_removed(reap, "v2");
    reply_reap_kept(reap, "v4", "a guest is connected to /s");
    reply_reap_warn(reap, "VIF v3 could not be removed: \"why\".");
    result = open_reply(reply_reap_finish(reap), "1", "result", &reply);
    CHECK_STR("removed", at(result, "removed"), "[\"v1\",\"v2\"]");
    CHECK_STR("kept", at(result, "kept"),
              "[{\"vif_id\":\"v4\",\"why\":\"a guest is connected to /s\"}]");
    CHECK_STR("warnings", at(result, "warnings"),
              "[\"VIF v3 could not be removed: \\\"why\\\".\"]");
    CHECK_INT("members", json_object_object_length(result), 3);
    json_object_put(reply);

    reap = reply_reap_new("\"a\"");
    reply_reap_plan(reap, "v1", &plan);
    result = open_reply(reply_reap_finish(reap), "\"a\"", "result", &reply);
    CHECK_STR("removed", at(result, "removed"), "[]");
    CHECK_STR("kept", at(result, "kept"), "[]");
    CHECK_STR("warnings", at(result, "warnings"), "[]");
    CHECK_STR("plans", at(result, "plans"),
              "[{\"vif_id\":\"v1\",\"action\":\"delete\",\"why\":\"it is stale\","
              "\"operations\":[\"delete Port p\",\"delete link l\"]}]");
    json_object_put(reply);
}

static void test_subscribed(void **state)
{
    struct reply_subscription told = {.run = "r", .last_event = 7};
    struct json_object *reply;
    struct json_object *result = open_reply(reply_subscribed("1", &told), "1", "result", &reply);

    (void)state;
    assert_string_equal(json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN),
                        "{\"subscribed\":true,\"run\":\"r\",\"last_event\":7}");
    json_object_put(reply);

    told.since = true;
    told.n_replayed = 2;
    told.complete_ms = 1764199854005;
    result = open_reply(reply_subscribed("1", &told), "1", "result", &reply);
    assert_string_equal(json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN),
                        "{\"subscribed\":true,\"run\":\"r\",\"last_event\":7,\"n_replayed\":2,"
                        "\"complete\":false,\"complete_from\":\"2025-11-26T23:30:54.005Z\"}");
    json_object_put(reply);
}

/* Checks that `line` is one line of JSON, a notification of `event`: like a request, but without an
 * id. Frees `line`; the caller puts *notification. Returns its params. */
static struct json_object *open_notification(char *line, const char *event,
                                             struct json_object **notification)
{
    size_t length = strlen(line);
    struct error error = {0};
    struct json_object *params;

    CHECK(line, length > 0 && strchr(line, '\n') == line + length - 1);
    *notification = json_parse(line, length - 1, &error);
    CHECK_STR(line, error.message, "");
    CHECK_INT(line, json_object_object_length(*notification), 3);
    CHECK_STR(line, at(*notification, "jsonrpc"), "\"2.0\"");
    CHECK_STR(line, json_object_get_string(json_object_object_get(*notification, "method")), event);
    CHECK(line, json_object_object_get_ex(*notification, "params", &params));
    free(line);
    return params;
}

static void test_notifications(void **state)
{
    static const struct event_stamp stamp = {.number = 3, .time_ms = 1764199854000};
    static const struct reply_pair parts[] = {{"what", NULL}, {"vif_id", "v1"}, {"port", ""}};
    struct json_object *notification;
    struct json_object *params;

    (void)state;
    params = open_notification(notification_vif("vif.plugged", &stamp, &full), "vif.plugged",
                               &notification);
    CHECK_STR("number", at(params, "event"), "3");
    CHECK_STR("time", at(params, "time"), "\"2025-11-26T23:30:54.000Z\"");
    json_object_object_del(params, "event");
    json_object_object_del(params, "time");
    check_members(params, full_members, N(full_members));
    json_object_put(notification);

    params = open_notification(notification_pairs("vif.unplugged", &stamp, parts, N(parts)),
                               "vif.unplugged", &notification);
    assert_string_equal(json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN),
                        "{\"vif_id\":\"v1\",\"event\":3,\"time\":\"2025-11-26T23:30:54.000Z\"}");
    json_object_put(notification);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vif),
        cmocka_unit_test(test_vif_without_parts),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_error_with_cut_text),
        cmocka_unit_test(test_operation),
        cmocka_unit_test(test_unplug),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_empty_map_value),
        cmocka_unit_test(test_link_and_tag),
        cmocka_unit_test(test_qos),
        cmocka_unit_test(test_drift),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_status_offload),
        cmocka_unit_test(test_reap),
        cmocka_unit_test(test_subscribed),
        cmocka_unit_test(test_notifications),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
