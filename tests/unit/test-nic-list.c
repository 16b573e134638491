/* SPDX-License-Identifier: Apache-2.0 */
#include "pci-tree.h"

#include "nic/nic-list.h"
#include "nic/sysfs.h"

/* The PFs and VFs that a visitor got, with copies of borrowed values. */
struct told_vf {
    struct nic_vf_view view;
    char devargs[NIC_DEVARGS_MAX + 1];
    char socket[VIF_PATH_MAX + 1];
    char driver[SYSFS_NAME_LEN];
    char problem[ERROR_TEXT_LEN];
};

struct told_pf {
    struct nic_pf_view view;
    char driver[SYSFS_NAME_LEN];
    char profile[NIC_NAME_MAX + 1];
    char problem[ERROR_TEXT_LEN];
    char netdevs[128]; /* Each followed by a space. */
    size_t n_vfs;
    struct told_vf vfs[300];
};

struct told {
    size_t n_pfs;
    struct told_pf pfs[4];
};

static struct told told; /* Too large for the stack of a test. */
static struct nic_profile profiles[NIC_PROFILES_MAX];

static void note_pf(const struct nic_pf_view *view, void *told_)
{
    struct told *all = told_;
    struct told_pf *pf = &all->pfs[all->n_pfs++];

    assert_true(all->n_pfs <= N(all->pfs));
    memset(pf, 0, sizeof *pf);
    pf->view = *view;
    snprintf(pf->driver, sizeof pf->driver, "%s", view->driver);
    snprintf(pf->problem, sizeof pf->problem, "%s", view->problem);
    snprintf(pf->profile, sizeof pf->profile, "%s", view->profile ? view->profile : "-");
    for (size_t i = 0; i < view->n_netdevs; i++) {
        strcat(strcat(pf->netdevs, view->netdevs[i]), " ");
    }
}

static void note_vf(const struct nic_pf_view *pf_view, const struct nic_vf_view *view, void *told_)
{
    struct told *all = told_;
    struct told_pf *pf = &all->pfs[all->n_pfs - 1];
    struct told_vf *vf = &pf->vfs[pf->n_vfs++];

    assert_true(pf->n_vfs <= N(pf->vfs));
    assert_true(pci_addr_equal(&pf_view->pf, &pf->view.pf));
    assert_null(view->vif_id);
    assert_null(view->port);
    vf->view = *view;
    snprintf(vf->devargs, sizeof vf->devargs, "%s", view->devargs);
    snprintf(vf->socket, sizeof vf->socket, "%s", view->vhost_path);
    snprintf(vf->driver, sizeof vf->driver, "%s", view->driver);
    snprintf(vf->problem, sizeof vf->problem, "%s", view->problem);
}

static void list(struct nic *nic)
{
    const struct nic_visitor visitor = {note_pf, note_vf, &told};
    struct nic_position position = {.pf = 0};
    struct nic_list *made = nic_list_make(nic);

    told.n_pfs = 0;
    while (nic_list_visit(made, &position, 3, &visitor)) {
        /* In small pieces, some of which begin within a PF. */
    }
    nic_list_free(made);
}

/* The list has what nic_resolve() finds: the same values, or its error as the problem, of the VF or
 * of the PF. */
static void check_agrees(struct nic *nic)
{
    for (size_t i = 0; i < told.n_pfs; i++) {
        for (size_t j = 0; j < told.pfs[i].n_vfs; j++) {
            const struct told_vf *vf = &told.pfs[i].vfs[j];
            struct error error = {.message = ""};
            char row[PCI_ADDR_LEN];
            struct nic_vf resolved;

            pci_addr_format(&vf->view.vf, row);
            if (!nic_resolve(nic, &vf->view.vf, "", &resolved, &error)) {
                CHECK(row, !strcmp(vf->problem, error.message) ||
                               (!*vf->problem && *told.pfs[i].problem));
            } else {
                CHECK_STR(row, vf->problem, "");
                CHECK_INT(row, vf->view.vf_num, resolved.vf_num);
                CHECK_STR(row, vf->devargs, resolved.devargs);
                CHECK_STR(row, vf->socket, resolved.vhost_socket);
                CHECK_INT(row, vf->view.vhost_mode, resolved.vhost_mode);
            }
        }
    }
}

static struct nic *open_tree(char root[PCI_TREE_ROOT_LEN], const char *const cards[])
{
    size_t n = nic_profiles_init(profiles);

    pci_tree_make(root, cards);
    return nic_create(root, profiles, n);
}

static void close_tree(struct nic *nic, const char *root)
{
    nic_destroy(nic);
    pci_tree_remove(root);
}

static void test_cards(void **state)
{
    static const char *const cards[] = {
        "pf=0000:17:00.0,vendor=8086,device=1592,numa=1,vf=0000:17:01.0+2",
        "pf=0000:65:00.0,vf=0000:65:00.4+4,vf=0000:66:00.0+1",
        "pf=0000:01:00.0,vendor=8086,device=1592", /* Without VFs. */
        "pf=0000:04:00.1,vendor=19ee,device=4000,vf=0000:04:08.0+1",
        NULL,
    };
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);
    const struct told_pf *pf;

    (void)state;
    pci_tree_mkdir(root, "0000:17:00.0", "net");
    pci_tree_mkdir(root, "0000:17:00.0", "net/p1p1");
    pci_tree_mkdir(root, "0000:17:00.0", "net/p1p0");
    pci_tree_unlink(root, "0000:17:01.1", "driver");
    list(nic);
    check_agrees(nic);
    assert_int_equal(told.n_pfs, 4); /* By address. */

    pf = &told.pfs[0];
    assert_int_equal(pf->n_vfs, 0);
    assert_string_equal(pf->profile, "generic");
    assert_non_null(
        strstr(pf->problem, "PF 0000:01:00.0 has no VFs; if it is to have some (up to 256)"));

    pf = &told.pfs[1];
    assert_string_equal(pf->profile, "nfp");
    assert_int_equal(pf->n_vfs, 1);
    assert_int_equal(pf->vfs[0].view.vf_num, -1);
    assert_string_equal(pf->vfs[0].devargs, "");
    assert_non_null(strstr(pf->vfs[0].problem, "cannot tell the number"));

    pf = &told.pfs[2];
    assert_int_equal(pf->view.pf.bus, 0x17);
    assert_int_equal(pf->view.vendor, 0x8086);
    assert_int_equal(pf->view.device, 0x1592);
    assert_int_equal(pf->view.numa_node, 1);
    assert_int_equal(pf->view.numvfs, 2);
    assert_string_equal(pf->driver, "vfio-pci");
    assert_string_equal(pf->profile, "generic");
    assert_string_equal(pf->netdevs, "p1p0 p1p1 ");
    assert_int_equal(pf->n_vfs, 2);
    assert_string_equal(pf->vfs[0].driver, "vfio-pci");
    assert_string_equal(pf->vfs[1].driver, "");
    assert_int_equal(pf->vfs[1].view.vf.device, 1);
    assert_int_equal(pf->vfs[1].view.vf.function, 1);
    assert_int_equal(pf->vfs[1].view.index, 1);
    assert_int_equal(pf->vfs[1].view.vf_num, 1);
    assert_string_equal(pf->vfs[1].devargs, "0000:17:00.0,representor=[1]");
    assert_string_equal(pf->vfs[1].socket, "");
    assert_string_equal(pf->vfs[1].problem, "");

    pf = &told.pfs[3];
    assert_string_equal(pf->profile, "napatech");
    assert_string_equal(pf->netdevs, "");
    assert_int_equal(pf->n_vfs, 5);
    assert_int_equal(pf->vfs[0].view.index, 0);
    assert_int_equal(pf->vfs[0].view.vf_num, 4); /* The index is not the number. */
    assert_string_equal(pf->vfs[0].socket, "/usr/local/var/run/stdvio4");
    assert_int_equal(pf->vfs[0].view.vhost_mode, VHOST_MODE_SERVER);
    assert_int_equal(pf->vfs[4].view.index, 4);
    assert_int_equal(pf->vfs[4].view.vf_num, -1);
    assert_non_null(strstr(pf->vfs[4].problem, "ambiguous"));
    close_tree(nic, root);
}

/* The PF and each VF show which device vswitchd was started without. */
static void test_not_probed(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+4", NULL};
    struct dpdk_extra extra = {0};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);

    (void)state;
    dpdk_extra_follow(&extra, "-a 65:00.0,representor=[4-6] -a 65:00.4 -a 65:00.6", 1);
    nic_set_dpdk_extra(nic, &extra);
    list(nic);
    assert_non_null(strstr(told.pfs[0].problem, "3 ids in representor=[..] of PF 0000:65:00.0"));
    assert_string_equal(told.pfs[0].vfs[0].problem, "");
    assert_non_null(strstr(told.pfs[0].vfs[1].problem, "does not name VF 0000:65:00.5"));
    assert_non_null(strstr(told.pfs[0].vfs[2].problem, "the representor id 5"));
    assert_int_equal(told.pfs[0].vfs[2].view.vf_num, 6);
    dpdk_extra_follow(&extra, "-a 65:00.0,representor=[4-5] -a 65:00.4 -a 65:00.5", 2);
    list(nic);
    assert_string_equal(told.pfs[0].problem, "");
    assert_string_equal(told.pfs[0].vfs[1].problem, "");
    close_tree(nic, root);
    dpdk_extra_destroy(&extra);
}

static void test_two_cards(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+4",
                                        "pf=0000:b3:00.0,vf=0000:b3:00.6+4", NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);

    (void)state;
    list(nic);
    check_agrees(nic);
    assert_string_equal(told.pfs[0].vfs[1].problem, "");
    assert_non_null(strstr(told.pfs[0].vfs[2].problem, "0000:b3:00.6 of two cards"));
    assert_int_equal(told.pfs[0].vfs[2].view.vf_num, 6); /* The list shows what is known. */
    assert_string_equal(told.pfs[0].vfs[2].socket, "/usr/local/var/run/stdvio6");
    assert_non_null(strstr(told.pfs[1].vfs[0].problem, "0000:65:00.6 of two cards"));
    assert_string_equal(told.pfs[1].vfs[2].problem, "");
    strcpy(profiles[0].vhost_socket, "/run/same");
    list(nic);
    assert_non_null(strstr(told.pfs[0].problem, "of two cards would both be served at /run/same"));
    assert_non_null(strstr(told.pfs[1].problem, "All 4 VFs of PF 0000:b3:00.0 have this problem."));
    assert_string_equal(told.pfs[0].vfs[0].problem, "");
    strcpy(profiles[0].vhost_socket, "/run/{pf_bus}-{vf}");
    list(nic);
    check_agrees(nic);
    assert_string_equal(told.pfs[0].vfs[2].problem, "");
    close_tree(nic, root);
}

static void test_no_profile(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+2,broken=no-vendor", NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);

    (void)state;
    list(nic);
    check_agrees(nic);
    assert_int_equal(told.n_pfs, 1);
    assert_string_equal(told.pfs[0].profile, "-");
    assert_int_equal(told.pfs[0].view.vendor, 0);
    assert_int_equal(told.pfs[0].n_vfs, 2);
    assert_int_equal(told.pfs[0].vfs[1].view.vf_num, -1);
    assert_non_null(strstr(told.pfs[0].problem, "The PCI ids of PF 0000:65:00.0 cannot be read"));
    assert_string_equal(told.pfs[0].vfs[1].problem, "");
    close_tree(nic, root);
}

/* PFs without VFs, or whose VFs sysfs does not list; other devices that can have VFs are no NICs.
 */
static void test_no_vfs(void **state)
{
    static const char *const cards[] = {"pf=0000:01:00.0", "pf=0000:02:00.0,broken=no-vendor",
                                        "pf=0000:03:00.0,vf=0000:03:00.4+2,broken=no-virtfn",
                                        "pf=0000:04:00.0", NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);

    (void)state;
    pci_tree_write(root, "0000:04:00.0", "class", "0x010802");
    list(nic);
    assert_int_equal(told.n_pfs, 3);
    assert_non_null(strstr(told.pfs[0].problem, "PF 0000:01:00.0 has no VFs"));
    assert_int_equal(told.pfs[0].view.numvfs, 0);
    assert_non_null(strstr(told.pfs[1].problem, "The PCI ids of PF 0000:02:00.0 cannot be read"));
    assert_non_null(strstr(told.pfs[2].problem, "has 2 VFs by its sriov_numvfs"));
    pci_tree_write(root, "0000:01:00.0", "sriov_totalvfs", "0");
    pci_tree_unlink(root, "0000:02:00.0", "class");
    list(nic);
    assert_int_equal(told.n_pfs, 2);
    assert_int_equal(told.pfs[0].view.pf.bus, 2);
    close_tree(nic, root);
}

/* One VF without a driver has the problem itself; all of them share it. */
static void test_no_driver(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+2", NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);

    (void)state;
    pci_tree_unlink(root, "0000:65:00.4", "driver");
    list(nic);
    assert_string_equal(told.pfs[0].problem, "");
    assert_non_null(strstr(told.pfs[0].vfs[0].problem, "VF 0000:65:00.4 has no driver"));
    assert_string_equal(told.pfs[0].vfs[1].problem, "");
    pci_tree_unlink(root, "0000:65:00.5", "driver");
    list(nic);
    assert_non_null(strstr(told.pfs[0].problem, "VF 0000:65:00.4 has no driver"));
    assert_non_null(strstr(told.pfs[0].problem, "All 2 VFs of PF 0000:65:00.0 have this problem."));
    assert_string_equal(told.pfs[0].vfs[0].problem, "");
    assert_string_equal(told.pfs[0].vfs[1].problem, "");
    assert_int_equal(told.pfs[0].vfs[1].view.vf_num, 5);
    /* The kernel drives the PF: libvirt binds the VF when it starts the guest. */
    pci_tree_mkdir(root, "0000:65:00.0", "net");
    pci_tree_mkdir(root, "0000:65:00.0", "net/p1p0");
    list(nic);
    assert_string_equal(told.pfs[0].problem, "");
    close_tree(nic, root);
}

static void test_bad_template(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+2", NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);

    (void)state;
    strcpy(profiles[0].vhost_socket, "run/{vf}");
    list(nic);
    check_agrees(nic);
    assert_int_equal(told.pfs[0].vfs[0].view.vf_num, 4);
    assert_string_equal(told.pfs[0].vfs[0].devargs, "0000:65:00.0,representor=[4]");
    assert_string_equal(told.pfs[0].vfs[0].socket, "");
    assert_non_null(strstr(told.pfs[0].problem, "The vhost-socket of NIC profile"));
    assert_string_equal(told.pfs[0].vfs[0].problem, "");
    close_tree(nic, root);
}

/* Each list shows the present state, PFs included. */
static void test_fresh(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+4",
                                        "pf=0000:b3:00.0,vf=0000:b3:00.4+4", NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);

    (void)state;
    list(nic);
    assert_int_equal(told.n_pfs, 2);
    assert_int_equal(told.pfs[0].n_vfs, 4);
    pci_tree_unlink(root, "0000:65:00.0", "virtfn3");
    pci_tree_unlink(root, "0000:b3:00.0", "virtfn0");
    list(nic);
    assert_int_equal(told.n_pfs, 2);
    assert_int_equal(told.pfs[0].n_vfs, 3);
    assert_int_equal(told.pfs[1].n_vfs, 0);
    pci_tree_link(root, "0000:65:00.0", "virtfn3", "../0000:65:00.7");
    pci_tree_link(root, "0000:b3:00.0", "virtfn0", "../0000:b3:00.4");
    list(nic);
    assert_int_equal(told.n_pfs, 2);
    assert_int_equal(told.pfs[0].n_vfs, 4);
    check_agrees(nic);
    close_tree(nic, root);
}

/* More VFs than one PCI bus has addresses for. */
static void test_many(void **state)
{
    static const char *const cards[] = {
        "pf=0000:65:00.0,vendor=8086,vf=0000:65:00.4+252,vf=0000:66:00.0+8",
        "pf=0000:67:00.0,vendor=8086,vf=0000:67:00.4+1", NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic = open_tree(root, cards);

    (void)state;
    list(nic);
    check_agrees(nic);
    assert_int_equal(told.n_pfs, 2);
    assert_int_equal(told.pfs[0].n_vfs, 260);
    assert_int_equal(told.pfs[0].view.numvfs, 260);
    assert_int_equal(told.pfs[0].vfs[255].view.index, 255);
    assert_int_equal(told.pfs[0].vfs[259].view.index, 259);
    assert_int_equal(told.pfs[1].n_vfs, 1);
    close_tree(nic, root);
}

static void test_none(void **state)
{
    struct nic *nic = nic_create("/nonexistent", profiles, nic_profiles_init(profiles));

    (void)state;
    list(nic);
    assert_int_equal(told.n_pfs, 0);
    nic_destroy(nic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards),      cmocka_unit_test(test_two_cards),
        cmocka_unit_test(test_no_profile), cmocka_unit_test(test_bad_template),
        cmocka_unit_test(test_fresh),      cmocka_unit_test(test_many),
        cmocka_unit_test(test_none),       cmocka_unit_test(test_not_probed),
        cmocka_unit_test(test_no_vfs),     cmocka_unit_test(test_no_driver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
