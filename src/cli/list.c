/* SPDX-License-Identifier: Apache-2.0 */
/* `vifctl list`: which VIFs, and their table. */

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/values.h"
#include "wire/json-make.h"

enum { STATE = 1, N_COLUMNS = 13 };

static const struct table_column columns[N_COLUMNS] = {
    {.name = "VIF"},
    {.name = "STATE"},
    {.name = "PORT", .rank = 1},
    {.name = "LINK", .rank = 2},
    {.name = "MTU", .right = true, .rank = 4},
    {.name = "BRIDGE", .rank = 5},
    {.name = "MAC", .rank = 6},
    {.name = "INSTANCE", .rank = 8},
    {.name = "KIND", .rank = 9},
    {.name = "OFPORT", .right = true, .rank = 7},
    {.name = "PF", .rank = 10},
    {.name = "VF", .right = true, .rank = 3},
    {.name = "SOCKET", .rank = 11},
};

/* The member of each column. */
static const char *const members[N_COLUMNS] = {
    "vif_id",
    "state",
    "port",
    "link_state",
    "mtu",
    "bridge",
    "address",
    "external_ids.vm-uuid",
    "kind",
    "ofport",
    "representor.pf",
    "representor.vf_num",
    "vhost_user.path",
};

/* Whether the request asks for some VIFs only. */
static bool filtered;

void set_filters(const struct cli *cli, struct json_object *params)
{
    static const struct {
        int option;
        const char *param;
    } filters[] = {{OPTION_PORT, "port"},  {OPTION_BRIDGE, "bridge"}, {OPTION_STATE, "state"},
                   {OPTION_KIND, "kind"},  {OPTION_PF, "pf"},         {OPTION_VF, "vf"},
                   {OPTION_ADDRESS, "mac"}};

    if (cli->values[OPTION_INSTANCE]) {
        struct json_object *instance = jnew_object();

        jadd(instance, "uuid", jnew_string(cli->values[OPTION_INSTANCE]));
        jadd(params, "instance", instance);
    }
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        if (cli->values[filters[i].option]) {
            jadd(params, filters[i].param, jnew_string(cli->values[filters[i].option]));
        }
    }
}

char *input_list(const struct cli *cli)
{
    struct json_object *params;
    char *text;

    if (!table_choose(cli, columns, N_COLUMNS)) {
        return NULL;
    }
    params = jnew_object();
    set_filters(cli, params);
    filtered = json_object_object_length(params) > 0;
    text = need_memory(strdup(jtext(params)));
    json_object_put(params);
    return text;
}

/* A VIF of the reply, with what it is sorted by. */
struct listed {
    const struct vifplug_vif *vif;
    const char *vif_id;
};

static int by_id(const void *a_, const void *b_)
{
    const struct listed *a = a_;
    const struct listed *b = b_;

    return strcmp(a->vif_id, b->vif_id);
}

/* The VIFs, sorted by their ids. */
static struct listed *sorted(const struct vifplug_reply *reply, size_t n)
{
    struct listed *vifs = need_memory(calloc(n + 1, sizeof *vifs));

    for (size_t i = 0; i < n; i++) {
        const struct vifplug_vif *vif = vifplug_reply_vif(reply, i);
        const char *vif_id = vifplug_vif_string(vif, "vif_id");

        vifs[i] = (struct listed){vif, vif_id ? vif_id : ""};
    }
    qsort(vifs, n, sizeof *vifs, by_id);
    return vifs;
}

bool output_list(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    bool ok = is_list(member(result, "vifs"));
    size_t n = vifplug_reply_n_vifs(reply);
    struct listed *vifs;
    struct table *table;

    json_object_put(result);
    if (!ok) {
        return false;
    }
    if (n == 0) {
        show_line(filtered ? "No VIF is like that." : "No VIFs are plugged.");
        return true;
    }
    vifs = sorted(reply, n);
    table = table_new(columns, N_COLUMNS, true);
    for (size_t i = 0; i < n; i++) {
        const char *cells[N_COLUMNS];

        for (size_t k = 0; k < N_COLUMNS; k++) {
            cells[k] = vifplug_vif_string(vifs[i].vif, members[k]);
        }
        table_add(table, cells, STATE, cells[STATE] ? state_colour(cells[STATE]) : NULL);
    }
    free(vifs);
    table_print(table);
    return true;
}
