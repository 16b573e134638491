/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/log-lines.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Longer lines are cut. */
enum { LINE_LEN = 400 };

/* The most lines of drivers before a line about the port. */
enum { DRIVER_LINES_MAX = 3 };

/* A line of the log: TIME|NUMBER|MODULE|LEVEL|MESSAGE, ovs-vswitchd(8). */
struct line {
    const char *text; /* From MODULE on; all of it if the line has another form. */
    size_t length;
    bool driver; /* MODULE is "dpdk", which has what DPDK and its drivers say. */
    bool counts; /* LEVEL is WARN, ERR or EMER, or the line has another form. */
};

/* The last lines that were put in: a ring. */
struct ring {
    struct line lines[LOG_LINES_MAX];
    size_t size; /* Up to LOG_LINES_MAX. */
    size_t n;    /* All so far. */
};

void log_names_add(struct log_names *names, const char *name)
{
    if (name && name[0] && strlen(name) < LOG_NAME_LEN && names->n < LOG_NAMES_MAX) {
        strcpy(names->names[names->n++], name);
    }
}

static struct line parse(const char *text, size_t length)
{
    static const char *const levels[] = {"WARN", "ERR", "EMER"};
    struct line line = {.text = text, .length = length, .counts = true};
    const char *fields[5] = {text};
    size_t n = 1;

    for (size_t i = 0; i < length && n < 5; i++) {
        if (text[i] == '|') {
            fields[n++] = text + i + 1;
        }
    }
    if (n < 5) {
        return line;
    }
    line.text = fields[2];
    line.length = length - (size_t)(fields[2] - text);
    /* A thread other than the main one adds its name: "dpdk(pmd-c01/id:8)". */
    line.driver = !strncmp(fields[2], "dpdk", 4) && (fields[2][4] == '|' || fields[2][4] == '(');
    line.counts = false;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        size_t level = (size_t)(fields[4] - fields[3]) - 1;

        line.counts |= strlen(levels[i]) == level && !memcmp(fields[3], levels[i], level);
    }
    return line;
}

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* Whether a name goes on at `at`. A '.' or '-' belongs to it only if it goes on behind: a sentence
 * may end with a name. */
static bool goes_on(const char *at, const char *end)
{
    if (at < end && (*at == '.' || *at == '-')) {
        at++;
    }
    return at < end && is_name_byte(*at);
}

static bool has_word(const struct line *line, const char *word)
{
    const char *end = line->text + line->length;
    size_t length = strlen(word);
    const char *at = line->text;

    while ((at = memmem(at, (size_t)(end - at), word, length))) {
        bool begins = at == line->text || (!is_name_byte(at[-1]) && at[-1] != '-');

        if (begins && !goes_on(at + length, end)) {
            return true;
        }
        at++;
    }
    return false;
}

static bool is_about(const struct line *line, const struct log_names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        if (has_word(line, names->names[i])) {
            return true;
        }
    }
    return false;
}

static void put(struct ring *ring, const struct line *line)
{
    ring->lines[ring->n++ % ring->size] = *line;
}

/* The number of the first line that the ring still has. */
static size_t first_of(const struct ring *ring)
{
    return ring->n > ring->size ? ring->n - ring->size : 0;
}

static const struct line *line_of(const struct ring *ring, size_t i)
{
    return &ring->lines[i % ring->size];
}

/* `drivers` has the drivers' lines right before `line`, which count if `line` is about the port. */
static void take(struct ring *picked, struct ring *drivers, const struct line *line,
                 const struct log_names *names)
{
    if (line->counts && is_about(line, names)) {
        for (size_t i = first_of(drivers); i < drivers->n; i++) {
            put(picked, line_of(drivers, i));
        }
        put(picked, line);
        drivers->n = 0;
    } else if (line->counts && line->driver) {
        put(drivers, line);
    } else {
        drivers->n = 0;
    }
}

void log_lines_pick(const char *text, size_t length, const struct log_names *names,
                    char out[LOG_LINES_LEN])
{
    struct ring picked = {.size = LOG_LINES_MAX};
    struct ring drivers = {.size = DRIVER_LINES_MAX};
    const char *end = text + length;
    size_t used = 0;

    while (text < end) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        const char *stop = feed ? feed : end;
        struct line line = parse(text, (size_t)(stop - text));

        take(&picked, &drivers, &line, names);
        text = stop + 1;
    }
    out[0] = '\0';
    for (size_t i = first_of(&picked); i < picked.n && used < LOG_LINES_LEN; i++) {
        const struct line *line = line_of(&picked, i);

        used +=
            (size_t)snprintf(out + used, LOG_LINES_LEN - used, "%s%.*s", used ? "; " : "",
                             (int)(line->length < LINE_LEN ? line->length : LINE_LEN), line->text);
    }
}
