/* SPDX-License-Identifier: Apache-2.0 */
/* Links that VIFs need: the steps, as tables over the present links. */

#include "links/link-plan.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#define ID "v1"
#define MINE LINK_ALIAS_PREFIX ID
#define OTHERS LINK_ALIAS_PREFIX "v11" /* Begins as ours does. */

static const struct link_spec hybrid = {.kind = LINKS_HYBRID,
                                        .netdev = "qvov1",
                                        .peer = "qvbv1",
                                        .linux_bridge = "qbrv1",
                                        .create = true,
                                        .mtu = 1450};
static const struct link_spec hybrid_any_mtu = {.kind = LINKS_HYBRID,
                                                .netdev = "qvov1",
                                                .peer = "qvbv1",
                                                .linux_bridge = "qbrv1",
                                                .create = true};
static const struct link_spec other_hybrid = {.kind = LINKS_HYBRID,
                                              .netdev = "qvov1",
                                              .peer = "qvbv1",
                                              .linux_bridge = "br9",
                                              .create = true};
static const struct link_spec tap_made = {.kind = LINKS_TAP,
                                          .netdev = "tap1",
                                          .create = true,
                                          .multiqueue = true,
                                          .address = "fa:16:3e:00:00:01",
                                          .mtu = 1450};
static const struct link_spec tap_qemus = {.kind = LINKS_TAP, .netdev = "tap1", .mtu = 1450};
static const struct link_spec netdev = {.kind = LINKS_NETDEV, .netdev = "rep1", .mtu = 1450};
static const struct link_spec netdev_any_mtu = {.kind = LINKS_NETDEV, .netdev = "rep1"};
static const struct link_spec none = {.kind = LINKS_NONE};

static void set_fact(struct link_facts *link, const char *fact)
{
    if (!strcmp(fact, "up")) {
        link->up = true;
    } else if (!strcmp(fact, "mine")) {
        strcpy(link->alias, MINE);
    } else if (!strcmp(fact, "others")) {
        strcpy(link->alias, OTHERS);
    } else if (!strcmp(fact, "incomplete")) {
        link->group = LINK_GROUP;
    } else if (!strcmp(fact, "mq")) {
        link->multiqueue = true;
    } else if (!strcmp(fact, "ip-only")) {
        link->ip_only = true;
    } else if (!strncmp(fact, "alias=", 6)) {
        snprintf(link->alias, sizeof link->alias, "%s", fact + 6);
    } else if (!strncmp(fact, "mac=", 4)) {
        snprintf(link->address, sizeof link->address, "%s", fact + 4);
    } else if (!strncmp(fact, "mtu=", 4)) {
        link->mtu = (int)strtol(fact + 4, NULL, 10);
    } else if (!strncmp(fact, "in=", 3)) {
        snprintf(link->master, sizeof link->master, "%s", fact + 3);
    } else {
        snprintf(link->kind, sizeof link->kind, "%s", fact);
    }
}

/* Facts are written as blank-separated links: N (netdev), P (peer) or B (Linux bridge), each with
 * its facts behind commas: a kind, "up", "mine" or "others" or alias=, "incomplete",
 * "mq", "ip-only", mtu=, mac=, in= (its master). An MTU that is not given is 1450, a MAC that of
 * tap_made. */
static void parse_facts(const char *text, struct link_state *facts)
{
    char copy[256];
    char *save = NULL;

    memset(facts, 0, sizeof *facts);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *save_fact = NULL;
        struct link_facts *link = *word == 'N'   ? &facts->netdev
                                  : *word == 'P' ? &facts->peer
                                                 : &facts->linux_bridge;

        *(*word == 'N'   ? &facts->has_netdev
          : *word == 'P' ? &facts->has_peer
                         : &facts->has_linux_bridge) = true;
        link->index = (unsigned char)*word;
        link->mtu = 1450;
        strcpy(link->address, "fa:16:3e:00:00:01");
        strtok_r(word, ",", &save_fact);
        for (char *fact; (fact = strtok_r(NULL, ",", &save_fact)) != NULL;) {
            set_fact(link, fact);
        }
    }
}

/* The steps of a plan as text, with "; " between. */
static const char *steps_text(const struct link_plan *plan)
{
    static char text[512];

    text[0] = '\0';
    for (size_t i = 0; i < plan->n; i++) {
        char step[96];

        link_step_describe(&plan->steps[i], step, sizeof step);
        strcat(text, i ? "; " : "");
        strcat(text, step);
    }
    return text;
}

#define ALL "B,bridge,up,mine P,veth,up,mine,in=qbrv1 N,veth,up,mine"
#define TEND_BRIDGE "set Linux bridge qbrv1 without IPv6, with ARP filtering"
#define ADD_VETH "add veth pair qvbv1 and qvov1 with MTU 1450"
#define ENSLAVE "set link qvbv1 master qbrv1"

static const struct {
    const char *row;
    const struct link_spec *spec;
    const char *facts;
    enum reason reason; /* NONE: planned. */
    const char *text;   /* The steps; or a part of the message. */
} ups[] = {
    {"nothing wanted", &none, "N,veth P,veth B,bridge", REASON_NONE, ""},
    /* Hybrid. */
    {"nothing there", &hybrid, "", REASON_NONE, "add Linux bridge qbrv1; " ADD_VETH "; " ENSLAVE},
    {"nothing there, any MTU", &hybrid_any_mtu, "", REASON_NONE,
     "add Linux bridge qbrv1; add veth pair qvbv1 and qvov1; " ENSLAVE},
    {"all there", &hybrid, ALL, REASON_NONE, ""},
    {"bridge there, made elsewhere", &hybrid, "B,bridge,up", REASON_NONE,
     TEND_BRIDGE "; " ADD_VETH "; " ENSLAVE},
    {"bridge there, of another VIF", &hybrid, "B,bridge,up,others", REASON_PORT_CONFLICT,
     "Link qbrv1 belongs to VIF v11, "},
    {"another's bridge, of that name", &other_hybrid, "B,bridge,up", REASON_PORT_CONFLICT,
     "There is a link br9 (bridge) "},
    {"another bridge, ours", &other_hybrid, "B,bridge,up,mine", REASON_NONE,
     "add veth pair qvbv1 and qvov1; set link qvbv1 master br9"},
    {"incomplete bridge", &hybrid, "B,bridge,incomplete", REASON_NONE,
     "delete link qbrv1; add Linux bridge qbrv1; " ADD_VETH "; " ENSLAVE},
    {"incomplete pair", &hybrid, "B,bridge,up,mine P,veth,incomplete N,veth,incomplete",
     REASON_NONE, "delete link qvov1; " ADD_VETH "; " ENSLAVE},
    {"half complete pair", &hybrid, "B,bridge,up,mine P,veth,up,mine N,veth,incomplete",
     REASON_NONE, "delete link qvov1; " ADD_VETH "; " ENSLAVE},
    {"incomplete peer alone", &hybrid, "B,bridge,up,mine P,veth,incomplete", REASON_NONE,
     "delete link qvbv1; " ADD_VETH "; " ENSLAVE},
    {"all there, on a bridge that others made", &hybrid,
     "B,bridge,up P,veth,up,mine,in=qbrv1 N,veth,up,mine", REASON_NONE, ""},
    {"bridge there, down", &hybrid, "B,bridge,mine", REASON_NONE,
     TEND_BRIDGE "; set link qbrv1 up; " ADD_VETH "; " ENSLAVE},
    {"all there, bridge down", &hybrid, "B,bridge,mine P,veth,up,mine,in=qbrv1 N,veth,up,mine",
     REASON_NONE, TEND_BRIDGE "; set link qbrv1 up"},
    {"no bridge but a veth in its place", &hybrid, "B,veth,up", REASON_PORT_CONFLICT,
     "There is a link qbrv1 "},
    {"no bridge but our veth in its place", &hybrid, "B,veth,up,mine", REASON_PORT_CONFLICT,
     "There is a link qbrv1 "},
    {"no bridge but a device in its place", &hybrid, "B,,up", REASON_PORT_CONFLICT,
     "There is a link qbrv1 "},
    {"no bridge", &hybrid, "P,veth,up,mine N,veth,up,mine", REASON_NONE,
     "add Linux bridge qbrv1; " ENSLAVE},
    {"not in the bridge", &hybrid, "B,bridge,up,mine P,veth,up,mine N,veth,up,mine", REASON_NONE,
     ENSLAVE},
    {"in another bridge", &hybrid, "B,bridge,up,mine P,veth,up,mine,in=qbrv2 N,veth,up,mine",
     REASON_NONE, ENSLAVE},
    {"both ends there, of another VIF", &hybrid, "P,veth,up,others N,veth,up,others",
     REASON_PORT_CONFLICT, "Link qvov1 belongs to VIF v11, "},
    {"both ends there, nobody's", &hybrid, "P,veth,up N,veth,up", REASON_PORT_CONFLICT,
     "There is a link qvov1 "},
    {"port's name taken", &hybrid, "N,,up", REASON_PORT_CONFLICT, "There is a link qvov1 "},
    {"peer's name taken", &hybrid, "P,,up", REASON_PORT_CONFLICT, "There is a link qvbv1 "},
    {"peer's name taken beside our port", &hybrid, "P,,up N,veth,up,mine", REASON_PORT_CONFLICT,
     "There is a link qvbv1 "},
    {"port's name taken beside our peer", &hybrid, "P,veth,up,mine N,,up", REASON_PORT_CONFLICT,
     "There is a link qvov1 "},
    {"port without a peer", &hybrid, "B,bridge,up,mine N,veth,up,mine", REASON_NONE,
     "delete link qvov1; " ADD_VETH "; " ENSLAVE},
    {"peer without a port", &hybrid, "B,bridge,up,mine P,veth,up,mine", REASON_NONE,
     "delete link qvbv1; " ADD_VETH "; " ENSLAVE},
    {"foreign port without a peer", &hybrid, "N,veth,up", REASON_PORT_CONFLICT,
     "There is a link qvov1 "},
    {"MTUs differ", &hybrid,
     "B,bridge,up,mine P,veth,up,mine,mtu=1500,in=qbrv1 N,veth,up,mine,mtu=9000", REASON_NONE,
     "set link qvbv1 mtu 1450; set link qvov1 mtu 1450"},
    {"port's MTU differs", &hybrid,
     "B,bridge,up,mine P,veth,up,mine,in=qbrv1 N,veth,up,mine,mtu=9000", REASON_NONE,
     "set link qvov1 mtu 1450"},
    {"any MTU will do", &hybrid_any_mtu,
     "B,bridge,up,mine P,veth,up,mine,mtu=1500,in=qbrv1 N,veth,up,mine,mtu=9000", REASON_NONE, ""},
    {"pair down", &hybrid, "B,bridge,up,mine P,veth,mine,in=qbrv1 N,veth,mine", REASON_NONE,
     "set link qvbv1 up; set link qvov1 up"},
    {"as much as can be", &hybrid, "B,bridge P,veth,mine,mtu=1500 N,veth,mine,mtu=1500",
     REASON_NONE,
     TEND_BRIDGE "; set link qbrv1 up; set link qvbv1 up; set link qvov1 up; set link qvbv1 mtu "
                 "1450; set link qvov1 mtu 1450; " ENSLAVE},
    /* Taps. */
    {"tap to be made", &tap_made, "", REASON_NONE, "add tap tap1 with MTU 1450"},
    {"tap made", &tap_made, "N,tun,up,mine,mq", REASON_NONE, ""},
    {"tap made elsewhere", &tap_made, "N,tun,up,mq", REASON_NONE, ""},
    {"tap made elsewhere, with one queue", &tap_made, "N,tun,up", REASON_PORT_CONFLICT,
     "that cannot be changed; remove it with ip link delete"},
    {"tap made elsewhere, with another's alias", &tap_made, "N,tun,up,mq,alias=vpn",
     REASON_PORT_CONFLICT, "There is a link tap1 (tun) "},
    {"tap made elsewhere, down", &tap_made, "N,tun,mq", REASON_NONE, "set link tap1 up"},
    {"tap made, down, with another MTU", &tap_made, "N,tun,mine,mq,mtu=1500", REASON_NONE,
     "set link tap1 up; set link tap1 mtu 1450"},
    {"tap on a Linux bridge", &tap_made, "N,tun,up,mine,mq,in=br9", REASON_PORT_CONFLICT,
     "Tap tap1 is a port of br9, "},
    {"tap on the kernel's datapath", &tap_made, "N,tun,up,mine,mq,in=ovs-system", REASON_NONE, ""},
    {"incomplete tap", &tap_made, "N,tun,mq,incomplete", REASON_NONE,
     "delete link tap1; add tap tap1 with MTU 1450"},
    {"tap with another MTU", &tap_made, "N,tun,up,mine,mq,mtu=1500", REASON_NONE,
     "set link tap1 mtu 1450"},
    {"tap with another MAC", &tap_made, "N,tun,up,mine,mq,mac=fa:16:3e:00:00:02", REASON_NONE,
     "set link tap1 address fa:16:3e:00:00:01"},
    {"tap with the MAC in capitals", &tap_made, "N,tun,up,mine,mq,mac=FA:16:3E:00:00:01",
     REASON_NONE, ""},
    {"QEMU's tap with its own MAC", &tap_made, "N,tun,up,mq,mac=fe:16:3e:00:00:01", REASON_NONE,
     ""},
    {"tap with one queue", &tap_made, "N,tun,up,mine", REASON_PORT_CONFLICT,
     "Tap tap1 exists without several queues, and that cannot be changed; unplug the VIF"},
    {"tap of another VIF", &tap_made, "N,tun,up,others", REASON_PORT_CONFLICT,
     "Link tap1 belongs to VIF v11, "},
    {"no tap but a veth", &tap_made, "N,veth,up", REASON_PORT_CONFLICT,
     "There is a link tap1 (veth) "},
    {"no tap but a tun device", &tap_made, "N,tun,up,mq,ip-only", REASON_PORT_CONFLICT,
     "There is a link tap1 (a tun device, which takes no frames) "},
    {"no tap of QEMU but a tun device", &tap_qemus, "N,tun,up,ip-only", REASON_PORT_CONFLICT,
     "There is a link tap1 (a tun device, which takes no frames) "},
    {"a container's veth", &tap_qemus, "N,veth,up,mtu=1500", REASON_NONE, "set link tap1 mtu 1450"},
    {"no tap but a device", &tap_qemus, "N,,up", REASON_PORT_CONFLICT,
     "There is a link tap1 (a device) "},
    {"QEMU's tap to come", &tap_qemus, "", REASON_NONE, ""},
    {"QEMU's tap", &tap_qemus, "N,tun,up", REASON_NONE, ""},
    {"QEMU's tap, down, with several queues", &tap_qemus, "N,tun,mq,alias=x", REASON_NONE, ""},
    {"QEMU's tap with another MTU", &tap_qemus, "N,tun,up,mtu=1500", REASON_NONE,
     "set link tap1 mtu 1450"},
    /* Netdevs of the hardware. */
    {"netdev missing", &netdev, "", REASON_NOT_REALIZED, "There is no netdev rep1; "},
    {"netdev up", &netdev, "N,,up", REASON_NONE, ""},
    {"netdev down", &netdev, "N,", REASON_NONE, "set link rep1 up"},
    {"netdev with another MTU", &netdev, "N,,up,mtu=1500", REASON_NONE, "set link rep1 mtu 1450"},
    {"netdev down with another MTU", &netdev, "N,,mtu=1500", REASON_NONE,
     "set link rep1 up; set link rep1 mtu 1450"},
    {"netdev, any MTU", &netdev_any_mtu, "N,,up,mtu=9000", REASON_NONE, ""},
};

static void test_plan_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(ups); i++) {
        const char *row = ups[i].row;
        struct link_state facts;
        struct error error = {0};
        struct link_plan plan;
        bool ok;

        memset(&plan, 0xff, sizeof plan);
        parse_facts(ups[i].facts, &facts);
        ok = link_plan_up(ID, ups[i].spec, &facts, &plan, &error);
        CHECK_STR(row, reason_name(error.reason), reason_name(ups[i].reason));
        CHECK_INT(row, ok, ups[i].reason == REASON_NONE);
        if (ok) {
            CHECK_STR(row, steps_text(&plan), ups[i].text);
        } else {
            CHECK_HAS(row, error.message, ups[i].text);
        }
    }
}

/* What the steps need besides their names. */
static void test_plan_members(void **state)
{
    struct link_state facts;
    struct error error = {0};
    struct link_plan plan;

    (void)state;
    parse_facts("", &facts);
    assert_true(link_plan_up(ID, &tap_made, &facts, &plan, &error));
    assert_true(plan.steps[0].multiqueue);
    assert_string_equal(plan.steps[0].address, "fa:16:3e:00:00:01");
    parse_facts("N,tun,up,mine,mq,mac=fa:16:3e:00:00:02", &facts);
    assert_true(link_plan_up(ID, &tap_made, &facts, &plan, &error));
    assert_string_equal(plan.steps[0].old_address, "fa:16:3e:00:00:02");
    parse_facts("B,bridge,up,mine N,veth,up,mine", &facts);
    facts.netdev.index = 17;
    assert_true(link_plan_up(ID, &hybrid, &facts, &plan, &error));
    assert_int_equal(plan.steps[0].index, 17);
    parse_facts("N,,up,mtu=9000", &facts);
    assert_true(link_plan_up(ID, &netdev, &facts, &plan, &error));
    assert_int_equal(plan.steps[0].old_mtu, 9000);
    assert_int_equal(plan.steps[0].mtu, 1450);
}

static const struct {
    const char *row;
    const struct link_spec *spec;
    const struct link_spec *keep;
    const char *facts;
    const char *steps;
} downs[] = {
    {"nothing there", &hybrid, NULL, "", ""},
    {"hybrid", &hybrid, NULL, ALL, "delete link qbrv1; delete link qvov1"},
    {"hybrid, made elsewhere", &hybrid, NULL, "B,bridge,up P,veth,up N,veth,up", ""},
    {"hybrid of another VIF", &hybrid, NULL, "B,bridge,up,others P,veth,up,others N,veth,up,others",
     ""},
    {"bridge made elsewhere", &hybrid, NULL, "B,bridge,up P,veth,mine N,veth,mine",
     "delete link qvov1"},
    {"bridge alone", &hybrid, NULL, "B,bridge,up,mine", "delete link qbrv1"},
    {"veth alone", &hybrid, NULL, "P,veth,mine N,veth,mine", "delete link qvov1"},
    {"hybrid, kept", &hybrid, &hybrid, ALL, ""},
    {"hybrid, other bridge", &hybrid, &other_hybrid, ALL, "delete link qbrv1"},
    {"hybrid becomes tap", &hybrid, &tap_made, ALL, "delete link qbrv1; delete link qvov1"},
    {"hybrid becomes nothing", &hybrid, &none, ALL, "delete link qbrv1; delete link qvov1"},
    {"tap made", &tap_made, NULL, "N,tun,up,mine", "delete link tap1"},
    {"tap made, by the record", &tap_qemus, NULL, "N,tun,up,mine", "delete link tap1"},
    {"QEMU's tap", &tap_qemus, NULL, "N,tun,up", ""},
    {"tap of another VIF", &tap_made, NULL, "N,tun,up,others", ""},
    {"tap, kept", &tap_made, &tap_made, "N,tun,up,mine", ""},
    {"tap becomes hybrid", &tap_made, &hybrid, "N,tun,up,mine", "delete link tap1"},
    /* Netdevs of the hardware are never deleted, whatever alias they have. */
    {"netdev up", &netdev, NULL, "N,,up", "set link rep1 down"},
    {"netdev up, with our alias", &netdev, NULL, "N,,up,mine", "set link rep1 down"},
    {"netdev down", &netdev, NULL, "N,", ""},
    {"netdev missing", &netdev, NULL, "", ""},
    {"netdev, kept", &netdev, &netdev, "N,,up", ""},
    {"netdev becomes another", &netdev, &tap_made, "N,,up", "set link rep1 down"},
    {"nothing becomes tap", &none, &tap_made, "", ""},
};

static void test_plan_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(downs); i++) {
        struct link_state facts;
        struct link_plan plan;

        memset(&plan, 0xff, sizeof plan);
        parse_facts(downs[i].facts, &facts);
        link_plan_down(ID, downs[i].spec, downs[i].keep, &facts, &plan);
        CHECK_STR(downs[i].row, steps_text(&plan), downs[i].steps);
    }
}

/* The netdev is a port of another VIF or program. */
static void test_taken_netdev_stays_up(void **state)
{
    struct link_state facts;
    struct link_plan plan;

    (void)state;
    parse_facts("N,,up", &facts);
    facts.netdev_is_taken = true;
    link_plan_down(ID, &netdev, NULL, &facts, &plan);
    CHECK_STR("taken", steps_text(&plan), "");
}

static void test_describe(void **state)
{
    static const struct {
        struct link_step step;
        const char *text;
    } rows[] = {
        {{.type = LINK_ADD_BRIDGE, .name = "a", .other = "", .mtu = 0, .old_mtu = 0},
         "add Linux bridge a"},
        {{.type = LINK_PREPARE_BRIDGE, .name = "a", .other = "", .mtu = 0, .old_mtu = 0},
         "set Linux bridge a without IPv6, with ARP filtering"},
        {{.type = LINK_ADD_VETH, .name = "a", .other = "b", .mtu = 0, .old_mtu = 0},
         "add veth pair a and b"},
        {{.type = LINK_ADD_VETH, .name = "a", .other = "b", .mtu = 9000, .old_mtu = 0},
         "add veth pair a and b with MTU 9000"},
        {{.type = LINK_ADD_TAP, .name = "a", .other = "", .mtu = 0, .old_mtu = 0}, "add tap a"},
        {{.type = LINK_ADD_TAP, .name = "a", .other = "", .mtu = 68, .old_mtu = 0},
         "add tap a with MTU 68"},
        {{.type = LINK_SET_MASTER, .name = "a", .other = "b", .mtu = 0, .old_mtu = 0},
         "set link a master b"},
        {{.type = LINK_SET_UP, .name = "a", .other = "", .mtu = 0, .old_mtu = 0}, "set link a up"},
        {{.type = LINK_SET_DOWN, .name = "a", .other = "", .mtu = 0, .old_mtu = 0},
         "set link a down"},
        {{.type = LINK_SET_MTU, .name = "a", .other = "", .mtu = 1450, .old_mtu = 1500},
         "set link a mtu 1450"},
        {{.type = LINK_DELETE, .name = "a"}, "delete link a"},
        {{.type = LINK_SET_ADDRESS, .name = "a", .address = "fa:16:3e:00:00:01"},
         "set link a address fa:16:3e:00:00:01"},
        {{.type = LINK_ADD_VETH,
          .name = "qvb456789012345",
          .other = "qvo456789012345",
          .mtu = 65535,
          .old_mtu = 0},
         "add veth pair qvb456789012345 and qvo456789012345 with MTU 65535"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char text[96];

        link_step_describe(&rows[i].step, text, sizeof text);
        CHECK_STR(rows[i].text, text, rows[i].text);
    }
}

static void test_alias(void **state)
{
    static const char id64[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const struct {
        const char *alias;
        const char *vif_id;
        bool is;
    } rows[] = {
        {"vifplugd:v1", "v1", true},  {"vifplugd:v11", "v1", false},
        {"vifplugd:v", "v1", false},  {"vifplugd:", "v1", false},
        {"vifplug:v1", "v1", false},  {"v1", "v1", false},
        {"vifplugd:V1", "v1", false}, {"", "v1", false},
    };
    char alias[LINK_ALIAS_MAX + 1];

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_INT(rows[i].alias, link_is_alias_of(rows[i].alias, rows[i].vif_id), rows[i].is);
    }
    snprintf(alias, sizeof alias, "%s%s", LINK_ALIAS_PREFIX, id64);
    assert_true(link_is_alias_of(alias, id64));
    alias[strlen(alias) - 1] = '\0';
    assert_false(link_is_alias_of(alias, id64));
}

/* Whose links are in the way. */
static void test_owner(void **state)
{
    static const struct {
        const char *facts;
        const char *owner;
    } rows[] = {
        {"", NULL},
        {"N,tun,up", NULL},
        {"N,tun,mine", NULL},
        {"N,tun,others", "v11"},
        {"B,bridge,mine P,veth,mine N,veth,others", "v11"},
        {"B,bridge,others P,veth,mine N,veth,mine", "v11"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct link_state facts;

        parse_facts(rows[i].facts, &facts);
        CHECK_STR(rows[i].facts, link_state_owner(&facts, ID), rows[i].owner);
    }
}

/* Deletions: one for each link, as many as there is room for. */
static void test_deletions(void **state)
{
    struct link_plan plan = {.n = 0};

    (void)state;
    link_plan_delete(&plan, 5, "a");
    link_plan_delete(&plan, 5, "b");
    assert_int_equal(plan.n, 1);
    for (int i = 0; i < 2 * LINK_STEPS_MAX; i++) {
        link_plan_delete(&plan, i, "c");
    }
    assert_int_equal(plan.n, LINK_STEPS_MAX);
    assert_true(link_plan_has(&plan, LINK_FIRST));
    assert_false(link_plan_has(&plan, LINK_EARLY) || link_plan_has(&plan, LINK_LATE));
}

/* Without a netlink socket nothing is seen, and nothing that needs one is done. */
static void test_without_links(void **state)
{
    struct link_state facts;
    struct link_plan removals;
    struct error error = {0};
    struct link_plan plan;

    (void)state;
    memset(&facts, 0xff, sizeof facts);
    link_state_look(NULL, &hybrid, &facts);
    assert_false(facts.has_netdev || facts.has_peer || facts.has_linux_bridge);
    assert_true(link_plan_up(ID, &hybrid, &facts, &plan, &error));
    assert_false(link_plan_execute(NULL, ID, &plan, LINK_EARLY, false, &error));
    assert_string_equal(reason_name(error.reason), "not_realized");
    assert_true(link_plan_execute(NULL, ID, &plan, LINK_LATE, false, &error));
    link_plan_revert(NULL, &plan, &removals);
    assert_int_equal(removals.n, 0);
    assert_true(link_plan_up(ID, &tap_qemus, &facts, &plan, &error));
    assert_true(link_plan_execute(NULL, ID, &plan, LINK_EARLY, false, &error));
}

#define PAIR "P,veth,mine,in=qbrv1 N,veth,mine "

static const struct {
    const char *row;
    const struct link_spec *spec;
    const char *facts;
    const char *what; /* NULL: nothing lacks. */
    const char *expected;
    const char *found;
} lacks[] = {
    {"no links", &none, "", NULL, NULL, NULL},
    {"QEMU's tap", &tap_qemus, "", NULL, NULL, NULL},
    {"the hardware's netdev", &netdev, "", NULL, NULL, NULL},
    {"tap", &tap_made, "N,tun,mine", NULL, NULL, NULL},
    {"tap missing", &tap_made, "", "link", "tap1", ""},
    {"tap of another VIF", &tap_made, "N,tun,others", "link", "tap1",
     "a link that is not this VIF's"},
    {"all of hybrid", &hybrid, ALL, NULL, NULL, NULL},
    {"os-vif's bridge", &hybrid, "B,bridge " PAIR, NULL, NULL, NULL},
    {"port missing", &hybrid, "B,bridge,mine P,veth,mine", "link", "qvov1", ""},
    {"peer missing", &hybrid, "B,bridge,mine N,veth,mine", "link", "qvbv1", ""},
    {"another's peer", &hybrid, "B,bridge,mine P,veth N,veth,mine", "link", "qvbv1",
     "a link that is not this VIF's"},
    {"bridge missing", &hybrid, PAIR, "link", "qbrv1", ""},
    {"no bridge but a tap", &hybrid, PAIR "B,tun", "link", "qbrv1",
     "a link that is not this VIF's"},
    {"another's bridge", &hybrid, PAIR "B,bridge,others", "link", "qbrv1",
     "a link that is not this VIF's"},
    {"peer on no bridge", &hybrid, "B,bridge,mine P,veth,mine N,veth,mine", "link:qvbv1:master",
     "qbrv1", ""},
    {"peer on another", &hybrid, "B,bridge,mine P,veth,mine,in=br9 N,veth,mine",
     "link:qvbv1:master", "qbrv1", "br9"},
};

static void test_lacks(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(lacks); i++) {
        struct link_state facts;
        struct link_lack lack;

        parse_facts(lacks[i].facts, &facts);
        CHECK_INT(lacks[i].row, link_state_lacks(ID, lacks[i].spec, &facts, &lack),
                  lacks[i].what != NULL);
        if (lacks[i].what) {
            CHECK_STR(lacks[i].row, lack.what, lacks[i].what);
            CHECK_STR(lacks[i].row, lack.expected, lacks[i].expected);
            CHECK_STR(lacks[i].row, lack.found, lacks[i].found);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_up),   cmocka_unit_test(test_plan_members),
        cmocka_unit_test(test_plan_down), cmocka_unit_test(test_taken_netdev_stays_up),
        cmocka_unit_test(test_describe),  cmocka_unit_test(test_alias),
        cmocka_unit_test(test_lacks),     cmocka_unit_test(test_owner),
        cmocka_unit_test(test_deletions), cmocka_unit_test(test_without_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
