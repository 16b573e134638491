/* SPDX-License-Identifier: Apache-2.0 */
#include "pci-tree.h"

#include "nic/nic.h"

/* All VFs of a bus from 00.4 on, as on Napatech's cards. */
#define WHOLE_BUS "pf=0000:65:00.0,vf=0000:65:00.4+252"
#define NAPATECH "pf=0000:65:00.0,vf=0000:65:00.4+8"
#define INTEL "pf=0000:17:00.0,vendor=8086,device=1592,vf=0000:17:01.0+16"

/* A fake /sys and the NIC module on it. */
struct tree {
    char root[PCI_TREE_ROOT_LEN];
    struct nic_profile profiles[4];
    size_t n_profiles;
    struct nic *nic;
};

/* `cards` in the words of pcitree.py. */
static void open_tree(struct tree *tree, const char *const cards[])
{
    pci_tree_make(tree->root, cards);
    nic_profile_init(&tree->profiles[0], "napatech");
    nic_profile_init(&tree->profiles[1], "generic");
    tree->n_profiles = 2;
    tree->nic = nic_create(tree->root, tree->profiles, tree->n_profiles);
}

static void close_tree(struct tree *tree)
{
    nic_destroy(tree->nic);
    pci_tree_remove(tree->root);
}

static void check_vf(struct tree *tree, const char *slot, int vf_num, const char *pf,
                     const char *socket)
{
    const struct pci_addr pf_addr = pci_addr_of(pf);
    const struct pci_addr vf_addr = pci_addr_of(slot);
    struct error error = {0};
    struct nic_vf vf;
    char devargs[64];

    (void)nic_resolve(tree->nic, &vf_addr, "vif.pci_slot", &vf, &error);
    CHECK_STR(slot, error.message, "");
    CHECK_INT(slot, vf.vf_num, vf_num);
    CHECK(slot, pci_addr_equal(&vf.pf, &pf_addr));
    CHECK(slot, pci_addr_equal(&vf.vf, &vf_addr));
    snprintf(devargs, sizeof devargs, "%s,representor=[%d]", pf, vf_num);
    CHECK_STR(slot, vf.devargs, devargs);
    CHECK_STR(slot, vf.vhost_socket, socket);
    CHECK_INT(slot, vf.vhost_mode, *socket ? VHOST_MODE_SERVER : VHOST_MODE_NONE);
}

static void check_refused(struct tree *tree, const char *slot, enum reason reason,
                          const char *error_text)
{
    const struct pci_addr vf_addr = pci_addr_of(slot);
    struct error error = {0};
    struct nic_vf vf;

    CHECK(slot, !nic_resolve(tree->nic, &vf_addr, "vif.pci_slot", &vf, &error));
    CHECK_STR(slot, reason_name(error.reason), reason_name(reason));
    CHECK_STR(slot, error.field, "vif.pci_slot");
    CHECK_HAS(slot, error.message, error_text);
}

static void test_napatech_numbers(void **state)
{
    static const struct {
        const char *slot;
        int vf_num;
    } rows[] = {
        {"0000:65:00.4", 4},   {"0000:65:00.7", 7},   {"0000:65:01.0", 8},   {"0000:65:01.2", 10},
        {"0000:65:01.7", 15},  {"0000:65:02.0", 16},  {"0000:65:09.7", 79},  {"0000:65:0a.0", 80},
        {"0000:65:0f.7", 127}, {"0000:65:10.0", 128}, {"0000:65:1a.5", 213}, {"0000:65:1f.7", 255},
    };
    static const char *const cards[] = {WHOLE_BUS, NULL};
    struct tree tree;

    (void)state;
    open_tree(&tree, cards);
    tree.profiles[0].has_vf_range = false;
    for (size_t i = 0; i < N(rows); i++) {
        char socket[64];

        snprintf(socket, sizeof socket, "/usr/local/var/run/stdvio%d", rows[i].vf_num);
        check_vf(&tree, rows[i].slot, rows[i].vf_num, "0000:65:00.0", socket);
    }
    close_tree(&tree);
}

/* By default the ids of the published driver. */
static void test_range(void **state)
{
    static const char *const cards[] = {
        "pf=0000:65:00.0,vf=0000:65:00.1+80",
        "pf=0000:17:00.0,vendor=8086,device=1592,vf=0000:17:01.0+16", NULL};
    struct tree tree;
    char why[256];

    (void)state;
    open_tree(&tree, cards);
    check_refused(&tree, "0000:65:00.1", REASON_DEVICE_NOT_FOUND, "has number 1, but");
    check_vf(&tree, "0000:65:00.2", 2, "0000:65:00.0", "/usr/local/var/run/stdvio2");
    check_vf(&tree, "0000:65:08.7", 71, "0000:65:00.0", "/usr/local/var/run/stdvio71");
    check_refused(&tree, "0000:65:09.0", REASON_DEVICE_NOT_FOUND,
                  "VF 0000:65:09.0 has number 72, but the driver of NIC profile 'napatech' has "
                  "representors for numbers 2 to 71 only; use another VF, or correct vf-range");
    assert_true(nic_profile_set(&tree.profiles[0], "vf-range", "any", why, sizeof why));
    check_vf(&tree, "0000:65:09.0", 72, "0000:65:00.0", "/usr/local/var/run/stdvio72");
    /* With both rules for numbers. */
    check_vf(&tree, "0000:17:01.0", 0, "0000:17:00.0", "");
    assert_true(nic_profile_set(&tree.profiles[1], "vf-range", "1-3", why, sizeof why));
    check_refused(&tree, "0000:17:01.0", REASON_DEVICE_NOT_FOUND, "has number 0");
    check_vf(&tree, "0000:17:01.3", 3, "0000:17:00.0", "");
    check_refused(&tree, "0000:17:01.4", REASON_DEVICE_NOT_FOUND, "has number 4");
    close_tree(&tree);
}

static void test_generic_numbers(void **state)
{
    /* virtfn numbers continue from one range to the next, on any bus. */
    static const char *const cards[] = {INTEL ",vf=0000:18:00.0+8", NULL};
    struct tree tree;

    (void)state;
    open_tree(&tree, cards);
    check_vf(&tree, "0000:17:01.0", 0, "0000:17:00.0", "");
    check_vf(&tree, "0000:17:01.7", 7, "0000:17:00.0", "");
    check_vf(&tree, "0000:17:02.0", 8, "0000:17:00.0", "");
    check_vf(&tree, "0000:17:02.7", 15, "0000:17:00.0", "");
    check_vf(&tree, "0000:18:00.0", 16, "0000:17:00.0", "");
    check_vf(&tree, "0000:18:00.7", 23, "0000:17:00.0", "");
    close_tree(&tree);
}

static void test_refused(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+4,vf=0000:66:00.0+2",
                                        "pf=0000:17:00.0,vendor=8086,device=1592", NULL};
    struct tree tree;

    (void)state;
    open_tree(&tree, cards);
    check_vf(&tree, "0000:65:00.4", 4, "0000:65:00.0", "/usr/local/var/run/stdvio4");
    check_refused(&tree, "0000:65:01.0", REASON_DEVICE_NOT_FOUND, "no PCI device 0000:65:01.0");
    check_refused(&tree, "0001:65:00.4", REASON_DEVICE_NOT_FOUND, "no PCI device");
    check_refused(&tree, "0000:65:00.0", REASON_DEVICE_NOT_FOUND, "not a VF");
    check_refused(&tree, "0000:17:00.0", REASON_DEVICE_NOT_FOUND, "not a VF");
    check_refused(&tree, "0000:66:00.0", REASON_DEVICE_NOT_FOUND, "another bus");
    /* The other rule gives the same VF a number. */
    tree.profiles[0].numbering = NIC_NUMBER_VIRTFN;
    check_vf(&tree, "0000:66:00.1", 5, "0000:65:00.0", "/usr/local/var/run/stdvio5");
    close_tree(&tree);
}

static void test_broken(void **state)
{
    static const struct {
        const char *what;
        const char *error_text;
    } rows[] = {
        {"no-virtfn", "does not list it"},
        {"no-physfn", "not a VF"},
        {"no-vendor", "No NIC profile matches PF 0000:65:00.0"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char card[96];
        const char *const cards[] = {card, NULL};
        struct tree tree;

        snprintf(card, sizeof card, "pf=0000:65:00.0,vf=0000:65:00.4+4,broken=%s", rows[i].what);
        open_tree(&tree, cards);
        check_refused(&tree, "0000:65:00.4", REASON_DEVICE_NOT_FOUND, rows[i].error_text);
        close_tree(&tree);
    }
}

static void test_no_profile(void **state)
{
    static const char *const cards[] = {NAPATECH, INTEL, NULL};
    const struct pci_addr pf = {0, 0x17, 0, 0};
    struct tree tree;
    struct nic_vf vf;

    (void)state;
    open_tree(&tree, cards);
    nic_set_profiles(tree.nic, tree.profiles, 1); /* Only napatech. */
    check_vf(&tree, "0000:65:00.4", 4, "0000:65:00.0", "/usr/local/var/run/stdvio4");
    check_refused(&tree, "0000:17:01.0", REASON_DEVICE_NOT_FOUND, "No NIC profile");
    assert_false(nic_describe(tree.nic, &pf, 0, &vf));
    nic_set_profiles(tree.nic, tree.profiles,
                     2); /* Takes effect immediately, although the PFs are cached. */
    assert_true(nic_describe(tree.nic, &pf, 0, &vf));
    close_tree(&tree);
}

static void test_no_sysfs(void **state)
{
    const struct pci_addr pf = {0, 0x65, 0, 0};
    struct nic_profile profile;
    struct tree tree;
    struct nic_vf vf;

    (void)state;
    nic_profile_init(&profile, "napatech");
    tree.nic = nic_create("/nonexistent", &profile, 1);
    check_refused(&tree, "0000:65:00.4", REASON_DEVICE_NOT_FOUND, "no PCI device");
    assert_false(nic_describe(tree.nic, &pf, 4, &vf));
    nic_destroy(tree.nic);
}

static void test_two_cards(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+8",
                                        "pf=0000:b3:00.0,vf=0000:b3:00.4+4", NULL};
    struct tree tree;

    (void)state;
    open_tree(&tree, cards);
    check_refused(&tree, "0000:65:00.4", REASON_SOCKET_MISMATCH, "0000:b3:00.4");
    check_refused(&tree, "0000:b3:00.7", REASON_SOCKET_MISMATCH, "0000:65:00.7");
    /* The second card has no VF of that number. */
    check_vf(&tree, "0000:65:01.0", 8, "0000:65:00.0", "/usr/local/var/run/stdvio8");
    strcpy(tree.profiles[0].vhost_socket, "/run/{pf_bus}/stdvio{vf}");
    nic_set_profiles(tree.nic, tree.profiles, tree.n_profiles);
    check_vf(&tree, "0000:65:00.4", 4, "0000:65:00.0", "/run/65/stdvio4");
    check_vf(&tree, "0000:b3:00.4", 4, "0000:b3:00.0", "/run/b3/stdvio4");
    /* Cards that serve no socket share none. */
    tree.profiles[0].vhost_socket[0] = '\0';
    check_vf(&tree, "0000:65:00.4", 4, "0000:65:00.0", "");
    close_tree(&tree);
}

static void test_own_profile(void **state)
{
    static const char *const cards[] = {NAPATECH, NULL};
    const struct pci_addr slot = {0, 0x65, 1, 2};
    struct error error = {0};
    struct tree tree;
    struct nic_vf vf;
    char why[128];

    (void)state;
    open_tree(&tree, cards);
    nic_profile_init(&tree.profiles[2], "mine");
    nic_profile_set(&tree.profiles[2], "match", "0000:65:00.0", why, sizeof why);
    nic_profile_set(&tree.profiles[2], "vhost-socket", "/run/{vf_pci}", why, sizeof why);
    nic_profile_set(&tree.profiles[2], "vhost-mode", "client", why, sizeof why);
    nic_set_profiles(tree.nic, tree.profiles, 3);
    assert_true(nic_resolve(tree.nic, &slot, "f", &vf, &error));
    assert_ptr_equal(vf.profile, &tree.profiles[2]);
    assert_int_equal(vf.vf_num, 6); /* virtfn6: the seventh from 00.4 on. */
    assert_string_equal(vf.vhost_socket, "/run/0000:65:01.2");
    assert_int_equal(vf.vhost_mode, VHOST_MODE_CLIENT);
    close_tree(&tree);
}

/* Templates that fail only for some VFs (or that nothing checked before). */
static void test_bad_templates(void **state)
{
    static const struct {
        const char *devargs;
        const char *socket;
        const char *error_text;
    } rows[] = {
        {"{pf},representor=[{vf}]", "run/stdvio{vf}", "vhost-socket"},
        {"{pf},representor=[{vf}]", "/run/../stdvio{vf}", "vhost-socket"},
        {"{pf},representor=[{vf}]",
         "/run/0123456789012345678901234567890123456789/0123456789012345678901234567"
         "890123456789012345678901234567890123456789/{vf}",
         "vhost-socket"},
        {"{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}{pf}",
         "", "devargs"},
    };
    static const char *const cards[] = {NAPATECH, NULL};
    struct tree tree;

    (void)state;
    open_tree(&tree, cards);
    for (size_t i = 0; i < N(rows); i++) {
        strcpy(tree.profiles[0].devargs, rows[i].devargs);
        strcpy(tree.profiles[0].vhost_socket, rows[i].socket);
        check_refused(&tree, "0000:65:00.4", REASON_INVALID_REQUEST, rows[i].error_text);
    }
    close_tree(&tree);
}

/* Cards for which DPDK counts other devices before VF 0. */
static void test_vf_base(void **state)
{
    static const char *const cards[] = {INTEL, NULL};
    const struct pci_addr pf = {0, 0x17, 0, 0};
    struct tree tree;
    struct nic_vf vf;
    char why[128];

    (void)state;
    open_tree(&tree, cards);
    assert_true(nic_profile_set(&tree.profiles[1], "vf-number", "virtfn+3", why, sizeof why));
    check_vf(&tree, "0000:17:01.0", 3, "0000:17:00.0", "");
    check_vf(&tree, "0000:17:02.7", 18, "0000:17:00.0", "");
    assert_false(nic_describe(tree.nic, &pf, 2, &vf));
    assert_true(nic_describe(tree.nic, &pf, 3, &vf));
    assert_int_equal(vf.vf.device, 1);
    assert_true(nic_describe(tree.nic, &pf, 18, &vf));
    assert_false(nic_describe(tree.nic, &pf, 19, &vf));
    close_tree(&tree);
}

/* An unknown number is an error. */
static void test_no_number(void **state)
{
    static const char *const cards[] = {INTEL, NULL};
    const struct pci_addr pf = {0, 0x17, 0, 0};
    struct tree tree;
    struct nic_vf vf;
    char why[128];

    (void)state;
    open_tree(&tree, cards);
    assert_true(nic_profile_set(&tree.profiles[1], "vf-number", "none", why, sizeof why));
    check_refused(&tree, "0000:17:01.0", REASON_DEVICE_NOT_FOUND,
                  "NIC profile 'generic' cannot tell the number of VF 0000:17:01.0");
    assert_false(nic_describe(tree.nic, &pf, 0, &vf));
    close_tree(&tree);
}

/* A removed VF is not found any more; nor does it block another card's VF any more. */
static void test_fresh(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+8",
                                        "pf=0000:b3:00.0,vf=0000:b3:00.4+4", NULL};
    struct tree tree;

    (void)state;
    open_tree(&tree, cards);
    check_refused(&tree, "0000:65:00.6", REASON_SOCKET_MISMATCH, "0000:b3:00.6");
    pci_tree_unlink(tree.root, "0000:b3:00.6", "physfn");
    check_vf(&tree, "0000:65:00.6", 6, "0000:65:00.0", "/usr/local/var/run/stdvio6");
    check_vf(&tree, "0000:65:01.0", 8, "0000:65:00.0", "/usr/local/var/run/stdvio8");
    pci_tree_unlink(tree.root, "0000:65:00.0", "virtfn4");
    check_refused(&tree, "0000:65:01.0", REASON_DEVICE_NOT_FOUND, "does not list it");
    pci_tree_unlink(tree.root, "0000:65:01.0", "physfn");
    check_refused(&tree, "0000:65:01.0", REASON_DEVICE_NOT_FOUND, "not a VF");
    close_tree(&tree);
}

/* Another card replaces a known one, and a new one appears. */
static void test_another_card(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+8", NULL};
    static const char *const others[] = {
        "pf=0000:65:00.0,vendor=15b3,device=101d,vf=0000:65:00.4+8", NULL};
    struct nic_vf vf;
    struct error error;
    struct pci_addr slot = pci_addr_of("0000:65:00.6");
    struct tree tree;

    (void)state;
    open_tree(&tree, cards);
    check_vf(&tree, "0000:65:00.6", 6, "0000:65:00.0", "/usr/local/var/run/stdvio6");
    check_vf(&tree, "0000:65:00.6", 6, "0000:65:00.0", "/usr/local/var/run/stdvio6");
    pci_tree_remake(tree.root, others);
    assert_true(nic_resolve(tree.nic, &slot, "", &vf, &error));
    assert_string_equal(vf.profile->name, "generic");
    close_tree(&tree);
}

/* Two templates can give the same text for two different numbers. */
static void test_sockets_of_two_profiles(void **state)
{
    static const struct {
        const char *ours;
        const char *theirs;
        const char *other; /* The VF of the other card; NULL: none. */
    } rows[] = {
        {"/run/s{vf}", "/run/s{vf}", NULL}, /* It has no VF of that number. */
        {"/run/s{vf}", "/run/s1{vf}", "0000:b3:00.4"},
        {"/run/s{vf}", "/run/s{vf}4", NULL},
        {"/run/s{vf}", "/run/{vf}", NULL},
        {"/run/{vf}", "/run/1{vf}", "0000:b3:00.4"},
        {"/run/a{vf}", "/run/b{vf}", NULL},
        {"/run/{pf_bus}/{vf}", "/run/65/1{vf}", "0000:b3:00.4"},
        {"/run/{vf_pci}", "/run/{vf_pci}", NULL},
        {"/run/s{vf}", "", NULL},
    };
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+12",
                                        "pf=0000:b3:00.0,device=051c,vf=0000:b3:00.4+4", NULL};
    struct tree tree;
    char why[128];

    (void)state;
    open_tree(&tree, cards);
    nic_profile_init(&tree.profiles[2], "other");
    assert_true(nic_profile_set(&tree.profiles[2], "match", "18f4:051c", why, sizeof why));
    assert_true(nic_profile_set(&tree.profiles[2], "vf-number", "slot", why, sizeof why));
    nic_set_profiles(tree.nic, tree.profiles, 3);
    for (size_t i = 0; i < N(rows); i++) {
        struct pci_addr slot = pci_addr_of("0000:65:01.6"); /* Number 14. */
        struct error error = {0};
        struct nic_vf vf;

        strcpy(tree.profiles[0].vhost_socket, rows[i].ours);
        strcpy(tree.profiles[2].vhost_socket, rows[i].theirs);
        CHECK_INT(rows[i].theirs, nic_resolve(tree.nic, &slot, "f", &vf, &error), !rows[i].other);
        CHECK_HAS(rows[i].theirs, error.message, rows[i].other ? rows[i].other : "");
    }
    close_tree(&tree);
}

/* nic_describe() is the inverse of nic_resolve() for every VF, and knows no others. */
static void test_describe(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+28",
                                        INTEL ",vf=0000:18:00.0+2", NULL};
    static const struct {
        const char *pf;
        int first;
        int last;
        bool sockets;
    } rows[] = {{"0000:65:00.0", 4, 31, true}, {"0000:17:00.0", 0, 17, false}};
    const struct pci_addr foreign = {0, 0x66, 0, 0};
    struct tree tree;
    struct nic_vf vf;

    (void)state;
    open_tree(&tree, cards);
    for (size_t i = 0; i < N(rows); i++) {
        const struct pci_addr pf = pci_addr_of(rows[i].pf);

        CHECK_INT(rows[i].pf, nic_has_sockets(tree.nic, &pf), rows[i].sockets);
        for (int vf_num = -1; vf_num <= 256; vf_num++) {
            bool there = vf_num >= rows[i].first && vf_num <= rows[i].last;
            struct error error = {0};
            struct nic_vf again;

            CHECK_INT(rows[i].pf, nic_describe(tree.nic, &pf, vf_num, &vf), there);
            if (there) {
                CHECK(rows[i].pf, nic_resolve(tree.nic, &vf.vf, "f", &again, &error));
                CHECK_INT(rows[i].pf, again.vf_num, vf_num);
                CHECK(rows[i].pf, pci_addr_equal(&again.pf, &pf));
                CHECK_STR(rows[i].pf, again.devargs, vf.devargs);
                CHECK_STR(rows[i].pf, again.vhost_socket, vf.vhost_socket);
            }
        }
    }
    assert_false(nic_describe(tree.nic, &foreign, 4, &vf));
    assert_false(nic_has_sockets(tree.nic, &foreign));
    close_tree(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_napatech_numbers), cmocka_unit_test(test_range),
        cmocka_unit_test(test_generic_numbers),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_broken),           cmocka_unit_test(test_no_profile),
        cmocka_unit_test(test_no_sysfs),         cmocka_unit_test(test_two_cards),
        cmocka_unit_test(test_own_profile),      cmocka_unit_test(test_bad_templates),
        cmocka_unit_test(test_describe),         cmocka_unit_test(test_vf_base),
        cmocka_unit_test(test_no_number),        cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_another_card),     cmocka_unit_test(test_sockets_of_two_profiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
