/* SPDX-License-Identifier: Apache-2.0 */
/* vifctl: declarations for all its files. */

#ifndef VP_CLI_H
#define VP_CLI_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vifplug/vifplug.h>

/* Exit statuses, a contract (docs/api.md). */
enum {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1, /* Refused or failed; status: something is not well. */
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3, /* The daemon cannot be reached, and was asked for nothing. */
    EXIT_NO_ANSWER = 4    /* Timed out in the daemon or here, or the connection was lost: it may
                           * have happened. */
};

/* --- commands.c: the tables. --- */

/* The options. From OPTION_VIF_ID on they are members of a native VIF. */
enum option_id {
    OPTION_SOCKET,
    OPTION_FORMAT,
    OPTION_COLOR,
    OPTION_TIMEOUT,
    OPTION_WAIT,
    OPTION_DRY_RUN,
    OPTION_INSTANCE,
    OPTION_ALL,
    OPTION_VERBOSE,
    OPTION_COLUMNS,
    OPTION_NO_HEADINGS,
    OPTION_WATCH,
    OPTION_PORT,
    OPTION_STATE,
    OPTION_PF,
    OPTION_VF,
    OPTION_LIMIT,
    OPTION_SINCE,
    OPTION_VIF_ID,
    OPTION_KIND,
    OPTION_BRIDGE,
    OPTION_ADDRESS,
    OPTION_MTU,
    OPTION_DATAPATH_TYPE,
    OPTION_INTERFACE_ID,
    OPTION_VIF_NAME,
    OPTION_PCI_SLOT,
    OPTION_PATH,
    OPTION_MODE,
    OPTION_CREATE_PORT,
    OPTION_CREATE_TAP,
    OPTION_MULTIQUEUE,
    OPTION_LINUX_BRIDGE,
    OPTION_QOS,
    OPTION_N
};
#define OPTION_FIRST_MEMBER OPTION_VIF_ID
#define OPTION_BIT(option) (UINT64_C(1) << (option))

/* The type of an option's value. */
enum value_type {
    VALUE_NONE,
    VALUE_TEXT,
    VALUE_FILE,     /* A path on this host. */
    VALUE_WORD,     /* One of the option's words. */
    VALUE_INTEGER,  /* Within 32 bits; the daemon checks the range. */
    VALUE_BOOLEAN,  /* true or false. */
    VALUE_DURATION, /* 0.001 to 600 s: "10", "1.5s", "500ms". */
    VALUE_AGE,      /* Up to SINCE_MAX_MS. */
    VALUE_OBJECT    /* A JSON object. */
};

struct option_row {
    const char *name;  /* Without the dashes. */
    const char *alias; /* Another name of it; or NULL. */
    enum value_type type;
    const char *value;  /* Stands for the value in help; NULL for VALUE_NONE. */
    const char *words;  /* Values that completion offers, with blanks between; or NULL. */
    const char *member; /* Its member in a native VIF, "vhost_user.path"; or NULL. */
    const char *help;   /* Lines, each but the last ending in \n. */
    char letter;        /* Its short form; 0: none. */
};

struct cli;

struct command {
    const char *name;
    const char *argument; /* As help shows it: "ID"; NULL: none. */
    enum {
        ARGUMENT_NONE,
        ARGUMENT_OPTIONAL,
        ARGUMENT_OR_ALL,    /* --all or --dry-run can take its place. */
        ARGUMENT_OR_VIF_ID, /* --vif-id can take its place. */
        ARGUMENT_REQUIRED
    } need;
    uint64_t options;    /* Those that the command takes, as OPTION_BIT()s. */
    const char *summary; /* One line. */
    const char *help;    /* More lines, each ending in \n; or NULL. */
    /* Makes the params of the method of this name as JSON text (malloc'ed), or says what is wrong
     * and returns NULL. NULL: there are none. */
    char *(*params)(const struct cli *cli);
    /* Shows a result as a table. Returns false, and shows nothing, if it is not one of the method.
     */
    bool (*output)(const struct vifplug_reply *reply);
    /* Returns the exit status for a result, and says why if it is not EXIT_DONE. NULL: EXIT_DONE.
     */
    int (*judge)(const struct vifplug_reply *reply);
    /* Carries out the command and returns the exit status. */
    int (*run)(const struct cli *cli);
};

extern const struct option_row option_rows[OPTION_N];
extern const struct command commands[];
extern const size_t n_commands;

/* The command of that name, or NULL. */
const struct command *find_command(const char *name);

/* --- duration.c --- */

/* "10", "10s", "1.5s" or "500ms", as ms: whether `text` is 1 ms to 600 s. */
bool parse_duration(const char *text, int64_t *ms);

/* --- arguments.c: the command line. --- */

/* The command line. Strings are borrowed from argv. */
struct cli {
    const struct command *command;
    const char *argument;         /* NULL: not given. */
    const char *values[OPTION_N]; /* "" for VALUE_NONE; NULL: not given. */
    const char *names[OPTION_N];  /* Under which name each was given. */
    bool json;                    /* --format=json. */
    int timeout_ms;               /* 0: not given. */
};

/* Reads and checks the command line. Returns an exit status (help was shown, or an error was told),
 * or -1 to go on. */
int arguments_parse(int argc, char *argv[], struct cli *cli);

/* --- suggest.c: names that a mistyped one may mean. --- */

struct suggestion {
    const char *word; /* As it was typed. */
    const char *name; /* What it may mean; NULL: nothing. Borrowed. */
    size_t distance;
};

/* Takes `name` as the suggestion if it is near, and nearer than the present one. NULL is ignored.
 */
void suggest_consider(struct suggestion *suggestion, const char *name);

/* --- help.c: texts that are made from the tables. --- */

void help_general(void);
void help_command(const struct command *command);
void completion_bash(void); /* bash's completion: a script. */

/* --- input.c: params. --- */

char *input_plug(const struct cli *cli);
char *input_unplug(const struct cli *cli);
char *input_update(const struct cli *cli);
char *input_reap(const struct cli *cli);
char *input_get(const struct cli *cli);
char *input_ops(const struct cli *cli);

/* --- list.c: `vifctl list`. --- */

char *input_list(const struct cli *cli);
bool output_list(const struct vifplug_reply *reply);

/* Adds the options that choose VIFs (--instance, --port, ...) to params. */
struct json_object;
void set_filters(const struct cli *cli, struct json_object *params);

/* --- stats.c: `vifctl stats`. --- */

char *input_stats(const struct cli *cli);
bool output_stats(const struct vifplug_reply *reply);
int run_stats(const struct cli *cli);

/* --- show.c: what is printed, escaped (base/display.h), because most of it is text from outside.
 * ---
 */

/* Prints to standard output; show_line() ends the line. */
void show(const char *format, ...) __attribute__((format(printf, 1, 2)));
void show_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "vifctl: ", the text and a line feed to standard error. */
void show_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what is wrong with the command line and where to read more. Returns EXIT_USAGE. `command`
 * may be NULL. */
int usage_error(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether to use colours: "auto", "always" or "never"; NULL is "auto": on terminals that have them,
 * unless NO_COLOR is set. */
void show_set_colour(const char *when);
bool show_has_colour(void);

/* Prints JSON text as a line. What must not be shown as it is becomes \u escapes, so it is still
 * the same JSON. */
void show_json(const char *text);

/* A copy of `text`, escaped. Owned by the caller. */
char *show_copy(const char *text);

/* --- output.c: replies as people or programs read them. --- */

bool output_metrics(const struct vifplug_reply *reply);
bool output_nics(const struct vifplug_reply *reply);
bool output_pairs(const struct vifplug_reply *reply);
bool output_status(const struct vifplug_reply *reply);
bool output_check(const struct vifplug_reply *reply);
bool output_ops(const struct vifplug_reply *reply);

/* --- output-operation.c: what became of each VIF, in a line. --- */

bool output_plug(const struct vifplug_reply *reply); /* And of an update. */
bool output_unplug(const struct vifplug_reply *reply);
bool output_reap(const struct vifplug_reply *reply);

/* --- output.c again. --- */

/* A result: as JSON, or as the command shows it. Returns the exit status. */
int output_reply(const struct cli *cli, const struct vifplug_reply *reply);

/* Says on standard error what `problems` of a result has, and returns the exit status. */
int output_problems(const struct vifplug_reply *reply);

/* The exit status for a result of `check`. */
int judge_check(const struct vifplug_reply *reply);

/* One notification. */
void output_notification(const struct cli *cli, const char *event,
                         const struct vifplug_reply *params);

/* Says on standard error why there is no connection, and returns the exit status. */
int output_unreachable(const struct cli *cli, int error);

/* Says on standard error why a call failed, and returns the exit status. `reply` may be NULL. */
int output_failure(const struct cli *cli, int result, const struct vifplug_reply *reply);

/* Says on standard error what the reply to a subscription says of the past. `run` is that of the
 * daemon until now, or "". */
void output_subscribed(const struct vifplug_reply *reply, const char *run);

/* Says on standard error that the connection has ended, and that it is tried again. */
void output_again(const struct cli *cli);

/* Says on standard error that the daemon does not reply any more, or does again. */
void output_silent(const struct cli *cli, int silence_ms);
void output_replies_again(const struct cli *cli);

/* Says on standard error that the connection has ended after the reply, and returns the exit
 * status. */
int output_ended(const struct cli *cli, int error);

/* Whether all output has been written; says so if not. */
bool output_flush(void);

/* --- pulse.c: whether the daemon still replies. --- */

/* The monotonic clock, ms. */
long long now_ms(void);

/* A daemon that runs replies to `status` within milliseconds, whatever its operations wait for.
 * The least silence that tells otherwise on a busy host, ms. */
enum { SILENCE_MIN_MS = 1000 };

/* Lives as long as its connection. */
struct pulse {
    long long heard;    /* When the daemon replied last, of now_ms(). */
    bool asked;         /* A `status` is without a reply. */
    long long asked_at; /* When that was asked. */
};

/* Asks for the daemon's status half way through `silence` (ms) since it replied last: one that is
 * stopped or hangs shows by that, long before an operation's time is up. Makes `*until` earlier if
 * the next call is due before that. Returns -ETIMEDOUT if the daemon has been silent for
 * `silence`, or an error of the connection. */
int pulse_feel(struct vifplug_async *async, struct pulse *pulse, int silence, long long *until);

/* --- call.c and watch.c: `run` of commands. --- */

/* How long questions wait for their reply without --timeout, ms. */
enum { QUESTION_WAIT_MS = 10000 };

/* Each calls the method of the command's name and shows the reply. --timeout limits an operation in
 * the daemon, and for a question the wait for its reply. */
int run_operation(const struct cli *cli);
int run_question(const struct cli *cli);

/* The longest --since: a day, ms. */
enum { SINCE_MAX_MS = 86400000 };

/* Shows notifications until the user ends it, also those of a daemon that was restarted. */
int run_watch(const struct cli *cli);

#endif
