/* SPDX-License-Identifier: Apache-2.0 */
/* Which refusals of a device by ovs-vswitchd are temporary. */

#include "engine/hand-over.h"

#include <stdio.h>

#include "base/keys.h"
#include "check.h"

static void test_words(void **state)
{
    static const struct {
        const char *error_text;
        const char *holder; /* NULL: it is not about that. */
    } rows[] = {
        {"'vfr2' is trying to use device '0000:65:00.0,representor=[10]' which is already in use "
         "by 'vfr1'",
         "vfr1"},
        {"'vfr1' is trying to use device '0000:65:00.0,representor=[10]' which is already in use "
         "by 'vfr1'",
         "vfr1"},
        {"already in use by 'a-port-whose-name-has-64-characters-as-patch-ports-may-have-it--'",
         "a-port-whose-name-has-64-characters-as-patch-ports-may-have-it--"},
        {"already in use by 'a-port-whose-name-has-65-characters-and-so-is-none-that-OVS-makes'",
         NULL},
        {"already in use by 'vfr1", NULL},
        {"already in use by ''", NULL},
        {"already in use by vfr1", NULL},
        {"already in use", NULL},
        {"Error attaching device '0000:65:00.0,representor=[10]' to DPDK", NULL},
        {"", NULL},
        {NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *name = rows[i].error_text ? rows[i].error_text : "NULL";
        char holder[PORT_NAME_MAX + 1] = "";

        CHECK(name, hand_over_parse(rows[i].error_text, holder) == (rows[i].holder != NULL));
        CHECK(name, !rows[i].holder || !strcmp(holder, rows[i].holder));
    }
}

static void fill(struct port_spec *spec, const char *port, const char *type, int vf_num)
{
    port_spec_init(spec);
    snprintf(spec->port, sizeof spec->port, "%s", port);
    snprintf(spec->type, sizeof spec->type, "%s", type);
    spec->has_vf = vf_num >= 0;
    spec->vf_num = vf_num;
    spec->pf = (struct pci_addr){.bus = 0x65};
}

static void test_pending(void **state)
{
    static const struct {
        const char *what;
        const char *port;
        const char *type;
        int vf_num; /* -1: its device cannot be read. */
        bool pending;
    } rows[] = {
        {"it has the device", "vfr1", "dpdk", 10, false},
        {"it may have the device", "theirs", "dpdk", -1, false},
        {"it has another VF by now", "vfr1", "dpdk", 11, true},
        {"it was detached", "vfr1", TYPE_DETACHED, 10, true},
        {"it is of another type by now", "vfr1", "dpdkvhostuserclient", -1, true},
        {"it is the port itself, as it was", "vfr2", "dpdk", 10, true},
    };
    struct port_spec taker;
    struct port_spec holder;

    (void)state;
    fill(&taker, "vfr2", "dpdk", 10);
    CHECK("it has gone", hand_over_is_pending(&taker, NULL));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fill(&holder, rows[i].port, rows[i].type, rows[i].vf_num);
        CHECK(rows[i].what, hand_over_is_pending(&taker, &holder) == rows[i].pending);
        port_spec_destroy(&holder);
    }
    fill(&holder, "vfr1", "dpdk", 10);
    holder.pf.bus = 0x66;
    CHECK("the same number of another card", hand_over_is_pending(&taker, &holder));
    port_spec_destroy(&holder);
    port_spec_destroy(&taker);
}

static void test_pauses(void **state)
{
    int total = 0;
    int last = 0;
    int n;

    (void)state;
    for (n = 0; hand_over_pause_ms(n) >= 0 && n < 100; n++) {
        CHECK("pauses grow", hand_over_pause_ms(n) >= last);
        last = hand_over_pause_ms(n);
        total += last;
    }
    CHECK("the first is short", hand_over_pause_ms(0) <= 10);
    CHECK("RCU has time", total >= 2000);
    CHECK("it ends", n < 20 && total <= 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_pauses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
