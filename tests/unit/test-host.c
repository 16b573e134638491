/* SPDX-License-Identifier: Apache-2.0 */
/* What checks read of the host, from a tree in place of sysfs. */

#include "pci-tree.h"

#include <errno.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check/host-reader.h"
#include "check/host.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

static char root[PCI_TREE_ROOT_LEN];
static struct nic_profile profiles[NIC_PROFILES_MAX];
static struct host_query query;
static struct host_facts facts;

static const char *const two_cards[] = {
    "pf=0000:65:00.0,vendor=18f4,device=01c5,vf=0000:65:00.4+4,numa=1",
    "pf=0000:b3:00.0,vendor=1af9,device=0003,vf=0000:b3:01.0+2", NULL};

static int set_up(void **state)
{
    (void)state;
    pci_tree_make(root, two_cards);
    query = (struct host_query){
        .sysfs_root = root,
        .qemu_conf = "/nonexistent",
        .config_path = "/nonexistent",
        .nova_user = "nobody",
        .socket_group = xstrdup("root"),
        .profiles = profiles,
        .n_profiles = nic_profiles_init(profiles),
    };
    memset(&facts, 0, sizeof facts);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    query.profiles = NULL;
    host_query_destroy(&query);
    pci_tree_remove(root);
    return 0;
}

/* Makes a file below the root, with the directories above it. */
static void make_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;

    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%s/%.*s", root, (int)(slash - name), name);
        (void)!mkdir(path, 0755);
    }
    snprintf(path, sizeof path, "%s/%s", root, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_memory(void **state)
{
    (void)state;
    host_read_memory(&query, &facts);
    CHECK_INT("there is nothing", facts.n_nodes, 0);
    CHECK_INT("no groups", facts.n_iommu_groups, 0);
    CHECK("nothing is known of groups", facts.has_pci && !facts.has_iommu_table);

    make_file("kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "3\n");
    make_file("kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "1\n");
    host_read_memory(&query, &facts);
    CHECK_INT("without NUMA", facts.n_nodes, 1);
    CHECK_INT("of the host", facts.nodes[0].node, -1);
    CHECK_INT("in all", facts.nodes[0].total_kib, 6144);
    CHECK_INT("free", facts.nodes[0].free_kib, 2048);

    memset(&facts, 0, sizeof facts);
    make_file("devices/system/node/possible", "0-1\n");
    make_file("devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages", "2\n");
    make_file("devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "2\n");
    make_file("devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages", "1\n");
    make_file("devices/system/node/node1/hugepages/hugepages-1048576kB/free_hugepages", "0\n");
    make_file("kernel/iommu_groups/0/type", "DMA\n");
    make_file("module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
    host_read_memory(&query, &facts);
    CHECK_INT("nodes", facts.n_nodes, 1);
    CHECK_INT("its number", facts.nodes[0].node, 1);
    CHECK_INT("all sizes", facts.nodes[0].total_kib, 1048576 + 4096);
    CHECK_INT("free", facts.nodes[0].free_kib, 4096);
    CHECK_INT("groups", facts.n_iommu_groups, 1);
    CHECK("it is known", facts.has_iommu_table);
    CHECK("unsafe", facts.unsafe_noiommu);
}

static void test_cards(void **state)
{
    const struct host_card *napatech = &facts.cards[0];
    const struct host_card *other = &facts.cards[1];

    (void)state;
    pci_tree_unlink(root, "0000:65:00.5", "driver");
    pci_tree_unlink(root, "0000:65:00.6", "driver");
    pci_tree_link(root, "0000:65:00.6", "driver", "../../drivers/iavf");
    pci_tree_mkdir(root, "0000:b3:00.0", "net");
    pci_tree_mkdir(root, "0000:b3:00.0", "net/eth0");
    host_read_cards(&query, &facts);
    CHECK_INT("cards", facts.n_cards, 2);
    CHECK_STR("profile", napatech->profile, "napatech");
    CHECK("for this card", napatech->specific);
    CHECK_INT("node", napatech->numa_node, 1);
    CHECK_INT("VFs", napatech->n_vfs, 4);
    CHECK_INT("without a driver", napatech->n_without_driver, 1);
    CHECK_INT("which", napatech->without_driver.function, 5);
    CHECK_INT("with the kernel's", napatech->n_of_kernel, 1);
    CHECK_STR("which driver", napatech->kernel_driver, "iavf");
    CHECK_INT("with vfio", napatech->n_with_vfio, 2);
    CHECK("no netdevs", !napatech->has_netdevs);
    CHECK("no clash", !napatech->clash_socket[0]);
    CHECK_INT("the directory of its sockets", facts.n_dirs, 1);
    CHECK("of a card", facts.dirs[0].of_card);
    CHECK("netdevs", other->has_netdevs && !other->is_switchdev);

    memset(&facts, 0, sizeof facts);
    pci_tree_write(root, "0000:b3:00.0", "net/eth0/phys_switch_id", "0a0b\n");
    host_read_cards(&query, &facts);
    CHECK("switchdev", other->is_switchdev);
}

static void test_cards_without_vfs(void **state)
{
    static const char *const idle[] = {"pf=0000:65:00.0,vendor=18f4,device=01c5", NULL};

    (void)state;
    pci_tree_remake(root, idle);
    host_read_cards(&query, &facts);
    CHECK_INT("it is there", facts.n_cards, 1);
    CHECK("with a profile", facts.cards[0].specific);
    CHECK_INT("without VFs", facts.cards[0].n_vfs, 0);
    CHECK_INT("as configured", facts.cards[0].numvfs, 0);
}

static void test_cards_with_one_socket(void **state)
{
    static const char *const clash[] = {"pf=0000:65:00.0,vendor=18f4,device=01c5,vf=0000:65:00.4+2",
                                        "pf=0000:66:00.0,vendor=18f4,device=01c5,vf=0000:66:00.4+2",
                                        NULL};
    char pf[PCI_ADDR_LEN];

    (void)state;
    pci_tree_remake(root, clash);
    host_read_cards(&query, &facts);
    CHECK_INT("both", facts.n_cards, 2);
    CHECK_HAS("the second", facts.cards[1].clash_socket, "stdvio4");
    CHECK_HAS("the first", facts.cards[0].clash_socket, "stdvio4");
    CHECK_STR("with", pci_addr_format(&facts.cards[1].clash_pf, pf), "0000:65:00.0");
}

static void test_users(void **state)
{
    char conf[PATH_MAX];

    (void)state;
    host_read_users(&query, &facts);
    CHECK("nova's user", facts.nova.exists && facts.nova.uid == getpwnam("nobody")->pw_uid);
    CHECK("group", facts.group_exists);

    free(query.socket_group);
    query.socket_group = xstrdup("nosuchgroup");
    query.nova_user = "nosuchuser";
    snprintf(conf, sizeof conf, "%s/qemu.conf", root);
    query.qemu_conf = conf;
    make_file("qemu.conf", "#user = \"root\"\nuser = \"daemon\"\ngroup = \"tape\"\n");
    memset(&facts, 0, sizeof facts);
    host_read_users(&query, &facts);
    CHECK("no user", !facts.nova.exists);
    CHECK_STR("its name", facts.nova.name, "nosuchuser");
    CHECK("no group", !facts.group_exists);
    CHECK_STR("QEMU's user", facts.qemu.name, "daemon");
    CHECK("is there", facts.qemu.exists && facts.qemu.uid == getpwnam("daemon")->pw_uid);
    CHECK("by its file", facts.qemu_configured && facts.qemu_conf_error == 0);
    CHECK_STR("which is", facts.qemu_conf, conf);

    make_file("qemu.conf", "user = \"+0\"\n");
    memset(&facts, 0, sizeof facts);
    host_read_users(&query, &facts);
    CHECK_STR("a number", facts.qemu.name, "root");
    CHECK("is a user", facts.qemu.exists && facts.qemu.uid == 0);

    make_file("qemu.conf", "#user = \"root\"\n");
    memset(&facts, 0, sizeof facts);
    host_read_users(&query, &facts);
    CHECK("the file names none", !facts.qemu_configured && facts.qemu_conf_error == 0);

    query.qemu_conf = "/nonexistent";
    memset(&facts, 0, sizeof facts);
    host_read_users(&query, &facts);
    CHECK("no file", !facts.qemu_configured && facts.qemu_conf_error == ENOENT);
}

static void test_directories(void **state)
{
    static const struct {
        const char *what;
        mode_t outer;
        mode_t inner;
        uid_t uid;
        gid_t gid;
        bool may_search;
        bool may_write;
    } rows[] = {
        {"others write", 0755, 0777, 0, 0, true, true},
        {"others search", 0755, 0755, 0, 0, true, false},
        {"others cannot", 0755, 0750, 0, 0, false, false},
        {"the owner", 0755, 0700, 5000, 0, true, true},
        {"the owner, who has less than others", 0755, 0077, 5000, 0, false, false},
        {"the group", 0755, 0770, 0, 6000, true, true},
        {"another group of the user", 0755, 0770, 0, 6001, true, true},
        {"the group, which has less than others", 0755, 0707, 0, 6000, false, false},
        {"a directory above cannot be searched", 0700, 0777, 0, 0, false, true},
    };
    char outer[PATH_MAX];
    char inner[PATH_MAX];

    (void)state;
    if (geteuid() != 0) {
        skip(); /* Only root can give directories away. */
    }
    make_file("outer/inner/x", "");
    snprintf(outer, sizeof outer, "%s/outer", root);
    snprintf(inner, sizeof inner, "%s/outer/inner", root);
    assert_int_equal(chmod(root, 0755), 0);
    for (size_t i = 0; i < N(rows); i++) {
        struct host_dir *dir;

        memset(&facts, 0, sizeof facts);
        facts.qemu = (struct host_user){
            .exists = true, .uid = 5000, .gid = 6000, .groups = {6001}, .n_groups = 1};
        CHECK_INT(rows[i].what, chmod(outer, rows[i].outer), 0);
        CHECK_INT(rows[i].what, chown(inner, rows[i].uid, rows[i].gid), 0);
        CHECK_INT(rows[i].what, chmod(inner, rows[i].inner), 0);
        dir = host_add_dir(&facts, inner);
        CHECK(rows[i].what, dir == host_add_dir(&facts, inner));
        host_read_dirs(&facts);
        CHECK(rows[i].what, dir->exists);
        CHECK_INT(rows[i].what, dir->may_search, rows[i].may_search);
        CHECK_INT(rows[i].what, dir->may_write, rows[i].may_write);
        CHECK_INT(rows[i].what, dir->mode, rows[i].inner);
        CHECK_STR(rows[i].what, dir->owner, rows[i].uid ? "5000" : "root");
    }
    memset(&facts, 0, sizeof facts);
    host_add_dir(&facts, "/nonexistent/x");
    host_read_dirs(&facts);
    CHECK("no such directory", !facts.dirs[0].exists);
}

/* --- The thread. --- */

static void fill(void *n_, struct host_query *result)
{
    ++*(int *)n_;
    *result = query;
    result->profiles = xmemdup(profiles, query.n_profiles * sizeof *profiles);
    result->socket_group = xstrdup("root");
    result->socket_dirs = xcalloc(1, sizeof *result->socket_dirs);
    strcpy(result->socket_dirs[0], root);
    result->n_socket_dirs = 1;
}

static void await(struct host_reader *reader, uint64_t number)
{
    long long int deadline = time_msec() + 30000;

    while (!host_reader_take(reader, number, &facts)) {
        assert_true(time_msec() < deadline);
        host_reader_run(reader);
        host_reader_wait(reader);
        poll_timer_wait(1000);
        poll_block();
    }
}

static void test_reader(void **state)
{
    int n = 0;
    struct host_reader *reader = host_reader_create(fill, &n);
    uint64_t number = host_reader_ask(reader);

    (void)state;
    CHECK("all who ask before it begins share a reading", host_reader_ask(reader) == number);
    CHECK("not yet", !host_reader_take(reader, number, &facts));
    await(reader, number);
    CHECK_INT("read once", n, 1);
    CHECK_INT("cards", facts.n_cards, 2);
    CHECK_INT("directories", facts.n_dirs, 2);
    CHECK_INT("VFs", facts.cards[0].n_vfs, 4);

    pci_tree_unlink(root, "0000:65:00.0", "virtfn3");
    number = host_reader_ask(reader);
    CHECK("a reading of before does not do", !host_reader_take(reader, number, &facts));
    await(reader, number);
    CHECK_INT("as it is by then", facts.cards[0].n_vfs, 3);
    CHECK_INT("read twice", n, 2);
    host_reader_ask(reader);
    host_reader_destroy(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cards, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cards_without_vfs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cards_with_one_socket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_users, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_directories, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reader, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
