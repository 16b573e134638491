/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/number.h"
#include "wire/frame.h"
#include "wire/json-get.h"

static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, key, &value);
    return value;
}

/* Reads a whole file, or standard input for "-". */
static struct json_object *read_json(const char *path)
{
    bool standard_input = !strcmp(path, "-");
    FILE *file = standard_input ? stdin : fopen(path, "re");
    struct json_object *value = NULL;
    struct error error;
    char *text;
    size_t length;

    if (!file) {
        fprintf(stderr, "vifctl: %s cannot be read (%s)\n", path, strerror(errno));
        return NULL;
    }
    text = malloc(FRAME_REQUEST_MAX + 1);
    length = text ? fread(text, 1, FRAME_REQUEST_MAX + 1, file) : 0;
    if (ferror(file) || length > FRAME_REQUEST_MAX) {
        fprintf(stderr, "vifctl: %s cannot be read or is longer than %d bytes\n", path,
                FRAME_REQUEST_MAX);
    } else {
        value = json_parse(text, length, &error);
        if (!value) {
            fprintf(stderr, "vifctl: %s: %s\n", path, error.message);
        }
    }
    free(text);
    if (!standard_input) {
        fclose(file);
    }
    if (value && !json_object_is_type(value, json_type_object)) {
        fprintf(stderr, "vifctl: %s does not hold a JSON object\n", path);
        json_object_put(value);
        return NULL;
    }
    return value;
}

static void put(struct json_object *object, const char *key, const char *value)
{
    if (value) {
        json_object_object_add(object, key, json_object_new_string(value));
    }
}

bool input_mtu(const struct cli *cli, int *mtu)
{
    int64_t value;

    *mtu = 0;
    if (!cli->mtu) {
        return true;
    }
    if (!number_parse(cli->mtu, INT_MIN, INT_MAX, &value)) {
        fprintf(stderr, "vifctl: --mtu=%s is not a number\n", cli->mtu);
        return false;
    }
    *mtu = (int)value;
    return true;
}

/* Writes the flags over the members of a native VIF. */
static bool apply_flags(const struct cli *cli, struct json_object *vif)
{
    int mtu;

    put(vif, "vif_id", cli->id);
    put(vif, "kind", cli->kind);
    put(vif, "address", cli->mac);
    put(vif, "bridge", cli->bridge);
    put(vif, "pci_slot", cli->pci);
    put(vif, "datapath_type", cli->datapath);
    put(vif, "vif_name", cli->name);
    if (cli->qos) {
        struct json_object *qos = json_parse(cli->qos, strlen(cli->qos), NULL);

        if (!json_object_is_type(qos, json_type_object)) {
            fprintf(stderr, "vifctl: --qos=%s is not a JSON object\n", cli->qos);
            json_object_put(qos);
            return false;
        }
        json_object_object_add(vif, "qos", qos);
    }
    if (cli->path || cli->mode) {
        struct json_object *vhost_user = member(vif, "vhost_user");

        if (!vhost_user) {
            vhost_user = json_object_new_object();
            json_object_object_add(vif, "vhost_user", vhost_user);
        }
        put(vhost_user, "path", cli->path);
        put(vhost_user, "mode", cli->mode);
    }
    if (!input_mtu(cli, &mtu)) {
        return false;
    }
    if (cli->mtu) {
        json_object_object_add(vif, "mtu", json_object_new_int(mtu));
    }
    return true;
}

static bool has_flags(const struct cli *cli)
{
    return cli->id || cli->kind || cli->mac || cli->bridge || cli->pci || cli->path || cli->mode ||
           cli->mtu || cli->datapath || cli->name || cli->qos;
}

static char *text_of(struct json_object *value)
{
    return strdup(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* The instance: the flag's, else the file's. */
static char *instance_text(const struct cli *cli, struct json_object *file)
{
    struct json_object *object = member(file, "instance");
    char *text;

    if (!cli->instance) {
        return object ? text_of(object) : NULL;
    }
    object = json_object_new_object();
    put(object, "uuid", cli->instance);
    text = text_of(object);
    json_object_put(object);
    return text;
}

/* A file holds {"vif":..., "instance":...}, or the VIF alone. */
static bool make_plug(const struct cli *cli, struct json_object *file, char **vif_text,
                      char **instance)
{
    struct json_object *vif = member(file, "vif");

    if (!vif) {
        vif = file;
    }
    if (has_flags(cli) && member(vif, "versioned_object.name")) {
        fprintf(stderr,
                "vifctl: the flags change native VIFs only, and %s holds an os-vif object\n",
                cli->argument);
        return false;
    }
    if (!apply_flags(cli, vif)) {
        return false;
    }
    *instance = instance_text(cli, file);
    if (!*instance) {
        fprintf(stderr,
                "vifctl: no instance: give --instance=UUID or a member 'instance' in FILE\n");
        return false;
    }
    *vif_text = text_of(vif);
    return true;
}

bool input_plug(const struct cli *cli, char **vif, char **instance)
{
    struct json_object *file = cli->argument ? read_json(cli->argument) : NULL;
    bool ok;

    *vif = *instance = NULL;
    if (cli->argument && !file) {
        return false;
    }
    if (!file) {
        file = json_object_new_object();
    }
    ok = make_plug(cli, file, vif, instance);
    json_object_put(file);
    return ok;
}

static bool is_file(const char *argument)
{
    struct stat st;

    return !strcmp(argument, "-") || (stat(argument, &st) == 0 && !S_ISDIR(st.st_mode));
}

/* Whether a VIF, os-vif object, Nova dict or native, says which it is. */
static bool has_id(struct json_object *vif)
{
    struct json_object *data = member(vif, "versioned_object.data");

    return member(data ? data : vif, "id") || member(vif, "vif_id");
}

/* Takes over what a file says of VIF and instance. */
static bool take_file(const char *path, struct json_object *params)
{
    struct json_object *file = read_json(path);
    struct json_object *vif = member(file, "vif");
    struct json_object *instance = member(file, "instance");

    bool ok = file && has_id(vif ? vif : file);

    if (ok) {
        json_object_object_add(params, "vif", json_object_get(vif ? vif : file));
    } else if (file) {
        fprintf(stderr, "vifctl: %s holds no VIF id\n", path);
    }
    if (ok && vif && instance) {
        json_object_object_add(params, "instance", json_object_get(instance));
    }
    json_object_put(file);
    return ok;
}

static void put_options(const struct cli *cli, struct json_object *params)
{
    const struct vifplug_options *options = &cli->options;

    put(params, "wait", options->committed ? "committed" : NULL);
    if (options->dry_run) {
        json_object_object_add(params, "dry_run", json_object_new_boolean(true));
    }
    if (options->timeout_ms) {
        json_object_object_add(params, "timeout_ms", json_object_new_int(options->timeout_ms));
    }
}

char *input_unplug(const struct cli *cli)
{
    struct json_object *params = json_object_new_object();
    char *text = NULL;

    if (cli->id || !is_file(cli->argument)) {
        put(params, "vif_id", cli->id ? cli->id : cli->argument);
    } else if (!take_file(cli->argument, params)) {
        json_object_put(params);
        return NULL;
    }
    if (cli->instance) {
        struct json_object *instance = json_object_new_object();

        put(instance, "uuid", cli->instance);
        json_object_object_add(params, "instance", instance);
    }
    put_options(cli, params);
    text = text_of(params);
    json_object_put(params);
    return text;
}
