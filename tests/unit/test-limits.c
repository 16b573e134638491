/* SPDX-License-Identifier: Apache-2.0 */
/* Which limits act on which port (docs/limits.md): a row for each limit, and its edges. */

#include "plan/limits.h"
#include "plan/spec.h"

#include "check.h"

#include <stdio.h>

#define DPDK_TEXT "egress.max_kpps"

/* The ports; all but the last are where their kind of VIF puts them. */
enum port { REPRESENTOR, CLIENT, SERVER, TAP, TAP_ON_NETDEV, OWN_BRIDGE, LIBVIRT, N_PORTS };

static void make_port(enum port port, struct port_spec *spec)
{
    static const char *const types[N_PORTS] = {
        "dpdk", "dpdkvhostuserclient", "dpdkvhostuser", "", "", "patch", ""};

    port_spec_init(spec);
    strcpy(spec->port, "port1");
    strcpy(spec->bridge, "br1");
    strcpy(spec->type, types[port]);
    strcpy(spec->datapath_type, port <= SERVER || port == TAP_ON_NETDEV ? "netdev" : "system");
    if (port == OWN_BRIDGE) {
        strcpy(spec->guest_port, "tap1");
    }
    spec->no_port = port == LIBVIRT;
}

static const struct {
    const char *row;
    enum port port;
    int mtu;
    struct vif_qos asked; /* egress_kbps, _burst_kb, _kpps, _burst_kpkt, ingress_kbps, _burst_kb. */
    const char *field;    /* NULL: it is taken... */
    struct vif_qos settled;
    const char *text; /* ...or else what the message has. */
} rows[] = {
    {"none", TAP, 0, {0}, NULL, {0}, NULL},
    {"none, not ours to make", LIBVIRT, 0, {0}, NULL, {0}, NULL},
    {"not ours to make", LIBVIRT, 0, {1000, 0, 0, 0, 0, 0}, "", {0}, "create_port"},
    {"not ours to make, ingress", LIBVIRT, 0, {0, 0, 0, 0, 1000, 0}, "", {0}, "port1"},

    /* Packets. */
    {"representor, packets",
     REPRESENTOR,
     0,
     {0, 0, 1, 0, 0, 0},
     DPDK_TEXT,
     {0},
     "port1 of type dpdk "},
    {"client, packets", CLIENT, 0, {0, 0, 1, 1, 0, 0}, DPDK_TEXT, {0}, "dpdkvhostuserclient"},
    {"server, packets beside bits",
     SERVER,
     0,
     {1000, 0, 1, 1, 0, 0},
     DPDK_TEXT,
     {0},
     "max_kbps instead"},
    {"tap, packets", TAP, 0, {0, 0, 1, 0, 0, 0}, NULL, {0, 0, 1, 0, 0, 0}, NULL},
    {"tap, packets beside bits",
     TAP,
     0,
     {1000, 0, 1, 0, 0, 0},
     DPDK_TEXT,
     {0},
     "either bits or packets"},
    {"tap, most packets",
     TAP,
     0,
     {0, 0, 4294967, 4294967, 0, 0},
     NULL,
     {0, 0, 4294967, 4294967, 0, 0},
     NULL},
    {"tap, more packets",
     TAP,
     0,
     {0, 0, 4294968, 0, 0, 0},
     DPDK_TEXT,
     {0},
     "4294967 thousand packets"},
    {"tap, larger burst of packets",
     TAP,
     0,
     {0, 0, 4294967, 4294968, 0, 0},
     "egress.max_burst_kpps",
     {0},
     "4294967"},
    {"tap, longest burst of packets",
     TAP,
     0,
     {0, 0, 2, 536, 0, 0},
     NULL,
     {0, 0, 2, 536, 0, 0},
     NULL},
    {"tap, longer burst of packets",
     TAP,
     0,
     {0, 0, 2, 537, 0, 0},
     "egress.max_burst_kpps",
     {0},
     "at most 536"},

    /* Rates. */
    {"representor, largest",
     REPRESENTOR,
     0,
     {4000000000, 4000000000, 0, 0, 4000000000, 4000000000},
     NULL,
     {4000000000, 4000000000, 0, 0, 4000000000, 4000000000},
     NULL},
    {"client, least", CLIENT, 0, {1, 0, 0, 0, 1, 0}, NULL, {1, 0, 0, 0, 1, 0}, NULL},
    {"tap, largest",
     TAP,
     0,
     {34359738, 0, 0, 0, 34359738, 0},
     NULL,
     {34359738, 0, 0, 0, 34359738, 0},
     NULL},
    {"tap, egress that wraps",
     TAP,
     0,
     {34359739, 0, 0, 0, 0, 0},
     "egress.max_kbps",
     {0},
     "34359738 kbit/s"},
    {"tap, ingress that wraps",
     TAP,
     0,
     {0, 0, 0, 0, 34359739, 0},
     "ingress.max_kbps",
     {0},
     "34359738 kbit/s"},
    {"own bridge, ingress that wraps",
     OWN_BRIDGE,
     0,
     {0, 0, 0, 0, 40000000, 0},
     "ingress.max_kbps",
     {0},
     "port tap1"},
    {"tap, least egress", TAP, 0, {1, 0, 0, 0, 0, 0}, NULL, {1, 0, 0, 0, 0, 0}, NULL},
    {"tap, least ingress", TAP, 1500, {0, 0, 0, 0, 12, 0}, NULL, {0, 0, 0, 0, 12, 0}, NULL},
    {"tap, less ingress", TAP, 1500, {0, 0, 0, 0, 11, 0}, "ingress.max_kbps", {0}, "which is 12"},
    {"tap, less ingress, MTU not known",
     TAP,
     0,
     {0, 0, 0, 0, 11, 0},
     "ingress.max_kbps",
     {0},
     "MTU 1500"},
    {"tap, least ingress at 9000", TAP, 9000, {0, 0, 0, 0, 72, 0}, NULL, {0, 0, 0, 0, 72, 0}, NULL},
    {"tap, less ingress at 9000",
     TAP,
     9000,
     {0, 0, 0, 0, 71, 0},
     "ingress.max_kbps",
     {0},
     "which is 72"},

    /* Bursts that are too small for a frame. */
    {"representor, small bursts",
     REPRESENTOR,
     1500,
     {10000, 1, 0, 0, 10000, 1},
     NULL,
     {10000, 78, 0, 0, 10000, 78},
     NULL},
    {"client, small bursts",
     CLIENT,
     9702,
     {10000, 77, 0, 0, 10000, 77},
     NULL,
     {10000, 78, 0, 0, 10000, 78},
     NULL},
    {"server, bursts of a frame",
     SERVER,
     1500,
     {10000, 78, 0, 0, 10000, 79},
     NULL,
     {10000, 78, 0, 0, 10000, 79},
     NULL},
    {"tap, small bursts",
     TAP,
     1500,
     {10000, 1, 0, 0, 10000, 77},
     NULL,
     {10000, 78, 0, 0, 10000, 78},
     NULL},
    {"tap, small burst at the largest MTU",
     TAP,
     65535,
     {10000, 100, 0, 0, 0, 0},
     NULL,
     {10000, 525, 0, 0, 0, 0},
     NULL},
    {"any bursts",
     CLIENT,
     1500,
     {10000, 0, 0, 0, 10000, 0},
     NULL,
     {10000, 0, 0, 0, 10000, 0},
     NULL},

    /* Bursts that are too large. */
    {"tap, largest bursts",
     TAP,
     0,
     {34359738, 4194303, 0, 0, 34359738, 34359738},
     NULL,
     {34359738, 4194303, 0, 0, 34359738, 34359738},
     NULL},
    {"tap, larger egress burst",
     TAP,
     0,
     {34359738, 4194304, 0, 0, 0, 0},
     "egress.max_burst_kbps",
     {0},
     "4194303 kbit"},
    {"tap, larger ingress burst",
     TAP,
     0,
     {0, 0, 0, 0, 34359738, 34359739},
     "ingress.max_burst_kbps",
     {0},
     "34359738 kbit"},
    {"tap, longest bursts",
     TAP,
     0,
     {100, 26800, 0, 0, 100, 26800},
     NULL,
     {100, 26800, 0, 0, 100, 26800},
     NULL},
    {"tap, longer egress burst",
     TAP,
     0,
     {100, 26801, 0, 0, 0, 0},
     "egress.max_burst_kbps",
     {0},
     "at most 26800"},
    {"tap, longer ingress burst",
     TAP,
     0,
     {0, 0, 0, 0, 100, 26801},
     "ingress.max_burst_kbps",
     {0},
     "at most 26800"},
    {"tap, a frame takes too long",
     TAP,
     65535,
     {1, 1, 0, 0, 0, 0},
     "egress.max_burst_kbps",
     {0},
     "of 525"},

    /* Where tc's policer sees no frame. */
    {"tap on a netdev bridge",
     TAP_ON_NETDEV,
     0,
     {1000, 0, 0, 0, 0, 0},
     "egress.max_kbps",
     {0},
     "br1"},
    {"tap on a netdev bridge, packets",
     TAP_ON_NETDEV,
     0,
     {0, 0, 1, 0, 0, 0},
     DPDK_TEXT,
     {0},
     "before tc"},
    {"tap on a netdev bridge, ingress",
     TAP_ON_NETDEV,
     0,
     {0, 0, 0, 0, 1000, 0},
     NULL,
     {0, 0, 0, 0, 1000, 0},
     NULL},
};

static void test_ports(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *row = rows[i].row;
        const struct vif vif = {.form = VIF_FORM_NATIVE, .has_qos = true, .qos = rows[i].asked};
        struct error error = {0};
        struct port_spec spec;
        char field[64];
        bool ok;

        make_port(rows[i].port, &spec);
        spec.has_qos = true;
        spec.qos = rows[i].asked;
        ok = limits_settle(&vif, rows[i].mtu, &spec, &error);
        if (rows[i].field) {
            snprintf(field, sizeof field, "vif.qos%s%s", *rows[i].field ? "." : "", rows[i].field);
            CHECK(row, !ok);
            CHECK_STR(row, error.field, field);
            CHECK_STR(row, reason_name(error.reason), "invalid_request");
            CHECK_HAS(row, error.message, rows[i].text);
        } else {
            CHECK_STR(row, error.message, "");
            CHECK(row, ok);
            CHECK(row, !memcmp(&spec.qos, &rows[i].settled, sizeof spec.qos));
        }
        port_spec_destroy(&spec);
    }
}

/* What nobody asks for is not looked at: other programs may have written it. */
static void test_not_asked(void **state)
{
    const struct vif vif = {.form = VIF_FORM_NATIVE};
    struct port_spec spec;
    struct error error;

    (void)state;
    make_port(CLIENT, &spec);
    spec.qos = (struct vif_qos){.egress_kbps = 1, .egress_burst_kb = 1, .egress_kpps = 1};
    assert_true(limits_settle(&vif, 1500, &spec, &error));
    assert_int_equal(spec.qos.egress_burst_kb, 1);
    port_spec_destroy(&spec);
}

/* An update takes the MTU that the port has, or that it shall have. */
static void test_update(void **state)
{
    static const struct {
        const char *row;
        enum link_kind links;
        int mtu; /* Of the request. */
        int has; /* The port. */
        int64_t kbps;
        const char *field;
    } cases[] = {
        {"as it is", LINKS_TAP, 0, 9000, 71, "params.qos.ingress.max_kbps"},
        {"as it is, enough", LINKS_TAP, 0, 9000, 72, NULL},
        {"larger", LINKS_TAP, 9000, 1500, 71, "params.qos.ingress.max_kbps"},
        {"smaller", LINKS_TAP, 1500, 9000, 71, NULL},
        {"no links", LINKS_NONE, 0, 9000, 71, "params.qos.ingress.max_kbps"},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct vif vif = {.form = VIF_FORM_UPDATE,
                                .mtu = cases[i].mtu,
                                .has_qos = true,
                                .qos.ingress_kbps = cases[i].kbps};
        struct error error = {0};
        struct record current;
        struct port_spec spec;

        record_init(&current);
        current.spec.kind = VIF_KIND_OVS;
        current.spec.links.kind = cases[i].links;
        strcpy(current.spec.datapath_type, "system");
        CHECK_INT(cases[i].row,
                  spec_update(&vif, &current, cases[i].has, "linux-noop", &spec, &error),
                  !cases[i].field);
        CHECK_STR(cases[i].row, error.field, cases[i].field ? cases[i].field : "");
        port_spec_destroy(&spec);
        record_destroy(&current);
    }
}

static void test_warning(void **state)
{
    static const struct {
        struct vif_qos asked;
        struct vif_qos settled;
        const char *text; /* NULL: none. */
    } cases[] = {
        {{0}, {0}, NULL},
        {{1000, 0, 0, 0, 1000, 0}, {1000, 0, 0, 0, 1000, 0}, NULL},
        {{1000, 100, 0, 0, 1000, 100}, {1000, 100, 0, 0, 1000, 100}, NULL},
        {{1000, 1, 0, 0, 0, 0}, {1000, 78, 0, 0, 0, 0}, "max_burst_kbps of egress is 78 "},
        {{.ingress_burst_kb = 1}, {.ingress_burst_kb = 78}, "max_burst_kbps of ingress is 78 "},
        {{1000, 1, 0, 0, 1000, 1}, {1000, 78, 0, 0, 1000, 78}, "of egress and ingress is 78 "},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const char *row = cases[i].text ? cases[i].text : "none";
        char text[LIMITS_WARNING_LEN] = "";

        CHECK_INT(row, limits_warning(&cases[i].asked, &cases[i].settled, text),
                  cases[i].text != NULL);
        CHECK_HAS(row, text, cases[i].text ? cases[i].text : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_not_asked),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
