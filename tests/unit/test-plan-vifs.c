/* SPDX-License-Identifier: Apache-2.0 */
/* What VIFs need besides their port: VFs of other VIFs, bridges, limits, links. (Changes of one
 * port: test-plan.c.) */

#include "port-text.h"

#include "base/keys.h"
#include "util.h"

#define IDS "e:vifplug-vif-id=v1 e:vifplug-boot-id=b1 "
#define TAP "port=tap1 bridge=br0 dp=system " IDS
#define OWN                                                                                        \
    "port=ibpv1 bridge=br0 dp=system type=patch own=pbv1 guest=tap1 o:peer=pbpv1 "                 \
    "e:vifplug-guest-port=tap1 e:vifplug-port-bridge=pbv1 " IDS
#define VFR "port=vfrv1 bridge=br0 dp=netdev type=dpdk o:dpdk-devargs=D " IDS
#define TRUNK "bridge=tbr-1 e:bridge_name=tbr-1 "

#define SET_IDS(port)                                                                              \
    "set Interface " port " external_ids:vifplug-boot-id=b1\n"                                     \
    "set Interface " port " external_ids:vifplug-vif-id=v1\n"
#define INSERT_TAP "insert Port tap1 into Bridge br0\n" SET_IDS("tap1")
#define INSERT_OWN                                                                                 \
    "insert Bridge pbv1 datapath_type=system\n"                                                    \
    "insert Port tap1 into Bridge pbv1\n"                                                          \
    "insert Port pbpv1 type=patch into Bridge pbv1\n"                                              \
    "insert Port ibpv1 into Bridge br0\n"                                                          \
    "set Interface ibpv1 type=patch\n"                                                             \
    "set Interface ibpv1 options:peer=pbpv1\n"                                                     \
    "set Interface ibpv1 external_ids:vifplug-boot-id=b1\n"                                        \
    "set Interface ibpv1 external_ids:vifplug-guest-port=tap1\n"                                   \
    "set Interface ibpv1 external_ids:vifplug-port-bridge=pbv1\n"                                  \
    "set Interface ibpv1 external_ids:vifplug-vif-id=v1\n"
#define POLICING(port, rate, burst, packets, packet_burst)                                         \
    "set Interface " port " ingress_policing_rate=" rate " ingress_policing_burst=" burst          \
    " ingress_policing_kpkts_rate=" packets " ingress_policing_kpkts_burst=" packet_burst "\n"
#define CBS(port) "set Interface " port " QoS other_config:cbs=100000\n"
#define CIR(port) "set Interface " port " QoS other_config:cir=125000\n"
#define POLICER(port) "insert QoS type=egress-policer for Port " port "\n" CBS(port) CIR(port)
#define HTB(port)                                                                                  \
    "insert QoS type=linux-htb for Port " port "\n"                                                \
    "set Interface " port " QoS other_config:max-rate=34359738367\n"                               \
    "set Interface " port " Queue other_config:burst=800000\n"                                     \
    "set Interface " port " Queue other_config:max-rate=1000000\n"

enum { HAS_BRIDGE = 0, NO_BRIDGE = 1 };

static const struct {
    const char *row;
    const char *current; /* NULL: there is no port. */
    const char *goal;    /* NULL: there shall be none. */
    int flags;
    enum action action;
    bool needs_switch;
    bool changes;
    bool drop_bridge;
    const char *old_port_bridge;
    const char *why;
    const char *operations;
} rows[] = {
    /* Ports that the caller makes: the plan only ensures the bridge. */
    {"no port, bridge there", NULL, TAP "no_port awaits", HAS_BRIDGE, ACTION_NONE, false, false,
     false, "", "there is a bridge br0, and the port is not vifplugd's to make", ""},
    {"no port, no bridge", NULL, TAP "no_port awaits", NO_BRIDGE, ACTION_CREATE, false, true, false,
     "", "there is no bridge br0", "insert Bridge br0 datapath_type=system\n"},
    {"no port, but one there", TAP, TAP "no_port mtu=9000", HAS_BRIDGE, ACTION_NONE, false, false,
     false, "", "not vifplugd's to make", ""},
    {"no port, but one there, no bridge", TAP "bridge=br1", TAP "no_port", NO_BRIDGE, ACTION_CREATE,
     false, true, false, "", "there is no bridge br0", "insert Bridge br0 datapath_type=system\n"},
    /* Ports that get their netdev later: the plan does not wait for vswitchd. */
    {"port before its netdev", NULL, TAP "awaits", HAS_BRIDGE, ACTION_CREATE, false, true, false,
     "", "there is no port of this VIF", INSERT_TAP},
    {"port with its netdev", NULL, TAP, HAS_BRIDGE, ACTION_CREATE, true, true, false, "",
     "there is no port of this VIF", INSERT_TAP},
    {"change before the netdev", TAP, TAP "awaits mtu=9000", HAS_BRIDGE, ACTION_UPDATE, false, true,
     false, "", "mtu_request 0 becomes 9000", "set Interface tap1 mtu_request=9000\n"},
    /* Separate bridges (per_port_bridge). */
    {"own bridge", NULL, OWN, HAS_BRIDGE, ACTION_CREATE, true, true, false, "",
     "there is no port of this VIF", INSERT_OWN},
    {"own bridge and bridge", NULL, OWN, NO_BRIDGE, ACTION_CREATE, true, true, false, "",
     "there is no port of this VIF", "insert Bridge br0 datapath_type=system\n" INSERT_OWN},
    {"own bridge and bridge, secure", NULL, OWN "fail=secure", NO_BRIDGE, ACTION_CREATE, true, true,
     false, "", "there is no port of this VIF",
     "insert Bridge br0 datapath_type=system fail_mode=secure\n" INSERT_OWN},
    {"own bridge there", OWN, OWN, HAS_BRIDGE, ACTION_NONE, false, false, false, "",
     "port ibpv1 on br0 is as asked", ""},
    {"own bridge goes", OWN, NULL, HAS_BRIDGE, ACTION_DELETE, true, true, false, "",
     "port ibpv1 on br0 goes", "delete Port ibpv1 from Bridge br0\ndelete Bridge pbv1\n"},
    {"own bridge no more", OWN, TAP, HAS_BRIDGE, ACTION_CREATE, true, true, false, "pbv1",
     "port ibpv1 becomes tap1", "delete Port ibpv1\ndelete Bridge pbv1\n" INSERT_TAP},
    {"own bridge from now on", TAP, OWN, HAS_BRIDGE, ACTION_CREATE, true, true, false, "",
     "port tap1 becomes ibpv1", "delete Port tap1\n" INSERT_OWN},
    {"own bridge, elsewhere", OWN, OWN "bridge=br1", HAS_BRIDGE, ACTION_UPDATE, true, true, false,
     "", "bridge br0 becomes br1", "move Port ibpv1 from Bridge br0 to Bridge br1\n"},
    /* Trunk bridges are removed with their last VIF. */
    {"trunk bridge, unplug", TAP TRUNK, NULL, HAS_BRIDGE, ACTION_DELETE, true, true, true, "",
     "port tap1 on tbr-1 goes",
     "delete Port tap1 from Bridge tbr-1\ndelete Bridge tbr-1 if that leaves it empty\n"},
    {"other bridge, unplug", TAP, NULL, HAS_BRIDGE, ACTION_DELETE, true, true, false, "",
     "port tap1 on br0 goes", "delete Port tap1 from Bridge br0\n"},
    {"trunk bridge, to be made", NULL, TAP TRUNK, NO_BRIDGE, ACTION_CREATE, true, true, false, "",
     "there is no port of this VIF",
     "insert Bridge tbr-1 datapath_type=system\n"
     "insert Port tap1 into Bridge tbr-1\n"
     "set Interface tap1 external_ids:bridge_name=tbr-1\n" SET_IDS("tap1")},
    {"from a trunk bridge", TAP TRUNK, TAP, HAS_BRIDGE, ACTION_UPDATE, true, true, true, "",
     "bridge tbr-1 becomes br0",
     "move Port tap1 from Bridge tbr-1 to Bridge br0\n"
     "delete Bridge tbr-1 if that leaves it empty\n"
     "remove Interface tap1 external_ids:bridge_name\n"},
    {"to a trunk bridge", TAP, TAP TRUNK, HAS_BRIDGE, ACTION_UPDATE, true, true, false, "",
     "bridge br0 becomes tbr-1",
     "move Port tap1 from Bridge br0 to Bridge tbr-1\n"
     "set Interface tap1 external_ids:bridge_name=tbr-1\n"},
    {"from a trunk bridge, with another name", TAP TRUNK "port=tap0", TAP, HAS_BRIDGE,
     ACTION_CREATE, true, true, true, "", "port tap0 becomes tap1, bridge tbr-1 becomes br0",
     "delete Port tap0\ndelete Bridge tbr-1 if that leaves it empty\n" INSERT_TAP},
    {"on a trunk bridge, with another name", TAP TRUNK "port=tap0", TAP TRUNK, HAS_BRIDGE,
     ACTION_CREATE, true, true, false, "", "port tap0 becomes tap1",
     "delete Port tap0\n"
     "insert Port tap1 into Bridge tbr-1\n"
     "set Interface tap1 external_ids:bridge_name=tbr-1\n" SET_IDS("tap1")},
    /* Limits. */
    {"limits", NULL, VFR "qos=1,2,3,4,1000,0", HAS_BRIDGE, ACTION_CREATE, true, true, false, "",
     "there is no port of this VIF",
     "insert Port vfrv1 into Bridge br0\n"
     "set Interface vfrv1 type=dpdk\n"
     "set Interface vfrv1 options:dpdk-devargs=D\n" SET_IDS("vfrv1")
         POLICING("vfrv1", "1", "2", "3", "4") POLICER("vfrv1")},
    {"limits instead of a default type", NULL, TAP "qos=0,0,0,0,1000,0 default=linux-sfq",
     HAS_BRIDGE, ACTION_CREATE, true, true, false, "", "there is no port of this VIF",
     INSERT_TAP HTB("tap1")},
    {"limits beside a default type", NULL, TAP "qos=5,0,0,0,0,0 default=linux-sfq", HAS_BRIDGE,
     ACTION_CREATE, true, true, false, "", "there is no port of this VIF",
     INSERT_TAP POLICING("tap1", "5", "0", "0", "0") "insert QoS type=linux-sfq for Port tap1\n"},
    {"a default type", NULL, TAP "default=linux-sfq", HAS_BRIDGE, ACTION_CREATE, true, true, false,
     "", "there is no port of this VIF", INSERT_TAP "insert QoS type=linux-sfq for Port tap1\n"},
    {"limits on an own bridge", NULL, OWN "qos=0,0,0,0,1000,0 default=linux-sfq", HAS_BRIDGE,
     ACTION_CREATE, true, true, false, "", "there is no port of this VIF", INSERT_OWN HTB("tap1")},
    {"a default type on an own bridge", NULL, OWN "default=linux-sfq", HAS_BRIDGE, ACTION_CREATE,
     true, true, false, "", "there is no port of this VIF",
     INSERT_OWN "insert QoS type=linux-sfq for Port tap1\n"},
    {"a default type is for new ports", TAP, TAP "default=linux-sfq isolate", HAS_BRIDGE,
     ACTION_NONE, false, false, false, "", "is as asked", ""},
    {"isolated", NULL, TAP "isolate", HAS_BRIDGE, ACTION_CREATE, true, true, false, "",
     "there is no port of this VIF",
     INSERT_TAP "set Port tap1 tag=4095 vlan_mode=trunk trunks=4095\n"},
    {"limits as they are", VFR "qos=1,2,3,4,1000,900", VFR "qos=1,2,3,4,1000,900", HAS_BRIDGE,
     ACTION_NONE, false, false, false, "", "is as asked", ""},
    {"limits as they are, another MTU", VFR "qos=1,2,3,4,1000,900",
     VFR "mtu=9000 qos=1,2,3,4,1000,900", HAS_BRIDGE, ACTION_UPDATE, true, true, false, "",
     "mtu_request 0 becomes 9000", "set Interface vfrv1 mtu_request=9000\n"},
    {"any burst as it was given", VFR "qos=0,0,0,0,1000,800", VFR "qos=0,0,0,0,1000,0", HAS_BRIDGE,
     ACTION_NONE, false, false, false, "", "is as asked", ""},
    {"nothing said of limits, another name", TAP "qos=1,2,3,4,1000,0", VFR, HAS_BRIDGE,
     ACTION_CREATE, true, true, false, "", "port tap1 becomes vfrv1",
     "delete Port tap1\n"
     "insert Port vfrv1 into Bridge br0\n"
     "set Interface vfrv1 type=dpdk\n"
     "set Interface vfrv1 options:dpdk-devargs=D\n" SET_IDS("vfrv1")
         POLICING("vfrv1", "1", "2", "3", "4") POLICER("vfrv1")},
    {"nothing said of limits", VFR "qos=1,2,3,4,1000,900", VFR, HAS_BRIDGE, ACTION_NONE, false,
     false, false, "", "is as asked", ""},
    {"other limits", VFR "qos=1,2,3,4,9000,900", VFR "qos=5,2,3,4,1000,0", HAS_BRIDGE,
     ACTION_UPDATE, true, true, false, "", "QoS changes",
     POLICING("vfrv1", "5", "2", "3", "4") CBS("vfrv1") CIR("vfrv1")},
    {"other limits to the guest, on another port", TAP "qos=0,0,0,0,9000,900",
     TAP "qos=0,0,0,0,1000,900", HAS_BRIDGE, ACTION_UPDATE, true, true, false, "", "QoS changes",
     "set Interface tap1 Queue other_config:max-rate=1000000\n"},
    {"limits to the guest from now on", VFR "qos=1,0,0,0,0,0", VFR "qos=1,0,0,0,1000,0", HAS_BRIDGE,
     ACTION_UPDATE, true, true, false, "", "QoS changes", POLICER("vfrv1")},
    {"other limits from the guest", VFR "qos=1,0,0,0,1000,800", VFR "qos=2,0,0,0,1000,800",
     HAS_BRIDGE, ACTION_UPDATE, true, true, false, "", "QoS changes",
     POLICING("vfrv1", "2", "0", "0", "0")},
    {"limits no more", VFR "qos=1,2,3,4,9000,900", VFR "qos=0,0,0,0,0,0", HAS_BRIDGE, ACTION_UPDATE,
     true, true, false, "", "QoS changes",
     POLICING("vfrv1", "0", "0", "0", "0") "clear Port vfrv1 qos\n"},
    {"limits from now on, on an own bridge", OWN, OWN "qos=0,0,0,0,1000,0", HAS_BRIDGE,
     ACTION_UPDATE, true, true, false, "", "QoS changes", HTB("tap1")},
    {"limits no more, on an own bridge", OWN "qos=1,0,0,0,0,0", OWN "qos=0,0,0,0,0,0", HAS_BRIDGE,
     ACTION_UPDATE, true, true, false, "", "QoS changes", POLICING("tap1", "0", "0", "0", "0")},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *row = rows[i].row;
        struct record current;
        struct port_spec goal;
        struct plan plan;

        plan_init(&plan);
        record_init(&current);
        parse_port(&current.spec, rows[i].current ? rows[i].current : "");
        current.ofport = 5;
        if (current.spec.qos.ingress_kbps) {
            strcpy(current.qos_type,
                   strcmp(current.spec.type, "dpdk") ? QOS_TYPE_HTB : QOS_TYPE_POLICER);
        }
        parse_port(&goal, rows[i].goal ? rows[i].goal : "");
        plan_transition(rows[i].current ? &current : NULL, rows[i].goal ? &goal : NULL, NULL,
                        rows[i].flags != NO_BRIDGE, &plan);
        CHECK_STR(row, action_name(plan.action), action_name(rows[i].action));
        CHECK_HAS(row, plan.why, rows[i].why);
        check_operations(row, &plan, rows[i].operations);
        CHECK_INT(row, plan.needs_switch, rows[i].needs_switch);
        CHECK_INT(row, plan.changes, rows[i].changes);
        CHECK_INT(row, plan.drop_bridge, rows[i].drop_bridge);
        CHECK_STR(row, plan.old_port_bridge, rows[i].old_port_bridge);
        CHECK_INT(row, plan.set_qos, strstr(rows[i].why, "QoS") != NULL);
        CHECK_STR(row, plan.evicted_vif, "");
        plan_destroy(&plan);
        port_spec_destroy(&goal);
        record_destroy(&current);
    }
}

/* Link steps come first, then what is removed to make room. */
static void test_host_steps(void **state)
{
    struct link_plan host = {.n = 2};
    struct port_spec goal;
    struct plan plan;

    (void)state;
    host.steps[0] = (struct link_step){.type = LINK_ADD_BRIDGE, .name = "qbrv1"};
    host.steps[1] = (struct link_step){.type = LINK_SET_UP, .name = "rep1"};
    plan_init(&plan);
    parse_port(&goal, TAP);
    plan_transition(NULL, &goal, NULL, false, &plan);
    strcpy(plan.evicted_vif, "v9");
    strcpy(plan.evicted_port, "port9");
    plan.links = host;
    check_operations("steps", &plan,
                     "add Linux bridge qbrv1\n"
                     "set link rep1 up\n"
                     "delete Port port9 of VIF v9\n"
                     "insert Bridge br0 datapath_type=system\n" INSERT_TAP);
    plan_transition(NULL, NULL, NULL, true, &plan);
    plan.links = host;
    check_operations("steps alone", &plan, "add Linux bridge qbrv1\nset link rep1 up\n");
    plan_destroy(&plan);
    port_spec_destroy(&goal);
}

enum { NOBODY, OURS, STALE, FOREIGN };

/* A port has what a plug claims. */
static struct claim_owner owner_of(int who, enum claim_kind kind, const char *key)
{
    struct claim_owner owner = {.type = who == FOREIGN ? OWNER_PORT : OWNER_VIF,
                                .claim = {.kind = kind, .what = "port"},
                                .port = "there",
                                .bridge = "br9"};

    strcpy(owner.claim.key, key);
    if (who != FOREIGN) {
        strcpy(owner.vif_id, "v9");
        strcpy(owner.instance, "vm-9");
        strcpy(owner.boot_id, who == STALE ? "b0" : "b1");
    }
    return owner;
}

static const struct {
    const char *row;
    int vf_owner;
    int name_owner;
    bool on_vf_conflict;
    enum reason reason;
    const char *evicted; /* The evicted port; or a part of the message. */
} evictions[] = {
    {"nobody", NOBODY, NOBODY, false, REASON_NONE, ""},
    {"ours", OURS, NOBODY, false, REASON_VF_IN_USE, "VIF v9 (port there, instance vm-9)"},
    {"ours, to be evicted", OURS, NOBODY, true, REASON_NONE, "there"},
    {"ours, from an earlier boot", STALE, NOBODY, false, REASON_NONE, "there"},
    {"ours, from an earlier boot, to be evicted", STALE, NOBODY, true, REASON_NONE, "there"},
    {"foreign", FOREIGN, NOBODY, false, REASON_VF_IN_USE,
     "port there, which vifplugd did not make"},
    {"foreign, to be evicted", FOREIGN, NOBODY, true, REASON_VF_IN_USE, "port there"},
    /* The name leaves with the VF; the name alone is not a reason to evict. */
    {"VF and name, from an earlier boot", STALE, STALE, false, REASON_NONE, "there"},
    {"VF and name, to be evicted", OURS, OURS, true, REASON_NONE, "there"},
    {"VF from an earlier boot, name foreign", STALE, FOREIGN, true, REASON_PORT_CONFLICT,
     "port there, which vifplugd did not make"},
    {"name, from an earlier boot", NOBODY, STALE, true, REASON_PORT_CONFLICT, "VIF v9"},
};

static void test_evictions(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(evictions); i++) {
        const struct vif vif = {.form = VIF_FORM_NATIVE};
        const char *row = evictions[i].row;
        struct record evictee;
        const struct evict_facts evict = {.policy = evictions[i].on_vf_conflict ? EVICT_ALWAYS
                                                                                : EVICT_NEVER,
                                          .boot_id = "b1",
                                          .vif_id = "v1",
                                          .instance = "",
                                          .owner = &evictee};
        struct claim_owner owners[2];
        struct switch_facts facts = {.bridge_exists = true, .owners = owners};
        struct error error = {0};
        struct port_spec spec;
        struct plan plan;
        bool ok;

        plan_init(&plan);
        record_init(&evictee);
        parse_port(&spec, VFR);
        spec.has_vf = true;
        spec.pf = (struct pci_addr){0, 0x65, 0, 0};
        spec.vf_num = 10;
        if (evictions[i].vf_owner) {
            owners[facts.n_owners++] = owner_of(evictions[i].vf_owner, CLAIM_VF, "0000:65:00.0 10");
            facts.evict = evictions[i].vf_owner != FOREIGN ? &evict : NULL;
            evictee.ours = true;
            strcpy(evictee.spec.vif_id, "v9");
            strcpy(evictee.boot_id, owners[0].boot_id);
        }
        if (evictions[i].name_owner) {
            owners[facts.n_owners++] = owner_of(evictions[i].name_owner, CLAIM_PORT, spec.port);
        }
        ok = plan_plug(&vif, &spec, &facts, &plan, &error);
        CHECK_STR(row, reason_name(error.reason), reason_name(evictions[i].reason));
        CHECK_INT(row, ok, evictions[i].reason == REASON_NONE);
        if (ok) {
            CHECK_STR(row, action_name(plan.action), "create");
            CHECK_STR(row, plan.evicted_port, evictions[i].evicted);
            CHECK_STR(row, plan.evicted_vif, evictions[i].evicted[0] ? "v9" : "");
            CHECK_INT(row, strstr(plan.why, "VIF v9 loses its VF") != NULL,
                      evictions[i].evicted[0] != '\0');
        } else {
            CHECK_HAS(row, error.message, evictions[i].evicted);
            CHECK_STR(row, error.field,
                      error.reason == REASON_VF_IN_USE ? "vif.pci_slot" : "vif.vif_id");
        }
        plan_destroy(&plan);
        port_spec_destroy(&spec);
        record_destroy(&evictee);
    }
}

/* The plan does not touch QoS rows of other programs, and refuses limits that would destroy
 * them. */
static void test_foreign_qos(void **state)
{
    static const struct {
        const char *row;
        enum vif_form form;
        const char *goal;
        bool foreign;
        const char *field; /* "": planned. */
    } cases[] = {
        {"foreign, no limits wanted", VIF_FORM_NATIVE, VFR, true, ""},
        {"limits wanted", VIF_FORM_NATIVE, VFR "qos=1,0,0,0,0,0", false, ""},
        {"limits wanted, foreign", VIF_FORM_NATIVE, VFR "qos=1,0,0,0,0,0", true, "vif.qos"},
        {"no limits wanted explicitly", VIF_FORM_NATIVE, VFR "qos=0,0,0,0,0,0", true, "vif.qos"},
        {"update", VIF_FORM_UPDATE, VFR "qos=1,0,0,0,0,0", true, "params.qos"},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct vif vif = {.form = cases[i].form};
        struct record current;
        struct switch_facts facts = {.bridge_exists = true, .current = &current};
        struct error error = {0};
        struct port_spec spec;
        struct plan plan;

        plan_init(&plan);
        parse_port(&spec, cases[i].goal);
        record_init(&current);
        parse_port(&current.spec, VFR);
        current.foreign_qos = cases[i].foreign;
        CHECK_INT(cases[i].row, plan_plug(&vif, &spec, &facts, &plan, &error), !*cases[i].field);
        CHECK_STR(cases[i].row, error.field, cases[i].field);
        CHECK_STR(cases[i].row, reason_name(error.reason),
                  reason_name(*cases[i].field ? REASON_PORT_CONFLICT : REASON_NONE));
        plan_destroy(&plan);
        port_spec_destroy(&spec);
        record_destroy(&current);
    }
}

/* A database of Open vSwitch before 2.16. */
static void test_no_packet_limits(void **state)
{
    static const struct {
        const char *row;
        enum vif_form form;
        const char *goal;
        bool missing;
        const char *field; /* "": planned. */
    } cases[] = {
        {"no limits", VIF_FORM_NATIVE, TAP, true, ""},
        {"other limits", VIF_FORM_NATIVE, TAP "qos=1,2,0,0,1000,0", true, ""},
        {"packets", VIF_FORM_NATIVE, TAP "qos=0,0,1,0,0,0", true, "vif.qos.egress.max_kpps"},
        {"update", VIF_FORM_UPDATE, TAP "qos=0,0,1,1,0,0", true, "params.qos.egress.max_kpps"},
        {"not missing", VIF_FORM_NATIVE, TAP "qos=0,0,1,0,0,0", false, ""},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct vif vif = {.form = cases[i].form};
        struct switch_facts facts = {.bridge_exists = true, .no_packet_limits = cases[i].missing};
        struct error error = {0};
        struct port_spec spec;
        struct plan plan;

        plan_init(&plan);
        parse_port(&spec, cases[i].goal);
        CHECK_INT(cases[i].row, plan_plug(&vif, &spec, &facts, &plan, &error), !*cases[i].field);
        CHECK_STR(cases[i].row, error.field, cases[i].field);
        plan_destroy(&plan);
        port_spec_destroy(&spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_host_steps),
        cmocka_unit_test(test_evictions),
        cmocka_unit_test(test_foreign_qos),
        cmocka_unit_test(test_no_packet_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
