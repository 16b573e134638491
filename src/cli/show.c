/* SPDX-License-Identifier: Apache-2.0 */
/* What vifctl prints: no other file, except those that print its own tables (help, completion),
 * writes to standard output or standard error. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/display.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "cli/cli.h"

static const char *colour = "auto";

void show_set_colour(const char *when)
{
    colour = when ? when : "auto";
}

/* https://no-color.org: an empty NO_COLOR does not count. */
bool show_has_colour(void)
{
    const char *terminal = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");

    if (strcmp(colour, "auto") != 0) {
        return !strcmp(colour, "always");
    }
    return isatty(STDOUT_FILENO) && !(no_color && *no_color) && terminal &&
           strcmp(terminal, "dumb") != 0;
}

char *show_copy(const char *text)
{
    return need_memory(display_copy(text));
}

static void vshow(FILE *stream, const char *format, va_list args)
{
    char *text;
    char *shown;

    if (vasprintf(&text, format, args) < 0) {
        out_of_memory_abort();
    }
    shown = show_copy(text);
    fputs(shown, stream); /* output_flush() sees whether that failed. */
    free(shown);
    free(text);
}

void show(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vshow(stdout, format, args);
    va_end(args);
}

void show_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vshow(stdout, format, args);
    va_end(args);
    putchar('\n');
}

void show_error(const char *format, ...)
{
    va_list args;

    fputs("vifctl: ", stderr);
    va_start(args, format);
    vshow(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int usage_error(const struct command *command, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        out_of_memory_abort();
    }
    va_end(args);
    show_error("%s; see vifctl%s%s --help", text, command ? " " : "", command ? command->name : "");
    free(text);
    return EXIT_USAGE;
}

/* Writes a code point as JSON has it in a string. */
static void put_json_escape(uint32_t code_point)
{
    if (code_point >= 0x10000) {
        code_point -= 0x10000;
        printf("\\u%04x\\u%04x", (unsigned int)(0xd800 + (code_point >> 10)),
               (unsigned int)(0xdc00 + (code_point & 0x3ff)));
    } else {
        printf("\\u%04x", (unsigned int)code_point);
    }
}

void show_json(const char *text)
{
    size_t length = strlen(text);
    size_t n;

    for (size_t i = 0; i < length; i += n) {
        uint32_t code_point = (unsigned char)text[i];

        n = utf8_decode(text + i, length - i, &code_point);
        n = n ? n : 1;
        /* Line feeds and blanks are those between members: json-c escapes the others. */
        if (code_point == '\n' || display_shows(code_point)) {
            fwrite(text + i, 1, n, stdout);
        } else {
            put_json_escape(code_point);
        }
    }
    putchar('\n');
}
