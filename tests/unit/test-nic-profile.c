#include "check.h"

#include "daemon/nic-profile.h"

#include <stdio.h>

#define X16 "0123456789abcdef"
#define X160 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16

static void test_built_in(void **state)
{
    struct nic_profile napatech;
    struct nic_profile generic;
    struct nic_profile other;

    (void)state;
    nic_profile_init(&napatech, "napatech");
    assert_string_equal(napatech.name, "napatech");
    assert_int_equal(napatech.n_matches, 1);
    assert_int_equal(napatech.matches[0].type, NIC_MATCH_VENDOR);
    assert_int_equal(napatech.matches[0].vendor, 0x18f4);
    assert_int_equal(napatech.numbering, NIC_NUMBER_SLOT);
    assert_string_equal(napatech.devargs, "{pf},representor=[{vf}]");
    assert_string_equal(napatech.vhost_socket, "/usr/local/var/run/stdvio{vf}");
    assert_int_equal(napatech.vhost_mode, VHOST_MODE_SERVER);
    assert_int_equal(napatech.vf_mac, NIC_VF_MAC_NO);
    assert_int_equal(napatech.port_name, NIC_PORT_VFR);
    assert_false(napatech.slow_probe);

    nic_profile_init(&generic, "generic");
    assert_int_equal(generic.n_matches, 1);
    assert_int_equal(generic.matches[0].type, NIC_MATCH_ANY);
    assert_int_equal(generic.numbering, NIC_NUMBER_VIRTFN);
    assert_string_equal(generic.devargs, "{pf},representor=[{vf}]");
    assert_string_equal(generic.vhost_socket, "");
    assert_int_equal(generic.vf_mac, NIC_VF_MAC_TRY);

    /* A new one starts from generic's, without a match. */
    nic_profile_init(&other, "other");
    assert_string_equal(other.name, "other");
    assert_int_equal(other.n_matches, 0);
    assert_int_equal(other.numbering, generic.numbering);
    assert_string_equal(other.devargs, generic.devargs);
    assert_int_equal(other.vf_mac, generic.vf_mac);
    assert_int_equal(other.n_options, 0);
}

static const struct {
    const char *key;
    const char *value;
    const char *why; /* Part of what is wrong; NULL: accepted. */
} settings[] = {
    {"vf-number", "slot", NULL},
    {"vf-number", "virtfn", NULL},
    {"vf-number", "index", "none of slot virtfn"},
    {"vf-number", "", "none of slot virtfn"},
    {"vf-number", "Slot", "none of slot virtfn"},
    {"devargs", "{pf},representor=pf{pf_index}vf[{vf}]", NULL},
    {"devargs", "{pf},representor=[{vf]", "unmatched"},
    {"devargs", "{pf},representor=[vf}]", "unmatched"},
    {"devargs", "{port}", "unknown variable"},
    {"devargs", X160, NULL},
    {"devargs", X160 "x", "longer than 160"},
    {"vhost-socket", "/run/{pf_bus}-{vf}", NULL},
    {"vhost-socket", "", NULL},
    {"vhost-socket", "/run/{bus}", "unknown variable"},
    {"vhost-mode", "server", NULL},
    {"vhost-mode", "client", NULL},
    {"vhost-mode", "both", "none of server client"},
    {"set-vf-mac", "no", NULL},
    {"set-vf-mac", "try", NULL},
    {"set-vf-mac", "yes", NULL},
    {"set-vf-mac", "true", "none of no try yes"},
    {"port-name", "vfr", NULL},
    {"port-name", "vif_name", NULL},
    {"port-name", "tap", "none of vfr vif_name"},
    {"slow-probe", "yes", NULL},
    {"slow-probe", "no", NULL},
    {"slow-probe", "1", "none of no yes"},
    {"datapath-type", "netdev", NULL},
    {"datapath-type", "system", NULL},
    {"datapath-type", "linux", "none of netdev system"},
    {"datapath-type", "", "none of netdev system"},
    {"match", "*", NULL},
    {"match", "18f4:*", NULL},
    {"match", "18f4:051a", NULL},
    {"match", "18F4:051A", NULL},
    {"match", "0000:65:00.0", NULL},
    {"match", "18f4:*, 15b3:1017,0000:65:00.0 *", NULL},
    {"match", "", "empty"},
    {"match", " , ", "empty"},
    {"match", "18f4", "18f4"},
    {"match", "18f4:", "18f4:"},
    {"match", "18f:051a", "18f:051a"},
    {"match", "018f4:051a", "018f4:051a"},
    {"match", "18f4:51a", "18f4:51a"},
    {"match", "18f4:051a1", "18f4:051a1"},
    {"match", "18f4:051g", "18f4:051g"},
    {"match", "*:051a", "*:051a"},
    {"match", "18f4:05*", "18f4:05*"},
    {"match", "0x18f4:*", "0x18f4:*"},
    {"match", "0000:65:20.0", "0000:65:20.0"},
    {"match", "65:00.0", "65:00.0"},
    {"match", "*,*,*,*,*,*,*,*", NULL},
    {"match", "*,*,*,*,*,*,*,*,*", "more than 8"},
    {"options.n_rxq", "2", NULL},
    {"options.n_rxq", "", "needs a key"},
    {"options.", "2", "needs a key"},
    {"options." X16 X16 "0123456789abcde", "2", NULL},
    {"options." X16 X16 X16, "2", "needs a key"},
    {"options.dpdk-devargs", "x", "writes itself"},
    {"options.dpdk-vf-mac", "x", "writes itself"},
    {"options.vhost-server-path", "x", "writes itself"},
    {"option.n_rxq", "2", "not a setting"},
    {"colour", "blue", "not a setting"},
    {"", "", "not a setting"},
    {"Match", "*", "not a setting"},
};

static void test_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(settings); i++) {
        struct nic_profile profile;
        char why[256] = "before";
        char row[256];

        snprintf(row, sizeof row, "%s = %s", settings[i].key, settings[i].value);
        nic_profile_init(&profile, "new");
        CHECK_INT(row,
                  nic_profile_set(&profile, settings[i].key, settings[i].value, why, sizeof why),
                  settings[i].why == NULL);
        CHECK_HAS(row, why, settings[i].why ? settings[i].why : "");
    }
}

/* A profile whose devargs render to nothing can never plug: refused where it is configured. */
static void test_empty_devargs(void **state)
{
    struct nic_profile profile;
    char why[256];

    (void)state;
    nic_profile_init(&profile, "new");
    assert_false(nic_profile_set(&profile, "devargs", "", why, sizeof why));
}

static void set(struct nic_profile *profile, const char *key, const char *value)
{
    char why[256];

    CHECK(key, nic_profile_set(profile, key, value, why, sizeof why));
}

static void test_effects(void **state)
{
    struct nic_profile profile;

    (void)state;
    nic_profile_init(&profile, "napatech");
    set(&profile, "vf-number", "virtfn");
    assert_int_equal(profile.numbering, NIC_NUMBER_VIRTFN);
    set(&profile, "vf-number", "slot");
    assert_int_equal(profile.numbering, NIC_NUMBER_SLOT);
    set(&profile, "devargs", "{pf}");
    assert_string_equal(profile.devargs, "{pf}");
    set(&profile, "vhost-socket", "/run/x{vf}");
    assert_string_equal(profile.vhost_socket, "/run/x{vf}");
    set(&profile, "vhost-mode", "client");
    assert_int_equal(profile.vhost_mode, VHOST_MODE_CLIENT);
    set(&profile, "vhost-mode", "server");
    assert_int_equal(profile.vhost_mode, VHOST_MODE_SERVER);
    set(&profile, "set-vf-mac", "yes");
    assert_int_equal(profile.vf_mac, NIC_VF_MAC_YES);
    set(&profile, "set-vf-mac", "try");
    assert_int_equal(profile.vf_mac, NIC_VF_MAC_TRY);
    set(&profile, "set-vf-mac", "no");
    assert_int_equal(profile.vf_mac, NIC_VF_MAC_NO);
    set(&profile, "port-name", "vif_name");
    assert_int_equal(profile.port_name, NIC_PORT_VIF_NAME);
    set(&profile, "port-name", "vfr");
    assert_int_equal(profile.port_name, NIC_PORT_VFR);
    set(&profile, "slow-probe", "yes");
    assert_true(profile.slow_probe);
    set(&profile, "datapath-type", "netdev");
    assert_string_equal(profile.datapath_type, "netdev");
    /* A second match replaces the first. */
    set(&profile, "match", "15b3:1017, 0000:65:00.1");
    assert_int_equal(profile.n_matches, 2);
    assert_int_equal(profile.matches[0].type, NIC_MATCH_DEVICE);
    assert_int_equal(profile.matches[0].vendor, 0x15b3);
    assert_int_equal(profile.matches[0].device, 0x1017);
    assert_int_equal(profile.matches[1].type, NIC_MATCH_ADDRESS);
    assert_int_equal(profile.matches[1].address.function, 1);
    set(&profile, "vhost-socket", "");
    assert_string_equal(profile.vhost_socket, "");
}

static void test_options(void **state)
{
    struct nic_profile profile;
    char why[256];

    (void)state;
    nic_profile_init(&profile, "new");
    for (int i = 0; i < NIC_OPTIONS_MAX; i++) {
        char key[32];

        snprintf(key, sizeof key, "options.k%d", i);
        set(&profile, key, "first");
    }
    assert_false(nic_profile_set(&profile, "options.more", "1", why, sizeof why));
    set(&profile, "options.k0", "second"); /* Not one more. */
    assert_int_equal(profile.n_options, NIC_OPTIONS_MAX);
    assert_string_equal(profile.options[0].key, "k0");
    assert_string_equal(profile.options[0].value, "second");
    assert_string_equal(profile.options[1].value, "first");
}

static void test_find(void **state)
{
    static const char *const matches[] = {
        "*", "18f4:*", "18f4:051a", "0000:65:00.0", "18f4:051a,0000:66:00.1", "*"};
    static const struct {
        const char *row;
        size_t n; /* Of the profiles above, from the first on. */
        struct pci_addr pf;
        uint16_t vendor;
        uint16_t device;
        int found; /* -1: none. */
    } cases[] = {
        {"anything", 6, {0, 1, 0, 0}, 0x8086, 0x1572, 0},
        {"vendor", 6, {0, 1, 0, 0}, 0x18f4, 0x1572, 1},
        {"vendor and device", 6, {0, 1, 0, 0}, 0x18f4, 0x051a, 2},
        {"address", 6, {0, 0x65, 0, 0}, 0x18f4, 0x051a, 3},
        {"address of a foreign vendor", 6, {0, 0x65, 0, 0}, 0x8086, 0x1572, 3},
        {"another function", 6, {0, 0x65, 0, 1}, 0x18f4, 0x051a, 2},
        {"another domain", 6, {1, 0x65, 0, 0}, 0x18f4, 0x051a, 2},
        {"second pattern", 6, {0, 0x66, 0, 1}, 0x8086, 0x1572, 4},
        {"device id of another vendor", 6, {0, 1, 0, 0}, 0x8086, 0x051a, 0},
        {"fewer profiles", 2, {0, 0x65, 0, 0}, 0x18f4, 0x051a, 1},
        {"no profiles", 0, {0, 0x65, 0, 0}, 0x18f4, 0x051a, -1},
    };
    struct nic_profile profiles[N(matches)];

    (void)state;
    for (size_t i = 0; i < N(matches); i++) {
        nic_profile_init(&profiles[i], "p");
        set(&profiles[i], "match", matches[i]);
    }
    for (size_t i = 0; i < N(cases); i++) {
        const struct nic_profile *found =
            nic_profile_find(profiles, cases[i].n, &cases[i].pf, cases[i].vendor, cases[i].device);

        CHECK_INT(cases[i].row, found ? found - profiles : -1, cases[i].found);
    }
    assert_null(nic_profile_find(profiles + 1, 1, &cases[0].pf, 0x8086, 0x1572));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in),      cmocka_unit_test(test_settings),
        cmocka_unit_test(test_empty_devargs), cmocka_unit_test(test_effects),
        cmocka_unit_test(test_options),       cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
