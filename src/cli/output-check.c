/* SPDX-License-Identifier: Apache-2.0 */
/* `vifctl check`. */

#include <ctype.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/table.h"

/* The member of that name as text; NULL if there is none, or it is no text. */
static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value;

    if (!json_object_object_get_ex(object, key, &value) ||
        !json_object_is_type(value, json_type_string)) {
        return NULL;
    }
    return json_object_get_string(value);
}

/* The findings of a result, or NULL if it is none of `check`. */
static struct json_object *findings_of(struct json_object *result)
{
    struct json_object *checks;

    if (!json_object_object_get_ex(result, "checks", &checks) ||
        !json_object_is_type(checks, json_type_array) || !text_of(result, "verdict")) {
        return NULL;
    }
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *finding = json_object_array_get_idx(checks, i);

        if (!text_of(finding, "result") || !text_of(finding, "message")) {
            return NULL;
        }
    }
    return checks;
}

/* A line: "FAIL", the object, and so on. */
static void add_finding(struct table *table, struct json_object *finding)
{
    const char *result = text_of(finding, "result");
    char word[8];
    size_t i = 0;

    for (; result[i] && i + 1 < sizeof word; i++) {
        word[i] = (char)toupper((unsigned char)result[i]);
    }
    word[i] = '\0';

    const char *const cells[] = {word, text_of(finding, "check"), text_of(finding, "object"),
                                 text_of(finding, "message")};

    table_add(table, cells, 0,
              !strcmp(result, "pass")   ? "green"
              : !strcmp(result, "fail") ? "red"
                                        : "brown");
}

bool output_check(const struct vifplug_reply *reply)
{
    static const struct table_column columns[] = {
        {.name = "RESULT"},
        {.name = "CHECK", .rank = 1},
        {.name = "OBJECT"},
        {.name = "MESSAGE", .wraps = true},
    };
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    struct json_object *findings = findings_of(result);
    bool ok = findings != NULL;
    struct table *table;

    if (ok) {
        table = table_new(columns, sizeof columns / sizeof columns[0], true);
        for (size_t i = 0; i < json_object_array_length(findings); i++) {
            add_finding(table, json_object_array_get_idx(findings, i));
        }
        table_print(table);
    }
    json_object_put(result);
    return ok;
}

int judge_check(const struct vifplug_reply *reply)
{
    struct json_object *result = json_tokener_parse(vifplug_reply_json(reply, false));
    const char *verdict = text_of(result, "verdict");
    bool failed = !verdict || !strcmp(verdict, "fail");

    json_object_put(result);
    if (failed) {
        show_error("some checks failed; see the lines that say so");
    }
    return failed ? EXIT_REFUSED : EXIT_DONE;
}
