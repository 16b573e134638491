/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "nic/nic-profile.h"

#include <stdio.h>

#define X16 "0123456789abcdef"
#define X160 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16

static void test_built_in(void **state)
{
    static const struct {
        const char *name;
        uint16_t vendors[3]; /* Ends with 0; empty: *. */
        enum nic_numbering numbering;
        const char *devargs;
        const char *socket;
        enum nic_vf_mac vf_mac;
    } expected[] = {
        {"napatech",
         {0x18f4},
         NIC_NUMBER_SLOT,
         "{pf},representor=[{vf}]",
         "/usr/local/var/run/stdvio{vf}",
         NIC_VF_MAC_NO},
        {"mlx5", {0x15b3}, NIC_NUMBER_VIRTFN, "{pf},representor=vf[{vf}]", "", NIC_VF_MAC_TRY},
        {"bnxt", {0x14e4}, NIC_NUMBER_VIRTFN, "{pf},representor=[{vf}]", "", NIC_VF_MAC_NO},
        {"nfp", {0x19ee, 0x1da8}, NIC_NUMBER_NONE, "{pf},representor=[{vf}]", "", NIC_VF_MAC_NO},
        {"generic", {0}, NIC_NUMBER_VIRTFN, "{pf},representor=[{vf}]", "", NIC_VF_MAC_TRY},
    };
    static struct nic_profile profiles[NIC_PROFILES_MAX];

    (void)state;
    assert_int_equal(nic_profiles_init(profiles), N(expected));
    for (size_t i = 0; i < N(expected); i++) {
        const char *row = expected[i].name;
        struct nic_profile alone;
        size_t n = 0;

        nic_profile_init(&alone, row);
        assert_memory_equal(&alone, &profiles[i], sizeof alone);
        CHECK_STR(row, alone.name, row);
        for (; expected[i].vendors[n]; n++) {
            CHECK_INT(row, alone.matches[n].type, NIC_MATCH_VENDOR);
            CHECK_INT(row, alone.matches[n].vendor, expected[i].vendors[n]);
        }
        CHECK_INT(row, alone.n_matches, n ? n : 1);
        CHECK(row, n || alone.matches[0].type == NIC_MATCH_ANY);
        CHECK_INT(row, alone.numbering, expected[i].numbering);
        CHECK_INT(row, alone.vf_base, 0);
        CHECK_STR(row, alone.devargs, expected[i].devargs);
        CHECK_STR(row, alone.vhost_socket, expected[i].socket);
        CHECK_INT(row, alone.vhost_mode, VHOST_MODE_SERVER);
        CHECK_INT(row, alone.vf_mac, expected[i].vf_mac);
        CHECK_INT(row, alone.port_name, NIC_PORT_VFR);
        CHECK_INT(row, alone.n_options, 0);
        CHECK(row, !alone.slow_probe);
        CHECK_INT(row, alone.has_vf_range, !strcmp(row, "napatech"));
        CHECK_INT(row, alone.representors,
                  strcmp(row, "napatech") ? NIC_REPRESENTORS_ANY_TIME : NIC_REPRESENTORS_WITH_VFS);
    }
}

/* A new profile starts with the values of generic, without a match. */
static void test_new(void **state)
{
    struct nic_profile generic;
    struct nic_profile other;

    (void)state;
    nic_profile_init(&generic, "generic");
    nic_profile_init(&other, "other");
    assert_string_equal(other.name, "other");
    assert_int_equal(other.n_matches, 0);
    strcpy(other.name, "generic");
    other.n_matches = 1; /* The first match is *, like a match of zeros. */
    assert_memory_equal(&other, &generic, sizeof other);
}

static const struct {
    const char *key;
    const char *value;
    const char *why; /* Part of the error; NULL: accepted. */
} settings[] = {
    {"vf-number", "slot", NULL},
    {"vf-number", "virtfn", NULL},
    {"vf-number", "virtfn+0", NULL},
    {"vf-number", "virtfn+3", NULL},
    {"vf-number", "virtfn+255", NULL},
    {"vf-number", "none", NULL},
    {"vf-number", "virtfn+256", "needs a number N from 0 to 255"},
    {"vf-number", "virtfn+", "needs a number"},
    {"vf-number", "virtfn+N", "needs a number"},
    {"vf-number", "virtfn+-1", "needs a number"},
    {"vf-number", "virtfn+ 1", "needs a number"},
    {"vf-number", "virtfn+1x", "needs a number"},
    {"vf-number", "virtfn+99999999999999999999", "needs a number"},
    {"vf-number", "virtfn-1", "none of slot virtfn"},
    {"vf-number", "index", "none of slot virtfn"},
    {"vf-number", "", "none of slot virtfn"},
    {"vf-number", "Slot", "none of slot virtfn"},
    {"vf-range", "any", NULL},
    {"vf-range", "2-71", NULL},
    {"vf-range", "0-0", NULL},
    {"vf-range", "0-65535", NULL},
    {"vf-range", "0-65536", "neither any nor FIRST-LAST"},
    {"vf-range", "3-2", "neither any nor FIRST-LAST"},
    {"vf-range", "2", "neither any nor FIRST-LAST"},
    {"vf-range", "2-", "neither any nor FIRST-LAST"},
    {"vf-range", "-2", "neither any nor FIRST-LAST"},
    {"vf-range", "2--3", "neither any nor FIRST-LAST"},
    {"vf-range", "2-3x", "neither any nor FIRST-LAST"},
    {"vf-range", "2 - 3", "neither any nor FIRST-LAST"},
    {"vf-range", "2-3-4", "neither any nor FIRST-LAST"},
    {"vf-range", "00000000002-4294967298", "neither any nor FIRST-LAST"},
    {"vf-range", "", "neither any nor FIRST-LAST"},
    {"representors", "any-time", NULL},
    {"representors", "with-pf", NULL},
    {"representors", "with-vfs", NULL},
    {"representors", "yes", "none of any-time with-pf with-vfs"},
    {"devargs", "{pf},representor={vf}", NULL},
    {"devargs", "{pf},representor=vf{vf}", NULL},
    {"devargs", "pci:{pf},representor=[{vf}]", NULL},
    {"devargs", "{pf},a=1,representor=vf[{vf}],b=[1,2]", NULL},
    {"devargs", "{pf},representor=pf{pf_index}vf[{vf}]", NULL},
    {"devargs", "{pf_primary},representor=pf[{pf_index}]vf[{vf}]", NULL},
    {"devargs", "0000:17:00.0,representor=[{vf}]", NULL}, /* Only for that PF. */
    {"devargs", "17:00.0,representor=[{vf}]", NULL},
    {"devargs", "", "is empty"},
    {"devargs", "{vf}", "not of the form"},
    {"devargs", "net_null{vf}", "not of the form"},
    {"devargs", "class=eth,mac=00:11:22:33:44:55", "not of the form"},
    {"devargs", "{pf},representor=[{vf}", "not of the form"},
    {"devargs", "{pf},representor=x{vf}", "not of the form"},
    {"devargs", "{pf}", "names no VF"},
    {"devargs", "{pf},vf={vf}", "names no VF"},
    {"devargs", "{pf},representor=sf{vf}", "names no VF"},
    {"devargs", "{pf},representor=pf{pf_index}", "names no VF"},
    {"devargs", "{pf},representor=[3]", "others than that VF"},
    {"devargs", "{pf},representor=[{vf},3]", "others than that VF"},
    {"devargs", "{pf},representor=[0-{vf}]", "others than that VF"},
    {"devargs", "{pf},representor=1{vf}", "others than that VF"},
    {"devargs", "{pf_primary},representor=pf[0,1]vf[{vf}]", "others than that VF"},
    {"devargs", "{pf_primary},representor=[{vf}]", "another PF"},
    {"devargs", "{pf},representor=pf0vf[{vf}]", "another PF"},
    {"devargs", "{vf_pci},representor=[{vf}]", "another PF"},
    {"devargs", "{pf},representor=[{vf]", "unmatched"},
    {"devargs", "{pf},representor=[vf}]", "unmatched"},
    {"devargs", "{port}", "unknown variable"},
    {"devargs",
     "{pf},representor=[{vf}],{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}"
     "{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}012345",
     NULL}, /* 255 bytes with VF number 65535. */
    {"devargs",
     "{pf},representor=[{vf}],{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}"
     "{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}0123456",
     "longer than 255 bytes once it is filled in"},
    {"devargs", X160 "x", "longer than 160"},
    {"vhost-socket", "/run/{pf_bus}-{vf}", NULL},
    {"vhost-socket", "/run/{vf_pci}", NULL},
    {"vhost-socket", "/run/stdvio", "same socket for every VF"},
    {"vhost-socket", "/run/{pf_bus}/{pf}", "same socket for every VF"},
    {"vhost-socket", "run/{vf}", "not an absolute path"},
    {"vhost-socket", "/run/../{vf}", "not an absolute path"},
    {"vhost-socket", "/" X16 X16 X16 X16 X16 X16 "01234{vf}", NULL}, /* 107 bytes with 65535. */
    {"vhost-socket", "/" X16 X16 X16 X16 X16 X16 "012345{vf}", "not an absolute path"},
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
    {"match", "18f4:01c5", NULL},
    {"match", "18F4:051A", NULL},
    {"match", "0000:65:00.0", NULL},
    {"match", "18f4:*, 15b3:1017,0000:65:00.0 *", NULL},
    {"match", "", "empty"},
    {"match", " , ", "empty"},
    {"match", "18f4", "18f4"},
    {"match", "18f4:", "18f4:"},
    {"match", "18f:01c5", "18f:01c5"},
    {"match", "018f4:01c5", "018f4:01c5"},
    {"match", "18f4:51a", "18f4:51a"},
    {"match", "18f4:01c51", "18f4:01c51"},
    {"match", "18f4:051g", "18f4:051g"},
    {"match", "*:01c5", "*:01c5"},
    {"match", "18f4:05*", "18f4:05*"},
    {"match", "0x18f4:*", "0x18f4:*"},
    {"match", "0000:65:20.0", "0000:65:20.0"},
    {"match", "65:00.0", "65:00.0"},
    {"match", "*,*,*,*,*,*,*,*", NULL},
    {"match", "*,*,*,*,*,*,*,*,*", "more than 8"},
    {"options.n_rxq", "2", NULL},
    {"options.n_rxq", "", "needs a key"},
    {"options.n_rxq", "1", NULL},
    {"options.n_rxq", "0", "must be a number from 1 on, not '0'"},
    {"options.n_rxq", "-1", "must be a number"},
    {"options.n_rxq", "+1", "must be a number"},
    {"options.n_rxq", "2 ", "must be a number"},
    {"options.n_rxq", "two", "must be a number"},
    {"options.n_rxq", "2147483647", NULL},
    {"options.n_rxq", "2147483648", "must be a number"},
    {"options.n_rxq", "99999999999999999999", "must be a number"},
    {"options.n_rxq_desc", "1", NULL},
    {"options.n_rxq_desc", "4096", NULL},
    {"options.n_rxq_desc", "8192", "must be a power of 2 from 1 to 4096"},
    {"options.n_rxq_desc", "1000", "must be a power of 2"},
    {"options.n_rxq_desc", "0", "must be a power of 2"},
    {"options.n_txq_desc", "2048", NULL},
    {"options.n_txq_desc", "2047", "must be a power of 2"},
    {"options.rx-flow-ctrl", "true", NULL},
    {"options.rx-flow-ctrl", "false", NULL},
    {"options.rx-flow-ctrl", "yes", "must be true or false, not 'yes'"},
    {"options.rx-flow-ctrl", "True", "must be true or false"},
    {"options.tx-flow-ctrl", "true", NULL},
    {"options.tx-flow-ctrl", "1", "must be true or false"},
    {"options.flow-ctrl-autoneg", "false", NULL},
    {"options.flow-ctrl-autoneg", "on", "must be true or false"},
    {"options.dpdk-lsc-interrupt", "true", NULL},
    {"options.dpdk-lsc-interrupt", "no", "must be true or false"},
    {"options.of-the-future", "whatever it takes", NULL},
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
    set(&profile, "vf-number", "virtfn+3");
    assert_int_equal(profile.numbering, NIC_NUMBER_VIRTFN);
    assert_int_equal(profile.vf_base, 3);
    set(&profile, "vf-number", "none");
    assert_int_equal(profile.numbering, NIC_NUMBER_NONE);
    assert_int_equal(profile.vf_base, 0);
    assert_int_equal(profile.vf_min, 2);
    assert_int_equal(profile.vf_max, 71);
    set(&profile, "vf-range", "4-66");
    assert_int_equal(profile.vf_min, 4);
    assert_int_equal(profile.vf_max, 66);
    set(&profile, "vf-range", "any");
    assert_false(profile.has_vf_range);
    set(&profile, "representors", "with-pf");
    assert_int_equal(profile.representors, NIC_REPRESENTORS_WITH_PF);
    set(&profile, "representors", "any-time");
    assert_int_equal(profile.representors, NIC_REPRESENTORS_ANY_TIME);
    set(&profile, "devargs", "{pf},representor=vf{vf}");
    assert_string_equal(profile.devargs, "{pf},representor=vf{vf}");
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
    set(&profile, "options.k0", "second"); /* Replaces the first. */
    assert_int_equal(profile.n_options, NIC_OPTIONS_MAX);
    assert_string_equal(profile.options[0].key, "k0");
    assert_string_equal(profile.options[0].value, "second");
    assert_string_equal(profile.options[1].value, "first");
}

static void test_find(void **state)
{
    static const char *const matches[] = {
        "*", "18f4:*", "18f4:01c5", "0000:65:00.0", "18f4:01c5,0000:66:00.1", "*"};
    static const struct {
        const char *row;
        size_t n; /* How many of the profiles above are used. */
        struct pci_addr pf;
        uint16_t vendor;
        uint16_t device;
        int found; /* -1: none. */
    } cases[] = {
        {"anything", 6, {0, 1, 0, 0}, 0x8086, 0x1572, 0},
        {"vendor", 6, {0, 1, 0, 0}, 0x18f4, 0x1572, 1},
        {"vendor and device", 6, {0, 1, 0, 0}, 0x18f4, 0x01c5, 2},
        {"address", 6, {0, 0x65, 0, 0}, 0x18f4, 0x01c5, 3},
        {"address of a foreign vendor", 6, {0, 0x65, 0, 0}, 0x8086, 0x1572, 3},
        {"another function", 6, {0, 0x65, 0, 1}, 0x18f4, 0x01c5, 2},
        {"another domain", 6, {1, 0x65, 0, 0}, 0x18f4, 0x01c5, 2},
        {"second pattern", 6, {0, 0x66, 0, 1}, 0x8086, 0x1572, 4},
        {"device id of another vendor", 6, {0, 1, 0, 0}, 0x8086, 0x01c5, 0},
        {"fewer profiles", 2, {0, 0x65, 0, 0}, 0x18f4, 0x01c5, 1},
        {"no profiles", 0, {0, 0x65, 0, 0}, 0x18f4, 0x01c5, -1},
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
        cmocka_unit_test(test_built_in), cmocka_unit_test(test_new),
        cmocka_unit_test(test_settings), cmocka_unit_test(test_effects),
        cmocka_unit_test(test_options),  cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
