/* SPDX-License-Identifier: Apache-2.0 */
/* Claims: those of a port, which of them exclude each other, and how a plug is refused. */

#include "check.h"

#include "base/keys.h"
#include "plan/claim.h"
#include "port-text.h"

static void test_socket_keys(void **state)
{
    static const struct {
        const char *path;
        const char *key;
    } rows[] = {
        {"/run/vm1", "/run/vm1"},
        {"/run//vm1", "/run/vm1"},
        {"//run/./vm1/", "/run/vm1"},
        {"/run/.vm1", "/run/.vm1"},
        {"/run/../vm1", "/run/../vm1"},
        {"run/vm1", "run/vm1"},
        {"./vm1", "/vm1"},
        {"/", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char key[CLAIM_KEY_MAX + 1];

        claim_socket_key(rows[i].path, key);
        CHECK_STR(rows[i].path, key, rows[i].key);
    }
}

/* --- The claims of a port. --- */

static void write_claims(const struct claims *claims, char *text, size_t size)
{
    static const char *const names[] = {
        [CLAIM_VF] = "vf",
        [CLAIM_SOCKET] = "socket",
        [CLAIM_IFACE_ID] = "iface-id",
        [CLAIM_PORT] = "port",
        [CLAIM_INTERFACE] = "interface",
        [CLAIM_BRIDGE] = "bridge",
        [CLAIM_LINUX_BRIDGE] = "linux-bridge",
        [CLAIM_NETDEV] = "netdev",
        [CLAIM_VIF] = "vif",
    };
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < claims->n; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s=%s", i ? " " : "",
                                 names[claims->list[i].kind], claims->list[i].key);
    }
}

static void test_claims_of_ports(void **state)
{
    static const struct {
        const char *port;
        bool creates_bridge;
        const char *claims;
    } rows[] = {
        {"", false, ""},
        {"port=vhu1 bridge=br0 e:iface-id=p1", false, "port=vhu1 interface=vhu1 iface-id=p1"},
        {"port=vhu1 bridge=br0", true, "port=vhu1 interface=vhu1 bridge=br0"},
        {"port=ibp1 own=pb1 guest=tap1 o:peer=pbp1", false,
         "port=ibp1 interface=ibp1 bridge=pb1 port=pbp1 interface=pbp1 port=tap1 interface=tap1"},
        {"port=rep0 dev=rep0", false, "port=rep0 interface=rep0 netdev=rep0"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct claims claims = {.n = 0};
        struct port_spec spec;
        char text[512];

        parse_port(&spec, rows[i].port);
        claims_of_spec(&spec, rows[i].creates_bridge, &claims);
        write_claims(&claims, text, sizeof text);
        CHECK_STR(rows[i].port, text, rows[i].claims);
        port_spec_destroy(&spec);
    }
}

static void test_claims_besides_columns(void **state)
{
    struct claims claims = {.n = 0};
    struct port_spec spec;
    char text[512];

    (void)state;
    parse_port(&spec, "port=x");
    strcpy(spec.vif_id, "v1");
    spec.has_vf = true;
    spec.pf = (struct pci_addr){0, 0x65, 0, 1};
    spec.vf_num = 10;
    strcpy(spec.vhost_path, "/run/vm1");
    strcpy(spec.vhost_file, "file 1:2 vm1");
    spec.links = (struct link_spec){
        .kind = LINKS_HYBRID, .netdev = "qvo1", .peer = "qvb1", .linux_bridge = "qbr1"};
    claims_of_spec(&spec, false, &claims);
    write_claims(&claims, text, sizeof text);
    assert_string_equal(text, "vif=v1 vf=0000:65:00.1 10 socket=/run/vm1 socket=file 1:2 vm1 "
                              "port=x interface=x linux-bridge=qbr1 netdev=qvo1 netdev=qvb1");
    port_spec_destroy(&spec);
}

/* --- What excludes what. --- */

static void test_clashes(void **state)
{
    static const struct {
        const char *row;
        struct claim a;
        struct claim b;
        bool clash;
    } rows[] = {
        {"one socket",
         {.kind = CLAIM_SOCKET, .key = "/x"},
         {.kind = CLAIM_SOCKET, .key = "/x"},
         true},
        {"two", {.kind = CLAIM_SOCKET, .key = "/x"}, {.kind = CLAIM_SOCKET, .key = "/y"}, false},
        {"made alike",
         {.kind = CLAIM_BRIDGE, .key = "b", .how = "netdev "},
         {.kind = CLAIM_BRIDGE, .key = "b", .how = "netdev "},
         false},
        {"made differently",
         {.kind = CLAIM_BRIDGE, .key = "b", .how = "netdev "},
         {.kind = CLAIM_BRIDGE, .key = "b", .how = "netdev secure"},
         true},
        {"made, and a separate bridge",
         {.kind = CLAIM_BRIDGE, .key = "b", .how = "netdev "},
         {.kind = CLAIM_BRIDGE, .key = "b"},
         true},
        {"separate bridges",
         {.kind = CLAIM_BRIDGE, .key = "b"},
         {.kind = CLAIM_BRIDGE, .key = "b"},
         true},
        {"bridge and port",
         {.kind = CLAIM_BRIDGE, .key = "b", .how = "netdev "},
         {.kind = CLAIM_PORT, .key = "b"},
         true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct claims claims = {.n = 1, .list = {rows[i].a}};

        CHECK_INT(rows[i].row, claims_clash(&rows[i].a, &rows[i].b), rows[i].clash);
        CHECK_INT(rows[i].row, claims_clash(&rows[i].b, &rows[i].a), rows[i].clash);
        CHECK_INT(rows[i].row, claims_have(&claims, &rows[i].b), rows[i].clash);
    }
}

static void test_sets(void **state)
{
    struct claims one = {.n = 0};
    struct claims two = {.n = 0};
    struct claim_set set;

    (void)state;
    claims_add(&one, CLAIM_PORT, "port", "x");
    claims_add(&one, CLAIM_SOCKET, "socket", ""); /* Nothing. */
    claims_add(&two, CLAIM_PORT, "port", "y");
    claims_add(&two, CLAIM_BRIDGE, "bridge", "x");
    assert_int_equal(one.n, 1);
    claim_set_init(&set);
    assert_false(claim_set_clashes(&set, &one, 1));
    claim_set_add(&set, &one, 1);
    assert_false(claim_set_clashes(&set, &one, 1)); /* Its own. */
    assert_true(claim_set_clashes(&set, &one, 2));
    assert_true(claim_set_clashes(&set, &two, 2));
    two.n = 1;
    assert_false(claim_set_clashes(&set, &two, 2));
    claim_set_destroy(&set);
}

/* --- Refusals. --- */

#define VIF_OWNER                                                                                  \
    .type = OWNER_VIF, .vif_id = "v9", .instance = "vm-9", .port = "p9", .bridge = "br9"
#define PORT_OWNER .type = OWNER_PORT, .port = "p9", .bridge = "br9"

static const struct {
    const char *row;
    enum vif_form form;
    struct claim_owner owner;
    const char *reason;
    const char *field;
    const char *message; /* Its end. */
} refusals[] = {
    {"VF",
     VIF_FORM_NATIVE,
     {VIF_OWNER, .claim = {.kind = CLAIM_VF, .key = "0000:65:00.0 10"}},
     "vf_in_use",
     "vif.pci_slot",
     "needs VF number 10 of 0000:65:00.0, but VIF v9 (port p9, instance vm-9) has it; use another "
     "VF, or unplug VIF v9 if instance vm-9 does not use it any more."},
    {"socket",
     VIF_FORM_NATIVE,
     {PORT_OWNER, .claim = {.kind = CLAIM_SOCKET, .key = "/run/vm1"}, .detail = "/run/vm1"},
     "socket_in_use",
     "vif.vhost_user.path",
     "needs socket /run/vm1, but port p9, which vifplugd did not make, on bridge br9 has it; use "
     "another path, or remove that port (ovs-vsctl del-port p9) if no guest uses it."},
    {"socket's file",
     VIF_FORM_NATIVE,
     {VIF_OWNER, .claim = {.kind = CLAIM_SOCKET, .key = "file 1:2 vm1"}, .detail = "/link/vm1"},
     "socket_in_use",
     "vif.vhost_user.path",
     "needs socket /run/vm1, the same file as /link/vm1, but VIF v9 (port p9, instance vm-9) has "
     "it; use another path, or unplug VIF v9 if instance vm-9 does not use it any more."},
    {"iface-id of os-vif",
     VIF_FORM_OSVIF,
     {.type = OWNER_VIF,
      .vif_id = "v9",
      .port = "p9",
      .claim = {.kind = CLAIM_IFACE_ID, .key = "i1"}},
     "port_conflict",
     "vif.port_profile.interface_id",
     "needs iface-id i1, but VIF v9 (port p9) has it; use another iface-id, or unplug VIF v9 if no "
     "guest uses it any more."},
    {"link of a VIF without a row",
     VIF_FORM_NATIVE,
     {.type = OWNER_LINK,
      .vif_id = "v9",
      .detail = "veth",
      .claim = {.kind = CLAIM_NETDEV, .what = "tap", .key = "tap1"}},
     "port_conflict",
     "vif.vif_name",
     "needs the name tap1 for its tap, but VIF v9 (not in OVSDB) has it; use another vif_name, or "
     "run vifctl reap v9 if no guest uses that VIF's links any more."},
    {"foreign link",
     VIF_FORM_NATIVE,
     {.type = OWNER_LINK,
      .detail = "veth",
      .claim = {.kind = CLAIM_LINUX_BRIDGE, .what = "Linux bridge", .key = "lb1"}},
     "port_conflict",
     "vif.linux_bridge",
     "needs the name lb1 for its Linux bridge, but a link (veth) that was not made for this VIF "
     "has it; use another Linux bridge, or remove the link (ip link delete) if nothing uses it."},
    {"bridge",
     VIF_FORM_NATIVE,
     {.type = OWNER_BRIDGE,
      .bridge = "vhuv1",
      .claim = {.kind = CLAIM_PORT, .what = "port", .key = "vhuv1"}},
     "port_conflict",
     "vif.vif_id",
     "needs the name vhuv1 for its port, but bridge vhuv1 has it; use another id (its first "
     "characters make the name)."},
    {"bridge to be made",
     VIF_FORM_NATIVE,
     {PORT_OWNER, .claim = {.kind = CLAIM_BRIDGE, .what = "bridge", .key = "br1"}},
     "port_conflict",
     "vif.bridge",
     "needs the name br1 for its bridge, but port p9, which vifplugd did not make, on bridge br9 "
     "has it; use another bridge, or remove that port (ovs-vsctl del-port p9) if no guest uses "
     "it."},
    {"the VIF's own marks on a second port",
     VIF_FORM_NATIVE,
     {.type = OWNER_VIF,
      .vif_id = "v1",
      .port = "p9",
      .bridge = "br9",
      .claim = {.kind = CLAIM_SOCKET, .key = "/run/vm1"}},
     "socket_in_use",
     "vif.vhost_user.path",
     "needs socket /run/vm1, but port p9 on bridge br9 has it, which has the external_ids of VIF "
     "v1 like the VIF's own port; remove one of the two ports with ovs-vsctl del-port: the one "
     "that no guest uses."},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(refusals); i++) {
        const struct vif vif = {.form = refusals[i].form,
                                .object_name = "VIFVHostUser",
                                .id = "v1",
                                .interface_id = "i1",
                                .bridge = "br1",
                                .vif_name = "tap1",
                                .vhost_path = "/run/vm1"};
        struct port_spec spec;
        struct error error = {0};
        char message[600];

        parse_port(&spec, "port=vhuv1");
        strcpy(spec.vif_id, "v1");
        strcpy(spec.vhost_path, "/run/vm1");
        snprintf(message, sizeof message, "The VIF %s", refusals[i].message);
        CHECK(refusals[i].row, !claim_refuse(&vif, &spec, &refusals[i].owner, &error));
        CHECK_STR(refusals[i].row, reason_name(error.reason), refusals[i].reason);
        CHECK_STR(refusals[i].row, error.field, refusals[i].field);
        CHECK_STR(refusals[i].row, error.message, message);
        port_spec_destroy(&spec);
    }
}

/* A kernel representor has the name of its netdev: not the id but the VF decides about it. */
static void test_name_of_a_representor(void **state)
{
    const struct vif vif = {.form = VIF_FORM_NATIVE, .id = "v1"};
    const struct claim_owner owner = {
        PORT_OWNER, .claim = {.kind = CLAIM_PORT, .what = "port", .key = "pf0vf3"}};
    struct error error = {0};
    struct port_spec spec;

    (void)state;
    parse_port(&spec, "port=pf0vf3");
    spec.kind = VIF_KIND_KERNEL_REPRESENTOR;
    claim_refuse(&vif, &spec, &owner, &error);
    assert_string_equal(error.field, "vif.pci_slot");
    CHECK_HAS("message", error.message, "use another VF, or remove that port");
    port_spec_destroy(&spec);
}

/* What a plug may share with another because its present port has it already. */
static void test_what_is_held(void **state)
{
    static const struct {
        enum claim_kind kind;
        enum owner_type type;
        bool held;
    } rows[] = {
        {CLAIM_SOCKET, OWNER_PORT, true},      {CLAIM_SOCKET, OWNER_VIF, true},
        {CLAIM_IFACE_ID, OWNER_PORT, true},    {CLAIM_VF, OWNER_PORT, true},
        {CLAIM_PORT, OWNER_PORT, false},       {CLAIM_INTERFACE, OWNER_PORT, false},
        {CLAIM_BRIDGE, OWNER_BRIDGE, false},   {CLAIM_NETDEV, OWNER_LINK, false},
        {CLAIM_LINUX_BRIDGE, OWNER_VIF, true},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct claims held = {.n = 1, .list = {{.kind = rows[i].kind, .key = "x"}}};
        struct claim_owner owner = {.type = rows[i].type,
                                    .claim = {.kind = rows[i].kind, .key = "x"}};
        char row[16];

        snprintf(row, sizeof row, "row %zu", i);
        CHECK_INT(row, claims_held_too(&held, &owner), rows[i].held);
        strcpy(owner.claim.key, "y");
        CHECK_INT(row, claims_held_too(&held, &owner), false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_socket_keys),
        cmocka_unit_test(test_claims_of_ports),
        cmocka_unit_test(test_claims_besides_columns),
        cmocka_unit_test(test_clashes),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_name_of_a_representor),
        cmocka_unit_test(test_what_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
