/* SPDX-License-Identifier: Apache-2.0 */
/* The native form, and how the form of an object is recognised. */

#include "vif-json.h"

#include "wire/vif-codec.h"
#include "wire/vif-fields.h"

#define VHOST ",'vhost_user':{'path':'/run/s/v1','mode':'client'}"
#define SLOT ",'pci_slot':'0000:65:01.2'"
#define REP "'vif_id':'v1','kind':'representor','bridge':'br0'"
#define VHU "'vif_id':'v1','kind':'vhost-user','bridge':'br0'"
#define OVS "'vif_id':'v1','kind':'ovs','bridge':'br0','vif_name':'tap1'"
#define HYBRID "'vif_id':'v1','kind':'hybrid','bridge':'br0'"

static const struct {
    const char *text;
    enum reason reason; /* NONE: accepted. */
    const char *field;
} rows[] = {
    /* Members that each kind needs. */
    {"{" REP SLOT "}", REASON_NONE, ""},
    {"{" REP SLOT VHOST "}", REASON_NONE, ""},
    {"{" VHU VHOST "}", REASON_NONE, ""},
    {"{'vif_id':'v1','kind':'kernel-representor','bridge':'br0'" SLOT "}", REASON_NONE, ""},
    {"{" OVS "}", REASON_NONE, ""},
    {"{" HYBRID "}", REASON_NONE, ""},
    {"{'vif_id':'v1','kind':'ovs','bridge':'br0'}", REASON_INVALID_REQUEST, "vif.vif_name"},
    {"{'vif_id':'v1','kind':'ovs','bridge':'br0','vif_name':null}", REASON_INVALID_REQUEST,
     "vif.vif_name"},
    {"{" REP "}", REASON_INVALID_REQUEST, "vif.pci_slot"},
    {"{" REP VHOST "}", REASON_INVALID_REQUEST, "vif.pci_slot"},
    {"{'vif_id':'v1','kind':'kernel-representor','bridge':'br0'}", REASON_INVALID_REQUEST,
     "vif.pci_slot"},
    {"{" VHU "}", REASON_INVALID_REQUEST, "vif.vhost_user"},
    {"{'kind':'representor','bridge':'br0'" SLOT "}", REASON_INVALID_REQUEST, "vif.vif_id"},
    {"{'vif_id':'v1','bridge':'br0'" SLOT "}", REASON_INVALID_REQUEST, "vif.kind"},
    {"{'vif_id':'v1','kind':'representor'" SLOT "}", REASON_INVALID_REQUEST, "vif.bridge"},
    {"{}", REASON_INVALID_REQUEST, "vif.vif_id"},
    /* Members that contradict each other. */
    {"{" VHU VHOST SLOT "}", REASON_INVALID_REQUEST, "vif.pci_slot"},
    {"{" OVS SLOT "}", REASON_INVALID_REQUEST, "vif.pci_slot"},
    {"{'vif_id':'v1','kind':'kernel-representor','bridge':'br0'" SLOT VHOST "}",
     REASON_INVALID_REQUEST, "vif.vhost_user"},
    {"{" HYBRID VHOST "}", REASON_INVALID_REQUEST, "vif.vhost_user"},
    {"{" REP SLOT ",'create_port':true}", REASON_INVALID_REQUEST, "vif.create_port"},
    {"{" REP SLOT ",'create_tap':false}", REASON_INVALID_REQUEST, "vif.create_tap"},
    {"{" VHU VHOST ",'multiqueue':true}", REASON_INVALID_REQUEST, "vif.multiqueue"},
    {"{" HYBRID ",'create_port':true}", REASON_INVALID_REQUEST, "vif.create_port"},
    {"{" OVS ",'linux_bridge':'qbr1'}", REASON_INVALID_REQUEST, "vif.linux_bridge"},
    {"{" REP SLOT ",'linux_bridge':'qbr1'}", REASON_INVALID_REQUEST, "vif.linux_bridge"},
    {"{" OVS ",'create_port':false,'create_tap':true}", REASON_INVALID_REQUEST, "vif.create_tap"},
    {"{" OVS ",'multiqueue':true}", REASON_INVALID_REQUEST, "vif.multiqueue"},
    /* Unknown members and values. */
    {"{" REP SLOT ",'colour':'blue'}", REASON_INVALID_REQUEST, "vif.colour"},
    {"{" REP SLOT ",'id':'v1'}", REASON_INVALID_REQUEST, "vif.id"},
    {"{" VHU ",'vhost_user':{'path':'/run/s/v1','mode':'client','queues':2}}",
     REASON_INVALID_REQUEST, "vif.vhost_user.queues"},
    {"{'vif_id':'v1','kind':'tap','bridge':'br0'}", REASON_INVALID_REQUEST, "vif.kind"},
    {"{'vif_id':'v1','kind':'host-device','bridge':'br0'" SLOT "}", REASON_INVALID_REQUEST,
     "vif.kind"},
    {"{'vif_id':'v1','kind':7,'bridge':'br0'}", REASON_INVALID_REQUEST, "vif.kind"},
    {"{'vif_id':'v 1','kind':'representor','bridge':'br0'" SLOT "}", REASON_INVALID_REQUEST,
     "vif.vif_id"},
    {"{'vif_id':'v1','kind':'representor','bridge':'br 0'" SLOT "}", REASON_INVALID_REQUEST,
     "vif.bridge"},
    {"{" REP ",'pci_slot':'0000:65:01.8'}", REASON_INVALID_REQUEST, "vif.pci_slot"},
    {"{" REP SLOT ",'mtu':67}", REASON_INVALID_REQUEST, "vif.mtu"},
    {"{" REP SLOT ",'mtu':65536}", REASON_INVALID_REQUEST, "vif.mtu"},
    {"{" REP SLOT ",'mtu':'1500'}", REASON_INVALID_REQUEST, "vif.mtu"},
    {"{" REP SLOT ",'address':'ff:ff:ff:ff:ff:ff'}", REASON_INVALID_REQUEST, "vif.address"},
    {"{" REP SLOT ",'datapath_type':'kernel'}", REASON_INVALID_REQUEST, "vif.datapath_type"},
    {"{" REP SLOT ",'interface_id':'a b'}", REASON_INVALID_REQUEST, "vif.interface_id"},
    {"{" REP SLOT ",'vif_name':'a/b'}", REASON_INVALID_REQUEST, "vif.vif_name"},
    {"{" VHU ",'vhost_user':'/run/s/v1'}", REASON_INVALID_REQUEST, "vif.vhost_user"},
    {"{" VHU ",'vhost_user':{'mode':'client'}}", REASON_INVALID_REQUEST, "vif.vhost_user.path"},
    {"{" VHU ",'vhost_user':{'path':'/run/s/v1'}}", REASON_INVALID_REQUEST, "vif.vhost_user.mode"},
    {"{" VHU ",'vhost_user':{'path':'run/v1','mode':'client'}}", REASON_INVALID_REQUEST,
     "vif.vhost_user.path"},
    {"{" VHU ",'vhost_user':{'path':'/run/s/v1','mode':'both'}}", REASON_INVALID_REQUEST,
     "vif.vhost_user.mode"},
    /* Optional members: absent, and null. */
    {"{" REP SLOT ",'mtu':null,'address':null,'datapath_type':null,'interface_id':null,"
     "'vif_name':null,'vhost_user':null}",
     REASON_NONE, ""},
    {"{" REP SLOT ",'mtu':0,'address':'','datapath_type':'','interface_id':'','vif_name':''}",
     REASON_NONE, ""},
    {"{" REP SLOT ",'create_port':null,'create_tap':null,'multiqueue':null,'linux_bridge':null,"
     "'qos':null}",
     REASON_NONE, ""},
    {"{" OVS ",'create_port':1}", REASON_INVALID_REQUEST, "vif.create_port"},
    {"{" OVS ",'create_tap':'yes'}", REASON_INVALID_REQUEST, "vif.create_tap"},
    {"{" OVS ",'create_tap':true,'multiqueue':2}", REASON_INVALID_REQUEST, "vif.multiqueue"},
    {"{" HYBRID ",'linux_bridge':'qbr/1'}", REASON_INVALID_REQUEST, "vif.linux_bridge"},
    /* Nova's VIF dicts are recognised by one of two members. */
    {"{'id':'v1','vnic_type':'normal'}", REASON_INVALID_REQUEST, "vif.type"},
    {"{'id':'v1','details':{}}", REASON_INVALID_REQUEST, "vif.type"},
    {"{'id':'v1','vnic_type':null}", REASON_INVALID_REQUEST, "vif.type"},
    {"{" REP SLOT ",'details':null}", REASON_INVALID_REQUEST, "vif.id"},
    /* An os-vif object is recognised by its name, whatever other members it has. */
    {"{'versioned_object.name':'VIFGeneric','vnic_type':'x','versioned_object.data':{}}",
     REASON_UNSUPPORTED_VIF, "vif.versioned_object.name"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct json_object *object = parse_quoted(rows[i].text);
        struct error error = {0};
        struct vif vif;

        CHECK_INT(rows[i].text, vif_decode(object, &vif, &error), rows[i].reason == REASON_NONE);
        json_object_put(object);
        CHECK_STR(rows[i].text, reason_name(error.reason), reason_name(rows[i].reason));
        CHECK_STR(rows[i].text, error.field, rows[i].field);
        if (!rows[i].reason) {
            CHECK_INT(rows[i].text, vif.form, VIF_FORM_NATIVE);
            CHECK_STR(rows[i].text, vif.id, "v1");
            CHECK_STR(rows[i].text, vif.interface_id, "v1");
            CHECK_INT(rows[i].text, vif.mtu, 0);
        }
    }
}

static void test_all_members(void **state)
{
    static const struct pci_addr slot = {0, 0x65, 1, 2};
    struct json_object *object = parse_quoted(
        "{'vif_id':'v1','kind':'representor','address':'FA:16:3E:00:00:01','bridge':'br0',"
        "'mtu':9000,'datapath_type':'netdev','interface_id':'if1','vif_name':'tap1'" SLOT
        ",'vhost_user':{'path':'/run/s/v1','mode':'server'}}");
    struct error error = {0};
    struct vif vif;

    (void)state;
    assert_true(vif_decode(object, &vif, &error));
    json_object_put(object);
    assert_int_equal(vif.form, VIF_FORM_NATIVE);
    assert_string_equal(vif.object_name, "");
    assert_string_equal(vif.id, "v1");
    assert_int_equal(vif.kind, VIF_KIND_REPRESENTOR);
    assert_string_equal(vif.address, "fa:16:3e:00:00:01");
    assert_string_equal(vif.bridge, "br0");
    assert_int_equal(vif.mtu, 9000);
    assert_string_equal(vif.datapath_type, "netdev");
    assert_string_equal(vif.interface_id, "if1");
    assert_string_equal(vif.vif_name, "tap1");
    assert_true(vif.has_pci_slot && pci_addr_equal(&vif.pci_slot, &slot));
    assert_string_equal(vif.vhost_path, "/run/s/v1");
    assert_int_equal(vif.vhost_mode, VHOST_MODE_SERVER);
}

/* Members of a single kind, and their defaults. */
static void test_kind_members(void **state)
{
    static const struct {
        const char *text;
        const char *linux_bridge;
        bool create_port;
        bool create_tap;
        bool multiqueue;
    } kinds[] = {
        {"{" OVS "}", "", true, false, false},
        {"{" OVS ",'create_port':null}", "", true, false, false},
        {"{" OVS ",'create_port':false}", "", false, false, false},
        {"{" OVS ",'create_tap':true}", "", true, true, false},
        {"{" OVS ",'create_tap':true,'multiqueue':true}", "", true, true, true},
        {"{" HYBRID "}", "qbrv1", false, false, false},
        {"{" HYBRID ",'linux_bridge':'brq7'}", "brq7", false, false, false},
        {"{'vif_id':'0123456789ab','kind':'hybrid','bridge':'br0'}", "qbr0123456789a", false, false,
         false},
        {"{" REP SLOT "}", "", false, false, false},
        {"{" VHU VHOST "}", "", false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < N(kinds); i++) {
        struct json_object *object = parse_quoted(kinds[i].text);
        struct error error = {0};
        struct vif vif;

        (void)vif_decode(object, &vif, &error);
        json_object_put(object);
        CHECK_STR(kinds[i].text, error.message, "");
        CHECK_STR(kinds[i].text, vif.linux_bridge, kinds[i].linux_bridge);
        CHECK_INT(kinds[i].text, vif.create_port, kinds[i].create_port);
        CHECK_INT(kinds[i].text, vif.create_tap, kinds[i].create_tap);
        CHECK_INT(kinds[i].text, vif.multiqueue, kinds[i].multiqueue);
        CHECK_INT(kinds[i].text, vif.has_qos, false);
    }
}

static const struct {
    const char *qos;
    const char *field; /* NULL: accepted, with these limits: */
    struct vif_qos limits;
} qos_rows[] = {
    {"{}", NULL, {0}},
    {"{'egress':{},'ingress':{}}", NULL, {0}},
    {"{'egress':null,'ingress':null}", NULL, {0}},
    {"{'egress':{'max_kbps':1000}}", NULL, {.egress_kbps = 1000}},
    {"{'egress':{'max_kbps':1,'max_burst_kbps':2,'max_kpps':3,'max_burst_kpps':4},"
     "'ingress':{'max_kbps':5,'max_burst_kbps':6}}",
     NULL,
     {1, 2, 3, 4, 5, 6}},
    {"{'ingress':{'max_kbps':4000000000,'max_burst_kbps':4000000000}}",
     NULL,
     {.ingress_kbps = VIF_QOS_MAX, .ingress_burst_kb = VIF_QOS_MAX}},
    {"{'egress':{'max_kbps':0,'max_burst_kbps':0,'max_kpps':null,'max_burst_kpps':null}}",
     NULL,
     {0}},
    /* Other numbers, types and members. */
    {"{'ingress':{'max_kbps':4000000001}}", "qos.ingress.max_kbps", {0}},
    {"{'egress':{'max_kbps':-1}}", "qos.egress.max_kbps", {0}},
    {"{'egress':{'max_kbps':1.5}}", "qos.egress.max_kbps", {0}},
    {"{'egress':{'max_kpps':'10'}}", "qos.egress.max_kpps", {0}},
    {"{'egress':{'max_kbps':1,'max_burst_kbps':99999999999999999999}}",
     "qos.egress.max_burst_kbps",
     {0}},
    {"[]", "qos", {0}},
    {"{'egress':1000}", "qos.egress", {0}},
    {"{'ingress':[]}", "qos.ingress", {0}},
    {"{'both':{}}", "qos.both", {0}},
    {"{'egress':{'min_kbps':1}}", "qos.egress.min_kbps", {0}},
    {"{'ingress':{'max_kbps':1,'max_kpps':1}}", "qos.ingress.max_kpps", {0}},
    {"{'ingress':{'max_kbps':1,'max_burst_kpps':1}}", "qos.ingress.max_burst_kpps", {0}},
    /* A burst needs a rate of the same direction and unit. */
    {"{'egress':{'max_burst_kbps':1}}", "qos.egress.max_burst_kbps", {0}},
    {"{'egress':{'max_kbps':0,'max_burst_kbps':1}}", "qos.egress.max_burst_kbps", {0}},
    {"{'egress':{'max_kbps':1,'max_burst_kpps':1}}", "qos.egress.max_burst_kpps", {0}},
    {"{'egress':{'max_kpps':1,'max_burst_kbps':1}}", "qos.egress.max_burst_kbps", {0}},
    {"{'egress':{'max_kbps':1},'ingress':{'max_burst_kbps':1}}", "qos.ingress.max_burst_kbps", {0}},
};

static void test_qos(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(qos_rows); i++) {
        const char *row = qos_rows[i].qos;
        struct json_object *object;
        struct error error = {0};
        struct vif vif;
        char text[512];

        snprintf(text, sizeof text, "{" REP SLOT ",'qos':%s}", row);
        object = parse_quoted(text);
        CHECK_INT(row, vif_decode(object, &vif, &error), !qos_rows[i].field);
        json_object_put(object);
        if (qos_rows[i].field) {
            CHECK_STR(row, reason_name(error.reason), "invalid_request");
            snprintf(text, sizeof text, "vif.%s", qos_rows[i].field);
            CHECK_STR(row, error.field, text);
        } else {
            CHECK(row, vif.has_qos);
            CHECK_INT(row, vif.qos.egress_kbps, qos_rows[i].limits.egress_kbps);
            CHECK_INT(row, vif.qos.egress_burst_kb, qos_rows[i].limits.egress_burst_kb);
            CHECK_INT(row, vif.qos.egress_kpps, qos_rows[i].limits.egress_kpps);
            CHECK_INT(row, vif.qos.egress_burst_kpkt, qos_rows[i].limits.egress_burst_kpkt);
            CHECK_INT(row, vif.qos.ingress_kbps, qos_rows[i].limits.ingress_kbps);
            CHECK_INT(row, vif.qos.ingress_burst_kb, qos_rows[i].limits.ingress_burst_kb);
        }
    }
}

/* An `update` has only the limits, under another path. */
static void test_qos_alone(void **state)
{
    struct json_object *none = parse_quoted("{'vif_id':'v1'}");
    struct json_object *bad = parse_quoted("{'qos':{'egress':{'max_burst_kbps':1}}}");
    struct vif_qos qos = {.egress_kbps = 7};
    struct error error = {0};
    bool given = true;

    (void)state;
    assert_true(field_qos(none, "params", &given, &qos, &error));
    assert_false(given);
    assert_int_equal(qos.egress_kbps, 0);
    assert_false(field_qos(bad, "params", &given, &qos, &error));
    assert_false(given);
    assert_string_equal(error.field, "params.qos.egress.max_burst_kbps");
    json_object_put(none);
    json_object_put(bad);
}

static void test_id_only(void **state)
{
    static const struct {
        const char *text;
        const char *field; /* NULL: the id is v1. */
    } ids[] = {
        {"{'vif_id':'v1'}", NULL},
        {"{'vif_id':'v1','kind':9,'colour':'blue'}", NULL},
        {"{'id':'v1','vnic_type':'normal'}", NULL},
        {"{'id':'v1','details':{}}", NULL},
        {"{'versioned_object.name':'X','versioned_object.data':{'id':'v1'}}", NULL},
        {"{}", "vif.vif_id"},
        {"{'id':'v1'}", "vif.vif_id"},
        {"{'vif_id':'.v1'}", "vif.vif_id"},
        {"{'vif_id':'v1','vnic_type':'normal'}", "vif.id"},
        {"{'versioned_object.name':'X','versioned_object.data':{}}", "vif.id"},
        {"{'versioned_object.name':'X','versioned_object.data':7}", "vif.id"},
    };

    (void)state;
    for (size_t i = 0; i < N(ids); i++) {
        struct json_object *object = parse_quoted(ids[i].text);
        char id[VIF_ID_MAX + 1];
        struct error error = {0};

        CHECK_INT(ids[i].text, vif_decode_id(object, id, &error), !ids[i].field);
        CHECK_STR(ids[i].text, ids[i].field ? error.field : id, ids[i].field ? ids[i].field : "v1");
        json_object_put(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_all_members),
        cmocka_unit_test(test_kind_members), cmocka_unit_test(test_qos),
        cmocka_unit_test(test_qos_alone),    cmocka_unit_test(test_id_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
