/* SPDX-License-Identifier: Apache-2.0 */
/* Help and completion, made from the tables of commands.c. */

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { OPTION_WIDTH = 28, COMMAND_WIDTH = 20 };

static const char exit_text[] =
    "Exit status: 0 done (status: and all is well), 1 refused or failed (status: not well),\n"
    "2 usage, 3 daemon unreachable, it was asked for nothing, 4 no answer (timed out in the\n"
    "daemon or here, or connection lost): it may have happened.\n";

/* Prints `name` in a column, and beside it `text`, line by line. */
static void print_item(const char *name, int width, const char *text)
{
    if (strlen(name) + 2 > (size_t)width) {
        printf("  %s\n  %*s", name, width, "");
    } else {
        printf("  %-*s", width, name);
    }
    while (*text) {
        size_t length = strcspn(text, "\n");

        printf("%.*s\n", (int)length, text);
        text += length;
        if (*text) {
            text++;
            printf("  %*s", width, "");
        }
    }
}

static void print_option(const struct option_row *row)
{
    char letter[] = "-x, ";
    char name[96];

    if (row->letter) {
        letter[1] = row->letter;
    }
    snprintf(name, sizeof name, "%s--%s%s%s%s%s", row->letter ? letter : "", row->name,
             row->alias ? ", --" : "", row->alias ? row->alias : "", row->value ? "=" : "",
             row->value ? row->value : "");
    print_item(name, OPTION_WIDTH, row->help);
}

static void print_options(uint64_t options)
{
    for (int i = 0; i < OPTION_N; i++) {
        if (options & OPTION_BIT(i)) {
            print_option(&option_rows[i]);
        }
    }
}

void help_general(void)
{
    fputs("vifctl: plugs VIFs into Open vSwitch through vifplugd\n"
          "usage: vifctl [OPTIONS] COMMAND [ARGUMENT]\n"
          "\n"
          "Commands:\n",
          stdout);
    for (size_t i = 0; i < n_commands; i++) {
        char name[64];

        snprintf(name, sizeof name, "%s%s%s", commands[i].name, commands[i].argument ? " " : "",
                 commands[i].argument ? commands[i].argument : "");
        print_item(name, COMMAND_WIDTH, commands[i].summary);
    }
    fputs("\nOptions (vifctl COMMAND --help shows those that a command takes):\n", stdout);
    print_options(~UINT64_C(0));
    print_item("-h, --help", OPTION_WIDTH, "show this, or the help of COMMAND, and exit");
    print_item("-V, --version", OPTION_WIDTH, "show the version and exit");
    print_item("--print-completion=bash", OPTION_WIDTH, "print the completion for bash and exit");
    printf("\n%s", exit_text);
}

void help_command(const struct command *command)
{
    bool optional = command->need != ARGUMENT_NONE && command->need != ARGUMENT_REQUIRED;

    printf("vifctl %s: %s\n"
           "usage: vifctl %s [OPTIONS]%s%s%s%s\n"
           "%s%s"
           "\n"
           "Options:\n",
           command->name, command->summary, command->name, command->argument ? " " : "",
           optional ? "[" : "", command->argument ? command->argument : "", optional ? "]" : "",
           command->help ? "\n" : "", command->help ? command->help : "");
    print_options(command->options);
    print_item("-h, --help", OPTION_WIDTH, "show this and exit");
    printf("\n%s", exit_text);
}
