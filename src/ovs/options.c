/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util.h"

/* lib/dpdk.c: dpdk_init() */
bool option_dpdk_init(const char *text)
{
    return text && (!strcasecmp(text, "true") || !strcasecmp(text, "try"));
}

/* ofproto/ofproto.c: ofproto_normalize_type() */
const char *option_datapath_type(const char *text)
{
    return text[0] ? text : "system";
}

/* lib/netdev-dpdk.c: process_vhost_flags(), parse_vhost_config() */
void option_sock_dir(const char *text, const char *run_dir, char *dir, size_t size)
{
    size_t used;

    snprintf(dir, size, "%s", run_dir);
    if (!text || strlen(text) > NAME_MAX || strstr(text, "..")) {
        return;
    }
    used = strlen(dir);
    while (*(text += strspn(text, "/"))) {
        size_t length = strcspn(text, "/");

        if (used + length + 2 > size) {
            return;
        }
        used += (size_t)snprintf(dir + used, size - used, "/%.*s", (int)length, text);
        text += length;
    }
}

int option_stats_interval(const char *text)
{
    enum { LEAST = 5000 };
    int interval;

    return text && str_to_int(text, 10, &interval) && interval > LEAST ? interval : LEAST;
}

void started_value_follow(struct started_value *value, const char *text, unsigned int start)
{
    if (!value->known || !start || start != value->start) {
        free(value->now);
        value->now = nullable_xstrdup(text);
        value->known = true;
    }
    value->start = start;
}

void started_value_destroy(struct started_value *value)
{
    free(value->now);
}
