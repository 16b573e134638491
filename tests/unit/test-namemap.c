/* Rows by name. */

#include "daemon/namemap.h"

#include <stdio.h>

#include "check.h"
#include "uuid.h"

static struct uuid row(unsigned int n)
{
    return (struct uuid){.parts = {n * 2654435761U, n, 0, 0}};
}

static void check(const struct namemap *map, const char *name, unsigned int expected)
{
    const struct uuid *found = namemap_find(map, name);

    CHECK_INT(name, found ? found->parts[1] : 0, expected);
}

static void test_rows_come_change_and_go(void **state)
{
    struct namemap *map = namemap_create();
    struct uuid one = row(1);
    struct uuid two = row(2);

    (void)state;
    check(map, "a", 0);
    namemap_set(map, &one, "a");
    namemap_set(map, &two, "b");
    check(map, "a", 1);
    check(map, "b", 2);
    namemap_set(map, &one, "a");
    check(map, "a", 1);
    namemap_set(map, &one, "c");
    check(map, "a", 0);
    check(map, "c", 1);
    namemap_remove(map, &one);
    namemap_remove(map, &one);
    check(map, "c", 0);
    check(map, "b", 2);
    namemap_destroy(map);
    namemap_destroy(NULL);
}

/* A row that is deleted and inserted in one transaction: the order of the two is not given. */
static void test_replacement(void **state)
{
    struct namemap *map = namemap_create();
    struct uuid before = row(1);
    struct uuid after = row(2);

    (void)state;
    namemap_set(map, &before, "a");
    namemap_set(map, &after, "a");
    check(map, "a", 2);
    namemap_remove(map, &before);
    check(map, "a", 2);
    namemap_destroy(map);
}

static void test_many(void **state)
{
    struct namemap *map = namemap_create();
    char name[16];

    (void)state;
    for (unsigned int n = 1; n <= 5000; n++) {
        struct uuid uuid = row(n);

        snprintf(name, sizeof name, "port%u", n);
        namemap_set(map, &uuid, name);
    }
    for (unsigned int n = 1; n <= 5000; n += 2) {
        struct uuid uuid = row(n);

        namemap_remove(map, &uuid);
    }
    for (unsigned int n = 1; n <= 5000; n++) {
        snprintf(name, sizeof name, "port%u", n);
        check(map, name, n % 2 ? 0 : n);
    }
    namemap_destroy(map);
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
