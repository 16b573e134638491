/* SPDX-License-Identifier: Apache-2.0 */
/* Which links carry an alias of ours, by alias, as the notifications tell. Others may have renamed
 * such a link or changed its alias since: whoever acts on one looks it up by its index. */

#include "links/links-private.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "util.h"

struct our_link {
    struct hmap_node by_alias; /* In links->ours. */
    struct hmap_node by_index; /* In links->ours_by_index. */
    struct named_link link;
};

static struct our_link *find(const struct links *links, int index)
{
    struct our_link *ours;

    HMAP_FOR_EACH_WITH_HASH (ours, by_index, hash_int((uint32_t)index, 0), &links->ours_by_index) {
        if (ours->link.facts.index == index) {
            return ours;
        }
    }
    return NULL;
}

static void add(struct links *links, const struct named_link *link)
{
    struct our_link *ours = xmalloc(sizeof *ours);

    ours->link = *link;
    hmap_insert(&links->ours, &ours->by_alias, hash_string(link->facts.alias, 0));
    hmap_insert(&links->ours_by_index, &ours->by_index, hash_int((uint32_t)link->facts.index, 0));
}

static void drop(struct links *links, struct our_link *ours)
{
    hmap_remove(&links->ours, &ours->by_alias);
    hmap_remove(&links->ours_by_index, &ours->by_index);
    free(ours);
}

bool links_note_ours(struct links *links, const struct named_link *link, struct named_link *former)
{
    bool is_ours = !strncmp(link->facts.alias, LINK_ALIAS_PREFIX, strlen(LINK_ALIAS_PREFIX));
    struct our_link *known = find(links, link->facts.index);
    bool lost = false;

    if (known) {
        *former = known->link;
        former->exists = false;
        lost = strcmp(former->facts.alias, link->facts.alias) != 0;
        drop(links, known);
    }
    if (is_ours && link->exists) {
        add(links, link);
    }
    return lost;
}

void links_forget_ours(struct links *links)
{
    struct our_link *ours;

    HMAP_FOR_EACH_SAFE (ours, by_alias, &links->ours) {
        drop(links, ours);
    }
}

static void note(const char *name, const struct link_facts *facts, void *links_)
{
    struct named_link link = {.exists = true, .facts = *facts};
    struct named_link former;

    memcpy(link.name, name, strlen(name) + 1);
    links_note_ours(links_, &link, &former);
}

bool links_list_ours(struct links *links, struct error *error)
{
    links_forget_ours(links);
    return links_for_each_alias(links, LINK_ALIAS_PREFIX, note, links, error);
}

size_t links_of_alias(struct links *links, const char *alias, struct link_facts *facts,
                      char (*names)[VIF_IFNAME_MAX + 1], size_t max)
{
    const struct our_link *ours;
    size_t n = 0;

    HMAP_FOR_EACH_WITH_HASH (ours, by_alias, hash_string(alias, 0), &links->ours) {
        struct kernel_answer answer;
        struct named_link link;

        if (n < max && !strcmp(ours->link.facts.alias, alias) &&
            links_look_up_index(links, ours->link.facts.index, &link, &answer) &&
            !strcmp(link.facts.alias, alias)) {
            facts[n] = link.facts;
            memcpy(names[n++], link.name, sizeof link.name);
        }
    }
    return n;
}

void links_for_each_ours(const struct links *links,
                         void (*cb)(const char *name, const struct link_facts *facts, void *aux),
                         void *aux)
{
    const struct our_link *ours;

    HMAP_FOR_EACH (ours, by_alias, &links->ours) {
        cb(ours->link.name, &ours->link.facts, aux);
    }
}
