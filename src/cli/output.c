/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/table.h"
#include "cli/values.h"
#include "wire/json-make.h"

/* `value` is NULL for JSON's null. */
static void add_pair(struct table *table, const char *key, const char *value)
{
    const char *cells[] = {key, value};

    if (!strcmp(key, "dead_vlan")) {
        cells[1] = "true: Neutron's agent has not bound the port, and no frames pass";
    }
    table_add(table, cells, 1, !strcmp(key, "state") && value ? state_colour(value) : NULL);
}

/* Objects become lines "outer:inner", arrays a line an element. */
static void add_value(struct table *table, const char *key, struct json_object *value)
{
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach (value, inner, inner_value) {
            char name[160];

            snprintf(name, sizeof name, "%s%s%s", key, *key ? ":" : "", inner);
            add_value(table, name, inner_value);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            add_value(table, key, json_object_array_get_idx(value, i));
        }
    } else {
        add_pair(table, key, json_object_get_string(value));
    }
}

static void print_pairs(struct json_object *object)
{
    static const struct table_column columns[] = {{.name = "KEY"}, {.name = "VALUE"}};
    struct table *table = table_new(columns, 2, false);

    add_value(table, "", object);
    table_print(table);
}

bool output_pairs(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));

    print_pairs(result);
    json_object_put(result);
    return true;
}

/* The verdict and its first reason, then all else but these. */
bool output_status(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *problems = member(result, "problems");
    size_t n = length_of(problems);
    const char *first =
        n > 0 ? json_object_get_string(json_object_array_get_idx(problems, 0)) : NULL;

    if (n > 0) {
        show_line("degraded: %s%s", first ? first : "null",
                  n > 1 ? " Standard error has all reasons." : "");
    } else {
        show_line("ok");
    }
    if (json_object_is_type(result, json_type_object)) {
        json_object_object_del(result, "verdict");
        json_object_object_del(result, "problems");
    }
    print_pairs(result);
    json_object_put(result);
    return true;
}

/* The text is printed line by line, since a line feed in what show_line() prints is escaped. */
bool output_metrics(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    const char *text = text_at(result, "text");
    bool ok = text != NULL;

    while (text && *text) {
        size_t length = strcspn(text, "\n");

        show_line("%.*s", (int)length, text);
        text += length;
        text += *text == '\n';
    }
    json_object_put(result);
    return ok;
}

/* The time of an event, "2026-11-26T23:30:54.123Z", as local time; now, if it has none. */
static void print_time(const char *text)
{
    struct tm utc = {.tm_isdst = 0};
    struct timespec now;
    struct tm local;
    char shown[32];
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;
    time_t seconds;

    if (rest) {
        seconds = timegm(&utc);
    } else {
        clock_gettime(CLOCK_REALTIME, &now);
        seconds = now.tv_sec;
    }
    localtime_r(&seconds, &local);
    strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S", &local);
    if (rest && *rest == '.') {
        show("%s%.4s", shown, rest);
    } else {
        show("%s.%03ld", shown, rest ? 0 : now.tv_nsec / 1000000);
    }
}

static void print_drift(struct json_object *params)
{
    struct json_object *array = member(params, "drift");

    for (size_t i = 0; i < length_of(array); i++) {
        struct json_object *item = json_object_array_get_idx(array, i);

        show("  %s: '%s', expected '%s'", text_or(item, "field", "-"), text_or(item, "found", ""),
             text_or(item, "expected", ""));
    }
}

void output_notification(const struct cli *cli, const char *event,
                         const struct vifplug_reply *params)
{
    struct json_object *object = json_tokener_parse(vifplug_reply_json(params, false));
    static const char *const members[] = {"what",  "operation", "vif_id", "port",
                                          "state", "error",     "reason", "message"};

    if (cli->json) {
        struct json_object *line = jnew_object();

        jadd(line, "event", jnew_string(event));
        jadd(line, "params", json_object_get(object));
        show_json(jtext(line));
        json_object_put(line);
    } else {
        print_time(text_at(object, "time"));
        show("  %s", event);
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            const char *text = text_at(object, members[i]);

            if (text) {
                show("  %s", text);
            }
        }
        print_drift(object);
        show_line("%s", "");
    }
    json_object_put(object);
}

static void add_vf(struct table *table, struct json_object *vf)
{
    const char *user = text_at(vf, "vif_id");
    const char *const cells[] = {
        text_at(vf, "vf"),
        text_at(vf, "vf_num"),
        text_at(vf, "driver"),
        text_at(vf, "devargs"),
        text_at(member(vf, "vhost_user"), "path"),
        user ? user : text_at(vf, "port"),
        text_at(vf, "problem"),
    };

    table_add(table, cells, 6, cells[6] ? "red" : NULL);
}

/* One PF: a heading, and a line for each VF. */
static void output_pf(struct json_object *pf)
{
    static const struct table_column columns[] = {
        {.name = "VF"},
        {.name = "NUMBER", .right = true, .rank = 1},
        {.name = "DRIVER", .rank = 4},
        {.name = "DEVARGS", .rank = 5},
        {.name = "SOCKET", .rank = 3},
        {.name = "USED BY", .rank = 2},
        {.name = "PROBLEM", .wraps = true},
    };
    struct json_object *vfs = member(pf, "vfs");
    struct table *table;

    if (text_at(pf, "vendor")) {
        show("%s  %s:%s", text_or(pf, "pf", "-"), text_at(pf, "vendor"),
             text_or(pf, "device", "-"));
    } else {
        show("%s  PCI ids cannot be read", text_or(pf, "pf", "-"));
    }
    show_line("  %s  profile %s", text_or(pf, "driver", "no driver"), text_or(pf, "profile", "-"));
    if (text_at(pf, "problem")) {
        show_line("  %s", text_at(pf, "problem"));
    }
    if (length_of(vfs) == 0) {
        return;
    }
    table = table_new(columns, sizeof columns / sizeof columns[0], true);
    for (size_t i = 0; i < length_of(vfs); i++) {
        add_vf(table, json_object_array_get_idx(vfs, i));
    }
    table_print(table);
}

/* Whether a result is one of `nics`. */
static bool is_nics(struct json_object *nics)
{
    if (!is_list(nics)) {
        return false;
    }
    for (size_t i = 0; i < json_object_array_length(nics); i++) {
        if (!is_list(member(json_object_array_get_idx(nics, i), "vfs"))) {
            return false;
        }
    }
    return true;
}

bool output_nics(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *nics = member(result, "nics");
    bool ok = is_nics(nics);

    for (size_t i = 0; ok && i < json_object_array_length(nics); i++) {
        if (i > 0) {
            show_line("%s", "");
        }
        output_pf(json_object_array_get_idx(nics, i));
    }
    if (ok && json_object_array_length(nics) == 0) {
        show_line("There are no NICs on this host that can have VFs.");
    }
    json_object_put(result);
    return ok;
}

/* "nova-compute[4711] uid 64060", or "vifplugd". */
static void describe_client(struct json_object *client, char *text, size_t size)
{
    if (client) {
        snprintf(text, size, "%s[%s] uid %s", text_or(client, "name", "?"),
                 text_or(client, "pid", "?"), text_or(client, "uid", "?"));
    } else {
        snprintf(text, size, "vifplugd");
    }
}

static const char *result_colour(const char *result)
{
    return !result                     ? NULL
           : !strcmp(result, "failed") ? "red"
           : !strcmp(result, "done")   ? "green"
                                       : NULL;
}

/* The error's message and detail, to be freed; NULL: no error. */
static char *why_of(struct json_object *op)
{
    const char *message = text_at(op, "message");
    const char *detail = text_at(op, "detail");
    char *why = NULL;

    if (message &&
        asprintf(&why, "%s%s%s", message, detail ? " detail: " : "", detail ? detail : "") < 0) {
        out_of_memory_abort();
    }
    return why;
}

static void add_op(struct table *table, struct json_object *op)
{
    const char *result = text_at(op, "result");
    char *why = why_of(op);
    char client[160];
    const char *const cells[] = {
        text_at(op, "began"),
        text_at(op, "id"),
        text_at(op, "type"),
        text_at(op, "vif_id"),
        result,
        text_at(op, "duration_ms"),
        client,
        text_at(op, "instance"),
        text_at(op, "port"),
        why ? why : text_at(op, "waits_for"),
    };

    describe_client(member(op, "client"), client, sizeof client);
    table_add(table, cells, 4, result_colour(result));
    free(why);
}

bool output_ops(const struct vifplug_reply *reply)
{
    static const struct table_column columns[] = {
        {.name = "BEGAN"},
        {.name = "ID", .right = true, .rank = 3},
        {.name = "OPERATION"},
        {.name = "VIF"},
        {.name = "RESULT"},
        {.name = "MS", .right = true, .rank = 4},
        {.name = "CLIENT", .rank = 1},
        {.name = "INSTANCE", .rank = 5},
        {.name = "PORT", .rank = 6},
        {.name = "WHY", .wraps = true, .rank = 2},
    };
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *ops = member(result, "operations");
    struct table *table;
    bool ok = is_list(ops);

    if (ok && json_object_array_length(ops) == 0) {
        show_line("There has been no operation since vifplugd started.");
    } else if (ok) {
        table = table_new(columns, sizeof columns / sizeof columns[0], true);
        for (size_t i = 0; i < json_object_array_length(ops); i++) {
            add_op(table, json_object_array_get_idx(ops, i));
        }
        table_print(table);
    }
    json_object_put(result);
    return ok;
}

int output_problems(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *problems = member(result, "problems");
    size_t n = length_of(problems);

    for (size_t i = 0; i < n; i++) {
        const char *problem = json_object_get_string(json_object_array_get_idx(problems, i));

        show_error("%s", problem ? problem : "null");
    }
    json_object_put(result);
    return n > 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int daemon_error(const struct cli *cli, const struct vifplug_reply *reply)
{
    const struct vifplug_error *error = vifplug_reply_error(reply);

    if (cli->json) {
        show_json(vifplug_reply_json(reply, true));
    }
    show_error("%s%s%s", error->reason, *error->reason ? ": " : "", error->message);
    if (*error->detail && !strstr(error->message, error->detail)) {
        show_error("detail: %s", error->detail);
    }
    return !strcmp(error->reason, "timeout") ? EXIT_NO_ANSWER : EXIT_REFUSED;
}

static const char *socket_path(const struct cli *cli)
{
    const char *option = cli->values[OPTION_SOCKET];
    const char *path = option ? option : getenv(VIFPLUG_SOCKET_VARIABLE);

    return path && *path ? path : VIFPLUG_DEFAULT_SOCKET;
}

/* What to do about a connection that failed with that errno. */
static void next_step_to_connect(const char *path, int error, char *text, size_t size)
{
    struct stat st;
    const struct group *group;

    if (error == ENOENT || error == ECONNREFUSED) {
        snprintf(text, size,
                 "it does not run, or listens elsewhere (--socket): see 'systemctl status "
                 "vifplugd'");
    } else if (error == EACCES && stat(path, &st) == 0 && (group = getgrgid(st.st_gid))) {
        snprintf(text, size, "use it as root, or as a user in group %s", group->gr_name);
    } else if (error == EACCES) {
        snprintf(text, size, "use it as root, or as a user whom its directory and its mode let in");
    } else {
        snprintf(text, size, "check the path (--socket, " VIFPLUG_SOCKET_VARIABLE ")");
    }
}

int output_unreachable(const struct cli *cli, int error)
{
    char next[256];

    if (error == -ENOMEM) {
        out_of_memory_abort();
    }
    if (error == -EAGAIN) {
        show_error("vifplugd at %s takes no connection; it was asked for nothing; check whether it "
                   "is stopped or hangs (systemctl status vifplugd)",
                   socket_path(cli));
    } else {
        next_step_to_connect(socket_path(cli), -error, next, sizeof next);
        show_error("vifplugd cannot be reached at %s (%s); %s", socket_path(cli), strerror(-error),
                   next);
    }
    return EXIT_UNREACHABLE;
}

/* Whether the command changes something: it could be tried with --dry-run, and is not. */
static bool changes_something(const struct cli *cli)
{
    return cli->command->options & OPTION_BIT(OPTION_DRY_RUN) && !cli->values[OPTION_DRY_RUN];
}

/* What to do when it is not known what became of a call. */
static const char *next_step(const struct cli *cli)
{
    return changes_something(cli) ? "the operation may have happened, or may happen yet: look with "
                                    "'vifctl list', once "
                                    "'systemctl status vifplugd' says that it runs"
                                  : "check it with 'systemctl status vifplugd'";
}

/* What was received is no reply of vifplugd's, or none to this command. */
static int strange_reply(const struct cli *cli)
{
    show_error("what vifplugd at %s has sent is no reply to '%s'; is it vifplugd, of this version "
               "(vifctl --version)? %s",
               socket_path(cli), cli->command->name, next_step(cli));
    return EXIT_NO_ANSWER;
}

int output_reply(const struct cli *cli, const struct vifplug_reply *reply)
{
    if (cli->json) {
        show_json(vifplug_reply_json(reply, true));
    } else {
        if (cli->values[OPTION_DRY_RUN]) {
            show_line("A dry run: nothing has been changed. Without --dry-run it would be:");
        }
        if (!(cli->values[OPTION_VERBOSE] ? output_pairs : cli->command->output)(reply)) {
            return strange_reply(cli);
        }
    }
    for (size_t i = 0; i < vifplug_reply_n_warnings(reply); i++) {
        const char *warning = vifplug_reply_warning(reply, i);

        if (warning) {
            show_error("warning: %s", warning);
        }
    }
    return cli->command->judge ? cli->command->judge(reply) : EXIT_DONE;
}

int output_failure(const struct cli *cli, int result, const struct vifplug_reply *reply)
{
    if (reply && vifplug_reply_error(reply)) {
        return daemon_error(cli, reply);
    }
    if (result == -ENOMEM) {
        out_of_memory_abort();
    }
    if (result == -EPROTO) {
        return strange_reply(cli);
    }
    if (result == -ETIMEDOUT) {
        show_error("vifplugd at %s has not replied in time; %s", socket_path(cli), next_step(cli));
    } else {
        show_error("vifplugd at %s closed the connection without a reply (%s); %s",
                   socket_path(cli), strerror(-result), next_step(cli));
    }
    return EXIT_NO_ANSWER;
}

void output_subscribed(const struct vifplug_reply *reply, const char *run)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    const char *complete = text_at(result, "complete");

    if (*run && strcmp(text_or(result, "run", ""), run) != 0) {
        show_error("vifplugd has been restarted; what happened before %s is not known",
                   text_or(result, "complete_from", "that"));
    } else if (complete && strcmp(complete, "false") == 0) {
        show_error("vifplugd knows nothing of what happened before %s",
                   text_or(result, "complete_from", "that"));
    }
    json_object_put(result);
}

void output_again(const struct cli *cli)
{
    show_error("vifplugd at %s has ended the connection; trying again until it is back",
               socket_path(cli));
}

void output_silent(const struct cli *cli, int silence_ms)
{
    show_error("vifplugd at %s has replied to nothing for %g s, so events may be missing; check it "
               "with 'systemctl status vifplugd'; watch goes on if it replies again",
               socket_path(cli), silence_ms / 1000.0);
}

void output_replies_again(const struct cli *cli)
{
    show_error("vifplugd at %s replies again", socket_path(cli));
}

int output_ended(const struct cli *cli, int error)
{
    show_error("vifplugd at %s has ended the connection (%s), so later events are not shown; watch "
               "again once 'systemctl status vifplugd' says that it runs",
               socket_path(cli), strerror(-error));
    return EXIT_NO_ANSWER;
}

bool output_flush(void)
{
    static bool told;
    int error = fflush(stdout) == 0 ? 0 : errno;

    if (!error && !ferror(stdout)) {
        return true;
    }
    if (!told && error) {
        show_error("the output cannot be written (%s)", strerror(error));
    } else if (!told) { /* An earlier write failed, whose errno has gone. */
        show_error("the output cannot be written");
    }
    told = true;
    return false;
}
