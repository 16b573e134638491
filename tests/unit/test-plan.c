/* SPDX-License-Identifier: Apache-2.0 */
/* From the present and the required port to the plan. */

#include "port-text.h"

#include "util.h"

#define NAME "port=vfrv1 bridge=br0 dp=netdev type=dpdk "
#define DEV "o:dpdk-devargs=PF,representor=[4] "
#define IDS "e:iface-id=v1 e:vifplug-vif-id=v1 e:vifplug-boot-id=b1 "
#define PORT NAME "mtu=1500 " DEV IDS
#define FOREIGN "o:n_rxq=2 e:ovn-installed=true "
#define VHOST "port=vhuv1 bridge=br0 dp=netdev mtu=1500 " IDS
#define VHOST_CLIENT VHOST "type=dpdkvhostuserclient o:vhost-server-path=/run/a "

enum { FINE = 0, FAILED = 1, NO_BRIDGE = 2 };

static const struct {
    const char *row;
    const char *current; /* NULL: there is no port. */
    const char *goal;    /* NULL: there shall be none. */
    const char *written; /* What the operation wrote, for an undo; or NULL. */
    int flags;
    enum action action;
    bool needs_switch;
    bool changes;
    const char *why;
    const char *operations;
} rows[] = {
    {"create", NULL, PORT, NULL, FINE, ACTION_CREATE, true, true, "there is no port of this VIF",
     "insert Port vfrv1 into Bridge br0\n"
     "set Interface vfrv1 type=dpdk\n"
     "set Interface vfrv1 mtu_request=1500\n"
     "set Interface vfrv1 options:dpdk-devargs=PF,representor=[4]\n"
     "set Interface vfrv1 external_ids:iface-id=v1\n"
     "set Interface vfrv1 external_ids:vifplug-boot-id=b1\n"
     "set Interface vfrv1 external_ids:vifplug-vif-id=v1\n"},
    {"create with its bridge", NULL, NAME DEV, NULL, NO_BRIDGE, ACTION_CREATE, true, true,
     "there is no port of this VIF",
     "insert Bridge br0 datapath_type=netdev\n"
     "insert Port vfrv1 into Bridge br0\n"
     "set Interface vfrv1 type=dpdk\n"
     "set Interface vfrv1 options:dpdk-devargs=PF,representor=[4]\n"},
    {"create with its bridge, secure", NULL, NAME DEV "fail=secure", NULL, NO_BRIDGE, ACTION_CREATE,
     true, true, "there is no port of this VIF",
     "insert Bridge br0 datapath_type=netdev fail_mode=secure\n"
     "insert Port vfrv1 into Bridge br0\n"
     "set Interface vfrv1 type=dpdk\n"
     "set Interface vfrv1 options:dpdk-devargs=PF,representor=[4]\n"},
    {"nothing to do", PORT, PORT, NULL, FINE, ACTION_NONE, false, false,
     "port vfrv1 on br0 is as asked", ""},
    {"nothing to do beside foreign keys", PORT FOREIGN, PORT, NULL, FINE, ACTION_NONE, false, false,
     "port vfrv1 on br0 is as asked", ""},
    {"nothing to do, failed", PORT, PORT, NULL, FAILED, ACTION_NONE, false, false, "is as asked",
     ""},
    /* Changes in place. */
    {"MTU", PORT, NAME "mtu=9000 " DEV IDS, NULL, FINE, ACTION_UPDATE, true, true,
     "mtu_request 1500 becomes 9000", "set Interface vfrv1 mtu_request=9000\n"},
    {"MTU no more", PORT, NAME DEV IDS, NULL, FINE, ACTION_UPDATE, true, true,
     "mtu_request 1500 becomes 0", "set Interface vfrv1 mtu_request=0\n"},
    {"another boot", PORT, PORT "e:vifplug-boot-id=b2", NULL, FINE, ACTION_UPDATE, false, false,
     "vifplug-boot-id changes", "set Interface vfrv1 external_ids:vifplug-boot-id=b2\n"},
    {"slot noted", PORT, PORT "e:vifplug-pci-slot=S e:vifplug-boot-id=b2", NULL, FINE,
     ACTION_UPDATE, false, false, "vifplug-pci-slot changes",
     "set Interface vfrv1 external_ids:vifplug-boot-id=b2\n"
     "set Interface vfrv1 external_ids:vifplug-pci-slot=S\n"},
    {"another boot and instance", PORT "e:vm-uuid=i1", PORT "e:vm-uuid=i2 e:vifplug-boot-id=b2",
     NULL, FINE, ACTION_UPDATE, false, true, "vm-uuid changes",
     "set Interface vfrv1 external_ids:vifplug-boot-id=b2\n"
     "set Interface vfrv1 external_ids:vm-uuid=i2\n"},
    {"address no more", PORT "e:attached-mac=M", PORT, NULL, FINE, ACTION_UPDATE, false, true,
     "attached-mac goes", "remove Interface vfrv1 external_ids:attached-mac\n"},
    {"VF's MAC", PORT "o:dpdk-vf-mac=M1", PORT "o:dpdk-vf-mac=M2", NULL, FINE, ACTION_UPDATE, true,
     true, "dpdk-vf-mac changes", "set Interface vfrv1 options:dpdk-vf-mac=M2\n"},
    {"VF's MAC no more", PORT "o:dpdk-vf-mac=M1", PORT, NULL, FINE, ACTION_REPLACE, true, true,
     "dpdk-vf-mac goes",
     "detach Interface vfrv1 and wait for ovs-vswitchd\n"
     "remove Interface vfrv1 options:dpdk-vf-mac\n"},
    {"VF's MAC no more, failed with it", PORT "o:dpdk-vf-mac=M1", PORT, NULL, FAILED, ACTION_UPDATE,
     true, true, "dpdk-vf-mac goes", "remove Interface vfrv1 options:dpdk-vf-mac\n"},
    {"option of the profile", PORT "o:n_rxq=2", PORT "o:n_rxq=4", NULL, FINE, ACTION_UPDATE, true,
     true, "n_rxq changes", "set Interface vfrv1 options:n_rxq=4\n"},
    {"foreign keys stay", PORT FOREIGN "o:x=1", NAME "mtu=9000 " DEV IDS, NULL, FINE, ACTION_UPDATE,
     true, true, "mtu_request", "set Interface vfrv1 mtu_request=9000\n"},
    /* Another device or socket behind the port. */
    {"another VF", PORT, PORT "o:dpdk-devargs=PF,representor=[5]", NULL, FINE, ACTION_REPLACE, true,
     true, "dpdk-devargs changes",
     "detach Interface vfrv1 and wait for ovs-vswitchd\n"
     "set Interface vfrv1 options:dpdk-devargs=PF,representor=[5]\n"},
    {"another VF, failed before", PORT, PORT "o:dpdk-devargs=PF,representor=[5]", NULL, FAILED,
     ACTION_UPDATE, true, true, "dpdk-devargs changes",
     "set Interface vfrv1 options:dpdk-devargs=PF,representor=[5]\n"},
    {"another VF and bridge", PORT, PORT "o:dpdk-devargs=PF,representor=[5] bridge=br1", NULL, FINE,
     ACTION_UPDATE, true, true, "bridge br0 becomes br1, dpdk-devargs changes",
     "move Port vfrv1 from Bridge br0 to Bridge br1\n"
     "set Interface vfrv1 options:dpdk-devargs=PF,representor=[5]\n"},
    {"another socket", VHOST_CLIENT, VHOST_CLIENT "o:vhost-server-path=/run/b", NULL, FINE,
     ACTION_REPLACE, true, true, "vhost-server-path changes",
     "detach Interface vhuv1 and wait for ovs-vswitchd\n"
     "set Interface vhuv1 options:vhost-server-path=/run/b\n"},
    {"second step", PORT "type=vifplug-detached", PORT, NULL, FINE, ACTION_UPDATE, true, true,
     "type vifplug-detached becomes dpdk", "set Interface vfrv1 type=dpdk\n"},
    {"another mode", VHOST_CLIENT, VHOST "type=dpdkvhostuser", NULL, FINE, ACTION_UPDATE, true,
     true, "type dpdkvhostuserclient becomes dpdkvhostuser, vhost-server-path goes",
     "set Interface vhuv1 type=dpdkvhostuser\n"
     "remove Interface vhuv1 options:vhost-server-path\n"},
    /* Elsewhere. */
    {"another bridge", PORT, PORT "bridge=br1", NULL, FINE, ACTION_UPDATE, true, true,
     "bridge br0 becomes br1", "move Port vfrv1 from Bridge br0 to Bridge br1\n"},
    {"a new bridge", PORT, PORT "bridge=br1", NULL, NO_BRIDGE, ACTION_UPDATE, true, true,
     "bridge br0 becomes br1",
     "insert Bridge br1 datapath_type=netdev\n"
     "move Port vfrv1 from Bridge br0 to Bridge br1\n"},
    {"a new bridge, secure", PORT, PORT "bridge=br1 fail=secure", NULL, NO_BRIDGE, ACTION_UPDATE,
     true, true, "bridge br0 becomes br1",
     "insert Bridge br1 datapath_type=netdev fail_mode=secure\n"
     "move Port vfrv1 from Bridge br0 to Bridge br1\n"},
    /* The plan does not change an existing bridge. */
    {"fail_mode alone", PORT "fail=standalone", PORT "fail=secure", NULL, FINE, ACTION_NONE, false,
     false, "port vfrv1 on br0 is as asked", ""},
    {"another name", PORT, NAME "port=tap1 " DEV, NULL, FINE, ACTION_CREATE, true, true,
     "port vfrv1 becomes tap1",
     "delete Port vfrv1\n"
     "insert Port tap1 into Bridge br0\n"
     "set Interface tap1 type=dpdk\n"
     "set Interface tap1 options:dpdk-devargs=PF,representor=[4]\n"},
    /* Deletions. */
    {"delete", PORT, NULL, NULL, FINE, ACTION_DELETE, true, true, "port vfrv1 on br0 goes",
     "delete Port vfrv1 from Bridge br0\n"},
    {"delete what failed", PORT FOREIGN, NULL, NULL, FAILED, ACTION_DELETE, true, true,
     "port vfrv1 on br0 goes", "delete Port vfrv1 from Bridge br0\n"},
    {"delete nothing", NULL, NULL, NULL, NO_BRIDGE, ACTION_NONE, false, false,
     "there is no port of this VIF", ""},
    /* Undos: revert what the operation wrote; what other programs wrote before or meanwhile
     * stays. */
    {"undo a create", PORT, NULL, PORT, FINE, ACTION_DELETE, true, true, "goes",
     "delete Port vfrv1 from Bridge br0\n"},
    {"undo with nothing written", PORT, PORT, PORT, FINE, ACTION_NONE, false, false, "is as asked",
     ""},
    {"undo an MTU", NAME "mtu=9000 " DEV IDS, PORT, NAME "mtu=9000 " DEV IDS, FINE, ACTION_UPDATE,
     true, true, "mtu_request 9000 becomes 1500", "set Interface vfrv1 mtu_request=1500\n"},
    {"undo an option that was not there", PORT "o:n_rxq=4", PORT, PORT "o:n_rxq=4", FINE,
     ACTION_UPDATE, true, true, "n_rxq goes", "remove Interface vfrv1 options:n_rxq\n"},
    {"undo an option that was there", PORT "o:n_rxq=4", PORT "o:n_rxq=2", PORT "o:n_rxq=4", FINE,
     ACTION_UPDATE, true, true, "n_rxq changes", "set Interface vfrv1 options:n_rxq=2\n"},
    {"undo another VF", PORT "o:dpdk-devargs=PF,representor=[5]", PORT,
     PORT "o:dpdk-devargs=PF,representor=[5]", FAILED, ACTION_UPDATE, true, true,
     "dpdk-devargs changes", "set Interface vfrv1 options:dpdk-devargs=PF,representor=[4]\n"},
    {"undo beside foreign keys", NAME "mtu=9000 " DEV IDS "o:n_rxq=8 e:ovn-installed=true",
     PORT "o:n_rxq=2 o:gone=1 e:old=1", NAME "mtu=9000 " DEV IDS, FINE, ACTION_UPDATE, true, true,
     "mtu_request 9000 becomes 1500", "set Interface vfrv1 mtu_request=1500\n"},
    {"undo a deletion by others", NULL, NAME DEV "o:n_rxq=2", NAME DEV, FINE, ACTION_CREATE, true,
     true, "there is no port",
     "insert Port vfrv1 into Bridge br0\n"
     "set Interface vfrv1 type=dpdk\n"
     "set Interface vfrv1 options:dpdk-devargs=PF,representor=[4]\n"
     "set Interface vfrv1 options:n_rxq=2\n"},
    {"undo another name", NAME "port=tap1 " DEV, NAME DEV, NAME "port=tap1 " DEV, FINE,
     ACTION_CREATE, true, true, "port tap1 becomes vfrv1",
     "delete Port tap1\n"
     "insert Port vfrv1 into Bridge br0\n"
     "set Interface vfrv1 type=dpdk\n"
     "set Interface vfrv1 options:dpdk-devargs=PF,representor=[4]\n"},
};

static void test_transitions(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *row = rows[i].row;
        struct port_spec written;
        struct record current;
        struct port_spec goal;
        struct plan plan;

        plan_init(&plan);
        record_init(&current);
        parse_port(&current.spec, rows[i].current ? rows[i].current : "");
        current.ofport = rows[i].flags & FAILED ? -1 : 5;
        parse_port(&goal, rows[i].goal ? rows[i].goal : "");
        parse_port(&written, rows[i].written ? rows[i].written : "");
        plan_transition(rows[i].current ? &current : NULL, rows[i].goal ? &goal : NULL,
                        rows[i].written ? &written : NULL, !(rows[i].flags & NO_BRIDGE), &plan);
        CHECK_STR(row, action_name(plan.action), action_name(rows[i].action));
        CHECK_INT(row, plan.needs_switch, rows[i].needs_switch);
        CHECK_INT(row, plan.changes, rows[i].changes);
        CHECK_HAS(row, plan.why, rows[i].why);
        check_operations(row, &plan, rows[i].operations);
        CHECK_STR(row, plan.spec.port,
                  rows[i].goal      ? goal.port
                  : rows[i].current ? current.spec.port
                                    : "");
        plan_destroy(&plan);
        port_spec_destroy(&goal);
        port_spec_destroy(&written);
        record_destroy(&current);
    }
}

/* An error text alone means failure too, even with an ofport. */
static void test_failed_by_error(void **state)
{
    struct record current;
    struct port_spec goal;
    struct plan plan;

    (void)state;
    plan_init(&plan);
    record_init(&current);
    parse_port(&current.spec, PORT);
    parse_port(&goal, PORT "o:dpdk-devargs=PF,representor=[5]");
    current.ofport = 5;
    plan_transition(&current, &goal, NULL, true, &plan);
    assert_int_equal(plan.action, ACTION_REPLACE);
    current.error = xstrdup("error text");
    plan_transition(&current, &goal, NULL, true, &plan); /* A plan can be made again. */
    assert_int_equal(plan.action, ACTION_UPDATE);
    plan_destroy(&plan);
    port_spec_destroy(&goal);
    record_destroy(&current);
}

/* A reason that is too long is cut. */
static void test_long_why(void **state)
{
    struct record current;
    struct port_spec goal;
    struct plan plan;

    (void)state;
    plan_init(&plan);
    record_init(&current);
    parse_port(&current.spec, PORT);
    parse_port(&goal, PORT);
    for (int i = 0; i < 40; i++) {
        char key[48];

        snprintf(key, sizeof key, "an-option-with-a-long-name-%d", i);
        smap_replace(&goal.options, key, "1");
    }
    current.ofport = 5;
    plan_transition(&current, &goal, NULL, true, &plan);
    assert_int_equal(plan.action, ACTION_UPDATE);
    assert_int_equal(strlen(plan.why), sizeof plan.why - 1);
    assert_int_equal(smap_count(&plan.set_options), 40);
    plan_destroy(&plan);
    port_spec_destroy(&goal);
    record_destroy(&current);
}

enum { NOBODY, OURS, STRANGER };

/* Another VIF of ours, or a port of another program, has what is claimed. */
static struct claim_owner owner_of(int who, enum claim_kind kind, const char *key)
{
    struct claim_owner owner = {.type = who == OURS ? OWNER_VIF : OWNER_PORT,
                                .claim = {.kind = kind, .what = "port"},
                                .port = "there",
                                .bridge = "br9"};

    strcpy(owner.claim.key, key);
    if (who == OURS) {
        strcpy(owner.vif_id, "v1-the-other");
        strcpy(owner.boot_id, "b1");
    }
    return owner;
}

static const struct {
    const char *row;
    enum vif_form form;
    int name_owner;
    int vf_owner;
    enum reason reason;
    const char *field;
    const char *error_text; /* A part of the message. */
} conflicts[] = {
    {"none", VIF_FORM_NATIVE, NOBODY, NOBODY, REASON_NONE, "", ""},
    {"name, ours", VIF_FORM_NATIVE, OURS, NOBODY, REASON_PORT_CONFLICT, "vif.vif_id",
     "VIF v1-the-other (port there)"},
    {"name, ours, os-vif", VIF_FORM_OSVIF, OURS, NOBODY, REASON_PORT_CONFLICT, "vif.id",
     "v1-the-other"},
    {"name, foreign", VIF_FORM_NATIVE, STRANGER, NOBODY, REASON_PORT_CONFLICT, "vif.vif_id",
     "port there, which vifplugd did not make, on bridge br9"},
    {"VF, ours", VIF_FORM_NATIVE, NOBODY, OURS, REASON_VF_IN_USE, "vif.pci_slot", "v1-the-other"},
    {"VF, ours, os-vif", VIF_FORM_OSVIF, NOBODY, OURS, REASON_VF_IN_USE,
     "vif.port_profile.representor_address", "VF number 10 of 0000:65:00.0"},
    {"VF, foreign", VIF_FORM_NATIVE, NOBODY, STRANGER, REASON_VF_IN_USE, "vif.pci_slot",
     "port there"},
    {"both", VIF_FORM_NATIVE, OURS, OURS, REASON_VF_IN_USE, "vif.pci_slot", "v1-the-other"},
};

static void test_conflicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(conflicts); i++) {
        const struct vif vif = {.form = conflicts[i].form, .object_name = "VIFVHostUser"};
        struct claim_owner owners[2];
        struct switch_facts facts = {.bridge_exists = true, .owners = owners};
        const char *row = conflicts[i].row;
        struct error error = {0};
        struct port_spec spec;
        struct plan plan;

        plan_init(&plan);
        parse_port(&spec, PORT);
        spec.pf = (struct pci_addr){0, 0x65, 0, 0};
        spec.vf_num = 10;
        if (conflicts[i].vf_owner) {
            owners[facts.n_owners++] = owner_of(conflicts[i].vf_owner, CLAIM_VF, "0000:65:00.0 10");
        }
        if (conflicts[i].name_owner) {
            owners[facts.n_owners++] = owner_of(conflicts[i].name_owner, CLAIM_PORT, spec.port);
        }
        CHECK_INT(row, plan_plug(&vif, &spec, &facts, &plan, &error),
                  conflicts[i].reason == REASON_NONE);
        CHECK_STR(row, reason_name(error.reason), reason_name(conflicts[i].reason));
        CHECK_STR(row, error.field, conflicts[i].field);
        CHECK_HAS(row, error.message, conflicts[i].error_text);
        CHECK_INT(row, plan.action, conflicts[i].reason ? ACTION_NONE : ACTION_CREATE);
        plan_destroy(&plan);
        port_spec_destroy(&spec);
    }
}

/* A VIF whose port the caller makes conflicts only with another VIF. */
static void test_port_of_somebody_else(void **state)
{
    (void)state;
    for (int ours = 0; ours < 2; ours++) {
        const struct vif vif = {.form = VIF_FORM_NATIVE};
        const struct claim_owner owner = owner_of(ours ? OURS : STRANGER, CLAIM_PORT, "vfrv1");
        struct switch_facts facts = {.bridge_exists = true, .owners = &owner, .n_owners = 1};
        const char *row = ours ? "ours" : "foreign";
        struct error error = {0};
        struct port_spec spec;
        struct plan plan;

        plan_init(&plan);
        parse_port(&spec, PORT);
        spec.no_port = true;
        CHECK_INT(row, plan_plug(&vif, &spec, &facts, &plan, &error), !ours);
        CHECK_INT(row, error.reason, ours ? REASON_PORT_CONFLICT : REASON_NONE);
        CHECK_INT(row, plan.action, ACTION_NONE);
        plan_destroy(&plan);
        port_spec_destroy(&spec);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(action_name(ACTION_NONE), "none");
    assert_string_equal(action_name(ACTION_CREATE), "create");
    assert_string_equal(action_name(ACTION_UPDATE), "update");
    assert_string_equal(action_name(ACTION_REPLACE), "replace");
    assert_string_equal(action_name(ACTION_DELETE), "delete");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_failed_by_error),
        cmocka_unit_test(test_long_why),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_port_of_somebody_else),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
