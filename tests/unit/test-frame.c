/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "wire/frame.h"

#include <stdio.h>
#include <stdlib.h>

/* Feeds all of `data`, at most `step` bytes at a time, and takes no lines out in between. */
static void feed(struct frame *frame, const char *data, size_t n, size_t step)
{
    while (n > 0) {
        char *space;
        size_t room = frame_space(frame, &space);
        size_t chunk = n < step ? n : step;

        assert_true(room >= 1);
        chunk = chunk < room ? chunk : room;
        memcpy(space, data, chunk);
        frame_received(frame, chunk);
        data += chunk;
        n -= chunk;
    }
}

static void expect_line(struct frame *frame, const char *expected)
{
    const char *line;
    size_t length;

    CHECK_INT(expected, frame_next(frame, &line, &length), FRAME_LINE);
    CHECK_INT(expected, length, strlen(expected));
    CHECK(expected, !memcmp(line, expected, length));
}

static void expect(struct frame *frame, enum frame_result result)
{
    const char *line;
    size_t length;

    assert_int_equal(frame_next(frame, &line, &length), result);
}

static void test_byte_by_byte(void **state)
{
    static const char text[] = "{\"id\":1}\n{\"id\":22}\n";
    struct frame frame;
    size_t n_lines = 0;

    (void)state;
    frame_init(&frame, 64);
    expect(&frame, FRAME_MORE);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        feed(&frame, text + i, 1, 1);
        if (text[i] == '\n') {
            expect_line(&frame, n_lines++ ? "{\"id\":22}" : "{\"id\":1}");
        }
        expect(&frame, FRAME_MORE);
    }
    assert_int_equal(n_lines, 2);
    frame_destroy(&frame);
}

static void test_several_in_one_chunk(void **state)
{
    static const char text[] = "one\ntwo\n\n\nthree\r\nfo";
    struct frame frame;

    (void)state;
    frame_init(&frame, 64);
    feed(&frame, text, sizeof text - 1, sizeof text);
    expect_line(&frame, "one");
    expect_line(&frame, "two");
    expect_line(&frame, "");
    expect_line(&frame, "");
    expect_line(&frame, "three\r");
    assert_true(frame_has_more(&frame));
    expect(&frame, FRAME_MORE);
    assert_false(frame_has_more(&frame));
    feed(&frame, "ur\n", 3, 3);
    expect_line(&frame, "four");
    assert_false(frame_has_more(&frame));
    expect(&frame, FRAME_MORE);
    frame_destroy(&frame);
}

static void test_cap(void **state)
{
    static const struct {
        const char *name;
        size_t over;  /* Bytes beyond the cap. */
        bool with_lf; /* Whether the line ends. */
        enum frame_result result;
    } rows[] = {
        {"exactly the cap", 0, true, FRAME_LINE},
        {"exactly the cap, no end yet", 0, false, FRAME_MORE},
        {"one too many", 1, true, FRAME_TOO_LONG},
        {"one too many, no end yet", 1, false, FRAME_TOO_LONG},
    };
    static const size_t caps[] = {1, 10, 5000, FRAME_REQUEST_MAX};

    (void)state;
    for (size_t i = 0; i < N(rows) * N(caps) * 2; i++) {
        size_t max = caps[i / 2 % N(caps)];
        size_t row = i / 2 / N(caps);
        size_t n = max + rows[row].over;
        char *text = calloc(1, n + 1);
        const char *line;
        struct frame frame;
        size_t length;

        memset(text, 'x', n);
        text[n] = '\n';
        frame_init(&frame, max);
        feed(&frame, text, n, 4096);
        if (i % 2) { /* The search for LF must also go on where it stopped. */
            CHECK_INT(rows[row].name, frame_next(&frame, &line, &length),
                      rows[row].over ? FRAME_TOO_LONG : FRAME_MORE);
        }
        feed(&frame, "\n", rows[row].with_lf, 1);
        CHECK_INT(rows[row].name, frame_next(&frame, &line, &length), rows[row].result);
        if (rows[row].result == FRAME_LINE) {
            CHECK_INT(rows[row].name, length, max);
            CHECK(rows[row].name, !memcmp(line, text, max));
        }
        frame_destroy(&frame);
        free(text);
    }
}

/* Lines before one that is too long stay valid. */
static void test_long_after_good(void **state)
{
    struct frame frame;

    (void)state;
    frame_init(&frame, 4);
    feed(&frame, "abcd\nabcde\nx\n", 13, 13);
    expect_line(&frame, "abcd");
    expect(&frame, FRAME_TOO_LONG);
    expect(&frame, FRAME_TOO_LONG);
    frame_destroy(&frame);
}

/* The buffer stays near the cap, however long the stream is. */
static void test_long_stream(void **state)
{
    enum { MAX = 3000, LINES = 20000, STEP = 777 };
    struct frame frame;
    char line[MAX + 1];
    size_t sent = 0;
    size_t got = 0;

    (void)state;
    frame_init(&frame, MAX);
    while (got < LINES) {
        const char *text;
        size_t length;

        if (frame_next(&frame, &text, &length) == FRAME_LINE) {
            size_t n = 8 + got % 2000;

            assert_int_equal(length, n);
            snprintf(line, sizeof line, "%08zu", got);
            assert_memory_equal(text, line, 8);
            assert_true(length == 8 || text[length - 1] == '.');
            got++;
        } else {
            size_t n = 8 + sent % 2000;

            assert_true(sent < LINES);
            memset(line, '.', n);
            line[n] = '\n';
            snprintf(line, sizeof line, "%08zu", sent);
            line[8] = n == 8 ? '\n' : '.';
            feed(&frame, line, n + 1, STEP);
            sent++;
        }
    }
    expect(&frame, FRAME_MORE);
    assert_true(frame.size <= (size_t)4 * MAX);
    frame_destroy(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_by_byte), cmocka_unit_test(test_several_in_one_chunk),
        cmocka_unit_test(test_cap),          cmocka_unit_test(test_long_after_good),
        cmocka_unit_test(test_long_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
