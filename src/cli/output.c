/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/table.h"
#include "wire/json-make.h"

static const char *state_colour(const char *state)
{
    if (!strcmp(state, "up")) {
        return "green";
    }
    return !strcmp(state, "failed") ? "red" : "brown";
}

void output_list(const struct vifplug_reply *reply)
{
    static const struct table_column columns[] = {
        {.name = "VIF"},
        {.name = "KIND", .rank = 3},
        {.name = "BRIDGE", .rank = 4},
        {.name = "PORT", .rank = 1},
        {.name = "OFPORT", .right = true, .rank = 5},
        {.name = "MTU", .right = true},
        {.name = "STATE"},
        {.name = "PF", .rank = 6},
        {.name = "VF", .right = true, .rank = 2},
        {.name = "SOCKET", .rank = 7},
    };
    static const char *const members[] = {"vif_id",         "kind",           "bridge",
                                          "port",           "ofport",         "mtu",
                                          "state",          "representor.pf", "representor.vf_num",
                                          "vhost_user.path"};
    enum { N = sizeof columns / sizeof columns[0], STATE = 6 };
    struct table *table = table_new(columns, N, true);

    for (size_t i = 0; i < vifplug_reply_n_vifs(reply); i++) {
        const char *cells[N];

        for (size_t k = 0; k < N; k++) {
            cells[k] = vifplug_vif_string(vifplug_reply_vif(reply, i), members[k]);
        }
        table_add(table, cells, STATE, cells[STATE] ? state_colour(cells[STATE]) : NULL);
    }
    table_print(table);
}

static void add_pair(struct table *table, const char *key, const char *value)
{
    const char *const cells[] = {key, value};

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

void output_pairs(const struct vifplug_reply *reply)
{
    static const struct table_column columns[] = {{.name = "KEY"}, {.name = "VALUE"}};
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct table *table = table_new(columns, 2, false);

    add_value(table, "", result);
    table_print(table);
    json_object_put(result);
}

void output_reap(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *removed = json_object_object_get(result, "removed");
    struct json_object *kept = json_object_object_get(result, "kept");

    if (json_object_is_type(removed, json_type_array) && !json_object_array_length(removed) &&
        json_object_is_type(kept, json_type_array) && !json_object_array_length(kept)) {
        printf("No VIF is stale.\n");
    } else {
        output_pairs(reply);
    }
    json_object_put(result);
}

static void print_time(void)
{
    struct timespec now;
    struct tm local;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(text, sizeof text, "%H:%M:%S", &local);
    printf("%s.%03ld", text, now.tv_nsec / 1000000);
}

static void print_drift(struct json_object *params)
{
    struct json_object *array;

    if (!json_object_object_get_ex(params, "drift", &array)) {
        return;
    }
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        struct json_object *item = json_object_array_get_idx(array, i);
        struct json_object *field = json_object_object_get(item, "field");
        struct json_object *expected = json_object_object_get(item, "expected");
        struct json_object *found = json_object_object_get(item, "found");

        printf("  %s: '%s', expected '%s'", json_object_get_string(field),
               json_object_get_string(found), json_object_get_string(expected));
    }
}

void output_notification(const struct cli *cli, const char *event,
                         const struct vifplug_reply *params)
{
    struct json_object *object = json_tokener_parse(vifplug_reply_json(params, false));
    static const char *const members[] = {"what", "vif_id", "port", "state", "error"};

    if (cli->json) {
        struct json_object *line = jnew_object();

        jadd(line, "event", jnew_string(event));
        jadd(line, "params", json_object_get(object));
        printf("%s\n", jtext(line));
        json_object_put(line);
    } else {
        print_time();
        printf("  %s", event);
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            struct json_object *value;

            if (json_object_object_get_ex(object, members[i], &value)) {
                printf("  %s", json_object_get_string(value));
            }
        }
        print_drift(object);
        printf("\n");
    }
    json_object_put(object);
}

static const char *text_at(struct json_object *object, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

static void add_vf(struct table *table, struct json_object *vf)
{
    struct json_object *vhost_user = json_object_object_get(vf, "vhost_user");
    const char *user = text_at(vf, "vif_id");
    const char *const cells[] = {
        text_at(vf, "vf"),
        text_at(vf, "vf_num"),
        text_at(vf, "driver"),
        text_at(vf, "devargs"),
        vhost_user ? text_at(vhost_user, "path") : NULL,
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
    struct table *table = table_new(columns, sizeof columns / sizeof columns[0], true);
    struct json_object *vfs = json_object_object_get(pf, "vfs");
    const char *profile = text_at(pf, "profile");

    if (text_at(pf, "vendor")) {
        printf("%s  %s:%s", text_at(pf, "pf"), text_at(pf, "vendor"), text_at(pf, "device"));
    } else {
        printf("%s  PCI ids cannot be read", text_at(pf, "pf"));
    }
    printf("  %s  profile %s\n", text_at(pf, "driver") ? text_at(pf, "driver") : "no driver",
           profile ? profile : "-");
    if (text_at(pf, "problem")) {
        printf("  %s\n", text_at(pf, "problem"));
    }
    for (size_t i = 0; i < json_object_array_length(vfs); i++) {
        add_vf(table, json_object_array_get_idx(vfs, i));
    }
    table_print(table);
}

void output_nics(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *nics = json_object_object_get(result, "nics");

    for (size_t i = 0; i < json_object_array_length(nics); i++) {
        if (i > 0) {
            printf("\n");
        }
        output_pf(json_object_array_get_idx(nics, i));
    }
    if (json_object_array_length(nics) == 0) {
        printf("There are no PFs with VFs on this host.\n");
    }
    json_object_put(result);
}

int output_reply(const struct cli *cli, const struct vifplug_reply *reply)
{
    if (cli->json) {
        printf("%s\n", vifplug_reply_json(reply, true));
    } else {
        if (cli->values[OPTION_DRY_RUN]) {
            printf("A dry run: nothing has been changed. Without --dry-run it would be:\n");
        }
        cli->command->output(reply);
    }
    for (size_t i = 0; i < vifplug_reply_n_warnings(reply); i++) {
        fprintf(stderr, "vifctl: warning: %s\n", vifplug_reply_warning(reply, i));
    }
    return cli->command->judge ? cli->command->judge(reply) : EXIT_DONE;
}

int output_problems(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *problems = NULL;
    size_t n = 0;

    if (json_object_object_get_ex(result, "problems", &problems) &&
        json_object_is_type(problems, json_type_array)) {
        n = json_object_array_length(problems);
    }
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, "vifctl: %s\n",
                json_object_get_string(json_object_array_get_idx(problems, i)));
    }
    json_object_put(result);
    return n > 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int daemon_error(const struct cli *cli, const struct vifplug_reply *reply)
{
    const struct vifplug_error *error = vifplug_reply_error(reply);

    if (cli->json) {
        printf("%s\n", vifplug_reply_json(reply, true));
    }
    fprintf(stderr, "vifctl: %s: %s\n", error->reason, error->message);
    if (*error->detail && !strstr(error->message, error->detail)) {
        fprintf(stderr, "  detail: %s\n", error->detail);
    }
    return !strcmp(error->reason, "timeout") ? EXIT_NO_ANSWER : EXIT_REFUSED;
}

static const char *socket_path(const struct cli *cli)
{
    const char *option = cli->values[OPTION_SOCKET];
    const char *path = option ? option : getenv(VIFPLUG_SOCKET_VARIABLE);

    return path && *path ? path : VIFPLUG_DEFAULT_SOCKET;
}

int output_unreachable(const struct cli *cli, int error)
{
    if (error == -ENOMEM) {
        out_of_memory_abort();
    }
    if (error == -EAGAIN) {
        fprintf(stderr,
                "vifctl: vifplugd at %s takes no connection; it was asked for nothing; check "
                "whether it is stopped or hangs (systemctl status vifplugd)\n",
                socket_path(cli));
    } else {
        fprintf(stderr,
                "vifctl: vifplugd cannot be reached at %s (%s); is it running, and may you use "
                "it?\n",
                socket_path(cli), strerror(-error));
    }
    return EXIT_UNREACHABLE;
}

/* Whether the command changes something: it could be tried with --dry-run, and is not. */
static bool changes_something(const struct cli *cli)
{
    return cli->command->options & OPTION_BIT(OPTION_DRY_RUN) && !cli->values[OPTION_DRY_RUN];
}

int output_failure(const struct cli *cli, int result, const struct vifplug_reply *reply)
{
    const char *next = changes_something(cli)
                           ? "the operation may have happened, or may happen yet: look with "
                             "'vifctl list', once 'systemctl status vifplugd' says that it runs"
                           : "check it with 'systemctl status vifplugd'";

    if (reply && vifplug_reply_error(reply)) {
        return daemon_error(cli, reply);
    }
    if (result == -ENOMEM) {
        out_of_memory_abort();
    }
    if (result == -ETIMEDOUT) {
        fprintf(stderr, "vifctl: vifplugd at %s has not replied in time; %s\n", socket_path(cli),
                next);
    } else if (result == -EPROTO) {
        fprintf(stderr, "vifctl: what vifplugd at %s has sent is no reply; %s\n", socket_path(cli),
                next);
    } else {
        fprintf(stderr, "vifctl: vifplugd at %s closed the connection without a reply (%s); %s\n",
                socket_path(cli), strerror(-result), next);
    }
    return EXIT_NO_ANSWER;
}

int output_ended(const struct cli *cli, int error)
{
    fprintf(stderr,
            "vifctl: vifplugd at %s has ended the connection (%s), so later events are not shown; "
            "watch again once 'systemctl status vifplugd' says that it runs\n",
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
        fprintf(stderr, "vifctl: the output cannot be written (%s)\n", strerror(error));
    } else if (!told) { /* An earlier write failed, whose errno has gone. */
        fprintf(stderr, "vifctl: the output cannot be written\n");
    }
    told = true;
    return false;
}
