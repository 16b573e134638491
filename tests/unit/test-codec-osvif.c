/* SPDX-License-Identifier: Apache-2.0 */
/* os-vif objects: the samples unchanged, and with one wrong member each. */

#include "vif-json.h"

#include "wire/vif-codec.h"

#define ID "dc065497-3c8d-4f44-8fb4-e1d33c16a536"
#define A1 "a1_agilio_ovs_virtio_forwarder_client"
#define A2 "a2_agilio_ovs_virtio_forwarder_server"
#define B1 "b1_vhostuser_ovs_plug_virtio_forwarder_server"
#define C1 "c1_ovs_direct_switchdev"
#define D2 "d2_ovs_normal_delegate_create"
#define E1 "e1_ovs_hybrid"

/* The longest id that is allowed. */
#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *sample;
    const char *object_name;
    enum vif_kind kind;
    const char *datapath_type;
    const char *vif_name;
    const char *representor_name;
    bool slot;
    const char *path;
    enum vhost_mode mode;
    const char *linux_bridge;
    bool create_port;
} samples[] = {
    {A1, "VIFVHostUser", VIF_KIND_REPRESENTOR, "", "tapdc065497-3c", "tapdc065497-3c", true,
     "/usr/local/var/run/stdvio10", VHOST_MODE_CLIENT, "", false},
    {A2, "VIFVHostUser", VIF_KIND_REPRESENTOR, "", "tapdc065497-3c", "tapdc065497-3c", true,
     "/usr/local/var/run/stdvio10", VHOST_MODE_SERVER, "", false},
    {B1, "VIFVHostUser", VIF_KIND_VHOST_USER, "netdev", "vhudc065497-3c", "", false,
     "/usr/local/var/run/stdvio10", VHOST_MODE_SERVER, "", false},
    {C1, "VIFHostDevice", VIF_KIND_HOST_DEVICE, "", "tapdc065497-3c", "tapdc065497-3c", true, "",
     VHOST_MODE_NONE, "", false},
    {D2, "VIFOpenVSwitch", VIF_KIND_OVS, "system", "tapdc065497-3c", "", false, "", VHOST_MODE_NONE,
     "", true},
    {E1, "VIFBridge", VIF_KIND_HYBRID, "system", "tapdc065497-3c", "", false, "", VHOST_MODE_NONE,
     "qbrdc065497-3c", false},
};

static void test_samples(void **state)
{
    static const struct pci_addr slot = {0, 0x65, 1, 2};

    (void)state;
    for (size_t i = 0; i < N(samples); i++) {
        struct json_object *object = load_sample(samples[i].sample);
        const char *row = samples[i].sample;
        struct error error = {0};
        struct vif vif;

        (void)vif_decode(object, &vif, &error);
        json_object_put(object);
        CHECK_STR(row, error.message, "");
        CHECK_INT(row, vif.form, VIF_FORM_OSVIF);
        CHECK_STR(row, vif.object_name, samples[i].object_name);
        CHECK_STR(row, vif.id, ID);
        CHECK_INT(row, vif.kind, samples[i].kind);
        CHECK_STR(row, vif.address, "fa:16:3e:4c:2c:30");
        CHECK_STR(row, vif.bridge, "br-int");
        CHECK_INT(row, vif.mtu, 1450);
        CHECK_STR(row, vif.datapath_type, samples[i].datapath_type);
        CHECK_STR(row, vif.interface_id, ID);
        CHECK_STR(row, vif.vif_name, samples[i].vif_name);
        CHECK_STR(row, vif.representor_name, samples[i].representor_name);
        CHECK_INT(row, vif.has_pci_slot, samples[i].slot);
        CHECK(row, !samples[i].slot || pci_addr_equal(&vif.pci_slot, &slot));
        CHECK_STR(row, vif.vhost_path, samples[i].path);
        CHECK_INT(row, vif.vhost_mode, samples[i].mode);
        CHECK_STR(row, vif.linux_bridge, samples[i].linux_bridge);
        CHECK_INT(row, vif.create_port, samples[i].create_port);
        CHECK(row, !vif.create_tap && !vif.multiqueue && !vif.has_qos);
    }
}

#define PROFILE "@/port_profile/@/"
#define OFFLOAD PROFILE "datapath_offload/"

static const struct {
    const char *sample;
    const char *path;
    const char *value;
    enum reason reason; /* NONE: accepted. */
    const char *field;
} edits[] = {
    /* Required members. */
    {A2, "@", NULL, REASON_INVALID_REQUEST, "vif.versioned_object.data"},
    {A2, "@", "[]", REASON_INVALID_REQUEST, "vif.versioned_object.data"},
    {A2, "@name", "null", REASON_INVALID_REQUEST, "vif.versioned_object.name"},
    {A2, "@name", "7", REASON_INVALID_REQUEST, "vif.versioned_object.name"},
    {A2, "@/id", NULL, REASON_INVALID_REQUEST, "vif.id"},
    {A2, "@/id", "null", REASON_INVALID_REQUEST, "vif.id"},
    {A2, "@/id", "\"\"", REASON_INVALID_REQUEST, "vif.id"},
    {A2, "@/id", "17", REASON_INVALID_REQUEST, "vif.id"},
    {A2, "@/id", "\".x\"", REASON_INVALID_REQUEST, "vif.id"},
    {A2, "@/id", "\"a/b\"", REASON_INVALID_REQUEST, "vif.id"},
    {A2, "@/id", "\"" X64 "\"", REASON_NONE, ""},
    {A2, "@/id", "\"" X64 "0\"", REASON_INVALID_REQUEST, "vif.id"},
    {A2, "@/network", NULL, REASON_INVALID_REQUEST, "vif.network"},
    {A2, "@/network", "\"net\"", REASON_INVALID_REQUEST, "vif.network"},
    {A2, "@/network/@", NULL, REASON_INVALID_REQUEST, "vif.network.versioned_object.data"},
    {A2, "@/network/@/bridge", NULL, REASON_INVALID_REQUEST, "vif.network.bridge"},
    {A2, "@/port_profile", NULL, REASON_INVALID_REQUEST, "vif.port_profile"},
    {A2, "@/port_profile", "null", REASON_INVALID_REQUEST, "vif.port_profile"},
    {A2, "@/path", NULL, REASON_INVALID_REQUEST, "vif.path"},
    {A2, "@/mode", NULL, REASON_INVALID_REQUEST, "vif.mode"},
    {B1, "@/path", NULL, REASON_INVALID_REQUEST, "vif.path"},
    {C1, "@/dev_address", NULL, REASON_INVALID_REQUEST, "vif.dev_address"},
    {D2, "@/vif_name", NULL, REASON_INVALID_REQUEST, "vif.vif_name"},
    {E1, "@/vif_name", NULL, REASON_INVALID_REQUEST, "vif.vif_name"},
    {E1, "@/bridge_name", NULL, REASON_INVALID_REQUEST, "vif.bridge_name"},
    {E1, "@/bridge_name", "null", REASON_INVALID_REQUEST, "vif.bridge_name"},
    /* Optional members. */
    {D2, "@/bridge_name", NULL, REASON_NONE, ""},
    {D2, "@/bridge_name", "\"a b\"", REASON_NONE, ""}, /* vifplugd does not read it. */
    {D2, PROFILE "create_port", NULL, REASON_NONE, ""},
    {D2, "@/port_profile/@version", "\"1.0\"", REASON_NONE, ""},
    {D2, "@/port_profile/@version", "\"1.4\"", REASON_NONE, ""},
    {A2, "@/address", NULL, REASON_NONE, ""},
    {A2, "@/vif_name", NULL, REASON_NONE, ""},
    {A2, "@/plugin", NULL, REASON_NONE, ""},
    {A2, "@/plugin", "\"ovs\"", REASON_NONE, ""},
    {A2, "@/plugin", "\"vifplug\"", REASON_NONE, ""},
    {A2, "@namespace", NULL, REASON_NONE, ""},
    {A2, "@version", NULL, REASON_NONE, ""},
    {A2, "@version", "\"1.99\"", REASON_NONE, ""},
    {A2, PROFILE "interface_id", NULL, REASON_NONE, ""},
    {A2, PROFILE "datapath_offload", NULL, REASON_NONE, ""},
    {A2, PROFILE "datapath_offload", "null", REASON_NONE, ""},
    {A2, PROFILE "representor_address", NULL, REASON_NONE, ""},
    {A2, PROFILE "representor_name", NULL, REASON_NONE, ""},
    {C1, PROFILE "datapath_offload", NULL, REASON_NONE, ""},
    {B1, PROFILE "datapath_type", "\"\"", REASON_NONE, ""},
    /* Members of future versions. */
    {A2, "@/tomorrow", "{\"a\":[1]}", REASON_NONE, ""},
    {A2, "tomorrow", "1", REASON_NONE, ""},
    {A2, "@/network/@/tomorrow", "1", REASON_NONE, ""},
    {A2, PROFILE "tomorrow", "1", REASON_NONE, ""},
    {A2, OFFLOAD "@/tomorrow", "1", REASON_NONE, ""},
    /* Values. */
    {A2, "@/network/@/bridge", "\"br-0123456789abc\"", REASON_INVALID_REQUEST,
     "vif.network.bridge"},
    {A2, "@/network/@/bridge", "\"br-0123456789ab\"", REASON_NONE, ""},
    {A2, "@/network/@/bridge", "\"br/int\"", REASON_INVALID_REQUEST, "vif.network.bridge"},
    {A2, "@/network/@/bridge", "\"..\"", REASON_INVALID_REQUEST, "vif.network.bridge"},
    {A2, "@/network/@/bridge", "1", REASON_INVALID_REQUEST, "vif.network.bridge"},
    {A2, "@/network/@/mtu", "67", REASON_INVALID_REQUEST, "vif.network.mtu"},
    {A2, "@/network/@/mtu", "68", REASON_NONE, ""},
    {A2, "@/network/@/mtu", "65535", REASON_NONE, ""},
    {A2, "@/network/@/mtu", "65536", REASON_INVALID_REQUEST, "vif.network.mtu"},
    {A2, "@/network/@/mtu", "-1", REASON_INVALID_REQUEST, "vif.network.mtu"},
    {A2, "@/network/@/mtu", "\"1500\"", REASON_INVALID_REQUEST, "vif.network.mtu"},
    {A2, "@/network/@/mtu", "1500.5", REASON_INVALID_REQUEST, "vif.network.mtu"},
    {A2, "@/network/@/mtu", "true", REASON_INVALID_REQUEST, "vif.network.mtu"},
    {A2, "@/network/@/mtu", "99999999999999999999", REASON_INVALID_REQUEST, "vif.network.mtu"},
    {A2, "@/address", "\"01:00:5e:00:00:01\"", REASON_INVALID_REQUEST, "vif.address"},
    {A2, "@/address", "\"nonsense\"", REASON_INVALID_REQUEST, "vif.address"},
    {A2, "@/vif_name", "\"tap0123456789abc\"", REASON_INVALID_REQUEST, "vif.vif_name"},
    {A2, "@/mode", "\"both\"", REASON_INVALID_REQUEST, "vif.mode"},
    {A2, "@/mode", "\"\"", REASON_INVALID_REQUEST, "vif.mode"},
    {A2, "@/path", "\"usr/local/var/run/stdvio10\"", REASON_INVALID_REQUEST, "vif.path"},
    {A2, "@/path", "\"/usr/local/../run/stdvio10\"", REASON_INVALID_REQUEST, "vif.path"},
    {A2, "@/path", "\"/" X64 X64 "\"", REASON_INVALID_REQUEST, "vif.path"},
    {A2, "@/path", "\"/run/a b\"", REASON_INVALID_REQUEST, "vif.path"},
    {A2, "@/path", "\"\"", REASON_INVALID_REQUEST, "vif.path"},
    {A2, PROFILE "interface_id", "\"a b\"", REASON_INVALID_REQUEST,
     "vif.port_profile.interface_id"},
    {A2, PROFILE "datapath_type", "\"linux\"", REASON_INVALID_REQUEST,
     "vif.port_profile.datapath_type"},
    {A2, PROFILE "representor_name", "\"a/b\"", REASON_INVALID_REQUEST,
     "vif.port_profile.representor_name"},
    /* The VF. */
    {A2, PROFILE "representor_address", "\"0000:65:20.0\"", REASON_INVALID_REQUEST,
     "vif.port_profile.representor_address"},
    {A2, PROFILE "representor_address", "\"65:01.2\"", REASON_INVALID_REQUEST,
     "vif.port_profile.representor_address"},
    {A2, PROFILE "representor_address", "5", REASON_INVALID_REQUEST,
     "vif.port_profile.representor_address"},
    {A2, PROFILE "representor_address", "\"0000:65:01.3\"", REASON_INVALID_REQUEST,
     "vif.port_profile.representor_address"},
    {A2, OFFLOAD "@/representor_address", "\"0000:65:01.3\"", REASON_INVALID_REQUEST,
     "vif.port_profile.representor_address"},
    {A2, OFFLOAD "@/representor_address", "\"x\"", REASON_INVALID_REQUEST,
     "vif.port_profile.datapath_offload.representor_address"},
    {A2, OFFLOAD "@/representor_address", NULL, REASON_NONE, ""},
    {A2, OFFLOAD "@namespace", "\"acme\"", REASON_UNSUPPORTED_VIF,
     "vif.port_profile.datapath_offload.versioned_object.namespace"},
    {C1, "@/dev_address", "\"0000:65:01.3\"", REASON_INVALID_REQUEST, "vif.dev_address"},
    {C1, "@/dev_address", "\"eth0\"", REASON_INVALID_REQUEST, "vif.dev_address"},
    {E1, "@/bridge_name", "\"qbr/1\"", REASON_INVALID_REQUEST, "vif.bridge_name"},
    {E1, "@/bridge_name", "\"qbr0123456789abc\"", REASON_INVALID_REQUEST, "vif.bridge_name"},
    /* What the plug creates. */
    {D2, PROFILE "create_port", "\"yes\"", REASON_INVALID_REQUEST, "vif.port_profile.create_port"},
    {D2, PROFILE "create_tap", "1", REASON_INVALID_REQUEST, "vif.port_profile.create_tap"},
    {D2, PROFILE "multiqueue", "{}", REASON_INVALID_REQUEST, "vif.port_profile.multiqueue"},
    {D2, PROFILE "create_tap", "true", REASON_NONE, ""},
    {D2, PROFILE "multiqueue", "true", REASON_NONE, ""},
    {E1, PROFILE "create_tap", "true", REASON_INVALID_REQUEST, "vif.port_profile.create_tap"},
    {B1, PROFILE "create_tap", "true", REASON_INVALID_REQUEST, "vif.port_profile.create_tap"},
    {A2, PROFILE "create_tap", "true", REASON_INVALID_REQUEST, "vif.port_profile.create_tap"},
    {C1, PROFILE "create_tap", "true", REASON_INVALID_REQUEST, "vif.port_profile.create_tap"},
    {E1, PROFILE "create_tap", "false", REASON_NONE, ""},
    {E1, PROFILE "create_port", "true", REASON_NONE, ""},
    {A2, PROFILE "multiqueue", "true", REASON_NONE, ""},
    /* VIFs that vifplugd does not plug. */
    {A2, "@name", "\"VIFGeneric\"", REASON_UNSUPPORTED_VIF, "vif.versioned_object.name"},
    {A2, "@name", "\"vifvhostuser\"", REASON_UNSUPPORTED_VIF, "vif.versioned_object.name"},
    {A2, "@namespace", "\"acme\"", REASON_UNSUPPORTED_VIF, "vif.versioned_object.namespace"},
    {A2, "@version", "\"2.0\"", REASON_UNSUPPORTED_VIF, "vif.versioned_object.version"},
    {A2, "@version", "\"10.0\"", REASON_UNSUPPORTED_VIF, "vif.versioned_object.version"},
    {A2, "@/plugin", "\"linux_bridge\"", REASON_UNSUPPORTED_VIF, "vif.plugin"},
    {A2, "@/network/@version", "\"2.0\"", REASON_UNSUPPORTED_VIF,
     "vif.network.versioned_object.version"},
    {A2, "@/port_profile/@name", "\"VIFPortProfileFPOpenVSwitch\"", REASON_UNSUPPORTED_VIF,
     "vif.port_profile.versioned_object.name"},
    {A2, "@/port_profile/@version", "\"2.0\"", REASON_UNSUPPORTED_VIF,
     "vif.port_profile.versioned_object.version"},
};

static void test_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(edits); i++) {
        struct json_object *object = load_sample(edits[i].sample);
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

/* An MTU of 0, like null, means none; the interface_id defaults to the id; one of the two
 * representor addresses is required. */
static void test_defaults(void **state)
{
    struct json_object *object = load_sample(A2);
    struct error error = {0};
    struct vif vif;

    (void)state;
    edit_json(object, "@/network/@/mtu", "0");
    edit_json(object, "@/address", "\"FA:16:3E:4C:2C:30\"");
    edit_json(object, "@/port_profile/@/interface_id", NULL);
    edit_json(object, "@/port_profile/@/representor_address", NULL);
    assert_true(vif_decode(object, &vif, &error));
    assert_int_equal(vif.mtu, 0);
    assert_string_equal(vif.address, "fa:16:3e:4c:2c:30");
    assert_string_equal(vif.interface_id, ID);
    assert_true(vif.has_pci_slot);
    assert_int_equal(vif.pci_slot.function, 2);
    edit_json(object, "@/network/@/mtu", "null");
    assert_true(vif_decode(object, &vif, &error));
    assert_int_equal(vif.mtu, 0);
    edit_json(object, "@/port_profile/@/datapath_offload", NULL);
    assert_false(vif_decode(object, &vif, &error));
    assert_int_equal(error.reason, REASON_INVALID_REQUEST);
    assert_string_equal(error.field, "vif.port_profile.representor_address");
    json_object_put(object);
}

/* datapath_offload names the VF with either port profile. The members of
 * VIFPortProfileOVSRepresentor count only there. */
static void test_offload(void **state)
{
    static const char ovs[] = "\"VIFPortProfileOpenVSwitch\"";
    static const char representor[] = "\"VIFPortProfileOVSRepresentor\"";
    static const struct {
        const char *sample;
        const char *profile;
        const char *path; /* NULL: nothing is edited. */
        const char *value;
        const char *field; /* NULL: accepted. */
        enum vif_kind kind;
        const char *representor_name;
    } rows[] = {
        {A2, representor, NULL, NULL, NULL, VIF_KIND_REPRESENTOR, "tapdc065497-3c"},
        {A2, ovs, NULL, NULL, NULL, VIF_KIND_REPRESENTOR, "tapdc065497-3c"},
        {A2, ovs, PROFILE "representor_address", "5", NULL, VIF_KIND_REPRESENTOR, "tapdc065497-3c"},
        {A2, ovs, PROFILE "representor_name", "\"other\"", NULL, VIF_KIND_REPRESENTOR,
         "tapdc065497-3c"},
        {A2, representor, PROFILE "representor_name", "null", NULL, VIF_KIND_REPRESENTOR,
         "tapdc065497-3c"},
        {A2, representor, OFFLOAD "@/representor_name", "\"other\"", NULL, VIF_KIND_REPRESENTOR,
         "tapdc065497-3c"},
        {A2, ovs, OFFLOAD "@/representor_name", NULL, NULL, VIF_KIND_REPRESENTOR, ""},
        {A2, ovs, OFFLOAD "@/representor_name", "\"a/b\"",
         "vif.port_profile.datapath_offload.representor_name", VIF_KIND_REPRESENTOR, ""},
        {A2, ovs, OFFLOAD "@/representor_address", NULL, "vif.port_profile.representor_address",
         VIF_KIND_REPRESENTOR, ""},
        {A2, ovs, PROFILE "datapath_offload", NULL, NULL, VIF_KIND_VHOST_USER, ""},
        {A2, ovs, PROFILE "datapath_offload", "null", NULL, VIF_KIND_VHOST_USER, ""},
        {C1, ovs, NULL, NULL, NULL, VIF_KIND_HOST_DEVICE, "tapdc065497-3c"},
        {C1, ovs, OFFLOAD "@/representor_address", "\"0000:65:01.3\"", "vif.dev_address",
         VIF_KIND_HOST_DEVICE, ""},
        {C1, ovs, OFFLOAD "@/representor_address", NULL, NULL, VIF_KIND_HOST_DEVICE,
         "tapdc065497-3c"},
        {D2, ovs, PROFILE "datapath_offload", "5", NULL, VIF_KIND_OVS, ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct json_object *object = load_sample(rows[i].sample);
        struct error error = {0};
        struct vif vif;
        char row[32];

        snprintf(row, sizeof row, "%zu", i);
        edit_json(object, "@/port_profile/@name", rows[i].profile);
        if (rows[i].path) {
            edit_json(object, rows[i].path, rows[i].value);
        }
        (void)vif_decode(object, &vif, &error);
        json_object_put(object);
        CHECK_STR(row, error.field, rows[i].field ? rows[i].field : "");
        if (!rows[i].field) {
            CHECK_INT(row, vif.kind, rows[i].kind);
            CHECK_STR(row, vif.representor_name, rows[i].representor_name);
        }
    }
}

/* Only VIFOpenVSwitch says whether port and tap are created; in other objects these members have no
 * effect. */
static void test_creation(void **state)
{
    static const struct {
        const char *sample;
        const char *create_port; /* NULL: not given. */
        const char *create_tap;
        const char *multiqueue;
        bool expected[3];
    } rows[] = {
        {D2, NULL, NULL, NULL, {false, false, false}},
        {D2, "null", "null", "null", {false, false, false}},
        {D2, "false", "false", "false", {false, false, false}},
        {D2, "true", NULL, NULL, {true, false, false}},
        {D2, NULL, "true", NULL, {false, true, false}},
        {D2, NULL, NULL, "true", {false, false, true}},
        {D2, "true", "true", "true", {true, true, true}},
        {E1, "true", "false", "true", {false, false, false}},
        {C1, "true", NULL, "true", {false, false, false}},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct json_object *object = load_sample(rows[i].sample);
        struct error error = {0};
        struct vif vif;
        char row[32];

        snprintf(row, sizeof row, "%zu", i);
        edit_json(object, PROFILE "create_port", "null");
        edit_json(object, PROFILE "create_port", rows[i].create_port);
        if (rows[i].create_tap) {
            edit_json(object, PROFILE "create_tap", rows[i].create_tap);
        }
        if (rows[i].multiqueue) {
            edit_json(object, PROFILE "multiqueue", rows[i].multiqueue);
        }
        (void)vif_decode(object, &vif, &error);
        json_object_put(object);
        CHECK_STR(row, error.message, "");
        CHECK_INT(row, vif.create_port, rows[i].expected[0]);
        CHECK_INT(row, vif.create_tap, rows[i].expected[1]);
        CHECK_INT(row, vif.multiqueue, rows[i].expected[2]);
    }
}

/* An unplug needs only the id, whatever else is wrong. */
static void test_id_only(void **state)
{
    struct json_object *object = load_sample(A2);
    char id[VIF_ID_MAX + 1];
    struct error error = {0};

    (void)state;
    edit_json(object, "@/network", NULL);
    edit_json(object, "@/port_profile", "7");
    edit_json(object, "@version", "\"2.0\"");
    edit_json(object, "@name", "\"VIFGeneric\"");
    assert_true(vif_decode_id(object, id, &error));
    assert_string_equal(id, ID);
    edit_json(object, "@/id", "\"a b\"");
    assert_false(vif_decode_id(object, id, &error));
    assert_string_equal(error.field, "vif.id");
    json_object_put(object);
}

static void test_instance(void **state)
{
    static const struct {
        const char *text; /* NULL: the sample. */
        const char *uuid; /* NULL: refused. */
    } instances[] = {
        {NULL, "aaaabbbb-1111-4222-8333-444455556666"},
        {"{\"uuid\":\"i1\"}", "i1"},
        {"{\"uuid\":\"aaaabbbb-1111-4222-8333-444455556666\"}",
         "aaaabbbb-1111-4222-8333-444455556666"},
        {"{}", NULL},
        {"{\"uuid\":null}", NULL},
        {"{\"uuid\":\"\"}", NULL},
        {"{\"uuid\":\"a b\"}", NULL},
        {"{\"uuid\":5}", NULL},
        {"{\"versioned_object.data\":{\"name\":\"x\"}}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < N(instances); i++) {
        struct json_object *object = instances[i].text ? json_tokener_parse(instances[i].text)
                                                       : load_sample("instance_info");
        const char *row = instances[i].text ? instances[i].text : "sample";
        char uuid[VIF_ID_MAX + 1];
        struct error error = {0};

        CHECK_INT(row, instance_decode(object, uuid, &error), instances[i].uuid != NULL);
        CHECK_STR(row, instances[i].uuid ? uuid : error.field,
                  instances[i].uuid ? instances[i].uuid : "instance.uuid");
        json_object_put(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),  cmocka_unit_test(test_edits),
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_id_only),
        cmocka_unit_test(test_offload),  cmocka_unit_test(test_creation),
        cmocka_unit_test(test_instance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
