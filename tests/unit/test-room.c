/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/room.h"

static void test_room(void **state)
{
    static const struct {
        const char *row;
        bool privileged;
        size_t max;
        size_t used;
        size_t own;
        size_t left;
        bool exceeded;
    } rows[] = {
        {"alone: a half of seven eighths", false, 64, 0, 0, 28, false},
        {"half way", false, 64, 14, 14, 14, false},
        {"at its limit", false, 64, 28, 28, 0, false},
        {"above it", false, 64, 29, 29, 0, true},
        {"a second: a half of the rest", false, 64, 28, 0, 14, false},
        {"a third", false, 64, 42, 0, 7, false},
        {"one more", false, 64, 54, 1, 0, false},
        {"the last one", false, 64, 55, 0, 1, false},
        {"not for who has one", false, 64, 55, 1, 0, false},
        {"none of what is kept", false, 64, 56, 0, 0, false},
        {"whoever uses it", false, 64, 57, 0, 0, false},
        {"one that has some while it is used", false, 64, 57, 1, 0, true},
        {"more than all is used, not by this one", false, 64, 65, 0, 0, false},
        {"nor by this privileged one", true, 64, 65, 0, 0, false},
        {"privileged: all", true, 64, 0, 0, 64, false},
        {"whatever it has", true, 64, 60, 60, 4, false},
        {"to the last", true, 64, 64, 0, 0, false},
        {"and not more", true, 64, 65, 65, 0, true},
        {"one place is everybody's", false, 1, 0, 0, 1, false},
        {"one place, taken", false, 1, 1, 0, 0, false},
        {"of two, one is kept", false, 2, 0, 0, 1, false},
        {"of two, one is kept, the other taken", false, 2, 1, 0, 0, false},
        {"nothing", false, 0, 0, 0, 0, false},
        {"nothing for privileged ones", true, 0, 0, 0, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        CHECK_INT(rows[i].row,
                  (int)room_left(rows[i].privileged, rows[i].max, rows[i].used, rows[i].own),
                  (int)rows[i].left);
        CHECK_INT(rows[i].row,
                  room_exceeded(rows[i].privileged, rows[i].max, rows[i].used, rows[i].own),
                  rows[i].exceeded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_room)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
