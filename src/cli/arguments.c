/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/version.h"
#include "cli/cli.h"
#include "wire/json-get.h"

enum { TIMEOUT_MAX_MS = 600000 };

/* What getopt_long() returns beyond the options of the table. */
enum { GETOPT_HELP = OPTION_N, GETOPT_VERSION, GETOPT_COMPLETION };

static bool is_object(const char *text)
{
    struct json_object *value = json_parse(text, strlen(text), NULL);
    bool ok = json_object_is_type(value, json_type_object);

    json_object_put(value);
    return ok;
}

/* Whether `word` is one of `words`, which have blanks between them. */
static bool is_word(const char *words, const char *word)
{
    char item[32];

    while (list_next(&words, item, sizeof item)) {
        if (!strcmp(item, word)) {
            return true;
        }
    }
    return false;
}

/* Returns what a value of that option must be, or NULL if `value` is that. */
static const char *value_fault(const struct option_row *option, const char *value)
{
    int64_t number;

    switch (option->type) {
    case VALUE_NONE:
        return NULL;
    case VALUE_TEXT:
    case VALUE_FILE:
        return *value ? NULL : "not empty";
    case VALUE_WORD:
    case VALUE_BOOLEAN:
        return is_word(option->words, value) ? NULL : option->words;
    case VALUE_INTEGER:
        return number_parse(value, INT32_MIN, INT32_MAX, &number) ? NULL : "a number";
    case VALUE_SECONDS:
        return number_parse_thousandths(value, 1, TIMEOUT_MAX_MS, &number)
                   ? NULL
                   : "a number of seconds from 0.001 to 600";
    case VALUE_OBJECT:
        return is_object(value) ? NULL : "a JSON object";
    }
    return NULL;
}

/* Takes one option. Returns an exit status, or -1 to go on. */
static int take_option(struct cli *cli, int id, const char *name, const char *value)
{
    const struct option_row *option = &option_rows[id];
    const char *fault = value ? value_fault(option, value) : NULL;
    char one_of[64];

    if (fault && option->words) {
        const char *second = strchr(fault, ' ');

        snprintf(one_of, sizeof one_of, "%.*s or %s", (int)(second - fault), fault, second + 1);
        fault = one_of;
    }
    if (fault) {
        return usage_error(NULL, "--%s is '%s', and must be %s", name, value, fault);
    }
    cli->values[id] = value ? value : "";
    cli->names[id] = name;
    return -1;
}

/* Fills `options` from the table, for getopt_long(). */
static void fill_options(struct option options[2 * OPTION_N + 4])
{
    static const struct option more[] = {
        {"help", no_argument, NULL, GETOPT_HELP},
        {"version", no_argument, NULL, GETOPT_VERSION},
        {"print-completion", required_argument, NULL, GETOPT_COMPLETION},
        {NULL, 0, NULL, 0},
    };
    size_t n = 0;

    for (int i = 0; i < OPTION_N; i++) {
        const struct option_row *row = &option_rows[i];
        int argument = row->type == VALUE_NONE ? no_argument : required_argument;

        options[n++] = (struct option){row->name, argument, NULL, i};
        if (row->alias) {
            options[n++] = (struct option){row->alias, argument, NULL, i};
        }
    }
    memcpy(&options[n], more, sizeof more);
}

static int print_completion(const char *shell)
{
    if (strcmp(shell, "bash")) {
        return usage_error(NULL, "there is no completion for '%s', only for bash", shell);
    }
    completion_bash();
    return EXIT_DONE;
}

/* Says what is wrong with `option`, which getopt_long() does not take. */
static int unknown_option(const char *option)
{
    if (optopt >= ' ') {
        return usage_error(NULL, "there is no option '-%c'", optopt);
    }
    return usage_error(NULL,
                       optopt ? "option '%s' takes no value"
                              : "there is no option '%s', or it is short for more than one",
                       option);
}

/* Takes all options. Returns an exit status, or -1 to go on. */
static int take_options(int argc, char *argv[], struct cli *cli, bool *help)
{
    struct option options[2 * OPTION_N + 4];
    int status = -1;
    int index;
    int c;

    fill_options(options);
    opterr = 0; /* getopt_long() would print the option as it is. */
    while (status < 0 && (c = getopt_long(argc, argv, ":hVv", options, &index)) != -1) {
        switch (c) {
        case 'h':
        case GETOPT_HELP:
            *help = true;
            break;
        case 'V':
        case GETOPT_VERSION:
            show_line("vifctl %s", VIFPLUG_VERSION);
            return EXIT_DONE;
        case 'v':
            status = take_option(cli, OPTION_VERBOSE, "verbose", NULL);
            break;
        case GETOPT_COMPLETION:
            return print_completion(optarg);
        case ':':
            return usage_error(NULL, "option '%s' needs a value", argv[optind - 1]);
        case '?':
            return unknown_option(argv[optind - 1]);
        default:
            status = take_option(cli, c, options[index].name, optarg);
            break;
        }
    }
    return status;
}

/* Checks options and argument against the command's row. */
static int check(const struct cli *cli)
{
    const struct command *command = cli->command;

    for (int i = 0; i < OPTION_N; i++) {
        if (cli->values[i] && !(command->options & OPTION_BIT(i))) {
            return usage_error(command, "%s does not take --%s", command->name, cli->names[i]);
        }
    }
    if (command->need == ARGUMENT_NONE && cli->argument) {
        return usage_error(command, "%s takes no argument, and got '%s'", command->name,
                           cli->argument);
    }
    if (cli->argument && !*cli->argument) {
        return usage_error(command, "the argument of %s is empty", command->name);
    }
    if (!cli->argument && command->need == ARGUMENT_REQUIRED) {
        return usage_error(command, "%s needs an argument: %s", command->name, command->argument);
    }
    if (!cli->argument && command->need == ARGUMENT_OR_VIF_ID && !cli->values[OPTION_VIF_ID]) {
        return usage_error(command, "%s needs a VIF: %s, or --vif-id", command->name,
                           command->argument);
    }
    if (!cli->argument && command->need == ARGUMENT_OR_ALL && !cli->values[OPTION_ALL] &&
        !cli->values[OPTION_DRY_RUN]) {
        return usage_error(command,
                           "%s needs an ID, or --all: after a boot all VIFs are stale until they "
                           "have been plugged again, and --dry-run shows them",
                           command->name);
    }
    if (cli->argument && cli->values[OPTION_ALL]) {
        return usage_error(command, "'%s' and --all exclude each other", cli->argument);
    }
    return -1;
}

int arguments_parse(int argc, char *argv[], struct cli *cli)
{
    int64_t timeout_ms = 0;
    bool help = false;
    int status;

    memset(cli, 0, sizeof *cli);
    status = take_options(argc, argv, cli, &help);
    if (status >= 0) {
        return status;
    }
    if (optind == argc) {
        if (help) {
            help_general();
            return EXIT_DONE;
        }
        return usage_error(NULL, "no command given");
    }
    cli->command = find_command(argv[optind]);
    if (!cli->command) {
        return usage_error(NULL, "there is no command '%s'", argv[optind]);
    }
    if (help) {
        help_command(cli->command);
        return EXIT_DONE;
    }
    if (argc - optind > 2) {
        return usage_error(cli->command, "'%s' is one argument too many", argv[optind + 2]);
    }
    cli->argument = argv[optind + 1]; /* NULL at the end of argv. */
    if (cli->values[OPTION_TIMEOUT]) {
        number_parse_thousandths(cli->values[OPTION_TIMEOUT], 1, TIMEOUT_MAX_MS, &timeout_ms);
    }
    cli->timeout_ms = (int)timeout_ms;
    cli->json = cli->values[OPTION_FORMAT] && !strcmp(cli->values[OPTION_FORMAT], "json");
    return check(cli);
}
