/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: VIFs with a separate bridge (per_port_bridge). */

#include "engine-harness.h"

#define TAP_CALLED(x) .kind = VIF_KIND_OVS, .name = (x), .create_port = true, .create_tap = true
#define TAP TAP_CALLED("tap0")

static void test_port_bridge(void **state)
{
    int a;

    (void)state;
    rig.settings.per_port_bridge = true;
    a = PLUG(.vif = "a", TAP, .bridge = "sys0");
    rig_settle();
    CHECK_STR("made", reply_to(a), "changed ibpa");
    CHECK_INT("made", fake_n_ports_on(rig.ovs, "pba"), 2);
    a = PLUG(.vif = "a", TAP, .bridge = "sys0");
    rig_settle();
    CHECK_STR("is as asked", reply_to(a), "unchanged ibpa");
    fake_remove_port(rig.ovs, "pbpa");
    a = PLUG(.vif = "a", TAP, .bridge = "sys0");
    rig_settle();
    CHECK_STR("made whole", reply_to(a), "changed ibpa");
    CHECK_INT("made whole", fake_n_ports_on(rig.ovs, "pba"), 2);
    a = PLUG(.vif = "a", TAP_CALLED("tap1"), .bridge = "sys0");
    rig_settle();
    CHECK_STR("another tap", reply_to(a), "changed ibpa");
    CHECK_STR("another tap", type_of_port("tap1"), "");
    CHECK_STR("another tap", type_of_port("tap0"), "-");
    a = UNPLUG(.vif = "a");
    rig_settle();
    CHECK_STR("goes", reply_to(a), "changed");
    CHECK("goes", !fake_bridge(rig.ovs, "pba"));
    CHECK_INT("goes", rig.ovs->n_ports, 0);
}

/* per_port_bridge is turned off: the guest's port replaces the patch port. */
static void test_port_bridge_goes(void **state)
{
    int a;

    (void)state;
    rig.settings.per_port_bridge = true;
    PLUGGED(.vif = "a", TAP, .bridge = "sys0");
    rig.settings.per_port_bridge = false;
    a = PLUG(.vif = "a", TAP, .bridge = "sys0");
    rig_settle();
    CHECK_STR("told", reply_to(a), "changed tap0");
    CHECK("gone", !fake_bridge(rig.ovs, "pba"));
    CHECK_INT("the one port", rig.ovs->n_ports, 1);
    CHECK("the tap stays", fake_link(rig.links, "tap0"));
}

/* Other programs have the names of the separate bridge. */
static void test_port_bridge_is_taken(void **state)
{
    static const struct {
        const char *what;
        const char *port;
        const char *bridge; /* The bridge that has it. */
        const char *told;
    } rows[] = {
        {"the bridge", "else", "pba",
         "port_conflict: The VIF needs the name pba for its separate bridge, but"},
        {"the patch port", "pbpa", "br0",
         "port_conflict: The VIF needs the name pbpa for its patch port, but"},
        {"the guest's port", "tap0", "br0",
         "port_conflict: The VIF needs the name tap0 for its port, but"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        int a;

        rig_renew();
        rig.settings.per_port_bridge = true;
        if (!fake_bridge(rig.ovs, rows[i].bridge)) {
            fake_add_bridge(rig.ovs, rows[i].bridge, "system");
        }
        fake_add_port(rig.ovs, rows[i].port, rows[i].bridge, "patch");
        a = PLUG(.vif = "a", TAP, .bridge = "sys0");
        rig_settle();
        CHECK_HAS(rows[i].what, reply_to(a), rows[i].told);
        CHECK_INT(rows[i].what, rig.links->n, 0);
    }
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_port_bridge),
    RIG_TEST(test_port_bridge_goes),
    RIG_TEST(test_port_bridge_is_taken),
};

int main(void)
{
    return RIG_MAIN(tests);
}
