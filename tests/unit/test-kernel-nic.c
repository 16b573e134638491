/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "nic/kernel-nic.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PF0 "0000:65:00.0"
#define PF1 "0000:65:00.1"

#define ONE_SWITCH "0c42a10300b1c2d3"
#define OTHER_SWITCH "0c42a10300b1c2d4"

/* Attributes that cannot be read, as those of a netdev that is part of no switch. */
#define NO_ANSWER "\1"

struct netdev {
    const char *name;
    const char *switch_id; /* NULL: no such file. */
    const char *port;      /* The same. */
    const char *pf;        /* Whose net/ has it; NULL: nobody's. */
};

#define TREE_MAX 12

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void make_dirs(const char *path)
{
    char part[256];

    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        (void)mkdir(part, 0755);
    }
    (void)mkdir(path, 0755);
    assert_int_equal(access(path, F_OK), 0);
}

static void write_attribute(const char *dir, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    if (!text) {
        return;
    }
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (!strcmp(text, NO_ANSWER)) {
        make_dirs(path); /* read(2) of a directory fails. */
        return;
    }
    file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "%s\n", text);
    fclose(file);
}

/* Netdevs are directories in class/net or, as in the kernel's sysfs, links to those of the devices
 * (`linked`). */
static void add_netdev(const char *root, const struct netdev *netdev, bool linked)
{
    char link[256];
    char dir[256];

    snprintf(link, sizeof link, "%s/class/net/%s", root, netdev->name);
    snprintf(dir, sizeof dir, "%s/bus/pci/devices/%s/net/%s", root,
             netdev->pf ? netdev->pf : "0000:ff:1f.7", netdev->name);
    if (netdev->pf || linked) {
        make_dirs(dir);
    }
    if (linked) {
        assert_int_equal(symlink(dir, link), 0);
    } else {
        make_dirs(link);
    }
    write_attribute(link, "phys_switch_id", netdev->switch_id);
    write_attribute(link, "phys_port_name", netdev->port);
}

static void open_tree(char root[64], const struct netdev netdevs[TREE_MAX], bool linked)
{
    char path[128];

    strcpy(root, "/tmp/test-kernel-nic-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/class/net", root);
    make_dirs(path);
    for (size_t i = 0; i < TREE_MAX && netdevs[i].name; i++) {
        add_netdev(root, &netdevs[i], linked);
    }
}

static void close_tree(const char *root)
{
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static struct pci_addr addr(const char *text)
{
    struct pci_addr result;

    CHECK(text, pci_addr_parse(text, &result));
    return result;
}

static void check_found(const char *row, const char *root, const char *pf, int vf, const char *name)
{
    const struct pci_addr pf_addr = addr(pf);
    char got[VIF_IFNAME_MAX + 1] = "";
    struct error error = {0};
    bool ok = kernel_nic_representor(root, &pf_addr, vf, "vif.pci_slot", got, &error);

    CHECK_STR(row, error.message, "");
    CHECK(row, ok);
    CHECK_STR(row, got, name);
}

static void check_missing(const char *row, const char *root, const char *pf, int vf,
                          const char *error_text)
{
    const struct pci_addr pf_addr = addr(pf);
    char got[VIF_IFNAME_MAX + 1] = "as it was";
    struct error error = {0};
    char number[16];

    CHECK(row, !kernel_nic_representor(root, &pf_addr, vf, "vif.pci_slot", got, &error));
    CHECK_STR(row, got, "as it was");
    CHECK_STR(row, reason_name(error.reason), "device_not_found");
    CHECK_STR(row, error.field, "vif.pci_slot");
    CHECK_HAS(row, error.message, error_text);
    CHECK_HAS(row, error.message, pf);
    snprintf(number, sizeof number, "VF %d", vf);
    CHECK_HAS(row, error.message, number);
}

/* What a representor's phys_port_name can be. */
static const struct {
    const char *port;
    int vf; /* -1: represents no VF of this PF. */
    const char *pf;
} spellings[] = {
    {"3", 3, PF0},
    {"0", 0, PF0},
    {"255", 255, PF0},
    {"vf3", 3, PF0},
    {"VF3", 3, PF0},
    {"Vf127", 127, PF0},
    {"pf0vf3", 3, PF0},
    {"PF0VF3", 3, PF0},
    {"pf0vf0", 0, PF0},
    {"pf1vf3", 3, PF1},
    {"pf1vf3", -1, PF0},
    {"pf0vf3", -1, PF1},
    {"pf10vf3", -1, PF0},
    {"pf10vf3", -1, PF1},
    {"vf3@pf0", 3, PF0},
    {"vf3@pf1", 3, PF1},
    {"vf3@pf1", -1, PF0},
    {"3", 3, PF1},
    {"vf3", 3, PF1},
    {"c0pf0vf3", 3, PF0},
    {"c1pf0vf3", -1, PF0},
    {"c0pf1vf3", -1, PF0},
    {"c1vf3", -1, PF0},
    {"pf0sf3", -1, PF0},
    {"c1pf0sf3", -1, PF0},
    {"sf3", -1, PF0},
    {"p3", -1, PF0},
    {"p0s3", -1, PF0},
    {"pf3", -1, PF0},
    {"pf0", -1, PF0},
    {"c3pf0", -1, PF0},
    {"vf", -1, PF0},
    {"pf0vf", -1, PF0},
    {"pfvf3", -1, PF0},
    {"vf3x", -1, PF0},
    {"xvf3", -1, PF0},
    {"3x", -1, PF0},
    {"-3", -1, PF0},
    {"+3", -1, PF0},
    {"0x3", -1, PF0},
    {"vf-3", -1, PF0},
    {"vf 3", -1, PF0},
    {"vf3 of 4", -1, PF0},
    {"vf3@", -1, PF0},
    {"vf3@pf", -1, PF0},
    {"vf3@3", -1, PF0},
    {"pf0vf3@pf0", -1, PF0},
    {"vf3vf3", -1, PF0},
    {"vf4294967299", -1, PF0},
    {"18446744073709551619", -1, PF0},
    {"", -1, PF0},
    {NO_ANSWER, -1, PF0},
    {NULL, -1, PF0},
};

/* One representor, spelt in every way, besides an uplink. */
static void test_spellings(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * N(spellings); i++) {
        const char *port = spellings[i / 2].port;
        const char *row = port ? port : "no phys_port_name";
        const char *pf = spellings[i / 2].pf;
        const struct netdev netdevs[TREE_MAX] = {
            {"uplink", ONE_SWITCH, "p0", pf},
            {"rep", ONE_SWITCH, port, i % 2 ? pf : NULL},
        };
        char root[64];

        open_tree(root, netdevs, i % 2);
        if (spellings[i / 2].vf >= 0) {
            check_found(row, root, pf, spellings[i / 2].vf, "rep");
            check_missing(row, root, pf, spellings[i / 2].vf + 1, "has no representor");
            check_missing(row, root, pf, -1, "has no representor");
        } else {
            check_missing(row, root, pf, 3, "has no representor");
            check_missing(row, root, pf, 0, "mode switchdev");
        }
        close_tree(root);
    }
}

/* Two PFs of one card, another card, and netdevs that are none of a switch's. */
static void test_many(void **state)
{
    static const struct netdev netdevs[TREE_MAX] = {
        {"ens1f0np0", ONE_SWITCH, "p0", PF0},
        {"ens1f1np1", OTHER_SWITCH, "p1", PF1},
        {"a_pf0vf1", ONE_SWITCH, "pf0vf1", PF0},
        {"b_pf1vf1", OTHER_SWITCH, "pf1vf1", PF1},
        {"other", OTHER_SWITCH, "pf0vf7", NULL},
        {"eth0", NO_ANSWER, NO_ANSWER, NULL},
        {"virbr0", NULL, NULL, NULL},
        {"odd", "", "pf0vf2", NULL},
    };

    (void)state;
    for (int linked = 0; linked < 2; linked++) {
        char bonding[128];
        char root[64];

        open_tree(root, netdevs, linked);
        snprintf(bonding, sizeof bonding, "%s/class/net", root);
        write_attribute(bonding, "bonding_masters", "pf0vf9");
        check_found("vf1 of PF 0", root, PF0, 1, "a_pf0vf1");
        check_found("vf1 of PF 1", root, PF1, 1, "b_pf1vf1");
        check_missing("another switch", root, PF0, 7, "has no representor");
        check_missing("no switch", root, PF0, 2, "has no representor");
        check_missing("no netdev", root, PF0, 9, "switch " ONE_SWITCH);
        check_missing("no such PF", root, "0000:66:00.0", 1, "pci/0000:66:00.0 mode switchdev");
        close_tree(root);
    }
}

/* PFs that share a switch: a name without a PF's number does not tell whose it is. */
static void test_ambiguous(void **state)
{
    static const struct netdev netdevs[TREE_MAX] = {
        {"up0", ONE_SWITCH, "p0", PF0},      {"up1", ONE_SWITCH, "p1", PF1},
        {"g", ONE_SWITCH, "vf1", NULL},      {"c", ONE_SWITCH, "pf0vf1", NULL},
        {"a", ONE_SWITCH, "vf1@pf0", NULL},  {"d", ONE_SWITCH, "c0pf0vf1", NULL},
        {"b", ONE_SWITCH, "PF0VF1", NULL},   {"f", ONE_SWITCH, "pf0vf1", NULL},
        {"d0", ONE_SWITCH, "pf0vf2", NULL},  {"d1", ONE_SWITCH, "pf1vf2", NULL},
        {"e", OTHER_SWITCH, "pf0vf2", NULL},
    };

    (void)state;
    for (int linked = 0; linked < 2; linked++) {
        char root[64];

        open_tree(root, netdevs, linked);
        check_missing("six", root, PF0, 1, "ambiguous: netdevs a and b both");
        check_found("the one of PF 1", root, PF1, 1, "g");
        check_found("two PFs, 0", root, PF0, 2, "d0");
        check_found("two PFs, 1", root, PF1, 2, "d1");
        close_tree(root);
    }
}

#define FAR_PF "0000:3b:00.0"

/* PFs of one switch that are function 0 of two PCI devices: the uplink's number tells whose a
 * representor is, or the directory that has it. */
static void test_same_function(void **state)
{
    static const struct {
        const char *row;
        struct netdev netdevs[TREE_MAX];
        const char *near; /* The representor of VF 0 of PF0; NULL: none. */
        const char *far;  /* ...and of FAR_PF. */
    } rows[] = {
        {"by the uplink",
         {{"up0", ONE_SWITCH, "p0", PF0},
          {"up1", ONE_SWITCH, "p1", FAR_PF},
          {"a", ONE_SWITCH, "pf0vf0", NULL},
          {"b", ONE_SWITCH, "pf1vf0", NULL}},
         "a",
         "b"},
        {"each in its directory",
         {{"up0", ONE_SWITCH, "p0", PF0},
          {"up1", ONE_SWITCH, "p1", FAR_PF},
          {"a", ONE_SWITCH, "pf0vf0", PF0},
          {"b", ONE_SWITCH, "pf1vf0", FAR_PF}},
         "a",
         "b"},
        {"the far one is missing",
         {{"up0", ONE_SWITCH, "p0", PF0},
          {"up1", ONE_SWITCH, "p1", FAR_PF},
          {"a", ONE_SWITCH, "pf0vf0", PF0}},
         "a",
         NULL},
        {"the near one is missing",
         {{"up0", ONE_SWITCH, "p0", PF0},
          {"up1", ONE_SWITCH, "p1", FAR_PF},
          {"b", ONE_SWITCH, "pf1vf0", FAR_PF}},
         NULL,
         "b"},
        {"the other PF is not this host's",
         {{"up0", OTHER_SWITCH, "p0", PF0},
          {"up1", ONE_SWITCH, "p1", FAR_PF},
          {"b", ONE_SWITCH, "pf1vf0", NULL}},
         NULL,
         "b"},
        {"the other end is p0 as well, and another switch",
         {{"up0", OTHER_SWITCH, "p0", PF0},
          {"up1", ONE_SWITCH, "p0", FAR_PF},
          {"a", OTHER_SWITCH, "pf0vf0", NULL},
          {"b", ONE_SWITCH, "pf0vf0", NULL}},
         "a",
         "b"},
        {"its port has another number than its function",
         {{"up1", ONE_SWITCH, "p1", FAR_PF}, {"b", ONE_SWITCH, "pf0vf0", NULL}},
         NULL,
         "b"},
        {"without numbers",
         {{"up0", ONE_SWITCH, "p0", PF0},
          {"up1", ONE_SWITCH, "p1", FAR_PF},
          {"a", ONE_SWITCH, "vf0", PF0},
          {"b", ONE_SWITCH, "vf0", FAR_PF}},
         "a",
         "b"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * N(rows); i++) {
        const char *const expected[] = {rows[i / 2].near, rows[i / 2].far};
        const char *const pfs[] = {PF0, FAR_PF};
        char root[64];

        open_tree(root, rows[i / 2].netdevs, i % 2);
        for (size_t pf = 0; pf < 2; pf++) {
            if (expected[pf]) {
                check_found(rows[i / 2].row, root, pfs[pf], 0, expected[pf]);
            } else {
                check_missing(rows[i / 2].row, root, pfs[pf], 0, "");
            }
        }
        close_tree(root);
    }
}

/* PFs of one switch whose uplinks have each other's numbers. */
static void test_crossed(void **state)
{
    static const struct netdev netdevs[TREE_MAX] = {
        {"up0", ONE_SWITCH, "p1", PF0},
        {"up1", ONE_SWITCH, "p0", PF1},
        {"a", ONE_SWITCH, "pf1vf0", PF0},
        {"b", ONE_SWITCH, "pf0vf0", PF1},
    };

    (void)state;
    for (int linked = 0; linked < 2; linked++) {
        char root[64];

        open_tree(root, netdevs, linked);
        check_found("PF 0", root, PF0, 0, "a");
        check_found("PF 1", root, PF1, 0, "b");
        close_tree(root);
    }
}

/* How many times all netdevs of the host were listed. */
static int n_listed;

/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_scandir(const char *path, struct dirent ***entries,
                   int (*filter)(const struct dirent *entry),
                   int (*compare)(const struct dirent **a, const struct dirent **b));
int __wrap_scandir(const char *path, struct dirent ***entries,
                   int (*filter)(const struct dirent *entry),
                   int (*compare)(const struct dirent **a, const struct dirent **b));

int __wrap_scandir(const char *path, struct dirent ***entries,
                   int (*filter)(const struct dirent *entry),
                   int (*compare)(const struct dirent **a, const struct dirent **b))
{
    n_listed += strstr(path, "/class/net") != NULL;
    return __real_scandir(path, entries, filter, compare);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* A host can have thousands of netdevs: where the PF's device has the representor, they are not
 * read. */
static void test_only_those_of_the_device(void **state)
{
    static const struct {
        const char *row;
        struct netdev netdevs[TREE_MAX];
        const char *pf;
        int n_listed;
    } rows[] = {
        {"in its directory",
         {{"up0", ONE_SWITCH, "p0", PF0}, {"a", ONE_SWITCH, "pf0vf3", PF0}},
         PF0,
         0},
        {"another PF",
         {{"up0", ONE_SWITCH, "p0", PF0},
          {"up1", ONE_SWITCH, "p1", PF1},
          {"a", ONE_SWITCH, "pf1vf3", PF1}},
         PF1,
         0},
        {"without a number of the uplink",
         {{"up1", ONE_SWITCH, "", PF1}, {"a", ONE_SWITCH, "pf1vf3", PF1}},
         PF1,
         0},
        {"with another number",
         {{"up2", ONE_SWITCH, "p2", PF0}, {"a", ONE_SWITCH, "pf2vf3", PF0}},
         PF0,
         0},
        {"whose number it is depends on others",
         {{"up2", ONE_SWITCH, "p2", PF1}, {"a", ONE_SWITCH, "pf1vf3", PF1}},
         PF1,
         1},
        {"in no directory",
         {{"up0", ONE_SWITCH, "p0", PF0}, {"a", ONE_SWITCH, "pf0vf3", NULL}},
         PF0,
         1},
        {"it has only the number of the function",
         {{"up2", ONE_SWITCH, "p2", PF0}, {"a", ONE_SWITCH, "pf0vf3", PF0}},
         PF0,
         1},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char root[64];

        open_tree(root, rows[i].netdevs, true);
        n_listed = 0;
        check_found(rows[i].row, root, rows[i].pf, 3, "a");
        CHECK_INT(rows[i].row, n_listed, rows[i].n_listed);
        close_tree(root);
    }
}

/* Gives a netdev of PF0 another name, like `ip link set name`. */
static void rename_netdev(const char *root, const char *from, const char *to)
{
    char paths[2][256];
    const char *names[] = {from, to};

    for (size_t i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/bus/pci/devices/" PF0 "/net/%s", root, names[i]);
    }
    assert_int_equal(rename(paths[0], paths[1]), 0);
    snprintf(paths[0], sizeof paths[0], "%s/class/net/%s", root, from);
    assert_int_equal(unlink(paths[0]), 0);
    snprintf(paths[0], sizeof paths[0], "%s/class/net/%s", root, to);
    assert_int_equal(symlink(paths[1], paths[0]), 0);
}

/* Each call looks anew: netdevs come, swap their names, and go. */
static void test_fresh(void **state)
{
    static const struct netdev netdevs[TREE_MAX] = {
        {"up0", ONE_SWITCH, "p0", PF0},
        {"x", ONE_SWITCH, "pf0vf1", NULL},
        {"b", ONE_SWITCH, "pf0vf2", PF0},
    };
    static const struct netdev late = {"a", ONE_SWITCH, "pf0vf1", PF0};
    char path[256];
    char root[64];

    (void)state;
    open_tree(root, netdevs, true);
    check_found("of no device", root, PF0, 1, "x");
    add_netdev(root, &late, true);
    check_found("a better one comes", root, PF0, 1, "a");
    rename_netdev(root, "a", "c");
    rename_netdev(root, "b", "a");
    check_found("another has its name", root, PF0, 1, "c");
    check_found("which is found by that", root, PF0, 2, "a");
    snprintf(path, sizeof path, "%s/bus/pci/devices/" PF0 "/net/c", root);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    snprintf(path, sizeof path, "%s/class/net/c", root);
    assert_int_equal(unlink(path), 0);
    check_found("it goes", root, PF0, 1, "x");
    close_tree(root);
}

static void test_uplink(void **state)
{
    static const struct {
        const char *row;
        struct netdev netdevs[TREE_MAX];
        const char *expected; /* NULL: none. */
    } rows[] = {
        {"p0", {{"a", ONE_SWITCH, "pf0vf0", PF0}, {"z", ONE_SWITCH, "p0", PF0}}, "z"},
        {"P12", {{"a", ONE_SWITCH, "1", PF0}, {"z", ONE_SWITCH, "P12", PF0}}, "z"},
        {"the first p", {{"z", ONE_SWITCH, "p0", PF0}, {"b", ONE_SWITCH, "p1", PF0}}, "b"},
        {"p among many",
         {{"m", ONE_SWITCH, "pf0vf0", PF0},
          {"d", ONE_SWITCH, "pf0vf1", PF0},
          {"y", ONE_SWITCH, "pf0vf2", PF0},
          {"p", ONE_SWITCH, "p0", PF0},
          {"a", ONE_SWITCH, "pf0vf3", PF0},
          {"z", ONE_SWITCH, "pf0vf4", PF0},
          {"k", ONE_SWITCH, "pf0vf5", PF0}},
         "p"},
        {"unnamed", {{"z", ONE_SWITCH, "", PF0}, {"b", ONE_SWITCH, NULL, PF0}}, "b"},
        {"not quite p",
         {{"g", ONE_SWITCH, "p0s1", PF0},
          {"f", ONE_SWITCH, "p", PF0},
          {"e", ONE_SWITCH, "xp0", PF0},
          {"d", ONE_SWITCH, "pf0", PF0},
          {"h", ONE_SWITCH, "c0p0", PF0}},
         "d"},
        {"no switch",
         {{"a", NULL, "p0", PF0}, {"b", "", "p0", PF0}, {"c", NO_ANSWER, "p0", PF0}},
         NULL},
        {"p of no switch", {{"a", NULL, "p0", PF0}, {"b", ONE_SWITCH, "7", PF0}}, "b"},
        {"another PF's", {{"a", ONE_SWITCH, "p0", PF1}, {"b", ONE_SWITCH, "p0", NULL}}, NULL},
        {"nothing", {{"a", ONE_SWITCH, "p0", NULL}}, NULL},
    };
    const struct pci_addr pf = addr(PF0);

    (void)state;
    for (size_t i = 0; i < 2 * N(rows); i++) {
        const char *expected = rows[i / 2].expected;
        char name[VIF_IFNAME_MAX + 1] = "";
        char root[64];

        open_tree(root, rows[i / 2].netdevs, i % 2);
        CHECK_INT(rows[i / 2].row, kernel_nic_uplink(root, &pf, name), expected != NULL);
        CHECK_STR(rows[i / 2].row, name, expected ? expected : "");
        if (!expected) {
            check_missing(rows[i / 2].row, root, PF0, 1,
                          "devlink dev eswitch set pci/" PF0 " mode switchdev");
        }
        close_tree(root);
    }
    assert_false(kernel_nic_uplink("/nonexistent", &pf, (char[VIF_IFNAME_MAX + 1]){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_same_function),
        cmocka_unit_test(test_uplink),
        cmocka_unit_test(test_crossed),
        cmocka_unit_test(test_only_those_of_the_device),
        cmocka_unit_test(test_fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
