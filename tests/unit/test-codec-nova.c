/* SPDX-License-Identifier: Apache-2.0 */
/* Nova's VIF dicts: each must become the same VIF as the os-vif object that Nova makes of it.
 * tests/openstack/test_nova_dicts.py compares with Nova itself. */

#include "vif-json.h"
#include "vif-text.h"

#include "wire/vif-codec.h"

#define A1 "a1_agilio_ovs_virtio_forwarder_client"
#define A2 "a2_agilio_ovs_virtio_forwarder_server"
#define B1 "b1_vhostuser_ovs_plug_virtio_forwarder_server"
#define C1 "c1_ovs_direct_switchdev"
#define D2 "d2_ovs_normal_delegate_create"
#define E1 "e1_ovs_hybrid"

#define ID "dc065497-3c8d-4f44-8fb4-e1d33c16a536"
#define SOCKET "/usr/local/var/run/stdvio10"

static struct json_object *load_nova(const char *name)
{
    char file[128];

    snprintf(file, sizeof file, "%s.nova_vif", name);
    return load_sample(file);
}

/* Decodes `object`, which must be valid, and frees it. */
static void decode(const char *row, struct json_object *object, struct vif *vif)
{
    struct error error = {0};

    (void)vif_decode(object, vif, &error);
    json_object_put(object);
    CHECK_STR(row, error.message, "");
}

/* The dict that Nova got and the object that it made give the same VIF. */
static void test_samples(void **state)
{
    static const char *const samples[] = {A1, A2, C1, D2, E1};

    (void)state;
    for (size_t i = 0; i < N(samples); i++) {
        struct vif from_osvif;
        struct vif from_nova;
        char expected[VIF_TEXT_LEN];
        char text[VIF_TEXT_LEN];

        decode(samples[i], load_sample(samples[i]), &from_osvif);
        decode(samples[i], load_nova(samples[i]), &from_nova);
        vif_text(&from_osvif, expected);
        vif_text(&from_nova, text);
        CHECK_STR(samples[i], text, expected);
        CHECK_INT(samples[i], from_osvif.form, VIF_FORM_OSVIF);
        CHECK_INT(samples[i], from_nova.form, VIF_FORM_NOVA);
        CHECK_STR(samples[i], from_nova.object_name, "");
    }
}

/* Nova made a plain vhost-user object of this dict; the VF that it has makes it the representor
 * that the same port would be with VIF type agilio_ovs. */
static void test_forgotten_vf(void **state)
{
    struct vif from_osvif;
    struct vif from_nova;
    struct vif agilio;
    char expected[VIF_TEXT_LEN];
    char text[VIF_TEXT_LEN];

    (void)state;
    decode(B1, load_sample(B1), &from_osvif);
    assert_int_equal(from_osvif.kind, VIF_KIND_VHOST_USER);
    decode(B1, load_nova(B1), &from_nova);
    assert_int_equal(from_nova.kind, VIF_KIND_REPRESENTOR);
    decode(A2, load_sample(A2), &agilio);
    vif_text(&agilio, expected);
    vif_text(&from_nova, text);
    assert_string_equal(text, expected);
}

/* A dict with `type`, `vnic_type` and more members. */
#define DICT(type, vnic_type, more)                                                                \
    "{'id':'" ID "','address':'fa:16:3e:00:00:01','type':'" type "','vnic_type':'" vnic_type "',"  \
    "'devname':'tap1','network':{'id':'n','bridge':'br-int','meta':{'mtu':1450}}" more "}"
#define SLOT ",'profile':{'pci_slot':'0000:65:01.2'}"
#define VHOST "'vhostuser_socket':'" SOCKET "'"
#define OVS_PLUG VHOST ",'vhostuser_ovs_plug':true"

#define HEAD(kind) "id=" ID " kind=" kind " address=fa:16:3e:00:00:01 bridge=br-int mtu=1450 "
#define TAIL " create_tap=0 multiqueue=0 has_qos=0 qos=0,0,0,0,0,0"
#define REPRESENTOR(mode)                                                                          \
    HEAD("representor")                                                                            \
    "datapath_type= interface_id=" ID " vif_name=tap1 representor_name=tap1 "                      \
    "pci_slot=0000:65:01.2 vhost_path=" SOCKET " vhost_mode=" mode " linux_bridge= "               \
    "create_port=0" TAIL
#define HOST_DEVICE                                                                                \
    HEAD("host-device")                                                                            \
    "datapath_type= interface_id=" ID " vif_name=tap1 representor_name=tap1 "                      \
    "pci_slot=0000:65:01.2 vhost_path= vhost_mode= linux_bridge= create_port=0" TAIL
#define VHOST_USER(mode, datapath)                                                                 \
    HEAD("vhost-user")                                                                             \
    "datapath_type=" datapath " interface_id=" ID " vif_name=vhudc065497-3c representor_name= "    \
    "pci_slot= vhost_path=" SOCKET " vhost_mode=" mode " linux_bridge= create_port=0" TAIL
#define OVS(datapath, create_port)                                                                 \
    HEAD("ovs")                                                                                    \
    "datapath_type=" datapath " interface_id=" ID " vif_name=tap1 representor_name= pci_slot= "    \
    "vhost_path= vhost_mode= linux_bridge= create_port=" create_port TAIL
#define HYBRID(datapath)                                                                           \
    HEAD("hybrid")                                                                                 \
    "datapath_type=" datapath " interface_id=" ID " vif_name=tap1 representor_name= pci_slot= "    \
    "vhost_path= vhost_mode= linux_bridge=qbrdc065497-3c create_port=0" TAIL

static const struct {
    const char *dict;
    const char *expected;
} kinds[] = {
    {DICT("agilio_ovs", "virtio-forwarder", ",'details':{" VHOST "}" SLOT), REPRESENTOR("server")},
    {DICT("agilio_ovs", "virtio-forwarder", ",'details':{" VHOST ",'vhostuser_mode':null}" SLOT),
     REPRESENTOR("server")},
    {DICT("agilio_ovs", "virtio-forwarder",
          ",'details':{" VHOST ",'vhostuser_mode':'client','datapath_type':'netdev',"
          "'ovs_hybrid_plug':true}" SLOT),
     REPRESENTOR("client")},
    {DICT("agilio_ovs", "direct", SLOT), HOST_DEVICE},
    {DICT("agilio_ovs", "vdpa", SLOT), HOST_DEVICE},
    {DICT("agilio_ovs", "normal", ""), OVS("", "0")},
    {DICT("agilio_ovs", "normal", ",'details':{'ovs_hybrid_plug':true}"), HYBRID("")},
    {DICT("ovs", "direct", SLOT), HOST_DEVICE},
    {DICT("ovs", "direct", ",'details':{'datapath_type':'system','ovs_hybrid_plug':true}" SLOT),
     HOST_DEVICE},
    {DICT("ovs", "vdpa", SLOT), HOST_DEVICE},
    {DICT("ovs", "normal", ""), OVS("", "0")},
    {DICT("ovs", "normal", ",'details':null,'profile':null,'delegate_create':null"), OVS("", "0")},
    {DICT("ovs", "normal", ",'delegate_create':true,'details':{'datapath_type':'system'}"),
     OVS("system", "1")},
    {DICT("ovs", "normal", ",'details':{'ovs_hybrid_plug':null,'port_filter':true}"), OVS("", "0")},
    {DICT("ovs", "normal",
          ",'details':{'ovs_hybrid_plug':true,'datapath_type':'system'},"
          "'delegate_create':true"),
     HYBRID("system")},
    /* A VF that the vnic_type does not use. */
    {DICT("ovs", "normal", SLOT), OVS("", "0")},
    {DICT("ovs", "macvtap", SLOT), OVS("", "0")},
    {DICT("ovs", "", SLOT), OVS("", "0")},
    {DICT("vhostuser", "normal", ",'details':{" OVS_PLUG "}" SLOT), VHOST_USER("server", "")},
    {DICT("vhostuser", "normal",
          ",'details':{" OVS_PLUG ",'vhostuser_mode':'client','datapath_type':'netdev'}"),
     VHOST_USER("client", "netdev")},
    {DICT("vhostuser", "normal",
          ",'details':{" OVS_PLUG ",'vhostuser_vrouter_plug':true,"
          "'vhostuser_fp_plug':false}"),
     VHOST_USER("server", "")},
    /* Nova drops the VF, vifplugd keeps it; without a VF both do the same. */
    {DICT("ovs", "virtio-forwarder", ",'details':{" VHOST ",'ovs_hybrid_plug':true}" SLOT),
     REPRESENTOR("server")},
    {DICT("vhostuser", "virtio-forwarder", ",'details':{" VHOST ",'vhostuser_mode':'client'}" SLOT),
     REPRESENTOR("client")},
    {DICT("vhostuser", "virtio-forwarder",
          ",'details':{" OVS_PLUG ",'datapath_type':'netdev'}" SLOT),
     REPRESENTOR("server")},
    {DICT("ovs", "virtio-forwarder", ",'details':{" VHOST "}"), OVS("", "0")},
    {DICT("ovs", "virtio-forwarder", ",'details':{},'profile':{'pci_slot':null}"), OVS("", "0")},
    {DICT("vhostuser", "virtio-forwarder", ",'details':{" OVS_PLUG "}"), VHOST_USER("server", "")},
    /* Nova does not fill in this bridge; the binding has it. */
    {"{'id':'" ID "','address':'fa:16:3e:00:00:01','type':'vhostuser','vnic_type':'virtio-"
     "forwarder','devname':'tap1','network':{'bridge':null,'meta':{'mtu':1450}},"
     "'details':{" VHOST ",'bridge_name':'br-int'}" SLOT "}",
     REPRESENTOR("server")},
    /* Members of future versions. */
    {DICT("ovs", "normal", ",'tomorrow':[1],'details':{'tomorrow':{}},'meta':{'a':1}"),
     OVS("", "0")},
};

static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(kinds); i++) {
        struct vif vif;
        char text[VIF_TEXT_LEN];

        decode(kinds[i].dict, parse_quoted(kinds[i].dict), &vif);
        vif_text(&vif, text);
        CHECK_STR(kinds[i].dict, text, kinds[i].expected);
    }
}

static const struct {
    const char *sample;
    const char *path;
    const char *value;
    enum reason reason; /* NONE: accepted. */
    const char *field;
} edits[] = {
    /* Required members. */
    {A2, "id", NULL, REASON_INVALID_REQUEST, "vif.id"},
    {A2, "id", "null", REASON_INVALID_REQUEST, "vif.id"},
    {A2, "id", "\"a b\"", REASON_INVALID_REQUEST, "vif.id"},
    {A2, "type", NULL, REASON_INVALID_REQUEST, "vif.type"},
    {A2, "type", "null", REASON_INVALID_REQUEST, "vif.type"},
    {A2, "type", "7", REASON_INVALID_REQUEST, "vif.type"},
    {A2, "network", NULL, REASON_INVALID_REQUEST, "vif.network"},
    {A2, "network", "null", REASON_INVALID_REQUEST, "vif.network"},
    {A2, "network", "[]", REASON_INVALID_REQUEST, "vif.network"},
    {A2, "network/bridge", NULL, REASON_INVALID_REQUEST, "vif.network.bridge"},
    {A2, "network/bridge", "null", REASON_INVALID_REQUEST, "vif.network.bridge"},
    {D2, "network/bridge", "null", REASON_INVALID_REQUEST, "vif.network.bridge"},
    {A2, "profile", NULL, REASON_INVALID_REQUEST, "vif.profile.pci_slot"},
    {A2, "profile", "null", REASON_INVALID_REQUEST, "vif.profile.pci_slot"},
    {A2, "profile/pci_slot", NULL, REASON_INVALID_REQUEST, "vif.profile.pci_slot"},
    {A2, "profile/pci_slot", "null", REASON_INVALID_REQUEST, "vif.profile.pci_slot"},
    {C1, "profile/pci_slot", NULL, REASON_INVALID_REQUEST, "vif.profile.pci_slot"},
    {A2, "details", "null", REASON_INVALID_REQUEST, "vif.details.vhostuser_socket"},
    {A2, "details/vhostuser_socket", NULL, REASON_INVALID_REQUEST, "vif.details.vhostuser_socket"},
    {A2, "details/vhostuser_socket", "\"\"", REASON_INVALID_REQUEST,
     "vif.details.vhostuser_socket"},
    {B1, "details/vhostuser_socket", "null", REASON_INVALID_REQUEST,
     "vif.details.vhostuser_socket"},
    /* Optional members. */
    {A2, "address", "null", REASON_NONE, ""},
    {A2, "vnic_type", NULL, REASON_NONE, ""},
    {D2, "vnic_type", "null", REASON_NONE, ""},
    {D2, "details", NULL, REASON_NONE, ""},
    {D2, "profile", NULL, REASON_NONE, ""},
    {A2, "devname", NULL, REASON_NONE, ""},
    {A2, "ovs_interfaceid", "null", REASON_NONE, ""},
    {A2, "network/meta", NULL, REASON_NONE, ""},
    {A2, "network/meta", "null", REASON_NONE, ""},
    {A2, "network/meta/mtu", "null", REASON_NONE, ""},
    {A2, "network/subnets", NULL, REASON_NONE, ""},
    {A2, "details/vhostuser_mode", NULL, REASON_NONE, ""},
    {A2, "active", NULL, REASON_NONE, ""},
    /* Types and values. */
    {A2, "vnic_type", "[]", REASON_INVALID_REQUEST, "vif.vnic_type"},
    {A2, "details", "[]", REASON_INVALID_REQUEST, "vif.details"},
    {A2, "profile", "\"x\"", REASON_INVALID_REQUEST, "vif.profile"},
    {A2, "address", "\"x\"", REASON_INVALID_REQUEST, "vif.address"},
    {A2, "devname", "\"tap0123456789abc\"", REASON_INVALID_REQUEST, "vif.devname"},
    {B1, "devname", "\"a/b\"", REASON_INVALID_REQUEST, "vif.devname"},
    {A2, "ovs_interfaceid", "\"a b\"", REASON_INVALID_REQUEST, "vif.ovs_interfaceid"},
    {A2, "network/bridge", "\"br/int\"", REASON_INVALID_REQUEST, "vif.network.bridge"},
    {A2, "network/meta", "7", REASON_INVALID_REQUEST, "vif.network.meta"},
    {A2, "network/meta/mtu", "67", REASON_INVALID_REQUEST, "vif.network.meta.mtu"},
    {A2, "network/meta/mtu", "\"1500\"", REASON_INVALID_REQUEST, "vif.network.meta.mtu"},
    {A2, "profile/pci_slot", "\"\"", REASON_INVALID_REQUEST, "vif.profile.pci_slot"},
    {A2, "profile/pci_slot", "\"0000:65:20.0\"", REASON_INVALID_REQUEST, "vif.profile.pci_slot"},
    {B1, "profile/pci_slot", "\"\"", REASON_INVALID_REQUEST, "vif.profile.pci_slot"},
    {A2, "details/vhostuser_socket", "\"run/x\"", REASON_INVALID_REQUEST,
     "vif.details.vhostuser_socket"},
    {A2, "details/vhostuser_mode", "\"both\"", REASON_INVALID_REQUEST,
     "vif.details.vhostuser_mode"},
    {A2, "details/vhostuser_mode", "\"\"", REASON_INVALID_REQUEST, "vif.details.vhostuser_mode"},
    {D2, "details/datapath_type", "\"linux\"", REASON_INVALID_REQUEST, "vif.details.datapath_type"},
    {A2, "details/datapath_type", "\"linux\"", REASON_NONE, ""}, /* Nova does not read it. */
    {E1, "details/ovs_hybrid_plug", "\"yes\"", REASON_INVALID_REQUEST,
     "vif.details.ovs_hybrid_plug"},
    {B1, "details/vhostuser_ovs_plug", "1", REASON_INVALID_REQUEST,
     "vif.details.vhostuser_ovs_plug"},
    {D2, "delegate_create", "\"yes\"", REASON_INVALID_REQUEST, "vif.delegate_create"},
    /* The bridge that Nova does not fill in. */
    {B1, "network/bridge", "null", REASON_NONE, ""},
    {B1, "details/bridge_name", "\"a b\"", REASON_NONE,
     ""}, /* Nova has filled in network.bridge. */
    /* VIFs that vifplugd does not plug. */
    {A2, "type", "\"bridge\"", REASON_UNSUPPORTED_VIF, "vif.type"},
    {A2, "type", "\"hw_veb\"", REASON_UNSUPPORTED_VIF, "vif.type"},
    {A2, "type", "\"tap\"", REASON_UNSUPPORTED_VIF, "vif.type"},
    {A2, "type", "\"vrouter\"", REASON_UNSUPPORTED_VIF, "vif.type"},
    {A2, "type", "\"OVS\"", REASON_UNSUPPORTED_VIF, "vif.type"},
    {A2, "type", "\"unbound\"", REASON_UNSUPPORTED_VIF, "vif.type"},
    {A2, "type", "\"binding_failed\"", REASON_UNSUPPORTED_VIF, "vif.type"},
    {C1, "vnic_type", "\"remote-managed\"", REASON_UNSUPPORTED_VIF, "vif.vnic_type"},
    {A2, "vnic_type", "\"remote-managed\"", REASON_UNSUPPORTED_VIF, "vif.vnic_type"},
    {B1, "details/vhostuser_fp_plug", "true", REASON_UNSUPPORTED_VIF,
     "vif.details.vhostuser_fp_plug"},
    {B1, "details",
     "{\"vhostuser_vrouter_plug\":true,\"vhostuser_socket\":\"/a/b\",\"bridge_name\":\"b\"}",
     REASON_UNSUPPORTED_VIF, "vif.details.vhostuser_vrouter_plug"},
    {B1, "profile/pci_slot", NULL, REASON_NONE, ""},
    {B1, "details/vhostuser_ovs_plug", NULL, REASON_NONE, ""},
};

static void test_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(edits); i++) {
        struct json_object *object = load_nova(edits[i].sample);
        struct error error = {0};
        struct vif vif;
        char row[256];

        snprintf(row, sizeof row, "%.2s %s -> %s", edits[i].sample, edits[i].path,
                 edits[i].value ? edits[i].value : "gone");
        edit_json(object, edits[i].path, edits[i].value);
        CHECK_INT(row, vif_decode(object, &vif, &error), edits[i].reason == REASON_NONE);
        json_object_put(object);
        CHECK_STR(row, reason_name(error.reason), reason_name(edits[i].reason));
        CHECK_STR(row, error.field, edits[i].field);
        if (error.reason) {
            CHECK_INT(row, error.rpc_code, RPC_OPERATION);
            CHECK(row, error.message[0] != '\0');
        }
    }
}

/* The binding's bridge replaces network.bridge only if vifplugd keeps the VF. */
static void test_no_bridge(void **state)
{
    struct json_object *object = load_nova(B1);
    struct error error = {0};
    struct vif vif;

    (void)state;
    edit_json(object, "network/bridge", "null");
    edit_json(object, "profile/pci_slot", NULL);
    assert_false(vif_decode(object, &vif, &error));
    json_object_put(object);
    assert_int_equal(error.reason, REASON_INVALID_REQUEST);
    assert_string_equal(error.field, "vif.network.bridge");
}

/* A vhost-user port without a member that says how to plug it. */
static void test_no_plug(void **state)
{
    struct json_object *object = load_nova(B1);
    struct error error = {0};
    struct vif vif;

    (void)state;
    edit_json(object, "details/vhostuser_ovs_plug", "false");
    edit_json(object, "profile/pci_slot", NULL);
    assert_false(vif_decode(object, &vif, &error));
    json_object_put(object);
    assert_int_equal(error.reason, REASON_UNSUPPORTED_VIF);
    assert_string_equal(error.field, "vif.details.vhostuser_ovs_plug");
}

/* The names that Nova makes, of at most 14 bytes, and its other defaults. */
static void test_defaults(void **state)
{
    struct json_object *object = load_nova(A2);
    struct vif vif;

    (void)state;
    edit_json(object, "devname", "null");
    edit_json(object, "ovs_interfaceid", "null");
    edit_json(object, "network/meta", NULL);
    edit_json(object, "details/vhostuser_mode", NULL);
    edit_json(object, "address", NULL);
    decode(A2, object, &vif);
    assert_string_equal(vif.vif_name, "nicdc065497-3c");
    assert_string_equal(vif.representor_name, "nicdc065497-3c");
    assert_string_equal(vif.interface_id, ID);
    assert_int_equal(vif.mtu, 0);
    assert_int_equal(vif.vhost_mode, VHOST_MODE_SERVER);
    assert_string_equal(vif.address, "");

    object = load_nova(D2);
    edit_json(object, "ovs_interfaceid", "\"other\"");
    edit_json(object, "id", "\"p1\"");
    edit_json(object, "devname", NULL);
    edit_json(object, "network/bridge", "\"tbr-12345678-9\"");
    edit_json(object, "details/bridge_name", "\"br-int\"");
    decode(D2, object, &vif);
    assert_string_equal(vif.interface_id, "other");
    assert_string_equal(vif.vif_name, "nicp1");
    assert_string_equal(vif.bridge, "tbr-12345678-9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),   cmocka_unit_test(test_forgotten_vf),
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_edits),
        cmocka_unit_test(test_no_bridge), cmocka_unit_test(test_no_plug),
        cmocka_unit_test(test_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
