/* SPDX-License-Identifier: Apache-2.0 */
#include "pci-tree.h"

#include "nic/sysfs.h"

#define PF "0000:65:00.0"

static int index_of(const char *root, const char *vf)
{
    const struct pci_addr pf_addr = pci_addr_of(PF);
    const struct pci_addr vf_addr = pci_addr_of(vf);

    return sysfs_vf_index(root, &pf_addr, &vf_addr);
}

static void test_vf_index(void **state)
{
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:00.4+252,vf=0000:67:00.0+54", NULL};
    static const struct {
        const char *vf;
        int index;
    } rows[] = {
        {"0000:65:00.4", 0},   {"0000:65:00.5", 1},   {"0000:65:01.2", 6},
        {"0000:65:1f.7", 251}, {"0000:67:00.0", 252}, /* Not where the stride puts it. */
        {"0000:67:00.3", 255}, {"0000:67:00.4", 256}, {"0000:67:06.5", 305},
        {"0000:67:06.6", -1},  {"0000:65:00.3", -1},  {"0000:65:00.0", -1},
        {"0000:64:00.4", -1},  {"0001:65:00.4", -1},  {"0001:65:01.2", -1},
    };
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_INT(rows[i].vf, index_of(root, rows[i].vf), rows[i].index);
    }
    pci_tree_remove(root);
}

/* More VFs than one bus has addresses for, all at the addresses of the stride. */
static void test_many(void **state)
{
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:00.4+600", NULL};
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    assert_int_equal(index_of(root, "0000:66:00.4"), 256);
    assert_int_equal(index_of(root, "0000:67:0b.3"), 599);
    assert_int_equal(index_of(root, "0000:67:0b.4"), -1);
    pci_tree_remove(root);
}

/* VFs of cards with two PFs alternate: every second function belongs to the other PF. */
static void test_stride(void **state)
{
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:02.0,vf=0000:65:02.2,vf=0000:65:02.4,"
                                        "vf=0000:65:02.6,vf=0000:65:03.0",
                                        NULL};
    static const struct {
        const char *vf;
        int index;
    } rows[] = {
        {"0000:65:02.0", 0}, {"0000:65:02.2", 1},  {"0000:65:02.4", 2},
        {"0000:65:03.0", 4}, {"0000:65:02.3", -1}, {"0000:65:03.2", -1},
    };
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_INT(rows[i].vf, index_of(root, rows[i].vf), rows[i].index);
    }
    pci_tree_remove(root);
}

/* VFs in no order. */
static void test_no_stride(void **state)
{
    static const char *const cards[] = {
        "pf=" PF ",vf=0000:65:02.4,vf=0000:65:02.3,vf=0000:65:05.0,vf=0000:65:02.1", NULL};
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    assert_int_equal(index_of(root, "0000:65:02.4"), 0);
    assert_int_equal(index_of(root, "0000:65:02.3"), 1);
    assert_int_equal(index_of(root, "0000:65:05.0"), 2);
    assert_int_equal(index_of(root, "0000:65:02.1"), 3);
    assert_int_equal(index_of(root, "0000:65:02.2"), -1);
    pci_tree_remove(root);
}

/* Only the links that matter are read, each time again. */
static void test_vf_index_is_fresh(void **state)
{
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:00.4+16", NULL};
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    assert_int_equal(index_of(root, "0000:65:01.4"), 8);
    pci_tree_unlink(root, PF, "virtfn3"); /* Not one of the three that are read. */
    assert_int_equal(index_of(root, "0000:65:01.4"), 8);
    pci_tree_unlink(root, PF, "virtfn8");
    assert_int_equal(index_of(root, "0000:65:01.4"), -1);
    pci_tree_link(root, PF, "virtfn8", "../0000:65:01.5"); /* Another VF has its place. */
    assert_int_equal(index_of(root, "0000:65:01.4"), -1);
    pci_tree_unlink(root, PF, "virtfn1");
    assert_int_equal(index_of(root, "0000:65:00.4"), 0);
    assert_int_equal(index_of(root, "0000:65:01.4"), -1);
    pci_tree_unlink(root, PF, "virtfn0");
    assert_int_equal(index_of(root, "0000:65:00.4"), -1);
    pci_tree_remove(root);
}

static void test_driver(void **state)
{
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:00.4", NULL};
    const struct pci_addr pf = pci_addr_of(PF);
    const struct pci_addr none = pci_addr_of("0000:66:00.0");
    char driver[SYSFS_NAME_LEN] = "before";
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    assert_true(sysfs_driver(root, &pf, driver));
    assert_string_equal(driver, "vfio-pci");
    pci_tree_unlink(root, PF, "driver");
    assert_false(sysfs_driver(root, &pf, driver));
    assert_string_equal(driver, "");
    assert_false(sysfs_driver(root, &none, driver));
    pci_tree_link(root, PF, "driver",
                  "../a-driver-with-a-name-that-is-longer-than-anything-the-kernel-would-take");
    assert_false(sysfs_driver(root, &pf, driver));
    assert_string_equal(driver, "");
    pci_tree_remove(root);
}

static void test_list_vfs(void **state)
{
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:00.4+3,vf=0000:66:00.0+1", NULL};
    const struct pci_addr pf = pci_addr_of(PF);
    const struct pci_addr last = pci_addr_of("0000:66:00.0");
    const struct pci_addr none = pci_addr_of("0000:66:00.1");
    struct sysfs_vf vfs[8];
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    pci_tree_unlink(root, "0000:65:00.5", "driver");
    assert_int_equal(sysfs_list_vfs(root, &pf, vfs, N(vfs)), 4);
    assert_int_equal(vfs[0].address.function, 4);
    assert_string_equal(vfs[0].driver, "vfio-pci");
    assert_string_equal(vfs[1].driver, "");
    assert_true(pci_addr_equal(&vfs[3].address, &last));
    assert_string_equal(vfs[3].driver, "vfio-pci");
    assert_int_equal(sysfs_list_vfs(root, &pf, vfs, 2), 2);
    assert_int_equal(sysfs_list_vfs(root, &last, vfs, N(vfs)), 0);
    assert_int_equal(sysfs_list_vfs(root, &none, vfs, N(vfs)), 0);
    pci_tree_unlink(root, PF, "virtfn2");
    assert_int_equal(sysfs_list_vfs(root, &pf, vfs, N(vfs)), 2);
    pci_tree_remove(root);
}

static void test_list_pfs(void **state)
{
    static const char *const cards[] = {"pf=0000:b3:00.1,vf=0000:b3:00.4+3",
                                        "pf=0000:65:00.0,vf=0000:65:00.4+3", "pf=0000:17:00.0",
                                        "pf=0001:01:00.0,vf=0001:01:00.1+1", NULL};
    struct pci_addr pfs[4];
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    assert_int_equal(sysfs_list_pfs(root, pfs, N(pfs)), 3);
    assert_int_equal(pfs[0].bus, 0x65);
    assert_int_equal(pfs[1].bus, 0xb3);
    assert_int_equal(pfs[1].function, 1);
    assert_int_equal(pfs[2].domain, 1);
    assert_int_equal(sysfs_list_pfs(root, pfs, 2), 2);
    assert_int_equal(sysfs_list_pfs("/nonexistent", pfs, 2), 0);
    pci_tree_remove(root);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        int numa_node;
        int numvfs;
    } rows[] = {
        {"0\n", 0, 0}, {"1\n", 1, 1},   {"-1\n", -1, -1}, {"65536\n", 65536, -1},
        {"", -1, -1},  {"x\n", -1, -1}, {"7", 7, 7},      {"99999999999999999999\n", -1, -1},
    };
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:00.4+3,numa=1", NULL};
    const struct pci_addr pf = pci_addr_of(PF);
    const struct pci_addr none = pci_addr_of("0000:66:00.0");
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    assert_int_equal(sysfs_numa_node(root, &pf), 1);
    assert_int_equal(sysfs_numvfs(root, &pf), 3);
    assert_int_equal(sysfs_numa_node(root, &none), -1);
    assert_int_equal(sysfs_numvfs(root, &none), -1);
    for (size_t i = 0; i < N(rows); i++) {
        pci_tree_write(root, PF, "numa_node", rows[i].text);
        pci_tree_write(root, PF, "sriov_numvfs", rows[i].text);
        CHECK_INT(rows[i].text, sysfs_numa_node(root, &pf), rows[i].numa_node);
        CHECK_INT(rows[i].text, sysfs_numvfs(root, &pf), rows[i].numvfs);
    }
    pci_tree_remove(root);
}

static void test_netdevs(void **state)
{
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:00.4", NULL};
    const struct pci_addr pf = pci_addr_of(PF);
    char names[3][IF_NAMESIZE];
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    assert_int_equal(sysfs_netdevs(root, &pf, names, N(names)), 0);
    pci_tree_mkdir(root, PF, "net");
    assert_int_equal(sysfs_netdevs(root, &pf, names, N(names)), 0);
    pci_tree_mkdir(root, PF, "net/p1p2");
    pci_tree_mkdir(root, PF, "net/p1p1");
    pci_tree_mkdir(root, PF, "net/longer-than-any-interface");
    assert_int_equal(sysfs_netdevs(root, &pf, names, N(names)), 2);
    assert_string_equal(names[0], "p1p1");
    assert_string_equal(names[1], "p1p2");
    assert_int_equal(sysfs_netdevs(root, &pf, names, 1), 1);
    pci_tree_remove(root);
}

static void test_ids(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        uint16_t id;
    } rows[] = {
        {"0x18f4\n", true, 0x18f4},
        {"18F4", true, 0x18f4},
        {"0xffff\n", true, 0xffff},
        {"0x10000\n", false, 0},
        {"-1\n", false, 0},
        {"\n", false, 0},
        {"", false, 0},
    };
    static const char *const cards[] = {"pf=" PF ",vf=0000:65:00.4", NULL};
    const struct pci_addr pf = pci_addr_of(PF);
    char root[PCI_TREE_ROOT_LEN];

    (void)state;
    pci_tree_make(root, cards);
    for (size_t i = 0; i < N(rows); i++) {
        uint16_t vendor = 0;
        uint16_t device = 0;

        pci_tree_write(root, PF, "vendor", rows[i].text);
        CHECK_INT(rows[i].text, sysfs_ids(root, &pf, &vendor, &device), rows[i].ok);
        CHECK_INT(rows[i].text, vendor, rows[i].id);
        CHECK_INT(rows[i].text, device, rows[i].ok ? 0x01c5 : 0);
    }
    pci_tree_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vf_index),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_stride),
        cmocka_unit_test(test_no_stride),
        cmocka_unit_test(test_vf_index_is_fresh),
        cmocka_unit_test(test_driver),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_list_vfs),
        cmocka_unit_test(test_list_pfs),
        cmocka_unit_test(test_netdevs),
        cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
