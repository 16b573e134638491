/* SPDX-License-Identifier: Apache-2.0 */
#include "pci-tree.h"

#include "nic/nic-scanner.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"

static struct nic_profile profiles[NIC_PROFILES_MAX];

static const char *const one_card[] = {"pf=0000:65:00.0,vf=0000:65:00.4+4", NULL};

/* Runs the loop until that scan is there. */
static struct nic_scan *await(struct nic_scanner *scanner, uint64_t number)
{
    long long int deadline = time_msec() + 30000;
    struct nic_scan *scan;

    while (!(scan = nic_scanner_take(scanner, number))) {
        assert_true(time_msec() < deadline);
        nic_scanner_run(scanner);
        nic_scanner_wait(scanner);
        poll_timer_wait(1000);
        poll_block();
    }
    return scan;
}

static void count_pf(const struct nic_pf_view *pf, void *n)
{
    (void)pf;
    *(int *)n += 100;
}

static void count_vf(const struct nic_pf_view *pf, const struct nic_vf_view *vf, void *n)
{
    (void)pf;
    (void)vf;
    ++*(int *)n;
}

/* 100 for each PF, 1 for each VF. */
static int count(const struct nic_scan *scan)
{
    struct nic_position position = {.pf = 0};
    int n = 0;

    while (nic_list_visit(nic_scan_list(scan), &position, 1,
                          &(struct nic_visitor){count_pf, count_vf, &n})) {
        /* One after another. */
    }
    return n;
}

static void test_scans(void **state)
{
    struct dpdk_extra extra = {.text = NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic_scanner *scanner;
    struct nic_scan *first;
    struct nic_scan *second;
    uint64_t number;

    (void)state;
    pci_tree_make(root, one_card);
    scanner = nic_scanner_create(root, &extra);
    nic_scanner_set_profiles(scanner, profiles, nic_profiles_init(profiles));
    number = nic_scanner_ask(scanner);
    CHECK("all who ask before it begins share a scan", nic_scanner_ask(scanner) == number);
    CHECK("not yet", !nic_scanner_take(scanner, number));
    first = await(scanner, number);
    CHECK_INT("all", count(first), 104);

    pci_tree_unlink(root, "0000:65:00.0", "virtfn3");
    number = nic_scanner_ask(scanner);
    CHECK("a scan of before does not do", !nic_scanner_take(scanner, number));
    second = await(scanner, number);
    CHECK_INT("what is there at the time", count(second), 103);
    CHECK_INT("the first is as it was", count(first), 104);
    nic_scan_release(first);

    nic_scanner_ask(scanner);
    nic_scanner_run(scanner);
    CHECK("an earlier scan remains", nic_scanner_take(scanner, 1) == second);
    nic_scan_release(second);
    nic_scanner_destroy(scanner); /* While a scan is under way, or waits. */
    CHECK_INT("it outlives its scanner", count(second), 103);
    nic_scan_release(second);
    pci_tree_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scans)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
