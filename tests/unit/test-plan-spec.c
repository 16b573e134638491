/* SPDX-License-Identifier: Apache-2.0 */
/* From a VIF and facts to the port that it must become. */

#include "plan/plan.h"

#include "base/keys.h"
#include "check.h"

#include <stdio.h>

#define DEVARGS "0000:65:00.0,representor=[10]"

static const char dirs[][VIF_PATH_MAX + 1] = {"/run/s", "/usr/local/var/run"};

/* The start of each row: a VIF, a card and a netdev bridge that fit together. */
struct fixture {
    struct vif vif;
    struct nic_profile profile;
    struct nic_vf nic;
    struct error nic_error;
    struct error kernel_error;
    struct spec_facts facts;
};

static void init(struct fixture *f, enum vif_kind kind)
{
    memset(f, 0, sizeof *f);
    f->vif.kind = kind;
    f->facts.default_qos_type = "linux-noop";
    strcpy(f->vif.id, "dc065497-3c8d-4f44");
    strcpy(f->vif.interface_id, "if1");
    strcpy(f->vif.address, "fa:16:3e:00:00:01");
    strcpy(f->vif.bridge, "br0");
    if (kind == VIF_KIND_VHOST_USER) {
        strcpy(f->vif.vhost_path, "/run/s/v1");
        f->vif.vhost_mode = VHOST_MODE_SERVER;
    } else {
        f->vif.has_pci_slot = true;
        f->facts.nic_vf = &f->nic;
    }
    nic_profile_init(&f->profile, "napatech");
    f->nic.profile = &f->profile;
    f->nic.pf = (struct pci_addr){0, 0x65, 0, 0};
    f->nic.vf = (struct pci_addr){0, 0x65, 1, 2};
    f->nic.vf_num = 10;
    strcpy(f->nic.devargs, DEVARGS);
    strcpy(f->nic.vhost_socket, "/usr/local/var/run/stdvio10");
    f->nic.vhost_mode = VHOST_MODE_SERVER;
    f->facts.bridge.exists = true;
    strcpy(f->facts.bridge.datapath_type, "netdev");
    f->facts.create_bridges = true;
    f->facts.boot_id = "boot1";
    f->facts.instance = "i1";
    f->facts.default_mtu = 1500;
    f->facts.vhost_sock_dir = "/run/ovs";
    f->facts.socket_dirs = dirs;
    f->facts.n_socket_dirs = N(dirs);
    f->facts.check_paths = true;
    f->facts.path_dir_exists = true;
    f->facts.nic_error = &f->nic_error;
    error_set(&f->kernel_error, REASON_DEVICE_NOT_FOUND, "vif.pci_slot", "No such netdev.");
    f->facts.kernel_error = &f->kernel_error;
}

static void path(struct fixture *f, const char *vhost_path, enum vhost_mode mode)
{
    strcpy(f->vif.vhost_path, vhost_path);
    f->vif.vhost_mode = mode;
}

/* Each changes one thing. */
static void nothing(struct fixture *f)
{
    (void)f;
}
static void bridge_system(struct fixture *f)
{
    strcpy(f->facts.bridge.datapath_type, "system");
}
static void asks_netdev(struct fixture *f)
{
    strcpy(f->vif.datapath_type, "netdev");
}
static void asks_system(struct fixture *f)
{
    strcpy(f->vif.datapath_type, "system");
}
static void asks_netdev_of_system(struct fixture *f)
{
    asks_netdev(f);
    bridge_system(f);
}
static void asks_system_of_system(struct fixture *f)
{
    asks_system(f);
    bridge_system(f);
}
static void no_bridge(struct fixture *f)
{
    memset(&f->facts.bridge, 0, sizeof f->facts.bridge);
}
static void no_bridge_no_creating(struct fixture *f)
{
    no_bridge(f);
    f->facts.create_bridges = false;
}
static void no_creating(struct fixture *f)
{
    f->facts.create_bridges = false;
}
static void no_bridge_asks_system(struct fixture *f)
{
    no_bridge(f);
    asks_system(f);
}
static void no_bridge_card_netdev(struct fixture *f)
{
    no_bridge(f);
    strcpy(f->profile.datapath_type, "netdev");
}
static void no_bridge_card_system(struct fixture *f)
{
    no_bridge(f);
    strcpy(f->profile.datapath_type, "system");
}
static void card_system(struct fixture *f)
{
    strcpy(f->profile.datapath_type, "system");
}
static void no_card(struct fixture *f)
{
    f->facts.nic_vf = NULL;
    error_set(&f->nic_error, REASON_DEVICE_NOT_FOUND, "vif.pci_slot", "gone");
}
static void card_path(struct fixture *f)
{
    path(f, "/usr/local/var/run/stdvio10", VHOST_MODE_SERVER);
}
static void other_path(struct fixture *f)
{
    path(f, "/usr/local/var/run/stdvio11", VHOST_MODE_SERVER);
}
static void other_mode(struct fixture *f)
{
    path(f, "/usr/local/var/run/stdvio10", VHOST_MODE_CLIENT);
}
static void card_path_no_dir(struct fixture *f)
{
    card_path(f);
    f->facts.path_dir_exists = false;
}
static void card_path_no_dir_unchecked(struct fixture *f)
{
    card_path_no_dir(f);
    f->facts.check_paths = false;
}
static void no_path_no_dir(struct fixture *f)
{
    f->facts.path_dir_exists = false;
}
static void no_card_socket(struct fixture *f)
{
    f->nic.vhost_socket[0] = '\0';
    f->nic.vhost_mode = VHOST_MODE_NONE;
}
static void no_card_socket_path(struct fixture *f)
{
    no_card_socket(f);
    path(f, "/run/s/v1", VHOST_MODE_CLIENT);
}
static void no_card_socket_bad_path(struct fixture *f)
{
    no_card_socket(f);
    path(f, "/tmp/v1", VHOST_MODE_CLIENT);
}
static void bad_dir(struct fixture *f)
{
    path(f, "/tmp/v1", VHOST_MODE_SERVER);
}
static void dir_itself(struct fixture *f)
{
    path(f, "/run/s", VHOST_MODE_SERVER);
}
static void dir_prefix(struct fixture *f)
{
    path(f, "/run/sx/v1", VHOST_MODE_SERVER);
}
static void sub_dir(struct fixture *f)
{
    path(f, "/run/s/a/b/v1", VHOST_MODE_SERVER);
}
static void no_dirs(struct fixture *f)
{
    f->facts.n_socket_dirs = 0;
}
static void dir_missing(struct fixture *f)
{
    f->facts.path_dir_exists = false;
}
static void dir_missing_unchecked(struct fixture *f)
{
    dir_missing(f);
    f->facts.check_paths = false;
}
static void guest_client(struct fixture *f)
{
    path(f, "/run/ovs/vhudc065497-3c", VHOST_MODE_CLIENT);
}
static void guest_client_elsewhere(struct fixture *f)
{
    path(f, "/run/s/vhudc065497-3c", VHOST_MODE_CLIENT);
}
static void guest_client_by_a_link(struct fixture *f)
{
    guest_client_elsewhere(f);
    f->facts.path_is_switchs = true;
}
static void guest_client_other_name(struct fixture *f)
{
    path(f, "/run/ovs/vhudc065497", VHOST_MODE_CLIENT);
}
static void mtu_9702(struct fixture *f)
{
    f->vif.mtu = 9702;
}
static void mtu_9703(struct fixture *f)
{
    f->vif.mtu = 9703;
}
static void default_mtu_9703(struct fixture *f)
{
    f->facts.default_mtu = 9703;
}

#define REP VIF_KIND_REPRESENTOR
#define VHU VIF_KIND_VHOST_USER
#define HOST VIF_KIND_HOST_DEVICE

static const struct {
    const char *row;
    enum vif_kind kind;
    void (*change)(struct fixture *f);
    enum reason reason; /* NONE: accepted. */
    const char *text;   /* The field of the error, or the bridge's datapath type. */
} rows[] = {
    /* Datapath types and bridges. */
    {"representor", REP, nothing, REASON_NONE, "netdev"},
    {"representor, asks netdev", REP, asks_netdev, REASON_NONE, "netdev"},
    {"representor, system bridge", REP, bridge_system, REASON_INVALID_REQUEST, "vif.datapath_type"},
    {"representor, asks system", REP, asks_system, REASON_INVALID_REQUEST, "vif.datapath_type"},
    {"representor, both system", REP, asks_system_of_system, REASON_INVALID_REQUEST,
     "vif.datapath_type"},
    {"representor, disagreement", REP, asks_netdev_of_system, REASON_INVALID_REQUEST,
     "vif.datapath_type"},
    {"representor, bridge to be made", REP, no_bridge, REASON_NONE, "netdev"},
    {"representor, bridge to be made as system", REP, no_bridge_asks_system, REASON_INVALID_REQUEST,
     "vif.datapath_type"},
    {"representor, no bridge", REP, no_bridge_no_creating, REASON_INVALID_REQUEST, "vif.bridge"},
    {"representor, bridge there", REP, no_creating, REASON_NONE, "netdev"},
    {"representor, bridge beats card", REP, card_system, REASON_NONE, "netdev"},
    {"representor, card for new bridge", REP, no_bridge_card_system, REASON_INVALID_REQUEST,
     "vif.datapath_type"},
    {"vhost-user", VHU, nothing, REASON_NONE, "netdev"},
    {"vhost-user, system bridge", VHU, bridge_system, REASON_INVALID_REQUEST, "vif.datapath_type"},
    {"vhost-user, bridge to be made", VHU, no_bridge, REASON_NONE, "netdev"},
    {"vhost-user, no bridge", VHU, no_bridge_no_creating, REASON_INVALID_REQUEST, "vif.bridge"},
    {"host device, netdev", HOST, nothing, REASON_NONE, "netdev"},
    {"host device, system", HOST, bridge_system, REASON_DEVICE_NOT_FOUND, "vif.pci_slot"},
    {"host device, disagreement", HOST, asks_netdev_of_system, REASON_INVALID_REQUEST,
     "vif.datapath_type"},
    {"host device, new bridge", HOST, no_bridge, REASON_DEVICE_NOT_FOUND, "vif.pci_slot"},
    {"host device, card for new bridge", HOST, no_bridge_card_netdev, REASON_NONE, "netdev"},
    {"kernel representor", VIF_KIND_KERNEL_REPRESENTOR, bridge_system, REASON_DEVICE_NOT_FOUND,
     "vif.pci_slot"},
    {"ovs", VIF_KIND_OVS, nothing, REASON_NONE, "netdev"},
    {"hybrid", VIF_KIND_HYBRID, nothing, REASON_NONE, "netdev"},
    /* Sockets that a card serves. */
    {"no card", REP, no_card, REASON_DEVICE_NOT_FOUND, "vif.pci_slot"},
    {"host device, no card", HOST, no_card, REASON_DEVICE_NOT_FOUND, "vif.pci_slot"},
    {"card's path", REP, card_path, REASON_NONE, "netdev"},
    {"card's path, no directory", REP, card_path_no_dir, REASON_INVALID_REQUEST,
     "vif.vhost_user.path"},
    {"card's path, no directory, not checked", REP, card_path_no_dir_unchecked, REASON_NONE,
     "netdev"},
    {"no path, no directory", REP, no_path_no_dir, REASON_NONE, "netdev"},
    {"another path", REP, other_path, REASON_SOCKET_MISMATCH, "vif.vhost_user.path"},
    {"another mode", REP, other_mode, REASON_SOCKET_MISMATCH, "vif.vhost_user.mode"},
    {"no card socket", REP, no_card_socket, REASON_NONE, "netdev"},
    {"no card socket, path", REP, no_card_socket_path, REASON_NONE, "netdev"},
    {"no card socket, bad path", REP, no_card_socket_bad_path, REASON_INVALID_REQUEST,
     "vif.vhost_user.path"},
    /* Sockets that requests choose. */
    {"directory not allowed", VHU, bad_dir, REASON_INVALID_REQUEST, "vif.vhost_user.path"},
    {"the directory itself", VHU, dir_itself, REASON_INVALID_REQUEST, "vif.vhost_user.path"},
    {"prefix of a name only", VHU, dir_prefix, REASON_INVALID_REQUEST, "vif.vhost_user.path"},
    {"deeper", VHU, sub_dir, REASON_NONE, "netdev"},
    {"no directories", VHU, no_dirs, REASON_INVALID_REQUEST, "vif.vhost_user.path"},
    {"directory missing", VHU, dir_missing, REASON_INVALID_REQUEST, "vif.vhost_user.path"},
    {"directory missing, unchecked", VHU, dir_missing_unchecked, REASON_NONE, "netdev"},
    {"guest as client", VHU, guest_client, REASON_NONE, "netdev"},
    {"guest as client elsewhere", VHU, guest_client_elsewhere, REASON_SOCKET_MISMATCH,
     "vif.vhost_user.path"},
    {"guest as client by a link", VHU, guest_client_by_a_link, REASON_NONE, "netdev"},
    {"guest as client, other name", VHU, guest_client_other_name, REASON_SOCKET_MISMATCH,
     "vif.vhost_user.path"},
    /* MTUs: a vhost-user port with an MTU that is too large shows no error. */
    {"MTU 9702", VHU, mtu_9702, REASON_NONE, "netdev"},
    {"MTU 9703", VHU, mtu_9703, REASON_INVALID_REQUEST, "vif.mtu"},
    {"default MTU 9703", VHU, default_mtu_9703, REASON_INVALID_REQUEST, "vif.mtu"},
    {"representor, MTU 9703", REP, mtu_9703, REASON_NONE, "netdev"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct port_spec spec;
        struct error error = {0};
        struct fixture f;
        bool ok;

        init(&f, rows[i].kind);
        rows[i].change(&f);
        port_spec_init(&spec);
        ok = plan_spec(&f.vif, &f.facts, &spec, &error);
        CHECK_STR(rows[i].row, reason_name(error.reason), reason_name(rows[i].reason));
        CHECK_INT(rows[i].row, ok, rows[i].reason == REASON_NONE);
        CHECK_STR(rows[i].row, ok ? spec.datapath_type : error.field, rows[i].text);
        port_spec_destroy(&spec);
    }
}

/* Plans a fixture that must be accepted. */
static void specify(const struct fixture *f, struct port_spec *spec)
{
    struct error error = {0};

    port_spec_init(spec);
    (void)plan_spec(&f->vif, &f->facts, spec, &error);
    assert_string_equal(error.message, "");
}

static void check_common(const struct port_spec *spec, const char *kind, size_t n_more)
{
    const struct {
        const char *key;
        const char *value;
    } ids[] = {
        {"iface-id", "if1"},
        {"iface-status", "active"},
        {"attached-mac", "fa:16:3e:00:00:01"},
        {"vm-uuid", "i1"},
        {"vifplug-owner", "vifplugd"},
        {"vifplug-vif-id", "dc065497-3c8d-4f44"},
        {"vifplug-kind", kind},
        {"vifplug-boot-id", "boot1"},
    };

    for (size_t i = 0; i < N(ids); i++) {
        CHECK_STR(ids[i].key, smap_get(&spec->external_ids, ids[i].key), ids[i].value);
    }
    CHECK_INT(kind, smap_count(&spec->external_ids), N(ids) + n_more);
    CHECK_STR(kind, spec->vif_id, "dc065497-3c8d-4f44");
    CHECK_STR(kind, spec->bridge, "br0");
    CHECK_STR(kind, vif_kind_name(spec->kind), kind);
}

static void test_representor(void **state)
{
    static const enum vif_kind kinds[] = {VIF_KIND_REPRESENTOR, VIF_KIND_HOST_DEVICE};

    (void)state;
    for (size_t i = 0; i < N(kinds); i++) {
        struct port_spec spec;
        struct fixture f;

        init(&f, kinds[i]);
        specify(&f, &spec);
        check_common(&spec, "representor", 1);
        assert_string_equal(smap_get(&spec.external_ids, KEY_PCI_SLOT), "0000:65:01.2");
        assert_string_equal(spec.port, "vfrdc065497-3c");
        assert_string_equal(spec.type, "dpdk");
        assert_string_equal(smap_get(&spec.options, "dpdk-devargs"), DEVARGS);
        assert_string_equal(smap_get(&spec.options, "vhost-server-path"),
                            "/usr/local/var/run/stdvio10");
        assert_int_equal(smap_count(&spec.options), 2);
        assert_int_equal(spec.mtu_request, 1500);
        assert_true(spec.has_vf && spec.has_vf_address);
        assert_true(pci_addr_equal(&spec.pf, &f.nic.pf) && pci_addr_equal(&spec.vf, &f.nic.vf));
        assert_int_equal(spec.vf_num, 10);
        assert_string_equal(spec.vhost_path, "/usr/local/var/run/stdvio10");
        assert_int_equal(spec.vhost_mode, VHOST_MODE_SERVER);
        assert_false(spec.slow_probe);
        port_spec_destroy(&spec);
    }
}

static void test_profile_options(void **state)
{
    struct port_spec spec;
    struct fixture f;
    char why[64];

    (void)state;
    init(&f, VIF_KIND_REPRESENTOR);
    nic_profile_set(&f.profile, "options.n_rxq", "4", why, sizeof why);
    nic_profile_set(&f.profile, "slow-probe", "yes", why, sizeof why);
    f.vif.mtu = 9000;
    specify(&f, &spec);
    assert_string_equal(smap_get(&spec.options, "n_rxq"), "4");
    assert_int_equal(smap_count(&spec.options), 3);
    assert_true(spec.slow_probe);
    assert_int_equal(spec.mtu_request, 9000);
    port_spec_destroy(&spec);
}

static void test_vf_mac(void **state)
{
    static const struct {
        const char *row;
        enum nic_vf_mac setting;
        const char *address;
        const char *option;
        bool optional;
    } cases[] = {
        {"no", NIC_VF_MAC_NO, "fa:16:3e:00:00:01", NULL, false},
        {"try", NIC_VF_MAC_TRY, "fa:16:3e:00:00:01", "fa:16:3e:00:00:01", true},
        {"yes", NIC_VF_MAC_YES, "fa:16:3e:00:00:01", "fa:16:3e:00:00:01", false},
        {"try, no address", NIC_VF_MAC_TRY, "", NULL, false},
        {"yes, no address", NIC_VF_MAC_YES, "", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct port_spec spec;
        struct fixture f;

        init(&f, VIF_KIND_REPRESENTOR);
        f.profile.vf_mac = cases[i].setting;
        strcpy(f.vif.address, cases[i].address);
        specify(&f, &spec);
        CHECK_STR(cases[i].row, smap_get(&spec.options, "dpdk-vf-mac"), cases[i].option);
        CHECK_INT(cases[i].row, spec.vf_mac_optional, cases[i].optional);
        CHECK_STR(cases[i].row, smap_get(&spec.external_ids, KEY_ATTACHED_MAC),
                  cases[i].address[0] ? cases[i].address : NULL);
        port_spec_destroy(&spec);
    }
}

static void test_port_names(void **state)
{
    static const struct {
        enum nic_port_name setting;
        const char *id;
        const char *vif_name;
        const char *representor_name;
        const char *port;
    } cases[] = {
        {NIC_PORT_VFR, "dc065497-3c8d", "tap1", "rep1", "vfrdc065497-3c"},
        {NIC_PORT_VFR, "v1", "", "", "vfrv1"},
        {NIC_PORT_VIF_NAME, "dc065497-3c8d", "tap1", "rep1", "tap1"},
        {NIC_PORT_VIF_NAME, "dc065497-3c8d", "", "rep1", "rep1"},
        {NIC_PORT_VIF_NAME, "dc065497-3c8d", "", "", "vfrdc065497-3c"},
        {NIC_PORT_VIF_NAME, "v1", "tap012345678901", "", "tap012345678901"},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct port_spec spec;
        struct fixture f;

        init(&f, VIF_KIND_REPRESENTOR);
        f.profile.port_name = cases[i].setting;
        strcpy(f.vif.id, cases[i].id);
        strcpy(f.vif.vif_name, cases[i].vif_name);
        strcpy(f.vif.representor_name, cases[i].representor_name);
        specify(&f, &spec);
        CHECK_STR(cases[i].port, spec.port, cases[i].port);
        port_spec_destroy(&spec);
    }
}

static void test_vhost_user(void **state)
{
    struct port_spec spec;
    struct fixture f;

    (void)state;
    init(&f, VIF_KIND_VHOST_USER);
    specify(&f, &spec);
    check_common(&spec, "vhost-user", 0);
    assert_string_equal(spec.port, "vhudc065497-3c");
    assert_string_equal(spec.type, "dpdkvhostuserclient");
    assert_string_equal(smap_get(&spec.options, "vhost-server-path"), "/run/s/v1");
    assert_int_equal(smap_count(&spec.options), 1);
    assert_false(spec.has_vf);
    assert_int_equal(spec.vhost_mode, VHOST_MODE_SERVER);
    port_spec_destroy(&spec);

    guest_client(&f);
    f.facts.default_mtu = 0;
    specify(&f, &spec);
    assert_string_equal(spec.port, "vhudc065497-3c");
    assert_string_equal(spec.type, "dpdkvhostuser");
    assert_int_equal(smap_count(&spec.options), 0);
    assert_int_equal(spec.mtu_request, 0);
    assert_string_equal(spec.vhost_path, "/run/ovs/vhudc065497-3c");
    port_spec_destroy(&spec);
}

/* Errors name the members of the VIF's form. */
static void test_osvif_fields(void **state)
{
    static const struct {
        void (*change)(struct fixture *f);
        const char *field;
    } cases[] = {
        {bridge_system, "vif.port_profile.datapath_type"},
        {no_bridge_no_creating, "vif.network.bridge"},
        {other_path, "vif.path"},
        {other_mode, "vif.mode"},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct port_spec spec;
        struct error error;
        struct fixture f;

        init(&f, VIF_KIND_REPRESENTOR);
        f.vif.form = VIF_FORM_OSVIF;
        cases[i].change(&f);
        port_spec_init(&spec);
        CHECK(cases[i].field, !plan_spec(&f.vif, &f.facts, &spec, &error));
        CHECK_STR(cases[i].field, error.field, cases[i].field);
        port_spec_destroy(&spec);
    }
}

/* Nothing else is looked at: another file system may hang. */
static void test_paths_to_look_at(void **state)
{
    static const struct {
        const char *row;
        void (*change)(struct fixture *);
        bool looks;
    } paths[] = {
        {"none", no_card_socket, false},
        {"the card's", card_path, true},
        {"the card's, unchecked", card_path_no_dir_unchecked, false},
        {"another card's, in an allowed directory", other_path, true},
        {"allowed, without a card's", no_card_socket_path, true},
        {"outside, without a card's", no_card_socket_bad_path, false},
        {"below an allowed one", sub_dir, true},
        {"an allowed one itself", dir_itself, false},
        {"beside an allowed one", dir_prefix, false},
    };

    (void)state;
    for (size_t i = 0; i < N(paths); i++) {
        struct fixture f;

        init(&f, VIF_KIND_REPRESENTOR);
        paths[i].change(&f);
        CHECK(paths[i].row, spec_may_look_at_path(&f.vif, &f.facts) == paths[i].looks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_representor),
        cmocka_unit_test(test_profile_options),
        cmocka_unit_test(test_vf_mac),
        cmocka_unit_test(test_port_names),
        cmocka_unit_test(test_vhost_user),
        cmocka_unit_test(test_osvif_fields),
        cmocka_unit_test(test_paths_to_look_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
