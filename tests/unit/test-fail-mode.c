/* SPDX-License-Identifier: Apache-2.0 */
/* Which bridges are created with which fail_mode, under each evidence of a controller. */

#include "plan/fail-mode.h"

#include "check.h"

/* external_ids of Open_vSwitch, as blank-separated KEY=VALUE. */
static void parse_ids(const char *text, struct smap *ids)
{
    char copy[512];
    char *save = NULL;

    smap_init(ids);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(word, '=');

        CHECK(text, equals != NULL);
        if (equals) {
            *equals = '\0';
            smap_add(ids, word, equals + 1);
        }
    }
}

#define REMOTE "ovn-remote=tcp:192.0.2.1:6642 "

static void test_ovn_names(void **state)
{
    static const struct {
        const char *ids;
        const char *bridge;
        bool named;
    } rows[] = {
        {"", "br-int", false},
        {"system-id=hv1 hostname=hv1", "br-int", false},
        {REMOTE, "br-int", true},
        {REMOTE, "br-ex", false},
        {REMOTE "system-id=hv1", "br-int", true},
        {"ovn-remote=", "br-int", false},
        /* Without a southbound database ovn-controller programs nothing. */
        {"ovn-bridge=br-int", "br-int", false},
        {"ovn-encap-type=geneve ovn-encap-ip=192.0.2.2", "br-int", false},
        {REMOTE "ovn-bridge=br-ovn", "br-ovn", true},
        {REMOTE "ovn-bridge=br-ovn", "br-int", false},
        {REMOTE "ovn-bridge=br-ovn2", "br-ovn", false},
        /* Keys of one chassis take precedence over those of all. */
        {"system-id=hv1 ovn-remote-hv1=tcp:x", "br-int", true},
        {"system-id=hv1 ovn-remote-hv1=tcp:x ovn-bridge-hv1=br-hv1", "br-hv1", true},
        {"system-id=hv1 ovn-remote-hv1=tcp:x ovn-bridge-hv1=br-hv1", "br-int", false},
        {REMOTE "system-id=hv1 ovn-bridge=br-a ovn-bridge-hv1=br-b", "br-b", true},
        {REMOTE "system-id=hv1 ovn-bridge=br-a ovn-bridge-hv1=br-b", "br-a", false},
        {REMOTE "system-id=hv1 ovn-remote-hv1=", "br-int", false},
        /* Names that only the command lines of several ovn-controllers have. */
        {"ovn-remote-a=tcp:x ovn-bridge-a=br-a ovn-remote-b=tcp:y ovn-bridge-b=br-b", "br-a", true},
        {"ovn-remote-a=tcp:x ovn-bridge-a=br-a ovn-remote-b=tcp:y ovn-bridge-b=br-b", "br-b", true},
        {"ovn-remote-a=tcp:x ovn-bridge-a=br-a ovn-remote-b=tcp:y ovn-bridge-b=br-b", "br-int",
         false},
        {REMOTE "system-id=hv1 ovn-bridge-hv2=br-hv2", "br-hv2", true},
        {REMOTE "system-id=hv1 ovn-bridge-hv2=br-hv2", "br-int", true},
        {"ovn-remote-a=tcp:x ovn-bridge=br-all", "br-all", true},
        /* Names of chassis have dots and dashes. */
        {"ovn-remote-hv-1.example.org=tcp:x ovn-bridge-hv-1.example.org=br-x", "br-x", true},
        {"ovn-remote-remotely=tcp:x", "br-int", true},
        /* Options whose names begin alike are no chassis. */
        {"ovn-remote-probe-interval=60000", "br-int", false},
        {"ovn-remote-probe-interval-hv1=60000", "br-int", false},
        {"ovn-bridge-mappings=physnet1:br-ex ovn-bridge-datapath-type=netdev", "br-int", false},
        {REMOTE "ovn-bridge=br-ovn ovn-bridge-mappings=physnet1:br-ex", "br-ex", false},
        {REMOTE "ovn-bridge=br-ovn ovn-bridge-mappings-hv1=br-ex", "br-ex", false},
        {REMOTE "ovn-bridge=br-ovn ovn-bridge-datapath-type=netdev", "netdev", false},
        {REMOTE "ovn-bridge=br-ovn ovn-bridge-remote=br-x", "br-x", false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char row[600];
        struct smap ids;

        snprintf(row, sizeof row, "%s: %s", rows[i].bridge, rows[i].ids);
        parse_ids(rows[i].ids, &ids);
        CHECK_INT(row, fail_mode_ovn_names(&ids, rows[i].bridge), rows[i].named);
        smap_destroy(&ids);
    }
}

static const struct controller_facts nobody;
static const struct controller_facts ovn = {.ovn = true};
static const struct controller_facts agent = {.other_bridge = "br-tun"};
static const struct controller_facts both = {.ovn = true, .other_bridge = "br-tun"};

#define OPEN "between all its ports at once"
#define SHUT "forwards no frames until"

static const struct {
    const char *row;
    enum fail_mode_policy policy;
    const char *bridge;
    const struct controller_facts *facts;
    const char *fail_mode;
    const char *reason; /* In the explanation... */
    const char *frames; /* ...and this; "": there is no explanation. */
} choices[] = {
    {"auto, nobody", FAIL_MODE_AUTO, "br-int", &nobody, "", "OVSDB shows no controller", OPEN},
    {"auto, OVN", FAIL_MODE_AUTO, "br-int", &ovn, "secure", "name it as OVN's", SHUT},
    {"auto, agent", FAIL_MODE_AUTO, "br-int", &agent, "secure", "bridge br-tun has a controller",
     SHUT},
    {"auto, both", FAIL_MODE_AUTO, "br-int", &both, "secure", "name it as OVN's", SHUT},
    {"secure, nobody", FAIL_MODE_SECURE, "br-int", &nobody, "secure", "says fail_mode = secure",
     SHUT},
    {"secure, OVN", FAIL_MODE_SECURE, "br-int", &ovn, "secure", "says fail_mode = secure", SHUT},
    {"standalone, nobody", FAIL_MODE_STANDALONE, "br-int", &nobody, "standalone",
     "says fail_mode = standalone", OPEN},
    {"standalone, both", FAIL_MODE_STANDALONE, "br-int", &both, "standalone",
     "says fail_mode = standalone", OPEN},
    {"trunk, auto", FAIL_MODE_AUTO, "tbr-1", &both, "", "", ""},
    {"trunk, secure", FAIL_MODE_SECURE, "tbr-1", &both, "", "", ""},
    {"trunk, standalone", FAIL_MODE_STANDALONE, "tbr-1", &nobody, "", "", ""},
};

static void test_choices(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(choices); i++) {
        const char *row = choices[i].row;
        char text[512] = "of an earlier plan";

        CHECK_STR(row, fail_mode_choose(choices[i].policy, choices[i].bridge, choices[i].facts),
                  choices[i].fail_mode);
        fail_mode_explain(choices[i].policy, choices[i].bridge, choices[i].facts, text,
                          sizeof text);
        if (!choices[i].frames[0]) {
            CHECK_STR(row, text, "");
            continue;
        }
        CHECK_HAS(row, text, choices[i].bridge);
        CHECK_HAS(row, text, choices[i].reason);
        CHECK_HAS(row, text, choices[i].frames);
        CHECK_HAS(row, text, choices[i].fail_mode[0] ? choices[i].fail_mode : "no fail_mode");
        CHECK_INT(row, text[strlen(text) - 1], '.');
    }
}

/* With the longest name everything still fits. */
static void test_long_name(void **state)
{
    struct controller_facts facts = {.ovn = false};
    char bridge[VIF_IFNAME_MAX + 1];
    char text[512];

    (void)state;
    memset(bridge, 'b', sizeof bridge - 1);
    bridge[sizeof bridge - 1] = '\0';
    memset(facts.other_bridge, 'c', sizeof facts.other_bridge - 1);
    fail_mode_explain(FAIL_MODE_AUTO, bridge, &facts, text, sizeof text);
    assert_true(strlen(text) < sizeof text - 1);
    assert_int_equal(text[strlen(text) - 1], '.');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ovn_names),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_long_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
