/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/dpdk-extra.h"

#include "check.h"

#include <stdio.h>

#include "base/pci-addr.h"

/* The list as text: the devices, each with its ids in brackets. */
static const char *show(const struct dpdk_devices *devices, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < devices->n; i++) {
        const struct dpdk_device *device = &devices->devices[i];
        char address[PCI_ADDR_LEN];

        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "",
                                 pci_addr_format(&device->address, address));
        for (size_t j = 0; j < device->n_ids; j++) {
            used += (size_t)snprintf(text + used, size - used, "%s%d%s", j ? "," : "[",
                                     device->ids[j], j + 1 == device->n_ids ? "]" : "");
        }
    }
    return text;
}

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        const char *devices;
    } rows[] = {
        {"", ""},
        {"--iova-mode=pa --socket-limit 256", ""},
        {"-a 0000:65:00.0", "0000:65:00.0"},
        {"-a0000:65:00.0", "0000:65:00.0"},
        {"--allow 0000:65:00.0 --allow=0000:65:00.4", "0000:65:00.0 0000:65:00.4"},
        {"-a 65:00.0", "0000:65:00.0"},
        {"-a pci:0000:65:00.0", "0000:65:00.0"},
        /* Sorted, as EAL probes them. */
        {"-a 0000:65:01.0 -a 0000:65:00.4 -a 0000:65:00.0",
         "0000:65:00.0 0000:65:00.4 0000:65:01.0"},
        {"-a 0000:65:00.0,representor=[4-6]", "0000:65:00.0[4,5,6]"},
        {"-a 0000:65:00.0,representor=vf[0,2]", "0000:65:00.0[0,2]"},
        {"-a 0000:65:00.0,representor=[6,4],portqueues=[4:2,6:2]", "0000:65:00.0[6,4]"},
        {"-a 0000:65:00.0 -a 0000:65:00.4,sep=1", "0000:65:00.0 0000:65:00.4"},
        /* Words may be quoted, for OVS splits them as a shell does. */
        {"-a '0000:65:00.0,representor=[4-5]' \"-a\" 0000:65:00.4",
         "0000:65:00.0[4,5] 0000:65:00.4"},
        {"-a 0000:65:00.0,representor=[4-5] -a 0000:65:00.0,representor=[7]", "0000:65:00.0[7]"},
        {"-a 0000:65:00.0,representor=[4-5] -a 0000:65:00.0", "0000:65:00.0"},
        {"-a", ""},
        {"--allow", ""},
        {"--allowed 0000:65:00.0", ""},
        {"-b 0000:65:00.0", ""},
        {"-a net_null0", ""},
        {"-a 0000:65:00.0,representor=[4-", ""},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct dpdk_devices devices = {0};
        char text[256];

        dpdk_devices_parse(&devices, rows[i].text);
        CHECK_STR(rows[i].text, show(&devices, text, sizeof text), rows[i].devices);
        for (size_t j = 0; j < devices.n; j++) {
            CHECK(rows[i].text,
                  dpdk_devices_find(&devices, &devices.devices[j].address) == &devices.devices[j]);
        }
        dpdk_devices_clear(&devices);
        assert_int_equal(devices.n, 0);
    }
}

static void test_find(void **state)
{
    struct dpdk_devices devices = {0};
    struct pci_addr address = {0, 0x65, 0, 5};

    (void)state;
    assert_null(dpdk_devices_find(&devices, &address));
    dpdk_devices_parse(&devices, "-a 65:00.4 -a 65:00.6");
    assert_null(dpdk_devices_find(&devices, &address));
    dpdk_devices_parse(&devices, "-a 65:00.5"); /* In place of the others. */
    assert_non_null(dpdk_devices_find(&devices, &address));
    assert_int_equal(devices.n, 1);
    dpdk_devices_clear(&devices);
}

/* What vswitchd was started with stays, until another one is. */
static void test_follow(void **state)
{
    static const struct {
        const char *row;
        const char *text;
        unsigned int start;
        const char *now;
        const char *next;
    } rows[] = {
        {"as found", "-a 01:00.0", 7, "0000:01:00.0", "0000:01:00.0"},
        {"changed under it", "-a 02:00.0", 7, "0000:01:00.0", "0000:02:00.0"},
        {"removed under it", NULL, 7, "0000:01:00.0", ""},
        {"it ends", NULL, 0, "", ""},
        {"changed meanwhile", "-a 03:00.0", 0, "0000:03:00.0", "0000:03:00.0"},
        {"the next one", "-a 03:00.0", 8, "0000:03:00.0", "0000:03:00.0"},
        {"changed again", "-a 04:00.0", 8, "0000:03:00.0", "0000:04:00.0"},
        {"changed back", "-a 03:00.0", 8, "0000:03:00.0", "0000:03:00.0"},
        {"and again", "-a 04:00.0", 8, "0000:03:00.0", "0000:04:00.0"},
        {"restarted between two passes", "-a 04:00.0", 9, "0000:04:00.0", "0000:04:00.0"},
        {"changed and restarted in one", "-a 05:00.0", 10, "0000:05:00.0", "0000:05:00.0"},
    };
    struct dpdk_extra extra = {0};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char text[256];

        dpdk_extra_follow(&extra, rows[i].text, rows[i].start);
        CHECK(rows[i].row, extra.known);
        CHECK_STR(rows[i].row, show(&extra.now, text, sizeof text), rows[i].now);
        CHECK_STR(rows[i].row, show(&extra.next, text, sizeof text), rows[i].next);
    }
    dpdk_extra_destroy(&extra);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_follow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
