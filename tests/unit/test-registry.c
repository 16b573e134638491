/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/registry.h"

#include "check.h"

#include <stdio.h>

#define PF "0000:65:00.0"

static const struct pci_addr pf0 = {0, 0x65, 0, 0};
static const struct pci_addr pf1 = {0, 0x65, 0, 1};

static struct uuid row(uint32_t n)
{
    return (struct uuid){.parts = {n, 0, 0, n}};
}

/* The number of the row that is found, or -1. */
static int64_t number(const struct uuid *uuid)
{
    return uuid ? (int64_t)uuid->parts[0] : -1;
}

static int setup(void **state)
{
    *state = registry_create();
    return 0;
}

static int teardown(void **state)
{
    registry_destroy(*state);
    return 0;
}

static void put(struct registry *registry, uint32_t n, const char *vif_id, const char *devargs)
{
    struct uuid uuid = row(n);

    registry_set(registry, &uuid, vif_id, devargs, false);
}

static void expect_vf(struct registry *registry, int vf_num, int64_t expected)
{
    assert_int_equal(number(registry_by_vf(registry, &pf0, vf_num, NULL)), expected);
}

static void test_empty(void **state)
{
    struct uuid uuid = row(1);

    assert_int_equal(registry_n_vifs(*state), 0);
    assert_null(registry_by_vif(*state, "v1"));
    expect_vf(*state, 0, -1);
    registry_remove(*state, &uuid);
    registry_clear(*state);
    registry_destroy(NULL);
}

static void test_set_and_replace(void **state)
{
    put(*state, 1, "v1", PF ",representor=[4]");
    assert_int_equal(registry_n_vifs(*state), 1);
    assert_int_equal(number(registry_by_vif(*state, "v1")), 1);
    assert_null(registry_by_vif(*state, "v"));
    assert_null(registry_by_vif(*state, "v11"));
    expect_vf(*state, 4, 1);
    expect_vf(*state, 3, -1);
    assert_null(registry_by_vf(*state, &pf1, 4, NULL));

    put(*state, 1, "v1", PF ",representor=[4]"); /* As before. */
    assert_int_equal(registry_n_vifs(*state), 1);
    put(*state, 1, "v1", PF ",representor=[5]"); /* Another VF. */
    expect_vf(*state, 4, -1);
    expect_vf(*state, 5, 1);
    put(*state, 1, "v2", PF ",representor=[5]"); /* Another VIF. */
    assert_null(registry_by_vif(*state, "v1"));
    assert_int_equal(number(registry_by_vif(*state, "v2")), 1);
    assert_int_equal(registry_n_vifs(*state), 1);
    put(*state, 1, "v2", NULL); /* No device any more. */
    expect_vf(*state, 5, -1);
    assert_int_equal(number(registry_by_vif(*state, "v2")), 1);
    put(*state, 1, NULL, PF ",representor=[5]"); /* Not ours any more. */
    assert_int_equal(registry_n_vifs(*state), 0);
    expect_vf(*state, 5, 1);
    put(*state, 1, NULL, NULL); /* Forgotten. */
    expect_vf(*state, 5, -1);
}

static void test_attached(void **state)
{
    struct uuid uuid = row(1);
    struct uuid other = row(2);

    registry_set(*state, &uuid, "v1", PF ",representor=[1]", false);
    assert_int_equal(registry_n_attached(*state), 0);
    registry_set(*state, &uuid, "v1", PF ",representor=[1]", true); /* Nothing else changes. */
    registry_set(*state, &uuid, "v1", PF ",representor=[1]", true);
    assert_int_equal(registry_n_attached(*state), 1);
    registry_set(*state, &other, NULL, PF, true); /* Somebody's uplink. */
    assert_int_equal(registry_n_attached(*state), 2);
    registry_set(*state, &uuid, "v1", PF ",representor=[2]", false);
    assert_int_equal(registry_n_attached(*state), 1);
    registry_set(*state, &other, NULL, NULL, true); /* Forgotten. */
    assert_int_equal(registry_n_attached(*state), 0);
    registry_set(*state, &uuid, "v1", PF ",representor=[2]", true);
    registry_clear(*state);
    assert_int_equal(registry_n_attached(*state), 0);
}

static void test_remove_and_clear(void **state)
{
    struct uuid uuid = row(1);

    put(*state, 1, "v1", PF ",representor=[1]");
    put(*state, 2, "v2", PF ",representor=[2]");
    registry_remove(*state, &uuid);
    registry_remove(*state, &uuid);
    assert_null(registry_by_vif(*state, "v1"));
    expect_vf(*state, 1, -1);
    assert_int_equal(number(registry_by_vif(*state, "v2")), 2);
    registry_clear(*state);
    assert_int_equal(registry_n_vifs(*state), 0);
    expect_vf(*state, 2, -1);
    put(*state, 1, "v1", PF ",representor=[1]"); /* Usable again. */
    expect_vf(*state, 1, 1);
}

static void test_devargs(void **state)
{
    static const struct {
        const char *devargs;
        struct pci_addr pf;
        int vf_num;
        bool taken;
    } rows[] = {
        {PF ",representor=[0-3,7]", {0, 0x65, 0, 0}, 0, true},
        {PF ",representor=[0-3,7]", {0, 0x65, 0, 0}, 3, true},
        {PF ",representor=[0-3,7]", {0, 0x65, 0, 0}, 4, false},
        {PF ",representor=[0-3,7]", {0, 0x65, 0, 0}, 7, true},
        {PF ",representor=vf[0-3]", {0, 0x65, 0, 1}, 0, false},
        {"65:00.0,representor=2", {0, 0x65, 0, 0}, 2, true},
        {PF ",representor=pf1vf[2]", {0, 0x65, 0, 1}, 2, true},
        {PF ",representor=pf1vf[2]", {0, 0x65, 0, 0}, 2, false},
        {PF ",representor=[0-255]", {0, 0x65, 0, 0}, 255, true},
        /* A port on bonded PFs takes the VF of each of them. */
        {PF ",representor=pf[0,1]vf[3-4]", {0, 0x65, 0, 0}, 3, true},
        {PF ",representor=pf[0,1]vf[3-4]", {0, 0x65, 0, 0}, 4, true},
        {PF ",representor=pf[0,1]vf[3-4]", {0, 0x65, 0, 1}, 3, true},
        {PF ",representor=pf[0,1]vf[3-4]", {0, 0x65, 0, 1}, 4, true},
        {PF ",representor=pf[0,1]vf[3-4]", {0, 0x65, 0, 1}, 2, false},
        {PF ",representor=pf[0,1]vf[3-4]", {0, 0x65, 0, 2}, 3, false},
        {PF ",representor=pf[0-7]vf[0-255]", {0, 0x65, 0, 7}, 255, true},
        {PF, {0, 0x65, 0, 0}, 0, false},
        {PF ",representor=[", {0, 0x65, 0, 0}, 0, false},
        {PF ",representor=sf[0]", {0, 0x65, 0, 0}, 0, false},
        {"net_null0", {0, 0, 0, 0}, 0, false},
        {"", {0, 0, 0, 0}, 0, false},
    };

    for (size_t i = 0; i < N(rows); i++) {
        const struct uuid *found;

        put(*state, 1, NULL, rows[i].devargs);
        found = registry_by_vf(*state, &rows[i].pf, rows[i].vf_num, NULL);
        CHECK_INT(rows[i].devargs, number(found), rows[i].taken ? 1 : -1);
    }
}

/* A VIF does not conflict with its own row, but with any other: another VIF's, a foreign one, and
 * one that takes the VF in a range. */
static void test_except(void **state)
{
    put(*state, 1, "v1", PF ",representor=[4]");
    assert_null(registry_by_vf(*state, &pf0, 4, "v1"));
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, "v2")), 1);
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, NULL)), 1);
    put(*state, 2, NULL, PF ",representor=[0-7]");
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, "v1")), 2);
    assert_int_equal(number(registry_by_vf(*state, &pf0, 5, "v1")), 2);
    put(*state, 2, "v2", PF ",representor=[0-7]");
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, "v1")), 2);
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, "v2")), 1);
}

static void collect(const struct uuid *uuid, const char *vif_id, void *seen_)
{
    bool *seen = seen_;
    char expected[32];

    snprintf(expected, sizeof expected, "vif-%u", uuid->parts[0]);
    assert_string_equal(vif_id, expected);
    assert_false(seen[uuid->parts[0]]);
    seen[uuid->parts[0]] = true;
}

static void test_many(void **state)
{
    enum { ROWS = 2000 };
    bool seen[ROWS] = {false};

    for (uint32_t i = 0; i < ROWS; i++) {
        char vif_id[32];
        char devargs[64];

        snprintf(vif_id, sizeof vif_id, "vif-%u", i);
        snprintf(devargs, sizeof devargs, "0000:%02x:00.0,representor=[%u]", i / 256, i % 256);
        put(*state, i, i % 2 ? vif_id : NULL, devargs);
    }
    assert_int_equal(registry_n_vifs(*state), ROWS / 2);
    registry_for_each_vif(*state, collect, seen);
    for (uint32_t i = 0; i < ROWS; i++) {
        const struct pci_addr pf = {0, (uint8_t)(i / 256), 0, 0};
        char vif_id[32];

        snprintf(vif_id, sizeof vif_id, "vif-%u", i);
        CHECK_INT(vif_id, number(registry_by_vif(*state, vif_id)), i % 2 ? (int64_t)i : -1);
        CHECK_INT(vif_id, number(registry_by_vf(*state, &pf, (int)i % 256, NULL)), i);
        CHECK_INT(vif_id, seen[i], i % 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_and_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attached, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove_and_clear, setup, teardown),
        cmocka_unit_test_setup_teardown(test_devargs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_except, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
