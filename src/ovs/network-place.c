/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/network-place.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ovs/socket-file.h"
#include "plan/vhost-socket.h"

/* Whether a line of the table ends in "/NAME". */
static bool has_name(char *line, const char *name)
{
    const char *slash;

    line[strcspn(line, "\n")] = '\0';
    slash = strrchr(line, '/');
    return slash && !strcmp(slash + 1, name);
}

enum network_place network_place_of(const char *path, const char *unix_table)
{
    const char *name = socket_file_name(path);
    enum network_place place;
    bool found = false;
    size_t size = 0;
    char *line = NULL;
    FILE *file;

    if (socket_file_look(path) != SOCKET_FILE_BOUND) {
        return NETWORK_UNKNOWN;
    }
    file = fopen(unix_table, "re");
    if (!file) {
        return NETWORK_UNKNOWN;
    }
    while (!found && getline(&line, &size, file) > 0) {
        found = has_name(line, name);
    }
    place = found ? NETWORK_SAME : ferror(file) ? NETWORK_UNKNOWN : NETWORK_OTHER;
    free(line);
    fclose(file);
    return place;
}
