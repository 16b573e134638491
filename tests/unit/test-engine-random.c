/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: whatever happens in whatever order, each request is answered once, and what there is
 * in the end is what was answered. Each row is a run of random events, told by its seed. */

#include "engine-harness.h"

#include <stdio.h>

#include "util.h"

enum { N_SEEDS = 100, N_EVENTS = 60, N_VIFS = 5 };

/* The VIFs, and the ports and links that they have. */
static const struct {
    struct ask ask;
    int vf_instead; /* Another VF that it may be plugged with. */
    const char *port;
    const char *link;
} vifs[N_VIFS] = {
    {{.vif = "a", .vf = 4}, 6, "vfra", NULL},
    {{.vif = "b", .vf = 5}, 7, "vfrb", NULL},
    {{.vif = "c"}, 0, "vhuc", NULL},
    {{.vif = "d", .kind = VIF_KIND_HYBRID, .bridge = "sys0", .linux_bridge = "qbrd"},
     0,
     "qvod",
     "qvod"},
    {{.vif = "e",
      .kind = VIF_KIND_OVS,
      .name = "tape",
      .bridge = "br1",
      .create_port = true,
      .create_tap = true},
     0,
     "tape",
     "tape"},
};

/* What was asked for. */
static struct {
    int vif;
    enum method method;
} asked[RIG_REPLIES_MAX];

static uint32_t seed;
static bool wild; /* Also what leaves more ends open: see test_wild(). */

/* From 0 to n - 1; the generator of C11's rand() in its example. */
static int any_of(int n)
{
    seed = seed * 1103515245 + 12345;
    return (int)(seed / 65536 % 32768) % n;
}

static void ask_something(void)
{
    static const enum method methods[] = {METHOD_PLUG, METHOD_PLUG, METHOD_PLUG, METHOD_UNPLUG,
                                          METHOD_UPDATE};
    static const int timeouts_ms[] = {0, 0, 300, 3000};
    enum method method = methods[any_of(N(methods))];
    int vif = any_of(N_VIFS);
    struct ask ask = vifs[vif].ask;
    int number;

    if (vifs[vif].vf_instead && any_of(2)) {
        ask.vf = vifs[vif].vf_instead;
    }
    if (wild && ask.vf && any_of(3) == 0) {
        ask.vf = 4; /* Which others want too. */
    }
    ask.mtu = any_of(2) ? 1500 : 9000;
    ask.wait = any_of(3) ? WAIT_REALIZED : WAIT_COMMITTED;
    ask.timeout_ms = timeouts_ms[any_of(N(timeouts_ms))];
    ask.dry_run = any_of(20) == 0;
    number = rig_ask(method, &ask);
    asked[number].vif = ask.dry_run ? -1 : vif;
    asked[number].method = method;
}

static void trouble_with_ovsdb(void)
{
    static const struct fake_ending endings[] = {
        {.result = OVS_TXN_TRY_AGAIN},
        {.result = OVS_TXN_UNCERTAIN},
        {.result = OVS_TXN_UNCERTAIN, .happens = true},
        {.result = OVS_TXN_ERROR, .error_text = "no"}, /* Wild. */
    };

    if (!rig.ovs->synced) {
        fake_ovs_reconnect(rig.ovs);
    } else if (any_of(3) == 0) {
        fake_ovs_disconnect(rig.ovs, any_of(2));
    } else if (any_of(2)) {
        rig.ovs->silent = !rig.ovs->silent;
    } else if (rig.ovs->n_script < FAKE_SCRIPT_MAX) {
        rig.ovs->script_at = MIN(rig.ovs->script_at, rig.ovs->n_script);
        fake_ovs_script(rig.ovs, endings[any_of((int)N(endings) - !wild)]);
    }
}

static void trouble_with_vswitchd(void)
{
    static const char *const error_texts[] = {"no such thing", "already in use by 'gone'",
                                              "already in use by 'vfra'"};

    if (any_of(3) == 0) {
        rig.vswitchd->silent = !rig.vswitchd->silent;
    } else if (any_of(3) == 0) {
        rig.vswitchd->state = rig.vswitchd->state == VSWITCHD_DEAD ? VSWITCHD_ALIVE : VSWITCHD_DEAD;
    } else if (rig.vswitchd->n_rules < FAKE_RULES_MAX) {
        fake_rule_add(rig.vswitchd, (struct fake_rule){.port = vifs[any_of(N_VIFS)].port,
                                                       .error = error_texts[any_of(N(error_texts))],
                                                       .times = 1 + any_of(3)});
    }
}

static void trouble_with_links(void)
{
    static const char *const calls[] = {"add_veth", "add_tap", "set_master", "set_mtu"};

    rig.links->fails = any_of(2) ? NULL : calls[any_of(N(calls))];
}

static void trouble_by_others(void)
{
    struct fake_port *port = fake_port(rig.ovs, vifs[any_of(N_VIFS)].port);

    if (any_of(10) == 0) {
        rig_restart();
    } else if (port && any_of(2)) {
        port->mtu_request = 2000;
        fake_ovs_touch(rig.ovs, port);
    } else if (port) {
        fake_remove_port(rig.ovs, port->name);
    } else {
        fake_remove_bridge(rig.ovs, "br1");
    }
}

static void something_happens(void)
{
    static const int pauses_ms[] = {1, 5, 100, 600, 3000};

    switch (any_of(wild ? 9 : 8)) {
    case 0:
    case 1:
    case 2:
        ask_something();
        break;
    case 3:
        trouble_with_ovsdb();
        break;
    case 4:
        trouble_with_vswitchd();
        break;
    case 5:
        trouble_with_links();
        break;
    case 6:
        rig_pass();
        break;
    case 8:
        trouble_by_others();
        break;
    default:
        rig_run(pauses_ms[any_of(N(pauses_ms))]);
        break;
    }
    rig.links->log[0] = rig.ended[0] = '\0';
}

/* All is well again, and there is time. */
static void calm_down(void)
{
    if (!rig.ovs->synced) {
        fake_ovs_reconnect(rig.ovs);
    }
    rig.ovs->silent = rig.vswitchd->silent = false;
    rig.ovs->n_script = rig.ovs->script_at = 0;
    rig.vswitchd->state = VSWITCHD_ALIVE;
    rig.vswitchd->n_rules = 0;
    rig.links->fails = NULL;
    rig_run(200000);
}

/* Whether the answers say that the VIF is plugged in the end: 1, 0, or -1 if they cannot. What
 * failed was undone, but for unplugs. */
static int is_plugged(int vif)
{
    int plugged = 0;

    for (int i = 1; i <= rig.n_asked; i++) {
        bool failed = strstr(reply_to(i), ": ") != NULL;

        if (asked[i].vif != vif || asked[i].method == METHOD_UPDATE) {
            continue;
        }
        if (asked[i].method == METHOD_UNPLUG) {
            plugged = failed ? -1 : 0;
        } else if (!failed) {
            plugged = 1;
        }
    }
    return plugged;
}

static void check_vif(const char *row, int vif)
{
    const char *link = vifs[vif].link;
    int plugged = is_plugged(vif);

    CHECK(row, strcmp(type_of_port(vifs[vif].port), TYPE_DETACHED) != 0);
    if (plugged < 0) {
        return;
    }
    CHECK_INT(row, fake_port(rig.ovs, vifs[vif].port) != NULL, plugged);
    CHECK_INT(row, link && fake_link(rig.links, link), link && plugged);
}

static void test_random(void **state)
{
    const char *only = getenv("TEST_SEED");

    (void)state;
    for (uint32_t i = 1; i <= N_SEEDS; i++) {
        char row[32];

        if (only && strtoul(only, NULL, 10) != i) {
            continue;
        }
        rig_renew();
        seed = i;
        snprintf(row, sizeof row, "TEST_SEED=%u", i);
        for (int j = 0; j < N_EVENTS; j++) {
            something_happens();
        }
        calm_down();
        CHECK_STR(row, ops_show(), "0 operations\n");
        for (int j = 1; j <= rig.n_asked; j++) {
            CHECK_INT(row, rig.replies[j].n, 1);
        }
        for (int j = 0; j < N_VIFS; j++) {
            check_vif(row, j);
        }
    }
}

/* With evictions, refused transactions, others who change and remove ports, repairs, and engines
 * that are killed. What there is in the end cannot be told from the answers; that all comes to an
 * end can. */
static void test_wild(void **state)
{
    const char *only = getenv("TEST_SEED");

    (void)state;
    wild = true;
    for (uint32_t i = 1; i <= N_SEEDS; i++) {
        char row[32];

        if (only && strtoul(only, NULL, 10) != i) {
            continue;
        }
        rig_renew();
        rig.settings.on_vf_conflict = EVICT_ALWAYS;
        rig.settings.repair = true;
        rig_watch();
        seed = i;
        snprintf(row, sizeof row, "TEST_SEED=%u", i);
        for (int j = 0; j < N_EVENTS; j++) {
            something_happens();
        }
        calm_down();
        CHECK_STR(row, ops_show(), "0 operations\n");
        for (int j = 1; j <= rig.n_asked; j++) {
            CHECK(row, rig.replies[j].n <= 1);
        }
        for (int j = 0; j < N_VIFS; j++) {
            CHECK(row, strcmp(type_of_port(vifs[j].port), TYPE_DETACHED) != 0);
        }
    }
    wild = false;
}

static const struct CMUnitTest tests[] = {
    RIG_TEST(test_random),
    RIG_TEST(test_wild),
};

int main(void)
{
    return RIG_MAIN(tests);
}
