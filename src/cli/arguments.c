/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "base/version.h"
#include "cli/cli.h"
#include "wire/json-get.h"

/* What getopt_long() returns for long options: the index of the option, or one of these, counted
 * from what is no letter. */
enum { GETOPT_LONG = 256, GETOPT_HELP = GETOPT_LONG + OPTION_N, GETOPT_VERSION, GETOPT_COMPLETION };

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

    if (option != &option_rows[OPTION_SOCKET] && !utf8_is_valid(value)) {
        return "valid UTF-8"; /* It is to be a string of JSON. */
    }
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
    case VALUE_DURATION:
        return parse_duration(value, &number)
                   ? NULL
                   : "a time from 1ms to 600s, like 10, 10s, 1.5s or 500ms";
    case VALUE_AGE:
        return number_parse_age(value, SINCE_MAX_MS, &number)
                   ? NULL
                   : "a number of seconds, or with m or h (10m, 2h), of at most a day";
    case VALUE_OBJECT:
        return is_object(value) ? NULL : "a JSON object";
    }
    return NULL;
}

/* Makes "a, b or c" of "a b c". */
static const char *join_words(char *out, size_t size, const char *words)
{
    const char *glue = "";
    size_t used = 0;
    char word[32];

    while (used < size && list_next(&words, word, sizeof word)) {
        used += (size_t)snprintf(out + used, size - used, "%s%s", glue, word);
        glue = *words && strchr(words + 1, ' ') ? ", " : " or ";
    }
    return out;
}

/* Takes one option. Returns an exit status, or -1 to go on. */
static int take_option(struct cli *cli, int id, const char *name, const char *value)
{
    const struct option_row *option = &option_rows[id];
    const char *fault = value ? value_fault(option, value) : NULL;
    char one_of[96];

    if (fault && option->words) {
        fault = join_words(one_of, sizeof one_of, fault);
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

        options[n++] = (struct option){row->name, argument, NULL, GETOPT_LONG + i};
        if (row->alias) {
            options[n++] = (struct option){row->alias, argument, NULL, GETOPT_LONG + i};
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

/* Says that there is no option `option`, or that it is short for more than one. */
static int unknown_long_option(const char *option)
{
    const char *const others[] = {"help", "version", "print-completion"};
    size_t length = strcspn(option, "=");
    char word[64];
    struct suggestion near = {.word = word};
    char longer[256] = "";
    size_t n_longer = 0;

    snprintf(word, sizeof word, "%.*s", (int)length - 2, option + 2);
    for (int i = 0; i < OPTION_N; i++) {
        if (!strncmp(option_rows[i].name, word, strlen(word))) {
            size_t used = strlen(longer);

            snprintf(longer + used, sizeof longer - used, "%s--%s", used ? ", " : "",
                     option_rows[i].name);
            n_longer++;
        }
        suggest_consider(&near, option_rows[i].name);
        suggest_consider(&near, option_rows[i].alias);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        suggest_consider(&near, others[i]);
    }
    if (n_longer > 1) {
        return usage_error(NULL, "'--%s' is short for more than one option (%s)", word, longer);
    }
    return near.name ? usage_error(NULL, "there is no option '--%s' (did you mean --%s?)", word,
                                   near.name)
                     : usage_error(NULL, "there is no option '--%s'", word);
}

/* Says what is wrong with `option`, which getopt_long() does not take. */
static int unknown_option(const char *option)
{
    if (optopt && optopt < GETOPT_LONG) {
        return usage_error(NULL, "there is no option '-%c'", optopt);
    }
    return optopt ? usage_error(NULL, "option '%s' takes no value", option)
                  : unknown_long_option(option);
}

static int unknown_command(const char *word)
{
    struct suggestion near = {.word = word};

    for (size_t i = 0; i < n_commands; i++) {
        suggest_consider(&near, commands[i].name);
    }
    return near.name
               ? usage_error(NULL, "there is no command '%s' (did you mean %s?)", word, near.name)
               : usage_error(NULL, "there is no command '%s'", word);
}

/* Fills in the short forms, for getopt_long(). */
static void fill_letters(char letters[2 * OPTION_N + 8])
{
    char *at = stpcpy(letters, ":hV");

    for (int i = 0; i < OPTION_N; i++) {
        if (option_rows[i].letter) {
            *at++ = option_rows[i].letter;
            if (option_rows[i].type != VALUE_NONE) {
                *at++ = ':';
            }
        }
    }
    *at = '\0';
}

/* The option of a value of getopt_long(). */
static int option_of(int c)
{
    int id = c - GETOPT_LONG;

    if (c < GETOPT_LONG) {
        for (id = 0; option_rows[id].letter != c; id++) {
        }
    }
    return id;
}

/* Takes all options. Returns an exit status, or -1 to go on. */
static int take_options(int argc, char *argv[], struct cli *cli, bool *help)
{
    struct option options[2 * OPTION_N + 4];
    char letters[2 * OPTION_N + 8];
    int status = -1;
    int index;
    int id;
    int c;

    fill_options(options);
    fill_letters(letters);
    opterr = 0; /* getopt_long() would print the option as it is. */
    while (status < 0 && (c = getopt_long(argc, argv, letters, options, &index)) != -1) {
        switch (c) {
        case 'h':
        case GETOPT_HELP:
            *help = true;
            break;
        case 'V':
        case GETOPT_VERSION:
            show_line("vifctl %s", VIFPLUG_VERSION);
            return EXIT_DONE;
        case GETOPT_COMPLETION:
            return print_completion(optarg);
        case ':':
            return usage_error(NULL, "option '%s' needs a value", argv[optind - 1]);
        case '?':
            return unknown_option(argv[optind - 1]);
        default:
            id = option_of(c);
            status = take_option(
                cli, id, c >= GETOPT_LONG ? options[index].name : option_rows[id].name, optarg);
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
        return unknown_command(argv[optind]);
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
        parse_duration(cli->values[OPTION_TIMEOUT], &timeout_ms);
    }
    cli->timeout_ms = (int)timeout_ms;
    show_set_colour(cli->values[OPTION_COLOR]);
    cli->json = cli->values[OPTION_FORMAT] && !strcmp(cli->values[OPTION_FORMAT], "json");
    return check(cli);
}
