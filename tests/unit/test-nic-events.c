/* SPDX-License-Identifier: Apache-2.0 */
/* Uevents are real: root may have the kernel send some in a network namespace of its own. */

#include "netns.h"
#include "pci-tree.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <utime.h>

#include "base/error.h"
#include "nic/nic-events.h"
#include "nic/nic-list.h"
#include "nic/nic-profile.h"
#include "nic/nic-refresh.h"
#include "nic/nic-scanner.h"
#include "nic/nic.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"

#define PCI "add@/devices/pci0000:64/0000:65:00.4\0ACTION=add\0SUBSYSTEM=pci"
#define NET "add@/devices/virtual/net/tap0\0ACTION=add\0SUBSYSTEM=net"

static void test_messages(void **state)
{
    static const struct {
        const char *name;
        const char *message;
        size_t length;
        bool concerns;
    } rows[] = {
#define ROW(NAME, MESSAGE, CONCERNS) {NAME, MESSAGE, sizeof(MESSAGE), CONCERNS}
        ROW("a device is added", "add@/d\0ACTION=add\0DEVPATH=/d\0SUBSYSTEM=pci\0SEQNUM=1", true),
        ROW("removed", "remove@/d\0ACTION=remove\0SUBSYSTEM=pci", true),
        ROW("has other VFs", "change@/d\0ACTION=change\0SUBSYSTEM=pci", true),
        ROW("moved", "move@/d\0ACTION=move\0SUBSYSTEM=pci", true),
        ROW("gets a driver", "bind@/d\0ACTION=bind\0SUBSYSTEM=pci", false),
        ROW("loses it", "unbind@/d\0SUBSYSTEM=pci\0ACTION=unbind", false),
        ROW("another subsystem", NET, false),
        ROW("its name is longer", "add@/d\0ACTION=add\0SUBSYSTEM=pci_bus", false),
        ROW("shorter", "add@/d\0ACTION=add\0SUBSYSTEM=pc", false),
        ROW("empty", "add@/d\0ACTION=add\0SUBSYSTEM=", false),
        ROW("the path has the word", "add@/SUBSYSTEM=pci\0ACTION=add\0SUBSYSTEM=net", false),
        ROW("another key ends in it", "add@/d\0XSUBSYSTEM=net\0SUBSYSTEM=pci", true),
        ROW("another key begins with it", "add@/d\0SUBSYSTEMS=net", true),
        /* What is not understood may be about a PCI device. */
        ROW("no subsystem", "add@/d\0ACTION=add", true),
        ROW("only the head", "add@/d", true),
        ROW("no text", "\0\0\0", true),
        ROW("a key without a value", "add@/d\0SUBSYSTEM", true),
        ROW("not a message", "\xff\x80@\n=\0=", true),
        {"nothing", "", 0, true},
        {"cut within a word", "add@/d\0SUBSYSTEM=pci\0ACTION=bind", 31, true},
        {"without the last NUL", "add@/d\0SUBSYSTEM=net", 20, false},
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        /* A copy of just that length, so that ASan sees what is read after it. */
        char *copy = rows[i].length ? malloc(rows[i].length) : NULL;

        if (copy) {
            memcpy(copy, rows[i].message, rows[i].length);
        }
        CHECK_INT(rows[i].name, nic_events_concerns_pci(copy, rows[i].length), rows[i].concerns);
        free(copy);
    }
}

/* Has the kernel send the message to all who listen in this namespace. */
static void send_event(const char *message, size_t length)
{
    struct {
        struct nlmsghdr header;
        char body[256];
    } request = {
        .header = {.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + length),
                   .nlmsg_type = NLMSG_MIN_TYPE,
                   .nlmsg_flags = NLM_F_REQUEST},
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

    assert_true(fd >= 0 && length <= sizeof request.body);
    memcpy(request.body, message, length);
    assert_int_equal(send(fd, &request, request.header.nlmsg_len, 0), request.header.nlmsg_len);
    close(fd);
}

/* Sends the message as this program, not through the kernel. */
static void forge_event(const struct nic_events *events, const char *message, size_t length)
{
    struct sockaddr_nl to = {.nl_family = AF_NETLINK};
    socklen_t to_length = sizeof to;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

    assert_int_equal(getsockname(nic_events_fd(events), (struct sockaddr *)(void *)&to, &to_length),
                     0);
    to.nl_groups = 0;
    assert_int_equal(sendto(fd, message, length, 0, (struct sockaddr *)(void *)&to, sizeof to),
                     length);
    close(fd);
}

static bool is_readable(const struct nic_events *events)
{
    struct pollfd pollfd = {.fd = nic_events_fd(events), .events = POLLIN};

    return poll(&pollfd, 1, 0) == 1;
}

static void test_kernel(void **state)
{
    struct error error = {.message = ""};
    struct nic_events *events;

    (void)state;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    events = nic_events_create("/sys", &error);
    assert_string_equal(error.message, "");
    assert_int_equal(nic_events_source(events), NIC_EVENTS_KERNEL);
    assert_false(nic_events_take(events));
    send_event(PCI, sizeof PCI);
    assert_true(is_readable(events));
    assert_true(nic_events_take(events));
    assert_false(is_readable(events));
    assert_false(nic_events_take(events));
    send_event(NET, sizeof NET);
    assert_false(nic_events_take(events));
    forge_event(events, PCI, sizeof PCI);
    assert_true(is_readable(events));
    assert_false(nic_events_take(events));
    /* One of several. */
    send_event(NET, sizeof NET);
    send_event(PCI, sizeof PCI);
    send_event(NET, sizeof NET);
    assert_true(nic_events_take(events));
    assert_false(nic_events_take(events));
    nic_events_destroy(events);
}

/* After an overflow the devices may have changed, once: the other calls read what is left. */
static void test_overflow(void **state)
{
    struct error error = {.message = ""};
    struct nic_events *events;
    int n = 0;

    (void)state;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    events = nic_events_create("/sys", &error);
    for (int i = 0; i < 20000; i++) {
        send_event(NET, sizeof NET);
    }
    assert_true(nic_events_take(events));
    while (is_readable(events)) {
        (void)nic_events_take(events);
        assert_true(++n < 100);
    }
    assert_false(nic_events_take(events));
    send_event(PCI, sizeof PCI);
    assert_true(nic_events_take(events));
    nic_events_destroy(events);
}

static void set_time(const char *root, time_t when)
{
    struct utimbuf times = {.actime = when, .modtime = when};

    assert_int_equal(utime(pci_tree_path(root, ".", ""), &times), 0);
}

static void test_tree(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+2", NULL};
    struct error error = {.message = ""};
    char root[PCI_TREE_ROOT_LEN];
    struct nic_events *events;

    (void)state;
    pci_tree_make(root, cards);
    events = nic_events_create(root, &error);
    assert_int_equal(nic_events_source(events), NIC_EVENTS_TREE);
    assert_int_equal(nic_events_fd(events), -1);
    /* What has just changed may change again, without another time. */
    assert_true(nic_events_take(events));
    assert_true(nic_events_take(events));
    set_time(root, time(NULL) - 10);
    assert_true(nic_events_take(events));
    assert_false(nic_events_take(events));
    pci_tree_mkdir(root, "0000:65:02.0", "");
    assert_true(nic_events_take(events));
    set_time(root, time(NULL) - 20);
    assert_true(nic_events_take(events));
    assert_false(nic_events_take(events));
    pci_tree_remove(root);
    assert_true(nic_events_take(events));
    assert_false(nic_events_take(events));
    nic_events_destroy(events);
}

/* The socket of `other` is at that of `vf` only while the other card is known. */
static bool resolves(struct nic *nic)
{
    struct pci_addr slot = pci_addr_of("0000:65:00.6");
    struct error error;
    struct nic_vf vf;
    bool ok = nic_resolve(nic, &slot, "f", &vf, &error);

    CHECK_INT("reason", !ok && error.reason != REASON_SOCKET_MISMATCH, false);
    return ok;
}

/* Whether it knows the PF, and its VF number 4, without a look for other PFs. */
static bool describes(struct nic *nic, const char *pf)
{
    struct pci_addr address = pci_addr_of(pf);
    struct nic_vf vf;
    bool known = nic_describe(nic, &address, 4, &vf);

    CHECK_INT(pf, nic_has_sockets(nic, &address), known);
    return known;
}

static const char *const one_card[] = {"pf=0000:65:00.0,vf=0000:65:00.4+8", NULL};
static const char *const two_cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+8",
                                        "pf=0000:b3:00.0,vf=0000:b3:00.4+8", NULL};

/* The list of PFs follows the events, and only these. */
static void test_nic_follows(void **state)
{
    static struct nic_profile profiles[NIC_PROFILES_MAX];
    struct error error = {.message = ""};
    char root[PCI_TREE_ROOT_LEN];
    struct nic_events *events;
    struct nic *nic;

    (void)state;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    pci_tree_make(root, one_card);
    nic = nic_create(root, profiles, nic_profiles_init(profiles));
    events = nic_events_create("/sys", &error);
    nic_set_events(nic, events);
    assert_true(resolves(nic));
    pci_tree_remake(root, two_cards);
    assert_true(resolves(nic)); /* Nothing was told. */
    send_event(NET, sizeof NET);
    assert_true(resolves(nic));
    send_event(PCI, sizeof PCI);
    assert_false(resolves(nic));
    pci_tree_remake(root, one_card);
    send_event(PCI, sizeof PCI);
    nic_follow_events(nic);
    assert_false(is_readable(events));
    assert_true(resolves(nic));
    nic_set_events(nic, NULL);
    nic_events_destroy(events);
    nic_destroy(nic);
    pci_tree_remove(root);
}

/* In a tree, a card that was just added counts at once. */
static void test_nic_follows_tree(void **state)
{
    static struct nic_profile profiles[NIC_PROFILES_MAX];
    struct error error = {.message = ""};
    char root[PCI_TREE_ROOT_LEN];
    struct nic_events *events;
    struct nic *nic;

    (void)state;
    pci_tree_make(root, one_card);
    set_time(root, time(NULL) - 10);
    nic = nic_create(root, profiles, nic_profiles_init(profiles));
    events = nic_events_create(root, &error);
    nic_set_events(nic, events);
    assert_true(resolves(nic));
    assert_true(resolves(nic));
    pci_tree_remake(root, two_cards);
    assert_false(resolves(nic));
    pci_tree_remake(root, one_card);
    assert_true(resolves(nic));
    nic_set_events(nic, NULL);
    nic_events_destroy(events);
    nic_destroy(nic);
    pci_tree_remove(root);
}

/* A list that the scanner's thread made replaces the PFs, with the profiles of whoever takes it. */
static void test_adopt(void **state)
{
    static struct nic_profile theirs[NIC_PROFILES_MAX];
    static struct nic_profile profiles[NIC_PROFILES_MAX];
    char root[PCI_TREE_ROOT_LEN];
    struct nic_list *list;
    struct nic *scanned;
    struct nic *nic;

    (void)state;
    pci_tree_make(root, one_card);
    nic = nic_create(root, profiles, nic_profiles_init(profiles));
    scanned = nic_create(root, theirs, nic_profiles_init(theirs));
    assert_true(resolves(nic));
    pci_tree_remake(root, two_cards);
    assert_true(resolves(nic));
    list = nic_list_make(scanned);
    memset(theirs, 0xff, sizeof theirs);
    nic_list_adopt(list, nic);
    assert_true(describes(nic, "0000:65:00.0"));
    assert_true(describes(nic, "0000:b3:00.0"));
    assert_false(resolves(nic));
    nic_list_free(list);
    nic_destroy(scanned);
    nic_destroy(nic);
    pci_tree_remove(root);
}

/* The list also has the idle PFs, which `nic` does not know; with them it has more PFs than `nic`
 * has room for. */
static void test_adopt_many(void **state)
{
    static struct nic_profile profiles[NIC_PROFILES_MAX];
    const char *cards[2 * NIC_PFS_MAX + 1] = {NULL};
    char texts[2 * NIC_PFS_MAX][48];
    char root[PCI_TREE_ROOT_LEN];
    struct nic_list *list;
    struct nic *scanned;
    struct nic *nic;

    (void)state;
    for (size_t i = 0; i < N(texts); i++) {
        int n = snprintf(texts[i], sizeof texts[i], "pf=0000:%02zx:00.0", i);

        if (i % 2) {
            snprintf(texts[i] + n, sizeof texts[i] - (size_t)n, ",vf=0000:%02zx:00.4", i);
        }
        cards[i] = texts[i];
    }
    pci_tree_make(root, cards);
    nic = nic_create(root, profiles, nic_profiles_init(profiles));
    scanned = nic_create(root, profiles, nic_profiles_init(profiles));
    list = nic_list_make(scanned);
    nic_list_adopt(list, nic);
    nic_list_free(list);
    for (size_t i = 0; i < N(texts); i++) {
        char pf[PCI_ADDR_LEN];

        snprintf(pf, sizeof pf, "0000:%02zx:00.0", i);
        CHECK_INT(pf, describes(nic, pf), i % 2 == 1);
    }
    nic_destroy(scanned);
    nic_destroy(nic);
    pci_tree_remove(root);
}

static void exhaust_descriptors(bool exhaust)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = exhaust ? 3 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Without descriptors there is no socket: one reason, and no events. */
static void test_no_socket(void **state)
{
    struct error error = {.message = ""};
    struct nic_events *events;

    (void)state;
    exhaust_descriptors(true);
    events = nic_events_create("/sys", &error);
    exhaust_descriptors(false);
    assert_int_equal(nic_events_source(events), NIC_EVENTS_NONE);
    assert_int_equal(nic_events_fd(events), -1);
    CHECK_HAS("no socket", error.message,
              "events of PCI devices cannot be received (Too many open files)");
    assert_false(nic_events_take(events));
    nic_events_destroy(events);
}

/* The loop's clock, ahead by that many ms. */
static long long int ahead;

/* NOLINTBEGIN(bugprone-reserved-identifier) */
long long int __real_time_msec(void);
long long int __wrap_time_msec(void);

long long int __wrap_time_msec(void)
{
    return __real_time_msec() + ahead;
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* Runs the loop until `nic` does or does not know the other card; at most 30 s. */
static bool await(struct nic_refresh *refresh, struct nic_scanner *scanner, struct nic *nic,
                  bool resolved)
{
    long long int deadline = __real_time_msec() + 30000;

    while (resolves(nic) != resolved && __real_time_msec() < deadline) {
        nic_scanner_run(scanner);
        nic_refresh_run(refresh);
        nic_scanner_wait(scanner);
        nic_refresh_wait(refresh);
        poll_timer_wait(20);
        poll_block();
    }
    return resolves(nic) == resolved;
}

/* Without events, the thread lists the PFs from time to time. */
static void test_refresh(void **state)
{
    static struct nic_profile profiles[NIC_PROFILES_MAX];
    size_t n = nic_profiles_init(profiles);
    struct dpdk_extra extra = {.text = NULL};
    char root[PCI_TREE_ROOT_LEN];
    struct nic_refresh *refresh;
    struct nic_scanner *scanner;
    struct nic *nic;

    (void)state;
    pci_tree_make(root, one_card);
    nic = nic_create(root, profiles, n);
    scanner = nic_scanner_create(root, &extra);
    nic_scanner_set_profiles(scanner, profiles, n);
    exhaust_descriptors(true);
    refresh = nic_refresh_create("/sys", nic, scanner);
    exhaust_descriptors(false);
    assert_true(resolves(nic));
    pci_tree_remake(root, two_cards);
    ahead = NIC_REFRESH_MS - 1000;
    nic_refresh_run(refresh);
    nic_scanner_run(scanner);
    assert_true(resolves(nic));
    ahead += 2000;
    assert_true(await(refresh, scanner, nic, false));
    pci_tree_remake(root, one_card);
    ahead += NIC_REFRESH_MS + 1000;
    assert_true(await(refresh, scanner, nic, true));
    nic_refresh_destroy(refresh);
    nic_scanner_destroy(scanner);
    nic_destroy(nic);
    pci_tree_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),    cmocka_unit_test(test_kernel),
        cmocka_unit_test(test_overflow),    cmocka_unit_test(test_tree),
        cmocka_unit_test(test_nic_follows), cmocka_unit_test(test_nic_follows_tree),
        cmocka_unit_test(test_adopt),       cmocka_unit_test(test_adopt_many),
        cmocka_unit_test(test_no_socket),   cmocka_unit_test(test_refresh),
    };

    return netns_possible() ? cmocka_run_group_tests(tests, NULL, NULL) : NETNS_SKIPPED;
}
