/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "wire/json-make.h"

static bool use_colour(void)
{
    const char *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && terminal && strcmp(terminal, "dumb");
}

static struct libscols_table *new_table(void)
{
    struct libscols_table *table;

    scols_init_debug(0);
    table = need_memory(scols_new_table());
    scols_table_enable_colors(table, use_colour());
    scols_table_enable_maxout(table, 0);
    scols_table_enable_nowrap(table, 1);
    return table;
}

static const char *state_colour(const char *state)
{
    if (!strcmp(state, "up")) {
        return "green";
    }
    return !strcmp(state, "failed") ? "red" : "brown";
}

static void set_cell(struct libscols_line *line, size_t column, const char *text)
{
    scols_line_set_data(line, column, text ? text : "-");
}

static void list_line(struct libscols_table *table, const struct vifplug_vif *vif)
{
    static const char *const members[] = {"vif_id",         "kind",           "bridge",
                                          "port",           "ofport",         "mtu",
                                          "state",          "representor.pf", "representor.vf_num",
                                          "vhost_user.path"};
    struct libscols_line *line = scols_table_new_line(table, NULL);
    const char *state = vifplug_vif_string(vif, "state");

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        set_cell(line, i, vifplug_vif_string(vif, members[i]));
    }
    if (state) {
        scols_cell_set_color(scols_line_get_cell(line, 6), state_colour(state));
    }
}

void output_list(const struct vifplug_reply *reply)
{
    static const struct {
        const char *name;
        int flags;
    } columns[] = {{"VIF", 0},
                   {"KIND", 0},
                   {"BRIDGE", 0},
                   {"PORT", 0},
                   {"OFPORT", SCOLS_FL_RIGHT},
                   {"MTU", SCOLS_FL_RIGHT},
                   {"STATE", 0},
                   {"PF", 0},
                   {"VF", SCOLS_FL_RIGHT},
                   {"SOCKET", 0}};
    struct libscols_table *table = new_table();

    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        scols_table_new_column(table, columns[i].name, 0, columns[i].flags);
    }
    for (size_t i = 0; i < vifplug_reply_n_vifs(reply); i++) {
        list_line(table, vifplug_reply_vif(reply, i));
    }
    scols_print_table(table);
    scols_unref_table(table);
}

static void add_pair(struct libscols_table *table, const char *key, const char *value)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    set_cell(line, 0, key);
    set_cell(line, 1, value);
    if (!strcmp(key, "state")) {
        scols_cell_set_color(scols_line_get_cell(line, 1), state_colour(value));
    }
}

/* Objects become lines "outer:inner", arrays a line an element. */
static void add_value(struct libscols_table *table, const char *key, struct json_object *value)
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
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct libscols_table *table = new_table();

    scols_table_enable_noheadings(table, 1);
    scols_table_new_column(table, "KEY", 0, 0);
    scols_table_new_column(table, "VALUE", 0, 0);
    add_value(table, "", result);
    scols_print_table(table);
    scols_unref_table(table);
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

/* One PF: a heading, and a line for each VF. */
static void output_pf(struct json_object *pf)
{
    static const char *const columns[] = {"VF",     "NUMBER",  "DRIVER", "DEVARGS",
                                          "SOCKET", "USED BY", "PROBLEM"};
    struct libscols_table *table = new_table();
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
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        scols_table_new_column(table, columns[i], 0, i == 1 ? SCOLS_FL_RIGHT : 0);
    }
    for (size_t i = 0; i < json_object_array_length(vfs); i++) {
        struct json_object *vf = json_object_array_get_idx(vfs, i);
        struct json_object *vhost_user = json_object_object_get(vf, "vhost_user");
        struct libscols_line *line = scols_table_new_line(table, NULL);
        const char *user = text_at(vf, "vif_id");
        const char *problem = text_at(vf, "problem");

        set_cell(line, 0, text_at(vf, "vf"));
        set_cell(line, 1, text_at(vf, "vf_num"));
        set_cell(line, 2, text_at(vf, "driver"));
        set_cell(line, 3, text_at(vf, "devargs"));
        set_cell(line, 4, vhost_user ? text_at(vhost_user, "path") : NULL);
        set_cell(line, 5, user ? user : text_at(vf, "port"));
        set_cell(line, 6, problem);
        if (problem) {
            scols_cell_set_color(scols_line_get_cell(line, 6), "red");
        }
    }
    scols_print_table(table);
    scols_unref_table(table);
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

void output_reply(const struct cli *cli, const struct vifplug_reply *reply)
{
    if (cli->json) {
        printf("%s\n", vifplug_reply_json(reply, true));
    } else {
        cli->command->output(reply);
    }
    for (size_t i = 0; i < vifplug_reply_n_warnings(reply); i++) {
        fprintf(stderr, "vifctl: warning: %s\n", vifplug_reply_warning(reply, i));
    }
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
    return !strcmp(error->reason, "timeout") ? EXIT_TIMED_OUT : EXIT_REFUSED;
}

int output_failure(const struct cli *cli, int result, const struct vifplug_reply *reply)
{
    const char *option = cli->values[OPTION_SOCKET];
    const char *path = option ? option : getenv(VIFPLUG_SOCKET_VARIABLE);

    if (reply && vifplug_reply_error(reply)) {
        return daemon_error(cli, reply);
    }
    if (result == -ENOMEM) {
        out_of_memory_abort();
    }
    if (result == -ETIMEDOUT) {
        fprintf(stderr, "vifctl: vifplugd has not replied in time; see 'vifctl status'\n");
        return EXIT_TIMED_OUT;
    }
    fprintf(stderr,
            "vifctl: vifplugd cannot be reached at %s (%s); is it running, and may you use "
            "it?\n",
            path && *path ? path : VIFPLUG_DEFAULT_SOCKET, strerror(-result));
    return EXIT_UNREACHABLE;
}

bool output_flush(void)
{
    static bool told;

    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return true;
    }
    if (!told) {
        fprintf(stderr, "vifctl: the output cannot be written (%s)\n", strerror(errno));
        told = true;
    }
    return false;
}
