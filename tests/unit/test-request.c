/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "wire/request.h"

#include <stdio.h>

/* Single quotes stand for double ones in all rows. */
static bool parse(const char *text, struct request *request, struct error *error)
{
    char line[2048];

    snprintf(line, sizeof line, "%s", text);
    for (char *p = line; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    memset(error, 0, sizeof *error);
    return request_parse(line, strlen(line), request, error);
}

#define VIF "'vif':{'vif_id':'v1','kind':'ovs','bridge':'br0','vif_name':'tap1'}"
#define INSTANCE "'instance':{'uuid':'i1'}"
#define CALL(id, method, params)                                                                   \
    "{'jsonrpc':'2.0','id':" id ",'method':'" method "','params':" params "}"
#define PLUG(more) CALL("1", "plug", "{" VIF "," INSTANCE more "}")
#define UNPLUG(members) CALL("1", "unplug", "{" members "}")
#define UPDATE(more) CALL("1", "update", "{'vif_id':'v1'" more "}")
#define REAP(members) CALL("1", "reap", "{" members "}")

/* An id of 126 bytes: 128 with its quotes. */
#define X63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static const struct {
    const char *text;
    int code; /* 0: accepted. */
    const char *field;
    const char *id; /* Of the reply, as JSON text. */
} rows[] = {
    /* Texts that are no request. */
    {"", RPC_PARSE_ERROR, "", "null"},
    {"{", RPC_PARSE_ERROR, "", "null"},
    {"nonsense", RPC_PARSE_ERROR, "", "null"},
    {"{'id':1,'id':1}", RPC_PARSE_ERROR, "", "null"},
    {"[]", RPC_INVALID_REQUEST, "", "null"},
    {"[" PLUG("") "]", RPC_INVALID_REQUEST, "", "null"},
    {"'text'", RPC_INVALID_REQUEST, "", "null"},
    {"17", RPC_INVALID_REQUEST, "", "null"},
    /* Ids. */
    {CALL("1", "list", "{}"), 0, "", "1"},
    {CALL("-1", "list", "{}"), 0, "", "-1"},
    {CALL("0", "list", "{}"), 0, "", "0"},
    {CALL("9223372036854775807", "list", "{}"), 0, "", "9223372036854775807"},
    {CALL("'a/b'", "list", "{}"), 0, "", "\"a/b\""},
    {CALL("''", "list", "{}"), 0, "", "\"\""},
    {CALL("'\\u00e4\\\\'", "list", "{}"), 0, "", "\"\xc3\xa4\\\\\""},
    {CALL("'" X63 X63 "'", "list", "{}"), 0, "", "\"" X63 X63 "\""},
    {CALL("'" X63 X63 "x'", "list", "{}"), RPC_INVALID_REQUEST, "id", "null"},
    {CALL("null", "list", "{}"), RPC_INVALID_REQUEST, "id", "null"},
    {CALL("{}", "list", "{}"), RPC_INVALID_REQUEST, "id", "null"},
    {CALL("[1]", "list", "{}"), RPC_INVALID_REQUEST, "id", "null"},
    {CALL("1.5", "list", "{}"), RPC_INVALID_REQUEST, "id", "null"},
    {CALL("true", "list", "{}"), RPC_INVALID_REQUEST, "id", "null"},
    {"{'jsonrpc':'2.0','method':'list'}", RPC_INVALID_REQUEST, "id", "null"},
    /* The envelope. */
    {"{'jsonrpc':'2.0','id':7,'method':'list'}", 0, "", "7"},
    {"{'jsonrpc':'2.0','id':7,'method':'list','params':null}", 0, "", "7"},
    {"{'id':7,'method':'list'}", RPC_INVALID_REQUEST, "jsonrpc", "7"},
    {"{'jsonrpc':'1.0','id':7,'method':'list'}", RPC_INVALID_REQUEST, "jsonrpc", "7"},
    {"{'jsonrpc':2.0,'id':7,'method':'list'}", RPC_INVALID_REQUEST, "jsonrpc", "7"},
    {"{'jsonrpc':'2.0','id':7}", RPC_INVALID_REQUEST, "method", "7"},
    {"{'jsonrpc':'2.0','id':7,'method':1}", RPC_INVALID_REQUEST, "method", "7"},
    {"{'jsonrpc':'2.0','id':7,'method':'list','x':1}", RPC_INVALID_REQUEST, "x", "7"},
    {CALL("7", "plugg", "{}"), RPC_METHOD_NOT_FOUND, "method", "7"},
    {CALL("7", "PLUG", "{}"), RPC_METHOD_NOT_FOUND, "method", "7"},
    {CALL("7", "list", "[]"), RPC_INVALID_PARAMS, "params", "7"},
    {CALL("7", "list", "'x'"), RPC_INVALID_PARAMS, "params", "7"},
    /* plug. */
    {PLUG(""), 0, "", "1"},
    {PLUG(",'wait':'realized'"), 0, "", "1"},
    {PLUG(",'wait':null,'timeout_ms':null,'dry_run':null"), 0, "", "1"},
    {PLUG(",'wait':'forever'"), RPC_INVALID_PARAMS, "params.wait", "1"},
    {PLUG(",'wait':true"), RPC_INVALID_PARAMS, "params.wait", "1"},
    {PLUG(",'dry_run':'yes'"), RPC_INVALID_PARAMS, "params.dry_run", "1"},
    {PLUG(",'dry_run':1"), RPC_INVALID_PARAMS, "params.dry_run", "1"},
    {PLUG(",'timeout_ms':1"), 0, "", "1"},
    {PLUG(",'timeout_ms':600000"), 0, "", "1"},
    {PLUG(",'timeout_ms':0"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {PLUG(",'timeout_ms':-5"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {PLUG(",'timeout_ms':600001"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {PLUG(",'timeout_ms':1.5"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {PLUG(",'timeout_ms':'5'"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {PLUG(",'timeout':5"), RPC_INVALID_PARAMS, "params.timeout", "1"},
    {PLUG(",'vif_id':'v1'"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "plug", "{" INSTANCE "}"), RPC_INVALID_PARAMS, "params.vif", "1"},
    {CALL("1", "plug", "{'vif':[]," INSTANCE "}"), RPC_INVALID_PARAMS, "params.vif", "1"},
    {CALL("1", "plug", "{" VIF "}"), RPC_INVALID_PARAMS, "params.instance", "1"},
    {CALL("1", "plug", "{" VIF ",'instance':'i1'}"), RPC_INVALID_PARAMS, "params.instance", "1"},
    {CALL("1", "plug", "{" VIF ",'instance':{}}"), RPC_INVALID_PARAMS, "instance.uuid", "1"},
    {"{'jsonrpc':'2.0','id':1,'method':'plug'}", RPC_INVALID_PARAMS, "params.vif", "1"},
    {CALL("1", "plug", "{'vif':{}," INSTANCE "}"), RPC_OPERATION, "vif.vif_id", "1"},
    {CALL("1", "plug", "{'vif':{'details':{}}," INSTANCE "}"), RPC_OPERATION, "vif.id", "1"},
    /* unplug. */
    {UNPLUG("'vif_id':'v1'"), 0, "", "1"},
    {UNPLUG(VIF), 0, "", "1"},
    {UNPLUG("'vif':{'vif_id':'v1','kind':99}"), 0, "", "1"},
    {UNPLUG("'vif_id':'v1'," INSTANCE ",'wait':'committed','timeout_ms':5,'dry_run':true"), 0, "",
     "1"},
    {UNPLUG("'vif_id':'v1'," VIF), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {UNPLUG(""), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {UNPLUG("'vif_id':''"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {UNPLUG("'vif_id':'a b'"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {UNPLUG("'vif_id':'v1','timeout_ms':0"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {UNPLUG("'vif_id':'v1','x':0"), RPC_INVALID_PARAMS, "params.x", "1"},
    {UNPLUG("'vif_id':'v1','instance':{}"), RPC_INVALID_PARAMS, "instance.uuid", "1"},
    {UNPLUG("'vif':'v1'"), RPC_INVALID_PARAMS, "params.vif", "1"},
    /* An unplug goes by the id: whatever else is wrong with the VIF does not matter. */
    {UNPLUG("'vif':{'vif_id':'v1'}"), 0, "", "1"},
    {UNPLUG("'vif':{'vif_id':'v1','kind':'ovs','bridge':'br0'}"), 0, "", "1"},
    {UNPLUG("'vif':{'vif_id':'v1','colour':'blue'}"), 0, "", "1"},
    {UNPLUG("'vif':{'versioned_object.name':'VIFNew','versioned_object.data':{'id':'v1'}}"), 0, "",
     "1"},
    {UNPLUG("'vif':{'versioned_object.name':'VIFBridge','id':'v1'}"), 0, "", "1"},
    {UNPLUG("'vif':{'details':{},'type':'new','id':'v1'}"), 0, "", "1"},
    {UNPLUG("'vif':{'versioned_object.name':'VIFBridge','versioned_object.data':{}}"),
     RPC_OPERATION, "vif.id", "1"},
    {UNPLUG("'vif':{'vnic_type':'normal','id':'../v1'}"), RPC_OPERATION, "vif.id", "1"},
    {UNPLUG("'vif':{'id':'v1'}"), RPC_OPERATION, "vif.vif_id", "1"},
    /* update. */
    {UPDATE(",'mtu':1500"), 0, "", "1"},
    {UPDATE(",'mtu':68"), 0, "", "1"},
    {UPDATE(",'mtu':65535"), 0, "", "1"},
    {UPDATE(",'qos':{}"), 0, "", "1"},
    {UPDATE(",'mtu':0,'qos':{}"), 0, "", "1"},
    {UPDATE(",'mtu':1500,'qos':null"), 0, "", "1"},
    {UPDATE(",'mtu':1500,'wait':'committed','timeout_ms':5,'dry_run':true"), 0, "", "1"},
    {UPDATE(",'mtu':1500," INSTANCE), RPC_INVALID_PARAMS, "params.instance", "1"},
    {UPDATE(""), RPC_INVALID_PARAMS, "params.mtu", "1"},
    {UPDATE(",'mtu':0"), RPC_INVALID_PARAMS, "params.mtu", "1"},
    {UPDATE(",'mtu':null,'qos':null"), RPC_INVALID_PARAMS, "params.mtu", "1"},
    {UPDATE(",'mtu':67"), RPC_INVALID_PARAMS, "params.mtu", "1"},
    {UPDATE(",'mtu':65536"), RPC_INVALID_PARAMS, "params.mtu", "1"},
    {UPDATE(",'mtu':-1500"), RPC_INVALID_PARAMS, "params.mtu", "1"},
    {UPDATE(",'mtu':'1500'"), RPC_INVALID_PARAMS, "params.mtu", "1"},
    {UPDATE(",'mtu':1500.5"), RPC_INVALID_PARAMS, "params.mtu", "1"},
    {UPDATE(",'qos':[]"), RPC_INVALID_PARAMS, "params.qos", "1"},
    {UPDATE(",'qos':{'up':{}}"), RPC_INVALID_PARAMS, "params.qos.up", "1"},
    {UPDATE(",'qos':{'egress':1}"), RPC_INVALID_PARAMS, "params.qos.egress", "1"},
    {UPDATE(",'qos':{'egress':{'rate':1}}"), RPC_INVALID_PARAMS, "params.qos.egress.rate", "1"},
    {UPDATE(",'qos':{'ingress':{'max_kpps':1}}"), RPC_INVALID_PARAMS, "params.qos.ingress.max_kpps",
     "1"},
    {UPDATE(",'qos':{'ingress':{'max_kbps':-1}}"), RPC_INVALID_PARAMS,
     "params.qos.ingress.max_kbps", "1"},
    {UPDATE(",'qos':{'ingress':{'max_kbps':4000000000}}"), 0, "", "1"},
    {UPDATE(",'qos':{'ingress':{'max_kbps':4000000001}}"), RPC_INVALID_PARAMS,
     "params.qos.ingress.max_kbps", "1"},
    {UPDATE(",'qos':{'egress':{'max_burst_kpps':1}}"), RPC_INVALID_PARAMS,
     "params.qos.egress.max_burst_kpps", "1"},
    {UPDATE(",'mtu':1500,'x':1"), RPC_INVALID_PARAMS, "params.x", "1"},
    {UPDATE(",'mtu':1500," VIF), RPC_INVALID_PARAMS, "params.vif", "1"},
    {UPDATE(",'mtu':1500,'wait':'no'"), RPC_INVALID_PARAMS, "params.wait", "1"},
    {UPDATE(",'mtu':1500,'timeout_ms':0"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {CALL("1", "update", "{'mtu':1500}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "update", "{'vif_id':'','mtu':1500}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    /* subscribe. */
    {CALL("1", "subscribe", "{'since_ms':1}"), 0, "", "1"},
    {CALL("1", "subscribe", "{'since_ms':86400000}"), 0, "", "1"},
    {CALL("1", "subscribe", "{'since_ms':0}"), RPC_INVALID_PARAMS, "params.since_ms", "1"},
    {CALL("1", "subscribe", "{'since_ms':86400001}"), RPC_INVALID_PARAMS, "params.since_ms", "1"},
    {CALL("1", "subscribe", "{'since':1}"), RPC_INVALID_PARAMS, "params.since", "1"},

    /* ops. */
    {CALL("1", "ops", "{}"), 0, "", "1"},
    {CALL("1", "ops", "{'limit':1}"), 0, "", "1"},
    {CALL("1", "ops", "{'limit':256}"), 0, "", "1"},
    {CALL("1", "ops", "{'limit':0}"), RPC_INVALID_PARAMS, "params.limit", "1"},
    {CALL("1", "ops", "{'limit':257}"), RPC_INVALID_PARAMS, "params.limit", "1"},
    {CALL("1", "ops", "{'n':1}"), RPC_INVALID_PARAMS, "params.n", "1"},

    /* reap. */
    {REAP(""), 0, "", "1"},
    {REAP("'vif_ids':null"), 0, "", "1"},
    {REAP("'vif_ids':['v1','v2','v1'],'timeout_ms':600000"), 0, "", "1"},
    {REAP("'dry_run':1"), RPC_INVALID_PARAMS, "params.dry_run", "1"},
    {REAP("'wait':'committed'"), RPC_INVALID_PARAMS, "params.wait", "1"},
    {REAP("'vif_ids':[]"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {REAP("'vif_ids':'v1'"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {REAP("'vif_ids':{'v1':1}"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {REAP("'vif_ids':['v1',2]"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {REAP("'vif_ids':['v1',null]"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {REAP("'vif_ids':['v1','']"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {REAP("'vif_ids':['v1','.v2']"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {REAP("'vif_ids':['v1','" X63 "x']"), 0, "", "1"},
    {REAP("'vif_ids':['v1','" X63 "xy']"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {REAP("'timeout_ms':0"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {REAP("'timeout_ms':600001"), RPC_INVALID_PARAMS, "params.timeout_ms", "1"},
    {REAP("'vif_id':'v1'"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    /* get, list, nics, subscribe, status, describe. */
    {CALL("1", "nics", "{}"), 0, "", "1"},
    {CALL("1", "nics", "{'pf':1}"), RPC_INVALID_PARAMS, "params.pf", "1"},
    {CALL("1", "subscribe", "{}"), 0, "", "1"},
    {CALL("1", "subscribe", "{'events':[]}"), RPC_INVALID_PARAMS, "params.events", "1"},
    {CALL("1", "get", "{'vif_id':'v1'}"), 0, "", "1"},
    {CALL("1", "get", "{}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "get", "{'vif_id':'v1','x':1}"), RPC_INVALID_PARAMS, "params.x", "1"},
    {CALL("1", "get", "{'vif_id':7}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "get", "{'vif_id':''}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "get", "{'vif_id':'fa:16:3e:00:00:01'}"), 0, "", "1"},
    {CALL("1", "get", "{'vif_id':'" X63 "x'}"), 0, "", "1"},
    {CALL("1", "get", "{'vif_id':'" X63 "xy'}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "get", "{'port':'vfr1'}"), 0, "", "1"},
    {CALL("1", "get", "{'mac':'fa:16:3e:00:00:01'}"), 0, "", "1"},
    {CALL("1", "get", "{'mac':'01:00:5e:00:00:01'}"), RPC_INVALID_PARAMS, "params.mac", "1"},
    {CALL("1", "get", "{'vf':'0000:65:01.2'}"), 0, "", "1"},
    {CALL("1", "get", "{'vf':'0000:65:20.2'}"), RPC_INVALID_PARAMS, "params.vf", "1"},
    {CALL("1", "get", "{'vif_id':'v1','port':'vfr1'}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "get", "{'bridge':'br0'}"), RPC_INVALID_PARAMS, "params.bridge", "1"},
    {CALL("1", "status", "{}"), 0, "", "1"},
    {CALL("1", "describe", "{}"), 0, "", "1"},
    {CALL("1", "list", "{'vif_id':'v1'}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "list",
          "{'instance':'i','port':'p','bridge':'b','state':'up','kind':'ovs',"
          "'pf':'0000:65:00.0','vf':'0000:65:01.2','mac':'fa:16:3e:00:00:01'}"),
     0, "", "1"},
    {CALL("1", "list", "{'instance':{'uuid':'i'}}"), 0, "", "1"},
    {CALL("1", "list", "{'instance':{'id':'i'}}"), RPC_INVALID_PARAMS, "instance.uuid", "1"},
    {CALL("1", "list", "{'instance':7}"), RPC_INVALID_PARAMS, "params.instance", "1"},
    {CALL("1", "list", "{'state':'planned'}"), 0, "", "1"},
    {CALL("1", "list", "{'state':'UP'}"), RPC_INVALID_PARAMS, "params.state", "1"},
    {CALL("1", "list", "{'kind':'dpdk'}"), RPC_INVALID_PARAMS, "params.kind", "1"},
    {CALL("1", "list", "{'pf':'65:00.0'}"), RPC_INVALID_PARAMS, "params.pf", "1"},
    {CALL("1", "list", "{'port':null,'bridge':''}"), 0, "", "1"},
    {CALL("1", "stats", "{}"), 0, "", "1"},
    {CALL("1", "stats", "{'vif_id':'v1','state':'up'}"), 0, "", "1"},
    {CALL("1", "stats", "{'vif_ids':['v1']}"), RPC_INVALID_PARAMS, "params.vif_ids", "1"},
    {CALL("1", "status", "{'x':1}"), RPC_INVALID_PARAMS, "params.x", "1"},
    {CALL("1", "metrics", "{}"), 0, "", "1"},
    {CALL("1", "metrics", "{'x':1}"), RPC_INVALID_PARAMS, "params.x", "1"},
    {CALL("1", "describe", "{'x':1}"), RPC_INVALID_PARAMS, "params.x", "1"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct request request;
        struct error error;

        CHECK_INT(rows[i].text, parse(rows[i].text, &request, &error), rows[i].code == 0);
        CHECK_INT(rows[i].text, error.rpc_code, rows[i].code);
        CHECK_STR(rows[i].text, error.field, rows[i].field);
        CHECK_STR(rows[i].text, request.id, rows[i].id);
        CHECK(rows[i].text, (error.message[0] != '\0') == (rows[i].code != 0));
        request_destroy(&request);
    }
}

static void test_plug(void **state)
{
    struct request request;
    struct error error;

    (void)state;
    assert_true(parse(PLUG(""), &request, &error));
    assert_int_equal(request.method, METHOD_PLUG);
    assert_string_equal(request.vif_id, "v1");
    assert_string_equal(request.vif.id, "v1");
    assert_int_equal(request.vif.kind, VIF_KIND_OVS);
    assert_string_equal(request.instance, "i1");
    assert_int_equal(request.wait, WAIT_REALIZED);
    assert_int_equal(request.timeout_ms, 0);
    assert_false(request.dry_run);
    assert_false(request_is_read_only(&request));
    assert_true(
        parse(PLUG(",'wait':'committed','timeout_ms':600000,'dry_run':true"), &request, &error));
    assert_int_equal(request.wait, WAIT_COMMITTED);
    assert_int_equal(request.timeout_ms, REQUEST_TIMEOUT_MAX);
    assert_true(request.dry_run);
    assert_true(request_is_read_only(&request));
}

static void test_unplug(void **state)
{
    struct request request;
    struct error error;

    (void)state;
    assert_true(parse(UNPLUG("'vif_id':'v1'"), &request, &error));
    assert_int_equal(request.method, METHOD_UNPLUG);
    assert_string_equal(request.vif_id, "v1");
    assert_string_equal(request.instance, "");
    assert_false(request_is_read_only(&request));
    assert_true(
        parse(UNPLUG(VIF "," INSTANCE ",'wait':'committed','timeout_ms':1"), &request, &error));
    assert_string_equal(request.vif_id, "v1");
    assert_string_equal(request.instance, "i1");
    assert_int_equal(request.wait, WAIT_COMMITTED);
    assert_int_equal(request.timeout_ms, 1);
}

/* Of a VIF that can be read, an unplug has more than the id: what it may have left without a
 * record. Of any other it has that alone. */
static void test_unplug_of_a_whole_vif(void **state)
{
    static const char *const broken[] = {
        "'vif':{'vif_id':'v1','kind':'ovs','bridge':'br0','vif_name':'tap1','mtu':1}",
        "'vif':{'vif_id':'v1','kind':'hybrid','bridge':'br0','qos':1}",
        "'vif':{'vif_id':'v1','kind':'new','bridge':'br0'}",
        "'vif':{'versioned_object.name':'VIFOpenVSwitch','versioned_object.data':{'id':'v1',"
        "'vif_name':'tap1'}}",
        "'vif':{'details':{},'type':'ovs','id':'v1','devname':'tap1'}",
        "'vif_id':'v1'",
    };
    static const struct vif none;
    struct request request;
    struct error error;

    (void)state;
    assert_true(parse(UNPLUG(VIF), &request, &error));
    assert_int_equal(request.vif.kind, VIF_KIND_OVS);
    assert_string_equal(request.vif.vif_name, "tap1");
    assert_string_equal(request.vif.id, "v1");
    for (size_t i = 0; i < N(broken); i++) {
        char text[512];

        snprintf(text, sizeof text, "{'jsonrpc':'2.0','id':1,'method':'unplug','params':{%s}}",
                 broken[i]);
        CHECK(broken[i], parse(text, &request, &error));
        CHECK_STR(broken[i], request.vif_id, "v1");
        CHECK(broken[i], !memcmp(&request.vif, &none, sizeof none));
    }
}

static void test_update(void **state)
{
    static const struct vif_qos qos = {1, 2, 3, 4, 5, 6};
    static const struct vif_qos no_qos;
    struct request request;
    struct error error;

    (void)state;
    assert_true(parse(UPDATE(",'mtu':9000"), &request, &error));
    assert_int_equal(request.method, METHOD_UPDATE);
    assert_string_equal(request.vif_id, "v1");
    assert_string_equal(request.instance, "");
    assert_int_equal(request.vif.form, VIF_FORM_UPDATE);
    assert_int_equal(request.vif.mtu, 9000);
    assert_false(request.vif.has_qos);
    assert_int_equal(request.wait, WAIT_REALIZED);
    assert_false(request_is_read_only(&request));

    assert_true(parse(UPDATE(",'qos':{'egress':{'max_kbps':1,'max_burst_kbps':2,'max_kpps':3,"
                             "'max_burst_kpps':4},'ingress':{'max_kbps':5,'max_burst_kbps':6}},"
                             "'wait':'committed','timeout_ms':7,'dry_run':true"),
                      &request, &error));
    assert_int_equal(request.vif.mtu, 0);
    assert_true(request.vif.has_qos);
    assert_memory_equal(&request.vif.qos, &qos, sizeof qos);
    assert_int_equal(request.wait, WAIT_COMMITTED);
    assert_int_equal(request.timeout_ms, 7);
    assert_true(request.dry_run && request_is_read_only(&request));

    assert_true(parse(UPDATE(",'qos':{'egress':null}"), &request, &error)); /* No limits. */
    assert_true(request.vif.has_qos);
    assert_memory_equal(&request.vif.qos, &no_qos, sizeof no_qos);
}

static void test_reap(void **state)
{
    struct request request;
    struct error error;

    (void)state;
    assert_true(parse(REAP(""), &request, &error));
    assert_null(request.vif_ids);
    assert_int_equal(request.n_vif_ids, 0);
    assert_false(request.dry_run);
    request_destroy(&request);

    assert_true(parse(REAP("'dry_run':true"), &request, &error));
    assert_true(request.dry_run && request_is_read_only(&request));
    request_destroy(&request);

    assert_true(parse(REAP("'vif_ids':['v1','" X63 "x'],'timeout_ms':5"), &request, &error));
    assert_int_equal(request.n_vif_ids, 2);
    assert_string_equal(request.vif_ids[0], "v1");
    assert_string_equal(request.vif_ids[1], X63 "x");
    assert_int_equal(request.timeout_ms, 5);
    request_destroy(&request);
    assert_null(request.vif_ids);
    request_destroy(&request);

    /* What was read before the bad one is freed as well. */
    assert_false(parse(REAP("'vif_ids':['v1',7]"), &request, &error));
    CHECK_HAS("second", error.message, "Element 1 ");
    CHECK_HAS("second", error.message, "; correct ");
    request_destroy(&request);
}

/* What is inside `vif` has the code for that, with unplug as with plug. */
static void test_unplug_vif_code(void **state)
{
    static const char *const texts[] = {UNPLUG("'vif':{}"), UNPLUG("'vif':{'vif_id':'a b'}")};

    (void)state;
    for (size_t i = 0; i < N(texts); i++) {
        struct request request;
        struct error error;

        CHECK(texts[i], !parse(texts[i], &request, &error));
        CHECK_STR(texts[i], error.field, "vif.vif_id");
        CHECK_INT(texts[i], error.rpc_code, RPC_OPERATION);
    }
}

static void test_methods(void **state)
{
    static const struct {
        enum method method;
        const char *name;
        const char *text;
        bool read_only;
    } methods[] = {
        {METHOD_PLUG, "plug", PLUG(""), false},
        {METHOD_UNPLUG, "unplug", UNPLUG("'vif_id':'v1'"), false},
        {METHOD_UPDATE, "update", CALL("1", "update", "{'vif_id':'v1','mtu':1500}"), false},
        {METHOD_NICS, "nics", CALL("1", "nics", "{}"), true},
        {METHOD_OPS, "ops", CALL("1", "ops", "{}"), true},
        {METHOD_REAP, "reap", CALL("1", "reap", "{}"), false},
        {METHOD_SUBSCRIBE, "subscribe", CALL("1", "subscribe", "{}"), true},
        {METHOD_GET, "get", CALL("1", "get", "{'vif_id':'v1'}"), true},
        {METHOD_LIST, "list", CALL("1", "list", "{}"), true},
        {METHOD_STATS, "stats", CALL("1", "stats", "{}"), true},
        {METHOD_STATUS, "status", CALL("1", "status", "{}"), true},
        {METHOD_CHECK, "check", CALL("1", "check", "{}"), true},
        {METHOD_DESCRIBE, "describe", CALL("1", "describe", "{}"), true},
        {METHOD_METRICS, "metrics", CALL("1", "metrics", "{}"), true},
    };

    (void)state;
    assert_int_equal(N(methods), METHOD_N);
    for (size_t i = 0; i < N(methods); i++) {
        struct request request;
        struct error error;

        CHECK(methods[i].name, parse(methods[i].text, &request, &error));
        CHECK_INT(methods[i].name, request.method, methods[i].method);
        CHECK_STR(methods[i].name, method_name(request.method), methods[i].name);
        CHECK_INT(methods[i].name, request_is_read_only(&request), methods[i].read_only);
    }
    assert_null(method_name(METHOD_N));
    assert_null(method_name((enum method) - 1));
}

/* An id that cannot be sent back as it came must not get a reply with another one: a client that
 * waits for its own would wait forever. */
static void test_id_beyond_64_bits(void **state)
{
    static const char *const ids[] = {"18446744073709551616", "99999999999999999999",
                                      "-9223372036854775809"};

    (void)state;
    for (size_t i = 0; i < N(ids); i++) {
        char text[128];
        struct request request;
        struct error error;

        snprintf(text, sizeof text, "{'jsonrpc':'2.0','id':%s,'method':'list'}", ids[i]);
        if (parse(text, &request, &error)) {
            CHECK_STR(ids[i], request.id, ids[i]);
        } else {
            CHECK_STR(ids[i], request.id, "null");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_plug),
        cmocka_unit_test(test_unplug),
        cmocka_unit_test(test_unplug_vif_code),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_id_beyond_64_bits),
        cmocka_unit_test(test_unplug_of_a_whole_vif),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_reap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
