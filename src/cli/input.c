/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "cli/cli.h"
#include "wire/frame.h"
#include "wire/json-get.h"
#include "wire/json-make.h"

static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, key, &value);
    return value;
}

static bool is_object(struct json_object *value)
{
    return json_object_is_type(value, json_type_object);
}

/* Reads a JSON value from `file`, which `path` names in errors. Returns NULL after an error. */
static struct json_object *read_value(FILE *file, const char *path)
{
    char *text = need_memory(malloc(FRAME_REQUEST_MAX + 1));
    size_t length = fread(text, 1, FRAME_REQUEST_MAX + 1, file);
    struct json_object *value = NULL;
    struct error error;

    if (ferror(file)) {
        show_error("%s cannot be read (%s)", path, strerror(errno));
    } else if (length > FRAME_REQUEST_MAX) {
        show_error("%s is longer than %d bytes", path, FRAME_REQUEST_MAX);
    } else {
        value = json_parse(text, length, &error);
        if (!value) {
            /* What follows is the next step for who talks to the socket. */
            show_error("%s: %.*s; correct it", path, (int)strcspn(error.message, ";"),
                       error.message);
        }
    }
    free(text);
    return value;
}

/* Reads a JSON object from a file, or from standard input for "-". Returns NULL after an error. */
static struct json_object *read_file(const char *path)
{
    bool standard_input = !strcmp(path, "-");
    FILE *file = standard_input ? stdin : fopen(path, "re");
    struct json_object *value;

    if (!file) {
        show_error("%s cannot be read (%s)", path, strerror(errno));
        return NULL;
    }
    value = read_value(file, standard_input ? "standard input" : path);
    if (!standard_input) {
        fclose(file);
    }
    if (value && !is_object(value)) {
        show_error("%s does not hold a JSON object", path);
        json_object_put(value);
        return NULL;
    }
    return value;
}

/* What a file holds: {"vif":..., "instance":...}, or the VIF alone. */
struct input {
    struct json_object *file;
    struct json_object *vif;      /* In `file`. */
    struct json_object *instance; /* In `file`; or NULL. */
};

static bool read_input(const char *path, struct input *input)
{
    input->file = read_file(path);
    if (!input->file) {
        return false;
    }
    input->vif = member(input->file, "vif");
    if (!input->vif) {
        input->vif = input->file;
    }
    input->instance = member(input->file, "instance");
    if (!is_object(input->vif)) {
        show_error("member 'vif' of %s is not a JSON object", path);
        json_object_put(input->file);
        return false;
    }
    return true;
}

/* The value of an option, which arguments.c has checked, as JSON. */
static struct json_object *option_value(const struct cli *cli, int option)
{
    const char *text = cli->values[option];
    int64_t number = 0;

    switch (option_rows[option].type) {
    case VALUE_INTEGER:
        number_parse(text, INT32_MIN, INT32_MAX, &number);
        return need_memory(json_object_new_int64(number));
    case VALUE_BOOLEAN:
        return need_memory(json_object_new_boolean(!strcmp(text, "true")));
    case VALUE_OBJECT:
        return json_parse(text, strlen(text), NULL);
    default:
        return jnew_string(text);
    }
}

/* Sets the member that an option stands for, if it was given: "mtu", or "path" in "vhost_user". */
static bool set_member(const struct cli *cli, int option, struct json_object *object)
{
    const char *key = option_rows[option].member;
    const char *dot = strchr(key, '.');

    if (!cli->values[option]) {
        return true;
    }
    if (dot) {
        char outer[32];
        struct json_object *inner;

        snprintf(outer, sizeof outer, "%.*s", (int)(dot - key), key);
        inner = member(object, outer);
        if (!inner) {
            inner = jnew_object();
            jset(object, outer, inner);
        }
        if (!is_object(inner)) {
            show_error("member '%s' of %s is not a JSON object", outer, cli->argument);
            return false;
        }
        object = inner;
        key = dot + 1;
    }
    jset(object, key, option_value(cli, option));
    return true;
}

/* The first option that stands for a member of a VIF; OPTION_N if none was given. */
static int first_member(const struct cli *cli)
{
    int option = OPTION_FIRST_MEMBER;

    while (option < OPTION_N && !cli->values[option]) {
        option++;
    }
    return option;
}

/* Writes the options over the members of a native VIF. */
static bool set_members(const struct cli *cli, struct json_object *vif)
{
    int first = first_member(cli);
    const char *form = member(vif, "versioned_object.name")                 ? "an os-vif object"
                       : member(vif, "vnic_type") || member(vif, "details") ? "a Nova VIF dict"
                                                                            : NULL;

    if (first < OPTION_N && form) {
        show_error("--%s changes native VIFs only, and %s holds %s; change it there",
                   cli->names[first], cli->argument, form);
        return false;
    }
    for (int option = OPTION_FIRST_MEMBER; option < OPTION_N; option++) {
        if (!set_member(cli, option, vif)) {
            return false;
        }
    }
    return true;
}

/* Adds --instance, else the instance of the file, if there is one of them. */
static bool set_instance(const struct cli *cli, const struct input *input,
                         struct json_object *params)
{
    struct json_object *instance = input->instance ? json_object_get(input->instance) : NULL;

    if (cli->values[OPTION_INSTANCE]) {
        json_object_put(instance);
        instance = jnew_object();
        jadd(instance, "uuid", jnew_string(cli->values[OPTION_INSTANCE]));
    }
    if (instance) {
        jadd(params, "instance", instance);
    }
    return instance != NULL;
}

static void set_options(const struct cli *cli, struct json_object *params)
{
    if (cli->values[OPTION_WAIT]) {
        jadd(params, "wait", jnew_string(cli->values[OPTION_WAIT]));
    }
    if (cli->values[OPTION_DRY_RUN]) {
        jadd_bool(params, "dry_run", true);
    }
    if (cli->timeout_ms) {
        jadd_int(params, "timeout_ms", cli->timeout_ms);
    }
}

/* Takes `params` and gives their text, or NULL if they are not `ok`. */
static char *take_text(struct json_object *params, bool ok)
{
    char *text = ok ? need_memory(strdup(jtext(params))) : NULL;

    json_object_put(params);
    return text;
}

char *input_plug(const struct cli *cli)
{
    struct json_object *params = jnew_object();
    struct input input = {NULL, NULL, NULL};
    bool ok = true;

    if (!cli->argument) {
        input.file = input.vif = jnew_object();
    } else if (!read_input(cli->argument, &input)) {
        return take_text(params, false);
    }
    ok = set_members(cli, input.vif);
    if (ok) {
        jadd(params, "vif", json_object_get(input.vif));
        ok = set_instance(cli, &input, params);
        if (!ok) {
            show_error("no instance: give --instance=UUID or a member 'instance' in FILE");
        }
    }
    set_options(cli, params);
    json_object_put(input.file);
    return take_text(params, ok);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name);

    return length > strlen(suffix) && !strcmp(name + length - strlen(suffix), suffix);
}

/* Files are not guessed from what is there: a file that happens to be named like a VIF must not
 * take its place. */
static bool is_file(const char *argument)
{
    return !strcmp(argument, "-") || strchr(argument, '/') || has_suffix(argument, ".json");
}

/* Whether an id is probably meant for a file: "vif.josn". */
static bool looks_like_file(const char *id)
{
    const char *dot = strrchr(id, '.');
    size_t letters =
        dot ? strspn(dot + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;

    return letters > 0 && dot[1 + letters] == '\0';
}

static bool take_id(const char *id, struct json_object *params)
{
    if (looks_like_file(id)) {
        show_error("'%s' looks like a file%s; give ./%s for a file, or --vif-id=%s for the "
                   "VIF of that id",
                   id, access(id, F_OK) == 0 ? "" : ", and there is none of that name", id, id);
        return false;
    }
    jadd(params, "vif_id", jnew_string(id));
    return true;
}

/* Whether a VIF (os-vif object, Nova dict or native) has its id. */
static bool has_id(struct json_object *vif)
{
    struct json_object *data = member(vif, "versioned_object.data");

    return member(data ? data : vif, "id") || member(vif, "vif_id");
}

static bool take_file(const char *path, struct json_object *params, struct input *input)
{
    if (!read_input(path, input)) {
        return false;
    }
    if (!has_id(input->vif)) {
        show_error("%s holds no VIF id", path);
        json_object_put(input->file);
        return false;
    }
    jadd(params, "vif", json_object_get(input->vif));
    return true;
}

char *input_unplug(const struct cli *cli)
{
    const char *id = cli->values[OPTION_VIF_ID];
    struct json_object *params = jnew_object();
    struct input input = {NULL, NULL, NULL};
    bool ok = true;

    if (id && cli->argument) {
        usage_error(cli->command, "'%s' and --%s both name a VIF", cli->argument,
                    cli->names[OPTION_VIF_ID]);
        ok = false;
    } else if (id) {
        jadd(params, "vif_id", jnew_string(id));
    } else if (is_file(cli->argument)) {
        ok = take_file(cli->argument, params, &input);
    } else {
        ok = take_id(cli->argument, params);
    }
    if (ok) {
        set_instance(cli, &input, params);
        set_options(cli, params);
        json_object_put(input.file);
    }
    return take_text(params, ok);
}

char *input_update(const struct cli *cli)
{
    struct json_object *params;

    if (!cli->values[OPTION_MTU] && !cli->values[OPTION_QOS]) {
        usage_error(cli->command, "update needs what to change: --mtu, --qos or both");
        return NULL;
    }
    params = jnew_object();
    jadd(params, "vif_id", jnew_string(cli->argument));
    set_member(cli, OPTION_MTU, params);
    set_member(cli, OPTION_QOS, params);
    set_options(cli, params);
    return take_text(params, true);
}

char *input_reap(const struct cli *cli)
{
    struct json_object *params = jnew_object();

    if (cli->argument) {
        struct json_object *ids = jnew_array(1);

        jappend(ids, jnew_string(cli->argument));
        jadd(params, "vif_ids", ids);
    }
    set_options(cli, params);
    return take_text(params, true);
}

char *input_ops(const struct cli *cli)
{
    struct json_object *params = jnew_object();

    if (cli->values[OPTION_LIMIT]) {
        jadd(params, "limit", option_value(cli, OPTION_LIMIT));
    }
    return take_text(params, true);
}

char *input_get(const struct cli *cli)
{
    struct json_object *params = jnew_object();

    jadd(params, "vif_id", jnew_string(cli->argument));
    return take_text(params, true);
}
