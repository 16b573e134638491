/* SPDX-License-Identifier: Apache-2.0 */
/* Makes, changes and removes links, and looks at them with iproute2. */

#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALIAS "vifplug:port-1"
#define NAME15 "qvo456789012345"
#define PEER15 "qvb456789012345"

/* 300 bytes: the kernel refuses an alias of that length. */
#define C60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG_ALIAS C60 C60 C60 C60 C60

static void check_ok(const char *row, bool ok, const struct error *error)
{
    CHECK_STR(row, error->message, "");
    CHECK(row, ok);
}

/* An error as all of them are: a sentence with `name`, the kernel's error text and the next step.
 */
static void check_failed(const char *row, bool ok, const struct error *error, const char *name,
                         const char *error_text, const char *next)
{
    CHECK(row, !ok);
    CHECK_STR(row, reason_name(error->reason), "not_realized");
    CHECK_STR(row, error->field, "");
    CHECK_HAS(row, error->message, name);
    CHECK_HAS(row, error->message, error_text);
    CHECK_HAS(row, error->message, next);
    CHECK_HAS(row, error->detail, error_text);
    CHECK(row, error->message[strlen(error->message) - 1] == '.');
}

/* The value of net/FAMILY/conf/NAME/KEY; `otherwise` if this kernel has no such thing. */
static int conf(const char *family, const char *name, const char *key, int otherwise)
{
    char path[128];
    char text[16];
    FILE *file;

    snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, name, key);
    file = fopen(path, "re");
    if (!file) {
        return otherwise;
    }
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    return (int)strtol(text, NULL, 10);
}

static void check_silent(const char *bridge)
{
    CHECK_INT(bridge, conf("ipv6", bridge, "disable_ipv6", 1), 1);
    CHECK_INT(bridge, conf("ipv4", bridge, "arp_ignore", -1), 1);
    CHECK_INT(bridge, conf("ipv4", bridge, "arp_announce", -1), 2);
}

static void check_veth_end(struct links *links, const char *name, const char *peer, int mtu,
                           const char *alias)
{
    struct link_facts facts;
    char expected[192];
    const char *text;

    CHECK(name, links_find(links, name, &facts));
    CHECK(name, facts.up);
    CHECK_INT(name, facts.mtu, mtu);
    CHECK_STR(name, facts.kind, "veth");
    CHECK_STR(name, facts.alias, alias);
    CHECK_STR(name, facts.master, "");
    text = ip_link(name);
    CHECK_HAS(name, text, "\"PROMISC\"");
    CHECK_HAS(name, text, "\"UP\"");
    CHECK_HAS(name, text, "\"info_kind\":\"veth\"");
    CHECK_HAS(name, text, facts.address);
    snprintf(expected, sizeof expected, "\"mtu\":%d,", mtu);
    CHECK_HAS(name, text, expected);
    snprintf(expected, sizeof expected, "\"ifindex\":%d,\"link\":\"%s\"", facts.index, peer);
    CHECK_HAS(name, text, expected);
    snprintf(expected, sizeof expected, "\"ifalias\":\"%s\"", alias);
    CHECK(name, (strstr(text, expected) != NULL) == (*alias != '\0'));
}

static void test_veth(void **state)
{
    static const struct {
        const char *name;
        const char *peer;
        int mtu;
        int expected;
        const char *alias;
    } rows[] = {
        {"qvo1", "qvb1", 0, 1500, ALIAS},
        {"qvo2", "qvb2", 1450, 1450, ALIAS},
        {"qvo3", "qvb3", 9000, 9000, ""},
        {"qvo4.5-x", "qvb@4", 68, 68, "with space"},
        {NAME15, PEER15, 65535, 65535, C60 C60 "1234567"},
    };
    struct links *links = *state;

    for (size_t i = 0; i < N(rows); i++) {
        struct error error = {0};

        check_ok(
            rows[i].name,
            links_add_veth(links, rows[i].name, rows[i].peer, rows[i].mtu, rows[i].alias, &error),
            &error);
        check_veth_end(links, rows[i].name, rows[i].peer, rows[i].expected, rows[i].alias);
        check_veth_end(links, rows[i].peer, rows[i].name, rows[i].expected, rows[i].alias);
    }
}

/* The name is taken: the link that has it stays as it is, and no other link is made. */
static void test_taken(void **state)
{
    static const struct {
        const char *row;
        const char *name;
        const char *peer; /* NULL: a bridge. "": a tap device. */
        const char *taken;
        const char *error_text;
    } rows[] = {
        {"name of a veth", "old", "new", "old", "File exists"},
        {"peer of a veth", "new", "old", "old", "File exists"},
        {"both of a veth", "new", "new", "new", "File exists"},
        {"bridge", "old", NULL, "old", "File exists"},
        {"tap", "old", "", "old", "Device or resource busy"},
        {"tap by tap", "tap", "", "tap", "Device or resource busy"},
        {"tap by several queues", "taps", "", "taps", "Device or resource busy"},
    };
    struct links *links = *state;
    struct error error = {0};
    struct link_facts before;
    struct link_facts after;

    check_ok("old", links_add_bridge(links, "old", "mine", &error), &error);
    check_ok("tap", links_add_tap(links, "tap", false, "", 0, "mine", &error), &error);
    check_ok("taps", links_add_tap(links, "taps", true, "", 0, "mine", &error), &error);
    for (size_t i = 0; i < N(rows); i++) {
        const char *peer = rows[i].peer;
        bool found = links_find(links, rows[i].taken, &before);
        bool ok = !peer    ? links_add_bridge(links, rows[i].name, ALIAS, &error)
                  : !*peer ? links_add_tap(links, rows[i].name, !strcmp(rows[i].taken, "taps"), "",
                                           1400, ALIAS, &error)
                           : links_add_veth(links, rows[i].name, peer, 1400, ALIAS, &error);
        char next[64];

        snprintf(next, sizeof next, "ip link delete %s", rows[i].taken);
        check_failed(rows[i].row, ok, &error, rows[i].taken, rows[i].error_text, next);
        CHECK_INT(rows[i].row, count_links(), 4);
        CHECK(rows[i].row, !links_find(links, "new", NULL));
        if (found) {
            CHECK(rows[i].row, links_find(links, rows[i].taken, &after));
            CHECK_INT(rows[i].row, after.mtu, before.mtu);
            CHECK_STR(rows[i].row, after.alias, "mine");
        }
    }
}

static void test_bad_names(void **state)
{
    static const char *const names[] = {"", "1234567890123456", "a/b", "..", "a b", "tap%d", "x:y"};
    struct links *links = *state;

    for (size_t i = 0; i < N(names); i++) {
        const char *name = names[i];
        struct error error = {0};

        check_failed(name, links_add_veth(links, name, "p", 0, "", &error), &error, name,
                     "Invalid argument", "correct its name");
        check_failed(name, links_add_veth(links, "p", name, 0, "", &error), &error, name,
                     "Invalid argument", "correct its name");
        check_failed(name, links_add_bridge(links, name, "", &error), &error, name,
                     "Invalid argument", "correct its name");
        check_failed(name, links_add_tap(links, name, false, "", 0, "", &error), &error, name,
                     "Invalid argument", "correct its name");
        CHECK(name, !links_find(links, name, NULL));
        CHECK(name, count_links() == 1);
    }
}

/* An error after the link was made leaves no link. */
static void test_rollback(void **state)
{
    static const struct {
        const char *row;
        const char *kind;
        const char *address;
        int mtu;
        const char *alias;
        const char *error_text;
    } rows[] = {
        {"veth, alias", "veth", "", 0, LONG_ALIAS, ""},
        {"veth, MTU too large", "veth", "", 70000, ALIAS, "Invalid argument"},
        {"veth, MTU too small", "veth", "", 10, ALIAS, "Invalid argument"},
        {"veth, MTU below nought", "veth", "", -1, ALIAS, "Invalid argument"},
        {"bridge, alias", "bridge", "", 0, LONG_ALIAS, ""},
        {"tap, alias", "tap", "", 0, LONG_ALIAS, ""},
        {"tap, MTU too large", "tap", "", 70000, ALIAS, "maximum"},
        {"tap, MTU too small", "tap", "", 1, ALIAS, "minimum"},
        {"tap, multicast", "tap", "01:00:5e:00:00:01", 0, ALIAS, "Cannot assign"},
        {"tap, no address", "tap", "fa:16:3e", 0, ALIAS, "Invalid argument"},
    };
    struct links *links = *state;

    for (size_t i = 0; i < N(rows); i++) {
        const char *kind = rows[i].kind;
        struct error error = {0};
        bool ok = !strcmp(kind, "veth")
                      ? links_add_veth(links, "half", "peer", rows[i].mtu, rows[i].alias, &error)
                  : !strcmp(kind, "tap") ? links_add_tap(links, "half", false, rows[i].address,
                                                         rows[i].mtu, rows[i].alias, &error)
                                         : links_add_bridge(links, "half", rows[i].alias, &error);

        check_failed(rows[i].row, ok, &error, "half", rows[i].error_text, ";");
        CHECK(rows[i].row, count_links() == 1);
    }
}

static void test_bridge(void **state)
{
    static const struct {
        const char *name;
        const char *alias;
    } rows[] = {{"qbr1", ALIAS}, {"qbr456789012345", ""}, {"qbr.1", "x"}};
    struct links *links = *state;

    for (size_t i = 0; i < N(rows); i++) {
        const char *name = rows[i].name;
        struct link_facts facts;
        struct error error = {0};
        const char *text;

        check_ok(name, links_add_bridge(links, name, rows[i].alias, &error), &error);
        text = ip_link(name);
        CHECK_HAS(name, text, "\"info_kind\":\"bridge\"");
        CHECK_HAS(name, text, "\"ageing_time\":0,");
        CHECK_HAS(name, text, "\"forward_delay\":0,");
        CHECK_HAS(name, text, "\"stp_state\":0,");
        CHECK_HAS(name, text, "\"mcast_snooping\":0,");
        CHECK_HAS(name, text, "\"UP\"");
        CHECK(name, links_find(links, name, &facts));
        CHECK(name, facts.up);
        CHECK_STR(name, facts.kind, "bridge");
        CHECK_STR(name, facts.alias, rows[i].alias);
        check_silent(name);
        CHECK_STR(name, ip("-6 -o address"), "");
    }
    CHECK_INT("others", conf("ipv4", "default", "arp_ignore", -1), 0);
    CHECK_INT("others", conf("ipv4", "lo", "arp_ignore", -1), 0);
}

static void test_tend_bridge(void **state)
{
    struct links *links = *state;
    struct error error = {0};

    assert_string_equal(ip("link add name br0 type bridge ageing_time 30000"), "");
    check_ok("br0", links_prepare_bridge(links, "br0", &error), &error);
    check_silent("br0");
    CHECK_HAS("br0", ip_link("br0"), "\"UP\"");
    CHECK_HAS("br0", ip_link("br0"), "\"ageing_time\":30000,");
    check_ok("again", links_prepare_bridge(links, "br0", &error), &error);
    check_failed("missing", links_prepare_bridge(links, "br1", &error), &error, "br1",
                 "No such device", "ip link");
    check_failed("lo", links_prepare_bridge(links, "lo", &error), &error, "lo", "no Linux bridge",
                 "name another bridge");
    CHECK_INT("lo", conf("ipv4", "lo", "arp_ignore", -1), 0);
}

/* A procfs in which `key` of a bridge cannot be written, and the rest is missing. */
static void test_procfs(void **state)
{
    static const struct {
        const char *row;
        const char *family;
        const char *key;
    } rows[] = {
        {"nothing there", NULL, NULL},
        {"disable_ipv6", "ipv6", "disable_ipv6"},
        {"arp_ignore", "ipv4", "arp_ignore"},
        {"arp_announce", "ipv4", "arp_announce"},
    };
    char root[] = "/tmp/test-links-XXXXXX";
    struct links *links;
    char command[256];

    (void)state;
    assert_non_null(mkdtemp(root));
    links = links_create(root, false, NULL);
    assert_non_null(links);
    for (size_t i = 0; i < N(rows); i++) {
        struct error error = {0};
        bool ok;

        assert_string_equal(ip("link add name old type bridge"), "");
        if (rows[i].key) { /* Nobody can write to a directory. */
            snprintf(command, sizeof command, "rm -rf %s/sys; mkdir -p %s/sys/net/%s/conf/new/%s",
                     root, root, rows[i].family, rows[i].key);
            assert_int_equal(system(command), 0);
            snprintf(command, sizeof command, "cd %s/sys/net/* && cp -r conf/new conf/old", root);
            assert_int_equal(system(command), 0);
        }
        ok = links_add_bridge(links, "new", ALIAS, &error);
        if (rows[i].key) {
            check_failed(rows[i].row, ok, &error, rows[i].key, "Is a directory", "mounted");
            CHECK_HAS(rows[i].row, error.message, "new");
            CHECK(rows[i].row, !links_find(links, "new", NULL));
        } else {
            check_ok(rows[i].row, ok, &error);
        }
        /* It is silent before it is up, or stays down. */
        ok = links_prepare_bridge(links, "old", NULL);
        CHECK_INT(rows[i].row, ok, !rows[i].key);
        CHECK_INT(rows[i].row, strstr(ip_link("old"), "\"UP\"") != NULL, !rows[i].key);
        (void)ip("link delete old");
        (void)ip("link delete new");
    }
    links_destroy(links);
    snprintf(command, sizeof command, "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

/* Attaches to a tap device, as QEMU does. Returns the kernel's error. */
static int attach(const char *name, bool multiqueue)
{
    struct ifreq request = {.ifr_flags =
                                (short)(IFF_TAP | IFF_NO_PI | (multiqueue ? IFF_MULTI_QUEUE : 0))};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    int result;

    assert_true(fd >= 0);
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    result = ioctl(fd, TUNSETIFF, &request) < 0 ? errno : 0;
    close(fd);
    return result;
}

static void test_tap(void **state)
{
    static const struct {
        const char *name;
        bool multiqueue;
        const char *address;
        int mtu;
        int expected;
        const char *alias;
    } rows[] = {
        {"tap1", false, "", 0, 1500, ALIAS},
        {"tap2", true, "", 0, 1500, ALIAS},
        {"tap3", false, "fa:16:3e:00:00:0a", 1450, 1450, ALIAS},
        {"tap456789012345", true, "fe:16:3e:ff:ff:ff", 9000, 9000, ""},
    };
    struct links *links = *state;

    for (size_t i = 0; i < N(rows); i++) {
        const char *name = rows[i].name;
        struct error error = {0};
        struct link_facts facts;
        char expected[64];
        const char *text;

        check_ok(name,
                 links_add_tap(links, name, rows[i].multiqueue, rows[i].address, rows[i].mtu,
                               rows[i].alias, &error),
                 &error);
        text = ip_link(name);
        CHECK_HAS(name, text, "\"type\":\"tap\"");
        CHECK_HAS(name, text, "\"pi\":false");
        CHECK_HAS(name, text, "\"persist\":true");
        CHECK_HAS(name, text,
                  rows[i].multiqueue ? "\"multi_queue\":true" : "\"multi_queue\":false");
        CHECK_HAS(name, text, "\"UP\"");
        snprintf(expected, sizeof expected, "\"mtu\":%d,", rows[i].expected);
        CHECK_HAS(name, text, expected);
        CHECK_HAS(name, text, rows[i].address);
        CHECK_HAS(name, text, rows[i].alias);
        CHECK(name, links_find(links, name, &facts));
        CHECK_STR(name, facts.kind, "tun");
        CHECK_STR(name, facts.alias, rows[i].alias);
        CHECK_INT(name, facts.mtu, rows[i].expected);
        CHECK_INT(name, strlen(facts.address), VIF_MAC_LEN - 1);
        CHECK(name, !*rows[i].address || !strcmp(facts.address, rows[i].address));
        CHECK_INT(name, attach(name, rows[i].multiqueue), 0); /* EBUSY if it were attached. */
        CHECK(name, links_find(links, name, NULL));
    }
}

static void test_set(void **state)
{
    static const int bad_mtus[] = {-1, 0, 67, 65536};
    struct links *links = *state;
    struct error error = {0};
    struct link_facts facts;

    check_ok("tap1", links_add_tap(links, "tap1", false, "", 0, ALIAS, &error), &error);
    for (int i = 0; i < 6; i++) { /* Down twice, up twice, ... */
        const bool up = i % 4 >= 2;

        check_ok("tap1", links_set_up(links, "tap1", up, &error), &error);
        CHECK_INT("tap1", links_find(links, "tap1", &facts) && facts.up, up);
        CHECK_INT("tap1", strstr(ip_link("tap1"), "\"UP\"") != NULL, up);
        CHECK_HAS("tap1", ip_link("tap1"), ALIAS);
    }
    for (int i = 0; i < 2; i++) {
        check_ok("tap1", links_set_mtu(links, "tap1", 1442, &error), &error);
        CHECK_HAS("tap1", ip_link("tap1"), "\"mtu\":1442,");
    }
    for (size_t i = 0; i < N(bad_mtus); i++) {
        check_failed("tap1", links_set_mtu(links, "tap1", bad_mtus[i], &error), &error, "tap1",
                     "Invalid argument (mtu ", "ip -d link");
        CHECK_HAS("tap1", ip_link("tap1"), "\"mtu\":1442,");
    }
    check_failed("up", links_set_up(links, "none", true, &error), &error, "Link none",
                 "No such device", "ip link");
    check_failed("down", links_set_up(links, "none", false, &error), &error, "set down",
                 "No such device", "ip link");
    check_failed("mtu", links_set_mtu(links, "none", 1500, &error), &error, "MTU 1500",
                 "No such device", "ip link");
    assert_false(links_set_up(links, "none", true, NULL));
}

/* Up and down leave the other flags alone. */
static void test_set_up_keeps_flags(void **state)
{
    struct links *links = *state;
    struct error error = {0};

    assert_string_equal(ip("link add name v1 type veth peer name v2"), "");
    assert_string_equal(ip("link set v1 promisc on allmulticast on arp off"), "");
    check_ok("v1", links_set_up(links, "v1", true, &error), &error);
    check_ok("v1", links_set_up(links, "v1", false, &error), &error);
    CHECK_HAS("v1", ip_link("v1"), "\"PROMISC\"");
    CHECK_HAS("v1", ip_link("v1"), "\"ALLMULTI\"");
    CHECK_HAS("v1", ip_link("v1"), "\"NOARP\"");
}

/* A link is set down by its index: another one that has its name by now stays up. */
static void test_set_down(void **state)
{
    struct links *links = *state;
    struct link_facts facts;
    struct error error = {0};

    assert_string_equal(ip("link add name v1 type veth peer name v2"), "");
    assert_true(links_find(links, "v1", &facts));
    assert_string_equal(ip("link set v1 name v9"), "");
    assert_string_equal(ip("link set v9 up"), "");
    assert_string_equal(ip("link add name v1 type veth peer name v3"), "");
    assert_string_equal(ip("link set v1 up"), "");
    check_ok("v1", links_set_down(links, facts.index, "v1", &error), &error);
    CHECK("set down", !strstr(ip_link("v9"), "\"UP\""));
    CHECK_HAS("another's", ip_link("v1"), "\"UP\"");
    check_ok("none", links_set_down(links, 99999, "none", &error), &error);
}

static void test_master(void **state)
{
    static const struct {
        const char *name;
        const char *master;
        const char *error_text; /* NULL: it works. */
    } rows[] = {
        {"br2", "br1", "(Can not enslave a bridge to a bridge)"},
        {"v1", "br1", NULL},
        {"v1", "br1", NULL},
        {"v1", "br2", NULL},
        {"v1", "none", "No such device"},
        {"none", "br1", "No such device"},
        {"v1", "v2", "v2 is no Linux bridge"},
        {"lo", "br1", "Invalid argument"},
    };
    struct links *links = *state;
    struct error error = {0};
    struct link_facts facts;

    check_ok("v1", links_add_veth(links, "v1", "v2", 0, ALIAS, &error), &error);
    check_ok("br1", links_add_bridge(links, "br1", ALIAS, &error), &error);
    check_ok("br2", links_add_bridge(links, "br2", ALIAS, &error), &error);
    for (size_t i = 0; i < N(rows); i++) {
        struct error why = {0};
        bool ok = links_set_master(links, rows[i].name, rows[i].master, &why);
        char expected[64];

        if (rows[i].error_text) {
            check_failed(rows[i].name, ok, &why, rows[i].master, rows[i].error_text, "ip ");
            CHECK_HAS(rows[i].name, why.message, rows[i].name);
        } else {
            check_ok(rows[i].name, ok, &why);
            snprintf(expected, sizeof expected, "\"master\":\"%s\"", rows[i].master);
            CHECK_HAS(rows[i].name, ip_link(rows[i].name), expected);
            CHECK(rows[i].name, links_find(links, rows[i].name, &facts));
            CHECK_STR(rows[i].name, facts.master, rows[i].master);
            CHECK_STR(rows[i].name, facts.kind, "veth");
        }
    }
    CHECK_HAS("v1", ip_link("v1"), "\"master\":\"br2\"");
}

static void ignore_link(const char *name, bool exists, const struct link_facts *facts, void *aux)
{
    (void)name;
    (void)exists;
    (void)facts;
    (void)aux;
}

static int index_of(struct links *links, const char *name)
{
    struct link_facts facts;

    CHECK(name, links_find(links, name, &facts));
    return facts.index;
}

/* By index and alias, whatever the link is called. */
static void test_delete(void **state)
{
    struct links *links = *state;
    struct error error = {0};
    int v2;
    int tap;
    int br;

    check_ok("v1", links_add_veth(links, "v1", "v2", 0, ALIAS, &error), &error);
    check_ok("br", links_add_bridge(links, "br", ALIAS, &error), &error);
    check_ok("tap", links_add_tap(links, "tap", false, "", 0, ALIAS, &error), &error);
    check_ok("v2", links_set_master(links, "v2", "br", &error), &error);
    v2 = index_of(links, "v2");
    tap = index_of(links, "tap");
    br = index_of(links, "br");
    check_ok("another's", links_delete(links, br, "vifplugd:other", "br", &error), &error);
    assert_true(links_find(links, "br", NULL));
    check_ok("veth", links_delete(links, v2, ALIAS, "v2", &error), &error);
    assert_false(links_find(links, "v1", NULL));
    assert_string_equal(ip("link set tap down name tap9"), "");
    check_ok("renamed", links_delete(links, tap, ALIAS, "tap", &error), &error);
    assert_false(links_find(links, "tap9", NULL));
    check_ok("br", links_delete(links, br, ALIAS, "br", &error), &error);
    CHECK("empty", count_links() == 1);
    check_ok("missing", links_delete(links, br, ALIAS, "br", &error), &error);
    check_failed("lo", links_delete(links, 1, "", "lo", &error), &error, "lo", "not supported",
                 "ip -d");
}

/* What a daemon that was killed has begun: a link in our group without an alias. */
static void test_incomplete(void **state)
{
    struct links *links = *state;
    struct error error = {0};
    struct link_facts facts;

    check_ok("v1", links_add_veth(links, "v1", "v2", 0, ALIAS, &error), &error);
    check_ok("br", links_add_bridge(links, "br", ALIAS, &error), &error);
    check_ok("tap", links_add_tap(links, "tap", true, "", 0, ALIAS, &error), &error);
    for (const char *const *name = (const char *const[]){"v1", "v2", "br", "tap", NULL}; *name;
         name++) {
        CHECK(*name, links_find(links, *name, &facts));
        CHECK_INT(*name, facts.group, LINK_GROUP);
        CHECK(*name, !link_is_incomplete(&facts));
        CHECK_INT(*name, facts.multiqueue, !strcmp(*name, "tap"));
        CHECK(*name, !facts.ip_only);
    }
    assert_string_equal(ip("tuntap add dev tun mode tun"), "");
    assert_true(links_find(links, "tun", &facts) && facts.ip_only);
    assert_string_equal(ip("link set dev br alias ''"), "");
    assert_true(links_find(links, "br", &facts) && link_is_incomplete(&facts));
    check_ok("br", links_delete(links, facts.index, ALIAS, "br", &error), &error);
    assert_false(links_find(links, "br", NULL));
}

static void count_one(const char *name, const struct link_facts *facts, void *n)
{
    (void)name;
    (void)facts;
    ++*(size_t *)n;
}

/* How many links with an alias of ours the notifications have told of. */
static size_t count_ours(struct links *links)
{
    size_t n = 0;

    links_run(links, ignore_link, NULL);
    links_for_each_ours(links, count_one, &n);
    return n;
}

/* Links with our alias are known by it, as the notifications tell. */
static void test_ours(void **state)
{
    struct links *links = *state;
    char names[2][VIF_IFNAME_MAX + 1];
    struct link_facts facts[2];
    struct error error = {0};

    check_ok("v1", links_add_veth(links, "v1", "v2", 0, "vifplugd:a", &error), &error);
    check_ok("tap", links_add_tap(links, "tap", false, "", 0, "vifplugd:b", &error), &error);
    links_run(links, ignore_link, NULL);
    assert_int_equal(links_of_alias(links, "vifplugd:a", facts, names, 2), 2);
    assert_int_equal(links_of_alias(links, "vifplugd:b", facts, names, 2), 1);
    assert_string_equal(names[0], "tap");
    assert_int_equal(links_of_alias(links, "vifplugd:c", facts, names, 2), 0);
    /* They are looked up: what has changed since counts. */
    assert_string_equal(ip("link set tap down name tap9"), "");
    assert_int_equal(links_of_alias(links, "vifplugd:b", facts, names, 2), 1);
    assert_string_equal(names[0], "tap9");
    assert_string_equal(ip("link set tap9 alias other"), "");
    assert_int_equal(links_of_alias(links, "vifplugd:b", facts, names, 2), 0);
    check_ok("v1", delete_link(links, "v1", &error), &error);
    assert_int_equal(links_of_alias(links, "vifplugd:a", facts, names, 2), 0);
}

/* A link whose alias others have changed is none of ours any more, however it goes on. */
static void test_no_more_ours(void **state)
{
    static const struct {
        const char *what;
        const char *command;
        size_t n;
    } rows[] = {
        {"another alias", "link set tap alias other", 0},
        {"ours again", "link set tap alias vifplugd:a", 1},
        {"another of our aliases", "link set tap alias vifplugd:c", 1},
        {"no alias", "link set tap alias ''", 0},
        {"is down", "link set tap alias vifplugd:b down", 1},
        {"the kernel does not tell", "link set tap alias other", 1},
        {"goes with another alias", "link delete tap", 0},
    };
    struct links *links = *state;
    struct error error = {0};

    check_ok("tap", links_add_tap(links, "tap", false, "", 0, "vifplugd:a", &error), &error);
    assert_int_equal(count_ours(links), 1);
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_STR(rows[i].what, ip(rows[i].command), "");
        CHECK_INT(rows[i].what, count_ours(links), rows[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETNS_TEST(test_incomplete),
        NETNS_TEST(test_ours),
        NETNS_TEST(test_no_more_ours),
        NETNS_TEST(test_veth),
        NETNS_TEST(test_taken),
        NETNS_TEST(test_bad_names),
        NETNS_TEST(test_rollback),
        NETNS_TEST(test_bridge),
        NETNS_TEST(test_tend_bridge),
        NETNS_TEST(test_procfs),
        NETNS_TEST(test_tap),
        NETNS_TEST(test_set),
        NETNS_TEST(test_set_up_keeps_flags),
        NETNS_TEST(test_set_down),
        NETNS_TEST(test_master),
        NETNS_TEST(test_delete),
    };

    return netns_possible() ? cmocka_run_group_tests(tests, NULL, NULL) : NETNS_SKIPPED;
}
