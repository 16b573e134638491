/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/poll-loop.h"
#include "util.h"

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

struct links *links_create(const char *procfs_root OVS_UNUSED, bool watch OVS_UNUSED,
                           struct error *error OVS_UNUSED)
{
    return xzalloc(sizeof(struct links));
}

void links_destroy(struct links *links)
{
    free(links);
}

struct fake_link *fake_link(struct links *links, const char *name)
{
    for (size_t i = 0; i < links->n; i++) {
        if (!strcmp(links->links[i].name, name)) {
            return &links->links[i];
        }
    }
    return NULL;
}

struct fake_link *fake_add_link(struct links *links, const char *name, const char *kind,
                                const char *alias)
{
    struct fake_link *link = &links->links[links->n++];

    ovs_assert(links->n <= FAKE_LINKS_MAX);
    memset(link, 0, sizeof *link);
    COPY(link->name, name);
    COPY(link->facts.kind, kind);
    COPY(link->facts.alias, alias);
    link->facts.index = ++links->last_index;
    link->facts.mtu = 1500;
    link->facts.up = true;
    return link;
}

static void report(struct links *links, const struct fake_link *link, bool exists)
{
    size_t i = links->n_events++ % FAKE_LINKS_MAX;

    links->events[i].link = *link;
    links->events[i].exists = exists;
}

void fake_touch_link(struct links *links, const char *name)
{
    report(links, fake_link(links, name), true);
}

void fake_remove_link(struct links *links, const char *name)
{
    struct fake_link *link = fake_link(links, name);

    if (link) {
        char peer[sizeof link->peer];

        COPY(peer, link->peer);
        report(links, link, false);
        *link = links->links[--links->n];
        fake_remove_link(links, peer);
    }
}

/* Notes a call; returns whether it succeeds. */
static bool note(struct links *links, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool note(struct links *links, struct error *error, const char *format, ...)
{
    size_t used = strlen(links->log);
    char call[80];
    va_list args;

    va_start(args, format);
    vsnprintf(call, sizeof call, format, args);
    va_end(args);
    snprintf(links->log + used, sizeof links->log - used, "%s%s", used ? ", " : "", call);
    if (links->fails && !strncmp(call, links->fails, strlen(links->fails))) {
        return error_set(error, REASON_NOT_REALIZED, "", "The fake kernel refused '%s'.", call);
    }
    return true;
}

int links_ask(struct links *links, const char *name, struct link_facts *facts)
{
    const struct fake_link *link = fake_link(links, name);

    if (links->mute) {
        return EIO;
    }
    if (link && facts) {
        *facts = link->facts;
    }
    return link ? 0 : ENODEV;
}

bool links_find(struct links *links, const char *name, struct link_facts *facts)
{
    return links_ask(links, name, facts) == 0;
}

static void add(struct links *links, const char *name, const char *peer, const char *kind, int mtu,
                const char *alias)
{
    struct fake_link *link = fake_add_link(links, name, kind, alias);

    COPY(link->peer, peer);
    link->facts.mtu = mtu ? mtu : 1500;
}

bool links_add_veth(struct links *links, const char *name, const char *peer, int mtu,
                    const char *alias, struct error *error)
{
    bool ok = note(links, error, "add_veth %s %s", name, peer);

    if (!ok && !links->unheard) {
        return false;
    }
    add(links, name, peer, "veth", mtu, alias);
    add(links, peer, name, "veth", mtu, alias);
    fake_link(links, name)->facts.peer = links->last_index;
    fake_link(links, peer)->facts.peer = links->last_index - 1;
    return ok;
}

bool links_add_bridge(struct links *links, const char *name, const char *alias, struct error *error)
{
    if (!note(links, error, "add_bridge %s", name)) {
        return false;
    }
    add(links, name, "", "bridge", 0, alias);
    return true;
}

bool links_prepare_bridge(struct links *links, const char *name, struct error *error)
{
    return note(links, error, "prepare_bridge %s", name);
}

bool links_add_tap(struct links *links, const char *name, bool multiqueue, const char *address,
                   int mtu, const char *alias, struct error *error)
{
    if (!note(links, error, "add_tap %s", name)) {
        return false;
    }
    add(links, name, "", "tun", mtu, alias);
    fake_link(links, name)->facts.multiqueue = multiqueue;
    COPY(fake_link(links, name)->facts.address, address);
    return true;
}

/* Returns the link, or NULL with *error filled if no link has that name. */
static struct fake_link *need(struct links *links, const char *name, struct error *error)
{
    struct fake_link *link = fake_link(links, name);

    if (!link) {
        error_set(error, REASON_NOT_REALIZED, "", "The fake kernel has no link %s.", name);
    }
    return link;
}

bool links_set_up(struct links *links, const char *name, bool up, struct error *error)
{
    bool ok = note(links, error, "set_%s %s", up ? "up" : "down", name);
    struct fake_link *link = need(links, name, error);

    if (ok && link) {
        link->facts.up = up;
    }
    return ok && link;
}

bool links_set_down(struct links *links, int index, const char *name, struct error *error)
{
    bool ok = note(links, error, "set_down %s", name);

    for (size_t i = 0; ok && i < links->n; i++) {
        if (links->links[i].facts.index == index) {
            links->links[i].facts.up = false;
        }
    }
    return ok;
}

bool links_set_mtu(struct links *links, const char *name, int mtu, struct error *error)
{
    bool ok = note(links, error, "set_mtu %s %d", name, mtu);
    struct fake_link *link = need(links, name, error);

    if ((ok || links->unheard) && link) {
        link->facts.mtu = mtu;
    }
    return ok && link;
}

bool links_set_master(struct links *links, const char *name, const char *master,
                      struct error *error)
{
    bool ok = note(links, error, "set_master %s %s", name, master);
    struct fake_link *link = need(links, name, error);

    if (ok && link) {
        COPY(link->facts.master, master);
    }
    return ok && link;
}

bool links_set_address(struct links *links, const char *name, const char *address,
                       struct error *error)
{
    bool ok = note(links, error, "set_address %s %s", name, address);
    struct fake_link *link = need(links, name, error);

    if ((ok || links->unheard) && link) {
        COPY(link->facts.address, address);
    }
    return ok && link;
}

bool link_is_incomplete(const struct link_facts *facts)
{
    return facts->group == LINK_GROUP && !facts->alias[0];
}

bool links_delete(struct links *links, int index, const char *alias, const char *name,
                  struct error *error)
{
    if (!note(links, error, "delete %s", name)) {
        return false;
    }
    for (size_t i = 0; i < links->n; i++) {
        struct fake_link *link = &links->links[i];

        if ((index ? link->facts.index == index : !strcmp(link->name, name)) &&
            (!strcmp(link->facts.alias, alias) || link_is_incomplete(&link->facts))) {
            fake_remove_link(links, link->name);
            break;
        }
    }
    return true;
}

size_t links_of_alias(struct links *links, const char *alias, struct link_facts *facts,
                      char (*names)[VIF_IFNAME_MAX + 1], size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < links->n && n < max; i++) {
        if (!strcmp(links->links[i].facts.alias, alias)) {
            facts[n] = links->links[i].facts;
            COPY(names[n], links->links[i].name);
            n++;
        }
    }
    return n;
}

void links_for_each_ours(const struct links *links,
                         void (*cb)(const char *name, const struct link_facts *facts, void *aux),
                         void *aux)
{
    for (size_t i = 0; i < links->n; i++) {
        if (!strncmp(links->links[i].facts.alias, LINK_ALIAS_PREFIX, strlen(LINK_ALIAS_PREFIX))) {
            cb(links->links[i].name, &links->links[i].facts, aux);
        }
    }
}

bool links_for_each_alias(struct links *links, const char *prefix,
                          void (*cb)(const char *name, const struct link_facts *facts, void *aux),
                          void *aux, struct error *error)
{
    if (links->fails && !strcmp(links->fails, "for_each")) {
        return error_set(error, REASON_NOT_REALIZED, "", "The fake kernel lists no links.");
    }
    for (size_t i = 0; i < links->n; i++) {
        if (!strncmp(links->links[i].facts.alias, prefix, strlen(prefix)) ||
            link_is_incomplete(&links->links[i].facts)) {
            cb(links->links[i].name, &links->links[i].facts, aux);
        }
    }
    return true;
}

void links_run(struct links *links,
               void (*cb)(const char *name, bool exists, const struct link_facts *facts, void *aux),
               void *aux)
{
    if (links->overflow) {
        links->overflow = false;
        cb(NULL, false, NULL, aux);
    }
    for (size_t i = 0; i < links->n_events; i++) {
        cb(links->events[i].link.name, links->events[i].exists, &links->events[i].link.facts, aux);
    }
    links->n_events = 0;
}

int links_fd(const struct links *links OVS_UNUSED)
{
    return FAKE_LINKS_FD;
}

/* --- The remover: does its removals when it is asked what it has done. --- */

struct link_remover *link_remover_create(void)
{
    return xzalloc(sizeof(struct link_remover));
}

void link_remover_destroy(struct link_remover *remover)
{
    free(remover);
}

void link_remover_add(struct link_remover *remover, uint64_t removal, const char *vif_id,
                      const struct link_plan *plan)
{
    ovs_assert(remover->n < FAKE_REMOVALS_MAX);
    remover->removals[remover->n].id = removal;
    COPY(remover->removals[remover->n].vif_id, vif_id);
    remover->removals[remover->n++].plan = *plan;
}

static bool is_due(const struct link_remover *remover)
{
    return remover->n && (!remover->silent || remover->n_allowed);
}

bool link_remover_next(struct link_remover *remover, uint64_t *removal, struct error *error)
{
    memset(error, 0, sizeof *error);
    if (!is_due(remover)) {
        return false;
    }
    remover->n_allowed -= remover->silent;
    *removal = remover->removals[0].id;
    (void)link_plan_execute(remover->links, remover->removals[0].vif_id, &remover->removals[0].plan,
                            LINK_EARLY, true, error);
    remover->n--;
    memmove(&remover->removals[0], &remover->removals[1], remover->n * sizeof remover->removals[0]);
    return true;
}

size_t link_remover_n(const struct link_remover *remover)
{
    return remover->n;
}

static bool has_step(const struct link_remover *remover, enum link_step_type type, const char *name)
{
    for (size_t i = 0; i < remover->n; i++) {
        const struct link_plan *plan = &remover->removals[i].plan;

        for (size_t j = 0; j < plan->n; j++) {
            if (plan->steps[j].type == type && !strcmp(plan->steps[j].name, name)) {
                return true;
            }
        }
    }
    return false;
}

bool link_remover_has(const struct link_remover *remover, const char *name)
{
    return has_step(remover, LINK_DELETE, name);
}

bool link_remover_sets_down(const struct link_remover *remover, const char *name)
{
    return has_step(remover, LINK_SET_DOWN, name);
}

void link_remover_wait(const struct link_remover *remover)
{
    if (is_due(remover)) {
        poll_immediate_wake();
    }
}
