/* SPDX-License-Identifier: Apache-2.0 */
/* The completion for bash, made from the tables of commands.c. */

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* COMP_WORDS has "--wait=realized" as three words. compgen -W expands each word like the shell,
 * also $(...), so it may get nothing but ids. */
static const char start_text[] =
    "# Completion of vifctl for bash; made by vifctl --print-completion=bash.\n"
    "\n"
    "_vifctl_offer()\n"
    "{\n"
    "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen \"$@\" -- \"$cur\")\n"
    "}\n"
    "\n"
    "_vifctl_offer_ids()\n"
    "{\n"
    "    _vifctl_offer -W \"$(\"${COMP_WORDS[0]}\" --timeout=2 list 2>/dev/null |\n"
    "        sed -n '1d; s/ .*//; /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/p')\"\n"
    "}\n"
    "\n"
    "_vifctl_offer_files()\n"
    "{\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    _vifctl_offer -f \"$@\"\n"
    "}\n"
    "\n"
    "_vifctl()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local option=$prev command= argument= options= aliases= arguments= i\n"
    "\n"
    "    COMPREPLY=()\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=\n"
    "    elif [[ $prev == = ]]; then\n"
    "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n";

static const char command_text[] =
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        =)\n"
    "            ((i++))\n"
    "            ;;\n"
    "        %s)\n"
    "            [[ ${COMP_WORDS[i + 1]} == = ]] || ((i++))\n"
    "            ;;\n"
    "        -?*)\n"
    "            ;;\n"
    "        *)\n"
    "            if [[ $command ]]; then argument=y; else command=${COMP_WORDS[i]}; fi\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "    case $command in\n";

/* Where an argument may be an id too, a file has a slash or ends in .json. */
static const char end_text[] =
    "    if [[ $cur == -* ]]; then\n"
    "        _vifctl_offer -W \"$options\"\n"
    "        ((${#COMPREPLY[@]})) || _vifctl_offer -W \"$aliases\"\n"
    "        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
    "        return\n"
    "    fi\n"
    "    [[ $argument ]] && return\n"
    "    case $arguments in\n"
    "    FILE*)\n"
    "        _vifctl_offer_files\n"
    "        ;;\n"
    "    *FILE*)\n"
    "        if [[ $cur == */* ]]; then\n"
    "            _vifctl_offer_files\n"
    "        else\n"
    "            _vifctl_offer_ids\n"
    "            _vifctl_offer_files -X '!*.json'\n"
    "        fi\n"
    "        ;;\n"
    "    *ID* | VIF)\n"
    "        _vifctl_offer_ids\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _vifctl vifctl\n";

/* The names of an option as a pattern: "-t | --timeout", "--vif-id | --id". */
static const char *pattern_of(const struct option_row *row, char pattern[96])
{
    int n = row->letter ? snprintf(pattern, 96, "-%c | ", row->letter) : 0;

    snprintf(pattern + n, 96 - (size_t)n, "--%s%s%s", row->name, row->alias ? " | --" : "",
             row->alias ? row->alias : "");
    return pattern;
}

/* Prints what completes the value of an option. */
static void print_values(int option)
{
    const struct option_row *row = &option_rows[option];
    char pattern[96];

    printf("    %s)\n", pattern_of(row, pattern));
    if (row->words) {
        printf("        _vifctl_offer -W '%s'\n", row->words);
    } else if (row->type == VALUE_FILE) {
        printf("        _vifctl_offer_files\n");
    } else if (option == OPTION_VIF_ID) {
        printf("        _vifctl_offer_ids\n");
    }
    printf("        return\n"
           "        ;;\n");
}

/* Prints the lines that set what a command takes. */
static void print_command(const char *pattern, uint64_t options, const char *argument)
{
    printf("    %s)\n        options='--help", pattern);
    for (int i = 0; i < OPTION_N; i++) {
        if (options & OPTION_BIT(i)) {
            printf(" --%s%s", option_rows[i].name, option_rows[i].value ? "=" : "");
        }
    }
    printf("'\n        aliases='");
    for (int i = 0; i < OPTION_N; i++) {
        if (options & OPTION_BIT(i) && option_rows[i].alias) {
            printf("--%s= ", option_rows[i].alias);
        }
    }
    printf("'\n        arguments='%s'\n        ;;\n", argument ? argument : "");
}

void completion_bash(void)
{
    char with_value[2048] = "";
    char pattern[96];

    fputs(start_text, stdout);
    printf("    case $option in\n");
    for (int i = 0; i < OPTION_N; i++) {
        const struct option_row *row = &option_rows[i];
        size_t used = strlen(with_value);

        if (row->type != VALUE_NONE) {
            print_values(i);
            snprintf(with_value + used, sizeof with_value - used, "%s%s", used ? " | " : "",
                     pattern_of(row, pattern));
        }
    }
    printf("    esac\n");
    printf(command_text, with_value);
    for (size_t i = 0; i < n_commands; i++) {
        print_command(commands[i].name, commands[i].options, commands[i].argument);
    }
    print_command("''", ~UINT64_C(0), NULL);
    printf("    esac\n"
           "    if [[ ! $command && $cur != -* ]]; then\n"
           "        _vifctl_offer -W '");
    for (size_t i = 0; i < n_commands; i++) {
        printf("%s%s", i ? " " : "", commands[i].name);
    }
    printf("'\n"
           "        return\n"
           "    fi\n");
    fputs(end_text, stdout);
}
