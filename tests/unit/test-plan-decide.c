/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan decides besides a port's columns: whether vswitchd must look or only confirm, links,
 * repairs, recoveries, undos, unplugs. */

#include "port-text.h"

#include "util.h"

#define IDS "e:vifplug-vif-id=v1 e:vifplug-boot-id=b1 "
#define VFR "port=vfrv1 bridge=br0 dp=netdev type=dpdk mtu=1500 o:dpdk-devargs=D " IDS
#define DETACHED VFR "type=vifplug-detached "
#define OWN                                                                                        \
    "port=ibpv1 bridge=br0 dp=system type=patch own=pbv1 guest=tap1 o:peer=pbpv1 "                 \
    "e:vifplug-guest-port=tap1 e:vifplug-port-bridge=pbv1 " IDS

#define INSERT_OWN_BRIDGE                                                                          \
    "insert Bridge pbv1 datapath_type=system\n"                                                    \
    "insert Port tap1 into Bridge pbv1\n"                                                          \
    "insert Port pbpv1 type=patch into Bridge pbv1\n"
#define POLICING                                                                                   \
    "set Interface tap1 ingress_policing_rate=1 ingress_policing_burst=2"                          \
    " ingress_policing_kpkts_rate=3 ingress_policing_kpkts_burst=4\n"

/* The state of the port and of the operation. */
enum {
    FAILED = 1 << 0,  /* The port has ofport -1... */
    PENDING = 1 << 1, /* ...or none yet. */
    WRITTEN = 1 << 2,
    AWAITS_DEVICE = 1 << 3,
    DEAD = 1 << 4,
    MAY_HOLD_DEVICE = 1 << 5,
    NETDEV_DOWN = 1 << 6, /* The netdev that it needs is down. */
    NO_NETDEV = 1 << 7,   /* The netdev does not exist. */
    REPAIR = 1 << 8,
    PARTLY = 1 << 9, /* The separate bridge is not complete. */
    FOREIGN = 1 << 10,
    NO_OWN_BRIDGE = 1 << 13,
};

static const struct {
    const char *row;
    const char *current; /* NULL: there is no port. */
    const char *goal;
    int flags;
    enum reason reason; /* Else NONE. */
    enum action action;
    bool awaits_only;
    bool needs_switch;
    bool changes;
    const char *text; /* A part of `why` or of the error's message. */
    const char *operations;
} rows[] = {
    {"as asked", VFR, VFR, 0, 0, ACTION_NONE, false, false, false, "is as asked", ""},
    {"as asked, no verdict yet", VFR, VFR, PENDING, 0, ACTION_NONE, true, false, false,
     "is as asked", ""},
    {"as asked, no verdict, vswitchd dead", VFR, VFR, PENDING | DEAD, 0, ACTION_NONE, false, false,
     false, "is as asked", ""},
    {"as asked, no verdict, netdev comes later", VFR, VFR "awaits", PENDING, 0, ACTION_NONE, false,
     false, false, "is as asked", ""},
    {"written by us, netdev comes later", VFR, VFR "awaits", WRITTEN | PENDING, 0, ACTION_NONE,
     false, false, false, "is as asked", ""},
    {"failed, though its netdev comes later", VFR, VFR "awaits", FAILED, REASON_NOT_REALIZED, 0,
     false, false, false, "could not make it work", ""},
    {"as asked, failed", VFR, VFR, FAILED, REASON_NOT_REALIZED, 0, false, false, false,
     "could not make it work", ""},
    {"as asked, device on its way", VFR, VFR, FAILED | AWAITS_DEVICE, 0, ACTION_UPDATE, false, true,
     false, "look for its device again", ""},
    {"written by us", VFR, VFR, WRITTEN, 0, ACTION_UPDATE, true, true, false, "confirm it", ""},
    {"written by us, failed", VFR, VFR, WRITTEN | FAILED, 0, ACTION_UPDATE, true, true, false,
     "confirm it", ""},
    {"written by us, device on its way", VFR, VFR, WRITTEN | FAILED | AWAITS_DEVICE, 0,
     ACTION_UPDATE, true, true, false, "confirm it", ""},
    {"link down", VFR, VFR "dev=rep1", NETDEV_DOWN, 0, ACTION_UPDATE, false, true, true,
     "links change", "set link rep1 up\n"},
    {"link down, failed", VFR, VFR "dev=rep1", NETDEV_DOWN | FAILED, 0, ACTION_UPDATE, false, true,
     true, "links change", "set link rep1 up\n"},
    {"link down, netdev comes later", VFR, VFR "dev=rep1 awaits", NETDEV_DOWN, 0, ACTION_UPDATE,
     false, false, true, "links change", "set link rep1 up\n"},
    {"link up", VFR, VFR "dev=rep1", 0, 0, ACTION_NONE, false, false, false, "is as asked", ""},
    {"no netdev", VFR, VFR "dev=rep1", NO_NETDEV, REASON_NOT_REALIZED, 0, false, false, false,
     "rep1", ""},
    {"detached", DETACHED, VFR, 0, 0, ACTION_UPDATE, false, true, true, "type vifplug-detached",
     "set Interface vfrv1 type=dpdk\n"},
    {"detached, not let go", DETACHED, VFR, MAY_HOLD_DEVICE, 0, ACTION_REPLACE, true, true, true,
     "type vifplug-detached", ""},
    {"separate bridge whole", OWN, OWN, 0, 0, ACTION_NONE, false, false, false, "is as asked", ""},
    {"separate bridge in part", OWN, OWN, PARTLY, 0, ACTION_UPDATE, false, true, true,
     "bridge pbv1 is not complete", "delete Bridge pbv1\n" INSERT_OWN_BRIDGE},
    {"separate bridge gone", OWN, OWN, NO_OWN_BRIDGE, 0, ACTION_UPDATE, false, true, true,
     "bridge pbv1 is not complete", INSERT_OWN_BRIDGE},
    {"separate bridge in part, limits not asked for", OWN "qos=1,2,3,4,0,0", OWN, PARTLY, 0,
     ACTION_UPDATE, false, true, true, "bridge pbv1 is not complete",
     "delete Bridge pbv1\n" INSERT_OWN_BRIDGE POLICING},
    {"separate bridge in part, repaired", OWN "qos=1,2,3,4,0,0", OWN, PARTLY | REPAIR, 0,
     ACTION_UPDATE, false, true, true, "bridge pbv1 is not complete",
     "delete Bridge pbv1\n" INSERT_OWN_BRIDGE POLICING},
    {"separate bridge in part, another guest's port", OWN "guest=tap0", OWN, PARTLY, 0,
     ACTION_UPDATE, false, true, true, "bridge pbv1 is not complete",
     "delete Bridge pbv1\n" INSERT_OWN_BRIDGE},
    {"another guest's port, limits not asked for", OWN "guest=tap0 qos=1,2,3,4,0,0", OWN, 0, 0,
     ACTION_UPDATE, false, true, true, "port tap0 becomes tap1",
     "delete Port tap0\ninsert Port tap1 into Bridge pbv1\n" POLICING},
    {"another guest's port, with a default type", OWN "guest=tap0", OWN "default=linux-sfq", 0, 0,
     ACTION_UPDATE, false, true, true, "port tap0 becomes tap1",
     "delete Port tap0\ninsert Port tap1 into Bridge pbv1\n"
     "insert QoS type=linux-sfq for Port tap1\n"},
    {"separate bridge left over", NULL, OWN, PARTLY, 0, ACTION_CREATE, false, true, true,
     "there is no port of this VIF",
     "delete Bridge pbv1\n" INSERT_OWN_BRIDGE "insert Port ibpv1 into Bridge br0\n"
     "set Interface ibpv1 type=patch\n"
     "set Interface ibpv1 options:peer=pbpv1\n"
     "set Interface ibpv1 external_ids:vifplug-boot-id=b1\n"
     "set Interface ibpv1 external_ids:vifplug-guest-port=tap1\n"
     "set Interface ibpv1 external_ids:vifplug-port-bridge=pbv1\n"
     "set Interface ibpv1 external_ids:vifplug-vif-id=v1\n"},
    {"separate bridge of another program", OWN, OWN, FOREIGN, REASON_PORT_CONFLICT, 0, false, false,
     false, "bridge pbv1", ""},
    {"repair of nothing", VFR, VFR, REPAIR, 0, ACTION_UPDATE, false, true, false, "try it again",
     ""},
    {"repair of a failed port", VFR, VFR, REPAIR | FAILED, 0, ACTION_UPDATE, false, true, false,
     "try it again", ""},
    {"repair of an MTU", VFR "mtu=1400", VFR, REPAIR, 0, ACTION_UPDATE, false, true, true,
     "mtu_request 1400 becomes 1500", "set Interface vfrv1 mtu_request=1500\n"},
    {"repair of a detached port", DETACHED, VFR, REPAIR | MAY_HOLD_DEVICE, 0, ACTION_REPLACE, true,
     true, true, "type vifplug-detached", ""},
    {"repair without its netdev", VFR, VFR "dev=rep1", REPAIR | NO_NETDEV, REASON_NOT_REALIZED, 0,
     false, false, false, "rep1", ""},
    {"repair, separate bridge of another program", OWN, OWN, REPAIR | FOREIGN, REASON_PORT_CONFLICT,
     0, false, false, false, "bridge pbv1", ""},
};

static void check_plan(const char *row, const struct plan *plan, enum action action,
                       bool awaits_only, bool needs_switch, bool changes, const char *why,
                       const char *operations)
{
    CHECK_STR(row, action_name(plan->action), action_name(action));
    CHECK_INT(row, plan->awaits_only, awaits_only);
    CHECK_INT(row, plan->needs_switch, needs_switch);
    CHECK_INT(row, plan->changes, changes);
    CHECK_HAS(row, plan->why, why);
    check_operations(row, plan, operations);
}

static void parse_current(struct record *record, const char *text, int flags)
{
    record_init(record);
    port_spec_destroy(&record->spec);
    parse_port(&record->spec, text ? text : "");
    record->ofport = flags & FAILED ? -1 : flags & PENDING ? 0 : 5;
    record->ours = true;
}

static struct switch_facts facts_of(int flags, const struct record *current,
                                    const struct link_state *links)
{
    return (struct switch_facts){
        .current = current,
        .bridge_exists = true,
        .port_bridge = flags & FOREIGN         ? PORT_BRIDGE_FOREIGN
                       : flags & PARTLY        ? PORT_BRIDGE_PARTLY
                       : flags & NO_OWN_BRIDGE ? PORT_BRIDGE_NONE
                                               : PORT_BRIDGE_WHOLE,
        .links = links,
        .may_hold_device = flags & MAY_HOLD_DEVICE,
        .awaits_device = flags & AWAITS_DEVICE,
        .written = flags & WRITTEN,
        .switch_dead = flags & DEAD,
    };
}

static void test_decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const struct vif vif = {.form = VIF_FORM_NATIVE};
        int flags = rows[i].flags;
        struct link_state links = {.has_netdev = !(flags & NO_NETDEV),
                                   .netdev = {.up = !(flags & NETDEV_DOWN), .mtu = 1500}};
        struct error error = {0};
        struct switch_facts facts;
        struct record current;
        struct port_spec goal;
        struct plan plan;
        bool ok;

        plan_init(&plan);
        parse_current(&current, rows[i].current, flags);
        parse_port(&goal, rows[i].goal);
        facts = facts_of(flags, rows[i].current ? &current : NULL, &links);
        ok = flags & REPAIR ? plan_repair(&vif, &goal, &facts, &plan, &error)
                            : plan_plug(&vif, &goal, &facts, &plan, &error);
        CHECK_STR(rows[i].row, reason_name(error.reason), reason_name(rows[i].reason));
        CHECK_INT(rows[i].row, ok, rows[i].reason == REASON_NONE);
        if (ok) {
            check_plan(rows[i].row, &plan, rows[i].action, rows[i].awaits_only,
                       rows[i].needs_switch, rows[i].changes, rows[i].text, rows[i].operations);
        } else {
            CHECK_HAS(rows[i].row, error.message, rows[i].text);
        }
        plan_destroy(&plan);
        port_spec_destroy(&goal);
        record_destroy(&current);
    }
}

static const struct {
    const char *row;
    const char *current;
    const char *goal;
    int flags;
    enum action action;
    bool awaits_only;
    const char *operations;
} recoveries[] = {
    {"detached", DETACHED, VFR, 0, ACTION_UPDATE, false, "set Interface vfrv1 type=dpdk\n"},
    {"detached, not let go", DETACHED, VFR, MAY_HOLD_DEVICE, ACTION_REPLACE, true, ""},
    {"device on its way", VFR, VFR, FAILED, ACTION_UPDATE, false, ""},
};

static void test_recoveries(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(recoveries); i++) {
        struct switch_facts facts;
        struct record current;
        struct port_spec goal;
        struct plan plan;

        plan_init(&plan);
        parse_current(&current, recoveries[i].current, recoveries[i].flags);
        parse_port(&goal, recoveries[i].goal);
        facts = facts_of(recoveries[i].flags, &current, NULL);
        plan_recover(&goal, &facts, &plan);
        check_plan(recoveries[i].row, &plan, recoveries[i].action, recoveries[i].awaits_only, true,
                   true, "", recoveries[i].operations);
        plan_destroy(&plan);
        port_spec_destroy(&goal);
        record_destroy(&current);
    }
}

static const struct {
    const char *row;
    const char *current; /* NULL: there is no port. */
    const char *before;  /* NULL: there was none. */
    bool evicted;
    bool made_bridge;
    int flags;
    enum action action;
    bool awaits_only;
    bool restores;
    bool drop_bridge;
    const char *operations;
} undos[] = {
    {"of nothing", NULL, NULL, false, false, 0, ACTION_NONE, false, false, false, ""},
    {"of a new port", VFR, NULL, false, false, 0, ACTION_DELETE, false, false, false,
     "delete Port vfrv1 from Bridge br0\n"},
    {"of a new port and bridge", VFR, NULL, false, true, 0, ACTION_DELETE, false, false, true,
     "delete Port vfrv1 from Bridge br0\ndelete Bridge br0 if that leaves it empty\n"},
    {"of a change", VFR "mtu=9000", VFR, false, false, 0, ACTION_UPDATE, false, false, false,
     "set Interface vfrv1 mtu_request=1500\n"},
    {"of an eviction", VFR, NULL, true, false, 0, ACTION_DELETE, false, true, false,
     "delete Port vfrv1 from Bridge br0\n"},
    {"of an eviction alone", NULL, NULL, true, false, 0, ACTION_NONE, false, true, false, ""},
    {"half way", DETACHED, VFR, false, false, MAY_HOLD_DEVICE, ACTION_REPLACE, true, false, false,
     ""},
    {"half way, let go", DETACHED, VFR, false, false, 0, ACTION_UPDATE, false, false, false,
     "set Interface vfrv1 type=dpdk\n"},
};

static void test_undos(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(undos); i++) {
        const char *row = undos[i].row;
        struct port_settings settings = {0};
        struct port_spec evicted;
        struct port_spec before;
        struct record current;
        struct plan plan;

        plan_init(&plan);
        parse_current(&current, undos[i].current, 0);
        parse_port(&before, undos[i].before ? undos[i].before : "");
        parse_port(&evicted, "port=vfrv9");
        plan_undo(&(struct undo_facts){.current = undos[i].current ? &current : NULL,
                                       .before = undos[i].before ? &before : NULL,
                                       .settings = &settings,
                                       .evicted = undos[i].evicted ? &evicted : NULL,
                                       .evicted_settings = &settings,
                                       .bridge_exists = true,
                                       .made_bridge = undos[i].made_bridge,
                                       .may_hold_device = undos[i].flags & MAY_HOLD_DEVICE},
                  &plan);
        CHECK_STR(row, action_name(plan.action), action_name(undos[i].action));
        CHECK_INT(row, plan.awaits_only, undos[i].awaits_only);
        CHECK(row, plan.restored == (undos[i].restores ? &evicted : NULL));
        CHECK(row, plan.restored_settings == (undos[i].restores ? &settings : NULL));
        CHECK(row, plan.settings == (undos[i].before ? &settings : NULL));
        CHECK_INT(row, plan.drop_bridge, undos[i].drop_bridge);
        check_operations(row, &plan, undos[i].operations);
        plan_destroy(&plan);
        port_spec_destroy(&evicted);
        port_spec_destroy(&before);
        record_destroy(&current);
    }
}

static const struct {
    const char *row;
    const char *port;
    const char *port_bridge;
    const char *trunk_bridge;
    bool has_link;
    enum action action;
    bool changes;
    bool needs_switch;
    const char *operations;
} unplugs[] = {
    {"nothing", NULL, "", "", false, ACTION_NONE, false, false, ""},
    {"a link alone", NULL, "", "", true, ACTION_NONE, true, false, "delete link tap1\n"},
    {"a port", VFR, "", "", false, ACTION_DELETE, true, true,
     "delete Port vfrv1 from Bridge br0\n"},
    {"a port and its link", VFR, "", "", true, ACTION_DELETE, true, true,
     "delete link tap1\ndelete Port vfrv1 from Bridge br0\n"},
    {"a port, not what else is left", VFR, "pbv1", "tbr-1", false, ACTION_DELETE, true, true,
     "delete Port vfrv1 from Bridge br0\n"},
    {"a port and its separate bridge", OWN, "", "", false, ACTION_DELETE, true, true,
     "delete Port ibpv1 from Bridge br0\ndelete Bridge pbv1\n"},
    {"a port whose separate bridge is gone", OWN, "", "", false, ACTION_DELETE, true, true,
     "delete Port ibpv1 from Bridge br0\n"},
    {"a separate bridge", NULL, "pbv1", "", false, ACTION_DELETE, true, true,
     "delete Bridge pbv1\n"},
    {"a trunk bridge", NULL, "", "tbr-1", false, ACTION_DELETE, true, false,
     "delete Bridge tbr-1 if that leaves it empty\n"},
};

static void test_unplugs(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(unplugs); i++) {
        const char *row = unplugs[i].row;
        struct unplug_facts facts = {.port_bridge = unplugs[i].port_bridge,
                                     .trunk_bridge = unplugs[i].trunk_bridge};
        struct record port;
        struct plan plan;

        plan_init(&plan);
        parse_current(&port, unplugs[i].port, 0);
        port.lacks_port_bridge = strstr(row, "is gone") != NULL;
        facts.port = unplugs[i].port ? &port : NULL;
        if (unplugs[i].has_link) {
            facts.links =
                (struct link_plan){.n = 1, .steps = {{.type = LINK_DELETE, .name = "tap1"}}};
        }
        plan_unplug(&facts, &plan);
        CHECK_STR(row, action_name(plan.action), action_name(unplugs[i].action));
        CHECK_INT(row, plan.changes, unplugs[i].changes);
        CHECK_INT(row, plan.needs_switch, unplugs[i].needs_switch);
        check_operations(row, &plan, unplugs[i].operations);
        plan_destroy(&plan);
        record_destroy(&port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_recoveries),
        cmocka_unit_test(test_undos),
        cmocka_unit_test(test_unplugs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
