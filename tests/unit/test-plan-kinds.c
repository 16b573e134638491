/* SPDX-License-Identifier: Apache-2.0 */
/* From a VIF and facts to the port that it must become: the kinds of the kernel, and what all kinds
 * have. (Representors and vhost-user ports: test-plan-spec.c.) */

#include "plan/plan.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#define ID "dc065497-3c8d-4f44-8fb4-e1d33c16a536"
#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char dirs[][VIF_PATH_MAX + 1] = {"/run/s"};

struct fixture {
    struct vif vif;
    struct nic_profile profile;
    struct nic_vf nic;
    struct error kernel_error;
    char representor[VIF_IFNAME_MAX + 1];
    struct spec_facts facts;
};

/* A VIF of `kind` with all members that kinds may need, on a system bridge. */
static void init(struct fixture *f, enum vif_kind kind)
{
    memset(f, 0, sizeof *f);
    f->vif.kind = kind;
    strcpy(f->vif.id, ID);
    strcpy(f->vif.interface_id, "if1");
    strcpy(f->vif.address, "fa:16:3e:00:00:01");
    strcpy(f->vif.bridge, "br0");
    strcpy(f->vif.vif_name, "tap1");
    strcpy(f->vif.linux_bridge, "qbr1");
    f->vif.has_pci_slot = true;
    f->vif.pci_slot = (struct pci_addr){0, 0x65, 2, 3};
    if (kind == VIF_KIND_VHOST_USER) {
        strcpy(f->vif.vhost_path, "/run/s/v1");
        f->vif.vhost_mode = VHOST_MODE_SERVER;
    }
    nic_profile_init(&f->profile, "generic");
    f->profile.vf_mac = NIC_VF_MAC_NO;
    f->nic.profile = &f->profile;
    f->nic.pf = (struct pci_addr){0, 0x65, 0, 0};
    f->nic.vf = f->vif.pci_slot;
    f->nic.vf_num = 3;
    strcpy(f->nic.devargs, "0000:65:00.0,representor=[3]");
    strcpy(f->representor, "enp1s0f0_3");
    error_set(&f->kernel_error, REASON_DEVICE_NOT_FOUND, "vif.pci_slot", "No such netdev.");
    f->facts.nic_vf = &f->nic;
    f->facts.kernel_representor = f->representor;
    f->facts.kernel_error = &f->kernel_error;
    f->facts.kernel_vf_num = 3;
    f->facts.kernel_pf = f->nic.pf;
    f->facts.bridge.exists = true;
    strcpy(f->facts.bridge.datapath_type, "system");
    f->facts.create_bridges = true;
    f->facts.boot_id = "boot1";
    f->facts.instance = "i1";
    f->facts.default_mtu = 1500;
    f->facts.vhost_sock_dir = "/run/ovs";
    f->facts.socket_dirs = dirs;
    f->facts.n_socket_dirs = N(dirs);
    f->facts.default_qos_type = "linux-sfq";
}

/* Changes a fixture by one word. */
static void change(struct fixture *f, const char *word)
{
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {
        {"create_port", &f->vif.create_port},
        {"create_tap", &f->vif.create_tap},
        {"multiqueue", &f->vif.multiqueue},
        {"tap_exists", &f->facts.guest_netdev_exists},
        {"tap_is_others", &f->facts.guest_netdev_is_others},
        {"per_port_bridge", &f->facts.per_port_bridge},
        {"isolate_vif", &f->facts.isolate_vif},
        {"offload_missing", &f->facts.offload_missing},
        {"ovn", &f->facts.controllers.ovn},
    };
    const struct {
        const char *word;
        char *text;
        size_t size;
    } texts[] = {
        {"id", f->vif.id, sizeof f->vif.id},
        {"address", f->vif.address, sizeof f->vif.address},
        {"bridge", f->vif.bridge, sizeof f->vif.bridge},
        {"vif_name", f->vif.vif_name, sizeof f->vif.vif_name},
        {"linux_bridge", f->vif.linux_bridge, sizeof f->vif.linux_bridge},
        {"asks", f->vif.datapath_type, sizeof f->vif.datapath_type},
        {"has", f->facts.bridge.datapath_type, sizeof f->facts.bridge.datapath_type},
        {"controlled", f->facts.controllers.other_bridge, sizeof f->facts.controllers.other_bridge},
        {"representor", f->representor, sizeof f->representor},
        {"profile_datapath", f->profile.datapath_type, sizeof f->profile.datapath_type},
    };
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);

    for (size_t i = 0; i < N(flags); i++) {
        if (!strcmp(word, flags[i].word)) {
            *flags[i].flag = true;
            return;
        }
    }
    for (size_t i = 0; equals && i < N(texts); i++) {
        if (strlen(texts[i].word) == length && !strncmp(word, texts[i].word, length)) {
            snprintf(texts[i].text, texts[i].size, "%s", equals + 1);
            return;
        }
    }
    if (!strcmp(word, "secure")) {
        f->facts.fail_mode = FAIL_MODE_SECURE;
    } else if (!strcmp(word, "standalone")) {
        f->facts.fail_mode = FAIL_MODE_STANDALONE;
    } else if (!strcmp(word, "no_bridge")) {
        f->facts.bridge.exists = false;
        f->facts.bridge.datapath_type[0] = '\0';
    } else if (!strcmp(word, "no_representor")) {
        f->facts.kernel_representor = NULL;
    } else if (!strcmp(word, "osvif")) {
        f->vif.form = VIF_FORM_OSVIF;
    } else if (!strcmp(word, "nova")) {
        f->vif.form = VIF_FORM_NOVA;
    } else if (!strncmp(word, "mtu=", 4)) {
        f->vif.mtu = (int)strtol(word + 4, NULL, 10);
    } else {
        CHECK(word, !strncmp(word, "default_mtu=", 12));
        f->facts.default_mtu = (int)strtol(word + 12, NULL, 10);
    }
}

static void change_all(struct fixture *f, const char *words)
{
    char copy[256];
    char *save = NULL;

    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        change(f, word);
    }
}

static void add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, 512 - used, format, args);
    va_end(args);
}

static void add_host(char *text, const struct link_spec *host)
{
    static const char *const kinds[] = {[LINKS_NONE] = "none",
                                        [LINKS_HYBRID] = "hybrid",
                                        [LINKS_TAP] = "tap",
                                        [LINKS_NETDEV] = "netdev"};

    if (host->kind == LINKS_NONE) {
        CHECK_STR(text, host->netdev, "");
        return;
    }
    add(text, " %s(%s", kinds[host->kind], host->netdev);
    add(text, host->peer[0] ? " peer=%s" : "%s", host->peer);
    add(text, host->linux_bridge[0] ? " in=%s" : "%s", host->linux_bridge);
    add(text, host->address[0] ? " address=%s" : "%s", host->address);
    add(text, " mtu=%d%s%s)", host->mtu, host->create ? " create" : "",
        host->multiqueue ? " multiqueue" : "");
}

/* Writes a port as one line, without what all kinds have: its name, type, "mtu=" if it requests
 * one, its options, its external_ids that not all kinds have, the links that it needs, and all
 * other members that are not false or empty. */
static const char *spec_text(const struct port_spec *spec)
{
    static const char *const common[] = {"iface-id",     "iface-status",   "attached-mac",
                                         "vm-uuid",      "vifplug-owner",  "vifplug-vif-id",
                                         "vifplug-kind", "vifplug-boot-id"};
    const struct smap_node **options = smap_sort(&spec->options);
    const struct smap_node **ids = smap_sort(&spec->external_ids);
    static char text[512];

    text[0] = '\0';
    add(text, "%s", spec->port);
    add(text, spec->type[0] ? " type=%s" : "%s", spec->type);
    if (spec->mtu_request) {
        add(text, " mtu=%d", spec->mtu_request);
    }
    for (size_t i = 0; i < smap_count(&spec->options); i++) {
        add(text, " %s=%s", options[i]->key, options[i]->value);
    }
    for (size_t i = 0; i < smap_count(&spec->external_ids); i++) {
        bool is_common = false;

        for (size_t j = 0; j < N(common); j++) {
            is_common |= !strcmp(ids[i]->key, common[j]);
        }
        if (!is_common) {
            add(text, " %s=%s", ids[i]->key, ids[i]->value);
        }
    }
    add_host(text, &spec->links);
    add(text, spec->port_bridge[0] ? " port_bridge=%s" : "%s", spec->port_bridge);
    add(text, spec->guest_port[0] ? " guest_port=%s" : "%s", spec->guest_port);
    add(text, "%s%s%s%s", spec->no_port ? " no_port" : "", spec->awaits_netdev ? " awaits" : "",
        spec->isolate ? " isolate" : "", spec->not_isolated ? " not_isolated" : "");
    add(text, spec->default_qos[0] ? " qos=%s" : "%s", spec->default_qos);
    free(options);
    free(ids);
    return text;
}

#define OVS VIF_KIND_OVS
#define HYBRID VIF_KIND_HYBRID
#define KERNEL VIF_KIND_KERNEL_REPRESENTOR
#define HOST VIF_KIND_HOST_DEVICE
#define REP VIF_KIND_REPRESENTOR
#define VHU VIF_KIND_VHOST_USER

#define MAC "address=fa:16:3e:00:00:01"
#define QOS " qos=linux-sfq"
#define PATCH(id) "ibp" id " type=patch peer=pbp" id " vifplug-guest-port=tap1 vifplug-port-bridge="
#define MADE " vifplug-create-tap=true"
#define PATCH_MADE(id)                                                                             \
    "ibp" id " type=patch peer=pbp" id MADE " vifplug-guest-port=tap1 vifplug-multiqueue=true "    \
    "vifplug-port-bridge="
#define OWN_BRIDGE PATCH(ID) "pbdc065497-3c8"
#define VETH "hybrid(qvodc065497-3c peer=qvbdc065497-3c in=qbr1"
#define KEYS " vifplug-pci-slot=0000:65:02.3 vifplug-pf=0000:65:00.0 vifplug-vf-num=3"
#define DPDK                                                                                       \
    "vfrdc065497-3c type=dpdk mtu=1500 dpdk-devargs=0000:65:00.0,representor=[3] "                 \
    "vifplug-pci-slot=0000:65:02.3"
#define VHOST "vhudc065497-3c type=dpdkvhostuserclient mtu=1500 vhost-server-path=/run/s/v1"

static const struct {
    enum vif_kind kind;
    const char *changes;
    const char *text;     /* The port; NULL: refused... */
    const char *datapath; /* Of its bridge. */
    enum reason reason;   /* ...for this reason... */
    const char *field;    /* ...naming this. */
} rows[] = {
    /* ovs: usually the caller makes the port. */
    {OVS, "", "tap1 no_port awaits" QOS, "system", REASON_NONE, ""},
    {OVS, "create_tap multiqueue", "tap1 no_port awaits" QOS, "system", REASON_NONE, ""},
    {OVS, "create_port", "tap1 tap(tap1 " MAC " mtu=1500) awaits" QOS, "system", REASON_NONE, ""},
    {OVS, "create_port tap_exists", "tap1 tap(tap1 " MAC " mtu=1500)" QOS, "system", REASON_NONE,
     ""},
    {OVS, "create_port create_tap",
     "tap1" MADE " vifplug-tap-mtu=1500 tap(tap1 " MAC " mtu=1500 create)" QOS, "system",
     REASON_NONE, ""},
    {OVS, "create_port create_tap multiqueue address=",
     "tap1" MADE " vifplug-multiqueue=true vifplug-tap-mtu=1500 tap(tap1 mtu=1500 create "
     "multiqueue)" QOS,
     "system", REASON_NONE, ""},
    {OVS, "create_port create_tap default_mtu=0", "tap1" MADE " tap(tap1 " MAC " mtu=0 create)" QOS,
     "system", REASON_NONE, ""},
    {OVS, "create_port create_tap tap_exists",
     "tap1" MADE " vifplug-tap-mtu=1500 tap(tap1 " MAC " mtu=1500 create)" QOS, "system",
     REASON_NONE, ""},
    {OVS, "create_port create_tap tap_exists tap_is_others",
     "tap1 tap(tap1 " MAC " mtu=1500 create)" QOS, "system", REASON_NONE, ""},
    {OVS, "create_port mtu=9000", "tap1 tap(tap1 " MAC " mtu=9000) awaits" QOS, "system",
     REASON_NONE, ""},
    {OVS, "create_port default_mtu=0", "tap1 tap(tap1 " MAC " mtu=0) awaits" QOS, "system",
     REASON_NONE, ""},
    {OVS, "create_port has=netdev", "tap1 tap(tap1 " MAC " mtu=1500) awaits", "netdev", REASON_NONE,
     ""},
    {OVS, "create_port no_bridge", "tap1 tap(tap1 " MAC " mtu=1500) awaits" QOS, "system",
     REASON_NONE, ""},
    {OVS, "create_port no_bridge asks=netdev", "tap1 tap(tap1 " MAC " mtu=1500) awaits", "netdev",
     REASON_NONE, ""},
    {OVS, "create_port vif_name=tap012345678901",
     "tap012345678901 tap(tap012345678901 " MAC " mtu=1500) awaits" QOS, "system", REASON_NONE, ""},
    {OVS, "vif_name=br0", NULL, "", REASON_INVALID_REQUEST, "vif.vif_name"},
    {OVS, "vif_name=br0 per_port_bridge nova", NULL, "", REASON_INVALID_REQUEST, "vif.devname"},
    /* per_port_bridge: the daemon makes the port, whatever create_port says. */
    {OVS, "per_port_bridge",
     OWN_BRIDGE " tap(tap1 " MAC " mtu=1500) port_bridge=pbdc065497-3c8 guest_port=tap1" QOS,
     "system", REASON_NONE, ""},
    {OVS, "per_port_bridge create_port tap_exists",
     OWN_BRIDGE " tap(tap1 " MAC " mtu=1500) port_bridge=pbdc065497-3c8 guest_port=tap1" QOS,
     "system", REASON_NONE, ""},
    {OVS, "per_port_bridge create_tap multiqueue mtu=1400",
     PATCH_MADE(ID) "pbdc065497-3c8 vifplug-tap-mtu=1400 tap(tap1 " MAC
                    " mtu=1400 create multiqueue) port_bridge=pbdc065497-3c8 guest_port=tap1" QOS,
     "system", REASON_NONE, ""},
    {OVS, "per_port_bridge id=v1",
     PATCH("v1") "pbv1 tap(tap1 " MAC " mtu=1500) port_bridge=pbv1 guest_port=tap1" QOS, "system",
     REASON_NONE, ""},
    {OVS, "per_port_bridge isolate_vif has=netdev",
     OWN_BRIDGE " tap(tap1 " MAC " mtu=1500) port_bridge=pbdc065497-3c8 guest_port=tap1 isolate",
     "netdev", REASON_NONE, ""},
    /* hybrid */
    {HYBRID, "", "qvodc065497-3c vifplug-linux-bridge=qbr1 " VETH " mtu=1500 create)" QOS, "system",
     REASON_NONE, ""},
    {HYBRID, "has=netdev mtu=9000",
     "qvodc065497-3c vifplug-linux-bridge=qbr1 " VETH " mtu=9000 create)", "netdev", REASON_NONE,
     ""},
    {HYBRID, "id=v1 default_mtu=0",
     "qvov1 vifplug-linux-bridge=qbr1 hybrid(qvov1 peer=qvbv1 in=qbr1 mtu=0 create)" QOS, "system",
     REASON_NONE, ""},
    {HYBRID, "per_port_bridge no_bridge offload_missing",
     "qvodc065497-3c vifplug-linux-bridge=qbr1 " VETH " mtu=1500 create)" QOS, "system",
     REASON_NONE, ""},
    {HYBRID, "linux_bridge=br0", NULL, "", REASON_INVALID_REQUEST, "vif.linux_bridge"},
    {HYBRID, "linux_bridge=qvodc065497-3c osvif", NULL, "", REASON_INVALID_REQUEST,
     "vif.bridge_name"},
    {HYBRID, "linux_bridge=qvbdc065497-3c nova", NULL, "", REASON_INVALID_REQUEST, "vif.id"},
    /* Kernel representors */
    {KERNEL, "", "enp1s0f0_3" KEYS " netdev(enp1s0f0_3 mtu=1500)" QOS, "system", REASON_NONE, ""},
    {HOST, "", "enp1s0f0_3" KEYS " netdev(enp1s0f0_3 mtu=1500)" QOS, "system", REASON_NONE, ""},
    {HOST, "no_bridge", "enp1s0f0_3" KEYS " netdev(enp1s0f0_3 mtu=1500)" QOS, "system", REASON_NONE,
     ""},
    {KERNEL, "representor=enp101s0f0npf0v mtu=9000",
     "enp101s0f0npf0v" KEYS " netdev(enp101s0f0npf0v mtu=9000)" QOS, "system", REASON_NONE, ""},
    {KERNEL, "default_mtu=0 offload_missing", "enp1s0f0_3" KEYS " netdev(enp1s0f0_3 mtu=0)" QOS,
     "system", REASON_NONE, ""},
    {KERNEL, "has=netdev", NULL, "", REASON_INVALID_REQUEST, "vif.datapath_type"},
    {KERNEL, "asks=netdev", NULL, "", REASON_INVALID_REQUEST, "vif.datapath_type"},
    {KERNEL, "no_bridge asks=netdev", NULL, "", REASON_INVALID_REQUEST, "vif.datapath_type"},
    {KERNEL, "no_representor", NULL, "", REASON_DEVICE_NOT_FOUND, "vif.pci_slot"},
    {HOST, "no_representor", NULL, "", REASON_DEVICE_NOT_FOUND, "vif.pci_slot"},
    /* A host device on a netdev bridge is a DPDK representor. */
    {HOST, "has=netdev no_representor", DPDK, "netdev", REASON_NONE, ""},
    {HOST, "no_bridge asks=netdev", DPDK, "netdev", REASON_NONE, ""},
    {HOST, "no_bridge profile_datapath=netdev", DPDK, "netdev", REASON_NONE, ""},
    /* Trunk bridges: external_ids has their name, and they have their own VLANs. */
    {OVS, "create_port create_tap bridge=tbr-1234 isolate_vif",
     "tap1 bridge_name=tbr-1234" MADE " vifplug-tap-mtu=1500 tap(tap1 " MAC " mtu=1500 create)" QOS,
     "system", REASON_NONE, ""},
    {HYBRID, "bridge=tbr-1234 isolate_vif",
     "qvodc065497-3c bridge_name=tbr-1234 vifplug-linux-bridge=qbr1 " VETH " mtu=1500 create)" QOS,
     "system", REASON_NONE, ""},
    {REP, "has=netdev bridge=tbr-1234 isolate_vif",
     "vfrdc065497-3c type=dpdk mtu=1500 dpdk-devargs=0000:65:00.0,representor=[3] "
     "bridge_name=tbr-1234 vifplug-pci-slot=0000:65:02.3",
     "netdev", REASON_NONE, ""},
    {VHU, "has=netdev bridge=xtbr-1234 isolate_vif", VHOST " isolate", "netdev", REASON_NONE, ""},
    {VHU, "has=netdev bridge=tbr isolate_vif", VHOST " isolate", "netdev", REASON_NONE, ""},
    /* isolate_vif applies to all kinds whose port the daemon makes. */
    {HYBRID, "isolate_vif",
     "qvodc065497-3c vifplug-linux-bridge=qbr1 " VETH " mtu=1500 create) isolate" QOS, "system",
     REASON_NONE, ""},
    {KERNEL, "isolate_vif", "enp1s0f0_3" KEYS " netdev(enp1s0f0_3 mtu=1500) isolate" QOS, "system",
     REASON_NONE, ""},
    {REP, "has=netdev isolate_vif", DPDK " isolate", "netdev", REASON_NONE, ""},
    /* ovn-controller does not end the isolation of ports of its bridge. */
    {REP, "has=netdev isolate_vif ovn", DPDK " not_isolated", "netdev", REASON_NONE, ""},
    {HYBRID, "isolate_vif ovn",
     "qvodc065497-3c vifplug-linux-bridge=qbr1 " VETH " mtu=1500 create) not_isolated" QOS,
     "system", REASON_NONE, ""},
    {REP, "has=netdev ovn", DPDK, "netdev", REASON_NONE, ""},
    /* ensure_hw_offload = require applies to ports of type dpdk. */
    {REP, "has=netdev offload_missing", NULL, "", REASON_UNSUPPORTED_VIF, "vif.kind"},
    {HOST, "has=netdev offload_missing osvif", NULL, "", REASON_UNSUPPORTED_VIF,
     "vif.versioned_object.name"},
    {VHU, "has=netdev offload_missing", VHOST, "netdev", REASON_NONE, ""},
    {OVS, "create_port tap_exists offload_missing", "tap1 tap(tap1 " MAC " mtu=1500)" QOS, "system",
     REASON_NONE, ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct port_spec spec;
        struct error error = {0};
        struct fixture f;
        char row[256];
        bool ok;

        init(&f, rows[i].kind);
        change_all(&f, rows[i].changes);
        snprintf(row, sizeof row, "%s: %s",
                 rows[i].kind == HOST ? "host device" : vif_kind_name(rows[i].kind),
                 rows[i].changes);
        port_spec_init(&spec);
        ok = plan_spec(&f.vif, &f.facts, &spec, &error);
        CHECK_STR(row, reason_name(error.reason), reason_name(rows[i].reason));
        CHECK_STR(row, error.field, rows[i].field);
        CHECK_INT(row, ok, rows[i].text != NULL);
        if (ok) {
            CHECK_STR(row, spec_text(&spec), rows[i].text);
            CHECK_STR(row, spec.datapath_type, rows[i].datapath);
            CHECK_STR(row, spec.bridge, f.vif.bridge);
            CHECK_STR(row, spec.vif_id, f.vif.id);
        }
        port_spec_destroy(&spec);
    }
}

/* What all kinds have. */
static void test_common(void **state)
{
    static const struct {
        enum vif_kind kind;
        const char *changes;
        const char *name;
    } cases[] = {
        {OVS, "create_port", "ovs"},
        {OVS, "per_port_bridge", "ovs"},
        {HYBRID, "", "hybrid"},
        {KERNEL, "", "kernel-representor"},
        {HOST, "", "kernel-representor"},
        {HOST, "has=netdev", "representor"},
        {REP, "has=netdev", "representor"},
        {VHU, "has=netdev", "vhost-user"},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct {
            const char *key;
            const char *value;
        } ids[] = {{"iface-id", "if1"},
                   {"iface-status", "active"},
                   {"attached-mac", "fa:16:3e:00:00:01"},
                   {"vm-uuid", "i1"},
                   {"vifplug-owner", "vifplugd"},
                   {"vifplug-vif-id", ID},
                   {"vifplug-kind", cases[i].name},
                   {"vifplug-boot-id", "boot1"},
                   {"bridge_name", NULL}};
        struct port_spec spec;
        struct error error = {0};
        struct fixture f;

        init(&f, cases[i].kind);
        change_all(&f, cases[i].changes);
        f.vif.has_qos = i % 2 == 0;
        f.vif.qos = (struct vif_qos){.ingress_kbps = 1000, .ingress_burst_kb = 600};
        port_spec_init(&spec);
        CHECK(cases[i].name, plan_spec(&f.vif, &f.facts, &spec, &error));
        for (size_t j = 0; j < N(ids); j++) {
            CHECK_STR(cases[i].name, smap_get(&spec.external_ids, ids[j].key), ids[j].value);
        }
        CHECK_STR(cases[i].name, vif_kind_name(spec.kind), cases[i].name);
        CHECK_INT(cases[i].name, spec.has_qos, i % 2 == 0);
        CHECK(cases[i].name, !memcmp(&spec.qos, &f.vif.qos, sizeof spec.qos));
        port_spec_destroy(&spec);
    }
}

/* The fail_mode of a bridge that a VIF of any kind creates; an existing bridge gets none. */
static void test_fail_modes(void **state)
{
    static const struct {
        enum vif_kind kind;
        const char *changes; /* With them the VIF plugs on a missing bridge. */
    } kinds[] = {
        {OVS, "create_port"},
        {OVS, ""},
        {OVS, "per_port_bridge"},
        {HYBRID, ""},
        {HYBRID, "asks=netdev"},
        {KERNEL, ""},
        {HOST, ""},
        {HOST, "asks=netdev"},
        {REP, "asks=netdev"},
        {VHU, ""},
    };
    static const struct {
        const char *changes;
        const char *fail_mode; /* But never on trunk bridges. */
    } evidence[] = {
        {"no_bridge", ""},
        {"no_bridge ovn", "secure"},
        {"no_bridge controlled=br-tun", "secure"},
        {"no_bridge secure", "secure"},
        {"no_bridge secure ovn", "secure"},
        {"no_bridge standalone", "standalone"},
        {"no_bridge standalone ovn controlled=br-tun", "standalone"},
    };

    (void)state;
    for (size_t i = 0; i < N(kinds) * N(evidence) * 3; i++) {
        size_t kind = i / 3 % N(kinds);
        size_t found = i / 3 / N(kinds);
        bool exists = i % 3 == 1;
        bool trunk = i % 3 == 2;
        struct port_spec spec;
        struct error error = {0};
        struct fixture f;
        char row[160];

        snprintf(row, sizeof row, "%s: %s %s%s%s", vif_kind_name(kinds[kind].kind),
                 kinds[kind].changes, evidence[found].changes, exists ? ", bridge there" : "",
                 trunk ? ", trunk" : "");
        init(&f, kinds[kind].kind);
        change_all(&f, kinds[kind].changes);
        change_all(&f, evidence[found].changes);
        if (exists) {
            f.facts.bridge.exists = true;
            strcpy(f.facts.bridge.datapath_type,
                   f.vif.datapath_type[0] || kinds[kind].kind == VHU ? "netdev" : "system");
        } else if (trunk) {
            strcpy(f.vif.bridge, "tbr-1");
        }
        port_spec_init(&spec);
        CHECK(row, plan_spec(&f.vif, &f.facts, &spec, &error));
        CHECK_STR(row, spec.fail_mode, exists || trunk ? "" : evidence[found].fail_mode);
        port_spec_destroy(&spec);
    }
}

/* A kernel representor takes its VF like any other port. */
static void test_kernel_vf(void **state)
{
    struct port_spec spec;
    struct error error = {0};
    struct fixture f;

    (void)state;
    init(&f, KERNEL);
    port_spec_init(&spec);
    assert_true(plan_spec(&f.vif, &f.facts, &spec, &error));
    assert_true(spec.has_vf && spec.has_vf_address);
    assert_true(pci_addr_equal(&spec.pf, &f.facts.kernel_pf));
    assert_true(pci_addr_equal(&spec.vf, &f.vif.pci_slot));
    assert_int_equal(spec.vf_num, 3);
    port_spec_destroy(&spec);
}

/* Ids of 64 bytes give patch port names of 64 bytes, cut in the same way on both ends. */
static void test_long_names(void **state)
{
    struct port_spec spec;
    struct error error = {0};
    struct fixture f;

    (void)state;
    init(&f, OVS);
    change_all(&f, "per_port_bridge id=" ID64);
    port_spec_init(&spec);
    assert_true(plan_spec(&f.vif, &f.facts, &spec, &error));
    assert_int_equal(strlen(spec.port), 64);
    assert_memory_equal(spec.port, "ibp" ID64, 64);
    assert_int_equal(strlen(smap_get(&spec.options, "peer")), 64);
    assert_memory_equal(smap_get(&spec.options, "peer"), "pbp" ID64, 64);
    assert_string_equal(spec.port_bridge, "pb0123456789ab");
    port_spec_destroy(&spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_common),
        cmocka_unit_test(test_fail_modes), cmocka_unit_test(test_kernel_vf),
        cmocka_unit_test(test_long_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
