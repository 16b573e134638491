/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/registry.h"

#include "check.h"

#include <stdio.h>

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

/* Sets row `n` of VIF `vif_id` (or NULL) with up to one claim. */
static void put_claim(struct registry *registry, uint32_t n, const char *vif_id,
                      enum claim_kind kind, const char *key)
{
    struct uuid uuid = row(n);
    struct claim claim = {.kind = kind};

    snprintf(claim.key, sizeof claim.key, "%s", key ? key : "");
    registry_set(
        registry, &uuid,
        &(struct registry_row){.vif_id = vif_id, .claims = &claim, .n_claims = key ? 1 : 0});
}

/* The same with a VF of `pf0`; -1: none. */
static void put(struct registry *registry, uint32_t n, const char *vif_id, int vf_num)
{
    char key[CLAIM_KEY_MAX + 1];

    claim_vf_key(&pf0, vf_num, key);
    put_claim(registry, n, vif_id, CLAIM_VF, vf_num >= 0 ? key : NULL);
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
    put(*state, 1, "v1", 4);
    assert_int_equal(registry_n_vifs(*state), 1);
    assert_int_equal(number(registry_by_vif(*state, "v1")), 1);
    assert_null(registry_by_vif(*state, "v"));
    assert_null(registry_by_vif(*state, "v11"));
    expect_vf(*state, 4, 1);
    expect_vf(*state, 3, -1);
    assert_null(registry_by_vf(*state, &pf1, 4, NULL));

    put(*state, 1, "v1", 4); /* As before. */
    assert_int_equal(registry_n_vifs(*state), 1);
    put(*state, 1, "v1", 5); /* Another VF. */
    expect_vf(*state, 4, -1);
    expect_vf(*state, 5, 1);
    put(*state, 1, "v2", 5); /* Another VIF. */
    assert_null(registry_by_vif(*state, "v1"));
    assert_int_equal(number(registry_by_vif(*state, "v2")), 1);
    assert_int_equal(registry_n_vifs(*state), 1);
    put(*state, 1, "v2", -1); /* No device any more. */
    expect_vf(*state, 5, -1);
    assert_int_equal(number(registry_by_vif(*state, "v2")), 1);
    put(*state, 1, NULL, 5); /* Not ours any more. */
    assert_int_equal(registry_n_vifs(*state), 0);
    expect_vf(*state, 5, 1);
    put(*state, 1, NULL, -1); /* Forgotten. */
    expect_vf(*state, 5, -1);
}

static void test_attached(void **state)
{
    struct uuid uuid = row(1);
    struct uuid other = row(2);

    put(*state, 1, "v1", 1);
    assert_int_equal(registry_n_attached(*state), 0);
    registry_set_attached(*state, &uuid, true);
    registry_set_attached(*state, &uuid, true);
    assert_int_equal(registry_n_attached(*state), 1);
    expect_vf(*state, 1, 1);
    registry_set_attached(*state, &other, true); /* Somebody's uplink. */
    assert_int_equal(registry_n_attached(*state), 2);
    put(*state, 1, "v1", 2);
    assert_int_equal(registry_n_attached(*state), 1);
    registry_set_attached(*state, &other, false);
    assert_int_equal(registry_n_attached(*state), 0);
    registry_set(*state, &other, &(struct registry_row){.attached = true});
    assert_int_equal(registry_n_attached(*state), 1);
    put(*state, 2, NULL, -1); /* Forgotten. */
    assert_int_equal(registry_n_attached(*state), 0);
    registry_set_attached(*state, &uuid, true);
    registry_clear(*state);
    assert_int_equal(registry_n_attached(*state), 0);
}

static void test_remove_and_clear(void **state)
{
    struct uuid uuid = row(1);

    put(*state, 1, "v1", 1);
    put(*state, 2, "v2", 2);
    registry_remove(*state, &uuid);
    registry_remove(*state, &uuid);
    assert_null(registry_by_vif(*state, "v1"));
    expect_vf(*state, 1, -1);
    assert_int_equal(number(registry_by_vif(*state, "v2")), 2);
    registry_clear(*state);
    assert_int_equal(registry_n_vifs(*state), 0);
    expect_vf(*state, 2, -1);
    put(*state, 1, "v1", 1); /* Usable again. */
    expect_vf(*state, 1, 1);
}

static bool stop_at_row(const struct registry_claim *found, void *n_)
{
    const uint32_t *n = n_;

    return found->uuid->parts[0] == *n;
}

/* Names of one space clash, whatever has them; the same text in another space is another claim. */
static void test_kinds(void **state)
{
    static const struct {
        enum claim_kind has;
        enum claim_kind wants;
        bool clash;
    } rows[] = {
        {CLAIM_PORT, CLAIM_PORT, true},           {CLAIM_PORT, CLAIM_INTERFACE, false},
        {CLAIM_PORT, CLAIM_BRIDGE, true},         {CLAIM_BRIDGE, CLAIM_PORT, true},
        {CLAIM_BRIDGE, CLAIM_INTERFACE, true},    {CLAIM_BRIDGE, CLAIM_NETDEV, true},
        {CLAIM_NETDEV, CLAIM_LINUX_BRIDGE, true}, {CLAIM_NETDEV, CLAIM_PORT, false},
        {CLAIM_IFACE_ID, CLAIM_IFACE_ID, true},   {CLAIM_IFACE_ID, CLAIM_PORT, false},
        {CLAIM_SOCKET, CLAIM_SOCKET, true},       {CLAIM_VF, CLAIM_VF, true},
        {CLAIM_SOCKET, CLAIM_VIF, false},
    };

    for (size_t i = 0; i < N(rows); i++) {
        const struct claim wanted = {.kind = rows[i].wants, .key = "x"};
        const struct claim other = {.kind = rows[i].wants, .key = "y"};
        uint32_t n = 1;
        char name[16];

        snprintf(name, sizeof name, "row %zu", i);
        put_claim(*state, 1, "v1", rows[i].has, "x");
        CHECK_INT(name, registry_find(*state, &wanted, stop_at_row, &n), rows[i].clash);
        CHECK_INT(name, registry_find(*state, &other, stop_at_row, &n), false);
        CHECK_INT(name, registry_scan(*state, rows[i].has, stop_at_row, &n), true);
        CHECK_INT(name, registry_scan(*state, CLAIM_VIF, stop_at_row, &n), false);
    }
}

/* A search goes on until the caller has what it looks for. */
static void test_several_owners(void **state)
{
    const struct claim claim = {.kind = CLAIM_SOCKET, .key = "/run/x"};

    for (uint32_t n = 1; n <= 3; n++) {
        put_claim(*state, n, n == 2 ? NULL : "v1", CLAIM_SOCKET, "/run/x");
    }
    for (uint32_t n = 1; n <= 4; n++) {
        assert_int_equal(registry_find(*state, &claim, stop_at_row, &n), n < 4);
    }
}

/* Two rows with one VIF's marks: the one with the VIF's own name is its row, and else the one with
 * the lowest UUID, in whatever order they come; the VIF counts once. */
static void test_twins(void **state)
{
    static const struct {
        const char *row;
        uint32_t order[3];
        uint32_t natural; /* 0: none. */
        int64_t first;
    } rows[] = {
        {"up", {1, 2, 3}, 0, 1},           {"down", {3, 2, 1}, 0, 1},
        {"natural", {1, 2, 3}, 2, 2},      {"natural first", {3, 1, 2}, 3, 3},
        {"natural last", {1, 2, 3}, 3, 3},
    };

    for (size_t i = 0; i < N(rows); i++) {
        struct uuid uuid = row((uint32_t)rows[i].first);

        for (size_t j = 0; j < 3; j++) {
            struct uuid twin = row(rows[i].order[j]);

            registry_set(*state, &twin,
                         &(struct registry_row){.vif_id = "v1",
                                                .natural = rows[i].order[j] == rows[i].natural});
        }
        CHECK_INT(rows[i].row, number(registry_by_vif(*state, "v1")), rows[i].first);
        CHECK_INT(rows[i].row, registry_n_vifs(*state), 1);
        registry_remove(*state, &uuid);
        CHECK(rows[i].row, number(registry_by_vif(*state, "v1")) > 0);
        CHECK_INT(rows[i].row, registry_n_vifs(*state), 1);
        registry_clear(*state);
    }
}

/* A VIF does not conflict with its own row, but with any other: another VIF's and a foreign one. */
static void test_except(void **state)
{
    put(*state, 1, "v1", 4);
    assert_null(registry_by_vf(*state, &pf0, 4, "v1"));
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, "v2")), 1);
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, NULL)), 1);
    put(*state, 2, NULL, 4);
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, "v1")), 2);
    assert_int_equal(number(registry_by_vf(*state, &pf0, 4, "v3")), 2);
    put(*state, 2, "v2", 4);
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
        char key[CLAIM_KEY_MAX + 1];
        const struct pci_addr pf = {0, (uint8_t)(i / 256), 0, 0};

        snprintf(vif_id, sizeof vif_id, "vif-%u", i);
        claim_vf_key(&pf, (int)i % 256, key);
        put_claim(*state, i, i % 2 ? vif_id : NULL, CLAIM_VF, key);
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
        cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_owners, setup, teardown),
        cmocka_unit_test_setup_teardown(test_twins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_except, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
