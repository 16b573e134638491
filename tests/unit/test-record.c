/* SPDX-License-Identifier: Apache-2.0 */
/* From rows of OVSDB to records, and to views of them. */

#include "daemon/view.h"
#include "plan/record.h"
#include "util.h"

#include "base/keys.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MARK KEY_OWNER "=vifplugd," KEY_VIF_ID "=v1"

/* Adds "key=value,..." to a map; '+' in a value stands for ','. */
static void fill(struct smap *map, const char *pairs)
{
    char text[512];
    char *save = NULL;

    snprintf(text, sizeof text, "%s", pairs);
    for (char *item = strtok_r(text, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(item, '=');

        *equals = '\0';
        for (char *p = equals + 1; *p; p++) {
            *p = *p == '+' ? ',' : *p;
        }
        smap_replace(map, item, equals + 1);
    }
}

static const struct {
    const char *row;
    const char *external_ids;
    const char *options;
    bool ours;
    const char *vif_id;
    enum vif_kind kind;
    int vf_num; /* -1: no VF. */
    bool vf_address;
    const char *path;
} rows[] = {
    {"nothing", "", "", false, "", VIF_KIND_NONE, -1, false, ""},
    {"os-vif's", "iface-id=a,vm-uuid=b", "dpdk-devargs=0000:65:00.0", false, "", VIF_KIND_NONE, -1,
     false, ""},
    {"ours", MARK "," KEY_KIND "=vhost-user", "", true, "v1", VIF_KIND_VHOST_USER, -1, false, ""},
    {"no id", KEY_OWNER "=vifplugd", "", false, "", VIF_KIND_NONE, -1, false, ""},
    {"bad id", KEY_OWNER "=vifplugd," KEY_VIF_ID "=a b", "", false, "", VIF_KIND_NONE, -1, false,
     ""},
    {"long id", KEY_OWNER "=vifplugd," KEY_VIF_ID "=" X64 "0", "", false, "", VIF_KIND_NONE, -1,
     false, ""},
    {"longest id", KEY_OWNER "=vifplugd," KEY_VIF_ID "=" X64, "", true, X64, VIF_KIND_NONE, -1,
     false, ""},
    {"another owner", KEY_OWNER "=other," KEY_VIF_ID "=v1", "", false, "", VIF_KIND_NONE, -1, false,
     ""},
    {"owner's name and more", KEY_OWNER "=vifplugd2," KEY_VIF_ID "=v1", "", false, "",
     VIF_KIND_NONE, -1, false, ""},
    {"no owner", KEY_VIF_ID "=v1", "", false, "", VIF_KIND_NONE, -1, false, ""},
    {"unknown kind", MARK "," KEY_KIND "=future", "", true, "v1", VIF_KIND_NONE, -1, false, ""},
    {"representor", MARK "," KEY_KIND "=representor," KEY_PCI_SLOT "=0000:65:01.2",
     "dpdk-devargs=0000:65:00.0+representor=[10]", true, "v1", VIF_KIND_REPRESENTOR, 10, true, ""},
    {"representor without a slot", MARK "," KEY_KIND "=representor",
     "dpdk-devargs=0000:65:00.0+representor=[10]", true, "v1", VIF_KIND_REPRESENTOR, 10, false, ""},
    {"bad slot", MARK "," KEY_KIND "=representor," KEY_PCI_SLOT "=eth0",
     "dpdk-devargs=0000:65:00.0+representor=vf3", true, "v1", VIF_KIND_REPRESENTOR, 3, false, ""},
    {"two VFs", MARK "," KEY_KIND "=representor", "dpdk-devargs=0000:65:00.0+representor=[1-2]",
     true, "v1", VIF_KIND_REPRESENTOR, -1, false, ""},
    {"no VF", MARK "," KEY_KIND "=representor", "dpdk-devargs=0000:65:00.0", true, "v1",
     VIF_KIND_REPRESENTOR, -1, false, ""},
    {"bad devargs", MARK "," KEY_KIND "=representor", "dpdk-devargs=nonsense", true, "v1",
     VIF_KIND_REPRESENTOR, -1, false, ""},
    {"no devargs", MARK "," KEY_KIND "=representor", "", true, "v1", VIF_KIND_REPRESENTOR, -1,
     false, ""},
    {"vhost-user", MARK "," KEY_KIND "=vhost-user", "vhost-server-path=/run/s/v1", true, "v1",
     VIF_KIND_VHOST_USER, -1, false, "/run/s/v1"},
    {"foreign vhost-user", "", "vhost-server-path=/run/s/v1", false, "", VIF_KIND_NONE, -1, false,
     "/run/s/v1"},
};

static void test_interpret(void **state)
{
    static const struct pci_addr pf = {0, 0x65, 0, 0};
    static const struct pci_addr slot = {0, 0x65, 1, 2};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *row = rows[i].row;
        struct record record;

        record_init(&record);
        fill(&record.spec.external_ids, rows[i].external_ids);
        fill(&record.spec.options, rows[i].options);
        record_interpret(&record);
        CHECK_INT(row, record.ours, rows[i].ours);
        CHECK_STR(row, record.spec.vif_id, rows[i].vif_id);
        CHECK_INT(row, record.spec.kind, rows[i].kind);
        CHECK_INT(row, record.spec.has_vf, rows[i].vf_num >= 0);
        if (rows[i].vf_num >= 0) {
            CHECK_INT(row, record.spec.vf_num, rows[i].vf_num);
            CHECK(row, pci_addr_equal(&record.spec.pf, &pf));
        }
        CHECK_INT(row, record.spec.has_vf_address, rows[i].vf_address);
        CHECK(row, !rows[i].vf_address || pci_addr_equal(&record.spec.vf, &slot));
        CHECK_STR(row, record.spec.vhost_path, rows[i].path);
        CHECK_INT(row, record.spec.vhost_mode,
                  rows[i].path[0] ? VHOST_MODE_SERVER : VHOST_MODE_NONE);
        record_destroy(&record);
    }
}

static void test_boot_and_instance(void **state)
{
    struct record record;

    (void)state;
    record_init(&record);
    record_interpret(&record);
    assert_string_equal(record.boot_id, "");
    assert_string_equal(record.instance, "");
    fill(&record.spec.external_ids, KEY_BOOT_ID "=b1," KEY_VM_UUID "=i1");
    record_interpret(&record);
    assert_string_equal(record.boot_id, "b1");
    assert_string_equal(record.instance, "i1");
    smap_replace(&record.spec.external_ids, KEY_BOOT_ID, X64 X64); /* Cut, not overrun. */
    record_interpret(&record);
    assert_string_equal(record.boot_id, X64);
    record_destroy(&record);
}

/* With a bonded card dpdk-devargs has the primary PF, and `pfN` the VF's own PF: a daemon that
 * starts again must find there what was plugged on function 1. */
static void test_pf_of_bond(void **state)
{
    struct record record;

    (void)state;
    record_init(&record);
    fill(&record.spec.external_ids, MARK "," KEY_KIND "=representor");
    fill(&record.spec.options, "dpdk-devargs=0000:65:00.0+representor=pf1vf[3]");
    record_interpret(&record);
    assert_true(record.spec.has_vf);
    assert_int_equal(record.spec.vf_num, 3);
    assert_int_equal(record.spec.pf.function, 1);
    record_destroy(&record);
}

#define OVS_TAP MARK "," KEY_KIND "=ovs"
#define HYBRID MARK "," KEY_KIND "=hybrid"
#define KERNEL MARK "," KEY_KIND "=kernel-representor"
#define OWN KEY_PORT_BRIDGE "=pbv1," KEY_GUEST_PORT "=tap1"

/* The links of a record. Names that are too long for the kernel are cut. */
static void test_links(void **state)
{
    static const struct {
        const char *row;
        const char *external_ids;
        const char *port;
        enum link_kind kind;
        const char *netdev;
        const char *peer;
        const char *linux_bridge;
        const char *port_bridge;
        const char *guest_port;
    } cases[] = {
        {"vhost-user", MARK "," KEY_KIND "=vhost-user", "vhuv1", LINKS_NONE, "", "", "", "", ""},
        {"no kind", MARK, "x", LINKS_NONE, "", "", "", "", ""},
        {"hybrid", HYBRID "," KEY_LINUX_BRIDGE "=qbr1", "qvov1", LINKS_HYBRID, "qvov1", "qvbv1",
         "qbr1", "", ""},
        {"hybrid without its bridge", HYBRID, "qvov1", LINKS_HYBRID, "qvov1", "qvbv1", "", "", ""},
        {"hybrid with a long bridge", HYBRID "," KEY_LINUX_BRIDGE "=" X64, "qvov1", LINKS_HYBRID,
         "qvov1", "qvbv1", "0123456789abcde", "", ""},
        {"hybrid with a long id", KEY_OWNER "=vifplugd," KEY_VIF_ID "=" X64 "," KEY_KIND "=hybrid",
         "qvo0123456789a", LINKS_HYBRID, "qvo0123456789a", "qvb0123456789a", "", "", ""},
        {"hybrid, not ours", KEY_KIND "=hybrid," KEY_LINUX_BRIDGE "=qbr1", "qvov1", LINKS_NONE, "",
         "", "", "", ""},
        {"tap", OVS_TAP, "tap1", LINKS_TAP, "tap1", "", "", "", ""},
        {"tap with an own bridge", OVS_TAP "," OWN, "ibpv1", LINKS_TAP, "tap1", "", "", "pbv1",
         "tap1"},
        {"tap with a long name", OVS_TAP, X64, LINKS_TAP, "0123456789abcde", "", "", "", ""},
        {"tap with a guest's port with a long name",
         OVS_TAP "," KEY_PORT_BRIDGE "=pbv1," KEY_GUEST_PORT "=" X64, "ibpv1", LINKS_TAP,
         "0123456789abcde", "", "", "pbv1", "0123456789abcde"},
        {"tap with a bridge of another name",
         OVS_TAP "," KEY_PORT_BRIDGE "=br-sys," KEY_GUEST_PORT "=sys1", "tap1", LINKS_TAP, "tap1",
         "", "", "", ""},
        {"tap with a bridge with a long name", OVS_TAP "," KEY_PORT_BRIDGE "=pbv1" X64, "tap1",
         LINKS_TAP, "tap1", "", "", "", ""},
        {"tap, not ours", KEY_KIND "=ovs," OWN, "tap1", LINKS_NONE, "", "", "", "", ""},
        {"kernel representor", KERNEL, "rep1", LINKS_NETDEV, "rep1", "", "", "", ""},
        {"kernel representor with a long name", KERNEL, X64, LINKS_NETDEV, "0123456789abcde", "",
         "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct link_spec *host;
        struct record record;

        record_init(&record);
        host = &record.spec.links;
        strcpy(record.spec.port, cases[i].port);
        fill(&record.spec.external_ids, cases[i].external_ids);
        record_interpret(&record);
        CHECK_INT(cases[i].row, host->kind, cases[i].kind);
        CHECK_STR(cases[i].row, host->netdev, cases[i].netdev);
        CHECK_STR(cases[i].row, host->peer, cases[i].peer);
        CHECK_STR(cases[i].row, host->linux_bridge, cases[i].linux_bridge);
        CHECK_STR(cases[i].row, record.spec.port_bridge, cases[i].port_bridge);
        CHECK_STR(cases[i].row, record.spec.guest_port, cases[i].guest_port);
        CHECK_INT(cases[i].row, host->mtu, 0); /* As it is. */
        record_destroy(&record);
    }
}

/* A kernel representor has no devargs: external_ids has its VF. */
static void test_kernel_vf(void **state)
{
    static const struct {
        const char *row;
        const char *external_ids;
        int vf_num; /* -1: no VF. */
    } cases[] = {
        {"all", KEY_PF "=0000:65:00.1," KEY_VF_NUM "=10", 10},
        {"number 0", KEY_PF "=0000:65:00.1," KEY_VF_NUM "=0", 0},
        {"nothing", "", -1},
        {"no PF", KEY_VF_NUM "=10", -1},
        {"no number", KEY_PF "=0000:65:00.1", -1},
        {"bad PF", KEY_PF "=65:00.1x," KEY_VF_NUM "=10", -1},
        {"bad number", KEY_PF "=0000:65:00.1," KEY_VF_NUM "=1x", -1},
        {"empty number", KEY_PF "=0000:65:00.1," KEY_VF_NUM "=", -1},
        {"negative number", KEY_PF "=0000:65:00.1," KEY_VF_NUM "=-2", -1},
    };
    static const struct pci_addr pf = {0, 0x65, 0, 1};

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct record record;

        record_init(&record);
        fill(&record.spec.external_ids, KERNEL "," KEY_PCI_SLOT "=0000:65:02.3");
        fill(&record.spec.external_ids, cases[i].external_ids);
        record_interpret(&record);
        CHECK_INT(cases[i].row, record.spec.has_vf, cases[i].vf_num >= 0);
        if (cases[i].vf_num >= 0) {
            CHECK_INT(cases[i].row, record.spec.vf_num, cases[i].vf_num);
            CHECK(cases[i].row, pci_addr_equal(&record.spec.pf, &pf));
        }
        CHECK(cases[i].row, record.spec.has_vf_address);
        CHECK_INT(cases[i].row, record.spec.vf.function, 3);
        record_destroy(&record);
    }
}

/* A port of kind ovs without its netdev waits for the program that makes it; any other port has
 * failed. */
static void test_awaits_netdev(void **state)
{
    static const char no_device[] = "could not open network device tap1 (No such device)";
    static const struct {
        const char *row;
        enum vif_kind kind;
        int64_t ofport;
        const char *error;
        bool awaits;
        bool failed;
        enum vif_state state;
    } cases[] = {
        {"no netdev", VIF_KIND_OVS, -1, no_device, true, false, STATE_COMMITTED},
        {"no netdev, no verdict", VIF_KIND_OVS, 0, no_device, true, false, STATE_COMMITTED},
        {"netdev went", VIF_KIND_OVS, 5, no_device, true, false, STATE_COMMITTED},
        {"another error", VIF_KIND_OVS, -1, "tap1: Device or resource busy", false, true,
         STATE_FAILED},
        {"no error text", VIF_KIND_OVS, -1, NULL, false, true, STATE_FAILED},
        {"up", VIF_KIND_OVS, 5, NULL, false, false, STATE_UP},
        {"no verdict", VIF_KIND_OVS, 0, NULL, false, false, STATE_REALIZING},
        {"hybrid", VIF_KIND_HYBRID, -1, no_device, false, true, STATE_FAILED},
        {"kernel representor", VIF_KIND_KERNEL_REPRESENTOR, -1, no_device, false, true,
         STATE_FAILED},
        {"representor", VIF_KIND_REPRESENTOR, -1, no_device, false, true, STATE_FAILED},
        {"unknown kind", VIF_KIND_NONE, -1, no_device, false, true, STATE_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct record record;

        record_init(&record);
        record.spec.kind = cases[i].kind;
        record.ofport = cases[i].ofport;
        record.error = nullable_xstrdup(cases[i].error);
        strcpy(record.boot_id, "b1");
        CHECK_INT(cases[i].row, record_awaits_netdev(&record), cases[i].awaits);
        CHECK_INT(cases[i].row, record_failed(&record), cases[i].failed);
        CHECK_STR(cases[i].row,
                  vif_state_name(view_state(&record, "b1", VSWITCHD_ALIVE, false, false)),
                  vif_state_name(cases[i].state));
        record_destroy(&record);
    }
}

static void test_clone(void **state)
{
    struct record record;
    struct record copy;

    (void)state;
    record_init(&record);
    fill(&record.spec.external_ids, MARK);
    fill(&record.spec.options, "a=b");
    record.error = strdup("no such device");
    record.ofport = -1;
    record_interpret(&record);
    record_clone(&copy, &record);
    smap_replace(&record.spec.options, "a", "c");
    record_destroy(&record);
    assert_string_equal(smap_get(&copy.spec.options, "a"), "b");
    assert_string_equal(smap_get(&copy.spec.external_ids, KEY_VIF_ID), "v1");
    assert_string_equal(copy.spec.vif_id, "v1");
    assert_string_equal(copy.error, "no such device");
    assert_int_equal(copy.ofport, -1);
    record_destroy(&copy);
}

static void test_states(void **state)
{
    static const struct {
        const char *boot_id;
        int64_t ofport;
        const char *error;
        enum vswitchd_state vswitchd;
        bool starts;
        enum vif_state state;
    } cases[] = {
        {"b1", 5, NULL, VSWITCHD_ALIVE, false, STATE_UP},
        {"b1", 5, NULL, VSWITCHD_ALIVE, true, STATE_UNVERIFIED},
        {"b1", 0, NULL, VSWITCHD_ALIVE, true, STATE_REALIZING},
        {"b1", 5, NULL, VSWITCHD_DEAD, false, STATE_UNVERIFIED},
        {"b1", 5, NULL, VSWITCHD_UNKNOWN, false, STATE_UNVERIFIED},
        {"b1", 0, NULL, VSWITCHD_ALIVE, false, STATE_REALIZING},
        {"b1", 0, NULL, VSWITCHD_DEAD, false, STATE_COMMITTED},
        {"b1", 0, NULL, VSWITCHD_UNKNOWN, false, STATE_COMMITTED},
        {"b1", -1, NULL, VSWITCHD_ALIVE, false, STATE_FAILED},
        {"b1", -1, "error text", VSWITCHD_ALIVE, false, STATE_FAILED},
        {"b1", -1, "error text", VSWITCHD_DEAD, false, STATE_FAILED},
        {"b1", 5, "error text", VSWITCHD_ALIVE, false, STATE_FAILED},
        {"b1", 0, "error text", VSWITCHD_UNKNOWN, false, STATE_FAILED},
        {"b0", 5, NULL, VSWITCHD_ALIVE, false, STATE_STALE},
        {"b0", -1, "error text", VSWITCHD_DEAD, false, STATE_STALE},
        {"", 5, NULL, VSWITCHD_ALIVE, false, STATE_STALE},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct record record;
        char row[32];

        snprintf(row, sizeof row, "case %zu", i);
        record_init(&record);
        snprintf(record.boot_id, sizeof record.boot_id, "%s", cases[i].boot_id);
        record.ofport = cases[i].ofport;
        record.error = nullable_xstrdup(cases[i].error);
        CHECK_STR(
            row,
            vif_state_name(view_state(&record, "b1", cases[i].vswitchd, cases[i].starts, false)),
            vif_state_name(cases[i].state));
        CHECK_INT(row, record_failed(&record), cases[i].ofport < 0 || cases[i].error);
        record_destroy(&record);
    }
}

/* A netdev that another program makes later is missing, and vswitchd has not said so. */
static void test_state_without_netdev(void **state)
{
    static const struct {
        enum vif_kind kind;
        int64_t ofport;
        bool lacks_netdev;
        enum vif_state state;
    } cases[] = {
        {VIF_KIND_OVS, 0, true, STATE_COMMITTED},
        {VIF_KIND_OVS, 0, false, STATE_REALIZING},
        {VIF_KIND_OVS, -1, true, STATE_FAILED},
        {VIF_KIND_OVS, 5, true, STATE_UP},
        {VIF_KIND_HYBRID, 0, true, STATE_REALIZING},
        {VIF_KIND_KERNEL_REPRESENTOR, 0, true, STATE_REALIZING},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct record record;
        char row[32];

        snprintf(row, sizeof row, "case %zu", i);
        record_init(&record);
        strcpy(record.boot_id, "b1");
        record.spec.kind = cases[i].kind;
        record.ofport = cases[i].ofport;
        CHECK_STR(
            row,
            vif_state_name(view_state(&record, "b1", VSWITCHD_ALIVE, false, cases[i].lacks_netdev)),
            vif_state_name(cases[i].state));
        record_destroy(&record);
    }
}

static void test_view(void **state)
{
    struct nic *nic = nic_create("/nonexistent", NULL, 0);
    struct record record;
    struct view view;

    (void)state;
    record_init(&record);
    fill(&record.spec.external_ids, MARK "," KEY_KIND "=representor," KEY_ATTACHED_MAC "=mac");
    fill(&record.spec.options, "dpdk-devargs=0000:65:00.0+representor=[10],a=1");
    strcpy(record.spec.port, "vfrv1");
    strcpy(record.spec.bridge, "br0");
    strcpy(record.spec.type, "dpdk");
    record.ofport = 7;
    record.mtu = 1450;
    record_interpret(&record);
    view_init(&view, &record, nic, "/run/openvswitch", STATE_UP);
    assert_string_equal(view.vif.vif_id, "v1");
    assert_string_equal(view.vif.port, "vfrv1");
    assert_string_equal(view.vif.bridge, "br0");
    assert_string_equal(view.vif.interface_type, "dpdk");
    assert_string_equal(view.vif.address, "mac");
    assert_int_equal(view.vif.ofport, 7);
    assert_int_equal(view.vif.mtu, 1450);
    assert_int_equal(view.vif.n_options, 2); /* Sorted. */
    assert_string_equal(view.vif.options[0].key, "a");
    assert_string_equal(view.vif.options[1].value, "0000:65:00.0,representor=[10]");
    assert_int_equal(view.vif.n_external_ids, 4);
    assert_true(view.vif.has_representor);
    assert_false(view.vif.has_vf);
    assert_int_equal(view.vif.vf_num, 10);
    assert_string_equal(view.vif.vhost_path, ""); /* This host has no such card. */
    view_destroy(&view);
    record_destroy(&record);
    nic_destroy(nic);
}

/* A view shows changes by other programs, and limits, with the names that the VIF's rows have. */
static void test_view_drift_and_qos(void **state)
{
    static const struct drift drift[] = {{"bridge", "br0", "br1"}, {"options:a", "1", ""}};
    struct nic *nic = nic_create("/nonexistent", NULL, 0);
    struct record record;
    struct view view;

    (void)state;
    record_init(&record);
    record.spec.qos = (struct vif_qos){1, 2, 3, 4, 5, 6};
    view_init(&view, &record, nic, "/run/openvswitch", STATE_UP);
    assert_memory_equal(&view.vif.qos, &record.spec.qos, sizeof record.spec.qos);
    view_add_drift(&view, drift, 0);
    assert_int_equal(view.vif.n_drift, 0);
    assert_int_equal(view.vif.state, STATE_UP);
    view_add_drift(&view, drift, N(drift));
    assert_int_equal(view.vif.n_drift, 2);
    assert_int_equal(view.vif.state, STATE_DRIFTED);
    assert_string_equal(view.vif.drift[0].field, "bridge");
    assert_string_equal(view.vif.drift[0].expected, "br0");
    assert_string_equal(view.vif.drift[0].found, "br1");
    assert_string_equal(view.vif.drift[1].field, "options:a");
    view_destroy(&view);
    record_destroy(&record);
    nic_destroy(nic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interpret),
        cmocka_unit_test(test_boot_and_instance),
        cmocka_unit_test(test_pf_of_bond),
        cmocka_unit_test(test_clone),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_state_without_netdev),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_kernel_vf),
        cmocka_unit_test(test_awaits_netdev),
        cmocka_unit_test(test_view_drift_and_qos),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
