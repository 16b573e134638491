/* SPDX-License-Identifier: Apache-2.0 */
/* Finds, lists and watches links; and requests that fail. */

#include "netns.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALIAS "vifplug:port-1"
#define DEADLINE_MS 10000

/* The calls of a callback of links_for_each_alias() or links_run(). */
struct seen {
    size_t n;
    size_t n_lost;
    struct {
        char name[VIF_IFNAME_MAX + 1];
        bool exists;
        struct link_facts facts;
    } links[512];
};

static struct seen seen;

static void on_event(const char *name, bool exists, const struct link_facts *facts, void *aux)
{
    assert_ptr_equal(aux, &seen);
    if (!name) {
        assert_null(facts);
        seen.n_lost++;
        return;
    }
    assert_true(seen.n < N(seen.links));
    snprintf(seen.links[seen.n].name, sizeof seen.links[0].name, "%s", name);
    seen.links[seen.n].exists = exists;
    seen.links[seen.n++].facts = *facts;
}

static void on_listed(const char *name, const struct link_facts *facts, void *aux)
{
    on_event(name, true, facts, aux);
}

/* How many times `name` was seen; *last is the index of the last time. */
static size_t count(const char *name, size_t *last)
{
    size_t n = 0;

    for (size_t i = 0; i < seen.n; i++) {
        if (!strcmp(seen.links[i].name, name)) {
            *last = i;
            n++;
        }
    }
    return n;
}

static void check_seen(const char *name, bool exists)
{
    size_t at = 0;

    CHECK_INT(name, count(name, &at), 1);
    CHECK_INT(name, seen.links[at].exists, exists);
}

static bool readable(const struct links *links, int timeout_ms)
{
    struct pollfd pollfd = {.fd = links_fd(links), .events = POLLIN};

    return poll(&pollfd, 1, timeout_ms) > 0;
}

static void run(struct links *links)
{
    memset(&seen, 0, sizeof seen);
    links_run(links, on_event, &seen);
}

/* Takes in all there is. */
static void settle(struct links *links)
{
    while (readable(links, 0)) {
        run(links);
    }
}

static void test_find(void **state)
{
    struct links *links = *state;
    struct link_facts facts;
    struct link_facts again;

    assert_true(links_find(links, "lo", &facts));
    assert_int_equal(facts.index, 1);
    assert_false(facts.up);
    assert_int_equal(facts.mtu, 65536);
    assert_string_equal(facts.kind, "");
    assert_string_equal(facts.alias, "");
    assert_string_equal(facts.address, "00:00:00:00:00:00");
    assert_string_equal(facts.master, "");
    assert_true(links_find(links, "lo", NULL));
    assert_false(links_find(links, "l", &facts));
    assert_false(links_find(links, "lo0", &facts));
    assert_false(links_find(links, "", &facts));
    assert_false(links_find(links, "1234567890123456", &facts));

    /* A link of another program: a long alias, an alternative name. */
    assert_string_equal(ip("link add name br0 address 02:00:00:00:0a:ff type bridge"), "");
    assert_string_equal(ip("link property add dev br0 altname bridge-of-mine"), "");
    assert_string_equal(ip("link property add dev br0 altname br9"), "");
    assert_string_equal(
        ip("link set br0 alias "
           "0123456789012345678901234567890123456789012345678901234567890123456789"
           "0123456789012345678901234567890123456789012345678901234567890123456789"),
        "");
    assert_false(links_find(links, "br9", &facts));
    assert_false(links_find(links, "bridge-of-mine", &facts));
    assert_true(links_find(links, "br0", &facts));
    assert_string_equal(facts.kind, "bridge");
    assert_string_equal(facts.address, "02:00:00:00:0a:ff");
    assert_int_equal(strlen(facts.alias), LINK_ALIAS_MAX);

    /* Nothing is remembered. */
    assert_string_equal(ip("link set br0 mtu 1300 up alias short"), "");
    assert_true(links_find(links, "br0", &again));
    assert_int_equal(again.mtu, 1300);
    assert_true(again.up);
    assert_string_equal(again.alias, "short");
    assert_string_equal(ip("link set br0 down name br1"), "");
    assert_false(links_find(links, "br0", NULL));
    assert_true(links_find(links, "br1", NULL));
}

static void list(struct links *links, const char *prefix)
{
    struct error error = {0};

    memset(&seen, 0, sizeof seen);
    CHECK(prefix, links_for_each_alias(links, prefix, on_listed, &seen, &error));
    CHECK_STR(prefix, error.message, "");
}

static void test_each_alias(void **state)
{
    static const struct {
        const char *prefix;
        size_t n;
    } rows[] = {
        /* And one that is incomplete. */
        {"vifplug:", 6}, {"vifplug:port-1", 5}, {"vifplug:port-2", 2},   {"vifplug:port-10", 2},
        {"other", 2},    {"ifplug:", 1},        {"vifplug:port-1xx", 1}, {"", 8},
    };
    struct links *links = *state;
    size_t at = 0;

    list(links, "vifplug:");
    assert_int_equal(seen.n, 0);
    assert_true(links_add_bridge(links, "br", "vifplug:port-1", NULL));
    assert_true(links_add_veth(links, "v1", "v2", 1400, "vifplug:port-1", NULL));
    assert_true(links_add_tap(links, "tap2", false, "", 0, "vifplug:port-2", NULL));
    assert_true(links_add_tap(links, "tap10", false, "", 0, "vifplug:port-10", NULL));
    assert_true(links_add_tap(links, "tap3", false, "", 0, "other vifplug:", NULL));
    assert_true(links_add_bridge(links, "none", "", NULL));
    assert_true(links_set_master(links, "v1", "br", NULL));
    for (size_t i = 0; i < N(rows); i++) {
        list(links, rows[i].prefix);
        CHECK_INT(rows[i].prefix, seen.n, rows[i].n);
    }
    list(links, "vifplug:port-1");
    assert_int_equal(count("v1", &at), 1);
    assert_string_equal(seen.links[at].facts.alias, "vifplug:port-1");
    assert_string_equal(seen.links[at].facts.master, "br");
    assert_string_equal(seen.links[at].facts.kind, "veth");
    assert_int_equal(seen.links[at].facts.mtu, 1400);
    check_seen("v2", true);
    check_seen("br", true);
    check_seen("tap10", true);
}

/* More links than one message of the kernel can hold, while other links are added and removed. */
struct commotion {
    struct links *links;
    atomic_bool stop;
};

static void *commotion(void *aux)
{
    struct commotion *commotion = aux;

    while (!commotion->stop) {
        links_add_tap(commotion->links, "come", false, "", 0, "gone", NULL);
        delete_link(commotion->links, "come", NULL);
    }
    return NULL;
}

static void test_each_alias_of_many(void **state)
{
    enum { TAPS = 150 };
    struct links *links = *state;
    struct commotion other = {.links = links_create("/proc", true, NULL)};
    pthread_t thread;
    char name[16];
    size_t at = 0;

    assert_non_null(other.links);
    for (int i = 0; i < TAPS; i++) {
        snprintf(name, sizeof name, "tap%d", i);
        assert_true(links_add_tap(links, name, false, "", 0, ALIAS, NULL));
    }
    assert_int_equal(pthread_create(&thread, NULL, commotion, &other), 0);
    for (int i = 0; i < 50; i++) {
        struct error error = {0};

        memset(&seen, 0, sizeof seen);
        if (links_for_each_alias(links, ALIAS, on_listed, &seen, &error)) {
            CHECK_INT("all of them", seen.n, TAPS);
        } else {
            CHECK_INT("none of them", seen.n, 0);
            CHECK_HAS("why", error.message, "Interrupted");
            CHECK_HAS("what to do", error.message, "try again");
        }
    }
    other.stop = true;
    pthread_join(thread, NULL);
    links_destroy(other.links);
    list(links, ALIAS);
    assert_int_equal(seen.n, TAPS);
    for (int i = 0; i < TAPS; i++) {
        snprintf(name, sizeof name, "tap%d", i);
        CHECK_INT(name, count(name, &at), 1);
    }
}

static void test_events(void **state)
{
    struct links *links = *state;
    size_t at = 0;

    settle(links);
    run(links);
    assert_int_equal(seen.n + seen.n_lost, 0);
    assert_false(readable(links, 0));

    assert_true(links_add_veth(links, "v1", "v2", 1400, ALIAS, NULL));
    assert_true(readable(links, DEADLINE_MS));
    run(links);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.n_lost, 0);
    check_seen("v1", true);
    check_seen("v2", true);
    assert_int_equal(count("v1", &at), 1);
    assert_true(seen.links[at].facts.up); /* As it was in the end. */
    assert_int_equal(seen.links[at].facts.mtu, 1400);
    assert_string_equal(seen.links[at].facts.alias, ALIAS);

    assert_string_equal(ip("link set v1 mtu 1300"), "");
    assert_true(readable(links, DEADLINE_MS));
    run(links);
    check_seen("v1", true);
    assert_int_equal(count("v1", &at), 1);
    assert_int_equal(seen.links[at].facts.mtu, 1300);

    assert_string_equal(ip("link delete v2"), "");
    assert_true(readable(links, DEADLINE_MS));
    run(links);
    check_seen("v1", false);
    check_seen("v2", false);
    assert_int_equal(count("v1", &at), 1);
    assert_string_equal(seen.links[at].facts.alias, ALIAS);

    /* Removed and added again; added and removed again; renamed. */
    assert_true(links_add_tap(links, "tap1", false, "", 0, ALIAS, NULL));
    settle(links);
    assert_true(delete_link(links, "tap1", NULL));
    assert_true(links_add_tap(links, "tap1", false, "", 0, "new", NULL));
    assert_true(links_add_bridge(links, "br", ALIAS, NULL));
    assert_true(delete_link(links, "br", NULL));
    assert_string_equal(ip("link set tap1 down name tap2"), "");
    run(links);
    assert_int_equal(seen.n, 3);
    check_seen("tap1", false);
    assert_int_equal(count("tap1", &at), 1);
    assert_string_equal(seen.links[at].facts.alias, ALIAS);
    check_seen("tap2", true);
    check_seen("br", false);
}

/* Fills `text` with all that was seen: "-v1 vifplugd:a, +v1 other" for a link that is gone, and one
 * that is there. */
static const char *seen_text(void)
{
    static char text[1024];
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < seen.n; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%c%s %s", i ? ", " : "",
                                 seen.links[i].exists ? '+' : '-', seen.links[i].name,
                                 seen.links[i].facts.alias);
        assert_true(used < sizeof text);
    }
    return text;
}

/* A VIF loses a link whose alias others change, as if the link was removed. */
static void test_events_of_aliases(void **state)
{
    static const struct {
        const char *what;
        const char *commands[4];
        const char *seen;
    } rows[] = {
        {"another alias", {"link set tap1 alias other"}, "-tap1 vifplugd:a, +tap1 other"},
        {"back, from no alias of ours", {"link set tap1 alias vifplugd:a"}, "+tap1 vifplugd:a"},
        {"no alias", {"link set tap1 alias ''"}, "-tap1 vifplugd:a, +tap1 "},
        {"another VIF's",
         {"link set tap1 alias vifplugd:a", "link set tap1 alias vifplugd:b"},
         "-tap1 vifplugd:a, +tap1 vifplugd:b"},
        {"the first of several",
         {"link set tap1 alias x", "link set tap1 alias vifplugd:c", "link set tap1 alias y"},
         "-tap1 vifplugd:b, +tap1 y"},
        {"there and back",
         {"link set tap1 alias vifplugd:a", "link set tap1 alias x",
          "link set tap1 alias vifplugd:a"},
         "-tap1 vifplugd:a, +tap1 vifplugd:a"},
        {"another name, too",
         {"link set tap1 alias x", "link set tap1 down name tap2"},
         "-tap1 vifplugd:a, +tap2 x"},
        /* The kernel does not tell of an alias while the link is down. */
        {"ours again", {"link set tap2 alias vifplugd:a", "link set tap2 up"}, "+tap2 vifplugd:a"},
        {"removed with another alias",
         {"link set tap2 down", "link set tap2 alias x", "link delete tap2"},
         "-tap2 vifplugd:a, -tap2 x"},
    };
    struct links *links = *state;

    assert_true(links_add_tap(links, "tap1", false, "", 0, "vifplugd:a", NULL));
    settle(links);
    for (size_t i = 0; i < N(rows); i++) {
        for (size_t j = 0; j < N(rows[i].commands) && rows[i].commands[j]; j++) {
            CHECK_STR(rows[i].what, ip(rows[i].commands[j]), "");
        }
        run(links);
        CHECK_STR(rows[i].what, seen_text(), rows[i].seen);
    }
}

/* A port that leaves its bridge still exists, although the bridge's message says RTM_DELLINK. */
static void test_events_of_ports(void **state)
{
    struct links *links = *state;
    size_t at = 0;

    assert_true(links_add_bridge(links, "br", ALIAS, NULL));
    assert_true(links_add_tap(links, "tap1", false, "", 0, ALIAS, NULL));
    settle(links);
    assert_true(links_set_master(links, "tap1", "br", NULL));
    run(links);
    check_seen("tap1", true);
    assert_int_equal(count("tap1", &at), 1);
    assert_string_equal(seen.links[at].facts.master, "br");
    assert_string_equal(seen.links[at].facts.kind, "tun");
    assert_string_equal(ip("link set tap1 nomaster"), "");
    run(links);
    check_seen("tap1", true);
    assert_int_equal(count("tap1", &at), 1);
    assert_string_equal(seen.links[at].facts.master, "");
    assert_string_equal(seen.links[at].facts.alias, ALIAS);
}

/* Changes a link `n` times. The link is lo: for others the kernel sends a message about the carrier
 * a moment later, for lo it does not. */
static void chatter(struct links *links, int n)
{
    static int changes;

    for (int i = 0; i < n; i++) {
        assert_true(links_set_mtu(links, "lo", 1000 + ++changes, NULL));
    }
}

/* One call reads at most so many messages; the descriptor shows that there are more. */
static void test_events_in_parts(void **state)
{
    struct links *links = *state;
    struct link_facts facts;
    int runs = 0;
    int mtu = 0;

    settle(links);
    chatter(links, 600);
    while (readable(links, 0)) {
        run(links);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.n_lost, 0);
        assert_true(seen.links[0].facts.mtu > mtu);
        mtu = seen.links[0].facts.mtu;
        runs++;
    }
    CHECK_IN_RANGE("runs", runs, 2, 20);
    assert_true(links_find(links, "lo", &facts));
    assert_int_equal(mtu, facts.mtu);
}

static void set_queue(struct links *links, int size)
{
    assert_int_equal(setsockopt(links_fd(links), SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
}

static void test_overflow(void **state)
{
    struct links *links = *state;

    for (int round = 0; round < 3; round++) {
        settle(links);
        set_queue(links, 1); /* The kernel makes it the least that it allows. */
        chatter(links, 100);
        assert_true(readable(links, DEADLINE_MS));
        run(links);
        assert_int_equal(seen.n_lost, 1);
        assert_int_equal(seen.n, 0);
        /* The queue is empty, and later changes are reported again. */
        assert_false(readable(links, 0));
        run(links);
        assert_int_equal(seen.n + seen.n_lost, 0);
        set_queue(links, 65536);
        chatter(links, 1);
        assert_true(readable(links, DEADLINE_MS));
        run(links);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.n_lost, 0);
        check_seen("lo", true);
    }
}

/* The queue holds the messages of many plugs while the daemon is busy. */
static void test_queue_is_long(void **state)
{
    struct links *links = *state;

    settle(links);
    chatter(links, 1000);
    while (readable(links, 0)) {
        run(links);
        assert_int_equal(seen.n_lost, 0);
    }
}

/* The descriptor of the socket for requests: the netlink socket that is not for notifications. */
static int requests_fd(const struct links *links)
{
    for (int fd = 0; fd < 64; fd++) {
        socklen_t size = sizeof(int);
        int domain = 0;

        if (fd != links_fd(links) && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
            domain == AF_NETLINK) {
            return fd;
        }
    }
    return -1;
}

/* A request that cannot be sent fails; the next one works. */
static void test_broken_socket(void **state)
{
    struct links *links = *state;
    struct link_facts br;
    struct error error = {0};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fd = requests_fd(links);

    assert_true(fd >= 0 && null >= 0);
    assert_int_equal(dup2(null, fd), fd);
    assert_false(links_add_bridge(links, "br", ALIAS, &error));
    assert_string_equal(reason_name(error.reason), "not_realized");
    CHECK_HAS("broken", error.message, "try again");
    assert_true(links_add_bridge(links, "br", ALIAS, &error));

    assert_true(links_find(links, "br", &br));
    fd = requests_fd(links);
    assert_true(fd >= 0);
    assert_int_equal(dup2(null, fd), fd);
    /* Not taken for one that is not there. */
    assert_false(links_delete(links, br.index, ALIAS, "br", &error));
    CHECK_HAS("broken", error.message, "try again");
    assert_true(delete_link(links, "br", &error));

    fd = requests_fd(links);
    assert_true(fd >= 0);
    assert_int_equal(dup2(null, fd), fd);
    memset(&seen, 0, sizeof seen);
    assert_false(links_for_each_alias(links, "", on_listed, &seen, &error));
    CHECK_HAS("broken", error.message, "try again");
    list(links, "");
    assert_int_equal(seen.n, 1);
    close(null);
}

static void test_not_allowed(void **state)
{
    struct links *links = *state;
    struct error errors[6] = {0};
    bool ok[6];

    assert_true(links_add_bridge(links, "br", ALIAS, NULL));
    assert_int_equal(seteuid(65534), 0); /* Gives up the capabilities until... */
    ok[0] = links_add_veth(links, "v1", "v2", 0, ALIAS, &errors[0]);
    ok[1] = links_add_tap(links, "tap1", false, "", 0, ALIAS, &errors[1]);
    ok[2] = links_add_bridge(links, "br1", ALIAS, &errors[2]);
    ok[3] = delete_link(links, "br", &errors[3]);
    ok[4] = links_set_up(links, "br", false, &errors[4]);
    ok[5] = links_prepare_bridge(links, "br", &errors[5]);
    assert_true(links_find(links, "br", NULL)); /* Everybody may look. */
    assert_int_equal(seteuid(0), 0);            /* ...here. */
    for (size_t i = 0; i < N(errors); i++) {
        CHECK("not allowed", !ok[i]);
        CHECK_STR("not allowed", reason_name(errors[i].reason), "not_realized");
        CHECK_HAS("not allowed", errors[i].message, "CAP_NET_ADMIN");
    }
    CHECK_HAS("not allowed", ip_link("br"), "\"UP\"");
    assert_true(delete_link(links, "br", NULL));
    CHECK_INT("left", count_links(), 1);
}

static void test_destroy(void **state)
{
    (void)state;
    links_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETNS_TEST(test_find),
        NETNS_TEST(test_each_alias),
        NETNS_TEST(test_each_alias_of_many),
        NETNS_TEST(test_events),
        NETNS_TEST(test_events_of_aliases),
        NETNS_TEST(test_events_of_ports),
        NETNS_TEST(test_events_in_parts),
        NETNS_TEST(test_overflow),
        NETNS_TEST(test_queue_is_long),
        NETNS_TEST(test_broken_socket),
        NETNS_TEST(test_not_allowed),
        cmocka_unit_test(test_destroy),
    };

    return netns_possible() ? cmocka_run_group_tests(tests, NULL, NULL) : NETNS_SKIPPED;
}
