/* SPDX-License-Identifier: Apache-2.0 */
/* Each check, by facts of which one is wrong. */

#include "check.h"

#include <errno.h>
#include <stdio.h>

#include "check/check.h"

/* A host, a switch and a VIF with which all is well. */
static struct host_facts host;
static struct check_facts facts;
static struct vif_facts vif;
static struct uplink_facts uplink;
static struct failed_port failed_port;
static const char *left_link = "vif-9";

static void make_host_well(void)
{
    struct host_card *card = &host.cards[0];

    memset(&host, 0, sizeof host);
    strcpy(host.nova.name, "nova");
    host.nova.exists = true;
    host.nova.uid = 100;
    host.nova.gid = 200;
    strcpy(host.qemu.name, "libvirt-qemu");
    host.qemu.exists = true;
    host.qemu.uid = 101;
    host.qemu_conf = "/etc/libvirt/qemu.conf";
    strcpy(host.socket_group, "vifplugd");
    strcpy(host.dirs[0].owner, "root");
    strcpy(host.dirs[0].group, "tape");
    host.group_exists = host.has_socket = host.has_config = true;
    host.socket_gid = 200;
    host.socket_mode = 0660;
    host.config_mtime.tv_sec = 1000;
    host.nodes[0] = (struct host_node){.node = 0, .total_kib = 4096, .free_kib = 2048};
    host.nodes[1] = (struct host_node){.node = 1, .total_kib = 4096, .free_kib = 2048};
    host.n_nodes = 2;
    host.has_pci = host.has_iommu_table = true;
    host.n_iommu_groups = 9;
    card->pf = (struct pci_addr){.bus = 0x65};
    strcpy(card->driver, "vfio-pci");
    strcpy(card->profile, "napatech");
    card->specific = card->serves_sockets = true;
    card->numa_node = 1;
    card->numvfs = 8;
    card->n_vfs = card->n_with_vfio = 8;
    host.n_cards = 1;
    strcpy(host.dirs[0].path, "/run/sockets");
    host.dirs[0].exists = host.dirs[0].of_card = host.dirs[0].qemu_makes = true;
    host.dirs[0].may_search = host.dirs[0].may_write = true;
    host.dirs[0].mode = 0755;
    host.n_dirs = 1;
}

static void make_well(void)
{
    make_host_well();
    uplink = (struct uplink_facts){.port = "eth0", .bridge = "br-int", .mtu = 1500};
    failed_port = (struct failed_port){.port = "bad0", .bridge = "br-int", .error = "No device"};
    facts = (struct check_facts){
        .daemon = {.config_path = "/etc/vifplugd.conf",
                   .had_config = true,
                   .config_mtime = {.tv_sec = 1000},
                   .waiting = "",
                   .socket = "/run/vifplugd.sock",
                   .socket_group = "nova",
                   .nova_may_plug = true},
        .sw = {.ovsdb_synced = true,
               .next_cfg = 4,
               .cur_cfg = 4,
               .ovs_version = "3.1.0",
               .dpdk_version = "DPDK 22.11.11",
               .dpdk_wanted = true,
               .dpdk_initialized = true,
               .uses_dpdk = true,
               .offload = "yes",
               .uplinks = &uplink,
               .n_uplinks = 1,
               .failed_ports = &failed_port,
               .left_links = &left_link},
        .host = &host,
    };
    vif = (struct vif_facts){
        .vif_id = "vif-1",
        .port = "vhuvif-1",
        .bridge = "br-int",
        .state = "up",
        .error = "",
        .drift = "",
        .realized = true,
        .link_state = "up",
        .vhost_user = true,
        .mtu = 1500,
        .mtu_request = 1500,
        .dead_vlan_ms = -1,
        .mac = "fa:16:3e:00:00:01",
        .mac_vif = "",
        .iface_id = "vif-1",
        .iface_id_port = "",
        .socket = "/run/sockets/vm1",
        .socket_port = "",
        .qemu_makes_socket = true,
    };
}

struct seen {
    size_t n;
    struct {
        enum check_result result;
        char check[32];
        char object[64];
        char message[CHECK_MESSAGE_LEN];
    } findings[CHECKS_MAX + CHECK_LINES_MAX];
};

static void note(void *seen_, const struct check_finding *finding)
{
    struct seen *seen = seen_;
    size_t i = seen->n++;

    assert_true(i < N(seen->findings));
    seen->findings[i].result = finding->result;
    snprintf(seen->findings[i].check, sizeof seen->findings[i].check, "%s", finding->check);
    snprintf(seen->findings[i].object, sizeof seen->findings[i].object, "%s", finding->object);
    snprintf(seen->findings[i].message, sizeof seen->findings[i].message, "%s", finding->message);
}

static void run_checks(struct seen *seen, struct check_run *run, size_t n_vifs)
{
    seen->n = 0;
    check_begin(run, &facts, note, seen);
    for (size_t i = 0; i < n_vifs; i++) {
        check_vif(run, &vif);
    }
    check_end(run);
}

/* Expects that finding, and that all other checks have passed. */
static void expect(const char *row, const char *check, enum check_result result, const char *object,
                   const char *text)
{
    struct check_run run;
    struct seen seen;
    bool found = false;

    run_checks(&seen, &run, 1);
    for (size_t i = 0; i < seen.n; i++) {
        if (strcmp(seen.findings[i].check, check) != 0) {
            CHECK_STR(row, check_result_name(seen.findings[i].result), "pass");
            continue;
        }
        CHECK_STR(row, check_result_name(seen.findings[i].result), check_result_name(result));
        CHECK_STR(row, seen.findings[i].object, object);
        CHECK_HAS(row, seen.findings[i].message, text);
        found = true;
    }
    CHECK(row, found);
    CHECK(row, check_verdict(&run) == result);
    make_well();
}

/* Makes one fact wrong and expects a finding. */
#define WRONG(change, ...)                                                                         \
    do {                                                                                           \
        make_well();                                                                               \
        change;                                                                                    \
        expect(#change, __VA_ARGS__);                                                              \
    } while (0)

/* Changes a fact and expects that all is well. */
#define WELL(change)                                                                               \
    do {                                                                                           \
        struct check_run run_;                                                                     \
        struct seen seen_;                                                                         \
                                                                                                   \
        make_well();                                                                               \
        change;                                                                                    \
        run_checks(&seen_, &run_, 1);                                                              \
        for (size_t i_ = 0; i_ < seen_.n; i_++) {                                                  \
            CHECK_STR(seen_.findings[i_].message, check_result_name(seen_.findings[i_].result),    \
                      "pass");                                                                     \
        }                                                                                          \
    } while (0)

static void test_all_is_well(void **state)
{
    struct check_run run;
    struct seen seen;

    (void)state;
    make_well();
    run_checks(&seen, &run, 1);
    CHECK_INT("a line for each check", seen.n, check_n_classes);
    for (size_t i = 0; i < seen.n; i++) {
        CHECK_STR(seen.findings[i].message, check_result_name(seen.findings[i].result), "pass");
    }
    CHECK("verdict", check_verdict(&run) == CHECK_PASS);
    CHECK_INT("counted", run.n[CHECK_PASS], seen.n);
}

static void test_daemon(void **state)
{
    (void)state;
    WRONG(facts.daemon.nova_may_plug = false, "access", CHECK_FAIL, "nova",
          "write 'allow = nova' in section [daemon] of /etc/vifplugd.conf");
    WRONG(host.socket_gid = 7, "access", CHECK_FAIL, "/run/vifplugd.sock",
          "cannot connect to /run/vifplugd.sock (group vifplugd, mode 0660)");
    WRONG(host.socket_mode = 0600, "access", CHECK_FAIL, "/run/vifplugd.sock", "mode 0600");
    WELL((host.socket_gid = 7, host.nova.groups[0] = 7, host.nova.n_groups = 1));
    WELL((host.nova.exists = false, facts.daemon.nova_may_plug = false));
    WRONG(host.group_exists = false, "socket-group", CHECK_WARN, "nova",
          "Group nova does not exist");
    WELL((host.group_exists = false, facts.daemon.socket_group = ""));
    WELL((host.group_exists = false, facts.daemon.socket_inherited = true));
    WRONG((host.socket_gid = 7, facts.daemon.socket_inherited = true), "access", CHECK_FAIL,
          "/run/vifplugd.sock", "run 'usermod --append --groups vifplugd nova'");
    WRONG(host.has_socket = false, "socket-group", CHECK_FAIL, "/run/vifplugd.sock",
          "has been removed");
    WRONG(facts.daemon.waiting = "socket, db", "settings", CHECK_WARN, "/etc/vifplugd.conf",
          "wait for a restart: socket, db;");
    WRONG(host.config_mtime.tv_nsec = 1, "settings", CHECK_WARN, "/etc/vifplugd.conf",
          "has been changed since");
    WRONG((host.has_config = false, host.config_mtime.tv_sec = 0), "settings", CHECK_WARN,
          "/etc/vifplugd.conf", "has been removed");
    WRONG((facts.daemon.had_config = false, facts.daemon.config_mtime.tv_sec = 0), "settings",
          CHECK_WARN, "/etc/vifplugd.conf", "has been made");
}

static void test_switch(void **state)
{
    (void)state;
    WRONG(facts.sw.ovsdb_problem = "OVSDB hangs.", "ovsdb", CHECK_FAIL, "OVSDB", "OVSDB hangs.");
    WRONG(facts.sw.vswitchd_problem = "It is dead.", "vswitchd", CHECK_FAIL, "ovs-vswitchd",
          "It is dead.");
    WELL(facts.sw.unanswered_ms = 999);
    WRONG((facts.sw.unanswered_ms = 2500, facts.sw.next_cfg = 6), "vswitchd", CHECK_WARN,
          "ovs-vswitchd", "behind OVSDB for 2 s (next_cfg is 6, cur_cfg 4)");
    WRONG(facts.sw.extra_waits = true, "vswitchd-settings", CHECK_WARN, "other_config:dpdk-extra",
          "restart ovs-vswitchd");
    WRONG(facts.sw.sock_dir_waits = true, "vswitchd-settings", CHECK_WARN,
          "other_config:vhost-sock-dir", "restart ovs-vswitchd");
    WRONG(facts.sw.socket_problem = "No socket.", "vswitchd-sockets", CHECK_FAIL, "ovs-vswitchd",
          "No socket.");
    WRONG(facts.sw.ovs_version = NULL, "versions", CHECK_WARN, "ovs-vswitchd", "does not say");
    WRONG(facts.sw.ovs_version = "x", "versions", CHECK_WARN, "ovs-vswitchd", "does not say");
    WRONG(facts.sw.ovs_version = "2.17.9", "versions", CHECK_WARN, "ovs-vswitchd",
          "2.17.9 is older than 3.1");
    WRONG(facts.sw.ovs_version = "3.0.5", "versions", CHECK_WARN, "ovs-vswitchd", "older than 3.1");
    WELL(facts.sw.ovs_version = "4.0.1");
    WRONG(facts.sw.dpdk_version = NULL, "dpdk", CHECK_FAIL, "ovs-vswitchd", "has no DPDK");
    WRONG(facts.sw.dpdk_version = "none", "dpdk", CHECK_FAIL, "ovs-vswitchd", "has no DPDK");
    WRONG(facts.sw.dpdk_initialized = false, "dpdk", CHECK_FAIL, "ovs-vswitchd",
          "DPDK is not initialised;");
    WRONG((facts.sw.dpdk_initialized = false, facts.sw.dpdk_starting = true), "dpdk", CHECK_WARN,
          "ovs-vswitchd", "DPDK is not initialised yet;");
    WRONG((facts.sw.dpdk_wanted = false, host.n_cards = 0), "dpdk", CHECK_FAIL,
          "other_config:dpdk-init", "DPDK is off");
    WRONG((facts.sw.dpdk_wanted = facts.sw.uses_dpdk = false, host.n_cards = 0), "dpdk", CHECK_WARN,
          "other_config:dpdk-init", "DPDK is off");
    WRONG(facts.sw.n_failed_ports = 1, "foreign-ports", CHECK_WARN, "bad0",
          "on bridge br-int is in error: No device; mend it");
    WRONG(facts.sw.n_left_links = 1, "left-links", CHECK_WARN, "vif-9", "vifctl reap vif-9");
}

static void test_offload(void **state)
{
    (void)state;
    WRONG(facts.sw.offload = "restart_required", "offload", CHECK_WARN, "other_config:hw-offload",
          "restart ovs-vswitchd");
    WRONG((facts.sw.offload = "restart_required", facts.sw.offload_needed = true), "offload",
          CHECK_FAIL, "other_config:hw-offload", "restart ovs-vswitchd");
    WRONG(facts.sw.offload = "no", "offload", CHECK_WARN, "other_config:hw-offload",
          "other_config:hw-offload=true");
    WRONG((facts.sw.offload = "no", facts.sw.offload_wanted = facts.sw.offload_needed = true),
          "offload", CHECK_FAIL, "other_config:hw-offload", "is off");
    WELL((facts.sw.offload = "no", host.n_cards = 0));
    WELL(facts.sw.offload = "unknown");
    WRONG((facts.sw.offload = "unknown", facts.sw.offload_needed = true), "offload", CHECK_WARN,
          "other_config:hw-offload", "is not known");
}

static void test_cards(void **state)
{
    struct host_card *card = &host.cards[0];
    static const char pf[] = "0000:65:00.0";

    (void)state;
    WRONG(strcpy(card->problem, "Not named."), "dpdk-extra", CHECK_FAIL, pf, "Not named.");
    WRONG((strcpy(card->problem, "Not named."), card->specific = false), "dpdk-extra", CHECK_WARN,
          pf, "Not named.");
    WELL((strcpy(card->problem, "No VFs."), card->specific = false, card->n_vfs = 0,
          card->numvfs = 0));
    WRONG((card->n_vf_problems = 3, strcpy(card->vf_problem, "No number.")), "dpdk-extra",
          CHECK_WARN, pf,
          "3 of its 8 VFs cannot be plugged, for example VF 0000:00:00.0: No number.");
    WRONG((card->n_vfs = card->n_with_vfio = 40, card->numvfs = 40), "dpdk-ports", CHECK_WARN,
          "ovs-vswitchd", "need up to 41 DPDK ports (PFs and VFs), and 0 are in use");
    WELL((card->n_vfs = card->n_with_vfio = 31, card->numvfs = 31));
    WELL((card->n_vfs = card->n_with_vfio = 40, card->numvfs = 40, facts.sw.n_dpdk_ports = 33));
    WRONG((card->n_vfs = card->n_with_vfio = 0, card->numvfs = 0), "vfs", CHECK_WARN, pf,
          "/sys/bus/pci/devices/0000:65:00.0/sriov_numvfs");
    WELL((card->n_vfs = card->n_with_vfio = 0, card->numvfs = 0, card->specific = false));
    WRONG(card->numvfs = 9, "vfs", CHECK_WARN, pf, "is to have 9 VFs, and sysfs lists 8");
    WRONG((card->n_without_driver = 2, card->without_driver = (struct pci_addr){.bus = 0x66}),
          "vf-drivers", CHECK_WARN, pf, "2 of 8 VFs have no driver (the first is 0000:66:00.0)");
    WRONG((card->n_of_kernel = 1, strcpy(card->kernel_driver, "iavf")), "vf-drivers", CHECK_FAIL,
          pf, "to iavf), so DPDK cannot serve their sockets");
    WELL((card->n_of_kernel = 1, card->serves_sockets = false));
    WRONG(card->has_netdevs = true, "eswitch", CHECK_FAIL, pf,
          "devlink dev eswitch set pci/0000:65:00.0 mode switchdev");
    WRONG((card->has_netdevs = true, card->specific = false), "eswitch", CHECK_WARN, pf,
          "legacy mode");
    WELL(card->has_netdevs = card->is_switchdev = true);
    WRONG((strcpy(card->clash_socket, "/run/s0"), card->clash_pf.bus = 0x66), "card-sockets",
          CHECK_FAIL, pf, "PFs 0000:65:00.0 and 0000:66:00.0 would both serve the socket /run/s0");
}

static void test_host(void **state)
{
    struct host_card *card = &host.cards[0];
    struct host_dir *dir = &host.dirs[0];
    static const char pf[] = "0000:65:00.0";

    (void)state;
    WRONG(host.nodes[1].total_kib = host.nodes[1].free_kib = 0, "hugepages", CHECK_FAIL, pf,
          "There are no hugepages on NUMA node 1, which PF 0000:65:00.0 needs");
    WRONG(host.nodes[1].free_kib = 0, "hugepages", CHECK_WARN, pf,
          "All hugepages on NUMA node 1 (4 MiB) are in use");
    WELL(host.nodes[0].free_kib = 0);
    WRONG((card->numa_node = -1, host.nodes[0].free_kib = host.nodes[1].free_kib = 0), "hugepages",
          CHECK_WARN, pf, "All hugepages on the host (8 MiB) are in use");
    WRONG((host.n_cards = 0, host.n_nodes = 1, host.nodes[0] = (struct host_node){.node = -1}),
          "hugepages", CHECK_FAIL, "host", "vm.nr_hugepages");
    WRONG(host.n_nodes = 0, "hugepages", CHECK_WARN, "host", "shows no hugepages");
    WELL((host.cards[1] = *card, host.cards[1].numa_node = 0, host.n_cards = 2));
    WRONG(host.n_iommu_groups = 0, "iommu", CHECK_FAIL, pf, "The IOMMU is off");
    WRONG((host.n_iommu_groups = 0, host.unsafe_noiommu = true), "iommu", CHECK_WARN, pf,
          "in unsafe mode");
    WRONG((host.n_iommu_groups = 0, host.has_iommu_table = false), "iommu", CHECK_WARN, "host",
          "whether the IOMMU is on is not known");
    WRONG(host.has_pci = false, "host", CHECK_WARN, "host", "sysfs shows no PCI devices");
    WELL((host.n_iommu_groups = 0, strcpy(card->driver, "mlx5_core"), card->n_with_vfio = 0));
    WRONG((dir->exists = false, vif.socket = ""), "socket-dirs", CHECK_FAIL, "/run/sockets",
          "does not exist");
    WELL((dir->exists = dir->of_card = false, vif.socket = ""));
    WRONG((dir->may_search = false, vif.socket = ""), "socket-dirs", CHECK_FAIL, "/run/sockets",
          "QEMU's user libvirt-qemu cannot reach");
    WRONG((dir->may_search = dir->of_card = false, vif.socket = ""), "socket-dirs", CHECK_WARN,
          "/run/sockets",
          "cannot reach sockets in /run/sockets (owner root, group tape, mode 0755");
    WRONG((dir->may_write = false, vif.socket = ""), "socket-dirs", CHECK_FAIL, "/run/sockets",
          "cannot make the sockets of a card's VFs");
    WELL((dir->may_write = dir->qemu_makes = false, vif.socket = ""));
    WELL(dir->may_search = host.qemu.exists = false);
    WRONG((host.qemu.exists = false, host.qemu_configured = true, vif.socket = ""), "socket-dirs",
          CHECK_WARN, "/etc/libvirt/qemu.conf",
          "User libvirt-qemu, as whom QEMU is to run, does not");
}

/* The line says whose rights were looked at, and how the name is known. */
static void test_qemu_user(void **state)
{
    static const char assumed[] =
        "libvirt-qemu (assumed, since /etc/libvirt/qemu.conf cannot be read: Permission denied)";
    struct host_dir *dir = &host.dirs[0];

    (void)state;
    make_well();
    expect("by default", "socket-dirs", CHECK_PASS, "directories",
           "QEMU's user libvirt-qemu may use the directories of sockets.");
    host.qemu_conf_error = EACCES;
    expect("assumed", "socket-dirs", CHECK_PASS, "directories", assumed);
    host.qemu_conf_error = EACCES;
    dir->may_search = false;
    expect("assumed, and wrong", "socket-dirs", CHECK_FAIL, "/run/sockets", assumed);
    host.qemu_conf_error = EACCES;
    dir->of_card = dir->may_write = false;
    expect("of a VIF", "vif-socket-dir", CHECK_FAIL, "/run/sockets", assumed);
    host.qemu.exists = false;
    expect("none", "socket-dirs", CHECK_PASS, "directories", "are not judged");
}

/* What is wrong with a VIF is told in one piece, as its line for each check. */
static void test_vif_by_vif(void **state)
{
    struct check_run run;
    struct seen seen;
    size_t n = 0;

    (void)state;
    make_well();
    vif.link_state = "down";
    vif.mtu = 1400;
    vif.mac_vif = "vif-0";
    seen.n = 0;
    check_begin(&run, &facts, note, &seen);
    for (int i = 0; i < 2; i++) {
        vif.vif_id = i == 0 ? "vif-1" : "vif-2";
        check_vif(&run, &vif);
        for (; n < seen.n && strncmp(seen.findings[n].object, "vif-", 4) != 0; n++) {
        }
        for (int j = 0; j < 3; j++, n++) {
            CHECK_STR("object", seen.findings[n].object, vif.vif_id);
        }
        CHECK_INT("all", seen.n, n);
    }
    check_end(&run);
}

static void test_vif(void **state)
{
    (void)state;
    WRONG((vif.state = "failed", vif.error = "No such device", vif.realized = false), "vif-state",
          CHECK_FAIL, "vif-1", "could not make port vhuvif-1: No such device;");
    WRONG((vif.state = "missing", vif.realized = false), "vif-state", CHECK_FAIL, "vif-1",
          "is not in OVSDB any more");
    WRONG((vif.state = "stale", vif.realized = false), "vif-state", CHECK_WARN, "vif-1",
          "vifctl reap vif-1");
    WRONG((vif.state = "drifted", vif.drift = "type is 'tap', not ''"), "vif-state", CHECK_WARN,
          "vif-1", "has changed the VIF: type is 'tap', not '';");
    WRONG((vif.state = "realizing", vif.realized = false), "vif-state", CHECK_WARN, "vif-1",
          "has not made port vhuvif-1 yet");
    WRONG(vif.link_state = "down", "vif-link", CHECK_WARN, "vif-1",
          "no guest is connected to /run/sockets/vm1");
    WRONG((vif.link_state = "down", vif.vhost_user = false), "vif-link", CHECK_WARN, "vif-1",
          "The link of port vhuvif-1 is down: no guest uses /run/sockets/vm1; start the guest");
    WRONG((vif.link_state = "down", vif.vhost_user = false, vif.socket = ""), "vif-link",
          CHECK_WARN, "vif-1", "The link of port vhuvif-1 is down; start the guest");
    WELL((vif.link_state = "down", vif.realized = false));
    WRONG(vif.mtu = 1400, "vif-mtu", CHECK_WARN, "vif-1", "has MTU 1400, and 1500 was asked for");
    WELL(vif.mtu = 0);
    WRONG(vif.mtu = vif.mtu_request = 9000, "vif-uplink", CHECK_WARN, "vif-1",
          "The VIF's MTU 9000 is above that of the uplink eth0 on bridge br-int, 1500");
    WELL((vif.mtu = vif.mtu_request = 9000, vif.bridge = "br-ex"));
    WRONG(
        (vif.mtu = vif.mtu_request = 9000, vif.bridge = "br-ex", vif.has_pf = uplink.has_pf = true),
        "vif-uplink", CHECK_WARN, "vif-1", "of the uplink eth0");
    WELL(vif.dead_vlan_ms = 29999);
    WRONG(vif.dead_vlan_ms = 30000, "vif-vlan", CHECK_WARN, "vif-1",
          "has had the VLAN 4095, which passes no frames, for 30 s");
    WRONG(vif.mac_vif = "vif-2", "vif-mac", CHECK_WARN, "vif-1",
          "VIF vif-2 has the MAC address fa:16:3e:00:00:01 too");
    WRONG(vif.iface_id_port = "tap2", "vif-iface-id", CHECK_FAIL, "vif-1",
          "Port tap2 has the iface-id vif-1 too");
    WRONG(vif.socket_port = "vhu2", "vif-socket", CHECK_FAIL, "vif-1",
          "Port vhu2 has the socket /run/sockets/vm1 too");
    WRONG((host.dirs[0].may_write = host.dirs[0].of_card = false), "vif-socket-dir", CHECK_FAIL,
          "/run/sockets", "cannot make socket /run/sockets/vm1 of VIF vif-1");
    WRONG((host.dirs[0].exists = host.dirs[0].of_card = false), "vif-socket-dir", CHECK_FAIL,
          "/run/sockets", "the directory of socket /run/sockets/vm1 of VIF vif-1, does not exist");
    WELL((host.dirs[0].may_write = host.dirs[0].of_card = vif.qemu_makes_socket = false));
}

/* What is not known is left out, and does not pass. */
static void test_unknown(void **state)
{
    struct check_run run;
    struct seen seen;

    (void)state;
    make_well();
    facts.host = NULL;
    facts.sw.ovsdb_synced = false;
    facts.sw.ovsdb_problem = "OVSDB is away.";
    run_checks(&seen, &run, 1);
    CHECK_INT("three checks need neither", seen.n, 3);
    CHECK_STR("host", seen.findings[0].check, "host");
    CHECK("it was not read", seen.findings[0].result == CHECK_FAIL);
    CHECK_STR("OVSDB", seen.findings[1].check, "ovsdb");
    CHECK_STR("vswitchd", seen.findings[2].check, "vswitchd");
    CHECK("verdict", check_verdict(&run) == CHECK_FAIL);
}

/* Of many findings of one check, the first ones are told, and the number of the others. */
static void test_many(void **state)
{
    struct check_run run;
    struct seen seen;
    size_t n = 0;

    (void)state;
    make_well();
    vif.state = "failed";
    run_checks(&seen, &run, 2000);
    for (size_t i = 0; i < seen.n; i++) {
        n += !strcmp(seen.findings[i].check, "vif-state");
    }
    CHECK_INT("lines", n, CHECK_LINES_MAX + 1);
    for (size_t i = 0; i < seen.n; i++) {
        if (!strcmp(seen.findings[i].check, "vif-state") && --n == 0) {
            CHECK_HAS("the last", seen.findings[i].message, "1950 more are not shown");
            CHECK("its result", seen.findings[i].result == CHECK_FAIL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_well), cmocka_unit_test(test_daemon),
        cmocka_unit_test(test_switch),      cmocka_unit_test(test_offload),
        cmocka_unit_test(test_cards),       cmocka_unit_test(test_host),
        cmocka_unit_test(test_qemu_user),   cmocka_unit_test(test_vif_by_vif),
        cmocka_unit_test(test_vif),         cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
