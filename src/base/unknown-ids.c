/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unknown-ids.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/plain-file.h"

/* Of a kernel that does not say. */
enum { USUAL_ID = 65534 };

/* Reads the first line of a file below `proc`. Returns false if that is not possible. */
static bool read_line(const char *proc, const char *name, char *line, size_t size)
{
    char path[128];
    FILE *file;
    bool ok;

    snprintf(path, sizeof path, "%s/%s", proc, name);
    file = plain_file_stream(path);
    ok = file && fgets(line, (int)size, file);
    if (file) {
        fclose(file);
    }
    line[ok ? strcspn(line, "\n") : 0] = '\0';
    return ok;
}

/* Whether a map has all ids under their own numbers: "0 0 4294967295" (user_namespaces(7)). */
static bool is_whole(const char *proc, const char *map)
{
    int64_t numbers[3] = {-1, -1, -1};
    char line[128];
    const char *text = line;

    if (!read_line(proc, map, line, sizeof line)) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        text += strspn(text, " ");
        if (!number_take(&text, UINT32_MAX, &numbers[i])) {
            return false;
        }
    }
    return numbers[0] == 0 && numbers[1] == 0 && numbers[2] == UINT32_MAX;
}

static id_t read_id(const char *proc, const char *name)
{
    char line[32];
    int64_t id;

    if (read_line(proc, name, line, sizeof line) && number_parse(line, 0, UINT32_MAX, &id)) {
        return (id_t)id;
    }
    return USUAL_ID;
}

void unknown_ids_read(const char *proc, struct unknown_ids *ids)
{
    ids->some_users = !is_whole(proc, "self/uid_map");
    ids->uid = read_id(proc, "sys/kernel/overflowuid");
    ids->some_groups = !is_whole(proc, "self/gid_map");
    ids->gid = read_id(proc, "sys/kernel/overflowgid");
}
