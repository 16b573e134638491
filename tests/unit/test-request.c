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

/* An id of 126 bytes: 128 with its quotes. */
#define X63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static const struct {
    const char *text;
    int code; /* 0: accepted. */
    const char *field;
    const char *id; /* That the answer carries, as JSON text. */
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
    /* get, list, status, describe. */
    {CALL("1", "get", "{'vif_id':'v1'}"), 0, "", "1"},
    {CALL("1", "get", "{}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "get", "{'vif_id':'v1','x':1}"), RPC_INVALID_PARAMS, "params.x", "1"},
    {CALL("1", "get", "{'vif_id':7}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "status", "{}"), 0, "", "1"},
    {CALL("1", "describe", "{}"), 0, "", "1"},
    {CALL("1", "list", "{'vif_id':'v1'}"), RPC_INVALID_PARAMS, "params.vif_id", "1"},
    {CALL("1", "status", "{'x':1}"), RPC_INVALID_PARAMS, "params.x", "1"},
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
        {METHOD_REAP, "reap", CALL("1", "reap", "{}"), false},
        {METHOD_SUBSCRIBE, "subscribe", CALL("1", "subscribe", "{}"), true},
        {METHOD_GET, "get", CALL("1", "get", "{'vif_id':'v1'}"), true},
        {METHOD_LIST, "list", CALL("1", "list", "{}"), true},
        {METHOD_STATUS, "status", CALL("1", "status", "{}"), true},
        {METHOD_DESCRIBE, "describe", CALL("1", "describe", "{}"), true},
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

/* An id that cannot be sent back as it came must not be answered with another one: a client that
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
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_plug),
        cmocka_unit_test(test_unplug),  cmocka_unit_test(test_unplug_vif_code),
        cmocka_unit_test(test_methods), cmocka_unit_test(test_id_beyond_64_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
