/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/pci-addr.h"

#include <stdio.h>

static const struct {
    const char *text;
    bool slot;    /* pci_addr_parse() takes it. */
    bool devargs; /* pci_addr_parse_devargs() takes it. */
    struct pci_addr addr;
} rows[] = {
    {"0000:00:00.0", true, true, {0, 0, 0, 0}},
    {"0000:65:01.2", true, true, {0, 0x65, 1, 2}},
    {"0000:65:10.0", true, true, {0, 0x65, 0x10, 0}},
    {"0000:65:1f.7", true, true, {0, 0x65, 0x1f, 7}},
    {"0000:ff:1f.7", true, true, {0, 0xff, 0x1f, 7}},
    {"ffff:65:00.4", true, true, {0xffff, 0x65, 0, 4}},
    {"ABCD:EF:1A.5", true, true, {0xabcd, 0xef, 0x1a, 5}},
    {"abcd:Ef:1a.5", true, true, {0xabcd, 0xef, 0x1a, 5}},
    /* What DPDK device arguments may have beside. */
    {"65:01.2", false, true, {0, 0x65, 1, 2}},
    {"pci:0000:65:01.2", false, true, {0, 0x65, 1, 2}},
    {"pci:65:01.2", false, true, {0, 0x65, 1, 2}},
    {"pci:", false, false, {0}},
    {"pci:pci:65:01.2", false, false, {0}},
    {"PCI:65:01.2", false, false, {0}},
    /* Out of range. */
    {"0000:65:20.0", false, false, {0}},
    {"0000:65:ff.0", false, false, {0}},
    {"0000:65:00.8", false, false, {0}},
    {"0000:65:00.f", false, false, {0}},
    {"65:20.0", false, false, {0}},
    {"65:00.8", false, false, {0}},
    /* Wrong shape. */
    {"10000:65:00.0", false, false, {0}},
    {"00000:65:00.0", false, false, {0}},
    {"000:65:00.0", false, false, {0}},
    {"0000:165:00.0", false, false, {0}},
    {"0000:5:00.0", false, false, {0}},
    {"0000:65:0.0", false, false, {0}},
    {"0000:65:000.0", false, false, {0}},
    {"0000:65:00.", false, false, {0}},
    {"0000:65:00", false, false, {0}},
    {"0000:65:00.00", false, false, {0}},
    {"0000:65:00:0", false, false, {0}},
    {"0000.65.00.0", false, false, {0}},
    {"0000:65:00.g", false, false, {0}},
    {"0x00:65:00.0", false, false, {0}},
    {" 0000:65:00.0", false, false, {0}},
    {"0000:65:00.0 ", false, false, {0}},
    {"0000:65:00.0\n", false, false, {0}},
    {"0000: 5:00.0", false, false, {0}},
    {"+000:65:00.0", false, false, {0}},
    {"-000:65:00.0", false, false, {0}},
    {"0000:65:-1.0", false, false, {0}},
    {"0000:65:00.0,representor=[1]", false, false, {0}},
    {"0000:65:00.0/", false, false, {0}},
    {"", false, false, {0}},
    {" ", false, false, {0}},
    {":", false, false, {0}},
    {"net_null0", false, false, {0}},
};

static void check_parsed(const char *row, bool got, bool expected, const struct pci_addr *addr,
                         const struct pci_addr *value)
{
    static const struct pci_addr before = {0x1234, 0x56, 0x17, 3};

    CHECK_INT(row, got, expected);
    CHECK(row, pci_addr_equal(addr, expected ? value : &before));
}

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct pci_addr slot = {0x1234, 0x56, 0x17, 3};
        struct pci_addr devargs = slot;

        check_parsed(rows[i].text, pci_addr_parse(rows[i].text, &slot), rows[i].slot, &slot,
                     &rows[i].addr);
        check_parsed(rows[i].text, pci_addr_parse_devargs(rows[i].text, &devargs), rows[i].devargs,
                     &devargs, &rows[i].addr);
    }
}

static void test_null(void **state)
{
    struct pci_addr addr;

    (void)state;
    assert_false(pci_addr_parse(NULL, &addr));
    assert_false(pci_addr_parse_devargs(NULL, &addr));
}

static void test_round_trip(void **state)
{
    static const struct pci_addr buses[] = {{0, 0, 0, 0}, {0, 0x65, 0, 0}, {0xfe01, 0xff, 0, 0}};

    (void)state;
    for (size_t i = 0; i < N(buses); i++) {
        for (unsigned int slot = 0; slot < 256; slot++) {
            struct pci_addr addr = buses[i];
            struct pci_addr back;
            char expected[32];
            char text[PCI_ADDR_LEN];

            addr.device = (uint8_t)(slot / 8);
            addr.function = (uint8_t)(slot % 8);
            snprintf(expected, sizeof expected, "%04x:%02x:%02x.%u", addr.domain, addr.bus,
                     slot / 8, slot % 8);
            CHECK_STR(expected, pci_addr_format(&addr, text), expected);
            CHECK(text, pci_addr_parse(text, &back));
            CHECK(text, pci_addr_equal(&addr, &back));
        }
    }
}

static void test_compare(void **state)
{
    /* In ascending order. */
    static const struct pci_addr order[] = {
        {0, 0, 0, 0},    {0, 0, 0, 7},    {0, 0, 1, 0}, {0, 0, 0x1f, 0},   {0, 1, 0, 0},
        {0, 0xff, 0, 0}, {0, 0xff, 0, 1}, {1, 0, 0, 0}, {0xffff, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < N(order); i++) {
        for (size_t j = 0; j < N(order); j++) {
            int result = pci_addr_compare(&order[i], &order[j]);
            char row[32];

            snprintf(row, sizeof row, "%zu against %zu", i, j);
            CHECK_INT(row, (result > 0) - (result < 0), (i > j) - (i < j));
            CHECK_INT(row, pci_addr_equal(&order[i], &order[j]), i == j);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_compare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
