/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by name. */

#include "ovs/rownames.h"

#include <stdio.h>

#include "check.h"
#include "uuid.h"

static struct uuid row(unsigned int n)
{
    return (struct uuid){.parts = {n * 2654435761U, n, 0, 0}};
}

static void check(const struct rownames *map, const char *name, unsigned int expected)
{
    const struct uuid *found = rownames_find(map, name);

    CHECK_INT(name, found ? found->parts[1] : 0, expected);
}

static void test_rows_come_change_and_go(void **state)
{
    struct rownames *map = rownames_create();
    struct uuid one = row(1);
    struct uuid two = row(2);

    (void)state;
    check(map, "a", 0);
    rownames_set(map, &one, "a");
    rownames_set(map, &two, "b");
    check(map, "a", 1);
    check(map, "b", 2);
    rownames_set(map, &one, "a");
    check(map, "a", 1);
    rownames_set(map, &one, "c");
    check(map, "a", 0);
    check(map, "c", 1);
    rownames_remove(map, &one);
    rownames_remove(map, &one);
    check(map, "c", 0);
    check(map, "b", 2);
    rownames_set(map, &one, "d");
    rownames_set(map, &two, "e");
    rownames_clear(map);
    check(map, "d", 0);
    check(map, "e", 0);
    rownames_set(map, &two, "e");
    check(map, "e", 2);
    rownames_destroy(map);
    rownames_destroy(NULL);
}

/* A row that is deleted and inserted in one transaction: the order of the two is not given. */
static void test_replacement(void **state)
{
    struct rownames *map = rownames_create();
    struct uuid before = row(1);
    struct uuid after = row(2);

    (void)state;
    rownames_set(map, &before, "a");
    rownames_set(map, &after, "a");
    check(map, "a", 2);
    rownames_remove(map, &before);
    check(map, "a", 2);
    rownames_destroy(map);
}

static void test_many(void **state)
{
    struct rownames *map = rownames_create();
    char name[16];

    (void)state;
    for (unsigned int n = 1; n <= 5000; n++) {
        struct uuid uuid = row(n);

        snprintf(name, sizeof name, "port%u", n);
        rownames_set(map, &uuid, name);
    }
    for (unsigned int n = 1; n <= 5000; n += 2) {
        struct uuid uuid = row(n);

        rownames_remove(map, &uuid);
    }
    for (unsigned int n = 1; n <= 5000; n++) {
        snprintf(name, sizeof name, "port%u", n);
        check(map, name, n % 2 ? 0 : n);
    }
    rownames_destroy(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_come_change_and_go),
        cmocka_unit_test(test_replacement),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
