/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/vif.h"

#define X15 "abcdefghijklmno"
#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define P100 "/" X64 "/" X15 X15 "abcd"

struct text_row {
    const char *text;
    bool ok;
};

static void check_texts(const struct text_row *rows, size_t n, bool (*valid)(const char *))
{
    CHECK("NULL", !valid(NULL));
    CHECK("empty", !valid(""));
    for (size_t i = 0; i < n; i++) {
        CHECK_INT(rows[i].text, valid(rows[i].text), rows[i].ok);
    }
}

static void test_ids(void **state)
{
    static const struct text_row rows[] = {
        {"dc065497-3c8d-4f44-8fb4-e1d33c16a536", true},
        {"a", true},
        {"A_b-c.d", true},
        {"-", true},
        {"_", true},
        {"0", true},
        {X64, true},
        {X64 "0", false},
        {".a", false},
        {".", false},
        {"..", false},
        {"a.", true},
        {"a/b", false},
        {"a b", false},
        {" a", false},
        {"a\n", false},
        {"a:b", false},
        {"a,b", false},
        {"\xc3\xa4", false},
    };

    (void)state;
    check_texts(rows, N(rows), vif_id_valid);
}

static void test_ifnames(void **state)
{
    static const struct text_row rows[] = {
        {"br-int", true},    {"tapdc065497-3c", true},
        {X15, true},         {X15 "p", false},
        {"a", true},         {"...", true},
        {".", false},        {"..", false},
        {"a/b", false},      {"eth0:1", false},
        {"a b", false},      {"a\tb", false},
        {"a\n", false},      {"a\x7f", false},
        {"\xc3\xa4", false}, {"br@x", true},
        {"tap%d", false},    {"a%", false},
        {"all", false},      {"default", false},
        {"all0", true},      {"defaul", true},
    };

    (void)state;
    check_texts(rows, N(rows), vif_ifname_valid);
}

static void test_paths(void **state)
{
    static const struct text_row rows[] = {
        {"/usr/local/var/run/stdvio10", true},
        {"/a", true},
        {"/a/...", true},
        {"/a/.b", true},
        {"/a/b.", true},
        {"/a/..b", true},
        {P100 "1234567", true},
        {P100 "12345678", false},
        {"/", false},
        {"a", false},
        {"a/b", false},
        {"./a", false},
        {"/a/", false},
        {"//a", false},
        {"/a//b", false},
        {"/.", false},
        {"/..", false},
        {"/a/.", false},
        {"/a/..", false},
        {"/a/./b", false},
        {"/a/../b", false},
        {"/../a", false},
        {"/a b", false},
        {"/a\n", false},
        {"/a\x01", false},
        {"/a\x7f", false},
        {"/\xc3\xa4", false},
    };

    (void)state;
    assert_int_equal(strlen(P100), 100);
    check_texts(rows, N(rows), vif_path_valid);
}

static void test_macs(void **state)
{
    static const struct {
        const char *text;
        const char *mac; /* NULL: refused. */
    } rows[] = {
        {"fa:16:3e:4c:2c:30", "fa:16:3e:4c:2c:30"},
        {"FA:16:3E:4C:2C:3A", "fa:16:3e:4c:2c:3a"},
        {"00:00:00:00:00:01", "00:00:00:00:00:01"},
        {"02:00:00:00:00:00", "02:00:00:00:00:00"},
        {"00:00:00:00:00:00", NULL},
        {"ff:ff:ff:ff:ff:ff", NULL},
        {"01:00:5e:00:00:01", NULL},
        {"fb:16:3e:4c:2c:30", NULL},
        {"fa:16:3e:4c:2c", NULL},
        {"fa:16:3e:4c:2c:3", NULL},
        {"fa:16:3e:4c:2c:300", NULL},
        {"fa:16:3e:4c:2c:30:00", NULL},
        {"fa:16:3e:4c:2c:3g", NULL},
        {"fa-16-3e-4c-2c-30", NULL},
        {"fa:16-3e-4c-2c-30", NULL},
        {"fa163e4c2c30", NULL},
        {"fa16.3e4c.2c30", NULL},
        {"fa16:3e4c:2c30", NULL},
        {"fa:16:3e:4c:2c:30 ", NULL},
        {" fa:16:3e:4c:2c:3", NULL},
        {"", NULL},
        /* As long as a MAC, but not in pairs. */
        {"fa:1:03e:4c:2c:30", NULL},
        {"fa: 1:3e:4c:2c:30", NULL},
        {"fa:+1:3e:4c:2c:30", NULL},
        {"fa:-1:3e:4c:2c:30", NULL},
        {"fa:0x:3e:4c:2c:30", NULL},
        {"fa:16:3e:4c:2c: 3", NULL},
        {"fa:16:3e:4c:0002c", NULL},
        {"02:00000000000000", NULL},
    };
    char mac[VIF_MAC_LEN];

    (void)state;
    assert_false(vif_mac_parse(NULL, mac));
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_INT(rows[i].text, vif_mac_parse(rows[i].text, mac), rows[i].mac != NULL);
        if (rows[i].mac) {
            CHECK_STR(rows[i].text, mac, rows[i].mac);
        }
    }
}

static void test_names(void **state)
{
    static const struct {
        enum vif_kind kind;
        const char *name;
    } kinds[] = {
        {VIF_KIND_REPRESENTOR, "representor"},
        {VIF_KIND_VHOST_USER, "vhost-user"},
        {VIF_KIND_KERNEL_REPRESENTOR, "kernel-representor"},
        {VIF_KIND_OVS, "ovs"},
        {VIF_KIND_HYBRID, "hybrid"},
    };

    (void)state;
    for (size_t i = 0; i < N(kinds); i++) {
        CHECK_STR(kinds[i].name, vif_kind_name(kinds[i].kind), kinds[i].name);
        CHECK_INT(kinds[i].name, vif_kind_from_name(kinds[i].name), kinds[i].kind);
    }
    assert_null(vif_kind_name(VIF_KIND_NONE));
    assert_null(vif_kind_name(VIF_KIND_HOST_DEVICE));
    assert_null(vif_kind_name((enum vif_kind)99));
    assert_int_equal(vif_kind_from_name("host-device"), VIF_KIND_NONE);
    assert_int_equal(vif_kind_from_name(""), VIF_KIND_NONE);
    assert_int_equal(vif_kind_from_name(NULL), VIF_KIND_NONE);

    assert_string_equal(vhost_mode_name(VHOST_MODE_SERVER), "server");
    assert_string_equal(vhost_mode_name(VHOST_MODE_CLIENT), "client");
    assert_null(vhost_mode_name(VHOST_MODE_NONE));
    assert_int_equal(vhost_mode_from_name("server"), VHOST_MODE_SERVER);
    assert_int_equal(vhost_mode_from_name("client"), VHOST_MODE_CLIENT);
    assert_int_equal(vhost_mode_from_name("Server"), VHOST_MODE_NONE);
    assert_int_equal(vhost_mode_from_name(""), VHOST_MODE_NONE);
    assert_int_equal(vhost_mode_from_name(NULL), VHOST_MODE_NONE);
}

static void test_field_paths(void **state)
{
    static const struct {
        enum vif_field field;
        const char *native;
        const char *osvif;
        const char *host_device;
        const char *nova;
    } rows[] = {
        {VIF_FIELD_ID, "vif.vif_id", "vif.id", "vif.id", "vif.id"},
        {VIF_FIELD_INTERFACE_ID, "vif.interface_id", "vif.port_profile.interface_id",
         "vif.port_profile.interface_id", "vif.ovs_interfaceid"},
        {VIF_FIELD_KIND, "vif.kind", "vif.versioned_object.name", "vif.versioned_object.name",
         "vif.type"},
        {VIF_FIELD_BRIDGE, "vif.bridge", "vif.network.bridge", "vif.network.bridge",
         "vif.network.bridge"},
        {VIF_FIELD_MTU, "vif.mtu", "vif.network.mtu", "vif.network.mtu", "vif.network.meta.mtu"},
        {VIF_FIELD_DATAPATH_TYPE, "vif.datapath_type", "vif.port_profile.datapath_type",
         "vif.port_profile.datapath_type", "vif.details.datapath_type"},
        {VIF_FIELD_PCI_SLOT, "vif.pci_slot", "vif.port_profile.representor_address",
         "vif.dev_address", "vif.profile.pci_slot"},
        {VIF_FIELD_VHOST_PATH, "vif.vhost_user.path", "vif.path", "vif.path",
         "vif.details.vhostuser_socket"},
        {VIF_FIELD_VHOST_MODE, "vif.vhost_user.mode", "vif.mode", "vif.mode",
         "vif.details.vhostuser_mode"},
        {VIF_FIELD_VIF_NAME, "vif.vif_name", "vif.vif_name", "vif.vif_name", "vif.devname"},
        {VIF_FIELD_LINUX_BRIDGE, "vif.linux_bridge", "vif.bridge_name", "vif.bridge_name",
         "vif.id"},
        {VIF_FIELD_QOS, "vif.qos", "vif", "vif", "vif"},
    };
    const struct vif native = {.form = VIF_FORM_NATIVE};
    const struct vif osvif = {.form = VIF_FORM_OSVIF, .object_name = "VIFVHostUser"};
    const struct vif host_device = {.form = VIF_FORM_OSVIF, .object_name = "VIFHostDevice"};
    const struct vif nova = {.form = VIF_FORM_NOVA, .kind = VIF_KIND_REPRESENTOR};
    const struct vif nova_vhost = {.form = VIF_FORM_NOVA, .kind = VIF_KIND_VHOST_USER};

    (void)state;
    assert_int_equal(N(rows), VIF_FIELD_N);
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_STR(rows[i].native, vif_field_path(&native, rows[i].field), rows[i].native);
        CHECK_STR(rows[i].native, vif_field_path(&osvif, rows[i].field), rows[i].osvif);
        CHECK_STR(rows[i].native, vif_field_path(&host_device, rows[i].field), rows[i].host_device);
        CHECK_STR(rows[i].native, vif_field_path(&nova, rows[i].field), rows[i].nova);
    }
    /* Nova makes that name of the id. */
    assert_string_equal(vif_field_path(&nova_vhost, VIF_FIELD_VIF_NAME), "vif.id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),   cmocka_unit_test(test_ifnames),
        cmocka_unit_test(test_paths), cmocka_unit_test(test_macs),
        cmocka_unit_test(test_names), cmocka_unit_test(test_field_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
