#include "daemon/record.h"
#include "daemon/view.h"
#include "util.h"

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

/* With a bonded card dpdk-devargs names the primary PF and `pfN` the VF's own: what was plugged on
 * function 1 must be found there again after a restart. */
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
        enum vif_state state;
    } cases[] = {
        {"b1", 5, NULL, VSWITCHD_ALIVE, STATE_UP},
        {"b1", 5, NULL, VSWITCHD_DEAD, STATE_UNVERIFIED},
        {"b1", 5, NULL, VSWITCHD_UNKNOWN, STATE_UNVERIFIED},
        {"b1", 0, NULL, VSWITCHD_ALIVE, STATE_REALIZING},
        {"b1", 0, NULL, VSWITCHD_DEAD, STATE_COMMITTED},
        {"b1", 0, NULL, VSWITCHD_UNKNOWN, STATE_COMMITTED},
        {"b1", -1, NULL, VSWITCHD_ALIVE, STATE_FAILED},
        {"b1", -1, "words", VSWITCHD_ALIVE, STATE_FAILED},
        {"b1", -1, "words", VSWITCHD_DEAD, STATE_FAILED},
        {"b1", 5, "words", VSWITCHD_ALIVE, STATE_FAILED},
        {"b1", 0, "words", VSWITCHD_UNKNOWN, STATE_FAILED},
        {"b0", 5, NULL, VSWITCHD_ALIVE, STATE_STALE},
        {"b0", -1, "words", VSWITCHD_DEAD, STATE_STALE},
        {"", 5, NULL, VSWITCHD_ALIVE, STATE_STALE},
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
        CHECK_STR(row, vif_state_name(view_state(&record, "b1", cases[i].vswitchd)),
                  vif_state_name(cases[i].state));
        CHECK_INT(row, record_failed(&record), cases[i].ofport < 0 || cases[i].error);
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
    assert_string_equal(view.vif.vhost_path, ""); /* No card here that could tell. */
    view_destroy(&view);
    record_destroy(&record);
    nic_destroy(nic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interpret),  cmocka_unit_test(test_boot_and_instance),
        cmocka_unit_test(test_pf_of_bond), cmocka_unit_test(test_clone),
        cmocka_unit_test(test_states),     cmocka_unit_test(test_view),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
