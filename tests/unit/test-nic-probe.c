/* SPDX-License-Identifier: Apache-2.0 */
/* Whether vswitchd has a VF's representor, according to the dpdk-extra it was started with. */

#include "nic/nic-probe.h"

#include "pci-tree.h"

#define PF "-a 0000:65:00.0"
#define STEP "name the PF with the ids and each of these VFs"

static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+8",
                                    "pf=0000:b3:00.0,vf=0000:b3:00.4+2", NULL};

/* The rows are for VF 0000:65:01.2 of the first card: number 10, its seventh VF. */
static const struct {
    const char *representors;
    const char *started;    /* dpdk-extra of the running vswitchd... */
    const char *now;        /* ...and in OVSDB; NULL: the same. */
    const char *error_text; /* A part of the refusal; NULL: none. */
} rows[] = {
    {"any-time", "", NULL, NULL},
    {"any-time", PF, NULL, NULL},
    {"any-time", PF ",representor=[4] -a 65:00.4", NULL, NULL},
    {"with-pf", PF ",representor=[4-10]", NULL, NULL},
    {"with-pf", PF ",representor=[10,4]", NULL, NULL},
    {"with-pf", PF ",representor=[4-9,11]", NULL, "has no id for VF 0000:65:01.2"},
    {"with-pf", PF ",representor=[4-9,11]", NULL, "name the PF with -a and 10 in its"},
    {"with-pf", PF ",representor=[4-9]", PF ",representor=[4-10]", "it has been corrected since"},
    {"with-pf", PF, NULL, "names PF 0000:65:00.0 without representor=[..]"},
    {"with-pf", "", NULL, "does not name PF 0000:65:00.0"},
    {"with-pf", "-a 65:01.2", NULL, "does not name PF 0000:65:00.0"},
    {"with-vfs", PF ",representor=[10] -a 65:01.2", NULL, NULL},
    {"with-vfs", "-a 65:01.2 " PF ",representor=[10]", NULL, NULL},
    {"with-vfs", PF ",representor=[4,10] -a 65:00.4 -a 65:01.2", NULL, NULL},
    {"with-vfs", PF ",representor=[4,10,11] -a 65:01.3 -a 65:01.2 -a 65:00.4", NULL, NULL},
    /* VFs of another PF, and other devices, do not count in the order. */
    {"with-vfs", PF ",representor=[10] -a 65:01.2 -a 0:00.1 -a b3:00.4", NULL, NULL},
    {"with-vfs", "", NULL, "does not name PF 0000:65:00.0, so it has no representor for VF"},
    {"with-vfs", "-a 65:01.2", NULL, "does not name PF 0000:65:00.0"},
    {"with-vfs", PF " -a 65:01.2", NULL, "names PF 0000:65:00.0 without representor=[..]"},
    {"with-vfs", PF ",representor=[10]", NULL, "does not name VF 0000:65:01.2"},
    {"with-vfs", PF ",representor=[10]", NULL, STEP},
    {"with-vfs", PF ",representor=[10]", NULL, "set representors = any-time in [nic napatech]"},
    {"with-vfs", PF ",representor=[10]", PF ",representor=[10] -a 65:01.2",
     "it has been corrected since, so restart ovs-vswitchd"},
    {"with-vfs", PF ",representor=[10] -a 65:01.2", PF ",representor=[10]", NULL},
    {"with-vfs", PF ",representor=[4] -a 65:00.4 -a 65:01.2", NULL,
     "has no id for VF 0000:65:01.2"},
    {"with-vfs", PF ",representor=[4,5,10] -a 65:00.4 -a 65:01.2", NULL,
     "gives VF 0000:65:01.2 the representor id 5"},
    {"with-vfs", PF ",representor=[10,11] -a 65:01.1 -a 65:01.2", NULL,
     "but its VF number is 10, so its port would be another VF's"},
    {"with-vfs", PF ",representor=[4,5,10] -a 65:00.4 -a 65:01.2",
     PF ",representor=[4,5,10] -a 65:00.4 -a 65:01.2 -a 65:00.5", "it has been corrected since"},
    {"with-vfs", PF ",representor=[4,5,10] -a 65:00.4 -a 65:01.2",
     PF ",representor=[4,5] -a 65:00.4 -a 65:01.2", STEP},
};

static void test_vf(void **state)
{
    const struct pci_addr slot = pci_addr_of("0000:65:01.2");
    char root[PCI_TREE_ROOT_LEN];
    struct nic_profile profile;
    struct nic *nic;

    (void)state;
    pci_tree_make(root, cards);
    nic_profile_init(&profile, "napatech");
    nic = nic_create(root, &profile, 1);
    for (size_t i = 0; i < N(rows); i++) {
        struct dpdk_extra extra = {0};
        struct error error = {0};
        char row[256];
        char why[256];
        struct nic_vf vf;

        snprintf(row, sizeof row, "%s, %s", rows[i].representors, rows[i].started);
        CHECK(row,
              nic_profile_set(&profile, "representors", rows[i].representors, why, sizeof why));
        dpdk_extra_follow(&extra, rows[i].started, 1);
        dpdk_extra_follow(&extra, rows[i].now ? rows[i].now : rows[i].started, 1);
        nic_set_dpdk_extra(nic, &extra);
        CHECK(row, nic_resolve(nic, &slot, "f", &vf, &error));
        CHECK_INT(row, nic_check_probed(nic, &vf, "f", &error), rows[i].error_text == NULL);
        CHECK_HAS(row, error.message, rows[i].error_text ? rows[i].error_text : "");
        if (rows[i].error_text) {
            CHECK_STR(row, reason_name(error.reason), "device_not_found");
            CHECK_STR(row, error.field, "f");
            CHECK(row,
                  error.message[strlen(error.message) - 1] == '.'); /* The message is complete. */
        }
        dpdk_extra_destroy(&extra);
    }
    nic_destroy(nic);
    pci_tree_remove(root);
}

/* Without dpdk-extra no VF is refused. */
static void test_not_known(void **state)
{
    const struct pci_addr slot = pci_addr_of("0000:65:01.2");
    const struct pci_addr pf = pci_addr_of("0000:65:00.0");
    struct dpdk_extra extra = {0};
    char root[PCI_TREE_ROOT_LEN];
    struct nic_profile profile;
    struct error error;
    struct nic_vf vf;
    struct nic *nic;

    (void)state;
    pci_tree_make(root, cards);
    nic_profile_init(&profile, "napatech");
    nic = nic_create(root, &profile, 1);
    assert_true(nic_resolve(nic, &slot, "f", &vf, &error));
    assert_true(nic_check_probed(nic, &vf, "f", &error));
    assert_true(nic_check_pf_probed(nic, &profile, &pf, &error));
    nic_set_dpdk_extra(nic, &extra); /* OVSDB is not read yet. */
    assert_true(nic_check_probed(nic, &vf, "f", &error));
    assert_true(nic_check_pf_probed(nic, &profile, &pf, &error));
    dpdk_extra_follow(&extra, NULL, 0);
    assert_false(nic_check_probed(nic, &vf, "f", &error));
    assert_false(nic_check_pf_probed(nic, &profile, &pf, &error));
    dpdk_extra_destroy(&extra);
    nic_destroy(nic);
    pci_tree_remove(root);
}

static void test_pf(void **state)
{
    static const struct {
        const char *representors;
        const char *started;
        const char *error_text;
    } pf_rows[] = {
        {"any-time", "", NULL},
        {"with-pf", PF ",representor=[4-5]", NULL},
        {"with-pf", PF, "does not name PF 0000:65:00.0 with representor=[..]"},
        {"with-pf", "", "does not name PF 0000:65:00.0 with representor=[..]"},
        {"with-vfs", PF ",representor=[4-5] -a 65:00.4 -a 65:00.5 -a b3:00.4", NULL},
        {"with-vfs", PF ",representor=[4-5]",
         "has 2 ids in representor=[..] of PF 0000:65:00.0 "
         "and names 0 of its VFs"},
        {"with-vfs", PF ",representor=[4] -a 65:00.4 -a 65:00.5", "has 1 ids"},
        {"with-vfs", "-a 65:00.4", "does not name PF 0000:65:00.0"},
    };
    const struct pci_addr pf = pci_addr_of("0000:65:00.0");
    char root[PCI_TREE_ROOT_LEN];
    struct nic_profile profile;
    struct nic *nic;

    (void)state;
    pci_tree_make(root, cards);
    nic_profile_init(&profile, "napatech");
    nic = nic_create(root, &profile, 1);
    for (size_t i = 0; i < N(pf_rows); i++) {
        struct dpdk_extra extra = {0};
        struct error error = {0};
        char row[256];
        char why[256];

        snprintf(row, sizeof row, "%s, %s", pf_rows[i].representors, pf_rows[i].started);
        CHECK(row,
              nic_profile_set(&profile, "representors", pf_rows[i].representors, why, sizeof why));
        dpdk_extra_follow(&extra, pf_rows[i].started, 1);
        nic_set_dpdk_extra(nic, &extra);
        CHECK_INT(row, nic_check_pf_probed(nic, &profile, &pf, &error),
                  pf_rows[i].error_text == NULL);
        CHECK_HAS(row, error.message, pf_rows[i].error_text ? pf_rows[i].error_text : "");
        dpdk_extra_destroy(&extra);
    }
    nic_destroy(nic);
    pci_tree_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vf),
        cmocka_unit_test(test_not_known),
        cmocka_unit_test(test_pf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
