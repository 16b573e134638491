/* SPDX-License-Identifier: Apache-2.0 */
/* Makes, changes and removes the links that VIFs need in the kernel, and looks at them with
 * iproute2. */

#include "netns.h"

#include "links/link-plan.h"

#define ID "v1"
#define MINE LINK_ALIAS_PREFIX ID
#define OUR_ALIAS "\"ifalias\":\"vifplugd:v1\""

static const struct link_spec hybrid = {.kind = LINKS_HYBRID,
                                        .netdev = "qvov1",
                                        .peer = "qvbv1",
                                        .linux_bridge = "qbrv1",
                                        .create = true,
                                        .mtu = 1450};
static const struct link_spec tap_made = {.kind = LINKS_TAP,
                                          .netdev = "tap1",
                                          .create = true,
                                          .multiqueue = true,
                                          .address = "fa:16:3e:00:00:01",
                                          .mtu = 1450};
static const struct link_spec tap_qemus = {.kind = LINKS_TAP, .netdev = "tap1", .mtu = 1450};
static const struct link_spec netdev = {.kind = LINKS_NETDEV, .netdev = "rep1", .mtu = 1450};
static const struct link_spec netdev_bad_mtu = {.kind = LINKS_NETDEV, .netdev = "rep1", .mtu = 67};
static const struct link_spec nothing = {.kind = LINKS_NONE, .netdev = "qvov1"};
static const char *const names[] = {"qbrv1", "qvov1", "qvbv1", "tap1", "rep1", NULL};

/* Does the steps in the order in which they are due; stops at the first that fails. */
static bool execute(struct links *links, struct link_plan *plan, struct error *error)
{
    return link_plan_execute(links, ID, plan, LINK_FIRST, false, error) &&
           link_plan_execute(links, ID, plan, LINK_EARLY, false, error) &&
           link_plan_execute(links, ID, plan, LINK_LATE, false, error);
}

static size_t n_done(const struct link_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++) {
        n += plan->steps[i].done;
    }
    return n;
}

/* Reverts, and removes what was made. */
static void take_back(struct links *links, struct link_plan *plan)
{
    struct error error = {0};
    struct link_plan removals;

    link_plan_revert(links, plan, &removals);
    CHECK("removals", link_plan_execute(links, ID, &removals, LINK_FIRST, true, &error));
    CHECK_INT("reverted", n_done(plan), 0);
}

/* Looks, plans and does. */
static void bring_up(struct links *links, const struct link_spec *spec, struct link_plan *plan)
{
    struct link_state facts;
    struct error error = {0};
    bool ok;

    link_state_look(links, spec, &facts);
    ok = link_plan_up(ID, spec, &facts, plan, &error) && execute(links, plan, &error);
    CHECK_STR("bring_up", error.message, "");
    CHECK("bring_up", ok && n_done(plan) == plan->n);
}

static void bring_down(struct links *links, const struct link_spec *spec, struct link_plan *plan)
{
    struct link_state facts;
    struct error error = {0};
    bool ok;

    link_state_look(links, spec, &facts);
    link_plan_down(ID, spec, NULL, &facts, plan);
    ok = link_plan_execute(links, ID, plan, LINK_FIRST, true, &error);
    CHECK_STR("bring_down", error.message, "");
    CHECK("bring_down", ok && n_done(plan) == plan->n);
}

static void check_link(const char *name, const char *parts[], size_t n)
{
    const char *text = ip_link(name);

    for (size_t i = 0; i < n; i++) {
        CHECK_HAS(name, text, parts[i]);
    }
}

#define CHECK_LINK(name, ...)                                                                      \
    do {                                                                                           \
        const char *parts_[] = {__VA_ARGS__};                                                      \
        check_link(name, parts_, N(parts_));                                                       \
    } while (0)

static void test_hybrid(void **state)
{
    struct links *links = *state;
    struct link_plan plan;

    bring_up(links, &hybrid, &plan);
    assert_int_equal(plan.n, 3);
    CHECK_LINK("qbrv1", "\"info_kind\":\"bridge\"", "\"UP\"", OUR_ALIAS);
    CHECK_LINK("qvbv1", "\"info_kind\":\"veth\"", "\"UP\"", OUR_ALIAS, "\"master\":\"qbrv1\"",
               "\"mtu\":1450,", "\"link\":\"qvov1\"");
    CHECK_LINK("qvov1", "\"UP\"", OUR_ALIAS, "\"mtu\":1450,");
    assert_null(strstr(ip_link("qvov1"), "\"master\""));

    bring_up(links, &hybrid, &plan);
    assert_int_equal(plan.n, 0);

    bring_down(links, &hybrid, &plan);
    assert_int_equal(count_links(), 1);
    bring_down(links, &hybrid, &plan);
    assert_int_equal(plan.n, 0);
}

/* A bridge that existed before is set up and used, and outlives the VIF. */
static void test_hybrid_on_a_bridge(void **state)
{
    struct links *links = *state;
    struct link_plan plan;

    assert_string_equal(ip("link add name qbrv1 type bridge"), "");
    bring_up(links, &hybrid, &plan);
    CHECK_LINK("qbrv1", "\"UP\"");
    CHECK_LINK("qvbv1", "\"master\":\"qbrv1\"");
    assert_int_equal(system("grep -qx 1 /proc/sys/net/ipv4/conf/qbrv1/arp_ignore"), 0);
    take_back(links, &plan);
    assert_int_equal(count_links(), 2);
    assert_null(strstr(ip_link("qbrv1"), "\"UP\"")); /* As it was. */

    bring_up(links, &hybrid, &plan);
    bring_down(links, &hybrid, &plan);
    assert_int_equal(count_links(), 2);
    CHECK_LINK("qbrv1", "\"info_kind\":\"bridge\"");
}

static void test_tap(void **state)
{
    struct links *links = *state;
    struct link_plan plan;

    bring_up(links, &tap_qemus, &plan);
    assert_int_equal(count_links(), 1);
    bring_up(links, &tap_made, &plan);
    CHECK_LINK("tap1", "\"type\":\"tap\"", "\"multi_queue\":true", "\"UP\"", "\"mtu\":1450,",
               "\"address\":\"fa:16:3e:00:00:01\"", OUR_ALIAS);
    bring_up(links, &tap_made, &plan);
    assert_int_equal(plan.n, 0);
    bring_down(links, &tap_qemus, &plan); /* What a record tells of it. */
    assert_int_equal(count_links(), 1);

    assert_string_equal(ip("tuntap add dev tap1 mode tap multi_queue"), "");
    bring_up(links, &tap_made, &plan);
    CHECK_LINK("tap1", "\"mtu\":1450,", "\"UP\"");
    bring_down(links, &tap_made, &plan);
    assert_int_equal(plan.n, 0); /* Not ours. */
    assert_int_equal(count_links(), 2);
}

/* Reverts the steps: removes the links that were made, and restores up, down and MTUs. */
static void test_revert(void **state)
{
    struct links *links = *state;
    struct link_plan plan;

    bring_up(links, &hybrid, &plan);
    take_back(links, &plan);
    assert_int_equal(count_links(), 1);
    bring_up(links, &tap_made, &plan);
    take_back(links, &plan);
    assert_int_equal(count_links(), 1);

    assert_string_equal(ip("tuntap add dev rep1 mode tap"), ""); /* For a device's. */
    assert_string_equal(ip("link set rep1 mtu 2000"), "");
    bring_up(links, &netdev, &plan);
    assert_int_equal(plan.n, 2);
    CHECK_LINK("rep1", "\"UP\"", "\"mtu\":1450,");
    take_back(links, &plan);
    CHECK_LINK("rep1", "\"mtu\":2000,");
    assert_null(strstr(ip_link("rep1"), "\"UP\""));

    bring_up(links, &netdev, &plan);
    bring_down(links, &netdev, &plan);
    assert_null(strstr(ip_link("rep1"), "\"UP\""));
    CHECK_LINK("rep1", "\"mtu\":1450,"); /* An unplug leaves the MTU. */
    take_back(links, &plan);
    CHECK_LINK("rep1", "\"UP\"");
}

/* A revert of links that were removed meanwhile, or that cannot be reverted, does no harm. */
static void test_revert_what_has_gone(void **state)
{
    struct links *links = *state;
    struct link_plan plan;

    bring_up(links, &hybrid, &plan);
    (void)ip("link delete qvov1");
    (void)ip("link delete qbrv1");
    take_back(links, &plan);
    bring_up(links, &hybrid, &plan);
    bring_down(links, &hybrid, &plan);
    take_back(links, &plan); /* Deletions. */
    assert_int_equal(count_links(), 1);
}

#define BRIDGE(name) "link add name " name " type bridge"
#define TAP(name) "tuntap add dev " name " mode tap"
#define IS_BRIDGE "\"info_kind\":\"bridge\""
#define IS_TAP "\"type\":\"tap\""

static const struct {
    const char *row;
    const struct link_spec *spec;
    const char *before;  /* For ip(), before the look... */
    const char *between; /* ...and between plan and execution. */
    const char *error_text;
    size_t n_links;      /* In the end, lo among them. */
    const char *name;    /* One of them... */
    const char *part;    /* ...and what it is like... */
    const char *no_part; /* ...and not like. */
} failures[] = {
    {"bridge's name taken", &hybrid, "link", TAP("qbrv1"), "qbrv1", 2, "qbrv1", IS_TAP, "\"UP\""},
    {"port's name taken", &hybrid, "link", TAP("qvov1"), "qvov1", 2, "qvov1", IS_TAP, "\"UP\""},
    {"peer's name taken", &hybrid, "link", TAP("qvbv1"), "qvbv1", 2, "qvbv1", IS_TAP, "\"UP\""},
    {"port's name taken, bridge there", &hybrid, BRIDGE("qbrv1"), TAP("qvov1"), "qvov1", 3, "qbrv1",
     IS_BRIDGE, "\"UP\""},
    {"bridge gone before it is tended", &hybrid, BRIDGE("qbrv1"), "link delete qbrv1", "qbrv1", 1,
     "lo", "lo", "\"UP\""},
    {"bridge gone before it gets a port", &hybrid,
     BRIDGE("qbrv1") "; ip link set qbrv1 up alias " MINE, "link delete qbrv1", "qbrv1", 1, "lo",
     "lo", "\"UP\""},
    {"port gone before its MTU changes", &hybrid,
     "link add name qvbv1 mtu 2000 type veth peer name qvov1; ip link set qvbv1 up alias " MINE
     "; ip link set qvov1 up alias " MINE,
     "link delete qvbv1; ip " BRIDGE("qvbv1") "; ip link set qvbv1 mtu 2000", "qvbv1", 2, "qvbv1",
     "\"mtu\":2000,", "\"UP\""},
    {"tap's name taken", &tap_made, "link", BRIDGE("tap1"), "tap1", 2, "tap1", IS_BRIDGE, "\"UP\""},
    {"netdev gone", &netdev, TAP("rep1"), "link delete rep1", "rep1", 1, "lo", "lo", "\"UP\""},
    {"netdev's MTU refused", &netdev_bad_mtu, TAP("rep1"), "link", "MTU 67", 2, "rep1",
     "\"mtu\":1500,", "\"UP\""},
};

/* The facts are old: a change in between makes a step fail. Then the steps before it are reverted,
 * and the rest is not done. */
static void test_failures(void **state)
{
    struct links *links = *state;

    for (size_t i = 0; i < N(failures); i++) {
        const char *row = failures[i].row;
        struct link_state facts;
        struct error error = {0};
        struct link_plan plan;

        (void)ip(failures[i].before);
        link_state_look(links, failures[i].spec, &facts);
        CHECK(row, link_plan_up(ID, failures[i].spec, &facts, &plan, &error));
        (void)ip(failures[i].between);
        CHECK(row, !execute(links, &plan, &error));
        CHECK_STR(row, reason_name(error.reason), "not_realized");
        CHECK_HAS(row, error.message, failures[i].error_text);
        take_back(links, &plan);
        CHECK_INT(row, count_links(), failures[i].n_links);
        CHECK_HAS(row, ip_link(failures[i].name), failures[i].part);
        CHECK(row, !strstr(ip_link(failures[i].name), failures[i].no_part));
        for (const char *const *name = names; *name; name++) {
            char arguments[64];

            snprintf(arguments, sizeof arguments, "link delete %s", *name);
            (void)ip(arguments);
        }
        CHECK_INT(row, count_links(), 1);
    }
}

/* Looking finds the links that are named, and no others. */
static void test_look(void **state)
{
    struct links *links = *state;
    struct link_state facts;

    assert_string_equal(ip("link add name qvbv1 mtu 1400 type veth peer name qvov1"), "");
    link_state_look(links, &hybrid, &facts);
    assert_true(facts.has_netdev && facts.has_peer && !facts.has_linux_bridge);
    assert_string_equal(facts.peer.kind, "veth");
    assert_int_equal(facts.peer.mtu, 1400);
    link_state_look(links, &tap_made, &facts);
    assert_false(facts.has_netdev || facts.has_peer || facts.has_linux_bridge);
    link_state_look(links, &nothing, &facts);
    assert_false(facts.has_netdev || facts.has_peer || facts.has_linux_bridge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETNS_TEST(test_look),     NETNS_TEST(test_hybrid), NETNS_TEST(test_hybrid_on_a_bridge),
        NETNS_TEST(test_tap),      NETNS_TEST(test_revert), NETNS_TEST(test_revert_what_has_gone),
        NETNS_TEST(test_failures),
    };

    return netns_possible() ? cmocka_run_group_tests(tests, NULL, NULL) : NETNS_SKIPPED;
}
