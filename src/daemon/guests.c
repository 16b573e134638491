/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/guests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "smap.h"
#include "util.h"

/* SS_CONNECTED of <linux/net.h>. The listening end's socket of a connection has its path. */
enum { CONNECTED = 3 };

/* A line of the table: "Num RefCount Protocol Flags Type St Inode Path". */
static void read_socket(struct guests *guests, char *line)
{
    enum { STATE = 5, N_WORDS = 7 };
    char *words[N_WORDS];
    char *rest = line;

    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < N_WORDS; i++) {
        rest += strspn(rest, " ");
        words[i] = rest;
        rest += strcspn(rest, " ");
        if (*rest) {
            *rest++ = '\0';
        }
    }
    if (strtoul(words[STATE], NULL, 16) == CONNECTED && *rest == '/') {
        sset_add(&guests->sockets, rest);
    }
}

static bool read_sockets(struct guests *guests, const char *unix_table, struct error *error)
{
    FILE *file = fopen(unix_table, "re");
    size_t size = 0;
    char *line = NULL;
    bool ok;

    while (file && getline(&line, &size, file) > 0) {
        read_socket(guests, line);
    }
    free(line);
    ok = file && !ferror(file);
    if (!ok) {
        error_set(error, REASON_NOT_REALIZED, "",
                  "%s cannot be read (%s), so that guests which use VIFs are not known; name the "
                  "VIFs to remove.",
                  unix_table, ovs_strerror(errno));
    }
    if (file) {
        fclose(file);
    }
    return ok;
}

static void note_tap(const char *name, const struct link_facts *facts, void *guests_)
{
    struct guests *guests = guests_;

    if (facts->carrier && !strcmp(facts->kind, "tun")) {
        sset_add(&guests->taps, name);
        if (facts->master[0]) {
            sset_add(&guests->bridges, facts->master);
        }
    }
}

static void note_vif(const char *name, const struct link_facts *facts, void *guests_)
{
    struct guests *guests = guests_;
    const char *vif_id = link_vif_of(facts->alias);

    if (vif_id && (sset_contains(&guests->taps, name) || sset_contains(&guests->bridges, name))) {
        sset_add(&guests->vifs, vif_id);
    }
}

bool guests_read(struct guests *guests, const char *unix_table, struct links *links,
                 struct error *error)
{
    sset_init(&guests->sockets);
    sset_init(&guests->taps);
    sset_init(&guests->bridges);
    sset_init(&guests->vifs);
    if (read_sockets(guests, unix_table, error) &&
        (!links || (links_for_each_alias(links, "", note_tap, guests, error) &&
                    links_for_each_alias(links, "", note_vif, guests, error)))) {
        return true;
    }
    guests_destroy(guests);
    return false;
}

void guests_destroy(struct guests *guests)
{
    sset_destroy(&guests->sockets);
    sset_destroy(&guests->taps);
    sset_destroy(&guests->bridges);
    sset_destroy(&guests->vifs);
}

char *guests_use(const struct guests *guests, const char *vif_id, const struct record *record,
                 const char *vhost_path)
{
    const char *bridge =
        record ? smap_get_def(&record->spec.external_ids, KEY_LINUX_BRIDGE, "") : "";
    const char *const taps[] = {record ? record->spec.port : "",
                                record ? record->spec.guest_port : ""};

    if (vhost_path && *vhost_path && sset_contains(&guests->sockets, vhost_path)) {
        return xasprintf("a guest is connected to %s", vhost_path);
    }
    for (size_t i = 0; i < ARRAY_SIZE(taps); i++) {
        if (*taps[i] && sset_contains(&guests->taps, taps[i])) {
            return xasprintf("a process has its tap %s open", taps[i]);
        }
    }
    if (*bridge && sset_contains(&guests->bridges, bridge)) {
        return xasprintf("its Linux bridge %s has a tap that a process has open", bridge);
    }
    if (sset_contains(&guests->vifs, vif_id)) {
        return xasprintf(
            "a process has a tap open that is its link, or a port of its Linux bridge");
    }
    return NULL;
}
